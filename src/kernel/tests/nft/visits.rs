//! Visits from grant to end.

use std::time::{Duration, Instant};

use gapura_kernel::{Access, AddressFilter, ClassIds, Depleted, Device, Event, Holder, Kernel, Quota, Update};
use gapura_model::ByteCount;

use crate::gate::{UPSTREAM, access, config, device, open, servers, slot};
use crate::lab::Lab;

#[test]
fn a_device_meets_the_portal_then_passes_then_is_refused() {
    let lab = Lab::new("visit");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 80")), "portal", "{host} before");
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST", "{host} before");
        assert_eq!(lab.py("c1", &format!("udp {host} 443 5")), "0 5", "{host} before");
    }
    kernel.grant(&[access(1)]).unwrap();
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 80")), "upstream", "{host} online");
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "upstream", "{host} online");
        assert_eq!(lab.py("c1", &format!("udp {host} 443 3")), "3 0", "{host} online");
        assert_eq!(lab.py("c2", &format!("try {host} 443")), "RST", "{host} of another");
    }
    let reading = kernel.readings().unwrap()[0];
    assert_eq!(reading.slot, slot(0x11));
    assert!(reading.traffic.up > ByteCount::new(1000) && reading.traffic.down > ByteCount::new(1000), "{reading:?}");
    let ended = kernel.revoke(&[slot(0x11)]).unwrap();
    assert_eq!(ended[0].traffic, reading.traffic);
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 80")), "portal", "{host} after");
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST", "{host} after");
    }
    assert!(kernel.readings().unwrap().is_empty());
}

