//! What takes time: a question upstream, and everybody who waits for it.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use gapura_model::Name;
use tokio::time::sleep;

use crate::desk::{Ask, Desk, Pending, Verdict};
use crate::filter::Judgement;
use crate::flight::{Flight, ReplyTo, Waiter};
use crate::hooks::OwnAddresses;
use crate::leads::{Lead, leads};
use crate::query::Query;
use crate::refusal;
use crate::reply::Age;
use crate::ruling::Rules;
use crate::stored::Stored;
use crate::upstream::NoAnswer;
use crate::waiting::Full;

/// `dns.msftncsi.com`, by whose addresses Windows tells a captive network from a dead one.
const NCSI: &[u8] = b"\x03dns\x08msftncsi\x03com\x00";
/// After asking failed, what has expired is given without asking for this long (RFC 8767 section 5: not below 30 s).
const HOLD: Duration = Duration::from_secs(30);

impl Desk {
    /// Sees to a query that [`Desk::judge`] could not answer at once. Where a limit is reached the way
    /// back is returned, and what `out` holds is to be sent: a refusal, or an answer that does not wait for its admission.
    pub(crate) fn take_over(
        self: &Arc<Self>,
        pending: Pending,
        client: IpAddr,
        reply_to: ReplyTo,
        out: &mut Vec<u8>,
    ) -> Option<ReplyTo> {
        let ticket = match (self.waiting.enter(client), &pending) {
            (Ok(ticket), _) => ticket,
            // Its answer is there: better late for the kernel than not for the client.
            (Err(_), Pending::Admission(..)) => {
                self.count_admission(false);
                return Some(reply_to);
            }
            (Err(full), Pending::Question(ask)) => return Some(self.turn_away(full, reply_to, &ask.query, out)),
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
            Pending::Question(ask) => {
                let Ask { query, alias, epoch } = *ask;
                let aliased = alias.is_some();
                let subject = alias.unwrap_or_else(|| query.clone());
                let key = subject.key();
                let waiter = Waiter { query: Box::new(query), client, epoch, aliased, reply_to, _ticket: ticket };
                let Some(waiter) = self.flights.join(&key, waiter) else {
                    self.counters.coalesced.one();
                    return None;
                };
                let Ok(place) = Arc::clone(&self.questions).try_acquire_owned() else {
                    return Some(self.turn_away(Full::All, waiter.reply_to, &waiter.query, out));
                };
                let Some(flight) = self.flights.open(&key, waiter) else {
                    self.counters.coalesced.one();
                    return None;
                };
                let desk = Arc::clone(self);
                self.tasks.spawn("dns question", async move {
                    desk.fly(flight, &subject).await;
                    drop(place);
                });
            }
        }
        None
    }

    fn turn_away(&self, full: Full, reply_to: ReplyTo, query: &Query, out: &mut Vec<u8>) -> ReplyTo {
        match full {
            Full::All => &self.counters.over_limit,
            Full::Client => &self.counters.over_client_limit,
        }
        .one();
        self.counters.refused.one();
        refusal::refused(query, out);
        reply_to
    }

    /// Asks again for an answer that is nearly over; nobody waits for it.
    pub(crate) fn renew(self: &Arc<Self>, query: &Query) {
        let Ok(place) = Arc::clone(&self.questions).try_acquire_owned() else { return };
        let Some(flight) = self.flights.open_for_nobody(&query.key()) else { return };
        self.counters.renewed.one();
        let (desk, query) = (Arc::clone(self), query.clone());
        self.tasks.spawn("dns renewal", async move {
            desk.fly(flight, &query).await;
            drop(place);
        });
    }

