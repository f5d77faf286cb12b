//! *Ganti router*: another box takes the site over where the old one left it.

use std::time::Duration;

use gapura_lab::traffic::download;
use gapura_lab::visit::Family;
use gapura_lab::{Visitor, counters};
use gapura_wire::Balance;

use crate::people::{is_in, is_online, log_out, one_tap, redeem, sign_in, words};
use crate::world::{SOON, World};

/// What the plan `kuota` allows in a day, both ways together.
const QUOTA: u64 = 2_000_000;

/// Until the department has so many balances of vouchers and accounts, with so many bytes in all: it is told when a visit begins, and again
/// when it has ended.
fn reported(world: &World, count: usize, bytes: u64) {
    world.wait("the balances at the controller", Duration::from_mins(1), || {
        let database = world.database();
        let mut rows = database.prepare("SELECT document FROM balance WHERE holder NOT LIKE 'device:%'").unwrap();
        let balances: Vec<Balance> = rows
            .query_map((), |row| row.get::<_, String>(0))
            .unwrap()
            .map(|document| serde_json::from_str(&document.unwrap()).unwrap())
            .collect();
        let used: u64 = balances.iter().map(|balance| balance.day_used.traffic.total().get()).sum();
        (balances.len() >= count && used >= bytes).then_some(())
    });
}

#[test]
fn a_new_box_goes_on_with_the_balances_and_the_old_one_is_refused() {
    let mut world = World::serving("replace", 2);
    let quota = world.vouchers("kuota", 1, &[]).remove(0);
    let time = world.vouchers("warga", 1, &["--use-time", "1h"]).remove(0);
    world.try_staff(&["account", "set", "andi@sekolah", "--plan", "kuota"], Some("rahasia sekali 7\n")).unwrap();
    world.visitor(1);
    world.visitor(2);
    let one = world.lab.visitor(1).unwrap();
    let before = counters::read(one.ns()).unwrap();
    assert!(is_in(&redeem(one, &quota)));
    get(one, 1_200_000);
    log_out(one);
    let first = counters::read(one.ns()).unwrap().since(before).received;
    reported(&world, 1, 1_200_000);
    assert!(is_in(&redeem(one, &time)));
    log_out(one);
    let two = world.lab.visitor(2).unwrap();
    assert!(is_in(&sign_in(two, "andi@sekolah", "rahasia sekali 7")));
    get(two, 700_000);
    log_out(two);
    reported(&world, 3, 1_900_000);

    // The old box is dead; another is unpacked: its own key, nothing of the old kernel or disk.
    world.stop_router();
    world.lab.gw().nft("flush ruleset\n").unwrap();
    let old = world.router_dir.clone();
    world.unpack_router(&["--replaces", "gw-galeri-1"]);
    world.start_router();
    let name = world.approve();
    assert_eq!(name, "gw-galeri-2");
    world.wait_until_serving();
    let known = world.known("gw-galeri-1");
    assert!(!known["revoked"].is_null() && known["reason"].as_str().unwrap().contains("gw-galeri-2"), "{known}");
    assert!(world.router_log().contains("balances that were last reported for this site were taken over"));

    // The quota goes on where it stood: together at most what the plan allows, and not much less.
    let one = world.lab.visitor(1).unwrap();
    let before = counters::read(one.ns()).unwrap();
    assert!(is_in(&redeem(one, &quota)));
    get(one, QUOTA);
    world.wait("the end of the quota", SOON, || (!is_online(one, Family::V4)).then_some(()));
    let second = counters::read(one.ns()).unwrap().since(before).received;
    println!("quota {QUOTA}: {first} bytes down on the old box, {second} on the new one");
    assert!(first + second <= QUOTA && second > QUOTA - first - 150_000, "{first} + {second}");
    let again = redeem(one, &quota);
    assert!(!is_in(&again), "{}", words(&again));
    // Waktu pakai too, and the account's day.
    assert!(is_in(&redeem(one, &time)));
    let left = world.ctl(&["sessions"])[0]["seconds_left"].as_u64().unwrap();
    assert!(left < 3600, "{left} s left of an hour that had begun");
    let two = world.lab.visitor(2).unwrap();
    let before = counters::read(two.ns()).unwrap();
    assert!(is_in(&sign_in(two, "andi@sekolah", "rahasia sekali 7")));
    get(two, QUOTA);
    let rest = counters::read(two.ns()).unwrap().since(before).received;
    assert!(rest < QUOTA - 700_000, "{rest} bytes for an account that had used 700000");

    // The old certificate opens nothing any more.
    let new = std::mem::replace(&mut world.router_dir, old);
    for (method, path) in [("GET", "/v1/bundle?after=0&wait=0"), ("GET", "/v1/balances")] {
        let (status, problem) = world.api(method, path, None);
        assert_eq!((status, problem["kind"].as_str()), (403, Some("revoked")), "{problem}");
    }
    world.router_dir = new;
    let (status, _) = world.api("GET", "/v1/balances", None);
    assert_eq!(status, 200);
    // A box cannot take the place of one that serves another site.
    let wrong = ["gateway", "code", "--site", crate::world::OTHER, "--replaces", "gw-galeri-2"];
    assert!(world.try_staff(&wrong, None).is_err());
}

