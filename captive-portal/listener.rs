//! The accept loops: places, deadlines, the captive redirect, and HTTP/1.1 for whoever wants a page.

use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use gapura_model::Name;
use http::StatusCode;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::captive::{self, Opening};
use crate::doorman::Place;
use crate::portal::{Listeners, PortalError, Shared};
use crate::routes::{self, Conn};
use crate::{Certificate, Gate, Peer};

/// Running requests may take this long after `stop`.
const GRACE: Duration = Duration::from_secs(2);
/// After an accept that failed (no file descriptors left) the loop waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What a probe's head fits into.
const FIRST_READ: usize = 2048;
/// At most this much of a body nobody wants is read away, so that the answer before it arrives.
const LINGER_BYTES: usize = 256 * 1024;
/// And for this long.
const LINGER: Duration = Duration::from_secs(1);

pub(crate) async fn serve<G: Gate>(
    shared: &Arc<Shared<G>>,
    listeners: Listeners,
    stop: CancellationToken,
) -> Result<(), PortalError> {
    let Listeners { plain, tls, certificate } = listeners;
    let acceptor = match &certificate {
        Some(certificate) => Some(TlsAcceptor::from(certificate.server_config()?)),
        None if tls.is_empty() => None,
        None => return Err(PortalError::NoCertificate),
    };
    let into_tokio = |listener: std::net::TcpListener| {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    };
    let plain = plain.into_iter().map(into_tokio).collect::<Result<Vec<_>, _>>()?;
    let tls = tls.into_iter().map(into_tokio).collect::<Result<Vec<_>, _>>()?;
    let house = TaskTracker::new();
    for (listener, acceptor) in plain
        .into_iter()
        .map(|listener| (listener, None))
        .chain(tls.into_iter().map(|listener| (listener, acceptor.clone())))
    {
        house.spawn(accept(Arc::clone(shared), listener, acceptor, house.clone(), stop.clone()));
    }
    if let Some(certificate) = certificate {
        house.spawn(watch(certificate, shared.settings.limits.certificate_check, stop.clone()));
    }
    house.close();
    stop.cancelled().await;
    // What is still running then is dropped with the runtime; its deadlines are bounded anyway.
    let _ = timeout(GRACE, house.wait()).await;
    Ok(())
}

