//! Three sites with real session engines and clocks hours apart, a controller, and a post that loses, repeats and reorders:
//! nothing is ever given out beyond the voucher, and all of it can be used.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_model::{BootId, ByteCount, DeviceId, HolderId, MacAddr, Moment, Traffic, Uptime};
use gapura_rules::hours::{Hours, Zone};
use gapura_session::{Admission, Ask, Effect, Engine, HolderBalance, Lent, Plan, Policy, Share, Voucher};
use gapura_wire::{LentShare, Sha256, ShareAnswer, ShareReport};
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

const DAY_BYTES: u64 = 1_000_000;
const MONTH_BYTES: u64 = 3_000_000;
const USE_TIME: u64 = 20_000;
const SITES: usize = 3;

fn zone() -> Zone {
    "Asia/Makassar".parse().unwrap()
}

fn plan() -> Plan {
    let text = format!(
        r#"{{"id": "kuota", "name": "Kuota", "day": {{"bytes": {{"total": {DAY_BYTES}}}}}, "month": {{"bytes": {{"total": {MONTH_BYTES}}}}}}}"#
    );
    serde_json::from_str(&text).unwrap()
}

fn whole() -> Share {
    Share::whole(&plan(), Some(Duration::from_secs(USE_TIME)))
}

fn site(index: usize) -> SiteId {
    format!("site-{index}").parse().unwrap()
}

fn line(number: u64, used: &Share, given: Option<Share>, wants: bool) -> ShareLine {
    ShareLine { tag: Sha256::of(b"code"), number, given, used: used.clone(), wants }
}

/// A site with its engine, and what its ledger holds.
struct Place {
    engine: Engine,
    now: Moment,
    holder: HolderId,
    kept: HolderBalance,
    visits: u8,
}

impl Place {
    fn new(index: usize, first: Share) -> Self {
        let boot: BootId = "8d4a52e0-6cf0-4f2b-93a5-6a0b8e0cf001".parse().unwrap();
        // 21.30, 23.30 and 01.30 in Makassar: days differ for hours.
        let wall: Timestamp = "2026-01-30T13:30:00Z".parse().unwrap();
        let ahead = Duration::from_hours(2 * u64::try_from(index).unwrap());
        let up = Uptime::new(Duration::from_hours(1));
        let now = Moment::trusted(up, Moment::trusted(up, wall).wall_after(ahead));
        let holder = HolderId::Voucher([u8::try_from(index).unwrap(); 32]);
        let kept = HolderBalance { lent: Some(Lent::first(first)), ..HolderBalance::new(holder.clone(), boot, up) };
        let engine = Engine::new(Policy::open_house(Hours::always(zone()), plan()), boot, &now);
        Self { engine, now, holder, kept, visits: 0 }
    }

    fn drain(&mut self) {
        for effect in self.engine.take_effects() {
            if let Effect::Balance(balance) = effect {
                self.kept = balance;
            }
        }
    }

    fn wait(&mut self, length: Duration) {
        self.now = self.now.after(length);
        self.engine.tick(&self.now);
        self.drain();
    }

    fn enter(&mut self) {
        self.visits = self.visits.wrapping_add(1);
        let (plan, use_time) = ("kuota".parse().unwrap(), Some(Duration::from_secs(USE_TIME)));
        let voucher = Voucher { plan, use_time, use_before: None, devices: None, revoked: false };
        let HolderId::Voucher(hash) = self.holder else { panic!() };
        let device = DeviceId { lan: "br-lan".parse().unwrap(), mac: MacAddr::new([2, 0, 0x5e, 0, 0, 1]) };
        let admission = Admission::Voucher { hash, voucher, terms: None };
        let ask = Ask { device, admission, take_over: true, balance: Some(self.kept.clone()) };
        let _ = self.engine.admit(&self.now, ask, [self.visits; 16]);
        self.drain();
    }

