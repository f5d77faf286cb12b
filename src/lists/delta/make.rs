//! Makes a delta.

use std::collections::HashMap;
use std::io::{self, Write as _};

use super::{FORMAT, HEAD, MAGIC, Renumber, WINDOW_LOG};
use crate::index::{Effect, Index};
use crate::{DeltaError, IndexError, varint};

/// zstd's level: made once, sent often.
const LEVEL: i32 = 9;

/// The delta from `old` to `new`. Holds what changed in memory, about 10 octets an entry.
pub fn make(old: &Index, new: &Index) -> Result<Vec<u8>, DeltaError> {
    if old.header().key != new.header().key || old.shape().bits() != new.shape().bits() {
        return Err(DeltaError::Unlike);
    }
    let changes = changes(old, new)?;
    let io = || IndexError::io("make a delta");
    let mut delta = Vec::with_capacity(HEAD);
    delta.extend_from_slice(MAGIC);
    delta.extend_from_slice(&FORMAT.to_le_bytes());
    delta.extend_from_slice(&old.root());
    delta.extend_from_slice(&new.root());
    for (octets, prefix) in [
        (new.head(), &[][..]),
        (new.tail(), old.tail()),
        (&changes.removed, &[]),
        (&changes.changed, &[]),
        (&changes.added, &[]),
    ] {
        let frame = pack(octets, prefix).map_err(io())?;
        varint::put(&mut delta, frame.len() as u64);
        delta.extend_from_slice(&frame);
    }
    Ok(delta)
}

fn pack(octets: &[u8], prefix: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = zstd::stream::write::Encoder::with_ref_prefix(Vec::new(), LEVEL, prefix)?;
    out.window_log(WINDOW_LOG)?;
    out.write_all(octets)?;
    out.finish()
}

#[derive(Debug, Default)]
struct Changes {
    removed: Vec<u8>,
    changed: Vec<u8>,
    added: Vec<u8>,
    last_removed: u64,
    last_changed: u64,
    last_added: u64,
}

impl Changes {
    fn remove(&mut self, rank: u64) {
        varint::put(&mut self.removed, rank - self.last_removed);
        self.last_removed = rank;
    }

    fn change(&mut self, rank: u64, effect: u32) {
        varint::put(&mut self.changed, rank - self.last_changed);
        varint::put(&mut self.changed, effect.into());
        self.last_changed = rank;
    }

    fn add(&mut self, key: u64, effect: u32) {
        varint::put(&mut self.added, key - self.last_added);
        varint::put(&mut self.added, effect.into());
        self.last_added = key;
    }
}

fn changes(old: &Index, new: &Index) -> Result<Changes, DeltaError> {
    let numbers: HashMap<Effect, u32> = new.effects().zip(0..).collect();
    let number = |effect: &Effect| numbers.get(effect).copied().ok_or(DeltaError::Unlike);
    let mut renumber = Renumber::between(old.lists(), new.lists());
    let mut changes = Changes::default();
    let (mut olds, mut news) = ((0_u64..).zip(old.entries()), new.entries());
    let (mut before, mut after) = (olds.next(), news.next().transpose()?);
    loop {
        match (before, after) {
            (None, None) => return Ok(changes),
            (Some((rank, Ok((key, effect)))), now) if now.is_none_or(|(new_key, _)| key < new_key) => {
                // What goes because its lists are gone need not be said.
                if renumber.map(&effect).is_some() {
                    changes.remove(rank);
                }
                before = olds.next();
            }
            (Some((rank, Ok((key, effect)))), Some((new_key, new_effect))) if key == new_key => {
                if renumber.map(&effect) != Some(new_effect) {
                    changes.change(rank, number(&new_effect)?);
                }
                before = olds.next();
                after = news.next().transpose()?;
            }
            (Some((_, Err(damaged))), _) => return Err(damaged.into()),
            (_, Some((key, effect))) => {
                changes.add(key, number(&effect)?);
                after = news.next().transpose()?;
            }
            // Taken by the second arm.
            (Some((_, Ok(_))), None) => return Err(DeltaError::Unlike),
        }
    }
}
