//! Plans' parts of the uplink, through the real trees.

use std::collections::BTreeMap;

use gapura_kernel::net::shaper::{Side, TierId, TierSpeed};
use gapura_kernel::net::{ClassId, NetFeatures, Shaper, Speed};
use gapura_model::{BitRate, Guarantee, Percent};

use super::shaping::{fill, iperf_pair, listening, mbit, name, shaper, steer};
use crate::lab::Lab;

/// Tiers of two plans, with these percentages.
fn plans(first: u8, second: u8) -> (TierId, TierId, BTreeMap<TierId, TierSpeed>) {
    let numbers = TierId::number(["pelajar", "umum"]);
    let part = |percent| TierSpeed {
        guaranteed: Some(Guarantee::Percent(Percent::new(percent).unwrap())),
        most: Speed::default(),
    };
    let (one, two) = (*numbers.get("pelajar").unwrap(), *numbers.get("umum").unwrap());
    (one, two, BTreeMap::from([(one, part(first)), (two, part(second))]))
}

/// What the kernel says of a class.
fn show(lab: &Lab, device: &str, class: &str) -> String {
    lab.sh("gw", &format!("tc class show dev {device} classid {class}"))
}

/// The class all visitors of a tier are under, as the kernel shows it above `class`.
fn parent(lab: &Lab, device: &str, class: ClassId) -> String {
    let text = show(lab, device, &class.to_string());
    let mut words = text.split_whitespace().skip_while(|word| *word != "parent");
    words.nth(1).unwrap_or_else(|| panic!("{text}")).to_owned()
}

fn probed(stated: Option<BitRate>) -> Shaper {
    shaper(NetFeatures::probe().unwrap().leaf(), stated)
}

#[test]
fn the_kernel_shows_each_plans_part_and_the_rest() {
    let lab = Lab::new("tierfig");
    lab.gateway(|| {
        let mut shaper = probed(mbit(20));
        let (one, two, mut tiers) = plans(50, 20);
        tiers.get_mut(&two).unwrap().most = Speed { up: mbit(5), down: mbit(10) };
        shaper.set_tiers(tiers).unwrap();
        fill(&mut shaper);
        let (first, second, other) =
            (shaper.take(one).unwrap(), shaper.take(two).unwrap(), shaper.take(TierId::DEFAULT).unwrap());
        for class in [first, second, other] {
            shaper.set_rate(class, Speed { up: mbit(8), down: mbit(12) }).unwrap();
        }
        for (device, ceil, together) in [("br-lan", "12Mbit", "10Mbit"), ("wan0", "8Mbit", "5Mbit")] {
            let tier = |class| show(&lab, device, &parent(&lab, device, class));
            assert!(tier(first).contains("rate 9500Kbit ceil 19Mbit"), "{device}: {}", tier(first));
            assert!(tier(second).contains(&format!("rate 3800Kbit ceil {together}")), "{device}: {}", tier(second));
            assert!(tier(other).contains("rate 5700Kbit ceil 19Mbit"), "{device}: {}", tier(other));
            assert!([first, second, other].iter().all(|class| tier(*class).contains("parent 1:1 ")), "{}", tier(first));
            let own = |class: ClassId| show(&lab, device, &class.to_string());
            assert!(own(first).contains(&format!("ceil {ceil}")), "{device}: {}", own(first));
            assert!(own(second).contains(&format!("ceil {together}")), "no more than all of its plan: {}", own(second));
        }
        assert_eq!(shaper.free(), 45);

        // Promised twice: in proportion, and the rest keep one percent.
        let (_, _, tiers) = plans(150 / 2, 150 / 2);
        shaper.set_tiers(tiers).unwrap();
        for device in ["br-lan", "wan0"] {
            let tier = |class| show(&lab, device, &parent(&lab, device, class));
            assert!(tier(first).contains("rate 9405Kbit") && tier(second).contains("rate 9405Kbit"), "{}", tier(first));
            assert!(tier(other).contains("rate 190Kbit"), "{}", tier(other));
        }
    });
}

