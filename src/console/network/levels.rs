//! Kelompok setelan: what is set above the sites, where it reaches, and named groups.

use askama::Template;
use axum::extract::Path;
use gapura_controller::{Level, OfficeError, Right, SetAt, SettingsTree};
use gapura_model::{GroupId, SiteId};

use super::{at, fields};
use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

const HOME: &str = "/setelan";

/// A level in the list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) href: String,
    pub(super) name: String,
    /// Names of what is set there.
    pub(super) set: Vec<String>,
    pub(super) sites: String,
}

#[derive(Template)]
#[template(path = "levels.html")]
pub(super) struct List {
    pub(super) c: Chrome,
    pub(super) may_set: bool,
    pub(super) lines: Vec<Line>,
    pub(super) groups: Vec<Line>,
    pub(super) typed: String,
    /// What is wrong with the new group's name.
    pub(super) wrong: String,
}

/// A site below.
#[derive(Clone, Debug)]
pub(super) struct Below {
    pub(super) id: String,
    pub(super) name: String,
    /// What something nearer has its say about, of what is set here.
    pub(super) lost: Vec<String>,
}

#[derive(Template)]
#[template(path = "level.html")]
pub(super) struct One {
    pub(super) c: Chrome,
    pub(super) may_set: bool,
    /// The group's name; empty for other levels.
    pub(super) group: String,
    /// Field and value.
    pub(super) set: Vec<(String, String)>,
    pub(super) look: String,
    pub(super) basics: String,
    pub(super) hours: String,
    pub(super) sites: Vec<Below>,
    /// Sites that can be taken in: id, and name with the group it is in.
    pub(super) others: Vec<(String, String)>,
    pub(super) typed: String,
    /// What is wrong with the new name.
    pub(super) wrong: String,
}

/// `/setelan`
pub(super) async fn list(here: Here) -> Answer {
    page(&listed(&here).await?)
}

async fn listed(here: &Here) -> Result<List, Oops> {
    let w = here.w();
    let tree = here.office().settings_tree().await?;
    let line = |level: Level| {
        let at = SetAt::Above(level);
        Line {
            href: at::href("setelan", &at),
            name: at::name(here, &tree, &at),
            set: fields::said(w, &tree.said(&at)).into_iter().map(|(name, _)| name).collect(),
            sites: w.n("looks-reaches", at::below(here, &tree, &at).len() as u64),
        }
    };
    let (groups, lines): (Vec<_>, Vec<_>) =
        at::levels(here, &tree).into_iter().partition(|level| matches!(level, Level::Group(_)));
    let mut c = Chrome::of(here, w.t("levels-title")).sub(w.t("levels-sub"));
    c.stand_at(HOME.to_owned());
    Ok(List {
        c,
        may_set: here.may_at(Right::SetNetwork, None),
        lines: lines.into_iter().map(line).collect(),
        groups: groups.into_iter().map(line).collect(),
        typed: String::new(),
        wrong: String::new(),
    })
}

/// `/setelan/{tingkat}/{nama}`
pub(super) async fn one(here: Here, Path((kind, name)): Path<(String, String)>) -> Answer {
    let level = at::above(&kind, &name).ok_or(Oops::NotFound)?;
    page(&made(&here, level).await?)
}

async fn made(here: &Here, level: Level) -> Result<One, Oops> {
    let w = here.w();
    let tree = here.office().settings_tree().await?;
    if !at::levels(here, &tree).contains(&level) {
        return Err(Oops::NotFound);
    }
    let group = if let Level::Group(name) = &level { name.clone() } else { String::new() };
    let at = SetAt::Above(level.clone());
    let below = at::below(here, &tree, &at);
    let sites = below.iter().map(|one| {
        let beaten = |origin: &&gapura_controller::Origin| origin.lost.iter().any(|lost| lost.from == level);
        let lost = one.origins.iter().filter(beaten).map(|origin| fields::name(w, &origin.field));
        Below { id: one.site.to_string(), name: one.document.name.clone(), lost: lost.collect() }
    });
    let sites = sites.collect();
    let may_set = here.may_at(Right::SetNetwork, None);
    let mut c = Chrome::of(here, at::name(here, &tree, &at)).up(HOME, w.t("levels-title"));
    c.stand_at(at::href("setelan", &at));
    Ok(One {
        c: c.sub(w.n("looks-reaches", below.len() as u64)),
        may_set,
        set: fields::said(w, &tree.said(&at)),
        look: at::href("rupa", &at),
        basics: at::href(super::basics::ROOM, &at),
        hours: at::href(super::hours::ROOM, &at),
        sites,
        others: if may_set { others(here, &tree, &group) } else { Vec::new() },
        typed: group.clone(),
        group,
        wrong: String::new(),
    })
}

