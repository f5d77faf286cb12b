//! The resolver as the gateway holds it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use gapura_model::Name;
use gapura_runtime::Tasks;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::cache::Cache;
use crate::config::{Config, ConfigError, of_forwards, of_upstreams};
use crate::counters::{Counters, Figures};
use crate::desk::Desk;
use crate::filter::Filter;
use crate::hooks::{Clock, Names};
use crate::listeners::Listeners;
use crate::server::{Forward, Upstream};
use crate::upstream::{AuthoritiesError, Means, Upstreams};
use crate::waiting::Waiting;
use crate::{tcp, udp};

/// A running resolver. It ends with the [`Tasks`] it was started on; questions under way when those are asked to stop still get
/// their answers, within [`crate::Patience::answer`].
#[derive(Clone)]
pub struct Resolver {
    desk: Arc<Desk>,
    stated: Arc<Mutex<Stated>>,
}

/// Who is asked and where we listen; changed together, so that neither becomes the other.
#[derive(Clone, Default)]
struct Stated {
    upstreams: Vec<Upstream>,
    forwards: Vec<Forward>,
    local: Vec<SocketAddr>,
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
    /// An encrypted upstream could not be known by its name.
    #[error("an encrypted upstream cannot be used")]
    Authorities(#[from] AuthoritiesError),
    /// No socket at all.
    #[error("no socket was given to listen on")]
    NoListener,
    /// A socket could not be taken over.
    #[error("a listening socket could not be used: {0}")]
    Socket(#[from] io::Error),
}

impl Resolver {
    /// Serves `listeners` inside the current Tokio runtime, every answer judged by `filter`; without one it forwards plainly. The sockets are served by vital
    /// threads (UDP) and tasks (TCP): without port 53 no visitor
    /// gets anywhere, and the process had better start again.
    pub fn start(
        config: &Config,
        listeners: Listeners,
        names: Arc<dyn Names>,
        filter: Option<Arc<dyn Filter>>,
        clock: Clock,
        tasks: &Tasks,
    ) -> Result<Self, StartError> {
        accept(config.mistakes())?;
        let (upstreams, forwards) = (config.upstreams.clone(), config.forwards.clone());
        let stated = Stated { upstreams, forwards, local: addresses(&listeners)? };
        stated.refuse_loops()?;
        let means = Means {
            patience: config.patience,
            memory: config.memory,
            authorities: config.authorities.clone(),
            tasks: tasks.clone(),
        };
        let upstreams = Upstreams::new(&config.upstreams, &config.forwards, means)?;
        let limits = config.limits;
        let desk = Arc::new(Desk {
            limits,
            patience: config.patience,
            memory: config.memory,
            names,
            filter,
            clock,
            counters: Arc::default(),
            cache: Mutex::new(Cache::new(config.memory)),
            flights: Arc::default(),
            waiting: Waiting::for_queries(&limits),
            connections: Waiting::for_connections(&limits),
            questions: Arc::new(Semaphore::new(usize::try_from(limits.questions).unwrap_or(1))),
            upstreams: RwLock::new(Arc::new(upstreams)),
            tasks: tasks.clone(),
        });
        let resolver = Self { desk, stated: Arc::new(Mutex::new(stated)) };
        resolver.take_over(listeners)?;
        Ok(resolver)
    }

    /// Serves further sockets inside the current Tokio runtime, out of the same cache, with the same limits and counters.
    ///
    /// # Errors
    /// [`StartError`]; what was served before is served on.
    pub fn listen_also(&self, listeners: Listeners) -> Result<(), StartError> {
        let mut stated = self.stated();
        let mut next = stated.clone();
        next.local.extend(addresses(&listeners)?);
        next.refuse_loops()?;
        self.take_over(listeners)?;
        *stated = next;
        Ok(())
    }

    /// Takes over every socket before the first of them is served: all or nothing.
    fn take_over(&self, listeners: Listeners) -> Result<(), StartError> {
        let mut datagrams = Vec::new();
        for socket in listeners.udp {
            udp::prepare(&socket)?;
            datagrams.push(Arc::new(socket));
        }
        let mut connections = Vec::new();
        for listener in listeners.tcp {
            listener.set_nonblocking(true)?;
            connections.push(tokio::net::TcpListener::from_std(listener)?);
        }
        let tasks = &self.desk.tasks;
        for socket in datagrams {
            let (desk, runtime) = (Arc::clone(&self.desk), Handle::current());
            tasks.vital_thread("dns udp", move |stop| udp::serve(&desk, &socket, &runtime, &stop))?;
        }
        for listener in connections {
            tasks.spawn_vital("dns tcp", tcp::serve(Arc::clone(&self.desk), listener));
        }
        Ok(())
    }

    /// Forwards to other servers from now on (a new uplink); what is under way is still asked of the old ones. The cache stays:
    /// call [`Resolver::flush`] where the new ones see other names.
    pub fn set_upstreams(&self, upstreams: impl IntoIterator<Item = impl Into<Upstream>>) -> Result<(), StartError> {
        let upstreams: Vec<Upstream> = upstreams.into_iter().map(Into::into).collect();
        accept(of_upstreams(&upstreams))?;
        let mut stated = self.stated();
        let next = Stated { upstreams, ..stated.clone() };
        next.refuse_loops()?;
        self.replace(|now| now.with_upstreams(&next.upstreams))?;
        *stated = next;
        Ok(())
    }

    /// Asks other servers for these zones from now on, in place of all zones stated before; connections to servers that stay
    /// are kept. Where anything changes the cache is emptied: other servers see other names.
    pub fn set_forwards(&self, forwards: &[Forward]) -> Result<(), StartError> {
        accept(of_forwards(forwards))?;
        let mut stated = self.stated();
        let next = Stated { forwards: forwards.to_vec(), ..stated.clone() };
        next.refuse_loops()?;
        if self.desk.upstreams.read().unwrap_or_else(PoisonError::into_inner).has_forwards(forwards) {
            return Ok(());
        }
        self.replace(|now| now.with_forwards(forwards))?;
        *stated = next;
        self.flush();
        Ok(())
    }

    fn stated(&self) -> MutexGuard<'_, Stated> {
        self.stated.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, other: impl FnOnce(&Upstreams) -> Result<Upstreams, AuthoritiesError>) -> Result<(), StartError> {
        let mut upstreams = self.desk.upstreams.write().unwrap_or_else(PoisonError::into_inner);
        *upstreams = Arc::new(other(&upstreams)?);
        Ok(())
    }

    /// Whether a zone with servers of its own holds this name: they are the operator's, and may answer with private addresses.
    pub fn is_forwarded(&self, name: &Name) -> bool {
        self.desk.upstreams.read().unwrap_or_else(PoisonError::into_inner).is_forwarded(name)
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

/// Where the sockets listen.
fn addresses(listeners: &Listeners) -> Result<Vec<SocketAddr>, StartError> {
    let (udp, tcp) = (&listeners.udp, &listeners.tcp);
    let local: Vec<_> = (udp.iter().map(std::net::UdpSocket::local_addr))
        .chain(tcp.iter().map(std::net::TcpListener::local_addr))
        .collect::<io::Result<_>>()?;
    if local.is_empty() { Err(StartError::NoListener) } else { Ok(local) }
}

impl Stated {
    /// An upstream that is one of our own sockets would be asked by itself for ever. (A longer circle ends at the second
    /// visit: the question is under way already and is only joined.)
    fn refuse_loops(&self) -> Result<(), StartError> {
        let reaches = |upstream: &SocketAddr, own: &SocketAddr| {
            let (asked, listening): (IpAddr, IpAddr) = (upstream.ip().to_canonical(), own.ip().to_canonical());
            upstream.port() == own.port() && (asked == listening || listening.is_unspecified() && asked.is_loopback())
        };
        let of_zones = self.forwards.iter().flat_map(|forward| &forward.servers);
        let mut asked = self.upstreams.iter().chain(of_zones).flat_map(Upstream::addresses);
        match asked.find(|upstream| self.local.iter().any(|own| reaches(upstream, own))) {
            Some(upstream) => Err(StartError::Loop(*upstream)),
            None => Ok(()),
        }
    }
}

fn accept(mistakes: Vec<ConfigError>) -> Result<(), StartError> {
    if mistakes.is_empty() { Ok(()) } else { Err(StartError::Config(mistakes)) }
}
