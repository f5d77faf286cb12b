//! The Internet behind the gateway: servers with public-looking addresses, on one thread inside the namespace `up`.
//!
//! HTTP (with every system's true probe answer), DNS, echo, byte source and sink, a numbered stream. They count what
//! they receive, so that "delivered" is the receiver's word.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::addr::{self, port};
use crate::{LabError, Ns};

mod bytes;
mod names;
mod web;

pub use web::UPSTREAM_PAGE;

/// Connections served at once over all services; more wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 4096;
/// No connection lives longer.
const LONGEST: Duration = Duration::from_mins(10);

/// What the servers saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// HTTP requests answered.
    pub requests: AtomicU64,
    /// TCP connections accepted.
    pub connections: AtomicU64,
    /// Payload bytes received (TCP sinks and echoes, UDP).
    pub received: AtomicU64,
    /// Payload bytes sent.
    pub sent: AtomicU64,
    /// The resolver answers nothing while this is set.
    pub resolver_silent: AtomicBool,
    questions: Mutex<BTreeMap<String, u64>>,
    peers: Mutex<BTreeMap<IpAddr, u64>>,
}

impl Seen {
    /// How often `name` was asked of the resolver.
    pub fn asked(&self, name: &str) -> u64 {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied().unwrap_or_default()
    }

    /// Connections by source address.
    pub fn peers(&self) -> BTreeMap<IpAddr, u64> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_question(&self, name: &str) {
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        if questions.len() < 10_000 || questions.contains_key(name) {
            *questions.entry(name.to_owned()).or_default() += 1;
        }
    }

    fn note_peer(&self, peer: IpAddr) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() < 100_000 || peers.contains_key(&peer) {
            *peers.entry(peer).or_default() += 1;
        }
    }
}

/// The running servers; they stop when dropped.
#[derive(Debug)]
pub struct Upstream {
    seen: Arc<Seen>,
    stop: Option<watch::Sender<bool>>,
    thread: Option<JoinHandle<()>>,
}

impl Upstream {
    /// Starts all servers on all addresses of [`addr::server`] and [`addr::DNS`]; returns when every socket listens.
    pub fn start(ns: &Ns) -> Result<Self, LabError> {
        let seen = Arc::new(Seen::default());
        let (stop, stopped) = watch::channel(false);
        let (ready, is_ready) = std::sync::mpsc::sync_channel(1);
        let (ns, shared) = (ns.handle(), Arc::clone(&seen));
        let thread = thread::Builder::new()
            .name("lab-upstream".into())
            .spawn(move || {
                let runtime = match ns.move_in().and_then(|()| runtime()) {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                runtime.block_on(async {
                    let mut services = JoinSet::new();
                    let opened = open_all(&mut services, &shared).await;
                    let good = opened.is_ok();
                    // Nobody waits any more: then nobody wants the servers either.
                    if ready.send(opened).is_ok() && good {
                        let mut stopped = stopped;
                        // An error means that the guard is gone: stop as well.
                        let _ = stopped.wait_for(|stop| *stop).await;
                    }
                });
                runtime.shutdown_background();
            })
            .map_err(LabError::io("start the upstream thread"))?;
        let servers = Self { seen, stop: Some(stop), thread: Some(thread) };
        is_ready.recv().map_err(|_| LabError::answer("upstream servers", "their thread ended"))??;
        Ok(servers)
    }

    /// What they saw so far.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the upstream servers' thread panicked");
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, LabError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LabError::io("start the async runtime"))
}

async fn open_all(services: &mut JoinSet<()>, seen: &Arc<Seen>) -> Result<(), LabError> {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    for number in 0..addr::SERVERS {
        let (v4, v6) = addr::server(number);
        for address in [IpAddr::V4(v4), IpAddr::V6(v6)] {
            let at = |port| SocketAddr::new(address, port);
            tcp(services, at(port::HTTP), seen, &places, move |stream, seen| web::serve(stream, number, seen)).await?;
            tcp(services, at(port::HTTPS), seen, &places, bytes::echo).await?;
            tcp(services, at(port::ECHO), seen, &places, bytes::echo).await?;
            tcp(services, at(port::SINK), seen, &places, bytes::sink).await?;
            tcp(services, at(port::SOURCE), seen, &places, bytes::source).await?;
            tcp(services, at(port::NUMBERED), seen, &places, bytes::numbered).await?;
            for port in [port::ECHO, port::HTTPS] {
                let socket = udp(at(port)).await?;
                services.spawn(bytes::echo_datagrams(socket, Arc::clone(seen)));
            }
        }
    }
    for address in [IpAddr::V4(addr::DNS.0), IpAddr::V6(addr::DNS.1)] {
        let at = SocketAddr::new(address, port::DNS);
        tcp(services, at, seen, &places, names::serve_tcp).await?;
        let socket = udp(at).await?;
        services.spawn(names::serve_udp(socket, Arc::clone(seen)));
    }
    Ok(())
}

async fn udp(at: SocketAddr) -> Result<UdpSocket, LabError> {
    UdpSocket::bind(at).await.map_err(LabError::io(format!("listen on udp {at} upstream")))
}

/// Listens at `at` and serves every connection with `serve`, which may end with any I/O error of its peer.
async fn tcp<F>(
    services: &mut JoinSet<()>,
    at: SocketAddr,
    seen: &Arc<Seen>,
    places: &Arc<Semaphore>,
    serve: impl Fn(TcpStream, Arc<Seen>) -> F + Send + 'static,
) -> Result<(), LabError>
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind(at).await.map_err(LabError::io(format!("listen on tcp {at} upstream")))?;
    let (seen, places) = (Arc::clone(seen), Arc::clone(places));
    services.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, peer)) = listener.accept().await else { continue };
            seen.note_peer(peer.ip());
            let served = serve(stream, Arc::clone(&seen));
            connections.spawn(async move {
                if let Ok(Err(error)) = tokio::time::timeout(LONGEST, served).await {
                    tracing::trace!(%error, "a peer went away");
                }
                drop(place);
            });
        }
    });
    Ok(())
}
