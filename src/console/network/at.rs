//! Where something is set, in addresses and in words.

use std::collections::BTreeSet;

use gapura_controller::{Level, Right, SetAt, SettingsTree, SiteStands};

use super::calendars::place;
use super::site;
use crate::here::Here;

/// The name of the one level that has none.
const WHOLE: &str = "semua";

/// The level of an address: "kelompok" and "pulau".
pub(super) fn above(kind: &str, name: &str) -> Option<Level> {
    let (kind, name) = match kind {
        "dinas" => ("department", if name == WHOLE { "" } else { return None }),
        "kabupaten" => ("regency", name),
        "instansi" => ("agency", name),
        "jenis" => ("kind", name),
        "kelompok" => ("group", name),
        _ => return None,
    };
    Level::above(kind, name)
}

fn parts(level: &Level) -> (&'static str, &str) {
    match level {
        Level::Department | Level::Site | Level::Default => ("dinas", WHOLE),
        Level::Regency(name) => ("kabupaten", name),
        Level::Agency(name) => ("instansi", name),
        Level::Kind(name) => ("jenis", name),
        Level::Group(name) => ("kelompok", name),
    }
}

/// The address of a room's page about it.
pub(super) fn href(room: &str, at: &SetAt) -> String {
    match at {
        SetAt::Above(level) => {
            let (kind, name) = parts(level);
            let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
            format!("/{room}/{kind}/{}", name.replace('+', "%20"))
        }
        SetAt::Site(site) => format!("/l/{site}/{room}"),
    }
}

/// One text for a field of a form.
pub(super) fn key(at: &SetAt) -> String {
    match at {
        SetAt::Above(level) => {
            let (kind, name) = parts(level);
            format!("{kind}:{name}")
        }
        SetAt::Site(site) => format!("lokasi:{site}"),
    }
}

/// What that text means.
pub(super) fn read(key: &str) -> Option<SetAt> {
    match key.split_once(':')? {
        ("lokasi", site) => site.parse().ok().map(SetAt::Site),
        (kind, name) => above(kind, name).map(SetAt::Above),
    }
}

/// Its name, as people say it.
pub(super) fn name(here: &Here, tree: &SettingsTree, at: &SetAt) -> String {
    match at {
        SetAt::Above(level) => site::level(here, level),
        SetAt::Site(id) => {
            let known = tree.sites.iter().find(|one| one.site == *id);
            known.map_or_else(|| id.to_string(), |one| one.document.name.clone())
        }
    }
}

/// Whether the person may see what is set there: where it reaches a site that they may see. What the department says reaches all.
pub(super) fn seen(here: &Here, tree: &SettingsTree, at: &SetAt) -> bool {
    here.may_at(Right::SeeNetwork, None) || *at == SetAt::Above(Level::Department) || !below(here, tree, at).is_empty()
}

/// Every level above the sites where something is or could be set, from far to near, as far as the person may see it.
pub(super) fn levels(here: &Here, tree: &SettingsTree) -> BTreeSet<Level> {
    let mut found = all_levels(tree);
    found.retain(|level| seen(here, tree, &SetAt::Above(level.clone())));
    found
}

fn all_levels(tree: &SettingsTree) -> BTreeSet<Level> {
    let mut found: BTreeSet<Level> = tree.levels().iter().map(|(level, _)| level.clone()).collect();
    found.insert(Level::Department);
    for one in &tree.sites {
        found.insert(Level::Regency(one.document.regency.clone()));
        found.insert(Level::Agency(one.document.agency.clone()));
        found.extend(kind_name(one.document.kind).map(Level::Kind));
    }
    found
}

fn kind_name(kind: gapura_model::SiteKind) -> Option<String> {
    serde_json::to_value(kind).ok()?.as_str().map(str::to_owned)
}

/// The sites below that the person may see.
pub(super) fn below<'a>(here: &Here, tree: &'a SettingsTree, at: &'a SetAt) -> Vec<&'a SiteStands> {
    tree.below(at).filter(|one| here.may_at(Right::SeeNetwork, Some(&place(one)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_address_and_its_key() {
        for at in [
            SetAt::Above(Level::Department),
            SetAt::Above(Level::Regency("Sinjai & Bone".to_owned())),
            SetAt::Above(Level::Agency("Diskominfo: Sinjai".to_owned())),
            SetAt::Above(Level::Kind("gallery".to_owned())),
            SetAt::Above(Level::Group("pulau".to_owned())),
            SetAt::Site("galeri".parse().unwrap()),
        ] {
            assert_eq!(read(&key(&at)), Some(at));
        }
        let regency = SetAt::Above(Level::Regency("Sinjai & Bone/1+1".to_owned()));
        assert_eq!(href("rupa", &regency), "/rupa/kabupaten/Sinjai%20%26%20Bone%2F1%2B1");
        assert_eq!(href("rupa", &SetAt::Site("galeri".parse().unwrap())), "/l/galeri/rupa");
        assert_eq!((above("dinas", "lain"), above("entah", "x"), above("kelompok", "")), (None, None, None));
    }
}
