//! Turning a stored answer, or a refusal, into the octets for one client.

use crate::message::{
    AD, CD, DO, HEADER, OPCODE, QR, RA, RCODE, RD, TC, at, behind_name, long, put_long, put_word, rtype, word,
};
use crate::query::Query;
use crate::stored::Stored;

/// UDP size we state in our OPT record, octets.
pub(crate) const OUR_UDP_SIZE: u16 = 1232;
/// Octets of an OPT record without options.
const OPT: usize = 11;

/// Writes `stored`, `age` seconds old, as the answer to `query` into `out` (replacing its content), in at most `limit` octets.
/// True where it had to be cut (TC).
pub(crate) fn write(stored: &Stored, age: u32, query: &Query, limit: usize, out: &mut Vec<u8>) -> bool {
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
            let left = long(out, offset).unwrap_or_default().saturating_sub(age);
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
        put_opt(out, stored.code, edns.dnssec, errors);
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
        put_opt(out, code, false, &[]);
    }
}

fn restore_case(out: &mut [u8], query: &Query) {
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

/// Appends our OPT record (RFC 6891 section 6.1.2) and counts it.
pub(crate) fn put_opt(out: &mut Vec<u8>, code: u16, dnssec: bool, options: &[u8]) {
    let extended = u8::try_from(code >> 4).unwrap_or_default();
    let [high, low] = if dnssec { DO } else { 0 }.to_be_bytes();
    let length = u16::try_from(options.len()).unwrap_or_default();
    out.push(0);
    out.extend_from_slice(&rtype::OPT.to_be_bytes());
    out.extend_from_slice(&OUR_UDP_SIZE.to_be_bytes());
    out.extend_from_slice(&[extended, 0, high, low]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(options);
    let additionals = word(out, at::ADDITIONALS).unwrap_or_default().saturating_add(1);
    put_word(out, at::ADDITIONALS, additionals);
}
