//! Rupa portal: how the portal looks, set above the sites or at one, seen before it is kept.

mod draft;
pub(super) mod form;
pub(super) mod frame;
pub(super) mod list;
mod worn;

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use captive_portal::Faint;
use gapura_controller::{Level, OfficeError, Right, SetAt, SettingsDocument, SettingsTree};
use gapura_model::SiteId;
use gapura_speech::{Lang, Words};

use super::at;
use super::site::level;
use crate::answer::{Answer, Oops, again, page, spoken, to};
use crate::chrome::Chrome;
use crate::form::{Fields, Posted};
use crate::here::Here;
use form::{COLOURS, TEXTS, Typed};

/// A colour in the form.
#[derive(Clone, Debug)]
pub(super) struct Colour {
    pub(super) field: &'static str,
    pub(super) label: String,
    /// What holds where the field is empty, and where that comes from.
    pub(super) holds: String,
    pub(super) from: String,
}

/// A text in the form.
#[derive(Clone, Debug)]
pub(super) struct Both {
    pub(super) field: &'static str,
    pub(super) label: String,
    /// What holds where the fields are empty.
    pub(super) from: String,
    pub(super) most: usize,
}

/// A page in a frame.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) title: String,
    pub(super) src: String,
}

/// How it is looked at, as chosen in the form.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) site: String,
    pub(super) english: bool,
    pub(super) page: String,
}

#[derive(Template)]
#[template(path = "look.html")]
pub(super) struct Edit {
    pub(super) c: Chrome,
    /// The form's address.
    pub(super) base: String,
    pub(super) may_set: bool,
    pub(super) typed: Typed,
    pub(super) name_from: String,
    pub(super) logo_from: String,
    pub(super) colours: Vec<Colour>,
    pub(super) texts: Vec<Both>,
    /// Sites to look at: id and name.
    pub(super) sites: Vec<(String, String)>,
    pub(super) pages: Vec<(&'static str, String)>,
    pub(super) seen: Seen,
    pub(super) frames: Vec<Shown>,
    /// What nobody could read.
    pub(super) faint: Vec<String>,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<(String, String)>,
    /// It was asked to be kept.
    pub(super) unkept: bool,
}

impl Edit {
    fn wrong_of(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(name, _)| name == field).map(|(_, words)| words.as_str())
    }

    /// What stands in a colour's place in the drawing beside its field.
    fn swatch<'a>(&'a self, colour: &'a Colour) -> &'a str {
        let typed = self.typed.get(colour.field);
        let is = typed.len() == 7 && typed.starts_with('#') && typed.bytes().skip(1).all(|c| c.is_ascii_hexdigit());
        if is { typed } else { &colour.holds }
    }
}

/// The place of an address.
fn place_of(kind: &str, name: &str) -> Result<SetAt, Oops> {
    at::above(kind, name).map(SetAt::Above).ok_or(Oops::NotFound)
}

fn own(here: &Here) -> Result<SetAt, Oops> {
    Ok(SetAt::Site(here.site()?.place.site.clone()))
}

/// `/rupa/{tingkat}/{nama}`
pub(super) async fn above(here: Here, Path((kind, name)): Path<(String, String)>) -> Answer {
    shown(&here, place_of(&kind, &name)?).await
}

/// `/l/{site}/rupa`
pub(super) async fn site(here: Here) -> Answer {
    let at = own(&here)?;
    shown(&here, at).await
}

/// The same with what was typed, nothing being kept.
pub(super) async fn try_above(
    here: Here,
    Path((kind, name)): Path<(String, String)>,
    Posted(fields): Posted,
) -> Answer {
    tried(&here, place_of(&kind, &name)?, &fields).await
}

/// The same at a site.
pub(super) async fn try_site(here: Here, Posted(fields): Posted) -> Answer {
    let at = own(&here)?;
    tried(&here, at, &fields).await
}

/// Keeps it.
pub(super) async fn save_above(
    here: Here,
    Path((kind, name)): Path<(String, String)>,
    Posted(fields): Posted,
) -> Answer {
    save(&here, place_of(&kind, &name)?, &fields).await
}

/// The same at a site.
pub(super) async fn save_site(here: Here, Posted(fields): Posted) -> Answer {
    let at = own(&here)?;
    save(&here, at, &fields).await
}