async fn watch(certificate: Arc<Certificate>, every: Duration, stop: CancellationToken) {
    let mut said = None;
    while timeout(every, stop.cancelled()).await.is_err() {
        let wrong = match certificate.reload() {
            Ok(changed) => {
                if changed {
                    tracing::info!("the portal's certificate changed and is in use");
                }
                None
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(error) = wrong.as_ref().filter(|_| wrong != said) {
            tracing::error!(%error, "the portal keeps its old certificate");
        }
        said = wrong;
    }
}

async fn accept<G: Gate>(
    shared: Arc<Shared<G>>,
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    house: TaskTracker,
    stop: CancellationToken,
) {
    let mut stopped = pin!(stop.cancelled());
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stopped => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => receive(&shared, stream, remote, acceptor.as_ref(), &house, &stop),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Answers at once what can be answered at once, gives everything else a place and a task.
fn receive<G: Gate>(
    shared: &Arc<Shared<G>>,
    stream: TcpStream,
    remote: SocketAddr,
    acceptor: Option<&TlsAcceptor>,
    house: &TaskTracker,
    stop: &CancellationToken,
) {
    let Ok(local) = stream.local_addr() else { return };
    let peer = Peer { remote: canonical(remote), local: canonical(local) };
    let head = match acceptor {
        None => match answer_at_once(shared, &stream, peer) {
            Some(head) => head,
            None => return,
        },
        Some(_) => BytesMut::new(),
    };
    let Some(place) = shared.doorman.admit(peer.remote.ip()) else {
        return turn_away(&stream, acceptor.is_some());
    };
    let visitor = Visitor { stream, peer, head, place };
    house.spawn(connection(Arc::clone(shared), visitor, acceptor.cloned(), stop.clone()));
}

/// Most captive redirects end here, without a task, a timer or a place: the request is there already when the connection is
/// accepted. Returns what was read where more than that is needed.
fn answer_at_once<G: Gate>(shared: &Shared<G>, stream: &TcpStream, peer: Peer) -> Option<BytesMut> {
    // Past tokio's bookkeeping, which knows of no bytes before it was told: the socket does not block.
    let socket = socket2::SockRef::from(stream);
    let mut first = [0; FIRST_READ];
    let Ok(read) = (&*socket).read(&mut first) else { return Some(BytesMut::new()) };
    let head = first.get(..read).unwrap_or_default();
    if head.is_empty() {
        return None;
    }
    let blocks = |name: &Name| shared.gate.blocks(peer, name);
    match captive::open(head, &shared.settings.origin, &shared.settings.limits, peer, blocks) {
        Opening::Captive { location, blocked, head: only_head, body: false } => {
            shared.count_redirect(blocked);
            // A new connection's buffer has room for it; if not, the visitor asks again.
            let _ = socket.send(&captive::redirect(&location, only_head));
            None
        }
        Opening::Captive { body: true, .. } | Opening::Partial | Opening::Own | Opening::Bad(_) => {
            Some(BytesMut::from(head))
        }
    }
}

/// A connection that has a place.
struct Visitor {
    stream: TcpStream,
    peer: Peer,
    /// What was read already.
    head: BytesMut,
    place: Place,
}

/// IPv4 addresses never in their mapped IPv6 form.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), address.port()),
        IpAddr::V6(_) => address,
    }
}

/// Says 503 as far as that is possible without waiting.
fn turn_away(stream: &TcpStream, tls: bool) {
    if !tls {
        // Whether it arrives is the visitor's luck: there is no place to wait for it.
        let _ = socket2::SockRef::from(stream).send(&captive::short_error(StatusCode::SERVICE_UNAVAILABLE));
    }
}

async fn connection<G: Gate>(
    shared: Arc<Shared<G>>,
    visitor: Visitor,
    acceptor: Option<TlsAcceptor>,
    stop: CancellationToken,
) {
    let Visitor { stream, peer, head, place } = visitor;
    let limits = shared.settings.limits;
    let work = async {
        match acceptor {
            None => plain(&shared, stream, head, peer, place.crowded, &stop).await,
            Some(acceptor) => match timeout(limits.handshake_timeout, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => pages(&shared, stream, Conn { peer, tls: true }, &stop).await,
                Ok(Err(error)) => tracing::debug!(%error, "no TLS handshake"),
                Err(_) => tracing::debug!("no TLS handshake in time"),
            },
        }
    };
    if timeout(limits.connection_lifetime, work).await.is_err() {
        tracing::debug!("a connection reached its end of life");
    }
    drop(place);
}

/// Reads the first head; answers it at once where it is somebody else's.
async fn plain<G: Gate>(
    shared: &Arc<Shared<G>>,
    mut stream: TcpStream,
    mut head: BytesMut,
    peer: Peer,
    crowded: bool,
    stop: &CancellationToken,
) {
    let limits = &shared.settings.limits;
    let patience = if crowded { limits.head_timeout_busy } else { limits.head_timeout };
    let opening = timeout(patience, async {
        for _ in 0..limits.head_pieces.max(1) {
            let blocks = |name: &Name| shared.gate.blocks(peer, name);
            match captive::open(&head, &shared.settings.origin, limits, peer, blocks) {
                Opening::Partial => {}
                found @ (Opening::Captive { .. } | Opening::Own | Opening::Bad(_)) => return Some(found),
            }
            head.reserve(FIRST_READ);
            match stream.read_buf(&mut head).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
        Some(Opening::Bad(StatusCode::BAD_REQUEST))
    });
    let Some(opening) = stop.run_until_cancelled(opening).await else { return };
    let (reply, linger) = match opening {
        Ok(Some(Opening::Own)) => {
            let (read, write) = stream.into_split();
            let read = tokio::io::AsyncReadExt::chain(std::io::Cursor::new(head.freeze()), read);
            let stream = tokio::io::join(read, write);
            return pages(shared, stream, Conn { peer, tls: false }, stop).await;
        }
        Ok(Some(Opening::Captive { location, blocked, head, body })) => {
            shared.count_redirect(blocked);
            (captive::redirect(&location, head), body)
        }
        Ok(Some(Opening::Bad(status))) => (captive::short_error(status), true),
        Ok(None | Some(Opening::Partial)) => return,
        Err(_) if head.is_empty() => return,
        Err(_) => (captive::short_error(StatusCode::REQUEST_TIMEOUT), true),
    };
    // A reply fits the socket's buffer; a visitor that does not take it is not waited for.
    if timeout(LINGER, stream.write_all(&reply)).await.is_ok_and(|written| written.is_ok()) && linger {
        read_away(stream).await;
    }
}

/// Closing with unread bytes would reset the connection and lose the answer.
async fn read_away(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let _ = timeout(LINGER, async {
        let mut scrap = vec![0; 16 * 1024];
        let mut read = 0;
        while read < LINGER_BYTES {
            match stream.read(&mut scrap).await {
                Ok(0) | Err(_) => return,
                Ok(bytes) => read += bytes,
            }
        }
    })
    .await;
}

/// HTTP/1.1 with pages, until the visitor has enough or `stop`.
async fn pages<G: Gate>(
    shared: &Arc<Shared<G>>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    conn: Conn,
    stop: &CancellationToken,
) {
    let limits = &shared.settings.limits;
    let service = TowerToHyperService::new(routes::service(Arc::clone(shared), conn));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes.max(8192))
        .max_headers(limits.headers)
        .half_close(false);
    let mut work = pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = work.as_mut() => ended,
        () = stop.cancelled() => {
            work.as_mut().graceful_shutdown();
            work.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
