//! Fuzz targets: for every parser that meets the outside, what it may be handed and what must hold then.
//!
//! Each target takes octets and panics where a promise is broken. libFuzzer drives them (`fuzz/run.sh`, `make fuzz`); the
//! ordinary tests run every kept input through them too, so that what was found once stays found.
//!
//! Where a checksum, a seal or a compressed frame would keep random octets out, a target puts it right itself, so that what
//! lies behind is reached.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a target says by a panic that a promise is broken")]
#![expect(clippy::missing_panics_doc, reason = "panics are what targets are for")]

mod dns;
mod inspect;
mod lists;
mod seeds;
mod sop;
mod wire;

pub use seeds::seeds;

/// A target.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also its folder's in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 11] = [
    ("client_hello", inspect::client_hello),
    ("dns_answer", dns::answer),
    ("dns_query", dns::query),
    ("index_delta", lists::delta),
    ("index_file", lists::index),
    ("list_line", lists::lines),
    ("names_file", lists::names),
    ("packet", inspect::packet),
    ("quic_initial", inspect::quic_initial),
    ("sop_text", sop::text),
    ("wire_message", wire::message),
];

/// Runs the target `name` on `input`; unknown names are a mistake of the caller.
pub fn run(name: &str, input: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    target(input);
}

/// Cuts octets off the front: inputs say by their first octets how the rest is used.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn u8(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    /// The next octets, zeros where there are none.
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let there = self.take(N);
        array[..there.len()].copy_from_slice(there);
        array
    }

    /// The next `count` octets, as far as there are.
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        front
    }

    /// A piece whose length is said before it in two octets.
    fn piece(&mut self) -> &'a [u8] {
        let length = self.u16();
        self.take(usize::from(length))
    }
}
