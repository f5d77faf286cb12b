//! The first 4096 octets of an index: what is in it, the key of its hash, and the signature.
//!
//! | octets | what (numbers little-endian) |
//! |---|---|
//! | 0 to 7 | `GAPURAIX` |
//! | 8 to 11 | format |
//! | 12 to 15 | zero |
//! | 16 to 23 | version |
//! | 24 to 39 | key of the hash |
//! | 40 to 111 | how many names, blocks, side entries, effects, address sets, IPv4 ranges, IPv6 ranges, octets about the lists, all as 64 bits |
//! | to 2047 | zero |
//! | 2048 to 4095 | length of the signature (16 bits), the signature, zero |
//!
//! Then come the blocks, the side table, effects, address sets, ranges, what is said of the lists (JSON), and SHA-256 of each 16 KiB of these.
//! The root, which is signed, is SHA-256 over [`SIGNED_WORD`], the first 2048 octets and the checksums.

use sha2::{Digest as _, Sha256};

use super::block::ASIDE;
use super::effect::EFFECT;
use super::shape::{BLOCK, MOST_NAMES, Shape};
use super::{HashKey, Section};
use crate::{FORMAT, IndexError};

/// Octets before the blocks.
pub(crate) const HEAD: usize = 4096;
/// Octets of the header that are under the signature.
pub(crate) const SIGNED: usize = 2048;
/// Octets under one checksum.
pub(crate) const CHUNK: usize = 16 * 1024;
/// Octets of a checksum.
pub(crate) const SUM: usize = 32;
/// Most octets of a signature.
pub const LONGEST_SIGNATURE: usize = HEAD - SIGNED - 2;
/// Octets of an entry of the side table: key and effect number.
pub(crate) const SIDE: usize = 12;
/// Octets of an IPv4 range: first, last, set number.
pub(crate) const RANGE4: usize = 12;
/// Octets of an IPv6 range.
pub(crate) const RANGE6: usize = 36;
/// Octets of a set of lists.
pub(crate) const SET: usize = 32;
/// Most bytes that tell of the lists.
const LONGEST_LISTS: u64 = 4 << 20;
const MAGIC: &[u8; 8] = b"GAPURAIX";
const SIGNED_WORD: &[u8] = b"gapura index root 1\n";

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) version: u64,
    pub(crate) key: HashKey,
    pub(crate) names: u64,
    pub(crate) blocks: u64,
    pub(crate) side: u64,
    pub(crate) effects: u64,
    pub(crate) sets: u64,
    pub(crate) ranges4: u64,
    pub(crate) ranges6: u64,
    pub(crate) lists: u64,
}

/// Where things are in a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) side: Section,
    pub(crate) effects: Section,
    pub(crate) sets: Section,
    pub(crate) ranges4: Section,
    pub(crate) ranges6: Section,
    pub(crate) lists: Section,
    pub(crate) sums: Section,
}

impl Layout {
    /// Octets of the whole file.
    pub(crate) fn octets(&self) -> usize {
        self.sums.start + self.sums.length
    }
}

impl Header {
    /// Reads the signed part.
    pub(crate) fn read(octets: &[u8; SIGNED]) -> Result<Self, IndexError> {
        let mut words = octets.as_chunks::<8>().0.iter().copied();
        if words.next() != Some(*MAGIC) {
            return Err(IndexError::NotAnIndex);
        }
        let mut next = || words.next().map(u64::from_le_bytes).unwrap_or_default();
        // The upper half is zero, so that as a number it is the format alone.
        let format = next();
        if format != u64::from(FORMAT) {
            return Err(IndexError::Format(u32::try_from(format).unwrap_or(u32::MAX)));
        }
        let version = next();
        let key = u128::from(next()) | u128::from(next()) << 64;
        let header = Self {
            version,
            key: HashKey(key.to_le_bytes()),
            names: next(),
            blocks: next(),
            side: next(),
            effects: next(),
            sets: next(),
            ranges4: next(),
            ranges6: next(),
            lists: next(),
        };
        if words.any(|word| word != [0; 8]) {
            return Err(IndexError::Header("something stands where nothing should"));
        }
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), IndexError> {
        let shape = self.shape()?;
        for (right, what) in [
            (self.names <= MOST_NAMES, "too many names"),
            (self.names <= shape.all_blocks() * 10, "more names than its blocks can hold"),
            (self.side <= self.names, "more side entries than names"),
            (self.effects <= self.names && u32::try_from(self.effects).is_ok(), "more effects than names"),
            (self.side == 0 || self.effects > u64::from(ASIDE), "a side table that is not needed"),
            // A header is read before anybody vouched for it: it must not make a reader ask for gigabytes.
            (self.effects <= 1 << 20, "too many effects"),
            (self.ranges4 <= 1 << 22 && self.ranges6 <= 1 << 22, "too many address ranges"),
            (self.sets <= self.ranges4.saturating_add(self.ranges6), "more address sets than ranges"),
            (self.lists <= LONGEST_LISTS, "too much about the lists"),
        ] {
            if !right {
                return Err(IndexError::Header(what));
            }
        }
        Ok(())
    }

