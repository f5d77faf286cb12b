//! The portal as the gateway starts it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::doorman::Doorman;
use crate::dress::Dress;
use crate::pace::Pace;
use crate::token::Tokens;
use crate::{Certificate, Gate, Limits, Look, LookError, Origin, listener};

/// How the portal is reached and what it takes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the portal lives.
    pub origin: Origin,
    /// Account passwords are taken over plain HTTP as well.
    pub passwords_over_http: bool,
    /// Limits.
    pub limits: Limits,
}

/// Sockets to serve on.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Plain HTTP: port 80, or where the kernel redirects it.
    pub plain: Vec<std::net::TcpListener>,
    /// HTTPS, with its certificate; needed where the origin is [`Origin::Tls`].
    pub tls: Vec<std::net::TcpListener>,
    /// The certificate of `tls`.
    pub certificate: Option<Arc<Certificate>>,
}

/// The portal could not start.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// The look has mistakes.
    #[error(transparent)]
    Look(#[from] LookError),
    /// The system gives no random bytes.
    #[error("the system gave no random bytes for the form key: {0}")]
    Random(getrandom::Error),
    /// HTTPS sockets without a certificate.
    #[error("the portal has HTTPS sockets and no certificate: give it one, or serve plain HTTP only")]
    NoCertificate,
    /// The TLS library refuses its configuration.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// A socket cannot be used.
    #[error("a listening socket cannot be used: {0}")]
    Socket(#[from] std::io::Error),
}

/// What the portal counted since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections open now.
    pub connections: usize,
    /// Connections turned away because of [`Limits::connections`] or [`Limits::connections_per_peer`].
    pub turned_away: u64,
    /// Captive redirects, those to the block page among them.
    pub redirects: u64,
    /// Requests for blocked names that were led to the block page.
    pub blocked: u64,
    /// Pages and API answers.
    pub pages: u64,
}

/// What a visitor sees. Cheap to clone; all clones are one portal.
pub struct Portal<G> {
    pub(crate) shared: Arc<Shared<G>>,
}

impl<G> Clone for Portal<G> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

pub(crate) struct Shared<G> {
    pub(crate) gate: Arc<G>,
    pub(crate) settings: Settings,
    pub(crate) tokens: Tokens,
    pub(crate) doorman: Arc<Doorman>,
    pub(crate) forms: Semaphore,
    pub(crate) appeals: Pace,
    pub(crate) requests: Pace,
    pub(crate) look_ups: Pace,
    pub(crate) redirects: AtomicU64,
    pub(crate) blocked: AtomicU64,
    pub(crate) pages: AtomicU64,
    dress: RwLock<Arc<Dress>>,
}

impl<G> Shared<G> {
    /// Counts a redirect: to the page that says why something is blocked, or to the portal.
    pub(crate) fn count_redirect(&self, blocked: bool) {
        self.redirects.fetch_add(1, Ordering::Relaxed);
        self.blocked.fetch_add(u64::from(blocked), Ordering::Relaxed);
    }

    pub(crate) fn dress(&self) -> Arc<Dress> {
        Arc::clone(&self.dress.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<G: Gate> Portal<G> {
    /// A portal over `gate` that wears `look`.
    pub fn new(gate: Arc<G>, look: Look, settings: Settings) -> Result<Self, PortalError> {
        let shared = Shared {
            gate,
            tokens: Tokens::new().map_err(PortalError::Random)?,
            doorman: Arc::new(Doorman::new(&settings.limits)),
            forms: Semaphore::new(settings.limits.forms_in_flight.max(1)),
            appeals: Pace::new(settings.limits.appeals),
            requests: Pace::new(settings.limits.requests),
            look_ups: Pace::new(settings.limits.look_ups),
            redirects: AtomicU64::new(0),
            blocked: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            dress: RwLock::new(Arc::new(Dress::new(look)?)),
            settings,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Changes names, texts and colours while running; after a mistake the old ones stay.
    pub fn dress(&self, look: Look) -> Result<(), LookError> {
        let dress = Arc::new(Dress::new(look)?);
        *self.shared.dress.write().unwrap_or_else(PoisonError::into_inner) = dress;
        Ok(())
    }

    /// Serves until `stop`; then accepts no more, lets running requests finish for up to two seconds, and returns.
    pub async fn serve(&self, listeners: Listeners, stop: CancellationToken) -> Result<(), PortalError> {
        listener::serve(&self.shared, listeners, stop).await
    }

    /// What was counted since the start.
    pub fn counts(&self) -> Counts {
        Counts {
            connections: self.shared.doorman.inside(),
            turned_away: self.shared.doorman.turned_away(),
            redirects: self.shared.redirects.load(Ordering::Relaxed),
            blocked: self.shared.blocked.load(Ordering::Relaxed),
            pages: self.shared.pages.load(Ordering::Relaxed),
        }
    }
}

/// A listening socket as the portal likes it: an IPv6 one takes no IPv4 connections, the address may be one that is not
/// there yet only if the caller asks the kernel for that elsewhere.
pub fn bind(address: SocketAddr, limits: &Limits) -> std::io::Result<std::net::TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(limits.backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
