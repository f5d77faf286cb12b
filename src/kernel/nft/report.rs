//! What the kernel tells, and what it is told to be.

use std::time::Duration;

use gapura_model::{IfName, Traffic};

use crate::{Access, ClassIds, Device, Slot};

/// Everything per visitor that the gate shall hold; the rest (windows, lists, interfaces) [`crate::Kernel`] remembers itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Visits with what is left now.
    pub visits: Vec<Access>,
    /// Blocked devices, with the time left where the block ends.
    pub banned: Vec<(Device, Option<Duration>)>,
    /// Bridges that are open for everybody, with the time left.
    pub emergency: Vec<(IfName, Duration)>,
}

/// What was found wrong and put right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// Tables, chains, rules or sets were missing or changed; built anew.
    Skeleton(String),
    /// A setting's elements (windows, interfaces, address lists) were missing or changed; replaced.
    Setting(String),
    /// A visit was missing or damaged; granted again from what is left.
    Visit(Slot),
    /// Elements of a visit nobody knows; removed.
    Foreign(Slot),
    /// A block was missing; set again.
    Ban(Device),
    /// A block nobody ordered; removed.
    Unban(Device),
}

/// A visit's bytes since its grant (or since its generation began).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The slot.
    pub slot: Slot,
    /// The slot's generation.
    pub generation: u8,
    /// Bytes at layer 3, slow ones included.
    pub traffic: Traffic,
    /// How many of them passed slowed down.
    pub slowed: Traffic,
}

/// A visit found in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The slot.
    pub slot: Slot,
    /// The slot's generation.
    pub generation: u8,
    /// Policy group.
    pub group: u8,
    /// The device; `None` once its time is over (only its counters are left: [`crate::Kernel::revoke`] reads and removes them).
    pub device: Option<Device>,
    /// Time left; `None` where it never ends.
    pub remaining: Option<Duration>,
    /// The visit may still pass, its bytes aside.
    pub alive: bool,
    /// Operating hours do not apply.
    pub trusted: bool,
    /// The holder's number.
    pub holder: Option<u32>,
    /// Traffic classes.
    pub classes: ClassIds,
    /// Classes after the bytes are used up.
    pub slow: Option<ClassIds>,
    /// Bytes so far.
    pub traffic: Traffic,
}

/// Refusals that staff want to know of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    /// Packets of DHCP servers on visitor ports.
    pub rogue_dhcp: u64,
    /// Router advertisements and redirects from visitor ports.
    pub rogue_ra: u64,
    /// ARP, neighbour and IP packets in the gateway's name.
    pub spoofed_gateway: u64,
    /// Frames between visitors.
    pub isolated: u64,
    /// New flows with a source address that is not of the bridge.
    pub spoofed_source: u64,
    /// Flows refused because a device had too many.
    pub too_many_flows: u64,
    /// Packets refused before, after or outside a visit.
    pub refused: u64,
}

/// Whose bytes are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depleted {
    /// One visit's.
    Visit {
        /// The slot.
        slot: Slot,
        /// The slot's generation when the quota was granted.
        generation: u8,
    },
    /// A holder's: all its visits.
    Holder(u32),
}

/// Something happened in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A quota is used up.
    QuotaDepleted(Depleted),
    /// Somebody else changed the gate's tables: reconcile.
    ForeignChange,
    /// Events were lost (the listener was too slow): reconcile and read all.
    Lost,
}
