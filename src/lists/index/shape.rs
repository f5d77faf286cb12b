//! How the keys of names are spread over blocks.
//!
//! A name's key is the top `bits` of its hash. With `blocks` blocks, the product `key * blocks` splits into the block (above `bits`) and a
//! rest; of the rest 40 bits are stored. Keys of one block have rests at least `blocks` apart, so that these 40 bits still tell all keys
//! apart, and block and fingerprint together give the key back: a file can be merged with a delta without the names.

/// Octets of a block: one cache line.
pub(crate) const BLOCK: usize = 64;
/// Names a block holds.
pub(crate) const SLOTS: usize = 10;
/// How many blocks a name may lie beyond its own, and how many blocks stand behind the last for that.
pub(crate) const FARTHEST: usize = 14;
/// Names a block holds on average; the rest of its slots is room for the uneven.
const USUAL: u64 = 8;
const FINGERPRINT_BITS: u32 = 40;
/// Most names of a file: its blocks are 2^25 at most.
pub const MOST_NAMES: u64 = USUAL << 24;

/// Number of blocks, and how many bits of a hash are a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    blocks: u64,
    bits: u32,
}

impl Shape {
    /// For `names`; with `slack` above 0, a quarter more room each, for when the names will not spread.
    pub(crate) fn of(names: u64, slack: u32) -> Option<Self> {
        let usual = names.div_ceil(USUAL).max(1);
        let blocks = usual.checked_add(usual.checked_mul(slack.into())?.div_ceil(4))?;
        Self::with(blocks)
    }

    /// As a file says.
    pub(crate) fn with(blocks: u64) -> Option<Self> {
        if blocks == 0 || blocks > 1 << 25 {
            return None;
        }
        let bits = if blocks >= 1 << 24 { 64 } else { FINGERPRINT_BITS + blocks.ilog2() };
        Some(Self { blocks, bits })
    }

    pub(crate) fn blocks(self) -> u64 {
        self.blocks
    }

    /// How many bits of a hash are a key: files whose keys are as wide can be merged.
    pub(crate) fn bits(self) -> u32 {
        self.bits
    }

    /// Blocks in the file: those that are somebody's own, and room behind the last.
    pub(crate) fn all_blocks(self) -> u64 {
        self.blocks + FARTHEST as u64
    }

    /// The key of a hash.
    pub(crate) fn key(self, hash: u64) -> u64 {
        hash >> (64 - self.bits)
    }

    /// The block and the fingerprint of a key.
    pub(crate) fn place(self, key: u64) -> (u64, u64) {
        let product = u128::from(key) * u128::from(self.blocks);
        let rest = product & ((1 << self.bits) - 1);
        // Both fit: the product is below blocks * 2^bits, the rest below 2^bits.
        let narrow = |wide: u128| u64::try_from(wide).unwrap_or(u64::MAX);
        (narrow(product >> self.bits), narrow(rest >> (self.bits - FINGERPRINT_BITS)))
    }

    /// The key again. `None` where no key has this fingerprint in this block.
    pub(crate) fn key_of(self, block: u64, fingerprint: u64) -> Option<u64> {
        let least = (u128::from(block) << self.bits) | u128::from(fingerprint) << (self.bits - FINGERPRINT_BITS);
        let key = u64::try_from(least.div_ceil(u128::from(self.blocks))).ok()?;
        (self.place(key) == (block, fingerprint)).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_survives_its_place(hash: u64, blocks in 1_u64..=1 << 25) {
            let shape = Shape::with(blocks).unwrap();
            let key = shape.key(hash);
            let (block, fingerprint) = shape.place(key);
            prop_assert!(block < blocks && fingerprint < 1 << 40);
            prop_assert_eq!(shape.key_of(block, fingerprint), Some(key));
        }

        #[test]
        fn order_of_keys_is_order_of_places(a: u64, b: u64, blocks in 1_u64..=1 << 25) {
            let shape = Shape::with(blocks).unwrap();
            let (a, b) = (shape.key(a), shape.key(b));
            prop_assert_eq!(a.cmp(&b), shape.place(a).cmp(&shape.place(b)));
        }
    }

    #[test]
    fn impossible_shapes_are_refused() {
        assert_eq!(Shape::with(0), None);
        assert_eq!(Shape::with((1 << 25) + 1), None);
        assert_eq!(Shape::of(u64::MAX, 3), None);
    }
}
