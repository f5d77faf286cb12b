//! Numbers that look random and are the same for the same seed (SplitMix64). Never for secrets.

/// A source of numbers.
#[derive(Clone, Debug)]
pub(super) struct Draw(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Draw {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another source, for a part that is drawn on its own; the numbers of two parts have nothing in common.
    pub(super) const fn of(&self, part: u64) -> Self {
        Self(mixed(self.0 ^ mixed(part.wrapping_add(STEP))))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number from 0 to below `limit`; 0 where that is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or_default()
    }

    /// A number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    pub(super) fn octets(&mut self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn parts_have_nothing_in_common() {
        let whole = Draw::new(7);
        let numbers = (0..1000).flat_map(|part| {
            let mut draw = whole.of(part);
            (0..100).map(move |_| draw.next())
        });
        assert_eq!(numbers.collect::<BTreeSet<_>>().len(), 100_000);
    }
}
