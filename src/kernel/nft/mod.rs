//! The gate in nftables.

mod codec;
mod events;
mod features;
mod garden;
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
pub use garden::GardenHandle;
pub use kernel::Kernel;
pub use report::{AddressList, Depleted, Desired, Event, Observed, Reading, Repair, Tallies};
pub use settings::is_private;
