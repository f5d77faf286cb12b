//! Writes an index from its entries in the order of their keys.
//!
//! The file is a function of what is in it: builder and delta both come here.

use std::collections::VecDeque;
use std::io::Write;
use std::net::IpAddr;

use gapura_model::ListSet;
use sha2::{Digest as _, Sha256};

use super::address::range_octets;
use super::block::{ASIDE, Filling, Slot};
use super::effect::{Effect, set_octets};
use super::header::{self, CHUNK, Header};
use super::shape::{FARTHEST, SLOTS};
use super::{HashKey, ListEntry, Shape};
use crate::file::Fresh;
use crate::{BuildError, IndexError};

/// What stands in an index beside its names.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) version: u64,
    pub(crate) key: HashKey,
    pub(crate) names: u64,
    pub(crate) shape: Shape,
    /// Every effect there is, commonest first.
    pub(crate) effects: Vec<Effect>,
    pub(crate) ranges: Vec<(IpAddr, IpAddr, ListSet)>,
    pub(crate) lists: Vec<ListEntry>,
}

/// Names would not spread: give the shape more room.
#[derive(Debug)]
pub(crate) struct Crowded;

/// A file being written.
#[derive(Debug)]
pub(crate) struct Writer {
    contents: Contents,
    out: Summing,
    /// Blocks not yet written, the first of them number `first`.
    open: VecDeque<Filling>,
    first: u64,
    names: u64,
    side: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(contents: Contents, file: Fresh) -> Result<Self, IndexError> {
        let out = Summing::new(file)?;
        Ok(Self { contents, out, open: VecDeque::new(), first: 0, names: 0, side: Vec::new() })
    }

    /// The next name, by key and number of its effect. Keys only rise.
    pub(crate) fn push(&mut self, key: u64, effect: u32) -> Result<Result<(), Crowded>, IndexError> {
        let (own, fingerprint) = self.contents.shape.place(key);
        while self.first < own {
            self.flush_one()?;
        }
        let mut beyond = 0;
        loop {
            if self.open.len() <= beyond {
                self.open.push_back(Filling::default());
            }
            match self.open.get_mut(beyond) {
                Some(block) if !block.is_full() => {
                    let number = u8::try_from(effect).unwrap_or(ASIDE);
                    if number == ASIDE {
                        self.side.extend(key.to_le_bytes());
                        self.side.extend(effect.to_le_bytes());
                    }
                    block.push(Slot { fingerprint, beyond, effect: number });
                    break;
                }
                Some(_) if beyond < FARTHEST => beyond += 1,
                Some(_) | None => return Ok(Err(Crowded)),
            }
        }
        if let Some(block) = self.open.front_mut() {
            block.reaches(beyond);
        }
        self.names += 1;
        Ok(Ok(()))
    }

    /// Writes what follows the names, signs, and puts the file in its place. The root is returned. Unsigned, nothing is put anywhere.
    pub(crate) fn finish(mut self, sign: &dyn Fn(&[u8; 32]) -> Option<Vec<u8>>) -> Result<[u8; 32], BuildError> {
        while self.first < self.contents.shape.all_blocks() {
            self.flush_one()?;
        }
        let mut header = Header {
            version: self.contents.version,
            key: self.contents.key,
            names: self.names,
            blocks: self.contents.shape.blocks(),
            side: (self.side.len() / header::SIDE) as u64,
            effects: self.contents.effects.len() as u64,
            sets: 0,
            ranges4: 0,
            ranges6: 0,
            lists: 0,
        };
        self.out.write(&self.side)?;
        for effect in &self.contents.effects {
            self.out.write(&effect.octets())?;
        }
        self.write_ranges(&mut header)?;
        let lists = serde_json::to_vec(&self.contents.lists)
            .map_err(|error| IndexError::io("write what is said of the lists")(error.into()))?;
        header.lists = lists.len() as u64;
        self.out.write(&lists)?;
        let signed = header.octets();
        // Nobody writes what nobody may read.
        Header::read(&signed)?;
        self.out.finish(&signed, sign)
    }

    fn write_ranges(&mut self, header: &mut Header) -> Result<(), IndexError> {
        let mut sets: Vec<ListSet> = self.contents.ranges.iter().map(|range| range.2).collect();
        sets.sort_unstable();
        sets.dedup();
        header.sets = sets.len() as u64;
        for set in &sets {
            self.out.write(&set_octets(*set))?;
        }
        for (first, last, set) in &self.contents.ranges {
            let number = sets.binary_search(set).ok().and_then(|at| u32::try_from(at).ok());
            let number = number.ok_or(IndexError::Header("too many address sets"))?;
            self.out.write(&range_octets(*first, *last, number))?;
            if first.is_ipv4() {
                header.ranges4 += 1;
            } else {
                header.ranges6 += 1;
            }
        }
        Ok(())
    }

    fn flush_one(&mut self) -> Result<(), IndexError> {
        let block = self.open.pop_front().unwrap_or_default();
        self.first += 1;
        self.out.write(&block.octets())
    }
}

/// A file whose chunks are summed while they are written.
#[derive(Debug)]
struct Summing {
    file: Fresh,
    chunk: Vec<u8>,
    sums: Vec<u8>,
}

impl Summing {
    fn new(mut file: Fresh) -> Result<Self, IndexError> {
        // Room for the header, which is known last.
        file.write_all(&[0; header::HEAD]).map_err(IndexError::io("write the index"))?;
        Ok(Self { file, chunk: Vec::with_capacity(CHUNK), sums: Vec::new() })
    }

    fn write(&mut self, mut octets: &[u8]) -> Result<(), IndexError> {
        while !octets.is_empty() {
            let (now, later) = octets.split_at(octets.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            octets = later;
            if self.chunk.len() == CHUNK {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), IndexError> {
        self.sums.extend_from_slice(&Sha256::digest(&self.chunk));
        self.file.write_all(&self.chunk).map_err(IndexError::io("write the index"))?;
        self.chunk.clear();
        Ok(())
    }

    fn finish(
        mut self,
        signed: &[u8; header::SIGNED],
        sign: &dyn Fn(&[u8; 32]) -> Option<Vec<u8>>,
    ) -> Result<[u8; 32], BuildError> {
        if !self.chunk.is_empty() {
            self.flush()?;
        }
        let root = header::root(signed, &self.sums);
        let seal = sign(&root).and_then(|signature| header::seal(&signature)).ok_or(BuildError::Signature)?;
        let io = || IndexError::io("write the index");
        self.file.write_all(&self.sums).map_err(io())?;
        self.file.write_front(&[signed.as_slice(), &seal].concat()).map_err(io())?;
        self.file.keep().map_err(io())?;
        Ok(root)
    }
}

const _: () = assert!(CHUNK.is_multiple_of(super::shape::BLOCK) && SLOTS < 16 && FARTHEST < 16);
