//! The engine against a naive second model that counts every second by itself.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where it is surprised"
)]
#![expect(clippy::wildcard_enum_match_arm, reason = "the model looks at the effects it is about")]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::time::Duration;

use gapura_model::{BootId, ByteCount, DeviceId, HolderId, MacAddr, Moment, Traffic, Uptime, VisitId};
use gapura_session::{
    Admission, Ask, ByteLimit, Effect, EndCause, Engine, HolderBalance, KernelQuota, Plan, Policy, Refusal, Scope,
    Snapshot, Terms, VisitRecord,
};
use proptest::prelude::*;

const VISIT_TIME: u64 = 5_000;
const DAY_TIME: u64 = 9_000;
const IDLE: u64 = 700;
const VISIT_BYTES: u64 = 3_000_000;
const DAY_BYTES: u64 = 5_000_000;
const DAY: u64 = 86_400;
/// The story begins at 08.00; the site is open from 08.00 to 22.00.
const OPENS: u64 = 8 * 3600;
const CLOSES: u64 = 22 * 3600;
/// Devices 0 and 1 come by one tap, the others share an account with two places.
const DEVICES: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Op {
    Wait(u64),
    Admit {
        device: usize,
        take_over: bool,
    },
    LogOut(usize),
    /// One device moved so many bytes; all counters were read.
    Read {
        device: usize,
        up: u64,
        down: u64,
    },
    Uplink(bool),
    /// The daemon dies and comes back after so many seconds.
    Restart(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1..4_000_u64).prop_map(Op::Wait),
        1 => (4_000..40_000_u64).prop_map(Op::Wait),
        5 => (0..DEVICES, any::<bool>()).prop_map(|(device, take_over)| Op::Admit { device, take_over }),
        1 => (0..DEVICES).prop_map(Op::LogOut),
        5 => (0..DEVICES, 0..2_u64, 0..900_000_u64).prop_map(|(device, up, down)| Op::Read { device, up: up * 1000, down }),
        1 => any::<bool>().prop_map(Op::Uplink),
        1 => (0..3_000_u64).prop_map(Op::Restart),
    ]
}

fn holder(device: usize) -> usize {
    device.min(2)
}

#[derive(Clone, Debug)]
struct Visit {
    number: u32,
    device: usize,
    used: u64,
    /// `used` at the last activity.
    used_active: u64,
    active_at: u64,
    bytes: u64,
}

#[derive(Clone, Debug, Default)]
struct Holder {
    /// The seconds (of service) charged today.
    day: Vec<u64>,
    bytes: u64,
    /// The last second in which some visit of the present stay was in use.
    covered: u64,
}

#[derive(Debug, Default)]
struct Model {
    second: u64,
    service: u64,
    down: bool,
    visits: Vec<Visit>,
    holders: BTreeMap<usize, Holder>,
    ended: Vec<(u32, EndCause, u64, u64)>,
}

impl Model {
    fn local(&self) -> u64 {
        OPENS + self.second
    }

    fn open(&self) -> bool {
        (OPENS..CLOSES).contains(&(self.local() % DAY))
    }

    fn step(&mut self) {
        self.second += 1;
        if !self.down {
            self.service += 1;
            let busy: BTreeSet<usize> = self.visits.iter().map(|visit| holder(visit.device)).collect();
            for id in busy {
                self.holders.entry(id).or_default().day.push(self.service);
            }
            for visit in &mut self.visits {
                visit.used += 1;
            }
        }
        if self.local().is_multiple_of(DAY) {
            for holder in self.holders.values_mut() {
                *holder = Holder { covered: holder.covered, ..Holder::default() };
            }
        }
        if !self.open() {
            self.end_where(EndCause::Closing, |_, _| true);
        }
        if !self.down {
            self.end_where(EndCause::TimeUp(Scope::Visit), |_, visit| visit.used >= VISIT_TIME);
            self.end_where(EndCause::TimeUp(Scope::Day), |model, visit| model.day_time(visit.device) >= DAY_TIME);
        }
    }

    fn day_time(&self, device: usize) -> u64 {
        self.holders.get(&holder(device)).map_or(0, |holder| holder.day.len() as u64)
    }

