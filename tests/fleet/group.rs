//! A voucher of a group at two sites, each with its own router: together never more than the voucher.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_lab::traffic::download;
use gapura_lab::visit::Family;
use gapura_lab::{Visitor, counters};
use serde_json::Value;

use crate::people::{is_in, is_online, log_out, redeem, words};
use crate::world::{OTHER, SITE, SOON, World, site};

/// What the plan `kuota` allows in a day, both ways together. A quarter of it is lent to each of two sites.
const QUOTA: u64 = 2_000_000;
/// On the page of a visitor for whom a site has no share left.
const SHARED: &str = "setiap lokasi memegang sebagian jatahnya";
/// Longer than the link waits between two looks, with a machine five times slower in mind.
const PATIENCE: Duration = Duration::from_mins(5);

#[test]
fn what_two_sites_give_out_together_is_never_more_than_the_voucher() {
    let mut world = World::serving("group", 1);
    let first = world.router_dir.clone();
    put_away(&mut world);
    world.unpack_router_at(OTHER, &[]);
    let second = world.router_dir.clone();
    world.start_router();
    world.approve();
    world.wait_until_serving();

    // Both boxes have the voucher in their bundle, and are then used one after the other.
    world.staff(&["voucher", "group", "create", "sinjai", "--site", SITE, "--site", OTHER]);
    let made = world.staff(&["voucher", "make", "--group", "sinjai", "--plan", "kuota"]);
    let code = made["codes"][0].as_str().unwrap().to_owned();
    let generation = |site: &str| {
        let all = made["published"].as_array().unwrap();
        all.iter().find(|one| one["site"] == site).unwrap()["generation"].as_u64().unwrap()
    };
    world.wait_for_generation(generation(OTHER));
    put_away(&mut world);
    take_out(&mut world, &first);
    world.wait_for_generation(generation(SITE));

    // With the controller there, the first site has more than its part before the visitor needs it.
    world.visitor(1);
    assert!(is_in(&redeem(world.at(1), &code)));
    wait_for_bytes(&world, QUOTA / 2 - 20_000);
    let mut used = get(&world, 800_000);
    assert!(used >= 800_000 && is_online(world.at(1), Family::V4), "{used}");
    wait_for_bytes(&world, QUOTA / 4 + 1);
    log_out(world.at(1));
    check_books(&world);

    // The other site is cut off: its part at once, and not a byte more.
    world.stop_controller();
    put_away(&mut world);
    take_out(&mut world, &second);
    assert!(is_in(&redeem(world.at(1), &code)));
    let alone = get(&world, QUOTA);
    world.wait("the end of the share", SOON, || (!is_online(world.at(1), Family::V4)).then_some(()));
    assert!(alone <= QUOTA / 4 && alone > QUOTA / 8, "{alone} bytes of a share of {}", QUOTA / 4);
    used += alone;
    let refused = redeem(world.at(1), &code);
    assert!(!is_in(&refused) && words(&refused).contains(SHARED), "{}", words(&refused));

    // Heard again, the controller has nothing in reserve: it asks the first site for what nobody uses there.
    world.start_controller();
    world.wait("the first site to be asked", PATIENCE, || {
        redeem(world.at(1), &code);
        is_recalled(&world, SITE).then_some(())
    });
    put_away(&mut world);
    take_out(&mut world, &first);
    world.wait("the first site to give back", PATIENCE, || (!is_recalled(&world, SITE)).then_some(()));
    check_books(&world);
    put_away(&mut world);
    take_out(&mut world, &second);
    world.wait("the rest of the voucher", PATIENCE, || is_in(&redeem(world.at(1), &code)).then_some(()));
    wait_for_bytes(&world, QUOTA - used - 200_000);
    let rest = get(&world, QUOTA);
    world.wait("the end of the voucher", SOON, || (!is_online(world.at(1), Family::V4)).then_some(()));
    let total = used + rest;
    println!("of {QUOTA}: {} at the first site, {alone} at the second alone, {rest} later", used - alone);
    assert!(total <= QUOTA && total > QUOTA - 300_000, "{total} of {QUOTA}");
    check_books(&world);
    assert!(world.staff(&["audit", "verify"])["rows"].as_u64().is_some());
}

