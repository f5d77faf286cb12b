//! The gate's hands: carries the engine's effects to the kernel, in order, as few batches as the order allows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gapura_kernel::net::Shaper;
use gapura_kernel::{
    Access, ClassIds, Device, Ended, Holder, Kernel, KernelError, Observed, Quota, Repair, Slot, Update,
};
use gapura_model::{DeviceId, HolderId, IfName, MacAddr, PolicyGroup, Traffic, VisitId};
use gapura_session::{Effect, Grant, KernelQuota, LONGEST_GRANT};

use super::class::ClassGroups;
use super::holders::HolderNumbers;
use super::nat::Blocks;
use super::shaping::{Moved, Shaping};
use crate::filter::{Audiences, Numbers};
use crate::slots::Slots;

/// Everything that touches the kernel on behalf of visits.
pub(crate) struct Hands {
    pub(crate) kernel: Kernel,
    pub(crate) shaping: Shaping,
    pub(crate) slots: Slots,
    pub(crate) lans: Vec<IfName>,
    holders: HolderNumbers,
    /// The last reading of each visit's counters.
    readings: BTreeMap<VisitId, Traffic>,
    /// Devices that may pass at any hour, without an end.
    trusted: BTreeSet<MacAddr>,
    /// Whom the content filter tells apart.
    audiences: Arc<Audiences>,
    /// What classes that run say of groups.
    class_groups: ClassGroups,
    /// The device and the audience that each visit has in the kernel.
    seated: BTreeMap<VisitId, (MacAddr, u8)>,
    /// The visit of each device.
    owners: BTreeMap<MacAddr, VisitId>,
    /// The audience of each device, for the resolver.
    numbers: Numbers,
    /// Who has which public ports; `None` where the site does not note them, or the kernel cannot.
    pub(crate) blocks: Option<Blocks>,
}

/// What carrying effects out brought to light.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// Bytes counted since the last reading of visits that ended (or moved) now.
    pub(crate) last_bytes: Vec<(VisitId, Traffic)>,
    /// Visits the kernel refused or that found no slot; they are not online.
    pub(crate) failed: Vec<VisitId>,
}

/// Work waiting for its batch.
#[derive(Default)]
struct Pending {
    grants: Vec<Access>,
    granted: Vec<VisitId>,
    updates: Vec<Update>,
    revokes: Vec<(VisitId, Slot, HolderId)>,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.grants.is_empty() && self.updates.is_empty() && self.revokes.is_empty()
    }
}

impl Hands {
    pub(crate) fn new(kernel: Kernel, shaper: Option<Shaper>, lans: Vec<IfName>, numbers: Numbers) -> Self {
        Self {
            kernel,
            shaping: Shaping::new(shaper),
            slots: Slots::new(),
            lans,
            holders: HolderNumbers::default(),
            readings: BTreeMap::new(),
            trusted: BTreeSet::new(),
            audiences: Arc::default(),
            class_groups: ClassGroups::default(),
            seated: BTreeMap::new(),
            owners: BTreeMap::new(),
            numbers,
            blocks: None,
        }
    }

    /// Carries out what concerns the kernel; the rest (records, balances, notices) is the ledger's and the log's.
    ///
    /// # Errors
    /// Only where the kernel refuses something that is not one visit's affair.
    pub(crate) fn carry(&mut self, effects: &[Effect]) -> Result<Carried, KernelError> {
        let mut carried = Carried::default();
        let mut pending = Pending::default();
        for effect in effects {
            match effect {
                Effect::Grant(grant) => self.add_grant(grant, &mut pending, &mut carried)?,
                Effect::Retime { visit, expires_in, .. } => {
                    if let Some(slot) = self.slots.slot(*visit) {
                        let mut update = Update::of(slot);
                        update.expires_in = Some(Some(*expires_in));
                        self.add_update(update, &mut pending, &mut carried)?;
                    }
                }
                Effect::HolderQuota { holder, quota } => {
                    if let Some(slot) = self.holders.any_slot(holder) {
                        let mut update = Update::of(slot);
                        update.holder_quota = Some(kernel_quota(*quota));
                        self.add_update(update, &mut pending, &mut carried)?;
                    }
                }
                Effect::Revoke { visit, holder, .. } => {
                    if let Some(slot) = self.slots.slot(*visit) {
                        if pending.grants.iter().any(|access| access.slot == slot) || !pending.updates.is_empty() {
                            self.flush(&mut pending, &mut carried)?;
                        }
                        pending.revokes.push((*visit, slot, holder.clone()));
                    }
                }
                Effect::Block { mac, blocked } => {
                    self.flush(&mut pending, &mut carried)?;
                    let devices: Vec<Device> =
                        self.lans.iter().map(|lan| Device { lan: lan.clone(), mac: *mac }).collect();
                    if *blocked {
                        let bans: Vec<_> = devices.into_iter().map(|device| (device, None)).collect();
                        self.kernel.ban(&bans)?;
                    } else {
                        self.kernel.unban(&devices)?;
                    }
                }
                Effect::Emergency(lasts) => {
                    self.flush(&mut pending, &mut carried)?;
                    for lan in self.lans.clone() {
                        self.kernel.emergency(&lan, *lasts)?;
                    }
                }
                Effect::Record(_)
                | Effect::Balance(_)
                | Effect::Redeemed { .. }
                | Effect::Hours { .. }
                | Effect::Notice(_) => {}
            }
        }
        self.flush(&mut pending, &mut carried)?;
        Ok(carried)
    }

