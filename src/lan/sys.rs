//! The ICMPv6 calls no safe crate offers, audited here and nowhere else.
#![expect(unsafe_code, reason = "the ICMPv6 filter and a message's hop limit have no safe wrapper")]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::SocketAddrV6;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr;

use gapura_model::{IfName, MacAddr};
use socket2::Socket;
use tokio::io::unix::AsyncFd;

/// `ICMP6_FILTER` (RFC 3542 section 3.2): lets only messages of `kind` through.
pub(crate) fn receive_only(socket: BorrowedFd<'_>, kind: u8) -> io::Result<()> {
    let mut filter = [u32::MAX; 8];
    if let Some(word) = filter.get_mut(usize::from(kind >> 5)) {
        *word &= !(1 << (kind & 31));
    }
    let length = libc::socklen_t::try_from(size_of::<[u32; 8]>()).map_err(io::Error::other)?;
    // SAFETY: the pointer and the length describe `filter`, which lives across the call.
    let done =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_ICMPV6, 1, ptr::from_ref(&filter).cast(), length) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The hardware address of `lan` in the socket's network namespace (`/sys` may show another one's).
pub(crate) fn hardware_address(socket: BorrowedFd<'_>, lan: &IfName) -> io::Result<MacAddr> {
    // SAFETY: all-zero is a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { zeroed() };
    // An `IfName` has at most 15 octets, so the last one stays NUL.
    for (to, from) in request.ifr_name.iter_mut().zip(lan.as_str().bytes()) {
        *to = from.cast_signed() as libc::c_char;
    }
    // SAFETY: the request is a whole `ifreq` that lives across the call; the kernel fills in `ifru_hwaddr`.
    let address = unsafe {
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR as _, &raw mut request) != 0 {
            return Err(io::Error::last_os_error());
        }
        request.ifr_ifru.ifru_hwaddr.sa_data
    };
    let octets = address.map(|octet| octet.to_ne_bytes()[0]);
    octets.first_chunk().copied().map(MacAddr::new).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Lets tokio wait for `socket`.
pub(crate) fn register(socket: Socket) -> io::Result<AsyncFd<Socket>> {
    // SAFETY: a `Socket` owns its descriptor, gives out the same one until it is dropped, and `AsyncFd` deregisters first.
    Ok(unsafe { AsyncFd::register(socket) }?)
}

/// One message, with its sender and the hop limit it arrived with (needs `IPV6_RECVHOPLIMIT`).
pub(crate) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, SocketAddrV6, Option<u8>)> {
    let mut control = [0_u64; 16];
    // SAFETY: all-zero is a valid value of both structures: integers and null pointers.
    let (mut sender, mut header): (libc::sockaddr_in6, libc::msghdr) = unsafe { (zeroed(), zeroed()) };
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    header.msg_name = (&raw mut sender).cast();
    header.msg_namelen = libc::socklen_t::try_from(size_of::<libc::sockaddr_in6>()).map_err(io::Error::other)?;
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control) as _;
    // SAFETY: every pointer in `header` is to a local of the stated length that lives across the call.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, 0) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    let mut hops = None;
    // SAFETY: the kernel wrote `msg_controllen` octets of well-formed control messages into `control`, which is aligned for them.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(&raw const header);
        while let Some(found) = message.as_ref() {
            if found.cmsg_level == libc::IPPROTO_IPV6 && found.cmsg_type == libc::IPV6_HOPLIMIT {
                let value = libc::CMSG_DATA(message).cast::<libc::c_int>().read_unaligned();
                hops = u8::try_from(value).ok();
            }
            message = libc::CMSG_NXTHDR(&raw const header, message);
        }
    }
    let address = SocketAddrV6::new(sender.sin6_addr.s6_addr.into(), 0, 0, sender.sin6_scope_id);
    Ok((length, address, hops))
}
