//! The content filter's addresses, ports and protocols, by policy group.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use gapura_kernel::net::Conntrack;
use gapura_kernel::{Access, AddressFilter, Changed, Desired, Features, GateConfig, Kernel, PortRange, Proto, Repair};
use gapura_model::ByteCount;

use crate::gate::{UPSTREAM, access, config, open, servers, slot};
use crate::lab::{Background, Lab};

const TCP: u8 = 6;
const UDP: u8 = 17;

/// More addresses of the host upstream, in networks of their own.
pub(crate) const SECOND: [&str; 2] = ["203.0.113.10", "2001:db8:203::10"];

pub(crate) fn second_host(lab: &Lab) {
    lab.sh("up", "ip addr add 203.0.113.10/32 dev eth0; ip addr add 2001:db8:203::10/128 dev eth0 nodad");
}

pub(crate) fn range(first: &str, last: &str, class: u32) -> (IpAddr, IpAddr, u32) {
    (first.parse().unwrap(), last.parse().unwrap(), class)
}

/// Upstream's addresses are of class 1, its others of class 2.
pub(crate) fn ranges() -> Vec<(IpAddr, IpAddr, u32)> {
    vec![
        range("198.51.100.0", "198.51.100.255", 1),
        range("203.0.113.0", "203.0.113.255", 2),
        range("2001:db8:100::", "2001:db8:100:ffff:ffff:ffff:ffff:ffff", 1),
        range("2001:db8:203::", "2001:db8:203::ffff", 2),
    ]
}

fn groups(numbers: &[u8]) -> BTreeSet<u8> {
    numbers.iter().copied().collect()
}

fn both(numbers: &[u8]) -> Changed {
    Changed { groups: groups(numbers), tightened: groups(numbers) }
}

#[test]
fn each_group_is_refused_its_own_addresses_ports_and_protocols_at_once() {
    let lab = Lab::new("filter");
    let _servers = servers(&lab);
    second_host(&lab);
    let mut kernel = open(&lab, config(), &[]);
    kernel.grant(&[access(1), Access { group: 255, ..access(2) }]).unwrap();
    let (open, shut) = ("upstream, 2 0, yes, upstream", "RST, 0 2, no, RST");
    let (no_443, no_quic, no_ports) = ("RST, 2 0, yes, upstream", "upstream, 0 2, yes, upstream", "RST, 0 2, yes, RST");
    let refused = AddressFilter { ranges: ranges(), refused: BTreeSet::from([(1, 7)]), ..AddressFilter::default() };
    let known_resolver = AddressFilter {
        refused: BTreeSet::new(),
        refused_services: BTreeSet::from([(2, 7, TCP, 443, 443), (1, 255, TCP, 1, 65535), (1, 255, UDP, 440, 450)]),
        ..refused.clone()
    };
    let quic = AddressFilter {
        services: BTreeSet::from([(7, UDP, 443, 443), (7, TCP, 852, 852)]),
        ..AddressFilter::default()
    };
    for (name, filter, changed, expected) in [
        ("nothing", AddressFilter::default(), Changed::default(), [[open; 2]; 2]),
        ("addresses of class 1 for group 7", refused, both(&[7]), [[shut, open], [open, open]]),
        (
            "a port of class 2 for group 7, ranges of ports of class 1 for group 255",
            known_resolver,
            both(&[7, 255]),
            [[open, no_443], [no_ports, open]],
        ),
        (
            "QUIC for group 7",
            quic,
            Changed { groups: groups(&[7, 255]), tightened: groups(&[7]) },
            [[no_quic, no_quic], [open, open]],
        ),
        (
            "nothing again",
            AddressFilter::default(),
            Changed { groups: groups(&[7]), tightened: groups(&[]) },
            [[open; 2]; 2],
        ),
    ] {
        assert_eq!(kernel.set_filter(&filter).unwrap(), changed, "{name}");
        assert_eq!(kernel.set_filter(&filter).unwrap(), Changed::default(), "{name} again");
        for (visitor, expected) in [("c1", expected[0]), ("c2", expected[1])] {
            let hosts = [UPSTREAM, SECOND].concat();
            let found = lab.py(visitor, &format!("look {}", hosts.join(" ")));
            let expected = [expected[0], expected[0], expected[1], expected[1]];
            assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{name}: {visitor} to {hosts:?}");
        }
    }
}

