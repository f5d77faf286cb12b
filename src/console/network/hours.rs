//! Jam: a site's week as lines and boxes, what is coming, dated exceptions, seasons, holidays.

pub(super) mod early;
pub(super) mod set;

use std::collections::BTreeMap;

use askama::Template;
use gapura_controller::{HolidaySettings, Level, Origin, Right, Season, SiteSettings};
use gapura_rules::hours::{Hours as Rules, HoursDocument};
use jiff::civil::Date;

use super::site::{Exception, exception, level};
use super::week::{self, DAYS};
use crate::answer::{Answer, Oops, page};
use crate::chrome::Chrome;
use crate::dates;
use crate::here::Here;

/// A day of the week in the form.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub(super) key: &'static str,
    pub(super) name: String,
    /// The hours as they were when the form was made.
    pub(super) was: String,
    pub(super) typed: String,
    pub(super) wrong: String,
    /// Its 24 boxes.
    pub(super) boxes: Vec<bool>,
}

/// A day that is coming.
#[derive(Clone, Debug)]
pub(super) struct Coming {
    pub(super) day: String,
    pub(super) hours: String,
    pub(super) note: String,
    /// Where its bars begin and how long they are, in thirds of minutes.
    pub(super) bars: Vec<(u16, u16)>,
    /// Its hours are not those of the week.
    pub(super) other: bool,
}

/// Another week for a while, of the site itself.
#[derive(Clone, Debug)]
pub(super) struct SeasonLine {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) dates: String,
    pub(super) reason: String,
    pub(super) days: Vec<(String, String)>,
}

/// A calendar of holidays.
#[derive(Clone, Debug)]
pub(super) struct CalendarLine {
    pub(super) name: String,
    pub(super) kept: bool,
    /// Its next days: when, and what.
    pub(super) days: Vec<(String, String)>,
}

/// What was typed into the smaller forms.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) hours: String,
    pub(super) reason: String,
    pub(super) season_from: String,
    pub(super) season_to: String,
    pub(super) season_reason: String,
    /// A line of hours for each day.
    pub(super) season_days: Vec<String>,
    pub(super) holiday_hours: String,
}

#[derive(Template)]
#[template(path = "hours.html")]
pub(super) struct Hours {
    pub(super) c: Chrome,
    pub(super) id: String,
    pub(super) may_set: bool,
    pub(super) may_except: bool,
    pub(super) today: early::Today,
    pub(super) days: Vec<Day>,
    /// `atas`, `selalu` or `pekan`.
    pub(super) mode: &'static str,
    /// Where the week comes from.
    pub(super) from: String,
    /// Where it would come from if the site said nothing; empty where nothing is said above it.
    pub(super) above: String,
    pub(super) coming: Vec<Coming>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) seasons: Vec<SeasonLine>,
    pub(super) calendars: Vec<CalendarLine>,
    pub(super) holidays_from: String,
    pub(super) holidays_own: bool,
    pub(super) typed: Typed,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<(String, String)>,
}

impl Hours {
    fn wrong_of(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(name, _)| name == field).map(|(_, words)| words.as_str())
    }

    /// The days of the week with what was typed for the season.
    fn season_lines(&self) -> impl Iterator<Item = (&'static str, &str, &str)> {
        let typed = self.typed.season_days.iter().map(String::as_str).chain(std::iter::repeat(""));
        self.days.iter().zip(typed).map(|(day, typed)| (day.key, day.name.as_str(), typed))
    }
}

/// `/l/{site}/jam`
pub(super) async fn hours(here: Here) -> Answer {
    page(&made(&here).await?)
}

async fn made(here: &Here) -> Result<Hours, Oops> {
    let id = here.site()?.place.site.clone();
    let settings = here.office().site_settings(&id).await?;
    let calendars = here.office().calendars().await?;
    let (w, say) = (here.w(), here.say());
    let rules = &settings.settled.document.hours;
    let document = HoursDocument::from(rules.clone());
    let origin = |field: &str| settings.settled.origins.iter().find(|origin| origin.field == field);
    let (week, holidays) = (origin("hours.weekly"), origin("hours.holidays"));
    let own_week = week.is_some_and(|origin| origin.holds.from == Level::Site);
    let kept = holidays.and_then(|origin| serde_json::from_value(origin.holds.value.clone()).ok());
    let kept: HolidaySettings = kept.unwrap_or_default();
    let zone = say.zone();
    let c = Chrome::of(here, w.t("hours-title"))
        .sub(w.t2("hours-sub", "site", settings.settled.document.name.as_str(), "zone", zone))
        .up(format!("/l/{id}"), settings.settled.document.name.clone());
    let today = say.today();
    Ok(Hours {
        c,
        id: id.to_string(),
        may_set: here.may(Right::SetNetwork),
        may_except: here.may(Right::SetHours),
        today: early::today(here, rules),
        days: days(here, &document.weekly),
        mode: match (own_week, document.always_open) {
            (false, _) => "atas",
            (true, true) => "selalu",
            (true, false) => "pekan",
        },
        from: week.map(|origin| level(here, &origin.holds.from)).unwrap_or_default(),
        above: week.and_then(|origin| above(here, origin)).unwrap_or_default(),
        coming: coming(here, rules, today),
        exceptions: exceptions(here, &settings),
        seasons: settings.own.hours.seasons.iter().map(|season| season_line(here, season)).collect(),
        calendars: calendars
            .into_iter()
            .map(|(name, calendar)| {
                let next = calendar.holiday.iter().filter(|day| day.to.unwrap_or(day.date) >= today);
                let days = next.take(5).map(|day| (dates::write(w, day.date), day.name.clone())).collect();
                CalendarLine { kept: kept.calendars.contains(&name), name, days }
            })
            .collect(),
        holidays_from: holidays.map(|origin| level(here, &origin.holds.from)).unwrap_or_default(),
        holidays_own: settings.own.hours.holidays.is_some(),
        typed: Typed { holiday_hours: kept.open.join(", "), ..Typed::default() },
        wrong: Vec::new(),
    })
}

