//! Where every query is judged: answer it now, or ask for it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Context, Poll, Waker};

use gapura_model::Uptime;
use gapura_runtime::Tasks;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::cache::Cache;
use crate::config::{Limits, Memory, Patience};
use crate::counters::Counters;
use crate::flight::{Flight, Flights, ReplyTo, Waiter};
use crate::garden::addresses;
use crate::hooks::{Admission, Clock, Names, OwnAddresses};
use crate::message::{RD, rcode};
use crate::name::Name;
use crate::query::{Query, Unusable};
use crate::reply;
use crate::stored::Stored;
use crate::upstream::{NoAnswer, Upstreams};
use crate::waiting::{Full, Waiting};

/// `resolver.arpa`: encrypted-resolver discovery (RFC 9462 section 6.4) is answered here and never forwarded.
const RESOLVER_ARPA: &[u8] = b"\x08resolver\x04arpa\x00";
/// `dns.msftncsi.com`, by whose addresses Windows tells a captive network from a dead one.
const NCSI: &[u8] = b"\x03dns\x08msftncsi\x03com\x00";

/// What all listeners share.
pub(crate) struct Desk {
    pub(crate) limits: Limits,
    pub(crate) patience: Patience,
    pub(crate) memory: Memory,
    pub(crate) names: Arc<dyn Names>,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) cache: Mutex<Cache>,
    pub(crate) flights: Arc<Flights>,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) connections: Arc<Waiting>,
    /// Different questions under way.
    pub(crate) questions: Arc<Semaphore>,
    pub(crate) upstreams: RwLock<Arc<Upstreams>>,
    pub(crate) tasks: Tasks,
}

/// What becomes of a message.
pub(crate) enum Verdict {
    /// Nothing is sent back.
    Silence,
    /// The answer is in the buffer.
    Answered,
    /// It takes a task: hand over the way back with [`Desk::take_over`].
    Later(Pending),
}

/// A query that cannot be answered at once.
pub(crate) enum Pending {
    /// The answer is in the buffer, but the gateway is still letting its addresses in.
    Admission(Admission),
    /// It is to be asked upstream.
    Question(Box<Query>),
}

