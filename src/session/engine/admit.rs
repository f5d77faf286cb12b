//! Letting a device in.

use std::sync::Arc;
use std::time::Duration;

use gapura_model::{ByteCount, DeviceId, HolderId, Moment, PlanId, Traffic, VisitId};

use super::holder::Holder;
use super::limits::{bytes_left, nearly_zero, times};
use super::visit::Visit;
use super::{Engine, LONGEST_GRANT};
use crate::ask::{Admission, Ask, Terms, Voucher, Way};
use crate::effect::{Effect, Notice};
use crate::outcome::{EndCause, Refusal, Scope};
use crate::plan::{AtEnd, Plan};
use crate::policy::Block;
use crate::record::{HolderBalance, VisitRecord};

/// A device silent for this long gives way to another device of the same holder without asking.
const SILENT: Duration = Duration::from_mins(1);

/// An ask was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The visit the device is on now.
    pub visit: VisitId,
    /// How it came to it.
    pub by: Entry,
}

/// How a device came to its visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A new visit began.
    New,
    /// It was on this visit already.
    Already,
    /// The visit moved here from another device of the holder (*Lanjutkan sesi*).
    Moved,
}

/// What the site's lists say about a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// Nothing.
    Ordinary,
    /// Online without logging in.
    Trusted,
    /// A PC seat.
    Seat,
    /// Refused.
    Blocked(Block),
}

/// An ask resolved against the policy.
struct Resolved {
    holder: HolderId,
    way: Way,
    plan: Arc<Plan>,
    voucher: Option<Voucher>,
    terms: Option<Terms>,
    staff_time: Option<Duration>,
}

impl Engine {
    /// What the site's lists say about a device. A block wins over everything else.
    pub fn device_kind(&self, device: &DeviceId) -> DeviceKind {
        if let Some(block) = self.blocks.get(&device.mac) {
            DeviceKind::Blocked(block.clone())
        } else if self.policy.trusted.contains_key(&device.mac) {
            DeviceKind::Trusted
        } else if self.policy.seats.contains_key(&device.mac) {
            DeviceKind::Seat
        } else {
            DeviceKind::Ordinary
        }
    }

    /// Lets a device in, or says why not. `random` becomes the id of a new visit.
    ///
    /// A device that is online on the same holder already succeeds without a second visit.
    pub fn admit(&mut self, now: &Moment, ask: Ask, random: [u8; 16]) -> Result<Admitted, Refusal> {
        self.observe(now);
        if let Some(block) = self.blocks.get(&ask.device.mac) {
            return Err(Refusal::Blocked { reason: block.reason.clone(), until: block.until });
        }
        let holder = ask.admission.holder(&ask.device);
        if let Some(visit) = self.already(&ask, &holder) {
            return Ok(Admitted { visit, by: Entry::Already });
        }
        let resolved = self.resolve(&ask.admission, &ask.device, holder)?;
        self.gate_is_open(resolved.way)?;
        self.meet(&resolved, ask.balance);
        let running = self.devices.get(&ask.device).copied();
        if let Some(visit) = self.place_to_take(&resolved, running, ask.take_over)? {
            self.replace(running);
            self.move_visit(visit, ask.device);
            return Ok(Admitted { visit, by: Entry::Moved });
        }
        let visit = self.build(&resolved, &ask.device, random);
        self.limits_allow(&visit)?;
        self.replace(running);
        let id = visit.id();
        self.begin(visit);
        if let Admission::Staff { by, reason, .. } = ask.admission {
            self.effects.push(Effect::Notice(Notice::OpenedByStaff { visit: id, by, reason }));
        }
        Ok(Admitted { visit: id, by: Entry::New })
    }

