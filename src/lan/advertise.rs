//! Sends router advertisements on one bridge (RFC 4861 section 6.2).

use std::future::Future;
use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::fd::AsFd as _;
use std::time::Duration;

use gapura_model::{IfName, MacAddr};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::checked::ApiUri;
use crate::prefix::Prefix6;
use crate::ra::{Advertisement, Solicitation};
use crate::router::{AnswerRate, Prefixes, Schedule};
use crate::sys;

/// What one bridge announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvertPlan {
    /// Whether visitors may use us as their default router; `false` announces router lifetime 0.
    pub router: bool,
    /// The /64s in use.
    pub prefixes: Vec<Prefix6>,
    /// Prefixes of an earlier run of this program that hosts may still use: deprecated at once.
    pub withdrawn: Vec<Prefix6>,
    /// DNS servers: our own address on the bridge.
    pub dns: Vec<Ipv6Addr>,
    /// The link's MTU in octets, where it must be stated.
    pub mtu: Option<u32>,
    /// The captive-portal API; `None` while the portal has no certificate. The same value as DHCP's option 114.
    pub api: Option<ApiUri>,
    /// Advertisements are at most this far apart, 4 s to 30 min; 3 min suits a network where people come and go.
    pub interval: Duration,
}

/// How to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// A restart or upgrade: say nothing, the next run goes on. Nobody is cut off.
    Silent,
    /// For good: tell hosts that this is no router any more (RFC 4861 section 6.2.5).
    Final,
}

/// Announces `plan` on `lan` until `stop` says how to go, following every change of the plan at once.
///
/// `seed` is any random number; it spreads the times of several routers. The socket belongs to the network namespace of
/// the calling thread. A bridge that is missing or down is tried again every few seconds.
pub async fn advertise(
    lan: IfName,
    mut plan: watch::Receiver<AdvertPlan>,
    seed: u64,
    stop: impl Future<Output = Farewell>,
) {
    let mut stop = std::pin::pin!(stop);
    let mut told = false;
    let mut router = Router::new(plan.borrow_and_update().clone(), seed);
    loop {
        let socket = tokio::select! {
            _ = &mut stop => return,
            socket = open(&lan, &mut told) => socket,
        };
        tokio::select! {
            farewell = &mut stop => {
                if farewell == Farewell::Final {
                    router.last_words(&socket);
                }
                return;
            }
            error = router.serve(&socket, &mut plan) => {
                tracing::debug!(%lan, %error, "router advertisements interrupted; opening the socket again");
            }
        }
        tokio::select! {
            _ = &mut stop => return,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

const RETRY: Duration = Duration::from_secs(2);

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

/// Waits until there is a socket, saying once that there is none.
async fn open(lan: &IfName, told: &mut bool) -> RaSocket {
    loop {
        match RaSocket::open(lan) {
            Ok(socket) => {
                *told = false;
                return socket;
            }
            Err(error) if !*told => {
                *told = true;
                tracing::warn!(%lan, %error, "router advertisements cannot be sent on this bridge; trying again until it is up");
            }
            Err(_) => {}
        }
        tokio::time::sleep(RETRY).await;
    }
}

struct RaSocket {
    socket: AsyncFd<Socket>,
    index: u32,
    mac: Option<MacAddr>,
}

impl RaSocket {
    fn open(lan: &IfName) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6))?;
        let index = rustix::net::netdevice::name_to_index(&socket, lan.as_str())?;
        sys::receive_only(socket.as_fd(), 133)?;
        socket.bind_device(Some(lan.as_str().as_bytes()))?;
        socket.set_multicast_if_v6(index)?;
        socket.set_multicast_hops_v6(255)?;
        socket.set_unicast_hops_v6(255)?;
        socket.set_multicast_loop_v6(false)?;
        socket.set_recv_hoplimit_v6(true)?;
        socket.join_multicast_v6(&ALL_ROUTERS, index)?;
        socket.set_nonblocking(true)?;
        let mac = sys::hardware_address(socket.as_fd(), lan).ok();
        Ok(Self { socket: sys::register(socket)?, index, mac })
    }

    fn send(&self, message: &[u8], to: Ipv6Addr) -> io::Result<()> {
        let to = SockAddr::from(SocketAddrV6::new(to, 0, 0, self.index));
        self.socket.get_ref().send_to(message, &to).map(|_| ())
    }

    /// The next well-formed solicitation from this link, with the asking host's address.
    async fn solicitation(&self) -> io::Result<Ipv6Addr> {
        let mut buffer = [0; 1500];
        loop {
            let (length, from, hops) = self
                .socket
                .async_io(tokio::io::Interest::READABLE, |socket| sys::receive(socket.as_fd(), &mut buffer))
                .await?;
            // A hop limit of 255 proves that no router passed it on.
            let message = buffer.get(..length).filter(|_| hops == Some(255)).and_then(Solicitation::decode);
            let from = *from.ip();
            // RFC 4861 section 6.1.1: no source link-layer address from the unspecified address.
            if message.is_some_and(|message| !from.is_unspecified() || message.source.is_none()) {
                return Ok(from);
            }
        }
    }
}

