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