#[test]
fn nft_lists_the_gate() {
    let lab = Lab::new("list");
    let mut kernel = open(&lab, config(), &[]);
    kernel.grant(&[access(1)]).unwrap();
    let text = lab.sh("gw", "nft -n list ruleset");
    for line in [
        "table inet gapura {",
        "table bridge gapura {",
        "quota name ct mark map @live",
        "type ifname . ether_addr : mark",
        "iifname . ether saddr map @dev",
        "redirect to :8080",
        "reject with tcp reset",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    kernel.close().unwrap();
    assert_eq!(lab.sh("gw", "nft list tables").trim(), "");
}

/// Starts a slow download, ends it by `end`, and says how it ended for the client and after how long.
fn cut(lab: &Lab, host: &str, mode: &str, end: impl FnOnce()) -> (String, Duration) {
    let (_client, lines) = lab.py_lines("c1", &format!("stream {host} 443 {mode}"));
    assert_eq!(lines.recv_timeout(Duration::from_secs(10)).unwrap(), "READY", "{host}");
    end();
    let start = now();
    let line = lines.recv_timeout(Duration::from_secs(10)).unwrap();
    (line, start.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "a test that measures needs a clock")]
fn now() -> Instant {
    Instant::now()
}

fn hurried(what: &str, (line, took): &(String, Duration)) {
    println!("{what}: {line} after {took:?}");
    assert!(line.starts_with("END RST"), "{what}: {line}");
    assert!(*took < Duration::from_secs(4), "{what}: {took:?}");
}

#[test]
fn a_revoked_download_ends_at_once_for_the_client() {
    let lab = Lab::new("cut");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    for host in UPSTREAM {
        for mode in ["drip", "down 100000000000"] {
            kernel.grant(&[access(1)]).unwrap();
            let end = cut(&lab, host, mode, || drop(kernel.revoke(&[slot(0x11)]).unwrap()));
            hurried(&format!("{host} {mode} revoked"), &end);
        }
    }
}

#[test]
fn time_runs_out_in_the_kernel() {
    let lab = Lab::new("time");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    for host in UPSTREAM {
        let mut short = access(1);
        short.expires_in = Some(Duration::from_millis(1500));
        kernel.grant(&[short]).unwrap();
        let (line, took) = cut(&lab, host, "drip", || ());
        assert!(line.starts_with("END RST") && took < Duration::from_secs(6), "{host}: {line} {took:?}");
        assert_eq!(lab.py("c1", &format!("try {host} 80")), "portal", "{host} after");
        let over = kernel.visits().unwrap();
        assert!(over[0].device.is_none() && !over[0].alive && over[0].traffic.down > ByteCount::ZERO, "{over:?}");
        assert!(kernel.revoke(&[slot(0x11)]).unwrap()[0].traffic.down > ByteCount::ZERO);
    }
}

#[test]
fn time_is_extended_and_cut_short_while_running() {
    for without in [&[][..], &["timeout-update", "destroy"]] {
        let lab = Lab::new("extend");
        let mut kernel = open(&lab, config(), without);
        kernel.grant(&[access(1)]).unwrap();
        for (new, least) in [(Some(7200), Some(7100)), (Some(100), Some(50)), (None, None), (Some(60), Some(50))] {
            let expires_in = Some(new.map(Duration::from_secs));
            kernel.update(&[Update { expires_in, ..Update::of(slot(0x11)) }]).unwrap();
            let left = kernel.visits().unwrap()[0].remaining;
            assert_eq!(left.is_some(), least.is_some(), "{without:?} {new:?}");
            assert!(
                left.unwrap_or_default() >= Duration::from_secs(least.unwrap_or(0)),
                "{without:?} {new:?} {left:?}"
            );
            assert!(left.unwrap_or_default() <= Duration::from_secs(new.unwrap_or(0)), "{without:?} {new:?} {left:?}");
        }
    }
}

const LIMIT: u64 = 2 << 20;

fn quotas() -> [(&'static str, Quota, Option<Quota>); 5] {
    let bytes = ByteCount::new(LIMIT);
    let each = Quota::EachWay { up: None, down: Some(bytes) };
    let wide = Quota::Total(ByteCount::new(LIMIT * 10));
    [
        ("total", Quota::Total(bytes), None),
        ("down", each, None),
        ("holder", Quota::Unlimited, Some(Quota::Total(bytes))),
        ("visit under holder", Quota::Total(bytes), Some(wide)),
        ("holder under visit", wide, Some(each)),
    ]
}

#[test]
fn bytes_run_out_exactly_and_an_event_says_whose() {
    let lab = Lab::new("quota");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    let mut events = lab.gateway(|| kernel.events().unwrap());
    for host in UPSTREAM {
        for (what, visit_quota, holder) in quotas() {
            let holder = holder.map(|quota| Holder { key: 9, quota });
            let mark = kernel.grant(&[Access { visit_quota, holder, ..access(1) }]).unwrap()[0];
            let line = lab.py("c1", &format!("stream {host} 443 down 100000000"));
            let got: u64 = line.split_whitespace().last().unwrap().parse().unwrap();
            // What is lost on the way counts as well: a busy machine delivers less than it forwards.
            assert!(line.contains("END RST") && got < LIMIT && got > LIMIT / 2, "{host} {what}: {line}");
            let traffic = kernel.readings().unwrap()[0].traffic;
            let counted =
                if what.contains("down") || what == "holder under visit" { traffic.down } else { traffic.total() };
            assert!((LIMIT - 65_600..=LIMIT).contains(&counted.get()), "{host} {what}: {counted}");
            let of_holder = matches!(what, "holder" | "holder under visit");
            let owner = if of_holder {
                Depleted::Holder(9)
            } else {
                Depleted::Visit { slot: slot(0x11), generation: mark.generation }
            };
            assert_eq!(
                events.next(Duration::from_secs(2)).unwrap(),
                Some(Event::QuotaDepleted(owner)),
                "{host} {what}"
            );
            assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST", "{host} {what} after");
            assert_eq!(lab.py("c1", &format!("try {host} 80")), "portal", "{host} {what} after");
            let more = if of_holder {
                Update { holder_quota: Some(Quota::Total(ByteCount::new(LIMIT))), ..Update::of(slot(0x11)) }
            } else {
                Update { visit_quota: Some(Quota::Total(ByteCount::new(LIMIT))), ..Update::of(slot(0x11)) }
            };
            kernel.update(&[more]).unwrap();
            assert_eq!(lab.py("c1", &format!("try {host} 80")), "upstream", "{host} {what} extended");
            assert_eq!(lab.py("c1", &format!("try {host} 443")), "upstream", "{host} {what} extended");
            kernel.revoke(&[slot(0x11)]).unwrap();
        }
    }
    assert_eq!(events.next(Duration::from_millis(50)).unwrap(), None);
    assert_eq!(lab.sh("gw", "nft list quotas | grep -c 'quota v\\|quota h' || true").trim(), "0");
}

#[test]
fn devices_of_one_holder_share_one_balance() {
    let lab = Lab::new("share");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    let holder = Some(Holder { key: 5, quota: Quota::Total(ByteCount::new(LIMIT)) });
    kernel.grant(&[Access { holder, ..access(1) }, Access { holder, ..access(2) }]).unwrap();
    lab.py("c1", "stream 198.51.100.1 443 down 1000000");
    let line = lab.py("c2", "stream 2001:db8:100::1 443 down 100000000");
    let both: u64 = kernel.readings().unwrap().iter().map(|reading| reading.traffic.total().get()).sum();
    assert!(line.contains("RST") && both <= LIMIT && both > LIMIT - 65_600, "{line} {both}");
    assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "RST");
    kernel.revoke(&[slot(0x11)]).unwrap();
    let holder_quota = Some(Quota::Total(ByteCount::new(LIMIT)));
    kernel.update(&[Update { holder_quota, ..Update::of(slot(0x12)) }]).unwrap();
    assert_eq!(lab.py("c2", "try 198.51.100.1 443"), "upstream");
}

#[test]
fn used_up_bytes_slow_down_in_the_kernel() {
    let lab = Lab::new("slow");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    let classes = ClassIds { up: 0x0001_0011, dn: 0x0001_0011 };
    let slow = Some(ClassIds { up: 0x0001_0002, dn: 0x0001_0002 });
    let quota = Quota::Total(ByteCount::new(100_000));
    kernel.grant(&[Access { visit_quota: quota, classes, slow, ..access(1) }]).unwrap();
    let line = lab.py("c1", "stream 198.51.100.1 443 down 3000000");
    assert!(line.contains("END CLOSED 3000000"), "{line}");
    let reading = kernel.readings().unwrap()[0];
    assert!(reading.slowed.down.get() > 2_800_000 && reading.traffic.total().get() > 3_000_000, "{reading:?}");
    assert_eq!(lab.py("c1", "try 2001:db8:100::1 80"), "upstream");
    let ended = kernel.update(&[Update { slow: Some(None), ..Update::of(slot(0x11)) }]).unwrap();
    assert!(ended[0].traffic.down >= reading.traffic.down, "{ended:?}");
    assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "RST");
}

