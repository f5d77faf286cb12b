//! The lab's addresses: one table, the same in every lab (namespaces keep labs apart).
//!
//! What stands for the Internet uses documentation ranges (RFC 5737, RFC 3849), so that a packet that ever got out
//! would belong to nobody; visitors get private addresses as at a real site.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gapura_model::MacAddr;

/// A link of two ends, upstream's and the gateway's or the controller's.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// Upstream's IPv4 address: the next hop.
    pub up4: Ipv4Addr,
    /// The other end's IPv4 address.
    pub far4: Ipv4Addr,
    /// IPv4 prefix length.
    pub len4: u8,
    /// Upstream's IPv6 address: the next hop.
    pub up6: Ipv6Addr,
    /// The other end's IPv6 address; the prefix is a /64.
    pub far6: Ipv6Addr,
}

/// `wan0`: the gateway's uplink.
pub const WAN0: Link = Link {
    up4: Ipv4Addr::new(198, 51, 100, 1),
    far4: Ipv4Addr::new(198, 51, 100, 2),
    len4: 24,
    up6: Ipv6Addr::new(0x2001, 0xdb8, 0x100, 0, 0, 0, 0, 1),
    far6: Ipv6Addr::new(0x2001, 0xdb8, 0x100, 0, 0, 0, 0, 2),
};

/// `wan1`: a second uplink.
pub const WAN1: Link = Link {
    up4: Ipv4Addr::new(192, 0, 2, 1),
    far4: Ipv4Addr::new(192, 0, 2, 2),
    len4: 24,
    up6: Ipv6Addr::new(0x2001, 0xdb8, 0x101, 0, 0, 0, 0, 1),
    far6: Ipv6Addr::new(0x2001, 0xdb8, 0x101, 0, 0, 0, 0, 2),
};

/// The controller's data centre.
pub const CTL: Link = Link {
    up4: Ipv4Addr::new(203, 0, 113, 129),
    far4: Ipv4Addr::new(203, 0, 113, 130),
    len4: 25,
    up6: Ipv6Addr::new(0x2001, 0xdb8, 0x203, 0xc, 0, 0, 0, 1),
    far6: Ipv6Addr::new(0x2001, 0xdb8, 0x203, 0xc, 0, 0, 0, 2),
};

/// The prefix routed to the gateway in [`crate::Ipv6Mode::Delegated`].
pub const DELEGATED: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2001, 0xdb8, 0x1000, 0, 0, 0, 0, 0), 56);

/// `br-lan`'s own address; a /22.
pub const LAN: (Ipv4Addr, u8) = (Ipv4Addr::new(10, 60, 0, 1), 22);
/// `br-guest`'s own address (the second visitor bridge); a /22.
pub const GUEST: (Ipv4Addr, u8) = (Ipv4Addr::new(10, 60, 8, 1), 22);
/// The gateway's management side `mgmt0`; a /24.
pub const MGMT: (Ipv4Addr, u8) = (Ipv4Addr::new(10, 61, 0, 1), 24);
/// The administrator's PC in namespace `mgmt`.
pub const ADMIN: Ipv4Addr = Ipv4Addr::new(10, 61, 0, 2);

/// Upstream's resolver and authoritative server.
pub const DNS: (Ipv4Addr, Ipv6Addr) =
    (Ipv4Addr::new(203, 0, 113, 53), Ipv6Addr::new(0x2001, 0xdb8, 0x203, 0, 0, 0, 0, 0x53));

/// How many servers stand upstream, each with both addresses and all services.
pub const SERVERS: u8 = 4;

/// The addresses of upstream server `number` (from 0, below [`SERVERS`]).
pub const fn server(number: u8) -> (Ipv4Addr, Ipv6Addr) {
    let v4 = Ipv4Addr::new(203, 0, 113, 10 + number);
    (v4, Ipv6Addr::new(0x2001, 0xdb8, 0x203, 0, 0, 0, 0, 0x10 + number as u16))
}

/// Upstream server 0, IPv4.
pub const SERVER4: IpAddr = IpAddr::V4(server(0).0);
/// Upstream server 0, IPv6.
pub const SERVER6: IpAddr = IpAddr::V6(server(0).1);

/// Ports of an upstream server.
pub mod port {
    /// Echo, TCP and UDP (RFC 862).
    pub const ECHO: u16 = 7;
    /// Sink, TCP: counts what comes and answers the count when the sender has finished.
    pub const SINK: u16 = 9;
    /// Source, TCP: reads a decimal line and sends that many bytes.
    pub const SOURCE: u16 = 19;
    /// HTTP.
    pub const HTTP: u16 = 80;
    /// Echo, TCP and UDP: stands for HTTPS and QUIC.
    pub const HTTPS: u16 = 443;
    /// Numbered stream, TCP: an 8-byte big-endian counter every 10 ms.
    pub const NUMBERED: u16 = 5001;
    /// DNS, on [`super::DNS`] only.
    pub const DNS: u16 = 53;
}

/// Visitor `number`'s hardware address (from 1): locally administered, as phones make them up.
pub const fn visitor_mac(number: u16) -> MacAddr {
    let [high, low] = number.to_be_bytes();
    MacAddr::new([0x02, 0x67, 0x61, 0x70, high, low])
}
