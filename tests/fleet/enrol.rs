//! A router joins the fleet.

use std::time::Duration;

use crate::people::{is_online, one_tap};
use crate::world::{SITE, SOON, World};
use gapura_lab::clock::unix_seconds;
use gapura_lab::visit::Family;

#[test]
fn a_code_makes_a_member_after_a_persons_approval() {
    let mut world = World::furnished("join", 1);
    let code = world.unpack_router(&[]);
    world.start_router();
    let id = world.wait_for_request();
    // Before the approval: a request with the router's own key, no certificate, no bundle.
    let waiting = world.staff(&["gateway", "pending"]);
    let waiting = &waiting.as_array().unwrap()[0];
    assert_eq!((waiting["site"].as_str(), waiting["state"].as_str()), (Some(SITE), Some("pending")));
    let key = waiting["key"].as_str().unwrap().to_owned();
    world.wait("the key in the router's log, for comparison", SOON, || world.router_log().contains(&key).then_some(()));
    let identity = world.router_dir.join("data/identity");
    assert!(identity.join("key.pem").exists() && !identity.join("certificate.pem").exists());
    assert_eq!(world.ctl(&["status"])["generation"], 0);
    let name = world.staff(&["gateway", "approve", &id])["gateway"].as_str().unwrap().to_owned();
    assert_eq!(name, "gw-galeri-1");
    world.wait_until_serving();
    // The code is gone from the disk and from every log, the certificate is there, and the controller hears the router.
    assert!(!world.router_dir.join("code").exists());
    for log in [world.router_log(), world.controller_log()] {
        assert!(!log.contains(&code) && !log.contains(&code.replace('-', "")), "{log}");
    }
    let known = world.wait("the outcome of the first bundle and a heartbeat", SOON, || {
        let known = world.known(&name);
        (known["verdict"] == "applied" && !known["heartbeat"].is_null()).then_some(known)
    });
    assert_eq!((known["applied"].as_u64(), known["offered"].as_u64()), (Some(1), Some(1)));
    let file = identity.join("key.pem");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).unwrap().permissions()) & 0o777, 0o600);
    world.visitor(1);
    assert!(one_tap(world.lab.visitor(1).unwrap()).reply.status == 200);
    assert!(is_online(world.lab.visitor(1).unwrap(), Family::V6));
}

#[test]
fn a_router_that_starts_again_while_it_waits_is_the_same_router_and_staff_may_say_no() {
    let mut world = World::furnished("again", 1);
    let code = world.unpack_router(&[]);
    world.start_router();
    let id = world.wait_for_request();
    world.kill_router();
    world.start_router();
    let key = |world: &World| world.staff(&["gateway", "pending"])[0]["key"].as_str().unwrap().to_owned();
    let shown = key(&world);
    world
        .wait("the same key after a restart", SOON, || (world.router_log().matches(&shown).count() == 2).then_some(()));
    // Approved, and the power fails before the router has heard of it.
    world.kill_router();
    world.staff(&["gateway", "approve", &id]);
    assert!(std::fs::read_to_string(world.router_dir.join("code")).unwrap().contains(&code));
    world.start_router();
    world.wait_until_serving();
    assert!(!world.router_dir.join("code").exists());
    // Another box that staff do not know.
    world.stop_router();
    world.unpack_router(&[]);
    world.start_router();
    let id = world.wait_for_request();
    world.staff(&["gateway", "refuse", &id, "--reason", "bukan kotak kami"]);
    world.wait("the refusal, with its reason", SOON, || world.router_log().contains("bukan kotak kami").then_some(()));
    assert_eq!(world.ctl(&["status"])["generation"], 0);
}

#[test]
fn a_code_that_is_wrong_used_or_expired_is_refused_in_words() {
    let mut world = World::furnished("codes", 1);
    let refused = |world: &mut World, why: &str| {
        world.start_router();
        world.wait(why, SOON, || world.router_log().contains(why).then_some(()));
        assert!(world.router_dir.join("code").exists(), "a refused code stays for whoever looks");
        world.stop_router();
    };
    let made = world.staff(&["gateway", "code", "--site", SITE]);
    world.unpack_with("AAAAA-BBBBB-CCCCC-DDDDD", &made);
    refused(&mut world, "there is no such code");
    assert!(world.router_log().contains("make a new code with `gapura controller gateway code`"));
    world.unpack_with("AAAAA-BBBBB", &made);
    refused(&mut world, "holds no enrolment code");
    world.unpack_router(&["--lifetime", "0s"]);
    refused(&mut world, "the code has expired");
    // One router uses the code, another comes with the same.
    let made = world.staff(&["gateway", "code", "--site", SITE]);
    let code = made["code"].as_str().unwrap();
    world.unpack_with(code, &made);
    world.start_router();
    world.wait_for_request();
    world.stop_router();
    world.unpack_with(code, &made);
    refused(&mut world, "the code was used by another router");
    // Another controller than the pinned one learns nothing: the code is not sent.
    let mut other = made.clone();
    other["pin"] = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into();
    let fresh = world.staff(&["gateway", "code", "--site", SITE]);
    world.unpack_with(fresh["code"].as_str().unwrap(), &other);
    world.start_router();
    let why = "the controller's key is not the pinned one";
    world.wait(why, SOON, || world.router_log().contains(why).then_some(()));
    let open = world.staff(&["gateway", "pending"]);
    let open = open.as_array().unwrap().iter().filter(|one| one["state"] == "open").count();
    assert_eq!(open, 3, "the expired, the first and the fresh code were used by nobody");
}

#[test]
fn a_router_whose_clock_says_1970_joins_and_is_told_the_time() {
    let mut world = World::furnished("clock", 1);
    let shift = 3600 - unix_seconds();
    world.arguments = vec![format!("--clock-shift={shift} doubtful")];
    world.unpack_router(&[]);
    world.start_router();
    let name = world.approve();
    world.wait_until_serving();
    let clock = world.wait("the controller's time", SOON, || {
        let status = world.ctl(&["status"]);
        (status["clock"]["trust"] == "trusted" && status["state"] == "serving").then(|| status["clock"].clone())
    });
    let told: jiff::Timestamp = clock["wall"].as_str().unwrap().parse().unwrap();
    let off = (told.as_second() - unix_seconds()).abs();
    assert!(off <= 2, "{off} s off");
    // Messages of a visit that begins now carry the right time.
    world.visitor(1);
    one_tap(world.lab.visitor(1).unwrap());
    let visits = world.wait_for_visits("the visit", |visits| visits.len() == 1);
    assert_eq!(visits[0]["clock"], "trusted");
    assert_eq!(visits[0]["gateway"], name.as_str());
    let start: jiff::Timestamp = visits[0]["start"].as_str().unwrap().parse().unwrap();
    assert!(Duration::try_from(start.duration_until(told).abs()).unwrap() < Duration::from_secs(30));
}