#[test]
fn protocols_are_refused_by_group_in_both_families() {
    const ESP: u8 = 50;
    const AH: u8 = 51;
    const GRE: u8 = 47;
    let lab = Lab::new("proto");
    let (_echo, lines) = lab.py_lines("up", "echo 50 51 47");
    let mut ready = 0;
    while ready < 6 {
        ready += lines.recv_timeout(Duration::from_secs(10)).unwrap().matches("LISTEN").count();
    }
    let mut kernel = open(&lab, config(), &[]);
    kernel.grant(&[access(1), Access { group: 8, ..access(2) }]).unwrap();
    let protocols = BTreeSet::from([(7, ESP), (7, AH), (8, GRE)]);
    let changed = kernel.set_filter(&AddressFilter { protocols, ..AddressFilter::default() }).unwrap();
    assert_eq!(changed, both(&[7, 8]));
    for host in UPSTREAM {
        for (visitor, protocol, answer) in
            [("c1", ESP, "PROHIBITED"), ("c1", GRE, "ANSWERED"), ("c2", ESP, "ANSWERED"), ("c2", GRE, "PROHIBITED")]
        {
            assert_eq!(lab.py(visitor, &format!("proto {host} {protocol}")), answer, "{visitor} {host} {protocol}");
        }
        // In IPv6 word of it goes to what the header protects: nobody here.
        let before = kernel.tallies().unwrap().refused;
        lab.py("c1", &format!("proto {host} {AH}"));
        assert!(kernel.tallies().unwrap().refused > before, "{host}");
    }
}

/// A slow download that runs.
fn download(lab: &Lab, visitor: &str, host: &str) -> (Background, Receiver<String>) {
    let (client, lines) = lab.py_lines(visitor, &format!("stream {host} 443 drip"));
    assert_eq!(lines.recv_timeout(Duration::from_secs(10)).unwrap(), "READY", "{visitor} {host}");
    (client, lines)
}

#[test]
fn an_hour_that_begins_sends_pairs_only_and_ends_what_it_forbids() {
    let lab = Lab::new("hour");
    let _servers = servers(&lab);
    second_host(&lab);
    let mut kernel = open(&lab, config(), &[]);
    kernel.grant(&[access(1), Access { group: 8, ..access(2) }]).unwrap();
    let day = AddressFilter { ranges: ranges(), refused: [(2, 9)].into(), ..AddressFilter::default() };
    kernel.set_filter(&day).unwrap();
    let forbidden = UPSTREAM.map(|host| download(&lab, "c1", host));
    let allowed: Vec<_> = SECOND
        .map(|host| download(&lab, "c1", host))
        .into_iter()
        .chain([UPSTREAM, SECOND].concat().into_iter().map(|host| download(&lab, "c2", host)))
        .collect();
    let evening = AddressFilter { refused: [(2, 9), (1, 7)].into(), ..day.clone() };
    let load = kernel.prepare_filter(&evening).unwrap();
    assert!(!load.is_large());
    drop(load);
    let changed = kernel.set_filter(&evening).unwrap();
    assert_eq!(changed, both(&[7]));
    let ended = kernel.judge_again(&changed.tightened).unwrap();
    assert_eq!(ended.iter().map(|ended| ended.slot).collect::<Vec<_>>(), [slot(0x11)]);
    assert!(ended[0].traffic.down > ByteCount::ZERO);
    for (_, lines) in &forbidden {
        let line = lines.recv_timeout(Duration::from_secs(5)).unwrap();
        assert!(line.starts_with("END RST"), "{line}");
    }
    for (_, lines) in &allowed {
        assert!(lines.recv_timeout(Duration::from_millis(300)).is_err(), "an allowed flow ended");
    }
    let night = kernel.set_filter(&day).unwrap();
    assert_eq!(night, Changed { groups: groups(&[7]), tightened: groups(&[]) });
    assert!(kernel.judge_again(&night.tightened).unwrap().is_empty());
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "upstream", "{host}");
    }
}

