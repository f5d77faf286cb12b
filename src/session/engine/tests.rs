//! Stories told to the engine, with its effects checked. The second model is in `tests/model.rs`.

#![expect(clippy::wildcard_enum_match_arm, reason = "each story looks at the effects it is about")]

use std::num::NonZeroU16;

use gapura_model::{AccountName, ByteCount, Traffic};
use gapura_rules::hours::Hours;

use super::*;
use crate::ask::{Admission, Ask, Terms, Voucher, Way};
use crate::effect::KernelQuota;
use crate::outcome::{EndCause, Refusal, Scope};
use crate::plan::{Allowance, AtEnd, ByteLimit, Extend, OnTheft, Speed};
use crate::policy::{InDoubt, Seat, TrustedDevice};

mod clock;
mod lent;
mod staff;

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);
const MB: u64 = 1_000_000;

fn boot() -> BootId {
    "8d4a52e0-6cf0-4f2b-93a5-6a0b8e0cf001".parse().unwrap()
}

/// Monday 5 January 2026, 08.00 in Makassar, with the router up for an hour.
fn morning() -> Moment {
    Moment::trusted(Uptime::new(HOUR), "2026-01-05T00:00:00Z".parse().unwrap())
}

fn device(number: u8) -> DeviceId {
    DeviceId { lan: "br-lan".parse().unwrap(), mac: MacAddr::new([2, 0, 0x5e, 0x10, 0, number]) }
}

fn plan() -> Plan {
    Plan::unlimited("umum".parse().unwrap(), "Umum")
}

fn always() -> Hours {
    Hours::always("Asia/Makassar".parse().unwrap())
}

fn gallery() -> Hours {
    let text = r#"{"zone": "Asia/Makassar", "weekly": {"mon": ["08.00-22.00"], "tue": ["08.00-22.00"], "wed": ["08.00-22.00"]}}"#;
    serde_json::from_str(text).unwrap()
}

fn terms() -> Terms {
    Terms { version: "1".to_owned(), hash: "00".to_owned() }
}

fn tap(number: u8) -> Ask {
    Ask { device: device(number), admission: Admission::OneTap { terms: terms() }, take_over: false, balance: None }
}

fn account(number: u8) -> Ask {
    let name: AccountName = "andi".parse().unwrap();
    let admission = Admission::Account { name, plan: "umum".parse().unwrap(), terms: None };
    Ask { device: device(number), admission, take_over: false, balance: None }
}

fn voucher(number: u8, change: impl FnOnce(&mut Voucher)) -> Ask {
    let plan = "umum".parse().unwrap();
    let mut voucher = Voucher { plan, use_time: None, use_before: None, devices: None, revoked: false };
    change(&mut voucher);
    let admission = Admission::Voucher { hash: [7; 32], voucher, terms: None };
    Ask { device: device(number), admission, take_over: false, balance: None }
}

/// An engine and a clock that moves it.
struct Site {
    engine: Engine,
    now: Moment,
    count: u8,
    /// What a ledger would hold.
    kept: BTreeMap<HolderId, HolderBalance>,
}

impl Site {
    fn new(hours: Hours, plan: Plan) -> Self {
        Self::with(Policy::open_house(hours, plan))
    }

    fn with(policy: Policy) -> Self {
        assert_eq!(policy.problems(), []);
        let now = morning();
        let mut engine = Engine::new(policy, boot(), &now);
        engine.take_effects();
        Self { engine, now, count: 0, kept: BTreeMap::new() }
    }

    fn ask(&mut self, ask: Ask) -> Result<VisitId, Refusal> {
        self.count += 1;
        let kept = self.kept.get(&ask.admission.holder(&ask.device)).cloned();
        let ask = Ask { balance: ask.balance.or(kept), ..ask };
        self.engine.admit(&self.now, ask, [self.count; 16]).map(|admitted| admitted.visit)
    }

    fn take(&mut self) -> Vec<Effect> {
        let effects = self.engine.take_effects();
        for effect in &effects {
            if let Effect::Balance(balance) = effect {
                self.kept.insert(balance.holder.clone(), balance.clone());
            }
        }
        effects
    }

    fn wait(&mut self, wait: Duration) -> Vec<Effect> {
        self.now = self.now.after(wait);
        self.engine.tick(&self.now);
        self.take()
    }

