//! Router advertisements and solicitations as octets (RFC 4861, 8106, 8910).

use std::net::Ipv6Addr;
use std::time::Duration;

use gapura_model::MacAddr;

use crate::checked::ApiUri;
use crate::prefix::Prefix6;

const SOLICITATION: u8 = 133;
const ADVERTISEMENT: u8 = 134;
const SOURCE_LINK_LAYER: u8 = 1;
const PREFIX_INFORMATION: u8 = 3;
const MTU: u8 = 5;
const RDNSS: u8 = 25;
const CAPTIVE_PORTAL: u8 = 37;

/// A prefix with its lifetimes (RFC 4861 section 4.6.2); on-link and autonomous flags are always set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixInfo {
    /// The prefix.
    pub prefix: Prefix6,
    /// How long hosts may use addresses in it, whole seconds.
    pub valid: Duration,
    /// How long they should begin connections from them; zero = deprecated.
    pub preferred: Duration,
}

/// A router advertisement (RFC 4861 section 4.2). Managed and other flags are never set: there is no DHCPv6 here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advertisement {
    /// How long the sender is a default router, whole seconds; zero = it is none.
    pub router_lifetime: Duration,
    /// The sender's hardware address.
    pub source: Option<MacAddr>,
    /// The link's MTU in octets.
    pub mtu: Option<u32>,
    /// Prefixes.
    pub prefixes: Vec<PrefixInfo>,
    /// DNS servers (RFC 8106 section 5.1).
    pub dns: Vec<Ipv6Addr>,
    /// How long those may be used, whole seconds.
    pub dns_lifetime: Duration,
    /// The captive-portal API (RFC 8910 section 2.3).
    pub captive_portal: Option<String>,
}

/// A router solicitation (RFC 4861 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solicitation {
    /// The asking host's hardware address, if it says so.
    pub source: Option<MacAddr>,
}

