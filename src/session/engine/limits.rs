//! How long and how much: the limits of a visit and its holder, as deadlines and as quotas for the kernel.

use std::time::Duration;

use gapura_model::{ByteCount, HolderId, VisitId};

use super::holder::Holder;
use super::visit::Visit;
use super::{Engine, LONGEST_GRANT};
use crate::effect::{Effect, Grant, KernelQuota};
use crate::outcome::{EndCause, Scope};
use crate::plan::{Allowance, ByteLimit, Plan};

/// A quota in the kernel ends up to one largest packet (64 KiB) early: less than this left counts as nothing left.
const LARGEST_PACKET: u64 = 65_536;

/// A limit and the service time at which it is reached.
pub(super) type Deadline = (Duration, EndCause);

impl Engine {
    /// The earliest limit of time, idleness aside.
    pub(super) fn time_deadline(&self, visit: &Visit) -> Option<Deadline> {
        let service = self.service.passed(self.now.up);
        let own = visit.time_limit().map(|limit| (visit.began.saturating_add(limit), EndCause::TimeUp(Scope::Visit)));
        let holder = self.holders.get(&visit.record.holder).filter(|_| visit.counts_on_holder());
        // Used beyond the limit puts the deadline into the past: after a restart it may lie there.
        let shared = holder
            .into_iter()
            .flat_map(|holder| times(&visit.plan, holder, service))
            .map(|(limit, used, scope)| (service.saturating_add(limit).saturating_sub(used), EndCause::TimeUp(scope)));
        own.into_iter().chain(shared).min()
    }

    pub(super) fn idle_deadline(visit: &Visit) -> Option<Deadline> {
        visit.idle_limit().map(|idle| (visit.active.saturating_add(idle), EndCause::Idle))
    }

    /// From now until the kernel must cut.
    pub(super) fn expires_in(&self, visit: &Visit) -> Duration {
        self.ends_in(visit).map_or(LONGEST_GRANT, |(left, _)| left.min(LONGEST_GRANT))
    }

    /// From now until the visit ends if nothing changes, idleness aside, and what will end it.
    pub(super) fn ends_in(&self, visit: &Visit) -> Option<Deadline> {
        let service = self.service.passed(self.now.up);
        let time = self.time_deadline(visit).map(|(at, cause)| (at.saturating_sub(service), cause));
        let wall = self.calendar.reckon(&self.now);
        let away = |at: jiff::Timestamp| {
            wall.map(|wall| at.duration_since(wall))
                .map(|away| if away.is_negative() { Duration::ZERO } else { away.unsigned_abs() })
        };
        let closes = self.hours.next_change().filter(|_| visit.keeps_hours() && self.hours.is_open());
        let closing = closes.and_then(away).map(|left| (left, EndCause::Closing));
        let expiry = visit.use_before().and_then(away).map(|left| (left, EndCause::Expired));
        [time, closing, expiry].into_iter().flatten().min()
    }

    pub(super) fn grant_of(&self, id: VisitId, fresh: bool) -> Option<Grant> {
        let visit = self.visits.get(&id)?;
        Some(Grant {
            visit: id,
            device: visit.record.device.clone(),
            holder: visit.record.holder.clone(),
            plan: visit.plan.id.clone(),
            fresh,
            expires_in: self.expires_in(visit),
            visit_quota: visit.byte_limit().left(visit.record.traffic).into(),
            holder_quota: self.holder_quota(visit),
            speed: visit.plan.speed,
            slow: visit.plan.slow(),
            group: visit.plan.group,
        })
    }

    /// Left of the holder's day and month, the least of both; `None` where neither is limited.
    pub(super) fn holder_quota(&self, visit: &Visit) -> Option<KernelQuota> {
        let holder = self.holders.get(&visit.record.holder).filter(|_| visit.counts_on_holder())?;
        let limited = [visit.plan.day.bytes, visit.plan.month.bytes].iter().any(|limit| *limit != ByteLimit::None);
        limited.then(|| {
            let [day, month] = bytes_left(&visit.plan, holder).map(|(left, ..)| KernelQuota::from(left));
            day.least(month)
        })
    }

