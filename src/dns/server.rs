//! How the servers to forward to are stated: kind, name, addresses and key pins, in one line of text each.
//!
//! | text | meaning |
//! |---|---|
//! | `192.0.2.53`, `[2001:db8::53]:5300` | plain DNS: UDP, and TCP where an answer is cut |
//! | `tls://dns.example.net@192.0.2.53` | DNS over TLS (RFC 7858), port 853; the certificate must be for that name |
//! | `https://dns.example.net/dns-query@192.0.2.53,[2001:db8::53]` | DNS over HTTPS (RFC 8484), port 443 |
//! | `tls://192.0.2.53` | the certificate must be for that address |
//! | `tls://192.0.2.53#sha256:...` | the server's key must be that one (RFC 7858 section 4.2), whatever its certificate says |
//!
//! Addresses are always stated: a name that had to be looked up first could only be looked up here.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gapura_model::Name;
use rustls_pki_types::ServerName;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use thiserror::Error;

/// Port of plain DNS.
const PLAIN: u16 = 53;
/// Port of DNS over TLS (RFC 7858 section 3.1).
const TLS: u16 = 853;
/// Port of DNS over HTTPS.
const HTTPS: u16 = 443;
/// Most characters of a wrong text that are repeated in the message about it.
const MOST_REPEATED: usize = 120;

/// A server to forward to: how it is reached, at which addresses, and by what it is known. Parsed from one line of text;
/// an encrypted one is never asked in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    pub(crate) way: Way,
    pub(crate) addresses: Vec<SocketAddr>,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// UDP, and TCP where that is not enough.
    Plain,
    /// DNS over TLS.
    Tls(Identity),
    /// DNS over HTTPS: host with port as the request states them, and path.
    Https { identity: Identity, authority: String, path: String },
}

/// By what an encrypted server is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// What its certificate must be for, and what it is asked as.
    pub(crate) name: ServerName<'static>,
    /// Its possible keys; where any are stated they decide alone, and neither an authority nor a right clock is needed.
    pub(crate) pins: Vec<KeyPin>,
}

/// SHA-256 over the SubjectPublicKeyInfo of a server's key (RFC 7858 appendix A), written `sha256:` and 44 characters of base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPin(pub(crate) [u8; 32]);

/// Servers for one zone and everything below it, instead of the general ones. Their answers may be private addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The zone, for example `sinjaikab.go.id` or `10.in-addr.arpa`.
    pub zone: Name,
    /// Asked for its names, preferred first; never anybody else.
    pub servers: Vec<Upstream>,
}

/// A text does not state a server to forward to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("\"{text}\" {wrong}")]
pub struct UpstreamError {
    text: String,
    wrong: Wrong,
}

/// What is wrong with it, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
enum Wrong {
    #[error("is not an address of a resolver, for example 192.0.2.53 or [2001:db8::53]:53")]
    Address,
    #[error("is a name, and to look it up a resolver is needed already: write its address, for example 192.0.2.53")]
    PlainName,
    #[error("begins with {0}://: write an address, tls:// or https://")]
    Scheme(String),
    #[error("has no address, and to look the name up a resolver is needed already: write {0}@192.0.2.53")]
    NoAddress(String),
    #[error("has \"{0}\" where an address is needed: write for example @192.0.2.53,[2001:db8::53]")]
    Bootstrap(String),
    #[error("has no path: write the server's whole address, for example https://dns.example.net/dns-query@192.0.2.53")]
    NoPath,
    #[error("has a path, which DNS over TLS does not know: leave \"{0}\" out, or write https://")]
    PathWithTls(String),
    #[error("has a path with characters that must not stand there: write it as the server's operator states it")]
    Path,
    #[error("has no usable name: write one for which the server's certificate is, for example dns.example.net")]
    Name,
    #[error("has \"{0}\" for a port: write 1 to 65535, or leave it out")]
    Port(String),
    #[error("has a pin that is none: write sha256: and 44 characters of base64, and a comma between two")]
    Pin,
    #[error("has a pin, and plain DNS has no key to pin: write tls:// or https:// before it, or leave the pin out")]
    PinWithPlain,
}

/// A text is not a key pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a key pin: write sha256: and 44 characters of base64")]
pub struct PinError;

impl From<SocketAddr> for Upstream {
    /// Plain DNS.
    fn from(address: SocketAddr) -> Self {
        Self { way: Way::Plain, addresses: vec![address] }
    }
}

impl Upstream {
    /// Where it is asked, preferred first.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Whether nobody on the way can read or change questions and answers.
    pub fn is_encrypted(&self) -> bool {
        self.way.identity().is_some()
    }

    /// Whether its certificate has to come from an authority this machine trusts.
    pub fn needs_authorities(&self) -> bool {
        self.way.identity().is_some_and(|identity| identity.pins.is_empty())
    }
}

impl Way {
    pub(crate) fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Plain => None,
            Self::Tls(identity) | Self::Https { identity, .. } => Some(identity),
        }
    }

    fn usual_port(&self) -> u16 {
        match self {
            Self::Plain => PLAIN,
            Self::Tls(_) => TLS,
            Self::Https { .. } => HTTPS,
        }
    }
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let text = text.trim();
        read(text).map_err(|wrong| UpstreamError { text: text.chars().take(MOST_REPEATED).collect(), wrong })
    }
}

