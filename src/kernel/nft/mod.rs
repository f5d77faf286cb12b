//! The gate in nftables.

mod features;
mod kernel;
mod report;

pub use features::Features;
pub use kernel::{GardenHandle, Kernel};
pub use report::{AddressList, Depleted, Desired, Event, Events, Observed, Reading, Repair, Tallies};
