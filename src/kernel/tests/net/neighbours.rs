//! Who has which address, on which port; addresses that move; isolated ports.

use std::net::IpAddr;

use gapura_kernel::net::{Change, Groups, Moved, Moves, NeighState, NetFeatures, Route, Watch};
use gapura_model::{IfName, MacAddr, Uptime};

use crate::lab::{Lab, Reach, wait_until};

const C1: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 0x11]);
const C2: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 0x12]);

fn name(text: &str) -> IfName {
    text.parse().unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_visitor_that_spoke_is_known_by_both_families_and_by_its_port() {
    let lab = Lab::new("neigh");
    for own in ["10.7.0.1", "fd07::1"] {
        assert_eq!(lab.reach("c1", own), Reach::Answered);
    }
    lab.gateway(|| {
        let mut route = Route::open().unwrap();
        let bridge = route.link(&name("br-lan")).unwrap().index;
        let wan = route.link(&name("wan0")).unwrap().index;
        for ip in ["10.7.0.11", "fd07::11"] {
            assert_eq!(route.mac_of(&[wan, bridge], address(ip)).unwrap(), Some((bridge, C1)), "{ip}");
            assert_eq!(route.mac_of(&[wan], address(ip)).unwrap(), None, "{ip}");
        }
        assert_eq!(route.mac_of(&[bridge], address("10.7.0.99")).unwrap(), None);
        assert_eq!(route.mac_of(&[], address("10.7.0.11")).unwrap(), None);
        let rows = route.neighbours(bridge).unwrap();
        assert!(
            ["10.7.0.11", "fd07::11"]
                .iter()
                .all(|ip| rows.iter().any(|row| row.ip == address(ip) && row.mac == Some(C1)))
        );
        assert!(rows.iter().all(|row| row.link == bridge));

        let port = route.link(&name("lan1")).unwrap().index;
        assert_eq!(route.port_of(bridge, C1).unwrap().map(|row| row.port), Some(port));
        assert_eq!(route.port_of(bridge, MacAddr::new([2, 9, 9, 9, 9, 9])).unwrap(), None);
        assert!(route.fdb(bridge).unwrap().iter().any(|row| row.mac == C1 && row.port == port && !row.permanent));
    });
}

#[test]
fn a_probe_tells_the_present_from_the_absent() {
    let lab = Lab::new("probe");
    lab.gateway(|| {
        let mut route = Route::open().unwrap();
        let bridge = route.link(&name("br-lan")).unwrap().index;
        let present = [(address("10.7.0.11"), None), (address("fd07::12"), None), (address("10.7.0.12"), Some(C2))];
        let absent = (address("10.7.0.77"), None);
        route.probe(bridge, &present).unwrap();
        route.probe(bridge, &[absent]).unwrap();
        wait_until("all present devices answer", || {
            present.iter().all(|(ip, _)| {
                route.neighbour(bridge, *ip).unwrap().is_some_and(|row| row.state == NeighState::Reachable)
            })
        });
        wait_until("the absent device fails", || {
            route.neighbour(bridge, absent.0).unwrap().is_none_or(|row| row.state == NeighState::Failed)
        });
        route.forget_neighbour(bridge, address("10.7.0.11")).unwrap();
        route.forget_neighbour(bridge, address("10.7.0.11")).unwrap();
    });
}

#[test]
fn an_ip_and_a_mac_that_move_are_noticed() {
    let lab = Lab::new("theft");
    assert_eq!(lab.reach("c1", "10.7.0.1"), Reach::Answered);
    lab.gateway(|| {
        let mut watch = Watch::open(Groups { neighbours: true, ..Groups::default() }).unwrap();
        let mut route = Route::open().unwrap();
        let bridge = route.link(&name("br-lan")).unwrap().index;
        let (port1, port2) = (route.link(&name("lan1")).unwrap().index, route.link(&name("lan2")).unwrap().index);
        let mut moves = Moves::new();
        for row in route.neighbours(bridge).unwrap() {
            assert_eq!(moves.see_neighbour(&row), None);
        }
        for row in route.fdb(bridge).unwrap() {
            assert_eq!(moves.see_port(&row, Uptime::default()), None);
        }
        lab.sh("c1", "ip addr del 10.7.0.11/24 dev eth0");
        // The second visitor takes the first one's IP address, then its MAC.
        lab.sh("c2", "ip addr flush dev eth0; ip addr add 10.7.0.11/24 dev eth0");
        wait_until("the second visitor has the first one's address", || {
            assert_eq!(lab.reach("c2", "10.7.0.1"), Reach::Answered);
            route.neighbour(bridge, address("10.7.0.11")).unwrap().is_some_and(|row| row.mac == Some(C2))
        });
        lab.sh("c2", "ip link set eth0 down; ip link set eth0 address 02:00:00:00:00:11; ip link set eth0 up");
        assert_eq!(lab.reach("c2", "10.7.0.1"), Reach::Answered);
        let (mut ip_moved, mut mac_moved) = (false, false);
        let waker = watch.waker();
        while !(ip_moved && mac_moved) {
            waker.wake();
            let moved = match watch.next().unwrap().unwrap() {
                Change::Neighbour(row) => moves.see_neighbour(&row),
                Change::Port(row) => moves.see_port(&row, Uptime::default()),
                _ => None,
            };
            match moved {
                Some(Moved::Ip { ip, from, to, .. }) if ip == address("10.7.0.11") => {
                    ip_moved |= from == C1 && to == C2;
                }
                Some(Moved::Roamed { mac, from, to }) => mac_moved |= (mac, from, to) == (C1, port1, port2),
                _ => {}
            }
        }
    });
}

#[test]
fn isolated_ports_reach_the_gateway_but_not_each_other() {
    let lab = Lab::new("isol");
    let reaches = |target: &str| lab.reach("c1", target) == Reach::Answered;
    assert!(reaches("10.7.0.12") && reaches("fd07::12"));
    lab.gateway(|| {
        let mut route = Route::open().unwrap();
        for port in ["lan1", "lan2"] {
            route.isolate(&name(port), true).unwrap();
            assert_eq!(route.link(&name(port)).unwrap().isolated, Some(true));
        }
    });
    assert!(!reaches("10.7.0.12") && !reaches("fd07::12"));
    assert!(reaches("10.7.0.1") && reaches("fd07::1"));
    lab.gateway(|| Route::open().unwrap().isolate(&name("lan1"), false).unwrap());
    assert!(reaches("10.7.0.12"));
}

#[test]
fn probing_features_leaves_no_trace() {
    let lab = Lab::new("feat");
    lab.gateway(|| {
        let mut route = Route::open().unwrap();
        let before: Vec<_> = route.links().unwrap();
        let features = NetFeatures::probe().unwrap();
        assert!(features.htb && features.isolation && features.policy_rules, "{features:?}");
        assert_eq!(before, route.links().unwrap());
        println!("{features:?}");
    });
}

#[test]
fn a_daemon_that_may_not_make_namespaces_probes_all_the_same() {
    use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
    let lab = Lab::new("caps");
    lab.gateway(|| {
        let all = NetFeatures::probe().unwrap();
        let before = Route::open().unwrap().links().unwrap();
        let few = CapabilitySet::NET_ADMIN | CapabilitySet::NET_RAW | CapabilitySet::NET_BIND_SERVICE;
        let sets = CapabilitySets { effective: few, permitted: few, inheritable: CapabilitySet::empty() };
        set_capabilities(None, sets).unwrap();
        assert_eq!(NetFeatures::probe().unwrap(), all);
        assert_eq!(Route::open().unwrap().links().unwrap(), before, "nothing is left behind");
    });
}