impl<'de> Deserialize<'de> for Upstream {
    /// By hand, so that a mistake in a list is reported where it stands and not for the whole list.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Upstream;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resolver, for example \"192.0.2.53\" or \"tls://dns.example.net@192.0.2.53\"")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Upstream, E> {
        text.parse().map_err(E::custom)
    }
}

fn read(text: &str) -> Result<Upstream, Wrong> {
    let (place, pins) = match text.split_once('#') {
        Some((place, pins)) => (place, Some(pins)),
        None => (text, None),
    };
    let Some((scheme, rest)) = place.split_once("://") else {
        let address = socket_address(place, PLAIN).ok_or_else(|| plain_mistake(place))?;
        return if pins.is_some() { Err(Wrong::PinWithPlain) } else { Ok(address.into()) };
    };
    let pins = pins.map(|pins| pins.split(',').map(|pin| pin.parse().map_err(|PinError| Wrong::Pin)).collect());
    let pins: Vec<KeyPin> = pins.transpose()?.unwrap_or_default();
    match scheme {
        "tls" => read_tls(rest, pins),
        "https" => read_https(rest, pins),
        other => Err(Wrong::Scheme(other.to_owned())),
    }
}

fn read_tls(rest: &str, pins: Vec<KeyPin>) -> Result<Upstream, Wrong> {
    let (host, bootstrap) = at_sign(rest);
    if let Some(path) = host.find('/').and_then(|at| host.get(at..)) {
        return Err(Wrong::PathWithTls(path.to_owned()));
    }
    let (name, port) = host_and_port(host)?;
    let addresses = addresses(&name, bootstrap, port.unwrap_or(TLS), || format!("tls://{host}"))?;
    Ok(Upstream { way: Way::Tls(Identity { name, pins }), addresses })
}

fn read_https(rest: &str, pins: Vec<KeyPin>) -> Result<Upstream, Wrong> {
    let (url, bootstrap) = at_sign(rest);
    let (host, path) = url.find('/').map(|at| url.split_at(at)).ok_or(Wrong::NoPath)?;
    // As operators print it (RFC 8484 section 4.1); a question that is posted fills no variable.
    let path = path.strip_suffix("{?dns}").unwrap_or(path);
    if path.contains('@') || path.parse::<http::uri::PathAndQuery>().is_err() {
        return Err(Wrong::Path);
    }
    let (name, port) = host_and_port(host)?;
    let addresses = addresses(&name, bootstrap, port.unwrap_or(HTTPS), || format!("https://{url}"))?;
    let identity = Identity { name, pins };
    let authority = port.map_or_else(|| identity.host(), |port| format!("{}:{port}", identity.host()));
    Ok(Upstream { way: Way::Https { identity, authority, path: path.to_owned() }, addresses })
}

fn at_sign(rest: &str) -> (&str, Option<&str>) {
    rest.rsplit_once('@').map_or((rest, None), |(before, behind)| (before, Some(behind)))
}

/// `name`, `name:port`, `192.0.2.53`, `[2001:db8::53]:853`.
fn host_and_port(host: &str) -> Result<(ServerName<'static>, Option<u16>), Wrong> {
    if let Some(address) = ip_address(host) {
        return Ok((ServerName::from(address), None));
    }
    if let Ok(address) = host.parse::<SocketAddr>() {
        return Ok((ServerName::from(address.ip()), Some(address.port())));
    }
    let (name, port) = match host.split_once(':') {
        Some((name, port)) => (name, Some(port.parse().map_err(|_| Wrong::Port(port.to_owned()))?)),
        None => (host, None),
    };
    let name = ServerName::try_from(name.to_ascii_lowercase()).map_err(|_| Wrong::Name)?;
    Ok((name, port))
}

fn addresses(
    name: &ServerName<'_>,
    bootstrap: Option<&str>,
    port: u16,
    whole: impl FnOnce() -> String,
) -> Result<Vec<SocketAddr>, Wrong> {
    match (bootstrap, name) {
        (Some(list), _) => list
            .split(',')
            .map(|text| socket_address(text.trim(), port).ok_or_else(|| Wrong::Bootstrap(text.to_owned())))
            .collect(),
        (None, ServerName::IpAddress(address)) => Ok(vec![SocketAddr::new(IpAddr::from(*address), port)]),
        (None, _) => Err(Wrong::NoAddress(whole())),
    }
}

fn socket_address(text: &str, port: u16) -> Option<SocketAddr> {
    ip_address(text).map(|address| SocketAddr::new(address, port)).or_else(|| text.parse().ok())
}

/// With brackets or without.
fn ip_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bare.and_then(|bare| bare.parse().ok().map(IpAddr::V6)).or_else(|| text.parse().ok())
}

fn plain_mistake(text: &str) -> Wrong {
    let letters = text.chars().any(|letter| letter.is_ascii_alphabetic());
    let of_a_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
    if letters && text.contains('.') && text.chars().all(of_a_name) { Wrong::PlainName } else { Wrong::Address }
}

