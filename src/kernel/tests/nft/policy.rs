//! Hours, bans, garden, emergency, isolation, the gateway's own doors.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gapura_kernel::{Access, GardenEntry, GateConfig, PortRange, Proto, Window};

use crate::gate::{UPSTREAM, access, config, device, open, servers, slot};
use crate::lab::{Lab, wait_until};

#[expect(clippy::disallowed_methods, reason = "windows of the kernel are tested some seconds from now")]
fn in_milliseconds(ahead: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_nanos()).unwrap() + ahead * 1_000_000
}

#[test]
fn the_site_closes_by_itself_and_shows_the_portal() {
    let lab = Lab::new("hours");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    let window = Window { from: Some(in_milliseconds(0) - 1_000_000_000), until: Some(in_milliseconds(2500)) };
    kernel.set_windows(&[window]).unwrap();
    kernel.grant(&[access(1), Access { trusted: true, expires_in: None, ..access(2) }]).unwrap();
    assert_eq!(lab.py("c1", "try 198.51.100.1 80"), "upstream");
    wait_until("the site to close", || lab.py("c1", "try 198.51.100.1 80") == "portal");
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 80")), "portal", "{host}");
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST", "{host}");
        assert_eq!(lab.py("c2", &format!("try {host} 443")), "upstream", "{host} trusted");
        assert_eq!(lab.py("c2", &format!("try {host} 80")), "upstream", "{host} trusted");
    }
    kernel.set_windows(&[Window { from: Some(in_milliseconds(500)), until: None }]).unwrap();
    wait_until("the site to open", || lab.py("c1", "try 198.51.100.1 443") == "upstream");
}

#[test]
fn a_blocked_device_reaches_the_portal_and_nothing_else() {
    let lab = Lab::new("ban");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    kernel.grant(&[access(1)]).unwrap();
    kernel.ban(&[(device(1), None)]).unwrap();
    kernel.ban(&[(device(1), Some(Duration::from_mins(1)))]).unwrap();
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 80")), "portal", "{host}");
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST", "{host}");
        assert_eq!(lab.py("c1", &format!("try {host} 53")), "portal", "{host} DNS is ours");
    }
    kernel.unban(&[device(1)]).unwrap();
    assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "upstream");
}

#[test]
fn the_garden_is_open_to_strangers_at_its_rate() {
    for without in [&[][..], &["hash"]] {
        let lab = Lab::new("garden");
        let _servers = servers(&lab);
        let prefix = ("198.51.100.1/32".parse().unwrap(), Proto::Tcp, PortRange { first: 80, last: 100 });
        let rate = if without.is_empty() { 400_000 } else { 50_000 };
        let config = GateConfig { garden: vec![prefix], garden_rate: rate, ..config() };
        let kernel = open(&lab, config, without);
        assert_eq!(lab.py("c1", "try 198.51.100.1 80"), "upstream");
        assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "RST");
        assert_eq!(lab.py("c1", "try 2001:db8:100::1 80"), "portal");
        let entry = |host: &str, port| GardenEntry {
            address: host.parse().unwrap(),
            proto: Proto::Tcp,
            port,
            lives: Duration::ZERO,
        };
        let garden = kernel.garden_handle();
        let entries = UPSTREAM.map(|host| entry(host, 443));
        std::thread::scope(|scope| scope.spawn(|| garden.garden(&entries).unwrap()).join().unwrap());
        garden.garden(&entries).unwrap();
        for host in UPSTREAM {
            assert_eq!(lab.py("c1", &format!("try {host} 443")), "upstream", "{host}");
            let (_client, lines) = lab.py_lines("c1", &format!("stream {host} 443 down 100000000"));
            assert_eq!(lines.recv_timeout(Duration::from_secs(5)).unwrap(), "READY");
        }
        let before: u64 = lab.sh("c1", "cat /sys/class/net/eth0/statistics/rx_bytes").trim().parse().unwrap();
        let (_client, _lines) = lab.py_lines("c1", "stream 198.51.100.1 443 down 100000000");
        std::thread::sleep(Duration::from_secs(2));
        let after: u64 = lab.sh("c1", "cat /sys/class/net/eth0/statistics/rx_bytes").trim().parse().unwrap();
        assert!(after - before < 2_500_000, "{} bytes in two seconds", after - before);
    }
}

