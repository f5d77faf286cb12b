//! What a clause is about: names, address ranges, services.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use gapura_model::Name;

/// Names a document writes: `=x` exactly x, `x` x and all below it, `*.x` only what is below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameTarget {
    /// This name alone.
    Exact(Name),
    /// This name and every name below it.
    Within(Name),
    /// Every name below this one.
    Below(Name),
}

impl NameTarget {
    /// The name without its sign.
    pub const fn name(&self) -> &Name {
        match self {
            Self::Exact(name) | Self::Within(name) | Self::Below(name) => name,
        }
    }

    /// Whether it covers `name`.
    pub fn covers(&self, name: &Name) -> bool {
        match self {
            Self::Exact(own) => own == name,
            Self::Within(own) => name.is_within(own),
            Self::Below(own) => own != name && name.is_within(own),
        }
    }

    /// A name it covers: the name itself, or one just below it.
    pub fn sample(&self) -> Name {
        match self {
            Self::Exact(name) | Self::Within(name) => *name,
            Self::Below(name) => format!("x.{name}").parse().unwrap_or(*name),
        }
    }
}

impl fmt::Display for NameTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => write!(f, "={name}"),
            Self::Within(name) => write!(f, "{name}"),
            Self::Below(name) => write!(f, "*.{name}"),
        }
    }
}

/// A text names no target: what is wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {help}")]
pub struct ParseTargetError {
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl ParseTargetError {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }
}

impl From<ParseTargetError> for (String, String) {
    fn from(error: ParseTargetError) -> Self {
        (error.what, error.help)
    }
}

impl FromStr for NameTarget {
    type Err = ParseTargetError;

    fn from_str(text: &str) -> Result<Self, ParseTargetError> {
        if let Some(host) = host_of_url(text) {
            let help = format!("write only the name, \"{host}\": the filter sees names, not pages");
            return Err(ParseTargetError::new(format!("\"{text}\" is a web address"), help));
        }
        if text.parse::<Prefix>().is_ok() {
            let what = format!("\"{text}\" is an address, not a name");
            return Err(ParseTargetError::new(what, "put it under `addresses`"));
        }
        let (make, name): (fn(Name) -> Self, &str) = match (text.strip_prefix('='), text.strip_prefix("*.")) {
            (Some(name), _) => (Self::Exact, name),
            (None, Some(parent)) => (Self::Below, parent),
            (None, None) => (Self::Within, text),
        };
        let parsed = if name.contains('*') { Err(gapura_model::NameError::Wildcard) } else { name.parse() };
        parsed.map(make).map_err(|error| ParseTargetError::new(format!("\"{text}\" is not a name"), error.to_string()))
    }
}

fn host_of_url(text: &str) -> Option<&str> {
    let rest = text.split_once("://").map(|(_, rest)| rest);
    let rest = rest.or_else(|| text.contains('/').then_some(text).filter(|text| text.parse::<Prefix>().is_err()))?;
    rest.split(['/', ':', '?', '#']).next().filter(|host| host.parse::<Name>().is_ok())
}

/// A range of addresses in CIDR form (RFC 4632, RFC 4291 section 2.3); no bit is set beyond the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

impl Prefix {
    /// The range that begins with `address` and whose first `length` bits are fixed; bits beyond are cleared.
    pub fn new(address: IpAddr, length: u8) -> Self {
        let length = length.min(width(address));
        Self { address: masked(address, length), length }
    }

    /// How many leading bits are fixed.
    pub const fn length(&self) -> u8 {
        self.length
    }

    /// Its first address.
    pub const fn first(&self) -> IpAddr {
        self.address
    }

