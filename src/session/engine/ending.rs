//! How visits end, and what a device is told afterwards.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use gapura_model::{ByteCount, DeviceId, HolderId, Moment, Traffic, VisitId};
use jiff::Timestamp;

use super::holder::Holder;
use super::limits::{bytes_left, times};
use super::visit::Visit;
use super::{Engine, before};
use crate::effect::{Effect, Notice};
use crate::outcome::{EndCause, Scope};
use crate::plan::ByteLimit;
use crate::record::Ended;

/// What a device's last visit ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The visit.
    pub visit: VisitId,
    /// The device.
    pub device: DeviceId,
    /// Why it ended.
    pub cause: EndCause,
    /// When, by the wall clock of then (UTC).
    pub at: Timestamp,
    /// Time used.
    pub used: Duration,
    /// Bytes used, as far as they were read.
    pub traffic: Traffic,
    /// What staff gave as the reason, where staff ended it; not known any more after a restart.
    pub reason: Option<String>,
    /// Whose it was.
    pub holder: HolderId,
    /// What the holder has left; not known any more after a restart.
    pub kept: Kept,
    /// The pause that the plan wants before the next visit ends then (UTC).
    pub paused_until: Option<Timestamp>,
}

/// What a voucher or an account has left when a visit ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Time, and which limit it is of; `None` where none limits it.
    pub time: Option<(Duration, Scope)>,
    /// Bytes both ways together, and which limit they are of; `None` where none limits them so.
    pub bytes: Option<(ByteCount, Scope)>,
    /// *Pakai sebelum* (UTC).
    pub use_before: Option<Timestamp>,
}

impl Kept {
    /// Nothing more can be used.
    pub fn is_used_up(&self) -> bool {
        self.time.is_some_and(|(left, _)| left.is_zero()) || self.bytes.is_some_and(|(left, _)| left == ByteCount::ZERO)
    }

    fn of(visit: &Visit, holder: &Holder, service: Duration) -> Self {
        if !visit.counts_on_holder() {
            return Self::default();
        }
        let times = times(&visit.plan, holder, service);
        let bytes = bytes_left(&visit.plan, holder);
        let totals = bytes.into_iter().filter_map(|(left, _, scope)| match left {
            ByteLimit::Total(left) => Some((left, scope)),
            ByteLimit::None | ByteLimit::EachWay { .. } => None,
        });
        Self {
            time: times.into_iter().map(|(limit, used, scope)| (limit.saturating_sub(used), scope)).min(),
            bytes: totals.min(),
            use_before: visit.use_before(),
        }
    }
}

const MOST_FAREWELLS: usize = 4096;

/// The last farewells, the oldest forgotten first.
#[derive(Debug, Default)]
pub(super) struct Farewells {
    by_device: BTreeMap<DeviceId, (u64, Farewell)>,
    order: VecDeque<(u64, DeviceId)>,
    count: u64,
}

impl Farewells {
    pub(super) fn get(&self, device: &DeviceId) -> Option<&Farewell> {
        self.by_device.get(device).map(|(_, farewell)| farewell)
    }

    pub(super) fn devices(&self) -> impl Iterator<Item = &DeviceId> {
        self.by_device.keys()
    }

    /// Adds the reason that staff gave for the end of a device's last visit.
    fn explain(&mut self, device: &DeviceId, reason: &str) {
        if let Some((_, farewell)) = self.by_device.get_mut(device).filter(|_| !reason.trim().is_empty()) {
            farewell.reason = Some(reason.to_owned());
        }
    }

    pub(super) fn insert(&mut self, device: DeviceId, farewell: Farewell) {
        self.count += 1;
        self.by_device.insert(device.clone(), (self.count, farewell));
        self.order.push_back((self.count, device));
        while self.order.len() > MOST_FAREWELLS {
            if let Some((number, device)) = self.order.pop_front()
                && self.by_device.get(&device).is_some_and(|(current, _)| *current == number)
            {
                self.by_device.remove(&device);
            }
        }
    }
}

impl Engine {
    /// The visitor logs out. False if there is no such visit.
    pub fn log_out(&mut self, now: &Moment, visit: VisitId) -> bool {
        self.observe(now);
        self.end_now(visit, EndCause::LoggedOut)
    }

    /// Staff end a visit; its visitor is told the reason. False if there is no such visit.
    pub fn kick(&mut self, now: &Moment, visit: VisitId, by: &str, reason: &str) -> bool {
        self.observe(now);
        let device = self.record(visit).map(|record| record.device.clone());
        let ended = self.end_now(visit, EndCause::Kicked);
        if ended {
            if let Some(device) = &device {
                self.farewells.explain(device, reason);
            }
            let (by, reason) = (by.to_owned(), reason.to_owned());
            self.effects.push(Effect::Notice(Notice::Kicked { visit, by, reason }));
        }
        ended
    }