#[test]
fn a_visit_moves_to_another_device_and_a_policy_change_judges_flows_again() {
    let lab = Lab::new("move");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    kernel.grant(&[access(1)]).unwrap();
    let to: Device = device(2);
    kernel.update(&[Update { device: Some(to), ..Update::of(slot(0x11)) }]).unwrap();
    assert_eq!(lab.py("c1", "try 198.51.100.1 443"), "RST");
    assert_eq!(lab.py("c2", "try 198.51.100.1 443"), "upstream");
    kernel.update(&[Update { device: Some(device(1)), ..Update::of(slot(0x11)) }]).unwrap();
    for host in UPSTREAM {
        let address: std::net::IpAddr = host.parse().unwrap();
        let ranges = vec![(address, address, 1)];
        let bad = AddressFilter { ranges, refused: [(1, 8)].into(), ..AddressFilter::default() };
        let end = cut(&lab, host, "drip", || {
            kernel.set_filter(&bad).unwrap();
            assert_eq!(kernel.regenerate(&[(slot(0x11), Some(8))]).unwrap().len(), 1);
        });
        hurried(&format!("{host} listed as bad"), &end);
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST");
        kernel.set_filter(&AddressFilter::default()).unwrap();
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "upstream");
        // What the new policy and new classes allow goes on.
        let (_client, lines) = lab.py_lines("c1", &format!("stream {host} 443 drip"));
        assert_eq!(lines.recv_timeout(Duration::from_secs(10)).unwrap(), "READY", "{host}");
        kernel.regenerate(&[(slot(0x11), None)]).unwrap();
        assert!(lines.recv_timeout(Duration::from_millis(700)).is_err(), "{host}: an allowed flow ended");
        let classes = Some(ClassIds { up: 0x0001_0020, dn: 0x0001_0020 });
        kernel.update(&[Update { classes, ..Update::of(slot(0x11)) }]).unwrap();
        assert!(lines.recv_timeout(Duration::from_millis(700)).is_err(), "{host}: a flow ended with a new class");
    }
}

#[test]
fn wrong_calls_are_refused_before_anything_is_done() {
    let lab = Lab::new("wrong");
    let mut kernel: Kernel = open(&lab, config(), &[]);
    assert!(kernel.grant(&[access(1), access(1)]).is_err());
    kernel.grant(&[access(1)]).unwrap();
    assert!(kernel.grant(&[access(2), access(1)]).is_err());
    assert!(kernel.update(&[Update::of(slot(0x12))]).is_err());
    assert_eq!(kernel.visits().unwrap().len(), 1);
    assert!(kernel.revoke(&[slot(0x40)]).unwrap().is_empty());
}
