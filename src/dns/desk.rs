//! Where every query is judged: answer it now, or ask for it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Context, Poll, Waker};

use gapura_model::{Name, Uptime};
use gapura_runtime::Tasks;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::cache::{Cache, Found, State};
use crate::config::{Limits, Memory, Patience};
use crate::counters::Counters;
use crate::filter::{Filter, Judgement};
use crate::flight::Flights;
use crate::garden::addresses;
use crate::hooks::{Admission, Clock, Names, OwnAddresses};
use crate::memo::Known;
use crate::message::{RD, rcode, rtype};
use crate::query::{Query, Unusable};
use crate::refusal::{self, ede};
use crate::reply::{self, Age};
use crate::ruling::{Rules, Ruling};
use crate::stored::Stored;
use crate::upstream::Upstreams;
use crate::waiting::Waiting;

/// `resolver.arpa`: encrypted-resolver discovery (RFC 9462 section 6.4) is answered here and never forwarded.
const RESOLVER_ARPA: &[u8] = b"\x08resolver\x04arpa\x00";

/// What all listeners share.
pub(crate) struct Desk {
    pub(crate) limits: Limits,
    pub(crate) patience: Patience,
    pub(crate) memory: Memory,
    pub(crate) names: Arc<dyn Names>,
    pub(crate) filter: Option<Arc<dyn Filter>>,
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

/// What a batch of messages is judged by.
pub(crate) struct Sitting {
    pub(crate) now: Uptime,
    pub(crate) rules: Rules,
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
    Question(Box<Ask>),
}

/// What is to be asked upstream.
pub(crate) struct Ask {
    /// The client's query.
    pub(crate) query: Query,
    /// What is asked in its place: the filter's alias of it.
    pub(crate) alias: Option<Query>,
    /// The epoch of the rules by which it was let through.
    pub(crate) epoch: Option<u64>,
}

impl Verdict {
    fn ask(query: &Query, alias: Option<Query>, epoch: Option<u64>) -> Self {
        Self::Later(Pending::Question(Box::new(Ask { query: query.clone(), alias, epoch })))
    }
}

impl Desk {
    /// The moment and the rules for a batch that begins now.
    pub(crate) fn sit(&self) -> Sitting {
        Sitting { now: (self.clock)(), rules: Rules::now(self.filter.as_ref()) }
    }

    /// Judges a message of `client` that came in during `sitting`. It is read
    /// into the place of `query`, and the answer written into `out` where there is one already.
    pub(crate) fn judge(
        self: &Arc<Self>,
        message: &[u8],
        client: IpAddr,
        sitting: &Sitting,
        limit: impl FnOnce(&Query) -> usize,
        query: &mut Query,
        out: &mut Vec<u8>,
    ) -> Verdict {
        match query.replace(message) {
            Ok(()) => {}
            Err(Unusable::Silent) => {
                self.counters.malformed.one();
                return Verdict::Silence;
            }
            Err(Unusable::Answer { code }) => {
                if code == rcode::REFUSED { &self.counters.refused } else { &self.counters.malformed }.one();
                reply::refuse(message, code, out);
                return Verdict::Answered;
            }
        }
        let query = &*query;
        let limit = limit(query);
        if let Some(own) = self.own(query, client) {
            self.counters.own.one();
            self.write(&own, Age::Fresh(0), query, limit, out);
            return Verdict::Answered;
        }
        if !query.wants(RD) {
            // What is in the cache is what others asked for, and is nobody's business (RFC 8932 section 5.1.5).
            self.counters.refused.one();
            reply::refuse(message, rcode::REFUSED, out);
            return Verdict::Answered;
        }
        if let Rules::NotReady = sitting.rules {
            self.unjudged(query, limit, out);
            return Verdict::Answered;
        }
        let ruling = sitting.rules.of(client);
        if let Some(ruling) = &ruling
            && query.qtype == rtype::A
        {
            ruling.judge.asked(client, &query.name);
        }
        self.find(query, ruling, sitting.now, limit, out)
    }