async fn shown(here: &Here, at: SetAt) -> Answer {
    let tree = here.office().settings_tree().await?;
    if let SetAt::Above(level) = &at
        && !at::levels(here, &tree).contains(level)
    {
        return Err(Oops::NotFound);
    }
    let said = tree.said(&at);
    page(&made(here, &tree, &at, Typed::written(&said.look), Seen::default()))
}

impl Seen {
    fn of(fields: &Fields) -> Self {
        Self {
            site: fields.get("situs").to_owned(),
            english: fields.get("bahasa-lihat") == "en",
            page: fields.get("halaman").to_owned(),
        }
    }
}

async fn tried(here: &Here, at: SetAt, fields: &Fields) -> Answer {
    let tree = here.office().settings_tree().await?;
    let (form, ..) = read(here, &tree, &at, fields);
    page(&form)
}

/// The form with what was typed and all that is wrong with it, and what would be said there.
fn read(here: &Here, tree: &SettingsTree, at: &SetAt, fields: &Fields) -> (Edit, SettingsDocument) {
    let w = here.w();
    let typed = Typed::of(fields);
    let mut said = tree.said(at);
    let (look, wrong) = typed.read(&said.look);
    said.look = look;
    let mut form = made(here, tree, at, typed, Seen::of(fields));
    let told = |(field, key): (String, &str)| {
        let words = format!("{}: {}", label(w, &field), w.t(key));
        (field, words)
    };
    form.wrong = wrong.into_iter().map(told).collect();
    (form, said)
}

