//! The visitors' resolver: a caching forwarder that owns port 53 on a gateway.
//!
//! A datagram is judged once, by [`Resolver`]'s pure part: answer now (own names, cache, refusals), or ask an upstream.
//! What is answered now costs neither a task nor an allocation for it; what is asked is asked once for everybody who waits
//! (RFC 5452 against spoofing, RFC 7766 over TCP, RFC 2308 for what does not exist, RFC 9520 for what failed).
//! The gateway joins in through [`Names`]: its own names, and addresses of walled-garden names that are let into the kernel
//! *before* the answer leaves.
//!
//! Deliberately absent: recursion, zones, DNSSEC validation (its records pass untouched), and any record of who asked what.
//! Query names and client addresses appear in no log above TRACE.
#![forbid(unsafe_code)]

mod cache;
mod config;
mod counters;
mod desk;
mod exchange;
mod flight;
mod garden;
mod hooks;
mod listeners;
mod message;
mod name;
#[cfg(test)]
mod oracle;
mod query;
mod reply;
mod resolver;
mod stored;
mod tcp;
mod udp;
mod upstream;
mod waiting;

pub use config::{Config, ConfigError, Limits, Memory, Patience};
pub use counters::{Counters, Figures};
pub use garden::addresses;
pub use hooks::{Admission, Clock, Names, NotAdmitted, OwnAddresses};
pub use listeners::Listeners;
pub use name::{Name, NameError, NamePattern, NameSet};
pub use query::{Query, Unusable};
pub use resolver::{Resolver, StartError};
pub use stored::{Garbled, Stored};