    fn day_bytes(&self, device: usize) -> u64 {
        self.holders.get(&holder(device)).map_or(0, |holder| holder.bytes)
    }

    fn end_where(&mut self, cause: EndCause, doomed: impl Fn(&Self, &Visit) -> bool) {
        let numbers: Vec<u32> =
            self.visits.iter().filter(|visit| doomed(self, visit)).map(|visit| visit.number).collect();
        for number in numbers {
            self.end(number, cause);
        }
    }

    fn end(&mut self, number: u32, cause: EndCause) {
        let place = self.visits.iter().position(|visit| visit.number == number).unwrap();
        let visit = self.visits.remove(place);
        let used = if cause == EndCause::Idle { visit.used_active } else { visit.used };
        let until = self.service - (visit.used - used);
        let alone = self.visits.iter().all(|other| holder(other.device) != holder(visit.device));
        let holder = self.holders.entry(holder(visit.device)).or_default();
        holder.covered = holder.covered.max(until);
        if alone {
            let covered = holder.covered;
            holder.day.retain(|second| *second <= covered);
        }
        self.ended.push((number, cause, used, visit.bytes));
    }

    fn admit(&mut self, device: usize, take_over: bool, number: u32) -> Result<u32, &'static str> {
        if let Some(visit) = self.visits.iter().find(|visit| visit.device == device) {
            return Ok(visit.number);
        }
        if !self.open() {
            return Err("closed");
        }
        if self.down {
            return Err("uplink-down");
        }
        let (now, service) = (self.second, self.service);
        let places = if holder(device) == 2 { 2 } else { 1 };
        let others = self.visits.iter_mut().filter(|visit| holder(visit.device) == holder(device));
        let mut others: Vec<&mut Visit> = others.collect();
        if others.len() >= places {
            others.sort_by_key(|visit| (now - visit.active_at, visit.number));
            let visit = others.pop().unwrap();
            if !take_over && now - visit.active_at < 60 {
                return Err("in-use");
            }
            (visit.device, visit.active_at, visit.used_active) = (device, now, visit.used);
            return Ok(visit.number);
        }
        if self.day_time(device) >= DAY_TIME {
            return Err("time-used");
        }
        if DAY_BYTES.saturating_sub(self.day_bytes(device)) <= 65_536 {
            return Err("bytes-used");
        }
        let visit = Visit { number, device, used: 0, used_active: 0, active_at: now, bytes: 0 };
        self.visits.push(visit);
        let holder = self.holders.entry(holder(device)).or_default();
        holder.covered = holder.covered.max(service);
        Ok(number)
    }

    fn read(&mut self, device: usize, up: u64, down: u64) {
        let now = self.second;
        if let Some(visit) = self.visits.iter_mut().find(|visit| visit.device == device) {
            visit.bytes += up + down;
            if up > 0 {
                (visit.active_at, visit.used_active) = (now, visit.used);
            }
            let bytes = up + down;
            self.holders.entry(holder(device)).or_default().bytes += bytes;
        }
        if !self.down || self.visits.iter().any(|visit| visit.used - visit.used_active >= IDLE) {
            self.end_where(EndCause::Idle, |_, visit| visit.used - visit.used_active >= IDLE);
        }
        if self.visits.iter().any(|visit| visit.device == device) {
            let mine = |visit: &Visit| holder(visit.device) == holder(device);
            self.end_where(EndCause::QuotaUp(Scope::Visit), |_, visit| mine(visit) && visit.bytes >= VISIT_BYTES);
            self.end_where(EndCause::QuotaUp(Scope::Day), |model, visit| {
                mine(visit) && model.day_bytes(device) >= DAY_BYTES
            });
        }
    }
}

fn boot() -> BootId {
    "8d4a52e0-6cf0-4f2b-93a5-6a0b8e0cf001".parse().unwrap()
}

fn device(number: usize) -> DeviceId {
    let last = u8::try_from(number).unwrap();
    DeviceId { lan: "br-lan".parse().unwrap(), mac: MacAddr::new([2, 0, 0, 0, 0, last]) }
}