#[test]
fn a_restart_keeps_the_filter_and_sends_nothing_again() {
    for without in [&[][..], &["owner", "persist", "destroy", "timeout-update"]] {
        let lab = Lab::new("again");
        let _servers = servers(&lab);
        let mut kernel = open(&lab, config(), without);
        kernel.grant(&[access(1)]).unwrap();
        let filter = AddressFilter {
            ranges: ranges(),
            refused: [(1, 7)].into(),
            refused_services: [(2, 8, TCP, 443, 443)].into(),
            services: [(7, TCP, 853, 853)].into(),
            protocols: [(7, 50)].into(),
        };
        kernel.set_filter(&filter).unwrap();
        let restart = |kernel: Kernel, config| {
            drop(kernel);
            lab.gateway(|| {
                let features = Features::probe().unwrap().without(without).unwrap();
                Kernel::open(config, &features).unwrap()
            })
        };
        // Other rules too: what they look up stays.
        let mut kernel = restart(kernel, GateConfig { clamp_mss: false, ..config() });
        let desired = Desired { visits: vec![access(1)], ..Desired::default() };
        assert!(kernel.reconcile(&desired).unwrap().is_empty());
        for host in UPSTREAM {
            assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST", "{host} before it is told");
        }
        let before = kernel.verify().unwrap().then(|| lab.sh("gw", "nft -a list map inet gapura filter6a"));
        assert!(!kernel.prepare_filter(&filter).unwrap().is_large());
        assert_eq!(kernel.set_filter(&filter).unwrap(), Changed::default());
        assert_eq!(before, Some(lab.sh("gw", "nft -a list map inet gapura filter6a")));
        // Another one after a restart: exact, although the old one was never told.
        let mut kernel = restart(kernel, config());
        let mut fewer = filter.clone();
        fewer.ranges.remove(0);
        let changed = kernel.set_filter(&fewer).unwrap();
        assert_eq!(changed, Changed { groups: groups(&[7]), tightened: groups(&[]) });
        assert_eq!(lab.py("c1", &format!("try {} 443", UPSTREAM[0])), "upstream");
        assert_eq!(lab.py("c1", &format!("try {} 443", UPSTREAM[1])), "RST");
    }
}

#[test]
fn what_a_stranger_takes_from_the_filter_is_put_back() {
    let lab = Lab::new("harm");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &["owner", "persist"]);
    kernel.grant(&[access(1)]).unwrap();
    let filter = AddressFilter {
        ranges: ranges(),
        refused: [(1, 7)].into(),
        services: [(7, TCP, 853, 853)].into(),
        ..AddressFilter::default()
    };
    kernel.set_filter(&filter).unwrap();
    let desired = Desired { visits: vec![access(1)], ..Desired::default() };
    assert!(kernel.reconcile(&desired).unwrap().is_empty());
    for (harm, setting) in [
        ("flush map inet gapura filter4a; flush map inet gapura filter4b", "filter4"),
        ("flush map inet gapura filter6a; flush map inet gapura filter6b", "filter6"),
        ("flush set inet gapura filter_classes", "filter_classes"),
        ("delete element inet gapura filter_ports { 0x70000 . tcp . 853 }", "filter_ports"),
        ("add element inet gapura filter_protocols { 0x70000 . tcp }", "filter_protocols"),
        ("flush ruleset", "filter4"),
    ] {
        lab.sh("gw", &format!("nft '{harm}'"));
        let repairs = kernel.reconcile(&desired).unwrap();
        assert!(repairs.contains(&Repair::Setting(setting.to_owned())), "{harm}: {repairs:?}");
        assert!(kernel.reconcile(&desired).unwrap().is_empty(), "{harm}: once is enough");
        for host in UPSTREAM {
            assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST", "{harm} {host}");
        }
        assert_eq!(lab.py("c1", &format!("try {} 853", UPSTREAM[0])), "RST", "{harm}");
    }
    // One range more among many is seen where a stranger's change was announced.
    lab.sh("gw", "nft 'add element inet gapura filter4a { 9.9.9.0/24 : 1 }; add element inet gapura filter4b { 9.9.9.0/24 : 1 }'");
    kernel.doubt();
    assert!(kernel.reconcile(&desired).unwrap().contains(&Repair::Setting("filter4".to_owned())));
    assert!(kernel.reconcile(&desired).unwrap().is_empty());
}

