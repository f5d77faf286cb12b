//! The second lock refuses what our nft table has not marked.

use gapura_kernel::net::{Locked, Route, SECOND_LOCK_PREF, SecondLock};

use crate::lab::{Lab, Reach, wait_until};

const MARKING: &str = "table inet kn { chain pre { type filter hook prerouting priority mangle; policy accept;
	iifname \"br-lan\" meta mark set 0x10000000
}
}
";

#[test]
fn without_the_table_nothing_is_forwarded_and_the_gateway_still_answers() {
    let lab = Lab::new("lock");
    let lock = SecondLock { bridges: vec!["br-lan".parse().unwrap()], pref: SECOND_LOCK_PREF };
    lab.sh("gw", "echo 1 >/proc/sys/net/ipv4/conf/br-lan/rp_filter");
    let targets = ["198.51.100.1", "2001:db8:100::1"];
    let reach = |target: &str| lab.reach("c1", target);
    for target in targets {
        wait_until("the way is open before the lock", || reach(target) == Reach::Answered);
    }

    lab.gateway(|| {
        let mut route = Route::open().unwrap();
        assert_eq!(lock.ensure(&mut route).unwrap(), Locked { right: 0, missing: 2, stray: 0 });
        assert_eq!(lock.ensure(&mut route).unwrap(), Locked { right: 2, missing: 0, stray: 0 });
    });
    for target in targets {
        assert_eq!(reach(target), Reach::Refused, "{target}: refused, not dropped");
    }
    for own in ["10.7.0.1", "fd07::1"] {
        assert_eq!(reach(own), Reach::Answered, "{own}");
    }

    lab.nft(MARKING);
    for target in targets {
        assert_eq!(reach(target), Reach::Answered, "{target} with the table");
    }
    lab.nft("flush ruleset\n");
    for target in targets {
        assert_eq!(reach(target), Reach::Refused, "{target} with the table flushed");
    }

    lab.gateway(|| lock.remove(&mut Route::open().unwrap()).unwrap());
    for target in targets {
        assert_eq!(reach(target), Reach::Answered, "{target} with the lock removed");
    }
}

#[test]
fn only_our_own_rules_are_repaired_and_removed() {
    let lab = Lab::new("rules");
    let lock =
        |bridges: &[&str]| SecondLock { bridges: bridges.iter().map(|b| b.parse().unwrap()).collect(), pref: 64 };
    lab.sh("gw", "ip rule add pref 64 iif br-lan fwmark 0x1/0xff lookup main");
    lab.sh("gw", "ip rule add pref 65 iif br-lan fwmark 0/0x10000000 unreachable");
    lab.gateway(|| {
        let mut route = Route::open().unwrap();
        lock(&["br-lan", "br-old"]).ensure(&mut route).unwrap();
        lab.sh("gw", "ip rule del pref 64 iif br-lan fwmark 0/0x10000000 unreachable");
        let both = lock(&["br-lan", "br-new"]);
        assert_eq!(both.ensure(&mut route).unwrap(), Locked { right: 1, missing: 3, stray: 2 });
        assert_eq!(both.verify(&mut route).unwrap(), Locked { right: 4, missing: 0, stray: 0 });
        assert!(both.verify(&mut route).unwrap().is_shut());
        both.remove(&mut route).unwrap();
        both.remove(&mut route).unwrap();
        assert_eq!(both.verify(&mut route).unwrap(), Locked { right: 0, missing: 4, stray: 0 });
    });
    let rules = lab.sh("gw", "ip rule show");
    assert!(rules.contains("0x1/0xff") && rules.contains("65:"), "{rules}");
}