fn id(number: u32) -> VisitId {
    VisitId::from_random(random(number))
}

fn random(number: u32) -> [u8; 16] {
    let mut random = [0; 16];
    random[..4].copy_from_slice(&number.to_be_bytes());
    random
}

fn policy() -> Policy {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| format!("\"{day}\": [\"08.00-22.00\"]"));
    let hours = format!("{{\"zone\": \"Asia/Makassar\", \"weekly\": {{{}}}}}", days.join(","));
    let mut plan = Plan::unlimited("umum".parse().unwrap(), "Umum");
    plan.visit.time = Some(Duration::from_secs(VISIT_TIME));
    plan.visit.bytes = ByteLimit::Total(ByteCount::new(VISIT_BYTES));
    plan.day.time = Some(Duration::from_secs(DAY_TIME));
    plan.day.bytes = ByteLimit::Total(ByteCount::new(DAY_BYTES));
    plan.idle = Some(Duration::from_secs(IDLE));
    plan.devices = NonZeroU16::new(2).unwrap();
    Policy::open_house(serde_json::from_str(&hours).unwrap(), plan)
}

/// The engine, its ledger, and what must always hold of its effects.
struct Real {
    engine: Engine,
    now: Moment,
    start: Moment,
    balances: BTreeMap<HolderId, HolderBalance>,
    records: BTreeMap<VisitId, VisitRecord>,
    granted: BTreeSet<(VisitId, DeviceId)>,
}

impl Real {
    fn new() -> Self {
        let start = Moment::trusted(Uptime::new(Duration::from_hours(1)), "2026-01-05T00:00:00Z".parse().unwrap());
        let engine = Engine::new(policy(), boot(), &start);
        let (balances, records, granted) = Default::default();
        Self { engine, now: start, start, balances, records, granted }
    }

    fn carry_out(&mut self) {
        let local = OPENS + self.start.up.until(self.now.up).as_secs();
        for effect in self.engine.take_effects() {
            match effect {
                Effect::Grant(grant) => {
                    let known = !self.granted.insert((grant.visit, grant.device.clone()));
                    assert_ne!(known, grant.fresh, "a fresh grant is the first, others replace one");
                    let until = local % DAY + grant.expires_in.as_secs();
                    assert!(until <= CLOSES, "granted past closing");
                    assert!(grant.expires_in.as_secs() <= VISIT_TIME.min(DAY_TIME));
                    let KernelQuota::Total(left) = grant.visit_quota else { panic!("a total") };
                    assert!(left.get() <= VISIT_BYTES);
                }
                Effect::Retime { visit, device, .. } => {
                    // Told before the end of what fell due in the same call, or of a running grant.
                    assert!(self.granted.contains(&(visit, device)));
                }
                Effect::Revoke { visit, device, .. } => {
                    assert!(self.granted.remove(&(visit, device)), "revoked once, after a grant");
                }
                Effect::Record(record) => {
                    self.records.insert(record.id, record);
                }
                Effect::Balance(balance) => {
                    self.balances.insert(balance.holder.clone(), balance);
                }
                _ => {}
            }
        }
    }

    fn ask(&mut self, number: usize, take_over: bool, visit: u32) -> Result<VisitId, Refusal> {
        let admission = if holder(number) == 2 {
            Admission::Account { name: "andi".parse().unwrap(), plan: "umum".parse().unwrap(), terms: None }
        } else {
            Admission::OneTap { terms: Terms { version: String::new(), hash: String::new() } }
        };
        let device = device(number);
        let balance = self.balances.get(&admission.holder(&device)).cloned();
        self.engine
            .admit(&self.now, Ask { device, admission, take_over, balance }, random(visit))
            .map(|admitted| admitted.visit)
    }

    fn restart(&mut self, away: u64) {
        // The last thing a ledger heard: everything so far.
        let visits: Vec<VisitRecord> = self.engine.records().collect();
        let holders: BTreeSet<HolderId> = visits.iter().map(|record| record.holder.clone()).collect();
        let balances = holders.iter().filter_map(|holder| self.engine.balance(holder)).collect();
        let down = !self.engine.uplink_is_up();
        if down {
            self.engine.uplink(&self.now, true);
        }
        self.now = self.now.after(Duration::from_secs(away));
        self.engine =
            Engine::restore(policy(), boot(), &self.now, Snapshot { visits, balances, ..Snapshot::default() });
    }
}

