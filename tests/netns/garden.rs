//! The walled garden by name: open at once, as far as the site says, and no further.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gapura_lab::addr::{LAN, port, server};
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::traffic::{Knock, knock, knock_udp};
use gapura_lab::visit::Family;
use gapura_wire::{Bundle, Garden};
use rustix::process::Signal;

use crate::stand::{SOON, admit, expect_refused, log, site, status, visitor_of, wait};

/// A garden name on upstream's server 1; what lies below it counts too.
const AGENCY: &str = "u1.dinas.example";
/// The same agency's other service, on a port of its own at the same address.
const SERVICE: &str = "u1.layanan.example";
/// A garden name whose owner's DNS leads inside.
const INWARD: &str = "dalam.example";
/// Upstream answers the inward names with these: an office's network, the gateway, another visitor, the uplink's subnet.
const INSIDE: [&str; 4] = ["ip-192-168-77-1", "ip-10-60-0-1", "ip-10-60-0-3", "ip-198-51-100-1"];

fn garden(to: &str, ports: &[u16]) -> Garden {
    Garden { to: to.parse().unwrap(), ports: ports.iter().copied().collect::<BTreeSet<u16>>() }
}

fn wish() -> SiteWish {
    let change = |bundle: &mut Bundle| {
        bundle.garden = vec![
            garden(AGENCY, &[]),
            garden(SERVICE, &[port::ECHO]),
            garden(INWARD, &[]),
            garden("10.60.0.3", &[80, 443]),
        ];
    };
    SiteWish { change: Some(change), ..SiteWish::default() }
}

/// How `to` answers visitor 1 over TCP.
fn tcp(site: &Site, to: IpAddr, port: u16) -> Knock {
    visitor_of(site, 1).ns().run(|| Ok(knock(SocketAddr::new(to, port), Duration::from_secs(2)).0)).unwrap()
}

/// How `to`'s QUIC answers visitor 1.
fn quic(site: &Site, to: IpAddr) -> Knock {
    let to = SocketAddr::new(to, port::HTTPS);
    visitor_of(site, 1).ns().run(|| knock_udp(to, Duration::from_secs(2)).map(|(seen, _)| seen)).unwrap()
}

/// What our resolver says to visitor 1, and how `port` there answers without a pause.
fn resolve_and_knock(site: &Site, name: &str, port: u16, family: Family) -> (IpAddr, Knock) {
    let visitor = visitor_of(site, 1);
    let to = visitor.resolve(name, port, family).unwrap_or_else(|error| panic!("{error}\n{}", log(site)));
    (to.ip(), tcp(site, to.ip(), port))
}

/// Who answers on port 80: upstream, or the captive portal.
fn web(site: &Site, to: IpAddr) -> bool {
    let asked = gapura_lab::http::Request::get("x.example", "/whoami", "lab");
    let reply = visitor_of(site, 1).request(SocketAddr::new(to, 80), &asked).unwrap();
    reply.status == 200 && reply.text().trim().parse::<IpAddr>().is_ok()
}

fn of(number: u8, family: Family) -> IpAddr {
    let (v4, v6) = server(number);
    if family == Family::V4 { v4.into() } else { v6.into() }
}

fn expect_agency_open(site: &Site, name: &str) {
    for family in Family::BOTH {
        for port in [port::HTTPS, port::HTTP] {
            let (to, seen) = resolve_and_knock(site, name, port, family);
            assert_eq!((to, seen), (of(1, family), Knock::Open), "{name} {port} over {family}\n{}", log(site));
        }
        assert!(web(site, of(1, family)), "upstream's page, not the portal's, over {family}");
        assert_eq!(quic(site, of(1, family)), Knock::Open, "QUIC over {family}");
    }
}

#[test]
fn a_garden_name_is_open_before_login_and_opens_nothing_else() {
    let site = site("garden", 2, wish());
    // Before anybody asked, its address is as closed as any.
    for family in Family::BOTH {
        assert_eq!(tcp(&site, of(1, family), port::HTTPS), Knock::Refused, "{family}");
    }
    // A name of the same address that is in nobody's garden opens nothing.
    for family in Family::BOTH {
        assert_eq!(resolve_and_knock(&site, "u1.lain.example", port::HTTPS, family).1, Knock::Refused, "{family}");
    }
    expect_agency_open(&site, AGENCY);
    for family in Family::BOTH {
        for closed in [port::ECHO, port::NUMBERED] {
            assert_eq!(tcp(&site, of(1, family), closed), Knock::Refused, "port {closed} over {family}");
        }
        let (to, seen) = resolve_and_knock(&site, "u2.lain.example", port::HTTPS, family);
        assert_eq!((to, seen), (of(2, family), Knock::Refused), "another name's address over {family}");
    }
    // The other service has the same address: its port comes on top.
    for family in Family::BOTH {
        let (to, seen) = resolve_and_knock(&site, SERVICE, port::ECHO, family);
        assert_eq!((to, seen), (of(1, family), Knock::Open), "{family}\n{}", log(&site));
        assert_eq!(tcp(&site, of(1, family), port::NUMBERED), Knock::Refused, "{family}");
    }
    // Everything else is as before, also for the one who goes there.
    expect_refused(&site, 1);
}

#[test]
fn names_below_a_garden_name_are_open_the_first_time_they_are_asked_for() {
    let mut wish = wish();
    wish.change = Some(|bundle| bundle.garden = vec![garden("dinas.example", &[])]);
    let site = site("below", 1, wish);
    expect_agency_open(&site, AGENCY);
    // The answer leaves after the kernel has it: each of these is the first of its address.
    for name in ["u2.dinas.example", "u3.a.b.dinas.example", "u0.dinas.example"] {
        for family in Family::BOTH {
            let (to, seen) = resolve_and_knock(&site, name, port::HTTPS, family);
            assert_eq!(seen, Knock::Open, "{name} at {to}\n{}", log(&site));
        }
    }
    assert_eq!(visitor_of(&site, 1).resolve("bukandinas.example", 443, Family::V4).unwrap().ip(), of(0, Family::V4));
}