    /// Reads all counters: bytes of each visit since its last reading. Visits whose counter did not move are there with zero.
    pub(crate) fn read(&mut self) -> Result<Vec<(VisitId, Traffic)>, KernelError> {
        let mut sums: BTreeMap<VisitId, Traffic> = BTreeMap::new();
        for reading in self.kernel.readings()? {
            if let Some(visit) = self.slots.visit(reading.slot) {
                *sums.entry(visit).or_default() += reading.traffic;
            }
        }
        let mut deltas = Vec::with_capacity(sums.len());
        for (visit, sum) in sums {
            let last = self.readings.insert(visit, sum).unwrap_or_default();
            deltas.push((visit, sum.since(last)));
        }
        Ok(deltas)
    }

    /// Where the kernel holds a visit and what its counters last read, to be kept across a restart.
    pub(crate) fn place(&self, visit: VisitId) -> Option<gapura_ledger::Place> {
        let reading = self.readings.get(&visit).copied().unwrap_or_default();
        self.slots.slot(visit).map(|slot| super::memory::place(slot, reading))
    }

    /// Whose balance has this number in the kernel.
    pub(crate) fn holder(&self, number: u32) -> Option<HolderId> {
        self.holders.holder(number).cloned()
    }

    /// Counters that were granted again begin at zero: the next reading counts from there.
    pub(crate) fn after_repair(&mut self, repairs: &[Repair]) {
        for repair in repairs {
            if let Repair::Visit(slot) = repair
                && let Some(visit) = self.slots.visit(*slot)
            {
                self.readings.remove(&visit);
            }
        }
    }

    /// Takes over a visit that the kernel holds since before a restart, its counters last read as `read`.
    pub(crate) fn adopt(&mut self, grant: &Grant, found: &Observed, read: Traffic) -> bool {
        if !self.slots.adopt(grant.visit, found.slot) {
            return false;
        }
        self.holders.adopt(&grant.holder, found.holder, found.slot);
        self.readings.insert(grant.visit, read);
        self.shaping.adopt(grant, found.classes, found.slow);
        self.seat(grant.visit, grant.device.mac, found.group);
        true
    }

    /// Other plans and groups of people; [`Hands::regroup`] brings running visits after them.
    pub(crate) fn set_audiences(&mut self, audiences: Arc<Audiences>) {
        self.audiences = audiences;
    }

    /// Other classes run; [`Hands::regroup`] brings running visits after them.
    pub(crate) fn set_class_groups(&mut self, groups: ClassGroups) {
        self.class_groups = groups;
    }

    /// Whether a class may be given this group: the site named it, or nothing is filtered here.
    pub(crate) fn knows_group(&self, group: &PolicyGroup) -> bool {
        self.audiences.knows_group(group)
    }

    /// Gives running visits the audience they belong to; their flows are judged anew. Returns the last bytes of those that changed.
    pub(crate) fn regroup(&mut self, grants: &[Grant]) -> Result<Vec<(VisitId, Traffic)>, KernelError> {
        let mut updates = Vec::new();
        for grant in grants {
            let (Some(slot), number) = (self.slots.slot(grant.visit), self.audience(grant)) else { continue };
            if self.seated.get(&grant.visit).is_some_and(|(_, has)| *has != number) {
                self.seat(grant.visit, grant.device.mac, number);
                updates.push(Update { group: Some(number), ..Update::of(slot) });
            }
        }
        if updates.is_empty() {
            return Ok(Vec::new());
        }
        let ended = self.kernel.update(&updates)?;
        Ok(self.last_bytes(ended))
    }

    /// Has running flows of these audiences judged anew: what they may reach has changed.
    pub(crate) fn judge_again(&mut self, audiences: &BTreeSet<u8>) -> Result<Vec<(VisitId, Traffic)>, KernelError> {
        let ended = self.kernel.judge_again(audiences)?;
        Ok(self.last_bytes(ended))
    }

