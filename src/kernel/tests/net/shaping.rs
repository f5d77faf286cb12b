//! Speeds through the real trees, measured by a real program.

use std::fmt::Write as _;

use gapura_kernel::net::shaper::{Growth, Leaf, Side, TierId};
use gapura_kernel::net::{ClassId, NetFeatures, Shaper, Speed};
use gapura_model::{BitRate, IfName};

use crate::lab::{Lab, wait_until};

pub(crate) fn name(text: &str) -> IfName {
    text.parse().unwrap()
}

pub(crate) fn mbit(megabits: u64) -> Option<BitRate> {
    BitRate::new(megabits * 1_000_000)
}

/// Both devices shaped, a pool of sixteen.
pub(crate) fn shaper(leaf: Leaf, stated: Option<BitRate>) -> Shaper {
    let mut shaper = Shaper::open(leaf, 1000).unwrap();
    shaper.set_device(&name("br-lan"), Side::Lan, stated).unwrap();
    shaper.set_device(&name("wan0"), Side::Uplink, stated).unwrap();
    fill(&mut shaper);
    shaper
}

/// Sixteen spare classes for each tier.
pub(crate) fn fill(shaper: &mut Shaper) {
    while shaper.grow(8, 16).unwrap() != Growth::default() {}
}

/// Steers the two visitors into classes, by their addresses.
pub(crate) fn steer(lab: &Lab, first: ClassId, second: ClassId) {
    let map = |name: &str, kind: &str, one: &str, two: &str| {
        format!("map {name} {{ type {kind} : classid; elements = {{ {one} : {first}, {two} : {second} }}\n}}\n")
    };
    let mut text = "flush ruleset\ntable inet kn {\n".to_owned();
    text += &map("four", "ipv4_addr", "10.7.0.11", "10.7.0.12");
    text += &map("six", "ipv6_addr", "fd07::11", "fd07::12");
    text += "chain forward { type filter hook forward priority 0; policy accept;\n";
    for side in ["saddr", "daddr"] {
        writeln!(text, "meta priority set ip {side} map @four\nmeta priority set ip6 {side} map @six").unwrap();
    }
    lab.nft(&(text + "}\n}\n"));
}

/// Megabits per second received; `-R` in `options` makes it a download.
pub(crate) fn iperf(lab: &Lab, visitor: &str, options: &str) -> f64 {
    let text = lab.sh(visitor, &format!("iperf3 -J {options}"));
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    report.pointer("/end/sum_received/bits_per_second").unwrap().as_f64().unwrap() / 1e6
}

/// Both visitors at the same time, each with a server of its own.
pub(crate) fn iperf_pair(lab: &Lab, options: &str, ports: (u16, u16)) -> (f64, f64) {
    std::thread::scope(|scope| {
        let other = scope.spawn(|| iperf(lab, "c2", &format!("-p {} {options}", ports.1)));
        (iperf(lab, "c1", &format!("-p {} {options}", ports.0)), other.join().unwrap())
    })
}

pub(crate) fn listening(lab: &Lab, port: u16) -> crate::lab::Background {
    let server = lab.background("up", &format!("iperf3 -s -p {port}"));
    wait_until("iperf3 listens", || lab.sh("up", &format!("ss -Hltn sport = :{port}")).contains("LISTEN"));
    server
}

fn assert_near(what: &str, measured: f64, wanted: f64, part: f64) {
    println!("{what}: {measured:.2} Mbit/s of {wanted}");
    assert!((measured - wanted).abs() <= wanted * part, "{what}: {measured:.2} Mbit/s, wanted {wanted}");
}

