//! Of a packet's mark only our own bit is ever written: other programs on the router use the others.

use gapura_lab::config::SiteWish;
use gapura_lab::traffic::{Knock, download};
use serde_json::Value;

use crate::stand::{BOTH, SOON, admit, families, site, tcp};

#[test]
fn other_programs_bits_of_the_mark_survive() {
    let site = site("marks", 2, SiteWish::default());
    // Somebody's policy routing or shaping: sets its bits first, and looks at them last.
    site.lab()
        .gw()
        .nft(
            "add table inet other
             add counter inet other kept
             add counter inet other lost
             add chain inet other first { type filter hook prerouting priority -500; policy accept; }
             add chain inet other own { type filter hook output priority -500; policy accept; }
             add chain inet other local { type filter hook input priority 500; policy accept; }
             add chain inet other last { type filter hook postrouting priority 500; policy accept; }
             add rule inet other first iifname { \"br-lan\", \"wan0\" } meta mark set 0x00ab0042
             add rule inet other own meta mark set 0x00ab0042
             add rule inet other local iifname { \"br-lan\", \"wan0\" } meta mark & 0xefffffff != 0x00ab0042 counter name lost
             add rule inet other last iifname { \"br-lan\", \"wan0\" } meta mark & 0xefffffff == 0x00ab0042 counter name kept
             add rule inet other last iifname { \"br-lan\", \"wan0\" } meta mark & 0xefffffff != 0x00ab0042 counter name lost\n",
        )
        .unwrap();
    admit(&site, 1, &["--plan", "pelan"]);
    let visitor = site.lab().visitor(1).unwrap();
    for server in BOTH {
        let got = visitor.ns().run(|| download(server, 200_000, SOON)).unwrap();
        assert_eq!(got.bytes, 200_000);
    }
    for family in families(&site) {
        assert_eq!(tcp(&site, 2, family), Knock::Refused);
    }
    let count = |name: &str| -> u64 {
        let text = site.lab().gw().output("nft", &["-j", "list", "counter", "inet", "other", name]).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        json["nftables"].as_array().unwrap().iter().find_map(|one| one["counter"]["packets"].as_u64()).unwrap()
    };
    assert!(count("kept") > 300, "{}", count("kept"));
    assert_eq!(count("lost"), 0, "bits of somebody else were changed");
    eprintln!("{} packets kept the other program's bits", count("kept"));
}