impl Desk {
    /// Judges a message of `client` that came in at `now`. Writes the answer into `out` where it has one already.
    pub(crate) fn judge(
        &self,
        message: &[u8],
        client: IpAddr,
        now: Uptime,
        limit: impl FnOnce(&Query) -> usize,
        out: &mut Vec<u8>,
    ) -> Verdict {
        let query = match Query::read(message) {
            Ok(query) => query,
            Err(Unusable::Silent) => {
                self.counters.malformed.one();
                return Verdict::Silence;
            }
            Err(Unusable::Answer { code }) => {
                if code == rcode::REFUSED { &self.counters.refused } else { &self.counters.malformed }.one();
                reply::refuse(message, code, out);
                return Verdict::Answered;
            }
        };
        if let Some(own) = self.own(&query, client) {
            self.counters.own.one();
            self.write(&own, 0, &query, limit(&query), out);
            return Verdict::Answered;
        }
        if !query.wants(RD) {
            // What is in the cache is what others asked for, and is nobody's business (RFC 8932 section 5.1.5).
            self.counters.refused.one();
            reply::refuse(message, rcode::REFUSED, out);
            return Verdict::Answered;
        }
        let found = self.cache().get(&query.key(), now);
        let Some((stored, age)) = found else { return Verdict::Later(Pending::Question(Box::new(query))) };
        self.counters.cached.one();
        self.write(&stored, age, &query, limit(&query), out);
        match self.admission(&query.name, &stored) {
            Some(mut admission) => {
                // Addresses known already, the usual case, are in force at the first look.
                match admission.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(done) => {
                        self.count_admission(done.is_ok());
                        Verdict::Answered
                    }
                    Poll::Pending => Verdict::Later(Pending::Admission(admission)),
                }
            }
            None => Verdict::Answered,
        }
    }

    /// Sees to a query that [`Desk::judge`] could not answer at once. Where a limit is reached the way
    /// back is returned, and what `out` holds is to be sent: a refusal, or an answer that does not wait for its admission.
    pub(crate) fn take_over(
        self: &Arc<Self>,
        pending: Pending,
        client: IpAddr,
        reply_to: ReplyTo,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<ReplyTo> {
        let ticket = match (self.waiting.enter(client), &pending) {
            (Ok(ticket), _) => ticket,
            // Its answer is there: better late for the kernel than not for the client.
            (Err(_), Pending::Admission(_)) => {
                self.count_admission(false);
                return Some(reply_to);
            }
            (Err(full), Pending::Question(_)) => return Some(self.turn_away(full, reply_to, message, out)),
        };
        match pending {
            Pending::Admission(admission) => {
                let (desk, answer) = (Arc::clone(self), std::mem::take(out));
                self.tasks.spawn("dns garden", async move {
                    desk.admit(admission).await;
                    reply_to.send(&answer, &desk.counters);
                    drop(ticket);
                });
            }
            Pending::Question(query) => {
                let key = query.key();
                let waiter = Waiter { query, reply_to, _ticket: ticket };
                let Err(waiter) = self.flights.join(&key, waiter) else {
                    self.counters.coalesced.one();
                    return None;
                };
                let Ok(place) = Arc::clone(&self.questions).try_acquire_owned() else {
                    return Some(self.turn_away(Full::All, waiter.reply_to, message, out));
                };
                let query = waiter.query.clone();
                let Some(flight) = self.flights.open(&key, waiter) else {
                    self.counters.coalesced.one();
                    return None;
                };
                let desk = Arc::clone(self);
                self.tasks.spawn("dns question", async move {
                    desk.fly(flight, &query).await;
                    drop(place);
                });
            }
        }
        None
    }

    fn turn_away(&self, full: Full, reply_to: ReplyTo, message: &[u8], out: &mut Vec<u8>) -> ReplyTo {
        match full {
            Full::All => &self.counters.over_limit,
            Full::Client => &self.counters.over_client_limit,
        }
        .one();
        self.counters.refused.one();
        reply::refuse(message, rcode::REFUSED, out);
        reply_to
    }

    /// Asks the upstreams and answers everybody who waits.
    async fn fly(&self, flight: Flight, query: &Query) {
        self.counters.forwarded.one();
        let upstreams = Arc::clone(&self.upstreams.read().unwrap_or_else(PoisonError::into_inner));
        let stored = match upstreams.ask(query, &self.clock, &self.counters).await {
            Ok(stored) => stored,
            Err(NoAnswer(said)) => {
                self.counters.failures.one();
                ncsi(query).or(said).unwrap_or_else(|| Stored::unreachable(&query.name, query.qtype, &self.memory))
            }
        };
        let stored = Arc::new(stored);
        self.cache().put(flight.key(), Arc::clone(&stored), (self.clock)());
        if let Some(admission) = self.admission(&query.name, &stored) {
            self.admit(admission).await;
        }
        let mut out = Vec::new();
        for Waiter { query, reply_to, _ticket } in flight.land() {
            let limit = reply_to.limit(&query, &self.limits);
            self.write(&stored, 0, &query, limit, &mut out);
            reply_to.send(&out, &self.counters);
        }
    }

    fn own(&self, query: &Query, client: IpAddr) -> Option<Stored> {
        let name = &query.name;
        if name.suffixes().any(|suffix| suffix == RESOLVER_ARPA) {
            return Some(Stored::own(name, query.qtype, &OwnAddresses::default()));
        }
        self.names.own(name, client).map(|addresses| Stored::own(name, query.qtype, &addresses))
    }

    fn write(&self, stored: &Stored, age: u32, query: &Query, limit: usize, out: &mut Vec<u8>) {
        if reply::write(stored, age, query, limit, out) {
            self.counters.truncated.one();
        }
    }

    fn admission(&self, name: &Name, stored: &Stored) -> Option<Admission> {
        if !self.names.is_garden(name) {
            return None;
        }
        let addresses = addresses(&stored.message, name);
        (!addresses.is_empty()).then(|| self.names.admit_garden(name, &addresses))
    }

    async fn admit(&self, admission: Admission) {
        let done = timeout(self.patience.garden, admission).await;
        self.count_admission(matches!(done, Ok(Ok(()))));
    }

    fn count_admission(&self, done: bool) {
        if done { &self.counters.garden_admitted } else { &self.counters.garden_failed }.one();
    }

    pub(crate) fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The well-known answers to `dns.msftncsi.com`, for when no upstream gives them: with anything else Windows shows no login window.
fn ncsi(query: &Query) -> Option<Stored> {
    let well_known = OwnAddresses {
        v4: vec![std::net::Ipv4Addr::new(131, 107, 255, 255)],
        v6: vec![std::net::Ipv6Addr::new(0xfd3e, 0x4f5a, 0x5b81, 0, 0, 0, 0, 1)],
    };
    (query.name.wire() == NCSI).then(|| Stored::own(&query.name, query.qtype, &well_known))
}
