//! One block of 64 octets: ten names' fingerprints, each with the number of what holds the name.
//!
//! | octets | what |
//! |---|---|
//! | 0 to 39 | low 32 bits of ten fingerprints, little-endian |
//! | 40 to 49 | their high 8 bits |
//! | 50 to 59 | ten effect numbers; 255: look in the side table |
//! | 60 to 63 | little-endian: bits 0 to 3 how many slots are filled, 4 to 7 how far this block's own names reach beyond it, 8 to 31 steps |
//!
//! Slots are in the order of keys, so that names that come from blocks before stand first. Steps says from which: read from bit 0, each 1 is
//! the next slot and each 0 brings the own block one nearer, starting [`FARTHEST`] blocks before.

use super::shape::{BLOCK, FARTHEST, SLOTS};

/// The number that says: look in the side table.
pub(crate) const ASIDE: u8 = u8::MAX;

/// A name in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) fingerprint: u64,
    /// How many blocks before this one is the name's own.
    pub(crate) beyond: usize,
    pub(crate) effect: u8,
}

/// A block being filled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filling {
    slots: Vec<Slot>,
    reach: u32,
}

impl Filling {
    pub(crate) fn is_full(&self) -> bool {
        self.slots.len() >= SLOTS
    }

    pub(crate) fn push(&mut self, slot: Slot) {
        self.slots.push(slot);
    }

    /// Says that a name whose own block this is lies `beyond` blocks further.
    pub(crate) fn reaches(&mut self, beyond: usize) {
        self.reach = self.reach.max(u32::try_from(beyond).unwrap_or(u32::MAX));
    }

    pub(crate) fn octets(&self) -> [u8; BLOCK] {
        let mut octets = [0; BLOCK];
        let (low, rest) = octets.split_at_mut(4 * SLOTS);
        let (high, rest) = rest.split_at_mut(SLOTS);
        let (effects, meta) = rest.split_at_mut(SLOTS);
        let (mut steps, mut bit, mut own) = (0_u32, 0_u32, FARTHEST);
        let places = low.as_chunks_mut::<4>().0.iter_mut().zip(high).zip(effects);
        for (slot, ((low, high), effect)) in self.slots.iter().zip(places) {
            let (front, top) = split(slot.fingerprint);
            (*low, *high, *effect) = (front.to_le_bytes(), top, slot.effect);
            bit += u32::try_from(own.saturating_sub(slot.beyond)).unwrap_or_default();
            own = slot.beyond;
            steps |= 1 << bit;
            bit += 1;
        }
        let count = u32::try_from(self.slots.len()).unwrap_or_default();
        meta.copy_from_slice(&(count | self.reach << 4 | steps << 8).to_le_bytes());
        octets
    }
}

/// A fingerprint's low 32 bits and the 8 above.
fn split(fingerprint: u64) -> (u32, u8) {
    let [low @ .., _, _, _, _] = fingerprint.to_le_bytes();
    let [_, _, _, _, high, ..] = fingerprint.to_le_bytes();
    (u32::from_le_bytes(low), high)
}

/// A block of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a>(pub(crate) &'a [u8; BLOCK]);

impl<'a> Block<'a> {
    fn meta(self) -> u32 {
        self.0.last_chunk::<4>().copied().map_or(0, u32::from_le_bytes)
    }

    fn parts(self) -> (&'a [[u8; 4]; SLOTS], &'a [u8; SLOTS], &'a [u8; SLOTS]) {
        const NONE: (&[[u8; 4]; SLOTS], &[u8; SLOTS], &[u8; SLOTS]) = (&[[0; 4]; SLOTS], &[0; SLOTS], &[0; SLOTS]);
        // The lengths are constants: the compiler sees that no branch here can fail.
        let parts = || {
            let (low, rest) = self.0.as_slice().split_first_chunk::<{ 4 * SLOTS }>()?;
            let low = low.as_chunks::<4>().0.first_chunk::<SLOTS>()?;
            let (high, rest) = rest.split_first_chunk::<SLOTS>()?;
            Some((low, high, rest.first_chunk::<SLOTS>()?))
        };
        parts().unwrap_or(NONE)
    }

    /// How many blocks beyond this one its own names reach.
    pub(crate) fn reach(self) -> u64 {
        u64::from(self.meta() >> 4 & 15)
    }

    /// The effect number of the name with this fingerprint whose own block lies `beyond` blocks before.
    pub(crate) fn find(self, fingerprint: u64, beyond: usize) -> Option<u8> {
        let (low, high, effects) = self.parts();
        let (wanted, top) = split(fingerprint);
        // All ten at once: without a branch in the loop the compiler compares them as one vector.
        let mut found = 0_u32;
        for (index, (low, high)) in low.iter().zip(high).enumerate() {
            found |= u32::from(u32::from_le_bytes(*low) == wanted && *high == top) << index;
        }
        while found != 0 {
            let index = found.trailing_zeros() as usize;
            if self.beyond(index) == Some(beyond) {
                return effects.get(index).copied();
            }
            found &= found - 1;
        }
        None
    }

    /// From how far before the name in this slot comes; `None` for an empty slot.
    fn beyond(self, index: usize) -> Option<usize> {
        self.slots().nth(index).map(|slot| slot.beyond)
    }

    /// The filled slots.
    pub(crate) fn slots(self) -> impl Iterator<Item = Slot> + use<'a> {
        let (low, high, effects) = self.parts();
        let count = (self.meta() & 15) as usize;
        let mut steps = self.meta() >> 8;
        let mut own = FARTHEST;
        low.iter().zip(high).zip(effects).take(count).map_while(move |((low, &high), &effect)| {
            let zeros = steps.trailing_zeros();
            steps = steps.checked_shr(zeros + 1)?;
            own = own.checked_sub(zeros as usize)?;
            let fingerprint = u64::from(u32::from_le_bytes(*low)) | u64::from(high) << 32;
            Some(Slot { fingerprint, beyond: own, effect })
        })
    }

    /// How many slots it says are filled.
    pub(crate) fn count(self) -> usize {
        (self.meta() & 15) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_read_out() {
        let mut filling = Filling::default();
        let slots: Vec<Slot> = (0..10_u8)
            .map(|n| Slot { fingerprint: 0xff_0000_0000 - u64::from(n), beyond: usize::from(14 - n), effect: n })
            .collect();
        for slot in &slots {
            assert!(!filling.is_full());
            filling.push(*slot);
        }
        filling.reaches(3);
        filling.reaches(2);
        let octets = filling.octets();
        let block = Block(&octets);
        assert!(filling.is_full());
        assert_eq!(block.slots().collect::<Vec<_>>(), slots);
        assert_eq!((block.reach(), block.count()), (3, 10));
        assert_eq!(block.find(0xff_0000_0000 - 4, 10), Some(4));
        assert_eq!(block.find(0xff_0000_0000 - 4, 9), None, "another block's name with the same fingerprint");
        assert_eq!(block.find(1, 0), None);
    }

    #[test]
    fn an_empty_block_holds_nothing() {
        let octets = Filling::default().octets();
        assert_eq!(octets, [0; 64]);
        assert_eq!(Block(&octets).find(0, 0), None);
    }

    #[test]
    fn senseless_blocks_are_read_without_harm() {
        for fill in [0xff_u8, 0x80, 0x5a, 0x0f] {
            let octets = [fill; 64];
            let block = Block(&octets);
            assert!(block.slots().count() <= SLOTS);
            let _ = block.find(u64::from(fill) * 0x01_0101_0101, 0);
        }
    }
}
