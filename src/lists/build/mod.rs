//! Builds an index from lists, whatever the order they come in.

mod fold;
mod ranges;
mod sort;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::Path;

use gapura_model::{CategoryId, ListId, ListNumber, ListSet};

use self::fold::Fold;
pub(crate) use self::ranges::Span;
use self::ranges::flatten;
pub(crate) use self::sort::{NameLines, reversed};
use self::sort::{Record, Records};
use crate::file::Fresh;
use crate::index::{Contents, Effect, HashKey, Hasher, ListEntry, ListKind, MOST_NAMES, Shape, Writer};
use crate::names::NamesWriter;
use crate::{BuildError, Deed, Entry, IndexError, Place, Target};

/// How often another hash key is tried when two listed names share a key; one try fails about once in 20,000 builds.
const KEYS_TRIED: usize = 8;
/// How often more room is given when names do not spread.
const SLACKS_TRIED: u32 = 4;

/// What is known of a list before its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListHead {
    /// Its name among all indexes.
    pub id: ListId,
    /// What it is about.
    pub category: CategoryId,
    /// For people.
    pub title: String,
    /// Which edition of its source this is.
    pub revision: String,
    /// Names of its files, in the order of [`Place::file`]; for the names file.
    pub files: Vec<String>,
}

/// What was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// What was signed.
    pub root: [u8; 32],
    /// Entries of the index, folded ones not counted.
    pub names: u64,
    /// Names on the lists, each counted once, folded or not.
    pub different: u64,
    /// Address ranges of the index.
    pub ranges: u64,
}

/// Collects the lines of all lists. Holds them in memory: about 55 octets a line and at the end 20 a name.
#[derive(Debug)]
pub struct Builder {
    version: u64,
    key: HashKey,
    lists: Vec<(ListHead, u64, u64)>,
    records: Records,
    spans: Vec<Span>,
}

/// Folded names, ready to be written.
#[derive(Debug)]
struct Folded {
    /// The hash key under which no two of them have one key.
    key: HashKey,
    /// Keys in order, with the numbers of their effects.
    names: Vec<(u64, u32)>,
    /// Commonest first.
    effects: Vec<Effect>,
    /// How many names there were before folding.
    different: u64,
}

/// A list of a builder, by the order in which lists were begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun(u8);

impl Builder {
    /// An index with this version. Indexes with one `key` (random, public, kept by the publisher) can be brought up to date by deltas.
    pub fn new(version: u64, key: HashKey) -> Self {
        Self { version, key, lists: Vec::new(), records: Records::default(), spans: Vec::new() }
    }

    /// Begins a list.
    pub fn list(&mut self, head: ListHead) -> Result<Begun, BuildError> {
        if self.lists.iter().any(|(other, ..)| other.id == head.id) {
            return Err(BuildError::Twice(head.id));
        }
        let number = u8::try_from(self.lists.len()).map_err(|_| BuildError::TooManyLists)?;
        self.lists.push((head, 0, 0));
        Ok(Begun(number))
    }

    /// Adds a line of a list.
    pub fn add(&mut self, list: Begun, entry: &Entry, place: Place) -> Result<(), BuildError> {
        let (_, names, addresses) = self.lists.get_mut(usize::from(list.0)).ok_or(BuildError::NoSuchList(list.0))?;
        match entry.target {
            Target::Name(name, reach) => {
                *names += 1;
                self.records.push(&name, Record { list: list.0, reach, deed: entry.deed, place })
            }
            Target::Addresses(first, last) => {
                *addresses += 1;
                self.spans.push(Span { first, last, list: list.0, holds: entry.deed == Deed::Hold, place });
                Ok(())
            }
        }
    }

    /// Says of a list what is known only when it was read.
    pub fn loaded(&mut self, list: Begun, revision: String, files: Vec<String>) -> Result<(), BuildError> {
        let (head, ..) = self.lists.get_mut(usize::from(list.0)).ok_or(BuildError::NoSuchList(list.0))?;
        (head.revision, head.files) = (revision, files);
        Ok(())
    }

    /// Writes the index to `path`, and to `names` (if any) which line of which list holds what. `sign` gets the root.
    pub fn finish(
        mut self,
        path: &Path,
        names: Option<&Path>,
        sign: &dyn Fn(&[u8; 32]) -> Vec<u8>,
    ) -> Result<Built, BuildError> {
        let new = self.number();
        self.records.sort();
        let entries = self.list_entries(&new);
        let Folded { key, names: keyed, effects, different } = self.folded(&new)?;
        let ranges = self.ranges(&new);
        let count = keyed.len() as u64;
        let contents = Contents {
            version: self.version,
            key,
            names: count,
            shape: Shape::of(count, 0).ok_or(BuildError::TooManyNames)?,
            effects,
            ranges,
            lists: entries,
        };
        let range_count = contents.ranges.len() as u64;
        let root = write(contents, &keyed, path, sign)?;
        drop(keyed);
        if let Some(names) = names {
            self.write_names(names, &new, &root)?;
        }
        Ok(Built { root, names: count, different, ranges: range_count })
    }

    /// New numbers for lists, by the order of their ids: where a list stands does not depend on when it was begun.
    fn number(&self) -> Vec<ListNumber> {
        let mut order: Vec<(&ListId, usize)> = self.lists.iter().map(|(head, ..)| &head.id).zip(0..).collect();
        order.sort_unstable();
        let mut new = vec![ListNumber(0); order.len()];
        for (number, (_, old)) in (0..=u8::MAX).zip(order) {
            if let Some(place) = new.get_mut(old) {
                *place = ListNumber(number);
            }
        }
        new
    }

