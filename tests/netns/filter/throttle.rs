//! What an SOP slows down: names and addresses, for one group, while the daemon lives, dies and reads other rules.

use std::fs;
use std::net::IpAddr;
use std::time::Duration;

use gapura_lab::addr::port;
use gapura_lab::daemon::Site;
use gapura_lab::traffic::{Ended, Transfer, download, upload};
use gapura_lab::visit::Family;
use rustix::process::Signal;

use super::{CHILDS_PC, addressed, clause, filtered, head, of, office, until_status};
use crate::stand::{SOON, admit, families, log, visitor_of, wait};

/// Slowed by its name.
const NAMED: &str = "u1.video.example";
/// Octets that would come in a moment, and take seconds at the rate.
const BYTES: u64 = 1_000_000;
/// Bits a second: [`BYTES`] take four seconds.
const RATE: u64 = 2_000_000;

fn sop(rate: &str) -> String {
    let children = "scope = { groups = [\"anak\"] }";
    let text = [
        head("regency", "SOP/LAMBAT/01"),
        clause(
            1,
            "Video diperlambat bagi anak.",
            &format!("action = \"throttle\"\nrate = \"{rate}\"\nnames = [\"video.example\"]\n{children}"),
        ),
        clause(
            2,
            "Alamat ini diperlambat bagi anak.",
            &format!("action = \"throttle\"\nrate = \"{rate}\"\naddresses = [SERVER2]\n{children}"),
        ),
        clause(3, "Situs perjudian diblokir.", "action = \"block\"\nnames = [\"situs-judi.example\"]"),
    ];
    addressed(&text.concat())
}

fn moved(site: &Site, number: u16, to: IpAddr, up: bool) -> Transfer {
    let limit = Duration::from_mins(1);
    let work = || if up { upload(to, BYTES, limit) } else { download(to, BYTES, limit) };
    let moved = visitor_of(site, number).ns().run(work).unwrap();
    assert_eq!(
        (moved.bytes, moved.ended),
        (BYTES, Ended::Whole),
        "visitor {number} to {to}: slow, not cut\n{}",
        log(site)
    );
    moved
}

/// Where the resolver leads a visitor that asks for the slowed name.
fn named(site: &Site, number: u16, family: Family) -> IpAddr {
    let to = visitor_of(site, number).resolve(NAMED, port::HTTPS, family).unwrap().ip();
    assert_eq!(to, of(1, family));
    to
}

/// Far below what goes through without a rule, in bits a second.
fn is_slow(moved: &Transfer) -> bool {
    // A burst passes at once; the rest at the rate.
    moved.bits_per_second() < 1.5 * RATE as f64
}

#[test]
fn children_are_slowed_by_name_and_address_daemon_dead_or_not() {
    let mut site = filtered("fslow", CHILDS_PC, &[sop("2 Mbit/s")], None);
    admit(&site, 1, &["--plan", "umum"]);
    admit(&site, CHILDS_PC, &["--plan", "umum"]);
    until_status(&site, CHILDS_PC, super::FORBIDDEN, "NXDOMAIN");
    let families: Vec<_> = families(&site).collect();
    let table = || site.lab().gw().output("nft", &["list", "table", "inet", "gapura_slow"]).unwrap_or_default();
    wait(&format!("the throttles\n{}", log(&site)), SOON, || table().contains("ranges6_1").then_some(()));
    for family in &families {
        for (number, slow) in [(1, false), (CHILDS_PC, true)] {
            // By address, by name, and what no rule is about.
            for (to, slow) in [(of(2, *family), slow), (named(&site, number, *family), slow), (of(0, *family), false)] {
                let got = moved(&site, number, to, false);
                assert_eq!(is_slow(&got), slow, "visitor {number} from {to}: {got:?}\n{}\n{}", table(), log(&site));
            }
        }
        let sent = moved(&site, CHILDS_PC, of(2, *family), true);
        assert!(is_slow(&sent), "upward over {family}: {sent:?}");
    }
    site.gateway_mut().kill();
    for family in &families {
        for to in [of(2, *family), of(1, *family)] {
            let got = moved(&site, CHILDS_PC, to, false);
            assert!(is_slow(&got), "with the daemon dead, from {to}: {got:?}");
        }
    }
    site.restart_gateway().unwrap();
    // No rule, no table: nothing is slowed and nothing costs anything.
    fs::write(office(&site).join("sop-0.toml"), sop("none")).unwrap();
    site.gateway_mut().send(Signal::HUP);
    let gone = || site.lab().gw().output("nft", &["list", "tables"]).unwrap();
    wait(&format!("the throttles to go\n{}", log(&site)), SOON, || (!gone().contains("gapura_slow")).then_some(()));
    for family in &families {
        for to in [of(2, *family), of(1, *family)] {
            let got = moved(&site, CHILDS_PC, to, false);
            assert!(!is_slow(&got), "without a rule, from {to}: {got:?}");
        }
    }
}

#[test]
fn throttles_that_a_stranger_removes_come_back() {
    let site = filtered("fslowback", 1, &[sop("2 Mbit/s")], None);
    let list = || site.lab().gw().output("nft", &["list", "table", "inet", "gapura_slow"]).unwrap_or_default();
    wait(&format!("the throttles\n{}", log(&site)), SOON, || list().contains("ranges6_1").then_some(()));
    let removed = site.lab().gw().output("nft", &["delete", "table", "inet", "gapura_slow"]);
    if removed.is_ok() {
        wait(&format!("the throttles again\n{}", log(&site)), SOON * 2, || list().contains("ranges6_1").then_some(()));
    } else {
        // A kernel that knows owners keeps strangers out.
        assert!(list().contains("flags owner"), "{}", list());
    }
}
