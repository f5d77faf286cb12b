//! The gate in nftables.

mod codec;
mod events;
mod features;
mod kernel;
mod observe;
mod plan;
mod reconcile;
mod report;
mod rule;
mod settings;
mod skeleton;
mod tables;

pub use codec::read_anything;
pub use events::Events;
pub use features::Features;
pub use kernel::{GardenHandle, Kernel};
pub use report::{AddressList, Depleted, Desired, Event, Observed, Reading, Repair, Tallies};