    /// Staff have a running visit go on on another device, whoever it belongs to: it keeps its id, its record and its limits, so that
    /// nobody has a second quota. What runs on that device ends. False if there is no such visit.
    ///
    /// # Errors
    /// When that device is kept out, or the site lets nobody in.
    pub fn move_by_staff(
        &mut self,
        now: &Moment,
        visit: VisitId,
        device: DeviceId,
        (by, reason): (&str, &str),
    ) -> Result<bool, Refusal> {
        self.observe(now);
        if let Some(block) = self.blocks.get(&device.mac) {
            return Err(Refusal::Blocked { reason: block.reason.clone(), until: block.until });
        }
        let Some((way, from)) = self.visits.get(&visit).map(|known| (known.record.way, known.record.device.clone()))
        else {
            return Ok(false);
        };
        self.gate_is_open(way)?;
        if from != device {
            self.replace(self.devices.get(&device).copied());
            self.move_visit(visit, device);
            let (by, reason) = (by.to_owned(), reason.to_owned());
            self.effects.push(Effect::Notice(Notice::MovedByStaff { visit, by, reason }));
        }
        Ok(true)
    }

    /// The visit that already answers the ask: the same holder and way, or a one-tap ask by a device on something better.
    fn already(&self, ask: &Ask, holder: &HolderId) -> Option<VisitId> {
        let id = self.visit_of(&ask.device)?;
        let visit = self.visits.get(&id)?;
        let way = ask.admission.way();
        let same = visit.record.holder == *holder && visit.record.way == way;
        let answers = match &ask.admission {
            Admission::OneTap { .. } => same || visit.seat_idle.is_none(),
            Admission::Voucher { voucher, .. } => {
                same && !voucher.revoked && visit.record.voucher.as_ref() == Some(voucher)
            }
            Admission::Account { plan, .. } => same && visit.plan.id == *plan,
            Admission::Staff { .. } => false,
            Admission::Trusted => same,
        };
        answers.then_some(id)
    }

    fn resolve(&self, admission: &Admission, device: &DeviceId, holder: HolderId) -> Result<Resolved, Refusal> {
        let way = admission.way();
        let switched = match way {
            Way::OneTap | Way::Voucher | Way::Account => self.policy.ways.contains(&way),
            Way::Staff | Way::Trusted => true,
        };
        if !switched {
            return Err(Refusal::WayOff(way));
        }
        let plan = |id: &PlanId| self.plans.get(id).cloned().ok_or_else(|| Refusal::UnknownPlan(id.clone()));
        let resolved = |plan, voucher, terms, staff_time| Resolved { holder, way, plan, voucher, terms, staff_time };
        match admission {
            Admission::OneTap { terms } => {
                self.terms_hold(Some(terms))?;
                let id = self.policy.one_tap.as_ref().ok_or(Refusal::WayOff(way))?;
                Ok(resolved(plan(id)?, None, Some(terms.clone()), None))
            }
            Admission::Voucher { voucher, terms, .. } => {
                self.terms_hold(terms.as_ref())?;
                if voucher.revoked {
                    return Err(Refusal::Revoked);
                }
                let wall = self.calendar.reckon(&self.now);
                if let Some(before) = voucher.use_before.filter(|before| wall.is_some_and(|wall| *before <= wall)) {
                    return Err(Refusal::VoucherExpired { before });
                }
                Ok(resolved(plan(&voucher.plan)?, Some(voucher.clone()), terms.clone(), None))
            }
            Admission::Account { plan: id, terms, .. } => {
                self.terms_hold(terms.as_ref())?;
                Ok(resolved(plan(id)?, None, terms.clone(), None))
            }
            Admission::Staff { plan: id, duration, .. } => Ok(resolved(plan(id)?, None, None, *duration)),
            Admission::Trusted => {
                let trusted = self.policy.trusted.get(&device.mac).ok_or(Refusal::NotTrusted)?;
                Ok(resolved(trusted_plan(trusted.group).ok_or(Refusal::NotTrusted)?, None, None, None))
            }
        }
    }

    /// The terms agreed to, where any were shown, must be the ones in force.
    fn terms_hold(&self, agreed: Option<&Terms>) -> Result<(), Refusal> {
        match (&self.policy.terms, agreed) {
            (Some(terms), Some(agreed)) if terms != agreed => Err(Refusal::TermsChanged),
            _ => Ok(()),
        }
    }

