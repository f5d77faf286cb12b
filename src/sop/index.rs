//! Which lists hold a name or an address, from an index and its names file.

use std::path::{Path, PathBuf};

use gapura_lists::{Index, ListKind, Names};
use gapura_model::{ListId, ListSet};
use gapura_rules::sop::{Asked, Catalogue, CatalogueEntry, Holds};

use super::SopError;

/// An index, and perhaps its names file.
pub(super) struct Lookup {
    path: PathBuf,
    index: Index,
    names: Option<Names>,
}

impl Lookup {
    /// Opens both. Whether the right key signed the index is the gateway's affair; whether it is whole is checked.
    pub(super) fn open(path: &Path, names: Option<&Path>) -> Result<Self, SopError> {
        let wrong = |path: &Path, source: gapura_lists::IndexError| SopError::Index {
            path: path.to_owned(),
            source: Box::new(source),
        };
        let index = Index::open(path, &|_, _| true).map_err(|error| wrong(path, error))?;
        let names = names.map(|names| Names::open(names, &index.root()).map_err(|error| wrong(names, error)));
        Ok(Self { path: path.to_owned(), index, names: names.transpose()? })
    }

    /// The index's version.
    pub(super) fn version(&self) -> u64 {
        self.index.version()
    }

    /// The lists of the index.
    pub(super) fn catalogue(&self) -> Catalogue {
        let entries = self.index.lists().iter().map(|entry| CatalogueEntry {
            number: entry.number,
            id: entry.id.clone(),
            category: entry.category.clone(),
            title: entry.title.clone(),
            holds: match entry.kind {
                ListKind::Names => Holds::Names,
                ListKind::Addresses => Holds::Addresses,
                ListKind::Mixed => Holds::Both,
            },
        });
        Catalogue::new(entries.collect())
    }

    /// The lists that hold it, each with the line where the names file knows it.
    pub(super) fn holders(&self, asked: &Asked) -> Result<Vec<(ListId, Option<String>)>, SopError> {
        let wrong =
            |source: Box<dyn std::error::Error + Send + Sync>| SopError::Index { path: self.path.clone(), source };
        let held: ListSet = match asked {
            Asked::Name(name) => self.index.lookup(name).map_err(|error| wrong(Box::new(error)))?,
            Asked::Address(address) => self.index.address(*address),
        };
        let lines = match (&self.names, asked) {
            (None, _) => Vec::new(),
            (Some(names), Asked::Name(name)) => names.lines(name).map_err(|error| wrong(Box::new(error)))?,
            (Some(names), Asked::Address(address)) => names.address_lines(*address),
        };
        let entries = self.index.lists().iter().filter(|entry| held.contains(entry.number));
        let holders = entries.map(|entry| {
            let line = lines.iter().rev().find(|line| line.number == entry.number && !line.exception);
            let line = line.map(|line| format!("{}, line {}: {}", line.file, line.line, line.listed));
            (entry.id.clone(), line)
        });
        Ok(holders.collect())
    }
}