    fn read(&mut self, visit: VisitId, up: u64, down: u64) -> Vec<Effect> {
        let traffic = Traffic { up: ByteCount::new(up), down: ByteCount::new(down) };
        self.engine.usage(&self.now, &[(visit, traffic)]);
        self.take()
    }

    /// No counter moved.
    fn silence(&mut self) -> Vec<Effect> {
        self.engine.usage(&self.now, &[]);
        self.take()
    }

    fn grant(&mut self) -> Grant {
        let grants = self.take().into_iter().filter_map(|effect| match effect {
            Effect::Grant(grant) => Some(grant),
            _ => None,
        });
        grants.collect::<Vec<_>>().pop().expect("a grant")
    }
}

fn revoked(effects: &[Effect]) -> Vec<EndCause> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Revoke { cause, .. } => Some(*cause),
            _ => None,
        })
        .collect()
}

fn ended_record(effects: &[Effect]) -> VisitRecord {
    let mut records = effects.iter().filter_map(|effect| match effect {
        Effect::Record(record) if record.ended.is_some() => Some(record.clone()),
        _ => None,
    });
    records.next_back().expect("a record of an ended visit")
}

fn time_plan(visit: Option<Duration>, day: Option<Duration>) -> Plan {
    let mut plan = plan();
    plan.visit.time = visit;
    plan.day.time = day;
    plan
}

#[test]
fn a_redemption_that_could_not_be_kept_is_made_again_by_the_next_try() {
    let mut engine = Engine::new(Policy::open_house(always(), plan()), boot(), &morning());
    engine.take_effects();
    let redeems = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Redeemed { .. }));
    let first = engine.admit(&morning(), voucher(1, |_| {}), [1; 16]).unwrap().visit;
    assert!(redeems(&engine.take_effects()));
    assert!(engine.undo(&morning(), first));
    let left = engine.take_effects();
    assert!(
        !left.iter().any(|effect| matches!(effect, Effect::Record(_) | Effect::Revoke { .. } | Effect::Balance(_)))
    );
    assert_eq!(engine.online(), 0);
    let later = morning().after(Duration::from_secs(5));
    engine.admit(&later, voucher(1, |_| {}), [2; 16]).unwrap();
    assert!(redeems(&engine.take_effects()));
}

#[test]
fn one_tap_is_recorded_granted_and_ends_with_its_time() {
    let mut site = Site::new(always(), time_plan(Some(2 * HOUR), None));
    let visit = site.ask(tap(1)).unwrap();
    let effects = site.take();
    assert!(matches!(
        effects.as_slice(),
        [Effect::Record(_), Effect::Balance(_), Effect::Grant(Grant { fresh: true, holder_quota: None, .. })]
    ));
    assert_eq!(site.engine.grant(visit).unwrap().expires_in, 2 * HOUR);
    assert_eq!(site.engine.poll_timeout().unwrap(), site.now.up.after(MINUTE));
    assert_eq!(revoked(&site.wait(119 * MINUTE)), []);
    let figures = site.engine.figures(&site.now, visit).unwrap();
    assert_eq!((figures.time_left, figures.ends_because), (Some(MINUTE), Some(EndCause::TimeUp(Scope::Visit))));
    // The timer is late: the visit ended when its time was over all the same.
    let effects = site.wait(10 * MINUTE);
    assert_eq!(revoked(&effects), [EndCause::TimeUp(Scope::Visit)]);
    let record = ended_record(&effects);
    assert_eq!((record.used, record.ended.unwrap().at), (2 * HOUR, morning().wall_after(2 * HOUR)));
    assert_eq!(site.engine.farewell(&device(1)).unwrap().cause, EndCause::TimeUp(Scope::Visit));
    assert_eq!(revoked(&site.wait(HOUR)), []);
}

#[test]
fn a_device_that_asks_again_is_on_the_same_visit() {
    let mut site = Site::new(always(), plan());
    let visit = site.ask(tap(1)).unwrap();
    site.take();
    assert_eq!(site.engine.admit(&site.now, tap(1), [9; 16]), Ok(Admitted { visit, by: Entry::Already }));
    assert_eq!(site.take(), []);
    let better = site.ask(voucher(1, |_| ())).unwrap();
    assert_eq!(revoked(&site.take()), [EndCause::Replaced]);
    assert_eq!(site.engine.admit(&site.now, tap(1), [9; 16]), Ok(Admitted { visit: better, by: Entry::Already }));
    assert_eq!(site.engine.online(), 1);
}

