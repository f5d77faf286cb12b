//! Shares of group vouchers at this site: what is asked for, what is given back, what is lent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use captive_portal::Refused;
use gapura_ledger::Entry;
use gapura_model::{HolderId, Moment, Uptime};
use gapura_session::{HolderBalance, Lent, Share};
use gapura_wire::{ShareAnswer, ShareLine, ShareReport, VoucherTag, limits};
use tokio::sync::Notify;

use super::run::Gate;

/// What the gate knows of shares beside the balances.
pub(super) struct Shares {
    /// Vouchers that somebody is online on or was turned away with.
    watched: BTreeMap<VoucherTag, Watch>,
    /// Vouchers the controller wants something back of.
    recalled: BTreeSet<VoucherTag>,
    /// The ledger is new in place of a lost one: what was used and given back is not known until the controller tells.
    lost: bool,
    /// There is something to ask the controller for.
    wanted: Arc<Notify>,
}

struct Watch {
    /// Asked for until then, whether or not somebody is online.
    until: Uptime,
    /// The number of the share under which more was asked for.
    asked: Option<u64>,
}

/// A visitor who was turned away for want of a share is asked for this long.
const TURNED_AWAY: Duration = Duration::from_mins(10);

impl Shares {
    pub(super) fn new(lost: bool) -> Self {
        Self { watched: BTreeMap::new(), recalled: BTreeSet::new(), lost, wanted: Arc::default() }
    }

    /// Wakes whoever asks the controller.
    pub(super) fn wanted(&self) -> Arc<Notify> {
        self.wanted.clone()
    }
}

impl Gate {
    /// What a group's voucher has used here, with the share this site holds of it, and what it is worth in all; `None` for
    /// every other voucher.
    fn lent_balance(&self, now: &Moment, tag: &VoucherTag) -> Option<(HolderBalance, Share)> {
        let bundle = self.bundle.as_deref()?;
        let place = bundle.vouchers.binary_search_by(|voucher| voucher.tag.cmp(tag)).ok()?;
        let voucher = bundle.vouchers.get(place)?;
        let first = voucher.share.clone()?;
        let plan = bundle.plans.iter().find(|plan| plan.id == voucher.plan)?;
        let holder = voucher.holder();
        let kept = match self.engine.balance(&holder) {
            Some(known) => Some(known),
            None => self.memory.balance(&holder).ok()?,
        };
        let mut kept = kept.unwrap_or_else(|| HolderBalance::new(holder, self.boot, now.up));
        kept.lent.get_or_insert_with(|| Lent::first(first));
        Some((kept, Share::whole(plan, voucher.use_time)))
    }

    /// The balance to let a holder in with: of a group's voucher with the share this site holds.
    ///
    /// # Errors
    /// After a ledger was lost nobody knows how much of the first share is left.
    pub(super) fn with_share(
        &self,
        now: &Moment,
        holder: &HolderId,
        balance: Option<HolderBalance>,
    ) -> Result<Option<HolderBalance>, Refused> {
        let HolderId::Voucher(tag) = holder else { return Ok(balance) };
        match self.lent_balance(now, &VoucherTag::from_bytes(*tag)) {
            Some(_) if self.shares.lost && balance.is_none() => Err(Refused::ShareUsed),
            Some((kept, _)) => Ok(Some(kept)),
            None => Ok(balance),
        }
    }

    /// Somebody came with a voucher: if it is a group's, more of it is asked for where little is left.
    pub(super) fn watch_share(&mut self, now: &Moment, holder: &HolderId) {
        let HolderId::Voucher(tag) = holder else { return };
        let tag = VoucherTag::from_bytes(*tag);
        if self.lent_balance(now, &tag).is_none() {
            return;
        }
        let until = now.up.after(TURNED_AWAY);
        self.shares.watched.entry(tag).and_modify(|watch| watch.until = until).or_insert(Watch { until, asked: None });
        self.look_at_share(now, &tag);
    }

    /// The same for every visit that runs, after a start.
    pub(super) fn watch_running_shares(&mut self, now: &Moment) {
        let holders: BTreeSet<HolderId> = self.engine.records().map(|record| record.holder).collect();
        for holder in holders {
            self.watch_share(now, &holder);
        }
    }

    /// Wakes the link where a share has run low since it was asked about.
    pub(super) fn look_at_shares(&mut self, now: &Moment) {
        let tags: Vec<VoucherTag> = self.shares.watched.keys().copied().collect();
        for tag in tags {
            self.look_at_share(now, &tag);
        }
    }