#[test]
fn a_garden_name_that_leads_inside_opens_nothing() {
    let site = site("inward", 2, wish());
    // The office's server is there, and the router itself reaches it.
    site.lab()
        .internet()
        .nft(
            "add table inet inward
             add chain inet inward pre { type nat hook prerouting priority -100; policy accept; }
             add rule inet inward pre ip daddr 192.168.77.1 dnat ip to 203.0.113.10
             add rule inet inward pre ip6 daddr fd00::c0a8:4d01 dnat ip6 to 2001:db8:203::10\n",
        )
        .unwrap();
    let office: [IpAddr; 2] = ["192.168.77.1".parse().unwrap(), "fd00::c0a8:4d01".parse().unwrap()];
    for address in office {
        let to = SocketAddr::new(address, port::HTTPS);
        let seen = site.lab().gw().run(|| Ok(knock(to, Duration::from_secs(2)).0)).unwrap();
        assert_eq!(seen, Knock::Open, "the router to {to}");
    }
    for (name, family) in INSIDE.iter().flat_map(|name| Family::BOTH.map(|family| (name, family))) {
        let name = format!("{name}.{INWARD}");
        let to = visitor_of(&site, 1).resolve(&name, port::HTTPS, family).unwrap().ip();
        assert_ne!(tcp(&site, to, port::HTTPS), Knock::Open, "{name} at {to}");
        assert_ne!(quic(&site, to), Knock::Open, "{name} at {to}");
    }
    for (set, inside) in [("garden4", ["192.168.", "10.60."]), ("garden6", ["fd00:", "::ffff:"])] {
        let opened = site.lab().gw().output("nft", &["list", "set", "inet", "gapura", set]).unwrap();
        assert!(!inside.iter().any(|inside| opened.contains(inside)), "{opened}");
    }
    // Nor for one who is online.
    admit(&site, 1, &[]);
    for address in office {
        assert_eq!(tcp(&site, address, port::HTTPS), Knock::Refused, "{address}");
    }
    // The router's other addresses do not answer a visitor; its own on the bridge does.
    let ping = |to: &str| visitor_of(&site, 1).ns().output("busybox", &["ping", "-c1", "-W1", to]).is_ok();
    assert!(ping(&LAN.0.to_string()), "the gateway on the visitors' bridge");
    let (wan, management) = (gapura_lab::addr::WAN0.far4.to_string(), gapura_lab::addr::MGMT.0.to_string());
    assert!(!ping(&wan) && !ping(&management), "the router's other addresses");
}

#[test]
fn the_garden_outlives_hours_and_faults_and_ends_with_the_bundle() {
    let hidden = ["--without", "owner", "--without", "persist"];
    let wish = SiteWish { gateway_arguments: hidden.map(str::to_owned).into(), ..wish() };
    let mut site = site("gardens", 1, wish);
    expect_agency_open(&site, AGENCY);

    site.ctl(&["hours", "--close-in", "1s", "--reason", "uji"]).unwrap();
    wait(&format!("closing\n{}", log(&site)), SOON, || (status(&site)["hours"]["open"] == false).then_some(()));
    expect_agency_open(&site, AGENCY);
    expect_refused(&site, 1);

    // All that names opened is gone with the table. The resolver has the answers still, and opens them again.
    site.lab().gw().nft("delete table inet gapura\n").unwrap();
    wait(&format!("the repair\n{}", log(&site)), SOON, || {
        status(&site)["kernel"]["repairs"].as_u64().filter(|n| *n > 0)
    });
    expect_agency_open(&site, AGENCY);

    // A restart keeps what names opened: nobody has to ask again.
    site.gateway_mut().kill();
    site.restart_gateway().unwrap();
    for family in Family::BOTH {
        assert_eq!(tcp(&site, of(1, family), port::HTTPS), Knock::Open, "{family}\n{}", log(&site));
    }

    // Another garden: what only the former one had closes at once, with answers for it still in the visitors' memory.
    let file = site.gateway_dir().join("site.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(AGENCY, "u2.dinas.example")).unwrap();
    site.gateway_mut().send(Signal::HUP);
    for family in Family::BOTH {
        wait(&format!("the former garden to close over {family}\n{}", log(&site)), SOON, || {
            (tcp(&site, of(1, family), port::HTTPS) == Knock::Refused).then_some(())
        });
        assert_eq!(resolve_and_knock(&site, AGENCY, port::HTTPS, family).1, Knock::Refused, "{family}");
        let (to, seen) = resolve_and_knock(&site, "u2.dinas.example", port::HTTPS, family);
        assert_eq!((to, seen), (of(2, family), Knock::Open), "{family}\n{}", log(&site));
        assert_eq!(resolve_and_knock(&site, SERVICE, port::ECHO, family).1, Knock::Open, "a name of both, {family}");
    }
    // And yet another one while the gateway is dead.
    site.gateway_mut().kill();
    fs::write(&file, text.replace(AGENCY, "u3.dinas.example")).unwrap();
    site.restart_gateway().unwrap();
    for family in Family::BOTH {
        assert_eq!(tcp(&site, of(2, family), port::HTTPS), Knock::Refused, "{family}\n{}", log(&site));
        let (to, seen) = resolve_and_knock(&site, "u3.dinas.example", port::HTTPS, family);
        assert_eq!((to, seen), (of(3, family), Knock::Open), "{family}\n{}", log(&site));
    }
}
