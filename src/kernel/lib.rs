//! The only owner of nftables, traffic classes, conntrack and neighbours on a gateway.
//!
//! [`Kernel`] holds the gate in nftables: its own codec over nfnetlink, one atomic batch for every change, readings by
//! dumps, depletion and strangers' changes as events. No program is spawned, nothing grows with the number of visitors.
#![deny(unsafe_code)]

mod access;
mod config;
mod error;
pub mod net;
pub mod nft;

pub use access::{Access, ClassIds, Device, Ended, Holder, Mark, Quota, Slot, Update};
pub use config::{GardenEntry, GateConfig, Net, PortRange, Proto, TableName, Window};
pub use error::KernelError;
pub use nft::{
    AddressFilter, BLOCKS, Changed, Depleted, Desired, Event, Events, Features, FilterLoad, GardenHandle, Kernel,
    MOST_RANGES, MOST_RATES, Observed, Pace, QUEUE, REFUSED, Reading, Repair, SHARED, Slowed, Tallies, ThrottleHandle,
    Throttles, is_private,
};
