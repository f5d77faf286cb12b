//! After a visit, and outside opening hours.

use askama::Template;

use crate::{Door, EndReason, Ended, Period, Week};

use super::chrome::{Chrome, Mark, Way};
use super::entry::OneTap;
use super::status::used;
use super::{Scene, render};

#[derive(Template)]
#[template(path = "ended.html")]
struct Over<'a> {
    c: Chrome<'a>,
    token: &'a str,
    lines: Vec<String>,
    resume: bool,
    one_tap: Option<OneTap>,
    summary: String,
    ways: Vec<Way>,
}

/// The page of a visit that is over: why, what is kept, how to go on.
pub(crate) fn ended(scene: &Scene<'_>, ended: &Ended) -> String {
    let (w, say) = (scene.w(), &scene.say);
    let (title, mut lines) = reason(scene, &ended.why);
    let again = ended.again.filter(|_| say.trusted()).map(|again| {
        let key = match ended.why {
            EndReason::Bytes(_) => "again-bytes",
            EndReason::DayTime | EndReason::MonthTime => "again-time",
            EndReason::LoggedOut
            | EndReason::VisitTime
            | EndReason::Share
            | EndReason::Idle
            | EndReason::Closing
            | EndReason::UseBefore
            | EndReason::Staff { .. }
            | EndReason::TakenOver
            | EndReason::AddressTaken
            | EndReason::Other => "again-pause",
        };
        w.t1(key, "when", say.renewal(again))
    });
    let sub = match (&ended.why, again) {
        (_, Some(again)) => again,
        (EndReason::LoggedOut, None) => w.t("ended-out-sub"),
        (_, None) if say.trusted() => w.t1("ended-at", "when", say.when(ended.at)),
        (_, None) => String::new(),
    };
    lines.extend(kept(scene, ended));
    let mut ways = scene.ways("/");
    ways.push(scene.way_help());
    render(&Over {
        c: scene.chrome(w.t(title), sub, Mark::Empty),
        token: &scene.token,
        lines,
        resume: ended.resumable,
        one_tap: if ended.again.is_some() { None } else { OneTap::of(scene) },
        summary: w.t2(
            "visit-was",
            "time",
            say.duration(ended.lasted),
            "used",
            lowered(&used(say, ended.used.up, ended.used.down)),
        ),
        ways,
    })
}

/// Heading, and what else to say.
fn reason(scene: &Scene<'_>, why: &EndReason) -> (&'static str, Vec<String>) {
    let w = scene.w();
    match why {
        EndReason::LoggedOut => ("ended-out-title", vec![]),
        EndReason::VisitTime => ("ended-time-title", vec![]),
        EndReason::DayTime => ("ended-day-title", vec![]),
        EndReason::MonthTime => ("ended-month-title", vec![]),
        EndReason::Bytes(Period::Visit) => ("ended-bytes-title", vec![]),
        EndReason::Bytes(Period::Day) => ("ended-bytes-day-title", vec![]),
        EndReason::Bytes(Period::Month) => ("ended-bytes-month-title", vec![]),
        EndReason::Bytes(Period::Voucher) => ("ended-bytes-voucher-title", vec![]),
        EndReason::Share => ("ended-share-title", vec![w.t("ended-share-text")]),
        EndReason::Idle => ("ended-idle-title", vec![w.t("ended-idle-text")]),
        EndReason::Closing => ("ended-closing-title", vec![]),
        EndReason::UseBefore => ("ended-use-before-title", vec![]),
        EndReason::Staff { reason } => {
            let lines = match reason {
                Some(text) => {
                    vec![w.t1("ended-staff-reason", "reason", text.get(scene.lang())), w.t("ended-staff-mistake")]
                }
                None => vec![w.t("ended-staff-text")],
            };
            ("ended-staff-title", lines)
        }
        EndReason::TakenOver => ("ended-taken-title", vec![w.t("ended-taken-text")]),
        EndReason::AddressTaken => ("ended-address-title", vec![w.t("ended-address-text")]),
        EndReason::Other => ("ended-other-title", vec![w.t("ended-other-text")]),
    }
}