    fn gate_is_open(&self, way: Way) -> Result<(), Refusal> {
        if way == Way::Trusted {
            return Ok(());
        }
        if !self.hours.is_open() {
            return Err(Refusal::Closed { opens: self.hours.next_change() });
        }
        if !self.service.is_running() {
            return Err(Refusal::UplinkDown);
        }
        Ok(())
    }

    /// Has the holder in memory, at today's balances.
    fn meet(&mut self, ask: &Resolved, balance: Option<HolderBalance>) {
        let service = self.service.passed(self.now.up);
        let (id, boot, now, today) = (&ask.holder, self.boot, self.now.up, self.today);
        let fresh = !self.holders.contains_key(id);
        let holder = self.holders.entry(id.clone()).or_insert_with(|| {
            let balance = balance.filter(|balance| balance.holder == *id);
            Holder::new(balance.unwrap_or_else(|| HolderBalance::new(id.clone(), boot, now)), service)
        });
        holder.fold(service);
        if let Some(today) = today {
            holder.roll(today);
        }
        if ask.voucher.is_some() {
            holder.voucher.clone_from(&ask.voucher);
        }
        if fresh {
            // Should the ask be refused, it is forgotten again.
            self.fade_holder(id.clone());
        }
    }

    /// The visit to move here because all places are taken; `None` while there is a place.
    fn place_to_take(
        &self,
        ask: &Resolved,
        running: Option<VisitId>,
        take_over: bool,
    ) -> Result<Option<VisitId>, Refusal> {
        if matches!(ask.way, Way::Staff | Way::Trusted | Way::OneTap) {
            return Ok(None);
        }
        let devices = ask.voucher.as_ref().and_then(|voucher| voucher.devices).unwrap_or(ask.plan.devices);
        let others: Vec<&Visit> = self
            .holders
            .get(&ask.holder)
            .into_iter()
            .flat_map(|holder| &holder.visits)
            .filter(|id| Some(**id) != running)
            .filter_map(|id| self.visits.get(id))
            .collect();
        if others.len() < usize::from(devices.get()) {
            return Ok(None);
        }
        let Some(silent) = others.iter().max_by_key(|visit| visit.silent_for(self.now.up)) else { return Ok(None) };
        let silent_for = silent.silent_for(self.now.up);
        if take_over || silent_for >= SILENT { Ok(Some(silent.id())) } else { Err(Refusal::InUse { silent_for }) }
    }

    fn build(&self, ask: &Resolved, device: &DeviceId, random: [u8; 16]) -> Visit {
        let service = self.service.passed(self.now.up);
        let record = VisitRecord {
            id: VisitId::from_random(random),
            device: device.clone(),
            holder: ask.holder.clone(),
            way: ask.way,
            plan: ask.plan.id.clone(),
            voucher: ask.voucher.clone(),
            terms: ask.terms.clone(),
            boot: self.boot,
            started: self.now.wall,
            updated: self.now.wall,
            updated_up: self.now.up,
            active_up: self.now.up,
            used: Duration::ZERO,
            silent: Duration::ZERO,
            frozen: false,
            traffic: Traffic::ZERO,
            staff_time: ask.staff_time,
            extra_time: Duration::ZERO,
            extra_bytes: ByteCount::ZERO,
            extended: 0,
            slowed: false,
            ended: None,
        };
        Visit {
            record,
            plan: ask.plan.clone(),
            seat_idle: self.seat_idle(device),
            began: service,
            active: service,
            renew: service.saturating_add(LONGEST_GRANT / 2),
            check: service,
        }
    }

    pub(super) fn seat_idle(&self, device: &DeviceId) -> Option<Duration> {
        self.policy.seats.get(&device.mac).map(|seat| seat.idle)
    }

