//! The loop itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use captive_portal::{Entered, Notice, Refused, Site, Uplink, View};
use gapura_kernel::{Depleted, Desired, Device, Event, Window};
use gapura_ledger::Place;
use gapura_model::{BootId, ClockTrust, DeviceId, Moment, Traffic, Uptime, VisitId};
use gapura_rules::hours::Override;
use gapura_runtime::Clock;
use gapura_session::{Effect, Engine, Guesses, Scarce, VisitRecord};
use gapura_wire::{Bundle, UsageBatch, VoucherKey};
use tokio::sync::{Notify, oneshot, watch};

use super::apply::Hands;
use super::handle::Command;
use super::memory::Memory;
use super::view::{Around, view};
use crate::notices::Notices;

/// How far ahead opening windows are computed for the kernel.
const AHEAD: Duration = Duration::from_hours(1440);
/// Windows are computed anew this often, so that they never run out.
const WINDOWS_EVERY: Duration = Duration::from_hours(24);
/// Audit events and agreements of this router live this long.
const RETENTION: Duration = Duration::from_hours(2160);
/// The kernel is compared with what is wanted this often, whatever events say.
const RECONCILE_EVERY: Duration = Duration::from_secs(30);
/// Holders remembered for the next report of balances; as many as one report may have.
pub(super) const MOST_HOLDERS: u32 = 5_000;
/// Commands that share one commit and one batch.
const TOGETHER: usize = 512;
/// Classes kept in reserve in each tier while the site shapes.
const SPARE_CLASSES: usize = 64;

/// Told of each bundle that is in force.
pub(crate) type OnPolicy = Box<dyn FnMut(&Bundle) + Send>;
/// Told of the gateway's addresses on visitor bridges.
pub(crate) type OnAddresses = Box<dyn FnMut(&[std::net::IpAddr]) + Send>;

/// Everything the thread owns.
pub(crate) struct Gate {
    pub(super) engine: Engine,
    pub(super) hands: Hands,
    pub(super) memory: Memory,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) boot: BootId,
    pub(super) bundle: Option<Box<Bundle>>,
    /// Changes of hours by staff of this router.
    pub(super) overrides: Vec<Override>,
    pub(super) site: Arc<Site>,
    pub(super) notice: Option<(Notice, Uptime)>,
    pub(super) uplink_down_since: Option<jiff::Timestamp>,
    pub(super) clash: Option<String>,
    /// The visit that the request under way began or found.
    pub(super) begun: Option<VisitId>,
    pub(super) guesses: Guesses,
    /// Visits of a damaged ledger, made again from the kernel: their quota is known to the kernel alone.
    pub(super) rebuilt: BTreeSet<VisitId>,
    /// Wrong codes and passwords since the start.
    pub(super) wrong_codes: u64,
    /// Visitors' addresses seen where they do not belong, since the start.
    pub(super) addresses_taken: u64,
    /// Visits whose address was taken, told lately.
    pub(super) thefts: Notices<VisitId>,
    /// Totals for who scrapes them.
    pub(super) seen: super::figures::Seen,
    /// What the controller was last told of counts.
    pub(super) told: super::tally::Told,
    /// What staff should see to.
    pub(super) alerts: Vec<&'static str>,
    /// The same of the addresses that are lent.
    pub(super) pool_alert: Option<&'static str>,
    /// The batch under way, with the number of its last message.
    pub(super) sent: Option<(u64, UsageBatch)>,
    /// Records in the next batch at most.
    pub(super) batch_size: u32,
    pub(super) front: watch::Sender<View>,
    pub(super) voucher_key: watch::Sender<Option<VoucherKey>>,
    /// Vouchers by their one-time token.
    pub(super) tokens: BTreeMap<gapura_wire::VoucherTag, gapura_wire::VoucherTag>,
    pub(super) on_policy: OnPolicy,
    pub(super) on_addresses: OnAddresses,
    pub(super) gateway: Option<gapura_model::GatewayId>,
    /// Uplinks whose link is up.
    pub(super) uplinks: Vec<gapura_model::IfName>,
    /// The running outage of the uplink, as it was told.
    pub(super) outage: Option<(uuid::Uuid, jiff::Timestamp)>,
    /// Holders whose balance changed since it was last reported.
    pub(super) recent_holders: BTreeSet<gapura_model::HolderId>,
    pub(super) filled: Arc<Notify>,
    /// Shares of group vouchers.
    pub(super) shares: super::share::Shares,
    pub(super) timers: Timers,
    pub(super) started: Uptime,
    pub(super) dropped_repairs: u64,
    pub(super) last_reconcile: Vec<String>,
    /// Networks that SOPs open before login; `None` until the filter has said so once.
    pub(super) opened: Option<Vec<gapura_kernel::Net>>,
    /// How the content filter is.
    pub(super) filter: crate::filter::Standings,
    /// What the counter keeps here.
    pub(super) desk: super::desk::DeskState,
    /// How it is with NAT attribution.
    pub(super) attribution: super::nat::Attribution,
}

