//! The engine: visits, holders, timers, and the order in which things fall due.

mod admit;
mod change;
mod clock;
mod earlier;
mod ending;
mod figures;
mod holder;
mod lent;
mod limits;
mod restart;
mod usage;
mod visit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gapura_model::{BootId, ClockTrust, DeviceId, HolderId, MacAddr, Moment, PlanId, Uptime, VisitId};
use gapura_rules::hours::OpenState;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::effect::{Effect, Grant, Notice};
use crate::plan::Plan;
use crate::policy::{Block, Policy};
use crate::record::{HolderBalance, VisitRecord};
use clock::{Calendar, ServiceClock};
use ending::Farewells;
use holder::Holder;
use visit::Visit;

pub use admit::{Admitted, DeviceKind, Entry};
pub use change::{Emergency, ExtendRefusal};
pub use ending::{Farewell, Kept};
pub use figures::Figures;
pub use restart::Snapshot;
pub use usage::Scarce;

/// No grant lasts longer in the kernel than this; a visit without an end is granted anew in time.
pub const LONGEST_GRANT: Duration = Duration::from_hours(30 * 24);

/// Cumulative records of changed visits are emitted this often: what a power cut may forget.
const FLUSH_EVERY: Duration = Duration::from_mins(1);

/// The wall clock jumped when it is this far from where the monotonic clock puts it.
const JUMP: Duration = Duration::from_secs(1);

/// The session engine of one site. Every operation costs O(log n) in the number of visits, but for those that concern all
/// of them at once (closing, midnight, a new policy, the uplink, a jump of the clock).
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    plans: BTreeMap<PlanId, Arc<Plan>>,
    boot: BootId,
    now: Moment,
    service: ServiceClock,
    calendar: Calendar,
    hours: OpenState,
    /// The local day, and the instant the next one begins; `None` while no trusted clock has told.
    today: Option<Date>,
    midnight: Option<Timestamp>,
    visits: BTreeMap<VisitId, Visit>,
    devices: BTreeMap<DeviceId, VisitId>,
    holders: BTreeMap<HolderId, Holder>,
    /// When each visit is to be looked at next, in service time: never later than its earliest limit.
    checks: BTreeSet<(Duration, VisitId)>,
    /// *Pakai sebelum* of the visits that have one.
    use_before: BTreeSet<(Timestamp, VisitId)>,
    /// Idle by the last reading, which is older than the idleness: to be judged at the next reading.
    idle_suspects: BTreeSet<VisitId>,
    read_at: Duration,
    blocks: BTreeMap<MacAddr, Block>,
    unblocks: BTreeSet<(Timestamp, MacAddr)>,
    emergency: Option<Emergency>,
    down_since: Option<Uptime>,
    changed_visits: BTreeSet<VisitId>,
    changed_holders: BTreeSet<HolderId>,
    flush_at: Option<Uptime>,
    /// Ended visits whose last counter reading may still come, and holders nobody uses: forgotten after two flushes.
    ended: BTreeMap<VisitId, VisitRecord>,
    fading: Fading,
    farewells: Farewells,
    effects: Vec<Effect>,
}

#[derive(Debug, Default)]
struct Fading {
    since: Option<Uptime>,
    visits: [BTreeSet<VisitId>; 2],
    holders: [BTreeSet<HolderId>; 2],
}

/// What falls due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Midnight,
    Hours,
    UseBefore(VisitId),
    Check(VisitId),
    Unblock(MacAddr),
    Emergency,
    Flush,
    Fade,
}

