//! The link to the controller: enrolment, bundles, usage, heartbeat. A site that loses it loses nothing.
//!
//! Everything here is outward: the controller never calls a router. One TLS connection an exchange, but for exchanges that follow each
//! other closely: a long-poll, what came of it and the next one share theirs, so that a publication to ten thousand routers asks for
//! no handshake; so do batches of usage that piled up.

mod backoff;
mod desk;
mod enrol;
mod exchange;
mod filter;
mod http;
mod identity;
mod requests;
mod serve;
mod tls;
mod words;

pub(crate) use backoff::draw;
pub(crate) use enrol::{EnrolError, enrol};
pub(crate) use exchange::{Controller, LinkError};
pub(crate) use http::{Endpoint, ExchangeError};
pub(crate) use identity::{IdentityError, IdentityStore, Membership};
pub(crate) use serve::{Link, connect, serve};
