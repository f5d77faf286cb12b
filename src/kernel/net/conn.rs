//! A netlink conversation: requests, acknowledgements, dumps.

use std::io;
use std::os::fd::AsFd;

use netlink_sys::{Socket, SocketAddr};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::NetError;
use super::codec::{Message, Request, attrs, messages, text};

/// The kernel's longest dump datagram is 32 KiB; longer single messages are refused as malformed.
const RECEIVE: usize = 64 * 1024;
/// Seconds to wait for the kernel's answer, which normally takes microseconds.
const PATIENCE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };
/// How often a dump that was overtaken by changes is read again.
const DUMP_ATTEMPTS: usize = 4;

const NLMSGERR_ATTR_MSG: u16 = 1;

/// The rtnetlink handle: one socket in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Route {
    conn: Conn,
}

impl Route {
    /// Opens a socket in the calling thread's network namespace.
    pub fn open() -> Result<Self, NetError> {
        let conn = Conn::open(netlink_sys::protocols::NETLINK_ROUTE, "rtnetlink")?;
        // Without it older kernels ignore the filters of a dump; then we filter ourselves.
        let _ = conn.socket.set_netlink_get_strict_chk(true);
        Ok(Self { conn })
    }

    pub(crate) fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// One bound and connected netlink socket.
#[derive(Debug)]
pub(crate) struct Conn {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Conn {
    pub(crate) fn open(protocol: isize, what: &'static str) -> Result<Self, NetError> {
        let open = || -> io::Result<Socket> {
            let mut socket = Socket::new(protocol)?;
            socket.bind_auto()?;
            socket.connect(&SocketAddr::new(0, 0))?;
            Ok(socket)
        };
        let socket = open().map_err(|source| NetError::Open { what, source })?;
        let _ = socket.set_cap_ack(true);
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_rx_buf_sz(1_i32 << 20);
        Ok(Self { socket, sequence: 0, buffer: vec![0; RECEIVE] })
    }

    /// Sends one change and waits for its acknowledgement.
    pub(crate) fn ack(&mut self, action: &'static str, request: Request) -> Result<(), NetError> {
        match self.batch(action, [request])?.pop() {
            Some(outcome) => outcome,
            None => Err(NetError::Malformed { action, what: "no acknowledgement" }),
        }
    }

    /// Sends several changes in one datagram; each is judged on its own (rtnetlink has no transactions).
    /// The outcomes come in the order of the requests.
    pub(crate) fn batch(
        &mut self,
        action: &'static str,
        requests: impl IntoIterator<Item = Request>,
    ) -> Result<Vec<Result<(), NetError>>, NetError> {
        let first = self.sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        let mut count: u32 = 0;
        for request in requests {
            bytes.extend(request.finish(first.wrapping_add(count), true));
            count += 1;
        }
        self.sequence = self.sequence.wrapping_add(count);
        let mut outcomes = Vec::new();
        if count == 0 {
            return Ok(outcomes);
        }
        self.send(action, &bytes)?;
        let expected = usize::try_from(count).unwrap_or(usize::MAX);
        while outcomes.len() < expected {
            self.receive(action, |message| {
                if message.sequence.wrapping_sub(first) < count && is_error(message.kind) {
                    outcomes.push(verdict(action, message));
                }
                Ok(())
            })?;
        }
        Ok(outcomes)
    }

    /// Asks one question and hands each answering message to `take`; `Ok(false)` if the thing asked for is not there.
    pub(crate) fn ask(
        &mut self,
        action: &'static str,
        request: Request,
        mut take: impl FnMut(Message<'_>),
    ) -> Result<bool, NetError> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        self.send(action, &request.finish(sequence, true))?;
        let mut outcome = None;
        while outcome.is_none() {
            self.receive(action, |message| {
                if message.sequence == sequence {
                    if is_error(message.kind) {
                        outcome = Some(verdict(action, message));
                    } else {
                        take(message);
                    }
                }
                Ok(())
            })?;
        }
        match outcome {
            Some(Err(error)) if error.is_absent() => Ok(false),
            Some(Err(error)) => Err(error),
            Some(Ok(())) | None => Ok(true),
        }
    }

