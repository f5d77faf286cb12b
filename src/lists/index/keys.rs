//! All entries of an index in the order of their keys.

use super::block::Block;
use super::header::HEAD;
use super::shape::SLOTS;
use super::{Effect, Index, block_start};
use crate::Damaged;

impl Index {
    /// Key and effect of every entry, lowest key first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<(u64, Effect), Damaged>> + '_ {
        (0..self.shape.all_blocks()).flat_map(move |block| {
            let (octets, damage) = match self.map.block(block_start(block)) {
                Ok(octets) => (Some(octets), None),
                Err(damage) => (None, Some(Err(damage))),
            };
            let slots = octets.into_iter().flat_map(move |octets| self.entries_of(block, Block(octets)));
            slots.chain(damage)
        })
    }

    fn entries_of<'a>(
        &'a self,
        number: u64,
        block: Block<'a>,
    ) -> impl Iterator<Item = Result<(u64, Effect), Damaged>> + 'a {
        let at = block_start(number);
        let damaged = Damaged { at: at as u64 };
        let read = block.slots().map(move |slot| {
            let own = number.checked_sub(slot.beyond as u64).filter(|&own| own < self.shape.blocks()).ok_or(damaged)?;
            let key = self.shape.key_of(own, slot.fingerprint).ok_or(damaged)?;
            Ok((key, self.effect(slot.effect, key, at)?))
        });
        // A block that says more than it holds.
        let short = block.count() > SLOTS || block.slots().count() != block.count();
        read.chain(short.then_some(Err(Damaged { at: at.max(HEAD) as u64 })))
    }
}
