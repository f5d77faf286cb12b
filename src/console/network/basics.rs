//! Setelan dasar: what a site or a level says of contact, ways in, uplink, walled garden and notices, part by part; where each
//! comes from where nothing is said.

pub(super) mod form;
pub(super) mod notices;

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use gapura_controller::{OfficeError, Right, SetAt, SettingsTree, SitePlace};
use gapura_model::{PlanId, SiteId};
use gapura_rules::sop::{is_on_shared_network, is_shared_suffix};
use gapura_speech::Words;
use gapura_wire::GardenTarget;

use super::input::{self, Input, Kind, Typed};
use super::{at, fields, site};
use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::form::{Fields, Posted};
use crate::here::Here;
use form::{KINDS, Part};

/// The room's name in addresses.
pub(super) const ROOM: &str = "dasar";

/// A form.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) hint: String,
    pub(super) inputs: Vec<Input>,
    /// What is better looked at, though it may be kept.
    pub(super) warnings: Vec<String>,
}

#[derive(Template)]
#[template(path = "basics.html")]
pub(super) struct Basics {
    pub(super) c: Chrome,
    /// The page's address.
    pub(super) base: String,
    pub(super) may_set: bool,
    pub(super) sections: Vec<Section>,
    pub(super) notices: Vec<notices::Line>,
    pub(super) notice: Vec<Input>,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<(String, String)>,
}

/// The place of an address.
fn place_of(kind: &str, name: &str) -> Result<SetAt, Oops> {
    at::above(kind, name).map(SetAt::Above).ok_or(Oops::NotFound)
}

fn own(here: &Here) -> Result<SetAt, Oops> {
    Ok(SetAt::Site(here.site()?.place.site.clone()))
}

/// `/dasar/{tingkat}/{nama}`
pub(super) async fn above(here: Here, Path((kind, name)): Path<(String, String)>) -> Answer {
    let at = place_of(&kind, &name)?;
    page(&made(&here, &stands(&here, &at).await?, &at))
}

/// `/l/{site}/dasar`
pub(super) async fn site(here: Here) -> Answer {
    let at = own(&here)?;
    page(&made(&here, &stands(&here, &at).await?, &at))
}

/// Keeps a part.
pub(super) async fn save_above(
    here: Here,
    Path((kind, name, part)): Path<(String, String, String)>,
    Posted(fields): Posted,
) -> Answer {
    save(&here, place_of(&kind, &name)?, &part, &fields).await
}

