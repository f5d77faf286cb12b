//! Parts of an uplink: what is handed out of a stated speed, and how much of it is guaranteed to somebody.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::BitRate;

/// 1 to 100 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Percent(u8);

/// A guaranteed part of an uplink. Whoever has it may use more while others leave it idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Guarantee {
    /// So much of what is handed out ([`BitRate::handed_out`]), in each direction.
    Percent(Percent),
    /// These speeds, in bit/s.
    Rate {
        /// Toward the Internet.
        up: BitRate,
        /// From the Internet.
        down: BitRate,
    },
}

impl Percent {
    /// `percent`, or `None` outside 1 to 100.
    pub const fn new(percent: u8) -> Option<Self> {
        if percent >= 1 && percent <= 100 { Some(Self(percent)) } else { None }
    }

    /// So much of a speed, rounded down, at least 1 bit/s.
    pub fn of(self, rate: BitRate) -> BitRate {
        rate.percent(self.0)
    }
}

impl TryFrom<u8> for Percent {
    type Error = &'static str;
    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        Self::new(percent).ok_or("a percentage is 1 to 100")
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

impl Guarantee {
    /// What is guaranteed toward the Internet, of `shared` that is handed out.
    pub fn up(self, shared: BitRate) -> BitRate {
        match self {
            Self::Percent(percent) => percent.of(shared),
            Self::Rate { up, .. } => up,
        }
    }

    /// What is guaranteed from the Internet, of `shared` that is handed out.
    pub fn down(self, shared: BitRate) -> BitRate {
        match self {
            Self::Percent(percent) => percent.of(shared),
            Self::Rate { down, .. } => down,
        }
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => percent.fmt(f),
            Self::Rate { up, down } => write!(f, "{up} up, {down} down"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarantee_is_a_part_or_a_speed() {
        let shared = BitRate::new(19_000_000).unwrap();
        let quarter = Guarantee::Percent(Percent::new(25).unwrap());
        assert_eq!((quarter.up(shared), quarter.down(shared)), (shared.percent(25), shared.percent(25)));
        assert_eq!(quarter.up(shared).bits_per_second(), 4_750_000);
        let (up, down) = (BitRate::new(1).unwrap(), BitRate::new(2).unwrap());
        let fixed = Guarantee::Rate { up, down };
        assert_eq!((fixed.up(shared), fixed.down(shared)), (up, down));
        let fixed = Guarantee::Rate { up: BitRate::new(512_000).unwrap(), down: BitRate::new(9_500_000).unwrap() };
        assert_eq!((quarter.to_string(), fixed.to_string()), ("25 %".into(), "512 kbit/s up, 9.5 Mbit/s down".into()));
        assert_eq!((Percent::new(0), Percent::new(101)), (None, None));
        assert!(serde_json::from_str::<Percent>("101").is_err() && serde_json::from_str::<Percent>("0").is_err());
        let text = serde_json::to_string(&quarter).unwrap();
        assert_eq!((text.as_str(), serde_json::from_str::<Guarantee>(&text).unwrap()), (r#"{"percent":25}"#, quarter));
    }

    #[test]
    fn a_part_of_a_speed_never_overflows_and_is_never_nothing() {
        let rate = |bits| BitRate::new(bits).unwrap();
        assert_eq!(rate(20_000_000).handed_out(), rate(19_000_000));
        assert_eq!(rate(u64::MAX).handed_out().bits_per_second(), u64::MAX / 100 * 95 + 15 * 95 / 100);
        assert_eq!(rate(1).handed_out(), rate(1));
    }
}