struct Router {
    plan: AdvertPlan,
    prefixes: Prefixes,
    schedule: Schedule,
    answers: AnswerRate,
    started: Instant,
}

impl Router {
    fn new(plan: AdvertPlan, seed: u64) -> Self {
        let mut prefixes = Prefixes::default();
        prefixes.replace(&plan.prefixes, &plan.withdrawn, Duration::ZERO);
        let schedule = Schedule::new(plan.interval, seed);
        Self { plan, prefixes, schedule, answers: AnswerRate::default(), started: Instant::now() }
    }

    /// Runs until the socket fails.
    async fn serve(&mut self, socket: &RaSocket, plan: &mut watch::Receiver<AdvertPlan>) -> io::Error {
        let mut followed = true;
        loop {
            let due = self.started + self.schedule.next();
            let step = tokio::select! {
                () = tokio::time::sleep_until(due) => self.announce(socket),
                asked = socket.solicitation() => asked.map(|host| self.answer(socket, host)),
                changed = plan.changed(), if followed => {
                    followed = changed.is_ok();
                    self.follow(plan.borrow_and_update().clone());
                    Ok(())
                }
            };
            if let Err(error) = step {
                return error;
            }
        }
    }

    fn follow(&mut self, plan: AdvertPlan) {
        if plan != self.plan {
            let now = self.started.elapsed();
            self.prefixes.replace(&plan.prefixes, &plan.withdrawn, now);
            self.schedule.changed(now);
            self.plan = plan;
        }
    }

    fn announce(&mut self, socket: &RaSocket) -> io::Result<()> {
        let now = self.started.elapsed();
        socket.send(&self.advertisement(socket, now).encode(), ALL_NODES)?;
        self.schedule.sent(now);
        Ok(())
    }

    fn answer(&mut self, socket: &RaSocket, host: Ipv6Addr) {
        let now = self.started.elapsed();
        if host.is_unicast_link_local() && self.answers.allow(now) {
            let message = self.advertisement(socket, now).encode();
            // A host that is gone again is no reason to stop.
            if let Err(error) = socket.send(&message, host) {
                tracing::debug!(%error, "a router solicitation could not be answered");
            }
        } else {
            self.schedule.solicited(now);
        }
    }

    fn last_words(&mut self, socket: &RaSocket) {
        let mut message = self.advertisement(socket, self.started.elapsed());
        message.router_lifetime = Duration::ZERO;
        if let Err(error) = socket.send(&message.encode(), ALL_NODES) {
            tracing::debug!(%error, "the last router advertisement could not be sent");
        }
    }

    fn advertisement(&mut self, socket: &RaSocket, now: Duration) -> Advertisement {
        Advertisement {
            router_lifetime: if self.plan.router { LIFETIME } else { Duration::ZERO },
            source: socket.mac,
            mtu: self.plan.mtu,
            prefixes: self.prefixes.announced(now),
            dns: self.plan.dns.clone(),
            dns_lifetime: LIFETIME,
            captive_portal: None,
        }
        .with_captive_portal(self.plan.api.as_ref())
    }
}

/// How long hosts believe us without another word: ten advertisements may be lost.
const LIFETIME: Duration = Duration::from_mins(30);
