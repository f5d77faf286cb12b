//! The index: one mapped file that says which lists hold a name or an address.
//!
//! Exact names are not in it: a name that no list holds is taken for a listed one about once in 10^11 look-ups
//! (40-bit fingerprints, eight to a block). The names file ([`crate::Names`]) is exact.

mod address;
mod block;
mod checked;
mod effect;
mod hash;
mod header;
mod keys;
mod map;
mod shape;
mod tail;
mod writer;

use std::fs::File;
use std::net::IpAddr;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use gapura_model::{CategoryId, ListId, ListSet, Name};
use serde::{Deserialize, Serialize};

pub(crate) use self::address::RangeTable;
pub(crate) use self::block::ASIDE;
pub(crate) use self::effect::Effect;
pub use self::hash::HashKey;
pub(crate) use self::hash::{Hasher, MOST_LABELS};
pub use self::header::LONGEST_SIGNATURE;
pub(crate) use self::header::{HEAD, Header, SIGNED, signature};
pub use self::shape::MOST_NAMES;
pub(crate) use self::shape::Shape;
pub(crate) use self::tail::Tail;
pub(crate) use self::writer::{Contents, Writer};

use self::block::Block;
use self::checked::Checked;
use self::effect::EFFECT;
use self::header::{Layout, SIDE};
use self::shape::BLOCK;
use crate::{Damaged, IndexError};

/// What an index says of one of its lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListEntry {
    /// Its number in this index.
    pub number: gapura_model::ListNumber,
    /// Its name among all indexes.
    pub id: ListId,
    /// What it is about.
    pub category: CategoryId,
    /// For people.
    pub title: String,
    /// Which edition of its source was read, as the source says it (a date, an ETag, a hash).
    pub revision: String,
    /// Lines that hold or except a name.
    pub names: u64,
    /// Lines that hold or except addresses.
    pub addresses: u64,
    /// What it holds.
    pub kind: ListKind,
}

/// What a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListKind {
    /// Names only (or nothing).
    Names,
    /// Addresses only.
    Addresses,
    /// Both.
    Mixed,
}

/// A part of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

/// An index in force. Cheap to ask from many threads; holds the file open and some kilobytes besides.
#[derive(Debug)]
pub struct Index {
    map: Checked,
    header: Header,
    layout: Layout,
    shape: Shape,
    hasher: Hasher,
    /// The first 255 effects, which nearly all names have.
    usual: Vec<Effect>,
    lists: Vec<ListEntry>,
    root: [u8; 32],
}

/// Suffixes whose blocks are asked for at once, so that their cache misses overlap.
const AT_ONCE: usize = 8;

impl Index {
    /// Maps the index at `path`. `verify` gets the root and the signature, and says whether the one signs the other.
    ///
    /// What is small is checked here; the rest is checked 16 KiB at a time when first touched, or all at once by [`Self::check_all`].
    pub fn open(path: &Path, verify: &dyn Fn(&[u8; 32], &[u8]) -> bool) -> Result<Self, IndexError> {
        let io = |what: &str| IndexError::io(format!("{what} {}", path.display()));
        let file = File::open(path).map_err(io("open"))?;
        let found = file.metadata().map_err(io("look at"))?.len();
        let mut head = [0; HEAD];
        let read = usize::try_from(found).unwrap_or(usize::MAX).min(HEAD);
        file.read_exact_at(head.get_mut(..read).unwrap_or_default(), 0).map_err(io("read"))?;
        let (signed, seal) = head.split_first_chunk::<SIGNED>().ok_or(IndexError::NotAnIndex)?;
        let header = Header::read(signed)?;
        let layout = header.layout()?;
        let expected = layout.octets() as u64;
        if found != expected {
            return Err(IndexError::Size { expected, found });
        }
        let map = Checked::of(map::Map::of(&file, layout.octets()).map_err(io("map"))?, layout.sums);
        let root = header::root(signed, map.sums());
        let signature = signature(seal).ok_or(IndexError::Signature)?;
        if !verify(&root, signature) {
            return Err(IndexError::Signature);
        }
        let shape = header.shape()?;
        let mut index = Self {
            map,
            header,
            layout,
            shape,
            hasher: Hasher::new(header.key),
            usual: Vec::new(),
            lists: Vec::new(),
            root,
        };
        index.read_tail()?;
        Ok(index)
    }

    /// Checks and reads what stands behind the blocks.
    fn read_tail(&mut self) -> Result<(), IndexError> {
        let start = self.layout.side.start;
        self.map.check(start, self.layout.sums.start - start)?;
        self.usual = self.effects().take(usize::from(ASIDE)).collect();
        self.lists = tail::read_lists(self.map.raw(self.layout.lists))?;
        self.ranges_table().check().map_err(IndexError::Header)
    }

    /// Which lists hold `name`, itself or by a parent.
    pub fn lookup(&self, name: &Name) -> Result<ListSet, Damaged> {
        let mut held = ListSet::EMPTY;
        let mut suffixes = self.hasher.suffixes(name).peekable();
        while suffixes.peek().is_some() {
            let mut probes = [Probe::default(); AT_ONCE];
            let mut count = 0;
            for (probe, hash) in probes.iter_mut().zip(suffixes.by_ref()) {
                *probe = self.probe(self.shape.key(hash));
                count += 1;
            }
            // `zip` takes a probe before it finds no hash: nothing is lost, all hashes were taken.
            for (at, probe) in probes.iter().take(count).enumerate() {
                if let Some(effect) = self.find(probe)? {
                    let whole = at + 1 == count && suffixes.peek().is_none();
                    held = if whole { effect.here(held) } else { effect.below(held) };
                }
            }
        }
        Ok(held)
    }

