//! Datagrams, many with one system call: recvmmsg(2) and sendmmsg(2), and the address each one was sent to.
#![expect(unsafe_code, reason = "recvmmsg, sendmmsg and IP_PKTINFO have no safe form in the libraries of this house")]

use std::io;
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::ptr;

use crate::source::{CONTROL, Source};

/// Datagrams taken and sent with one system call.
pub(crate) const BATCH: usize = 32;
/// Octets kept of a datagram. Queries are far shorter; a longer datagram is cut and then no query.
const LONGEST: usize = 2048;

/// Room for received datagrams.
pub(crate) struct Inbox {
    octets: Box<[[u8; LONGEST]]>,
    peers: Box<[libc::sockaddr_storage; BATCH]>,
    controls: Box<[Control; BATCH]>,
    taken: [Taken; BATCH],
    count: usize,
}

/// Ancillary data, aligned as its headers ask for.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

#[derive(Clone, Copy, Default)]
struct Taken {
    length: usize,
    control: usize,
    cut: bool,
}

/// A received datagram.
pub(crate) struct Datagram<'a> {
    pub(crate) octets: &'a [u8],
    pub(crate) peer: SocketAddr,
    /// The address it was sent to, where the socket tells.
    pub(crate) source: Option<Source>,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        // SAFETY: sockaddr_storage is plain data for which all zeroes is a valid value.
        let nobody: libc::sockaddr_storage = unsafe { mem::zeroed() };
        Self {
            octets: vec![[0; LONGEST]; BATCH].into_boxed_slice(),
            peers: Box::new([nobody; BATCH]),
            controls: Box::new([Control([0; CONTROL]); BATCH]),
            taken: [Taken::default(); BATCH],
            count: 0,
        }
    }

    /// Waits for a datagram, as long as the socket's read timeout says, and takes it with those that are there behind it.
    /// How many that are.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> io::Result<u64> {
        self.count = 0;
        // SAFETY: both are plain C structures for which all zeroes is a valid value (null pointers, zero lengths).
        let (mut pieces, mut headers): ([libc::iovec; BATCH], [libc::mmsghdr; BATCH]) = unsafe { mem::zeroed() };
        let rooms = self.octets.iter_mut().zip(self.peers.iter_mut()).zip(self.controls.iter_mut());
        for (((octets, peer), control), (piece, header)) in rooms.zip(pieces.iter_mut().zip(&mut headers)) {
            piece.iov_base = octets.as_mut_ptr().cast();
            piece.iov_len = LONGEST;
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = ptr::from_mut(peer).cast();
            header.msg_hdr.msg_namelen = length_of::<libc::sockaddr_storage>();
            header.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL as _;
        }
        let count = u32::try_from(BATCH).map_err(io::Error::other)?;
        // SAFETY: `headers` holds `count` headers whose pointers lead to `pieces` and to this value's own buffers, each
        // with its true length; all of them outlive the call and nothing else refers to them meanwhile.
        let taken = unsafe {
            libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_WAITFORONE as _, ptr::null_mut())
        };
        let taken = usize::try_from(taken).map_err(|_| io::Error::last_os_error())?;
        for (header, taken) in headers.iter().take(taken).zip(&mut self.taken) {
            *taken = Taken {
                length: size(header.msg_len),
                control: size(header.msg_hdr.msg_controllen),
                cut: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
            };
        }
        self.count = taken;
        Ok(taken as u64)
    }

    /// The datagrams of the last [`Inbox::receive`]; `None` in place of one that was too long.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = Option<Datagram<'_>>> {
        let rooms = self.octets.iter().zip(self.peers.iter()).zip(self.controls.iter());
        rooms.zip(&self.taken).take(self.count).map(|(((octets, peer), control), taken)| {
            if taken.cut {
                return None;
            }
            Some(Datagram {
                octets: octets.get(..taken.length)?,
                peer: read_peer(peer)?,
                source: control.0.get(..taken.control).and_then(Source::read),
            })
        })
    }
}

/// An answer on its way.
#[derive(Default)]
pub(crate) struct Outgoing {
    pub(crate) octets: Vec<u8>,
    /// Whom it goes to; `None`: nothing is sent.
    pub(crate) to: Option<(SocketAddr, Option<Source>)>,
}