    /// Moves bytes as far as the kernel would let it.
    fn load(&mut self, bytes: u64) -> u64 {
        let Some(visit) = self.engine.visits_of(&self.holder).first().copied() else { return 0 };
        let left = self.engine.figures(&self.now, visit).and_then(|figures| figures.bytes_left).unwrap();
        let moved = bytes.min(left.get());
        self.engine.usage(&self.now, &[(visit, Traffic { up: ByteCount::ZERO, down: ByteCount::new(moved) })]);
        self.drain();
        moved
    }

    fn leave(&mut self) {
        if let Some(visit) = self.engine.visits_of(&self.holder).first().copied() {
            self.engine.log_out(&self.now, visit);
            self.drain();
        }
    }

    /// Dies and begins again with what is on its disk.
    fn restart(&mut self) {
        self.leave();
        let boot = "8d4a52e0-6cf0-4f2b-93a5-6a0b8e0cf002".parse().unwrap();
        self.engine = Engine::new(Policy::open_house(Hours::always(zone()), plan()), boot, &self.now);
    }

    fn report(&mut self, recalled: bool) -> ShareReport {
        if recalled {
            self.engine.give_back(&self.now, self.kept.clone(), &whole());
            self.drain();
        }
        let (lent, used) = self.engine.lent(&self.holder).unwrap_or_else(|| {
            let lent = self.kept.lent.clone().unwrap();
            let used = Share::used(&lent.share, &self.kept);
            (lent, used)
        });
        let wants = !recalled && lent.is_low(&whole(), &used);
        ShareReport {
            day: self.engine.trusted_day().unwrap(),
            lines: vec![line(lent.number, &used, lent.given, wants)],
        }
    }

    fn take(&mut self, answer: &ShareAnswer) {
        for lent in &answer.shares {
            self.engine.lend(&self.now, self.kept.clone(), lent.number, lent.share.clone(), answer.day);
        }
        self.drain();
    }
}

/// The fleet, its post, and the naive count of what was given out.
struct Fleet {
    lending: Lending,
    now: Moment,
    places: Vec<Place>,
    requests: Vec<(usize, ShareReport)>,
    answers: Vec<(usize, ShareAnswer)>,
    recalls: Vec<SiteId>,
    by_day: BTreeMap<Date, u64>,
    by_month: BTreeMap<Date, u64>,
}

impl Fleet {
    fn new() -> Self {
        let sites: Vec<SiteId> = (0..SITES).map(site).collect();
        let lending = Lending::new(whole(), sites.iter());
        let place = |index| Place::new(index, lending.share(&site(index)).unwrap().1.clone());
        let places: Vec<Place> = (0..SITES).map(place).collect();
        let now = places[1].now;
        let (by_day, by_month) = (BTreeMap::new(), BTreeMap::new());
        Self { lending, now, places, requests: vec![], answers: vec![], recalls: vec![], by_day, by_month }
    }

    fn load(&mut self, index: usize, bytes: u64) {
        let place = &mut self.places[index];
        let day = place.engine.trusted_day().unwrap();
        let moved = place.load(bytes);
        *self.by_day.entry(day).or_default() += moved;
        *self.by_month.entry(day.first_of_month()).or_default() += moved;
    }

    fn wait(&mut self, length: Duration) {
        self.now = self.now.after(length);
        self.places.iter_mut().for_each(|place| place.wait(length));
    }

    fn ask(&mut self, index: usize) {
        let recalled = self.recalls.contains(&site(index));
        let report = self.places[index].report(recalled);
        self.requests.push((index, report));
    }