    /// Its last address.
    pub fn last(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => {
                let rest = u32::MAX.checked_shr(u32::from(self.length)).unwrap_or_default();
                IpAddr::V4((address.to_bits() | rest).into())
            }
            IpAddr::V6(address) => {
                let rest = u128::MAX.checked_shr(u32::from(self.length)).unwrap_or_default();
                IpAddr::V6((address.to_bits() | rest).into())
            }
        }
    }

    /// Whether it covers `address`.
    pub fn covers(&self, address: IpAddr) -> bool {
        width(address) == width(self.address) && masked(address, self.length) == self.address
    }

    /// Whether it covers all of `other`.
    pub fn contains(&self, other: &Self) -> bool {
        self.length <= other.length && self.covers(other.address)
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// `address` with everything beyond its first `length` bits cleared.
pub(super) fn masked(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let rest = u32::MAX.checked_shr(u32::from(length)).unwrap_or_default();
            IpAddr::V4((address.to_bits() & !rest).into())
        }
        IpAddr::V6(address) => {
            let rest = u128::MAX.checked_shr(u32::from(length)).unwrap_or_default();
            IpAddr::V6((address.to_bits() & !rest).into())
        }
    }
}

/// An IPv4 address mapped into IPv6 (RFC 4291 section 2.5.5.2) is judged as the IPv4 address it is.
pub(super) fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl FromStr for Prefix {
    type Err = ParseTargetError;

    fn from_str(text: &str) -> Result<Self, ParseTargetError> {
        const HELP: &str = "write 192.0.2.0/24, 2001:db8::/32, or one address";
        let wrong = || ParseTargetError::new(format!("\"{text}\" is not a range of addresses"), HELP);
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        if matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() || v6 == Ipv6Addr::UNSPECIFIED && length.is_none())
        {
            return Err(wrong());
        }
        let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
        let length = match length {
            None => width(address),
            Some(length) if digits(length) => length.parse().map_err(|_| wrong())?,
            Some(_) => return Err(wrong()),
        };
        if length > width(address) {
            return Err(wrong());
        }
        let prefix = Self::new(address, length);
        if prefix.address != address {
            let what = format!("\"{text}\" has bits set beyond its length");
            return Err(ParseTargetError::new(what, format!("write \"{prefix}\"")));
        }
        Ok(prefix)
    }
}

/// Something spoken over IP: a range of ports of TCP, UDP, SCTP or DCCP, or a whole IP protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// IP protocol number (IANA "Assigned Internet Protocol Numbers").
    pub protocol: u8,
    /// First and last port, both included; `None` where the protocol has no ports.
    pub ports: Option<(u16, u16)>,
}

/// Protocols with names in a document, and whether they have ports.
const PROTOCOLS: [(&str, u8, bool); 10] = [
    ("tcp", 6, true),
    ("udp", 17, true),
    ("sctp", 132, true),
    ("dccp", 33, true),
    ("esp", 50, false),
    ("ah", 51, false),
    ("gre", 47, false),
    ("ipip", 4, false),
    ("ipv6-in-ip", 41, false),
    ("l2tp-in-ip", 115, false),
];

impl Service {
    /// How many ports it takes in; a whole protocol counts as all of them.
    pub fn width(&self) -> u32 {
        self.ports.map_or(65_536, |(first, last)| u32::from(last) - u32::from(first) + 1)
    }

    /// Whether it takes in this port of this protocol; `port` is `None` for protocols without ports.
    pub fn covers(&self, protocol: u8, port: Option<u16>) -> bool {
        let ports = match (self.ports, port) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((first, last)), Some(port)) => (first..=last).contains(&port),
        };
        self.protocol == protocol && ports
    }

    /// Whether some port is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let ports = match (self.ports, other.ports) {
            (Some((first, last)), Some((other_first, other_last))) => first <= other_last && other_first <= last,
            _ => true,
        };
        self.protocol == other.protocol && ports
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match PROTOCOLS.iter().find(|(_, number, _)| *number == self.protocol) {
            Some((name, _, _)) => f.write_str(name)?,
            None => write!(f, "ip/{}", self.protocol)?,
        }
        match self.ports {
            None | Some((0, u16::MAX)) => Ok(()),
            Some((first, last)) if first == last => write!(f, "/{first}"),
            Some((first, last)) => write!(f, "/{first}-{last}"),
        }
    }
}

