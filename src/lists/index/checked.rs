//! A mapped file whose chunks are checked when first touched.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use super::Section;
use super::header::{CHUNK, HEAD, SUM};
use super::map::Map;
use super::shape::BLOCK;
use crate::Damaged;

/// The map, and which of its chunks are known to be as signed.
#[derive(Debug)]
pub(crate) struct Checked {
    map: Map,
    sums: Section,
    /// A bit a chunk. Set once, never cleared; two threads that find it unset both check, which is only work done twice.
    good: Vec<AtomicU64>,
}

impl Checked {
    pub(crate) fn of(map: Map, sums: Section) -> Self {
        let words = (sums.length / SUM).div_ceil(64);
        Self { map, sums, good: (0..words).map(|_| AtomicU64::new(0)).collect() }
    }

    /// The checksums, which the root covers.
    pub(crate) fn sums(&self) -> &[u8] {
        self.raw(self.sums)
    }

    /// The octets before the first chunk.
    pub(crate) fn head(&self) -> &[u8] {
        self.map.get(..HEAD).unwrap_or_default()
    }

    /// A section as it is: for sections checked before.
    pub(crate) fn raw(&self, section: Section) -> &[u8] {
        self.map.get(section.start..section.start + section.length).unwrap_or_default()
    }

    /// Unchecked octets of a block.
    pub(crate) fn touch(&self, at: usize) -> Option<&[u8; BLOCK]> {
        self.map.get(at..)?.first_chunk()
    }

    /// The block at octet `at`, checked. A block never lies in two chunks: both begin at multiples of their size behind the header.
    pub(crate) fn block(&self, at: usize) -> Result<&[u8; BLOCK], Damaged> {
        self.check_chunk((at - HEAD) / CHUNK)?;
        self.touch(at).ok_or(Damaged { at: at as u64 })
    }

    /// Checks all chunks that `length` octets from `start` lie in.
    pub(crate) fn check(&self, start: usize, length: usize) -> Result<(), Damaged> {
        if length == 0 {
            return Ok(());
        }
        ((start - HEAD) / CHUNK..=(start - HEAD + length - 1) / CHUNK).try_for_each(|chunk| self.check_chunk(chunk))
    }

    fn check_chunk(&self, chunk: usize) -> Result<(), Damaged> {
        let (word, bit) = (chunk / 64, 1 << (chunk % 64));
        let word = self.good.get(word);
        // Relaxed: the bit stands for octets that never change, and carries nothing else from thread to thread.
        if word.is_some_and(|word| word.load(Ordering::Relaxed) & bit != 0) {
            return Ok(());
        }
        self.sum_chunk(chunk)?;
        if let Some(word) = word {
            word.fetch_or(bit, Ordering::Relaxed);
        }
        Ok(())
    }

    #[cold]
    fn sum_chunk(&self, chunk: usize) -> Result<(), Damaged> {
        let start = HEAD + chunk * CHUNK;
        let damaged = Damaged { at: start as u64 };
        let end = (start + CHUNK).min(self.sums.start);
        let octets = self.map.get(start..end).ok_or(damaged)?;
        let sum = self.sums().as_chunks::<SUM>().0.get(chunk).ok_or(damaged)?;
        if <[u8; SUM]>::from(Sha256::digest(octets)) == *sum { Ok(()) } else { Err(damaged) }
    }
}
