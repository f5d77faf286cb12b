//! The socket: a batch is one send and, when all goes well, one receive.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use rustix::io::Errno;
use rustix::net::sockopt;
use socket2::{SockFilter, SockRef};

use super::attr::Writer;
use super::batch::{ACK, Batch, DUMP, REQUEST, SUBSYSTEM, message};
use super::reply::{Message, Messages, TYPE_DONE, TYPE_ERROR};
use crate::KernelError;

const BUFFER: usize = 1 << 16;
const PATIENCE: Duration = Duration::from_secs(5);
const LARGE: usize = 16 << 20;

/// A netlink connection to nf_tables.
pub(crate) struct Conn {
    socket: Socket,
    port: u32,
    sequence: u32,
    buffer: Vec<u8>,
}

fn failed(doing: &'static str) -> impl FnOnce(io::Error) -> KernelError {
    move |source| KernelError::Socket { doing, source }
}

impl Conn {
    pub(crate) fn open() -> Result<Self, KernelError> {
        let mut socket = Socket::new(NETLINK_NETFILTER).map_err(failed("open a netfilter socket"))?;
        let address = socket.bind_auto().map_err(failed("bind the netfilter socket"))?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(failed("connect to the kernel"))?;
        // Errors then come without a copy of the request, and with the kernel's words.
        socket.set_cap_ack(true).map_err(failed("set NETLINK_CAP_ACK"))?;
        socket.set_ext_ack(true).map_err(failed("set NETLINK_EXT_ACK"))?;
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))
            .map_err(|errno| failed("set a timeout")(errno.into()))?;
        enlarge(socket.as_fd());
        Ok(Self { socket, port: address.port_number(), sequence: 1, buffer: vec![0; BUFFER] })
    }

    /// A socket that hears nf_tables' announcements of what others do than `own_port`: our own, hundreds of thousands for a
    /// large address filter, would crowd them out.
    pub(crate) fn listen(own_port: u32) -> Result<Self, KernelError> {
        const NFNLGRP_NFTABLES: u32 = 7;
        let mut conn = Self::open()?;
        SockRef::from(&conn.socket).attach_filter(&deaf_to(own_port)).map_err(failed("filter announcements"))?;
        conn.socket.add_membership(NFNLGRP_NFTABLES).map_err(failed("listen to nf_tables"))?;
        Ok(Self {
            buffer: {
                conn.buffer.resize(BUFFER * 4, 0);
                conn.buffer
            },
            ..conn
        })
    }

    /// The socket's netlink port: what the kernel knows a table's owner by.
    pub(crate) const fn port(&self) -> u32 {
        self.port
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Applies a batch, whole or not at all.
    pub(crate) fn commit(&mut self, mut batch: Batch) -> Result<(), KernelError> {
        if batch.is_empty() {
            return Ok(());
        }
        let first = self.sequence;
        let (bytes, last) = batch.finish(first);
        self.sequence = last.wrapping_add(2);
        send(&self.socket, bytes)?;
        let mut error = None;
        // The kernel has worked when `send` returns: all answers are waiting, the last message's comes last.
        loop {
            let received = match receive(&self.socket, &mut self.buffer, libc::MSG_DONTWAIT) {
                Ok(received) => received,
                Err(Errno::AGAIN) => return Err(error.unwrap_or(KernelError::Lost { doing: "apply a batch" })),
                Err(Errno::NOBUFS) => {
                    error.get_or_insert(KernelError::Lost { doing: "apply a batch" });
                    continue;
                }
                Err(errno) => return Err(failed("receive")(errno.into())),
            };
            for answer in Messages::new(received) {
                let index = answer.sequence.wrapping_sub(first);
                let known = usize::try_from(index).is_ok_and(|index| index <= batch.len());
                let Some(verdict) = answer.error().filter(|_| known) else { continue };
                if verdict.errno != 0 && error.is_none() {
                    let place = usize::try_from(index.wrapping_sub(1)).unwrap_or(usize::MAX);
                    error = Some(KernelError::Refused {
                        operation: batch.describe(place),
                        index: place.min(batch.len()),
                        of: batch.len(),
                        detail: verdict.detail.map(str::to_owned),
                        source: io::Error::from_raw_os_error(verdict.errno),
                    });
                }
                if answer.sequence == last {
                    return error.map_or(Ok(()), Err);
                }
            }
        }
    }

    /// Asks for all things of a kind; `each` sees every message. Reads again when the table changed meanwhile.
    pub(crate) fn dump(
        &mut self,
        doing: &'static str,
        what: u8,
        family: u8,
        body: impl Fn(&mut Writer<'_>),
        mut each: impl FnMut(Option<&Message<'_>>),
    ) -> Result<(), KernelError> {
        for _ in 0..8 {
            each(None);
            if self.exchange(doing, what, family, DUMP, &body, &mut |message| each(Some(message)))? {
                return Ok(());
            }
        }
        Err(KernelError::Lost { doing })
    }

    /// Asks for one thing.
    pub(crate) fn ask(
        &mut self,
        doing: &'static str,
        what: u8,
        family: u8,
        body: impl Fn(&mut Writer<'_>),
        mut each: impl FnMut(&Message<'_>),
    ) -> Result<(), KernelError> {
        self.exchange(doing, what, family, ACK, &body, &mut each).map(|_| ())
    }

    fn exchange(
        &mut self,
        doing: &'static str,
        what: u8,
        family: u8,
        flags: u16,
        body: &impl Fn(&mut Writer<'_>),
        each: &mut dyn FnMut(&Message<'_>),
    ) -> Result<bool, KernelError> {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let mut request = Vec::with_capacity(256);
        message(&mut request, SUBSYSTEM << 8 | u16::from(what), REQUEST | flags, family, 0, body);
        if let Some(place) = request.get_mut(8..12) {
            place.copy_from_slice(&sequence.to_ne_bytes());
        }
        send(&self.socket, &request)?;
        let mut whole = true;
        loop {
            let received = receive(&self.socket, &mut self.buffer, 0).map_err(|errno| {
                if errno == Errno::AGAIN { KernelError::Lost { doing } } else { failed(doing)(errno.into()) }
            })?;
            for answer in Messages::new(received).filter(|answer| answer.sequence == sequence) {
                whole &= !answer.interrupted();
                match answer.kind {
                    TYPE_DONE => return Ok(whole),
                    TYPE_ERROR => {
                        let verdict = answer.error().ok_or(KernelError::Answer { doing })?;
                        return match verdict.errno {
                            0 => Ok(whole),
                            errno => Err(failed(doing)(io::Error::from_raw_os_error(errno))),
                        };
                    }
                    _ => each(&answer),
                }
            }
        }
    }

    /// The next datagram of a listening socket.
    pub(crate) fn hear(&mut self) -> Result<Messages<'_>, Errno> {
        receive(&self.socket, &mut self.buffer, libc::MSG_DONTWAIT).map(Messages::new)
    }
}

/// A packet filter: datagrams whose first message is of this port are dropped. (A commit's messages all are of one port.)
fn deaf_to(port: u32) -> [SockFilter; 4] {
    // BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K; loads are big-endian.
    const PORT_AT: u32 = 12;
    [
        SockFilter::new(0x20, 0, 0, PORT_AT),
        SockFilter::new(0x15, 0, 1, u32::from_be_bytes(port.to_ne_bytes())),
        SockFilter::new(0x06, 0, 0, 0),
        SockFilter::new(0x06, 0, 0, u32::MAX),
    ]
}

fn send(socket: &Socket, bytes: &[u8]) -> Result<(), KernelError> {
    loop {
        match socket.send(bytes, 0) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(KernelError::Socket { doing: "send to nf_tables", source }),
        }
    }
}

fn receive<'a>(socket: &Socket, buffer: &'a mut [u8], flags: i32) -> Result<&'a [u8], Errno> {
    loop {
        match socket.recv(&mut &mut buffer[..], flags) {
            Ok(length) => return Ok(buffer.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
        }
    }
}

/// Large batches (everything after a flush, address lists) must fit into one send. Forcing needs privilege over the
/// namespace; without it the system's limit holds.
fn enlarge(socket: BorrowedFd<'_>) {
    let forced = sockopt::set_socket_send_buffer_size_force(socket, LARGE);
    if forced.is_err() && sockopt::set_socket_send_buffer_size(socket, LARGE).is_err() {
        tracing::debug!("the netfilter socket keeps its send buffer");
    }
    let forced = sockopt::set_socket_recv_buffer_size_force(socket, LARGE);
    if forced.is_err() && sockopt::set_socket_recv_buffer_size(socket, LARGE).is_err() {
        tracing::debug!("the netfilter socket keeps its receive buffer");
    }
}
