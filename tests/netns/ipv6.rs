//! What the upstream gives over IPv6, and what visitors are told when it changes.

use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use gapura_lab::Ipv6Mode;
use gapura_lab::addr::{DELEGATED, SERVER6, WAN0};
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::http::Request;
use gapura_lab::traffic::Knock;
use gapura_lab::visit::Family;
use gapura_lab::visit::advert::Advertisement;

use crate::stand::{SOON, admit, expect_refused, lab, log, start, tcp, visitor_of, wait};

fn stand(name: &str, mode: Ipv6Mode) -> Site {
    start(lab(name, 1, |spec| spec.ipv6 = mode), SiteWish::default())
}

fn advert(site: &Site) -> Advertisement {
    visitor_of(site, 1).advertisement(SOON).unwrap_or_else(|error| panic!("{error}\n{}", log(site)))
}

/// Visitor 1's addresses.
fn addresses(site: &Site) -> Vec<Ipv6Addr> {
    let all = visitor_of(site, 1).ns().addresses("eth0").unwrap();
    all.into_iter().filter_map(|one| if let IpAddr::V6(one) = one { Some(one) } else { None }).collect()
}

/// As whom upstream sees visitor 1 over IPv6.
fn seen_as(site: &Site) -> IpAddr {
    let reply = visitor_of(site, 1).request(SocketAddr::new(SERVER6, 80), &Request::get("x.example", "/whoami", "lab"));
    reply.unwrap().text().trim().parse().unwrap()
}

fn inside(address: Ipv6Addr, prefix: Ipv6Addr, length: u8) -> bool {
    let mask = u128::MAX << (128 - u32::from(length));
    address.to_bits() & mask == prefix.to_bits() & mask
}

#[test]
fn a_delegated_prefix_is_routed_and_a_former_one_withdrawn_at_once() {
    let mut site = stand("delegated", Ipv6Mode::Delegated);
    let told = advert(&site);
    assert!(told.lifetime > 0 && told.prefixes.len() == 1 && told.prefixes[0].autonomous, "{told:?}");
    let old = addresses(&site)[0];
    assert!(inside(old, DELEGATED.0, DELEGATED.1), "{old}");
    expect_refused(&site, 1);
    admit(&site, 1, &[]);
    assert_eq!(seen_as(&site), IpAddr::V6(old), "routed, not translated");

    // The provider delegates another one; the operating system's hook writes it down and starts the gateway again.
    let fresh = Ipv6Addr::new(0x2001, 0xdb8, 0x2000, 0, 0, 0, 0, 0);
    site.lab().internet().ip_batch(&format!("route add {fresh}/56 via {}", WAN0.far6)).unwrap();
    let file = site.gateway_dir().join("gateway.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(&format!("{}/56", DELEGATED.0), &format!("{fresh}/56"))).unwrap();
    site.restart_gateway().unwrap();
    let new = wait(&format!("an address of the new prefix\n{}", log(&site)), SOON, || {
        addresses(&site).into_iter().find(|one| inside(*one, fresh, 56))
    });
    let told = advert(&site);
    let former = told.prefixes.iter().find(|prefix| inside(prefix.address, DELEGATED.0, 56));
    assert!(former.is_some_and(|prefix| prefix.preferred == 0), "the former prefix is withdrawn: {told:?}");
    wait("the former address to be given up", SOON, || (!addresses(&site).contains(&old)).then_some(()));
    // The visit goes on: a device is known by its hardware address.
    assert_eq!(tcp(&site, 1, Family::V6), Knock::Open);
    assert_eq!(seen_as(&site), IpAddr::V6(new));
}

#[test]
fn with_only_one_network_a_private_one_is_translated_and_its_loss_is_told() {
    let site = stand("onenet", Ipv6Mode::OnlyOneNetwork);
    let told = advert(&site);
    assert!(told.lifetime > 0, "{told:?}");
    assert_eq!(addresses(&site)[0].octets()[0], 0xfd, "a unique local address: {:?}", addresses(&site));
    expect_refused(&site, 1);
    admit(&site, 1, &[]);
    assert_eq!(tcp(&site, 1, Family::V6), Knock::Open);
    assert_eq!(seen_as(&site), IpAddr::V6(WAN0.far6), "translated to the uplink's own address");

    // The uplink loses its address: no default router any more.
    let (far6, up6) = (WAN0.far6, WAN0.up6);
    site.lab().gw().ip_batch(&format!("addr del {far6}/64 dev wan0")).unwrap();
    wait(&format!("no default router\n{}", log(&site)), SOON, || (advert(&site).lifetime == 0).then_some(()));
    let routes = || visitor_of(&site, 1).ns().output("ip", &["-6", "route", "show", "default"]).unwrap();
    wait("the visitor to forget its default router", Duration::from_secs(5), || {
        routes().trim().is_empty().then_some(())
    });
    site.lab()
        .gw()
        .ip_batch(&format!("addr add {far6}/64 dev wan0\nroute replace default via {up6} dev wan0 metric 100"))
        .unwrap();
    wait(&format!("a default router again\n{}", log(&site)), SOON, || (advert(&site).lifetime > 0).then_some(()));
    wait("IPv6 again", SOON, || (tcp(&site, 1, Family::V6) == Knock::Open).then_some(()));
}

#[test]
fn without_ipv6_no_default_router_is_announced() {
    let site = stand("nosix", Ipv6Mode::Absent);
    admit(&site, 1, &[]);
    assert_eq!(tcp(&site, 1, Family::V4), Knock::Open);
    // Whatever is said, it is not "come to me for IPv6": a phone would wait for an Internet that is not there.
    if let Ok(told) = visitor_of(&site, 1).advertisement(Duration::from_secs(3)) {
        assert_eq!(told.lifetime, 0, "{told:?}");
    }
    let routes = visitor_of(&site, 1).ns().output("ip", &["-6", "route", "show", "default"]).unwrap();
    assert_eq!(routes.trim(), "");
}
