//! Reads the names file.

use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use gapura_model::{ListNumber, Name};

use super::{FORMAT, HEAD, LARGEST_BLOCK, LARGEST_DIRECTORY, Line, ListFiles, MAGIC, decode};
use crate::build::reversed;
use crate::{Deed, IndexError, Place, Reach, varint};

/// A names file. Holds its directory in memory (some 50 octets for every 2,000 names, and 20 for every line about addresses).
#[derive(Debug)]
pub struct Names {
    file: File,
    blocks: Vec<BlockPlace>,
    spans: Vec<SpanLine>,
    lists: Vec<ListFiles>,
}

#[derive(Debug)]
struct BlockPlace {
    first: Vec<u8>,
    at: u64,
    length: u64,
}

#[derive(Debug)]
struct SpanLine {
    first: IpAddr,
    last: IpAddr,
    list: ListNumber,
    exception: bool,
    place: Place,
}

impl Names {
    /// Opens the names file of the index with this root. A broken one, or one of another index, is refused.
    pub fn open(path: &Path, root: &[u8; 32]) -> Result<Self, IndexError> {
        let io = |what: &str| IndexError::io(format!("{what} {}", path.display()));
        let file = File::open(path).map_err(io("open"))?;
        let size = file.metadata().map_err(io("look at"))?.len();
        let mut head = [0; HEAD];
        let have = usize::try_from(size).unwrap_or(usize::MAX).min(HEAD);
        file.read_exact_at(head.get_mut(..have).unwrap_or_default(), 0).map_err(io("read"))?;
        let mut from = head.as_slice();
        let mut word = || take_array::<8>(&mut from).map(u64::from_le_bytes).unwrap_or_default();
        if word() != u64::from_le_bytes(*MAGIC) {
            return Err(IndexError::NotAnIndex);
        }
        let format = word();
        if format != u64::from(FORMAT) {
            return Err(IndexError::Format(u32::try_from(format).unwrap_or(u32::MAX)));
        }
        let rooted = take_array::<32>(&mut from).unwrap_or_default();
        let mut word = || take_array::<8>(&mut from).map(u64::from_le_bytes).unwrap_or_default();
        let (at, length) = (word(), word());
        if at < HEAD as u64 || at.checked_add(length) != Some(size) {
            return Err(IndexError::Size { expected: at.saturating_add(length), found: size });
        }
        if rooted != *root {
            return Err(IndexError::OtherIndex);
        }
        let packed = read_at(&file, at, length).map_err(io("read"))?;
        let directory = zstd::stream::read::Decoder::new(packed.as_slice()).map_err(io("read the directory of"))?;
        let mut names = Self { file, blocks: Vec::new(), spans: Vec::new(), lists: Vec::new() };
        names.directory(&mut directory.take(LARGEST_DIRECTORY), at).map_err(io("read the directory of"))?;
        Ok(names)
    }

    fn directory(&mut self, from: &mut impl Read, end: u64) -> io::Result<()> {
        let mut at = HEAD as u64;
        for _ in 0..varint::take(from)? {
            let first = varint::take_octets(from, 255)?;
            let length = varint::take(from)?;
            self.blocks.push(BlockPlace { first, at, length });
            at = at.checked_add(length).filter(|&at| at <= end).ok_or(io::ErrorKind::InvalidData)?;
        }
        for _ in 0..varint::take(from)? {
            let [list, exception, six] = take_array::<3>(from)?;
            let mut address = || -> io::Result<IpAddr> {
                Ok(if six == 0 {
                    Ipv4Addr::from(take_array::<4>(from)?).into()
                } else {
                    Ipv6Addr::from(take_array::<16>(from)?).into()
                })
            };
            let (first, last) = (address()?, address()?);
            let place = take_place(from)?;
            self.spans.push(SpanLine { first, last, list: ListNumber(list), exception: exception != 0, place });
        }
        let lists = varint::take_octets(from, LARGEST_DIRECTORY)?;
        self.lists = serde_json::from_slice(&lists)?;
        Ok(())
    }

