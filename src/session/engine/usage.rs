//! Bytes: readings of the kernel's counters, and quotas it found used up.

use gapura_model::{ByteCount, HolderId, Moment, Traffic, VisitId};

use super::Engine;
use super::limits::{bytes_left, nearly_zero};
use crate::effect::Effect;
use crate::outcome::{EndCause, Scope};
use crate::record::VisitRecord;

/// A quota the kernel found used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scarce {
    /// A visit's own.
    Visit(VisitId),
    /// A holder's, shared by its devices.
    Holder(HolderId),
}

impl Engine {
    /// Counts what the counters moved since the last reading, and judges idleness: a device is active when its upload
    /// counter moved. Call it with all visits that moved, also when none did; readings of a visit that just ended count too.
    pub fn usage(&mut self, now: &Moment, deltas: &[(VisitId, Traffic)]) {
        // Bytes first: they flowed before now, perhaps before something that falls due now.
        let up = now.up.max(self.now.up);
        let service = self.service.passed(up);
        for (id, delta) in deltas.iter().filter(|(_, delta)| *delta != Traffic::ZERO) {
            self.count(*id, *delta);
            if delta.up > ByteCount::ZERO
                && let Some(visit) = self.visits.get_mut(id)
            {
                visit.active = service;
                visit.record.active_up = up;
                if self.idle_suspects.remove(id) {
                    self.schedule(*id);
                }
            }
        }
        self.read_at = service;
        self.observe(now);
        for (id, _) in deltas {
            self.judge_bytes(*id);
        }
        for id in std::mem::take(&mut self.idle_suspects) {
            self.check(id);
        }
    }

    /// The kernel found a quota used up. `deltas` are readings taken after that: at least those of the visits concerned.
    ///
    /// The kernel's quota also counts packets it lost afterwards; where the readings leave more than a large packet, the
    /// rest is granted again.
    pub fn depleted(&mut self, now: &Moment, what: &Scarce, deltas: &[(VisitId, Traffic)]) {
        self.usage(now, deltas);
        let visits = match what {
            Scarce::Visit(visit) => vec![*visit],
            Scarce::Holder(holder) => self.visits_of(holder),
        };
        let mut renewed = false;
        for id in visits {
            let Some(visit) = self.visits.get(&id) else { continue };
            let scope = match what {
                Scarce::Visit(_) => {
                    let limit = visit.byte_limit();
                    nearly_zero(limit.left(visit.record.traffic), limit).then_some(Scope::Visit)
                }
                Scarce::Holder(holder) => self.holders.get(holder).and_then(|holder| {
                    let lefts = bytes_left(&visit.plan, holder);
                    lefts.into_iter().find(|(left, limit, _)| nearly_zero(*left, *limit)).map(|(.., scope)| scope)
                }),
            };
            match (scope, visit.plan.slow(), what) {
                (Some(scope), None, _) => {
                    self.end_now(id, EndCause::QuotaUp(scope));
                }
                (Some(_), Some(_), _) => {
                    if let Some(visit) = self.visits.get_mut(&id).filter(|visit| !visit.record.slowed) {
                        visit.record.slowed = true;
                        self.changed_visit(id);
                    }
                }
                (None, _, Scarce::Visit(_)) => self.regrant(id),
                (None, _, Scarce::Holder(holder)) => {
                    if let Some(quota) = self.holder_quota(visit).filter(|_| !renewed) {
                        self.effects.push(Effect::HolderQuota { holder: holder.clone(), quota });
                        renewed = true;
                    }
                }
            }
        }
    }

    fn count(&mut self, id: VisitId, delta: Traffic) {
        let holder = if let Some(visit) = self.visits.get_mut(&id) {
            visit.record.traffic += delta;
            visit.record.holder.clone()
        } else if let Some(record) = self.ended.get_mut(&id) {
            record.traffic += delta;
            let record: VisitRecord = record.clone();
            let holder = record.holder.clone();
            self.effects.push(Effect::Record(record));
            holder
        } else {
            return;
        };
        let runs = self.visits.contains_key(&id);
        if runs {
            self.changed_visit(id);
        }
        if let Some(counted) = self.holders.get_mut(&holder) {
            counted.count(delta);
            if runs {
                self.changed_holder(&holder);
            } else {
                // With the visit's last word: a power cut within the minute must not give the holder these bytes again.
                self.changed_holders.remove(&holder);
                self.emit_balance(&holder);
            }
        }
    }

    /// Ends or slows the visits of a holder whose bytes are used up by the readings, should the kernel not have said so.
    fn judge_bytes(&mut self, id: VisitId) {
        let Some(visit) = self.visits.get(&id).filter(|visit| self.depleted_scope(visit).is_some()) else { return };
        for id in self.visits_of(&visit.record.holder) {
            let Some(visit) = self.visits.get(&id) else { continue };
            match (self.depleted_scope(visit), visit.plan.slow()) {
                (Some(scope), None) => {
                    self.end_now(id, EndCause::QuotaUp(scope));
                }
                (_, Some(_)) => self.judge_slowness(id),
                (None, None) => {}
            }
        }
    }
}