    /// A visit that began with the effects just taken could not be kept: it is as if nobody had asked. A voucher it redeemed
    /// is unused again, so that the next try redeems it durably. Leaves no record and no revoke. False if there is no such visit.
    pub fn undo(&mut self, now: &Moment, visit: VisitId) -> bool {
        self.observe(now);
        let Some(record) = self.record(visit) else { return false };
        self.end_now(visit, EndCause::Lost);
        if let Some(holder) = self.holders.get_mut(&record.holder) {
            holder.unuse(record.started);
        }
        self.effects.retain(|effect| match effect {
            Effect::Record(kept) => kept.id != visit,
            Effect::Revoke { visit: revoked, .. } => *revoked != visit,
            Effect::Balance(balance) => balance.holder != record.holder,
            Effect::Grant(_)
            | Effect::Retime { .. }
            | Effect::HolderQuota { .. }
            | Effect::Redeemed { .. }
            | Effect::Block { .. }
            | Effect::Emergency(_)
            | Effect::Hours { .. }
            | Effect::Notice(_) => true,
        });
        true
    }

    /// The kernel no longer holds a grant that was not revoked. A visit whose time is not over is granted again: someone
    /// removed the element, or the uplink's outage outlasted it.
    pub fn missing(&mut self, now: &Moment, visit: VisitId) {
        const SLOP: Duration = Duration::from_secs(1);
        self.observe(now);
        let Some(left) = self.visits.get(&visit).map(|visit| self.ends_in(visit)) else { return };
        match left {
            Some((left, cause)) if left < SLOP && self.service.is_running() => {
                self.end_now(visit, cause);
            }
            _ => self.regrant(visit),
        }
    }

    pub(super) fn end_now(&mut self, id: VisitId, cause: EndCause) -> bool {
        let there = self.visits.contains_key(&id);
        self.end(id, cause, self.service.passed(self.now.up));
        there
    }

    pub(super) fn close_all(&mut self) {
        let closing: Vec<VisitId> =
            self.visits.values().filter(|visit| visit.keeps_hours()).map(super::visit::Visit::id).collect();
        for id in closing {
            self.end_now(id, EndCause::Closing);
        }
    }

    pub(super) fn use_before_passed(&mut self, id: VisitId) {
        if !self.end_now(id, EndCause::Expired) {
            self.use_before.retain(|(_, visit)| *visit != id);
        }
    }

    /// Ends a visit that was in use until `until` (service time): time after that is not charged.
    pub(super) fn end(&mut self, id: VisitId, cause: EndCause, until: Duration) {
        let service = self.service.passed(self.now.up);
        let Some(visit) = self.visits.remove(&id) else { return };
        self.checks.remove(&(visit.check, id));
        if let Some(at) = visit.use_before() {
            self.use_before.remove(&(at, id));
        }
        self.idle_suspects.remove(&id);
        self.changed_visits.remove(&id);
        let device = visit.record.device.clone();
        if self.devices.get(&device) == Some(&id) {
            self.devices.remove(&device);
        }
        let until = until.clamp(visit.began, service.max(visit.began));
        let mut record = visit.snapshot(&self.now, until, !self.service.is_running());
        let ended = before(
            &self.now,
            super::Uptime::new(self.now.up.since_boot().saturating_sub(service.saturating_sub(until))),
        );
        record.ended = Some(Ended { at: ended.wall, cause });

        let holder_id = record.holder.clone();
        let pause = visit.plan.pause.filter(|_| cause.owes_pause() && visit.counts_on_holder());
        let mut kept = Kept::default();
        if let Some(holder) = self.holders.get_mut(&holder_id) {
            holder.leave(id, until, service);
            kept = Kept::of(&visit, holder, service);
            if let Some(pause) = pause {
                holder.pause_until(ended.wall_after(pause));
            }
            if holder.visits.is_empty() {
                self.fade_holder(holder_id.clone());
            }
        }
        let farewell = Farewell {
            visit: id,
            device: device.clone(),
            cause,
            at: ended.wall,
            used: record.used,
            traffic: record.traffic,
            reason: None,
            holder: holder_id.clone(),
            kept,
            paused_until: pause.map(|pause| ended.wall_after(pause)),
        };
        self.farewells.insert(device.clone(), farewell);
        self.effects.push(Effect::Record(record.clone()));
        self.changed_holders.remove(&holder_id);
        self.emit_balance(&holder_id);
        self.effects.push(Effect::Revoke { visit: id, device, holder: holder_id, cause });
        self.ended.insert(id, record);
        self.fade_visit(id);
    }
}
