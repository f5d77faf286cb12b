//! IP packets as a queue hands them over: from the network header on, perhaps cut short.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::octets::Octets;

/// What a flow is known by, in the client's direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// The client's address.
    pub client: IpAddr,
    /// The server's address.
    pub server: IpAddr,
    /// The client's port.
    pub client_port: u16,
    /// The server's port.
    pub server_port: u16,
    /// Whether it is UDP; else TCP.
    pub udp: bool,
}

/// A packet of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its flow.
    pub key: FlowKey,
    /// What it carries.
    pub transport: Transport<'a>,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport<'a> {
    /// A TCP segment.
    Tcp {
        /// Its sequence number.
        sequence: u32,
        /// Whether it opens the connection.
        syn: bool,
        /// Its data.
        data: &'a [u8],
    },
    /// A UDP datagram's data.
    Udp(&'a [u8]),
}

/// Why a packet has no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoFlow {
    /// A fragment of a packet.
    Fragment,
    /// Neither TCP nor UDP over IP, or cut short.
    Other,
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const SYN: u8 = 0x02;
/// More extension headers than this and the packet is passed over.
const MOST_EXTENSIONS: usize = 8;

impl<'a> Packet<'a> {
    /// Reads an IPv4 or IPv6 packet; `None` where it is neither TCP nor UDP, a fragment, or cut short before its data.
    pub fn read(octets: &'a [u8]) -> Option<Self> {
        Self::parse(octets).ok()
    }

    pub(crate) fn parse(octets: &'a [u8]) -> Result<Self, NoFlow> {
        let ip = match octets.first().map(|first| first >> 4) {
            Some(4) => ipv4(octets),
            Some(6) => ipv6(octets),
            _ => Err(NoFlow::Other),
        }?;
        transport(&ip).ok_or(NoFlow::Other)
    }
}

struct Ip<'a> {
    client: IpAddr,
    server: IpAddr,
    protocol: u8,
    data: &'a [u8],
}

/// RFC 791 section 3.1.
fn ipv4(octets: &[u8]) -> Result<Ip<'_>, NoFlow> {
    let &[first, _, long, short, _, _, flags, offset, _, protocol, _, _, c1, c2, c3, c4, s1, s2, s3, s4] =
        octets.first_chunk::<20>().ok_or(NoFlow::Other)?;
    // All but "don't fragment": more fragments, or an offset.
    if flags & 0x3f != 0 || offset != 0 {
        return Err(NoFlow::Fragment);
    }
    let header = usize::from(first & 0x0f) * 4;
    let end = usize::from(u16::from_be_bytes([long, short])).min(octets.len());
    Ok(Ip {
        client: Ipv4Addr::new(c1, c2, c3, c4).into(),
        server: Ipv4Addr::new(s1, s2, s3, s4).into(),
        protocol,
        data: octets.get(header.max(20)..end).ok_or(NoFlow::Other)?,
    })
}

/// RFC 8200 sections 3 and 4.
fn ipv6(octets: &[u8]) -> Result<Ip<'_>, NoFlow> {
    const HOP_BY_HOP: u8 = 0;
    const ROUTING: u8 = 43;
    const FRAGMENT: u8 = 44;
    const DESTINATION: u8 = 60;
    let mut reader = Octets::new(octets);
    let mut fixed = || {
        reader.u32()?;
        let length = reader.u16()?;
        let next = reader.u8()?;
        reader.u8()?;
        let client = <[u8; 16]>::try_from(reader.take(16)?).ok()?;
        let server = <[u8; 16]>::try_from(reader.take(16)?).ok()?;
        Some((usize::from(length), next, Ipv6Addr::from(client), Ipv6Addr::from(server)))
    };
    let (length, mut protocol, client, server) = fixed().ok_or(NoFlow::Other)?;
    let rest = reader.rest();
    let mut reader = Octets::new(rest.get(..length).unwrap_or(rest));
    for _ in 0..MOST_EXTENSIONS {
        match protocol {
            HOP_BY_HOP | ROUTING | DESTINATION => {
                let next = reader.u8().ok_or(NoFlow::Other)?;
                let more = reader.u8().ok_or(NoFlow::Other)?;
                reader.take(usize::from(more) * 8 + 6).ok_or(NoFlow::Other)?;
                protocol = next;
            }
            FRAGMENT => return Err(NoFlow::Fragment),
            _ => return Ok(Ip { client: client.into(), server: server.into(), protocol, data: reader.rest() }),
        }
    }
    Err(NoFlow::Other)
}

