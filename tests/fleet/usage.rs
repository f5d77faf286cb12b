//! Every visit is in the department's log once, with the bytes the kernel counted.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use gapura_lab::traffic::download;
use gapura_lab::visit::Family;
use gapura_ledger::{Entry, Ledger, Options};
use serde_json::{Value, json};

use crate::people::{is_in, log_out, moved, one_tap, page, redeem, submit};
use crate::world::{SITE, SOON, World};

#[test]
fn visits_are_in_the_log_once_with_the_kernels_bytes_also_after_days_alone() {
    let mut world = World::serving("usage", 2);
    let codes = world.vouchers("warga", 3, &[]);
    story(&mut world, &codes);
}

/// Visits with the controller there, visits without it, and the log after it came back.
pub fn story(world: &mut World, codes: &[String]) {
    world.visitor(1);
    world.visitor(2);
    let mut wanted = Vec::new();
    wanted.push(one_visit(world, 1, 300_000, |visitor| assert!(is_in(&one_tap(visitor)))));
    wanted.push(one_visit(world, 2, 200_000, |visitor| assert!(is_in(&redeem(visitor, &codes[0])))));
    let visits = world.wait_for_visits("two ended visits", |visits| ended(visits) == 2);
    assert_eq!(figures(&visits), wanted);
    assert_eq!(visits.iter().map(|visit| visit["way"].as_str().unwrap()).collect::<Vec<_>>(), ["one-tap", "voucher"]);
    assert!(visits[0]["holder"].is_null() && visits[1]["holder"].as_str().unwrap().starts_with("h1:"));
    assert_eq!(visits[0]["terms"], "2026-1");

    // The controller is gone: visits go on, vouchers delivered before work, and the outbox holds one message a visit.
    world.stop_controller();
    let outbox = |world: &World| world.ctl(&["status"])["outbox"]["records"].as_u64().unwrap();
    for (number, bytes) in [(1, 40_000), (1, 50_000), (2, 60_000)] {
        wanted.push(one_visit(world, number, bytes, |visitor| assert!(is_in(&one_tap(visitor)))));
    }
    assert_eq!(outbox(world), 3);
    let running = world.lab.visitor(2).unwrap();
    assert!(is_in(&redeem(running, &codes[1])));
    let commits = |world: &World| world.ctl(&["status"])["storage"]["commits"].as_u64().unwrap();
    let before = commits(world);
    for _ in 0..5 {
        let now = commits(world);
        download_in(world, 2, 20_000);
        world.wait("the next reading", SOON, || (commits(world) > now).then_some(()));
    }
    println!("{} commits later the outbox holds {} messages of 4 visits", commits(world) - before, outbox(world));
    assert_eq!(outbox(world), 4);
    // Nor is anything lost or said twice when the router itself starts again meanwhile.
    world.stop_router();
    world.start_router();
    world.wait_until_serving();
    assert_eq!(outbox(world), 4);
    world.start_controller();
    let visits = world.wait_for_visits("all six visits", |visits| visits.len() == 6);
    assert_eq!(figures(&visits[..5]), wanted);
    assert!(visits[5]["end"].is_null() && visits[5]["down"].as_u64().unwrap() >= 100_000);
    world.wait("an empty outbox", SOON, || (outbox(world) == 0).then_some(()));
    // The running visit is told again when it ends, under the same id.
    log_out(world.lab.visitor(2).unwrap());
    let again = world.wait_for_visits("the end of the last", |visits| ended(visits) == 6);
    assert_eq!((again.len(), &again[5]["visit"]), (6, &visits[5]["visit"]));
    assert!(again[5]["down"].as_u64() >= visits[5]["down"].as_u64());
}

#[test]
fn a_message_that_the_controller_refuses_whole_holds_up_no_other() {
    let mut world = World::serving("refused", 1);
    world.visitor(1);
    world.stop_controller();
    let wanted: Vec<_> = [30_000, 40_000, 50_000]
        .map(|bytes| one_visit(&world, 1, bytes, |visitor| assert!(is_in(&one_tap(visitor)))))
        .into();
    // Larger than any body the controller takes, and among the others.
    let name = "x".repeat(gapura_wire::limits::REQUEST_BYTES);
    let id = "0d5c7f6e-0000-4000-9000-000000000001";
    let giant = json!({ "record": "tally", "id": id, "name": name, "start": "2026-11-21T08:00:00Z", "end": "2026-11-21T09:00:00Z", "count": 1 });
    let put = "INSERT INTO outbox (subject, body) VALUES (NULL, ?)";
    world.ledger().execute(put, [giant.to_string().into_bytes()]).unwrap();
    let behind = one_visit(&world, 1, 60_000, |visitor| assert!(is_in(&one_tap(visitor))));
    world.start_controller();
    let visits = world.wait_for_visits("the visits around it", |visits| visits.len() == 4 && ended(visits) == 4);
    assert_eq!(figures(&visits), wanted.into_iter().chain([behind]).collect::<Vec<_>>());
    // It is not lost: the next controller may take it.
    let kept = "SELECT count(*) FROM outbox WHERE length(body) > 1000000";
    world.wait("the refused message alone", SOON, || {
        world.ledger().query_row(kept, (), |row| row.get::<_, i64>(0)).is_ok_and(|kept| kept == 1).then_some(())
    });
    assert!(world.router_log().contains("413"), "{}", world.router_log());
}

