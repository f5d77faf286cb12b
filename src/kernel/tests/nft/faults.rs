//! Restarts, upgrades, strangers.

use std::time::Duration;

use gapura_kernel::{Access, Desired, Event, Features, GateConfig, Holder, Kernel, KernelError, Quota, Repair, Update};
use gapura_model::ByteCount;

use crate::gate::{UPSTREAM, access, config, device, open, servers, slot};
use crate::lab::Lab;

const OLDER: [&str; 8] = ["owner", "persist", "timeout-update", "destroy", "bridge", "connlimit", "hash", "fib"];

#[test]
fn probing_leaves_nothing_behind() {
    let lab = Lab::new("probe");
    let features = lab.gateway(|| Features::probe().unwrap());
    println!("{features:?}");
    assert_eq!(lab.sh("gw", "nft list ruleset").trim(), "");
}

#[test]
fn a_restart_and_an_upgrade_cut_nobody_off() {
    for without in [&[][..], &OLDER] {
        let lab = Lab::new("adopt");
        let _servers = servers(&lab);
        let mut kernel = open(&lab, config(), without);
        let holder = Some(Holder { key: 77, quota: Quota::Total(ByteCount::new(1 << 30)) });
        kernel
            .grant(&[Access { holder, visit_quota: Quota::Total(ByteCount::new(1 << 29)), ..access(1) }, access(2)])
            .unwrap();
        kernel.ban(&[(device(9), None)]).unwrap();
        let streams: Vec<_> =
            UPSTREAM.iter().map(|host| lab.py_lines("c1", &format!("stream {host} 443 drip"))).collect();
        for (_, lines) in &streams {
            assert_eq!(lines.recv_timeout(Duration::from_secs(5)).unwrap(), "READY");
        }
        let before = kernel.visits().unwrap();
        drop(kernel);
        // The next daemon has other rules and another size of its maps.
        let bigger = GateConfig { devices: 5000, clamp_mss: false, ..config() };
        let features = lab.gateway(|| Features::probe().unwrap().without(without).unwrap());
        let mut kernel = lab.gateway(|| Kernel::open(bigger, &features).unwrap());
        let after = kernel.visits().unwrap();
        assert_eq!(after.len(), 2);
        for (was, is) in before.iter().zip(&after) {
            assert!(is.alive && is.device == was.device && is.generation == was.generation && is.holder == was.holder);
            assert!(is.traffic.down >= was.traffic.down && is.remaining <= was.remaining, "{was:?} {is:?}");
        }
        assert!(lab.sh("gw", "nft list map inet gapura up").contains("size 6250"));
        for (_, lines) in &streams {
            let ended = lines.recv_timeout(Duration::from_millis(700));
            assert!(ended.is_err(), "a stream ended: {ended:?}");
        }
        assert!(kernel.readings().unwrap()[0].traffic.down > after[0].traffic.down);
        // Extending an adopted visit, and its end.
        let more = Update { holder_quota: Some(Quota::Total(ByteCount::new(1 << 20))), ..Update::of(slot(0x11)) };
        kernel.update(&[more]).unwrap();
        assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "upstream");
        assert_eq!(kernel.revoke(&[slot(0x11), slot(0x12)]).unwrap().len(), 2);
        kernel.close().unwrap();
        assert_eq!(lab.sh("gw", "nft list ruleset").trim(), "");
    }
}

/// A packet that is on its way through the rules when a map is replaced finds the old one no more.
#[test]
fn no_packet_under_way_is_refused_when_maps_are_replaced() {
    let lab = Lab::new("swap");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    kernel.grant(&[access(1)]).unwrap();
    let streams: Vec<_> =
        UPSTREAM.iter().map(|host| lab.py_lines("c1", &format!("stream {host} 443 down 100000000000"))).collect();
    for (_, lines) in &streams {
        assert_eq!(lines.recv_timeout(Duration::from_secs(5)).unwrap(), "READY");
    }
    let features = lab.gateway(|| Features::probe().unwrap());
    for devices in 5001..5031 {
        drop(kernel);
        kernel = lab.gateway(|| Kernel::open(GateConfig { devices, ..config() }, &features).unwrap());
    }
    for (_, lines) in &streams {
        let ended = lines.recv_timeout(Duration::from_millis(100));
        assert!(ended.is_err(), "a stream ended: {ended:?}");
    }
    assert!(lab.sh("gw", "nft list counter inet gapura refused").contains("packets 0"));
}

