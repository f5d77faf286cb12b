//! Elements of sets and maps, and quota objects.

use super::attr::{Attrs, Writer};

/// An element to add or delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewElem<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) key_end: Option<&'a [u8]>,
    pub(crate) data: Option<&'a [u8]>,
    pub(crate) object: Option<&'a str>,
    /// Milliseconds; `None` stays for ever.
    pub(crate) timeout: Option<u64>,
    pub(crate) interval_end: bool,
}

impl NewElem<'_> {
    pub(crate) fn write(&self, to: &mut Writer<'_>) {
        to.nest(1, |to| {
            if self.interval_end {
                to.u32(3, 1);
            }
            if let Some(timeout) = self.timeout {
                to.u64(4, timeout);
            }
            to.nest(1, |to| to.bytes(1, self.key));
            if let Some(end) = self.key_end {
                to.nest(10, |to| to.bytes(1, end));
            }
            if let Some(data) = self.data {
                to.nest(2, |to| to.bytes(1, data));
            }
            if let Some(object) = self.object {
                to.text(9, object);
            }
        });
    }
}

/// An element as read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElemRead<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) key_end: Option<&'a [u8]>,
    pub(crate) data: Option<&'a [u8]>,
    pub(crate) objref: Option<&'a str>,
    /// Milliseconds left.
    pub(crate) expires: Option<u64>,
    /// Octets counted.
    pub(crate) bytes: Option<u64>,
    pub(crate) interval_end: bool,
    /// All attributes, to add the same element again.
    pub(crate) raw: &'a [u8],
}

/// The elements in a NEWSETELEM message.
pub(crate) fn read_elements(message: Attrs<'_>) -> impl Iterator<Item = ElemRead<'_>> {
    message.nested(3).unwrap_or(Attrs(&[])).filter_map(|(_, raw)| {
        let attrs = Attrs(raw);
        Some(ElemRead {
            key: attrs.nested(1)?.get(1)?,
            key_end: attrs.nested(10).and_then(|end| end.get(1)),
            data: attrs.nested(2).and_then(|data| data.get(1)),
            objref: attrs.text(9),
            expires: attrs.u64(5),
            bytes: counter_bytes(attrs),
            interval_end: attrs.u32(3).unwrap_or(0) & 1 != 0,
            raw,
        })
    })
}

fn counter_bytes(element: Attrs<'_>) -> Option<u64> {
    let single = element.nested(7);
    let listed = || element.nested(11).and_then(|list| list.nested(1));
    let expr = single.or_else(listed)?;
    if expr.text(1)? == "counter" { expr.nested(2)?.u64(1) } else { None }
}

/// A quota object as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuotaRead<'a> {
    pub(crate) table: &'a str,
    pub(crate) name: &'a str,
    pub(crate) limit: u64,
    pub(crate) used: u64,
    pub(crate) depleted: bool,
}

const OBJECT_QUOTA: u32 = 2;
const FLAG_DEPLETED: u32 = 2;

/// Reads a NEWOBJ message; `None` for other kinds of objects.
pub(crate) fn read_quota(message: Attrs<'_>) -> Option<QuotaRead<'_>> {
    if message.u32(3)? != OBJECT_QUOTA {
        return None;
    }
    let data = message.nested(4)?;
    Some(QuotaRead {
        table: message.text(1)?,
        name: message.text(2)?,
        limit: data.u64(1)?,
        used: data.u64(4).unwrap_or(0),
        depleted: data.u32(2).unwrap_or(0) & FLAG_DEPLETED != 0,
    })
}