impl Advertisement {
    /// The ICMPv6 message; its checksum is left zero, which the kernel fills in.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![ADVERTISEMENT, 0, 0, 0, 64, 0];
        out.extend(u16::try_from(self.router_lifetime.as_secs()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend([0; 8]);
        if let Some(mac) = self.source {
            out.extend([SOURCE_LINK_LAYER, 1]);
            out.extend(mac.octets());
        }
        if let Some(mtu) = self.mtu {
            out.extend([MTU, 1, 0, 0]);
            out.extend(mtu.to_be_bytes());
        }
        for info in &self.prefixes {
            out.extend([PREFIX_INFORMATION, 4, info.prefix.length(), 0xc0]);
            out.extend(seconds(info.valid).to_be_bytes());
            out.extend(seconds(info.preferred).to_be_bytes());
            out.extend([0; 4]);
            out.extend(info.prefix.address().octets());
        }
        for servers in self.dns.chunks(127) {
            out.extend([RDNSS, u8::try_from(1 + 2 * servers.len()).unwrap_or(u8::MAX), 0, 0]);
            out.extend(seconds(self.dns_lifetime).to_be_bytes());
            out.extend(servers.iter().flat_map(Ipv6Addr::octets));
        }
        if let Some(uri) = &self.captive_portal {
            let units = (2 + uri.len()).div_ceil(8);
            if let Ok(length) = u8::try_from(units) {
                out.extend([CAPTIVE_PORTAL, length]);
                out.extend(uri.bytes());
                out.resize(out.len() + units * 8 - 2 - uri.len(), 0);
            }
        }
        out
    }

    /// Reads a message; `None` where it is no router advertisement or not whole (RFC 4861 section 6.1.2). Unknown options are passed over.
    pub fn decode(message: &[u8]) -> Option<Self> {
        let (head, mut rest) = message.split_at_checked(16)?;
        let [ADVERTISEMENT, 0, _, _, _, _, high, low, ..] = *head else { return None };
        let router_lifetime = Duration::from_secs(u16::from_be_bytes([high, low]).into());
        let mut read = Self { router_lifetime, ..Self::default() };
        while !rest.is_empty() {
            let (kind, body, after) = option(rest)?;
            rest = after;
            match kind {
                SOURCE_LINK_LAYER => read.source = body.first_chunk().copied().map(MacAddr::new),
                MTU => read.mtu = number(body, 2),
                PREFIX_INFORMATION => read.prefixes.extend(prefix_information(body)),
                RDNSS => {
                    read.dns_lifetime = Duration::from_secs(number(body, 2)?.into());
                    let servers = body.get(6..)?.as_chunks::<16>().0;
                    read.dns.extend(servers.iter().map(|octets| Ipv6Addr::from(*octets)));
                }
                CAPTIVE_PORTAL => {
                    let end = body.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
                    read.captive_portal = std::str::from_utf8(body.get(..end)?).ok().map(str::to_owned);
                }
                _ => {}
            }
        }
        Some(read)
    }

    /// With the API's address as option 37, the same as DHCP's option 114.
    #[must_use]
    pub fn with_captive_portal(mut self, api: Option<&ApiUri>) -> Self {
        self.captive_portal = api.map(|uri| uri.as_str().to_owned());
        self
    }
}

impl Solicitation {
    /// Reads a message; `None` where it is no router solicitation or not whole (RFC 4861 section 6.1.1).
    pub fn decode(message: &[u8]) -> Option<Self> {
        let (head, mut rest) = message.split_at_checked(8)?;
        let [SOLICITATION, 0, ..] = *head else { return None };
        let mut source = None;
        while !rest.is_empty() {
            let (kind, body, after) = option(rest)?;
            rest = after;
            if kind == SOURCE_LINK_LAYER {
                source = body.first_chunk().copied().map(MacAddr::new);
            }
        }
        Some(Self { source })
    }
}

/// One option: its type, what follows the length, and the rest; `None` where the length is zero or too long.
fn option(options: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [kind, units, ..] = *options else { return None };
    let (whole, rest) = options.split_at_checked(usize::from(units) * 8)?;
    Some((kind, whole.get(2..)?, rest))
}

fn number(body: &[u8], at: usize) -> Option<u32> {
    body.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

fn prefix_information(body: &[u8]) -> Option<PrefixInfo> {
    let address: [u8; 16] = body.get(14..)?.first_chunk().copied()?;
    Some(PrefixInfo {
        prefix: Prefix6::new(address.into(), *body.first()?)?,
        valid: Duration::from_secs(number(body, 2)?.into()),
        preferred: Duration::from_secs(number(body, 6)?.into()),
    })
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Advertisement {
        Advertisement {
            router_lifetime: Duration::from_mins(30),
            source: Some("02:00:00:00:00:01".parse().unwrap()),
            mtu: Some(1280),
            prefixes: vec![PrefixInfo {
                prefix: "2001:db8:7::/64".parse().unwrap(),
                valid: Duration::from_hours(2),
                preferred: Duration::from_mins(30),
            }],
            dns: vec!["fe80::1".parse().unwrap()],
            dns_lifetime: Duration::from_mins(10),
            captive_portal: None,
        }
        .with_captive_portal(Some(&"https://gw.example.id/api".parse().unwrap()))
    }

    #[test]
    fn the_octets_are_the_golden_ones() {
        #[rustfmt::skip]
        let golden = [
            134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0,
            1, 1, 2, 0, 0, 0, 0, 1,
            5, 1, 0, 0, 0, 0, 5, 0,
            3, 4, 64, 0xc0, 0, 0, 0x1c, 0x20, 0, 0, 0x07, 0x08, 0, 0, 0, 0,
            0x20, 0x01, 0x0d, 0xb8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            25, 3, 0, 0, 0, 0, 2, 0x58, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
            37, 4, b'h', b't', b't', b'p', b's', b':', b'/', b'/', b'g', b'w', b'.', b'e', b'x', b'a', b'm', b'p', b'l', b'e',
            b'.', b'i', b'd', b'/', b'a', b'p', b'i', 0, 0, 0, 0, 0,
        ];
        assert_eq!(whole().encode(), golden);
        assert_eq!(Advertisement::decode(&golden), Some(whole()));
    }

    #[test]
    fn a_uri_that_fills_its_option_needs_no_padding() {
        let uri: ApiUri = "https://abcdef.example.id/api1".parse().unwrap();
        let message = Advertisement::default().with_captive_portal(Some(&uri)).encode();
        assert_eq!((uri.as_str().len(), message.len(), message[17]), (30, 16 + 32, 4));
        assert_eq!(Advertisement::decode(&message).unwrap().captive_portal.as_deref(), Some(uri.as_str()));
    }

    #[test]
    fn decoders_are_total() {
        let message = whole().encode();
        for length in 0..message.len() {
            let _ = Advertisement::decode(&message[..length]);
            let _ = Solicitation::decode(&message[..length]);
        }
        for octet in 0..=255 {
            for at in 0..message.len() {
                let mut changed = message.clone();
                changed[at] = octet;
                let _ = Advertisement::decode(&changed);
                changed[0] = SOLICITATION;
                let _ = Solicitation::decode(&changed);
            }
        }
    }

    #[test]
    fn solicitations_are_read() {
        assert_eq!(Solicitation::decode(&[133, 0, 0, 0, 0, 0, 0, 0]), Some(Solicitation { source: None }));
        let mac = "02:00:00:00:00:09".parse().unwrap();
        let with_source = [133, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 9];
        assert_eq!(Solicitation::decode(&with_source), Some(Solicitation { source: Some(mac) }));
        assert_eq!(Solicitation::decode(&[133, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 9]), None, "a length of zero");
        assert_eq!(Solicitation::decode(&[134, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
