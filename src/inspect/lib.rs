//! What the first packets of a flow say about where it goes: the server name of a TLS ClientHello (RFC 8446) and of a QUIC
//! Initial (RFC 9000, 9001, and version 2: RFC 9369), put together from as many packets as it came in.
//!
//! Everything here but [`queue`] is pure: octets and time go in, a [`Finding`] comes out, and nothing a visitor sends makes
//! it panic, wait or grow past its bounds. What cannot be known is said so ([`Undecidable`]), never guessed: whether such a
//! flow may pass is the caller's choice.
//!
//! Deliberately absent: holding packets back (a server cannot answer half a ClientHello, so that the packet that completes
//! it is the only one that has to be judged in time), certificates, and any memory of who asked for what.
#![forbid(unsafe_code)]

mod finding;
mod flows;
mod hello;
mod octets;
mod packet;
mod pieces;
pub mod queue;
mod quic;
mod record;
mod tls;

pub use finding::{Asked, Finding, Over, Undecidable};
pub use flows::{Flows, Look, Patience};
pub use hello::Hello;
pub use packet::{FlowKey, Packet, Transport};
pub use quic::QuicFlow;
pub use tls::{Segment, TlsFlow};

/// The longest ClientHello that is put together, octets: its handshake message, over TCP with its record headers.
pub const LONGEST_HELLO: usize = 16 * 1024;
/// The longest ClientHello over QUIC, octets.
pub const LONGEST_QUIC_HELLO: usize = 4 * 1024;
