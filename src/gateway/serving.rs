//! The sockets visitors reach: portal and resolver.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use captive_portal::{Certificate, Listeners as PortalListeners, Look, Origin, Portal, Settings, bind};
use gapura_dns::{Filter, Forward, Listeners, Names, Resolver};
use gapura_runtime::{Clock, HandOver, HandedSocket, Tasks};
use gapura_wire::PortalBase;

use crate::config::Config;
use crate::filter::Standings;
use crate::forwarding;
use crate::portal::Door;

/// Why visitors cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// A port is taken.
    #[error("cannot listen on {0}: is another program there?")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// The certificate cannot be used.
    #[error("the portal's certificate cannot be used")]
    Certificate(#[from] captive_portal::CertificateError),
    /// The portal cannot be made.
    #[error("the portal cannot be started")]
    Portal(#[from] captive_portal::PortalError),
    /// The resolver cannot be made.
    #[error("the resolver cannot be started")]
    Resolver(#[from] gapura_dns::StartError),
    /// Nobody to forward to.
    #[error("no resolver to forward to: name one in [dns] upstreams, or in /etc/resolv.conf")]
    NoUpstream,
}

/// Where visitors reach the portal, as the controller prints it on vouchers: its name, else the address on the first LAN.
pub(crate) fn portal_base(config: &Config) -> Option<PortalBase> {
    let section = &config.portal;
    let text = match (&section.name, &section.certificate) {
        (Some(name), Some(_)) if section.https_port == 443 => format!("https://{name}"),
        (Some(name), Some(_)) => format!("https://{name}:{}", section.https_port),
        (Some(name), None) => format!("http://{name}"),
        (None, _) => format!("http://{}", config.lan.first()?.address.address),
    };
    text.parse().ok()
}

/// Starts the portal on its ports; it wears `look` until a bundle brings another.
pub(crate) fn serve_portal(
    config: &Config,
    door: Arc<Door>,
    look: Look,
    handed: &mut HandOver,
    tasks: &Tasks,
) -> Result<Portal<Door>, ServeError> {
    let section = &config.portal;
    let limits = config.limits.portal();
    let certificate = match (&section.certificate, &section.key) {
        (Some(chain), Some(key)) => Some(Certificate::load(chain, key)?),
        _ => None,
    };
    let origin = match (&section.name, &certificate) {
        (Some(name), Some(_)) => Origin::Tls { name: name.clone(), port: section.https_port },
        (name, _) => {
            let fallback = config.lan.first().map(|lan| IpAddr::V4(lan.address.address));
            Origin::Http { names: name.iter().cloned().collect(), port: 80, fallback }
        }
    };
    let settings = Settings { origin, passwords_over_http: section.passwords_over_http, limits };
    let portal = Portal::new(door, look, settings)?;
    let both = |port: u16| {
        [SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port), SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)]
    };
    let listen = |port: u16| -> Result<Vec<std::net::TcpListener>, ServeError> {
        both(port)
            .into_iter()
            .map(|address| bind(address, &limits).map_err(|error| ServeError::Bind(address, error)))
            .collect()
    };
    let mut inherited = |name: &str, port: u16| match tcp_sockets(handed.named(name)) {
        none if none.is_empty() => listen(port),
        some => Ok(some),
    };
    let mut listeners =
        PortalListeners { plain: inherited("portal", section.http_port)?, ..PortalListeners::default() };
    if certificate.is_some() {
        listeners.tls = inherited("portal-tls", section.https_port)?;
        listeners.certificate = certificate;
    }
    let serving = portal.clone();
    let stop = tasks.stopping().clone();
    tasks.spawn_vital("portal", async move {
        if let Err(error) = serving.serve(listeners, stop).await {
            tracing::error!(error = %gapura_model::with_causes(&error), "the portal ended");
        }
    });
    Ok(portal)
}

fn tcp_sockets(handed: Vec<HandedSocket>) -> Vec<std::net::TcpListener> {
    handed
        .into_iter()
        .filter_map(|socket| match socket {
            HandedSocket::Tcp(listener) => Some(listener),
            HandedSocket::Udp(_) | HandedSocket::Unix(_) => None,
        })
        .collect()
}

/// Where visitors ask names.
const PORT: u16 = 53;
/// Where they are answered while another program sits there: the kernel leads every question to that port.
const ELSEWHERE: std::ops::RangeInclusive<u16> = 8_053..=8_068;

/// The resolver's sockets, bound before the gate is built: its rules lead questions to their port.
pub(crate) struct DnsSockets {
    listeners: Listeners,
    served: BTreeSet<IpAddr>,
    port: u16,
}

