//! The wall clock and restarts.

use super::*;

#[test]
fn a_jump_of_the_wall_clock_gives_and_takes_no_time() {
    for jump in [1000 * HOUR, 24 * 365 * 50 * HOUR] {
        for forward in [true, false] {
            let mut site = Site::new(always(), time_plan(Some(HOUR), None));
            let visit = site.ask(tap(1)).unwrap();
            site.wait(20 * MINUTE);
            let jump = jiff::SignedDuration::try_from(jump).unwrap();
            site.now.wall = if forward { site.now.wall + jump } else { site.now.wall - jump };
            site.engine.tick(&site.now);
            assert!(site.take().contains(&Effect::Notice(Notice::ClockSet)));
            assert_eq!(site.engine.figures(&site.now, visit).unwrap().time_left, Some(40 * MINUTE));
            assert_eq!(revoked(&site.wait(40 * MINUTE)), [EndCause::TimeUp(Scope::Visit)]);
        }
    }
}

#[test]
fn while_the_clock_is_in_doubt_the_sites_choice_holds() {
    for (choice, open) in [(InDoubt::Open, true), (InDoubt::Closed, false), (InDoubt::Keep, true)] {
        let mut policy = Policy::open_house(gallery(), plan());
        policy.in_doubt = choice;
        let mut site = Site::with(policy);
        site.wait(13 * HOUR); // 21.00, closing at 22.00
        site.ask(tap(1)).unwrap();
        site.now.trust = ClockTrust::Doubtful;
        site.now.wall = Timestamp::UNIX_EPOCH;
        let effects = site.wait(Duration::ZERO);
        assert_eq!(site.engine.hours().is_open(), open, "{choice:?}");
        assert_eq!(revoked(&effects).is_empty(), open, "{choice:?}");
        let effects = site.wait(HOUR);
        assert_eq!(revoked(&effects).is_empty(), choice != InDoubt::Keep, "{choice:?}");
    }
}

#[test]
fn a_router_at_1970_begins_no_new_day_and_takes_the_right_one_later() {
    let mut site = Site::new(always(), time_plan(None, Some(HOUR)));
    let right = site.now;
    site.now = Moment { wall: Timestamp::UNIX_EPOCH, trust: ClockTrust::Doubtful, ..site.now };
    let mut policy = site.engine.policy().clone();
    policy.in_doubt = InDoubt::Open;
    site.engine = Engine::new(policy, boot(), &site.now);
    let mut balance = HolderBalance::new(HolderId::Device(device(1)), boot(), site.now.up);
    balance.day = Some("2026-01-05".parse().unwrap());
    balance.day_used.time = 50 * MINUTE;
    site.ask(Ask { balance: Some(balance), ..tap(1) }).unwrap();
    assert_eq!(site.grant().expires_in, 10 * MINUTE);
    site.wait(5 * MINUTE);
    site.now = right.after(5 * MINUTE);
    site.engine.tick(&site.now);
    assert_eq!(site.engine.balance(&HolderId::Device(device(1))).unwrap().day_used.time, 55 * MINUTE);
}

#[test]
fn after_a_restart_in_the_same_boot_time_went_on() {
    let policy = Policy::open_house(always(), time_plan(Some(2 * HOUR), Some(3 * HOUR)));
    let mut site = Site::with(policy.clone());
    let visit = site.ask(tap(1)).unwrap();
    let short = site.ask(Ask {
        admission: Admission::Staff {
            plan: "umum".parse().unwrap(),
            duration: Some(15 * MINUTE),
            by: "Sitti".to_owned(),
            reason: "tamu".to_owned(),
        },
        ..tap(2)
    });
    let short = short.unwrap();
    site.wait(10 * MINUTE);
    let traffic = Traffic { up: ByteCount::new(1), down: ByteCount::new(2) };
    site.engine.usage(&site.now, &[(visit, traffic)]);
    let snapshot = Snapshot {
        visits: site.engine.records().collect(),
        balances: [1, 2].iter().filter_map(|n| site.engine.balance(&HolderId::Device(device(*n)))).collect(),
        ..Snapshot::default()
    };
    site.now = site.now.after(30 * MINUTE);
    let mut again = Engine::restore(policy.clone(), boot(), &site.now, snapshot.clone());
    let effects = again.take_effects();
    assert_eq!(revoked(&effects), [EndCause::TimeUp(Scope::Visit)]);
    assert_eq!((ended_record(&effects).id, ended_record(&effects).used), (short, 15 * MINUTE));
    assert_eq!(again.grants().len(), 1);
    assert_eq!(again.grants()[0].expires_in, 80 * MINUTE);
    assert_eq!(again.record(visit).unwrap().traffic, traffic);
    assert_eq!(again.balance(&HolderId::Device(device(1))).unwrap().day_used.time, 40 * MINUTE);
    assert_eq!(again.balance(&HolderId::Device(device(2))).unwrap().day_used.time, 15 * MINUTE);

    let other_boot = "8d4a52e0-6cf0-4f2b-93a5-6a0b8e0cf002".parse().unwrap();
    let mut off = Engine::restore(policy, other_boot, &site.now, snapshot);
    let effects = off.take_effects();
    assert_eq!(revoked(&effects), []);
    assert_eq!(ended_record(&effects).ended.unwrap().cause, EndCause::RouterOff);
    assert_eq!((ended_record(&effects).used, off.online()), (10 * MINUTE, 0));
}

#[test]
fn a_site_that_closed_while_the_daemon_was_dead_ended_its_visits_then() {
    let policy = Policy::open_house(gallery(), plan());
    let mut site = Site::with(policy.clone());
    site.wait(13 * HOUR);
    site.ask(tap(1)).unwrap();
    let snapshot = Snapshot { visits: site.engine.records().collect(), ..Snapshot::default() };
    site.now = site.now.after(12 * HOUR); // 09.00 the next day: open again
    let mut again = Engine::restore(policy, boot(), &site.now, snapshot);
    let effects = again.take_effects();
    assert_eq!(revoked(&effects), [EndCause::Closing]);
    assert_eq!(ended_record(&effects).used, HOUR);
}

#[test]
fn an_emergency_opening_goes_on_after_a_restart_or_ends_as_it_would_have() {
    let policy = Policy::open_house(always(), plan());
    let mut site = Site::with(policy.clone());
    site.engine.open_in_emergency(&site.now, 30 * MINUTE, "Sitti", "gempa");
    let snapshot = Snapshot { emergency: site.engine.emergency_open().cloned(), ..Snapshot::default() };
    let after = |time| {
        let mut again = Engine::restore(policy.clone(), boot(), &site.now.after(time), snapshot.clone());
        (again.take_effects(), again.emergency_open().is_some())
    };
    let (effects, open) = after(10 * MINUTE);
    assert!(open && effects.contains(&Effect::Emergency(Some(20 * MINUTE))));
    let (effects, open) = after(HOUR);
    assert!(!open && effects.contains(&Effect::Notice(Notice::EmergencyEnded { by: None })), "{effects:?}");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Emergency(Some(_)))));
}
