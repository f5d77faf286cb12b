//! A draft by form: switches, hours, exceptions, dates. What is changed is changed in the text; the rest of it stays as it is.

mod filled;
mod grid;

use askama::Template;
use axum::extract::Path;
use gapura_controller::{OfficeError, SopChoices, SopState};
use gapura_rules::sop::{Problem, Severity, Sop, SopEdit, edited};

use self::filled::{Filled, Wrong};
use super::problems::{self, Slip};
use super::{Page, TabLink, href, number, tabs, text};
use crate::answer::{Answer, Oops, again, page, see_other, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

#[derive(Template)]
#[template(path = "sops/form.html")]
pub(super) struct Form {
    pub(super) c: Chrome,
    pub(super) base: String,
    pub(super) tabs: Vec<TabLink>,
    pub(super) filled: Filled,
    /// What concerns no clause.
    pub(super) slips: Vec<Slip>,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<Wrong>,
    pub(super) refused: Vec<String>,
    pub(super) unkept: bool,
    pub(super) decree: bool,
}

impl Form {
    fn wrong_of(&self, field: &str) -> Vec<&str> {
        self.wrong.iter().filter(|(name, _)| name == field).map(|(_, words)| words.as_str()).collect()
    }

    /// What a field is called in the list of what is wrong.
    fn name_of(&self, field: &str) -> String {
        let w = self.c.w;
        let (key, of) = field.split_once('.').unwrap_or((field, ""));
        match (key, of) {
            ("judul", _) => w.t("sops-fact-title"),
            ("mulai", _) => w.t("sops-fact-from"),
            ("tinjau", _) => w.t("sops-fact-review"),
            ("jam", clause) => w.t1("sops-form-clause-hours", "clause", clause),
            ("baru", "klausul") => w.t("sops-form-new-of"),
            ("baru", "nama") => w.t("sops-form-new-about"),
            ("alasan", _) | ("baru", "alasan") => w.t("sops-form-reason"),
            _ => w.t("sops-form-until"),
        }
    }

    fn summary(&self) -> String {
        text::summary(self.c.w, self.errors, self.warnings)
    }
}

/// What the page stands on: the draft, read, and what its switches may be.
struct Ground {
    sop: Sop,
    document: String,
    choices: SopChoices,
    title: String,
    number: String,
    decree: bool,
    /// It can still be edited.
    open: bool,
}

/// The draft; none where its text cannot be read as clauses.
async fn ground(here: &Here, id: i64) -> Result<Option<Ground>, Oops> {
    let seen = here.office().show_sop(id, "").await?;
    let row = seen.line.row;
    let Some(sop) = seen.sop else { return Ok(None) };
    let choices = here.office().sop_choices(sop.layer()).await?;
    let number = here.w().t2("sops-number", "number", row.number.as_str(), "revision", row.revision.to_string());
    let open = row.state == SopState::Draft.as_str();
    let decree = row.decree.is_some();
    Ok(Some(Ground { sop, document: row.document, choices, title: row.title, number, decree, open }))
}

/// `/sop/{id}/formulir`.
pub(super) async fn edit(here: Here, Path(id): Path<String>) -> Answer {
    let id = number(&id)?;
    // What cannot be read as clauses is mended in the text.
    let Some(ground) = ground(&here, id).await? else { return Ok(see_other(&format!("{}/teks", href(id)))) };
    if !ground.open {
        return Ok(see_other(&href(id)));
    }
    let problems = here.office().check_sop(&ground.document).await?;
    let filled = Filled::of(&here.say(), &ground.sop, &ground.choices);
    page(&made(frame(&here, id, &ground), id, filled, &problems::slips(here.w(), &problems), ground.decree))
}

fn frame(here: &Here, id: i64, ground: &Ground) -> Chrome {
    let c = Chrome::of(here, ground.title.clone()).sub(ground.number.clone());
    let mut c = c.up(href(id), ground.title.clone());
    c.stand_at(format!("{}/formulir", href(id)));
    c
}

pub(super) fn made(c: Chrome, id: i64, mut filled: Filled, slips: &[Slip], decree: bool) -> Form {
    let errors = slips.iter().filter(|slip| slip.error).count();
    let rest = filled.settle(slips);
    Form {
        base: href(id),
        tabs: tabs(c.w, id, Page::Form, (true, true)),
        warnings: slips.len() - errors,
        errors,
        slips: rest,
        filled,
        wrong: Vec::new(),
        refused: Vec::new(),
        unkept: false,
        decree,
        c,
    }
}

/// Changes what was changed, checks the whole, and keeps it where nothing is wrong.
pub(super) async fn save(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let id = number(&id)?;
    let Some(ground) = ground(&here, id).await? else { return Err(Oops::NotFound) };
    let say = here.say();
    let mut filled = Filled::of(&say, &ground.sop, &ground.choices);
    filled.take(&fields);
    let (mut wrong, mut refused, mut slips) = (Vec::new(), Vec::new(), Vec::new());
    match filled.edits(&say, &ground.sop, &here.actor("").name) {
        // Somebody else was quicker: what was typed stays, to be copied from here.
        _ if !ground.open => refused.push(here.w().t("sops-form-stale")),
        Err(all) => wrong = all,
        Ok(edits) => {
            match changed(ground.document.clone(), edits).await? {
                None => refused.push(here.w().t("sops-form-by-hand")),
                Some(text) => match keep(&here, id, &text).await {
                    Ok(Ok(saved)) => return Ok(to(&format!("{}/formulir", href(saved)), "sop-saved")),
                    Ok(Err(problems)) => {
                        // What was found is of the changed text: there its lines stand elsewhere.
                        if let Some(sop) = here.office().read_sop_text(&text) {
                            filled.stand_on(&sop);
                        }
                        slips = problems::slips(here.w(), &problems);
                    }
                    Err(error) => refused = Oops::from(error).of_form(here.w())?,
                },
            }
        }
    }
    let made = made(frame(&here, id, &ground), id, filled, &slips, ground.decree);
    again(&Form { wrong, refused, unkept: true, ..made })
}

/// The text with all changes, each of which reads all of it; none where one cannot be made. Routers wait for the same threads.
async fn changed(text: String, edits: Vec<SopEdit>) -> Result<Option<String>, Oops> {
    let work = move || edits.iter().try_fold(text, |text, edit| edited(&text, edit)).ok();
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "the changes of a SOP could not be made");
        Oops::Broken
    })
}

/// The draft as it was kept, or what kept it from being so.
async fn keep(here: &Here, id: i64, text: &str) -> Result<Result<i64, Vec<Problem>>, OfficeError> {
    let problems = here.office().check_sop(text).await?;
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Ok(Err(problems));
    }
    match here.office().save_sop(Some(id), text, &here.actor("")).await {
        Ok(row) => Ok(Ok(row.id)),
        // Something else was put in force meanwhile.
        Err(OfficeError::Sop(problems)) => Ok(Err(problems)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
pub(super) fn filled_of(say: &gapura_speech::Say, sop: &Sop, choices: &SopChoices) -> Filled {
    Filled::of(say, sop, choices)
}