/// The same at a site.
pub(super) async fn save_site(here: Here, Path((_, part)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    let at = own(&here)?;
    save(&here, at, &part, &fields).await
}

/// What is known besides.
struct Stands {
    tree: SettingsTree,
    plans: Vec<(PlanId, String)>,
}

async fn stands(here: &Here, at: &SetAt) -> Result<Stands, Oops> {
    let tree = here.office().settings_tree().await?;
    if let SetAt::Above(level) = at
        && !at::levels(here, &tree).contains(level)
    {
        return Err(Oops::NotFound);
    }
    let plans = here.office().plans().await?.into_iter().map(|plan| (plan.id, plan.name)).collect();
    Ok(Stands { tree, plans })
}

async fn save(here: &Here, at: SetAt, name: &str, fields: &Fields) -> Answer {
    let known = stands(here, &at).await?;
    if name == notices::NAME {
        return notices::change(here, &known, &at, fields).await;
    }
    let part = Part::ALL.into_iter().find(|part| part.name() == name).ok_or(Oops::NotFound)?;
    if part == Part::Identity && matches!(at, SetAt::Above(_)) {
        return Err(Oops::NotFound);
    }
    let w = here.w();
    let typed = Typed::of(fields, part.fields());
    let outcome = match form::read(part, &typed, &known.tree.said(&at)) {
        Ok(set) => {
            let within = may_be_there(here, &at, &typed, part);
            if within {
                here.office().set_part(&at, &set, &here.actor("")).await.map(|_| Vec::new())
            } else {
                Ok(outside(w))
            }
        }
        Err(wrong) => Ok(input::told(w, wrong)),
    };
    let wrong = match outcome {
        Ok(wrong) if wrong.is_empty() => return Ok(to(&at::href(ROOM, &at), "part-saved")),
        Ok(wrong) => wrong,
        Err(OfficeError::Mistakes(all)) => input::found(w, &all),
        Err(OfficeError::Refused(why)) => input::found(w, &[why]),
        Err(error) => return Err(error.into()),
    };
    let mut shown = made(here, &known, &at);
    if let Some(section) = shown.sections.iter_mut().find(|section| section.name == name) {
        input::fill(&mut section.inputs, &typed, &wrong);
    }
    shown.wrong = input::listed(shown.sections.iter().flat_map(|section| &section.inputs), wrong);
    again(&shown)
}

/// Whoever moves a site in the tree has to be somebody there as well.
fn may_be_there(here: &Here, at: &SetAt, typed: &Typed, part: Part) -> bool {
    match at {
        SetAt::Site(site) if part == Part::Identity => may_make(here, site, typed),
        SetAt::Site(_) | SetAt::Above(_) => true,
    }
}

/// Whether the person sets sites of that agency and regency.
pub(super) fn may_make(here: &Here, site: &SiteId, typed: &Typed) -> bool {
    let place = SitePlace {
        site: site.clone(),
        agency: typed.get("instansi").to_owned(),
        regency: typed.get("kabupaten").to_owned(),
    };
    here.may_at(Right::SetNetwork, Some(&place))
}

/// It is not the person's to set there.
pub(super) fn outside(w: Words) -> Vec<(String, String)> {
    vec![("kabupaten".to_owned(), w.t("basics-wrong-scope"))]
}

fn made(here: &Here, known: &Stands, at: &SetAt) -> Basics {
    let (w, tree) = (here.w(), &known.tree);
    let said = tree.said(at);
    let title = at::name(here, tree, at);
    let c = match at {
        SetAt::Above(_) => {
            Chrome::of(here, w.t1("basics-of", "place", title.as_str())).up(at::href("setelan", at), title)
        }
        SetAt::Site(site) => Chrome::of(here, w.t("basics-title")).up(format!("/l/{site}"), title),
    };
    let mut c = c.sub(w.n("looks-reaches", at::below(here, tree, at).len() as u64));
    c.stand_at(at::href(ROOM, at));
    let may_set = match at {
        SetAt::Above(_) => here.may_at(Right::SetNetwork, None),
        SetAt::Site(_) => here.may(Right::SetNetwork),
    };
    let example = at::below(here, tree, at).first().map(|one| one.site.clone());
    let from = |field: &str| {
        let (value, level) = example.as_ref().and_then(|site| tree.inherited(at, site, field))?;
        Some((fields::value(w, field, &value), site::level(here, &level)))
    };
    let parts = Part::ALL.into_iter().filter(|part| *part != Part::Identity || matches!(at, SetAt::Site(_)));
    let known_names =
        Names { agencies: names(here, tree, true), regencies: names(here, tree, false), plans: &known.plans };
    let sections = parts.map(|part| {
        let mut section = section(w, part, &known_names, &from);
        input::fill(&mut section.inputs, &form::written(part, &said), &[]);
        section.warnings = if part == Part::Garden { foolish(w, said.garden.iter().flatten()) } else { Vec::new() };
        section
    });
    Basics {
        c,
        base: at::href(ROOM, at),
        may_set,
        sections: sections.collect(),
        notices: notices::lines(here, &said.notices),
        notice: notices::inputs(w, &here.say().zone(), &Typed::default()),
        wrong: Vec::new(),
    }
}

/// Names to choose from.
pub(super) struct Names<'a> {
    pub(super) agencies: BTreeSet<String>,
    pub(super) regencies: BTreeSet<String>,
    pub(super) plans: &'a [(PlanId, String)],
}