#[test]
fn a_plan_gets_its_speed_in_both_directions_with_every_leaf() {
    let lab = Lab::new("plan");
    let _server = listening(&lab, 5301);
    let probed = NetFeatures::probe().unwrap();
    let leaves = [(probed.fq_codel, Leaf::FqCodel), (probed.tbf, Leaf::Segmenting), (true, Leaf::Bytes)];
    for leaf in leaves.into_iter().filter(|(there, _)| *there).map(|(_, leaf)| leaf) {
        lab.gateway(|| {
            let mut shaper = shaper(leaf, None);
            let (first, second) = (shaper.take(TierId::DEFAULT).unwrap(), shaper.take(TierId::DEFAULT).unwrap());
            steer(&lab, first, second);
            shaper.set_rate(first, Speed { up: mbit(4), down: mbit(8) }).unwrap();
            assert_near(&format!("{leaf:?} up"), iperf(&lab, "c1", "-p 5301 -t 3 -c 198.51.100.1"), 4.0, 0.1);
            assert_near(&format!("{leaf:?} down"), iperf(&lab, "c1", "-p 5301 -t 3 -R -c 198.51.100.1"), 8.0, 0.1);
            // Slowed down: the same class, other rates, while nothing else changes.
            shaper.set_rate(first, Speed { up: mbit(1), down: mbit(2) }).unwrap();
            // A plain byte queue loses whole aggregates of this test's 64 KiB senders at slow rates: that is why it comes last.
            let part = if leaf == Leaf::Bytes { 0.35 } else { 0.1 };
            assert_near(
                &format!("{leaf:?} slowed, v6"),
                iperf(&lab, "c1", "-p 5301 -t 3 -R -c 2001:db8:100::1"),
                2.0,
                part,
            );
            for device in ["br-lan", "wan0"] {
                shaper.remove_device(&name(device)).unwrap();
            }
        });
    }
}

#[test]
fn two_visitors_share_the_uplink_evenly() {
    let lab = Lab::new("fair");
    let _servers = (listening(&lab, 5302), listening(&lab, 5303));
    lab.gateway(|| {
        let mut shaper = shaper(NetFeatures::probe().unwrap().leaf(), mbit(20));
        let (first, second) = (shaper.take(TierId::DEFAULT).unwrap(), shaper.take(TierId::DEFAULT).unwrap());
        steer(&lab, first, second);
        for class in [first, second] {
            shaper.set_rate(class, Speed::default()).unwrap();
        }
        for direction in ["", "-R"] {
            let (one, two) = iperf_pair(&lab, &format!("-t 5 -O 1 {direction} -c 198.51.100.1"), (5302, 5303));
            assert_near(&format!("both {direction}"), one + two, 19.0, 0.1);
            assert_near(&format!("first {direction}"), one, 9.5, 0.15);
            assert_near(&format!("second {direction}"), two, 9.5, 0.15);
        }
        // A visitor alone may use all of it; the uplink may be found to be slower.
        assert_near("alone", iperf(&lab, "c1", "-p 5302 -t 3 -c 198.51.100.1"), 19.0, 0.1);
        shaper.set_device(&name("wan0"), Side::Uplink, mbit(5)).unwrap();
        assert_near("slower uplink", iperf(&lab, "c1", "-p 5302 -t 3 -c 198.51.100.1"), 4.75, 0.1);
    });
}

#[test]
fn a_restart_takes_the_trees_over_as_they_are() {
    let lab = Lab::new("adopt");
    lab.gateway(|| {
        let leaf = NetFeatures::probe().unwrap().leaf();
        let plan = Speed { up: mbit(3), down: mbit(6) };
        let mut before = shaper(leaf, mbit(50));
        let all = before.free();
        let class = before.take(TierId::DEFAULT).unwrap();
        before.set_rate(class, plan).unwrap();
        let tree = lab.sh("gw", "tc class show dev br-lan | sort");
        drop(before);

        let mut after = Shaper::open(leaf, 1000).unwrap();
        after.set_device(&name("br-lan"), Side::Lan, mbit(50)).unwrap();
        after.set_device(&name("wan0"), Side::Uplink, mbit(50)).unwrap();
        assert_eq!(after.free(), all);
        assert!(after.claim(class, TierId::DEFAULT, plan) && !after.claim(class, TierId::DEFAULT, plan));
        assert_eq!((after.free(), after.taken()), (all - 1, 1));
        assert_ne!(after.take(TierId::DEFAULT), Some(class));
        assert_eq!(lab.sh("gw", "tc class show dev br-lan | sort"), tree);
        assert_eq!(ClassId::from_handle(class.handle()), Some(class));
    });
}

