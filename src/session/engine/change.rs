//! Changes from outside: a new policy, the uplink, staff.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_model::{ByteCount, HolderId, MacAddr, Moment, Uptime, VisitId};

use super::admit::trusted_plan;
use super::{Engine, arcs};
use crate::ask::Way;
use crate::effect::{Effect, Notice};
use crate::outcome::{EndCause, Scope};
use crate::plan::OnTheft;
use crate::policy::{Block, Policy};

/// The gate stands open for everybody (*Buka darurat*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// Until when, by the monotonic clock: a doubtful wall clock neither shortens nor lengthens it.
    pub until: Uptime,
    /// Who opened it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Why a visit was not extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtendRefusal {
    /// There is no such visit.
    #[error("the visit is over")]
    Over,
    /// The plan has no extension.
    #[error("the plan has no extension")]
    NotOffered,
    /// All extensions were used.
    #[error("the visit was extended as often as the plan allows")]
    NoneLeft,
    /// Something other than the visit's own limit ends it: closing, the day, the month, the voucher.
    #[error("the visit ends with {0}, which no extension moves")]
    WouldNotHelp(EndCause),
}

impl Engine {
    /// Puts a new policy in force. Running visits keep their time and bytes; those it no longer allows end.
    pub fn replace_policy(&mut self, now: &Moment, policy: Policy) {
        self.observe(now);
        let old_blocked = std::mem::take(&mut self.policy.blocked);
        self.plans = arcs(&policy);
        self.policy = policy;
        self.take_block_list(&old_blocked);
        if self.calendar.is_trusted() {
            self.day_begins();
        }
        let before = self.visits.len();
        self.hours_change();
        for id in self.visits.keys().copied().collect::<Vec<_>>() {
            self.reconsider(id);
        }
        let ended = before.saturating_sub(self.visits.len());
        self.effects.push(Effect::Notice(Notice::PolicyReplaced { ended }));
    }

    fn reconsider(&mut self, id: VisitId) {
        let Some(visit) = self.visits.get(&id) else { return };
        let device = visit.record.device.clone();
        let plan = match visit.record.way {
            Way::Trusted => self.policy.trusted.get(&device.mac).and_then(|trusted| trusted_plan(trusted.group)),
            Way::OneTap | Way::Voucher | Way::Account | Way::Staff => self.plans.get(&visit.record.plan).cloned(),
        };
        let Some(plan) = plan else {
            self.end_now(id, EndCause::PolicyChanged);
            return;
        };
        let seat_idle = self.seat_idle(&device);
        let changed = *plan != *visit.plan;
        let holder = visit.record.holder.clone();
        let had_quota = self.holder_quota(visit);
        if let Some(visit) = self.visits.get_mut(&id) {
            visit.plan = plan;
            visit.seat_idle = seat_idle;
        }
        if changed {
            self.regrant(id);
            let quota = self.visits.get(&id).and_then(|visit| self.holder_quota(visit));
            if quota != had_quota {
                let quota = quota.unwrap_or(crate::effect::KernelQuota::Unlimited);
                self.effects.push(Effect::HolderQuota { holder, quota });
            }
            self.judge_slowness(id);
        }
        self.schedule(id);
    }

    /// A voucher was revoked, an account closed: ends every visit of the holder.
    pub fn revoke_holder(&mut self, now: &Moment, holder: &HolderId) {
        self.observe(now);
        for id in self.visits_of(holder) {
            self.end_now(id, EndCause::PolicyChanged);
        }
    }

    /// The uplink went down or came back. While it is down, time used stands still and nobody is let in.
    pub fn uplink(&mut self, now: &Moment, up: bool) {
        self.observe(now);
        if up == self.service.is_running() {
            return;
        }
        self.service.set_running(self.now.up, up);
        if up {
            let down_for = self.down_since.take().map_or(Duration::ZERO, |since| since.until(self.now.up));
            self.effects.push(Effect::Notice(Notice::UplinkUp { down_for }));
            self.retime_all();
        } else {
            self.down_since = Some(self.now.up);
            self.effects.push(Effect::Notice(Notice::UplinkDown));
        }
        // What is on disk must say that time stands still, or a restart would charge the outage.
        self.changed_visits.extend(self.visits.keys().copied());
        self.changed_holders
            .extend(self.holders.iter().filter(|(_, holder)| !holder.visits.is_empty()).map(|(id, _)| id.clone()));
        self.flush();
    }