#[test]
fn a_garden_name_opens_neither_neighbours_nor_what_is_inside() {
    let lab = Lab::new("inward");
    let _servers = servers(&lab);
    let (neighbour, _lines) = lab.py_lines("c2", "serve neighbour 443");
    lab.sh("up", "for a in 192.168.77.1/24 172.20.0.1/24; do ip addr add $a dev eth0; done; ip addr add fd77::1/64 dev eth0 nodad");
    lab.sh("gw", "for n in 192.168.77.0/24 172.20.0.0/24 fd77::/64; do ip route add $n dev wan0; done");
    // By way of the gateway, as from another visitor bridge.
    lab.sh("c1", "ip route add 10.7.0.12/32 via 10.7.0.1; ip route add fd07::12/128 via fd07::1");
    let net = |text: &str, port| (text.parse().unwrap(), Proto::Tcp, PortRange { first: port, last: port });
    let config = GateConfig {
        allowed: vec!["172.20.0.0/24".parse().unwrap()],
        garden: vec![net("192.168.77.1/32", 80), net("fd77::1/128", 80), net("10.7.0.12/32", 443)],
        ..config()
    };
    let mut kernel = open(&lab, config, &[]);
    let garden = kernel.garden_handle();
    assert!(garden.may_open("172.20.0.1".parse().unwrap()) && !garden.may_open("192.168.77.1".parse().unwrap()));
    let inside = ["192.168.77.1", "fd77::1", "172.20.0.1", "10.7.0.12", "fd07::12", UPSTREAM[0], UPSTREAM[1]];
    let entries = inside.map(|host| GardenEntry {
        address: host.parse().unwrap(),
        proto: Proto::Tcp,
        port: 443,
        lives: Duration::ZERO,
    });
    let era = garden.era();
    assert!(garden.garden_in(era, &entries).unwrap());
    for granted in [false, true] {
        if granted {
            kernel.grant(&[access(1)]).unwrap();
        }
        for (target, port, answer) in [
            ("192.168.77.1", 443, "RST"),
            ("fd77::1", 443, "RST"),
            ("10.7.0.12", 443, "RST"),
            ("fd07::12", 443, "RST"),
            // Listed: one by its network and port, one whatever the port.
            ("192.168.77.1", 80, "upstream"),
            ("fd77::1", 80, "upstream"),
            ("172.20.0.1", 443, "upstream"),
            (UPSTREAM[0], 443, "upstream"),
            (UPSTREAM[1], 443, "upstream"),
        ] {
            assert_eq!(lab.py("c1", &format!("try {target} {port}")), answer, "{target} {port} granted {granted}");
        }
    }
    kernel.revoke(&[slot(0x11)]).unwrap();
    kernel.clear_garden().unwrap();
    assert!(garden.era() != era && !garden.garden_in(era, &entries).unwrap(), "judged before it was cleared");
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST", "{host}");
    }
    assert_eq!(lab.py("c1", "try 192.168.77.1 80"), "upstream", "networks stay");
    drop(neighbour);
}

#[test]
fn an_emergency_opens_for_everybody_and_ends_by_itself() {
    let lab = Lab::new("open");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    kernel.set_windows(&[]).unwrap();
    kernel.ban(&[(device(2), None)]).unwrap();
    let lan = "br-lan".parse().unwrap();
    for host in UPSTREAM {
        kernel.emergency(&lan, Some(Duration::from_secs(3))).unwrap();
        for visitor in ["c1", "c2"] {
            assert_eq!(lab.py(visitor, &format!("try {host} 80")), "upstream", "{visitor} {host}");
        }
        let line = lab.py("c1", &format!("stream {host} 443 drip"));
        assert!(line.contains("END RST"), "{host}: {line}");
        assert_eq!(lab.py("c1", &format!("try {host} 80")), "portal", "{host} afterwards");
    }
    kernel.emergency(&lan, Some(Duration::from_mins(1))).unwrap();
    kernel.emergency(&lan, None).unwrap();
    assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "RST");
}

