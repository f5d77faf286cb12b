//! Netlink messages as bytes: building requests, reading replies (RFC 3549, `linux/netlink.h`).
//!
//! Reading is total: what is cut short or lies about its length ends the iteration.

/// Length of `struct nlmsghdr`.
const HEADER: usize = 16;

/// One request under construction. Its sequence number and length are filled in by the connection that sends it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// A request of `kind` (`RTM_*`, or subsystem << 8 | message) with flags beyond `NLM_F_REQUEST`.
    pub(crate) fn new(kind: u16, flags: i32) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&0_u32.to_ne_bytes());
        bytes.extend_from_slice(&kind.to_ne_bytes());
        let flags = u16::try_from(flags | libc::NLM_F_REQUEST).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&flags.to_ne_bytes());
        bytes.extend_from_slice(&[0; 8]);
        Self { bytes }
    }

    /// Appends a fixed header (`struct ifinfomsg` and so on).
    pub(crate) fn raw(mut self, body: &[u8]) -> Self {
        self.bytes.extend_from_slice(body);
        self.align();
        self
    }

    /// Appends an attribute.
    pub(crate) fn attr(mut self, kind: u16, data: &[u8]) -> Self {
        self.put(kind, data);
        self
    }

    /// Appends a 32-bit attribute in host order.
    pub(crate) fn u32(self, kind: u16, value: u32) -> Self {
        self.attr(kind, &value.to_ne_bytes())
    }

    /// Appends a text attribute with its closing zero.
    pub(crate) fn text(self, kind: u16, text: &str) -> Self {
        let mut data = text.as_bytes().to_vec();
        data.push(0);
        self.attr(kind, &data)
    }

    /// Appends an attribute made of attributes.
    pub(crate) fn nest(mut self, kind: u16, fill: impl FnOnce(Self) -> Self) -> Self {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let mut filled = fill(self);
        let length = u16::try_from(filled.bytes.len() - start).unwrap_or(u16::MAX);
        filled.patch(start, &length.to_ne_bytes());
        filled.patch(start + 2, &kind.to_ne_bytes());
        filled
    }

    /// The finished message with `sequence`, to be sent as it is. `ack` asks for an acknowledgement.
    pub(crate) fn finish(mut self, sequence: u32, ack: bool) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.patch(0, &length.to_ne_bytes());
        self.patch(8, &sequence.to_ne_bytes());
        if ack {
            let flags = self.bytes.get(6..8).and_then(u16_ne).unwrap_or_default();
            self.patch(6, &(flags | u16::try_from(libc::NLM_F_ACK).unwrap_or_default()).to_ne_bytes());
        }
        self.bytes
    }

    fn put(&mut self, kind: u16, data: &[u8]) {
        let length = u16::try_from(data.len() + 4).unwrap_or(u16::MAX);
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(data);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(aligned(self.bytes.len()), 0);
    }

    fn patch(&mut self, at: usize, data: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + data.len()) {
            place.copy_from_slice(data);
        }
    }
}

/// One message of a reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    pub(crate) body: &'a [u8],
}

/// The messages of one datagram.
pub(crate) fn messages(datagram: &[u8]) -> impl Iterator<Item = Message<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_ne(rest)?).ok()?;
        let body = rest.get(HEADER..length)?;
        let message = Message {
            kind: rest.get(4..).and_then(u16_ne)?,
            flags: rest.get(6..).and_then(u16_ne)?,
            sequence: rest.get(8..).and_then(u32_ne)?,
            body,
        };
        rest = rest.get(aligned(length)..).unwrap_or_default();
        Some(message)
    })
}

/// One attribute; `kind` without the nested and byte-order bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attr<'a> {
    pub(crate) kind: u16,
    pub(crate) data: &'a [u8],
}

/// The attributes in `data`, after a fixed header of `skip` bytes.
pub(crate) fn attrs(data: &[u8], skip: usize) -> impl Iterator<Item = Attr<'_>> {
    let mut rest = data.get(aligned(skip)..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = usize::from(u16_ne(rest)?);
        let kind = rest.get(2..).and_then(u16_ne)? & 0x3fff;
        let data = rest.get(4..length)?;
        rest = rest.get(aligned(length)..).unwrap_or_default();
        Some(Attr { kind, data })
    })
}

