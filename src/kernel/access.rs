//! What a visit is to the kernel: a slot, a device, quotas, classes and the mark they share.

use std::fmt;
use std::time::Duration;

use gapura_model::{ByteCount, IfName, MacAddr, Traffic};
use serde::{Deserialize, Serialize};

/// A device's place in the gate, 0x10 to 65534; also the minor number of its traffic class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Slot(u16);

impl Slot {
    /// The first slot; numbers below belong to the gate itself.
    pub const FIRST: Self = Self(0x10);
    /// The last slot.
    pub const LAST: Self = Self(65534);

    /// Slot `number`, or `None` outside 0x10..=65534.
    pub const fn new(number: u16) -> Option<Self> {
        if number >= Self::FIRST.0 && number <= Self::LAST.0 { Some(Self(number)) } else { None }
    }

    /// The plain number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Slot {
    type Error = &'static str;
    fn try_from(number: u16) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a slot is 16 to 65534")
    }
}

impl From<Slot> for u16 {
    fn from(slot: Slot) -> Self {
        slot.0
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The conntrack mark of a visit's flows: slot (bits 0 to 15), policy group (16 to 23), generation of the slot (24 to 28).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The slot.
    pub slot: Slot,
    /// The policy group.
    pub group: u8,
    /// The slot's generation, 0 to 31: a flow of an older one is judged again.
    pub generation: u8,
}

impl Mark {
    /// An inspector blocked the flow.
    pub const BLOCKED: u32 = 0x8000_0000;
    /// The flow went through the filters.
    pub const PASS: u32 = 0x4000_0000;
    /// The flow's device is known.
    pub const IDENTIFIED: u32 = 0x2000_0000;
    /// A walled-garden flow has this number where others have a slot.
    pub const GARDEN: u32 = 1;

    /// The mark of an identified flow that has not been through the filters: the value in `dev`.
    pub const fn identified(self) -> u32 {
        Self::IDENTIFIED | (self.generation as u32 & 0x1f) << 24 | (self.group as u32) << 16 | self.slot.0 as u32
    }

    /// The mark of a flow that may pass: the key in `live`, `up` and `dn`.
    pub const fn passing(self) -> u32 {
        self.identified() | Self::PASS
    }

    /// Reads either form; `None` for marks that are no visit's.
    pub const fn parse(bits: u32) -> Option<Self> {
        if bits & Self::IDENTIFIED == 0 {
            return None;
        }
        let [_, group, high, low] = bits.to_be_bytes();
        match Slot::new(u16::from_be_bytes([high, low])) {
            Some(slot) => Some(Self { slot, group, generation: ((bits >> 24) & 0x1f) as u8 }),
            None => None,
        }
    }
}

/// What is left to a visit or a holder, in octets at layer 3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quota {
    /// No limit.
    #[default]
    Unlimited,
    /// Both directions together.
    Total(ByteCount),
    /// Each direction by itself; `None` is no limit in that direction.
    EachWay {
        /// From the device.
        up: Option<ByteCount>,
        /// To the device.
        down: Option<ByteCount>,
    },
}

/// A voucher, account or device whose balance several visits share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The holder's number, chosen by the caller; the same number is the same balance.
    pub key: u32,
    /// What is left. A grant uses it only where the kernel holds no balance under this number yet.
    pub quota: Quota,
}

/// Traffic class handles (major << 16 | minor); 0 is unshaped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassIds {
    /// From the device.
    pub up: u32,
    /// To the device.
    pub dn: u32,
}

/// A device on a visitor bridge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Device {
    /// The visitor bridge.
    pub lan: IfName,
    /// Its hardware address.
    pub mac: MacAddr,
}

/// Everything the kernel needs to let one device pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The device's slot.
    pub slot: Slot,
    /// The device.
    pub device: Device,
    /// Policy group.
    pub group: u8,
    /// Time left, cut to the closing time by the caller; `None` never ends.
    pub expires_in: Option<Duration>,
    /// Operating hours do not apply (printer, staff PC).
    pub trusted: bool,
    /// What the visit has left.
    pub visit_quota: Quota,
    /// The balance shared with other visits.
    pub holder: Option<Holder>,
    /// Traffic classes.
    pub classes: ClassIds,
    /// Classes after the bytes are used up; `None` cuts.
    pub slow: Option<ClassIds>,
}

/// A change to a running visit; `None` leaves a thing as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Whose visit.
    pub slot: Slot,
    /// New time left from now.
    pub expires_in: Option<Option<Duration>>,
    /// What is left from now on.
    pub visit_quota: Option<Quota>,
    /// What the holder has left from now on, for all its visits.
    pub holder_quota: Option<Quota>,
    /// New classes.
    pub classes: Option<ClassIds>,
    /// New slow classes.
    pub slow: Option<Option<ClassIds>>,
    /// The visit moves to another device.
    pub device: Option<Device>,
    /// New policy group.
    pub group: Option<u8>,
    /// Running flows go through the filters again (a policy changed).
    pub judge_again: bool,
}

impl Update {
    /// A change of nothing yet.
    pub const fn of(slot: Slot) -> Self {
        Self {
            slot,
            expires_in: None,
            visit_quota: None,
            holder_quota: None,
            classes: None,
            slow: None,
            device: None,
            group: None,
            judge_again: false,
        }
    }

    /// The visit needs a new generation: classes and group are part of what running flows were let pass with.
    pub(crate) const fn rekeys(&self) -> bool {
        self.classes.is_some() || self.slow.is_some() || self.group.is_some() || self.judge_again
    }
}

/// The last counts of a visit (or of one generation of it): nothing counts there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The slot.
    pub slot: Slot,
    /// The generation that ended.
    pub generation: u8,
    /// All its bytes.
    pub traffic: Traffic,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_read_back() {
        let mark = Mark { slot: Slot::new(0x1234).unwrap(), group: 0xab, generation: 31 };
        assert_eq!(mark.identified(), 0x3fab_1234);
        assert_eq!(mark.passing(), 0x7fab_1234);
        assert_eq!(Mark::parse(mark.passing()), Some(mark));
        assert_eq!(Mark::parse(mark.identified()), Some(mark));
        assert_eq!(Mark::parse(Mark::GARDEN), None);
        assert_eq!(Mark::parse(0x2000_0001), None);
        assert!(Slot::new(0xffff).is_none() && Slot::new(15).is_none());
    }
}
