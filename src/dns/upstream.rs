//! The servers asked: which one first, when another one too, and which are sick.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use gapura_model::Uptime;
use tokio::time::{sleep, timeout};

use crate::config::{Config, Memory, Patience};
use crate::counters::Counters;
use crate::exchange::{Question, ask};
use crate::hooks::Clock;
use crate::query::Query;
use crate::stored::Stored;

/// Failures in a row that make an upstream sick.
const SICK_AFTER: u32 = 3;
/// Questions put at least, to the same upstream where there is only one: a lost datagram is not a lost answer.
const LEAST_TRIES: usize = 3;

/// The configured upstreams with their health.
pub(crate) struct Upstreams {
    servers: Vec<Server>,
    patience: Patience,
    memory: Memory,
}

struct Server {
    address: SocketAddr,
    health: Mutex<Health>,
}

#[derive(Clone, Copy, Default)]
struct Health {
    misses: u32,
    sick_until: Uptime,
}

/// Nobody gave a usable answer in time; what one of them said, for instance SERVFAIL.
pub(crate) struct NoAnswer(pub(crate) Option<Stored>);

impl Upstreams {
    pub(crate) fn new(config: &Config) -> Self {
        let server = |address: &SocketAddr| Server { address: *address, health: Mutex::default() };
        Self {
            servers: config.upstreams.iter().map(server).collect(),
            patience: config.patience,
            memory: config.memory,
        }
    }

    /// Asks one after the other, the next as soon as one fails or is slow; the first usable answer wins.
    pub(crate) async fn ask(&self, query: &Query, clock: &Clock, counters: &Counters) -> Result<Stored, NoAnswer> {
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
        counters: &Counters,
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

    async fn attempt(&self, server: &Server, query: &Query, clock: &Clock, counters: &Counters) -> Result<Stored, ()> {
        let begun = clock();
        let answered = match Question::new(query) {
            Ok(question) => ask(server.address, &question, counters).await,
            Err(miss) => Err(miss),
        };
        let read = answered.map(|response| Stored::read(&response, &query.name, query.qtype, &self.memory));
        let now = clock();
        match read {
            Ok(Ok(stored)) => {
                server.health().misses = 0;
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
                server.missed(now, self.patience.sick);
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

impl Server {
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missed(&self, now: Uptime, sick: Duration) {
        let mut health = self.health();
        health.misses = health.misses.saturating_add(1);
        if health.misses >= SICK_AFTER {
            health.sick_until = now.after(sick);
        }
    }
}

impl Health {
    fn is_well(&self, now: Uptime) -> bool {
        self.misses < SICK_AFTER || now >= self.sick_until
    }
}