impl Engine {
    /// An engine without visits. Its first effect says whether the site is open.
    pub fn new(policy: Policy, boot: BootId, now: &Moment) -> Self {
        let plans = arcs(&policy);
        let mut engine = Self {
            plans,
            boot,
            now: *now,
            service: ServiceClock::starting(now.up),
            calendar: Calendar::starting(now),
            hours: OpenState::Closed { opens: None },
            today: None,
            midnight: None,
            visits: BTreeMap::new(),
            devices: BTreeMap::new(),
            holders: BTreeMap::new(),
            checks: BTreeSet::new(),
            use_before: BTreeSet::new(),
            idle_suspects: BTreeSet::new(),
            read_at: Duration::ZERO,
            blocks: BTreeMap::new(),
            unblocks: BTreeSet::new(),
            emergency: None,
            down_since: None,
            changed_visits: BTreeSet::new(),
            changed_holders: BTreeSet::new(),
            flush_at: None,
            ended: BTreeMap::new(),
            fading: Fading::default(),
            farewells: Farewells::default(),
            effects: Vec::new(),
            policy,
        };
        engine.hours = engine.hours_now();
        engine.effects.push(Effect::Hours { open: engine.hours.is_open() });
        if now.trust == ClockTrust::Trusted {
            engine.see_day();
        }
        engine.take_block_list(&BTreeMap::new());
        engine
    }

    /// Takes the effects decided since the last call, in the order in which they are to be carried out.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// When [`Engine::tick`] must be called next, if no other input comes before.
    pub fn poll_timeout(&self) -> Option<Uptime> {
        self.next_due(&self.now).map(|(at, _)| at)
    }

    /// Time passed: does everything that fell due.
    pub fn tick(&mut self, now: &Moment) {
        self.observe(now);
    }

    /// The policy in force.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether the site is open to visitors, and until when, as the engine sees it (hours, or the choice for a doubtful clock).
    pub const fn hours(&self) -> OpenState {
        self.hours
    }

    /// Whether the uplink is up.
    pub const fn uplink_is_up(&self) -> bool {
        self.service.is_running()
    }

    /// The running emergency opening.
    pub const fn emergency_open(&self) -> Option<&Emergency> {
        self.emergency.as_ref()
    }

    /// How many visits are running.
    pub fn online(&self) -> usize {
        self.visits.len()
    }

    /// Whether the holder is in memory: then [`crate::Ask::balance`] need not be looked up.
    pub fn knows(&self, holder: &HolderId) -> bool {
        self.holders.contains_key(holder)
    }

    /// The running visit of a device.
    pub fn visit_of(&self, device: &DeviceId) -> Option<VisitId> {
        self.devices.get(device).copied()
    }

    /// The running visits of a holder.
    pub fn visits_of(&self, holder: &HolderId) -> Vec<VisitId> {
        self.holders.get(holder).map(|holder| holder.visits.iter().copied().collect()).unwrap_or_default()
    }

    /// A running visit as it stands at the last moment the engine saw.
    pub fn record(&self, visit: VisitId) -> Option<VisitRecord> {
        self.visits.get(&visit).map(|visit| self.record_of(visit))
    }

