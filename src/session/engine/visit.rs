//! One running visit.

use std::sync::Arc;
use std::time::Duration;

use gapura_model::{Moment, Uptime, VisitId};
use jiff::Timestamp;

use crate::ask::Way;
use crate::plan::{ByteLimit, Plan};
use crate::record::VisitRecord;

#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// What stays, and what is counted; its times are filled in by [`Visit::snapshot`].
    pub(super) record: VisitRecord,
    pub(super) plan: Arc<Plan>,
    /// The idle time of the PC seat it is on.
    pub(super) seat_idle: Option<Duration>,
    /// When it began, in service time, less what it was charged before a restart.
    pub(super) began: Duration,
    /// Last activity, in service time.
    pub(super) active: Duration,
    /// When the kernel's grant must be renewed, in service time.
    pub(super) renew: Duration,
    /// Its entry in the engine's checks.
    pub(super) check: Duration,
}

impl Visit {
    pub(super) const fn id(&self) -> VisitId {
        self.record.id
    }

    pub(super) fn used(&self, service: Duration) -> Duration {
        service.saturating_sub(self.began)
    }

    /// Whether the holder's day, month, voucher and pause apply. A trusted device has none; on a PC seat the person behind a
    /// one-tap visit changes, so the seat's address is nobody's balance; what staff open for a time is theirs to measure.
    pub(super) const fn counts_on_holder(&self) -> bool {
        match self.record.way {
            Way::OneTap => self.seat_idle.is_none(),
            Way::Voucher | Way::Account => true,
            Way::Staff => self.record.staff_time.is_none(),
            Way::Trusted => false,
        }
    }

    /// Whether it ends when the site closes.
    pub(super) const fn keeps_hours(&self) -> bool {
        !matches!(self.record.way, Way::Trusted)
    }

    pub(super) fn time_limit(&self) -> Option<Duration> {
        let limit = self.record.staff_time.or(self.plan.visit.time)?;
        Some(limit.saturating_add(self.record.extra_time))
    }

    pub(super) fn byte_limit(&self) -> ByteLimit {
        self.plan.visit.bytes.plus(self.record.extra_bytes)
    }

    pub(super) fn idle_limit(&self) -> Option<Duration> {
        match (self.plan.idle, self.seat_idle) {
            (Some(plan), Some(seat)) => Some(plan.min(seat)),
            (plan, seat) => plan.or(seat),
        }
    }

    pub(super) fn use_before(&self) -> Option<Timestamp> {
        self.record.voucher.as_ref().and_then(|voucher| voucher.use_before)
    }

    pub(super) fn silent_for(&self, now: Uptime) -> Duration {
        self.record.active_up.until(now)
    }

    /// The record as it stands now.
    pub(super) fn snapshot(&self, now: &Moment, service: Duration, frozen: bool) -> VisitRecord {
        let (used, silent) = (self.used(service), service.saturating_sub(self.active));
        VisitRecord { updated: now.wall, updated_up: now.up, used, silent, frozen, ..self.record.clone() }
    }
}
