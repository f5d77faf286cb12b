//! Writing a version: typed, checked beside what is in force, then put in force by a press.

use askama::Template;
use gapura_controller::{OfficeError, SetAt, SettingsTree, TermsDocument};
use gapura_wire::{Text, limits};

use super::changes::{self, Part};
use super::{HOME, href, places};
use crate::answer::{Answer, Oops, again, page, spoken, to};
use crate::chrome::Chrome;
use crate::dates;
use crate::form::{Fields, Posted};
use crate::here::Here;
use crate::network::at;

/// What was typed.
#[derive(Clone, Debug, Default)]
pub(in crate::network) struct Typed {
    pub(in crate::network) version: String,
    pub(in crate::network) since: String,
    pub(in crate::network) at: String,
    pub(in crate::network) indonesian: String,
    pub(in crate::network) english: String,
}

/// What would come of it.
#[derive(Clone, Debug)]
pub(in crate::network) struct Check {
    /// "Akan berlaku di 24 lokasi."
    pub(in crate::network) reach: String,
    /// Sites there where something nearer holds.
    pub(in crate::network) kept: Vec<String>,
    /// The version it is compared with; empty where none is in force there.
    pub(in crate::network) before: String,
    pub(in crate::network) indonesian: Vec<Part>,
    pub(in crate::network) english: Vec<Part>,
}

#[derive(Template)]
#[template(path = "terms-new.html")]
pub(in crate::network) struct Write {
    pub(in crate::network) c: Chrome,
    pub(in crate::network) typed: Typed,
    pub(in crate::network) places: Vec<(String, String)>,
    pub(in crate::network) check: Option<Check>,
    /// Fields and what is wrong with them.
    pub(in crate::network) wrong: Vec<(String, String)>,
}

impl Write {
    fn wrong_of(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(name, _)| name == field).map(|(_, words)| words.as_str())
    }
}

fn form(here: &Here, tree: &SettingsTree, typed: Typed) -> Write {
    let w = here.w();
    Write {
        c: Chrome::of(here, w.t("terms-new")).sub(w.t("terms-new-sub")).up(HOME, w.t("terms-title")),
        typed,
        places: places(here, tree),
        check: None,
        wrong: Vec::new(),
    }
}

/// `/syarat/baru`: the text that most sites have, to be changed.
pub(in crate::network) async fn new(here: Here) -> Answer {
    let tree = here.office().settings_tree().await?;
    let all = here.office().terms_versions().await?;
    let from = here.asked().get("dari").to_owned();
    let named = all.iter().find(|one| one.document.version == from);
    let model = named.or_else(|| all.iter().max_by_key(|one| one.sites.len()));
    let today = here.say().today();
    let free = |number: &u32| !all.iter().any(|one| one.document.version == format!("{}-{number}", today.year()));
    let number = (1..=99).find(free).unwrap_or(100);
    let typed = Typed {
        version: format!("{}-{number}", today.year()),
        since: dates::write(here.w(), today),
        at: at::key(&SetAt::Above(gapura_controller::Level::Department)),
        indonesian: model.map(|one| one.document.text.id.clone()).unwrap_or_default(),
        english: model.map(|one| one.document.text.en.clone()).unwrap_or_default(),
    };
    page(&form(&here, &tree, typed))
}

