//! Frames and datagrams as they are, many with one system call.
#![expect(unsafe_code, reason = "AF_PACKET addresses and sendmmsg have no safe form in the libraries of this house")]

use std::io;
use std::mem;
use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;
use std::ptr;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Frames sent with one system call.
pub(crate) const BATCH: usize = 32;

/// A socket that sends whole Ethernet frames out of one interface, and receives none.
#[derive(Debug)]
pub(crate) struct Frames(Socket);

impl Frames {
    /// On interface number `index` of the calling thread's network namespace.
    pub(crate) fn open(index: u32) -> io::Result<Self> {
        // Protocol 0: nothing that arrives is copied to this socket.
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0)))?;
        let index = i32::try_from(index).map_err(io::Error::other)?;
        // SAFETY: `storage` is zeroed and large enough for any address (sockaddr_storage), properly aligned for
        // sockaddr_ll, and `length` is set to the size of what is written.
        let ((), address) = unsafe {
            SockAddr::try_init(|storage, length| {
                let address = storage.cast::<libc::sockaddr_ll>();
                (*address).sll_family = libc::sa_family_t::try_from(libc::AF_PACKET).map_err(io::Error::other)?;
                (*address).sll_ifindex = index;
                *length = libc::socklen_t::try_from(size_of::<libc::sockaddr_ll>()).map_err(io::Error::other)?;
                Ok(())
            })?
        };
        socket.bind(&address)?;
        Ok(Self(socket))
    }

    /// Sends `frames` in order; all of them.
    pub(crate) fn send(&self, frames: &[&[u8]; BATCH]) -> io::Result<()> {
        // SAFETY: both are plain C structures for which all zeroes is a valid value (null pointers, zero lengths).
        let (mut pieces, mut headers): ([libc::iovec; BATCH], [libc::mmsghdr; BATCH]) = unsafe { mem::zeroed() };
        for ((frame, piece), header) in frames.iter().zip(&mut pieces).zip(&mut headers) {
            piece.iov_base = frame.as_ptr().cast_mut().cast();
            piece.iov_len = frame.len();
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
        }
        let mut sent = 0;
        while sent < BATCH {
            let rest = headers.get_mut(sent..).unwrap_or_default();
            let count = u32::try_from(rest.len()).map_err(io::Error::other)?;
            // SAFETY: `rest` holds `count` headers that point into `pieces`, which point into `frames`; all three outlive the
            // call, and sendmmsg reads the frames only.
            let done = unsafe { libc::sendmmsg(self.0.as_raw_fd(), rest.as_mut_ptr(), count, 0) };
            match usize::try_from(done) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
                Ok(done) => sent += done,
                Err(_) => {
                    let error = io::Error::last_os_error();
                    if error.kind() != io::ErrorKind::Interrupted {
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Octets of a datagram that is echoed whole.
const DATAGRAM: usize = 2048;

/// Sends every datagram back to where it came from, as a DNS response: the least a server on UDP can do.
pub(crate) fn echo(socket: &UdpSocket) -> io::Result<()> {
    let mut octets = vec![[0_u8; DATAGRAM]; BATCH];
    // SAFETY: plain C structures for which all zeroes is a valid value (null pointers, zero lengths).
    let (mut peers, mut pieces, mut headers): (
        [libc::sockaddr_storage; BATCH],
        [libc::iovec; BATCH],
        [libc::mmsghdr; BATCH],
    ) = unsafe { mem::zeroed() };
    let count = u32::try_from(BATCH).map_err(io::Error::other)?;
    loop {
        let rooms = octets.iter_mut().zip(&mut peers).zip(pieces.iter_mut().zip(&mut headers));
        for ((octets, peer), (piece, header)) in rooms {
            piece.iov_base = octets.as_mut_ptr().cast();
            piece.iov_len = DATAGRAM;
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = ptr::from_mut(peer).cast();
            header.msg_hdr.msg_namelen =
                libc::socklen_t::try_from(size_of::<libc::sockaddr_storage>()).map_err(io::Error::other)?;
        }
        // SAFETY: `headers` holds `count` headers whose pointers lead to `pieces`, `peers` and `octets`, each with its true
        // length; all of them outlive the call.
        let taken = unsafe {
            libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_WAITFORONE as _, ptr::null_mut())
        };
        let taken = usize::try_from(taken).map_err(|_| io::Error::last_os_error())?;
        for (octets, (piece, header)) in octets.iter_mut().zip(pieces.iter_mut().zip(&headers)).take(taken) {
            piece.iov_len = usize::try_from(header.msg_len).map_err(io::Error::other)?;
            if let Some(flags) = octets.get_mut(2) {
                *flags |= 0x80;
            }
        }
        let mut sent = 0;
        while let Some(rest) = headers.get_mut(sent..taken).filter(|rest| !rest.is_empty()) {
            let length = u32::try_from(rest.len()).map_err(io::Error::other)?;
            // SAFETY: as above; sendmmsg only reads what they lead to.
            let done = unsafe { libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), length, 0) };
            // One that cannot be sent is passed over.
            sent += usize::try_from(done).unwrap_or_default().max(1);
        }
    }
}