    /// Opens the gate for everybody for `length`, or longer than now.
    pub fn open_in_emergency(&mut self, now: &Moment, length: Duration, by: &str, reason: &str) {
        self.observe(now);
        let (by, reason) = (by.to_owned(), reason.to_owned());
        self.emergency = Some(Emergency { until: self.now.up.after(length), by: by.clone(), reason: reason.clone() });
        self.effects.push(Effect::Notice(Notice::EmergencyOpened { by, reason, length }));
        self.effects.push(Effect::Emergency(Some(length)));
    }

    /// Ends the emergency opening before its time. False if there was none.
    pub fn end_emergency(&mut self, now: &Moment, by: &str) -> bool {
        self.observe(now);
        self.emergency_ends(Some(by.to_owned()))
    }

    pub(super) fn emergency_ends(&mut self, by: Option<String>) -> bool {
        let there = self.emergency.take().is_some();
        if there {
            self.effects.push(Effect::Emergency(None));
            self.effects.push(Effect::Notice(Notice::EmergencyEnded { by }));
        }
        there
    }

    /// Blocks a device; its visits end.
    pub fn block(&mut self, now: &Moment, mac: MacAddr, block: Block, by: &str) {
        self.observe(now);
        let reason = block.reason.clone();
        self.set_block(mac, block);
        self.effects.push(Effect::Notice(Notice::Blocked { mac, blocked: true, by: by.to_owned(), reason }));
    }

    /// Lifts a block. False if there was none.
    pub fn unblock(&mut self, now: &Moment, mac: MacAddr, by: &str, reason: &str) -> bool {
        self.observe(now);
        let there = self.blocks.contains_key(&mac);
        if there {
            self.block_ends(mac);
            let (by, reason) = (by.to_owned(), reason.to_owned());
            self.effects.push(Effect::Notice(Notice::Blocked { mac, blocked: false, by, reason }));
        }
        there
    }

    /// The blocks in force, those of staff on this gateway included.
    pub const fn blocks(&self) -> &BTreeMap<MacAddr, Block> {
        &self.blocks
    }

    pub(super) fn set_block(&mut self, mac: MacAddr, block: Block) {
        let doomed: Vec<VisitId> =
            self.devices.iter().filter(|(device, _)| device.mac == mac).map(|(_, visit)| *visit).collect();
        for id in doomed {
            self.end_now(id, EndCause::Blocked);
        }
        if let Some(until) = self.blocks.get(&mac).and_then(|old| old.until) {
            self.unblocks.remove(&(until, mac));
        }
        if let Some(until) = block.until {
            self.unblocks.insert((until, mac));
        }
        if self.blocks.insert(mac, block).is_none() {
            self.effects.push(Effect::Block { mac, blocked: true });
        }
    }

    pub(super) fn block_ends(&mut self, mac: MacAddr) {
        if let Some(block) = self.blocks.remove(&mac) {
            if let Some(until) = block.until {
                self.unblocks.remove(&(until, mac));
            }
            self.effects.push(Effect::Block { mac, blocked: false });
        }
    }

    /// Takes over the policy's list: what only the old list blocked is lifted.
    pub(super) fn take_block_list(&mut self, old: &BTreeMap<MacAddr, Block>) {
        for (mac, block) in old {
            if !self.policy.blocked.contains_key(mac) && self.blocks.get(mac) == Some(block) {
                self.block_ends(*mac);
            }
        }
        for (mac, block) in self.policy.blocked.clone() {
            if self.blocks.get(&mac) != Some(&block) {
                self.set_block(mac, block);
            }
        }
    }

    /// The kernel says that a visit's bytes are used up, and nobody else knows how many there were: it ends.
    pub fn used_up(&mut self, now: &Moment, visit: VisitId) {
        self.observe(now);
        self.end_now(visit, EndCause::QuotaUp(Scope::Visit));
    }