#[test]
fn an_emergency_follows_group_0_and_the_garden_follows_no_group() {
    let lab = Lab::new("zero");
    let _servers = servers(&lab);
    second_host(&lab);
    let garden = (UPSTREAM[0].parse().unwrap(), Proto::Tcp, PortRange { first: 443, last: 443 });
    let mut kernel = open(&lab, GateConfig { garden: vec![garden], ..config() }, &[]);
    let refused = (0..=u8::MAX).map(|group| (1, group)).collect();
    kernel.set_filter(&AddressFilter { ranges: ranges(), refused, ..AddressFilter::default() }).unwrap();
    assert_eq!(lab.py("c1", &format!("try {} 443", UPSTREAM[0])), "upstream", "in the garden");
    let running = download(&lab, "c1", UPSTREAM[0]);
    let only_zero = [(1, 0), (2, 7)].into();
    kernel.set_filter(&AddressFilter { ranges: ranges(), refused: only_zero, ..AddressFilter::default() }).unwrap();
    kernel.emergency(&"br-lan".parse().unwrap(), Some(Duration::from_mins(10))).unwrap();
    for (host, answer) in
        [(UPSTREAM, "RST"), (SECOND, "upstream")].map(|(hosts, answer)| hosts.map(|h| (h, answer))).concat()
    {
        assert_eq!(lab.py("c2", &format!("try {host} 443")), answer, "{host}");
    }
    assert!(running.1.recv_timeout(Duration::from_millis(500)).is_err(), "a garden flow ended");
}

#[test]
fn flows_toward_an_address_end_for_some_groups_and_new_ones_begin() {
    let lab = Lab::new("ends");
    let _servers = servers(&lab);
    second_host(&lab);
    let mut kernel = open(&lab, config(), &[]);
    kernel.grant(&[access(1), Access { group: 8, ..access(2) }]).unwrap();
    let mut flows = lab.gateway(|| Conntrack::open().unwrap());
    let addresses: BTreeSet<IpAddr> = UPSTREAM.iter().map(|host| host.parse().unwrap()).collect();
    let ending = UPSTREAM.map(|host| download(&lab, "c1", host));
    let staying: Vec<_> = SECOND
        .map(|host| download(&lab, "c1", host))
        .into_iter()
        .chain(UPSTREAM.map(|host| download(&lab, "c2", host)))
        .collect();
    assert_eq!(flows.end_flows(&groups(&[9]), &addresses).unwrap(), 0);
    assert_eq!(flows.end_flows(&groups(&[7]), &addresses).unwrap(), 2);
    for (_, lines) in &ending {
        let line = lines.recv_timeout(Duration::from_secs(5)).unwrap();
        assert!(line.starts_with("END RST"), "{line}");
    }
    for (_, lines) in &staying {
        assert!(lines.recv_timeout(Duration::from_millis(300)).is_err(), "another flow ended");
    }
    assert_eq!(flows.end_flows(&groups(&[7]), &addresses).unwrap(), 0, "they ended already");
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "upstream", "{host}");
    }
}
