//! Going on after a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gapura_model::{BootId, HolderId, MacAddr, Moment, Uptime, VisitId};
use jiff::{SignedDuration, Timestamp};

use super::admit::trusted_plan;
use super::holder::Holder;
use super::visit::Visit;
use super::{Emergency, Engine, Farewell, Kept};
use crate::ask::Way;
use crate::effect::Effect;
use crate::outcome::EndCause;
use crate::plan::Plan;
use crate::policy::{Block, Policy};
use crate::record::{Ended, HolderBalance, VisitRecord};

/// What the ledger kept of the run before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The visits that had not ended.
    pub visits: Vec<VisitRecord>,
    /// The balances of their holders.
    pub balances: Vec<HolderBalance>,
    /// Blocks by staff on this gateway.
    pub blocks: BTreeMap<MacAddr, Block>,
    /// The running emergency opening; only of the same boot.
    pub emergency: Option<Emergency>,
    /// [`Engine::clock_basis`] of the run before; only of the same boot.
    pub clock_basis: Option<(Uptime, Timestamp)>,
}

impl Engine {
    /// Goes on from what the ledger kept. In the same kernel run visits continue with the time that passed meanwhile, and
    /// those whose time or hours ended meanwhile end at that instant; visits of another run end where they were last
    /// known, with their balances kept.
    ///
    /// Continuing visits emit nothing: give [`Engine::usage`] the readings, then ask [`Engine::grants`] for what the kernel
    /// must hold.
    pub fn restore(policy: Policy, boot: BootId, now: &Moment, snapshot: Snapshot) -> Self {
        let mut engine = Self::new(policy, boot, now);
        engine.calendar.recall(snapshot.clock_basis);
        let was_open = engine.hours.is_open();
        engine.hours = engine.hours_now();
        if engine.hours.is_open() != was_open {
            engine.effects.push(Effect::Hours { open: engine.hours.is_open() });
        }
        for (mac, block) in snapshot.blocks {
            engine.set_block(mac, block);
        }
        let running = snapshot.visits.into_iter().filter(|record| record.ended.is_none());
        let (same, other): (Vec<_>, Vec<_>) = running.partition(|record| record.boot == boot);
        let holders: BTreeSet<HolderId> = same.iter().map(|record| record.holder.clone()).collect();
        for balance in snapshot.balances {
            engine.resume_balance(balance, &holders);
        }
        for record in other {
            engine.end_of_another_boot(record);
        }
        let doomed: Vec<_> = same.into_iter().filter_map(|record| engine.resume(record)).collect();
        engine.judge_resumed(doomed);
        if let Some(emergency) = snapshot.emergency {
            if emergency.until > now.up {
                engine.effects.push(Effect::Emergency(Some(now.up.until(emergency.until))));
            }
            // One that ended meanwhile ends at the first look.
            engine.emergency = Some(emergency);
        }
        engine.observe(now);
        engine
    }

    /// The balance of a holder with running visits, charged with the time since; others stay in the ledger.
    fn resume_balance(&mut self, balance: HolderBalance, holders: &BTreeSet<HolderId>) {
        if !holders.contains(&balance.holder) {
            if balance.running {
                self.effects.push(Effect::Balance(HolderBalance { running: false, ..balance }));
            }
            return;
        }
        let service = self.service.passed(self.now.up);
        let counts = balance.running && balance.boot == self.boot;
        let elapsed = if counts { balance.updated_up.until(self.now.up) } else { Duration::ZERO };
        let id = balance.holder.clone();
        let mut holder = Holder::resumed(balance, service, elapsed);
        if let Some(today) = self.today
            && holder.roll(today)
        {
            let wall = self.now.wall;
            let midnight = self.policy.hours.zone().day_start(wall);
            holder.cap_day(wall.duration_since(midnight).unsigned_abs(), elapsed);
        }
        self.holders.insert(id, holder);
    }

