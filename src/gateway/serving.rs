//! The sockets visitors reach: portal and resolver.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use captive_portal::{Certificate, Listeners as PortalListeners, Look, Origin, Portal, Settings, bind};
use gapura_dns::{Config as DnsConfig, Listeners, Names, Resolver};
use gapura_runtime::{Clock, HandOver, HandedSocket, Tasks};

use crate::config::Config;
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

/// The resolver, on each address of the gateway in a visitor network: an answer must come from the address that was asked.
pub(crate) struct Dns {
    config: DnsConfig,
    names: Arc<dyn Names>,
    clock: Arc<dyn Clock>,
    tasks: Tasks,
    runtime: tokio::runtime::Handle,
    served: Mutex<BTreeSet<IpAddr>>,
    resolvers: Mutex<Vec<Resolver>>,
}

impl Dns {
    pub(crate) fn new(
        config: &Config,
        names: Arc<dyn Names>,
        clock: Arc<dyn Clock>,
        tasks: &Tasks,
    ) -> Result<Self, ServeError> {
        let mut upstreams: Vec<SocketAddr> = config.dns.upstreams.iter().map(|upstream| upstream.0).collect();
        if upstreams.is_empty() {
            upstreams = system_resolvers();
        }
        if upstreams.is_empty() {
            return Err(ServeError::NoUpstream);
        }
        let mut settings = DnsConfig::forwarding_to(upstreams);
        config.limits.bound(&mut settings);
        Ok(Self {
            config: settings,
            names,
            clock,
            tasks: tasks.clone(),
            runtime: tokio::runtime::Handle::current(),
            served: Mutex::default(),
            resolvers: Mutex::default(),
        })
    }

    /// Serves on sockets that the service manager kept open for us (`FileDescriptorName=dns`), one for each address.
    pub(crate) fn serve_handed(&self, handed: Vec<HandedSocket>) -> Result<(), ServeError> {
        let mut listeners = Listeners::default();
        let mut addresses = BTreeSet::new();
        for socket in handed {
            match socket {
                HandedSocket::Udp(socket) => {
                    addresses.extend(socket.local_addr().map(|address| address.ip()));
                    listeners.udp.push(socket);
                }
                HandedSocket::Tcp(listener) => listeners.tcp.push(listener),
                HandedSocket::Unix(_) => {}
            }
        }
        if addresses.is_empty() {
            return Ok(());
        }
        self.start(listeners)?;
        self.served.lock().unwrap_or_else(PoisonError::into_inner).extend(addresses);
        Ok(())
    }

    /// Serves addresses that are not served yet. One that is gone keeps its sockets: nothing reaches them.
    pub(crate) fn serve(&self, addresses: &[IpAddr]) -> Result<(), ServeError> {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        // Link-local addresses cannot be bound without their interface, and the kernel's redirection does not choose them.
        let usable = |address: &&IpAddr| match address {
            IpAddr::V4(_) => true,
            IpAddr::V6(v6) => !v6.is_unicast_link_local(),
        };
        let fresh: Vec<IpAddr> =
            addresses.iter().filter(usable).filter(|address| !served.contains(address)).copied().collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let sockets: Vec<SocketAddr> = fresh.iter().map(|address| SocketAddr::new(*address, 53)).collect();
        let first = sockets.first().copied().unwrap_or_else(|| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 53));
        let listeners = Listeners::bind(&sockets, 1).map_err(|error| ServeError::Bind(first, error))?;
        self.start(listeners)?;
        served.extend(fresh);
        Ok(())
    }

    fn start(&self, listeners: Listeners) -> Result<(), ServeError> {
        let clock = self.clock.clone();
        let _inside = self.runtime.enter();
        let now = Arc::new(move || clock.now().up);
        let resolver = Resolver::start(&self.config, listeners, self.names.clone(), now, &self.tasks)?;
        self.resolvers.lock().unwrap_or_else(PoisonError::into_inner).push(resolver);
        Ok(())
    }
}

/// The resolvers this machine uses, loopback ones aside (they might be ourselves).
fn system_resolvers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let addresses =
        text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse::<IpAddr>().ok());
    addresses.filter(|address| !address.is_loopback()).map(|address| SocketAddr::new(address, 53)).collect()
}
