//! The messages of nfnetlink and its packet queue (linux/netfilter/nfnetlink.h, nfnetlink_queue.h), written and read.

use crate::octets::Octets;

const HEADER: usize = 16;
/// The netlink header and nfnetlink's own.
const HEADERS: usize = 20;
const REQUEST: u16 = 1;
pub(super) const ACK: u16 = 4;
/// `NLM_F_CREATE`.
pub(super) const CREATE: u16 = 0x400;
const TYPE_ERROR: u16 = 2;
const NESTED: u16 = 0x8000;
const TYPE_MASK: u16 = 0x3fff;

const QUEUE: u16 = 3 << 8;
const PACKET: u16 = QUEUE;
const VERDICT: u16 = QUEUE | 1;
const CONFIG: u16 = QUEUE | 2;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Drop,
    /// On its way, with another mark where one is stated.
    Accept(Option<u32>),
}

/// A packet that waits for its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queued<'a> {
    pub(super) id: u32,
    pub(super) mark: u32,
    /// From the network header on.
    pub(super) payload: &'a [u8],
}

/// What the kernel sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received<'a> {
    Packet(Queued<'a>),
    /// The answer to the request with this sequence number: 0, or what went wrong.
    Answer {
        sequence: u32,
        errno: i32,
    },
}

/// A message that is being written.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// A request of `kind` with the flags and sequence number stated; `family` and `resource` are nfnetlink's.
    pub(super) fn request(kind: u16, flags: u16, sequence: u32, family: u8, resource: u16) -> Self {
        let mut octets = vec![0; 4];
        octets.extend(kind.to_ne_bytes());
        octets.extend((REQUEST | flags).to_ne_bytes());
        octets.extend(sequence.to_ne_bytes());
        octets.extend([0; 4]);
        octets.extend([family, 0]);
        octets.extend(resource.to_be_bytes());
        Self(octets)
    }

    /// An attribute.
    #[must_use]
    pub(super) fn with(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// An attribute that holds the attributes which `inner` writes.
    #[must_use]
    pub(super) fn nest(self, kind: u16, inner: impl FnOnce(Self) -> Self) -> Self {
        let attributes = inner(Self(Vec::new())).0;
        self.with(kind | NESTED, &attributes)
    }

    /// The whole message.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let length = u32::try_from(self.0.len()).unwrap_or(u32::MAX).to_ne_bytes();
        if let Some(place) = self.0.get_mut(..4) {
            place.copy_from_slice(&length);
        }
        self.0
    }
}

/// A request to change the queue `number`, to be answered.
pub(super) fn configure(number: u16, sequence: u32) -> Writer {
    Writer::request(CONFIG, ACK, sequence, 0, number)
}

/// The verdict on a packet of the queue `number`.
pub(super) fn verdict(number: u16, id: u32, fate: Fate) -> Vec<u8> {
    const DROP: u32 = 0;
    const ACCEPT: u32 = 1;
    const VERDICT_HEADER: u16 = 2;
    const MARK: u16 = 3;
    let (word, mark) = match fate {
        Fate::Drop => (DROP, None),
        Fate::Accept(mark) => (ACCEPT, mark),
    };
    let mut header = word.to_be_bytes().to_vec();
    header.extend(id.to_be_bytes());
    let message = Writer::request(VERDICT, 0, 0, 0, number).with(VERDICT_HEADER, &header);
    match mark {
        Some(mark) => message.with(MARK, &mark.to_be_bytes()).finish(),
        None => message.finish(),
    }
}

/// The messages in what was received; what is garbled ends them.
pub(super) fn messages(mut octets: &[u8]) -> impl Iterator<Item = Received<'_>> {
    std::iter::from_fn(move || {
        loop {
            let (header, _) = octets.split_at_checked(HEADER)?;
            let length = usize::try_from(host_u32(header, 0)?).ok().filter(|length| *length >= HEADER)?;
            let message = octets.get(..length)?;
            octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
            if let Some(received) = read(message) {
                return Some(received);
            }
        }
    })
}

fn read(message: &[u8]) -> Option<Received<'_>> {
    match host_u16(message, 4)? {
        TYPE_ERROR => {
            let errno = host_u32(message, HEADER)?.cast_signed().checked_neg()?;
            Some(Received::Answer { sequence: host_u32(message, 8)?, errno })
        }
        PACKET => packet(message.get(HEADERS..)?).map(Received::Packet),
        _ => None,
    }
}

fn packet(attributes: &[u8]) -> Option<Queued<'_>> {
    const PACKET_HEADER: u16 = 1;
    const MARK: u16 = 3;
    const PAYLOAD: u16 = 10;
    let (mut id, mut mark, mut payload) = (None, 0, &[][..]);
    let mut rest = attributes;
    while let Some(length) = host_u16(rest, 0).map(usize::from) {
        let (kind, value) = (host_u16(rest, 2)? & TYPE_MASK, rest.get(4..length)?);
        match kind {
            PACKET_HEADER => id = Octets::new(value).u32(),
            MARK => mark = Octets::new(value).u32()?,
            PAYLOAD => payload = value,
            _ => {}
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(Queued { id: id?, mark, payload })
}

fn host_u16(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

fn host_u32(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn a_packet(id: u32, payload: &[u8]) -> Vec<u8> {
        let header = [&id.to_be_bytes()[..], &[0x08, 0, 2]].concat();
        Writer::request(PACKET, 0, 0, 2, 7).with(1, &header).with(3, &0x20_u32.to_be_bytes()).with(10, payload).finish()
    }

    #[test]
    fn packets_and_answers_are_read() {
        let mut answer = Writer::request(TYPE_ERROR, 0, 9, 0, 0).finish();
        answer.truncate(HEADER);
        answer.extend((-2_i32).to_ne_bytes());
        answer[0] = 20;
        let received = [a_packet(1, b"odd"), answer, a_packet(2, b"")].concat();
        let expected = [
            Received::Packet(Queued { id: 1, mark: 0x20, payload: b"odd" }),
            Received::Answer { sequence: 9, errno: 2 },
            Received::Packet(Queued { id: 2, mark: 0x20, payload: b"" }),
        ];
        assert_eq!(messages(&received).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_verdict_is_what_the_kernel_reads() {
        let expected: &[u8] = &[
            0, 0, 7, // family, version, queue
            12, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 5, // accept packet 5
            8, 0, 3, 0, 0x80, 0, 0, 0, // mark
        ];
        let written = verdict(7, 5, Fate::Accept(Some(0x8000_0000)));
        assert_eq!((written[0], written.len()), (40, 40));
        #[cfg(target_endian = "little")]
        assert_eq!(&written[17..], expected);
        assert_eq!(verdict(7, 5, Fate::Drop).len(), 32);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn garbled_messages_end_the_reading(
            mut octets in proptest::collection::vec(any::<u8>(), 0..200),
            length in 0_u8..64,
        ) {
            messages(&octets).for_each(drop);
            if let Some(place) = octets.get_mut(..6) {
                place.copy_from_slice(&[length, 0, 0, 0, 0, 3]);
            }
            messages(&octets).for_each(drop);
        }
    }
}