    /// Reads a whole table. A dump that the kernel marks as overtaken by a change is read again, a few times.
    pub(crate) fn dump<T>(
        &mut self,
        action: &'static str,
        request: &Request,
        mut parse: impl FnMut(Message<'_>) -> Option<T>,
    ) -> Result<Vec<T>, NetError> {
        let mut rows = Vec::new();
        for _ in 0..DUMP_ATTEMPTS {
            rows.clear();
            if self.dump_once(action, request.clone(), &mut |message| rows.extend(parse(message)))? {
                break;
            }
        }
        Ok(rows)
    }

    fn dump_once(
        &mut self,
        action: &'static str,
        request: Request,
        take: &mut dyn FnMut(Message<'_>),
    ) -> Result<bool, NetError> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        self.send(action, &request.finish(sequence, false))?;
        let (mut done, mut whole) = (false, true);
        let interrupted = u16::try_from(libc::NLM_F_DUMP_INTR).unwrap_or_default();
        while !done {
            self.receive(action, |message| {
                if message.sequence != sequence {
                    return Ok(());
                }
                whole &= message.flags & interrupted == 0;
                if i32::from(message.kind) == libc::NLMSG_DONE {
                    done = true;
                    return verdict(action, message);
                }
                if is_error(message.kind) {
                    done = true;
                    return verdict(action, message);
                }
                take(message);
                Ok(())
            })?;
        }
        Ok(whole)
    }

    fn send(&mut self, action: &'static str, bytes: &[u8]) -> Result<(), NetError> {
        self.socket.send(bytes, 0).map(|_| ()).map_err(|source| NetError::Socket { action, source })
    }

    /// Waits for one datagram and hands out its messages.
    fn receive(
        &mut self,
        action: &'static str,
        mut take: impl FnMut(Message<'_>) -> Result<(), NetError>,
    ) -> Result<(), NetError> {
        let failed = |source| NetError::Socket { action, source };
        let ready = poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&PATIENCE));
        match ready {
            Ok(0) => return Err(NetError::Silent { action }),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(errno) => return Err(failed(errno.into())),
        }
        let mut room = self.buffer.as_mut_slice();
        let length = match self.socket.recv(&mut room, libc::MSG_TRUNC | libc::MSG_DONTWAIT) {
            Ok(length) => length,
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {
                return Ok(());
            }
            Err(error) => return Err(failed(error)),
        };
        let Some(datagram) = self.buffer.get(..length) else {
            return Err(NetError::Malformed { action, what: "a message longer than 64 KiB" });
        };
        let mut any = false;
        for message in messages(datagram) {
            any = true;
            take(message)?;
        }
        if any { Ok(()) } else { Err(NetError::Malformed { action, what: "an empty or cut datagram" }) }
    }
}

impl AsFd for Conn {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn is_error(kind: u16) -> bool {
    i32::from(kind) == libc::NLMSG_ERROR
}

/// Reads `NLMSG_ERROR` or `NLMSG_DONE`: zero is success.
pub(super) fn verdict(action: &'static str, message: Message<'_>) -> Result<(), NetError> {
    let Some(code) = message.body.first_chunk().copied().map(i32::from_ne_bytes) else {
        // Some dumps end without a code.
        return if is_error(message.kind) { Err(NetError::Malformed { action, what: "a cut error" }) } else { Ok(()) };
    };
    if code == 0 {
        return Ok(());
    }
    // With NETLINK_CAP_ACK the request's header (16 bytes) is echoed without its body; then come the kernel's words.
    let skip = if is_error(message.kind) { 20 } else { 4 };
    let detail = attrs(message.body, skip)
        .find(|attr| attr.kind == NLMSGERR_ATTR_MSG)
        .and_then(|attr| text(attr.data))
        .unwrap_or_default()
        .to_owned();
    Err(NetError::Refused { action, source: io::Error::from_raw_os_error(code.saturating_neg()), detail })
}
