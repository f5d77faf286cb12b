//! The addresses an answer leads to, for the walled garden.

use std::net::IpAddr;

use domain::base::{Message, ParsedName, Rtype, ToName, UnknownRecordData};
use domain::rdata::{A, Aaaa, Cname};

use crate::leads::hints;
use gapura_model::Name;

/// Aliases followed from the name asked for.
const MOST_ALIASES: usize = 16;
/// Most addresses one answer may let in.
const MOST_ADDRESSES: usize = 64;

/// Addresses (with TTL, seconds) of the answer section of `message` that belong to `name`: A and AAAA of the name or of what its
/// aliases lead to, and the address hints of HTTPS and SVCB records there (RFC 9460 section 7.3). A message that cannot be
/// read has none; at most 64 are taken.
pub fn addresses(message: &[u8], name: &Name) -> Vec<(IpAddr, u32)> {
    collect(message, name).unwrap_or_default()
}

fn collect(message: &[u8], name: &Name) -> Option<Vec<(IpAddr, u32)>> {
    let message = Message::from_slice(message).ok()?;
    let start = domain::base::Name::from_slice(name.wire()).ok()?;
    let mut aliases: Vec<ParsedName<&[u8]>> = Vec::new();
    let belongs = |aliases: &[ParsedName<&[u8]>], owner: &ParsedName<&[u8]>| {
        start.name_eq(owner) || aliases.iter().any(|alias| alias.name_eq(owner))
    };
    // Servers mostly send a chain in order; one that does not costs another round.
    for _ in 0..MOST_ALIASES {
        let known = aliases.len();
        for record in message.answer().ok()?.limit_to::<Cname<_>>() {
            let record = record.ok()?;
            let target = *record.data().cname();
            if aliases.len() < MOST_ALIASES && belongs(&aliases, record.owner()) && !belongs(&aliases, &target) {
                aliases.push(target);
            }
        }
        if aliases.len() == known {
            break;
        }
    }
    let mut found = Vec::new();
    for record in message.answer().ok()? {
        let record = record.ok()?;
        if !belongs(&aliases, &record.owner()) {
            continue;
        }
        let ttl = record.ttl().as_secs();
        match record.rtype() {
            Rtype::A => found.extend(record.to_record::<A>().ok()?.map(|a| (a.data().addr().into(), ttl))),
            Rtype::AAAA => found.extend(record.to_record::<Aaaa>().ok()?.map(|a| (a.data().addr().into(), ttl))),
            Rtype::HTTPS | Rtype::SVCB => {
                let record = record.to_record::<UnknownRecordData<&[u8]>>().ok()??;
                let data = record.data().data();
                let (_, target) = Name::from_wire(data.get(2..)?)?;
                // What stands before a broken parameter counts.
                let _ = hints(data, 2 + target, |hint| {
                    found.push((hint, ttl));
                    true
                });
            }
            _ => {}
        }
    }
    found.truncate(MOST_ADDRESSES);
    Some(found)
}
