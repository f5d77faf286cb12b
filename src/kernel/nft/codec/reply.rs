//! The kernel's messages.

use super::attr::Attrs;

/// Octets of a netlink header.
pub(crate) const HEADER: usize = 16;
pub(crate) const TYPE_ERROR: u16 = 2;
pub(crate) const TYPE_DONE: u16 = 3;
const DUMP_INTERRUPTED: u16 = 0x10;
const CAPPED: u16 = 0x100;
const ACK_TLVS: u16 = 0x200;

/// One message as received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    pub(crate) port: u32,
    pub(crate) payload: &'a [u8],
}

/// An acknowledgement or error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    /// errno, 0 for done.
    pub(crate) errno: i32,
    /// The kernel's words.
    pub(crate) detail: Option<&'a str>,
}

impl<'a> Message<'a> {
    /// The nf_tables message number; `None` for control messages and other subsystems.
    pub(crate) fn nft(&self) -> Option<u8> {
        let [low, high] = self.kind.to_le_bytes();
        (u16::from(high) == super::batch::SUBSYSTEM).then_some(low)
    }

    /// The attributes after the nfgenmsg.
    pub(crate) fn attrs(&self) -> Attrs<'a> {
        Attrs(self.payload.get(4..).unwrap_or_default())
    }

    /// The table changed while it was read.
    pub(crate) fn interrupted(&self) -> bool {
        self.flags & DUMP_INTERRUPTED != 0
    }

    /// Reads an error message; `None` if it is none.
    pub(crate) fn error(&self) -> Option<Answer<'a>> {
        if self.kind != TYPE_ERROR {
            return None;
        }
        let errno = i32::from_ne_bytes(*self.payload.first_chunk()?).saturating_neg();
        let quoted =
            self.payload.get(4..8).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u32::from_ne_bytes(*bytes));
        let after = if self.flags & CAPPED != 0 { HEADER } else { usize::try_from(quoted).unwrap_or(usize::MAX) };
        let tlvs = after.checked_add(4).and_then(|start| self.payload.get(start.checked_next_multiple_of(4)?..));
        let detail = tlvs.filter(|_| self.flags & ACK_TLVS != 0).and_then(|tlvs| Attrs(tlvs).text(1));
        Some(Answer { errno, detail })
    }
}

/// The messages in one datagram; stops at the first that does not fit.
pub(crate) struct Messages<'a>(&'a [u8]);

impl<'a> Messages<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let (header, _) = self.0.split_first_chunk::<HEADER>()?;
        let &[l0, l1, l2, l3, k0, k1, f0, f1, s0, s1, s2, s3, p0, p1, p2, p3] = header;
        let length = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).ok()?;
        let payload = self.0.get(HEADER..length)?;
        self.0 = length.checked_next_multiple_of(4).and_then(|next| self.0.get(next..)).unwrap_or(&[]);
        Some(Message {
            kind: u16::from_ne_bytes([k0, k1]),
            flags: u16::from_ne_bytes([f0, f1]),
            sequence: u32::from_ne_bytes([s0, s1, s2, s3]),
            port: u32::from_ne_bytes([p0, p1, p2, p3]),
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_anything;
    use super::*;

    #[test]
    fn an_error_carries_its_words() {
        let mut bytes = vec![0; HEADER];
        bytes.extend_from_slice(&(-libc::ENOENT).to_ne_bytes());
        bytes.extend_from_slice(&[20, 0, 0, 0]);
        bytes.resize(HEADER + 4 + HEADER, 0);
        bytes.extend_from_slice(&[8, 0, 1, 0, b'n', b'o', b'!', 0]);
        let length = u32::try_from(bytes.len()).unwrap();
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        bytes[4] = 2;
        bytes[6..8].copy_from_slice(&(CAPPED | ACK_TLVS).to_ne_bytes());
        let message = Messages::new(&bytes).next().unwrap();
        assert_eq!(message.error(), Some(Answer { errno: libc::ENOENT, detail: Some("no!") }));
    }

    #[test]
    fn hostile_and_cut_answers_are_read_without_harm() {
        // A well-formed element with everything in it, then every way of cutting and bending it.
        let mut good = Vec::new();
        super::super::batch::message(&mut good, 0x0a0c, 0, 1, 0, |to| {
            to.text(1, "gapura");
            to.text(2, "live");
            to.nest(3, |to| {
                to.nest(1, |to| {
                    to.nest(1, |to| to.bytes(1, &[1, 2, 3, 4]));
                    to.u64(5, 1000);
                    to.text(9, "v20.1.t.1");
                    to.nest(7, |to| {
                        to.text(1, "counter");
                        to.nest(2, |to| to.u64(1, 5));
                    });
                });
            });
        });
        assert!(read_anything(&good) > 1);
        for cut in 0..good.len() {
            read_anything(&good[..cut]);
        }
        for place in 0..good.len() {
            for value in [0, 1, 2, 3, 4, 0x7f, 0x80, 0xff] {
                let mut bent = good.clone();
                bent[place] = value;
                read_anything(&bent);
                bent[4] = 2;
                read_anything(&bent);
            }
        }
    }
}