    /// A name that is not our own: from the cache, from the filter, or from an upstream.
    pub(crate) fn find(
        self: &Arc<Self>,
        query: &Query,
        ruling: Option<Ruling<'_>>,
        now: Uptime,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Verdict {
        let found = self.cache().get(query, now, ruling.map(|ruling| (ruling.epoch, ruling.policy)));
        let Some(ruling) = ruling else {
            return match found {
                Some(found) if found.state.is_servable() => self.serve(&found, query, limit, out),
                Some(_) | None => Verdict::ask(query, None, None),
            };
        };
        let judgement = match &found {
            // The usual case, and the shortest way.
            Some(Found { judged: Known::Open, .. }) => Judgement::Open,
            Some(found) => self.judgement_on(found, query, &ruling),
            None => ruling.name(&query.name, query.qtype),
        };
        match judgement {
            Judgement::Open => match found {
                Some(found) if found.state.is_servable() => self.serve(&found, query, limit, out),
                Some(_) | None => Verdict::ask(query, None, Some(ruling.epoch)),
            },
            Judgement::Alias(target) => self.find_alias(target, query, &ruling, now, limit, out),
            refused @ (Judgement::Blocked(_) | Judgement::Damaged) => {
                self.refuse(&refused, &ruling, query, limit, out);
                Verdict::Answered
            }
        }
    }

    /// The filter's alias of a name, with the target's own records.
    pub(crate) fn find_alias(
        self: &Arc<Self>,
        target: Name,
        query: &Query,
        ruling: &Ruling<'_>,
        now: Uptime,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Verdict {
        if !refusal::alias_needs_target(query.qtype) {
            self.write_alias(&target, None, query, limit, out);
            return Verdict::Answered;
        }
        let ask = query.about(target);
        let found = self.cache().get(&ask, now, Some((ruling.epoch, ruling.policy)));
        let Some(found) = found.filter(|found| found.state.is_servable()) else {
            return Verdict::ask(query, Some(ask), Some(ruling.epoch));
        };
        match self.judgement_on(&found, &ask, ruling) {
            Judgement::Open | Judgement::Alias(_) => {
                self.counters.cached.one();
                self.write_alias(&target, Some((&found.answer, found.age)), query, limit, out);
                self.renew_if_fading(found.state, &ask);
            }
            refused @ (Judgement::Blocked(_) | Judgement::Damaged) => self.refuse(&refused, ruling, query, limit, out),
        }
        Verdict::Answered
    }

    /// What the rules say about an answer found in the cache; asked once for each policy and epoch.
    fn judgement_on(&self, found: &Found, query: &Query, ruling: &Ruling<'_>) -> Judgement {
        match &found.judged {
            Known::Open => return Judgement::Open,
            Known::Other(judgement) => return Judgement::clone(judgement),
            Known::No => {}
        }
        let judgement = ruling.answer(&query.name, query.qtype, &found.answer.message);
        self.cache().note(query, &found.answer, ruling.epoch, ruling.policy, &judgement);
        judgement
    }

    fn serve(self: &Arc<Self>, found: &Found, query: &Query, limit: usize, out: &mut Vec<u8>) -> Verdict {
        if found.age == Age::Stale { &self.counters.stale } else { &self.counters.cached }.one();
        self.write(&found.answer, found.age, query, limit, out);
        self.renew_if_fading(found.state, query);
        match self.admission(query, &found.answer) {
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

    fn renew_if_fading(self: &Arc<Self>, state: State, query: &Query) {
        match state {
            State::Fading => self.renew(query),
            State::Good | State::Expired | State::Held => {}
        }
    }

    fn own(&self, query: &Query, client: IpAddr) -> Option<Stored> {
        let name = &query.name;
        // The octets first: they are hardly ever there.
        if name.wire().ends_with(RESOLVER_ARPA) && name.suffixes().any(|suffix| suffix == RESOLVER_ARPA) {
            return Some(Stored::own(name, query.qtype, &OwnAddresses::default()));
        }
        self.names.own(name, client).map(|addresses| Stored::own(name, query.qtype, &addresses))
    }

    pub(crate) fn write(&self, stored: &Stored, age: Age, query: &Query, limit: usize, out: &mut Vec<u8>) {
        if reply::write(stored, age, query, limit, out) {
            self.counters.truncated.one();
        }
    }

    pub(crate) fn write_alias(
        &self,
        target: &Name,
        answer: Option<(&Stored, Age)>,
        query: &Query,
        limit: usize,
        out: &mut Vec<u8>,
    ) {
        self.counters.aliased.one();
        if refusal::alias(target, answer, query, limit, out) {
            self.counters.truncated.one();
        }
    }

    /// Writes what a verdict that is neither open nor an alias amounts to.
    pub(crate) fn refuse(
        &self,
        judgement: &Judgement,
        ruling: &Ruling<'_>,
        query: &Query,
        limit: usize,
        out: &mut Vec<u8>,
    ) {
        match judgement {
            Judgement::Blocked(blocked) => {
                self.counters.blocked.one();
                ruling.judge.count(ruling.policy, blocked);
                refusal::blocked(blocked, query, limit, out);
            }
            Judgement::Damaged | Judgement::Open | Judgement::Alias(_) => {
                self.counters.unjudged.one();
                refusal::failed(query, ede::OTHER, "filter index or answer unreadable", limit, out);
            }
        }
    }

    /// SERVFAIL: there are no rules to judge by.
    pub(crate) fn unjudged(&self, query: &Query, limit: usize, out: &mut Vec<u8>) {
        self.counters.unjudged.one();
        refusal::failed(query, ede::NOT_READY, "", limit, out);
    }

    /// Opens what a garden name leads to, for everybody; not where a rule refuses it.
    pub(crate) fn admission(&self, query: &Query, stored: &Stored) -> Option<Admission> {
        let name = &query.name;
        if !self.names.is_garden(name) {
            return None;
        }
        let addresses = addresses(&stored.message, name);
        let opens = || Rules::now(self.filter.as_ref()).opens_garden(name, query.qtype, &stored.message);
        (!addresses.is_empty() && opens()).then(|| self.names.admit_garden(name, &addresses))
    }

    pub(crate) async fn admit(&self, admission: Admission) {
        let done = timeout(self.patience.garden, admission).await;
        self.count_admission(matches!(done, Ok(Ok(()))));
    }

    pub(crate) fn count_admission(&self, done: bool) {
        if done { &self.counters.garden_admitted } else { &self.counters.garden_failed }.one();
    }

    pub(crate) fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
