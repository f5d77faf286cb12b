//! The netlink socket: every wait has a deadline.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, recv, sockopt};

use super::QueueError;
use super::message::{Received, messages};

/// The kernel answers before `send` returns; this is only so that no wait is without an end.
const PATIENCE: Duration = Duration::from_secs(5);
/// A GSO packet of 64 KiB and its attributes.
const BUFFER: usize = (1 << 16) + 4_096;
/// Room for the packets of a full queue, as far as the machine grants it.
const KERNEL_BUFFER: usize = 1 << 20;

/// A connection to nfnetlink.
pub(super) struct Conn {
    socket: Socket,
    port: u32,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Conn {
    pub(super) fn open() -> Result<Self, QueueError> {
        let failed = |doing| move |source| QueueError::Socket { doing, source };
        let mut socket = Socket::new(NETLINK_NETFILTER).map_err(failed("open a netfilter socket"))?;
        let port = socket.bind_auto().map_err(failed("bind the netfilter socket"))?.port_number();
        socket.connect(&SocketAddr::new(0, 0)).map_err(failed("connect to the kernel"))?;
        // A full socket buffer is a full queue: the kernel lets packets pass; nobody needs to hear of it.
        socket.set_no_enobufs(true).map_err(failed("set NETLINK_NO_ENOBUFS"))?;
        socket.set_cap_ack(true).map_err(failed("set NETLINK_CAP_ACK"))?;
        if sockopt::set_socket_recv_buffer_size_force(&socket, KERNEL_BUFFER).is_err() {
            sockopt::set_socket_recv_buffer_size(&socket, KERNEL_BUFFER)
                .map_err(|errno| failed("enlarge the socket's buffer")(errno.into()))?;
        }
        Ok(Self { socket, port, sequence: 0, buffer: vec![0; BUFFER] })
    }

    /// The socket's netlink port.
    pub(super) const fn port(&self) -> u32 {
        self.port
    }

    /// The same socket for another thread.
    pub(super) fn share(&self) -> io::Result<OwnedFd> {
        self.socket.as_fd().try_clone_to_owned()
    }

    /// The next sequence number.
    pub(super) fn next(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    pub(super) fn send(&self, octets: &[u8]) -> io::Result<()> {
        self.socket.send(octets, 0).map(drop)
    }

    /// Waits until something is there; false when `wait` has passed.
    pub(super) fn wait(&self, wait: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::from_borrowed_fd(self.socket.as_fd(), PollFlags::IN)];
        let wait = Timespec::try_from(wait).map_err(|_| io::ErrorKind::InvalidInput)?;
        match poll(&mut fds, Some(&wait)) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// What has come, without waiting; `None` when nothing is there.
    pub(super) fn receive(&mut self) -> io::Result<Option<&[u8]>> {
        match recv(&self.socket, &mut self.buffer[..], RecvFlags::DONTWAIT | RecvFlags::TRUNC) {
            // Cut off: `messages` stops where the message does not fit.
            Ok((received, _)) => Ok(Some(self.buffer.get(..received).unwrap_or_default())),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Sends a request and takes the kernel's answer to the message `sequence`; packets that come before it are left
    /// without a verdict, so that this is for the time before there are any.
    pub(super) fn ask(&mut self, doing: &'static str, octets: &[u8], sequence: u32) -> Result<(), QueueError> {
        let failed = |source| QueueError::Socket { doing, source };
        self.send(octets).map_err(failed)?;
        loop {
            if !self.wait(PATIENCE).map_err(failed)? {
                return Err(failed(io::ErrorKind::TimedOut.into()));
            }
            let Some(received) = self.receive().map_err(failed)? else { continue };
            for message in messages(received) {
                match message {
                    Received::Answer { sequence: of, errno } if of == sequence || errno != 0 => {
                        return match errno {
                            0 => Ok(()),
                            errno => Err(QueueError::Refused { doing, source: io::Error::from_raw_os_error(errno) }),
                        };
                    }
                    Received::Answer { .. } | Received::Packet(_) => {}
                }
            }
        }
    }
}
