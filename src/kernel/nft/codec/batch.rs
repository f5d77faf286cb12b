//! A transaction: messages between BATCH_BEGIN and BATCH_END, applied whole or not at all.

use std::fmt::Write as _;

use super::attr::{Attrs, Writer};
use super::reply::HEADER;

/// Message numbers of nf_tables.
pub(crate) mod msg {
    pub(crate) const NEWTABLE: u8 = 0;
    pub(crate) const GETTABLE: u8 = 1;
    pub(crate) const DELTABLE: u8 = 2;
    pub(crate) const NEWCHAIN: u8 = 3;
    pub(crate) const GETCHAIN: u8 = 4;
    pub(crate) const DELCHAIN: u8 = 5;
    pub(crate) const NEWRULE: u8 = 6;
    pub(crate) const GETRULE: u8 = 7;
    pub(crate) const DELRULE: u8 = 8;
    pub(crate) const NEWSET: u8 = 9;
    pub(crate) const GETSET: u8 = 10;
    pub(crate) const DELSET: u8 = 11;
    pub(crate) const NEWSETELEM: u8 = 12;
    pub(crate) const GETSETELEM: u8 = 13;
    pub(crate) const DELSETELEM: u8 = 14;
    pub(crate) const NEWGEN: u8 = 15;
    pub(crate) const GETGEN: u8 = 16;
    pub(crate) const NEWOBJ: u8 = 18;
    pub(crate) const GETOBJ: u8 = 19;
    pub(crate) const DELOBJ: u8 = 20;
}

pub(crate) const REQUEST: u16 = 1;
pub(crate) const ACK: u16 = 4;
pub(crate) const DUMP: u16 = 0x300;
pub(crate) const CREATE: u16 = 0x400;
pub(crate) const APPEND: u16 = 0x800;
const EXCL: u16 = 0x200;
const BATCH_BEGIN: u16 = 16;
const BATCH_END: u16 = 17;
pub(crate) const SUBSYSTEM: u16 = 10;

/// Address family of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Family {
    Inet,
    Bridge,
}

impl Family {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Inet => 1,
            Self::Bridge => 7,
        }
    }
}

