//! What staff do to visits.

use super::*;

#[test]
fn staff_block_kick_extend_and_open_in_emergency() {
    let mut site = Site::new(always(), time_plan(Some(HOUR), None));
    let one = site.ask(tap(1)).unwrap();
    let two = site.ask(tap(2)).unwrap();
    site.take();
    let until = Some(site.now.wall_after(HOUR));
    site.engine.block(&site.now, device(1).mac, Block { reason: "gangguan".to_owned(), until }, "Sitti");
    assert_eq!(revoked(&site.take()), [EndCause::Blocked]);
    assert!(site.engine.record(one).is_none());
    assert!(site.engine.extend_by_staff(&site.now, two, HOUR, ByteCount::ZERO, "Sitti"));
    assert_eq!(site.grant().expires_in, 2 * HOUR);
    assert!(site.engine.kick(&site.now, two, "Sitti", "tutup"));
    assert_eq!(revoked(&site.take()), [EndCause::Kicked]);
    assert_eq!(site.engine.farewell(&device(2)).unwrap().reason.as_deref(), Some("tutup"), "the visitor is told");
    site.engine.open_in_emergency(&site.now, 30 * MINUTE, "Sitti", "gempa");
    assert!(site.take().contains(&Effect::Emergency(Some(30 * MINUTE))));
    assert!(site.wait(30 * MINUTE).contains(&Effect::Emergency(None)));
    assert!(site.wait(30 * MINUTE).contains(&Effect::Block { mac: device(1).mac, blocked: false }));
    assert!(site.ask(tap(1)).is_ok());
}

#[test]
fn staff_extend_beyond_the_day_and_a_vouchers_time_of_use_and_never_past_closing() {
    let site_with = |use_time, day| {
        let mut policy = Policy::open_house(gallery(), time_plan(None, day));
        policy.ways.insert(Way::Voucher);
        let mut site = Site::with(policy);
        let ask = voucher(1, |voucher| voucher.use_time = use_time);
        let visit = site.ask(ask.clone()).unwrap();
        site.take();
        (site, visit, ask)
    };
    let (mut site, visit, ask) = site_with(Some(HOUR), None);
    site.wait(50 * MINUTE);
    assert!(site.engine.extend_by_staff(&site.now, visit, 30 * MINUTE, ByteCount::ZERO, "Sitti"));
    assert_eq!(site.grant().expires_in, 40 * MINUTE);
    // It is the voucher's: leaving and coming back, and a restart, lose nothing of it.
    let kept = site.engine.balance(&ask.admission.holder(&device(1))).unwrap();
    assert_eq!((kept.added, kept.time_used), (30 * MINUTE, 50 * MINUTE));
    site.engine.log_out(&site.now, visit);
    site.take();
    let visit = site.ask(ask).unwrap();
    assert_eq!(site.grant().expires_in, 40 * MINUTE);
    assert!(site.engine.shorten_by_staff(&site.now, visit, 15 * MINUTE, "Sitti"));
    assert_eq!(site.grant().expires_in, 25 * MINUTE);
    assert!(site.engine.shorten_by_staff(&site.now, visit, HOUR, "Sitti"));
    assert_eq!(site.grant().expires_in, Duration::ZERO);
    assert_eq!(revoked(&site.wait(Duration::from_secs(1))), [EndCause::TimeUp(Scope::Visit)]);

    let (mut site, visit, _) = site_with(None, Some(HOUR));
    assert!(site.engine.extend_by_staff(&site.now, visit, 30 * MINUTE, ByteCount::ZERO, "Sitti"));
    assert_eq!(site.grant().expires_in, 90 * MINUTE);
    assert!(site.engine.extend_by_staff(&site.now, visit, 48 * HOUR, ByteCount::ZERO, "Sitti"));
    let closes = site.engine.hours().next_change().unwrap();
    assert_eq!(site.grant().expires_in, site.now.until_wall(closes), "never past closing time");
}

#[test]
fn staff_move_a_visit_to_another_device_and_nobody_has_a_second_quota() {
    let mut site = Site::new(always(), time_plan(Some(HOUR), Some(HOUR)));
    let visit = site.ask(tap(1)).unwrap();
    site.wait(40 * MINUTE);
    let other = site.ask(tap(2)).unwrap();
    site.take();
    assert_eq!(site.engine.move_by_staff(&site.now, visit, device(2), ("Sitti", "baterai")), Ok(true));
    assert_eq!(site.engine.visit_of(&device(2)), Some(visit));
    assert_eq!((site.engine.visit_of(&device(1)), site.engine.record(other).is_none()), (None, true));
    let effects = site.take();
    assert_eq!(revoked(&effects), [EndCause::Replaced, EndCause::TakenOver], "{effects:?}");
    let granted = effects.iter().find_map(|effect| if let Effect::Grant(grant) = effect { Some(grant) } else { None });
    assert_eq!(granted.map(|grant| grant.expires_in), Some(20 * MINUTE));
    assert_eq!(site.engine.move_by_staff(&site.now, visit, device(2), ("Sitti", "")), Ok(true), "it is there already");
    // The first device's day went on while its visit was on the second.
    assert_eq!(revoked(&site.wait(20 * MINUTE)), [EndCause::TimeUp(Scope::Visit)]);
    assert!(matches!(site.ask(tap(1)), Err(Refusal::TimeUsed { scope: Scope::Day, .. })));
    assert_eq!(site.engine.move_by_staff(&site.now, visit, device(3), ("Sitti", "")), Ok(false), "it is over");
    site.engine.block(&site.now, device(4).mac, Block::default(), "Sitti");
    let third = site.ask(tap(3)).unwrap();
    let refused = site.engine.move_by_staff(&site.now, third, device(4), ("Sitti", ""));
    assert!(matches!(refused, Err(Refusal::Blocked { .. })), "{refused:?}");
}
