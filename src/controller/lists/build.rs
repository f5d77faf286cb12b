//! Building an index of the editions in force.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gapura_lists::{Builder, Built, HashKey, ListHead};
use gapura_model::{CategoryId, ListId};
use gapura_rules::sop::{CatalogueEntry, ListSource};
use gapura_wire::Sha256;
use serde::{Deserialize, Serialize};

use super::ListsError;
use super::edition::each_line;
use super::shelf::Shelf;
use super::state::Edition;
use super::take::is_whole;

/// What an index was made of; kept beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recipe {
    /// The hash key of its names, 32 hexadecimal digits: one with the same key can be brought up to date by a delta.
    pub(crate) key: String,
    /// Which edition of each list, with its title and category.
    pub(crate) lists: BTreeMap<ListId, (Sha256, CategoryId, String)>,
}

impl Recipe {
    /// The hash key.
    pub(crate) fn hash_key(&self) -> Option<HashKey> {
        u128::from_str_radix(&self.key, 16).ok().map(|key| HashKey(key.to_be_bytes()))
    }
}

/// One list of an index.
#[derive(Clone, Debug)]
pub(crate) struct Ingredient {
    pub(crate) source: ListSource,
    pub(crate) entry: CatalogueEntry,
    pub(crate) edition: Edition,
    pub(crate) directory: PathBuf,
}

/// Builds the index of this version and its names. Where files are not those of the edition any more nothing is built.
/// Blocks for as long as it takes.
pub(crate) fn build(
    shelf: &Shelf,
    version: u64,
    (key, lists): (HashKey, &[Ingredient]),
    sign: &dyn Fn(&[u8; 32]) -> Vec<u8>,
) -> Result<Built, ListsError> {
    let damaged = |list: &&Ingredient| !is_whole(&list.directory, &list.edition);
    let damaged: Vec<ListId> = lists.iter().filter(damaged).map(|list| list.source.id.clone()).collect();
    if !damaged.is_empty() {
        return Err(ListsError::Damaged(damaged));
    }
    shelf.make()?;
    let mut builder = Builder::new(version, key);
    for list in lists {
        let begun = builder.list(ListHead {
            id: list.source.id.clone(),
            category: list.entry.category.clone(),
            title: list.entry.title.clone(),
            revision: list.edition.sha256.to_string().chars().take(16).collect(),
            files: list.edition.files.clone(),
        })?;
        let files = (list.directory.as_path(), list.edition.files.len());
        each_line((&list.source, &list.entry), files, &mut |entry, place| builder.add(begun, entry, place))?;
    }
    Ok(builder.finish(&shelf.index(version), Some(&shelf.names(version)), sign)?)
}