#[test]
fn a_tree_that_is_deleted_or_an_uplink_that_is_replaced_is_built_again() {
    let lab = Lab::new("rebuild");
    lab.gateway(|| {
        let mut shaper = shaper(NetFeatures::probe().unwrap().leaf(), mbit(50));
        let class = shaper.take(TierId::DEFAULT).unwrap();
        shaper.set_rate(class, Speed { up: mbit(3), down: mbit(6) }).unwrap();
        assert_eq!(shaper.verify().unwrap(), 0);
        lab.sh("gw", "tc qdisc del dev br-lan root");
        shaper.set_rate(class, Speed { up: mbit(3), down: mbit(7) }).unwrap();
        assert!(shaper.verify().unwrap() >= 15);
        let first = shaper.grow(4, 16).unwrap();
        assert!(first.rebuilt == 4 && first.lacking > 0, "{first:?}");
        let shown = lab.sh("gw", &format!("tc class show dev br-lan classid {class}"));
        assert!(shown.contains("ceil 7Mbit"), "the class in use comes first: {shown}");
        while shaper.grow(4, 16).unwrap().lacking > 0 {}
        assert_eq!(shaper.verify().unwrap(), 0);
        lab.sh("gw", &format!("tc class change dev br-lan parent 1:3 classid {class} htb rate 1mbit ceil 1gbit"));
        assert_eq!(shaper.verify().unwrap(), 0);
        let shown = lab.sh("gw", &format!("tc class show dev br-lan classid {class}"));
        assert!(shown.contains("ceil 7Mbit"), "a stranger's rate is put right: {shown}");

        // Another modem under the same name, and a second uplink.
        lab.sh(
            "gw",
            "ip link del wan0; ip link add wan0 type veth peer name wan0p; ip link add wan1 type veth peer name wan1p",
        );
        shaper.set_device(&name("wan1"), Side::Uplink, mbit(10)).unwrap();
        shaper.verify().unwrap();
        while shaper.grow(8, 16).unwrap().lacking > 0 {}
        for device in ["wan0", "wan1"] {
            let shown = lab.sh("gw", &format!("tc class show dev {device} classid {class}"));
            assert!(shown.contains("ceil 3Mbit"), "{device}: {shown}");
        }
        shaper.remove_device(&name("wan1")).unwrap();
        lab.sh("gw", "ip link del wan0");
        shaper.verify().unwrap();
        shaper.set_rate(class, Speed { up: mbit(2), down: mbit(2) }).unwrap();
        let shown = lab.sh("gw", &format!("tc class show dev br-lan classid {class}"));
        assert!(shown.contains("ceil 2Mbit"), "one lost uplink does not stop the others: {shown}");
        assert!(shaper.grow(8, 20).unwrap().added > 0 && shaper.take(TierId::DEFAULT).is_some());
    });
}

