//! Asking whether somebody beyond an uplink answers.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gapura_model::IfName;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime};
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};

use crate::net::{Change, DefaultRoute, Groups, LinkIndex, NeighState, NetError, Route, Watch};

/// Whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The uplink's own router, by ARP or neighbour discovery. Always there, needs no permission of anybody.
    Router,
    /// A host that answers ICMP echo requests.
    Ping(IpAddr),
    /// A host that accepts, or refuses, TCP connections: both show that the way there works.
    Tcp(SocketAddr),
}

/// What a round of probes found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This target answered.
    Answered(Target),
    /// Nobody answered.
    Silent,
    /// There is no default route over this uplink, or the link is down: nobody could be asked.
    NoWay,
}

impl Outcome {
    /// Whether anybody answered.
    pub const fn worked(self) -> bool {
        matches!(self, Self::Answered(_))
    }
}

/// Asks the targets one after another over `uplink` until one answers; each gets `patience`. Blocks: call it from a thread of its
/// own. Without targets the router is asked.
pub fn probe(uplink: &IfName, targets: &[Target], patience: Duration) -> Result<Outcome, NetError> {
    let mut route = Route::open()?;
    let Some(link) = route.find_link(uplink)?.filter(|link| link.running) else {
        return Ok(Outcome::NoWay);
    };
    let ways: Vec<_> = route.default_routes()?.into_iter().filter(|way| way.link == link.index).collect();
    if ways.is_empty() {
        return Ok(Outcome::NoWay);
    }
    let targets = if targets.is_empty() { &[Target::Router] } else { targets };
    for &target in targets {
        let answered = match target {
            Target::Router => router(&mut route, &ways, patience)?,
            Target::Ping(host) => answered(ping(uplink, host, patience))?,
            Target::Tcp(host) => answered(tcp(uplink, host, patience))?,
        };
        if answered {
            return Ok(Outcome::Answered(target));
        }
    }
    Ok(Outcome::Silent)
}

/// An unreachable host is a silent one; a socket the daemon may not have is an error.
fn answered(outcome: io::Result<bool>) -> Result<bool, NetError> {
    match outcome {
        Err(source) if source.kind() == io::ErrorKind::PermissionDenied => {
            Err(NetError::Process { action: "ask a host over an uplink (this needs CAP_NET_RAW)", source })
        }
        outcome => Ok(outcome.unwrap_or(false)),
    }
}

/// Lets the kernel ask every router of the uplink and waits for the first answer. A point-to-point link has no router to ask:
/// that it is running must do.
fn router(route: &mut Route, ways: &[DefaultRoute], patience: Duration) -> Result<bool, NetError> {
    let routers: Vec<(LinkIndex, IpAddr)> = ways.iter().filter_map(|way| Some((way.link, way.gateway?))).collect();
    if routers.is_empty() {
        return Ok(true);
    }
    let deadline = Deadline::after(patience)?;
    let mut watch = Watch::open(Groups { neighbours: true, ..Groups::default() })?;
    for &(link, address) in &routers {
        let known = route.neighbour(link, address)?;
        if known.is_some_and(|row| row.state == NeighState::Fixed) {
            return Ok(true);
        }
        // An unreachable one is forgotten first: the kernel answers for a failed row without asking.
        if known.is_some_and(|row| row.state == NeighState::Failed) {
            route.forget_neighbour(link, address)?;
        }
        route.probe(link, &[(address, None)])?;
    }
    loop {
        for change in watch.ready()? {
            if let Change::Neighbour(row) = change
                && row.state == NeighState::Reachable
                && routers.contains(&(row.link, row.ip))
            {
                return Ok(true);
            }
            if change == Change::Lost && any_reachable(route, &routers)? {
                return Ok(true);
            }
        }
        if !deadline.wait_for(&watch)? {
            return Ok(false);
        }
    }
}

