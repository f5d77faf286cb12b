//! The visitors' resolver: a caching forwarder that owns port 53 on a gateway.
//!
//! A datagram is judged once, by [`Resolver`]'s pure part: answer now (own names, cache, refusals), or ask an upstream.
//! What is answered now costs neither a task nor an allocation for it; what is asked is asked once for everybody who waits
//! (RFC 5452 against spoofing, RFC 7766 over TCP, RFC 2308 for what does not exist, RFC 9520 for what failed). Upstreams are
//! asked in the clear, over TLS (RFC 7858) or over HTTPS (RFC 8484), each as it is stated and never otherwise.
//! The gateway joins in through [`Names`]: its own names, and addresses of walled-garden names that are let into the kernel
//! *before* the answer leaves; and through [`Filter`]: what the SOP says of a name, of what its answer leads to, and for whom.
//!
//! Deliberately absent: recursion, zones, DNSSEC validation (its records pass untouched; the AD bit is passed on from upstreams
//! that are encrypted or on this machine, and from no other), and any record of who asked what.
//! Query names and client addresses appear in no log above TRACE.
#![deny(unsafe_code)]

mod cache;
mod config;
mod counters;
mod desk;
mod filter;
mod flight;
mod garden;
mod hooks;
mod leads;
mod listeners;
mod memo;
mod message;
mod mmsg;
#[cfg(test)]
mod oracle;
mod query;
mod question;
mod refusal;
mod reply;
mod resolver;
mod ruling;
mod server;
mod source;
mod stored;
mod tcp;
mod udp;
mod upstream;
mod waiting;

pub use config::{Config, ConfigError, Limits, Memory, Patience};
pub use counters::{Counters, Figures};
pub use filter::{Blocked, Filter, How, Judge, Judgement};
pub use garden::addresses;
pub use hooks::{Admission, Clock, Names, NotAdmitted, OwnAddresses};
pub use listeners::Listeners;
pub use query::{Query, Unusable};
pub use resolver::{Resolver, StartError};
pub use server::{Forward, KeyPin, PinError, Upstream, UpstreamError};
pub use stored::{Garbled, Stored};
pub use upstream::{Authorities, AuthoritiesError};