#[test]
fn power_cuts_on_both_sides_lose_no_visit_and_count_none_twice() {
    let mut world = World::serving("cuts", 2);
    let codes = world.vouchers("warga", 3, &[]);
    world.visitor(1);
    world.visitor(2);
    let mut wanted = Vec::new();
    for (round, code) in codes.iter().enumerate() {
        // Killed with messages on their way: some answers are lost, some batches never arrive.
        wanted.push(one_visit(&world, 1, 30_000, |visitor| assert!(is_in(&one_tap(visitor)))));
        world.kill_controller();
        wanted.push(one_visit(&world, 2, 20_000, |visitor| assert!(is_in(&redeem(visitor, code)))));
        world.start_controller();
        wanted.push(one_visit(&world, 1, 10_000, |visitor| assert!(is_in(&one_tap(visitor)))));
        if round > 0 {
            world.kill_router();
            world.start_router();
            world.wait_until_serving();
        }
    }
    let visits = world.wait_for_visits("nine ended visits", |visits| ended(visits) == 9);
    assert_eq!((figures(&visits), visits.len()), (wanted, 9));
    let sql = "SELECT count(*) FROM redemption";
    assert_eq!(world.ledger().query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap(), 3, "no redemption is forgotten");
}

#[test]
fn an_outage_of_the_uplink_is_in_the_log_from_its_beginning_to_its_end() {
    let mut world = World::serving("outage", 1);
    world.visitor(1);
    let uplink = |world: &World| world.ctl(&["status"])["uplink"]["up"] == true;
    let pull = |world: &World| {
        world.lab.uplink("wan0", false).unwrap();
        world.wait("the outage", Duration::from_secs(30), || (!uplink(world)).then_some(()));
    };
    let plug = |world: &World| {
        world.lab.uplink("wan0", true).unwrap();
        world.wait("the end of the outage", Duration::from_secs(30), || uplink(world).then_some(()));
    };
    pull(&world);
    let shown = page(world.at(1), "/").reply.text();
    assert!(shown.contains("Internet sedang terganggu"));
    plug(&world);
    let outages = |world: &World| world.staff(&["usage"])["outages"].as_array().unwrap().clone();
    let over = |all: &[Value]| all.iter().filter(|one| one["kind"] == "uplink" && !one["end"].is_null()).count();
    world.wait("one outage, over", Duration::from_secs(30), || {
        let all = outages(&world);
        (all.len() == 1 && over(&all) == 1).then_some(())
    });
    // One that begins before the router is started again, and ends after.
    pull(&world);
    world.kill_router();
    world.start_router();
    world.wait("the router", SOON, || world.try_ctl(&["status"]).ok());
    world.wait("the outage, seen again", Duration::from_secs(30), || (!uplink(&world)).then_some(()));
    plug(&world);
    world.wait("every outage to be over", Duration::from_mins(1), || {
        let all = outages(&world);
        (all.len() == 2 && over(&all) == 2).then_some(())
    });
}

#[test]
fn a_day_alone_arrives_once_whatever_the_way_does_to_the_batches() {
    let world = World::serving("replay", 1);
    let directory = world.lab.dir().join("day");
    std::fs::create_dir(&directory).unwrap();
    for seed in [1, 7, 2026] {
        let mut dice = Dice(seed);
        let (batches, truth) = day(&directory, &mut dice);
        let count = batches.len();
        // Each batch is on its way one to three times, in any order; every fifth answer is lost, which means once more.
        let mut way: Vec<&Value> = Vec::new();
        for batch in &batches {
            way.extend(std::iter::repeat_n(batch, 1 + dice.below(3)));
        }
        for at in (1..way.len()).rev() {
            way.swap(at, dice.below(at + 1));
        }
        for (number, batch) in way.iter().enumerate() {
            let times = if number % 5 == 4 { 2 } else { 1 };
            for _ in 0..times {
                let (status, ack) = world.api("POST", "/v1/usage", Some(batch));
                assert_eq!((status, &ack["seq"]), (200, &batch["seq"]), "{ack}");
                assert!(ack["refused"].is_null(), "{ack}");
            }
        }
        let words = ["usage", "--site", SITE, "--from", "2026-03-01T00:00:00Z", "--until", "2026-03-02T00:00:00Z"];
        let usage = world.staff(&words);
        let mine = |visit: &&Value| visit["visit"].as_str().unwrap().ends_with(&format!("{seed:04}"));
        let log: BTreeMap<String, (u64, u64)> = usage["visits"]
            .as_array()
            .unwrap()
            .iter()
            .filter(mine)
            .map(|visit| {
                (
                    visit["visit"].as_str().unwrap().to_owned(),
                    (visit["up"].as_u64().unwrap(), visit["down"].as_u64().unwrap()),
                )
            })
            .collect();
        println!("seed {seed}: {} visits in {count} batches, {} deliveries: each once", truth.len(), way.len());
        assert_eq!(log, truth);
        let listed = usage["visits"].as_array().unwrap().iter().filter(mine).count();
        assert_eq!(listed, truth.len());
    }
    // A batch in another router's name is nobody's.
    let foreign = json!({ "gateway": "gw-lain", "boot": boot(3), "seq": 1, "records": [] });
    let (status, problem) = world.api("POST", "/v1/usage", Some(&foreign));
    assert_eq!((status, problem["kind"].as_str()), (403, Some("wrong-gateway")), "{problem}");
}

