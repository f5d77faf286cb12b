//! When sites are open, as far as a site or a level says so: zone, week, seasons, holidays; and a site's changes of today.

use std::collections::BTreeMap;

use gapura_model::SiteId;
use gapura_rules::hours::{ExceptionDocument, Hours, Override, Zone};
use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};

use super::levels::SetAt;
use super::publish::Scope;
use super::site::document_of;
use super::{Actor, Office, OfficeError, Published};
use crate::settings::{HolidaySettings, Season, SettingsDocument};
use crate::why::{Why, why};

/// What a site or a level says of its week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteWeek {
    /// Nothing: the nearest level farther away has its say.
    FromAbove,
    /// Open 24 hours on every day.
    Always,
    /// These windows by weekday; a day left out is closed.
    Days(BTreeMap<String, Vec<String>>),
}

impl Office {
    /// Sets the week there.
    pub async fn set_week(&self, at: &SetAt, week: SiteWeek, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        self.change_at(at, (who, "hours-week"), |own| {
            (own.hours.always_open, own.hours.weekly) = match week {
                SiteWeek::FromAbove => (None, None),
                SiteWeek::Always => (Some(true), None),
                SiteWeek::Days(days) => (None, Some(days)),
            };
            Ok(())
        })
        .await
    }

    /// Sets the time zone there, by its IANA name; `None`: what is said farther away.
    pub async fn set_zone(&self, at: &SetAt, zone: Option<&Zone>, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        self.change_at(at, (who, "hours-zone"), |own| {
            own.hours.zone = zone.map(Zone::to_string);
            Ok(())
        })
        .await
    }

    /// Sets another week for a while; it replaces one of just these dates.
    pub async fn set_season(&self, at: &SetAt, season: &Season, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        if season.reason.trim().is_empty() {
            return Err(OfficeError::Mistakes(vec![why!("reason-for-visitors").at("reason")]));
        }
        self.change_at(at, (who, "hours-season"), |own| {
            own.hours.seasons.retain(|other| (&other.from, &other.to) != (&season.from, &season.to));
            own.hours.seasons.push(season.clone());
            Ok(())
        })
        .await
    }

    /// Takes a season away that is set there; others stay.
    pub async fn remove_season(
        &self,
        at: &SetAt,
        (from, to): (&str, &str),
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        self.change_at(at, (who, "hours-season"), |own| {
            let before = own.hours.seasons.len();
            own.hours.seasons.retain(|other| (other.from.as_str(), other.to.as_str()) != (from, to));
            let found = own.hours.seasons.len() < before;
            if found { Ok(()) } else { Err(OfficeError::not_found("season that is set here", "of these dates")) }
        })
        .await
    }

    /// Says which calendars of holidays are kept there; `None`: what is said farther away.
    pub async fn set_holidays(
        &self,
        at: &SetAt,
        holidays: Option<HolidaySettings>,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        self.change_at(at, (who, "hours-holidays"), |own| {
            own.hours.holidays = holidays;
            Ok(())
        })
        .await
    }

    /// Sets other hours for a date or span, with a reason; they replace those set there for just that span.
    pub async fn set_exception(
        &self,
        at: &SetAt,
        exception: &ExceptionDocument,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        if exception.reason.trim().is_empty() {
            return Err(OfficeError::Mistakes(vec![why!("reason-for-visitors").at("reason")]));
        }
        self.change_at(at, (who, "hours-exception"), |own| {
            own.hours.exceptions.retain(|other| span(other) != span(exception));
            own.hours.exceptions.push(exception.clone());
            Ok(())
        })
        .await
    }

    /// Removes other hours that are set there; others stay.
    pub async fn remove_exception(
        &self,
        at: &SetAt,
        (from, to): (&str, &str),
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        self.change_at(at, (who, "hours-exception"), |own| {
            let before = own.hours.exceptions.len();
            own.hours.exceptions.retain(|other| span(other) != (Some(from), Some(to)));
            let found = own.hours.exceptions.len() < before;
            if found { Ok(()) } else { Err(OfficeError::not_found("exception that is set here", "of these dates")) }
        })
        .await
    }

