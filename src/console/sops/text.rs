//! A draft as text: all problems at once, each beside its line; what was typed is never lost.

use askama::Template;
use axum::extract::Path;
use gapura_controller::{OfficeError, Right, SopState};
use gapura_rules::sop::Problem;
use gapura_speech::Words;

use super::problems::{self, Slip};
use super::{HOME, Page, TabLink, href, number, speak, tabs};
use crate::answer::{Answer, Oops, again, page, see_other, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

/// A line of the text as it was checked.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) text: String,
    /// `bad`, `warn` or nothing.
    pub(super) class: &'static str,
    pub(super) slips: Vec<Slip>,
}

#[derive(Template)]
#[template(path = "sops/text.html")]
pub(super) struct Text {
    pub(super) c: Chrome,
    /// The draft that is edited; empty for a new one.
    pub(super) id: String,
    pub(super) tabs: Vec<TabLink>,
    pub(super) source: String,
    pub(super) lines: Vec<Line>,
    /// What stands in other SOPs.
    pub(super) elsewhere: Vec<Slip>,
    pub(super) slips: Vec<Slip>,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    /// It was tried to keep it, and it could not be.
    pub(super) unkept: bool,
    /// The draft has a decree that will not be this text's.
    pub(super) decree: bool,
    pub(super) wrong: Vec<String>,
}

/// A text and what was found in it.
pub(super) fn made(c: Chrome, text: String, problems: &[Problem]) -> Text {
    let slips = problems::slips(c.w, problems);
    let errors = slips.iter().filter(|slip| slip.error).count();
    let line = |(index, line): (usize, &str)| {
        let own: Vec<Slip> = slips.iter().filter(|slip| slip.line == index + 1).cloned().collect();
        let class = match (own.iter().any(|slip| slip.error), own.is_empty()) {
            (true, _) => "bad",
            (false, false) => "warn",
            (false, true) => "",
        };
        Line { number: index + 1, text: line.to_owned(), class, slips: own }
    };
    let lines: Vec<Line> = text.lines().enumerate().map(line).collect();
    let last = lines.len();
    Text {
        c,
        id: String::new(),
        tabs: Vec::new(),
        lines,
        elsewhere: slips.iter().filter(|slip| slip.line == 0 || slip.line > last).cloned().collect(),
        errors,
        warnings: slips.len() - errors,
        slips,
        unkept: false,
        decree: false,
        wrong: Vec::new(),
        source: text,
    }
}

impl Text {
    /// "1 kesalahan dan 2 peringatan".
    fn summary(&self) -> String {
        summary(self.c.w, self.errors, self.warnings)
    }
}

pub(super) fn summary(w: Words, errors: usize, warnings: usize) -> String {
    let (bad, warn) = (w.n("sops-errors", errors as u64), w.n("sops-warnings", warnings as u64));
    match (errors, warnings) {
        (0, _) => warn,
        (_, 0) => bad,
        _ => w.t2("sops-both", "errors", bad, "warnings", warn),
    }
}

/// The frame of a new one's page.
pub(super) fn fresh(here: &Here, text: String, problems: &[Problem]) -> Text {
    let w = here.w();
    let mut c = Chrome::of(here, w.t("sops-new")).sub(w.t("sops-new-text")).up(HOME, w.t("sops-title"));
    c.stand_at(format!("{HOME}/baru"));
    made(c, text, problems)
}

/// `/sop/{id}/teks`.
pub(super) async fn edit(here: Here, Path(id): Path<String>) -> Answer {
    let id = number(&id)?;
    let row = here.office().sop(id).await?;
    if row.state != SopState::Draft.as_str() {
        return Ok(see_other(&href(id)));
    }
    let problems = here.office().check_sop(&row.document).await?;
    page(&standing(&here, id, row.document, &problems).await?)
}

/// The page of a draft that is there.
async fn standing(here: &Here, id: i64, text: String, problems: &[Problem]) -> Result<Text, Oops> {
    let (w, row) = (here.w(), here.office().sop(id).await?);
    let number = w.t2("sops-number", "number", row.number.as_str(), "revision", row.revision.to_string());
    let mut c = Chrome::of(here, row.title.clone()).sub(number).up(href(id), row.title);
    c.stand_at(format!("{}/teks", href(id)));
    let tabs = tabs(w, id, Page::Text, (true, true));
    Ok(Text { id: id.to_string(), tabs, decree: row.decree.is_some(), ..made(c, text, problems) })
}

/// Checks what was typed, and keeps it where it is asked for and nothing is wrong.
pub(super) async fn save(here: Here, Posted(fields): Posted) -> Answer {
    let office = here.office();
    // A form with parts keeps the line ends of its browser.
    let text = fields.whole("teks").replace("\r\n", "\n");
    let id: Option<i64> = fields.get("id").parse().ok();
    let keep = fields.get("apa") != "periksa";
    let (mut problems, mut wrong) = (Vec::new(), Vec::new());
    match office.check_sop(&text).await {
        Ok(found) => problems = found,
        Err(error) => wrong = Oops::from(error).of_form(here.w())?,
    }
    let sound = problems.iter().all(|problem| problem.severity != gapura_rules::sop::Severity::Error);
    let checked = wrong.is_empty();
    if keep && sound && checked {
        match office.save_sop(id, &text, &here.actor("")).await {
            Ok(row) => return Ok(to(&href(row.id), "sop-saved")),
            // Something else was put in force meanwhile.
            Err(OfficeError::Sop(found)) => problems = found,
            Err(error) => wrong = Oops::from(error).of_form(here.w())?,
        }
    }
    let made = match id {
        Some(id) => standing(&here, id, text, &problems).await?,
        None => fresh(&here, text, &problems),
    };
    // What is too large to be checked is not shown line by line.
    let lines = if checked { made.lines } else { Vec::new() };
    let made = Text { unkept: keep || !checked, wrong, lines, ..made };
    if made.unkept { again(&made) } else { page(&made) }
}

/// Whether somebody may edit a draft in this state.
pub(super) fn editable(here: &Here, state: &str) -> bool {
    here.may_at(Right::WriteSops, None) && speak::state(state) == Some(SopState::Draft)
}
