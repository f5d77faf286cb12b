//! The record layer (RFC 8446 section 5.1): a ClientHello may be cut over several records.

use crate::octets::Octets;
use crate::{Hello, LONGEST_HELLO, Over, Undecidable};

const HANDSHAKE: u8 = 22;
/// The major version of every record since SSL 3.0.
const MAJOR: u8 = 3;
/// The longest fragment, octets.
const LONGEST_FRAGMENT: u16 = 1 << 14;

/// Reads the ClientHello from the front of a stream; `None` while more is needed.
pub(crate) fn read(stream: &[u8]) -> Result<Option<Hello>, Undecidable> {
    let mut stream = Octets::new(stream);
    let mut message = Vec::new();
    while !stream.is_empty() {
        if stream.u8() != Some(HANDSHAKE) {
            return Err(Undecidable::NotTls);
        }
        let Some(major) = stream.u8() else { break };
        if major != MAJOR {
            return Err(Undecidable::NotTls);
        }
        let Some(length) = stream.u8().and_then(|_minor| stream.u16()) else { break };
        if length == 0 || length > LONGEST_FRAGMENT {
            return Err(Undecidable::Malformed);
        }
        let there = stream.rest().len().min(usize::from(length));
        message.extend_from_slice(stream.take(there).unwrap_or_default());
        // What follows a whole hello (early data, RFC 8446 section 4.2.10) says nothing more.
        if let Some(hello) = Hello::read(&message, LONGEST_HELLO, Over::Tcp)? {
            return Ok(Some(hello));
        }
    }
    Ok(None)
}

/// Whether a stream may begin like this: where its start is not known, this tells that it was not yet seen.
pub(crate) fn may_begin(stream: &[u8]) -> bool {
    match stream {
        [] => true,
        [kind] => *kind == HANDSHAKE,
        [kind, major, ..] => (*kind, *major) == (HANDSHAKE, MAJOR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_data_behind_the_hello_is_not_looked_at() {
        let mut stream = b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03".to_vec();
        stream.extend([7; 32]);
        stream.extend(b"\x00\x00\x02\x13\x01\x01\x00");
        let hello = read(&stream).unwrap();
        assert!(hello.is_some());
        stream.extend(b"\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x05early");
        assert_eq!(read(&stream), Ok(hello));
    }

    #[test]
    fn other_protocols_are_told_at_their_first_octets() {
        for other in [&b"GET / HTTP/1.1\r\n"[..], b"SSH-2.0-", b"\x80\x2e\x01", b"\x16\x02", b"\x15\x03\x01\x00\x02"] {
            assert_eq!(read(other), Err(Undecidable::NotTls));
        }
        assert_eq!(read(b"\x16\x03\x01\x00\x00"), Err(Undecidable::Malformed));
        assert_eq!(read(b"\x16\x03\x01\x40\x01"), Err(Undecidable::Malformed));
        assert_eq!(read(b"\x16\x03\x01\x00"), Ok(None));
        assert_eq!(read(b"\x16\x03\x01\x00\x04\x02\x00\x00\x00"), Err(Undecidable::NotTls));
    }
}
