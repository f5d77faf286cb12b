//! What is told, and when: what happens together is told together. Pure.

use gapura_speech::{Lang, Say};
use gapura_store::{AlertRow, timestamp};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::AlertKind;
use crate::words::since;

/// What is to be told now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bulletin {
    /// Raised and not told.
    pub(crate) new: Vec<AlertRow>,
    /// Over and that not told.
    pub(crate) over: Vec<AlertRow>,
    /// Told before, still so, and nobody takes care of it.
    pub(crate) still: Vec<AlertRow>,
}

/// A message as it is kept until it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) text: String,
    /// For programs.
    pub(crate) alerts: Vec<Told>,
}

/// One alert in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) site: String,
    pub(crate) object: String,
    /// `new`, `over` or `still`.
    pub(crate) news: String,
    pub(crate) since: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) detail: String,
}

/// What is to be told of `open` at `now`: nothing until the first news is `window` old, then all there is. What was told
/// `remind` ago is told again, unless somebody takes care of it.
pub(crate) fn due(
    open: &[AlertRow],
    window: SignedDuration,
    remind: SignedDuration,
    now: Timestamp,
) -> Option<Bulletin> {
    let old = |at: i64, age: SignedDuration| now.duration_since(timestamp(at)) >= age;
    let select = |what: &dyn Fn(&AlertRow) -> bool| open.iter().filter(|row| what(row)).cloned().collect::<Vec<_>>();
    let new = select(&|row| row.raised.is_some() && row.told.is_none() && row.ended.is_none());
    let over = select(&|row| row.raised.is_some() && row.ended.is_some() && row.told_end.is_none());
    let first = new.iter().filter_map(|row| row.raised).chain(over.iter().filter_map(|row| row.ended)).min();
    let unasked = |row: &AlertRow| row.ended.is_none() && row.taken.is_none();
    let still = select(&|row| unasked(row) && row.told.is_some_and(|told| old(told, remind)));
    match first {
        Some(first) if old(first, window) => Some(Bulletin { new, over, still }),
        Some(_) | None if still.is_empty() => None,
        Some(_) | None => Some(Bulletin { still, ..Bulletin::default() }),
    }
}

impl Bulletin {
    /// In words. `name_of` gives a site's name for people.
    pub(crate) fn message(&self, say: &Say, name: &str, name_of: &dyn Fn(&str) -> String) -> Message {
        let words = say.words;
        let parts =
            [("mail-new", &self.new, "new"), ("mail-over", &self.over, "over"), ("mail-still", &self.still, "still")];
        let subject = match parts.iter().find(|(_, rows, _)| !rows.is_empty()) {
            None => String::new(),
            Some((key, rows, _)) => {
                let stem = match *key {
                    "mail-new" => "mail-raised",
                    "mail-over" => "mail-ended",
                    _ => "mail-reminder",
                };
                match rows.as_slice() {
                    [one] => words.t1(&format!("{stem}-one"), "what", headline(one, say, name_of)),
                    many => words.t1(stem, "count", many.len().to_string()),
                }
            }
        };
        let mut lines = Vec::new();
        let mut alerts = Vec::new();
        for (title, rows, news) in parts.iter().filter(|(_, rows, _)| !rows.is_empty()) {
            lines.push(words.t(title));
            for row in *rows {
                lines.push(format!("- {}", headline(row, say, name_of)));
                let detail = super::detail::words(AlertKind::of(&row.kind), &row.detail, say);
                let more = [&detail, &row.id].into_iter().filter(|text| !text.is_empty());
                lines.extend(more.map(|text| format!("  {text}")));
                alerts.push(told(row, news));
            }
            lines.push(String::new());
        }
        let mut advised = Vec::new();
        for kind in self.new.iter().chain(&self.still).map(|row| row.kind.as_str()) {
            if !advised.contains(&kind) {
                advised.push(kind);
            }
        }
        if !advised.is_empty() {
            lines.push(words.t("mail-do"));
            lines.extend(advised.iter().map(|kind| format!("- {}", words.t(&format!("alert-{kind}-do")))));
            lines.push(String::new());
        }
        lines.push(words.t1("mail-foot", "name", name));
        let text = lines.join("\n") + "\n";
        Message { subject, text, alerts }
    }
}

fn told(row: &AlertRow, news: &str) -> Told {
    Told {
        id: row.id.clone(),
        kind: row.kind.clone(),
        site: row.site.clone(),
        object: row.object.clone(),
        news: news.to_owned(),
        since: timestamp(row.since),
        ended: row.ended.map(timestamp),
        detail: row.detail.clone(),
    }
}

