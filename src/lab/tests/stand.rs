//! The lab with real parts and without our daemons: it comes up and goes, visitors get addresses, packets pass.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests, outside of test functions")]

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use gapura_lab::addr::{self, port};
use gapura_lab::clock::wait_for;
use gapura_lab::lab::dnsmasq;
use gapura_lab::probe::{PROBES, Seen};
use gapura_lab::screen::{Behind, Screen};
use gapura_lab::traffic::{self, Knock};
use gapura_lab::visit::{Family, static_address};
use gapura_lab::{DhcpClient, Lab, LabError, LabName, LabSpec, Room, WanMode, counters, dns, home};

const SOON: Duration = Duration::from_secs(15);

/// A test of its own process inside a user namespace sets this as its filter's suffix.
fn room() -> Room {
    Room::enter().expect("these tests run as root, or are started again inside a user namespace by the first of them")
}

fn spec(name: &str, visitors: u16) -> LabSpec {
    LabSpec::new(format!("{name}-{}", std::process::id()).parse().unwrap(), visitors)
}

/// What an operator's sysctl and nft would do on a box without a gateway program.
fn forward_plainly(lab: &Lab) {
    lab.gw()
        .nft(
            "add table inet plain
             add chain inet plain post { type nat hook postrouting priority 100; policy accept; }
             add rule inet plain post oifname wan0 meta nfproto ipv4 masquerade\n",
        )
        .unwrap();
}

fn namespaces() -> Vec<String> {
    let dir = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    dir.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn it_comes_up_and_goes_twice_and_leaves_nothing() {
    let room = room();
    let wanted = spec("twice", 2);
    let root = home::root(room, Room::outer_uid());
    for _ in 0..2 {
        let lab = Lab::up(room, wanted.clone()).unwrap();
        assert_eq!(home::standing(&root, &wanted.name).unwrap().namespaces.len(), 6);
        assert!(matches!(Lab::up(room, wanted.clone()), Err(LabError::Stands { .. })));
        assert!(lab.role("visitor2").is_ok() && lab.role("visitor3").is_err());
        drop(lab);
        let prefix = format!("{}-", wanted.name);
        assert_eq!(namespaces().into_iter().filter(|name| name.starts_with(&prefix)).count(), 0);
        assert!(!root.join(String::from(wanted.name.clone())).exists());
    }
}

#[test]
fn it_comes_up_and_goes_inside_a_user_namespace() {
    if room() == Room::User {
        return it_comes_up_and_goes_twice_and_leaves_nothing();
    }
    Room::possible().unwrap();
    let own = std::env::current_exe().unwrap();
    for name in [
        "it_comes_up_and_goes_twice_and_leaves_nothing",
        "visitors_get_leases_from_a_plain_dnsmasq_with_three_real_clients",
        "upstream_is_reached_when_plain_forwarding_is_set",
    ] {
        let output = Room::again(&own).args([name, "--exact", "--test-threads=1"]).output().unwrap();
        let words = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && words.contains("1 passed"), "{name}: {words}");
    }
}

#[test]
fn visitors_get_leases_from_a_plain_dnsmasq_with_three_real_clients() {
    let mut wanted = spec("lease", 3);
    wanted.clients = vec![DhcpClient::Udhcpc, DhcpClient::Dhclient, DhcpClient::Dhcpcd];
    let mut lab = Lab::up(room(), wanted).unwrap();
    let dir = lab.dir().join("gw");
    let server = dnsmasq(lab.gw(), "br-lan", "10.60.0.100,10.60.0.120,30m", (addr::LAN.0, addr::DNS.0), &dir).unwrap();
    lab.adopt(server);
    forward_plainly(&lab);
    for number in 1..=3 {
        let visitor = lab.visitor_mut(number).unwrap();
        let lease = visitor.join(SOON).unwrap_or_else(|error| panic!("visitor {number}: {error}"));
        assert_eq!((lease.router, lease.dns.first()), (addr::LAN.0, Some(&addr::DNS.0)), "visitor {number}");
        assert_eq!(lease.seconds, Some(1800), "visitor {number}");
        let answer = visitor.look_up("www.contoh.example", dns::kind::A).unwrap();
        assert_eq!(answer.addresses(), [addr::SERVER4]);
        // A system program uses the same resolver through its own resolv.conf.
        let page = visitor.ns().output("curl", &["-s", "--max-time", "5", "http://u1.contoh.example/"]).unwrap();
        assert!(page.contains("lab server 1"), "{page}");
    }
    let first = lab.visitor_mut(1).unwrap();
    let (old, mac) = (first.lease().unwrap().address, gapura_lab::addr::visitor_mac(400));
    first.leave().unwrap();
    first.change_mac(mac).unwrap();
    let new = first.join(SOON).unwrap().address;
    assert_ne!(old, new, "another hardware address is another device");
}