    fn audience(&self, grant: &Grant) -> u8 {
        let of_class = self.class_groups.of(grant.device.mac, &grant.holder);
        let of_class = of_class.and_then(|group| self.audiences.of_group(grant.group, group));
        of_class.unwrap_or_else(|| self.audiences.of_device(grant.group, grant.device.mac))
    }

    fn seat(&mut self, visit: VisitId, mac: MacAddr, number: u8) {
        if let Some((before, _)) = self.seated.insert(visit, (mac, number))
            && before != mac
        {
            self.unseat(visit, before);
        }
        self.owners.insert(mac, visit);
        self.numbers.set(mac, number);
    }

    /// The visit has left the device; another one may be there already.
    fn unseat(&mut self, visit: VisitId, mac: MacAddr) {
        if self.owners.get(&mac) == Some(&visit) {
            self.owners.remove(&mac);
            self.numbers.remove(mac);
        }
    }

    /// Marks the devices that may pass at any hour and without an end.
    pub(crate) fn set_trusted(&mut self, devices: impl IntoIterator<Item = MacAddr>) {
        self.trusted = devices.into_iter().collect();
    }

    /// Everything the kernel should hold for these grants, for a reconciler.
    pub(crate) fn desired(&mut self, grants: &[Grant]) -> Vec<Access> {
        let access = |grant| {
            let classes = self.shaping.held(grant);
            self.access(grant, classes)
        };
        grants.iter().filter_map(access).collect()
    }

    /// Grows the pools of classes by a bounded step, and gives visits the classes they should have. True while there is more
    /// to do, with the last bytes of visits whose counters begin anew for it.
    pub(crate) fn grow(&mut self, spare: usize) -> (bool, Vec<(VisitId, Traffic)>) {
        let (more, moved) = self.shaping.grow(spare);
        let update = |moved: &Moved| {
            let mut update = Update::of(self.slots.slot(moved.visit)?);
            update.classes = Some(moved.classes);
            update.slow = Some(moved.slow);
            Some(update)
        };
        let updates: Vec<Update> = moved.iter().filter_map(update).collect();
        if updates.is_empty() {
            return (more, Vec::new());
        }
        match self.kernel.update(&updates) {
            Ok(ended) => (more, self.last_bytes(ended)),
            Err(error) => {
                tracing::warn!(error = %gapura_model::with_causes(&error), "visits could not be given their traffic classes");
                self.shaping.undo(moved);
                (false, Vec::new())
            }
        }
    }

    /// A generation of these visits ended: its last bytes count, and the next begins at zero.
    fn last_bytes(&mut self, ended: Vec<Ended>) -> Vec<(VisitId, Traffic)> {
        let count = |Ended { slot, traffic, .. }: Ended| {
            let visit = self.slots.visit(slot)?;
            let last = self.readings.remove(&visit).unwrap_or_default();
            Some((visit, traffic.since(last)))
        };
        ended.into_iter().filter_map(count).collect()
    }

    fn add_grant(&mut self, grant: &Grant, pending: &mut Pending, carried: &mut Carried) -> Result<(), KernelError> {
        if !pending.revokes.is_empty() {
            self.flush(pending, carried)?;
        }
        let running = self.slots.slot(grant.visit);
        match (running, grant.fresh) {
            (Some(slot), false) => {
                let (classes, slow) = self.shaping.assign(grant);
                let update = Update {
                    slot,
                    expires_in: Some(self.ends(grant)),
                    visit_quota: Some(kernel_quota(grant.visit_quota)),
                    classes: Some(classes),
                    slow: Some(slow),
                    ..Update::of(slot)
                };
                self.add_update(update, pending, carried)
            }
            // A fresh grant of a visit that has a slot: it moved to another device.
            (Some(slot), true) => {
                let mut update = Update::of(slot);
                update.device = Some(device(&grant.device));
                update.expires_in = Some(self.ends(grant));
                let number = self.audience(grant);
                if self.seated.get(&grant.visit).is_none_or(|(_, has)| *has != number) {
                    update.group = Some(number);
                }
                self.seat(grant.visit, grant.device.mac, number);
                self.add_update(update, pending, carried)
            }
            (None, _) => {
                if self.slots.take(grant.visit).is_none() {
                    tracing::error!("all 65,519 slots are taken; a visit was refused");
                    carried.failed.push(grant.visit);
                    return Ok(());
                }
                let classes = self.shaping.assign(grant);
                let Some(access) = self.access(grant, classes) else { return Ok(()) };
                self.seat(grant.visit, grant.device.mac, access.group);
                pending.grants.push(access);
                pending.granted.push(grant.visit);
                Ok(())
            }
        }
    }

