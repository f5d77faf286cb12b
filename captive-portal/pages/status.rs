//! What is left: the page after signing in.

use askama::Template;
use gapura_model::ByteCount;

use crate::{BytesLeft, Door, Period, Share, TimeEnd, TimeLeft, Uplink, Visit};
use gapura_speech::Say;

use super::chrome::{Chrome, Mark, Problem, Row};
use super::{Scene, render};

/// Warnings begin this long before the end, in seconds.
const SOON: u64 = 15 * 60;
/// The last warning.
const VERY_SOON: u64 = 5 * 60;

#[derive(Template)]
#[template(path = "status.html")]
struct Status<'a> {
    c: Chrome<'a>,
    token: &'a str,
    alerts: Vec<Problem>,
    meters: Vec<Meter>,
    extend: String,
    rows: Vec<Row>,
    counted: String,
    address: String,
}

/// A figure with a bar.
pub(crate) struct Meter {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) percent: u64,
    pub(crate) low: bool,
    pub(crate) aria: String,
    pub(crate) line: String,
}

/// The status page of a running visit.
pub(crate) fn status(scene: &Scene<'_>, visit: &Visit) -> String {
    let (w, say) = (scene.w(), &scene.say);
    let soon = visit.time.filter(|time| time.left.as_secs() <= SOON);
    let (h1, sub) = match soon {
        Some(time) => {
            let key = if time.by == TimeEnd::Closing { "status-soon-closing" } else { "status-soon-plan" };
            let sub = if say.trusted() { w.t1(key, "when", ends(scene, time)) } else { String::new() };
            (w.t1("status-soon-title", "left", rounded(say, time)), sub)
        }
        None if visit.slowed => (w.t("status-title"), w.t("status-slow-sub")),
        None => (w.t("status-title"), w.t("status-sub")),
    };
    render(&Status {
        c: scene.chrome(h1, sub, Mark::Open),
        token: &scene.token,
        alerts: alerts(scene, visit, soon),
        meters: visit
            .time
            .map(|time| time_meter(scene, time))
            .into_iter()
            .chain(byte_meters(say, visit.bytes))
            .collect(),
        extend: visit.extend.map_or_else(String::new, |extension| match extension.until {
            Some(until) if say.trusted() => w.t1("extend-until", "clock", say.bare_clock(until)),
            Some(_) => w.t("extend"),
            None => w.t1("extend-bytes", "bytes", say.bytes(extension.bytes)),
        }),
        rows: rows(scene, visit),
        counted: if say.trusted() { w.t1("counted", "when", say.when(scene.say.now())) } else { String::new() },
        address: scene.dress.look.address.clone().unwrap_or_default(),
    })
}

fn alerts(scene: &Scene<'_>, visit: &Visit, soon: Option<TimeLeft>) -> Vec<Problem> {
    let (w, say) = (scene.w(), &scene.say);
    let mut alerts = Vec::new();
    let mut warn = |title: &str, text: String| alerts.push(Problem { class: "warn", ..Problem::new(w.t(title), text) });
    if scene.view.uplink != Uplink::Up {
        warn("uplink-down-title", w.t("uplink-down-online"));
    }
    if let Some(time) = soon {
        let when = if say.trusted() { ends(scene, time) } else { rounded(say, time) };
        let mut text = match time.by {
            TimeEnd::Closing => w.t1("status-save-closing", "when", when),
            TimeEnd::Plan | TimeEnd::UseBefore => w.t1("status-save-plan", "when", when),
        };
        if visit.extend.is_some_and(|extension| extension.until.is_some()) {
            text.push(' ');
            text.push_str(&w.t("status-save-extend"));
        }
        warn("status-save", text);
    }
    if visit.slowed {
        warn("slowed-title", w.t("slowed-text"));
    }
    alerts
}

/// "pukul 21.26 WITA".
fn ends(scene: &Scene<'_>, time: TimeLeft) -> String {
    let left = jiff::SignedDuration::try_from(time.left).unwrap_or(jiff::SignedDuration::MAX);
    let end = scene.say.now().checked_add(left).unwrap_or(jiff::Timestamp::MAX);
    scene.say.when(end)
}

