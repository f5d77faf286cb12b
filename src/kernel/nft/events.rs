//! What the kernel announces: quotas used up, strangers' changes.

use std::collections::VecDeque;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::codec::{Conn, Message, msg, read_quota};
use super::observe::read_name;
use super::throttle;
use crate::{Event, KernelError};

/// Listens to the kernel's announcements; blocking, for a thread of its own.
pub struct Events {
    conn: Conn,
    table: String,
    own_port: u32,
    waiting: VecDeque<Event>,
}

impl Events {
    pub(crate) fn listen(table: &str, own_port: u32) -> Result<Self, KernelError> {
        Ok(Self { conn: Conn::listen(own_port)?, table: table.to_owned(), own_port, waiting: VecDeque::new() })
    }

    /// Waits up to `timeout` for the next event; `None` when nothing happened.
    pub fn next(&mut self, timeout: Duration) -> Result<Option<Event>, KernelError> {
        if let Some(event) = self.waiting.pop_front() {
            return Ok(Some(event));
        }
        let limit = Timespec::try_from(timeout).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 });
        match poll(&mut [PollFd::from_borrowed_fd(self.conn.fd(), PollFlags::IN)], Some(&limit)) {
            Ok(0) | Err(Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(errno) => return Err(KernelError::Socket { doing: "wait for events", source: errno.into() }),
        }
        loop {
            match self.conn.hear() {
                Ok(messages) => {
                    for message in messages {
                        let Some(event) = read_event(&message, &self.table, self.own_port) else { continue };
                        // One change of a stranger makes many messages.
                        if self.waiting.back() != Some(&event) {
                            self.waiting.push_back(event);
                        }
                    }
                }
                Err(Errno::NOBUFS) => self.waiting.push_back(Event::Lost),
                Err(Errno::AGAIN) => return Ok(self.waiting.pop_front()),
                Err(errno) => return Err(KernelError::Socket { doing: "hear events", source: errno.into() }),
            }
            if self.waiting.len() > 4096 {
                return Ok(self.waiting.pop_front());
            }
        }
    }
}

/// Reads one announcement; `None` where it does not concern the gate.
pub(crate) fn read_event(message: &Message<'_>, table: &str, own_port: u32) -> Option<Event> {
    let kind = message.nft()?;
    let named = message.attrs().text(1)?;
    if kind == msg::NEWGEN || (named != table && !throttle::is_ours(named, table)) {
        return None;
    }
    if message.port == 0 {
        // The kernel itself: a quota is used up. The family of this message is not to be trusted.
        let quota = read_quota(message.attrs()).filter(|quota| kind == msg::NEWOBJ && quota.depleted)?;
        return read_name(quota.name).map(|(owner, ..)| Event::QuotaDepleted(owner));
    }
    (message.port != own_port).then_some(Event::ForeignChange)
}
