//! Netlink attributes (RFC 3549 section 2.2 framing): length and type in host order, padded to four octets.

const NESTED: u16 = 0x8000;
const TYPE_MASK: u16 = 0x3fff;

/// Appends attributes to a buffer.
pub(crate) struct Writer<'a>(pub(crate) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(crate) fn bytes(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.pad();
    }

    /// A text with its closing zero.
    pub(crate) fn text(&mut self, kind: u16, value: &str) {
        let length = u16::try_from(value.len() + 5).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value.as_bytes());
        self.0.push(0);
        self.pad();
    }

    pub(crate) fn u8(&mut self, kind: u16, value: u8) {
        self.bytes(kind, &[value]);
    }

    /// Big-endian, as nf_tables wants all its numbers.
    pub(crate) fn u32(&mut self, kind: u16, value: u32) {
        self.bytes(kind, &value.to_be_bytes());
    }

    /// Big-endian.
    pub(crate) fn u64(&mut self, kind: u16, value: u64) {
        self.bytes(kind, &value.to_be_bytes());
    }

    /// An attribute that holds attributes. Must stay under 64 KiB: callers split long lists.
    pub(crate) fn nest(&mut self, kind: u16, inner: impl FnOnce(&mut Writer<'_>)) {
        let start = self.0.len();
        self.0.extend_from_slice(&[0, 0]);
        self.0.extend_from_slice(&(kind | NESTED).to_ne_bytes());
        inner(self);
        let length = u16::try_from(self.0.len() - start).unwrap_or(u16::MAX);
        if let Some(place) = self.0.get_mut(start..start + 2) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
    }

    fn pad(&mut self) {
        while !self.0.len().is_multiple_of(4) {
            self.0.push(0);
        }
    }
}

/// Attributes in a buffer; stops at the first that does not fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attrs<'a>(pub(crate) &'a [u8]);

impl<'a> Attrs<'a> {
    /// The last attribute of a type (types come once in practice).
    pub(crate) fn get(self, kind: u16) -> Option<&'a [u8]> {
        self.filter_map(|(found, value)| (found == kind).then_some(value)).last()
    }

    pub(crate) fn nested(self, kind: u16) -> Option<Attrs<'a>> {
        self.get(kind).map(Attrs)
    }

    pub(crate) fn text(self, kind: u16) -> Option<&'a str> {
        let bytes = self.get(kind)?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        std::str::from_utf8(bytes.get(..end)?).ok()
    }

    pub(crate) fn u32(self, kind: u16) -> Option<u32> {
        Some(u32::from_be_bytes(*self.get(kind)?.first_chunk()?))
    }

    pub(crate) fn u64(self, kind: u16) -> Option<u64> {
        Some(u64::from_be_bytes(*self.get(kind)?.first_chunk()?))
    }
}

#[expect(clippy::copy_iterator, reason = "a slice and no more: reading one attribute must not use up the others")]
impl<'a> Iterator for Attrs<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[l0, l1, t0, t1], _) = self.0.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((u16::from_ne_bytes([t0, t1]) & TYPE_MASK, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut buffer = Vec::new();
        let mut to = Writer(&mut buffer);
        to.text(1, "gapura");
        to.nest(2, |to| {
            to.u32(1, 7);
            to.u64(3, 8);
        });
        let attrs = Attrs(&buffer);
        assert_eq!(attrs.text(1), Some("gapura"));
        let inner = attrs.nested(2).unwrap();
        assert_eq!((inner.u32(1), inner.u64(3), inner.u32(9)), (Some(7), Some(8), None));
        assert_eq!(&buffer[..12], &[11, 0, 1, 0, b'g', b'a', b'p', b'u', b'r', b'a', 0, 0]);
    }

    #[test]
    fn broken_lengths_end_the_reading() {
        for bytes in [&[3, 0, 1, 0][..], &[200, 0, 1, 0, 1, 2], &[0; 8], &[4, 0], &[255; 9]] {
            assert!(Attrs(bytes).count() <= 1);
        }
    }
}