    pub(crate) fn shape(&self) -> Result<Shape, IndexError> {
        Shape::with(self.blocks).ok_or(IndexError::Header("an impossible number of blocks"))
    }

    pub(crate) fn octets(&self) -> [u8; SIGNED] {
        let mut octets = [0; SIGNED];
        let key = u128::from_le_bytes(self.key.0);
        let half = |wide: u128| u64::try_from(wide & u128::from(u64::MAX)).unwrap_or_default();
        let words = [
            u64::from_le_bytes(*MAGIC),
            u64::from(FORMAT),
            self.version,
            half(key),
            half(key >> 64),
            self.names,
            self.blocks,
            self.side,
            self.effects,
            self.sets,
            self.ranges4,
            self.ranges6,
            self.lists,
        ];
        for (place, word) in octets.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        octets
    }

    /// Where things are. Counts were bounded when the header was read, so that nothing overflows 64 bits.
    pub(crate) fn layout(&self) -> Result<Layout, IndexError> {
        let mut at = HEAD;
        let mut section = |count: u64, each: usize| -> Option<Section> {
            let length = usize::try_from(count).ok()?.checked_mul(each)?;
            let section = Section { start: at, length };
            at = at.checked_add(length)?;
            Some(section)
        };
        let blocks = self.shape()?.all_blocks();
        let mut all = || {
            section(blocks, BLOCK)?;
            let side = section(self.side, SIDE)?;
            let effects = section(self.effects, EFFECT)?;
            let sets = section(self.sets, SET)?;
            let ranges4 = section(self.ranges4, RANGE4)?;
            let ranges6 = section(self.ranges6, RANGE6)?;
            let lists = section(self.lists, 1)?;
            let chunks = (lists.start + lists.length - HEAD).div_ceil(CHUNK);
            let sums = section(u64::try_from(chunks).ok()?, SUM)?;
            Some(Layout { side, effects, sets, ranges4, ranges6, lists, sums })
        };
        all().ok_or(IndexError::Header("larger than this machine can map"))
    }
}

/// The root of a signed header part and its checksums.
pub(crate) fn root(signed: &[u8; SIGNED], sums: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(SIGNED_WORD);
    hash.update(signed);
    hash.update(sums);
    hash.finalize().into()
}

/// The signature's half of the header.
pub(crate) fn seal(signature: &[u8]) -> Option<[u8; HEAD - SIGNED]> {
    let mut octets = [0; HEAD - SIGNED];
    let length = u16::try_from(signature.len()).ok()?;
    let (place, rest) = octets.split_first_chunk_mut::<2>()?;
    *place = length.to_le_bytes();
    rest.get_mut(..signature.len())?.copy_from_slice(signature);
    Some(octets)
}

/// The signature in its half of the header; zeros follow it, so that a file is a function of its content.
pub(crate) fn signature(seal: &[u8]) -> Option<&[u8]> {
    let (length, rest) = seal.split_first_chunk::<2>()?;
    let (signature, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    rest.iter().all(|&octet| octet == 0).then_some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_written() {
        let header = Header {
            version: 7,
            key: HashKey([9; 16]),
            names: 1000,
            blocks: 130,
            side: 1,
            effects: 300,
            sets: 2,
            ranges4: 5,
            ranges6: 0,
            lists: 99,
        };
        let octets = header.octets();
        assert_eq!(Header::read(&octets).unwrap(), header);
        for wrong in [
            Header { names: 1_000_000, ..header },
            Header { blocks: 0, ..header },
            Header { side: 1001, ..header },
            Header { effects: 1001, ..header },
            Header { effects: 2, ..header },
            Header { ranges4: u64::MAX, ..header },
            Header { sets: 6, ..header },
            Header { ranges4: u64::MAX, ranges6: 1, ..header },
            Header { lists: u64::MAX, ..header },
        ] {
            assert!(matches!(Header::read(&wrong.octets()), Err(IndexError::Header(_))), "{wrong:?}");
        }
        let mut later = octets;
        later[8] = 2;
        assert!(matches!(Header::read(&later), Err(IndexError::Format(2))));
        let mut littered = octets;
        littered[2000] = 1;
        assert!(matches!(Header::read(&littered), Err(IndexError::Header(_))));
        assert!(matches!(Header::read(&[0; SIGNED]), Err(IndexError::NotAnIndex)));
    }

    #[test]
    fn signatures_have_one_form() {
        let octets = seal(b"signature").unwrap();
        assert_eq!(signature(&octets), Some(b"signature".as_slice()));
        let mut longer = octets;
        longer[100] = 1;
        assert_eq!(signature(&longer), None);
        assert!(seal(&[1; LONGEST_SIGNATURE]).is_some() && seal(&[1; LONGEST_SIGNATURE + 1]).is_none());
    }
}
