//! The address a datagram was sent to, told by a socket that has many, so that the answer leaves from there.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, UdpSocket};

use socket2::{MsgHdr, SockAddr, SockRef};

/// Octets of a control message's header (cmsg(3)): length, level, type.
const HEAD: usize = size_of::<usize>() + 8;
/// Room for one control message: the longest is an `in6_pktinfo`.
pub(crate) const CONTROL: usize = 40;

/// A control message that makes an answer leave from the address that was asked (`IP_PKTINFO`, RFC 3542 section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(8))]
pub(crate) struct Source {
    octets: [u8; CONTROL],
    length: u8,
}

impl Source {
    /// From the ancillary data of a received datagram; `None` where it tells no address.
    pub(crate) fn read(control: &[u8]) -> Option<Self> {
        let length = usize::from_ne_bytes(control.get(..size_of::<usize>())?.try_into().ok()?);
        let int = |at: usize| Some(i32::from_ne_bytes(control.get(at..at + 4)?.try_into().ok()?));
        let (level, kind) = (int(HEAD - 8)?, int(HEAD - 4)?);
        let data = control.get(HEAD..length)?;
        let mut octets = [0; CONTROL];
        octets.get_mut(..length)?.copy_from_slice(control.get(..length)?);
        match (level, kind, data.len()) {
            // Interface, local address, destination. The answer's way is for the routes to say.
            (libc::IPPROTO_IP, libc::IP_PKTINFO, 12) => octets.get_mut(HEAD..HEAD + 4)?.fill(0),
            // Address, interface; a link-local address means nothing without its interface.
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, 20) => {
                let address = Ipv6Addr::from(<[u8; 16]>::try_from(data.get(..16)?).ok()?);
                if !address.is_unicast_link_local() {
                    octets.get_mut(HEAD + 16..HEAD + 20)?.fill(0);
                }
            }
            _ => return None,
        }
        Some(Self { octets, length: u8::try_from(length).ok()? })
    }

    /// As it is handed to the kernel.
    pub(crate) fn control(&mut self) -> &mut [u8] {
        self.octets.get_mut(..usize::from(self.length)).unwrap_or_default()
    }
}

/// Sends one datagram if the socket takes it now.
pub(crate) fn send(socket: &UdpSocket, octets: &[u8], peer: SocketAddr, source: Option<Source>) -> io::Result<()> {
    let (socket, to) = (SockRef::from(socket), SockAddr::from(peer));
    match source {
        None => socket.send_to_with_flags(octets, &to, libc::MSG_DONTWAIT)?,
        Some(mut source) => {
            let pieces = [io::IoSlice::new(octets)];
            let message = MsgHdr::new().with_addr(&to).with_buffers(&pieces).with_control(source.control());
            socket.sendmsg(&message, libc::MSG_DONTWAIT)?
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn control(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
        let mut octets = (HEAD + data.len()).to_ne_bytes().to_vec();
        octets.extend([level.to_ne_bytes(), kind.to_ne_bytes()].as_flattened());
        octets.extend_from_slice(data);
        octets
    }

    #[test]
    fn the_address_stays_and_the_interface_only_where_it_must() {
        let v4 = [3, 0, 0, 0, 10, 0, 0, 1, 10, 0, 0, 1];
        let mut read = Source::read(&control(libc::IPPROTO_IP, libc::IP_PKTINFO, &v4)).unwrap();
        assert_eq!(read.control()[HEAD..], [0, 0, 0, 0, 10, 0, 0, 1, 10, 0, 0, 1]);
        for (address, interface) in [("2001:db8::1", 0), ("fe80::1", 3)] {
            let mut data = address.parse::<Ipv6Addr>().unwrap().octets().to_vec();
            data.extend([3, 0, 0, 0]);
            let mut read = Source::read(&control(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &data)).unwrap();
            assert_eq!(read.control()[HEAD + 16], interface, "{address}");
        }
        assert_eq!(Source::read(&control(libc::IPPROTO_IP, libc::IP_TTL, &[1, 0, 0, 0])), None);
        assert_eq!(Source::read(&[]), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_not(octets in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(mut source) = Source::read(&octets) {
                prop_assert!(source.control().len() <= CONTROL);
            }
        }
    }
}