#[test]
fn the_first_use_of_a_voucher_is_said_before_the_grant_and_only_once() {
    let mut site = Site::new(always(), plan());
    let visit = site.ask(voucher(1, |_| ())).unwrap();
    let effects = site.take();
    let [Effect::Record(_), Effect::Balance(balance), Effect::Redeemed { at, .. }, Effect::Grant(_)] =
        effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!((balance.first_used, *at), (Some(site.now.wall), site.now.wall));
    assert!(site.engine.log_out(&site.now, visit));
    site.take();
    site.ask(voucher(1, |_| ())).unwrap();
    assert!(!site.take().iter().any(|effect| matches!(effect, Effect::Redeemed { .. })));
}

#[test]
fn what_a_lost_ledger_had_of_a_voucher_is_added_once() {
    let mut site = Site::new(always(), plan());
    site.ask(voucher(1, |voucher| voucher.use_time = Some(HOUR))).unwrap();
    site.wait(10 * MINUTE);
    let holder = site.engine.records().next().unwrap().holder;
    let kept = |site: &Site| site.engine.balance(&holder).unwrap();
    let mut earlier = kept(&site);
    earlier.time_used = 45 * MINUTE;
    earlier.first_used = earlier.first_used.map(|first| first - 2 * HOUR);
    for _ in 0..2 {
        let known = kept(&site);
        site.engine.add_earlier(&site.now, known, &earlier);
    }
    assert_eq!(kept(&site).time_used, 55 * MINUTE);
    site.wait(4 * MINUTE);
    assert_eq!(site.engine.online(), 1);
    assert_eq!(revoked(&site.wait(2 * MINUTE)), [EndCause::TimeUp(Scope::Voucher)]);
}

#[test]
fn use_time_stops_at_log_out_and_while_idle() {
    let mut plan = plan();
    plan.idle = Some(10 * MINUTE);
    let mut site = Site::new(always(), plan);
    let one_hour = |number| voucher(number, |voucher| voucher.use_time = Some(HOUR));
    let visit = site.ask(one_hour(1)).unwrap();
    site.wait(Duration::from_secs(1199));
    site.read(visit, 100, 100);
    site.wait(Duration::from_secs(1));
    site.engine.log_out(&site.now, visit);
    site.wait(5 * HOUR);
    let visit = site.ask(one_hour(1)).unwrap();
    assert_eq!(site.grant().expires_in, 40 * MINUTE);
    // Active for five minutes, then silent: the ten idle minutes are given back.
    site.wait(5 * MINUTE);
    site.read(visit, 1, 0);
    assert_eq!(revoked(&site.wait(30 * MINUTE)), [], "the reading is older than the idleness");
    let effects = site.silence();
    assert_eq!(revoked(&effects), [EndCause::Idle]);
    assert_eq!(ended_record(&effects).used, 5 * MINUTE);
    site.ask(one_hour(1)).unwrap();
    assert_eq!(site.grant().expires_in, 35 * MINUTE);
    assert_eq!(revoked(&site.wait(35 * MINUTE)), [EndCause::TimeUp(Scope::Voucher)]);
    assert_eq!(site.ask(one_hour(1)), Err(Refusal::TimeUsed { scope: Scope::Voucher, until: None }));
}

#[test]
fn use_before_is_by_the_calendar() {
    let mut site = Site::new(always(), plan());
    let before = site.now.wall_after(HOUR);
    let until = |number| voucher(number, |voucher| voucher.use_before = Some(before));
    site.ask(until(1)).unwrap();
    assert_eq!(site.grant().expires_in, HOUR);
    assert_eq!(revoked(&site.wait(HOUR)), [EndCause::Expired]);
    assert_eq!(site.ask(until(1)), Err(Refusal::VoucherExpired { before }));
    assert_eq!(site.ask(voucher(2, |voucher| voucher.revoked = true)), Err(Refusal::Revoked));
}