    /// Asks the upstreams and answers everybody who waits: with what has expired where they are slow or fail (RFC 8767).
    async fn fly(self: &Arc<Self>, flight: Flight, query: &Query) {
        self.counters.forwarded.one();
        let upstreams = Arc::clone(&self.upstreams.read().unwrap_or_else(PoisonError::into_inner));
        let expired = self.cache().expired(query, (self.clock)());
        let mut asking = pin!(upstreams.ask(query, &self.clock, &self.counters));
        let answer = match &expired {
            None => asking.await,
            Some(expired) => {
                let in_time = tokio::select! {
                    biased;
                    answer = asking.as_mut() => Some(answer),
                    () = sleep(self.patience.stale) => None,
                };
                if let Some(answer) = in_time {
                    answer
                } else {
                    self.deliver(flight.take(), query, expired, Age::Stale).await;
                    asking.await
                }
            }
        };
        let now = (self.clock)();
        let (stored, age) = match (answer, expired) {
            (Ok(stored), _) => {
                let stored = Arc::new(stored);
                self.cache().put(query, Arc::clone(&stored), now);
                self.tell(query, &stored);
                (stored, Age::Fresh(0))
            }
            (Err(_), Some(expired)) => {
                self.counters.failures.one();
                self.cache().hold(query, now.after(HOLD));
                (expired, Age::Stale)
            }
            (Err(NoAnswer(said)), None) => {
                self.counters.failures.one();
                let failure = || Stored::unreachable(&query.name, query.qtype, &self.memory);
                let stored = Arc::new(ncsi(query).or(said).unwrap_or_else(failure));
                self.remember_failure(query, &stored, now);
                (stored, Age::Fresh(0))
            }
        };
        // Those who come from here on find it in the cache.
        self.deliver(flight.land(), query, &stored, age).await;
    }

    /// Remembers a failure, unless it was an early renewal: what is there is still good.
    fn remember_failure(&self, query: &Query, failure: &Arc<Stored>, now: gapura_model::Uptime) {
        let mut cache = self.cache();
        if cache.get(query, now, None).is_some_and(|found| !found.answer.is_failure()) {
            cache.hold(query, now.after(HOLD));
        } else {
            cache.put(query, Arc::clone(failure), now);
        }
    }

    /// Tells the filter which addresses a name and its aliases have.
    fn tell(&self, query: &Query, stored: &Stored) {
        let Rules::InForce(judge) = Rules::now(self.filter.as_ref()) else { return };
        let (mut names, mut addresses) = (vec![query.name], Vec::new());
        let _ = leads(&stored.message, |lead| {
            match lead {
                Lead::Name(name) => names.push(name),
                Lead::Address(address, ttl) => addresses.push((address, ttl)),
            }
            ControlFlow::<()>::Continue(())
        });
        if !addresses.is_empty() {
            judge.answered(&names, &addresses);
        }
    }

    /// Answers `waiters` with `stored`, what `subject` asked for, each as the rules of this moment say.
    async fn deliver(self: &Arc<Self>, waiters: Vec<Waiter>, subject: &Query, stored: &Arc<Stored>, age: Age) {
        if waiters.is_empty() {
            return;
        }
        if let Some(admission) = self.admission(subject, stored) {
            self.admit(admission).await;
        }
        let rules = Rules::now(self.filter.as_ref());
        let mut judged: Vec<(u8, Judgement)> = Vec::new();
        let mut out = Vec::new();
        for waiter in waiters {
            let judgement = self.judgement_for(&waiter, &rules, subject, stored, &mut judged);
            if let Some(reply_to) = self.settle(waiter, judgement, &rules, (subject, stored, age), &mut out) {
                reply_to.send(&out, &self.counters);
            }
        }
    }

