//! Somebody flushes the ruleset, deletes the gate's table, or takes an element out of it.

use std::time::Duration;

use gapura_lab::addr::{SERVER4, SERVER6};
use gapura_lab::clock::Stopwatch;
use gapura_lab::config::{QUOTA, SiteWish};
use gapura_lab::counters;
use gapura_lab::daemon::Site;
use gapura_lab::traffic::{Knock, download, numbered_stream, outsider};
use gapura_lab::visit::Family;

use crate::stand::{
    BOTH, SOON, admit, code, expect_online, expect_refused, families, log, redeem, session, site, status, tcp, usage,
    wait,
};

/// A fault is repaired within this time on the slowest machine.
const REPAIR: Duration = Duration::from_secs(10);

#[test]
fn without_owned_tables_a_strangers_change_is_repaired_and_lets_nobody_in() {
    let wish = SiteWish { gateway_arguments: hidden(&["owner", "persist"]), ..SiteWish::default() };
    let site = site("repair", 3, wish);
    admit(&site, 1, &["--for", "600s"]);
    let before = counters::read(site.lab().visitor(2).unwrap().ns()).unwrap();
    redeem(&site, 2, &code(&site, "kuota", 0));
    expect_online(&site, 2);
    let second = site.lab().visitor(2).unwrap().ns().handle();
    second.run(|| download(SERVER4, QUOTA / 4, SOON)).unwrap();
    let used = usage(&site, 2);
    assert!(used.1 > QUOTA / 4);
    let started = session(&site, 1).unwrap()["started"].clone();
    // The outsider knocks so often that the kernel would ration its answers (RFC 1812 section 4.3.2.8); here each one is to come.
    for rate in ["net.ipv4.icmp_ratelimit", "net.ipv6.icmp.ratelimit"] {
        site.lab().gw().sysctl(rate, "0").unwrap();
    }
    let outside = outsider(site.lab().visitor(3).unwrap().ns(), BOTH.to_vec()).unwrap();
    let mac = site.lab().visitor(1).unwrap().mac();
    let faults = [
        "flush ruleset".to_owned(),
        "delete table inet gapura".to_owned(),
        format!("delete element inet gapura dev {{ \"br-lan\" . {mac} }}"),
        "flush map inet gapura live".to_owned(),
        "flush set inet gapura open".to_owned(),
    ];
    for (done, fault) in faults.iter().enumerate() {
        let watch = Stopwatch::start();
        site.lab().gw().nft(&format!("{fault}\n")).unwrap_or_else(|error| panic!("{fault}: {error}"));
        let repairs = wait(&format!("repair after {fault}\n{}", log(&site)), REPAIR, || {
            status(&site)["kernel"]["repairs"].as_u64().filter(|repairs| *repairs > done as u64)
        });
        for number in [1, 2] {
            for family in families(&site) {
                wait(&format!("visitor {number} after {fault}\n{}", log(&site)), REPAIR, || {
                    (tcp(&site, number, family) == Knock::Open).then_some(())
                });
            }
        }
        let took = watch.elapsed();
        assert!(took < REPAIR, "{fault}: whole again after {took:?}");
        assert_eq!(repairs, done as u64 + 1, "one fault, one repair\n{}", log(&site));
        eprintln!("{fault}: both visitors online again within {took:?}");
    }
    let seen = outside.stop().unwrap();
    assert!(seen.tried > 50 && seen.got_through == 0, "{seen:?}");
    expect_refused(&site, 3);
    let said = log(&site).lines().filter(|line| line.contains("the kernel was repaired")).count();
    assert_eq!(said, faults.len(), "each fault is said once\n{}", log(&site));

    let first = session(&site, 1).unwrap();
    assert_eq!(first["started"], started);
    let (spent, left) = (first["seconds_used"].as_u64().unwrap(), first["seconds_left"].as_u64().unwrap());
    assert!(spent + left <= 600 && spent + left >= 598, "no time gained or lost: {first}");
    let now = usage(&site, 2);
    assert!(
        now.0 >= used.0 && now.1 >= used.1 && now.1 < used.1 + 20_000,
        "bytes counted twice or forgotten: {used:?}, {now:?}"
    );
    // No second quota: all that visitor 2 ever gets is one.
    second.run(|| download(SERVER6, QUOTA * 2, SOON)).unwrap();
    let got = counters::read(&second).unwrap().since(before);
    let delivered = got.received + got.sent;
    assert!(got.received <= QUOTA && delivered > QUOTA / 2, "{got:?} of {QUOTA}");
    assert_eq!(tcp(&site, 2, Family::V6), Knock::Refused);
    eprintln!("{delivered} bytes of one quota of {QUOTA}; an outsider's {} tries: 0 through", seen.tried);
}

#[test]
fn an_owned_table_cannot_be_touched_and_after_a_kill_it_stays_shut_until_rebuilt() {
    let mut site = site("owned", 2, SiteWish::default());
    admit(&site, 1, &["--for", "600s"]);
    let outside = outsider(site.lab().visitor(2).unwrap().ns(), BOTH.to_vec()).unwrap();
    let streams = BOTH.map(|server| numbered_stream(site.lab().visitor(1).unwrap().ns(), server).unwrap());
    let mac = site.lab().visitor(1).unwrap().mac();
    let gw = site.lab().gw();
    gw.nft("flush ruleset\n").unwrap();
    for fault in
        ["delete table inet gapura".to_owned(), format!("delete element inet gapura dev {{ \"br-lan\" . {mac} }}")]
    {
        let refused = gw.nft(&format!("{fault}\n")).unwrap_err().to_string();
        assert!(refused.contains("Operation not permitted"), "{fault}: {refused}");
    }
    expect_online(&site, 1);
    for stream in streams {
        let report = stream.stop().unwrap();
        assert!(
            report.broken.is_none() && report.in_order && report.longest_gap < Duration::from_secs(3),
            "{report:?}"
        );
    }
    assert_eq!(status(&site)["kernel"]["repairs"], 0);

    // With the daemon dead nobody owns it: flushed, it is shut by the second lock, for everybody.
    site.gateway_mut().kill();
    site.lab().gw().nft("flush ruleset\n").unwrap();
    let tables = site.lab().gw().output("nft", &["list", "tables"]).unwrap();
    assert!(!tables.contains("gapura"), "{tables}");
    for family in Family::BOTH {
        assert_ne!(tcp(&site, 1, family), Knock::Open, "no table, no way out over {family}");
    }
    let_nobody_in(&site);
    site.restart_gateway().unwrap();
    expect_online(&site, 1);
    let first = session(&site, 1).unwrap();
    let (spent, left) = (first["seconds_used"].as_u64().unwrap(), first["seconds_left"].as_u64().unwrap());
    assert!((598..=600).contains(&(spent + left)), "no time gained or lost: {first}");
    let seen = outside.stop().unwrap();
    assert!(seen.tried > 50 && seen.got_through == 0, "{seen:?}");
}

/// Without the table not one foreign packet passes.
fn let_nobody_in(site: &Site) {
    for family in Family::BOTH {
        assert_ne!(tcp(site, 2, family), Knock::Open);
    }
}

fn hidden(features: &[&str]) -> Vec<String> {
    features.iter().flat_map(|feature| ["--without".to_owned(), (*feature).to_owned()]).collect()
}
