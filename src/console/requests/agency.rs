//! The desk of an agency: what was forwarded to it, and its answers.

use askama::Template;
use axum::extract::Path;
use gapura_controller::{At, Reach, Work, desks as desks_of};
use gapura_wire::HelpState;

use super::list::fill;
use super::one::{Doors, One, Typed, frame, words};
use super::{encoded, number, speak};
use crate::answer::{Answer, Oops, again, page, see_other, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

#[derive(Template)]
#[template(path = "requests/desks.html")]
pub(super) struct Desks {
    pub(super) c: Chrome,
    /// Address and name.
    pub(super) desks: Vec<(String, String)>,
}

fn home(agency: &str) -> String {
    format!("/instansi/{}/permintaan", encoded(agency))
}

/// The desks a person has; whoever has one goes there.
pub(super) async fn desks(here: Here) -> Answer {
    let desks: Vec<(String, String)> =
        desks_of(here.grants()).into_iter().map(|agency| (home(agency), agency.to_owned())).collect();
    match desks.as_slice() {
        [(only, _)] => Ok(see_other(only)),
        _ => page(&Desks { c: Chrome::of(&here, here.w().t("requests-desks-title")), desks }),
    }
}

fn agency(here: &Here) -> Result<&str, Oops> {
    here.agency.as_deref().ok_or(Oops::NotFound)
}

/// What was forwarded to it.
pub(super) async fn list(here: Here) -> Answer {
    let (agency, w) = (agency(&here)?, here.w());
    let c = Chrome::of(&here, agency.to_owned()).sub(w.t("requests-desk-sub"));
    let home = home(agency);
    page(&fill(&here, &Reach::desk(agency), (&home, c), |row| format!("{home}/{}", speak::number(row))).await?)
}

/// One request. The contact stays with the site's own staff.
pub(super) async fn one(here: Here, Path((_, text)): Path<(String, String)>) -> Answer {
    page(&made(&here, &text).await?)
}

async fn made(here: &Here, text: &str) -> Result<One, Oops> {
    let agency = agency(here)?;
    let view = here.office().request(At::Desk(agency), &number(text)?).await?;
    let here_now = view.row.state == HelpState::Forwarded.as_str();
    let doors = Doors { answer: here_now, note: true, take_back: here_now, ..Doors::default() };
    let (up, base) = ((home(agency), agency.to_owned()), format!("{}/{}", home(agency), speak::number(&view.row)));
    Ok(One { doors, desk: true, ..frame(here, &view, (base, up)) })
}

async fn work(here: &Here, text: &str, work: Work, news: &str) -> Answer {
    let agency = agency(here)?;
    // What goes back is no longer on this desk.
    let page = match work {
        Work::Return { .. } => home(agency),
        Work::Take
        | Work::Answer { .. }
        | Work::Note { .. }
        | Work::Forward { .. }
        | Work::Close { .. }
        | Work::Reopen { .. } => format!("{}/{}", home(agency), number(text)?),
    };
    match here.office().work_on(At::Desk(agency), &number(text)?, &work, &here.actor("")).await {
        Ok(_) => Ok(to(&page, news)),
        Err(error) => {
            let wrong = Oops::from(error).of_form(here.w())?;
            again(&made(here, text).await?.after(Typed::of(&work), wrong))
        }
    }
}

/// *Kirim jawaban*.
pub(super) async fn answer(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    let close = fields.get("lalu") == "selesai";
    let news = if close { "requests-answered-closed" } else { "requests-answered" };
    work(&here, &text, Work::Answer { words: words(&fields), close }, news).await
}

/// *Simpan catatan*.
pub(super) async fn note(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    work(&here, &text, Work::Note { words: words(&fields) }, "requests-noted").await
}

/// *Kembalikan*.
pub(super) async fn give_back(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    work(&here, &text, Work::Return { words: words(&fields) }, "requests-returned").await
}