impl FromStr for Service {
    type Err = ParseTargetError;

    fn from_str(text: &str) -> Result<Self, ParseTargetError> {
        const HELP: &str = "write tcp/853, udp/443, tcp/6881-6889, udp, esp, gre or ip/99";
        let wrong = || ParseTargetError::new(format!("\"{text}\" is not a service"), HELP);
        let (name, rest) = text.split_once('/').map_or((text, None), |(name, rest)| (name, Some(rest)));
        if name == "ip" {
            let number: u8 = rest.and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
            return match PROTOCOLS.iter().find(|(_, known, _)| *known == number) {
                Some((known, _, _)) => {
                    Err(ParseTargetError::new(format!("\"{text}\" has a name"), format!("write \"{known}\"")))
                }
                None => Ok(Self { protocol: number, ports: None }),
            };
        }
        let &(_, protocol, has_ports) = PROTOCOLS.iter().find(|(known, _, _)| *known == name).ok_or_else(wrong)?;
        let ports = match (rest, has_ports) {
            (None, true) => Some((0, u16::MAX)),
            (None, false) => None,
            (Some(ports), true) => Some(range(ports).ok_or_else(wrong)?),
            (Some(_), false) => return Err(wrong()),
        };
        Ok(Self { protocol, ports })
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let port =
        |text: &str| text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten();
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cover_what_their_sign_says() {
        for (target, name, covered) in [
            ("example.id", "example.id", true),
            ("example.id", "a.b.example.id", true),
            ("example.id", "notexample.id", false),
            ("=example.id", "example.id", true),
            ("=example.id", "www.example.id", false),
            ("*.example.id", "example.id", false),
            ("*.example.id", "www.example.id", true),
        ] {
            let target: NameTarget = target.parse().unwrap();
            assert_eq!(target.covers(&name.parse().unwrap()), covered, "{target} {name}");
            assert!(target.covers(&target.sample()), "{target}");
        }
    }

    #[test]
    fn what_is_no_name_is_told_what_to_write() {
        let help = |text: &str| text.parse::<NameTarget>().unwrap_err().help;
        assert!(help("https://judi.example/slot?x").contains("\"judi.example\""));
        assert!(help("judi.example/slot").contains("\"judi.example\""));
        assert!(help("192.0.2.1").contains("addresses"));
        assert!(help("192.0.2.0/24").contains("addresses"));
        assert!(help("a.*.b").contains('*'));
        assert!(help("kafé.id").contains("xn--"));
    }

    #[test]
    fn ranges_know_their_ends() {
        for (text, first, last) in [
            ("192.0.2.0/24", "192.0.2.0", "192.0.2.255"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
            ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::/127", "2001:db8::", "2001:db8::1"),
        ] {
            let prefix: Prefix = text.parse().unwrap();
            assert_eq!((prefix.first().to_string(), prefix.last().to_string()), (first.to_owned(), last.to_owned()));
            assert!(prefix.covers(prefix.first()) && prefix.covers(prefix.last()));
        }
        assert!(!"0.0.0.0/0".parse::<Prefix>().unwrap().covers("::1".parse().unwrap()));
        assert_eq!("192.0.2.1/24".parse::<Prefix>().unwrap_err().help, "write \"192.0.2.0/24\"");
        for bad in ["", "1.2.3", "1.2.3.4/33", "1.2.3.4/+8", "::/129", "::", "::ffff:1.2.3.4", "1.2.3.4/"] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn services_print_as_they_are_read() {
        for text in ["tcp/853", "udp/443", "tcp/6881-6889", "udp", "esp", "gre", "ip/99"] {
            assert_eq!(text.parse::<Service>().unwrap().to_string(), text);
        }
        for bad in ["", "443", "tcp/", "tcp/9-8", "tcp/70000", "esp/3", "icmp6", "ip/50", "ip/300", "tcp/+1"] {
            assert!(bad.parse::<Service>().is_err(), "{bad}");
        }
    }
}
