//! The servers asked: which ones for which zone, which one first, when another one too, and which are sick.

mod framed;
mod http;
mod line;
mod miss;
mod plain;
mod pool;
mod question;
mod route;
mod trust;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use gapura_model::Uptime;
use gapura_runtime::Tasks;
use rustls::RootCertStore;
use tokio::time::{sleep, timeout};

use crate::config::{Memory, Patience};
use crate::counters::Counters;
use crate::hooks::Clock;
use crate::message::{AD, at, put_word, word};
use crate::query::Query;
use crate::server::{Upstream, Way};
use crate::stored::Stored;
use miss::Miss;
use pool::{Peer, Pool};
use question::Question;

pub(crate) use route::Upstreams;
pub use trust::{Authorities, AuthoritiesError};

/// Failures in a row that make an upstream sick.
const SICK_AFTER: u32 = 3;
/// Questions put at least, to the same upstream where there is only one: a lost datagram is not a lost answer.
const LEAST_TRIES: usize = 3;

/// What every server needs from the house.
#[derive(Clone)]
pub(crate) struct Means {
    pub(crate) patience: Patience,
    pub(crate) memory: Memory,
    pub(crate) authorities: Authorities,
    pub(crate) tasks: Tasks,
}

/// Servers that stand in for each other, with their health.
pub(crate) struct Group {
    stated: Vec<Upstream>,
    servers: Vec<Server>,
    patience: Patience,
    memory: Memory,
}

/// One address of one upstream.
struct Server {
    address: SocketAddr,
    way: Reach,
    health: Mutex<Health>,
}

enum Reach {
    Plain,
    Encrypted(Pool),
}

#[derive(Clone, Copy, Default)]
struct Health {
    misses: u32,
    sick_until: Uptime,
}

/// Nobody gave a usable answer in time; what one of them said, for instance SERVFAIL.
pub(crate) struct NoAnswer(pub(crate) Option<Stored>);

impl Group {
    /// Every address of every server that is stated, in that order.
    pub(crate) fn new(stated: &[Upstream], means: &Means) -> Result<Self, AuthoritiesError> {
        // Read once for all of them, and only where one of them needs it.
        let mut store: Option<Arc<RootCertStore>> = None;
        let mut authorities = || match &store {
            Some(store) => Ok(Arc::clone(store)),
            None => means.authorities.load().map(|read| Arc::clone(store.insert(read))),
        };
        let mut servers = Vec::new();
        for upstream in stated {
            let encrypted = Encrypted::of(&upstream.way, &mut authorities)?;
            for &address in &upstream.addresses {
                let way = encrypted.as_ref().map_or(Reach::Plain, |encrypted| encrypted.reach(address, means));
                servers.push(Server { address, way, health: Mutex::default() });
            }
        }
        Ok(Self { stated: stated.to_vec(), servers, patience: means.patience, memory: means.memory })
    }

    pub(crate) fn is(&self, stated: &[Upstream]) -> bool {
        self.stated == stated
    }

    /// Asks one after the other, the next as soon as one fails or is slow; the first usable answer wins.
    pub(crate) async fn ask(&self, query: &Query, clock: &Clock, counters: &Arc<Counters>) -> Result<Stored, NoAnswer> {
        let plan = self.plan(clock());
        let mut said = None;
        let race = self.race(&plan, query, clock, counters, &mut said);
        match timeout(self.patience.answer, race).await {
            Ok(Some(stored)) => return Ok(stored),
            Ok(None) => {}
            Err(_) => counters.upstream_timeouts.one(),
        }
        Err(NoAnswer(said))
    }

    async fn race(
        &self,
        plan: &[&Server],
        query: &Query,
        clock: &Clock,
        counters: &Arc<Counters>,
        said: &mut Option<Stored>,
    ) -> Option<Stored> {
        let mut running = FuturesUnordered::new();
        let mut waiting = plan.iter().cycle().take(plan.len().max(LEAST_TRIES)).collect::<Vec<_>>().into_iter();
        let mut latest: Option<&Server> = None;
        loop {
            if let Some(server) = waiting.next() {
                latest = Some(server);
                running.push(self.attempt(server, query, clock, counters));
            }
            // Until one ends, or it is time for another.
            let mut next = std::pin::pin!(sleep(self.patience.next_upstream));
            loop {
                tokio::select! {
                    biased;
                    ended = running.next() => match ended {
                        Some(Ok(stored)) if !stored.is_failure() => return Some(stored),
                        Some(Ok(stored)) => {
                            *said = Some(stored);
                            // It will not say anything better a second time.
                            if plan.len() == 1 {
                                return None;
                            }
                            break;
                        }
                        Some(Err(())) if waiting.len() > 0 => break,
                        Some(Err(())) => {}
                        None => return None,
                    },
                    () = &mut next, if waiting.len() > 0 => {
                        if let Some(slow) = latest {
                            slow.missed(clock(), self.patience.sick);
                            counters.upstream_timeouts.one();
                        }
                        break;
                    }
                }
            }
        }
    }

