//! Answers the filter makes: blocked names, aliases for safe search, and failures that say why.

use gapura_model::Name;

use crate::filter::{Blocked, How};
use crate::leads::name_at;
use crate::message::{CD, HEADER, IN, QR, RA, RCODE, RD, TC, at, behind_name, put_word, rcode, record, rtype, word};
use crate::query::Query;
use crate::reply::{Age, ERROR, OPT, put_error, put_opt, restore_case};
use crate::stored::Stored;

/// How long clients keep a blocked answer, seconds: short, since the next hour may open it.
const TTL: u32 = 30;
/// Points at the question's name.
const QUESTION: [u8; 2] = [0xc0, 0x0c];
/// Longest pointer target.
const POINTER: usize = 0x3fff;

/// Extended errors used here (RFC 8914).
pub(crate) mod ede {
    pub(crate) const OTHER: u16 = 0;
    pub(crate) const FORGED: u16 = 4;
    pub(crate) const NOT_READY: u16 = 14;
}

/// Writes the answer to a blocked `query` into `out`, in at most `limit` octets (never less than 512).
pub(crate) fn blocked(blocked: &Blocked, query: &Query, limit: usize, out: &mut Vec<u8>) {
    let code = match blocked.how {
        How::NxDomain => rcode::NXDOMAIN,
        How::NoData | How::Addresses(_) => rcode::NOERROR,
    };
    begin(query, code, out);
    let mut forged = 0;
    if let How::Addresses(own) = &blocked.how {
        // A page has few addresses; what an answer of 512 octets cannot hold is not needed to reach it.
        match query.qtype {
            rtype::A => own.v4.iter().take(8).for_each(|address| {
                put_record(out, &QUESTION, rtype::A, TTL, &address.octets());
                forged += 1;
            }),
            rtype::AAAA => own.v6.iter().take(4).for_each(|address| {
                put_record(out, &QUESTION, rtype::AAAA, TTL, &address.octets());
                forged += 1;
            }),
            _ => {}
        }
    }
    put_word(out, at::ANSWERS, forged);
    if forged == 0 {
        put_soa(out);
    }
    if let Some(edns) = query.edns {
        let errors = put_opt(out, code, edns.dnssec, &[]);
        if forged > 0 {
            put_error(out, errors, ede::FORGED, "", limit);
        }
        put_error(out, errors, blocked.ede, &blocked.text, limit);
    }
}

/// Writes SERVFAIL with an extended error.
pub(crate) fn failed(query: &Query, error: u16, text: &str, limit: usize, out: &mut Vec<u8>) {
    begin(query, rcode::SERVFAIL, out);
    if let Some(edns) = query.edns {
        let errors = put_opt(out, rcode::SERVFAIL, edns.dnssec, &[]);
        put_error(out, errors, error, text, limit);
    }
}

/// Whether an aliased query needs the target's own records.
pub(crate) fn alias_needs_target(qtype: u16) -> bool {
    matches!(qtype, rtype::A | rtype::AAAA)
}

/// Writes a refusal: a limit is reached.
pub(crate) fn refused(query: &Query, out: &mut Vec<u8>) {
    begin(query, rcode::REFUSED, out);
}

/// Writes `query`'s name as an alias of `target`, with the addresses of `answer`, the target's own, that old. Without
/// `answer` the alias alone for CNAME and ANY; every other type has no data, so that no hint leads past the alias. True where
/// it had to be cut (TC).
pub(crate) fn alias(
    target: &Name,
    answer: Option<(&Stored, Age)>,
    query: &Query,
    limit: usize,
    out: &mut Vec<u8>,
) -> bool {
    let code = answer.map_or(rcode::NOERROR, |(answer, _)| answer.code & RCODE);
    begin(query, code, out);
    let room = limit.saturating_sub(if query.edns.is_some() { OPT + ERROR } else { 0 });
    let mut count = 0;
    let mut cut = false;
    if alias_needs_target(query.qtype) || matches!(query.qtype, rtype::CNAME | rtype::ANY) {
        put_record(out, &QUESTION, rtype::CNAME, TTL, target.wire());
        count = 1;
    }
    let alias_end = out.len();
    if count > 0
        && let Some((answer, age)) = answer
    {
        // Where the target stands: at the end of the alias.
        let target_at = alias_end.saturating_sub(target.wire().len());
        let (more, whole) = put_target(target, target_at, (answer, age), room, out);
        count += more;
        cut = !whole;
    }
    if cut {
        out.truncate(alias_end);
        count = count.min(1);
        let flags = word(out, at::FLAGS).unwrap_or_default();
        put_word(out, at::FLAGS, flags | TC);
    }
    put_word(out, at::ANSWERS, count);
    if count == 0 {
        put_soa(out);
    }
    if let Some(edns) = query.edns {
        let errors = put_opt(out, code, edns.dnssec, &[]);
        put_error(out, errors, ede::FORGED, "", limit);
    }
    cut
}

