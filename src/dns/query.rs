//! A client's query, read whole or refused.

use thiserror::Error;

use crate::config::PLAIN_UDP;
use crate::message::{AD, CD, DO, HEADER, IN, OPCODE, QR, at, rcode, record, rtype, word};
use gapura_model::Name;

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
        let mut query = Self::blank();
        query.replace(message)?;
        Ok(query)
    }

    /// A place for [`Query::replace`].
    pub(crate) fn blank() -> Self {
        Self { id: 0, flags: 0, name: Name::ROOT, upper: [0; 32], qtype: 0, edns: None }
    }

    /// Reads a message from a client into the place of this query; where that fails, nothing here means anything.
    pub(crate) fn replace(&mut self, message: &[u8]) -> Result<(), Unusable> {
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
        (self.id, self.flags) = (count(at::ID), flags);
        self.read_body(message, count(at::ADDITIONALS))?.ok_or(answer(rcode::FORMERR))
    }

    fn read_body(&mut self, message: &[u8], additionals: u16) -> Result<Option<()>, Unusable> {
        let Some(length) = message.get(HEADER..).and_then(|rest| self.name.replace(rest)) else { return Ok(None) };
        let behind = HEADER + length;
        self.note_case(message.get(HEADER..behind).unwrap_or_default());
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
        (self.qtype, self.edns) = (qtype, edns);
        Ok(Some(()))
    }

    /// Notes which octets of the name are written in upper case.
    fn note_case(&mut self, spelled: &[u8]) {
        self.upper = [0; 32];
        // Nearly always none.
        if spelled == self.name.wire() {
            return;
        }
        for (octets, bits) in spelled.chunks(8).zip(&mut self.upper) {
            for (index, octet) in octets.iter().enumerate() {
                *bits |= u8::from(octet.is_ascii_uppercase()) << index;
            }
        }
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

    /// The same question about another name, asked for ourselves: without signatures, which say nothing under an alias.
    pub(crate) fn about(&self, name: Name) -> Self {
        let edns = self.edns.map(|edns| Edns { dnssec: false, ..edns });
        Self { name, upper: [0; 32], edns, ..self.clone() }
    }

    /// Besides name and type, what makes an upstream's answer another one.
    pub(crate) fn kind(&self) -> u8 {
        u8::from(self.dnssec()) | u8::from(self.wants(CD)) << 1
    }

    /// What the questions under way know this query by: answers to equal keys are the same.
    pub(crate) fn key(&self) -> Key {
        let mut octets = Vec::with_capacity(self.name.wire().len() + 3);
        octets.extend_from_slice(self.name.wire());
        octets.extend_from_slice(&self.qtype.to_be_bytes());
        octets.push(self.kind());
        Key(octets.into())
    }
}

/// Name, type, and the flags that change an upstream's answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(Box<[u8]>);