/// The agencies or regencies of the sites that the person may see.
pub(super) fn names(here: &Here, tree: &SettingsTree, agencies: bool) -> BTreeSet<String> {
    let seen = tree.sites.iter().filter(|one| here.may_at(Right::SeeNetwork, Some(&super::calendars::place(one))));
    seen.map(|one| if agencies { one.document.agency.clone() } else { one.document.regency.clone() }).collect()
}

fn suggested(names: &BTreeSet<String>) -> Vec<(String, String)> {
    names.iter().map(|name| (name.clone(), String::new())).collect()
}

/// What a field would be if nothing were said, and where that is set.
type Farther<'a> = &'a dyn Fn(&str) -> Option<(String, String)>;

/// "Kosong: 0482-21000, dari dinas".
fn empty(w: Words, from: Option<(String, String)>) -> String {
    match from {
        Some((value, level)) => w.t2("basics-empty", "value", value, "level", level),
        None => w.t("basics-empty-nowhere"),
    }
}

/// Whether it is set here.
fn switch(w: Words, name: &'static str, from: Option<(String, String)>) -> Input {
    let above = match from {
        Some((value, level)) => w.t2("basics-follow", "value", value, "level", level),
        None => w.t("basics-follow-usual"),
    };
    let options = vec![("atas".to_owned(), above), ("sendiri".to_owned(), w.t("basics-own"))];
    Input::new(name, w.t("basics-where"), Kind::Radio).options(options)
}

/// The kinds of sites.
pub(super) fn kinds(w: Words) -> Vec<(String, String)> {
    KINDS.into_iter().map(|(kind, name)| (name.to_owned(), w.t(super::kind(kind)))).collect()
}

/// The ways in.
pub(super) fn ways(w: Words) -> Input {
    let all = [
        ("voucer", "levels-key-voucher"),
        ("akun", "levels-key-account"),
        ("satu-ketuk", "levels-key-one-tap"),
        ("petugas", "levels-key-staff"),
    ];
    let options = all.into_iter().map(|(key, words)| (key.to_owned(), w.t(words))).collect();
    Input::new("cara", w.t("levels-field-ways"), Kind::Ticks).hint(w.t("basics-ways-hint")).options(options)
}

/// A plan to choose; `none` stands for not choosing.
pub(super) fn plan(name: &'static str, label: String, none: String, plans: &[(PlanId, String)]) -> Input {
    let known = plans.iter().map(|(id, name)| (id.to_string(), name.clone()));
    let options = std::iter::once((String::new(), none)).chain(known).collect();
    Input::new(name, label, Kind::Choice).options(options)
}

