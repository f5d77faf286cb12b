//! Router advertisements as a phone reads them (RFC 4861 section 4.2, RFC 8106 resolvers, RFC 8910 section 2.3 portal).

use std::io::Read as _;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::LabError;
use crate::clock::Stopwatch;

/// What a router advertised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advertisement {
    /// Router lifetime in seconds; 0 = not a default router.
    pub lifetime: u16,
    /// Prefixes with their valid and preferred lifetimes in seconds.
    pub prefixes: Vec<Prefix>,
    /// Resolvers (option 25).
    pub resolvers: Vec<Ipv6Addr>,
    /// Captive-portal URI (option 37).
    pub portal: Option<String>,
}

/// A prefix information option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The prefix.
    pub address: Ipv6Addr,
    /// Its length.
    pub length: u8,
    /// Addresses may be formed from it.
    pub autonomous: bool,
    /// Seconds.
    pub valid: u32,
    /// Seconds; 0 = withdrawn.
    pub preferred: u32,
}

/// Sends a solicitation on `card` and waits for the first advertisement. Call it inside the namespace.
pub(super) fn solicit(card: &str, limit: Duration) -> Result<Advertisement, LabError> {
    let what = "solicit a router advertisement";
    let failed = || LabError::io(what);
    let mut socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)).map_err(failed())?;
    socket.bind_device(Some(card.as_bytes())).map_err(failed())?;
    socket.set_multicast_hops_v6(255).map_err(failed())?;
    let index = socket.device_index_v6().map_err(failed())?.map_or(0, std::num::NonZeroU32::get);
    let all_routers = SocketAddrV6::new(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2), 0, 0, index);
    let watch = Stopwatch::start();
    let mut buffer = [0; 1500];
    // The kernel fills in the checksum (RFC 3542 section 3.1).
    let mut asked = None;
    while watch.elapsed() < limit {
        if asked.is_none_or(|asked: Stopwatch| asked.elapsed() > Duration::from_secs(1)) {
            asked = Some(Stopwatch::start());
            socket.send_to(&[133, 0, 0, 0, 0, 0, 0, 0], &all_routers.into()).map_err(failed())?;
        }
        socket.set_read_timeout(Some(Duration::from_millis(100))).map_err(failed())?;
        let Ok(count) = socket.read(&mut buffer) else { continue };
        if let Some(advertisement) = buffer.get(..count).and_then(decode) {
            return Ok(advertisement);
        }
    }
    Err(LabError::Late { what: what.into(), waited: watch.elapsed(), last: String::new() })
}

/// An ICMPv6 message of type 134.
pub fn decode(message: &[u8]) -> Option<Advertisement> {
    let [134, _, _, _, _, _, high, low, ..] = *message else { return None };
    let mut found = Advertisement { lifetime: u16::from_be_bytes([high, low]), ..Advertisement::default() };
    let mut rest = message.get(16..)?;
    while let [kind, length, ..] = *rest {
        let size = usize::from(length) * 8;
        if size == 0 {
            return None;
        }
        let body = rest.get(2..size)?;
        match kind {
            3 => found.prefixes.push(Prefix {
                length: *body.first()?,
                autonomous: body.get(1)? & 0x40 != 0,
                valid: u32::from_be_bytes(*body.get(2..)?.first_chunk()?),
                preferred: u32::from_be_bytes(*body.get(6..)?.first_chunk()?),
                address: Ipv6Addr::from(*body.get(14..)?.first_chunk::<16>()?),
            }),
            25 => {
                let addresses = body.get(6..)?.chunks_exact(16).filter_map(|bytes| bytes.first_chunk::<16>());
                found.resolvers.extend(addresses.map(|bytes| Ipv6Addr::from(*bytes)));
            }
            37 => {
                let text = String::from_utf8_lossy(body);
                found.portal = Some(text.trim_end_matches('\0').to_owned());
            }
            _ => {}
        }
        rest = rest.get(size..)?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_and_portal_are_read() {
        let mut message = vec![134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0];
        message.extend_from_slice(&[3, 4, 64, 0xc0, 0, 0, 0, 60, 0, 0, 0, 30, 0, 0, 0, 0]);
        message.extend_from_slice(&Ipv6Addr::new(0x2001, 0xdb8, 0x1000, 1, 0, 0, 0, 0).octets());
        message.extend_from_slice(&[37, 2]);
        message.extend_from_slice(b"https://gw/a\0\0");
        let read = decode(&message).unwrap();
        assert_eq!((read.lifetime, read.portal.as_deref()), (1800, Some("https://gw/a")));
        assert_eq!((read.prefixes[0].length, read.prefixes[0].preferred), (64, 30));
        assert_eq!(decode(&message[..30]), None);
    }
}
