//! Everything the house asks of the kernel that is not nftables, over synchronous netlink.
//!
//! [`Route`] is the rtnetlink handle: interfaces, addresses, routes, neighbours, bridge ports and the second lock.
//! [`Shaper`] keeps the HTB trees, [`Conntrack`] the flow table, [`Watch`] listens for changes, [`features`] finds out what this
//! kernel can do, [`sysctl`] what it is told to do, [`uplink`] whether the Internet is there.
//!
//! Handles belong to the network namespace of the thread that opened them, and are not shared between threads. What the kernel
//! answers is parsed totally: a reply that is cut short or makes no sense is [`NetError::Malformed`], never a panic.

mod addrs;
mod codec;
mod conn;
mod conntrack;
mod error;
pub mod features;
#[cfg(test)]
mod hostile;
mod links;
mod neigh;
mod ports;
mod routes;
mod second_lock;
pub mod shaper;
mod subnet;
pub mod sysctl;
mod theft;
pub mod uplink;
mod watch;

pub use addrs::Address;
pub use conn::Route;
pub use conntrack::{Conntrack, ConntrackUse, Flow};
pub use error::NetError;
pub use features::NetFeatures;
pub use links::{Link, LinkIndex};
pub use neigh::{NeighState, Neighbour};
pub use ports::FdbEntry;
pub use routes::{DefaultRoute, RouteEntry};
pub use second_lock::{Locked, SECOND_LOCK_MARK, SECOND_LOCK_PREF, SecondLock};
pub use shaper::{ClassId, Shaper, Speed};
pub use subnet::{Overlap, Subnet, overlaps};
pub use theft::{MAX_REMEMBERED, Moved, Moves};
pub use watch::{Change, Groups, Waker, Watch};