/// The fields of a part, empty.
pub(super) fn section(w: Words, part: Part, names: &Names<'_>, from: Farther<'_>) -> Section {
    let line = |name, label: &str| Input::new(name, w.t(label), Kind::Line);
    let held = |field: &str| empty(w, from(field));
    let (title, hint, inputs) = match part {
        Part::Identity => (
            "basics-identity",
            "",
            vec![
                line("nama", "levels-field-name"),
                Input::new("jenis", w.t("levels-field-kind"), Kind::Choice).options(kinds(w)),
                line("instansi", "levels-field-agency").options(suggested(&names.agencies)),
                line("kabupaten", "levels-field-regency")
                    .options(suggested(&names.regencies))
                    .hint(w.t("basics-regency-hint")),
            ],
        ),
        Part::Contact => (
            "basics-contact",
            "",
            vec![
                line("kontak", "levels-field-contact").hint(format!(
                    "{} {}",
                    w.t("basics-contact-hint"),
                    held("contact")
                )),
                line("alamat-id", "basics-address").hint(held("look.texts.help-counter")),
                line("alamat-en", "basics-address-en"),
                line("wifi", "levels-field-wifi").hint(format!("{} {}", w.t("basics-wifi-hint"), held("wifi"))),
            ],
        ),
        Part::Ways => (
            "levels-field-ways",
            "",
            vec![
                switch(w, "asal-masuk", from("ways")),
                ways(w),
                plan("paket-ketuk", w.t("levels-field-one-tap-plan"), held("one-tap-plan"), names.plans),
                plan("paket-petugas", w.t("levels-field-staff-plan"), held("staff-plan"), names.plans),
            ],
        ),
        Part::Uplink => (
            "levels-field-uplink",
            "basics-uplink-hint",
            vec![
                switch(w, "asal-uplink", from("uplink")),
                line("turun", "basics-down").hint(w.t("basics-speed-hint")),
                line("naik", "basics-up").hint(w.t("basics-speed-hint")),
            ],
        ),
        Part::Garden => (
            "levels-field-garden",
            "basics-garden-about",
            vec![
                switch(w, "asal-taman", from("garden")),
                Input::new("taman", w.t("basics-garden"), Kind::Lines).hint(w.t("basics-garden-hint")),
            ],
        ),
        Part::Doubt => {
            let choice = |name, label: &str, field: &str, first: (&str, &str), second: (&str, &str)| {
                let none = (String::new(), held(field));
                let other = [first, second].map(|(key, words)| (key.to_owned(), w.t(words)));
                let options = std::iter::once(none).chain(other).collect();
                Input::new(name, w.t(label), Kind::Choice).options(options)
            };
            let doubt = ("buka", "basics-doubt-open");
            let clock = choice("jam-ragu", "levels-field-doubt", "in-doubt", ("tutup", "basics-doubt-closed"), doubt);
            let (shut, plain) = (("tutup", "basics-index-closed"), ("biasa", "basics-index-plain"));
            let index = choice("tanpa-indeks", "levels-field-index", "filter.without-index", shut, plain);
            ("basics-doubt", "", vec![clock, index])
        }
        Part::Nat => {
            let all =
                [("", held("nat-attribution")), ("tidak", w.t("basics-nat-off")), ("catat", w.t("basics-nat-on"))];
            let options = all.map(|(key, words)| (key.to_owned(), words)).into();
            let choice = Input::new("blok-porta", w.t("basics-nat"), Kind::Choice).hint(w.t("basics-nat-hint"));
            ("levels-field-nat", "basics-nat-about", vec![choice.options(options)])
        }
        Part::ClassGroups => (
            "levels-field-class",
            "basics-class-about",
            vec![
                switch(w, "asal-kelas", from("filter.class-groups")),
                line("kelas", "basics-class").hint(w.t("basics-class-hint")),
            ],
        ),
        Part::Forward => (
            "levels-field-forward",
            "basics-zones-about",
            vec![
                switch(w, "asal-zona", from("filter.forward")),
                Input::new("zona", w.t("basics-zones"), Kind::Lines).hint(w.t("basics-zones-hint")),
            ],
        ),
    };
    let hint = if hint.is_empty() { String::new() } else { w.t(hint) };
    Section { name: part.name(), title: w.t(title), hint, inputs, warnings: Vec::new() }
}

/// What of a walled garden is legal and had better not be: the check of SOPs says the same of theirs.
pub(super) fn foolish<'a>(w: Words, garden: impl Iterator<Item = &'a gapura_wire::Garden>) -> Vec<String> {
    let mut found = Vec::new();
    for entry in garden {
        let GardenTarget::Name(text) = &entry.to else { continue };
        let Ok(name) = text.parse::<gapura_model::Name>() else { continue };
        if is_shared_suffix(&name) {
            found.push(w.t1("basics-garden-suffix", "name", text));
        } else if is_on_shared_network(&name) {
            found.push(w.t1("basics-garden-shared", "name", text));
        }
    }
    found
}
