//! Hari libur: calendars of holidays, the sites that keep them, and the form for one.

use askama::Template;
use axum::extract::Path;
use gapura_controller::{Calendar, HolidaySettings, OfficeError, Right, SettingsTree, SitePlace, SiteStands};
use gapura_model::GroupId;

use super::days;
use crate::answer::{Answer, Oops, again, page, spoken, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

const HOME: &str = "/kalender";

/// A calendar in the list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: String,
    /// The form for it; empty for whoever may only look.
    pub(super) href: String,
    /// Its next days: when, and what.
    pub(super) next: Vec<(String, String)>,
    pub(super) count: String,
    /// Sites that keep it.
    pub(super) sites: Vec<String>,
}

#[derive(Template)]
#[template(path = "calendars.html")]
pub(super) struct List {
    pub(super) c: Chrome,
    pub(super) may_set: bool,
    pub(super) lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "calendar.html")]
pub(super) struct Edit {
    pub(super) c: Chrome,
    pub(super) name: String,
    pub(super) days: String,
    /// It is there: its name stays.
    pub(super) there: bool,
    /// So many days were read from a file and are not kept yet.
    pub(super) taken: String,
    /// Sites that keep it; it can be removed where there are none.
    pub(super) sites: Vec<String>,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<(String, String)>,
}

impl Edit {
    fn wrong_of(&self, field: &str) -> Vec<&str> {
        self.wrong.iter().filter(|(name, _)| name == field).map(|(_, words)| words.as_str()).collect()
    }
}

/// Where a site stands in the tree of scopes.
pub(super) fn place(one: &SiteStands) -> SitePlace {
    let (agency, regency) = (one.document.agency.clone(), one.document.regency.clone());
    SitePlace { site: one.site.clone(), agency, regency }
}

/// Names of the sites that keep a calendar, of those that the person may see.
fn keepers(here: &Here, tree: &SettingsTree, name: &str) -> Vec<String> {
    let keeps = |one: &&SiteStands| {
        let origin = one.origins.iter().find(|origin| origin.field == "hours.holidays");
        let kept = origin.and_then(|origin| serde_json::from_value(origin.holds.value.clone()).ok());
        kept.is_some_and(|kept: HolidaySettings| kept.calendars.iter().any(|kept| kept == name))
    };
    let seen = tree.sites.iter().filter(|one| here.may_at(Right::SeeNetwork, Some(&place(one))));
    seen.filter(keeps).map(|one| one.document.name.clone()).collect()
}

/// `/kalender`
pub(super) async fn list(here: Here) -> Answer {
    let (w, today) = (here.w(), here.say().today());
    let may_set = here.may_at(Right::SetNetwork, None);
    let tree = here.office().settings_tree().await?;
    let line = |(name, calendar): (&str, &Calendar)| {
        let mut next: Vec<_> = calendar.holiday.iter().filter(|day| day.to.unwrap_or(day.date) >= today).collect();
        next.sort_by_key(|day| day.date);
        Line {
            name: name.to_owned(),
            href: if may_set { format!("{HOME}/ubah/{name}") } else { String::new() },
            next: next.into_iter().take(3).map(|day| (days::span(w, day), day.name.clone())).collect(),
            count: w.n("calendars-count", calendar.holiday.len() as u64),
            sites: keepers(&here, &tree, name),
        }
    };
    let lines = tree.calendars().map(line).collect();
    let c = Chrome::of(&here, w.t("calendars-title")).sub(w.t("calendars-sub"));
    page(&List { c, may_set, lines })
}

async fn form(here: &Here, name: &str, days: String, there: bool) -> Result<Edit, Oops> {
    let w = here.w();
    let sites = if there { keepers(here, &here.office().settings_tree().await?, name) } else { Vec::new() };
    let title = if there { name.to_owned() } else { w.t("calendars-new") };
    let mut c = Chrome::of(here, title).sub(w.t("calendars-about")).up(HOME, w.t("calendars-title"));
    c.stand_at(if there { format!("{HOME}/ubah/{name}") } else { format!("{HOME}/baru") });
    Ok(Edit { c, name: name.to_owned(), days, there, taken: String::new(), sites, wrong: Vec::new() })
}

/// The form for a new one.
pub(super) async fn new(here: Here) -> Answer {
    page(&form(&here, "", String::new(), false).await?)
}

/// The form for one that is there.
pub(super) async fn edit(here: Here, Path(name): Path<String>) -> Answer {
    let calendars = here.office().calendars().await?;
    let (_, calendar) = calendars.iter().find(|(known, _)| *known == name).ok_or(Oops::NotFound)?;
    page(&form(&here, &name, days::lines(here.w(), calendar), true).await?)
}

/// Reads a file into the form; nothing is kept yet.
pub(super) async fn take_in(here: Here, Posted(fields): Posted) -> Answer {
    let w = here.w();
    let there = fields.is_on("ada");
    let name = fields.get("nama");
    let before = fields.get("hari").to_owned();
    match Calendar::read(fields.get("berkas")) {
        Ok(calendar) => {
            let taken = w.n("calendars-taken", calendar.holiday.len() as u64);
            page(&Edit { taken, ..form(&here, name, days::lines(w, &calendar), there).await? })
        }
        Err(all) => {
            let wrong = spoken(w, &all)
                .into_iter()
                .map(|what| ("berkas".to_owned(), w.t1("calendars-wrong-file", "what", what)));
            again(&Edit { wrong: wrong.collect(), ..form(&here, name, before, there).await? })
        }
    }
}

/// Keeps one.
pub(super) async fn save(here: Here, Posted(fields): Posted) -> Answer {
    let w = here.w();
    let (there, name, typed) = (fields.is_on("ada"), fields.get("nama"), fields.get("hari"));
    let mut wrong: Vec<(String, String)> = Vec::new();
    let id: Option<GroupId> = name.parse().map_err(|_| wrong.push(("nama".to_owned(), w.t("calendars-wrong-id")))).ok();
    if !there && here.office().calendars().await?.iter().any(|(known, _)| known == name) {
        wrong.push(("nama".to_owned(), w.t("calendars-wrong-taken")));
    }
    let calendar = days::read(typed);
    let calendar = calendar.map_err(|all| {
        wrong.extend(all.into_iter().map(|(line, slip)| ("hari".to_owned(), slip.words(w, line))));
    });
    if calendar.as_ref().is_ok_and(|calendar| calendar.holiday.is_empty()) {
        wrong.push(("hari".to_owned(), w.t("calendars-wrong-empty")));
    }
    if let (Some(id), Ok(calendar), true) = (id, calendar, wrong.is_empty()) {
        match here.office().set_calendar(&id, Some(&calendar), &here.actor("")).await {
            Ok(_) => return Ok(to(HOME, "calendar-saved")),
            Err(OfficeError::Mistakes(all)) => {
                wrong.extend(spoken(w, &all).into_iter().map(|words| ("hari".to_owned(), words)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    again(&Edit { wrong, ..form(&here, name, typed.to_owned(), there).await? })
}

/// Takes one away that no site keeps.
pub(super) async fn remove(here: Here, Posted(fields): Posted) -> Answer {
    let name: GroupId = fields.get("nama").parse().map_err(|_| Oops::NotFound)?;
    here.office().set_calendar(&name, None, &here.actor("")).await?;
    Ok(to(HOME, "calendar-removed"))
}
