//! One holder: what it used today, this month and ever, and who is online on it.
//!
//! A holder's time runs while at least one of its devices is online: two devices at once use it up no faster than one.

use std::collections::BTreeSet;
use std::time::Duration;

use gapura_model::{BootId, Moment, Traffic, VisitId};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::ask::Voucher;
use crate::record::{HolderBalance, Used};
use crate::share::Lent;

#[derive(Clone, Debug)]
pub(super) struct Holder {
    balance: HolderBalance,
    /// Service time up to which `balance` is charged.
    folded: Duration,
    /// Service time up to which some visit is known to have used it.
    covered: Duration,
    pub(super) visits: BTreeSet<VisitId>,
    pub(super) voucher: Option<Voucher>,
}

impl Holder {
    pub(super) const fn new(balance: HolderBalance, service: Duration) -> Self {
        Self { balance, folded: service, covered: service, visits: BTreeSet::new(), voucher: None }
    }

    /// Whose time ran on for `elapsed` since `balance` was kept; its visits are still to be entered.
    pub(super) fn resumed(balance: HolderBalance, service: Duration, elapsed: Duration) -> Self {
        let mut holder = Self::new(balance, service);
        holder.charge(elapsed);
        holder.covered = service.saturating_sub(elapsed.saturating_add(holder.balance.uncovered));
        holder
    }

    pub(super) const fn balance_mut(&mut self) -> &mut HolderBalance {
        &mut self.balance
    }

    pub(super) const fn balance(&self) -> &HolderBalance {
        &self.balance
    }

    /// Charges time up to `service`.
    pub(super) fn fold(&mut self, service: Duration) {
        if !self.visits.is_empty() {
            let more = service.saturating_sub(self.folded);
            self.charge(more);
        }
        self.folded = service.max(self.folded);
    }

    fn charge(&mut self, more: Duration) {
        for time in [&mut self.balance.day_used.time, &mut self.balance.month_used.time, &mut self.balance.time_used] {
            *time = time.saturating_add(more);
        }
    }

    pub(super) fn count(&mut self, traffic: Traffic) {
        self.balance.day_used.traffic += traffic;
        self.balance.month_used.traffic += traffic;
    }

    /// Begins a new day or month if `today` is a later one. True if something was reset.
    pub(super) fn roll(&mut self, today: Date) -> bool {
        let Some(day) = self.balance.day else {
            self.balance.day = Some(today);
            return false;
        };
        // A balance of a day to come was written by a wrong clock: what is used stays used.
        self.balance.day = Some(today);
        if day >= today {
            return false;
        }
        self.balance.day_used = Used::default();
        self.balance.added_today = Duration::ZERO;
        if day.first_of_month() != today.first_of_month() {
            self.balance.month_used = Used::default();
        }
        true
    }

    /// Time used since the new day began cannot be more than the day is old: for a restart across midnight.
    pub(super) fn cap_day(&mut self, since_midnight: Duration, charged: Duration) {
        self.balance.day_used.time = since_midnight.min(charged);
    }

    pub(super) fn enter(&mut self, visit: VisitId, service: Duration) {
        self.fold(service);
        self.covered = self.covered.max(service);
        self.visits.insert(visit);
    }

    /// A visit ends, having been in use until `until`. When it was the last, time charged after that is given back.
    pub(super) fn leave(&mut self, visit: VisitId, until: Duration, service: Duration) {
        self.fold(service);
        self.covered = self.covered.max(until.min(service));
        if self.visits.remove(&visit) && self.visits.is_empty() {
            let back = service.saturating_sub(self.covered);
            for time in
                [&mut self.balance.day_used.time, &mut self.balance.month_used.time, &mut self.balance.time_used]
            {
                *time = time.saturating_sub(back);
            }
        }
    }

    /// The charged time including what has run since it was last charged.
    pub(super) fn pending(&self, service: Duration) -> Duration {
        if self.visits.is_empty() { Duration::ZERO } else { service.saturating_sub(self.folded) }
    }

    pub(super) const fn first_use(&mut self, at: Timestamp) -> bool {
        if self.balance.first_used.is_some() {
            return false;
        }
        self.balance.first_used = Some(at);
        true
    }

    /// A first use at `at` that could not be kept never was.
    pub(super) fn unuse(&mut self, at: Timestamp) {
        if self.balance.first_used == Some(at) {
            self.balance.first_used = None;
        }
    }

    /// Staff give time beyond the limits: of today, and of a voucher's *Waktu pakai*.
    pub(super) const fn give(&mut self, time: Duration) {
        self.balance.added_today = self.balance.added_today.saturating_add(time);
        self.balance.added = self.balance.added.saturating_add(time);
    }

    pub(super) fn lend(&mut self, lent: Lent) {
        self.balance.lent = Some(lent);
    }

    pub(super) const fn pause_until(&mut self, at: Timestamp) {
        self.balance.paused_until = Some(at);
    }

    pub(super) fn snapshot(&self, now: &Moment, boot: BootId, service_runs: bool) -> HolderBalance {
        let in_use = !self.visits.is_empty();
        let uncovered = if in_use { self.folded.saturating_sub(self.covered) } else { Duration::ZERO };
        let running = service_runs && in_use;
        HolderBalance { boot, updated_up: now.up, running, uncovered, ..self.balance.clone() }
    }
}