#[test]
fn bytes_of_visit_and_day_cut_at_the_least() {
    let mut plan = plan();
    plan.visit.bytes = ByteLimit::Total(ByteCount::new(20 * MB));
    plan.day.bytes = ByteLimit::Total(ByteCount::new(30 * MB));
    plan.month.bytes = ByteLimit::Total(ByteCount::new(100 * MB));
    let mut site = Site::new(always(), plan);
    let visit = site.ask(tap(1)).unwrap();
    let grant = site.grant();
    assert_eq!(grant.visit_quota, KernelQuota::Total(ByteCount::new(20 * MB)));
    assert_eq!(grant.holder_quota, Some(KernelQuota::Total(ByteCount::new(30 * MB))));
    site.wait(MINUTE);
    // The kernel cut a packet early.
    let moved = Traffic { up: ByteCount::new(MB), down: ByteCount::new(19 * MB - 40_000) };
    site.engine.depleted(&site.now, &Scarce::Visit(visit), &[(visit, moved)]);
    let effects = site.take();
    assert_eq!(revoked(&effects), [EndCause::QuotaUp(Scope::Visit)]);
    assert_eq!(ended_record(&effects).traffic, moved);
    let visit = site.ask(tap(1)).unwrap();
    assert_eq!(site.grant().holder_quota, Some(KernelQuota::Total(ByteCount::new(10 * MB + 40_000))));
    assert_eq!(revoked(&site.read(visit, 0, 10 * MB + 40_000)), [EndCause::QuotaUp(Scope::Day)]);
    let until = Some("2026-01-05T16:00:00Z".parse().unwrap());
    assert_eq!(site.ask(tap(1)), Err(Refusal::BytesUsed { scope: Scope::Day, until }));
    site.wait(16 * HOUR);
    site.ask(tap(1)).unwrap();
    assert_eq!(site.grant().holder_quota, Some(KernelQuota::Total(ByteCount::new(30 * MB))));
}

#[test]
fn a_quota_that_counted_lost_packets_is_granted_again() {
    let mut plan = plan();
    plan.visit.bytes = ByteLimit::EachWay { up: None, down: Some(ByteCount::new(20 * MB)) };
    let mut site = Site::new(always(), plan);
    let visit = site.ask(tap(1)).unwrap();
    let moved = Traffic { up: ByteCount::new(1), down: ByteCount::new(15 * MB) };
    site.take();
    site.engine.depleted(&site.now, &Scarce::Visit(visit), &[(visit, moved)]);
    assert_eq!(site.grant().visit_quota, KernelQuota::EachWay { up: None, down: Some(ByteCount::new(5 * MB)) });
    assert_eq!(site.engine.online(), 1);
}

#[test]
fn at_the_end_of_its_bytes_a_visit_may_go_on_slowly_until_the_new_day() {
    let slow = Speed { up: None, down: gapura_model::BitRate::new(128_000) };
    let mut plan = plan();
    plan.day.bytes = ByteLimit::Total(ByteCount::new(MB));
    plan.at_end = AtEnd::Slow(slow);
    let mut site = Site::new(always(), plan);
    let visit = site.ask(tap(1)).unwrap();
    assert_eq!(site.grant().slow, Some(slow));
    assert_eq!(revoked(&site.read(visit, 0, MB)), []);
    let figures = site.engine.figures(&site.now, visit).unwrap();
    assert_eq!((figures.slowed, figures.speed, figures.bytes_left), (true, slow, Some(ByteCount::ZERO)));
    let effects = site.wait(16 * HOUR);
    let full = KernelQuota::Total(ByteCount::new(MB));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::HolderQuota { quota, .. } if *quota == full)));
    assert!(!site.engine.figures(&site.now, visit).unwrap().slowed);
}

#[test]
fn a_new_day_brings_new_time_at_local_midnight() {
    let mut site = Site::new(always(), time_plan(None, Some(4 * HOUR)));
    site.wait(15 * HOUR); // 23.00
    let visit = site.ask(tap(1)).unwrap();
    assert_eq!(site.grant().expires_in, 4 * HOUR);
    let effects = site.wait(HOUR);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Retime { expires_in, .. } if *expires_in == 4 * HOUR)),
        "{effects:?}"
    );
    assert_eq!(revoked(&site.wait(4 * HOUR)), [EndCause::TimeUp(Scope::Day)]);
    let until = Some("2026-01-06T16:00:00Z".parse().unwrap());
    assert_eq!(site.ask(tap(1)), Err(Refusal::TimeUsed { scope: Scope::Day, until }));
    assert!(site.engine.record(visit).is_none());
}