fn others(here: &Here, tree: &SettingsTree, group: &str) -> Vec<(String, String)> {
    let outside = tree.sites.iter().filter(|one| one.group.as_deref() != Some(group));
    let named = outside.map(|one| {
        let name = one.document.name.clone();
        let name = match &one.group {
            Some(other) => here.w().t2("levels-in-other", "site", name, "group", other.clone()),
            None => name,
        };
        (one.site.to_string(), name)
    });
    named.collect()
}

fn group_href(name: &str) -> String {
    at::href("setelan", &SetAt::Above(Level::Group(name.to_owned())))
}

/// What is wrong with a group's new name; `None` where the use-case did it.
fn slip(here: &Here, outcome: Result<(), OfficeError>) -> Result<Option<String>, Oops> {
    match outcome {
        Ok(()) => Ok(None),
        Err(OfficeError::Refused(_)) => Ok(Some(here.w().t("levels-wrong-taken"))),
        Err(error) => Err(error.into()),
    }
}

/// Makes a group.
pub(super) async fn make(here: Here, Posted(form): Posted) -> Answer {
    let typed = form.get("nama");
    let wrong = match typed.parse::<GroupId>() {
        Ok(name) => slip(&here, here.office().make_settings_group(&name, &here.actor("")).await)?,
        Err(_) => Some(here.w().t("levels-wrong-id")),
    };
    match wrong {
        None => Ok(to(&group_href(typed), "group-made")),
        Some(wrong) => again(&List { typed: typed.to_owned(), wrong, ..listed(&here).await? }),
    }
}

/// Gives a group another name.
pub(super) async fn rename(here: Here, Posted(form): Posted) -> Answer {
    let (old, typed) = (form.get("kelompok"), form.get("nama"));
    let name: GroupId = old.parse().map_err(|_| Oops::NotFound)?;
    let wrong = match typed.parse::<GroupId>() {
        Ok(new) if new == name => None,
        Ok(new) => {
            let renamed = here.office().rename_settings_group(&name, &new, &here.actor("")).await;
            slip(&here, renamed.map(|_| ()))?
        }
        Err(_) => Some(here.w().t("levels-wrong-id")),
    };
    match wrong {
        None => Ok(to(&group_href(typed), "group-renamed")),
        Some(wrong) => {
            let level = Level::Group(old.to_owned());
            again(&One { typed: typed.to_owned(), wrong, ..made(&here, level).await? })
        }
    }
}

/// Takes an empty group away.
pub(super) async fn remove(here: Here, Posted(form): Posted) -> Answer {
    let name: GroupId = form.get("kelompok").parse().map_err(|_| Oops::NotFound)?;
    here.office().set_level(&Level::Group(name.to_string()), None, &here.actor("")).await?;
    Ok(to(HOME, "group-removed"))
}

/// Takes a site into a group, or out of it.
pub(super) async fn join(here: Here, Posted(form): Posted) -> Answer {
    let site: SiteId = form.get("lokasi").parse().map_err(|_| Oops::NotFound)?;
    let group: GroupId = form.get("kelompok").parse().map_err(|_| Oops::NotFound)?;
    let out = form.is_on("keluar");
    here.office().join_settings(&site, Some(&group).filter(|_| !out), &here.actor("")).await?;
    Ok(to(&group_href(group.as_str()), if out { "group-left" } else { "group-joined" }))
}
