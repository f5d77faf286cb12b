//! What an answer leads to: names by CNAME, DNAME, HTTPS and SVCB; addresses by A, AAAA and hints.

use std::net::IpAddr;
use std::ops::ControlFlow;

use gapura_model::{LONGEST_NAME, Name};

use crate::message::{HEADER, at, behind_name, record, rtype, word};

/// Pointers followed in one name; each goes backwards, so that this bounds time only.
const MOST_POINTERS: usize = 64;

/// One thing an answer leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives on the stack for one step")]
pub(crate) enum Lead {
    /// Another name.
    Name(Name),
    /// An address, with the TTL it stands beside, seconds.
    Address(IpAddr, u32),
}

/// Shows `seen` everything the answer section of `message` leads to, in its order, until it breaks. All of the section counts,
/// whether or not it belongs to the name asked for: what a client takes from it is the client's choice. `None` where the message
/// cannot be read to the end.
pub(crate) fn leads<B>(message: &[u8], mut seen: impl FnMut(Lead) -> ControlFlow<B>) -> Option<ControlFlow<B>> {
    let mut offset = behind_name(message, HEADER)?.checked_add(4)?;
    for _ in 0..word(message, at::ANSWERS)? {
        let found = record(message, offset)?;
        offset = found.data.end;
        let data = message.get(found.data.clone())?;
        let flow = match found.rtype {
            rtype::A => seen(Lead::Address(<[u8; 4]>::try_from(data).ok()?.into(), found.ttl)),
            rtype::AAAA => seen(Lead::Address(<[u8; 16]>::try_from(data).ok()?.into(), found.ttl)),
            rtype::CNAME | rtype::DNAME => seen(Lead::Name(name_at(message, found.data.start)?)),
            rtype::HTTPS | rtype::SVCB => service(data, found.ttl, &mut seen)?,
            _ => continue,
        };
        if flow.is_break() {
            return Some(flow);
        }
    }
    Some(ControlFlow::Continue(()))
}

/// An SVCB record's target and hints (RFC 9460 section 2.2). The target is never compressed; the root stands for the owner.
fn service<B>(data: &[u8], ttl: u32, seen: &mut impl FnMut(Lead) -> ControlFlow<B>) -> Option<ControlFlow<B>> {
    let (target, length) = Name::from_wire(data.get(2..)?)?;
    if target.wire() != b"\0" {
        let flow = seen(Lead::Name(target));
        if flow.is_break() {
            return Some(flow);
        }
    }
    let mut flow = ControlFlow::Continue(());
    hints(data, 2 + length, |address| {
        flow = seen(Lead::Address(address, ttl));
        flow.is_continue()
    })?;
    Some(flow)
}

/// Shows `ipv4hint` (4) and `ipv6hint` (6) of an SVCB record's data, whose parameters begin at `at`, while `seen` says so.
/// `None` where they cannot be read.
pub(crate) fn hints(data: &[u8], mut at: usize, mut seen: impl FnMut(IpAddr) -> bool) -> Option<()> {
    while at < data.len() {
        let end = at + 4 + usize::from(word(data, at + 2)?);
        let value = data.get(at + 4..end)?;
        let going_on = match word(data, at)? {
            4 => value.as_chunks::<4>().0.iter().all(|octets| seen(IpAddr::from(*octets))),
            6 => value.as_chunks::<16>().0.iter().all(|octets| seen(IpAddr::from(*octets))),
            _ => true,
        };
        if !going_on {
            break;
        }
        at = end;
    }
    Some(())
}

/// The name at `offset`, compression pointers followed (RFC 1035 section 4.1.4); they may only point backwards, and not
/// into the header, which is rewritten for each client.
pub(crate) fn name_at(message: &[u8], offset: usize) -> Option<Name> {
    let mut wire = [0_u8; LONGEST_NAME];
    let mut length = 0;
    pieces(message, offset, |piece, _, octets| {
        if piece == Piece::Label {
            wire.get_mut(length..length + octets.len())?.copy_from_slice(octets);
            length += octets.len();
        }
        Some(())
    })?;
    Name::from_wire(wire.get(..length)?).map(|(name, _)| name)
}

/// Whether the name at `offset` can be read and stays the same while the answer ages: none of it may lie in one of the TTLs,
/// which begin at `ttls` (ascending). Else the client would read another name than was judged.
pub(crate) fn stays(message: &[u8], offset: usize, ttls: &[u16]) -> bool {
    let ages = |at: usize, end: usize| {
        // The last TTL that begins before the end is the only one that can reach in.
        let before = ttls.partition_point(|ttl| usize::from(*ttl) < end);
        before.checked_sub(1).and_then(|last| ttls.get(last)).is_some_and(|ttl| usize::from(*ttl) + 4 > at)
    };
    pieces(message, offset, |_, at, octets| (!ages(at, at + octets.len())).then_some(())).is_some()
}

/// A part of a name as it stands in a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Label,
    Pointer,
}

/// Shows `seen` every label of the name at `offset` with its length, and every pointer on the way, and where each stands.
/// `None` where the name cannot be read, or `seen` says so.
fn pieces(message: &[u8], offset: usize, mut seen: impl FnMut(Piece, usize, &[u8]) -> Option<()>) -> Option<()> {
    let mut at = offset;
    let mut pointers = 0;
    let mut length = 0;
    loop {
        let label = usize::from(*message.get(at)?);
        match label {
            0..=63 => {
                let octets = message.get(at..at + 1 + label)?;
                length += octets.len();
                if length > LONGEST_NAME {
                    return None;
                }
                seen(Piece::Label, at, octets)?;
                at += octets.len();
                if label == 0 {
                    return Some(());
                }
            }
            192..=255 => {
                seen(Piece::Pointer, at, message.get(at..at + 2)?)?;
                let target = usize::from(word(message, at)? & 0x3fff);
                pointers += 1;
                if target >= at || target < HEADER || pointers > MOST_POINTERS {
                    return None;
                }
                at = target;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_followed_backwards_only() {
        let message = b"............\x02id\x00\x02go\xc0\x0c\x01a\xc0\x10\xc0\x19\x01a\xc0\x1b\xc0\x00";
        assert_eq!(name_at(message, 21).unwrap().to_string(), "a.go.id");
        assert_eq!(name_at(message, 16).unwrap().to_string(), "go.id");
        assert_eq!(name_at(message, 25), None, "to itself");
        assert_eq!(name_at(message, 27), None, "in a circle");
        assert_eq!(name_at(message, 31), None, "into the header");
    }

    #[test]
    fn a_name_that_would_age_is_told() {
        // A name at 12, a TTL at 16, a pointer to the name, one into the TTL, and one to a label that reaches into it.
        let message = b"............\x02id\x00\x00\x01\x01a\x00\xc0\x0c\xc0\x12\x01a\xc0\x0f";
        assert!(stays(message, 12, &[16]) && stays(message, 21, &[16]));
        assert_eq!(name_at(message, 23).unwrap().to_string(), "a");
        assert!(!stays(message, 23, &[16]) && stays(message, 23, &[]));
        assert!(stays(message, 25, &[16]), "its pointer ends before the TTL");
        assert!(!stays(message, 25, &[15]) && !stays(message, 25, &[12]));
        assert!(!stays(message, 31, &[]), "what cannot be read");
    }
}