    fn add_update(&mut self, update: Update, pending: &mut Pending, carried: &mut Carried) -> Result<(), KernelError> {
        let same_slot = pending.updates.iter().any(|other| other.slot == update.slot)
            || pending.grants.iter().any(|access| access.slot == update.slot);
        if same_slot || !pending.revokes.is_empty() {
            self.flush(pending, carried)?;
        }
        pending.updates.push(update);
        Ok(())
    }

    fn access(&mut self, grant: &Grant, (classes, slow): (ClassIds, Option<ClassIds>)) -> Option<Access> {
        let slot = self.slots.slot(grant.visit)?;
        let holder = grant
            .holder_quota
            .map(|quota| Holder { key: self.holders.number(&grant.holder, slot), quota: kernel_quota(quota) });
        Some(Access {
            slot,
            device: device(&grant.device),
            group: self.audience(grant),
            expires_in: self.ends(grant),
            trusted: self.trusted.contains(&grant.device.mac),
            visit_quota: kernel_quota(grant.visit_quota),
            holder,
            classes,
            slow,
        })
    }

    fn ends(&self, grant: &Grant) -> Option<Duration> {
        let trusted = self.trusted.contains(&grant.device.mac);
        (!(trusted && grant.expires_in >= LONGEST_GRANT)).then_some(grant.expires_in)
    }

    fn flush(&mut self, pending: &mut Pending, carried: &mut Carried) -> Result<(), KernelError> {
        if pending.is_empty() {
            return Ok(());
        }
        let Pending { grants, granted, updates, revokes } = std::mem::take(pending);
        if !grants.is_empty() {
            self.tell_blocks()?;
        }
        if !grants.is_empty()
            && let Err(error) = self.kernel.grant(&grants)
        {
            // Nothing of the batch was applied. One by one, so that one bad visit does not keep the others out.
            tracing::warn!(error = %gapura_model::with_causes(&error), visits = grants.len(), "a batch of grants was refused");
            for (access, visit) in grants.iter().zip(&granted) {
                if let Err(error) = self.kernel.grant(std::slice::from_ref(access)) {
                    tracing::error!(error = %gapura_model::with_causes(&error), %visit, "the kernel refused a visit");
                    self.forget(*visit, None);
                    carried.failed.push(*visit);
                }
            }
        }
        if !updates.is_empty() {
            let ended = self.kernel.update(&updates)?;
            carried.last_bytes.extend(self.last_bytes(ended));
        }
        if !revokes.is_empty() {
            let slots: Vec<Slot> = revokes.iter().map(|(_, slot, _)| *slot).collect();
            for Ended { slot, traffic, .. } in self.kernel.revoke(&slots)? {
                if let Some(visit) = self.slots.visit(slot) {
                    let last = self.readings.get(&visit).copied().unwrap_or_default();
                    carried.last_bytes.push((visit, traffic.since(last)));
                }
            }
            for (visit, _, holder) in &revokes {
                self.forget(*visit, Some(holder));
            }
            self.tell_blocks()?;
        }
        Ok(())
    }

    /// After a failure: slots and classes of visits that are over are given back; the comparison that follows removes what
    /// the kernel still holds of them.
    pub(crate) fn forget_ended(&mut self, runs: impl Fn(VisitId) -> bool) {
        for visit in self.slots.visits().filter(|visit| !runs(*visit)).collect::<Vec<_>>() {
            self.forget(visit, None);
        }
    }

    /// Tells the kernel who has which public ports: before a visit may pass, and after it may no more.
    pub(crate) fn tell_blocks(&mut self) -> Result<(), KernelError> {
        let Some(blocks) = &self.blocks else { return Ok(()) };
        let placed = blocks.held().filter_map(|(visit, block)| Some((self.slots.slot(visit)?, block)));
        self.kernel.set_port_blocks(&placed.collect())
    }

    fn forget(&mut self, visit: VisitId, holder: Option<&HolderId>) {
        let slot = self.slots.give_back(visit);
        if let Some(blocks) = &mut self.blocks {
            blocks.give_back(visit, slot);
        }
        if let (Some(slot), Some(holder)) = (slot, holder) {
            self.holders.release(holder, slot);
        }
        self.readings.remove(&visit);
        self.shaping.forget(visit);
        if let Some((mac, _)) = self.seated.remove(&visit) {
            self.unseat(visit, mac);
        }
    }
}

fn device(device: &DeviceId) -> Device {
    Device { lan: device.lan.clone(), mac: device.mac }
}

fn kernel_quota(quota: KernelQuota) -> Quota {
    match quota {
        KernelQuota::Unlimited => Quota::Unlimited,
        KernelQuota::Total(left) => Quota::Total(left),
        KernelQuota::EachWay { up, down } => Quota::EachWay { up, down },
    }
}
