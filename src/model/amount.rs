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

    /// What is handed out to visitors of an uplink stated with this speed, 95 %: the queue has to form in the router, where
    /// it is shared fairly, and not in the modem.
    #[must_use]
    pub const fn handed_out(self) -> Self {
        self.percent(95)
    }

    /// `percent` of it, rounded down, at least 1 bit/s.
    #[must_use]
    pub(crate) const fn percent(self, percent: u8) -> Self {
        let percent = percent as u64;
        let bits = (self.0 / 100).saturating_mul(percent).saturating_add(self.0 % 100 * percent / 100);
        Self(if bits == 0 { 1 } else { bits })
    }
}

impl fmt::Display for BitRate {
    /// For people: `9.5 Mbit/s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            1_000_000.. => (1_000_000, "Mbit/s"),
            1_000.. => (1_000, "kbit/s"),
            _ => return write!(f, "{} bit/s", self.0),
        };
        let text = format!("{}.{:02}", self.0 / unit, self.0 % unit / (unit / 100));
        write!(f, "{} {name}", text.trim_end_matches('0').trim_end_matches('.'))
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
