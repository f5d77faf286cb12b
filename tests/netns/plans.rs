//! Plans at the kernel: limits by direction, by month, shared by devices; slow instead of cut; pauses and extensions.

use std::num::NonZeroU16;
use std::time::Duration;

use gapura_lab::clock::Stopwatch;
use gapura_lab::config::{SLOW_DOWN, SiteWish};
use gapura_lab::counters::{self, IpBytes};
use gapura_lab::daemon::Site;
use gapura_lab::traffic::{Ended, Knock, download, upload};
use gapura_lab::visit::{Family, Page};
use gapura_model::{BitRate, ByteCount};
use gapura_session::{AtEnd, ByteLimit, Extend, Plan, Speed};
use gapura_wire::{Bundle, Voucher};

use crate::stand::{
    SOON, admit, expect_online, expect_refused, log, redeem, session, site, submit, tcp, visitor_of, wait,
};

const KIB: u64 = 1024;
/// A quota may be cut this many bytes early: one largest packet.
const EARLY: u64 = 64 * KIB;
const UP: u64 = 256 * KIB;
const DOWN: u64 = 1024 * KIB;
const SHARED: u64 = 1024 * KIB;
const FAST: u64 = 512 * KIB;
/// Downstream speed after the fast bytes, bit/s.
const SLOW: u64 = 800_000;
const MONTH: u64 = 512 * KIB;
const MONTH_TIME: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(12);
/// Time of a visit, and what one extension adds: long enough for the page to be fetched on a slow machine.
const TIME: Duration = Duration::from_secs(10);

const BY_DIRECTION: &str = "ARAHARAH22";
const TOGETHER: &str = "BERSAMA222";
const SLOWED: &str = "PEPANPEP22";
const MONTHLY: &str = "BUPANBUP22";
const MONTHLY_TIME: &str = "BUPANBUP33";
const PAUSED: &str = "JEDAJEDA22";
const EXTENDED: &str = "TAMBAHTA22";

/// One plan for each code.
fn plans(bundle: &mut Bundle) {
    let mut add = |code: &str, shape: &dyn Fn(&mut Plan)| {
        let mut plan = Plan::unlimited(code.to_lowercase().parse().unwrap(), code);
        shape(&mut plan);
        bundle.vouchers.push(Voucher {
            tag: bundle.voucher_key.tag(&code.parse().unwrap()),
            token: None,
            plan: plan.id.clone(),
            use_time: None,
            use_before: None,
            devices: None,
            revoked: false,
            share: None,
        });
        bundle.plans.push(plan);
    };
    let total = |bytes| ByteLimit::Total(ByteCount::new(bytes));
    add(BY_DIRECTION, &|plan| {
        plan.visit.bytes = ByteLimit::EachWay { up: Some(ByteCount::new(UP)), down: Some(ByteCount::new(DOWN)) };
    });
    add(TOGETHER, &|plan| {
        plan.day.bytes = total(SHARED);
        plan.devices = NonZeroU16::new(2).unwrap();
    });
    add(SLOWED, &|plan| {
        plan.visit.bytes = total(FAST);
        plan.at_end = AtEnd::Slow(Speed { up: BitRate::new(SLOW), down: BitRate::new(SLOW) });
    });
    add(MONTHLY, &|plan| plan.month.bytes = total(MONTH));
    add(MONTHLY_TIME, &|plan| plan.month.time = Some(MONTH_TIME));
    add(PAUSED, &|plan| plan.pause = Some(PAUSE));
    add(EXTENDED, &|plan| {
        plan.visit.time = Some(TIME);
        plan.extend = Some(Extend { time: TIME, bytes: ByteCount::ZERO, times: 1 });
    });
}

fn stand(name: &str, visitors: u16) -> Site {
    site(name, visitors, SiteWish { change: Some(plans), ..SiteWish::default() })
}

/// What a visitor received and upstream was sent, by the receivers' kernels.
#[derive(Clone, Copy)]
struct Before(IpBytes, IpBytes);

impl Before {
    fn of(site: &Site, number: u16) -> Self {
        let at = |ns| counters::read(ns).unwrap();
        Self(at(visitor_of(site, number).ns()), at(site.lab().internet()))
    }

    /// Bytes up (of all visitors) and down since.
    fn moved(self, site: &Site, number: u16) -> (u64, u64) {
        let now = Self::of(site, number);
        (now.1.since(self.1).received, now.0.since(self.0).received)
    }
}

fn get(site: &Site, number: u16, family: Family, bytes: u64) -> gapura_lab::traffic::Transfer {
    visitor_of(site, number).ns().run(|| download(family.server(), bytes, SOON)).unwrap()
}

fn put(site: &Site, number: u16, family: Family, bytes: u64) -> gapura_lab::traffic::Transfer {
    visitor_of(site, number).ns().run(|| upload(family.server(), bytes, SOON)).unwrap()
}

