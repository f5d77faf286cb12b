//! Vouchers in words: time to use, use before, and how far each is.

use std::time::Duration;

use gapura_controller::VoucherState;
use gapura_controller::preset::{NoTimeLeft, UseBefore};
use gapura_session::{ByteLimit, Plan};
use gapura_speech::{Say, Words};
use jiff::{SignedDuration, Timestamp};

use crate::dates;

/// *Waktu pakai*: what the voucher says, else what its plan gives.
pub(super) fn use_time(say: &Say, own: Option<Duration>, plan: Option<&Plan>) -> String {
    let w = say.words;
    let of_plan = plan.and_then(|plan| {
        let visit = plan.visit.time.map(|time| ("vouchers-time-visit", time));
        plan.day.time.map(|time| ("vouchers-time-day", time)).or(visit)
    });
    match (own, of_plan) {
        (Some(time), _) => say.duration(time),
        (None, Some((key, time))) => w.t1(key, "time", say.duration(time)),
        (None, None) => w.t("vouchers-time-any"),
    }
}

/// The bytes that a plan gives: "1 GB sehari"; empty where it sets no limit.
pub(super) fn quota(say: &Say, plan: Option<&Plan>) -> String {
    let Some(plan) = plan else { return String::new() };
    let amount = |limit: ByteLimit| match limit {
        ByteLimit::None => None,
        ByteLimit::Total(bytes) => Some(say.bytes(bytes)),
        ByteLimit::EachWay { up, down } => down.or(up).map(|bytes| say.bytes(bytes)),
    };
    let limits = [
        (plan.visit.bytes, "vouchers-quota-visit"),
        (plan.day.bytes, "vouchers-quota-day"),
        (plan.month.bytes, "vouchers-quota-month"),
    ];
    let mut stated = limits.into_iter().filter_map(|(limit, key)| Some(say.words.t1(key, "bytes", amount(limit)?)));
    stated.next().unwrap_or_default()
}

/// The speed of a plan: "4 Mb/s"; empty where it sets no limit.
pub(super) fn speed(say: &Say, plan: Option<&Plan>) -> String {
    plan.and_then(|plan| plan.speed.down.or(plan.speed.up)).map_or_else(String::new, |rate| say.rate(rate))
}

/// A moment on paper: "21 Nov 2026, 22.00". Midnight belongs to the day before: "20 Nov 2026, 24.00".
pub(super) fn on_paper(say: &Say, at: Timestamp) -> String {
    let (date, clock) = day_and_clock(say, at);
    format!("{}, {clock}", dates::write(say.words, date))
}

/// The same as one says it: "hari ini 22.00", "besok 22.00", "27 Nov 2026, 22.00".
pub(super) fn spoken(say: &Say, at: Timestamp) -> String {
    let (date, clock) = day_and_clock(say, at);
    let today = say.today();
    if date == today {
        say.words.t1("vouchers-today-at", "clock", clock)
    } else if today.tomorrow().is_ok_and(|tomorrow| date == tomorrow) {
        say.words.t1("vouchers-tomorrow-at", "clock", clock)
    } else {
        format!("{}, {clock}", dates::write(say.words, date))
    }
}

fn day_and_clock(say: &Say, at: Timestamp) -> (jiff::civil::Date, String) {
    let just_before = at.checked_sub(SignedDuration::from_secs(1)).unwrap_or(at);
    let (day, before) = (say.date_of(at), say.date_of(just_before));
    if day == before { (day, say.bare_clock(at)) } else { (before, say.hour(1440)) }
}

/// Why nothing can be made now.
pub(super) fn no_time(w: Words, why: NoTimeLeft) -> String {
    match why {
        NoTimeLeft::Closed(date) => w.t1("vouchers-closed", "day", dates::write(w, date)),
        NoTimeLeft::Past(date) => w.t1("vouchers-past-day", "day", dates::write(w, date)),
    }
}

/// The rule of a preset.
pub(super) fn rule(w: Words, rule: UseBefore) -> String {
    match rule {
        UseBefore::Today => w.t("vouchers-rule-today"),
        UseBefore::Tomorrow => w.t("vouchers-rule-tomorrow"),
        UseBefore::Days(days) => w.n("vouchers-rule-days", u64::from(days)),
        UseBefore::Date(date) => w.t1("vouchers-rule-date", "day", dates::write(w, date)),
    }
}

/// How far a voucher is: the class of its mark, and words.
pub(super) fn state(say: &Say, state: &VoucherState) -> (&'static str, String) {
    let w = say.words;
    let since = |key: &str, at: Timestamp| w.t1(key, "when", moment(say, at));
    match state {
        VoucherState::Unused => ("off", w.t("vouchers-state-unused")),
        VoucherState::Used { online: true, seat: Some(seat), .. } => {
            ("good", w.t1("vouchers-state-seat", "seat", seat.as_str()))
        }
        VoucherState::Used { since: at, online: true, seat: None } => ("good", since("vouchers-state-online", *at)),
        VoucherState::Used { since: at, online: false, .. } => ("info", since("vouchers-state-used", *at)),
        VoucherState::UsedUp { at } => ("info", since("vouchers-state-used-up", *at)),
        VoucherState::Withdrawn { at } => ("bad", since("vouchers-state-withdrawn", *at)),
        VoucherState::Past { at } => ("warn", since("vouchers-state-past", *at)),
    }
}

/// "20.11" today, "19 Nov 2026, 20.11" before.
pub(super) fn moment(say: &Say, at: Timestamp) -> String {
    if say.date_of(at) == say.today() {
        say.clock(at)
    } else {
        format!("{}, {}", dates::write(say.words, say.date_of(at)), say.bare_clock(at))
    }
}

/// As of when states are known.
pub(super) fn told(say: &Say, told: Option<Timestamp>) -> String {
    match told {
        Some(at) => say.words.t1("vouchers-told", "when", moment(say, at)),
        None => say.words.t("vouchers-told-never"),
    }
}