    /// The controller reads one message of those under way.
    fn deliver(&mut self, which: usize, again: bool) {
        if self.requests.is_empty() {
            return;
        }
        let which = which % self.requests.len();
        let (index, report) = self.requests[which].clone();
        if !again {
            self.requests.remove(which);
        }
        let today = zone().date(self.now.wall);
        let mut shares = Vec::new();
        for line in &report.lines {
            let heard = self.lending.hear(&site(index), line, (report.day, today), true);
            assert_eq!(heard.wrong, None);
            if heard.changed {
                self.recalls.retain(|other| *other != site(index));
            }
            self.recalls.extend(heard.recall);
            shares.extend(heard.answer.map(|(number, share)| LentShare { tag: line.tag, number, share }));
        }
        self.answers.push((index, ShareAnswer { day: today, shares }));
    }

    fn answer(&mut self, which: usize, again: bool) {
        if self.answers.is_empty() {
            return;
        }
        let which = which % self.answers.len();
        let (index, answer) = self.answers[which].clone();
        if !again {
            self.answers.remove(which);
        }
        self.places[index].take(&answer);
    }

    fn check(&self) {
        assert!(self.lending.adds_up(), "{:?}", self.lending);
        assert!(self.by_day.values().all(|bytes| *bytes <= DAY_BYTES), "{:?}", self.by_day);
        assert!(self.by_month.values().all(|bytes| *bytes <= MONTH_BYTES), "{:?}", self.by_month);
        let used: Duration = self.places.iter().map(|place| place.kept.time_used).sum();
        assert!(used <= Duration::from_secs(USE_TIME), "{used:?}");
    }
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Wait(u64),
    /// Until half an hour before the controller's midnight.
    Evening,
    /// Somebody comes and takes what he can get.
    Use(usize),
    /// A message, and its answer, without trouble on the way.
    Trade(usize),
    Enter(usize),
    Leave(usize),
    Load(usize, u64),
    Restart(usize),
    Ask(usize),
    Deliver(usize, bool),
    Answer(usize, bool),
    Lose(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => (1..900_u64).prop_map(Op::Wait),
        1 => (900..50_000_u64).prop_map(Op::Wait),
        1 => Just(Op::Evening),
        10 => (0..SITES).prop_map(Op::Use),
        15 => (0..SITES).prop_map(Op::Trade),
        4 => (0..SITES).prop_map(Op::Enter),
        1 => (0..SITES).prop_map(Op::Leave),
        4 => (0..SITES, 0..600_000_u64).prop_map(|(site, bytes)| Op::Load(site, bytes)),
        1 => (0..SITES).prop_map(Op::Restart),
        5 => (0..SITES).prop_map(Op::Ask),
        6 => (any::<usize>(), any::<bool>()).prop_map(|(which, again)| Op::Deliver(which, again)),
        6 => (any::<usize>(), any::<bool>()).prop_map(|(which, again)| Op::Answer(which, again)),
        1 => any::<usize>().prop_map(Op::Lose),
    ]
}

proptest! {
    #[test]
    fn no_interleaving_gives_out_more_than_the_voucher(ops in proptest::collection::vec(op(), 1..150)) {
        let mut fleet = Fleet::new();
        for op in ops {
            match op {
                Op::Wait(seconds) => fleet.wait(Duration::from_secs(seconds)),
                Op::Evening => {
                    let midnight = zone().next_day(fleet.now.wall);
                    let left = fleet.now.until_wall(midnight);
                    fleet.wait(left.saturating_sub(Duration::from_mins(30)));
                }
                Op::Use(index) => {
                    fleet.places[index].enter();
                    fleet.load(index, DAY_BYTES);
                    fleet.places[index].leave();
                }
                Op::Trade(index) => {
                    fleet.ask(index);
                    fleet.deliver(fleet.requests.len() - 1, false);
                    fleet.answer(fleet.answers.len() - 1, false);
                }
                Op::Enter(index) => fleet.places[index].enter(),
                Op::Leave(index) => fleet.places[index].leave(),
                Op::Load(index, bytes) => fleet.load(index, bytes),
                Op::Restart(index) => fleet.places[index].restart(),
                Op::Ask(index) => fleet.ask(index),
                Op::Deliver(which, again) => fleet.deliver(which, again),
                Op::Answer(which, again) => fleet.answer(which, again),
                Op::Lose(which) if !fleet.requests.is_empty() => {
                    let which = which % fleet.requests.len();
                    fleet.requests.remove(which);
                }
                Op::Lose(_) => {}
            }
            fleet.check();
        }
    }
}

