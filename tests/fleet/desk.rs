//! The counter: from an order at the department to the visitor's packet, over both families.

use std::time::Duration;

use gapura_lab::addr;
use gapura_lab::clock::Stopwatch;
use gapura_lab::traffic::{Knock, knock};
use gapura_lab::visit::Family;
use serde_json::{Value, json};

use crate::filter::{import, publish, sop};
use crate::people::{is_in, is_online, log_out, one_tap, page, redeem, submit, wait_until_online, words};
use crate::world::{SITE, SOON, World, site};

/// From the order to the packet, at most: what the counter promises.
const PROMISED: Duration = Duration::from_secs(2);

/// The visit of a visitor, by its number.
fn visit_of(world: &World, number: u16) -> Option<Value> {
    let mac = addr::visitor_mac(number).to_string();
    world.ctl(&["sessions"]).as_array().unwrap().iter().find(|one| one["mac"] == mac.as_str()).cloned()
}

fn visit_id(world: &World, number: u16) -> String {
    visit_of(world, number).unwrap()["visit"].as_str().unwrap().to_owned()
}

/// `gapura controller desk ...` at the site, with a reason.
fn desk(world: &World, words: &[&str]) -> Value {
    let all: Vec<&str> = ["desk"].into_iter().chain(words.iter().copied()).collect();
    world.staff(&[&all[..], &["--site", SITE, "--reason", "uji loket"]].concat())
}

/// Until the controller knows what became of an order.
fn outcome(world: &World, order: &Value) -> Value {
    world.wait("the outcome of an order", SOON, || {
        let all = desk(world, &["orders"]);
        let one = all.as_array().unwrap().iter().find(|one| one["id"] == *order).unwrap().clone();
        (!matches!(one["state"]["state"].as_str(), Some("queued" | "sent"))).then(|| one["state"].clone())
    })
}

/// Until the gateway's row of a visitor's visit is known at the department.
fn row(world: &World, number: u16) -> Value {
    let id = visit_id(world, number);
    world.wait("the row of a visit", Duration::from_secs(90), || {
        let all = desk(world, &["online"]);
        all["visits"].as_array().unwrap().iter().find(|one| one["visit"] == id.as_str()).cloned()
    })
}

/// The gateway has begun to wait for orders.
fn wait_for_the_line(world: &World) {
    let order = desk(world, &["end", "00000000-0000-4000-8000-000000000000"])["order"].clone();
    assert_eq!(outcome(world, &order)["why"], "visit-over");
}

#[test]
fn an_order_is_felt_at_the_packet_within_two_seconds_over_both_families() {
    let mut world = World::serving("desk", 2);
    world.visitor(1);
    world.visitor(2);
    wait_for_the_line(&world);
    let (mut ended, mut commands, mut moved) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..7 {
        one_tap(world.at(1));
        world.until_packets(1, true);
        let id = visit_id(&world, 1);
        // A connection that runs feels it too.
        let stream = gapura_lab::traffic::numbered_stream(world.at(1).ns(), Family::V6.server()).unwrap();
        let watch = Stopwatch::start();
        let order = desk(&world, &["end", &id])["order"].clone();
        commands.push(watch.elapsed());
        // From the order in the database, which is when the command returns at the latest.
        ended.push(world.until_packets(1, false));
        assert_eq!(outcome(&world, &order)["state"], "done", "round {round}");
        drop(stream.stop());
        let over = page(world.at(1), "/");
        assert!(words(&over).contains("uji loket"), "the visitor reads the reason: {}", words(&over));

        // A visit moves: packets pass on the other device, and no longer on the first.
        one_tap(world.at(1));
        world.until_packets(1, true);
        let id = visit_id(&world, 1);
        let left = visit_of(&world, 1).unwrap()["seconds_left"].as_u64().unwrap();
        let given = desk(&world, &["move", &id]);
        assert_eq!(outcome(&world, &given["order"])["state"], "done");
        let code = given["code"].as_str().unwrap().to_lowercase();
        assert!(world.passes(1, Family::V4), "nothing moves before the code is typed");
        let watch = Stopwatch::start();
        assert!(is_in(&redeem(world.at(2), &code)));
        world.until_packets(2, true);
        world.until_packets(1, false);
        moved.push(watch.elapsed());
        let now = visit_of(&world, 2).unwrap();
        assert_eq!((now["visit"].as_str().unwrap(), visit_of(&world, 1)), (id.as_str(), None), "it is the same visit");
        assert!(now["seconds_left"].as_u64().unwrap() <= left, "and the same time");
        if round == 0 {
            let again = redeem(world.at(1), &code);
            assert!(!is_in(&again) && words(&again).contains("tidak berlaku"), "once: {}", words(&again));
        }
        let order = desk(&world, &["end", &id])["order"].clone();
        world.until_packets(2, false);
        outcome(&world, &order);
    }
    let show = |what: &str, times: &mut Vec<Duration>| {
        times.sort();
        let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{what}: p50 {} ms, max {} ms of {}", median.as_millis(), most.as_millis(), times.len());
        most
    };
    show("the command itself (a process that opens the database)", &mut commands);
    show("moved: code typed -> packets pass there and not here, both families", &mut moved);
    let most = show("ended: order queued -> packets of both families fail", &mut ended);
    assert!(most < PROMISED, "{most:?}");
}