/// What may still be used.
fn kept(scene: &Scene<'_>, ended: &Ended) -> Option<String> {
    let (w, say) = (scene.w(), &scene.say);
    let time = ended.time_left.filter(|time| !time.is_zero()).map(|time| say.duration(time));
    let bytes = ended.bytes_left.filter(|bytes| bytes.get() > 0).map(|bytes| say.bytes(bytes));
    let out_of = ended.time_left.is_some() && time.is_none() || ended.bytes_left.is_some() && bytes.is_none();
    let kept = match (time, bytes) {
        _ if out_of => return None,
        (Some(time), Some(bytes)) => w.t2("kept-both", "time", time, "bytes", bytes),
        (Some(left), None) | (None, Some(left)) => w.t1("kept-one", "left", left),
        (None, None) => return None,
    };
    let until = match ended.keep_until {
        Some(until) if say.trusted() => w.t1("kept-until", "when", say.renewal(until)),
        Some(_) | None => w.t("kept-later"),
    };
    Some(format!("{kept} {until}"))
}

#[derive(Template)]
#[template(path = "closed.html")]
struct Closed<'a> {
    c: Chrome<'a>,
    reason: String,
    nearby: Vec<(String, String)>,
    hours: Vec<HoursRow>,
}

struct HoursRow {
    days: String,
    times: String,
    now: bool,
}

/// Outside opening hours.
pub(crate) fn closed(scene: &Scene<'_>) -> String {
    let (w, say, lang) = (scene.w(), &scene.say, scene.lang());
    let (opens, reason) = match &scene.view.door {
        Door::Closed { opens, reason } => (*opens, reason.as_ref()),
        Door::Open { .. } | Door::Emergency { .. } => (None, None),
    };
    let sub = match opens.filter(|_| say.trusted()) {
        Some(opens) => w.t1("closed-opens", "when", say.when(opens)),
        None => w.t("closed-unknown"),
    };
    render(&Closed {
        c: scene.chrome(w.t("closed-title"), sub, Mark::Shut),
        reason: reason.map_or_else(String::new, |text| text.get(lang).to_owned()),
        nearby: scene
            .dress
            .look
            .nearby
            .iter()
            .map(|place| (place.name.get(lang).to_owned(), place.note.get(lang).to_owned()))
            .collect(),
        hours: scene.view.site.week.as_ref().map_or_else(Vec::new, |week| hours(scene, week, opens)),
    })
}

/// The week, days with the same hours together; the day of the next opening stands alone.
fn hours(scene: &Scene<'_>, week: &Week, opens: Option<jiff::Timestamp>) -> Vec<HoursRow> {
    let (w, say) = (scene.w(), &scene.say);
    let today = say.today();
    let tomorrow = today.tomorrow().ok().filter(|day| opens.is_some_and(|at| say.date_of(at) == *day));
    let marked = tomorrow.unwrap_or(today).weekday();
    let name = |index: usize| w.list("weekdays", index);
    let times = |windows: &[(u16, u16)]| {
        let spans: Vec<_> =
            windows.iter().map(|(a, b)| format!("{}–{}", say.hour(i32::from(*a)), say.hour(i32::from(*b)))).collect();
        if spans.is_empty() { w.t("hours-shut") } else { spans.join(", ") }
    };
    let marked = usize::from(marked.to_monday_zero_offset().unsigned_abs());
    let mut rows: Vec<(usize, usize, String)> = Vec::new();
    for (index, windows) in week.iter().enumerate() {
        let times = times(windows);
        match rows.last_mut() {
            Some((_, last, same)) if *same == times && index != marked && *last != marked => *last = index,
            _ => rows.push((index, index, times)),
        }
    }
    rows.into_iter()
        .map(|(first, last, times)| {
            let now = first == marked;
            let days = if now {
                w.t1(if tomorrow.is_some() { "day-tomorrow" } else { "day-today" }, "day", name(first))
            } else if first == last {
                name(first)
            } else {
                format!("{}–{}", name(first), name(last))
            };
            HoursRow { days, times, now }
        })
        .collect()
}

/// For a phrase that continues a sentence.
fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
