//! What a site tells the gate.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use gapura_model::IfName;
use serde::{Deserialize, Serialize};

/// The name of the gate's tables: 1 to 31 of `a-z`, `0-9` and `_`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName(String);

impl TableName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TableName {
    fn default() -> Self {
        Self("gapura".to_owned())
    }
}

impl FromStr for TableName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
        let begins = text.bytes().next().is_some_and(|c| c.is_ascii_lowercase());
        if begins && text.len() <= 31 && text.bytes().all(inner) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "\"{}\" is not a table name: use 1 to 31 of a-z, 0-9 and _, beginning with a letter",
                text.escape_default()
            ))
        }
    }
}

impl TryFrom<String> for TableName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.0
    }
}

/// An address prefix, for example `10.0.0.0/8` or `2001:db8::/32`; a single address is /32 or /128.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Net {
    address: IpAddr,
    length: u8,
}

impl Net {
    /// `address/length` with the host bits cleared; `None` if the length is too large.
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(v4) if length <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
            }
            IpAddr::V6(v6) if length <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
            }
            IpAddr::V4(_) | IpAddr::V6(_) => return None,
        };
        Some(Self { address, length })
    }

    /// The first address.
    pub const fn first(self) -> IpAddr {
        self.address
    }

    /// The last address.
    pub fn last(self) -> IpAddr {
        match self.address {
            IpAddr::V4(v4) => {
                let host = u32::MAX.checked_shr(u32::from(self.length)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() | host))
            }
            IpAddr::V6(v6) => {
                let host = u128::MAX.checked_shr(u32::from(self.length)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() | host))
            }
        }
    }
}

impl From<IpAddr> for Net {
    fn from(address: IpAddr) -> Self {
        Self { address, length: if address.is_ipv4() { 32 } else { 128 } }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl FromStr for Net {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || format!("\"{}\" is not an address or prefix such as 10.0.0.0/8 or 2001:db8::/32", text.escape_default());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        length.map_or(Ok(Self::from(address)), |length| Self::new(address, length).ok_or_else(wrong))
    }
}

impl TryFrom<String> for Net {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Net> for String {
    fn from(net: Net) -> Self {
        net.to_string()
    }
}

/// A transport protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proto {
    /// TCP.
    Tcp,
    /// UDP, QUIC included.
    Udp,
}

impl Proto {
    /// The IANA protocol number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }
}

/// Ports of a static garden entry, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}

/// One walled-garden destination learnt from DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GardenEntry {
    /// The address in the answer.
    pub address: IpAddr,
    /// TCP or UDP.
    pub proto: Proto,
    /// Port.
    pub port: u16,
    /// How long it stays open: the answer's TTL, at least 300 s (shorter times are raised).
    pub lives: Duration,
}

/// A time the site is open, absolute: `from` inclusive, `until` exclusive, nanoseconds since 1970 UTC. `None` is unbounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// Opens at; `None` since ever.
    pub from: Option<u64>,
    /// Closes at; `None` never.
    pub until: Option<u64>,
}

impl Window {
    /// Always open.
    pub const ALWAYS: Self = Self { from: None, until: None };
}

/// What the gate's rules are built from. A change of it replaces the rules in one batch and cuts nobody off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct GateConfig {
    /// Name of the tables (`inet` and `bridge`).
    pub table: TableName,
    /// Visitor bridges.
    pub lans: Vec<IfName>,
    /// Bridge ports visitors are plugged into; guarded against rogue servers, kept apart from each other.
    pub ports: Vec<IfName>,
    /// The operator's own networks: may use the uplinks freely; visitors never reach them.
    pub staff: Vec<IfName>,
    /// Interfaces towards the Internet.
    pub uplinks: Vec<IfName>,
    /// The gateway's own addresses on visitor bridges: nobody else may claim them.
    pub gateway_addresses: Vec<IpAddr>,
    /// Devices the site expects online at once; maps hold 1.25 times as many.
    pub devices: u32,
    /// Port the visitors' resolver listens on; port 53 is redirected there.
    pub dns_port: u16,
    /// Port the captive portal listens on; port 80 is redirected there.
    pub portal_port: u16,
    /// Port of the portal with TLS.
    pub portal_tls_port: Option<u16>,
    /// Destinations visitors may reach although private or not behind an uplink.
    pub allowed: Vec<Net>,
    /// Further destinations refused (the private ranges always are).
    pub refused: Vec<Net>,
    /// Walled garden by prefix and ports.
    pub garden: Vec<(Net, Proto, PortRange)>,
    /// Garden bytes a second for each device, both directions together.
    pub garden_rate: u64,
    /// Flows at once for each device.
    pub flows_per_device: u32,
    /// Ports refused to visitors (DNS over TLS and QUIC: 853).
    pub refused_ports: Vec<(Proto, u16)>,
    /// Devices not online whose floods are told apart; beyond, they share one limit.
    pub strangers: u32,
    /// Who may reach the router from the uplink.
    pub management: Vec<Net>,
    /// On which ports.
    pub management_ports: Vec<(Proto, u16)>,
    /// Visitors on the same bridge do not reach each other.
    pub isolate: bool,
    /// TCP segment size is cut to the path's MTU.
    pub clamp_mss: bool,
    /// First packets of visits' flows are led to an inspector, where the kernel has queues.
    pub inspect: bool,
    /// Each visit has public ports of its own, where the kernel can: NAT attribution.
    pub port_blocks: bool,
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            table: TableName::default(),
            lans: Vec::new(),
            ports: Vec::new(),
            staff: Vec::new(),
            uplinks: Vec::new(),
            gateway_addresses: Vec::new(),
            devices: 1000,
            dns_port: 53,
            portal_port: 8080,
            portal_tls_port: None,
            allowed: Vec::new(),
            refused: Vec::new(),
            garden: Vec::new(),
            garden_rate: 125_000,
            flows_per_device: 1000,
            refused_ports: Vec::new(),
            strangers: 65_535,
            management: Vec::new(),
            management_ports: Vec::new(),
            isolate: true,
            clamp_mss: true,
            inspect: false,
            port_blocks: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_clear_host_bits_and_know_their_ends() {
        let net: Net = "10.1.2.3/8".parse().unwrap();
        assert_eq!((net.to_string().as_str(), net.last()), ("10.0.0.0/8", "10.255.255.255".parse().unwrap()));
        let all: Net = "::/0".parse().unwrap();
        assert_eq!(all.last(), IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)));
        assert!("10.0.0.0/33".parse::<Net>().is_err() && "x".parse::<Net>().is_err());
        assert_eq!("192.0.2.1".parse::<Net>().unwrap().to_string(), "192.0.2.1/32");
    }

    #[test]
    fn table_names_are_checked() {
        assert!("gapura_2".parse::<TableName>().is_ok());
        for bad in ["", "2a", "a b", "a;", "A", &"a".repeat(32)] {
            assert!(bad.parse::<TableName>().is_err(), "{bad}");
        }
    }
}