fn enter(site: &Site, number: u16, code: &str) {
    let page = redeem(site, number, code);
    assert!(says(&page, "Anda tersambung") || says(&page, "Sisa "), "{}", page.reply.text());
}

fn says(page: &Page, words: &str) -> bool {
    page.reply.text().contains(words)
}

fn gate(site: &Site, number: u16, path: &str) -> Page {
    visitor_of(site, number).open(&format!("http://10.60.0.1{path}"), Family::V4).unwrap()
}

fn leave(site: &Site, number: u16) {
    submit(visitor_of(site, number), &gate(site, number, "/status"), "/keluar", &[]);
    expect_refused(site, number);
}

/// The visit has ended, and the page says why.
fn expect_ended(site: &Site, number: u16, why: &str) {
    wait(&format!("the end of visitor {number}'s visit\n{}", log(site)), SOON, || {
        session(site, number).is_none().then_some(())
    });
    expect_refused(site, number);
    let page = gate(site, number, "/");
    assert!(says(&page, why), "nothing of \"{why}\":\n{}", page.reply.text());
}

#[test]
fn bytes_end_by_direction_and_are_shared_by_the_devices_of_a_voucher() {
    let site = stand("bytes", 3);
    // By direction: bytes down take nothing from those up.
    enter(&site, 1, BY_DIRECTION);
    let before = Before::of(&site, 1);
    for family in Family::BOTH {
        assert_eq!(get(&site, 1, family, DOWN / 4).bytes, DOWN / 4, "over {family}\n{}", log(&site));
    }
    assert_eq!(put(&site, 1, Family::V6, UP / 4).bytes, UP / 4);
    let cut = put(&site, 1, Family::V4, UP * 4);
    assert_eq!(cut.ended, Ended::Reset, "{cut:?}");
    let (up, down) = before.moved(&site, 1);
    assert!(up <= UP && up + EARLY > UP, "{up} of {UP} bytes up");
    assert!(down < DOWN, "{down} of {DOWN} bytes down");
    expect_ended(&site, 1, "Kuota Anda habis");

    // Two devices of one voucher, one of them over IPv6.
    enter(&site, 2, TOGETHER);
    enter(&site, 3, TOGETHER);
    let third = redeem(&site, 1, TOGETHER);
    assert!(says(&third, "untuk 2 perangkat sekaligus") && session(&site, 1).is_none(), "{}", third.reply.text());
    let before = [2, 3].map(|number| Before::of(&site, number));
    assert_eq!(get(&site, 2, Family::V4, SHARED / 2).bytes, SHARED / 2);
    let cut = get(&site, 3, Family::V6, SHARED);
    assert_eq!(cut.ended, Ended::Reset, "{cut:?}");
    let [(all_up, second), (_, third)] = [2, 3].map(|number| before[usize::from(number) - 2].moved(&site, number));
    let all = all_up + second + third;
    assert!(
        second + third <= SHARED && all + EARLY > SHARED,
        "{all} of {SHARED}: up {all_up}, down {second} and {third}"
    );
    for number in [2, 3] {
        expect_ended(&site, number, "Kuota hari ini habis");
    }
    eprintln!("{up} of {UP} bytes up by direction; {all} of {SHARED} shared by two devices");
}

#[test]
fn bytes_used_up_slow_a_visit_down_daemon_dead_or_not() {
    let mut site = stand("slow", 1);
    enter(&site, 1, SLOWED);
    expect_online(&site, 1);
    // Classes are made in the background.
    wait(&format!("the slow class\n{}", log(&site)), SOON, || {
        let classes = site.lab().gw().output("tc", &["class", "show", "dev", "br-lan"]).unwrap();
        let map = site.lab().gw().output("nft", &["list", "map", "inet", "gapura", "slow_dn"]).unwrap();
        (classes.contains("ceil 800Kbit") && !map.contains(": none")).then_some(())
    });
    site.gateway_mut().kill();
    let fast = get(&site, 1, Family::V4, FAST / 2);
    assert!(fast.bits_per_second() > 4.0 * SLOW as f64, "{fast:?}");
    let _rest = get(&site, 1, Family::V6, FAST / 2);
    for family in Family::BOTH {
        let slow = get(&site, 1, family, SLOW / 8 * 2);
        assert_eq!((slow.bytes, slow.ended), (SLOW / 8 * 2, Ended::Whole), "slow, not cut: over {family}");
        assert!(slow.bits_per_second() < 1.3 * SLOW as f64, "{} bit/s over {family}", slow.bits_per_second());
        eprintln!(
            "fast {:.0} bit/s, then {:.0} of {SLOW} over {family}",
            fast.bits_per_second(),
            slow.bits_per_second()
        );
    }
    site.restart_gateway().unwrap();
    let visit = wait(&format!("the visit to be known as slow\n{}", log(&site)), SOON, || {
        session(&site, 1).filter(|visit| visit["slowed"] == true)
    });
    assert_eq!(visit["bytes_left"], 0, "{visit}");
    let page = gate(&site, 1, "/status");
    assert!(says(&page, "Sambungan diperlambat"), "{}", page.reply.text());
    expect_online(&site, 1);
}