    fn list_entries(&self, new: &[ListNumber]) -> Vec<ListEntry> {
        let mut entries: Vec<ListEntry> = self
            .lists
            .iter()
            .zip(new)
            .map(|((head, names, addresses), &number)| ListEntry {
                number,
                id: head.id.clone(),
                category: head.category.clone(),
                title: head.title.clone(),
                revision: head.revision.clone(),
                names: *names,
                addresses: *addresses,
                kind: match (names, addresses) {
                    (_, 0) => ListKind::Names,
                    (0, _) => ListKind::Addresses,
                    (_, _) => ListKind::Mixed,
                },
            })
            .collect();
        entries.sort_unstable_by_key(|entry| entry.number);
        entries
    }

    /// Keys in order with the numbers of their effects, and the effects, commonest first.
    fn folded(&self, new: &[ListNumber]) -> Result<Folded, BuildError> {
        let mut key = self.key;
        for _ in 0..KEYS_TRIED {
            let hasher = Hasher::new(key);
            let mut numbers: HashMap<Effect, u32> = HashMap::new();
            let mut effects: Vec<(Effect, u64)> = Vec::new();
            let mut keyed: Vec<(u64, u32)> = Vec::new();
            let mut fold = Fold::new(new);
            for name in self.records.names() {
                let Some(effect) = fold.name(&name) else { continue };
                let next = u32::try_from(effects.len()).map_err(|_| BuildError::TooManyNames)?;
                let number = *numbers.entry(effect).or_insert(next);
                match effects.get_mut(number as usize) {
                    Some((_, count)) => *count += 1,
                    None => effects.push((effect, 1)),
                }
                keyed.push((reversed_hash(hasher, name.reversed), number));
            }
            if keyed.len() as u64 > MOST_NAMES {
                return Err(BuildError::TooManyNames);
            }
            let shape = Shape::of(keyed.len() as u64, 0).ok_or(BuildError::TooManyNames)?;
            for (hash, _) in &mut keyed {
                *hash = shape.key(*hash);
            }
            keyed.sort_unstable();
            if keyed.is_sorted_by(|a, b| a.0 < b.0) {
                let effects = by_frequency(effects, &mut keyed);
                return Ok(Folded { key, names: keyed, effects, different: fold.different() });
            }
            key = key.next();
        }
        Err(BuildError::Crowded)
    }

    fn ranges(&self, new: &[ListNumber]) -> Vec<(IpAddr, IpAddr, ListSet)> {
        flatten(&self.spans, new)
    }

    fn write_names(&self, path: &Path, new: &[ListNumber], root: &[u8; 32]) -> Result<(), BuildError> {
        let io = || IndexError::io(format!("write {}", path.display()));
        let mut heads: BTreeMap<ListNumber, &ListHead> = BTreeMap::new();
        for ((head, ..), number) in self.lists.iter().zip(new) {
            heads.insert(*number, head);
        }
        let mut writer = NamesWriter::new(Fresh::beside(path).map_err(io())?, root).map_err(io())?;
        for name in self.records.names() {
            writer.name(&name, new).map_err(io())?;
        }
        for span in &self.spans {
            writer.span(span, new);
        }
        writer.finish(&heads).map_err(io())?;
        Ok(())
    }
}

/// Hash of a name from its reversed form.
fn reversed_hash(hasher: Hasher, reversed: &[u8]) -> u64 {
    let walk = reversed.split(|&octet| octet == 0).fold(hasher.root(), |walk, label| hasher.label(walk, label));
    hasher.hash(walk)
}

/// Numbers effects by how common they are, so that which number an effect has does not depend on the order of names.
fn by_frequency(effects: Vec<(Effect, u64)>, keyed: &mut [(u64, u32)]) -> Vec<Effect> {
    let mut order: Vec<(u64, Effect, usize)> =
        effects.into_iter().enumerate().map(|(old, (effect, count))| (u64::MAX - count, effect, old)).collect();
    order.sort_unstable();
    let mut new = vec![0; order.len()];
    for (number, (_, _, old)) in (0_u32..).zip(&order) {
        if let Some(place) = new.get_mut(*old) {
            *place = number;
        }
    }
    for (_, number) in keyed {
        *number = new.get(*number as usize).copied().unwrap_or(u32::MAX);
    }
    order.into_iter().map(|(_, effect, _)| effect).collect()
}

fn write(
    mut contents: Contents,
    keyed: &[(u64, u32)],
    path: &Path,
    sign: &dyn Fn(&[u8; 32]) -> Vec<u8>,
) -> Result<[u8; 32], BuildError> {
    'more_room: for slack in 0..SLACKS_TRIED {
        let shape = Shape::of(contents.names, slack).ok_or(BuildError::TooManyNames)?;
        if shape.bits() != contents.shape.bits() {
            break;
        }
        contents.shape = shape;
        let fresh = Fresh::beside(path).map_err(IndexError::io(format!("create {}", path.display())))?;
        let mut writer = Writer::new(contents.clone(), fresh)?;
        for &(key, effect) in keyed {
            if writer.push(key, effect)?.is_err() {
                continue 'more_room;
            }
        }
        return writer.finish(&|root| Some(sign(root)));
    }
    Err(BuildError::Crowded)
}
