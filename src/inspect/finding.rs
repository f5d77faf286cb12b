//! What an inspection finds.

use std::net::IpAddr;

use gapura_model::Name;
use thiserror::Error;

use crate::Hello;

/// What the first packets of a flow say, final for the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A whole ClientHello.
    Hello(Hello),
    /// Where the flow goes cannot be told from its first packets.
    Undecidable(Undecidable),
}

/// Whom a ClientHello asks for (RFC 6066 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// This name.
    Name(Box<Name>),
    /// An address where only names may stand; some programs do so all the same.
    Address(IpAddr),
    /// Nobody: there is no server name.
    Nobody,
}

/// What carries a ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Over {
    /// TLS over TCP.
    Tcp,
    /// QUIC version 1 (RFC 9000).
    QuicV1,
    /// QUIC version 2 (RFC 9369).
    QuicV2,
}

/// Why nothing can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
pub enum Undecidable {
    /// The stream does not begin with a TLS handshake.
    #[error("not TLS")]
    NotTls,
    /// The datagram is no QUIC packet of the kind that opens a connection.
    #[error("not an opening QUIC packet")]
    NotQuic,
    /// A QUIC version whose first packets nobody but its ends can read; 0 is version negotiation (RFC 8999 section 6).
    #[error("QUIC version {0:#010x}")]
    Version(u32),
    /// A QUIC Initial that its own connection id does not open.
    #[error("a QUIC Initial that does not open")]
    Sealed,
    /// It breaks the protocol's rules, so that two servers may read it differently.
    #[error("malformed")]
    Malformed,
    /// The same place in the stream was sent twice with different octets.
    #[error("sent twice, differently")]
    Conflicting,
    /// Longer than is put together.
    #[error("too long")]
    TooLong,
    /// In more packets or pieces than are put together.
    #[error("in too many pieces")]
    TooManyPieces,
    /// Not whole in the time that is waited for it.
    #[error("not whole in time")]
    TooLate,
    /// An IP fragment: the rest of the packet is elsewhere.
    #[error("an IP fragment")]
    Fragment,
}