#[test]
fn one_site_can_use_all_of_it_and_no_byte_more_while_the_others_are_idle() {
    let mut fleet = Fleet::new();
    fleet.wait(Duration::from_hours(12));
    for _ in 0..60 {
        fleet.places[0].enter();
        fleet.load(0, 100_000);
        for index in 0..SITES {
            fleet.ask(index);
            fleet.deliver(0, false);
            fleet.answer(0, false);
        }
        fleet.check();
    }
    assert_eq!(fleet.by_day.values().copied().collect::<Vec<_>>(), [DAY_BYTES]);
}

#[test]
fn a_site_alone_has_its_share_each_day_and_the_rest_once_it_is_heard() {
    let mut fleet = Fleet::new();
    for _ in 0..2 {
        fleet.places[2].enter();
        fleet.load(2, DAY_BYTES);
        fleet.places[2].wait(Duration::from_hours(24));
    }
    let days: Vec<u64> = fleet.by_day.values().copied().collect();
    assert_eq!(days, [DAY_BYTES / 6; 2], "weeks alone: a sixth each day, for half is lent to three sites");
}

#[test]
fn a_message_that_comes_twice_or_late_moves_nothing_twice() {
    let mut lending = Lending::new(whole(), [site(0), site(1)].iter());
    let (today, zero) = ("2026-01-30".parse().unwrap(), whole().map(|_, _| 0));
    let given = whole().map(|_, amount| amount / 8);
    let gives = line(0, &zero, Some(given.clone()), false);
    let first = lending.hear(&site(0), &gives, (today, today), true);
    let after = lending.clone();
    assert_eq!(lending.hear(&site(0), &gives, (today, today), true).answer, first.answer);
    assert_eq!(lending, after);
    let wants = line(1, &given, None, true);
    assert_eq!(lending.hear(&site(0), &wants, (today, today), true).answer.unwrap().0, 2);
    let after = lending.clone();
    assert_eq!(lending.hear(&site(0), &gives, (today, today), true).answer.unwrap().0, 2, "the share as it stands now");
    assert_eq!(lending.hear(&site(0), &wants, (today, today), true).answer.unwrap().0, 2);
    assert_eq!(lending, after);
    assert!(lending.adds_up());
}

#[test]
fn what_cannot_be_is_said_and_moves_nothing() {
    let mut lending = Lending::new(whole(), [site(0), site(1)].iter());
    let (today, tomorrow) = ("2026-01-30".parse().unwrap(), "2026-01-31".parse().unwrap());
    let zero = whole().map(|_, _| 0);
    let before = lending.share(&site(0)).unwrap().1.clone();
    let too_much = line(0, &zero, Some(whole()), false);
    assert_eq!(lending.hear(&site(0), &too_much, (tomorrow, today), true), Heard::default(), "not yet that day");
    let heard = lending.hear(&site(0), &too_much, (today, today), true);
    assert!(heard.wrong.is_some() && heard.answer == Some((1, before.clone())));
    let ahead = lending.hear(&site(0), &line(7, &zero, None, true), (today, today), true);
    assert_eq!(ahead.answer, Some((8, before)), "a database from a backup catches up and lends nothing twice");
    assert_eq!(lending.hear(&"lain".parse().unwrap(), &too_much, (today, today), true), Heard::default());
    let withdrawn = lending.hear(&site(1), &line(0, &whole(), None, true), (today, today), false);
    assert_eq!((withdrawn.answer, withdrawn.recall), (None, vec![]));
    assert!(lending.adds_up());
}