    /// Every line that reaches `name`, those about its topmost parent first.
    pub fn lines(&self, name: &Name) -> Result<Vec<Line>, IndexError> {
        let mut whole = Vec::new();
        reversed(name, &mut whole);
        let ends = whole.iter().enumerate().filter(|(_, octet)| **octet == 0).map(|(at, _)| at).chain([whole.len()]);
        let mut found = Vec::new();
        for end in ends {
            let key = whole.get(..end).unwrap_or_default();
            let itself = end == whole.len();
            self.lines_of(key, itself, &mut found).map_err(IndexError::io("read the names file"))?;
        }
        Ok(found)
    }

    /// Every line about addresses that `address` lies in.
    pub fn address_lines(&self, address: IpAddr) -> Vec<Line> {
        let address = address.to_canonical();
        let same = |span: &&SpanLine| span.first.is_ipv4() == address.is_ipv4();
        let spans = self.spans.iter().filter(same).filter(|span| (span.first..=span.last).contains(&address));
        spans
            .filter_map(|span| {
                let listed = crate::parse::range_text(span.first, span.last);
                self.line(span.list, span.place, listed, span.exception)
            })
            .collect()
    }

    fn lines_of(&self, key: &[u8], itself: bool, found: &mut Vec<Line>) -> io::Result<()> {
        let after = self.blocks.partition_point(|block| block.first.as_slice() <= key);
        let Some(block) = after.checked_sub(1).and_then(|at| self.blocks.get(at)) else { return Ok(()) };
        let packed = read_at(&self.file, block.at, block.length)?;
        let mut from = zstd::stream::read::Decoder::new(packed.as_slice())?.take(LARGEST_BLOCK);
        let mut name = Vec::new();
        loop {
            let shared = match varint::take(&mut from) {
                Ok(shared) => usize::try_from(shared).map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            };
            if shared > name.len() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            name.truncate(shared);
            name.extend(varint::take_octets(&mut from, 255)?);
            let wanted = name == key;
            for _ in 0..varint::take(&mut from)? {
                let [list, code] = take_array::<2>(&mut from)?;
                let place = take_place(&mut from)?;
                let (reach, deed) = decode(code).ok_or(io::ErrorKind::InvalidData)?;
                if wanted && if itself { reach.here() } else { reach.below() } {
                    let listed = listed(&name, reach);
                    found.extend(self.line(ListNumber(list), place, listed, deed != Deed::Hold));
                }
            }
            if name.as_slice() >= key {
                return Ok(());
            }
        }
    }

    fn line(&self, number: ListNumber, place: Place, listed: String, exception: bool) -> Option<Line> {
        let list = self.lists.get(usize::from(number.0))?;
        let file = list.files.get(usize::from(place.file)).cloned().unwrap_or_default();
        Some(Line { list: list.id.parse().ok()?, number, file, line: place.line, listed, exception })
    }
}

/// As people write it: `example.com`, `=example.com` or `*.example.com`.
fn listed(reversed: &[u8], reach: Reach) -> String {
    let labels: Vec<_> = reversed.split(|&octet| octet == 0).rev().map(String::from_utf8_lossy).collect();
    let name = labels.join(".");
    match reach {
        Reach::Whole => name,
        Reach::Exact => format!("={name}"),
        Reach::Below => format!("*.{name}"),
    }
}

fn read_at(file: &File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    // Both lie within the file, as was checked when it was opened.
    let mut octets = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut octets, at)?;
    Ok(octets)
}

fn take_array<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    from.read_exact(&mut octets)?;
    Ok(octets)
}

fn take_place(from: &mut impl Read) -> io::Result<Place> {
    let file = u16::try_from(varint::take(from)?).map_err(io::Error::other)?;
    let line = u32::try_from(varint::take(from)?).map_err(io::Error::other)?;
    Ok(Place { file, line })
}