#[test]
fn two_devices_of_an_account_share_its_day() {
    let mut plan = time_plan(None, Some(2 * HOUR));
    plan.devices = NonZeroU16::new(2).unwrap();
    plan.day.bytes = ByteLimit::Total(ByteCount::new(10 * MB));
    let mut site = Site::new(always(), plan);
    let one = site.ask(account(1)).unwrap();
    site.wait(HOUR);
    site.read(one, 1, 3 * MB - 1);
    site.ask(account(2)).unwrap();
    let grant = site.grant();
    assert_eq!((grant.expires_in, grant.holder_quota), (HOUR, Some(KernelQuota::Total(ByteCount::new(7 * MB)))));
    let effects = site.wait(HOUR);
    assert_eq!(revoked(&effects), [EndCause::TimeUp(Scope::Day); 2]);
}

#[test]
fn a_visit_moves_to_a_new_address_when_the_old_one_is_silent() {
    let mut site = Site::new(always(), time_plan(Some(2 * HOUR), None));
    let visit = site.ask(voucher(1, |_| ())).unwrap();
    site.wait(30 * MINUTE);
    site.read(visit, 5, 5);
    site.wait(Duration::from_secs(20));
    let silent_for = Duration::from_secs(20);
    assert_eq!(site.ask(voucher(2, |_| ())), Err(Refusal::InUse { silent_for }));
    assert_eq!(site.engine.online(), 1);
    site.wait(Duration::from_secs(40));
    assert_eq!(site.engine.admit(&site.now, voucher(2, |_| ()), [99; 16]), Ok(Admitted { visit, by: Entry::Moved }));
    let effects = site.take();
    assert_eq!(revoked(&effects), [EndCause::TakenOver]);
    assert!(matches!(&effects[0], Effect::Revoke { device: old, .. } if *old == device(1)));
    assert!(matches!(&effects[2], Effect::Grant(Grant { device: new, fresh: true, .. }) if *new == device(2)));
    assert_eq!(site.engine.grant(visit).unwrap().expires_in, 89 * MINUTE);
    assert_eq!(site.engine.record(visit).unwrap().traffic.total(), ByteCount::new(10));
    // In use, but the visitor insists.
    let insist = Ask { take_over: true, ..voucher(1, |_| ()) };
    assert_eq!(site.ask(insist), Ok(visit));
    assert_eq!((site.engine.visit_of(&device(2)), site.engine.visit_of(&device(1))), (None, Some(visit)));
}

#[test]
fn the_site_closes_on_time_and_says_when_it_opens() {
    let mut site = Site::new(gallery(), time_plan(Some(3 * HOUR), None));
    site.wait(12 * HOUR); // 20.00
    let visit = site.ask(tap(1)).unwrap();
    assert_eq!(site.grant().expires_in, 2 * HOUR);
    site.wait(105 * MINUTE);
    let figures = site.engine.figures(&site.now, visit).unwrap();
    assert_eq!((figures.time_left, figures.ends_because), (Some(15 * MINUTE), Some(EndCause::Closing)));
    assert_eq!(figures.closes_at, Some("2026-01-05T14:00:00Z".parse().unwrap()));
    let effects = site.wait(20 * MINUTE);
    assert_eq!(revoked(&effects), [EndCause::Closing]);
    assert_eq!(ended_record(&effects).used, 2 * HOUR);
    assert!(effects.contains(&Effect::Hours { open: false }));
    assert_eq!(site.ask(tap(1)), Err(Refusal::Closed { opens: Some("2026-01-06T00:00:00Z".parse().unwrap()) }));
    assert!(site.wait(10 * HOUR).contains(&Effect::Hours { open: true }));
    assert!(site.ask(tap(1)).is_ok());
}

#[test]
fn an_extension_is_never_past_closing() {
    let mut plan = time_plan(Some(HOUR), None);
    plan.extend = Some(Extend { time: HOUR, bytes: ByteCount::ZERO, times: 2 });
    let mut site = Site::new(gallery(), plan);
    site.wait(12 * HOUR);
    let visit = site.ask(tap(1)).unwrap();
    assert!(site.engine.figures(&site.now, visit).unwrap().can_extend);
    assert_eq!(site.engine.extend(&site.now, visit), Ok(()));
    assert_eq!(site.grant().expires_in, 2 * HOUR);
    site.wait(HOUR);
    assert_eq!(site.engine.extend(&site.now, visit), Ok(()));
    assert_eq!(site.grant().expires_in, HOUR);
    assert_eq!(site.engine.extend(&site.now, visit), Err(ExtendRefusal::NoneLeft));
    assert_eq!(revoked(&site.wait(HOUR)), [EndCause::Closing]);
    assert_eq!(site.engine.extend(&site.now, visit), Err(ExtendRefusal::Over));
}