#[test]
fn rules_that_the_kernel_will_not_take_leave_those_of_before() {
    let lab = Lab::new("too-big");
    let kernel = open(&lab, config(), &[]);
    drop(kernel);
    let before = lab.sh("gw", "nft -s list ruleset");
    let features = lab.gateway(|| Features::probe().unwrap());
    // A map of so many elements would need more memory than the kernel gives at once.
    let huge = GateConfig { devices: 400_000_000, ..config() };
    let refused = lab.gateway(|| Kernel::open(huge, &features)).err();
    assert!(matches!(refused, Some(KernelError::Refused { .. })), "{refused:?}");
    assert_eq!(lab.sh("gw", "nft -s list ruleset"), before);
}

#[test]
fn an_owned_table_is_not_flushed_nor_shared() {
    let lab = Lab::new("owner");
    let features = lab.gateway(|| Features::probe().unwrap());
    let kernel = open(&lab, config(), &[]);
    if features.owner && features.persist {
        lab.sh("gw", "nft flush ruleset");
        assert!(lab.sh("gw", "nft list ruleset").contains("table inet gapura"));
        assert!(!lab.try_sh("gw", "nft flush map inet gapura live").0);
        let second = lab.gateway(|| Kernel::open(config(), &features));
        assert!(matches!(second.err(), Some(KernelError::Owned { .. })));
    }
    drop(kernel);
}

#[test]
fn what_a_stranger_breaks_is_noticed_and_repaired() {
    let lab = Lab::new("flush");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &["owner", "persist"]);
    let mut events = lab.gateway(|| kernel.events().unwrap());
    kernel.grant(&[access(1)]).unwrap();
    kernel.ban(&[(device(2), None)]).unwrap();
    let desired = Desired {
        visits: vec![Access { visit_quota: Quota::Total(ByteCount::new(1 << 24)), ..access(1) }],
        banned: vec![(device(2), None)],
        ..Desired::default()
    };
    assert!(kernel.reconcile(&desired).unwrap().is_empty());
    assert!(kernel.verify().unwrap());
    assert_eq!(events.next(Duration::from_millis(50)).unwrap(), None);
    lab.py("c1", "try 198.51.100.1 443");
    let counted = kernel.readings().unwrap()[0].traffic;
    for (harm, repair) in [
        ("flush ruleset", None),
        ("delete table bridge gapura", None),
        ("flush chain inet gapura forward", None),
        ("insert rule inet gapura forward accept", None),
        ("delete chain inet gapura stamp", None),
        ("flush map inet gapura live", Some(Repair::Visit(slot(0x11)))),
        ("flush map inet gapura dev", Some(Repair::Visit(slot(0x11)))),
        ("flush set inet gapura banned", Some(Repair::Ban(device(2)))),
        ("flush set inet gapura open", Some(Repair::Setting("open".to_owned()))),
        ("add element inet gapura uplinks { lo }", Some(Repair::Setting("uplinks".to_owned()))),
        ("add element inet gapura dev { br-lan . 02:00:00:00:00:12 : 0x23070099 }", Some(Repair::Foreign(slot(0x99)))),
    ] {
        if !lab.try_sh("gw", &format!("nft '{harm}'")).0 {
            continue;
        }
        assert_eq!(events.next(Duration::from_secs(2)).unwrap(), Some(Event::ForeignChange), "{harm}");
        assert!(!kernel.verify().unwrap(), "{harm}");
        let repairs = kernel.reconcile(&desired).unwrap();
        assert!(!repairs.is_empty(), "{harm}");
        assert!(repair.is_none_or(|repair| repairs.contains(&repair)), "{harm}: {repairs:?}");
        assert!(kernel.verify().unwrap(), "{harm}");
        assert!(kernel.reconcile(&desired).unwrap().is_empty(), "{harm}: once is enough");
        for host in UPSTREAM {
            assert_eq!(lab.py("c1", &format!("try {host} 80")), "upstream", "{harm} {host}");
            assert_eq!(lab.py("c2", &format!("try {host} 443")), "RST", "{harm} {host}");
        }
        while events.next(Duration::ZERO).unwrap().is_some() {}
        if harm != "flush ruleset" {
            assert!(kernel.readings().unwrap()[0].traffic.down.get() > 0, "{harm} {counted:?}");
        }
    }
    kernel.reconcile(&Desired::default()).unwrap();
    assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "RST");
    assert!(kernel.visits().unwrap().is_empty());
}