#[test]
fn a_router_that_lost_its_ledger_hears_of_its_share_before_it_gives_anything_out() {
    let mut world = World::serving("lost", 1);
    // A box without its memory does not know the time either: the site chose to be open then.
    let open = site("Galeri Internet Sinjai").replace("kind = ", "in-doubt = \"open\"\nkind = ");
    world.staff_with_file(&["site", "set", SITE], &open);
    world.staff(&["voucher", "group", "create", "sinjai", "--site", SITE, "--site", OTHER]);
    let made = world.staff(&["voucher", "make", "--group", "sinjai", "--plan", "kuota"]);
    let code = made["codes"][0].as_str().unwrap().to_owned();
    let generation = made["published"].as_array().unwrap().iter().find(|one| one["site"] == SITE).unwrap();
    world.wait_for_generation(generation["generation"].as_u64().unwrap());
    world.visitor(1);
    assert!(is_in(&redeem(world.at(1), &code)));
    wait_for_bytes(&world, QUOTA / 2 - 20_000);
    let used = get(&world, 600_000);
    log_out(world.at(1));
    let told = |world: &World| {
        let sql = "SELECT document FROM balance WHERE holder LIKE 'voucher:%'";
        let text: String = world.database().query_row(sql, (), |row| row.get(0)).ok()?;
        let balance: Value = serde_json::from_str(&text).unwrap();
        balance["day_used"]["traffic"]["down"].as_u64().filter(|down| *down >= used)
    };
    world.wait("the balance at the controller", PATIENCE, || told(&world));

    // Cut off and without its memory it gives out nothing: what it began with may be used up or given back.
    world.stop_controller();
    put_away(&mut world);
    for file in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        let _ = std::fs::remove_file(world.router_dir.join("data").join(file));
    }
    world.start_router();
    world.wait_until_serving();
    let refused = redeem(world.at(1), &code);
    assert!(!is_in(&refused) && words(&refused).contains(SHARED), "{}", words(&refused));
    world.start_controller();
    world.wait("its share", PATIENCE, || is_in(&redeem(world.at(1), &code)).then_some(()));
    let mut rest = get(&world, QUOTA);
    world.wait("nothing more", PATIENCE, || {
        if is_in(&redeem(world.at(1), &code)) {
            rest += get(&world, QUOTA);
        }
        let held = shares(&world);
        (held[OTHER] == QUOTA / 4 && held[SITE] == 3 * QUOTA / 4 && !is_online(world.at(1), Family::V4)).then_some(())
    });
    println!("{used} bytes before the ledger was lost, {rest} after");
    assert!(used + rest <= 3 * QUOTA / 4, "{used} + {rest}");
    check_books(&world);
}

/// The box in service is switched off; what its kernel held goes with it.
fn put_away(world: &mut World) {
    world.stop_router();
    world.lab.gw().nft("flush ruleset\n").unwrap();
}

fn take_out(world: &mut World, dir: &std::path::Path) {
    dir.clone_into(&mut world.router_dir);
    world.start_router();
    world.wait_until_serving();
}

/// Until the one visit on the router in service has more than so many bytes left.
fn wait_for_bytes(world: &World, bytes: u64) {
    world.wait("more of the voucher", PATIENCE, || {
        let left = world.ctl(&["sessions"])[0]["bytes_left"].as_u64()?;
        (left > bytes).then_some(())
    });
}

/// Whether the controller wants something back from a site.
fn is_recalled(world: &World, site: &str) -> bool {
    let sql = "SELECT count(*) FROM recall WHERE site = ?1";
    world.database().query_row(sql, [site], |row| row.get::<_, i64>(0)).unwrap() > 0
}

fn lending(world: &World) -> Value {
    let text: String = world.database().query_row("SELECT document FROM lending", (), |row| row.get(0)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Bytes of a day that each site holds.
fn shares(world: &World) -> BTreeMap<String, u64> {
    let sites = lending(world)["sites"].as_object().unwrap().clone();
    sites.into_iter().map(|(site, held)| (site, held["share"]["day-bytes"].as_u64().unwrap())).collect()
}

/// What the sites hold and what is in reserve add up to the voucher.
fn check_books(world: &World) {
    let reserve = lending(world)["reserve"]["day-bytes"].as_u64().unwrap();
    assert_eq!(shares(world).values().sum::<u64>() + reserve, QUOTA);
}

/// Bytes of a download, as the visitor's kernel counts them.
fn get(world: &World, bytes: u64) -> u64 {
    let visitor: &Visitor = world.at(1);
    let before = counters::read(visitor.ns()).unwrap();
    // A cut download ends in an error: that is what is measured.
    let _ = visitor.ns().run(|| download(Family::V4.server(), bytes, Duration::from_secs(20)));
    counters::read(visitor.ns()).unwrap().since(before).received
}