fn play(ops: &[Op]) {
    let (mut real, mut model) = (Real::new(), Model::default());
    let mut moved = 0;
    for (number, op) in (1_u32..).zip(ops) {
        match *op {
            Op::Wait(seconds) => {
                real.now = real.now.after(Duration::from_secs(seconds));
                real.engine.tick(&real.now);
                (0..seconds).for_each(|_| model.step());
            }
            Op::Admit { device, take_over } => {
                let said = real.ask(device, take_over, number);
                let expected = model.admit(device, take_over, number);
                assert_eq!(said.as_ref().map_err(Refusal::id).copied(), expected.map(id), "{said:?}");
            }
            Op::LogOut(device) => {
                let running = model.visits.iter().find(|visit| visit.device == device).map(|visit| visit.number);
                if let Some(running) = running {
                    assert!(real.engine.log_out(&real.now, id(running)));
                    model.end(running, EndCause::LoggedOut);
                }
            }
            Op::Read { device: number, up, down } => {
                let deltas = real.engine.visit_of(&device(number));
                let traffic = Traffic { up: ByteCount::new(up), down: ByteCount::new(down) };
                let deltas: Vec<_> = deltas.into_iter().map(|visit| (visit, traffic)).collect();
                moved += deltas.iter().map(|(_, traffic)| traffic.total().get()).sum::<u64>();
                real.engine.usage(&real.now, &deltas);
                model.read(number, up, down);
            }
            Op::Uplink(up) => {
                real.engine.uplink(&real.now, up);
                model.down = !up;
            }
            Op::Restart(away) if !model.down => {
                real.restart(away);
                (0..away).for_each(|_| model.step());
            }
            Op::Restart(_) => {}
        }
        real.carry_out();
        compare(&real, &model);
    }
    let counted: u64 = real.records.values().map(|record| record.traffic.total().get()).sum::<u64>();
    let running: u64 = real.engine.records().map(|record| record.traffic.total().get()).sum();
    let running_kept: u64 = real
        .engine
        .records()
        .filter_map(|record| real.records.get(&record.id))
        .map(|kept| kept.traffic.total().get())
        .sum();
    assert_eq!(counted + running - running_kept, moved, "bytes in records are the bytes read");
}

fn compare(real: &Real, model: &Model) {
    let online: BTreeMap<VisitId, (DeviceId, u64, u64)> = real
        .engine
        .records()
        .map(|record| (record.id, (record.device, record.used.as_secs(), record.traffic.total().get())))
        .collect();
    let expected: BTreeMap<_, _> =
        model.visits.iter().map(|visit| (id(visit.number), (device(visit.device), visit.used, visit.bytes))).collect();
    assert_eq!(online, expected);
    assert_eq!(real.granted.len(), online.len());
    for (number, cause, used, bytes) in &model.ended {
        let record = &real.records[&id(*number)];
        let ended = record.ended.map(|ended| ended.cause);
        let real = (ended, record.used.as_secs(), record.traffic.total().get());
        assert_eq!(real, (Some(*cause), *used, *bytes), "visit {number}");
    }
    for (visit, figures) in
        real.engine.records().filter_map(|visit| Some((visit.id, real.engine.figures(&real.now, visit.id)?)))
    {
        let closing = CLOSES - model.local() % DAY;
        assert!(figures.time_left.unwrap().as_secs() <= closing, "{visit}");
    }
    for visit in &model.visits {
        let holder = real.engine.record(id(visit.number)).unwrap().holder;
        let balance = real.engine.balance(&holder).unwrap();
        assert_eq!(balance.day_used.time.as_secs(), model.day_time(visit.device), "{balance:?}");
        assert_eq!(balance.day_used.traffic.total().get(), model.day_bytes(visit.device));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_engine_agrees_with_counting_every_second(ops in proptest::collection::vec(op(), 1..60)) {
        play(&ops);
    }
}