/// "Galeri Lappa (gw-lappa-1): Diam sejak 18.52".
pub(crate) fn headline(row: &AlertRow, say: &Say, name_of: &dyn Fn(&str) -> String) -> String {
    let what = match AlertKind::of(&row.kind) {
        Some(kind) => say.words.t1(&format!("alert-{}", kind.id()), "since", since(say, timestamp(row.since))),
        None => row.kind.clone(),
    };
    match (row.site.is_empty(), row.object.is_empty()) {
        (false, _) => format!("{} ({}): {what}", name_of(&row.site), row.object),
        (true, false) => format!("{}: {what}", row.object),
        (true, true) => what,
    }
}

/// The language that messages are written in.
pub(crate) fn lang(text: &str) -> Lang {
    if text == "en" { Lang::En } else { Lang::Id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::say;

    fn at(minute: i64) -> Timestamp {
        "2026-11-21T10:52:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
    }

    fn row(site: &str, raised: i64) -> AlertRow {
        AlertRow {
            id: format!("A-{site}"),
            kind: "silent".to_owned(),
            site: site.to_owned(),
            object: format!("gw-{site}-1"),
            detail: String::new(),
            since: at(0).as_millisecond(),
            raised: Some(at(raised).as_millisecond()),
            better: None,
            ended: None,
            told: None,
            told_end: None,
            taken_by: None,
            taken: None,
            words: String::new(),
        }
    }

    const WINDOW: SignedDuration = SignedDuration::from_mins(2);
    const REMIND: SignedDuration = SignedDuration::from_hours(4);

    fn counts(open: &[AlertRow], minute: i64) -> Option<(usize, usize, usize)> {
        due(open, WINDOW, REMIND, at(minute)).map(|told| (told.new.len(), told.over.len(), told.still.len()))
    }

    #[test]
    fn what_happens_together_is_told_together_after_the_window() {
        let open = [row("lappa", 10), row("utara", 11)];
        assert_eq!((counts(&open, 11), counts(&open, 12)), (None, Some((2, 0, 0))));
        let told = open.clone().map(|row| AlertRow { told: Some(at(12).as_millisecond()), ..row });
        assert_eq!((counts(&told, 13), counts(&told, 251), counts(&told, 252)), (None, None, Some((0, 0, 2))));
        let taken = told.clone().map(|row| AlertRow { taken: Some(at(20).as_millisecond()), ..row });
        assert_eq!(counts(&taken, 252), None, "somebody takes care");
        let over = taken.map(|row| AlertRow { ended: Some(at(300).as_millisecond()), ..row });
        assert_eq!((counts(&over, 301), counts(&over, 302)), (None, Some((0, 2, 0))), "its end is told all the same");
        let watched = AlertRow { raised: None, ..row("lappa", 0) };
        assert_eq!(counts(&[watched], 900), None);
    }

    #[test]
    fn a_message_says_what_happened_and_what_can_be_done() {
        let name_of = |site: &str| format!("Galeri {site}");
        let zone = jiff::tz::TimeZone::get("Asia/Makassar").unwrap();
        let told = Bulletin { new: vec![row("Lappa", 10)], ..Bulletin::default() };
        let message = told.message(&say(Lang::Id, zone.clone(), at(12)), "c.example", &name_of);
        assert_eq!(message.subject, "Siaga: Galeri Lappa (gw-Lappa-1): Diam sejak 18.52");
        assert!(message.text.contains("Periksa listrik dan uplink"), "{}", message.text);
        let two = Bulletin { over: vec![row("Lappa", 10), row("Utara", 10)], ..told };
        let message = two.message(&say(Lang::En, zone.clone(), at(12)), "c.example", &name_of);
        assert!(message.text.contains("Over\n- Galeri Lappa") && !message.text.contains('⟪'), "{}", message.text);
        assert_eq!((message.alerts.len(), message.alerts[1].news.as_str()), (3, "over"));
        for kind in AlertKind::ALL {
            let one = AlertRow { kind: kind.id().to_owned(), ..row("x", 0) };
            let all = Bulletin { new: vec![one], ..Bulletin::default() };
            for lang in Lang::ALL {
                let message = all.message(&say(lang, zone.clone(), at(12)), "c", &name_of);
                assert!(!format!("{message:?}").contains('⟪'), "{message:?}");
            }
        }
    }
}