#[test]
fn an_outage_stops_time_and_consumes_no_voucher() {
    let mut site = Site::new(always(), time_plan(Some(HOUR), None));
    let visit = site.ask(tap(1)).unwrap();
    site.wait(20 * MINUTE);
    site.engine.uplink(&site.now, false);
    assert_eq!(site.ask(voucher(2, |_| ())), Err(Refusal::UplinkDown));
    assert!(!site.take().iter().any(|effect| matches!(effect, Effect::Redeemed { .. })));
    assert_eq!(revoked(&site.wait(5 * HOUR)), []);
    assert_eq!(site.engine.figures(&site.now, visit).unwrap().time_left, Some(40 * MINUTE));
    site.engine.uplink(&site.now, true);
    let effects = site.take();
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Retime { expires_in, .. } if *expires_in == 40 * MINUTE))
    );
    assert!(effects.contains(&Effect::Notice(Notice::UplinkUp { down_for: 5 * HOUR })));
    assert_eq!(revoked(&site.wait(40 * MINUTE)), [EndCause::TimeUp(Scope::Visit)]);
}

#[test]
fn a_pause_lies_between_visits() {
    let mut plan = time_plan(Some(HOUR), None);
    plan.pause = Some(30 * MINUTE);
    let mut site = Site::new(always(), plan);
    site.ask(tap(1)).unwrap();
    site.wait(HOUR + 10 * MINUTE);
    assert_eq!(site.ask(tap(1)), Err(Refusal::Pause { wait: 20 * MINUTE }));
    site.wait(20 * MINUTE);
    assert!(site.ask(tap(1)).is_ok());
}

#[test]
fn a_new_policy_changes_running_visits() {
    let mut site = Site::new(always(), time_plan(Some(2 * HOUR), None));
    let visit = site.ask(tap(1)).unwrap();
    site.wait(HOUR);
    let mut policy = Policy::open_house(always(), time_plan(Some(90 * MINUTE), None));
    site.engine.replace_policy(&site.now, policy.clone());
    assert_eq!(site.grant().expires_in, 30 * MINUTE);
    policy.hours = gallery();
    policy.blocked.insert(device(2).mac, Block { reason: "petugas".to_owned(), until: None });
    site.engine.replace_policy(&site.now, policy.clone());
    assert!(site.take().contains(&Effect::Block { mac: device(2).mac, blocked: true }));
    assert_eq!(site.ask(tap(2)), Err(Refusal::Blocked { reason: "petugas".to_owned(), until: None }));
    let other = Plan::unlimited("lain".parse().unwrap(), "Lain");
    site.engine.replace_policy(&site.now, Policy::open_house(always(), other));
    assert_eq!(revoked(&site.take()), [EndCause::PolicyChanged]);
    assert!(site.engine.record(visit).is_none());
    assert!(site.ask(tap(2)).is_ok());
}

#[test]
fn trusted_devices_keep_no_hours_and_seats_always_log_in_afresh() {
    let mut policy = Policy::open_house(gallery(), time_plan(Some(HOUR), Some(HOUR)));
    policy.trusted.insert(device(1).mac, TrustedDevice { name: "Printer".to_owned(), group: 3 });
    policy.seats.insert(device(2).mac, Seat { name: "PC 2".to_owned(), idle: 5 * MINUTE });
    let mut site = Site::with(policy);
    let trusted = Ask { admission: Admission::Trusted, ..tap(1) };
    site.ask(trusted.clone()).unwrap();
    let grant = site.grant();
    assert_eq!((grant.group, grant.expires_in), (3, LONGEST_GRANT));
    assert_eq!(site.ask(Ask { device: device(3), ..trusted }), Err(Refusal::NotTrusted));
    site.ask(tap(2)).unwrap();
    assert_eq!(revoked(&site.wait(5 * MINUTE)), []);
    assert_eq!(revoked(&site.silence()), [EndCause::Idle]);
    for _ in 0..3 {
        site.ask(tap(2)).expect("the next person has a day of their own");
        assert_eq!(revoked(&site.wait(HOUR)), [EndCause::TimeUp(Scope::Visit)]);
    }
    site.ask(tap(2)).unwrap();
    site.ask(account(2)).unwrap();
    assert_eq!(revoked(&site.take()), [EndCause::Replaced]);
    site.ask(tap(2)).unwrap();
    assert_eq!(revoked(&site.take()), [EndCause::Replaced]);
    assert_eq!(revoked(&site.wait(14 * HOUR)), [EndCause::TimeUp(Scope::Visit)]);
    assert!(!site.engine.hours().is_open());
    assert_eq!(site.engine.online(), 1);
    // Longer than one grant: it is renewed in time.
    assert!(site.wait(LONGEST_GRANT / 2).iter().any(|effect| matches!(effect, Effect::Retime { .. })));
}