#[test]
fn private_networks_listed_ports_and_the_gateway_itself_are_refused() {
    let lab = Lab::new("inside");
    let _servers = servers(&lab);
    lab.sh("up", "ip addr add 192.168.77.1/24 dev eth0; ip addr add fd77::1/64 dev eth0 nodad; ip addr add 172.20.0.1/24 dev eth0");
    lab.sh(
        "gw",
        "ip route add 192.168.77.0/24 dev wan0; ip route add fd77::/64 dev wan0; ip route add 172.20.0.0/24 dev wan0",
    );
    let config = GateConfig {
        allowed: vec!["172.20.0.0/24".parse().unwrap()],
        refused_ports: vec![(Proto::Tcp, 853)],
        ..config()
    };
    let mut kernel = open(&lab, config, &[]);
    kernel.grant(&[access(1)]).unwrap();
    assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "upstream");
    for (target, port, answer) in [
        ("192.168.77.1", 443, "RST"),
        ("fd77::1", 443, "RST"),
        ("172.20.0.1", 443, "upstream"),
        ("198.51.100.1", 853, "RST"),
        ("2001:db8:100::1", 853, "RST"),
        // The gateway: DNS and portal by its address on the bridge, nothing by others.
        ("10.7.0.1", 80, "portal"),
        ("fd07::1", 80, "portal"),
        ("10.7.0.1", 8443, "portal"),
        ("fd07::1", 8443, "portal"),
        ("10.7.0.1", 22, "RST"),
        ("fd07::1", 22, "RST"),
        ("198.51.100.2", 8080, "RST"),
        ("2001:db8:100::2", 8080, "RST"),
        ("198.51.100.2", 22, "RST"),
        ("9.9.9.9", 53, "portal"),
    ] {
        assert_eq!(lab.py("c1", &format!("try {target} {port}")), answer, "{target} {port}");
    }
    for (target, answer) in [("10.7.0.1", "yes"), ("fd07::1", "yes"), ("198.51.100.2", "no"), ("2001:db8:100::2", "no")]
    {
        assert_eq!(lab.py("c1", &format!("ping {target}")), answer, "{target}");
    }
    for (target, port) in
        [("198.51.100.2", 8080), ("198.51.100.2", 22), ("2001:db8:100::2", 22), ("2001:db8:100::2", 53)]
    {
        assert_eq!(lab.py("up", &format!("try {target} {port}")), "TIMEOUT", "from the uplink: {target} {port}");
    }
    kernel.set_refused(&["198.51.100.0/24".parse().unwrap()]).unwrap();
    assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "RST");
    kernel.set_refused(&[]).unwrap();
    kernel.set_uplinks(&[]).unwrap();
    assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "RST");
    kernel.set_uplinks(&["wan0".parse().unwrap()]).unwrap();
    assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "upstream");
}

#[test]
fn a_device_has_so_many_flows_and_false_sources_are_dropped() {
    for without in [&[][..], &["connlimit"]] {
        let lab = Lab::new("flows");
        let _servers = servers(&lab);
        let mut kernel = open(&lab, GateConfig { flows_per_device: 20, ..config() }, without);
        kernel.grant(&[access(1), access(2)]).unwrap();
        let many: Vec<u32> = lab.py("c1", "udp 198.51.100.1 443 40").split(' ').map(|n| n.parse().unwrap()).collect();
        assert!(many[0] >= 15 && many[0] <= 40 && many[1] >= 3, "{without:?} {many:?}");
        assert!(kernel.tallies().unwrap().too_many_flows > 0);
        assert_eq!(lab.py("c2", "try 2001:db8:100::1 443"), "upstream");
        lab.sh("c2", "ip addr add 203.0.113.9/32 dev lo; ip route add 198.51.100.99 via 10.7.0.1 src 203.0.113.9");
        assert_eq!(lab.py("c2", "try 198.51.100.99 443"), "TIMEOUT");
        assert!(kernel.tallies().unwrap().spoofed_source > 0);
        assert_eq!(slot(0x11).get(), 0x11);
    }
}

