//! Interfaces, addresses, routes, changes, overlaps, settings.

use std::net::IpAddr;

use gapura_kernel::net::{Change, Groups, NetError, Route, Watch, sysctl};
use gapura_model::IfName;

use crate::lab::Lab;

fn name(text: &str) -> IfName {
    text.parse().unwrap()
}

#[test]
fn interfaces_addresses_and_routes_are_as_they_were_made() {
    let lab = Lab::new("links");
    lab.gateway(|| {
        let mut route = Route::open().unwrap();
        let links = route.links().unwrap();
        let bridge = links.iter().find(|link| link.name == name("br-lan")).unwrap();
        assert!(bridge.is_bridge() && bridge.up && bridge.running);
        assert_eq!(bridge.mtu, 1500);
        let port = route.link(&name("lan1")).unwrap();
        assert_eq!((port.master, port.kind.as_deref(), port.isolated), (Some(bridge.index), Some("veth"), Some(false)));
        assert!(port.mac.is_some());
        assert_eq!(route.ports(bridge.index).unwrap().len(), 2);
        assert!(route.find_link(&name("nowhere")).unwrap().is_none());
        assert!(matches!(route.link(&name("nowhere")), Err(NetError::NoSuchLink(_))));

        let addresses: Vec<_> =
            route.addresses_of(bridge.index).unwrap().iter().map(|a| (a.ip.to_string(), a.prefix)).collect();
        assert!(addresses.contains(&("10.7.0.1".to_owned(), 24)) && addresses.contains(&("fd07::1".to_owned(), 64)));

        let wan = route.link(&name("wan0")).unwrap().index;
        let defaults = route.default_routes().unwrap();
        for (v6, gateway) in [(false, "198.51.100.1"), (true, "2001:db8:100::1")] {
            let gateway: IpAddr = gateway.parse().unwrap();
            assert!(
                defaults.iter().any(|way| way.link == wan && way.v6 == v6 && way.gateway == Some(gateway)),
                "{defaults:?}"
            );
        }
    });
}

#[test]
fn an_address_is_added_and_removed_twice_without_complaint() {
    let lab = Lab::new("addr");
    lab.gateway(|| {
        let mut route = Route::open().unwrap();
        let bridge = route.link(&name("br-lan")).unwrap().index;
        for (address, prefix) in [("10.99.0.1", 16), ("fd99::1", 64)] {
            let ip: IpAddr = address.parse().unwrap();
            for _ in 0..2 {
                route.add_address(bridge, ip, prefix).unwrap();
            }
            let found = route.addresses_of(bridge).unwrap().into_iter().find(|a| a.ip == ip).unwrap();
            assert_eq!((found.prefix, found.tentative), (prefix, false));
            for _ in 0..2 {
                route.remove_address(bridge, ip, prefix).unwrap();
            }
            assert!(!route.addresses_of(bridge).unwrap().iter().any(|a| a.ip == ip));
        }
    });
}

#[test]
fn an_uplink_with_the_visitors_subnet_is_noticed() {
    let lab = Lab::new("over");
    lab.gateway(|| {
        let mut route = Route::open().unwrap();
        let (lans, uplinks) = ([name("br-lan")], [name("wan0"), name("not-there")]);
        assert_eq!(route.find_overlaps(&lans, &uplinks).unwrap(), []);
        let index = route.link(&name("wan0")).unwrap().index;
        for (address, prefix) in [("10.7.0.200", 16), ("fd07::200", 64)] {
            route.add_address(index, address.parse().unwrap(), prefix).unwrap();
        }
        let found = route.find_overlaps(&lans, &uplinks).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|overlap| overlap.lan == name("br-lan") && overlap.uplink == name("wan0")));
    });
}

#[test]
fn changes_are_heard_and_a_waker_ends_the_listening() {
    let lab = Lab::new("watch");
    lab.gateway(|| {
        let mut watch = Watch::open(Groups { neighbours: false, ..Groups::ALL }).unwrap();
        let waker = watch.waker();
        let mut route = Route::open().unwrap();
        let bridge = route.link(&name("br-lan")).unwrap().index;
        let ip: IpAddr = "10.98.0.1".parse().unwrap();
        route.add_address(bridge, ip, 24).unwrap();
        route.remove_address(bridge, ip, 24).unwrap();
        route.set_up(&name("wan0"), false).unwrap();
        waker.wake();
        let mut heard = (false, false, false, false, false);
        while heard != (true, true, true, true, true) {
            match watch.next().unwrap().unwrap() {
                Change::Address(address) if address.ip == ip => heard.0 = true,
                Change::AddressGone(address) if address.ip == ip => heard.1 = true,
                Change::Link(link) if link.name == name("wan0") && !link.up => heard.2 = true,
                Change::Routes => heard.3 = true,
                Change::Woken => heard.4 = true,
                _ => {}
            }
        }
        waker.stop();
        assert!(watch.next().is_none());
    });
}

#[test]
fn settings_of_a_gateway_are_found_and_set() {
    let lab = Lab::new("sysctl");
    lab.sh("gw", "echo 0 >/proc/sys/net/ipv4/ip_forward");
    lab.gateway(|| {
        let sizes = sysctl::Sizes { devices: 200, flows_per_device: 300, memory: 512 << 20 };
        let wanted = || sysctl::settings(&[name("br-lan")], &[name("wan0")], &sizes).unwrap();
        let before = wanted();
        let forward = before.iter().find(|setting| setting.name == "net.ipv4.ip_forward").unwrap();
        assert!(!forward.is_right() && forward.ours);
        let left = sysctl::apply(&before);
        let after = wanted();
        assert!(after.iter().find(|setting| setting.name == "net.ipv4.ip_forward").unwrap().is_right());
        for name in ["net.ipv4.conf.br-lan.send_redirects", "net.ipv6.conf.wan0.accept_ra"] {
            let setting = after.iter().find(|setting| setting.name == name).unwrap();
            assert!(setting.found.is_some() && setting.is_right(), "{setting:?}");
        }
        for (setting, why) in left {
            assert!(!why.is_empty() && !setting.effect.is_empty());
            assert!(!after.iter().any(|now| now.name == setting.name && now.is_right()), "{setting:?} {why}");
        }
        assert!(sysctl::read("net.nowhere").unwrap().is_none());
    });
}