    async fn attempt(
        &self,
        server: &Server,
        query: &Query,
        clock: &Clock,
        counters: &Arc<Counters>,
    ) -> Result<Stored, ()> {
        let begun = clock();
        let answered = match Question::new(query) {
            Ok(question) => server.ask(&question, counters).await,
            Err(miss) => Err(miss),
        };
        let read = answered.map(|response| Stored::read(&response, &query.name, query.qtype, &self.memory));
        let now = clock();
        match read {
            Ok(Ok(stored)) => {
                server.answered();
                counters.upstream_answers.one();
                counters.upstream_micros.add(u64::try_from(begun.until(now).as_micros()).unwrap_or(u64::MAX));
                Ok(stored)
            }
            Ok(Err(garbled)) => {
                tracing::debug!(upstream = %server.address, error = %garbled, "upstream sent nonsense");
                server.missed(now, self.patience.sick);
                Err(())
            }
            Err(miss) => {
                tracing::debug!(upstream = %server.address, error = %miss, "upstream gave no answer");
                if server.missed(now, self.patience.sick) {
                    complain(server.address, &miss);
                }
                Err(())
            }
        }
    }

    /// Whom to ask now: the healthy in their order, then the sick. Being sick costs a server its place and nothing else:
    /// a recursor that is slow for one broken domain must not be taken for dead.
    fn plan(&self, now: Uptime) -> Vec<&Server> {
        let (mut plan, sick): (Vec<_>, Vec<_>) = self.servers.iter().partition(|server| server.health().is_well(now));
        plan.extend(sick);
        plan
    }

    /// How many of the upstreams are well, and how many there are.
    pub(crate) fn well(&self, now: Uptime) -> (usize, usize) {
        (self.servers.iter().filter(|server| server.health().is_well(now)).count(), self.servers.len())
    }
}

/// What the addresses of one encrypted upstream share.
struct Encrypted {
    name: rustls_pki_types::ServerName<'static>,
    tls: Arc<rustls::ClientConfig>,
    uri: Option<::http::Uri>,
}

impl Encrypted {
    /// `None` for plain DNS.
    fn of(
        way: &Way,
        authorities: impl FnMut() -> Result<Arc<RootCertStore>, AuthoritiesError>,
    ) -> Result<Option<Self>, AuthoritiesError> {
        let Some(identity) = way.identity() else { return Ok(None) };
        let (alpn, uri) = match way {
            Way::Https { authority, path, .. } => {
                let uri =
                    ::http::Uri::builder().scheme("https").authority(&**authority).path_and_query(&**path).build();
                (&b"h2"[..], Some(uri.map_err(|error| AuthoritiesError::Unusable(error.to_string()))?))
            }
            Way::Plain | Way::Tls(_) => (&b"dot"[..], None),
        };
        let tls = trust::client_config(identity, alpn, authorities)?;
        Ok(Some(Self { name: identity.name.clone(), tls, uri }))
    }

    fn reach(&self, address: SocketAddr, means: &Means) -> Reach {
        let peer = Peer { address, name: self.name.clone(), tls: Arc::clone(&self.tls), uri: self.uri.clone() };
        Reach::Encrypted(Pool::new(peer, means.patience, means.tasks.clone()))
    }
}

/// Once each time a server falls sick. That it is another than it should be is for a person to look at; that a network is
/// away is not.
fn complain(upstream: SocketAddr, miss: &Miss) {
    if matches!(miss, Miss::Identity(_)) {
        tracing::warn!(%upstream, error = %miss, "an upstream is not who it should be, and is asked nothing");
    } else {
        tracing::info!(%upstream, error = %miss, "an upstream no longer answers");
    }
}

impl Server {
    async fn ask(&self, question: &Question, counters: &Arc<Counters>) -> Result<Vec<u8>, Miss> {
        match &self.way {
            Reach::Plain => {
                let mut response = plain::ask(self.address, question, counters).await?;
                // Over a network anybody may have set the bit (RFC 4035 section 4.9.3).
                if !self.address.ip().is_loopback() {
                    let flags = word(&response, at::FLAGS).unwrap_or_default();
                    put_word(&mut response, at::FLAGS, flags & !AD);
                }
                Ok(response)
            }
            Reach::Encrypted(pool) => pool.ask(question, counters).await,
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self) {
        self.health().misses = 0;
    }

    /// True where it has fallen sick just now.
    fn missed(&self, now: Uptime, sick: Duration) -> bool {
        let mut health = self.health();
        health.misses = health.misses.saturating_add(1);
        if health.misses >= SICK_AFTER {
            health.sick_until = now.after(sick);
        }
        health.misses == SICK_AFTER
    }
}

impl Health {
    fn is_well(&self, now: Uptime) -> bool {
        self.misses < SICK_AFTER || now >= self.sick_until
    }
}
