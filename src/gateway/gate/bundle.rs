//! A new bundle, put in force as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use gapura_kernel::KernelError;
use gapura_ledger::Entry;
use gapura_model::{DeviceId, HolderId, Moment, Traffic, VisitId};
use gapura_session::{Admission, Engine, Way};
use gapura_wire::{Bundle, Sha256, overbooked};

use super::notice::of_department;
use super::run::Gate;
use crate::filter::Audiences;
use crate::policy::{garden_networks, portal_site, session_policy};

impl Gate {
    /// Checks a bundle and puts it in force.
    ///
    /// # Errors
    /// Every contradiction, for the controller; the one before stays in force.
    pub(super) fn take_bundle(&mut self, now: &Moment, mut bundle: Bundle) -> Result<(), String> {
        let policy = session_policy(&bundle, &self.overrides)?;
        let audiences = Audiences::of(&bundle).map_err(|error| error.to_string())?;
        bundle.vouchers.sort_by_key(|one| one.tag);
        // Bytes first: running visits are granted anew under the new plans.
        self.read(now);
        self.hands.set_trusted(policy.trusted.keys().copied());
        self.hands.set_audiences(Arc::new(audiences));
        self.engine.replace_policy(now, policy);
        self.regroup(now);
        self.end_withdrawn(now, &bundle);
        if let Err(error) =
            self.hands.kernel.set_garden_networks(&garden_networks(&bundle, self.opened.as_deref().unwrap_or_default()))
        {
            tracing::error!(error = %gapura_model::with_causes(&error), "the kernel did not take the walled garden");
        }
        let other_garden = self.bundle.as_ref().is_none_or(|former| former.garden != bundle.garden);
        self.in_force(Box::new(bundle));
        // The resolver has heard of it: what it judges from now on is the new garden.
        if other_garden {
            self.close_former_garden();
        }
        self.admit_trusted(now);
        self.shape();
        self.attribute(now);
        // Visits of a plan that gained or lost its part of the uplink are given other classes as soon as there are some.
        self.timers.grow = self.timers.grow.map(|at| at.min(now.up));
        self.windows(now);
        Ok(())
    }

    /// What names of the garden before opened is closed; what is still in it is opened again when it is next asked for.
    fn close_former_garden(&mut self) {
        match self.hands.kernel.clear_garden() {
            // Noted after: a router that dies between the two clears it once more.
            Ok(()) => self.memory.keep_garden(garden_hash(self.bundle.as_deref())),
            Err(error) => {
                tracing::error!(error = %gapura_model::with_causes(&error), "the kernel did not close the walled garden of before");
            }
        }
    }

    /// SOPs open other names or networks before login; the resolver has heard of the names.
    pub(super) fn open_before_login(&mut self, networks: Vec<gapura_kernel::Net>) {
        let garden = self.bundle.as_deref().map(|bundle| garden_networks(bundle, &networks)).unwrap_or_default();
        // After a restart what was open before it goes on: the names are the same, and phones do not ask again.
        let first = self.opened.replace(networks).is_none();
        if let Err(error) = self.hands.kernel.set_garden_networks(&garden) {
            tracing::error!(error = %gapura_model::with_causes(&error), "the kernel did not take what SOPs open before login");
        }
        if !first {
            self.close_former_garden();
        }
    }

    /// Ends visits whose voucher was revoked or whose account was closed.
    pub(super) fn end_withdrawn(&mut self, now: &Moment, bundle: &Bundle) {
        let revoked = bundle.vouchers.iter().filter(|voucher| voucher.revoked);
        let vouchers: Vec<_> = revoked.map(|voucher| HolderId::Voucher(*voucher.tag.as_bytes())).collect();
        for holder in vouchers.into_iter().chain(closed_accounts(&self.engine, bundle)) {
            self.engine.revoke_holder(now, &holder);
        }
    }

    /// Brings running visits after a change of plans or groups of people.
    pub(super) fn regroup(&mut self, now: &Moment) {
        let changed = self.hands.regroup(&self.engine.grants());
        self.judged_anew(now, changed);
    }