    /// Whether the holder has anything left for a new visit.
    fn limits_allow(&self, visit: &Visit) -> Result<(), Refusal> {
        let Some(holder) = self.holders.get(&visit.record.holder).filter(|_| visit.counts_on_holder()) else {
            return Ok(());
        };
        let wall = self.calendar.reckon(&self.now);
        let zone = self.policy.hours.zone();
        let renewal = |scope| match scope {
            Scope::Day => wall.map(|wall| zone.next_day(wall)),
            Scope::Month => wall.map(|wall| zone.next_month(wall)),
            Scope::Visit | Scope::Share | Scope::Voucher => None,
        };
        let times = times(&visit.plan, holder, self.service.passed(self.now.up));
        // Where several are used up, the one that takes longest to come back is the honest answer.
        let used_up = times.into_iter().filter(|(limit, used, _)| used >= limit).map(|(.., scope)| scope).max();
        if let Some(scope) = used_up {
            return Err(Refusal::TimeUsed { scope, until: renewal(scope) });
        }
        let bytes = bytes_left(&visit.plan, holder);
        let used_up =
            bytes.into_iter().filter(|(left, limit, _)| nearly_zero(*left, *limit)).max_by_key(|(.., scope)| *scope);
        if let (AtEnd::Cut, Some((.., scope))) = (visit.plan.at_end, used_up) {
            return Err(Refusal::BytesUsed { scope, until: renewal(scope) });
        }
        let pause = wall.zip(holder.balance().paused_until).map(|(wall, until)| until.duration_since(wall));
        match (visit.plan.pause, pause) {
            // A wall clock that went backwards must not lengthen the pause.
            (Some(longest), Some(wait)) if wait.is_positive() => {
                Err(Refusal::Pause { wait: wait.unsigned_abs().min(longest) })
            }
            _ => Ok(()),
        }
    }

    /// Ends what the device was on, now that the new ask is granted.
    fn replace(&mut self, running: Option<VisitId>) {
        if let Some(running) = running {
            self.end_now(running, EndCause::Replaced);
        }
    }

    fn begin(&mut self, visit: Visit) {
        let service = self.service.passed(self.now.up);
        let (id, holder_id) = (visit.id(), visit.record.holder.clone());
        self.devices.insert(visit.record.device.clone(), id);
        if let Some(at) = visit.use_before() {
            self.use_before.insert((at, id));
        }
        self.checks.insert((visit.check, id));
        let voucher = visit.record.way == Way::Voucher;
        self.visits.insert(id, visit);
        let mut redeemed = false;
        if let Some(holder) = self.holders.get_mut(&holder_id) {
            holder.enter(id, service);
            redeemed = holder.first_use(self.now.wall) && voucher;
        }
        self.judge_slowness(id);
        if let Some(record) = self.record(id) {
            self.effects.push(Effect::Record(record));
        }
        self.emit_balance(&holder_id);
        if redeemed {
            self.effects.push(Effect::Redeemed { holder: holder_id, at: self.now.wall });
        }
        if let Some(grant) = self.grant_of(id, true) {
            self.effects.push(Effect::Grant(grant));
        }
        self.schedule(id);
    }

    /// The visit goes on, on another device: same id, same record, same limits.
    fn move_visit(&mut self, id: VisitId, device: DeviceId) {
        let service = self.service.passed(self.now.up);
        let seat_idle = self.seat_idle(&device);
        let (up, holder) = (self.now.up, self.visits.get(&id).map(|visit| visit.record.holder.clone()));
        let (Some(visit), Some(holder)) = (self.visits.get_mut(&id), holder) else { return };
        let old = std::mem::replace(&mut visit.record.device, device.clone());
        visit.seat_idle = seat_idle;
        visit.active = service;
        visit.record.active_up = up;
        visit.renew = service.saturating_add(LONGEST_GRANT / 2);
        self.idle_suspects.remove(&id);
        self.devices.remove(&old);
        self.devices.insert(device, id);
        self.effects.push(Effect::Revoke { visit: id, device: old, holder, cause: EndCause::TakenOver });
        if let Some(record) = self.record(id) {
            self.effects.push(Effect::Record(record));
        }
        if let Some(grant) = self.grant_of(id, true) {
            self.effects.push(Effect::Grant(grant));
        }
        self.schedule(id);
    }
}

/// The plan of trusted devices: no limits.
pub(super) fn trusted_plan(group: u8) -> Option<Arc<Plan>> {
    let id = "trusted".parse::<PlanId>().ok()?;
    Some(Arc::new(Plan { group, ..Plan::unlimited(id, "trusted") }))
}