    /// Puts the visit's next check where its earliest limit is.
    pub(super) fn schedule(&mut self, id: VisitId) {
        let Some(visit) = self.visits.get(&id) else { return };
        let suspect = self.idle_suspects.contains(&id);
        let idle = Self::idle_deadline(visit).filter(|_| !suspect);
        let earliest = self.time_deadline(visit).into_iter().chain(idle).map(|(at, _)| at).chain([visit.renew]).min();
        let next = earliest.unwrap_or(visit.renew);
        if let Some(visit) = self.visits.get_mut(&id) {
            self.checks.remove(&(visit.check, id));
            visit.check = next;
            self.checks.insert((next, id));
        }
    }

    /// A visit's check fell due: ends it if a limit is reached, renews its grant, or looks again later.
    pub(super) fn check(&mut self, id: VisitId) {
        let service = self.service.passed(self.now.up);
        let Some(visit) = self.visits.get(&id) else {
            self.checks.retain(|(_, visit)| *visit != id);
            return;
        };
        let reached = |deadline: &Deadline| deadline.0 <= service;
        if let Some((at, cause)) = self.time_deadline(visit).filter(reached) {
            return self.end(id, cause, at);
        }
        if let Some((at, cause)) = Self::idle_deadline(visit).filter(reached) {
            if self.read_at >= at {
                return self.end(id, cause, visit.active);
            }
            // The counters were read before it became idle: it may have sent since. Judged at the next reading.
            self.idle_suspects.insert(id);
        }
        if visit.renew <= service {
            self.retime(id);
        }
        self.schedule(id);
    }

    /// Tells the kernel the visit's present end.
    pub(super) fn retime(&mut self, id: VisitId) {
        let service = self.service.passed(self.now.up);
        let Some(visit) = self.visits.get(&id) else { return };
        let (device, expires_in) = (visit.record.device.clone(), self.expires_in(visit));
        if let Some(visit) = self.visits.get_mut(&id) {
            visit.renew = service.saturating_add(LONGEST_GRANT / 2);
        }
        self.effects.push(Effect::Retime { visit: id, device, expires_in });
    }

    pub(super) fn retime_all(&mut self) {
        for id in self.visits.keys().copied().collect::<Vec<_>>() {
            self.retime(id);
            self.schedule(id);
        }
    }

    /// Grants a running visit anew, quotas included.
    pub(super) fn regrant(&mut self, id: VisitId) {
        let service = self.service.passed(self.now.up);
        if let Some(visit) = self.visits.get_mut(&id) {
            visit.renew = service.saturating_add(LONGEST_GRANT / 2);
        }
        if let Some(grant) = self.grant_of(id, false) {
            self.effects.push(Effect::Grant(grant));
        }
        self.schedule(id);
    }

    /// Gives a holder's devices what its balances now allow.
    pub(super) fn regrant_holder(&mut self, id: &HolderId) {
        let visits = self.visits_of(id);
        let lent = self.holders.get(id).is_some_and(|holder| holder.balance().lent.is_some());
        let quota = visits.iter().filter_map(|visit| self.visits.get(visit)).find_map(|visit| self.holder_quota(visit));
        if let Some(quota) = quota {
            self.effects.push(Effect::HolderQuota { holder: id.clone(), quota });
        }
        for visit in visits {
            self.judge_slowness(visit);
            let plan = self.visits.get(&visit).map(|visit| visit.plan.clone());
            if lent || plan.is_some_and(|plan| plan.day.time.or(plan.month.time).is_some()) {
                self.retime(visit);
                self.schedule(visit);
            }
        }
    }

