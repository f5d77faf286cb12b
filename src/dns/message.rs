//! Octets of a DNS message (RFC 1035 section 4): header fields and record boundaries, read without believing any length.

use std::ops::Range;

use gapura_model::LONGEST_NAME as LONGEST;

/// Octets of the header.
pub(crate) const HEADER: usize = 12;
/// Response rather than query.
pub(crate) const QR: u16 = 0x8000;
/// The operation; zero is QUERY.
pub(crate) const OPCODE: u16 = 0x7800;
/// Authoritative.
pub(crate) const AA: u16 = 0x0400;
/// Truncated.
pub(crate) const TC: u16 = 0x0200;
/// Recursion desired.
pub(crate) const RD: u16 = 0x0100;
/// Recursion available.
pub(crate) const RA: u16 = 0x0080;
/// Authentic data (RFC 4035, RFC 6840 section 5.8).
pub(crate) const AD: u16 = 0x0020;
/// Checking disabled.
pub(crate) const CD: u16 = 0x0010;
/// The low four bits of the response code.
pub(crate) const RCODE: u16 = 0x000f;
/// DNSSEC OK, among the flags of an OPT record (RFC 3225).
pub(crate) const DO: u16 = 0x8000;

/// Where the header's words stand.
pub(crate) mod at {
    pub(crate) const ID: usize = 0;
    pub(crate) const FLAGS: usize = 2;
    pub(crate) const QUESTIONS: usize = 4;
    pub(crate) const ANSWERS: usize = 6;
    pub(crate) const AUTHORITIES: usize = 8;
    pub(crate) const ADDITIONALS: usize = 10;
}

/// Response codes used here (RFC 1035 section 4.1.1, RFC 6891).
pub(crate) mod rcode {
    pub(crate) const NOERROR: u16 = 0;
    pub(crate) const FORMERR: u16 = 1;
    pub(crate) const SERVFAIL: u16 = 2;
    pub(crate) const NXDOMAIN: u16 = 3;
    pub(crate) const NOTIMP: u16 = 4;
    pub(crate) const REFUSED: u16 = 5;
    pub(crate) const BADVERS: u16 = 16;
}

/// Record types the resolver itself looks at.
pub(crate) mod rtype {
    pub(crate) const A: u16 = 1;
    pub(crate) const NS: u16 = 2;
    pub(crate) const CNAME: u16 = 5;
    pub(crate) const SOA: u16 = 6;
    pub(crate) const PTR: u16 = 12;
    pub(crate) const MX: u16 = 15;
    pub(crate) const AAAA: u16 = 28;
    pub(crate) const SRV: u16 = 33;
    pub(crate) const DNAME: u16 = 39;
    pub(crate) const OPT: u16 = 41;
    pub(crate) const SVCB: u16 = 64;
    pub(crate) const HTTPS: u16 = 65;
    pub(crate) const DS: u16 = 43;
    pub(crate) const TKEY: u16 = 249;
    pub(crate) const AXFR: u16 = 252;
    pub(crate) const ANY: u16 = 255;
}

/// The Internet class.
pub(crate) const IN: u16 = 1;

/// The two octets at `offset`, network order.
pub(crate) fn word(message: &[u8], offset: usize) -> Option<u16> {
    let octets = message.get(offset..offset.checked_add(2)?)?;
    Some(u16::from_be_bytes(octets.try_into().ok()?))
}

/// The four octets at `offset`, network order.
pub(crate) fn long(message: &[u8], offset: usize) -> Option<u32> {
    let octets = message.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_be_bytes(octets.try_into().ok()?))
}

/// Overwrites two octets; does nothing beyond the end.
pub(crate) fn put_word(message: &mut [u8], offset: usize, value: u16) {
    if let Some(octets) = message.get_mut(offset..offset + 2) {
        octets.copy_from_slice(&value.to_be_bytes());
    }
}

/// Overwrites four octets; does nothing beyond the end.
pub(crate) fn put_long(message: &mut [u8], offset: usize, value: u32) {
    if let Some(octets) = message.get_mut(offset..offset + 4) {
        octets.copy_from_slice(&value.to_be_bytes());
    }
}

/// The offset behind the name at `offset`. Pointers are stepped over, not followed.
pub(crate) fn behind_name(message: &[u8], offset: usize) -> Option<usize> {
    let mut at = offset;
    loop {
        let length = usize::from(*message.get(at)?);
        match length {
            0 => return Some(at + 1),
            1..=63 => at += 1 + length,
            192..=255 => return message.get(at + 1).map(|_| at + 2),
            _ => return None,
        }
        if at - offset > LONGEST {
            return None;
        }
    }
}

/// Boundaries of one resource record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Where the owner name begins.
    pub(crate) start: usize,
    /// TYPE.
    pub(crate) rtype: u16,
    /// CLASS; of an OPT the sender's UDP size.
    pub(crate) class: u16,
    /// Where the TTL stands.
    pub(crate) ttl_at: usize,
    /// TTL; of an OPT extended code, version and flags.
    pub(crate) ttl: u32,
    /// RDATA.
    pub(crate) data: Range<usize>,
}

/// The record at `offset`; the next one begins at its `data.end`.
pub(crate) fn record(message: &[u8], offset: usize) -> Option<Record> {
    let fixed = behind_name(message, offset)?;
    let data = fixed + 10;
    let end = data + usize::from(word(message, fixed + 8)?);
    if end > message.len() {
        return None;
    }
    Some(Record {
        start: offset,
        rtype: word(message, fixed)?,
        class: word(message, fixed + 2)?,
        ttl_at: fixed + 4,
        ttl: long(message, fixed + 4)?,
        data: data..end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_where_they_end() {
        assert_eq!(behind_name(b"\x01a\x00", 0), Some(3));
        assert_eq!(behind_name(b"\x01a\xc0\x0c", 0), Some(4));
        assert_eq!(behind_name(b"\x01a\xc0", 0), None);
        assert_eq!(behind_name(b"\x05ab", 0), None);
        assert_eq!(behind_name(b"\x40ab", 0), None);
        assert_eq!(behind_name(&[1, b'a'].repeat(200), 0), None);
    }

    #[test]
    fn a_record_must_lie_inside_the_message() {
        let whole = b"\x00\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x01";
        let found = record(whole, 0).unwrap();
        assert_eq!((found.rtype, found.class, found.ttl, found.data), (1, 1, 60, 11..15));
        for cut in 0..whole.len() {
            assert_eq!(record(&whole[..cut], 0), None);
        }
    }
}