    /// Another device uses a visitor's address.
    pub fn theft(&mut self, now: &Moment, visit: VisitId) {
        self.observe(now);
        let Some(running) = self.visits.get(&visit) else { return };
        let ended = running.plan.on_theft == OnTheft::End;
        self.effects.push(Effect::Notice(Notice::Theft { visit, ended }));
        if ended {
            self.end_now(visit, EndCause::Theft);
        }
    }

    /// The visitor extends the visit (perpanjang).
    pub fn extend(&mut self, now: &Moment, id: VisitId) -> Result<(), ExtendRefusal> {
        self.observe(now);
        self.can_extend(id)?;
        if let Some(visit) = self.visits.get_mut(&id)
            && let Some(extend) = visit.plan.extend
        {
            visit.record.extended = visit.record.extended.saturating_add(1);
            visit.record.extra_time = visit.record.extra_time.saturating_add(extend.time);
            visit.record.extra_bytes += extend.bytes;
            self.extended(id);
        }
        Ok(())
    }

    /// Staff extend a visit, by whatever they choose: its own time, and its holder's of today and of the voucher. What the
    /// calendar ends (closing, *Pakai sebelum*) stays where it is. False if there is no such visit.
    pub fn extend_by_staff(
        &mut self,
        now: &Moment,
        visit: VisitId,
        time: Duration,
        bytes: ByteCount,
        by: &str,
    ) -> bool {
        self.observe(now);
        let Some(running) = self.visits.get_mut(&visit) else { return false };
        running.record.extra_time = running.record.extra_time.saturating_add(time);
        running.record.extra_bytes += bytes;
        let holder = Some(running.record.holder.clone()).filter(|_| running.counts_on_holder());
        if let Some(holder) = &holder
            && let Some(known) = self.holders.get_mut(holder)
        {
            known.give(time);
            self.changed_holders.remove(holder);
            self.emit_balance(holder);
        }
        self.extended(visit);
        for other in holder.map(|holder| self.visits_of(&holder)).unwrap_or_default() {
            if other != visit {
                self.retime(other);
                self.schedule(other);
            }
        }
        let by = by.to_owned();
        self.effects.push(Effect::Notice(Notice::ExtendedByStaff { visit, by, time, bytes }));
        true
    }

    /// Staff take time away: the visit ends so much earlier than it would, at once at the earliest. False if there is no such
    /// visit, or nothing of time ends it.
    pub fn shorten_by_staff(&mut self, now: &Moment, visit: VisitId, time: Duration, by: &str) -> bool {
        self.observe(now);
        let service = self.service.passed(self.now.up);
        let Some((left, _)) = self.visits.get(&visit).and_then(|running| self.ends_in(running)) else { return false };
        let Some(running) = self.visits.get_mut(&visit) else { return false };
        let whole = running.used(service).saturating_add(left.saturating_sub(time));
        running.record.staff_time = Some(whole);
        running.record.extra_time = Duration::ZERO;
        self.extended(visit);
        self.effects.push(Effect::Notice(Notice::ShortenedByStaff { visit, by: by.to_owned(), time }));
        true
    }

    fn extended(&mut self, id: VisitId) {
        self.judge_slowness(id);
        self.changed_visits.remove(&id);
        if let Some(record) = self.record(id) {
            self.effects.push(Effect::Record(record));
        }
        self.regrant(id);
    }

    pub(super) fn can_extend(&self, id: VisitId) -> Result<(), ExtendRefusal> {
        use crate::outcome::{EndCause::QuotaUp, EndCause::TimeUp, Scope::Visit};
        let visit = self.visits.get(&id).ok_or(ExtendRefusal::Over)?;
        let extend = visit.plan.extend.ok_or(ExtendRefusal::NotOffered)?;
        if visit.record.extended >= extend.times {
            return Err(ExtendRefusal::NoneLeft);
        }
        match self.ends_in(visit) {
            Some((_, cause)) if extend.bytes == ByteCount::ZERO && !matches!(cause, TimeUp(Visit) | QuotaUp(Visit)) => {
                Err(ExtendRefusal::WouldNotHelp(cause))
            }
            Some(_) | None => Ok(()),
        }
    }
}