    fn look_at_share(&mut self, now: &Moment, tag: &VoucherTag) {
        let asked = self.shares.watched.get(tag).and_then(|watch| watch.asked);
        let low = |(kept, whole): (HolderBalance, Share)| {
            let lent = kept.lent.as_ref()?;
            (Some(lent.number) != asked).then(|| lent.is_low(&whole, &Share::used(&lent.share, &kept)))
        };
        if self.lent_balance(now, tag).and_then(low).is_some_and(|low| low) {
            self.shares.wanted.notify_one();
        }
    }

    /// The controller wants back what can be spared of these.
    pub(super) fn recall(&mut self, tags: Vec<VoucherTag>) {
        self.shares.recalled.extend(tags);
        self.shares.wanted.notify_one();
    }

    /// Puts in force what is given back; the report is made once ledger and kernel have it ([`Gate::share_report`]).
    pub(super) fn prepare_shares(&mut self, now: &Moment) -> Vec<VoucherTag> {
        if self.shares.lost {
            // Not known is what is left: what is wanted back waits for the balances.
            return Vec::new();
        }
        let recalled = std::mem::take(&mut self.shares.recalled);
        if recalled.is_empty() && self.shares.watched.is_empty() {
            return Vec::new();
        }
        // Bytes first: what was read is what is used.
        self.read(now);
        for tag in &recalled {
            if let Some((kept, whole)) = self.lent_balance(now, tag) {
                self.engine.give_back(now, kept, &whole);
            }
        }
        recalled.into_iter().collect()
    }

    /// What to tell the controller: of vouchers it asked about, and of those of which more is wanted. Nothing while the clock
    /// is in doubt, or while ledger or kernel do not take what was given back.
    pub(super) fn share_report(&mut self, now: &Moment, recalled: &[VoucherTag]) -> Option<ShareReport> {
        if self.timers.reconcile <= now.up || self.shares.lost {
            return None;
        }
        let day = self.engine.trusted_day()?;
        self.shares.watched.retain(|tag, watch| {
            watch.until > now.up || !self.engine.visits_of(&HolderId::Voucher(*tag.as_bytes())).is_empty()
        });
        let tags: BTreeSet<VoucherTag> = recalled.iter().chain(self.shares.watched.keys()).copied().collect();
        let mut lines = Vec::new();
        for tag in tags {
            let Some((kept, whole)) = self.lent_balance(now, &tag) else { continue };
            self.engine.meet_lent(now, kept);
            let Some((lent, used)) = self.engine.lent(&HolderId::Voucher(*tag.as_bytes())) else { continue };
            let watch = self.shares.watched.get_mut(&tag);
            let wants = watch.is_some() && lent.is_low(&whole, &used);
            if let Some(watch) = watch.filter(|_| wants) {
                watch.asked = Some(lent.number);
            }
            if wants || recalled.contains(&tag) {
                lines.push(ShareLine { tag, number: lent.number, given: lent.given, used, wants });
            }
        }
        lines.truncate(limits::SHARE_LINES);
        // On disk before it is said: a power cut must not bring back what another site has by then.
        let given = lines.iter().filter(|line| line.given.is_some());
        let given = given.filter_map(|line| self.engine.balance(&HolderId::Voucher(*line.tag.as_bytes())));
        let entries: Vec<Entry> = given.map(Box::new).map(Entry::Balance).collect();
        if !entries.is_empty()
            && let Err(error) = self.memory.commit(&entries, true)
        {
            self.memory.trouble(&error);
            return None;
        }
        (!lines.is_empty()).then_some(ShareReport { day, lines })
    }

    /// Puts in force what the controller lends.
    pub(super) fn take_shares(&mut self, now: &Moment, answer: &ShareAnswer) {
        // Bytes first: the holder's devices are granted anew.
        self.read(now);
        for lent in &answer.shares {
            if let Some((kept, _)) = self.lent_balance(now, &lent.tag) {
                let taken = self.engine.lend(now, kept, lent.number, lent.share.clone(), answer.day);
                tracing::debug!(number = lent.number, taken, "the controller lent a share of a voucher");
            }
        }
        self.look_at_shares(now);
    }

    /// Whether the balances of this site have to come from the controller, because the ledger with them was lost.
    pub(super) const fn lost_its_balances(&self) -> bool {
        self.shares.lost
    }

    /// All balances that the controller knows are here.
    pub(super) fn balances_are_back(&mut self) {
        if std::mem::take(&mut self.shares.lost) {
            self.memory.keep_balances_lost(false);
        }
    }
}