fn any_reachable(route: &mut Route, routers: &[(LinkIndex, IpAddr)]) -> Result<bool, NetError> {
    for &(link, address) in routers {
        if route.neighbour(link, address)?.is_some_and(|row| row.state == NeighState::Reachable) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A time in the future as a descriptor, so that waiting needs no clock.
struct Deadline(rustix::fd::OwnedFd);

impl Deadline {
    fn after(wait: Duration) -> Result<Self, NetError> {
        let failed = |errno: rustix::io::Errno| NetError::Process { action: "set a timer", source: errno.into() };
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC).map_err(failed)?;
        let wait = wait.max(Duration::from_millis(1));
        let value =
            Timespec { tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX), tv_nsec: wait.subsec_nanos().into() };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &once).map_err(failed)?;
        Ok(Self(timer))
    }

    /// Waits until `watch` has something to read; false when the time is up.
    fn wait_for(&self, watch: &Watch) -> Result<bool, NetError> {
        let mut ready = [PollFd::new(watch, PollFlags::IN), PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut ready, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(NetError::Process { action: "wait for an answer", source: errno.into() }),
        }
        let [_, timer] = ready;
        Ok(timer.revents().is_empty())
    }
}

/// One ICMP echo request (RFC 792, RFC 4443 section 4.1) and its reply.
fn ping(uplink: &IfName, host: IpAddr, patience: Duration) -> io::Result<bool> {
    let (domain, protocol, request, reply) = match host {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4, 8_u8, 0_u8),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6, 128, 129),
    };
    let mut socket = Socket::new(domain, Type::RAW, Some(protocol))?;
    socket.bind_device(Some(uplink.as_str().as_bytes()))?;
    socket.connect(&SocketAddr::new(host, 0).into())?;
    // The descriptor's number and the process tell our replies from those of others on this machine.
    let process = rustix::process::getpid().as_raw_nonzero().get().unsigned_abs();
    let identifier = u16::try_from(process & 0xffff).unwrap_or_default();
    let mut packet = [request, 0, 0, 0, 0, 0, 0, 1, b'g', b'a', b'p', b'u', b'r', b'a', 0, 0];
    if let Some(place) = packet.get_mut(4..6) {
        place.copy_from_slice(&identifier.to_be_bytes());
    }
    // The kernel computes the checksum of ICMPv6 itself.
    let sum = checksum(&packet);
    if let (IpAddr::V4(_), Some(place)) = (host, packet.get_mut(2..4)) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
    let deadline = Deadline::after(patience).map_err(io::Error::other)?;
    socket.set_nonblocking(true)?;
    socket.write_all(&packet)?;
    let mut buffer = [0_u8; 256];
    loop {
        let mut ready = [PollFd::new(&socket, PollFlags::IN), PollFd::new(&deadline.0, PollFlags::IN)];
        poll(&mut ready, None)?;
        let [readable, timer] = ready.map(|fd| !fd.revents().is_empty());
        if readable {
            let length = socket.read(&mut buffer)?;
            let received = buffer.get(..length).unwrap_or_default();
            // A raw IPv4 socket delivers the IP header too.
            let skip =
                if host.is_ipv4() { usize::from(received.first().copied().unwrap_or_default() & 0x0f) * 4 } else { 0 };
            let icmp = received.get(skip..).unwrap_or_default();
            if icmp.first() == Some(&reply) && icmp.get(4..6) == Some(&identifier.to_be_bytes()) {
                return Ok(true);
            }
        } else if timer {
            return Ok(false);
        }
    }
}

/// A TCP handshake; a refusal is an answer too.
fn tcp(uplink: &IfName, host: SocketAddr, patience: Duration) -> io::Result<bool> {
    let socket = Socket::new(Domain::for_address(host), Type::STREAM, Some(Protocol::TCP))?;
    socket.bind_device(Some(uplink.as_str().as_bytes()))?;
    match socket.connect_timeout(&host.into(), patience) {
        Ok(()) => Ok(true),
        Err(error) => Ok(error.kind() == io::ErrorKind::ConnectionRefused),
    }
}

/// The Internet checksum (RFC 1071).
fn checksum(data: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for pair in data.chunks(2) {
        let high = pair.first().copied().unwrap_or_default();
        let low = pair.get(1).copied().unwrap_or_default();
        sum += u32::from(u16::from_be_bytes([high, low]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_rfc_1071() {
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(&[0xff]), !0xff00);
    }
}