    fn end_of_another_boot(&mut self, mut record: VisitRecord) {
        let cause = EndCause::RouterOff;
        record.ended = Some(Ended { at: record.updated, cause });
        let farewell = Farewell {
            visit: record.id,
            device: record.device.clone(),
            cause,
            at: record.updated,
            used: record.used,
            traffic: record.traffic,
            reason: None,
            holder: record.holder.clone(),
            kept: Kept::default(),
            paused_until: None,
        };
        self.farewells.insert(record.device.clone(), farewell);
        self.effects.push(Effect::Record(record.clone()));
        self.fade_visit(record.id);
        self.ended.insert(record.id, record);
    }

    /// Takes a visit of this boot up again. If something ended it meanwhile, says what and when (service time).
    fn resume(&mut self, record: VisitRecord) -> Option<(VisitId, Duration, EndCause)> {
        let service = self.service.passed(self.now.up);
        let since = record.updated_up.until(self.now.up);
        let elapsed = if record.frozen { Duration::ZERO } else { since };
        let silent = record.silent.saturating_add(elapsed);
        let plan = match record.way {
            Way::Trusted => self.policy.trusted.get(&record.device.mac).and_then(|device| trusted_plan(device.group)),
            Way::OneTap | Way::Voucher | Way::Account | Way::Staff => self.plans.get(&record.plan).cloned(),
        };
        let withdrawn = plan.is_none().then_some((service, EndCause::PolicyChanged));
        let closing = self.closed_since(&record).map(|ago| (service.saturating_sub(ago), EndCause::Closing));
        let id = record.id;
        let visit = Visit {
            plan: plan.unwrap_or_else(|| Arc::new(Plan::unlimited(record.plan.clone(), ""))),
            seat_idle: self.seat_idle(&record.device),
            began: service.saturating_sub(record.used.saturating_add(elapsed)),
            active: service.saturating_sub(silent),
            renew: service.saturating_add(super::LONGEST_GRANT / 2),
            check: service,
            record,
        };
        self.devices.insert(visit.record.device.clone(), id);
        if let Some(at) = visit.use_before() {
            self.use_before.insert((at, id));
        }
        self.checks.insert((visit.check, id));
        let holder = visit.record.holder.clone();
        let (boot, up) = (self.boot, self.now.up);
        let entry = self.holders.entry(holder);
        let entry = entry.or_insert_with_key(|holder| {
            Holder::resumed(HolderBalance::new(holder.clone(), boot, up), service, elapsed)
        });
        entry.voucher.clone_from(&visit.record.voucher);
        entry.visits.insert(id);
        self.visits.insert(id, visit);
        closing.or(withdrawn).map(|(at, cause)| (id, at, cause))
    }

    /// How long ago the site closed on a visit that was running at its last record.
    fn closed_since(&self, record: &VisitRecord) -> Option<Duration> {
        if !self.calendar.is_trusted() || record.way == Way::Trusted {
            return None;
        }
        let since = SignedDuration::try_from(record.updated_up.until(self.now.up)).ok()?;
        let then = self.policy.hours.state(self.now.wall.checked_sub(since).ok()?);
        let closed = then.next_change().filter(|closes| then.is_open() && *closes <= self.now.wall)?;
        Some(self.now.wall.duration_since(closed).unsigned_abs())
    }

    /// Ends, at their own instants, the visits whose hours or time ended while nobody watched.
    fn judge_resumed(&mut self, doomed: Vec<(VisitId, Duration, EndCause)>) {
        let service = self.service.passed(self.now.up);
        let mut ends: BTreeMap<VisitId, (Duration, EndCause)> =
            doomed.into_iter().map(|(id, at, cause)| (id, (at, cause))).collect();
        for (id, visit) in &self.visits {
            if let Some(deadline) = self.time_deadline(visit).filter(|(at, _)| *at <= service) {
                ends.entry(*id).and_modify(|end| *end = deadline.min(*end)).or_insert(deadline);
            }
        }
        for (id, (at, cause)) in ends {
            self.end(id, cause, at);
        }
        for id in self.visits.keys().copied().collect::<Vec<_>>() {
            self.schedule(id);
        }
        if !self.hours.is_open() {
            self.close_all();
        }
    }
}
