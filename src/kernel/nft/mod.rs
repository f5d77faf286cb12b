//! The gate in nftables.

mod codec;
mod desk;
mod events;
mod features;
mod filter;
mod garden;
mod inspection;
mod kernel;
mod observe;
mod plan;
mod port_blocks;
mod reconcile;
mod report;
mod rule;
mod settings;
mod skeleton;
mod tables;
mod throttle;

pub use codec::read_anything;
pub use events::Events;
pub use features::Features;
pub use filter::{AddressFilter, Changed, FilterLoad};
pub use garden::GardenHandle;
pub use inspection::{QUEUE, REFUSED};
pub use kernel::Kernel;
pub use port_blocks::{BLOCKS, SHARED};
pub use report::{Depleted, Desired, Event, Observed, Reading, Repair, Tallies};
pub use settings::is_private;
pub use throttle::{MOST_RANGES, MOST_RATES, Pace, Slowed, ThrottleHandle, Throttles};
