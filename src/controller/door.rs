//! The accept loop of the API and the console: bounded connections, a deadline for every step, so that slow or many clients
//! harm only themselves.

mod crowd;
mod hearing;
mod patient;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use gapura_runtime::Tasks;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

pub use self::crowd::Crowd;
use self::crowd::Held;
use self::hearing::Hearing;
pub use self::patient::Patience;
use self::patient::Patient;
use crate::fleet::fingerprint;

/// The certificate a connection showed, by its fingerprint; `None` = it showed none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown(pub(crate) Option<[u8; 32]>);

/// The address a connection came from, among its requests' extensions.
#[derive(Clone, Copy, Debug)]
pub struct From(pub SocketAddr);

/// What every connection shares.
#[derive(Clone)]
pub struct Door {
    /// TLS.
    pub tls: TlsAcceptor,
    /// What is behind it.
    pub router: Router,
    /// The process's tasks.
    pub tasks: Tasks,
    /// Connections at once.
    pub places: Arc<Semaphore>,
    /// Of them, connections that show no certificate (enrolment), which are short; `None` where nobody is to show one.
    pub strangers: Option<Arc<Semaphore>>,
    /// Of them, connections of one address; `None` where certificates say who is there.
    pub crowd: Option<Arc<Crowd>>,
    /// How slow the other end may be in taking what it asked for.
    pub patience: Patience,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("places", &self.places).finish_non_exhaustive()
    }
}

/// TLS must be done by then.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A request's header must be there by then; also how long a connection may idle between requests.
const HEADER: Duration = Duration::from_secs(20);
/// A connection without a certificate ends then, whatever it does.
const STRANGER: Duration = Duration::from_mins(1);
/// The largest header.
const HEADER_BYTES: usize = 16 * 1024;
/// A pause after an error of `accept` (out of file descriptors), so that it is not asked in a circle.
const RECOVERY: Duration = Duration::from_millis(100);

/// Takes connections until the process is asked to stop.
pub async fn accept(listener: TcpListener, door: Door) {
    let stopping = door.tasks.stopping().clone();
    loop {
        let place = tokio::select! {
            () = stopping.cancelled() => return,
            place = door.places.clone().acquire_owned() => place,
        };
        let Ok(place) = place else { return };
        let taken = tokio::select! {
            () = stopping.cancelled() => return,
            taken = listener.accept() => taken,
        };
        match taken {
            Ok((stream, peer)) => {
                let crowd = door.crowd.as_ref();
                let held = crowd.map(|crowd| crowd.let_in(peer.ip(), door.places.available_permits()));
                let Some(held) = held.map_or(Some(None), |held| held.map(Some)) else {
                    tracing::debug!(%peer, "too many connections of one address");
                    continue;
                };
                let place = (place, held);
                let door_of_task = door.clone();
                door.tasks.spawn("connection", async move { serve(stream, peer, door_of_task, place).await });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(RECOVERY).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, door: Door, _place: (OwnedSemaphorePermit, Option<Held>)) {
    let _ = stream.set_nodelay(true);
    let stream = Patient::new(stream, door.patience);
    let stream = match tokio::time::timeout(HANDSHAKE, door.tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%peer, %error, "TLS failed"),
        Err(_) => return tracing::debug!(%peer, "TLS took too long"),
    };
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).map(|leaf| fingerprint(leaf));
    let stranger = match (shown, &door.strangers) {
        (Some(_), _) | (None, None) => None,
        (None, Some(strangers)) => match strangers.clone().try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) => return tracing::debug!(%peer, "too many connections without a certificate"),
        },
    };
    let (router, tasks) = (door.router.clone(), door.tasks.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Shown(shown));
        request.extensions_mut().insert(From(peer));
        // Who asks first whether to go on does not go on after another answer.
        let asks = request.headers().contains_key(http::header::EXPECT);
        let tasks = (!asks).then(|| tasks.clone());
        router.clone().oneshot(request.map(|body| Body::new(Hearing::new(body, tasks))))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER).max_buf_size(HEADER_BYTES).keep_alive(stranger.is_none());
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let stopping = door.tasks.stopping();
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = tokio::time::sleep(STRANGER), if stranger.is_some() => return,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection broke off");
    }
}
