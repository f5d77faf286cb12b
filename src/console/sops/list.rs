//! `/sop`: all SOPs, where they stand, and what has to be looked at.

use askama::Template;
use gapura_controller::{Right, SopLine, SopState};
use gapura_speech::Say;

use super::speak::{self, Tag};
use super::{HOME, href};
use crate::answer::{Answer, page};
use crate::chrome::Chrome;
use crate::here::Here;

/// A SOP in the list.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) href: String,
    pub(super) title: String,
    /// Number and revision.
    pub(super) number: String,
    pub(super) layer: String,
    pub(super) place: String,
    pub(super) tag: Tag,
    pub(super) remarks: Vec<Tag>,
    pub(super) author: String,
    pub(super) approver: String,
    pub(super) review: String,
}

/// A filter of the list.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) href: String,
    pub(super) words: String,
    pub(super) count: usize,
    pub(super) current: bool,
}

#[derive(Template)]
#[template(path = "sops/list.html")]
pub(super) struct List {
    pub(super) c: Chrome,
    pub(super) may_write: bool,
    /// There is none at all.
    pub(super) none: bool,
    pub(super) filters: Vec<Filter>,
    pub(super) rows: Vec<Row>,
}

/// Parts of the list: the word in the address, its name, and the states in it.
const PARTS: [(&str, &str, &[SopState]); 5] = [
    ("", "sops-filter-living", &[SopState::Draft, SopState::Approved, SopState::Published]),
    ("draf", "sops-filter-waiting", &[SopState::Draft, SopState::Approved]),
    ("berlaku", "sops-filter-published", &[SopState::Published]),
    ("berakhir", "sops-filter-over", &[SopState::Replaced, SopState::Retired]),
    // Also what was saved before: each save of a draft takes the place of the one before.
    ("dibuang", "sops-filter-discarded", &[SopState::Discarded]),
];

pub(super) async fn list(here: Here) -> Answer {
    let lines = here.office().sop_lines().await?;
    let asked = here.asked().get("status").to_owned();
    let c = Chrome::of(&here, here.w().t("sops-title")).sub(here.w().t("sops-sub"));
    let may_write = here.may_at(Right::WriteSops, None);
    page(&made(c, &here.say(), &lines, (&asked, may_write)))
}

pub(super) fn made(c: Chrome, say: &Say, lines: &[SopLine], (asked, may_write): (&str, bool)) -> List {
    let w = say.words;
    let is = |line: &SopLine, states: &[SopState]| states.iter().any(|state| state.as_str() == line.row.state);
    let known = PARTS.iter().find(|(word, ..)| *word == asked).or(PARTS.first());
    let (word, states) = known.map_or(("", &[][..]), |(word, _, states)| (*word, *states));
    let filters = PARTS.iter().map(|(part, words, states)| Filter {
        href: if part.is_empty() { HOME.to_owned() } else { format!("{HOME}?status={part}") },
        words: w.t(words),
        count: lines.iter().filter(|line| is(line, states)).count(),
        current: *part == word,
    });
    let rows = lines.iter().filter(|line| is(line, states)).map(|line| row(say, line));
    List { c, may_write, none: lines.is_empty(), filters: filters.collect(), rows: rows.collect() }
}

fn row(say: &Say, line: &SopLine) -> Row {
    let (w, row) = (say.words, &line.row);
    Row {
        href: href(row.id),
        title: row.title.clone(),
        number: w.t2("sops-number", "number", row.number.as_str(), "revision", row.revision.to_string()),
        layer: speak::layer_named(w, &row.layer),
        place: row.of_place.clone(),
        tag: speak::tag(say, line),
        remarks: speak::remarks(say, line),
        author: row.author.clone(),
        approver: row.approver.clone().unwrap_or_default(),
        review: row.review_by.as_deref().and_then(|day| day.parse().ok()).map_or_else(String::new, |day| say.date(day)),
    }
}