/// Sends every answer that the socket takes now, and returns how many it did not take.
pub(crate) fn send(socket: &UdpSocket, answers: &mut [Outgoing; BATCH]) -> u64 {
    // SAFETY: plain C structures for which all zeroes is a valid value.
    let (mut pieces, mut headers, mut peers): (
        [libc::iovec; BATCH],
        [libc::mmsghdr; BATCH],
        [libc::sockaddr_storage; BATCH],
    ) = unsafe { mem::zeroed() };
    let mut count = 0;
    let rooms = pieces.iter_mut().zip(&mut headers).zip(&mut peers);
    for (answer, ((piece, header), peer)) in answers.iter_mut().filter(|answer| answer.to.is_some()).zip(rooms) {
        let Some((to, source)) = &mut answer.to else { continue };
        piece.iov_base = answer.octets.as_mut_ptr().cast();
        piece.iov_len = answer.octets.len();
        header.msg_hdr.msg_iov = piece;
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_namelen = write_peer(peer, *to);
        header.msg_hdr.msg_name = ptr::from_mut(peer).cast();
        if let Some(control) = source.as_mut().map(Source::control) {
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = control.len() as _;
        }
        count += 1;
    }
    let (mut sent, mut lost) = (0, 0);
    while let Some(rest) = headers.get_mut(sent..count).filter(|rest| !rest.is_empty()) {
        let length = u32::try_from(rest.len()).unwrap_or_default();
        // SAFETY: `rest` holds `length` headers whose pointers lead to `pieces`, `peers` and into `answers`, each with its
        // true length; all of them outlive the call, which only reads them.
        let done = unsafe { libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), length, libc::MSG_DONTWAIT as _) };
        if let Ok(done) = usize::try_from(done)
            && done > 0
        {
            sent += done;
        } else if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            // The first of the rest is the one that cannot be sent; the others may.
            lost += 1;
            sent += 1;
        }
    }
    lost
}

/// Has the socket tell the address each datagram was sent to (ip(7), ipv6(7)).
pub(crate) fn tell_destination(socket: &UdpSocket, is_ipv6: bool) -> io::Result<()> {
    let (level, option) =
        if is_ipv6 { (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO) } else { (libc::IPPROTO_IP, libc::IP_PKTINFO) };
    let on: libc::c_int = 1;
    // SAFETY: the value is an int that outlives the call, and its length is that of an int.
    let done = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, option, ptr::from_ref(&on).cast(), length_of::<libc::c_int>())
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn length_of<T>() -> libc::socklen_t {
    // Socket addresses and ints are a few octets long.
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or_default()
}

/// A length told by the kernel; its type differs between C libraries.
fn size(told: impl TryInto<usize>) -> usize {
    told.try_into().unwrap_or_default()
}

fn family(number: libc::c_int) -> libc::sa_family_t {
    libc::sa_family_t::try_from(number).unwrap_or_default()
}

fn read_peer(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: sockaddr_storage is large enough and aligned for every socket address, and the kernel wrote one of this
            // family, all of whose bit patterns are valid.
            let v4 = unsafe { &*ptr::from_ref(storage).cast::<libc::sockaddr_in>() };
            let address = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddrV4::new(address, u16::from_be(v4.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { &*ptr::from_ref(storage).cast::<libc::sockaddr_in6>() };
            let address = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(address, u16::from_be(v6.sin6_port), v6.sin6_flowinfo, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}

fn write_peer(storage: &mut libc::sockaddr_storage, peer: SocketAddr) -> libc::socklen_t {
    match peer {
        SocketAddr::V6(v6) => {
            // SAFETY: sockaddr_storage is large enough and aligned for every socket address, and zeroed.
            let to = unsafe { &mut *ptr::from_mut(storage).cast::<libc::sockaddr_in6>() };
            to.sin6_family = family(libc::AF_INET6);
            to.sin6_port = v6.port().to_be();
            to.sin6_flowinfo = v6.flowinfo();
            to.sin6_addr.s6_addr = v6.ip().octets();
            to.sin6_scope_id = v6.scope_id();
            length_of::<libc::sockaddr_in6>()
        }
        SocketAddr::V4(v4) => {
            // SAFETY: as above.
            let to = unsafe { &mut *ptr::from_mut(storage).cast::<libc::sockaddr_in>() };
            to.sin_family = family(libc::AF_INET);
            to.sin_port = v4.port().to_be();
            to.sin_addr.s_addr = u32::from(*v4.ip()).to_be();
            length_of::<libc::sockaddr_in>()
        }
    }
}
