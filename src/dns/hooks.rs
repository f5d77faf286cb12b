//! What the gateway tells the resolver, and what the resolver asks of it.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;

use gapura_model::Uptime;
use thiserror::Error;

use gapura_model::Name;

/// Reads monotonic time, once a query: `move || clock.now().up` over the runtime's clock, or one that a test moves by hand.
pub type Clock = Arc<dyn Fn() -> Uptime + Send + Sync>;

/// Ends once the addresses are in force, or with the reason why not.
pub type Admission = Pin<Box<dyn Future<Output = Result<(), NotAdmitted>> + Send>>;

/// The gateway's side of the resolver. Called on the path of every query: answer from memory, take no lock for long.
pub trait Names: Send + Sync + 'static {
    /// Addresses of a name that is the gateway's own (the portal), as `client` should see them: those of its bridge.
    /// Answered here for A and AAAA, with no data for other types. `None`: not ours, ask upstream.
    fn own(&self, name: &Name, client: IpAddr) -> Option<OwnAddresses>;

    /// Whether `name` belongs to the walled garden.
    fn is_garden(&self, name: &Name) -> bool;

    /// Lets these addresses (with the record's TTL, seconds) of a garden name through. The answer waits for the end of this,
    /// for [`crate::Patience::garden`] at most. Called for every answer, cached ones too: tell repeats apart on your side.
    fn admit_garden(&self, name: &Name, addresses: &[(IpAddr, u32)]) -> Admission;
}

/// Addresses of a name of our own; either list may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnAddresses {
    /// Answers to A.
    pub v4: Vec<Ipv4Addr>,
    /// Answers to AAAA.
    pub v6: Vec<Ipv6Addr>,
}

/// The gateway could not let a garden address through.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("garden addresses were not let through: {0}")]
pub struct NotAdmitted(pub String);
