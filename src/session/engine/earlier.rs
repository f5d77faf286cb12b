//! What a holder used before its balance was lost.

use gapura_model::Moment;

use super::Engine;
use super::holder::Holder;
use crate::record::HolderBalance;

impl Engine {
    /// Adds what a holder had used by an `earlier` balance that was lost, where it came again before that balance was found. Its
    /// visits are granted anew. `kept` is what the ledger has of it now. The same balance again changes nothing.
    pub fn add_earlier(&mut self, now: &Moment, kept: HolderBalance, earlier: &HolderBalance) {
        self.observe(now);
        let id = kept.holder.clone();
        self.know(kept);
        if self.holders.get_mut(&id).is_some_and(|holder| holder.add_earlier(earlier)) {
            self.emit_balance(&id);
            self.regrant_holder(&id);
            for visit in self.visits_of(&id) {
                self.retime(visit);
                self.schedule(visit);
            }
        }
    }
}

impl Holder {
    /// False where it is known already: the first use of a balance that was added is the earlier one's.
    fn add_earlier(&mut self, earlier: &HolderBalance) -> bool {
        let balance = self.balance_mut();
        let (Some(first), Some(known)) = (earlier.first_used, balance.first_used) else { return false };
        if known <= first {
            return false;
        }
        balance.first_used = Some(first);
        balance.time_used = balance.time_used.saturating_add(earlier.time_used);
        balance.paused_until = balance.paused_until.max(earlier.paused_until);
        if let (Some(day), Some(then)) = (balance.day, earlier.day) {
            if day == then {
                balance.day_used = balance.day_used.plus(earlier.day_used);
            }
            if (day.year(), day.month()) == (then.year(), then.month()) {
                balance.month_used = balance.month_used.plus(earlier.month_used);
            }
        }
        if let Some(lent) = &earlier.lent
            && balance.lent.as_ref().is_none_or(|known| known.number < lent.number)
        {
            balance.lent = Some(lent.clone());
        }
        true
    }
}