#[test]
fn a_router_whose_ledger_is_lost_gets_its_balances_back() {
    let mut world = World::serving("ledger", 1);
    let code = world.vouchers("kuota", 1, &[]).remove(0);
    world.visitor(1);
    let before = counters::read(world.at(1).ns()).unwrap();
    assert!(is_in(&redeem(world.at(1), &code)));
    get(world.at(1), 1_200_000);
    log_out(world.at(1));
    reported(&world, 1, 1_200_000);
    // The controller is away when the router comes back, and what the router knows of itself now must not take the place of it.
    world.stop_controller();
    world.kill_router();
    let data = world.router_dir.join("data");
    for part in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        let path = data.join(part);
        assert!(part.ends_with("shm") || part.ends_with("wal") || path.exists());
        let _ = std::fs::write(&path, b"not a database any more");
    }
    world.start_router();
    world.start_controller();
    world.wait("the balances", Duration::from_mins(1), || {
        world.router_log().contains("balances that were last reported for this site were taken over").then_some(())
    });
    // What vouched for the clock is lost too: until the controller says the time, the site's hours are in doubt.
    world.wait("the site to be open", SOON, || (world.ctl(&["status"])["hours"]["open"] == true).then_some(()));
    assert!(is_in(&redeem(world.at(1), &code)));
    get(world.at(1), QUOTA);
    world.wait("the end of the quota", SOON, || (!is_online(world.at(1), Family::V4)).then_some(()));
    let got = counters::read(world.at(1).ns()).unwrap().since(before).received;
    assert!(got <= QUOTA && got > QUOTA - 150_000, "{got}");
}

#[test]
fn balances_that_the_department_never_heard_are_told_after_a_power_cut() {
    let mut world = World::serving("untold", 1);
    let code = world.vouchers("kuota", 1, &[]).remove(0);
    world.visitor(1);
    world.stop_controller();
    assert!(is_in(&redeem(world.at(1), &code)));
    get(world.at(1), 500_000);
    log_out(world.at(1));
    world.kill_router();
    world.start_router();
    world.wait_until_serving();
    world.start_controller();
    let document: String = world.wait("the balance", Duration::from_mins(1), || {
        let sql = "SELECT document FROM balance WHERE holder LIKE 'voucher:%'";
        world.database().query_row(sql, (), |row| row.get(0)).ok()
    });
    let told: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert!(told["day_used"]["traffic"]["down"].as_u64().is_some_and(|down| down >= 500_000), "{document}");
}

#[test]
fn a_revoked_router_is_heard_no_more_and_its_visitors_stay_online() {
    let mut world = World::serving("revoked", 1);
    world.visitor(1);
    assert!(is_in(&one_tap(world.at(1))));
    world.wait_for_visits("the visit", |visits| visits.len() == 1);
    world.staff(&["gateway", "revoke", "gw-galeri-1", "--reason", "dicuri"]);
    for (method, path) in [("GET", "/v1/bundle?after=0&wait=0"), ("GET", "/v1/balances")] {
        let (status, problem) = world.api(method, path, None);
        assert_eq!((status, problem["kind"].as_str()), (403, Some("revoked")), "{problem}");
    }
    // What happens here is no longer the department's to know, nor is what happens there told here.
    log_out(world.at(1));
    assert!(is_in(&one_tap(world.at(1))));
    world.wait("the refusal in the router's log", SOON, || {
        world.router_log().contains("its certificate is no longer taken").then_some(())
    });
    let plan = "[[plan]]\nid = \"umum\"\nname = \"Umum\"\nvisit = { time = \"47m\" }\n";
    world.staff_with_file(&["plan", "set"], plan);
    let visits = world.visits();
    assert!(visits.len() == 1 && visits[0]["end"].is_null(), "{visits:?}");
    assert!(is_online(world.at(1), Family::V4) && is_online(world.at(1), Family::V6));
    assert_eq!(world.ctl(&["status"])["generation"], 1);
    assert!(world.ctl(&["status"])["outbox"]["records"].as_u64().unwrap() >= 2, "kept for the day it is heard again");
}

fn get(visitor: &Visitor, bytes: u64) {
    visitor.ns().run(|| download(Family::V4.server(), bytes, Duration::from_secs(4))).unwrap();
}
