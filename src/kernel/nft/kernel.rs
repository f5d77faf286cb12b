//! The gate.

use std::time::Duration;

use gapura_model::IfName;

use super::report::{AddressList, Desired, Events, Observed, Reading, Repair, Tallies};
use crate::{Access, Device, Ended, Features, GardenEntry, GateConfig, KernelError, Mark, Net, Slot, Update, Window};

/// The gate in nftables.
pub struct Kernel {
    config: GateConfig,
}

/// Fills the walled garden from another thread.
#[derive(Clone)]
pub struct GardenHandle {}

impl GardenHandle {
    /// Opens garden destinations, before the DNS answer that names them leaves.
    pub fn garden(&self, _entries: &[GardenEntry]) -> Result<(), KernelError> {
        Err(KernelError::Missing("garden"))
    }
}

macro_rules! later {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {
        impl Kernel {
            $($(#[$doc])* pub fn $name(&mut self, $($arg: $ty),*) -> Result<$ret, KernelError> {
                let _ = ($($arg,)*);
                Err(KernelError::Missing(stringify!($name)))
            })*
        }
    };
}

later! {
    /// Lets devices pass: one batch for all. The marks say which generation each slot has.
    fn grant(accesses: &[Access]) -> Vec<Mark>;
    /// Changes running visits without a gap: one batch for all.
    fn update(changes: &[Update]) -> ();
    /// Ends visits (one batch), then reads and removes their counters: exact, nothing counts there any more.
    fn revoke(slots: &[Slot]) -> Vec<Ended>;
    /// Next generation, and a new policy group where one is given: running flows are judged again.
    fn regenerate(slots: &[(Slot, Option<u8>)]) -> Vec<Ended>;
    /// Blocks devices; a running visit of theirs must be revoked too. `None` blocks until unbanned.
    fn ban(devices: &[(Device, Option<Duration>)]) -> ();
    /// Lifts blocks.
    fn unban(devices: &[Device]) -> ();
    /// Replaces the opening windows.
    fn set_windows(windows: &[Window]) -> ();
    /// Opens a bridge for everybody, for a time; `None` ends it.
    fn emergency(lan: &IfName, lasts: Option<Duration>) -> ();
    /// Opens garden destinations.
    fn garden(entries: &[GardenEntry]) -> ();
    /// Counters of all visits.
    fn readings() -> Vec<Reading>;
    /// The visits the kernel holds.
    fn visits() -> Vec<Observed>;
    /// Compares and repairs: one batch.
    fn reconcile(desired: &Desired) -> Vec<Repair>;
    /// The uplinks from now on.
    fn set_uplinks(uplinks: &[IfName]) -> ();
    /// The visitor bridges from now on.
    fn set_lans(lans: &[IfName]) -> ();
    /// The visitor ports from now on.
    fn set_ports(ports: &[IfName]) -> ();
    /// Refused destinations beside the private ranges: the uplink's own subnets.
    fn set_refused(nets: &[Net]) -> ();
    /// Addresses of the gateway on visitor bridges.
    fn set_gateway_addresses(addresses: &[std::net::IpAddr]) -> ();
    /// Replaces a content filter's list.
    fn set_list(list: AddressList, nets: &[Net]) -> ();
    /// Counts of refusals.
    fn tallies() -> Tallies;
}

impl Kernel {
    /// Adopts the gate that is there, or builds it.
    pub fn open(config: GateConfig, _features: &Features) -> Result<Self, KernelError> {
        let _ = Self { config };
        Err(KernelError::Missing("open"))
    }

    /// A handle for the DNS room.
    pub fn garden_handle(&self) -> GardenHandle {
        let _ = &self.config;
        GardenHandle {}
    }

    /// A listener for its own thread.
    pub fn events(&self) -> Result<Events, KernelError> {
        Err(KernelError::Missing("events"))
    }

    /// Removes the tables: the gate is gone.
    pub fn close(self) -> Result<(), KernelError> {
        Err(KernelError::Missing("close"))
    }
}