    /// What one who waited gets.
    fn judgement_for(
        &self,
        waiter: &Waiter,
        rules: &Rules,
        subject: &Query,
        stored: &Arc<Stored>,
        judged: &mut Vec<(u8, Judgement)>,
    ) -> Landing {
        let ruling = match (rules.of(waiter.client), rules) {
            (Some(ruling), _) => ruling,
            (None, Rules::Plain) if !waiter.aliased => return Landing::Answer,
            (None, _) => return Landing::Unjudged,
        };
        let known = judged.iter().find(|(policy, _)| *policy == ruling.policy).map(|(_, judgement)| judgement.clone());
        let own = known.unwrap_or_else(|| {
            let judgement = ruling.answer(&subject.name, subject.qtype, &stored.message);
            self.cache().note(subject, stored, ruling.epoch, ruling.policy, &judgement);
            judged.push((ruling.policy, judgement.clone()));
            judgement
        });
        if !waiter.aliased {
            return match own {
                Judgement::Open => Landing::Answer,
                Judgement::Alias(target) => Landing::Elsewhere(target),
                refused @ (Judgement::Blocked(_) | Judgement::Damaged) => Landing::Refused(refused),
            };
        }
        // By the rules of the time it is an alias of this; by newer ones it may be anything.
        let still = if waiter.epoch == Some(ruling.epoch) {
            Judgement::Alias(subject.name)
        } else {
            ruling.name(&waiter.query.name, waiter.query.qtype)
        };
        match (still, own) {
            (refused @ (Judgement::Blocked(_) | Judgement::Damaged), _) => Landing::Refused(refused),
            (Judgement::Alias(target), own) if target == subject.name => match own {
                Judgement::Open | Judgement::Alias(_) => Landing::Aliased,
                refused @ (Judgement::Blocked(_) | Judgement::Damaged) => Landing::Refused(refused),
            },
            (Judgement::Alias(target), _) => Landing::Elsewhere(target),
            (Judgement::Open, _) => Landing::Again,
        }
    }

    /// Writes the answer for one who waited. `None` where it goes on waiting, for something else.
    fn settle(
        self: &Arc<Self>,
        waiter: Waiter,
        landing: Landing,
        rules: &Rules,
        (subject, stored, age): (&Query, &Arc<Stored>, Age),
        out: &mut Vec<u8>,
    ) -> Option<ReplyTo> {
        let Waiter { query, client, reply_to, _ticket: ticket, .. } = waiter;
        let limit = reply_to.limit(&query, &self.limits);
        let ruling = rules.of(client);
        let verdict = match (landing, ruling) {
            (Landing::Answer, _) => {
                if age == Age::Stale {
                    self.counters.stale.one();
                }
                self.write(stored, age, &query, limit, out);
                Verdict::Answered
            }
            (Landing::Aliased, _) => {
                self.write_alias(&subject.name, Some((stored, age)), &query, limit, out);
                Verdict::Answered
            }
            (Landing::Refused(judgement), Some(ruling)) => {
                self.refuse(&judgement, &ruling, &query, limit, out);
                Verdict::Answered
            }
            (Landing::Elsewhere(target), Some(ruling)) => {
                self.find_alias(target, &query, &ruling, (self.clock)(), limit, out)
            }
            (Landing::Again, ruling) => self.find(&query, ruling, (self.clock)(), limit, out),
            (Landing::Unjudged | Landing::Refused(_) | Landing::Elsewhere(_), _) => {
                self.unjudged(&query, limit, out);
                Verdict::Answered
            }
        };
        // Its place is free before it asks for another one.
        drop(ticket);
        match verdict {
            Verdict::Answered => Some(reply_to),
            Verdict::Silence => None,
            Verdict::Later(pending) => self.take_over(pending, client, reply_to, out),
        }
    }
}

/// What becomes of one who waited.
enum Landing {
    /// The answer.
    Answer,
    /// The answer, as the alias it waited for.
    Aliased,
    /// A verdict against it.
    Refused(Judgement),
    /// It is an alias of something else: asked for in its turn.
    Elsewhere(Name),
    /// The rules changed, and it is no alias any more.
    Again,
    /// There are no rules to judge it by.
    Unjudged,
}

/// The well-known answers to `dns.msftncsi.com`, for when no upstream gives them: with anything else Windows shows no login window.
fn ncsi(query: &Query) -> Option<Stored> {
    let well_known = OwnAddresses {
        v4: vec![std::net::Ipv4Addr::new(131, 107, 255, 255)],
        v6: vec![std::net::Ipv6Addr::new(0xfd3e, 0x4f5a, 0x5b81, 0, 0, 0, 0, 1)],
    };
    (query.name.wire() == NCSI).then(|| Stored::own(&query.name, query.qtype, &well_known))
}