    /// Which lists hold `address`. An IPv4 address inside IPv6 (`::ffff:0:0/96`) is taken for the former.
    pub fn address(&self, address: IpAddr) -> ListSet {
        self.ranges_table().find(address)
    }

    /// All addresses that a list holds: disjoint, lowest first, IPv4 before IPv6; first, last, lists.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr, ListSet)> + '_ {
        self.ranges_table().iter()
    }

    /// Its lists, by number.
    pub fn lists(&self) -> &[ListEntry] {
        &self.lists
    }

    /// What is signed: SHA-256 over header and checksums.
    pub fn root(&self) -> [u8; 32] {
        self.root
    }

    /// Its publisher's number for it.
    pub fn version(&self) -> u64 {
        self.header.version
    }

    /// The key of its hash: an index built with the same one can be sent as a delta.
    pub fn hash_key(&self) -> HashKey {
        self.header.key
    }

    /// Octets of the file.
    pub fn octets(&self) -> u64 {
        self.layout.octets() as u64
    }

    /// How many names it holds, folded ones not counted.
    pub fn names(&self) -> u64 {
        self.header.names
    }

    /// The signature over the root.
    pub fn signature(&self) -> &[u8] {
        self.map.head().get(SIGNED..).and_then(signature).unwrap_or_default()
    }

    /// Checks every octet against its checksum, and that every entry makes sense: what is done once, when an index arrives.
    pub fn check_all(&self) -> Result<(), Damaged> {
        self.map.check(HEAD, self.layout.sums.start - HEAD)?;
        let mut last = None;
        let mut names = 0;
        for entry in self.entries() {
            let (key, _) = entry?;
            if last.is_some_and(|last| last >= key) {
                return Err(Damaged { at: HEAD as u64 });
            }
            last = Some(key);
            names += 1;
        }
        if names == self.header.names { Ok(()) } else { Err(Damaged { at: HEAD as u64 }) }
    }

    pub(crate) fn header(&self) -> Header {
        self.header
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// Everything behind the side table and before the checksums; checked when the index was opened.
    pub(crate) fn tail(&self) -> &[u8] {
        let start = self.layout.effects.start;
        self.map.raw(Section { start, length: self.layout.sums.start - start })
    }

    /// Its effects, by number.
    pub(crate) fn effects(&self) -> impl Iterator<Item = Effect> + '_ {
        self.map.raw(self.layout.effects).as_chunks::<EFFECT>().0.iter().map(Effect::from_octets)
    }

    /// The signed part of the header and the signature's part.
    pub(crate) fn head(&self) -> &[u8] {
        self.map.head()
    }

    fn ranges_table(&self) -> RangeTable<'_> {
        RangeTable::new(
            self.map.raw(self.layout.ranges4),
            self.map.raw(self.layout.ranges6),
            self.map.raw(self.layout.sets),
        )
    }

    fn probe(&self, key: u64) -> Probe {
        let (block, fingerprint) = self.shape.place(key);
        // Not yet checked against its checksum: read for the sake of the cache, and used only after the check.
        let reach = self.map.touch(block_start(block)).map_or(0, |octets| Block(octets).reach());
        Probe { key, block, fingerprint, reach }
    }

    fn find(&self, probe: &Probe) -> Result<Option<Effect>, Damaged> {
        let mut beyond = 0;
        loop {
            let at = block_start(probe.block + beyond);
            let octets = self.map.block(at)?;
            let here = usize::try_from(beyond).unwrap_or(usize::MAX);
            if let Some(effect) = Block(octets).find(probe.fingerprint, here) {
                return self.effect(effect, probe.key, at).map(Some);
            }
            beyond += 1;
            if beyond > probe.reach {
                return Ok(None);
            }
        }
    }

    /// The effect of an entry in the block at octet `at`.
    pub(crate) fn effect(&self, number: u8, key: u64, at: usize) -> Result<Effect, Damaged> {
        let damaged = Damaged { at: at as u64 };
        if number != ASIDE {
            return self.usual.get(usize::from(number)).copied().ok_or(damaged);
        }
        let side = self.map.raw(self.layout.side).as_chunks::<SIDE>().0;
        let found = side.binary_search_by_key(&key, |entry| side_entry(entry).0).map_err(|_| damaged)?;
        let (_, number) = side.get(found).map(side_entry).ok_or(damaged)?;
        let effects = self.map.raw(self.layout.effects).as_chunks::<EFFECT>().0;
        effects.get(number as usize).map(Effect::from_octets).ok_or(damaged)
    }
}

/// Where to look for one suffix.
#[derive(Clone, Copy, Debug, Default)]
struct Probe {
    key: u64,
    block: u64,
    fingerprint: u64,
    reach: u64,
}

fn block_start(block: u64) -> usize {
    // Blocks are 2^25 at most: the product fits 32 bits.
    HEAD + usize::try_from(block).unwrap_or(usize::MAX / BLOCK / 2) * BLOCK
}

fn side_entry(octets: &[u8; SIDE]) -> (u64, u32) {
    let (key, number) = octets.split_first_chunk::<8>().map_or(([0; 8], &[][..]), |(key, rest)| (*key, rest));
    (u64::from_le_bytes(key), number.first_chunk::<4>().copied().map_or(u32::MAX, u32::from_le_bytes))
}
