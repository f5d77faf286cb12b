//! Closing a site earlier today, and taking that back.

use gapura_controller::{NoEarlyClosing, OfficeError, SetAt, early, early_closing};
use gapura_rules::hours::{Hours as Rules, OpenState};
use jiff::civil::Time;

use super::set::finish;
use crate::answer::{Answer, to};
use crate::dates;
use crate::form::Posted;
use crate::here::Here;

/// How today stands.
#[derive(Clone, Debug, Default)]
pub(in crate::network) struct Today {
    /// "buka sampai 22.00 WITA".
    pub(in crate::network) state: String,
    /// The early closing that holds: when, and why.
    pub(in crate::network) early: Option<(String, String)>,
    /// It is open, or will be open today.
    pub(in crate::network) open: bool,
    /// The time as typed.
    pub(in crate::network) time: String,
    /// The reason as typed.
    pub(in crate::network) reason: String,
}

pub(super) fn today(here: &Here, rules: &Rules) -> Today {
    let (w, say, now) = (here.w(), here.say(), here.now);
    let state = match rules.state(now) {
        OpenState::Open { closes: Some(closes) } => w.t1("network-open-until", "when", say.when(closes)),
        OpenState::Open { closes: None } => w.t("network-open-always"),
        OpenState::Closed { opens: Some(opens) } => w.t1("network-shut-until", "when", say.when(opens)),
        OpenState::Closed { opens: None } => w.t("network-shut"),
    };
    let early = early_closing(rules, now).map(|one| (say.clock(one.from), one.reason.clone()));
    Today { state, early, open: !rules.windows(now, rules.zone().next_day(now)).is_empty(), ..Today::default() }
}

/// "17.00", "17:00" or "17"; "sekarang" is now.
fn clock(text: &str, now: Time) -> Option<Time> {
    if ["sekarang", "now"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(now);
    }
    dates::time(text)
}

/// Closes the site earlier today.
pub(in crate::network) async fn close(here: Here, Posted(fields): Posted) -> Answer {
    let site = here.site()?;
    let (id, w) = (site.place.site.clone(), here.w());
    let mut wrong = Vec::new();
    let (typed, reason) = (fields.get("tutup-jam"), fields.get("tutup-alasan"));
    let zoned = here.now.to_zoned(site.document.hours.zone().tz().clone());
    let now = Time::new(zoned.hour(), zoned.minute(), 0, 0).unwrap_or_default();
    let time = clock(typed, now);
    let slip = match time.map(|time| early(&site.document.hours, here.now, time)) {
        None => Some("hours-early-wrong-time"),
        Some(Err(NoEarlyClosing::Passed)) => Some("hours-early-wrong-passed"),
        Some(Err(NoEarlyClosing::Closed)) => Some("hours-early-wrong-closed"),
        Some(Ok(_)) => None,
    };
    wrong.extend(slip.map(|key| ("tutup-jam".to_owned(), w.t(key))));
    if reason.is_empty() {
        wrong.push(("tutup-alasan".to_owned(), w.t("hours-wrong-reason")));
    }
    let outcome = match time {
        Some(time) if wrong.is_empty() => here.office().close_early(&id, time, &here.actor(reason)).await.map(|_| ()),
        _ => Err(OfficeError::Mistakes(Vec::new())),
    };
    finish(&here, &SetAt::Site(id), outcome, "closed-early", |form| {
        if let Some(today) = &mut form.today {
            typed.clone_into(&mut today.time);
            reason.clone_into(&mut today.reason);
        }
        form.wrong = wrong;
    })
    .await
}

/// Opens as usual again.
pub(in crate::network) async fn reopen(here: Here, Posted(_): Posted) -> Answer {
    let id = here.site()?.place.site.clone();
    here.office().reopen_today(&id, &here.actor("")).await?;
    Ok(to(&format!("/l/{id}/jam"), "reopened"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn a_time_is_read_as_people_type_it() {
        let now = time(14, 7, 0, 0);
        for (typed, read) in [
            ("17.00", Some(time(17, 0, 0, 0))),
            ("17:30", Some(time(17, 30, 0, 0))),
            ("7", Some(time(7, 0, 0, 0))),
            ("Sekarang", Some(now)),
            ("now", Some(now)),
            ("24.00", None),
            ("+7.00", None),
            ("sore", None),
            ("", None),
        ] {
            assert_eq!(clock(typed, now), read, "{typed}");
        }
    }
}