impl fmt::Display for Upstream {
    /// As it may be stated; ports only where they are not the usual ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = self.way.usual_port();
        let text =
            |address: &SocketAddr| if address.port() == usual { host(address.ip()) } else { address.to_string() };
        let addresses = self.addresses.iter().map(text).collect::<Vec<_>>().join(",");
        match &self.way {
            Way::Plain => f.write_str(&addresses)?,
            Way::Tls(identity) => write!(f, "tls://{}@{addresses}", identity.host())?,
            Way::Https { authority, path, .. } => write!(f, "https://{authority}{path}@{addresses}")?,
        }
        let pins = self.way.identity().map(|identity| identity.pins.iter()).into_iter().flatten();
        for (index, pin) in pins.enumerate() {
            write!(f, "{}{pin}", if index == 0 { '#' } else { ',' })?;
        }
        Ok(())
    }
}

impl Identity {
    fn host(&self) -> String {
        if let ServerName::IpAddress(address) = &self.name {
            host(IpAddr::from(*address))
        } else {
            self.name.to_str().into_owned()
        }
    }
}

fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

impl fmt::Display for KeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", STANDARD.encode(self.0))
    }
}

impl FromStr for KeyPin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let encoded = text.trim().strip_prefix("sha256:").ok_or(PinError)?;
        STANDARD.decode(encoded).ok().and_then(|octets| octets.try_into().ok()).map(Self).ok_or(PinError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: &str = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn said(text: &str) -> String {
        text.parse::<Upstream>().unwrap_err().to_string()
    }

    #[test]
    fn every_way_to_write_a_server() {
        for (text, normal) in [
            ("192.0.2.53:53", "192.0.2.53"),
            ("2001:db8::53", "[2001:db8::53]"),
            ("[2001:db8::53]", "[2001:db8::53]"),
            ("[2001:db8::53]:5300", "[2001:db8::53]:5300"),
            ("tls://DNS.example.net@192.0.2.53:853", "tls://dns.example.net@192.0.2.53"),
            ("tls://dns.example.net:8853@192.0.2.53", "tls://dns.example.net@192.0.2.53:8853"),
            ("tls://dns.example.net@192.0.2.53:1,[2001:db8::53]", "tls://dns.example.net@192.0.2.53:1,[2001:db8::53]"),
            ("tls://[2001:db8::53]:8853", "tls://[2001:db8::53]@[2001:db8::53]:8853"),
            ("https://a.id:8443/dns-query@192.0.2.53", "https://a.id:8443/dns-query@192.0.2.53:8443"),
            ("https://a.id/dns-query{?dns}@192.0.2.53", "https://a.id/dns-query@192.0.2.53"),
            ("https://192.0.2.53/q?x=1", "https://192.0.2.53/q?x=1@192.0.2.53"),
        ] {
            let read: Upstream = text.parse().unwrap();
            assert_eq!(read.to_string(), normal);
            assert_eq!(normal.parse::<Upstream>().unwrap(), read);
            let pinned = format!("{normal}#{PIN},{PIN}");
            assert_eq!(pinned.parse::<Upstream>().is_ok(), read.is_encrypted());
        }
        let pinned: Upstream = format!("tls://192.0.2.53#{PIN}").parse().unwrap();
        assert_eq!(pinned.to_string(), format!("tls://192.0.2.53@192.0.2.53#{PIN}"));
        assert!(pinned.is_encrypted() && !pinned.needs_authorities());
    }

    #[test]
    fn every_mistake_says_what_to_write_instead() {
        for (text, help) in [
            ("dns.example.net", "write its address"),
            ("x", "for example 192.0.2.53"),
            ("", "for example 192.0.2.53"),
            ("192.0.2.53#sha256:", "tls:// or https:// before it"),
            ("quic://dns.example.net", "write an address, tls:// or https://"),
            ("tls://dns.example.net", "write tls://dns.example.net@192.0.2.53"),
            ("https://dns.example.net/dns-query", "write https://dns.example.net/dns-query@192.0.2.53"),
            ("tls://dns.example.net@other.example.net", "write for example @192.0.2.53"),
            ("tls://dns.example.net@", "write for example @192.0.2.53"),
            ("https://dns.example.net@192.0.2.53", "has no path"),
            ("tls://dns.example.net/dns-query@192.0.2.53", "leave \"/dns-query\" out"),
            ("https://dns.example.net/a b@192.0.2.53", "as the server's operator states it"),
            ("tls://-bad-.example@192.0.2.53", "for which the server's certificate is"),
            ("tls://a b@192.0.2.53", "for which the server's certificate is"),
            ("tls://dns.example.net:99999@192.0.2.53", "1 to 65535"),
            ("tls://192.0.2.53#sha256:kurz", "44 characters of base64"),
            ("tls://192.0.2.53#", "44 characters of base64"),
        ] {
            assert!(said(text).contains(help), "{text}: {}", said(text));
        }
        assert!(said(&"x".repeat(10_000)).len() < 300);
    }
}
