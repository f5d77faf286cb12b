//! Requests in words.

use gapura_controller::{RequestRow, Tab};
use gapura_model::Reference;
use gapura_speech::{Say, Words};
use gapura_wire::{HelpState, HelpTopic};
use jiff::Timestamp;

/// Letters of a visitor's words in a list.
const GLIMPSE: usize = 80;

/// A state, as shape and word.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) class: &'static str,
    pub(super) words: String,
}

/// A request in a list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) href: String,
    pub(super) number: String,
    pub(super) title: String,
    pub(super) glimpse: String,
    pub(super) site: String,
    pub(super) received: String,
    pub(super) due: String,
    /// By how much it is late, or how much is left; empty once it is answered.
    pub(super) left: String,
    pub(super) tag: Tag,
}

/// A moment of the tables.
pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The number as visitors know it.
pub(super) fn number(row: &RequestRow) -> String {
    row.reference.parse::<Reference>().map_or_else(|_| row.reference.clone(), |number| number.to_string())
}

/// What a request is about.
pub(super) fn title(w: Words, row: &RequestRow) -> String {
    if row.origin == "appeal" && !row.about.is_empty() {
        return w.t1("requests-appeal-of", "site", row.about.as_str());
    }
    w.t(topic(HelpTopic::named(&row.topic).unwrap_or(HelpTopic::Other)))
}

/// The key of a topic's words.
pub(super) const fn topic(topic: HelpTopic) -> &'static str {
    match topic {
        HelpTopic::Connect => "requests-topic-connect",
        HelpTopic::MoreTime => "requests-topic-more-time",
        HelpTopic::Blocked => "requests-topic-blocked",
        HelpTopic::Complaint => "requests-topic-complaint",
        HelpTopic::Other => "requests-topic-other",
    }
}

/// Where a request came from.
pub(super) fn origin(w: Words, origin: &str) -> String {
    w.t(match origin {
        "appeal" => "requests-from-appeal",
        "counter" => "requests-from-counter",
        "telephone" => "requests-from-telephone",
        _ => "requests-from-portal",
    })
}

/// How far a request is.
pub(super) fn tag(w: Words, row: &RequestRow, now: Timestamp) -> Tag {
    let tag = |class, words| Tag { class, words };
    let state = HelpState::named(&row.state).unwrap_or(HelpState::Received);
    if state.is_open() && at(row.due) < now {
        return tag("bad", w.t("requests-overdue"));
    }
    match state {
        HelpState::Received => tag("warn", w.t("requests-received")),
        HelpState::InWork => tag("info", w.t("requests-in-work")),
        HelpState::Forwarded => tag("info", w.t1("requests-at-agency", "agency", row.agency.as_str())),
        HelpState::Answered => tag("good", w.t("requests-answered")),
        HelpState::Closed => tag("off", w.t("requests-closed")),
    }
}

/// How much time is left for an answer, or by how much it is late; empty once it is answered.
pub(super) fn left(say: &Say, row: &RequestRow, now: Timestamp) -> String {
    if row.settled.is_some() {
        return String::new();
    }
    let (due, w) = (at(row.due), say.words);
    let span = due.duration_since(now);
    let length = std::time::Duration::try_from(span.abs()).unwrap_or_default();
    let key = if span.is_negative() { "requests-late-by" } else { "requests-left" };
    w.t1(key, "time", say.duration(length))
}

/// A row of a list; `href` leads to its page.
pub(super) fn line(say: &Say, row: &RequestRow, (href, site): (String, String), now: Timestamp) -> Line {
    let w = say.words;
    let first: String = row.words.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted: String = first.chars().take(GLIMPSE).collect();
    let cut = if quoted.len() < first.len() { "…" } else { "" };
    let from = origin(w, &row.origin);
    Line {
        href,
        number: number(row),
        title: title(w, row),
        glimpse: if quoted.is_empty() { from } else { format!("{from}: “{quoted}{cut}”") },
        site,
        received: say.when(at(row.received)),
        due: say.when(at(row.settled.unwrap_or(row.due))),
        left: left(say, row, now),
        tag: tag(w, row, now),
    }
}

/// Tabs as addresses name them.
pub(super) const TABS: [(Tab, &str, &str); 4] = [
    (Tab::Waiting, "", "requests-tab-waiting"),
    (Tab::Overdue, "terlambat", "requests-tab-overdue"),
    (Tab::Mine, "saya", "requests-tab-mine"),
    (Tab::Done, "selesai", "requests-tab-done"),
];

/// The tab of an address.
pub(super) fn tab(name: &str) -> Tab {
    TABS.iter().find(|(_, known, _)| *known == name).map_or(Tab::Waiting, |(tab, ..)| *tab)
}