fn transport<'a>(ip: &Ip<'a>) -> Option<Packet<'a>> {
    let mut reader = Octets::new(ip.data);
    let (client_port, server_port) = (reader.u16()?, reader.u16()?);
    let transport = match ip.protocol {
        // RFC 9293 section 3.1.
        TCP => {
            let sequence = reader.u32()?;
            reader.u32()?;
            let header = usize::from(reader.u8()? >> 4) * 4;
            let flags = reader.u8()?;
            let data = ip.data.get(header.max(20)..)?;
            Transport::Tcp { sequence, syn: flags & SYN != 0, data }
        }
        // RFC 768.
        UDP => {
            let length = usize::from(reader.u16()?).checked_sub(8)?;
            reader.u16()?;
            Transport::Udp(reader.rest().get(..length).unwrap_or(reader.rest()))
        }
        _ => return None,
    };
    let key = FlowKey { client: ip.client, server: ip.server, client_port, server_port, udp: ip.protocol == UDP };
    Some(Packet { key, transport })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(flags: u8, protocol: u8, data: &[u8]) -> Vec<u8> {
        let length = u8::try_from(24 + data.len()).unwrap();
        let mut packet = vec![0x46, 0, 0, length, 0, 0, flags, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
        packet.extend([1; 4]);
        packet.extend(data);
        packet.extend(b"padding of the link");
        packet
    }

    fn v6(next: u8, data: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0, 0, u8::try_from(data.len()).unwrap(), next, 64];
        packet.extend([0x20; 16]);
        packet.extend([0x30; 16]);
        packet.extend(data);
        packet
    }

    const DATAGRAM: &[u8] = &[0x80, 1, 0x01, 0xbb, 0, 11, 0, 0, b'a', b'b', b'c'];

    fn segment(flags: u8) -> Vec<u8> {
        let mut segment = vec![0x80, 1, 0x01, 0xbb, 0, 0, 1, 0, 0, 0, 0, 0, 0x60, flags];
        segment.extend([0; 10]);
        segment.extend(b"data");
        segment
    }

    #[test]
    fn both_families_and_both_transports_are_read() {
        let v4_packet = v4(0x40, UDP, DATAGRAM);
        let packet = Packet::read(&v4_packet).unwrap();
        assert_eq!((packet.transport, packet.key.server_port), (Transport::Udp(b"abc"), 443));
        assert_eq!(packet.key.client.to_string(), "192.0.2.1");
        let with_options = [&[UDP, 0][..], &[0; 6], DATAGRAM].concat();
        let v6_packet = v6(60, &with_options);
        let packet = Packet::read(&v6_packet).unwrap();
        assert!(packet.key.client.is_ipv6() && packet.transport == Transport::Udp(b"abc"));
        let v6_packet = v6(TCP, &segment(SYN));
        let packet = Packet::read(&v6_packet).unwrap();
        assert_eq!(packet.transport, Transport::Tcp { sequence: 256, syn: true, data: b"data" });
    }

    #[test]
    fn fragments_and_everything_else_have_no_flow() {
        assert_eq!(Packet::parse(&v4(0x20, UDP, DATAGRAM)), Err(NoFlow::Fragment));
        assert_eq!(Packet::parse(&v6(44, DATAGRAM)), Err(NoFlow::Fragment));
        assert_eq!(Packet::parse(&v4(0, 1, DATAGRAM)), Err(NoFlow::Other));
        assert_eq!(Packet::parse(b""), Err(NoFlow::Other));
        let whole = v4(0, TCP, &segment(0));
        for length in 0..44 {
            assert_eq!(Packet::parse(&whole[..length]), Err(NoFlow::Other), "{length}");
        }
    }
}