    /// Closes a site earlier today, at `time` of its clock, with a reason that visitors read.
    pub async fn close_early(&self, site: &SiteId, time: Time, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        if who.reason.trim().is_empty() {
            return Err(OfficeError::Mistakes(vec![why!("reason-for-visitors").at("reason")]));
        }
        let now = self.now();
        let hours = document_of(&mut self.store.read().await?, site).await?.hours;
        let (from, until) = early(&hours, now, time).map_err(|why| OfficeError::Mistakes(vec![early_words(why)]))?;
        let closed = Override { from, until, open: false, by: who.name.clone(), reason: who.reason.clone() };
        self.change_own(site, (who, "hours-close-early"), |own| {
            let all = own.hours.overrides.get_or_insert_default();
            all.retain(|one| one.until > now && !is_early(one, now));
            all.push(closed);
            Ok(())
        })
        .await
    }

    /// Takes an early closing of today back.
    pub async fn reopen_today(&self, site: &SiteId, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        let now = self.now();
        self.change_own(site, (who, "hours-reopen"), |own| {
            let all = own.hours.overrides.take().unwrap_or_default();
            let there = all.iter().any(|one| is_early(one, now));
            let left: Vec<_> = all.into_iter().filter(|one| one.until > now && !is_early(one, now)).collect();
            own.hours.overrides = Some(left).filter(|left| !left.is_empty());
            if there { Ok(()) } else { Err(OfficeError::not_found("early closing", "of today")) }
        })
        .await
    }

    /// Changes what a site says itself, and publishes what comes of it.
    pub(super) async fn change_own(
        &self,
        site: &SiteId,
        noted: (&Actor, &'static str),
        change: impl FnOnce(&mut SettingsDocument) -> Result<(), OfficeError>,
    ) -> Result<Vec<Published>, OfficeError> {
        let mut tx = self.store.write().await?;
        let own = super::settings::own_of(&mut tx, site).await?;
        let mut own = own.ok_or_else(|| OfficeError::not_found("site", site.as_str()))?;
        change(&mut own)?;
        self.put_own(&mut tx, site, &own, noted).await?;
        let published = self.publish_in(&mut tx, Scope::Site(site)).await?;
        tx.commit().await?;
        Ok(published)
    }
}

/// First and last date, as they are written.
fn span(exception: &ExceptionDocument) -> (Option<&str>, Option<&str>) {
    let from = exception.date.as_deref().or(exception.from.as_deref());
    (from, exception.date.as_deref().or(exception.to.as_deref()))
}

/// Why a site cannot close at a time of today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEarlyClosing {
    /// That time has passed.
    #[error("time: has passed already")]
    Passed,
    /// The site is not open then.
    #[error("time: the site is closed then anyway")]
    Closed,
}

fn early_words(why: NoEarlyClosing) -> Why {
    match why {
        NoEarlyClosing::Passed => why!("early-passed").at("time"),
        NoEarlyClosing::Closed => why!("early-closed").at("time"),
    }
}

/// From when until when a site is closed that closes at `time` of today's service, which may last past midnight.
pub fn early(hours: &Hours, now: Timestamp, time: Time) -> Result<(Timestamp, Timestamp), NoEarlyClosing> {
    let zone = hours.zone();
    let at = |date: jiff::civil::Date| date.to_datetime(time).to_zoned(zone.tz().clone()).map(|at| at.timestamp());
    let midnight = zone.next_day(now);
    // What began today and goes on past midnight is today's service, unless it never ends.
    let night = midnight.checked_add(SignedDuration::from_hours(12)).unwrap_or(Timestamp::MAX);
    let spans = hours.windows(now, night);
    let over = spans.iter().find(|one| one.from < midnight && midnight < one.until && one.until < night);
    let end = over.map_or(midnight, |one| one.until);
    let today = at(zone.date(now)).map_err(|_| NoEarlyClosing::Passed)?;
    // To the minute: "now" is not past.
    let begun = today.checked_add(SignedDuration::from_mins(1)).unwrap_or(Timestamp::MAX);
    let from = if begun > now {
        today.max(now)
    } else {
        let next = at(zone.date(midnight)).ok().filter(|next| *next < end);
        next.ok_or(NoEarlyClosing::Passed)?
    };
    let open = hours.windows(now, end).iter().any(|one| from < one.until);
    if open { Ok((from, end)) } else { Err(NoEarlyClosing::Closed) }
}

