//! Pengumuman: notices of a site or level, beside those of other levels, until a time.

use gapura_controller::{OfficeError, SetAt};
use gapura_speech::Words;
use gapura_wire::{Notice, Severity, Text};
use jiff::Timestamp;
use jiff::civil::time;

use super::super::input::{self, Input, Kind, Typed};
use super::{ROOM, Stands, made};
use crate::answer::{Answer, Oops, again, to};
use crate::dates;
use crate::form::Fields;
use crate::here::Here;
use crate::network::at;

/// The form's name in addresses.
pub(super) const NAME: &str = "pengumuman";

const FIELDS: [&str; 5] = ["tingkat", "teks-id", "teks-en", "tanggal", "pukul"];

/// A notice that is set there.
#[derive(Clone, Debug)]
pub(in crate::network) struct Line {
    /// Its place in the document, and its words, so that no other one is taken away.
    pub(in crate::network) place: usize,
    pub(in crate::network) text: String,
    pub(in crate::network) english: String,
    /// Class and word of how loud it is.
    pub(in crate::network) tag: (&'static str, String),
    pub(in crate::network) until: String,
}

const SEVERITIES: [(Severity, &str, &str, &str); 3] = [
    (Severity::Info, "info", "info", "basics-notice-info"),
    (Severity::Warning, "warning", "warn", "basics-notice-warning"),
    (Severity::Danger, "danger", "bad", "basics-notice-danger"),
];

pub(super) fn lines(here: &Here, all: &[Notice]) -> Vec<Line> {
    let (w, say) = (here.w(), here.say());
    let line = |(place, notice): (usize, &Notice)| {
        let known = SEVERITIES.into_iter().find(|(severity, ..)| *severity == notice.severity);
        let (class, words) = known.map_or(("info", "basics-notice-info"), |(_, _, class, words)| (class, words));
        let key = if notice.until > here.now { "basics-notice-until" } else { "basics-notice-over" };
        Line {
            place,
            text: notice.text.id.clone(),
            english: notice.text.en.clone(),
            tag: (class, w.t(words)),
            until: w.t1(key, "when", say.when(notice.until)),
        }
    };
    all.iter().enumerate().map(line).collect()
}

/// The fields of a new one.
pub(in crate::network) fn inputs(w: Words, zone: &str, typed: &Typed) -> Vec<Input> {
    let severities = SEVERITIES.into_iter().map(|(_, key, _, words)| (key.to_owned(), w.t(words))).collect();
    let mut all = vec![
        Input::new("tingkat", w.t("basics-notice-severity"), Kind::Radio).options(severities),
        Input::new("teks-id", w.t("looks-indonesian"), Kind::Lines),
        Input::new("teks-en", w.t("looks-english"), Kind::Lines).hint(w.t("basics-notice-english")),
        Input::new("tanggal", w.t("basics-notice-date"), Kind::Line).hint(w.t("network-from-hint")),
        Input::new("pukul", w.t1("basics-notice-time", "zone", zone), Kind::Line).hint(w.t("basics-notice-time-hint")),
    ];
    input::fill(&mut all, typed, &[]);
    if let Some(first) = all.first_mut().filter(|first| first.value.is_empty()) {
        "info".clone_into(&mut first.value);
    }
    all
}

/// Adds one, or takes one away.
pub(super) async fn change(here: &Here, known: &Stands, at: &SetAt, fields: &Fields) -> Answer {
    if fields.is_on("hapus") {
        let said = known.tree.said(at);
        let place: Option<usize> = fields.get("hapus").parse().ok();
        let notice = place.and_then(|place| said.notices.get(place)).ok_or(Oops::NotFound)?;
        if notice.text.id != fields.get("teks") {
            return Err(Oops::Stale);
        }
        here.office().remove_notice(at, notice, &here.actor("")).await?;
        return Ok(to(&at::href(ROOM, at), "notice-removed"));
    }
    let w = here.w();
    let typed = Typed::of(fields, &FIELDS);
    let wrong = match read(here, &typed) {
        Ok(notice) => match here.office().add_notice(at, &notice, &here.actor("")).await {
            Ok(_) => return Ok(to(&at::href(ROOM, at), "notice-added")),
            Err(OfficeError::Mistakes(all)) => input::found(w, &all),
            Err(error) => return Err(error.into()),
        },
        Err(wrong) => input::told(w, wrong),
    };
    let mut shown = made(here, known, at);
    input::fill(&mut shown.notice, &typed, &wrong);
    shown.wrong = input::listed(shown.notice.iter(), wrong);
    again(&shown)
}

fn read(here: &Here, typed: &Typed) -> Result<Notice, Vec<input::Wrong>> {
    let mut wrong = Vec::new();
    let severity = SEVERITIES.into_iter().find(|(_, key, ..)| *key == typed.get("tingkat"));
    if severity.is_none() {
        wrong.push(("tingkat", "basics-wrong-severity", String::new()));
    }
    let text = |field: &str| typed.get(field).replace("\r\n", "\n");
    let text = Text { id: text("teks-id"), en: text("teks-en") };
    if text.id.is_empty() {
        wrong.push(("teks-id", "basics-wrong-notice", String::new()));
    }
    for (field, words) in [("teks-id", &text.id), ("teks-en", &text.en)] {
        if words.chars().count() > 500 {
            wrong.push((field, "basics-wrong-long", String::new()));
        }
    }
    let date = dates::parse(typed.get("tanggal"));
    if date.is_none() {
        wrong.push(("tanggal", "network-day-wrong", String::new()));
    }
    let clock = match typed.get("pukul") {
        "" => Some(time(23, 59, 0, 0)),
        text => dates::time(text),
    };
    if clock.is_none() {
        wrong.push(("pukul", "basics-wrong-time", String::new()));
    }
    let at = date.zip(clock).and_then(|(date, clock)| date.to_datetime(clock).to_zoned(here.zone()).ok());
    let until: Option<Timestamp> = at.map(|at| at.timestamp());
    match (severity, until) {
        (Some((severity, ..)), Some(until)) if wrong.is_empty() => Ok(Notice { severity, text, until }),
        _ => Err(wrong),
    }
}
