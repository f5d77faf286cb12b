//! A client's query, read whole or refused.

use thiserror::Error;

use crate::config::PLAIN_UDP;
use crate::message::{AD, CD, DO, HEADER, IN, OPCODE, QR, at, rcode, record, rtype, word};
use crate::name::Name;

/// One question of a client with what its answer must fit (RFC 1035, RFC 6891).
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) id: u16,
    pub(crate) flags: u16,
    pub(crate) name: Name,
    /// Which octets of the name the client wrote in upper case: one bit each.
    pub(crate) upper: [u8; 32],
    pub(crate) qtype: u16,
    pub(crate) edns: Option<Edns>,
}

/// What the client's OPT record says. Its options (client subnet, cookies, padding ...) are for us and go no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edns {
    /// UDP size the client takes, octets.
    pub(crate) size: u16,
    /// The client wants DNSSEC records.
    pub(crate) dnssec: bool,
}

/// Why a message is no query to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unusable {
    /// Too short to answer, or itself a response: nothing is sent back, so that two servers never talk in circles.
    #[error("not a query: shorter than a header, or a response")]
    Silent,
    /// To be answered with this response code.
    #[error("response code {code}")]
    Answer {
        /// RCODE, extended ones included.
        code: u16,
    },
}

const fn answer(code: u16) -> Unusable {
    Unusable::Answer { code }
}

impl Query {
    /// Reads a message from a client.
    pub fn read(message: &[u8]) -> Result<Self, Unusable> {
        let header = message.get(..HEADER).ok_or(Unusable::Silent)?;
        let count = |offset| word(header, offset).unwrap_or_default();
        let flags = count(at::FLAGS);
        if flags & QR != 0 {
            return Err(Unusable::Silent);
        }
        if flags & OPCODE != 0 {
            return Err(answer(rcode::NOTIMP));
        }
        if (count(at::QUESTIONS), count(at::ANSWERS), count(at::AUTHORITIES)) != (1, 0, 0) {
            return Err(answer(rcode::FORMERR));
        }
        Self::read_body(message, count(at::ID), flags, count(at::ADDITIONALS))?.ok_or(answer(rcode::FORMERR))
    }

    fn read_body(message: &[u8], id: u16, flags: u16, additionals: u16) -> Result<Option<Self>, Unusable> {
        let Some((name, length)) = message.get(HEADER..).and_then(Name::from_wire) else { return Ok(None) };
        let mut upper = [0_u8; 32];
        for (index, octet) in message.iter().skip(HEADER).take(length).enumerate() {
            if octet.is_ascii_uppercase()
                && let Some(bits) = upper.get_mut(index / 8)
            {
                *bits |= 1 << (index % 8);
            }
        }
        let behind = HEADER + length;
        let (Some(qtype), Some(class)) = (word(message, behind), word(message, behind + 2)) else { return Ok(None) };
        let mut edns = None;
        let mut offset = behind + 4;
        for _ in 0..additionals {
            let Some(extra) = record(message, offset) else { return Ok(None) };
            offset = extra.data.end;
            if extra.rtype != rtype::OPT {
                continue;
            }
            // One OPT, owned by the root (RFC 6891 section 6.1.1).
            if edns.is_some() || message.get(extra.start) != Some(&0) {
                return Ok(None);
            }
            if (extra.ttl >> 16) & 0xff != 0 {
                return Err(answer(rcode::BADVERS));
            }
            edns = Some(Edns { size: extra.class.max(PLAIN_UDP), dnssec: extra.ttl & u32::from(DO) != 0 });
        }
        if class != IN || (rtype::TKEY..=rtype::AXFR).contains(&qtype) {
            return Err(answer(rcode::REFUSED));
        }
        if qtype == rtype::OPT || qtype == 0 {
            return Ok(None);
        }
        Ok(Some(Self { id, flags, name, upper, qtype, edns }))
    }

    /// The name asked for.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The record type asked for.
    pub fn qtype(&self) -> u16 {
        self.qtype
    }

    pub(crate) fn wants(&self, bit: u16) -> bool {
        self.flags & bit != 0
    }

    pub(crate) fn dnssec(&self) -> bool {
        self.edns.is_some_and(|edns| edns.dnssec)
    }

    /// Whether the client understands the AD bit (RFC 6840 section 5.7).
    pub(crate) fn takes_ad(&self) -> bool {
        self.wants(AD) || self.dnssec()
    }

    /// What the cache and the questions under way know this query by: answers to equal keys are the same.
    pub(crate) fn key(&self) -> Key {
        let mut octets = [0; Key::LONGEST];
        let wire = self.name.wire();
        let length = wire.len();
        if let Some(place) = octets.get_mut(..length) {
            place.copy_from_slice(wire);
        }
        let [high, low] = self.qtype.to_be_bytes();
        let kind = u8::from(self.dnssec()) | u8::from(self.wants(CD)) << 1;
        if let Some(place) = octets.get_mut(length..length + 3) {
            place.copy_from_slice(&[high, low, kind]);
        }
        Key { octets, length: length + 3 }
    }
}

/// Name, type, and the flags that change an upstream's answer.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    octets: [u8; Self::LONGEST],
    length: usize,
}

impl Key {
    const LONGEST: usize = crate::name::LONGEST + 3;

    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}
