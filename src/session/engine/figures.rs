//! What the status page and the RFC 8908 document show of a visit.

use std::time::Duration;

use gapura_model::{ByteCount, Moment, VisitId};
use jiff::Timestamp;

use super::Engine;
use crate::effect::KernelQuota;
use crate::outcome::EndCause;
use crate::plan::Speed;

/// What is left of a visit. A warning is due when `time_left` falls below 15 and 5 minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The visit.
    pub visit: VisitId,
    /// Time used.
    pub used: Duration,
    /// Time until it ends if nothing changes (idleness aside); `None` is unlimited.
    pub time_left: Option<Duration>,
    /// What will end it then; `None` where nothing will.
    pub ends_because: Option<EndCause>,
    /// Bytes left, the least of visit, day and month, both directions together; `None` is unlimited.
    pub bytes_left: Option<ByteCount>,
    /// Left of the visit's own bytes.
    pub visit_quota: KernelQuota,
    /// Left of the holder's bytes; `None` where it has no limit.
    pub holder_quota: Option<KernelQuota>,
    /// The speed now.
    pub speed: Speed,
    /// Whether a byte limit was reached and `speed` is the slow one.
    pub slowed: bool,
    /// When the site closes (UTC); `None`: not in the foreseeable time.
    pub closes_at: Option<Timestamp>,
    /// Whether the visitor may extend it now.
    pub can_extend: bool,
    /// Whether time stands still because the uplink is down.
    pub frozen: bool,
}

impl Engine {
    /// The figures of a running visit at `now`, which is not before the last moment the engine saw. Changes nothing.
    pub fn figures(&self, now: &Moment, id: VisitId) -> Option<Figures> {
        let visit = self.visits.get(&id)?;
        let since = self.now.up.until(now.up);
        let passed = if self.uplink_is_up() { since } else { Duration::ZERO };
        let end = self.ends_in(visit);
        let (visit_quota, holder_quota) =
            (visit.byte_limit().left(visit.record.traffic).into(), self.holder_quota(visit));
        let quotas = [Some(visit_quota), holder_quota];
        let slow = visit.plan.slow().filter(|_| visit.record.slowed);
        Some(Figures {
            visit: id,
            used: visit.used(self.service.passed(self.now.up)).saturating_add(passed),
            time_left: end.map(|(left, cause)| {
                let by_calendar = matches!(cause, EndCause::Closing | EndCause::Expired);
                left.saturating_sub(if by_calendar { since } else { passed })
            }),
            ends_because: end.map(|(_, cause)| cause),
            bytes_left: quotas.into_iter().flatten().filter_map(KernelQuota::bytes).min(),
            visit_quota,
            holder_quota,
            speed: slow.unwrap_or(visit.plan.speed),
            slowed: visit.record.slowed,
            closes_at: self.hours().next_change().filter(|_| self.hours().is_open()),
            can_extend: self.can_extend(id).is_ok(),
            frozen: !self.uplink_is_up(),
        })
    }
}