/// Appends one message with its header.
pub(crate) fn message(
    to: &mut Vec<u8>,
    kind: u16,
    flags: u16,
    family: u8,
    res_id: u16,
    body: impl FnOnce(&mut Writer<'_>),
) {
    let start = to.len();
    to.extend_from_slice(&[0; 4]);
    to.extend_from_slice(&kind.to_ne_bytes());
    to.extend_from_slice(&flags.to_ne_bytes());
    to.extend_from_slice(&[0; 8]);
    to.extend_from_slice(&[family, 0]);
    to.extend_from_slice(&res_id.to_be_bytes());
    body(&mut Writer(to));
    let length = u32::try_from(to.len() - start).unwrap_or(u32::MAX);
    patch(to, start, length);
}

fn patch(buffer: &mut [u8], at: usize, value: u32) {
    if let Some(place) = buffer.get_mut(at..at + 4) {
        place.copy_from_slice(&value.to_ne_bytes());
    }
}

/// Messages of one transaction, in order.
#[derive(Debug)]
pub(crate) struct Batch {
    buffer: Vec<u8>,
    starts: Vec<usize>,
}

impl Batch {
    pub(crate) fn new() -> Self {
        let mut buffer = Vec::with_capacity(2048);
        message(&mut buffer, BATCH_BEGIN, REQUEST, 0, SUBSYSTEM, |_| {});
        Self { buffer, starts: Vec::with_capacity(16) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// A creating message; an existing thing is no error.
    pub(crate) fn add(&mut self, what: u8, family: Family, body: impl FnOnce(&mut Writer<'_>)) {
        self.push(what, REQUEST | CREATE, family, body);
    }

    /// A creating message that fails where the thing exists.
    pub(crate) fn add_new(&mut self, what: u8, family: Family, body: impl FnOnce(&mut Writer<'_>)) {
        self.push(what, REQUEST | CREATE | EXCL, family, body);
    }

    /// A rule at the end of its chain.
    pub(crate) fn append(&mut self, what: u8, family: Family, body: impl FnOnce(&mut Writer<'_>)) {
        self.push(what, REQUEST | CREATE | APPEND, family, body);
    }

    /// A deleting message.
    pub(crate) fn delete(&mut self, what: u8, family: Family, body: impl FnOnce(&mut Writer<'_>)) {
        self.push(what, REQUEST, family, body);
    }

    fn push(&mut self, what: u8, flags: u16, family: Family, body: impl FnOnce(&mut Writer<'_>)) {
        self.starts.push(self.buffer.len());
        message(&mut self.buffer, SUBSYSTEM << 8 | u16::from(what), flags, family.number(), 0, body);
    }

    /// Numbers the messages from `first` (BATCH_BEGIN), asks for an acknowledgement of the last one and closes the batch.
    /// Returns the bytes and the last message's number.
    pub(crate) fn finish(&mut self, first: u32) -> (&[u8], u32) {
        patch(&mut self.buffer, 8, first);
        let mut number = first;
        for start in &self.starts {
            number = number.wrapping_add(1);
            patch(&mut self.buffer, start + 8, number);
        }
        if let Some(flags) = self.starts.last().and_then(|start| self.buffer.get_mut(start + 6)) {
            *flags |= ACK.to_ne_bytes()[0];
        }
        message(&mut self.buffer, BATCH_END, REQUEST, 0, SUBSYSTEM, |_| {});
        (&self.buffer, number)
    }

    /// Names the operation at `index` for an error message, read back from its bytes.
    pub(crate) fn describe(&self, index: usize) -> String {
        let Some(body) = self.starts.get(index).and_then(|start| self.buffer.get(*start..)) else {
            return "commit the batch".to_owned();
        };
        let length = body.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes)) as usize;
        let kind = body.get(4).copied().unwrap_or_default();
        let attrs = Attrs(body.get(HEADER + 4..length).unwrap_or_default());
        let (verb, thing, name) = match kind {
            msg::NEWTABLE => ("add", "table", 1),
            msg::DELTABLE => ("delete", "table", 1),
            msg::NEWCHAIN => ("add", "chain", 3),
            msg::DELCHAIN => ("delete", "chain", 3),
            msg::NEWRULE => ("add", "rule in", 2),
            msg::DELRULE => ("delete", "rules of", 2),
            msg::NEWSET => ("add", "set", 2),
            msg::DELSET => ("delete", "set", 2),
            msg::NEWSETELEM => ("add", "element of", 2),
            msg::DELSETELEM => ("delete", "element of", 2),
            msg::NEWOBJ => ("add", "object", 2),
            msg::DELOBJ => ("delete", "object", 2),
            _ => ("do", "message", 2),
        };
        let name = attrs.text(name).unwrap_or("?");
        let element = attrs.nested(3).filter(|_| matches!(kind, msg::NEWSETELEM | msg::DELSETELEM));
        let key =
            element.and_then(|list| list.get(1)).and_then(|elem| Attrs(elem).nested(1)).and_then(|key| key.get(1));
        let key = key.unwrap_or_default().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        format!("{verb} {thing} {name} {key}").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_framed_numbered_and_acknowledged_once() {
        let mut batch = Batch::new();
        batch.add(msg::NEWTABLE, Family::Inet, |to| to.text(1, "t"));
        batch.delete(msg::DELTABLE, Family::Inet, |to| to.text(1, "t"));
        let (bytes, last) = batch.finish(40);
        assert_eq!(last, 42);
        #[rustfmt::skip]
        let expected = [
            20, 0, 0, 0, 16, 0, 1, 0, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10,
            28, 0, 0, 0, 0, 10, 1, 4, 41, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 6, 0, 1, 0, b't', 0, 0, 0,
            28, 0, 0, 0, 2, 10, 5, 0, 42, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 6, 0, 1, 0, b't', 0, 0, 0,
            20, 0, 0, 0, 17, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10,
        ];
        assert_eq!(bytes, expected);
        assert_eq!(batch.describe(1), "delete table t");
        assert_eq!(batch.describe(9), "commit the batch");
    }
}