#[test]
fn the_kernel_shows_the_figures_that_were_meant() {
    let lab = Lab::new("figures");
    lab.gateway(|| {
        let mut shaper = shaper(NetFeatures::probe().unwrap().leaf(), None);
        let class = shaper.take(TierId::DEFAULT).unwrap();
        shaper.set_rate(class, Speed { up: mbit(8), down: mbit(40) }).unwrap();
        shaper.set_garden(Speed { up: mbit(1), down: mbit(2) }).unwrap();
        let show = |device: &str, class: &str| lab.sh("gw", &format!("tc -s class show dev {device} classid {class}"));
        // Beyond 32 bits of bytes a second: the wide attributes.
        assert!(show("br-lan", "1:1").contains("rate 100Gbit ceil 100Gbit"), "{}", show("br-lan", "1:1"));
        let visitor = show("wan0", &class.to_string());
        // 4 ms and a frame: 8 Mbit/s = 1000 bytes a millisecond.
        assert!(visitor.contains("rate 8Mbit ceil 8Mbit burst 5600b cburst 5600b"), "{visitor}");
        assert!(
            show("br-lan", &class.to_string()).contains("ceil 40Mbit burst 21600b"),
            "{}",
            show("br-lan", &class.to_string())
        );
        assert!(show("br-lan", "1:2").contains("ceil 2Mbit") && show("wan0", "1:2").contains("ceil 1Mbit"));

        shaper.set_device(&name("br-lan"), Side::Lan, mbit(20)).unwrap();
        assert!(show("br-lan", "1:1").contains("rate 19Mbit ceil 19Mbit"), "{}", show("br-lan", "1:1"));
        assert!(show("br-lan", &class.to_string()).contains("ceil 19Mbit"), "a plan never exceeds the uplink");
    });
}

#[test]
fn a_thousand_classes_grow_in_short_steps_and_a_rate_changes_in_microseconds() {
    let lab = Lab::new("grow");
    lab.gateway(|| {
        let mut shaper = Shaper::open(NetFeatures::probe().unwrap().leaf(), 1000).unwrap();
        shaper.set_device(&name("br-lan"), Side::Lan, mbit(100)).unwrap();
        shaper.set_device(&name("wan0"), Side::Uplink, mbit(100)).unwrap();
        let mut steps = Vec::new();
        while shaper.free() < 1000 {
            let start = now();
            let growth = shaper.grow(32, 1000).unwrap();
            steps.push(now().saturating_sub(start));
            assert!(growth.added <= 16 && growth.added + growth.rebuilt > 0, "{growth:?}");
        }
        assert_eq!(shaper.grow(32, 1000).unwrap().added, 0, "the pool is bounded");
        let classes: Vec<_> = (0..500).map(|_| shaper.take(TierId::DEFAULT).unwrap()).collect();
        let start = now();
        for class in &classes {
            shaper.set_rate(*class, Speed { up: mbit(4), down: mbit(8) }).unwrap();
        }
        let each = now().saturating_sub(start) / 500;
        let longest = steps.iter().max().unwrap();
        println!("steps of 16 classes on 2 devices: longest {longest:?}; a rate on both: {each:?}");
        assert!(each < std::time::Duration::from_millis(2), "{each:?}");
        for class in classes {
            shaper.give_back(class);
        }
        assert_eq!((shaper.free(), shaper.taken()), (1000, 0));
    });
}

fn now() -> std::time::Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    std::time::Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

#[test]
fn queues_of_another_kind_are_replaced_after_a_restart() {
    let lab = Lab::new("leaves");
    lab.gateway(|| {
        let mut before = shaper(Leaf::Segmenting, mbit(50));
        let class = before.take(TierId::DEFAULT).unwrap();
        drop(before);
        let mut after = Shaper::open(Leaf::Bytes, 1000).unwrap();
        after.set_device(&name("br-lan"), Side::Lan, mbit(50)).unwrap();
        after.set_device(&name("wan0"), Side::Uplink, mbit(50)).unwrap();
        assert!(after.claim(class, TierId::DEFAULT, Speed { up: mbit(3), down: mbit(6) }));
        while after.free() < 20 {
            after.grow(8, 20).unwrap();
        }
        for device in ["br-lan", "wan0"] {
            let queues = lab.sh("gw", &format!("tc qdisc show dev {device}"));
            assert!(queues.contains("bfifo") && !queues.contains("tbf"), "{device}: {queues}");
        }
        assert_eq!(after.verify().unwrap(), 0);
    });
}
