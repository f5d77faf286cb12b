//! Plans' parts of the uplink, from the department's command to the packets of running visits.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use gapura_lab::addr::{SERVER4, SERVER6};
use gapura_lab::traffic::{Ended, download, numbered_stream};

use crate::people::{is_in, one_tap, redeem, wait_until_online};
use crate::world::{SITE, SOON, World, site};

/// More than comes through in the time of a measurement.
const ENDLESS: u64 = 1 << 32;
/// A visit under plan `kilat` goes on slowly after so many bytes.
const FAST_BYTES: u64 = 2_000_000;

/// Three plans, with these lines of their own.
fn plans(pelajar: &str, umum: &str, kilat: &str) -> String {
    format!(
        "[[plan]]\nid = \"pelajar\"\nname = \"Pelajar\"\n{pelajar}\n\
         [[plan]]\nid = \"umum\"\nname = \"Umum\"\n{umum}\n\
         [[plan]]\nid = \"kilat\"\nname = \"Kilat\"\nvisit = {{ bytes = {{ total = {FAST_BYTES} }} }}\n\
         at-end = {{ slow = {{ up = 256_000, down = 512_000 }} }}\n{kilat}\n"
    )
}

/// A plan's part.
fn percent(percent: u8) -> String {
    format!("share = {{ guaranteed = {{ percent = {percent} }} }}")
}

/// Tiers of plans on a device: rate as `tc` writes it, and bytes sent.
fn tiers(world: &World, device: &str) -> BTreeMap<String, u64> {
    let text = world.lab.gw().output("tc", &["-s", "class", "show", "dev", device]).unwrap();
    let mut found = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["class", "htb", _, "parent", "1:1", "rate", rate, ..] = words.as_slice()
            && !line.starts_with("class htb 1:3 ")
        {
            let sent = lines.next().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
            found.insert((*rate).to_owned(), sent);
        }
    }
    found
}

/// Two visitors download for as long as they are let: bits a second.
fn both(world: &World, server: IpAddr) -> (f64, f64) {
    let run = |number| {
        let ns = world.at(number).ns().handle();
        move || ns.run(|| download(server, ENDLESS, Duration::from_secs(8))).unwrap().bits_per_second()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(run(2));
        (run(1)(), other.join().unwrap())
    })
}

#[test]
fn plans_share_the_uplink_by_the_parts_the_department_gives_them() {
    let mut world = World::serving("shares", 3);
    for number in 1..=3 {
        world.visitor(number);
    }
    let narrow = site("Galeri").replace("1_000_000_000", "20_000_000");
    world.staff_with_file(&["plan", "set"], &plans("", "", ""));
    world.staff_with_file(&["site", "set", SITE], &narrow);
    let [student, quick] = ["pelajar", "kilat"].map(|plan| world.vouchers(plan, 1, &[]).remove(0));
    assert!(
        is_in(&redeem(world.at(1), &student)) && is_in(&one_tap(world.at(2))) && is_in(&redeem(world.at(3), &quick))
    );
    for number in 1..=3 {
        wait_until_online(world.at(number), true);
    }
    assert!(tiers(&world, "br-lan").is_empty(), "nobody has a part yet");
    let streams: Vec<_> = [(1, SERVER4), (1, SERVER6), (2, SERVER4), (2, SERVER6)]
        .map(|(number, server)| numbered_stream(world.at(number).ns(), server).unwrap())
        .into();

    // Running visits are moved into the tiers of their plans; their streams go on.
    let published = world.staff_with_file(&["plan", "set"], &plans(&percent(66), &percent(22), &percent(10)));
    world.wait_for_generation(
        published["published"].as_array().unwrap().iter().find(|one| one["site"] == SITE).unwrap()["generation"]
            .as_u64()
            .unwrap(),
    );
    for device in ["br-lan", "wan0"] {
        world.wait("both streams in their plans' tiers", SOON, || {
            let tiers = tiers(&world, device);
            (tiers.get("12540Kbit")? > &2_000 && tiers.get("4180Kbit")? > &2_000).then_some(())
        });
        assert!(tiers(&world, device).contains_key("1900Kbit"), "{:?}", tiers(&world, device));
    }
    for server in [SERVER4, SERVER6] {
        let (many, few) = both(&world, server);
        println!("{server}: {:.2} and {:.2} Mbit/s, {:.2} to 1", many / 1e6, few / 1e6, many / few);
        assert!((1.6..4.5).contains(&(many / few)), "66 and 22 percent, and half of the rest each: {many} and {few}");
        assert!(many + few < 19.5e6 && many + few > 14e6, "the whole uplink, and no more: {many} and {few}");
    }
    for stream in streams {
        let report = stream.stop().unwrap();
        assert!(
            report.in_order && report.broken.is_none() && report.longest_gap < Duration::from_secs(3),
            "{report:?}"
        );
        assert!(report.arrived > 500, "{report:?}");
    }

    // More than there is: refused, with the plans named, and nothing changes.
    let refused = world.try_staff_with_file(&["plan", "set"], &plans(&percent(60), &percent(50), "")).unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("pelajar (60 %), umum (50 %)") && refused.contains("110 %"), "{refused}");
    let rates = "share = { guaranteed = { rate = { up = 15_000_000, down = 1_000_000 } } }";
    let refused = world.try_staff_with_file(&["plan", "set"], &plans(rates, &percent(30), "")).unwrap_err().to_string();
    for part in [SITE, "uplink.up", "pelajar (15 Mbit/s), umum (30 %)", "19 Mbit/s are handed out"] {
        assert!(refused.contains(part), "{refused}");
    }
    assert_eq!(world.staff(&["plan", "list"])[0]["share"]["guaranteed"]["percent"], 10, "kilat");

    // A restart finds everybody where they were.
    world.kill_router();
    let before = tiers(&world, "br-lan");
    world.start_router();
    world.wait_until_serving();
    let got = world.at(1).ns().run(|| download(SERVER6, 1_000_000, SOON)).unwrap();
    assert_eq!(got.bytes, 1_000_000);
    let after = tiers(&world, "br-lan");
    assert!(after["12540Kbit"] > before["12540Kbit"] + 1_000_000, "{before:?} {after:?}");

    // Used up with the daemon dead: slowed down, in the plan's tier.
    world.kill_router();
    let third = world.at(3).ns().handle();
    third.run(|| download(SERVER4, FAST_BYTES + 500_000, Duration::from_secs(20))).unwrap();
    let before = tiers(&world, "br-lan")["1900Kbit"];
    let slow = third.run(|| download(SERVER6, ENDLESS, Duration::from_secs(5))).unwrap();
    assert!(slow.ended == Ended::Deadline && slow.bits_per_second() < 700_000.0, "{slow:?}");
    assert!(slow.bytes > 50_000 && tiers(&world, "br-lan")["1900Kbit"] >= before + slow.bytes, "{slow:?}");
    world.start_router();
    world.wait_until_serving();

    // The parts are taken back: the tiers go when the visitors have other classes.
    world.staff_with_file(&["plan", "set"], &plans("", "", ""));
    for device in ["br-lan", "wan0"] {
        world.wait("no tiers", SOON, || tiers(&world, device).is_empty().then_some(()));
    }
    for (number, server) in [(1, SERVER4), (2, SERVER6), (3, SERVER4)] {
        let got = world.at(number).ns().run(|| download(server, 100_000, SOON)).unwrap();
        assert_eq!((got.bytes, got.ended), (100_000, Ended::Whole), "visitor {number}");
    }
}