#[test]
fn ways_terms_and_plans_are_checked() {
    let mut policy = Policy::open_house(always(), plan());
    policy.terms = Some(terms());
    policy.ways.remove(&Way::Account);
    let mut site = Site::with(policy);
    assert_eq!(site.ask(account(1)), Err(Refusal::WayOff(Way::Account)));
    let old = Terms { version: "0".to_owned(), ..terms() };
    assert_eq!(site.ask(Ask { admission: Admission::OneTap { terms: old }, ..tap(1) }), Err(Refusal::TermsChanged));
    let gone = |voucher: &mut Voucher| voucher.plan = "lain".parse().unwrap();
    assert_eq!(site.ask(voucher(1, gone)), Err(Refusal::UnknownPlan("lain".parse().unwrap())));
    let visit = site.ask(tap(1)).unwrap();
    assert_eq!(site.engine.record(visit).unwrap().terms, Some(terms()));
}

#[test]
fn theft_ends_or_is_noted_as_the_plan_says() {
    let mut strict = plan();
    strict.on_theft = OnTheft::End;
    for (plan, causes) in [(strict, vec![EndCause::Theft]), (plan(), vec![])] {
        let mut site = Site::new(always(), plan);
        let visit = site.ask(tap(1)).unwrap();
        site.engine.theft(&site.now, visit);
        let effects = site.take();
        assert_eq!(revoked(&effects), causes);
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Notice(Notice::Theft { .. }))));
    }
}

#[test]
fn late_readings_count_on_the_ended_visit() {
    let mut site = Site::new(always(), plan());
    let visit = site.ask(tap(1)).unwrap();
    site.engine.log_out(&site.now, visit);
    site.take();
    let effects = site.read(visit, 3, 4);
    assert_eq!(ended_record(&effects).traffic.total(), ByteCount::new(7));
    let balance = site.engine.balance(&HolderId::Device(device(1))).unwrap();
    assert_eq!(balance.day_used.traffic.total(), ByteCount::new(7));
}

#[test]
fn a_missing_grant_is_restored_and_an_unused_holder_forgotten() {
    let mut site = Site::new(always(), time_plan(Some(HOUR), None));
    let visit = site.ask(tap(1)).unwrap();
    site.wait(10 * MINUTE);
    site.engine.missing(&site.now, visit);
    assert_eq!(site.grant().expires_in, 50 * MINUTE);
    site.wait(50 * MINUTE);
    assert!(site.engine.knows(&HolderId::Device(device(1))));
    site.wait(10 * MINUTE);
    assert!(!site.engine.knows(&HolderId::Device(device(1))));
    assert_eq!((site.engine.ended.len(), site.engine.poll_timeout().is_some()), (0, true));
}

#[test]
fn fifty_thousand_visits_cost_no_more_each_than_the_first() {
    let mut site = Site::new(always(), time_plan(Some(HOUR), Some(2 * HOUR)));
    for number in 0..50_000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        let mac = MacAddr::new([2, 0, 1, a, b, c]);
        let ask = Ask { device: DeviceId { lan: "br-lan".parse().unwrap(), mac }, ..tap(1) };
        let mut random = [0; 16];
        random[..4].copy_from_slice(&number.to_be_bytes());
        site.now = site.now.after(Duration::from_millis(1));
        site.engine.admit(&site.now, ask, random).unwrap();
        site.take();
    }
    assert_eq!(site.engine.online(), 50_000);
    assert_eq!(revoked(&site.wait(HOUR)).len(), 50_000);
}

#[test]
fn day_limits_of_unlimited_scopes_do_not_exist() {
    assert_eq!(Allowance::default().bytes, ByteLimit::None);
}