/// A simulated day without the controller, minute by minute, in a real ledger; then the batches that leave it, and what
/// they should add up to.
fn day(directory: &std::path::Path, dice: &mut Dice) -> (Vec<Value>, BTreeMap<String, (u64, u64)>) {
    let seed = dice.0;
    let noon = "2026-03-01T12:00:00Z".parse().unwrap();
    let file = directory.join(format!("{seed}.sqlite"));
    let mut ledger = Ledger::open(&file, Options::default(), noon).unwrap().ledger;
    let mut truth = BTreeMap::new();
    let mut running: Vec<(String, u64, (u64, u64))> = Vec::new();
    let mut visits = 0;
    for minute in 0..1440_u64 {
        let mut entries = Vec::new();
        if dice.below(10) == 0 {
            visits += 1;
            running.push((format!("0d5c7f6e-0000-4000-8000-{visits:08}{seed:04}"), minute, (0, 0)));
        }
        let mut kept = Vec::new();
        for (visit, from, (up, down)) in running.drain(..) {
            let traffic = (up + dice.below(5_000) as u64, down + dice.below(90_000) as u64);
            let ends = dice.below(45) == 0 || minute == 1439;
            entries.push(message(&visit, from, minute, traffic, ends));
            truth.insert(visit.clone(), traffic);
            if !ends {
                kept.push((visit, from, traffic));
            }
        }
        running = kept;
        ledger.commit(&entries, false).unwrap();
        assert_eq!(ledger.outbox_len(), truth.len() as u64, "one message a visit, whatever the minute");
    }
    let mut batches = Vec::new();
    while let items = ledger.outbox(0, 1 + u32::try_from(dice.below(12)).unwrap()).unwrap()
        && let Some(last) = items.last()
    {
        let records: Vec<Value> = items.iter().map(|item| serde_json::from_slice(&item.body).unwrap()).collect();
        batches.push(
            json!({ "gateway": "gw-galeri-1", "boot": boot(seed), "seq": batches.len() + 1, "records": records }),
        );
        ledger.outbox_sent(last.seq).unwrap();
    }
    (batches, truth)
}

fn boot(seed: u64) -> String {
    format!("5a4f0e3c-8f5e-4a0a-9d5a-{seed:012}")
}

fn message(visit: &str, from: u64, minute: u64, (up, down): (u64, u64), ends: bool) -> Entry {
    let at = |minute: u64| format!("2026-03-01T{:02}:{:02}:00Z", minute / 60, minute % 60);
    let mut record = json!({
        "record": "visit", "visit": visit, "revision": (minute + 1) | (u64::from(ends) << 60),
        "device": "h1:2026-03:00112233445566778899aabbccddeeff", "device_local": true, "way": "voucher", "plan": "umum",
        "generation": 1, "start": at(from), "clock": "trusted", "at": at(minute), "traffic": { "up": up, "down": down },
        "seconds": (minute - from) * 60,
    });
    if ends {
        record["end"] = at(minute).into();
        record["cause"] = "logged-out".into();
    }
    Entry::Outbox { subject: Some(visit.to_owned()), body: serde_json::to_vec(&record).unwrap() }
}

/// Numbers that a seed repeats (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap() % end
    }
}

/// In, some bytes over both families, out; bytes up and down as the receivers counted them.
fn one_visit(world: &World, number: u16, bytes: u64, enter: impl FnOnce(&gapura_lab::Visitor)) -> (u64, u64) {
    moved(world, number, |visitor| {
        enter(visitor);
        for family in Family::BOTH {
            let server: IpAddr = family.server();
            let got = visitor.ns().run(|| download(server, bytes, Duration::from_secs(5)));
            let got =
                got.unwrap_or_else(|error| panic!("visitor {number} over {family}: {error}\n{}", world.router_log()));
            assert_eq!(got.bytes, bytes);
        }
        submit(visitor, &page(visitor, "/status"), "/keluar", &[]);
    })
}

fn download_in(world: &World, number: u16, bytes: u64) {
    let visitor = world.lab.visitor(number).unwrap();
    visitor.ns().run(|| download(Family::V4.server(), bytes, Duration::from_secs(5))).unwrap();
}

fn ended(visits: &[Value]) -> usize {
    visits.iter().filter(|visit| !visit["end"].is_null()).count()
}

fn figures(visits: &[Value]) -> Vec<(u64, u64)> {
    visits.iter().map(|visit| (visit["up"].as_u64().unwrap(), visit["down"].as_u64().unwrap())).collect()
}