/// The early closing that holds or is still to come today.
pub fn early_closing(hours: &Hours, now: Timestamp) -> Option<&Override> {
    hours.overrides().iter().rev().find(|one| is_early(one, now))
}

/// Changes of a day's service last less than two days.
fn is_early(one: &Override, now: Timestamp) -> bool {
    let soon = now.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    !one.open && one.from <= soon && now < one.until
}

#[cfg(test)]
mod tests {
    use gapura_rules::hours::HoursDocument;
    use jiff::civil::time;

    use super::*;

    fn hours(weekly: &[(&str, &str)]) -> Hours {
        let weekly = weekly.iter().map(|(day, span)| ((*day).to_owned(), vec![(*span).to_owned()])).collect();
        let document = HoursDocument { zone: "Asia/Makassar".to_owned(), weekly, ..HoursDocument::default() };
        Hours::try_from(document).unwrap()
    }

    /// Friday.
    fn at(text: &str) -> Timestamp {
        format!("2026-11-{text}+08:00").parse().unwrap()
    }

    #[test]
    fn a_site_closes_earlier_for_the_rest_of_todays_service() {
        let day = hours(&[("fri", "08.00-22.00"), ("sat", "08.00-22.00")]);
        let now = at("20T14:00:30");
        assert_eq!(early(&day, now, time(17, 0, 0, 0)), Ok((at("20T17:00:00"), at("21T00:00:00"))));
        assert_eq!(early(&day, now, time(14, 0, 0, 0)), Ok((now, at("21T00:00:00"))), "at once");
        assert_eq!(early(&day, now, time(13, 59, 0, 0)), Err(NoEarlyClosing::Passed));
        assert_eq!(early(&day, now, time(22, 0, 0, 0)), Err(NoEarlyClosing::Closed));
        assert_eq!(early(&hours(&[("mon", "08.00-22.00")]), now, time(17, 0, 0, 0)), Err(NoEarlyClosing::Closed));
        // Before it opens: closed all day.
        let early_morning = at("20T06:00:00");
        assert_eq!(early(&day, early_morning, time(7, 0, 0, 0)), Ok((at("20T07:00:00"), at("21T00:00:00"))));
    }

    #[test]
    fn a_night_belongs_to_the_day_it_began_on() {
        let night = hours(&[("fri", "20.00-02.00"), ("sat", "20.00-02.00")]);
        let now = at("20T21:00:00");
        assert_eq!(early(&night, now, time(23, 0, 0, 0)), Ok((at("20T23:00:00"), at("21T02:00:00"))));
        assert_eq!(early(&night, now, time(1, 0, 0, 0)), Ok((at("21T01:00:00"), at("21T02:00:00"))));
        assert_eq!(early(&night, now, time(3, 0, 0, 0)), Err(NoEarlyClosing::Passed));
        let always = Hours::always("Asia/Makassar".parse().unwrap());
        assert_eq!(early(&always, now, time(23, 0, 0, 0)), Ok((at("20T23:00:00"), at("21T00:00:00"))));
        assert_eq!(early(&always, now, time(9, 0, 0, 0)), Err(NoEarlyClosing::Passed));
    }

    #[test]
    fn an_early_closing_is_found_until_it_is_over() {
        let day = hours(&[("fri", "08.00-22.00")]);
        let closed = |from: &str, until: &str, open| Override {
            from: at(from),
            until: at(until),
            open,
            by: "kepala".to_owned(),
            reason: "Listrik padam".to_owned(),
        };
        let one = closed("20T17:00:00", "21T00:00:00", false);
        let day = day.with_overrides(vec![one.clone(), closed("20T20:00:00", "21T00:00:00", true)]);
        assert_eq!(early_closing(&day, at("20T14:00:00")), Some(&one));
        assert_eq!(early_closing(&day, at("20T23:00:00")), Some(&one));
        assert_eq!(early_closing(&day, at("21T00:00:00")), None);
    }
}
