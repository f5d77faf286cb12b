//! Which lists hold a name or an address: the newest index, kept open.

use gapura_lists::{Index, Names};
use gapura_model::{ListId, ListSet};
use gapura_rules::sop::Asked;
use gapura_wire::BundleKey;

use super::{ListsError, Shelf};

/// An index and, where its file is there, the lines it was built of.
#[derive(Debug)]
pub(crate) struct Lookup {
    index: Index,
    names: Option<Names>,
}

/// A list that holds what was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) list: ListId,
    /// Number and text of the line, where it is known.
    pub(crate) line: Option<(u32, String)>,
}

impl Lookup {
    /// Opens the index of this version; none where its file is not there (a database restored without its files). Blocks.
    pub(super) fn open(shelf: &Shelf, version: u64, key: &BundleKey) -> Result<Option<Self>, ListsError> {
        let path = shelf.index(version);
        if !path.exists() {
            return Ok(None);
        }
        let unread = |source| ListsError::Index { what: "open the index of lists", source };
        let index = Index::open(&path, &|root, signature| key.verifies_index(root, signature)).map_err(unread)?;
        // Without the lines the index still knows its lists.
        let names = Names::open(&shelf.names(version), &index.root());
        let names = names.inspect_err(|error| {
            tracing::warn!(version, error = gapura_model::with_causes(error), "the lines of an index cannot be read");
        });
        Ok(Some(Self { index, names: names.ok() }))
    }

    pub(crate) fn version(&self) -> u64 {
        self.index.version()
    }

    /// How many names are in it.
    pub(crate) fn names(&self) -> u64 {
        self.index.names()
    }

    /// The lists that hold it. Blocks.
    pub(crate) fn holders(&self, asked: &Asked) -> Result<Vec<Holder>, ListsError> {
        let unread = |source| ListsError::Index { what: "look into the index of lists", source };
        let held: ListSet = match asked {
            Asked::Name(name) => self.index.lookup(name).map_err(|damaged| unread(damaged.into()))?,
            Asked::Address(address) => self.index.address(*address),
        };
        let lines = match (&self.names, asked) {
            (None, _) => Vec::new(),
            (Some(names), Asked::Name(name)) => names.lines(name).map_err(unread)?,
            (Some(names), Asked::Address(address)) => names.address_lines(*address),
        };
        let entries = self.index.lists().iter().filter(|entry| held.contains(entry.number));
        let holder = |entry: &gapura_lists::ListEntry| {
            let line = lines.iter().rev().find(|line| line.number == entry.number && !line.exception);
            Holder { list: entry.id.clone(), line: line.map(|line| (line.line, line.listed.clone())) }
        };
        Ok(entries.map(holder).collect())
    }
}