#[test]
fn upstream_is_reached_when_plain_forwarding_is_set() {
    let mut wanted = spec("reach", 2);
    wanted.wan = WanMode::Dhcp;
    let lab = Lab::up(room(), wanted).unwrap();
    forward_plainly(&lab);
    let (prefix, _) = addr::DELEGATED;
    for visitor in lab.visitors() {
        let number = visitor.number();
        static_address(visitor.ns(), [10, 60, 0, 9 + u8::try_from(number).unwrap()].into(), 22, addr::LAN.0).unwrap();
        visitor
            .ns()
            .ip_batch(&format!("addr add {prefix}{number}0/64 dev eth0\nroute add default via {prefix}1"))
            .unwrap();
    }
    lab.gw().ip_batch(&format!("addr add {prefix}1/64 dev br-lan")).unwrap();
    let visitor = lab.visitor(1).unwrap();
    for family in Family::BOTH {
        let server = family.server();
        let to = |port| SocketAddr::new(server, port);
        assert_eq!(visitor.ns().run(|| Ok(traffic::knock(to(port::HTTPS), SOON))).unwrap().0, Knock::Open);
        assert_eq!(visitor.ns().run(|| traffic::knock_udp(to(port::ECHO), SOON)).unwrap().0, Knock::Open);
        for probe in PROBES {
            let request = gapura_lab::http::Request::get(probe.host, probe.path, probe.user_agent);
            let reply = visitor.request(to(port::HTTP), &request).unwrap();
            assert_eq!(probe.takes(&reply), Seen::Online, "{}", probe.system);
        }
        let who = visitor.request(to(80), &gapura_lab::http::Request::get("x.example", "/whoami", "lab")).unwrap();
        let seen: IpAddr = who.text().trim().parse().unwrap();
        assert_eq!(
            seen == IpAddr::from(addr::WAN0.far4),
            family == Family::V4,
            "IPv4 masqueraded, IPv6 routed: {seen}"
        );
        let before = (counters::read(visitor.ns()).unwrap(), counters::read(lab.internet()).unwrap());
        let down = visitor.ns().run(|| traffic::download(server, 3_000_000, SOON)).unwrap();
        let up = visitor.ns().run(|| traffic::upload(server, 1_000_000, SOON)).unwrap();
        assert_eq!((down.bytes, up.bytes), (3_000_000, 1_000_000));
        let bytes = wait_for("all segments to arrive", SOON, || {
            let here = counters::read(visitor.ns())?.since(before.0);
            let there = counters::read(lab.internet())?.since(before.1);
            Ok(((here.received, here.sent) == (there.sent, there.received)).then_some(here))
        });
        assert!(bytes.unwrap().received > 3_000_000, "IP bytes hold headers too");
    }
    let (stream, udp) =
        (traffic::numbered_stream(visitor.ns(), addr::SERVER6), traffic::datagrams(visitor.ns(), addr::SERVER4));
    let (stream, udp) = (stream.unwrap(), udp.unwrap());
    let outsider = traffic::outsider(lab.visitor(2).unwrap().ns(), vec![addr::SERVER4]).unwrap();
    let sent_before = lab.upstream().seen().connections.load(std::sync::atomic::Ordering::Relaxed);
    wait_for("some traffic", SOON, || {
        let now = lab.upstream().seen().connections.load(std::sync::atomic::Ordering::Relaxed);
        Ok((now > sent_before + 30).then_some(()))
    })
    .unwrap();
    let (stream, udp, outside) = (stream.stop().unwrap(), udp.stop().unwrap(), outsider.stop().unwrap());
    assert!(stream.in_order && stream.arrived > 10 && stream.broken.is_none(), "{stream:?}");
    assert!(udp.arrived > 10 && udp.longest_gap < Duration::from_secs(3), "{udp:?}");
    assert!(outside.got_through > outside.tried / 2, "nothing keeps the outsider out here: {outside:?}");
}

