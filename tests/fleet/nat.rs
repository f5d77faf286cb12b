//! NAT attribution: the port a server saw leads to the visit that had it, and to nobody else's.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use gapura_lab::addr;
use gapura_lab::clock::wait_for;
use gapura_lab::visit::Family;
use gapura_wire::{EpochKey, NatUse};
use serde_json::Value;

use crate::people::{is_in, log_out, one_tap};
use crate::world::{SITE, SOON, World, site};

/// Where nobody of the lab listens.
const PORT: u16 = 4443;
/// The first port that is nobody's.
const NOBODYS: u16 = 49_152;

/// The address and ports from which connections of a visitor arrive at a server on the Internet.
fn arrives_from(world: &World, number: u16, count: usize) -> Vec<SocketAddr> {
    let (ready, listening) = mpsc::channel();
    let (internet, visitor) = (world.lab.internet(), world.at(number).ns());
    std::thread::scope(|scope| {
        let server = scope.spawn(move || {
            internet.run(|| {
                // A program that another test is just starting holds the listener of before until it is that program.
                let listener =
                    wait_for("the port to be free", SOON, || Ok(TcpListener::bind((addr::SERVER4, PORT)).ok()));
                let listener = listener.unwrap();
                ready.send(()).unwrap();
                Ok((0..count).map(|_| listener.accept().unwrap().1).collect::<Vec<_>>())
            })
        });
        listening.recv().unwrap();
        visitor
            .run(|| {
                let to = SocketAddr::new(addr::SERVER4, PORT);
                let all = (0..count).map(|_| TcpStream::connect_timeout(&to, SOON));
                let mut all: Vec<TcpStream> = all.map(Result::unwrap).collect();
                for stream in &mut all {
                    stream.write_all(b".").unwrap();
                }
                Ok(())
            })
            .unwrap();
        server.join().unwrap().unwrap()
    })
}

/// What the controller keeps of ports, by visit in the order of their starts.
fn kept(world: &World) -> Vec<Vec<NatUse>> {
    let database = world.database();
    let mut statement = database.prepare("SELECT nat FROM visit ORDER BY started, visit").unwrap();
    let rows = statement.query_map((), |row| row.get::<_, Option<String>>(0)).unwrap();
    rows.map(|text| text.unwrap().map(|text| serde_json::from_str(&text).unwrap()).unwrap_or_default()).collect()
}

fn key(world: &World, epoch: &str) -> EpochKey {
    let text = "SELECT secret FROM epoch_key WHERE regency = 'sinjai' AND epoch = ?1";
    let secret: Vec<u8> = world.database().query_row(text, [epoch], |row| row.get(0)).unwrap();
    EpochKey { epoch: epoch.parse().unwrap(), key: gapura_model::Secret::new(secret.try_into().unwrap()) }
}

fn switch(world: &World, on: bool) {
    let document =
        site("Galeri Internet Sinjai").replacen("contact =", &format!("nat-attribution = {on}\ncontact ="), 1);
    world.staff_with_file(&["site", "set", SITE], &document);
}

#[test]
fn the_port_a_server_saw_is_of_the_visit_that_had_it() {
    let mut world = World::serving("nat", 2);
    world.visitor(1);
    world.visitor(2);
    // Off: nothing is noted, and nothing is told.
    assert!(is_in(&one_tap(world.at(1))));
    world.until_packets(1, true);
    assert_eq!(world.ctl(&["status"])["nat"]["on"], false);
    arrives_from(&world, 1, 2);
    let visits = world.wait_for_visits("the first visit", |visits| visits.len() == 1);
    assert!(visits[0].get("nat").is_none_or(Value::is_null));
    assert_eq!(kept(&world), [vec![]]);

    // Switched on while it runs: it has a block from now on.
    switch(&world, true);
    world.wait("attribution", SOON, || (world.ctl(&["status"])["nat"]["held"] == 1).then_some(()));
    assert!(is_in(&one_tap(world.at(2))));
    world.until_packets(2, true);
    let seen: Vec<Vec<SocketAddr>> = [1, 2].map(|number| arrives_from(&world, number, 20)).into();
    let uses = world.wait("both visits with their ports", SOON, || {
        let uses = kept(&world);
        (uses.len() == 2 && uses.iter().all(|uses| uses.len() == 1)).then_some(uses)
    });
    let (one, other) = (&uses[0][0], &uses[1][0]);
    assert!(one.ports.last() < other.ports.first() || other.ports.last() < one.ports.first(), "{one:?} {other:?}");
    for (of, seen) in [one, other].into_iter().zip(&seen) {
        println!("ports {} of the visit, seen {:?}", of.ports, seen.iter().map(SocketAddr::port).collect::<Vec<_>>());
        assert!(seen.iter().all(|from| of.ports.holds(from.port())), "{of:?} {seen:?}");
        // The address is told by its pseudonym alone, which leads back only by the month's key.
        let std::net::IpAddr::V4(address) = seen[0].ip() else { panic!("{seen:?}") };
        let epoch = of.address.to_string();
        assert_eq!(of.address, key(&world, epoch.split(':').nth(1).unwrap()).ipv4(address));
        assert!(!of.behind && of.until.is_none());
    }
    assert!(world.passes(1, Family::V6), "IPv6 goes as before");

    // A router that dies keeps who has what.
    world.kill_router();
    world.start_router();
    world.wait_until_serving();
    world.until_packets(1, true);
    assert_eq!(world.ctl(&["status"])["nat"]["held"], 2);
    assert!(arrives_from(&world, 1, 10).iter().all(|from| one.ports.holds(from.port())));

    // What has ended keeps its ports in the log; the device that comes back has its block again.
    log_out(world.at(2));
    world.wait("the block to be free", SOON, || (world.ctl(&["status"])["nat"]["held"] == 1).then_some(()));
    assert!(is_in(&one_tap(world.at(2))));
    world.until_packets(2, true);
    assert!(arrives_from(&world, 2, 10).iter().all(|from| other.ports.holds(from.port())));
    let again = world.wait("the third visit", SOON, || {
        let uses = kept(&world);
        (uses.len() == 3 && uses[2].len() == 1).then_some(uses)
    });
    assert_eq!((&again[1][0].ports, &again[2][0].ports), (&other.ports, &other.ports));

    // Off again: told until when, and any port.
    switch(&world, false);
    world.wait("the end", SOON, || (world.ctl(&["status"])["nat"]["on"] == false).then_some(()));
    let ended = world.wait("the end of uses", Duration::from_secs(30), || {
        let uses = kept(&world);
        (uses.iter().filter(|uses| uses[0].until.is_some()).count() == 2).then_some(uses)
    });
    assert!(ended[1][0].until.is_none(), "that one had ended before");
    let ruleset = world.lab.gw().output("nft", &["-n", "list", "table", "inet", "gapura"]);
    assert!(ruleset.is_ok_and(|text| !text.contains("port_blocks")));
    assert!(arrives_from(&world, 1, 3).len() == 3 && NOBODYS > other.ports.last());
}