    /// Which byte limit of the visit or its holder is used up by the readings so far.
    pub(super) fn depleted_scope(&self, visit: &Visit) -> Option<Scope> {
        let own = visit.byte_limit();
        if own.left(visit.record.traffic).is_zero() {
            return Some(Scope::Visit);
        }
        let holder = self.holders.get(&visit.record.holder).filter(|_| visit.counts_on_holder())?;
        bytes_left(&visit.plan, holder).into_iter().find(|(left, ..)| left.is_zero()).map(|(_, _, scope)| scope)
    }

    /// Notes whether the visit goes on slowly.
    pub(super) fn judge_slowness(&mut self, id: VisitId) {
        let Some(visit) = self.visits.get(&id) else { return };
        let slowed = visit.plan.slow().is_some() && self.depleted_scope(visit).is_some();
        if let Some(visit) = self.visits.get_mut(&id).filter(|visit| visit.record.slowed != slowed) {
            visit.record.slowed = slowed;
            self.changed_visit(id);
        }
    }
}

/// The holder's limits of time, each with what is used of it. Where a share of a group's voucher is less than the limit,
/// the share is it.
pub(super) fn times(plan: &Plan, holder: &Holder, service: Duration) -> Vec<(Duration, Duration, Scope)> {
    let balance = holder.balance();
    let pending = holder.pending(service);
    let use_time = holder.voucher.as_ref().and_then(|voucher| voucher.use_time);
    let share = balance.lent.as_ref().map(|lent| &lent.share);
    let [day, month] = within(plan, holder);
    [
        (plan.day.time, day.time, balance.day_used.time, balance.added_today, Scope::Day),
        (plan.month.time, month.time, balance.month_used.time, balance.added_today, Scope::Month),
        (
            use_time,
            share.map_or(use_time, |share| share.within_use_time(use_time)),
            balance.time_used,
            balance.added,
            Scope::Voucher,
        ),
    ]
    .into_iter()
    .filter_map(|(whole, here, used, added, scope)| Some((whole?, here?, used, added, scope)))
    .map(|(whole, here, used, added, scope)| {
        let used = used.saturating_add(pending);
        let (whole, here) = (whole.saturating_add(added), here.saturating_add(added));
        (here, used, if here < whole && used < whole { Scope::Share } else { scope })
    })
    .collect()
}

/// Bytes left of the holder's day and month, with the limits themselves (or what this site's share is of them).
pub(super) fn bytes_left(plan: &Plan, holder: &Holder) -> [(ByteLimit, ByteLimit, Scope); 2] {
    let balance = holder.balance();
    let [day, month] = within(plan, holder);
    [
        (plan.day.bytes, day.bytes, balance.day_used.traffic, Scope::Day),
        (plan.month.bytes, month.bytes, balance.month_used.traffic, Scope::Month),
    ]
    .map(|(whole, here, used, scope)| {
        let shared = here != whole && !whole.left(used).is_zero();
        (here.left(used), here, if shared { Scope::Share } else { scope })
    })
}

/// Day and month as far as they hold at this site.
pub(super) fn within(plan: &Plan, holder: &Holder) -> [Allowance; 2] {
    match &holder.balance().lent {
        Some(lent) => [lent.share.within_day(plan.day), lent.share.within_month(plan.month)],
        None => [plan.day, plan.month],
    }
}

/// Whether so little is left of `limit` that the kernel may have cut there: at most one largest packet, and at most a
/// quarter of a small limit.
pub(super) fn nearly_zero(left: ByteLimit, limit: ByteLimit) -> bool {
    let few = |left: ByteCount, limit: ByteCount| left.get() <= LARGEST_PACKET.min(limit.get() / 4);
    match (left, limit) {
        (ByteLimit::Total(left), ByteLimit::Total(limit)) => few(left, limit),
        (ByteLimit::EachWay { up, down }, ByteLimit::EachWay { up: up_limit, down: down_limit }) => {
            up.zip(up_limit).is_some_and(|(left, limit)| few(left, limit))
                || down.zip(down_limit).is_some_and(|(left, limit)| few(left, limit))
        }
        (ByteLimit::None | ByteLimit::Total(_) | ByteLimit::EachWay { .. }, _) => false,
    }
}