#[test]
fn a_device_has_so_many_flows_in_an_emergency_too() {
    for without in [&[][..], &["connlimit"]] {
        let lab = Lab::new("crowd");
        let _servers = servers(&lab);
        let mut kernel = open(&lab, GateConfig { flows_per_device: 20, ..config() }, without);
        kernel.emergency(&"br-lan".parse().unwrap(), Some(Duration::from_mins(1))).unwrap();
        for host in UPSTREAM {
            let many: Vec<u32> =
                lab.py("c1", &format!("udp {host} 443 40")).split(' ').map(|n| n.parse().unwrap()).collect();
            assert!(many[0] <= 40 && many[1] >= 3, "{without:?} {host} {many:?}");
            assert_eq!(lab.py("c2", &format!("try {host} 443")), "upstream", "{without:?} {host}");
        }
        assert!(kernel.tallies().unwrap().too_many_flows > 0);
    }
}

#[test]
fn rogue_servers_and_neighbours_are_shut_out_on_visitor_ports() {
    let lab = Lab::new("bridge");
    // As the gateway sets it: bridged frames are the bridge table's affair alone.
    lab.sh("gw", "cd /proc/sys/net/bridge && for f in bridge-nf-call-*; do echo 0 >$f; done || true");
    let mut kernel = open(&lab, config(), &[]);
    assert_eq!((lab.py("c1", "ping 10.7.0.12"), lab.py("c1", "ping fd07::12")), ("no".to_owned(), "no".to_owned()));
    let to_all = "ffffffffffff020000000011";
    let dhcp =
        format!("{to_all}0800450000200001000040110000{}{}{}", "0a07000bffffffff", "00430044000c0000", "00000000");
    let ra = format!(
        "3333000000010200000000118 6dd6000000000103aff{}{}{}",
        "fe8000000000000000000000000000aa", "ff020000000000000000000000000001", "86000000400000000000000000000000"
    )
    .replace(' ', "");
    let arp = format!("{to_all}08060001080006040002020000000011{}0200000000120a07000c", "0a070001");
    let na = format!(
        "33330000000102000000001186dd6000000000183aff{}{}{}{}",
        "fe8000000000000000000000000000aa",
        "ff020000000000000000000000000001",
        "88000000a0000000",
        "fd070000000000000000000000000001"
    );
    for frame in [&dhcp, &ra, &arp, &na] {
        lab.py("c1", &format!("raw eth0 {frame}"));
    }
    let tallies = kernel.tallies().unwrap();
    assert_eq!((tallies.rogue_dhcp, tallies.rogue_ra, tallies.spoofed_gateway), (1, 1, 2), "{tallies:?}");
    assert!(tallies.isolated > 0, "{tallies:?}");
    kernel.set_ports(&[]).unwrap();
    wait_until("neighbours to be reached", || lab.py("c1", "ping 10.7.0.12") == "yes");
}

