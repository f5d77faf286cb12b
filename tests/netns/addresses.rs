//! Who lends the visitors' addresses: we ourselves, the router's own server, or somebody else's on the same network.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::time::Duration;

use gapura_lab::addr::LAN;
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::lab::dnsmasq;
use gapura_lab::traffic::{Knock, knock};
use gapura_lab::visit::static_address;
use gapura_lab::{Lab, LabError};

use crate::stand::{SOON, expect_online, expect_refused, lab, log, one_tap, start, status, visitor_of, wait};

/// Longer than four tries of a client that gets no answer.
const NO_ANSWER: Duration = Duration::from_secs(5);

/// A DHCP server that is not ours; its files in a directory of its own.
fn other_server(lab: &mut Lab, number: Option<u16>) {
    let dir = lab.dir().join("other-dhcp");
    fs::create_dir_all(&dir).unwrap();
    let (ns, card) = match number {
        None => (lab.gw(), "br-lan"),
        Some(number) => (lab.visitor(number).unwrap().ns(), "eth0"),
    };
    let range = "10.60.2.10,10.60.2.90,255.255.252.0,1h";
    let server = dnsmasq(ns, card, range, (LAN.0, LAN.0), &dir).unwrap();
    lab.adopt(server);
}

fn lent_by_other(site: &Site, number: u16) -> bool {
    let lease = visitor_of(site, number).lease().unwrap();
    assert_eq!((lease.router, lease.dns.first()), (LAN.0, Some(&LAN.0)), "{lease:?}");
    assert_eq!(lease.portal, None, "nobody told that server of a portal");
    (Ipv4Addr::new(10, 60, 2, 10)..=Ipv4Addr::new(10, 60, 2, 90)).contains(&lease.address)
}

/// Ours would have written both.
fn ours_runs(site: &Site) -> bool {
    let dir = site.gateway_dir();
    dir.join("run/dnsmasq.conf").exists() || dir.join("data/leases").exists()
}

#[test]
fn the_routers_own_server_lends_and_ours_does_not_start() {
    let mut lab = lab("router", 2, |_| {});
    other_server(&mut lab, None);
    let site = start(lab, SiteWish { lan_lines: "dhcp = \"router\"\n".into(), ..SiteWish::default() });
    assert!(!ours_runs(&site), "{}", log(&site));
    for number in [1, 2] {
        assert!(lent_by_other(&site, number));
        expect_refused(&site, number);
    }
    one_tap(&site, 1);
    expect_online(&site, 1);
    expect_refused(&site, 2);
}

#[test]
fn somebody_elses_server_behind_a_trusted_port_lends_and_no_other_does() {
    // Visitor 3 is the site's own DHCP server; visitor 2 will pretend to be one.
    let mut lab = lab("foreign", 3, |_| {});
    for (number, address) in [(3, Ipv4Addr::new(10, 60, 2, 2)), (2, Ipv4Addr::new(10, 60, 3, 2))] {
        static_address(lab.visitor(number).unwrap().ns(), address, LAN.1, LAN.0).unwrap();
    }
    other_server(&mut lab, Some(3));
    let lan_lines = "dhcp = \"foreign\"\ntrusted_ports = [\"p3\"]\n".into();
    let wish = SiteWish { lan_lines, gateway_lines: "trust_clock = true\n".into(), alone: true, ..SiteWish::default() };
    let mut site = Site::start(lab, crate::stand::program(), &wish).unwrap_or_else(|error| panic!("{error}"));
    assert!(!ours_runs(&site), "{}", log(&site));
    crate::stand::join(&mut site, 1);
    assert!(lent_by_other(&site, 1));
    expect_refused(&site, 1);
    one_tap(&site, 1);
    expect_online(&site, 1);
    // The site's own machine can be reached; another visitor cannot.
    for (number, expected) in [(3, true), (2, false)] {
        let address = visitor_of(&site, number).ns().addresses("eth0").unwrap()[0];
        let listening = visitor_of(&site, number)
            .ns()
            .run(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 5000)).map_err(LabError::io("listen")));
        let seen =
            visitor_of(&site, 1).ns().run(|| Ok(knock((address, 5000).into(), Duration::from_secs(2)).0)).unwrap();
        assert_eq!(seen == Knock::Open, expected, "visitor {number}: {seen:?}");
        drop(listening);
    }
    // A false server's words do not leave its port, and are counted.
    assert_eq!(status(&site)["tallies"]["rogue-dhcp"], 0);
    let offer = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 67)).map_err(LabError::io("be a DHCP server"))?;
        socket.set_broadcast(true).map_err(LabError::io("broadcast"))?;
        socket.send_to(&[2; 300], (Ipv4Addr::BROADCAST, 68)).map_err(LabError::io("offer"))
    };
    visitor_of(&site, 2).ns().run(offer).unwrap();
    wait("the false server to be counted", SOON, || (status(&site)["tallies"]["rogue-dhcp"] == 1).then_some(()));
}

#[test]
fn a_pool_without_an_address_left_is_an_alert() {
    // Room for five visitors, and six come.
    let lab = lab("pool", 6, |_| {});
    let wish = SiteWish { gateway_lines: "trust_clock = true\n".into(), alone: true, ..SiteWish::default() };
    let mut site = Site::start(lab, crate::stand::program(), &wish).unwrap_or_else(|error| panic!("{error}"));
    let file = site.gateway_dir().join("gateway.toml");
    let text = fs::read_to_string(&file).unwrap();
    let whole = format!("address = \"{}/{}\"", LAN.0, LAN.1);
    assert!(text.contains(&whole), "{text}");
    fs::write(&file, text.replace(&whole, &format!("address = \"{}/29\"", LAN.0))).unwrap();
    site.restart_gateway().unwrap();
    assert_eq!(status(&site)["alerts"], serde_json::json!([]));
    for number in 1..=5 {
        site.lab_mut().visitor_mut(number).unwrap().join(SOON).unwrap_or_else(|error| panic!("{error}"));
    }
    wait(&format!("the alert\n{}", log(&site)), SOON, || {
        let alerts = status(&site)["alerts"].clone();
        alerts.as_array().unwrap().iter().any(|alert| alert.as_str().unwrap().contains("no address")).then_some(())
    });
    assert_eq!(log(&site).matches("no address for another visitor is left").count(), 1, "said once\n{}", log(&site));
    assert!(site.lab_mut().visitor_mut(6).unwrap().join(NO_ANSWER).is_err(), "there was an address for the sixth");
    // Whoever has one is served.
    one_tap(&site, 5);
    wait("visitor 5 online", SOON, || {
        (crate::stand::tcp(&site, 5, gapura_lab::visit::Family::V4) == Knock::Open).then_some(())
    });
}
