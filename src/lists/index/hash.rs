//! One keyed 64-bit hash for every suffix of a name, in one pass from the top-level label leftwards.
//!
//! Folded multiplication as in wyhash. It need not withstand chosen collisions: whoever finds a name that is wrongly held has closed
//! that name to himself, and a builder that meets two listed names with one key takes another hash key.

use gapura_model::Name;

/// Most labels a name of 255 octets has.
pub(crate) const MOST_LABELS: usize = 127;

/// The hash's key, public and part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKey(pub [u8; 16]);

impl HashKey {
    /// The key after this one, for when two listed names share a hash.
    pub(crate) fn next(self) -> Self {
        Self(
            u128::from_le_bytes(self.0)
                .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
                .wrapping_add(1)
                .to_le_bytes(),
        )
    }
}

/// The key made ready for hashing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hasher {
    low: u64,
    high: u64,
}

/// Where the hash of a suffix stands before the next label to its left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk(u64);

impl Hasher {
    pub(crate) fn new(key: HashKey) -> Self {
        let both = u128::from_le_bytes(key.0);
        let low = u64::try_from(both & u128::from(u64::MAX)).unwrap_or_default();
        let high = u64::try_from(both >> 64).unwrap_or_default();
        Self { low: low ^ 0xa076_1d64_78bd_642f, high: high ^ 0xe703_7ed1_a0b4_28db }
    }

    /// The root's.
    pub(crate) fn root(self) -> Walk {
        Walk(self.low.rotate_left(17) ^ self.high)
    }

    /// One label further left.
    pub(crate) fn label(self, walk: Walk, label: &[u8]) -> Walk {
        let mut state = walk.0 ^ u64::try_from(label.len()).unwrap_or_default().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut rest = label;
        while let Some((word, after)) = rest.split_first_chunk::<8>() {
            if after.is_empty() {
                break;
            }
            state = fold(state ^ u64::from_le_bytes(*word) ^ self.low, state.rotate_left(32) ^ self.high);
            rest = after;
        }
        Walk(fold(state ^ tail(rest) ^ self.high, state.rotate_left(32) ^ self.low))
    }

    /// The hash of the suffix walked to.
    pub(crate) fn hash(self, walk: Walk) -> u64 {
        fold(walk.0 ^ self.low, walk.0.rotate_left(23) ^ self.high ^ 0x8ebc_6af0_9c88_c6e3)
    }

    /// Hashes of `name`'s suffixes, the top-level label's first, the whole name's last; the root is left out.
    pub(crate) fn suffixes(self, name: &Name) -> impl Iterator<Item = u64> {
        let mut starts = [0_u8; MOST_LABELS + 1];
        let mut labels = 0;
        let wire = name.wire();
        let mut at = 0_u8;
        while let Some(&length) = wire.get(usize::from(at)) {
            if length == 0 {
                break;
            }
            if let Some(slot) = starts.get_mut(labels) {
                *slot = at;
                labels += 1;
            }
            at = at.saturating_add(1 + length);
        }
        let mut walk = self.root();
        (0..labels).rev().map(move |index| {
            let start = usize::from(starts.get(index).copied().unwrap_or_default());
            let rest = wire.get(start..).unwrap_or_default();
            let label =
                rest.split_first().and_then(|(&length, rest)| rest.get(..usize::from(length))).unwrap_or_default();
            walk = self.label(walk, label);
            self.hash(walk)
        })
    }
}

/// At most eight octets as a number. The label's length, hashed before, tells texts apart that look alike here.
fn tail(octets: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (octets.first_chunk::<4>(), octets.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    octets.iter().fold(0, |word, &octet| word << 8 | u64::from(octet))
}

fn fold(a: u64, b: u64) -> u64 {
    let (low, high) = a.carrying_mul(b, 0);
    low ^ high
}
