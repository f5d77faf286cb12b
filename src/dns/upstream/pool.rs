//! The encrypted connections to one server: opened when needed, shared by all questions, few at once.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gapura_runtime::Tasks;
use http::Uri;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::framed::{Framed, Times};
use super::http::Http;
use super::line::{Line, PIPELINE};
use super::miss::Miss;
use super::question::Question;
use crate::config::Patience;
use crate::counters::Counters;

/// Connections to one server at once.
const MOST_LINES: usize = 4;
/// After a connection could not be had, nobody tries again for this long: a broken server is not hammered.
const PAUSE: Duration = Duration::from_millis(500);

/// One server's connections.
pub(crate) struct Pool {
    peer: Arc<Peer>,
    patience: Patience,
    tasks: Tasks,
    lines: Arc<Mutex<Lines>>,
}

/// Whom to connect to, and how to know it.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) name: ServerName<'static>,
    pub(crate) tls: Arc<ClientConfig>,
    /// Where questions are posted; none: DNS over TLS.
    pub(crate) uri: Option<Uri>,
}

#[derive(Default)]
struct Lines {
    open: Vec<Line>,
    /// One at a time; what became of it is there for [`PAUSE`] longer where it failed.
    opening: Option<watch::Receiver<Option<Miss>>>,
}

/// What a question may do now.
enum Choice {
    Ask(Line),
    /// A connection is being opened, or could not be just now.
    Await(watch::Receiver<Option<Miss>>),
    Busy,
}

impl Pool {
    pub(crate) fn new(peer: Peer, patience: Patience, tasks: Tasks) -> Self {
        Self { peer: Arc::new(peer), patience, tasks, lines: Arc::default() }
    }

    /// Asks over an open connection, or over a new one. One that turns out to have ended meanwhile is no failure of the
    /// server: the question goes over a new one.
    pub(crate) async fn ask(&self, question: &Question, counters: &Arc<Counters>) -> Result<Vec<u8>, Miss> {
        // Once over each connection there may be, and once over a new one.
        let mut last = Miss::Busy;
        for _ in 0..=MOST_LINES {
            let line = match self.choose(counters) {
                Choice::Ask(line) => line,
                Choice::Await(mut opening) => {
                    match opening.wait_for(Option::is_some).await.map(|outcome| outcome.clone()) {
                        Ok(Some(miss)) => return Err(miss),
                        // Open now, or the opener was stopped: look again.
                        Ok(None) | Err(_) => continue,
                    }
                }
                Choice::Busy => return Err(Miss::Busy),
            };
            match line.ask(question, self.patience.next_upstream / 2).await {
                Err(miss) if miss.is_stale() => {
                    // It took the question and ended without ever having answered one: no better than no connection.
                    if line.pulse().is_barren() {
                        self.pause(&miss);
                        return Err(miss);
                    }
                    last = miss;
                }
                other => return other,
            }
        }
        Err(last)
    }

    /// Opens nothing for a while.
    fn pause(&self, miss: &Miss) {
        let mut lines = self.lines();
        if lines.opening.is_some() {
            return;
        }
        let (_, outcome) = watch::channel(Some(miss.clone()));
        lines.opening = Some(outcome);
        drop(lines);
        self.tasks.spawn("dns upstream: pausing", end_of_pause(Arc::clone(&self.lines), self.tasks.clone()));
    }

    /// The least busy connection that says something; where there is none another is opened, as long as there may be more.
    fn choose(&self, counters: &Arc<Counters>) -> Choice {
        let mut lines = self.lines();
        lines.open.retain(|line| !line.pulse().is_closed());
        let with_room = |line: &&Line| line.pulse().waiting() < PIPELINE;
        let best = |silent: bool| {
            let fitting = lines.open.iter().filter(with_room).filter(|line| silent || !line.pulse().is_silent());
            fitting.min_by_key(|line| line.pulse().waiting()).cloned()
        };
        if let Some(line) = best(false) {
            return Choice::Ask(line);
        }
        if let Some(opening) = &lines.opening {
            return Choice::Await(opening.clone());
        }
        if lines.open.len() >= MOST_LINES {
            return best(true).map_or(Choice::Busy, Choice::Ask);
        }
        let (sender, opening) = watch::channel(None);
        lines.opening = Some(opening.clone());
        drop(lines);
        let opener = Opener {
            peer: Arc::clone(&self.peer),
            patience: self.patience,
            tasks: self.tasks.clone(),
            lines: Arc::clone(&self.lines),
            counters: Arc::clone(counters),
        };
        // A task of its own: whoever asked may give up waiting, and the connection is there for the next.
        self.tasks.spawn("dns upstream: connecting", opener.open(sender));
        Choice::Await(opening)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens one connection.
struct Opener {
    peer: Arc<Peer>,
    patience: Patience,
    tasks: Tasks,
    lines: Arc<Mutex<Lines>>,
    counters: Arc<Counters>,
}

impl Opener {
    async fn open(self, outcome: watch::Sender<Option<Miss>>) {
        self.counters.upstream_connections.one();
        let opened = timeout(self.patience.answer, self.connect()).await.unwrap_or(Err(Miss::Late));
        match opened {
            Ok(line) => {
                let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
                lines.open.push(line);
                lines.opening = None;
            }
            Err(miss) => {
                outcome.send_replace(Some(miss));
                end_of_pause(self.lines, self.tasks).await;
            }
        }
    }

    async fn connect(&self) -> Result<Line, Miss> {
        let peer = &self.peer;
        let stream = TcpStream::connect(peer.address).await?;
        stream.set_nodelay(true)?;
        let connector = TlsConnector::from(Arc::clone(&peer.tls));
        let stream = connector.connect(peer.name.clone(), stream).await.map_err(Miss::of_handshake)?;
        let times = Times { stall: self.patience.answer, idle: self.patience.upstream_idle };
        let stop = self.tasks.stopping().clone();
        match &peer.uri {
            None => {
                let (line, work) = Framed::new(stream, times, Arc::clone(&self.counters), stop);
                self.tasks.spawn("dns upstream", work);
                Ok(Line::Framed(line))
            }
            Some(uri) => {
                if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                    return Err(Miss::NoHttp2);
                }
                let (line, work) = Http::new(stream, uri.clone(), times, stop).await?;
                self.tasks.spawn("dns upstream", work);
                Ok(Line::Http(line))
            }
        }
    }
}

async fn end_of_pause(lines: Arc<Mutex<Lines>>, tasks: Tasks) {
    tokio::select! {
        () = tasks.stopping().cancelled() => {}
        () = sleep(PAUSE) => {}
    }
    lines.lock().unwrap_or_else(PoisonError::into_inner).opening = None;
}