/// When the thread has something to do by itself.
#[derive(Debug)]
pub(super) struct Timers {
    pub(super) usage_every: Duration,
    pub(super) usage: Uptime,
    pub(super) reconcile: Uptime,
    pub(super) windows: Uptime,
    pub(super) grow: Option<Uptime>,
    pub(super) tally: Uptime,
}

/// An answer that waits until the kernel agreed.
pub(super) enum Waiting {
    Entered {
        visit: VisitId,
        entered: Entered,
        reply: oneshot::Sender<Result<Entered, Refused>>,
    },
    Done(oneshot::Sender<Result<(), Refused>>),
    /// With the visit that has to stand, if the request began one.
    Staff(oneshot::Sender<crate::ctl::Answer>, crate::ctl::Answer, Option<VisitId>),
    Policy(oneshot::Sender<Result<(), String>>),
    /// Orders, with the visit that has to stand for each that began one.
    Orders(oneshot::Sender<bool>, super::desk::Obeyed),
    /// What was given back of these is to be on disk and in the kernel before it is said.
    Shares(Vec<gapura_wire::VoucherTag>, oneshot::Sender<Option<gapura_wire::ShareReport>>),
}

impl Gate {
    /// Works until told to stop or until every sender is gone.
    pub(crate) fn run(mut self, commands: &Receiver<Command>) {
        self.settle(&self.clock.now(), Vec::new());
        loop {
            let now = self.clock.now();
            let first = match commands.recv_timeout(self.idle_for(&now)) {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let now = self.clock.now();
            let mut waiting = Vec::new();
            let rest = std::iter::from_fn(|| commands.try_recv().ok());
            for command in first.into_iter().chain(rest).take(TOGETHER) {
                if let Command::Stop(reply) = command {
                    self.settle(&now, waiting);
                    self.close(&now);
                    let _ = reply.send(());
                    return;
                }
                self.handle(&now, command, &mut waiting);
            }
            self.due(&now);
            self.settle(&now, waiting);
            self.seen.rounds.observe(now.up.until(self.clock.now().up));
        }
        let now = self.clock.now();
        self.close(&now);
    }

    fn idle_for(&self, now: &Moment) -> Duration {
        let timers = &self.timers;
        let own = [Some(timers.usage), Some(timers.reconcile), Some(timers.windows), Some(timers.tally), timers.grow];
        let notice = self.notice.as_ref().map(|(_, until)| *until);
        let own = own.into_iter().chain([self.engine.poll_timeout(), notice, self.next_class_ends(now)]);
        let next = own.flatten().min();
        next.map_or(Duration::from_secs(1), |at| now.up.until(at)).min(Duration::from_secs(5))
    }

    /// What fell due by itself.
    fn due(&mut self, now: &Moment) {
        if let Some(jump) = self.clock.take_jump() {
            tracing::warn!(by_s = jump.by.as_secs(), "the wall clock jumped; opening windows are computed anew");
            self.timers.windows = now.up;
        }
        if self.engine.poll_timeout().is_some_and(|at| at <= now.up) {
            // Bytes first: what falls due may grant anew, and is granted from what was read.
            self.read(now);
            self.engine.tick(now);
        }
        if self.timers.usage <= now.up {
            self.read(now);
            self.look_at_shares(now);
            self.timers.usage = now.up.after(self.timers.usage_every);
            if let Err(error) = self.memory.note_time(now) {
                self.memory.trouble(&error);
            }
        }
        if self.timers.windows <= now.up {
            self.windows(now);
            self.memory.prune(now, RETENTION);
        }
        if self.timers.reconcile <= now.up {
            self.reconcile(now);
            self.hands.shaping.verify();
            self.admit_trusted(now);
            self.attribute_again(now);
            self.look_at_tables();
            self.look_at_addresses();
        }
        if self.timers.tally <= now.up {
            self.tally(now);
        }
        if self.timers.grow.is_some_and(|at| at <= now.up) {
            let (more, last_bytes) = self.hands.grow(SPARE_CLASSES);
            if !last_bytes.is_empty() {
                self.begin_anew(now, &last_bytes);
            }
            self.timers.grow = Some(now.up.after(Duration::from_millis(if more { 20 } else { 1_000 })));
        }
        self.notice_ends(now);
        self.classes_end(now);
    }

    /// Reads the kernel's counters and tells the engine.
    pub(super) fn read(&mut self, now: &Moment) {
        match self.hands.read() {
            Ok(deltas) => {
                self.seen.bytes(&deltas);
                self.engine.usage(now, &deltas);
            }
            Err(error) => {
                tracing::warn!(error = %gapura_model::with_causes(&error), "the kernel's counters could not be read");
            }
        }
    }

    /// Opening windows for the kernel, by its own clock.
    pub(super) fn windows(&mut self, now: &Moment) {
        self.timers.windows = now.up.after(WINDOWS_EVERY);
        let policy = self.engine.policy();
        let windows = match now.trust {
            ClockTrust::Doubtful if self.engine.hours().is_open() => vec![Window::ALWAYS],
            ClockTrust::Doubtful => Vec::new(),
            ClockTrust::Trusted if policy.hours.is_always_open() && policy.hours.overrides().is_empty() => {
                vec![Window::ALWAYS]
            }
            ClockTrust::Trusted => {
                let ahead = self.clock.ahead_of_kernel();
                let until = now.wall_after(AHEAD);
                let in_kernel = |at: jiff::Timestamp| {
                    at.checked_sub(ahead).ok().and_then(|at| u64::try_from(at.as_nanosecond()).ok())
                };
                let found = policy.hours.windows(now.wall, until);
                found
                    .iter()
                    .map(|window| Window {
                        from: (window.from > now.wall).then(|| in_kernel(window.from)).flatten(),
                        until: in_kernel(window.until),
                    })
                    .collect()
            }
        };
        if let Err(error) = self.hands.kernel.set_windows(&windows) {
            tracing::error!(error = %gapura_model::with_causes(&error), "the kernel did not take the opening hours");
            self.timers.windows = now.up.after(Duration::from_secs(5));
        }
    }

    /// Compares the kernel with what is wanted and repairs it.
    pub(super) fn reconcile(&mut self, now: &Moment) {
        self.timers.reconcile = now.up.after(RECONCILE_EVERY);
        let grants = self.engine.grants();
        let visits = self.hands.desired(&grants);
        let lans = self.hands.lans.clone();
        let banned =
            self.engine.blocks().keys().flat_map(|mac| {
                lans.iter().map(|lan| (Device { lan: lan.clone(), mac: *mac }, None)).collect::<Vec<_>>()
            });
        let open_for = self.engine.emergency_open().map(|open| now.up.until(open.until));
        let emergency = open_for.into_iter().flat_map(|left| lans.iter().map(move |lan| (lan.clone(), left))).collect();
        let desired = Desired { visits, banned: banned.collect(), emergency };
        match self.hands.kernel.reconcile(&desired) {
            Ok(repairs) if repairs.is_empty() => {}
            Ok(repairs) => {
                let words: Vec<String> = repairs.iter().map(repair_words).collect();
                tracing::warn!(repairs = words.len(), what = ?words.iter().take(8).collect::<Vec<_>>(), "the kernel was repaired: somebody else changed it");
                self.last_reconcile = words;
                self.dropped_repairs += 1;
                self.hands.after_repair(&repairs);
            }
            Err(error) => {
                tracing::error!(error = %gapura_model::with_causes(&error), "the kernel could not be compared with what is wanted");
                self.timers.reconcile = now.up.after(Duration::from_secs(1));
            }
        }
    }

    pub(super) fn kernel_event(&mut self, now: &Moment, event: Event) {
        match event {
            Event::QuotaDepleted(what) => {
                let scarce = match what {
                    Depleted::Visit { slot, .. } => self.hands.slots.visit(slot).map(Scarce::Visit),
                    Depleted::Holder(number) => self.hands.holder(number).map(Scarce::Holder),
                };
                let uncertain: Vec<VisitId> = self
                    .rebuilt
                    .iter()
                    .filter(|visit| match &scarce {
                        Some(Scarce::Visit(scarce)) => scarce == *visit,
                        Some(Scarce::Holder(holder)) => {
                            self.engine.record(**visit).is_some_and(|record| record.holder == *holder)
                        }
                        None => false,
                    })
                    .copied()
                    .collect();
                for visit in uncertain {
                    self.rebuilt.remove(&visit);
                    self.read(now);
                    self.engine.used_up(now, visit);
                }
                if let Some(scarce) = scarce {
                    match self.hands.read() {
                        Ok(deltas) => {
                            self.seen.bytes(&deltas);
                            self.engine.depleted(now, &scarce, &deltas);
                        }
                        Err(error) => {
                            tracing::warn!(error = %gapura_model::with_causes(&error), "the kernel's counters could not be read");
                        }
                    }
                }
            }
            Event::ForeignChange => {
                self.hands.kernel.doubt();
                self.timers.reconcile = now.up;
            }
            Event::Lost => {
                self.read(now);
                self.hands.kernel.doubt();
                self.timers.reconcile = now.up;
            }
        }
    }

    /// Carries out what the engine decided: ledger, then kernel, then answers. Repeats while carrying out brings new effects.
    pub(super) fn settle(&mut self, now: &Moment, waiting: Vec<Waiting>) {
        let mut failed: BTreeMap<VisitId, Refused> = BTreeMap::new();
        self.memory.beside(std::mem::take(&mut self.desk.done));
        for _ in 0..8 {
            let effects = self.engine.take_effects();
            if effects.is_empty() {
                break;
            }
            self.carry(now, effects, &mut failed);
        }
        self.memory.flush();
        self.refresh_front(now);
        for answer in waiting {
            match answer {
                Waiting::Entered { visit, entered, reply } => {
                    let _ = reply.send(failed.get(&visit).map_or(Ok(entered), |refused| Err(refused.clone())));
                }
                Waiting::Done(reply) => drop(reply.send(Ok(()))),
                Waiting::Staff(reply, answer, visit) => {
                    let refused = visit.and_then(|visit| failed.get(&visit));
                    let answer = refused.map_or(answer, |refused| crate::ctl::Answer::Failed(unkept(refused)));
                    drop(reply.send(answer));
                }
                Waiting::Policy(reply) => drop(reply.send(Ok(()))),
                Waiting::Orders(reply, obeyed) => {
                    for (id, _) in obeyed.iter().filter(|(_, visit)| visit.is_some_and(|it| failed.contains_key(&it))) {
                        self.order_failed(now, *id);
                    }
                    self.memory.beside(std::mem::take(&mut self.desk.done));
                    self.memory.flush();
                    let _ = reply.send(true);
                }
                Waiting::Shares(recalled, reply) => drop(reply.send(self.share_report(now, &recalled))),
            }
        }
    }

    fn carry(&mut self, now: &Moment, effects: Vec<Effect>, failed: &mut BTreeMap<VisitId, Refused>) {
        let fresh: Vec<VisitId> = effects
            .iter()
            .filter_map(
                |effect| if let Effect::Grant(grant) = effect { grant.fresh.then_some(grant.visit) } else { None },
            )
            .collect();
        self.give_blocks(now, &effects);
        let kept =
            self.memory.keep(&effects, self.bundle.as_deref(), |record| place(&self.engine, &self.hands, record));
        let effects = match kept {
            Ok(worth_sending) => {
                if worth_sending {
                    self.filled.notify_one();
                }
                effects
            }
            Err(error) => {
                // Visitors online stay online; nobody new is let in on what cannot be remembered.
                self.memory.trouble(&error);
                self.memory.free_tokens();
                let unheld: Vec<VisitId> =
                    fresh.iter().filter(|visit| self.hands.slots.slot(**visit).is_none()).copied().collect();
                for visit in &unheld {
                    failed.insert(*visit, Refused::Storage);
                    self.take_block_back(*visit);
                    self.engine.undo(now, *visit);
                }
                let mut effects = effects;
                effects.retain(|effect| !matches!(effect, Effect::Grant(grant) if unheld.contains(&grant.visit)));
                effects
            }
        };
        for effect in &effects {
            if let Effect::Balance(balance) = effect
                && self.recent_holders.len() < MOST_HOLDERS as usize
            {
                self.recent_holders.insert(balance.holder.clone());
            }
            if let Effect::Emergency(lasts) = effect {
                let words =
                    if lasts.is_some() { "stands open for everybody" } else { "is no longer open for everybody" };
                tracing::warn!(for_s = lasts.map(|lasts| lasts.as_secs()), "Buka darurat: the gate {words}");
            }
            if matches!(effect, Effect::Block { .. } | Effect::Emergency(_)) {
                self.keep_blocks();
            }
            if matches!(effect, Effect::Hours { .. } | Effect::Notice(gapura_session::Notice::ClockDoubtful)) {
                self.timers.windows = now.up;
            }
            if matches!(effect, Effect::Notice(gapura_session::Notice::ClockSet)) {
                // At once: a router that dies before the next reading must not come back in doubt.
                self.timers.usage = now.up;
            }
        }
        match self.hands.carry(&effects) {
            Ok(carried) => {
                if !carried.last_bytes.is_empty() {
                    self.begin_anew(now, &carried.last_bytes);
                }
                for visit in carried.failed {
                    failed.insert(visit, Refused::Busy);
                    self.engine.log_out(now, visit);
                }
            }
            Err(error) => {
                tracing::error!(error = %gapura_model::with_causes(&error), "the kernel refused a change; it is compared anew");
                failed.extend(fresh.into_iter().map(|visit| (visit, Refused::Busy)));
                self.hands.forget_ended(|visit| self.engine.record(visit).is_some());
                self.hands.kernel.doubt();
                self.timers.reconcile = now.up;
            }
        }
    }

    /// Counts the last bytes of visits whose counters begin at zero again, and writes them down at once: a restart would
    /// otherwise go on from a reading of counters that are gone.
    pub(super) fn begin_anew(&mut self, now: &Moment, last_bytes: &[(VisitId, Traffic)]) {
        self.engine.usage(now, last_bytes);
        let records = last_bytes.iter().filter_map(|(visit, _)| self.engine.record(*visit));
        let records: Vec<Effect> = records.filter(|record| record.ended.is_none()).map(Effect::Record).collect();
        self.write_down(&records);
    }

    /// Writes records down that no effect of the engine brought.
    pub(super) fn write_down(&mut self, records: &[Effect]) {
        let bundle = self.bundle.as_deref();
        if let Err(error) = self.memory.keep(records, bundle, |record| place(&self.engine, &self.hands, record)) {
            self.memory.trouble(&error);
        }
    }

    /// The view of a device (or of nobody), now.
    pub(super) fn seen(&self, now: &Moment, device: Option<&DeviceId>) -> View {
        let around = Around {
            site: &self.site,
            notice: self.notice.as_ref().map(|(notice, _)| notice),
            uplink: self.uplink(),
            fresh: Traffic::ZERO,
        };
        view(&self.engine, now, device, around)
    }

    pub(super) fn uplink(&self) -> Uplink {
        if self.clash.is_some() {
            Uplink::Clash
        } else if self.engine.uplink_is_up() {
            Uplink::Up
        } else {
            Uplink::Down { since: self.uplink_down_since }
        }
    }

    fn refresh_front(&mut self, now: &Moment) {
        let view = self.seen(now, None);
        self.front.send_replace(view);
    }

    fn close(&mut self, now: &Moment) {
        self.read(now);
        for record in self.engine.records().collect::<Vec<_>>() {
            let effects = [Effect::Record(record)];
            if let Err(error) =
                self.memory.keep(&effects, self.bundle.as_deref(), |record| place(&self.engine, &self.hands, record))
            {
                self.memory.trouble(&error);
                break;
            }
        }
        if let Err(error) = self.memory.note_time(now) {
            self.memory.trouble(&error);
        }
        tracing::info!(online = self.engine.online(), "the gate's thread ends; the kernel goes on holding the policy");
    }
}

/// Why staff's request came to nothing, in words for them.
fn unkept(refused: &Refused) -> String {
    if *refused == Refused::Storage {
        "the device was not let in: the ledger cannot be written; free disk space or check the disk".to_owned()
    } else {
        format!("the device was not let in: {refused:?}")
    }
}

/// Where the kernel holds a visit, and what its counters read when the record was made. They may have been read again since:
/// what came in between is in no record yet, and a restart has to find it.
fn place(engine: &Engine, hands: &Hands, record: &VisitRecord) -> Option<Place> {
    let since = engine.record(record.id).map_or(Traffic::ZERO, |now| now.traffic.since(record.traffic));
    let mut place = hands.place(record.id)?;
    place.reading = place.reading.since(since);
    Some(place)
}

pub(super) fn repair_words(repair: &gapura_kernel::Repair) -> String {
    use gapura_kernel::Repair;
    match repair {
        Repair::Skeleton(what) => format!("rules: {what}"),
        Repair::Setting(what) => format!("setting: {what}"),
        Repair::Visit(slot) => format!("visit in slot {slot} granted again"),
        Repair::Foreign(slot) => format!("strange elements of slot {slot} removed"),
        Repair::Ban(_) => "a block set again".to_owned(),
        Repair::Unban(_) => "a block nobody ordered removed".to_owned(),
    }
}
