//! The edge daemon: portal, resolver, addresses and the link to the controller around one thread that decides.
//!
//! [`run`] starts everything and returns when the daemon was told to stop. The kernel goes on holding the policy then: a
//! restart cuts nobody off.
#![forbid(unsafe_code)]

mod alone;
mod anchors;
mod bundles;
pub mod config;
pub mod ctl;
mod daemon;
mod devices;
pub mod doctor;
mod filter;
mod follower;
mod following;
pub mod forwarding;
mod gate;
mod inspector;
mod joining;
pub mod limits;
mod link;
mod metrics;
mod names;
mod network;
mod notices;
mod policy;
mod portal;
mod requests;
mod serving;
mod slots;

pub use alone::SiteFileError;
pub use config::Config;
pub use daemon::{RunError, run};
pub use follower::{FollowError, Follower};

/// The last time on disk: no later start may read an earlier one. `None` on the first start, or where nothing can be read.
pub fn last_time_on_disk(config: &Config) -> Option<jiff::Timestamp> {
    gate::last_time_on_disk(&config.gateway.data_dir)
}