#[test]
fn everybody_keeps_their_own_speed_over_a_restart() {
    let mut site = stand("speeds", 5);
    // The last one comes after the restart, and is given a class that nobody has.
    let slow = 2;
    for number in 1..=4 {
        let plan = if number == slow { "pelan" } else { "umum" };
        admit(&site, number, &["--plan", plan]);
    }
    site.gateway_mut().kill();
    site.restart_gateway().unwrap();
    admit(&site, 5, &["--plan", "umum"]);
    let limit = SLOW_DOWN as f64;
    for number in 1..=5 {
        let family = if number % 2 == 0 { Family::V4 } else { Family::V6 };
        let got = get(&site, number, family, SLOW_DOWN / 8 * 2);
        assert_eq!(got.ended, Ended::Whole, "visitor {number}: {got:?}");
        let rate = got.bits_per_second();
        assert_eq!(rate < 1.3 * limit, number == slow, "visitor {number}: {rate:.0} bit/s\n{}", log(&site));
    }
}

#[test]
fn a_months_allowance_spans_visits_a_pause_keeps_them_apart_and_an_extension_reaches_the_kernel() {
    let mut site = stand("months", 4);
    // A month's bytes, in two visits.
    enter(&site, 1, MONTHLY);
    let before = Before::of(&site, 1);
    assert_eq!(get(&site, 1, Family::V6, MONTH / 2).bytes, MONTH / 2);
    let (first_up, first_down) = before.moved(&site, 1);
    leave(&site, 1);
    enter(&site, 1, MONTHLY);
    let before = Before::of(&site, 1);
    assert_eq!(get(&site, 1, Family::V4, MONTH).ended, Ended::Reset);
    let (up, down) = before.moved(&site, 1);
    let (all, all_down) = (first_up + first_down + up + down, first_down + down);
    assert!(all_down <= MONTH && all + EARLY > MONTH, "{all} of {MONTH}, {all_down} of them down");
    expect_ended(&site, 1, "Kuota bulan ini habis");
    let again = redeem(&site, 1, MONTHLY);
    assert!(says(&again, "Kuota bulan ini habis") && says(&again, "Kuota baru"), "{}", again.reply.text());
    // A month's time, likewise.
    enter(&site, 2, MONTHLY_TIME);
    expect_ended(&site, 2, "Waktu bulan ini habis");
    let again = redeem(&site, 2, MONTHLY_TIME);
    assert!(says(&again, "Waktu bulan ini habis") && says(&again, "Waktu baru"), "{}", again.reply.text());

    // A pause between visits.
    enter(&site, 3, PAUSED);
    expect_online(&site, 3);
    let watch = Stopwatch::start();
    leave(&site, 3);
    let page = redeem(&site, 3, PAUSED);
    assert!(says(&page, "Tunggu sebentar sebelum kembali") && session(&site, 3).is_none(), "{}", page.reply.text());
    let back = wait(&format!("the end of the pause\n{}", log(&site)), PAUSE * 2 + SOON, || {
        (!says(&redeem(&site, 3, PAUSED), "Tunggu sebentar")).then(|| watch.elapsed())
    });
    assert!(back + Duration::from_millis(200) > PAUSE, "back after {back:?} of {PAUSE:?}");
    expect_online(&site, 3);

    // An extension, once; the kernel knows of it.
    let watch = Stopwatch::start();
    enter(&site, 4, EXTENDED);
    let offers = |page: &Page| page.forms().iter().any(|form| form.action.ends_with("/perpanjang"));
    let page = gate(&site, 4, "/status");
    assert!(offers(&page), "{}", page.reply.text());
    let page = submit(visitor_of(&site, 4), &page, "/perpanjang", &[]);
    assert!(says(&page, "Sisa ") && !offers(&page), "once and no more:\n{}", page.reply.text());
    let visit = session(&site, 4).unwrap();
    let whole = visit["seconds_used"].as_u64().unwrap() + visit["seconds_left"].as_u64().unwrap();
    assert!((TIME.as_secs() * 2 - 1..=TIME.as_secs() * 2).contains(&whole), "{visit}");
    site.gateway_mut().kill();
    let ended = wait("the end of the extended visit", TIME * 4, || {
        (tcp(&site, 4, Family::V6) == Knock::Refused).then(|| watch.elapsed())
    });
    assert!(ended + Duration::from_secs(1) > TIME * 2 && ended < TIME * 2 + SOON, "ended after {ended:?}");
    eprintln!("{all} of a month's {MONTH} in two visits; back after {back:?} of {PAUSE:?}; extended to {ended:?}");
}
