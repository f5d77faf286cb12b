//! Listening for changes: interfaces, addresses, neighbours, bridge ports, routes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use netlink_sys::Socket;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use super::NetError;
use super::addrs::{Address, parse_address};
use super::codec::{AF_BRIDGE, AF_INET, AF_INET6, Message, messages};
use super::links::{Link, parse_link};
use super::neigh::{Neighbour, parse_neighbour};
use super::ports::{FdbEntry, parse_fdb};

/// Which changes to hear of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "groups are independent of each other")]
pub struct Groups {
    /// Interfaces coming, going, changing.
    pub links: bool,
    /// IPv4 and IPv6 addresses.
    pub addresses: bool,
    /// Default routes and others, IPv4 and IPv6; only *that* something changed.
    pub routes: bool,
    /// Neighbours and bridge forwarding tables.
    pub neighbours: bool,
}

impl Groups {
    /// Everything.
    pub const ALL: Self = Self { links: true, addresses: true, routes: true, neighbours: true };
}

/// Something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An interface is there, or is different now.
    Link(Link),
    /// An interface is gone.
    LinkGone(Link),
    /// An address is there, or is different now.
    Address(Address),
    /// An address is gone.
    AddressGone(Address),
    /// The routes are different now: read them again.
    Routes,
    /// A neighbour is known, or is different now.
    Neighbour(Neighbour),
    /// A neighbour is forgotten.
    NeighbourGone(Neighbour),
    /// A hardware address is seen on a bridge port.
    Port(FdbEntry),
    /// A hardware address is no longer known on a bridge port.
    PortGone(FdbEntry),
    /// Changes were lost because they came faster than they were read: read everything again.
    Lost,
    /// [`Waker::wake`] was called.
    Woken,
}

/// A blocking iterator over changes; it ends after [`Waker::stop`], or after an error.
#[derive(Debug)]
pub struct Watch {
    socket: Socket,
    waker: Waker,
    buffer: Vec<u8>,
    waiting: std::collections::VecDeque<Change>,
    failed: bool,
}

/// Wakes or ends a [`Watch`] from another thread.
#[derive(Clone, Debug)]
pub struct Waker {
    event: Arc<OwnedFd>,
    stopped: Arc<AtomicBool>,
}

impl Waker {
    /// Lets the iterator yield [`Change::Woken`] once.
    pub fn wake(&self) {
        // Fails only when 2^64 - 2 wakes wait, and then the watch is awake.
        let _ = rustix::io::write(&*self.event, &1_u64.to_ne_bytes());
    }

    /// Ends the iteration.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake();
    }
}

impl Watch {
    /// Listens in the calling thread's network namespace. What changes from here on is heard.
    pub fn open(groups: Groups) -> Result<Self, NetError> {
        let opened = |source| NetError::Open { what: "rtnetlink multicast", source };
        let mut socket = Socket::new(netlink_sys::protocols::NETLINK_ROUTE).map_err(opened)?;
        socket.bind_auto().map_err(opened)?;
        // Room for a few thousand changes in a burst; where the kernel allows less, less.
        let _ = socket.set_rx_buf_sz(4_i32 << 20);
        let wanted = [
            (groups.links, libc::RTNLGRP_LINK),
            (groups.addresses, libc::RTNLGRP_IPV4_IFADDR),
            (groups.addresses, libc::RTNLGRP_IPV6_IFADDR),
            (groups.routes, libc::RTNLGRP_IPV4_ROUTE),
            (groups.routes, libc::RTNLGRP_IPV6_ROUTE),
            (groups.neighbours, libc::RTNLGRP_NEIGH),
        ];
        for (_, group) in wanted.into_iter().filter(|(on, _)| *on) {
            socket.add_membership(group).map_err(opened)?;
        }
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|errno| NetError::Process { action: "make an event descriptor", source: errno.into() })?;
        let waker = Waker { event: Arc::new(event), stopped: Arc::new(AtomicBool::new(false)) };
        Ok(Self {
            socket,
            waker,
            buffer: vec![0; 64 * 1024],
            waiting: std::collections::VecDeque::new(),
            failed: false,
        })
    }

    /// The handle for other threads.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Everything that waits to be read, without blocking.
    pub(super) fn ready(&mut self) -> Result<Vec<Change>, NetError> {
        while poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&NOW)).is_ok_and(|ready| ready > 0) {
            self.fill()?;
        }
        Ok(self.waiting.drain(..).collect())
    }

    fn fill(&mut self) -> Result<(), NetError> {
        let action = "listen for network changes";
        let mut ready = [PollFd::new(&self.socket, PollFlags::IN), PollFd::new(&*self.waker.event, PollFlags::IN)];
        match poll(&mut ready, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(errno) => return Err(NetError::Socket { action, source: errno.into() }),
        }
        let [socket_ready, woken] = ready.map(|fd| !fd.revents().is_empty());
        if woken {
            let _ = rustix::io::read(&*self.waker.event, &mut [0_u8; 8]);
            self.waiting.push_back(Change::Woken);
        }
        if !socket_ready {
            return Ok(());
        }
        let mut room = self.buffer.as_mut_slice();
        match self.socket.recv(&mut room, libc::MSG_DONTWAIT | libc::MSG_TRUNC) {
            Ok(length) => match self.buffer.get(..length) {
                Some(datagram) => self.waiting.extend(messages(datagram).filter_map(read_change)),
                None => self.waiting.push_back(Change::Lost),
            },
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => self.waiting.push_back(Change::Lost),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(source) => return Err(NetError::Socket { action, source }),
        }
        Ok(())
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Iterator for Watch {
    type Item = Result<Change, NetError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.failed || self.waker.stopped.load(Ordering::Acquire) {
                return None;
            }
            if let Some(change) = self.waiting.pop_front() {
                return Some(Ok(change));
            }
            if let Err(error) = self.fill() {
                self.failed = true;
                return Some(Err(error));
            }
        }
    }
}

const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

pub(super) fn read_change(message: Message<'_>) -> Option<Change> {
    let family = message.body.first().copied();
    match message.kind {
        // A bridge repeats its ports' changes under its own family: the plain message comes too.
        libc::RTM_NEWLINK if family != Some(AF_BRIDGE) => parse_link(message).map(Change::Link),
        libc::RTM_DELLINK if family != Some(AF_BRIDGE) => parse_link(message).map(Change::LinkGone),
        libc::RTM_NEWADDR => parse_address(message).map(Change::Address),
        libc::RTM_DELADDR => parse_address(message).map(Change::AddressGone),
        libc::RTM_NEWROUTE | libc::RTM_DELROUTE if matches!(family, Some(AF_INET | AF_INET6)) => Some(Change::Routes),
        libc::RTM_NEWNEIGH if family == Some(AF_BRIDGE) => parse_fdb(message).map(Change::Port),
        libc::RTM_DELNEIGH if family == Some(AF_BRIDGE) => parse_fdb(message).map(Change::PortGone),
        libc::RTM_NEWNEIGH => parse_neighbour(message).map(Change::Neighbour),
        libc::RTM_DELNEIGH => parse_neighbour(message).map(Change::NeighbourGone),
        _ => None,
    }
}