#[test]
fn a_plan_that_gets_or_loses_its_part_moves_nobody_by_itself() {
    let lab = Lab::new("tiermove");
    lab.gateway(|| {
        let mut shaper = probed(mbit(20));
        let running = shaper.take(TierId::DEFAULT).unwrap();
        shaper.set_rate(running, Speed { up: mbit(3), down: mbit(6) }).unwrap();
        let before = show(&lab, "br-lan", &running.to_string());
        let (one, two, tiers) = plans(40, 10);
        shaper.set_tiers(tiers).unwrap();
        assert!(shaper.is_in(running, TierId::DEFAULT) && !shaper.is_in(running, one));
        assert_eq!(shaper.take(one), None, "its pool grows in the background");
        fill(&mut shaper);
        let after = show(&lab, "br-lan", &running.to_string());
        assert_eq!(before.split(" rate ").next(), after.split(" rate ").next(), "the class stands where it stood");
        let (first, second) = (shaper.take(one).unwrap(), shaper.take(two).unwrap());
        shaper.give_back(running);
        assert_ne!(parent(&lab, "wan0", first), parent(&lab, "wan0", second));

        // Both plans lose it: the tier of the one without visitors goes, the other waits for its visitor.
        shaper.give_back(second);
        let tier = parent(&lab, "wan0", first);
        let other = parent(&lab, "wan0", second);
        shaper.set_tiers(BTreeMap::new()).unwrap();
        fill(&mut shaper);
        for device in ["br-lan", "wan0"] {
            assert_eq!(parent(&lab, device, first), tier, "the visitor goes on");
            assert!(
                show(&lab, device, &tier).contains("rate 1Kbit"),
                "nothing is guaranteed: {}",
                show(&lab, device, &tier)
            );
            assert_eq!(show(&lab, device, &other), "");
        }
        let moved = shaper.take(TierId::DEFAULT).unwrap();
        assert_eq!(parent(&lab, "wan0", moved), "1:3");
        shaper.give_back(first);
        fill(&mut shaper);
        for device in ["br-lan", "wan0"] {
            assert_eq!(show(&lab, device, &tier) + &show(&lab, device, &first.to_string()), "");
        }
        assert_eq!((shaper.free(), shaper.taken()), (16, 1));
    });
}

#[test]
fn a_restart_and_a_strangers_hand_find_the_tiers_again() {
    let lab = Lab::new("tieradopt");
    lab.gateway(|| {
        let mut before = probed(mbit(20));
        let (one, _, tiers) = plans(40, 10);
        before.set_tiers(tiers.clone()).unwrap();
        fill(&mut before);
        let class = before.take(one).unwrap();
        let plan = Speed { up: mbit(3), down: mbit(6) };
        before.set_rate(class, plan).unwrap();
        fill(&mut before);
        // What a free class was last told is of no interest.
        let trees = || {
            let places = "grep htb | sed 's/ prio 0 rate .*//' | sort";
            let trees = lab.sh("gw", &format!("for d in br-lan wan0; do tc class show dev $d | {places}; done"));
            trees + &show(&lab, "br-lan", &class.to_string()) + &show(&lab, "wan0", &class.to_string())
        };
        let (tree, all) = (trees(), before.free());
        drop(before);

        let mut after = Shaper::open(NetFeatures::probe().unwrap().leaf(), 1000).unwrap();
        assert!(after.claim(class, TierId::DEFAULT, plan), "before the trees are known");
        after.set_tiers(tiers).unwrap();
        for (device, side) in [("br-lan", Side::Lan), ("wan0", Side::Uplink)] {
            after.set_device(&name(device), side, mbit(20)).unwrap();
        }
        assert!(after.is_in(class, one), "it is where the device has it");
        fill(&mut after);
        assert!(trees() == tree && after.free() == all, "nothing was touched");

        // A stranger changes a tier, takes a tree away, puts a class elsewhere.
        let tier = parent(&lab, "br-lan", class);
        lab.sh("gw", &format!("tc class change dev br-lan parent 1:1 classid {tier} htb rate 1mbit ceil 1gbit"));
        assert_eq!(after.verify().unwrap(), 0);
        assert!(trees() == tree, "all is as it was");
        lab.sh("gw", "tc qdisc del dev wan0 root");
        assert!(after.verify().unwrap() >= 48);
        lab.sh("gw", &format!("tc class del dev br-lan classid {class}"));
        lab.sh("gw", &format!("tc class add dev br-lan parent 1:3 classid {class} htb rate 1mbit"));
        assert_eq!(after.verify().unwrap(), 1);
        fill(&mut after);
        assert_eq!(after.verify().unwrap(), 0);
        assert!(trees() == tree, "all is as it was");
    });
}