/// Minutes, rounded up near the end: "5 menit" until the fifth minute is over.
fn rounded(say: &Say, time: TimeLeft) -> String {
    let seconds = time.left.as_secs();
    let shown = if (120..=VERY_SOON + 60).contains(&seconds) { seconds.div_ceil(60) * 60 } else { seconds };
    say.duration(std::time::Duration::from_secs(shown))
}

fn time_meter(scene: &Scene<'_>, time: TimeLeft) -> Meter {
    let (w, say) = (scene.w(), &scene.say);
    let percent = percent(time.left.as_secs(), time.of.as_secs());
    let key = match time.by {
        TimeEnd::Plan => "time-ends-plan",
        TimeEnd::Closing => "time-ends-closing",
        TimeEnd::UseBefore => "time-ends-use-before",
    };
    Meter {
        label: w.t("time-left"),
        value: rounded(say, time),
        percent,
        low: percent < 15 || time.left.as_secs() <= VERY_SOON,
        aria: w.t1("time-left-percent", "percent", percent.to_string()),
        line: match say.trusted() {
            // Within the last warning the box above says it already.
            true if time.by == TimeEnd::Plan && time.left.as_secs() <= SOON => String::new(),
            true => w.t1(key, "when", ends(scene, time)),
            false => w.t("time-doubt"),
        },
    }
}

fn byte_meters(say: &Say, bytes: BytesLeft) -> Vec<Meter> {
    match bytes {
        BytesLeft::Unlimited => Vec::new(),
        BytesLeft::Total(share) => vec![byte_meter(say, "bytes-left", share)],
        BytesLeft::EachWay { up, down } => [("bytes-left-down", down), ("bytes-left-up", up)]
            .into_iter()
            .filter_map(|(label, share)| share.map(|share| byte_meter(say, label, share)))
            .collect(),
    }
}

fn byte_meter(say: &Say, label: &str, share: Share) -> Meter {
    let w = say.words;
    let label = w.t(label);
    let percent = percent(share.left.get(), share.of.get());
    let of = match share.period {
        Period::Visit => "bytes-of-visit",
        Period::Day => "bytes-of-day",
        Period::Month => "bytes-of-month",
        Period::Voucher => "bytes-of-voucher",
    };
    let mut line = w.t1(of, "of", say.bytes(share.of));
    if let Some(renews) = share.renews.filter(|_| say.trusted()) {
        line.push(' ');
        line.push_str(&w.t1("bytes-renews", "when", say.renewal(renews)));
    }
    Meter {
        value: say.bytes(share.left),
        percent,
        low: percent < 15,
        aria: w.t2("bytes-left-percent", "label", label.clone(), "percent", percent.to_string()),
        label,
        line,
    }
}

fn percent(left: u64, of: u64) -> u64 {
    let percent = u128::from(left) * 100 / u128::from(of.max(1));
    u64::try_from(percent.min(100)).unwrap_or(100)
}

fn rows(scene: &Scene<'_>, visit: &Visit) -> Vec<Row> {
    let (w, say) = (scene.w(), &scene.say);
    let mut rows = Vec::new();
    let speed = match (visit.speed.down, visit.speed.up) {
        (Some(down), Some(up)) => Some(w.t2("speed-both", "down", say.rate(down), "up", say.rate(up))),
        (Some(down), None) => Some(w.t1("speed-down", "down", say.rate(down))),
        (None, Some(up)) => Some(w.t1("speed-up", "up", say.rate(up))),
        (None, None) => None,
    };
    rows.extend(speed.map(|speed| Row::new(w.t("row-speed"), speed)));
    rows.push(Row::new(w.t("row-used"), used(say, visit.used.up, visit.used.down)));
    if let Door::Open { closes: Some(closes) } = scene.view.door
        && say.trusted()
    {
        rows.push(Row::new(w.t("row-closes"), capitalised(&say.when(closes))));
    }
    let mut plan = visit.plan.get(scene.lang()).to_owned();
    if let Some(devices) = visit.devices {
        plan.push_str(", ");
        plan.push_str(&w.n("plan-devices", u64::from(devices)));
    }
    rows.push(Row::new(w.t("row-plan"), plan));
    rows.push(Row { mono: true, ..Row::new(w.t("row-number"), visit.number.clone()) });
    rows
}

/// "Unduh 741 MB, unggah 47 MB".
pub(super) fn used(say: &Say, up: ByteCount, down: ByteCount) -> String {
    say.words.t2("used-both", "down", say.bytes(down), "up", say.bytes(up))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
