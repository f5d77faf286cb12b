//! Shares of a group's voucher: lent by the controller, given back as far as they can be spared.

use gapura_model::{HolderId, Moment};
use jiff::civil::Date;

use super::Engine;
use super::holder::Holder;
use crate::record::HolderBalance;
use crate::share::{Lent, Share};

impl Engine {
    /// The local day, where a trusted clock tells: shares are neither given back nor taken without it.
    pub const fn trusted_day(&self) -> Option<Date> {
        if self.calendar.is_trusted() { self.today } else { None }
    }

    /// The share a holder in memory has here, and what it has used, as they stand at the last moment the engine saw.
    pub fn lent(&self, holder: &HolderId) -> Option<(Lent, Share)> {
        let balance = self.balance(holder)?;
        let lent = balance.lent.clone()?;
        let used = Share::used(&lent.share, &balance);
        Some((lent, used))
    }

    /// Gives back what the holder's share can spare of a voucher worth `whole`; nothing while something given before is not
    /// confirmed, or the clock is in doubt. `kept` is what the ledger has of the holder, its share filled in. Give the engine
    /// the counters' readings first.
    pub fn give_back(&mut self, now: &Moment, kept: HolderBalance, whole: &Share) {
        self.observe(now);
        let id = kept.holder.clone();
        self.know(kept);
        let Some((lent, used)) = self.lent(&id).filter(|(lent, _)| lent.given.is_none()) else { return };
        if self.trusted_day().is_none() {
            return;
        }
        let spare = lent.spare(whole, &used, !self.visits_of(&id).is_empty());
        let Some(rest) = lent.share.minus(&spare).filter(|_| !spare.is_zero()) else { return };
        self.change_share(&id, Lent { number: lent.number, share: rest, given: Some(spare) });
    }

    /// Takes what the controller lends under `number`, as of `day`: not before that day has begun here, for a part of it may
    /// have been used elsewhere the day before. False where it is not taken; an older number never is.
    pub fn lend(&mut self, now: &Moment, kept: HolderBalance, number: u64, share: Share, day: Date) -> bool {
        self.observe(now);
        if self.trusted_day().is_none_or(|today| today < day) {
            return false;
        }
        let id = kept.holder.clone();
        self.know(kept);
        if self.lent(&id).is_none_or(|(lent, _)| number <= lent.number) {
            return false;
        }
        self.change_share(&id, Lent { number, share, given: None });
        true
    }

    /// Has the holder of a lent share in memory at today's balances, for [`Engine::lent`]; forgotten again where nobody uses it.
    pub fn meet_lent(&mut self, now: &Moment, kept: HolderBalance) {
        self.observe(now);
        self.know(kept);
    }

    pub(super) fn know(&mut self, kept: HolderBalance) {
        let service = self.service.passed(self.now.up);
        let (id, today) = (kept.holder.clone(), self.today);
        let fresh = !self.holders.contains_key(&id);
        let holder = self.holders.entry(id.clone()).or_insert_with(|| Holder::new(kept, service));
        holder.fold(service);
        if let Some(today) = today {
            holder.roll(today);
        }
        if fresh {
            self.fade_holder(id);
        }
    }

    fn change_share(&mut self, id: &HolderId, lent: Lent) {
        if let Some(holder) = self.holders.get_mut(id) {
            holder.lend(lent);
        }
        self.emit_balance(id);
        self.regrant_holder(id);
    }
}