#[test]
fn a_tree_without_tiers_is_taken_over_and_emptied_gently() {
    let lab = Lab::new("tierold");
    lab.gateway(|| {
        // As an earlier version laid it: visitors directly under the root.
        for device in ["br-lan", "wan0"] {
            lab.sh("gw", &format!("tc qdisc add dev {device} root handle 1: htb"));
            lab.sh("gw", &format!("tc class add dev {device} parent 1: classid 1:1 htb rate 19mbit"));
            for class in ["10", "11"] {
                lab.sh(
                    "gw",
                    &format!("tc class add dev {device} parent 1:1 classid 1:{class} htb rate 1mbit ceil 4mbit"),
                );
            }
        }
        let mut shaper = Shaper::open(NetFeatures::probe().unwrap().leaf(), 1000).unwrap();
        let old = ClassId::from_handle(0x0001_0010).unwrap();
        assert!(shaper.claim(old, TierId::DEFAULT, Speed { up: mbit(4), down: mbit(4) }));
        for (device, side) in [("br-lan", Side::Lan), ("wan0", Side::Uplink)] {
            shaper.set_device(&name(device), side, mbit(20)).unwrap();
        }
        fill(&mut shaper);
        assert!(!shaper.is_in(old, TierId::DEFAULT));
        for device in ["br-lan", "wan0"] {
            assert!(show(&lab, device, "1:10").contains("parent 1:1 "), "who is online goes on");
            assert!(!show(&lab, device, "1:11").contains("parent 1:1 "), "{}", show(&lab, device, "1:11"));
        }
        let new = shaper.take(TierId::DEFAULT).unwrap();
        shaper.give_back(old);
        fill(&mut shaper);
        for device in ["br-lan", "wan0"] {
            assert_eq!(parent(&lab, device, new), "1:3");
            assert!(!show(&lab, device, "1:10").contains("parent 1:1 "));
        }
    });
}

#[test]
fn a_full_pool_moves_free_classes_to_the_tier_that_has_none() {
    let lab = Lab::new("tierfull");
    lab.gateway(|| {
        let mut shaper = Shaper::open(NetFeatures::probe().unwrap().leaf(), 40).unwrap();
        shaper.set_device(&name("br-lan"), Side::Lan, mbit(20)).unwrap();
        while shaper.free() < 40 {
            shaper.grow(32, 40).unwrap();
        }
        let (one, two, tiers) = plans(40, 10);
        shaper.set_tiers(tiers).unwrap();
        while shaper.grow(32, 10).unwrap().added > 0 || shaper.free_in(two) < 10 {}
        assert_eq!((shaper.free_in(one), shaper.free_in(two), shaper.free()), (10, 10, 40));
        let class = shaper.take(one).unwrap();
        assert_ne!(parent(&lab, "br-lan", class), "1:3");
    });
}

/// Two visitors saturate the uplink, one in each plan: what they get, in Mbit/s.
fn saturate(lab: &Lab, family: &str, direction: &str) -> (f64, f64) {
    let target = if family == "v4" { "198.51.100.1" } else { "2001:db8:100::1" };
    iperf_pair(lab, &format!("-t 6 -O 2 {direction} -c {target}"), (5401, 5402))
}

#[test]
fn two_plans_share_a_full_uplink_by_their_parts_and_lend_what_they_leave_idle() {
    let lab = Lab::new("tierpart");
    let _servers = (listening(&lab, 5401), listening(&lab, 5402));
    lab.gateway(|| {
        let mut shaper = probed(mbit(20));
        let (one, two, tiers) = plans(75, 25);
        shaper.set_tiers(tiers).unwrap();
        fill(&mut shaper);
        let (first, second) = (shaper.take(one).unwrap(), shaper.take(two).unwrap());
        steer(&lab, first, second);
        for class in [first, second] {
            shaper.set_rate(class, Speed::default()).unwrap();
        }
        for (family, direction) in [("v4", ""), ("v4", "-R"), ("v6", ""), ("v6", "-R")] {
            let (many, few) = saturate(&lab, family, direction);
            println!("{family} {direction}: {many:.2} and {few:.2} Mbit/s, {:.2} to 1", many / few);
            assert!((many + few - 19.0).abs() < 2.5, "the whole uplink: {many} and {few}");
            assert!((2.0..4.5).contains(&(many / few)), "about three to one: {many} and {few}");
        }
        // Half the tests' point: who is alone may use all of it.
        for (visitor, port) in [("c1", 5401), ("c2", 5402)] {
            let alone = super::shaping::iperf(&lab, visitor, &format!("-p {port} -t 3 -O 1 -c 198.51.100.1"));
            assert!((alone - 19.0).abs() < 2.5, "{visitor} borrows what the other leaves idle: {alone}");
        }
        // A new share while both are sending: nobody stalls, and the ratio follows.
        let (_, _, tiers) = plans(25, 75);
        shaper.set_tiers(tiers).unwrap();
        let (few, many) = saturate(&lab, "v4", "-R");
        assert!((2.0..4.5).contains(&(many / few)), "about one to three now: {few} and {many}");
    });
}
