//! A SOP in waves over real routers: a pilot that falls ill stops it by itself, and the other site never gets it.

use std::fs;
use std::time::Duration;

use gapura_model::{Generation, SiteId};
use gapura_wire::SignedBundle;
use serde_json::Value;

use crate::filter::{import, publish, sop};
use crate::publish::signer;
use crate::world::{OTHER, SITE, SOON, World};

/// The controller looks every 15 seconds.
const LOOKS: Duration = Duration::from_mins(1);
/// A wave is watched for a minute; heartbeats come every minute.
const WATCHED: Duration = Duration::from_mins(4);

fn rollout(world: &World, id: &str) -> Value {
    world.staff(&["sop", "rollout", id])
}

fn wait_for_state(world: &World, id: &str, state: &str, limit: Duration) -> Value {
    world.wait(&format!("the rollout to be {state}"), limit, || {
        let seen = rollout(world, id);
        (seen["state"] == state).then_some(seen)
    })
}

/// The revisions in the newest bundle of a site, and its number, as they stand in the controller's database.
fn bundled(world: &World, site: &str) -> (Vec<u32>, u64) {
    let row = world.database().query_row(
        "SELECT generation, signed FROM bundle WHERE site = ? ORDER BY generation DESC LIMIT 1",
        [site],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)),
    );
    let (generation, signed) = row.unwrap();
    let site: SiteId = site.parse().unwrap();
    let key = signer(world).public();
    let bundle = SignedBundle::from_json(&signed).unwrap().verify(&key, &site, Generation::new(0)).unwrap();
    let sops = bundle.filter.map_or_else(Vec::new, |filter| filter.sops.iter().map(|sop| sop.revision).collect());
    (sops, u64::try_from(generation).unwrap())
}

#[test]
fn a_sick_pilot_stops_it_by_itself_and_the_other_site_never_gets_it() {
    let mut world = World::serving("rollout", 1);
    let first = import(&world, &sop(1, "names = [\"satu.example\"]"));
    world.wait_for_generation(publish(&world, &first));
    world.wait("the first revision", SOON, || (world.known("gw-galeri-1")["verdict"] == "applied").then_some(()));

    // The pilot's disk takes no bundle any more.
    let second = import(&world, &sop(2, "names = [\"dua.example\"]"));
    world.staff(&["sop", "approve", &second, "--by", "budi"]);
    let stored = world.router_dir.join("data/bundle.json");
    let good = fs::read(&stored).unwrap();
    fs::remove_file(&stored).unwrap();
    fs::create_dir(&stored).unwrap();
    let order = ["sop", "publish", &second, "--canary", SITE, "--waves", "100", "--settle", "1", "--by", "budi"];
    assert_eq!(world.staff(&order)["state"], "running");
    assert_eq!((bundled(&world, SITE).0, bundled(&world, OTHER).0), (vec![2], vec![1]));
    let seen = wait_for_state(&world, &second, "stopped", LOOKS);
    assert_eq!((&seen["cause"]["trouble"], &seen["cause"]["site"]), (&"refused".into(), &SITE.into()), "{seen}");
    let said = seen["sites"][0]["gateways"][0]["standing"]["detail"].as_str().unwrap();
    assert!(said.contains("cannot keep the bundle"), "{said}");
    world.wait("the alert", LOOKS, || {
        let alerts = world.staff(&["alert", "list"]);
        alerts.as_array().unwrap().iter().any(|one| one["kind"] == "sop").then_some(())
    });
    assert_eq!(bundled(&world, OTHER).0, [1]);

    // A controller that starts anew knows that it stopped.
    world.kill_controller();
    world.start_controller();
    assert_eq!((rollout(&world, &second)["state"].as_str(), bundled(&world, OTHER).0), (Some("stopped"), vec![1]));

    // Back with one press: the router, well again, runs the former revision under a higher number.
    let (_, before) = bundled(&world, SITE);
    fs::remove_dir(&stored).unwrap();
    fs::write(&stored, good).unwrap();
    world.staff(&["sop", "rollback", &second, "--by", "budi", "--reason", "ruang simpan rusak"]);
    let (runs, back) = bundled(&world, SITE);
    assert!(runs == [1] && back > before, "{runs:?} {back} {before}");
    world.wait("the former revision", LOOKS, || {
        (world.known("gw-galeri-1")["applied"].as_u64() >= Some(back)).then_some(())
    });

    // A good one goes all the way: the pilot first, then the site without a router, which nobody waits for.
    let third = import(&world, &sop(3, "names = [\"tiga.example\"]"));
    world.staff(&["sop", "approve", &third, "--by", "budi"]);
    let order = ["sop", "publish", &third, "--canary", SITE, "--waves", "100", "--settle", "1", "--by", "budi"];
    world.staff(&order);
    assert_eq!(bundled(&world, OTHER).0, [1]);
    let done = wait_for_state(&world, &third, "done", WATCHED);
    assert_eq!((bundled(&world, SITE).0, bundled(&world, OTHER).0), (vec![3], vec![3]));
    assert_eq!(done["sites"][0]["gateways"][0]["runs"], "well", "{done}");
}