async fn save(here: &Here, at: SetAt, fields: &Fields) -> Answer {
    let tree = here.office().settings_tree().await?;
    let (mut form, said) = read(here, &tree, &at, fields);
    if form.wrong.is_empty() && form.faint.is_empty() {
        match here.office().set_look(&at, &said.look, &here.actor("")).await {
            Ok(_) => return Ok(to(&at::href("rupa", &at), "look-saved")),
            Err(OfficeError::Mistakes(all)) => {
                form.wrong.extend(spoken(here.w(), &all).into_iter().map(|words| ("isi".to_owned(), words)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    form.unkept = true;
    again(&form)
}

fn made(here: &Here, tree: &SettingsTree, at: &SetAt, typed: Typed, mut seen: Seen) -> Edit {
    let w = here.w();
    let below = at::below(here, tree, at);
    let sites: Vec<_> = below.iter().map(|one| (one.site.to_string(), one.document.name.clone())).collect();
    if !sites.iter().any(|(id, _)| *id == seen.site) {
        seen.site = sites.first().map(|(id, _)| id.clone()).unwrap_or_default();
    }
    if !frame::PAGES.iter().any(|(name, ..)| *name == seen.page) {
        "depan".clone_into(&mut seen.page);
    }
    let example: Option<SiteId> = seen.site.parse().ok();
    let inherited = |field: &str| example.as_ref().and_then(|site| tree.inherited(at, site, field));
    let from = |field: &str| from(here, inherited(field).map(|(_, level)| level));
    let mut usual = captive_portal::Colours::default();
    let colours = COLOURS.map(|(field, token, label)| {
        let holds = inherited(&format!("look.colours.{token}"));
        let value = holds.as_ref().and_then(|(value, _)| value.as_str().map(str::to_owned));
        let value = value.or_else(|| usual.of(token).map(|colour| colour.to_string())).unwrap_or_default();
        Colour {
            field,
            label: w.t(label),
            from: empty(w, &value, holds.map(|(_, from)| level(here, &from))),
            holds: value,
        }
    });
    let texts = TEXTS.map(|(field, name, label, most)| Both {
        field,
        label: w.t(label),
        from: from(&format!("look.texts.{name}")),
        most,
    });
    let title = at::name(here, tree, at);
    let c = match at {
        SetAt::Above(_) => Chrome::of(here, w.t1("looks-of", "place", title)).up("/rupa", w.t("looks-title")),
        SetAt::Site(site) => Chrome::of(here, w.t("looks-title")).up(format!("/l/{site}"), title),
    };
    let may_set = match at {
        SetAt::Above(_) => here.may_at(Right::SetNetwork, None),
        SetAt::Site(_) => here.may(Right::SetNetwork),
    };
    let mut c = c.sub(w.n("looks-reaches", below.len() as u64));
    // The other language is one of this page, not of the form's answer.
    c.stand_at(at::href("rupa", at));
    Edit {
        c,
        base: at::href("rupa", at),
        may_set,
        name_from: from("look.name"),
        logo_from: from("look.logo"),
        colours: colours.into(),
        texts: texts.into(),
        pages: frame::PAGES.iter().map(|(name, _, key)| (*name, w.t(key))).collect(),
        frames: frames(here, at, &typed, &seen),
        faint: faint(here, tree, at, &typed),
        sites,
        seen,
        typed,
        wrong: Vec::new(),
        unkept: false,
    }
}

/// "Kosong: #0b4a50, dari dinas".
pub(super) fn empty(w: Words, value: &str, from: Option<String>) -> String {
    match from {
        Some(from) => w.t2("looks-empty-colour", "colour", value, "level", from),
        None => w.t1("looks-empty-colour-usual", "colour", value),
    }
}

/// "Kosong: dari dinas".
fn from(here: &Here, level: Option<Level>) -> String {
    let w = here.w();
    match level {
        Some(level) => w.t1("looks-empty-from", "level", self::level(here, &level)),
        None => w.t("looks-empty-usual"),
    }
}

fn frames(here: &Here, at: &SetAt, typed: &Typed, seen: &Seen) -> Vec<Shown> {
    let (w, Some(person)) = (here.w(), &here.person) else { return Vec::new() };
    if seen.site.is_empty() {
        return Vec::new();
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("di", &at::key(at)).append_pair("situs", &seen.site).append_pair("halaman", &seen.page);
    query.append_pair("bahasa-lihat", if seen.english { "en" } else { "id" });
    query.extend_pairs(typed.filled(seen.page == "privasi"));
    let query = draft::DRAFTS.shortened(person.staff.session, query.finish());
    let frame = |dark: bool| {
        let title = w.t(if dark { "looks-dark" } else { "looks-light" });
        Shown { title, src: format!("/rupa/bingkai?{query}{}", if dark { "&gelap=1" } else { "" }) }
    };
    vec![frame(false), frame(true)]
}

/// The label of a field.
pub(super) fn label(w: Words, field: &str) -> String {
    let colour = COLOURS.iter().find(|(known, ..)| *known == field).map(|(.., key)| w.t(key));
    let text = || {
        let (name, lang) = field.rsplit_once('-')?;
        let (.., key, _) = TEXTS.iter().find(|(known, ..)| *known == name)?;
        let lang = w.t(if lang == "en" { "looks-english" } else { "looks-indonesian" });
        Some(format!("{}, {lang}", w.t(key)))
    };
    let other = || w.t(if field == "logo" { "looks-logo" } else { "looks-name" });
    colour.or_else(text).unwrap_or_else(other)
}

/// What nobody could read at any site below, each pair once with the sites where it would stand.
fn faint(here: &Here, tree: &SettingsTree, at: &SetAt, typed: &Typed) -> Vec<String> {
    let w = here.w();
    let mut said = tree.said(at);
    (said.look, _) = typed.read(&said.look);
    let mut found = BTreeMap::<String, Vec<String>>::new();
    for (_, settled) in tree.would_be(at, &said) {
        let Ok(settled) = settled else { continue };
        let look = worn::look(&settled.document);
        let pairs = look.colours.faint();
        // What is no matter of colours is told as the portal says it.
        let other = look.check().err().filter(|_| pairs.is_empty()).map(|error| error.0).unwrap_or_default();
        for words in pairs.iter().map(|pair| pair_words(w, pair)).chain(other) {
            found.entry(words).or_default().push(settled.document.name.clone());
        }
    }
    let all = tree.below(at).count();
    let told = |(words, sites): (String, Vec<String>)| {
        if sites.len() == all { words } else { w.t2("looks-faint-at", "what", words, "sites", sites.join(", ")) }
    };
    found.into_iter().map(told).collect()
}

/// "Tulisan pada kepala #ffffff di atas warna kepala #ffcc00: kontras 1,5 : 1".
pub(super) fn pair_words(w: Words, pair: &Faint) -> String {
    let name = |token: &str| {
        let known = COLOURS.iter().find(|(_, known, _)| *known == token);
        known.map(|(.., key)| w.t(key)).unwrap_or_default()
    };
    let ratio = format!("{:.1}", pair.contrast);
    let ratio = if w.lang() == Lang::Id { ratio.replace('.', ",") } else { ratio };
    let key = if pair.dark { "looks-faint-dark" } else { "looks-faint" };
    let both = w.t2(
        "looks-faint-pair",
        "front",
        format!("{} {}", name(pair.front.0), pair.front.1),
        "back",
        format!("{} {}", name(pair.back.0), pair.back.1),
    );
    w.t2(key, "pair", both, "ratio", ratio)
}
