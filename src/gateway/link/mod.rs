//! The link to the controller: enrolment, bundles, usage, heartbeat. A site that loses it loses nothing.
//!
//! Everything here is outward: the controller never calls a router. One TLS connection an exchange; the long-poll for
//! bundles is one exchange that waits.

mod backoff;
mod enrol;
mod exchange;
mod http;
mod identity;
mod serve;
mod tls;

pub(crate) use backoff::draw;
pub(crate) use enrol::enrol;
pub(crate) use http::{Endpoint, ExchangeError};
pub(crate) use identity::{IdentityError, IdentityStore, Membership};
pub(crate) use serve::{Link, serve};