    /// What running visits may reach changed: the last bytes under their former marks count.
    pub(super) fn judged_anew(&mut self, now: &Moment, changed: Result<Vec<(VisitId, Traffic)>, KernelError>) {
        match changed {
            Ok(last_bytes) if last_bytes.is_empty() => {}
            Ok(last_bytes) => self.begin_anew(now, &last_bytes),
            Err(error) => {
                tracing::error!(error = %gapura_model::with_causes(&error), "the kernel did not take other policy groups; it is compared anew");
                self.hands.kernel.doubt();
                self.timers.reconcile = now.up;
            }
        }
    }

    /// Puts changes of hours by staff in force.
    pub(super) fn apply_policy(&mut self, now: &Moment) -> Result<(), String> {
        let bundle = self.bundle.as_deref().ok_or("there is no bundle yet: the site has no hours to change")?;
        let policy = session_policy(bundle, &self.overrides)?;
        self.read(now);
        self.engine.replace_policy(now, policy);
        self.windows(now);
        Ok(())
    }

    /// Tells the rooms that read the bundle.
    pub(super) fn in_force(&mut self, mut bundle: Box<Bundle>) {
        bundle.vouchers.sort_by_key(|one| one.tag);
        let now = self.clock.now();
        self.site = Arc::new(portal_site(&bundle));
        for why in overbooked(&bundle.parts(), bundle.uplink) {
            tracing::warn!(%why, "more of the uplink is promised than there is: every part is cut in proportion");
        }
        self.hands.shaping.share_out(&bundle.parts());
        self.voucher_key.send_replace(Some(bundle.voucher_key.clone()));
        // A notice of the bundle before goes with it; one that staff put up at this router stays.
        let former = self.bundle.as_ref().map(|former| former.published);
        if self.notice.as_ref().is_some_and(|(shown, _)| former.is_some() && shown.issued == former) {
            self.notice = None;
        }
        if self.notice.is_none() {
            self.notice = of_department(&bundle, &now);
        }
        let token = |voucher: &gapura_wire::Voucher| Some((voucher.token?, voucher.tag));
        self.tokens = bundle.vouchers.iter().filter_map(token).collect();
        (self.on_policy)(&bundle);
        self.bundle = Some(bundle);
    }

    /// Lets in the devices that are online without logging in, on every visitor bridge, wherever they may be plugged in.
    pub(super) fn admit_trusted(&mut self, now: &Moment) {
        let trusted: Vec<_> = self.engine.policy().trusted.keys().copied().collect();
        for mac in trusted {
            for lan in self.hands.lans.clone() {
                let device = DeviceId { lan, mac };
                let visit = self.engine.visit_of(&device).and_then(|visit| self.engine.record(visit));
                // A visit of before it was on the list gives way: it would end with its plan.
                if visit.is_none_or(|visit| visit.way != Way::Trusted)
                    && let Err(refused) = self.admit(now, &device, Admission::Trusted, false)
                {
                    tracing::debug!(?refused, "a trusted device was not let in");
                }
            }
        }
    }

    /// Writes the blocks and the emergency opening down, so that they outlive the daemon.
    pub(super) fn keep_blocks(&mut self) {
        let blocks = self.engine.blocks().clone();
        let emergency = self.engine.emergency_open().cloned();
        self.memory.try_commit(&[Entry::Blocks(blocks), Entry::Emergency(emergency)]);
    }
}

/// Accounts with a running visit that were closed by staff; a bundle names accounts only by what its own key makes of them.
fn closed_accounts(engine: &Engine, bundle: &Bundle) -> BTreeSet<HolderId> {
    let closed: BTreeSet<_> =
        bundle.account_changes.iter().filter(|change| change.closed).map(|change| change.tag).collect();
    if closed.is_empty() {
        return BTreeSet::new();
    }
    let is_closed = |holder: &HolderId| match holder {
        HolderId::Account(name) => closed.contains(&bundle.voucher_key.account_tag(name)),
        HolderId::Voucher(_) | HolderId::Device(_) => false,
    };
    engine.records().map(|record| record.holder).filter(is_closed).collect()
}

/// What stands for a walled garden in the ledger.
pub(super) fn garden_hash(bundle: Option<&Bundle>) -> String {
    let garden = bundle.map(|bundle| &bundle.garden);
    Sha256::of(&serde_json::to_vec(&garden).unwrap_or_default()).to_string()
}
