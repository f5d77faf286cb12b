//! *Peninjauan*: appeals against the filter that wait for a decision, and one of them.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use gapura_controller::{AppealRow, Right, SitePlace};
use gapura_model::Reference;
use gapura_wire::HelpState;

use super::one::{self, Doors, One, Typed};
use super::speak;
use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

/// Its address.
pub(super) const PATH: &str = "/peninjauan";

/// Appeals that are shown, those that have waited longest.
const SHOWN: usize = 100;

/// An appeal in the list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) href: String,
    pub(super) number: String,
    pub(super) about: String,
    pub(super) why: String,
    pub(super) site: String,
    /// Clause and SOP that blocked it.
    pub(super) clause: String,
    pub(super) received: String,
}

#[derive(Template)]
#[template(path = "requests/appeals.html")]
pub(super) struct Appeals {
    pub(super) c: Chrome,
    pub(super) rows: Vec<Line>,
    /// So many more wait.
    pub(super) more: Option<String>,
}

pub(super) async fn list(here: Here) -> Answer {
    let w = here.w();
    let mut places = BTreeMap::new();
    for (site, document) in here.office().sites().await? {
        let name = document.name.clone();
        let place = SitePlace { site, agency: document.agency, regency: document.regency };
        if here.may_at(Right::DecideAppeals, Some(&place)) {
            places.insert(place.site.to_string(), name);
        }
    }
    let mut waiting = here.office().appeals(None, true).await?;
    waiting.retain(|row| places.contains_key(&row.site));
    let more = waiting.len().saturating_sub(SHOWN);
    let rows = waiting.iter().take(SHOWN).map(|row| line(&here, row, places.get(&row.site)));
    let c = Chrome::of(&here, w.t("requests-appeals-title")).sub(w.t("requests-appeals-sub"));
    let more = (more > 0).then(|| w.n("requests-appeals-more", u64::try_from(more).unwrap_or(u64::MAX)));
    page(&Appeals { rows: rows.collect(), c, more })
}

fn line(here: &Here, row: &AppealRow, name: Option<&String>) -> Line {
    let (w, say) = (here.w(), here.say());
    let number = row.reference.parse::<Reference>().map_or_else(|_| row.reference.clone(), |number| number.to_string());
    let clause = row.clause.as_deref().zip(row.sop.as_deref());
    Line {
        href: href(&row.site, &number),
        number,
        about: row.subject.clone(),
        why: row.why.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect(),
        site: name.cloned().unwrap_or_default(),
        clause: clause
            .map_or_else(String::new, |(clause, sop)| w.t2("requests-appeals-clause", "clause", clause, "sop", sop)),
        received: say.when(speak::at(row.received)),
    }
}

fn href(site: &str, number: &str) -> String {
    format!("/l/{site}{PATH}/{number}")
}

pub(super) async fn one(here: Here, Path((_, text)): Path<(String, String)>) -> Answer {
    page(&made(&here, &text).await?)
}

pub(super) async fn decide(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    // Only what this page shows.
    made(&here, &text).await?;
    let wrong = match one::decided(&here, &text, &fields).await {
        Ok(news) => return Ok(to(PATH, news)),
        Err(oops) => oops.of_form(here.w())?,
    };
    let typed = Typed { answer: one::words(&fields), until: fields.get("sampai").to_owned(), ..Typed::default() };
    again(&made(&here, &text).await?.after(typed, wrong))
}

/// The page of an appeal; a request that is none is not here.
async fn made(here: &Here, text: &str) -> Result<One, Oops> {
    let view = one::look(here, text).await?;
    if view.row.origin != "appeal" {
        return Err(Oops::NotFound);
    }
    let state = HelpState::named(&view.row.state).unwrap_or(HelpState::Received);
    let up = (PATH.to_owned(), here.w().t("requests-appeals-title"));
    let base = href(view.place.site.as_str(), &speak::number(&view.row));
    Ok(One { doors: Doors { decide: state.is_open(), ..Doors::default() }, ..one::frame(here, &view, (base, up)) })
}
