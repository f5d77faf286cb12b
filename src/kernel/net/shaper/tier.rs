//! The tiers between the root and the visitors: a plan's part of the uplink, and the part of all others.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::Guarantee;
use serde::{Deserialize, Serialize};

use super::Speed;

/// A class that visitors' classes are under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TierId(pub(super) u16);

/// What the visitors of one tier have together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierSpeed {
    /// Theirs whenever they want it; `None`: only what others leave idle.
    pub guaranteed: Option<Guarantee>,
    /// Ceilings of all of them together.
    pub most: Speed,
}

/// First number of tiers with a name; they have no queue of their own, so the kernel's queue handles are not in the way.
const FIRST_NAMED: u16 = 0x8000;

impl TierId {
    /// The visitors without a tier of their own: they share what is guaranteed to nobody.
    pub const DEFAULT: Self = Self(3);
    /// Directly under the root: the walled garden, and visitors in a tree that an older version laid.
    pub(super) const ROOT: Self = Self(super::tc::ROOT_CLASS);

    /// Numbers for tiers with these names. A name keeps its number whichever others there are, so that trees can be taken over
    /// after a restart without writing numbers down; but for two names that fall on one number, where the second is moved on.
    pub fn number<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, Self> {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let mut taken = BTreeSet::new();
        let mut numbers = BTreeMap::new();
        for name in names {
            let first = hash(name);
            let tries = (0..=u16::MAX - FIRST_NAMED).map(|step| Self(FIRST_NAMED | first.wrapping_add(step)));
            if let Some(tier) = tries.into_iter().find(|tier| !taken.contains(tier)) {
                taken.insert(tier);
                numbers.insert(name, tier);
            }
        }
        numbers
    }

    pub(super) const fn minor(self) -> u16 {
        self.0
    }

    /// The tier with this class, if it is one of ours.
    pub(super) fn from_minor(minor: u16) -> Option<Self> {
        (minor == Self::DEFAULT.0 || minor >= FIRST_NAMED).then_some(Self(minor))
    }
}

/// 15 bits of a name (FNV-1a).
fn hash(name: &str) -> u16 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let [_, _, high, low] = (hash ^ hash >> 16).to_be_bytes();
    u16::from_be_bytes([high, low]) & !FIRST_NAMED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_whoever_comes_and_goes() {
        let alone = TierId::number(["pelajar"]);
        let names: Vec<String> = (0..100).map(|number| format!("plan-{number}")).collect();
        let among = TierId::number(names.iter().map(String::as_str).chain(["pelajar"]));
        assert_eq!(alone["pelajar"], among["pelajar"]);
        assert_eq!(among.values().collect::<BTreeSet<_>>().len(), 101, "every name has a number of its own");
        assert!(among.values().all(|tier| TierId::from_minor(tier.minor()) == Some(*tier)));
    }

    #[test]
    fn two_names_that_fall_on_one_number_get_two() {
        // More names than a birthday allows to be apart.
        let names: Vec<String> = (0..2000).map(|number| number.to_string()).collect();
        let numbers = TierId::number(names.iter().map(String::as_str));
        assert_eq!(numbers.values().collect::<BTreeSet<_>>().len(), 2000);
    }
}
