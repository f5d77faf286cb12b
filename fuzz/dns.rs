//! DNS messages from clients and from upstreams.

use gapura_dns::{Memory, Query, Stored, addresses};
use gapura_model::Name;

const HEADER: usize = 12;
const RESPONSE: u8 = 0x80;

/// A client's message is read or refused; what is read names what stands in it.
pub(crate) fn query(input: &[u8]) {
    if let Ok(query) = Query::read(input) {
        let (name, _) = Name::from_wire(&input[HEADER..]).unwrap();
        assert_eq!(*query.name(), name);
    }
}

/// An upstream's message is read or refused; what is passed on fits its limit, answers the question, and can be read again.
pub(crate) fn answer(input: &[u8]) {
    let Some((name, length)) = input.get(HEADER..).and_then(Name::from_wire) else { return };
    let Some(&[high, low]) = input.get(HEADER + length..).and_then(<[u8]>::first_chunk) else { return };
    let qtype = u16::from_be_bytes([high, low]);
    assert!(addresses(input, &name).len() <= 64);
    let memory = Memory::default();
    let Ok(stored) = Stored::read(input, &name, qtype, &memory) else { return };
    // The client that asked exactly this, with and without EDNS.
    let mut asked = vec![input[0], input[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    asked.extend_from_slice(&input[HEADER..HEADER + length + 4]);
    let plain = asked.clone();
    asked[11] = 1;
    asked.extend([0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 0]);
    for message in [plain, asked] {
        let Ok(query) = Query::read(&message) else { continue };
        for (age, limit) in [(0, 65_535), (17, 1_232), (u32::MAX, 512)] {
            let answer = stored.answer(age, &query, limit);
            assert!(answer.len() <= limit && answer[..2] == message[..2] && answer[2] & RESPONSE != 0);
            Stored::read(&answer, &name, qtype, &memory).unwrap();
        }
    }
}