#[test]
fn segments_fit_the_uplink_and_strangers_do_not_fill_the_gate() {
    let lab = Lab::new("mss");
    let _servers = servers(&lab);
    lab.sh("gw", "ip link set wan0 mtu 1300");
    let config = GateConfig { strangers: 1, ..config() };
    let mut kernel = open(&lab, config, &[]);
    // One stranger fills the table of strangers: the other still hears its refusals, by the common limit.
    for visitor in ["c1", "c2", "c1"] {
        for host in UPSTREAM {
            assert_eq!(lab.py(visitor, &format!("udp {host} 443 2")), "0 2", "{visitor} {host}");
        }
    }
    kernel.grant(&[access(1)]).unwrap();
    for (host, segment) in UPSTREAM.iter().zip([1260, 1240]) {
        let offered = lab.py("c1", &format!("segment {host} 443"));
        assert!(offered.parse::<u32>().unwrap() <= segment, "{host}: {offered}");
        // The servers' own cable takes 1500 bytes, and so they say.
        assert_eq!(lab.py("c1", &format!("answered {host} 443")), segment.to_string(), "{host}: in the SYN-ACK");
    }
    // A SYN that is lost beyond the gate and sent again belongs to a flow that passes already.
    lab.sh(
        "up",
        "nft 'add table inet lossy; add chain inet lossy input { type filter hook input priority 0; }; \
         add rule inet lossy input tcp dport 443 tcp flags & (syn | ack) == syn meta nfproto ipv4 limit rate 1/day burst 1 packets counter drop; \
         add rule inet lossy input tcp dport 443 tcp flags & (syn | ack) == syn meta nfproto ipv6 limit rate 1/day burst 1 packets counter drop'",
    );
    for (host, segment) in UPSTREAM.iter().zip([1260, 1240]) {
        let offered = lab.py("c1", &format!("segment {host} 443"));
        assert!(offered.parse::<u32>().unwrap() <= segment, "{host}, sent again: {offered}");
    }
    let lost = lab.sh("up", "nft list chain inet lossy input");
    assert_eq!(lost.matches("counter packets 1 bytes").count(), 2, "one SYN of each family: {lost}");
}

#[test]
fn a_smaller_wish_of_the_visitor_or_the_server_stays() {
    let lab = Lab::new("mss2");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    kernel.grant(&[access(1)]).unwrap();
    for (host, segment) in UPSTREAM.iter().zip([1460, 1440]) {
        assert_eq!(lab.py("c1", &format!("answered {host} 443")), segment.to_string(), "{host}: nothing to cut");
    }
    lab.sh("up", "ip link set eth0 mtu 1290");
    for (host, segment) in UPSTREAM.iter().zip([1250, 1230]) {
        assert_eq!(lab.py("c1", &format!("answered {host} 443")), segment.to_string(), "{host}");
    }
}

#[test]
fn word_of_a_narrow_path_beyond_the_uplink_reaches_the_visitor() {
    let lab = Lab::new("toobig");
    let mut kernel = open(&lab, config(), &[]);
    kernel.grant(&[access(1)]).unwrap();
    // Upstream passes packets on over a cable for 1280 bytes.
    lab.sh(
        "up",
        "ip link add far0 mtu 1280 type veth peer name far1; ip link set far0 up; ip link set far1 up; \
         echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; \
         ip route add 203.0.113.0/24 dev far0; ip -6 route add 2001:db8:203::/64 dev far0",
    );
    for host in ["203.0.113.7", "2001:db8:203::7"] {
        assert_eq!(lab.py("c1", &format!("mtu {host} 443 1400")), "1280", "{host}");
    }
}

/// What a login costs with many online, as a figure to read; the bound is generous, for busy machines.
#[test]
fn a_login_is_one_small_batch_however_many_are_online() {
    let lab = Lab::new("cost");
    let mut kernel = open(&lab, GateConfig { devices: 12_000, ..config() }, &[]);
    let visit = |number: u16| Access {
        slot: slot(number),
        device: gapura_kernel::Device {
            mac: gapura_model::MacAddr::new([2, 1, 0, 0, number.to_be_bytes()[0], number.to_be_bytes()[1]]),
            ..device(1)
        },
        ..access(1)
    };
    let mut figures = Vec::new();
    for (from, to) in [(0x10, 1000), (1000, 10_000)] {
        let many: Vec<Access> = (from..to).map(visit).collect();
        kernel.grant(&many).unwrap();
        let start = in_milliseconds(0);
        for number in 0..200 {
            kernel.grant(&[visit(20_000 + number)]).unwrap();
        }
        let each = (in_milliseconds(0) - start) / 200 / 1000;
        let slots: Vec<_> = (0..200).map(|number| slot(20_000 + number)).collect();
        assert_eq!(kernel.revoke(&slots).unwrap().len(), 200);
        figures.push((to, each));
    }
    println!("microseconds a login, by devices online: {figures:?}");
    assert!(figures.iter().all(|(_, each)| *each < 2000), "{figures:?}");
    assert_eq!(kernel.readings().unwrap().len(), 10_000 - 0x10);
}
