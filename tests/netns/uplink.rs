//! The uplink goes away, or brings the addresses of the visitors' own network.

use std::net::SocketAddr;
use std::time::Duration;

use gapura_lab::addr::SERVER4;
use gapura_lab::config::SiteWish;
use gapura_lab::probe::PROBES;
use gapura_lab::visit::Family;

use crate::stand::{
    admit, code, expect_online, let_pass, log, one_tap, outbox, redeem, session, site, status, submit, visitor_of, wait,
};

/// An uplink's fate is known after this long.
const NOTICED: Duration = Duration::from_secs(30);
/// A page of the gateway itself: names may not resolve while the Internet is away.
const GATE: &str = "http://10.60.0.1/";

#[test]
fn with_the_uplink_down_nobody_pays_and_nobody_is_told_it_works() {
    let site = site("uplink", 2, SiteWish::default());
    admit(&site, 1, &["--for", "3000s"]);
    let visitor = visitor_of(&site, 2);
    let before = visitor.open(GATE, Family::V4).unwrap();
    let form = visitor.open(&before.resolve("/voucer"), Family::V4).unwrap();
    let internet = site.lab().internet();
    internet
        .nft(
            "add table inet cut
             add chain inet cut in { type filter hook prerouting priority -400; policy accept; }
             add rule inet cut in iifname isp0 drop\n",
        )
        .unwrap();
    wait(&format!("the outage\n{}", log(&site)), NOTICED, || (status(&site)["uplink"]["up"] == false).then_some(()));
    assert_eq!(status(&site)["state"], "uplink-down");

    // Time stands still.
    let used = |number| session(&site, number).unwrap()["seconds_used"].as_u64().unwrap();
    let (spent, pause) = (used(1), Duration::from_secs(3));
    let_pass(pause);
    assert_eq!(used(1), spent, "an outage is not charged");

    // The portal says so, and no voucher is consumed.
    let page = visitor.open(GATE, Family::V4).unwrap();
    assert!(page.reply.text().contains("Internet sedang terganggu"), "{}", page.reply.text());
    let refused = submit(visitor, &form, "/voucer", &[("kode", &code(&site, "kuota", 0))]);
    assert!(refused.reply.text().contains("Internet sedang terganggu"), "{}", refused.reply.text());
    assert!(session(&site, 2).is_none());
    // No 204 is faked, nor any other system's idea of success.
    for probe in PROBES {
        let request = gapura_lab::http::Request::get(probe.host, probe.path, probe.user_agent);
        let reply = visitor.request(SocketAddr::new(SERVER4, 80), &request).unwrap();
        assert_ne!(probe.takes(&reply), gapura_lab::probe::Seen::Online, "{}", probe.system);
    }
    let open = outbox(&site).into_iter().find(|record| record["record"] == "outage").expect("the outage in the outbox");
    assert!(open["end"].is_null() && open["start"].is_string(), "{open}");

    internet.nft("delete table inet cut\n").unwrap();
    wait(&format!("the uplink again\n{}", log(&site)), NOTICED, || {
        (status(&site)["uplink"]["up"] == true).then_some(())
    });
    expect_online(&site, 1);
    let all = session(&site, 1).unwrap();
    let (spent_now, left) = (all["seconds_used"].as_u64().unwrap(), all["seconds_left"].as_u64().unwrap());
    assert!((2_998..=3_000).contains(&(spent_now + left)), "{all}");
    redeem(&site, 2, &code(&site, "kuota", 0));
    expect_online(&site, 2);
    wait("time to run again", Duration::from_secs(5), || (used(1) > spent_now).then_some(()));
    let closed =
        outbox(&site).into_iter().find(|record| record["record"] == "outage").expect("the outage in the outbox");
    assert!(closed["end"].is_string(), "{closed}");
}

#[test]
fn an_uplink_with_the_visitors_addresses_is_named_and_nobody_pays() {
    let site = site("clash", 1, SiteWish::default());
    let visitor = visitor_of(&site, 1);
    let welcome = visitor.open(GATE, Family::V4).unwrap();
    let form = visitor.open(&welcome.resolve("/voucer"), Family::V4).unwrap();
    assert!(status(&site)["uplink"]["clash"].is_null());
    site.lab().gw().ip_batch("addr add 10.60.1.77/24 dev wan0").unwrap();
    let words = wait(&format!("a word about the clash\n{}", log(&site)), Duration::from_secs(5), || {
        status(&site)["uplink"]["clash"].as_str().map(str::to_owned)
    });
    assert!(words.contains("wan0") && words.contains("br-lan") && words.contains("10.60."), "{words}");
    assert_eq!(status(&site)["state"], "degraded");
    let page = visitor.open(GATE, Family::V4).unwrap();
    assert!(page.reply.text().contains("alamat jaringan bentrok"), "{}", page.reply.text());
    let refused = submit(visitor, &form, "/voucer", &[("kode", &code(&site, "kuota", 0))]);
    assert!(refused.reply.text().contains("Internet sedang terganggu"), "{}", refused.reply.text());
    assert!(session(&site, 1).is_none());

    site.lab().gw().ip_batch("addr del 10.60.1.77/24 dev wan0").unwrap();
    wait("the end of the clash", Duration::from_secs(5), || status(&site)["uplink"]["clash"].is_null().then_some(()));
    let page = one_tap(&site, 1);
    assert_eq!(page.reply.status, 200);
    expect_online(&site, 1);
}
