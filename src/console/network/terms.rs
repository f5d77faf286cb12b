//! Syarat: versions of the terms of use, where each is in force, and writing a new one.

pub(super) mod changes;
pub(super) mod write;

use askama::Template;
use gapura_controller::{Right, SetAt, SettingsTree, TermsDocument, TermsVersion};
use gapura_wire::Terms;

use super::{Tag, at};
use crate::answer::{Answer, Oops, page, to};
use crate::chrome::Chrome;
use crate::dates;
use crate::form::Posted;
use crate::here::Here;

const HOME: &str = "/syarat";

/// A version in the list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) href: String,
    pub(super) version: String,
    pub(super) since: String,
    pub(super) tag: Tag,
    /// Where it is set.
    pub(super) set: Vec<String>,
    pub(super) accepted: String,
}

#[derive(Template)]
#[template(path = "terms.html")]
pub(super) struct List {
    pub(super) c: Chrome,
    pub(super) may_set: bool,
    pub(super) lines: Vec<Line>,
    /// Sites without terms.
    pub(super) without: Vec<String>,
}

/// A place where it is set.
#[derive(Clone, Debug)]
pub(super) struct SetHere {
    pub(super) key: String,
    pub(super) name: String,
}

#[derive(Template)]
#[template(path = "terms-version.html")]
pub(super) struct One {
    pub(super) c: Chrome,
    pub(super) may_set: bool,
    pub(super) version: String,
    /// Where a new one is written from its text.
    pub(super) from_this: String,
    /// What the portal prints below the text.
    pub(super) print: String,
    pub(super) indonesian: Vec<String>,
    pub(super) english: Vec<String>,
    pub(super) set: Vec<SetHere>,
    pub(super) sites: Vec<String>,
    pub(super) accepted: String,
    /// Where it can be put in force: key and name.
    pub(super) places: Vec<(String, String)>,
}

/// The address of a version's page.
fn href(version: &str) -> String {
    format!("{HOME}/versi?{}", asked("v", version))
}

fn asked(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

/// Every place where terms may be set: key and name.
fn places(here: &Here, tree: &SettingsTree) -> Vec<(String, String)> {
    let levels = at::levels(here, tree).into_iter().map(SetAt::Above);
    let sites = tree.sites.iter().map(|one| SetAt::Site(one.site.clone()));
    levels.chain(sites).map(|at| (at::key(&at), at::name(here, tree, &at))).collect()
}

fn tag(here: &Here, one: &TermsVersion) -> Tag {
    let w = here.w();
    let today = here.say().today();
    if one.sites.is_empty() {
        return Tag { class: "off", words: w.t("terms-not-in-force") };
    }
    let words = w.n("terms-in-force", one.sites.len() as u64);
    Tag { class: if one.document.effective > today { "info" } else { "good" }, words }
}

/// The versions that the person may see, each as far as they may: those in force, or set, where they see the network.
async fn versions(here: &Here, tree: &SettingsTree) -> Result<Vec<TermsVersion>, Oops> {
    let mut all = here.office().terms_versions().await?;
    if !here.may_at(Right::SeeNetwork, None) {
        for one in &mut all {
            one.sites.retain(|site| at::seen(here, tree, &SetAt::Site(site.clone())));
            one.set.retain(|at| at::seen(here, tree, at));
        }
        all.retain(|one| !one.sites.is_empty() || !one.set.is_empty());
    }
    Ok(all)
}

/// How many accepted it, in words: a number of the whole department.
fn accepted(here: &Here, one: &TermsVersion) -> String {
    if here.may_at(Right::SeeNetwork, None) { here.w().n("terms-accepted", one.accepted) } else { String::new() }
}

/// `/syarat`
pub(super) async fn list(here: Here) -> Answer {
    let w = here.w();
    let tree = here.office().settings_tree().await?;
    let line = |one: TermsVersion| Line {
        href: href(&one.document.version),
        since: w.t1("terms-since", "date", dates::write(w, one.document.effective)),
        tag: tag(&here, &one),
        set: one.set.iter().map(|at| at::name(&here, &tree, at)).collect(),
        accepted: accepted(&here, &one),
        version: one.document.version,
    };
    let lines = versions(&here, &tree).await?.into_iter().map(line).collect();
    let bare = tree.sites.iter().filter(|one| one.document.terms.is_none());
    let bare = bare.filter(|one| here.may_at(Right::SeeNetwork, Some(&super::calendars::place(one))));
    page(&List {
        c: Chrome::of(&here, w.t("terms-title")).sub(w.t("terms-sub")),
        may_set: here.may_at(Right::SetNetwork, None),
        lines,
        without: bare.map(|one| one.document.name.clone()).collect(),
    })
}

/// `/syarat/versi?v=..`
pub(super) async fn one(here: Here) -> Answer {
    let w = here.w();
    let wanted = here.asked().get("v").to_owned();
    let tree = here.office().settings_tree().await?;
    let all = versions(&here, &tree).await?;
    let found = all.into_iter().find(|one| one.document.version == wanted).ok_or(Oops::NotFound)?;
    let name = |id: &gapura_model::SiteId| at::name(&here, &tree, &SetAt::Site(id.clone()));
    let paragraphs = |text: &str| changes::paragraphs(text).into_iter().map(str::to_owned).collect();
    let since = w.t1("terms-since", "date", dates::write(w, found.document.effective));
    let set: Vec<SetHere> =
        found.set.iter().map(|at| SetHere { key: at::key(at), name: at::name(&here, &tree, at) }).collect();
    let places = places(&here, &tree).into_iter().filter(|(key, _)| !set.iter().any(|one| one.key == *key)).collect();
    page(&One {
        c: Chrome::of(&here, w.t1("terms-version", "version", wanted.as_str())).sub(since).up(HOME, w.t("terms-title")),
        may_set: here.may_at(Right::SetNetwork, None),
        from_this: format!("{HOME}/baru?{}", asked("dari", &wanted)),
        version: wanted,
        print: print(&found.document),
        indonesian: paragraphs(&found.document.text.id),
        english: paragraphs(&found.document.text.en),
        sites: found.sites.iter().map(name).collect(),
        accepted: accepted(&here, &found),
        places,
        set,
    })
}

/// "9f3c 77ab 41d0 e2b6", as the portal prints it below the text.
fn print(document: &TermsDocument) -> String {
    let hash = Terms::hash(&document.text);
    let octets: Vec<String> = hash.as_bytes().iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    octets.chunks(2).map(<[String]>::concat).collect::<Vec<_>>().join(" ")
}

/// Puts a version that is written down in force somewhere.
pub(super) async fn put(here: Here, Posted(fields): Posted) -> Answer {
    let version = fields.get("versi");
    let at = at::read(fields.get("di")).ok_or(Oops::NotFound)?;
    let known = here.office().terms().await?.into_iter().find(|known| known.version == version);
    let known = known.ok_or(Oops::NotFound)?;
    here.office().set_terms(&at, Some(&known), &here.actor("")).await?;
    Ok(to(&href(version), "terms-set"))
}

/// Lets what is set farther away hold again.
pub(super) async fn withdraw(here: Here, Posted(fields): Posted) -> Answer {
    let at = at::read(fields.get("di")).ok_or(Oops::NotFound)?;
    here.office().set_terms(&at, None, &here.actor("")).await?;
    Ok(to(&href(fields.get("versi")), "terms-withdrawn"))
}
