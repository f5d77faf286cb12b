//! Long headers (RFC 9000 section 17.2, RFC 9369 section 3.2) and the packets of one datagram (RFC 9000 section 12.2).

use crate::octets::Octets;
use crate::{Over, Undecidable};

/// The longest connection id of versions 1 and 2, octets.
const LONGEST_ID: usize = 20;
/// Packets of one datagram that are looked at.
const MOST_PACKETS: usize = 16;

const LONG: u8 = 0x80;
const VERSION_1: u32 = 1;
const VERSION_2: u32 = 0x6b33_43cf;

/// A client's Initial packet, still protected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Initial<'a> {
    pub(super) over: Over,
    /// The destination connection id.
    pub(super) id: &'a [u8],
    /// The whole packet.
    pub(super) packet: &'a [u8],
    /// Where in `packet` the packet number begins.
    pub(super) number_at: usize,
}

/// What stands at the front of a datagram.
enum Front<'a> {
    Initial(Initial<'a>, &'a [u8]),
    /// Another packet of the connection, whose length is known.
    Other(&'a [u8], &'a [u8]),
}

/// The Initials of a datagram. A packet for another connection than the first one's is no part of it.
///
/// # Errors
/// The datagram does not begin with a long header of a known version, or its first packet is garbled.
pub(super) fn initials(datagram: &[u8]) -> Result<Vec<Initial<'_>>, Undecidable> {
    let mut found = Vec::new();
    let mut first = None;
    let mut rest = datagram;
    for _ in 0..MOST_PACKETS {
        match front(rest) {
            Ok(Front::Initial(initial, after)) => {
                if *first.get_or_insert(initial.id) == initial.id {
                    found.push(initial);
                }
                rest = after;
            }
            Ok(Front::Other(id, after)) => {
                first.get_or_insert(id);
                rest = after;
            }
            Err(why) if first.is_none() => return Err(why),
            Err(_) => break,
        }
    }
    Ok(found)
}

fn front(datagram: &[u8]) -> Result<Front<'_>, Undecidable> {
    let mut reader = Octets::new(datagram);
    // The bit after the first is left alone: a client that knows the server may clear it (RFC 9287).
    let first = reader.u8().filter(|first| first & LONG != 0).ok_or(Undecidable::NotQuic)?;
    let over = match reader.u32().ok_or(Undecidable::NotQuic)? {
        VERSION_1 => Over::QuicV1,
        VERSION_2 => Over::QuicV2,
        other => return Err(Undecidable::Version(other)),
    };
    known(&mut reader, datagram, first, over).ok_or(Undecidable::Malformed)
}

fn known<'a>(reader: &mut Octets<'a>, datagram: &'a [u8], first: u8, over: Over) -> Option<Front<'a>> {
    let id = reader.vector8().filter(|id| id.len() <= LONGEST_ID)?;
    reader.vector8().filter(|id| id.len() <= LONGEST_ID)?;
    let (initial, retry) = if over == Over::QuicV2 { (1, 0) } else { (0, 3) };
    let kind = first >> 4 & 3;
    if kind == retry {
        // Only servers send it, and it has no length.
        return None;
    }
    if kind == initial {
        reader.counted()?;
    }
    let length = usize::try_from(reader.varint()?).ok()?;
    let number_at = datagram.len() - reader.rest().len();
    reader.take(length)?;
    let packet = datagram.get(..number_at + length)?;
    if kind == initial {
        return Some(Front::Initial(Initial { over, id, packet, number_at }, reader.rest()));
    }
    Some(Front::Other(id, reader.rest()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A long-header packet of version 1 with `kind` and the connection id `id`, four octets of payload.
    fn packet(kind: u8, id: u8) -> Vec<u8> {
        let mut packet = vec![LONG | 0x40 | kind << 4, 0, 0, 0, 1, 1, id, 0];
        if kind == 0 {
            packet.push(0);
        }
        packet.extend([4, 1, 2, 3, 4]);
        packet
    }

    #[test]
    fn coalesced_packets_of_one_connection_are_found() {
        let datagram = [packet(1, 7), packet(0, 7), packet(0, 8), packet(0, 7), vec![0; 30]].concat();
        let found = initials(&datagram).unwrap();
        assert_eq!(found.iter().map(|initial| initial.id).collect::<Vec<_>>(), [[7], [7]]);
        assert!(found.iter().all(|initial| initial.packet[initial.number_at..] == [1, 2, 3, 4]));
    }

    #[test]
    fn what_opens_no_connection_is_told_apart() {
        let why = |datagram: &[u8]| initials(datagram).unwrap_err();
        assert_eq!(why(b""), Undecidable::NotQuic);
        assert_eq!(why(b"\x40short header"), Undecidable::NotQuic);
        assert_eq!(why(&[0x80, 0, 0, 0, 0, 0, 0]), Undecidable::Version(0));
        assert_eq!(why(&[0xc0, 0xff, 0, 0, 0x1d, 0, 0]), Undecidable::Version(0xff00_001d));
        assert_eq!(why(&packet(3, 7)), Undecidable::Malformed);
        let whole = packet(0, 7);
        for length in 5..whole.len() {
            assert_eq!(why(&whole[..length]), Undecidable::Malformed);
        }
        let long_id = [&[0xc0, 0, 0, 0, 1, 21][..], &[0; 40]].concat();
        assert_eq!(why(&long_id), Undecidable::Malformed);
    }
}
