//! Turning a stored answer, or a refusal, into the octets for one client.

use crate::message::{
    AD, CD, DO, HEADER, OPCODE, QR, RA, RCODE, RD, TC, at, behind_name, long, put_long, put_word, rcode, rtype, word,
};
use crate::query::Query;
use crate::stored::Stored;

/// UDP size we state in our OPT record, octets.
pub(crate) const OUR_UDP_SIZE: u16 = 1232;
/// Octets of an OPT record without options.
pub(crate) const OPT: usize = 11;
/// Octets of an extended error without text, as an option.
pub(crate) const ERROR: usize = 6;
/// "Stale Answer" (RFC 8914 section 4.4).
const STALE_ANSWER: u16 = 3;
/// "Stale NXDOMAIN Answer" (RFC 8914 section 4.20).
const STALE_NXDOMAIN: u16 = 19;
/// EDNS option code of an extended error (RFC 8914).
pub(crate) const EXTENDED_ERROR: u16 = 15;

/// TTL of an answer that has expired, seconds (RFC 8767 section 4).
const STALE_TTL: u32 = 30;

/// How old an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// Within its life, this many seconds.
    Fresh(u32),
    /// Past it: given with a TTL of 30 s, and "Stale Answer" for clients that take extended errors.
    Stale,
}

impl Age {
    /// What is left of a TTL, seconds.
    pub(crate) fn left(self, ttl: u32) -> u32 {
        match self {
            Self::Fresh(age) => ttl.saturating_sub(age),
            Self::Stale => STALE_TTL,
        }
    }
}

/// Writes `stored`, that old, as the answer to `query` into `out` (replacing its content), in at most `limit` octets.
/// True where it had to be cut (TC).
pub(crate) fn write(stored: &Stored, age: Age, query: &Query, limit: usize, out: &mut Vec<u8>) -> bool {
    out.clear();
    let opt = if query.edns.is_some() { OPT } else { 0 };
    let cut = stored.message.len() + opt > limit;
    if cut {
        out.extend_from_slice(stored.message.get(..stored.question_end).unwrap_or_default());
        for count in [at::ANSWERS, at::AUTHORITIES, at::ADDITIONALS] {
            put_word(out, count, 0);
        }
    } else {
        out.extend_from_slice(&stored.message);
        for &offset in &stored.ttls {
            let offset = usize::from(offset);
            let left = age.left(long(out, offset).unwrap_or_default());
            put_long(out, offset, left);
        }
    }
    let theirs = word(&stored.message, at::FLAGS).unwrap_or_default() & (TC | AD);
    let mut flags = QR | RA | theirs | (query.flags & (RD | CD)) | (stored.code & RCODE);
    if !query.takes_ad() {
        flags &= !AD;
    }
    if cut {
        flags |= TC;
    }
    put_word(out, at::ID, query.id);
    put_word(out, at::FLAGS, flags);
    restore_case(out, query);
    if let Some(edns) = query.edns {
        let errors = if out.len() + opt + stored.errors.len() <= limit { &*stored.errors } else { &[] };
        let length_at = put_opt(out, stored.code, edns.dnssec, errors);
        if age == Age::Stale {
            let error = if stored.code == rcode::NXDOMAIN { STALE_NXDOMAIN } else { STALE_ANSWER };
            put_error(out, length_at, error, "", limit);
        }
    }
    cut
}

/// Writes a refusal of a message that could not be read as a query, or may not be answered. Needs a whole header.
pub(crate) fn refuse(message: &[u8], code: u16, out: &mut Vec<u8>) {
    out.clear();
    let (Some(id), Some(flags)) = (word(message, at::ID), word(message, at::FLAGS)) else { return };
    out.resize(HEADER, 0);
    put_word(out, at::ID, id);
    put_word(out, at::FLAGS, QR | RA | (flags & (OPCODE | RD | CD)) | (code & RCODE));
    if flags & OPCODE == 0
        && word(message, at::QUESTIONS) == Some(1)
        && let Some(question) = behind_name(message, HEADER).and_then(|end| message.get(HEADER..end + 4))
    {
        put_word(out, at::QUESTIONS, 1);
        out.extend_from_slice(question);
    }
    if code > RCODE {
        let _ = put_opt(out, code, false, &[]);
    }
}

pub(crate) fn restore_case(out: &mut [u8], query: &Query) {
    let length = query.name.wire().len();
    let Some(question) = out.get_mut(HEADER..HEADER + length) else { return };
    for (octets, &bits) in question.chunks_mut(8).zip(&query.upper) {
        if bits == 0 {
            continue;
        }
        for (index, octet) in octets.iter_mut().enumerate() {
            if bits & 1 << index != 0 {
                octet.make_ascii_uppercase();
            }
        }
    }
}

/// Appends our OPT record (RFC 6891 section 6.1.2) and counts it. Returns where the length of its options stands.
pub(crate) fn put_opt(out: &mut Vec<u8>, code: u16, dnssec: bool, options: &[u8]) -> usize {
    let extended = u8::try_from(code >> 4).unwrap_or_default();
    let [high, low] = if dnssec { DO } else { 0 }.to_be_bytes();
    let length = u16::try_from(options.len()).unwrap_or_default();
    out.push(0);
    out.extend_from_slice(&rtype::OPT.to_be_bytes());
    out.extend_from_slice(&OUR_UDP_SIZE.to_be_bytes());
    out.extend_from_slice(&[extended, 0, high, low]);
    let length_at = out.len();
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(options);
    let additionals = word(out, at::ADDITIONALS).unwrap_or_default().saturating_add(1);
    put_word(out, at::ADDITIONALS, additionals);
    length_at
}

/// Adds an extended error (RFC 8914 section 2) to the OPT record that ends `out` and whose options' length stands at `length_at`:
/// with its text where that fits into `limit` octets, else without, else not at all.
pub(crate) fn put_error(out: &mut Vec<u8>, length_at: usize, error: u16, text: &str, limit: usize) {
    let room = limit.saturating_sub(out.len());
    if room < ERROR {
        return;
    }
    let text = if ERROR + text.len() <= room { text } else { "" };
    out.extend_from_slice(&EXTENDED_ERROR.to_be_bytes());
    out.extend_from_slice(&u16::try_from(text.len() + 2).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(&error.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
    let options = out.len().saturating_sub(length_at + 2);
    put_word(out, length_at, u16::try_from(options).unwrap_or_default());
}