#[test]
fn extending_blocking_and_shortening_do_what_they_say() {
    let mut world = World::serving("extend", 2);
    let code = world.vouchers("warga", 1, &["--use-time", "6s"]).remove(0);
    world.visitor(1);
    world.visitor(2);
    wait_for_the_line(&world);
    // A voucher of six seconds goes on for as long as the officer says, and its visitor did nothing.
    assert!(is_in(&redeem(world.at(1), &code)));
    let watch = Stopwatch::start();
    let id = visit_id(&world, 1);
    let order = desk(&world, &["extend", &id, "--for", "10m"])["order"].clone();
    let told = outcome(&world, &order);
    assert!(told["state"] == "done" && told["until"].is_string(), "{told}");
    let left = visit_of(&world, 1).unwrap()["seconds_left"].as_u64().unwrap();
    assert!((560..=606).contains(&left), "{left}");
    world.wait("the voucher's own end to pass", SOON, || (watch.elapsed() > Duration::from_secs(8)).then_some(()));
    assert!(world.passes(1, Family::V4) && world.passes(1, Family::V6));
    // Open day and night: there is no closing time to extend to.
    let order = desk(&world, &["extend", &id])["order"].clone();
    assert_eq!(outcome(&world, &order)["why"], "would-not-help");
    let order = desk(&world, &["shorten", &id, "--by-time", "15m"])["order"].clone();
    outcome(&world, &order);
    world.until_packets(1, false);

    // Blocked by pseudonym: out at once, told why, and still out after the router was killed; until its time.
    one_tap(world.at(2));
    world.until_packets(2, true);
    let device = row(&world, 2)["device"].as_str().unwrap().to_owned();
    assert!(device.starts_with("h1:"), "{device}");
    let until = jiff::Timestamp::from_second(gapura_lab::clock::unix_seconds() + 25).unwrap();
    let order = desk(&world, &["block", &device, "--until", &until.to_string()])["order"].clone();
    let blocked = world.until_packets(2, false);
    assert_eq!(outcome(&world, &order)["state"], "done");
    println!("blocked: packets fail {} ms after the order", blocked.as_millis());
    world.kill_router();
    world.start_router();
    world.wait("the router", SOON, || world.try_ctl(&["status"]).ok());
    world.wait_until_serving();
    let shown = page(world.at(2), "/").reply.text();
    assert!(shown.contains("tidak dapat masuk") && shown.contains("uji loket"), "{shown}");
    assert!(!is_online(world.at(2), Family::V4));
    world.wait("the end of the block", Duration::from_secs(40), || {
        (!page(world.at(2), "/").reply.text().contains("tidak dapat masuk")).then_some(())
    });
    let late = gapura_lab::clock::unix_seconds() - until.as_second();
    assert!((-1..=10).contains(&late), "{late} s after its end");
    one_tap(world.at(2));
    wait_until_online(world.at(2), true);
    // And lifted before its time.
    let device = row(&world, 2)["device"].as_str().unwrap().to_owned();
    outcome(&world, &desk(&world, &["block", &device])["order"].clone());
    world.until_packets(2, false);
    let lifted = desk(&world, &["unblock", &device])["order"].clone();
    assert_eq!(outcome(&world, &lifted)["state"], "done");
    one_tap(world.at(2));
    wait_until_online(world.at(2), true);
    assert_eq!(outcome(&world, &desk(&world, &["unblock", &device])["order"].clone())["why"], "not-blocked");
}

