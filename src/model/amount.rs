//! Bytes and bit rates.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// A number of octets at layer 3, IP headers included (as RFC 8908 counts `bytes-remaining`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteCount(u64);

impl ByteCount {
    /// No bytes at all.
    pub const ZERO: Self = Self(0);

    /// `octets` bytes.
    pub const fn new(octets: u64) -> Self {
        Self(octets)
    }

    /// The plain number of octets.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// `self - other`, or zero where `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for ByteCount {
    type Output = Self;
    /// Saturates at 2^64 - 1 octets.
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for ByteCount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for ByteCount {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} B", self.0)
    }
}

/// A rate in bits per second; never zero (an absent limit is `None`, not zero).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct BitRate(u64);

impl BitRate {
    /// `bits` per second, or `None` for zero.
    pub const fn new(bits: u64) -> Option<Self> {
        if bits == 0 { None } else { Some(Self(bits)) }
    }

    /// Bits per second.
    pub const fn bits_per_second(self) -> u64 {
        self.0
    }

    /// Octets per second, rounded down, at least 1.
    pub const fn bytes_per_second(self) -> u64 {
        let bytes = self.0 / 8;
        if bytes == 0 { 1 } else { bytes }
    }
}

impl TryFrom<u64> for BitRate {
    type Error = &'static str;
    fn try_from(bits: u64) -> Result<Self, Self::Error> {
        Self::new(bits).ok_or("a speed of 0 bit/s is not a limit: leave the key out for no limit")
    }
}

impl From<BitRate> for u64 {
    fn from(rate: BitRate) -> Self {
        rate.0
    }
}

/// Bytes in both directions, seen from the visitor: `up` is sent by the device, `down` is received by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Traffic {
    /// Octets from the visitor's device.
    pub up: ByteCount,
    /// Octets to the visitor's device.
    pub down: ByteCount,
}

impl Traffic {
    /// Nothing in either direction.
    pub const ZERO: Self = Self { up: ByteCount::ZERO, down: ByteCount::ZERO };

    /// Both directions together.
    pub fn total(self) -> ByteCount {
        self.up + self.down
    }

    /// What `self` counts beyond `earlier`, never negative.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self { up: self.up.saturating_sub(earlier.up), down: self.down.saturating_sub(earlier.down) }
    }
}

impl Add for Traffic {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { up: self.up + other.up, down: self.down + other.down }
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_saturate_instead_of_wrapping() {
        assert_eq!(ByteCount::new(u64::MAX) + ByteCount::new(1), ByteCount::new(u64::MAX));
        assert_eq!(ByteCount::new(1).saturating_sub(ByteCount::new(2)), ByteCount::ZERO);
    }

    #[test]
    fn a_rate_of_zero_is_not_a_rate() {
        assert!(BitRate::new(0).is_none());
        assert_eq!(BitRate::new(7).map(BitRate::bytes_per_second), Some(1));
    }
}
