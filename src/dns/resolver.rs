//! The resolver as the gateway holds it.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use gapura_runtime::Tasks;
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::cache::Cache;
use crate::config::{Config, ConfigError};
use crate::counters::{Counters, Figures};
use crate::desk::Desk;
use crate::hooks::{Clock, Names};
use crate::listeners::Listeners;
use crate::upstream::Upstreams;
use crate::waiting::Waiting;
use crate::{tcp, udp};

/// Receive buffer asked of the kernel for each UDP socket, octets: a burst of a site's devices waking up at once.
const RECEIVE_BUFFER: usize = 1 << 20;

/// A running resolver. It ends with the [`Tasks`] it was started on; questions under way when those are asked to stop still get
/// their answers, within [`crate::Patience::answer`].
#[derive(Clone)]
pub struct Resolver {
    desk: Arc<Desk>,
    local: Arc<[SocketAddr]>,
}

/// The resolver cannot start, or cannot take new settings.
#[derive(Debug, Error)]
pub enum StartError {
    /// Settings that cannot work, all of them.
    #[error("the resolver's settings cannot work: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Config(Vec<ConfigError>),
    /// An upstream is the resolver itself.
    #[error("upstream {0} is this resolver itself; name another DNS server")]
    Loop(SocketAddr),
    /// No socket at all.
    #[error("no socket was given to listen on")]
    NoListener,
    /// A socket could not be taken over.
    #[error("a listening socket could not be used: {0}")]
    Socket(#[from] io::Error),
}

impl Resolver {
    /// Serves `listeners` inside the current Tokio runtime. The loops of the sockets are vital tasks: without port 53 no visitor
    /// gets anywhere, and the process had better start again.
    pub fn start(
        config: &Config,
        listeners: Listeners,
        names: Arc<dyn Names>,
        clock: Clock,
        tasks: &Tasks,
    ) -> Result<Self, StartError> {
        let mistakes = config.mistakes();
        if !mistakes.is_empty() {
            return Err(StartError::Config(mistakes));
        }
        if listeners.udp.is_empty() && listeners.tcp.is_empty() {
            return Err(StartError::NoListener);
        }
        let local: Result<Arc<[_]>, _> = (listeners.udp.iter().map(UdpSocket::local_addr))
            .chain(listeners.tcp.iter().map(TcpListener::local_addr))
            .collect();
        let local = local?;
        refuse_loops(&config.upstreams, &local)?;
        let limits = config.limits;
        let desk = Arc::new(Desk {
            limits,
            patience: config.patience,
            memory: config.memory,
            names,
            clock,
            counters: Arc::default(),
            cache: Mutex::new(Cache::new(config.memory)),
            flights: Arc::default(),
            waiting: Waiting::for_queries(&limits),
            connections: Waiting::for_connections(&limits),
            questions: Arc::new(Semaphore::new(usize::try_from(limits.questions).unwrap_or(1))),
            upstreams: RwLock::new(Arc::new(Upstreams::new(config))),
            tasks: tasks.clone(),
        });
        // Take over every socket before the first task runs: all or nothing.
        let mut datagrams = Vec::new();
        for socket in listeners.udp {
            if let Err(error) = socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER) {
                tracing::debug!(%error, "the receive buffer stays at its default");
            }
            socket.set_nonblocking(true)?;
            datagrams.push(tokio::net::UdpSocket::from_std(socket)?);
        }
        let mut connections = Vec::new();
        for listener in listeners.tcp {
            listener.set_nonblocking(true)?;
            connections.push(tokio::net::TcpListener::from_std(listener)?);
        }
        for socket in datagrams {
            tasks.spawn_vital("dns udp", udp::serve(Arc::clone(&desk), Arc::new(socket)));
        }
        for listener in connections {
            tasks.spawn_vital("dns tcp", tcp::serve(Arc::clone(&desk), listener));
        }
        Ok(Self { desk, local })
    }

    /// Forwards to other servers from now on (a new uplink); what is under way is still asked of the old ones. The cache stays:
    /// call [`Resolver::flush`] where the new ones see other names.
    pub fn set_upstreams(&self, upstreams: Vec<SocketAddr>) -> Result<(), StartError> {
        let config =
            Config { patience: self.desk.patience, memory: self.desk.memory, ..Config::forwarding_to(upstreams) };
        let mistakes = config.mistakes();
        if !mistakes.is_empty() {
            return Err(StartError::Config(mistakes));
        }
        refuse_loops(&config.upstreams, &self.local)?;
        *self.desk.upstreams.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Upstreams::new(&config));
        Ok(())
    }

    /// Empties the cache.
    pub fn flush(&self) {
        self.desk.cache().clear();
    }

    /// The counters, now.
    pub fn figures(&self) -> Figures {
        self.desk.counters.read()
    }

    /// The counters themselves, to be read at any time.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.desk.counters)
    }

    /// Entries and octets in the cache.
    pub fn cache_size(&self) -> (usize, usize) {
        self.desk.cache().size()
    }

    /// Upstreams that answer, of how many.
    pub fn upstreams_well(&self) -> (usize, usize) {
        let upstreams = Arc::clone(&self.desk.upstreams.read().unwrap_or_else(PoisonError::into_inner));
        upstreams.well((self.desk.clock)())
    }
}

/// An upstream that is one of our own sockets would be asked by itself for ever. (A longer circle ends at the second visit:
/// the question is under way already and is only joined.)
fn refuse_loops(upstreams: &[SocketAddr], local: &[SocketAddr]) -> Result<(), StartError> {
    let reaches = |upstream: &SocketAddr, own: &SocketAddr| {
        let (asked, listening): (IpAddr, IpAddr) = (upstream.ip().to_canonical(), own.ip().to_canonical());
        upstream.port() == own.port() && (asked == listening || listening.is_unspecified() && asked.is_loopback())
    };
    match upstreams.iter().find(|upstream| local.iter().any(|own| reaches(upstream, own))) {
        Some(upstream) => Err(StartError::Loop(*upstream)),
        None => Ok(()),
    }
}