#[test]
fn what_is_ordered_while_the_router_is_away_waits_and_a_kill_between_keeping_and_doing_does_it_once() {
    let mut world = World::serving("away", 2);
    world.visitor(1);
    world.visitor(2);
    wait_for_the_line(&world);
    one_tap(world.at(1));
    one_tap(world.at(2));
    world.until_packets(1, true);
    world.until_packets(2, true);
    let (one, two) = (visit_id(&world, 1), visit_id(&world, 2));

    // The controller is away: the order is in its database, and carried out when it is back.
    world.kill_controller();
    let order = desk(&world, &["end", &one])["order"].clone();
    assert!(world.passes(1, Family::V4), "nobody has told the gateway");
    world.start_controller();
    let watch = Stopwatch::start();
    world.until_packets(1, false);
    assert_eq!(outcome(&world, &order)["state"], "done");
    println!("controller back: carried out after {} ms", watch.elapsed().as_millis());

    // The gateway dies after an order was written down and before it was done. It is done when it comes back, once: the extension
    // is not there twice, whether it was done before or not.
    let before = visit_of(&world, 2).unwrap()["seconds_left"].as_u64().unwrap();
    world.kill_controller();
    world.kill_router();
    let now = jiff::Timestamp::from_second(gapura_lab::clock::unix_seconds()).unwrap();
    let kept = |id: &str, what: Value| {
        let expires = jiff::Timestamp::from_second(now.as_second() + 600).unwrap();
        let mut order = json!({ "id": id, "who": "ani", "reason": "uji", "made": now, "expires": expires });
        order.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        let sql = "INSERT INTO desk_order (id, document, kept) VALUES (?1, ?2, ?3)";
        world.ledger().execute(sql, (id, order.to_string(), now.as_microsecond())).unwrap();
    };
    let ids = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];
    kept(ids[0], json!({ "do": "extend", "visit": two, "seconds": 600 }));
    kept(ids[1], json!({ "do": "end", "visit": one }));
    for _ in 0..2 {
        world.start_router();
        world.wait("the router", SOON, || world.try_ctl(&["status"]).ok());
        let extended = visit_of(&world, 2).unwrap()["seconds_left"].as_u64().unwrap();
        assert!((before + 500..=before + 600).contains(&extended), "{before} s, then {extended} s");
        world.kill_router();
    }
    world.start_router();
    world.wait("the router", SOON, || world.try_ctl(&["status"]).ok());
    let outcomes: Vec<String> = {
        let ledger = world.ledger();
        let mut query = ledger.prepare("SELECT outcome FROM desk_order WHERE id IN (?1, ?2) ORDER BY id").unwrap();
        query.query_map(ids, |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert!(outcomes[0].contains("\"done\"") && outcomes[1].contains("visit-over"), "{outcomes:?}");
    world.start_controller();
    wait_for_the_line(&world);
    assert!(world.passes(2, Family::V6), "the visit went on all the while");
}

/// The seats of the gallery: the lab's second and third visitor.
fn gallery() -> String {
    let seat = |number: u16| {
        let mac = addr::visitor_mac(number);
        format!("\n[[devices]]\nmac = \"{mac}\"\nrole = \"seat\"\nlabel = \"PC 0{number}\"\n")
    };
    let groups = "\n[filter]\nclass-groups = [\"anak\"]\n";
    format!("{}{groups}{}{}", site("Galeri Internet Sinjai"), seat(2), seat(3))
}

#[test]
fn a_class_opens_its_seats_and_phones_in_one_press_and_ends_by_itself_with_the_controller_away() {
    let world = World::furnished("class", 4);
    world.staff_with_file(&["site", "set", SITE], &gallery());
    let mut world = world.with_router();
    for number in 1..=4 {
        world.visitor(number);
    }
    wait_for_the_line(&world);
    assert!((1..=4).all(|number| !world.passes(number, Family::V4)));
    // One address is closed to children, and to nobody else.
    let closed = addr::server(2);
    let rules = format!("addresses = [\"{}\", \"{}\"]\nscope = {{ groups = [\"anak\"] }}\n", closed.0, closed.1);
    let generation = publish(&world, &import(&world, &sop(1, &rules)));
    world.wait_for_generation(generation);
    let reaches = |world: &World, number: u16, wanted: bool| {
        for address in [std::net::IpAddr::from(closed.0), closed.1.into()] {
            let to = std::net::SocketAddr::new(address, addr::port::HTTPS);
            world.wait(&format!("visitor {number} to reach {to}: {wanted}"), SOON, || {
                let seen = world.at(number).ns().run(|| Ok(knock(to, Duration::from_millis(300)))).unwrap().0;
                ((seen == Knock::Open) == wanted).then_some(())
            });
        }
    };
    let length = 60;
    let until = jiff::Timestamp::from_second(gapura_lab::clock::unix_seconds() + length).unwrap();
    let words = [
        "open-class",
        "SD 2 Balangnipa",
        "--seat",
        "PC 02",
        "--seat",
        "PC 03",
        "--phones",
        "2",
        "--plan",
        "warga",
        "--group",
        "anak",
    ];
    let class = desk(&world, &[&words[..], &["--until", &until.to_string()]].concat());
    let opened = [2, 3].map(|number| world.until_packets(number, true));
    println!("class: two seats open {} ms after the press", opened[1].as_millis().max(opened[0].as_millis()));
    let told = outcome(&world, &class["order"]);
    assert_eq!((&told["state"], &told["count"]), (&json!("done"), &json!(2)), "{told}");
    assert!(!world.passes(1, Family::V4) && !world.passes(4, Family::V4), "nobody else");
    // A phone of the class types its code.
    let code = class["code"].as_str().unwrap().to_owned();
    world.wait("the class's voucher to arrive", SOON, || is_in(&redeem(world.at(1), &code)).then_some(()));
    world.until_packets(1, true);
    // The class's seats and phones are judged as its group; another visitor of the same plan's house is not.
    one_tap(world.at(4));
    world.until_packets(4, true);
    for (number, wanted) in [(1, false), (2, false), (3, false), (4, true)] {
        reaches(&world, number, wanted);
    }
    log_out(world.at(4));
    world.until_packets(4, false);
    let seats = desk(&world, &["seats"]);
    assert_eq!(seats.as_array().unwrap().len(), 2);

    // With nobody at the other end it is over at its time, at the packet.
    world.kill_controller();
    for number in [1, 2, 3] {
        until_packets_by(&world, number, Duration::from_secs(90));
    }
    let late = gapura_lab::clock::unix_seconds() - until.as_second();
    println!("class: over {late} s after its end");
    assert!((-1..=6).contains(&late), "{late}");
    assert!(!is_in(&redeem(world.at(4), &code)), "nor is its code good any more");
    // Whoever sits down next is nobody's pupil.
    one_tap(world.at(2));
    world.until_packets(2, true);
    reaches(&world, 2, true);
}

fn until_packets_by(world: &World, number: u16, limit: Duration) {
    world.wait(&format!("visitor {number} to be out"), limit, || {
        Family::BOTH.iter().all(|family| !world.passes(number, *family)).then_some(())
    });
}

#[test]
fn a_seat_is_opened_at_the_counter_and_a_visit_moves_to_it() {
    let world = World::furnished("seat", 3);
    world.staff_with_file(&["site", "set", SITE], &gallery());
    let mut world = world.with_router();
    for number in 1..=3 {
        world.visitor(number);
    }
    wait_for_the_line(&world);
    let order = desk(&world, &["open-seat", "PC 02", "--for", "1h"])["order"].clone();
    world.until_packets(2, true);
    assert_eq!(outcome(&world, &order)["state"], "done");
    let row = row(&world, 2);
    assert_eq!((&row["seat"], &row["way"]), (&json!("PC 02"), &json!("staff")));
    let taken = desk(&world, &["open-seat", "PC 02", "--for", "1h"])["order"].clone();
    assert_eq!(outcome(&world, &taken)["why"], "seat-in-use", "nobody is put out of a seat");
    // A phone's visit goes on at PC 03, and ends on the phone.
    one_tap(world.at(1));
    world.until_packets(1, true);
    let id = visit_id(&world, 1);
    let order = desk(&world, &["move", &id, "--seat", "PC 03"])["order"].clone();
    world.until_packets(3, true);
    world.until_packets(1, false);
    assert_eq!(outcome(&world, &order)["state"], "done");
    assert_eq!(visit_id(&world, 3), id);
    let home = page(world.at(3), "/status");
    submit(world.at(3), &home, "/keluar", &[]);
    world.until_packets(3, false);
}
