//! Uplinks are a set (MPLIK): cables are pulled, interfaces go away and others come, while visitors are online.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gapura_lab::addr::{DELEGATED, LAN, Link, SERVER4, WAN0, WAN1};
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::http::Request;
use gapura_lab::probe::{PROBES, Seen};
use gapura_lab::traffic::Knock;
use gapura_lab::visit::Family;
use serde_json::Value;

use crate::stand::{
    admit, code, expect_online, families, lab, let_pass, log, outbox, redeem, session, start, status, submit, tcp,
    visitor_of, wait,
};

/// A change of uplinks is known, and packets take another way, after this long.
const NOTICED: Duration = Duration::from_secs(30);

/// As whom upstream sees visitor 1 over IPv4; nothing while no way leads there.
fn seen_as(site: &Site) -> Option<IpAddr> {
    if tcp(site, 1, Family::V4) != Knock::Open {
        return None;
    }
    let asked = Request::get("x.example", "/whoami", "lab");
    visitor_of(site, 1).request(SocketAddr::new(SERVER4, 80), &asked).ok()?.text().trim().parse().ok()
}

/// The provider routes the visitors' prefix over this link.
fn route_prefix(site: &Site, link: &Link) {
    let (prefix, length) = DELEGATED;
    site.lab().internet().ip_batch(&format!("route replace {prefix}/{length} via {}", link.far6)).unwrap();
}

fn expect_way(site: &Site, link: &Link, what: &str) {
    wait(&format!("{what}\n{}", log(site)), NOTICED, || (seen_as(site) == Some(link.far4.into())).then_some(()));
    for family in families(site) {
        wait(&format!("{what}: visitor 1 over {family}\n{}", log(site)), NOTICED, || {
            (tcp(site, 1, family) == Knock::Open).then_some(())
        });
    }
}

fn up(site: &Site) -> bool {
    status(site)["uplink"]["up"] == true
}

fn outages(site: &Site) -> Vec<Value> {
    outbox(site).into_iter().filter(|record| record["record"] == "outage").collect()
}

#[test]
fn one_uplink_takes_over_from_another_and_with_none_nobody_pays() {
    let lab = lab("uplinks", 2, |spec| spec.second_uplink = true);
    // An interface that comes later gets what the system's defaults are; Debian's are these.
    lab.gw().sysctl("net.ipv4.conf.default.rp_filter", "2").unwrap();
    let site = start(lab, SiteWish::default());
    admit(&site, 1, &["--for", "3000s"]);
    let visitor = visitor_of(&site, 2);
    let gate = format!("http://{}/", LAN.0);
    let form = visitor.open(&format!("{gate}voucer"), Family::V4).unwrap();
    expect_way(&site, &WAN0, "the first uplink");

    // Its cable is pulled: the other one carries on, and nobody hears of an outage.
    site.lab().uplink("wan0", false).unwrap();
    route_prefix(&site, &WAN1);
    expect_way(&site, &WAN1, "the second uplink after the first one's cable was pulled");

    // That one goes away altogether: there is none.
    site.lab().internet().ip_batch("link del isp1").unwrap();
    wait(&format!("the outage\n{}", log(&site)), NOTICED, || (!up(&site)).then_some(()));
    assert_eq!(status(&site)["state"], "uplink-down");
    let all = outages(&site);
    assert!(all.len() == 1 && all[0]["end"].is_null() && all[0]["start"].is_string(), "{all:?}");
    let used = || session(&site, 1).unwrap()["seconds_used"].as_u64().unwrap();
    let spent = used();
    let_pass(Duration::from_secs(3));
    assert_eq!(used(), spent, "an outage is not charged");
    let voucher = code(&site, "kuota", 0);
    let refused = submit(visitor, &form, "/voucer", &[("kode", &voucher)]);
    for page in [visitor.open(&gate, Family::V4).unwrap(), refused] {
        let text = page.reply.text();
        assert!(text.contains("Internet sedang terganggu") && text.contains("Gangguan ini tercatat"), "{text}");
    }
    assert!(session(&site, 2).is_none());
    let status_page = visitor_of(&site, 1).open(&format!("{gate}status"), Family::V4).unwrap();
    assert!(status_page.reply.text().contains("waktu Anda tidak berjalan"), "{}", status_page.reply.text());
    for probe in PROBES {
        let request = Request::get(probe.host, probe.path, probe.user_agent);
        let reply = visitor.request(SocketAddr::new(SERVER4, 80), &request).unwrap();
        assert_ne!(probe.takes(&reply), Seen::Online, "{}", probe.system);
    }

    // Another card is plugged in under the first one's name.
    plug_in_anew(&site);
    route_prefix(&site, &WAN0);
    wait(&format!("the end of the outage\n{}", log(&site)), NOTICED, || up(&site).then_some(()));
    expect_way(&site, &WAN0, "the new uplink");
    let all = outages(&site);
    assert!(all.len() == 1 && all[0]["end"].is_string(), "{all:?}");
    let visit = session(&site, 1).unwrap();
    let whole = visit["seconds_used"].as_u64().unwrap() + visit["seconds_left"].as_u64().unwrap();
    assert!((2_998..=3_000).contains(&whole), "{visit}");
    redeem(&site, 2, &voucher);
    expect_online(&site, 2);
    wait("time to run again", Duration::from_secs(10), || (used() > spent + 1).then_some(()));
}

/// The old `wan0` is gone, and a new one with its addresses is there.
fn plug_in_anew(site: &Site) {
    let Link { up4, far4, len4, up6, far6 } = WAN0;
    let (up, gw) = (site.lab().internet(), site.lab().gw());
    up.ip_batch(&format!(
        "link del isp0\nlink add isp0 type veth peer name wan0 netns {}\naddr add {up4}/{len4} dev isp0\n\
         addr add {up6}/64 dev isp0\nlink set isp0 up",
        gw.name()
    ))
    .unwrap();
    gw.ip_batch(&format!(
        "link set wan0 up\naddr add {far4}/{len4} dev wan0\nroute add default via {up4} dev wan0\n\
         addr add {far6}/64 dev wan0\nroute add default via {up6} dev wan0"
    ))
    .unwrap();
}
