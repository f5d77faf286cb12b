//! Frames as they are, many with one system call.
#![expect(unsafe_code, reason = "AF_PACKET addresses and sendmmsg have no safe form in the libraries of this house")]

use std::io;
use std::mem;
use std::os::fd::AsRawFd as _;

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