    /// Every running visit as it stands at the last moment the engine saw. O(n).
    pub fn records(&self) -> impl Iterator<Item = VisitRecord> + '_ {
        self.visits.values().map(|visit| self.record_of(visit))
    }

    /// The balance of a holder in memory as it stands at the last moment the engine saw.
    pub fn balance(&self, holder: &HolderId) -> Option<HolderBalance> {
        let mut holder = self.holders.get(holder)?.clone();
        holder.fold(self.service.passed(self.now.up));
        Some(holder.snapshot(&self.now, self.boot, self.service.is_running()))
    }

    /// A moment at which the wall clock was trusted in this boot, from which it can be counted on: keep it for
    /// [`Snapshot::clock_basis`].
    pub const fn clock_basis(&self) -> Option<(Uptime, Timestamp)> {
        self.calendar.basis()
    }

    /// What a device was last ended for; kept for the last few thousand devices.
    pub fn farewell(&self, device: &DeviceId) -> Option<&Farewell> {
        self.farewells.get(device)
    }

    /// The last few thousand devices whose visit ended. O(n).
    pub fn departed(&self) -> impl Iterator<Item = &DeviceId> {
        self.farewells.devices()
    }

    /// Everything the kernel must hold now, for a reconciler. O(n).
    pub fn grants(&self) -> Vec<Grant> {
        self.visits.keys().filter_map(|id| self.grant_of(*id, false)).collect()
    }

    /// The grant of one running visit as it would be made now.
    pub fn grant(&self, visit: VisitId) -> Option<Grant> {
        self.grant_of(visit, false)
    }

    /// Sees a new moment: lets everything that fell due on the way happen at its own instant, then takes note of a jump of
    /// the wall clock.
    fn observe(&mut self, now: &Moment) {
        let now = Moment { up: now.up.max(self.now.up), ..*now };
        let elapsed = self.now.up.until(now.up);
        if self.calendar.agrees_with(&now) {
            self.run_until(&now);
        } else {
            // The clock was believed to read this; what fell due by it has happened.
            let believed = self.now.after(elapsed);
            self.run_until(&believed);
            self.clock_changed(&now);
            self.run_until(&now);
        }
    }

    fn run_until(&mut self, end: &Moment) {
        let mut earliest = self.now.up;
        while let Some((at, due)) = self.next_due(end) {
            let at = at.max(earliest);
            if at > end.up {
                break;
            }
            earliest = at;
            self.now = before(end, at);
            self.fall_due(due);
        }
        self.now = *end;
    }

    /// The next thing to fall due, by a clock that reads `by`.
    fn next_due(&self, by: &Moment) -> Option<(Uptime, Due)> {
        let wall = self.calendar.reckon(by);
        let at_wall = |at: Timestamp| wall.map(|wall| shift(by.up, wall, at));
        let hours_follow_clock = self.calendar.follows_hours(&self.policy);
        let service = |at: Duration| self.service.uptime_of(at);
        [
            self.midnight.filter(|_| self.calendar.is_trusted()).and_then(at_wall).map(|at| (at, Due::Midnight)),
            self.hours.next_change().filter(|_| hours_follow_clock).and_then(at_wall).map(|at| (at, Due::Hours)),
            self.use_before.first().and_then(|(at, visit)| at_wall(*at).map(|at| (at, Due::UseBefore(*visit)))),
            self.checks.first().and_then(|(at, visit)| service(*at).map(|at| (at, Due::Check(*visit)))),
            self.unblocks.first().and_then(|(at, mac)| at_wall(*at).map(|at| (at, Due::Unblock(*mac)))),
            self.emergency.as_ref().map(|emergency| (emergency.until, Due::Emergency)),
            self.flush_at.map(|at| (at, Due::Flush)),
            self.fading.since.map(|since| (since.after(FLUSH_EVERY), Due::Fade)),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn fall_due(&mut self, due: Due) {
        match due {
            Due::Midnight => self.day_begins(),
            Due::Hours => self.hours_change(),
            Due::UseBefore(visit) => self.use_before_passed(visit),
            Due::Check(visit) => self.check(visit),
            Due::Unblock(mac) => self.block_ends(mac),
            Due::Emergency => drop(self.emergency_ends(None)),
            Due::Flush => self.flush(),
            Due::Fade => self.fade(),
        }
    }

    /// Looks up the local day of now and when it ends.
    fn see_day(&mut self) -> Date {
        let zone = self.policy.hours.zone();
        let today = zone.date(self.now.wall);
        self.today = Some(today);
        self.midnight = Some(zone.next_day(self.now.wall));
        today
    }

    fn clock_changed(&mut self, now: &Moment) {
        let was_trusted = self.calendar.is_trusted();
        self.now = *now;
        self.calendar.set(now);
        let trusted = self.calendar.is_trusted();
        if was_trusted || trusted {
            let notice = if trusted { Notice::ClockSet } else { Notice::ClockDoubtful };
            self.effects.push(Effect::Notice(notice));
        }
        if trusted {
            self.day_begins();
        }
        self.hours_change();
    }

    /// Balances of a new local day (and month); also called when the clock became trusted.
    fn day_begins(&mut self) {
        let today = self.see_day();
        let service = self.service.passed(self.now.up);
        let online: Vec<HolderId> = self
            .holders
            .iter_mut()
            .filter_map(|(id, holder)| {
                holder.fold(service);
                let rolled = holder.roll(today);
                (rolled && !holder.visits.is_empty()).then(|| id.clone())
            })
            .collect();
        for holder in online {
            self.changed_holder(&holder);
            self.regrant_holder(&holder);
        }
    }

    /// Opens or closes as the hours (or the choice for a doubtful clock) say now.
    fn hours_change(&mut self) {
        let was_open = self.hours.is_open();
        self.hours = self.hours_now();
        if self.hours.is_open() != was_open {
            self.effects.push(Effect::Hours { open: self.hours.is_open() });
        }
        if self.hours.is_open() {
            if was_open {
                self.retime_all();
            }
        } else {
            self.close_all();
        }
    }

    fn hours_now(&self) -> OpenState {
        self.calendar.hours(&self.policy, &self.now)
    }

    fn changed_visit(&mut self, visit: VisitId) {
        self.changed_visits.insert(visit);
        self.flush_at.get_or_insert(self.now.up.after(FLUSH_EVERY));
    }

    fn changed_holder(&mut self, holder: &HolderId) {
        self.changed_holders.insert(holder.clone());
        self.flush_at.get_or_insert(self.now.up.after(FLUSH_EVERY));
    }

    /// Emits the records and balances that changed since the last time.
    fn flush(&mut self) {
        self.flush_at = None;
        for visit in std::mem::take(&mut self.changed_visits) {
            if let Some(record) = self.record(visit) {
                self.effects.push(Effect::Record(record));
            }
        }
        for holder in std::mem::take(&mut self.changed_holders) {
            self.emit_balance(&holder);
        }
    }

    /// Forgets ended visits and unused holders after two rounds: by then the ledger has them.
    fn fade(&mut self) {
        let [old_visits, young_visits] = std::mem::take(&mut self.fading.visits);
        for visit in old_visits {
            self.ended.remove(&visit);
        }
        let [old_holders, mut young_holders] = std::mem::take(&mut self.fading.holders);
        for id in old_holders {
            let unused = self.holders.get(&id).is_some_and(|holder| holder.visits.is_empty());
            if unused && self.changed_holders.contains(&id) {
                young_holders.insert(id);
            } else if unused {
                self.holders.remove(&id);
            }
        }
        let more = !young_visits.is_empty() || !young_holders.is_empty();
        self.fading.visits = [young_visits, BTreeSet::new()];
        self.fading.holders = [young_holders, BTreeSet::new()];
        self.fading.since = more.then_some(self.now.up);
    }

    fn fade_visit(&mut self, visit: VisitId) {
        let [_, young] = &mut self.fading.visits;
        young.insert(visit);
        self.fading.since.get_or_insert(self.now.up);
    }

    fn fade_holder(&mut self, holder: HolderId) {
        let [_, young] = &mut self.fading.holders;
        young.insert(holder);
        self.fading.since.get_or_insert(self.now.up);
    }

    fn emit_balance(&mut self, id: &HolderId) {
        let service = self.service.passed(self.now.up);
        if let Some(holder) = self.holders.get_mut(id) {
            holder.fold(service);
            self.effects.push(Effect::Balance(holder.snapshot(&self.now, self.boot, self.service.is_running())));
        }
    }

    fn record_of(&self, visit: &Visit) -> VisitRecord {
        visit.snapshot(&self.now, self.service.passed(self.now.up), !self.service.is_running())
    }
}

fn arcs(policy: &Policy) -> BTreeMap<PlanId, Arc<Plan>> {
    policy.plans.iter().map(|(id, plan)| (id.clone(), Arc::new(plan.clone()))).collect()
}

/// `end` as both clocks read at the earlier uptime `at`.
fn before(end: &Moment, at: Uptime) -> Moment {
    let ago = at.until(end.up);
    let wall = jiff::SignedDuration::try_from(ago).ok().and_then(|ago| end.wall.checked_sub(ago).ok());
    Moment { up: at, wall: wall.unwrap_or(Timestamp::MIN), trust: end.trust }
}

/// The uptime at which the wall clock reads `at`, when it reads `wall` at `up`.
fn shift(up: Uptime, wall: Timestamp, at: Timestamp) -> Uptime {
    let away = at.duration_since(wall);
    if away.is_negative() {
        Uptime::new(up.since_boot().saturating_sub(away.unsigned_abs()))
    } else {
        up.after(away.unsigned_abs())
    }
}

#[cfg(test)]
mod tests;
