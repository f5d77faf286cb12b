//! What stands behind the blocks and the side table.

use std::net::IpAddr;

use gapura_model::ListSet;

use super::effect::EFFECT;
use super::header::{Header, Layout};
use super::{Effect, ListEntry, RangeTable};
use crate::IndexError;

/// Effects, address ranges and lists of an index, in memory.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    pub(crate) effects: Vec<Effect>,
    pub(crate) ranges: Vec<(IpAddr, IpAddr, ListSet)>,
    pub(crate) lists: Vec<ListEntry>,
}

impl Header {
    /// Octets behind the side table and before the checksums.
    pub(crate) fn tail_octets(&self) -> Result<u64, IndexError> {
        let Layout { effects, sums, .. } = self.layout()?;
        Ok((sums.start - effects.start) as u64)
    }
}

impl Tail {
    /// Reads and checks `octets`, which are as many as the header says.
    pub(crate) fn read(header: &Header, octets: &[u8]) -> Result<Self, IndexError> {
        let layout = header.layout()?;
        let part = |section: super::Section| {
            let start = section.start - layout.effects.start;
            octets.get(start..start + section.length).unwrap_or_default()
        };
        let effects = part(layout.effects).as_chunks::<EFFECT>().0.iter().map(Effect::from_octets).collect();
        let table = RangeTable::new(part(layout.ranges4), part(layout.ranges6), part(layout.sets));
        table.check().map_err(IndexError::Header)?;
        let lists = read_lists(part(layout.lists))?;
        Ok(Self { effects, ranges: table.iter().collect(), lists })
    }
}

/// What is said of the lists, numbered from zero without a gap.
pub(crate) fn read_lists(octets: &[u8]) -> Result<Vec<ListEntry>, IndexError> {
    let lists: Vec<ListEntry> =
        serde_json::from_slice(octets).map_err(|_| IndexError::Header("what is said of the lists"))?;
    let numbered = lists.iter().enumerate().all(|(at, list)| usize::from(list.number.0) == at);
    if numbered { Ok(lists) } else { Err(IndexError::Header("the lists are not numbered from zero")) }
}