/// Appends the aliases and addresses of the target's answer while `out` stays within `room` octets: how many, and whether all of
/// them. An owner is written out once: a message that would not shrink so could grow a hundredfold. Signatures stay out: nobody
/// signed the alias.
fn put_target(
    target: &Name,
    target_at: usize,
    (answer, age): (&Stored, Age),
    room: usize,
    out: &mut Vec<u8>,
) -> (u16, bool) {
    let message = &answer.message;
    let mut count = 0;
    // The last name of the chain, the usual owner, and where it stands in `out`.
    let (mut last, mut last_at) = (*target, target_at);
    let Some(mut offset) = behind_name(message, HEADER).map(|end| end + 4) else { return (0, true) };
    for _ in 0..word(message, at::ANSWERS).unwrap_or_default() {
        let Some(found) = record(message, offset) else { break };
        offset = found.data.end;
        let Some(owner) = name_at(message, found.start) else { break };
        let stands_at = if owner == last { Some(last_at) } else { (owner == *target).then_some(target_at) };
        let pointer = stands_at.and_then(|at| u16::try_from(at).ok()).filter(|at| usize::from(*at) <= POINTER);
        let pointer = pointer.map(|at| (0xc000 | at).to_be_bytes());
        let owner = pointer.as_ref().map_or(owner.wire(), |pointer| pointer);
        let (before, ttl) = (out.len(), age.left(found.ttl));
        match found.rtype {
            rtype::CNAME => {
                let Some(next) = name_at(message, found.data.start) else { break };
                put_record(out, owner, rtype::CNAME, ttl, next.wire());
                (last, last_at) = (next, out.len().saturating_sub(next.wire().len()));
            }
            rtype::A | rtype::AAAA => {
                put_record(out, owner, found.rtype, ttl, message.get(found.data).unwrap_or_default());
            }
            _ => continue,
        }
        if out.len() > room {
            out.truncate(before);
            return (count, false);
        }
        count += 1;
    }
    (count, true)
}

/// Header and question, as the client spelled it.
fn begin(query: &Query, code: u16, out: &mut Vec<u8>) {
    out.clear();
    out.resize(HEADER, 0);
    put_word(out, at::ID, query.id);
    put_word(out, at::FLAGS, QR | RA | (query.flags & (RD | CD)) | (code & RCODE));
    put_word(out, at::QUESTIONS, 1);
    out.extend_from_slice(query.name.wire());
    restore_case(out, query);
    out.extend_from_slice(&query.qtype.to_be_bytes());
    out.extend_from_slice(&IN.to_be_bytes());
}

fn put_record(out: &mut Vec<u8>, owner: &[u8], rtype: u16, ttl: u32, data: &[u8]) {
    let Ok(length) = u16::try_from(data.len()) else { return };
    out.extend_from_slice(owner);
    out.extend_from_slice(&rtype.to_be_bytes());
    out.extend_from_slice(&IN.to_be_bytes());
    out.extend_from_slice(&ttl.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(data);
}

/// A start of authority of the name itself, so that clients remember for its TTL and no longer that there is nothing
/// (RFC 2308 section 5). Server: the name; mailbox: nobody; serial, refresh, retry, expire, minimum.
const SOA: [u8; 23] = [0xc0, 0x0c, 0, 0, 0, 0, 1, 0, 0, 0x0e, 0x10, 0, 0, 0, 30, 0, 0x01, 0x51, 0x80, 0, 0, 0, 30];

fn put_soa(out: &mut Vec<u8>) {
    put_record(out, &QUESTION, rtype::SOA, TTL, &SOA);
    put_word(out, at::AUTHORITIES, 1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Memory;

    fn query(name: &Name) -> Query {
        let mut message = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00".to_vec();
        message.extend_from_slice(name.wire());
        message.extend_from_slice(&[0, 1, 0, 1]);
        Query::read(&message).unwrap()
    }

    /// `target` is an alias of `a.` and its own long name, which has `addresses` addresses, compressed as servers do.
    fn answer(target: &Name, addresses: u16) -> Stored {
        let mut message = b"\x00\x01\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00".to_vec();
        message.extend_from_slice(target.wire());
        message.extend_from_slice(&[0, 1, 0, 1]);
        message[6..8].copy_from_slice(&(addresses + 1).to_be_bytes());
        put_record(&mut message, &QUESTION, rtype::CNAME, 60, &[1, b'a', 0xc0, 0x0c]);
        let alias = (0xc000 | u16::try_from(message.len() - 4).unwrap()).to_be_bytes();
        for number in 0..addresses {
            let [high, low] = number.to_be_bytes();
            put_record(&mut message, &alias, rtype::A, 60, &[192, 0, high, low]);
        }
        Stored::read(&message, target, rtype::A, &Memory::default()).unwrap()
    }

    #[test]
    fn an_alias_grows_by_no_more_than_its_names_and_stops_where_it_is_full() {
        let target: Name = format!("{0}.{0}.{0}.id", "x".repeat(60)).parse().unwrap();
        let query = query(&"www.mesin.example".parse().unwrap());
        let mut out = Vec::new();
        let few = answer(&target, 4);
        assert!(!alias(&target, Some((&few, Age::Fresh(0))), &query, 512, &mut out), "{}", out.len());
        assert_eq!(word(&out, at::ANSWERS), Some(6));
        // Question, alias, its own alias, and each address in sixteen octets.
        let names = 12 + 23 + (12 + target.wire().len()) + (12 + 2 + target.wire().len());
        assert_eq!(out.len(), names + 4 * 16);
        // Over TCP: what the upstream could say in one message is told in one.
        let many = answer(&target, 3_900);
        assert!(!alias(&target, Some((&many, Age::Fresh(0))), &query, 65_535, &mut out));
        assert_eq!(out.len(), names + 3_900 * 16);
        let before = out.capacity();
        assert!(alias(&target, Some((&many, Age::Fresh(0))), &query, 1_232, &mut out));
        assert_eq!((word(&out, at::ANSWERS), out.capacity()), (Some(1), before));
        assert!(word(&out, at::FLAGS).is_some_and(|flags| flags & TC != 0) && out.len() < 512);
    }
}