#[test]
fn names_are_answered_over_udp_and_tcp() {
    let lab = Lab::up(room(), spec("names", 0)).unwrap();
    let ask = |name: &str, kind| {
        lab.ctl().run(|| dns::ask(SocketAddr::from((addr::DNS.1, 53)), name, kind, Duration::from_secs(3)))
    };
    assert_eq!(ask("dns.msftncsi.com", dns::kind::A).unwrap().addresses(), [IpAddr::from([131, 107, 255, 255])]);
    assert_eq!(ask("gone.contoh.example", dns::kind::A).unwrap().rcode, 3);
    assert_eq!(ask("big.contoh.example", dns::kind::TXT).unwrap().records.len(), 8, "asked again over TCP");
    assert_eq!(ask("ttl7.contoh.example", dns::kind::AAAA).unwrap().records[0].0, 7);
    assert_eq!(lab.upstream().seen().asked("ttl7.contoh.example"), 1);
}

#[test]
fn a_screen_shows_a_page_from_inside_with_its_links_turned_round() {
    let lab = Lab::up(room(), spec("screen", 0)).unwrap();
    let host = addr::SERVER4.to_string();
    let behind = Behind { to: SocketAddr::new(addr::SERVER4, 80), host: host.clone() };
    let screen = Screen::open(lab.ctl(), behind, 0).unwrap();
    let own = screen.url();
    let (name, port, _) = gapura_lab::http::split_url(&own).unwrap();
    let to = SocketAddr::new(name.parse().unwrap(), port);
    let request = gapura_lab::http::Request::get(&format!("{name}:{port}"), &format!("/http://{host}/x"), "lab");
    let reply = gapura_lab::http::exchange(to, None, &request, SOON).unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains(&format!("/{own}x")), "{}", reply.text());
}

#[test]
fn after_kill_9_the_next_start_removes_what_was_left() {
    // As an ordinary user the kernel does it: see the test with a user namespace.
    let room = room();
    let root = home::root(room, Room::outer_uid());
    let name: LabName = format!("crash-{}", std::process::id()).parse().unwrap();
    let own = std::env::current_exe().unwrap();
    let mut victim = Command::new(own)
        .args(["--exact", "helper_stands_until_killed", "--nocapture"])
        .env("GAPURA_LAB_CRASH", String::from(name.clone()))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let record =
        wait_for("the lab that will crash", SOON, || Ok(home::standing(&root, &name).ok().filter(|lab| lab.ready)));
    let record = record.unwrap();
    victim.kill().unwrap();
    victim.wait().unwrap();
    let client = fs::read_to_string(root.join(String::from(name.clone())).join("v1/client.pid")).unwrap();
    wait_for("the DHCP client to die with its lab", SOON, || {
        Ok((!Path::new(&format!("/proc/{}", client.trim())).exists()).then_some(()))
    })
    .unwrap();
    let lab = Lab::up(room, spec("after", 0)).unwrap();
    let left: Vec<_> = namespaces().into_iter().filter(|left| record.namespaces.contains(left)).collect();
    assert_eq!(left, Vec::<String>::new());
    assert!(!root.join(String::from(name)).exists());
    drop(lab);
}

/// Not a test by itself: the process that the test before kills.
#[test]
fn helper_stands_until_killed() {
    #[expect(clippy::disallowed_methods, reason = "the one word the killing test has for its victim")]
    let Ok(name) = std::env::var("GAPURA_LAB_CRASH") else { return };
    let mut lab = Lab::up(room(), LabSpec::new(name.parse().unwrap(), 1)).unwrap();
    let dir = lab.dir().join("gw");
    let server = dnsmasq(lab.gw(), "br-lan", "10.60.0.100,10.60.0.120,30m", (addr::LAN.0, addr::DNS.0), &dir).unwrap();
    lab.adopt(server);
    lab.visitor_mut(1).unwrap().join(SOON).unwrap();
    lab.declare_ready().unwrap();
    std::thread::sleep(Duration::from_mins(1));
}