/// The version that is meant, and where; all mistakes at once.
fn read(here: &Here, typed: &Typed, known: &[TermsDocument]) -> Result<(TermsDocument, SetAt), Vec<(String, String)>> {
    let w = here.w();
    let mut wrong = Vec::new();
    let mut slip = |field: &str, key: &str| wrong.push((field.to_owned(), w.t(key)));
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if typed.version.is_empty() || typed.version.len() > 40 || !typed.version.chars().all(letter) {
        slip("versi", "terms-wrong-version");
    } else if known.iter().any(|one| one.version == typed.version) {
        slip("versi", "terms-wrong-taken");
    }
    let effective = dates::parse(&typed.since);
    if effective.is_none() {
        slip("mulai", "network-day-wrong");
    }
    let place = at::read(&typed.at);
    if place.is_none() {
        slip("di", "terms-wrong-place");
    }
    for (field, text) in [("teks-id", &typed.indonesian), ("teks-en", &typed.english)] {
        if changes::paragraphs(text).is_empty() {
            slip(field, "terms-wrong-empty");
        } else if text.len() > limits::SHOWN_BYTES {
            slip(field, "terms-wrong-long");
        }
    }
    match (effective, place) {
        (Some(effective), Some(place)) if wrong.is_empty() => {
            let text = Text { id: typed.indonesian.clone(), en: typed.english.clone() };
            Ok((TermsDocument { version: typed.version.clone(), effective, text }, place))
        }
        _ => Err(wrong),
    }
}

/// Checks what was typed, or puts it in force.
pub(in crate::network) async fn write(here: Here, Posted(fields): Posted) -> Answer {
    let typed = typed(&fields);
    let tree = here.office().settings_tree().await?;
    let known = here.office().terms().await?;
    let (document, place) = match read(&here, &typed, &known) {
        Ok(meant) => meant,
        Err(wrong) => return again(&Write { wrong, ..form(&here, &tree, typed) }),
    };
    let (check, wrong) = checked(&here, &tree, &place, &document);
    if !wrong.is_empty() {
        return again(&Write { wrong, ..form(&here, &tree, typed) });
    }
    if fields.get("langkah") != "terbit" {
        return page(&Write { check: Some(check), ..form(&here, &tree, typed) });
    }
    match here.office().set_terms(&place, Some(&document), &here.actor("")).await {
        Ok(_) => Ok(to(&href(&document.version), "terms-published")),
        Err(OfficeError::Mistakes(all)) => {
            let wrong = spoken(here.w(), &all).into_iter().map(|words| ("versi".to_owned(), words)).collect();
            again(&Write { wrong, ..form(&here, &tree, typed) })
        }
        Err(error) => Err(Oops::from(error)),
    }
}

fn typed(fields: &Fields) -> Typed {
    let text = |name: &str| fields.get(name).replace("\r\n", "\n");
    Typed {
        version: text("versi"),
        since: text("mulai"),
        at: text("di"),
        indonesian: text("teks-id"),
        english: text("teks-en"),
    }
}

/// What would come of it, and what stands against it.
fn checked(
    here: &Here,
    tree: &SettingsTree,
    place: &SetAt,
    document: &TermsDocument,
) -> (Check, Vec<(String, String)>) {
    let w = here.w();
    let mut said = tree.said(place);
    let before = said.terms.take();
    said.terms = Some(document.clone());
    let (mut reached, mut kept, mut wrong) = (0, Vec::new(), Vec::new());
    for (site, settled) in tree.would_be(place, &said) {
        let name = at::name(here, tree, &SetAt::Site(site));
        match settled {
            Ok(settled) if settled.document.terms.as_ref() == Some(document) => reached += 1,
            Ok(_) => kept.push(name),
            Err(all) => {
                wrong.extend(spoken(w, &all).into_iter().map(|words| ("di".to_owned(), format!("{name}: {words}"))));
            }
        }
    }
    // What most of those sites have now, where nothing is set there itself.
    let before = before.or_else(|| tree.below(place).find_map(|one| one.document.terms.clone()));
    let old = before.as_ref().map(|before| &before.text);
    let check = Check {
        reach: w.n("terms-would-reach", reached),
        kept,
        indonesian: changes::changes(old.map_or("", |text| text.id.as_str()), &document.text.id),
        english: changes::changes(old.map_or("", |text| text.en.as_str()), &document.text.en),
        before: before.map(|before| before.version).unwrap_or_default(),
    };
    (check, wrong)
}