impl DnsSockets {
    /// Takes those that the service manager kept open for us (`FileDescriptorName=dns`), and binds what is missing of the
    /// router's `own` addresses. Another program on port 53 is told in `standing`, and gets no question.
    pub(crate) fn take(
        config: &Config,
        own: &[IpAddr],
        handed: Vec<HandedSocket>,
        standing: &Standings,
    ) -> Result<Self, ServeError> {
        let each = config.dns.sockets();
        let mut sockets = Self::handed(handed, each);
        let missing = missing(&sockets.served, own);
        if missing.is_empty() {
            return Ok(sockets);
        }
        let bound = match bind_dns(&missing, PORT, each) {
            Ok(bound) => bound,
            // Sockets that were handed over cannot move.
            Err(error) if !sockets.served.is_empty() => return Err(error),
            Err(error) => {
                let other = ELSEWHERE.into_iter().find_map(|port| Some((port, bind_dns(&missing, port, each).ok()?)));
                let Some((port, bound)) = other else { return Err(error) };
                let why = gapura_model::with_causes(&error);
                tracing::error!(error = %why, port, "names are answered on another port; the kernel leads visitors there");
                standing.answers_elsewhere(port, format!("names are answered on port {port}: {why}"));
                sockets.port = port;
                bound
            }
        };
        sockets.listeners.udp.extend(bound.udp);
        sockets.listeners.tcp.extend(bound.tcp);
        sockets.served.extend(missing);
        Ok(sockets)
    }

    /// The port they are bound to.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// For each address, or for all of them. Where the unit lets them be shared (`ReusePort=yes`), further ones are opened
    /// beside them.
    fn handed(handed: Vec<HandedSocket>, each: usize) -> Self {
        let mut sockets = Self { listeners: Listeners::default(), served: BTreeSet::new(), port: PORT };
        for socket in handed {
            match socket {
                HandedSocket::Udp(socket) => {
                    sockets.served.extend(socket.local_addr().map(|address| address.ip()));
                    sockets.listeners.udp.push(socket);
                }
                HandedSocket::Tcp(listener) => sockets.listeners.tcp.push(listener),
                HandedSocket::Unix(_) => {}
            }
        }
        if let Err(error) = sockets.listeners.widen(each) {
            // Theirs belong to root, and the kernel lets nobody else in: the unit itself can open more.
            let sockets = sockets.listeners.udp.len();
            tracing::debug!(%error, sockets, "only the sockets handed over answer names");
        }
        sockets
    }
}

/// Addresses without a socket, that can have one.
fn missing(served: &BTreeSet<IpAddr>, addresses: &[IpAddr]) -> Vec<IpAddr> {
    // Link-local addresses cannot be bound without their interface, and the kernel's redirection does not choose them.
    let usable = |address: &&IpAddr| match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(v6) => !v6.is_unicast_link_local(),
    };
    let is_served = |address: &IpAddr| served.contains(address) || served.contains(&every(address));
    addresses.iter().filter(usable).filter(|address| !is_served(address)).copied().collect()
}

fn bind_dns(addresses: &[IpAddr], port: u16, each: usize) -> Result<Listeners, ServeError> {
    let sockets: Vec<SocketAddr> = addresses.iter().map(|address| SocketAddr::new(*address, port)).collect();
    let first = sockets.first().copied().unwrap_or_else(|| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port));
    Listeners::bind(&sockets, each).map_err(|error| ServeError::Bind(first, error))
}

/// The resolver, on each address of the gateway in a visitor network: an answer must come from the address that was asked.
/// One for all of them, with one cache.
pub(crate) struct Dns {
    resolver: Resolver,
    /// Zones with servers of their own that this router's configuration states.
    own_zones: Vec<Forward>,
    runtime: tokio::runtime::Handle,
    served: Mutex<BTreeSet<IpAddr>>,
    port: u16,
    /// UDP sockets for each address.
    each: usize,
}

impl Dns {
    /// Answers on `sockets`.
    pub(crate) fn start(
        config: &Config,
        sockets: DnsSockets,
        names: Arc<dyn Names>,
        filter: Arc<dyn Filter>,
        clock: Arc<dyn Clock>,
        tasks: &Tasks,
    ) -> Result<Self, ServeError> {
        let settings = forwarding::settings(config).ok_or(ServeError::NoUpstream)?;
        let now = Arc::new(move || clock.now().up);
        let resolver = Resolver::start(&settings, sockets.listeners, names, Some(filter), now, tasks)?;
        Ok(Self {
            resolver,
            own_zones: settings.forwards,
            runtime: tokio::runtime::Handle::current(),
            served: Mutex::new(sockets.served),
            port: sockets.port,
            each: config.dns.sockets(),
        })
    }

    /// What it counts.
    pub(crate) fn counters(&self) -> Arc<gapura_dns::Counters> {
        self.resolver.counters()
    }

    /// Serves addresses that are not served yet. One that is gone keeps its sockets: nothing reaches them.
    pub(crate) fn serve(&self, addresses: &[IpAddr]) -> Result<(), ServeError> {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = missing(&served, addresses);
        if fresh.is_empty() {
            return Ok(());
        }
        let _inside = self.runtime.enter();
        self.resolver.listen_also(bind_dns(&fresh, self.port, self.each)?)?;
        served.extend(fresh);
        Ok(())
    }

    /// Asks these servers for zones of the bundle, beside the zones of this router's own configuration, which come first.
    pub(crate) fn set_forwards(&self, of_bundle: Vec<Forward>) -> Result<(), ServeError> {
        let mut forwards = self.own_zones.clone();
        for forward in of_bundle {
            if !forwards.iter().any(|own| own.zone == forward.zone) {
                forwards.push(forward);
            }
        }
        Ok(self.resolver.set_forwards(&forwards)?)
    }
}

/// What a socket for every address of this one's family is bound to.
fn every(address: &IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