/// The first attribute of `kind`.
pub(crate) fn find(data: &[u8], skip: usize, kind: u16) -> Option<&[u8]> {
    attrs(data, skip).find(|attr| attr.kind == kind).map(|attr| attr.data)
}

/// The first two bytes in host order.
pub(crate) fn u16_ne(data: &[u8]) -> Option<u16> {
    data.first_chunk().copied().map(u16::from_ne_bytes)
}

/// The first four bytes in host order.
pub(crate) fn u32_ne(data: &[u8]) -> Option<u32> {
    data.first_chunk().copied().map(u32::from_ne_bytes)
}

/// The first eight bytes in host order.
pub(crate) fn u64_ne(data: &[u8]) -> Option<u64> {
    data.first_chunk().copied().map(u64::from_ne_bytes)
}

/// The first four bytes in network order.
pub(crate) fn u32_be(data: &[u8]) -> Option<u32> {
    data.first_chunk().copied().map(u32::from_be_bytes)
}

/// Text up to its closing zero; `None` if it is not UTF-8.
pub(crate) fn text(data: &[u8]) -> Option<&str> {
    let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    std::str::from_utf8(data.get(..end)?).ok()
}

/// An IP address of four or sixteen bytes.
pub(crate) fn ip(data: &[u8]) -> Option<std::net::IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(data) {
        Some(v4.into())
    } else {
        <[u8; 16]>::try_from(data).ok().map(Into::into)
    }
}

/// The bytes of an address as netlink carries them.
pub(crate) fn ip_bytes(ip: std::net::IpAddr) -> Vec<u8> {
    match ip {
        std::net::IpAddr::V4(ip) => ip.octets().to_vec(),
        std::net::IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// The address family number of an address.
pub(crate) fn family_of(ip: std::net::IpAddr) -> u8 {
    match ip {
        std::net::IpAddr::V4(_) => AF_INET,
        std::net::IpAddr::V6(_) => AF_INET6,
    }
}

/// `AF_INET` as the byte netlink carries.
pub(crate) const AF_INET: u8 = 2;
/// `AF_INET6` as the byte netlink carries.
pub(crate) const AF_INET6: u8 = 10;
/// `AF_BRIDGE` as the byte netlink carries.
pub(crate) const AF_BRIDGE: u8 = 7;

const fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_back() {
        let bytes = Request::new(20, libc::NLM_F_CREATE)
            .raw(&[1, 2, 3])
            .u32(7, 0xdead_beef)
            .nest(8, |inner| inner.text(1, "br-lan").attr(2, &[9]))
            .finish(42, true);
        let all: Vec<_> = messages(&bytes).collect();
        assert_eq!(all.len(), 1);
        let message = all[0];
        assert_eq!((message.kind, message.sequence), (20, 42));
        assert_eq!(i32::from(message.flags), libc::NLM_F_CREATE | libc::NLM_F_REQUEST | libc::NLM_F_ACK);
        assert_eq!(find(message.body, 3, 7).and_then(u32_ne), Some(0xdead_beef));
        let inner = find(message.body, 3, 8).unwrap();
        assert_eq!(find(inner, 0, 1).and_then(text), Some("br-lan"));
        assert_eq!(find(inner, 0, 2), Some(&[9][..]));
    }

    #[test]
    fn lengths_that_lie_end_the_reading() {
        let good = Request::new(16, 0).raw(&[0; 16]).text(3, "eth0").finish(1, false);
        for cut in 0..good.len() {
            assert_eq!(messages(&good[..cut]).count(), 0, "{cut}");
        }
        for length in [0_u32, 1, 15, 4096, u32::MAX] {
            let mut bad = good.clone();
            bad[..4].copy_from_slice(&length.to_ne_bytes());
            assert!(messages(&bad).count() <= 1);
        }
        for length in [0_u16, 1, 3, 999, u16::MAX] {
            let mut body = vec![0; 8];
            body[..2].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(attrs(&body, 0).count(), 0, "{length}");
        }
        assert_eq!(attrs(&[], 64).count(), 0);
        assert_eq!(attrs(&[0; 3], usize::MAX).count(), 0);
    }
}