/// Where a field would come from if the site said nothing.
fn above(here: &Here, origin: &Origin) -> Option<String> {
    if origin.holds.from != Level::Site {
        return Some(level(here, &origin.holds.from));
    }
    origin.lost.first().map(|lost| level(here, &lost.from))
}

fn day_names(here: &Here) -> impl Iterator<Item = (&'static str, String)> {
    let w = here.w();
    DAYS.into_iter().enumerate().map(move |(index, key)| (key, w.list("weekdays", index)))
}

fn days(here: &Here, weekly: &BTreeMap<String, Vec<String>>) -> Vec<Day> {
    let of = |(key, name): (&'static str, String)| {
        let spans = week::read(&weekly.get(key).map(|all| all.join(",")).unwrap_or_default()).unwrap_or_default();
        let was = week::line(&spans);
        Day {
            key,
            name,
            typed: was.clone(),
            was,
            wrong: String::new(),
            boxes: (0..24).map(|hour| week::ticked(&spans, hour)).collect(),
        }
    };
    day_names(here).map(of).collect()
}

/// The next seven days, as the gateways will keep them.
fn coming(here: &Here, rules: &Rules, today: Date) -> Vec<Coming> {
    let (w, say) = (here.w(), here.say());
    let zone = rules.zone();
    let mut found = Vec::new();
    let mut at = zone.day_start(here.now);
    for _ in 0..7 {
        let next = zone.next_day(at);
        let date = zone.date(at);
        let windows = rules.windows(at, next);
        let minute = |time: jiff::Timestamp| u16::try_from(time.duration_since(at).as_mins()).unwrap_or(1440).min(1440);
        let spans: Vec<(u16, u16)> = windows.iter().map(|one| (minute(one.from), minute(one.until))).collect();
        let reason = rules.exception(date).map(|one| one.reason.clone()).filter(|reason| !reason.is_empty());
        let now = (date == today).then(|| w.t("hours-today"));
        let note: Vec<String> = [now, reason].into_iter().flatten().collect();
        found.push(Coming {
            day: format!("{} {}", say.weekday(date.weekday()), date.day()),
            hours: if spans.is_empty() { w.t("network-closed-all-day") } else { week::line(&spans) },
            note: note.join(" · "),
            bars: spans.iter().map(|(from, until)| (from / 3, until.saturating_sub(*from) / 3)).collect(),
            other: rules.exception(date).is_some()
                || rules.overrides().iter().any(|one| one.until > at && one.from < next),
        });
        at = next;
    }
    found
}

/// Exceptions of all levels, but not those that the site's own seasons make.
fn exceptions(here: &Here, settings: &SiteSettings) -> Vec<Exception> {
    let dated = settings.settled.origins.iter().filter(|origin| origin.field == "hours.exceptions");
    let dated = dated.filter_map(|origin| exception(here, origin));
    let own = &settings.own.hours.exceptions;
    let is_own = |one: &Exception| {
        own.iter().any(|own| {
            let from = own.date.as_ref().or(own.from.as_ref());
            let to = own.date.as_ref().or(own.to.as_ref());
            (from, to) == (Some(&one.from), Some(&one.to)) && own.reason == one.reason
        })
    };
    dated.filter(|one| !one.own || is_own(one)).collect()
}

fn season_line(here: &Here, season: &Season) -> SeasonLine {
    let days = day_names(here).map(|(key, name)| {
        let windows = season.weekly.get(key).map(|all| all.join(",")).unwrap_or_default();
        let hours = week::line(&week::read(&windows).unwrap_or_default());
        (name, if hours.is_empty() { here.w().t("network-closed-all-day") } else { hours })
    });
    SeasonLine {
        from: season.from.clone(),
        to: season.to.clone(),
        dates: super::site::span(here, &season.from, &season.to),
        reason: season.reason.clone(),
        days: days.collect(),
    }
}
