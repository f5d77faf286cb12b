//! Rules with hours, across an hour's boundary.

use gapura_lab::addr::port;
use gapura_lab::clock::unix_seconds;
use gapura_lab::daemon::Site;
use gapura_lab::traffic::Knock;

use super::change::Flow;
use super::{addressed, clause, dig, filtered, head, of, own, tcp, until_status};
use crate::stand::{SOON, admit, families, log, status, wait};

/// Closed to children until noon.
const MORNING: &str = "gim.example";
/// Closed to children from noon.
const AFTERNOON: &str = "u3.siang.example";
/// Of the day, in the site's zone.
const NOON: i64 = 12 * 3600;
/// The site's zone is UTC+8 all year.
const ZONE: i64 = 8 * 3600;
/// The clock is set to this long before noon: time to look at all that holds before.
const BEFORE: i64 = 30;

fn sop() -> String {
    let rules = |targets: &str, hours: &str| {
        format!("action = \"block\"\n{targets}\nscope = {{ groups = [\"anak\"] }}\nhours = {{ spans = [\"{hours}\"] }}")
    };
    let text = [
        head("regency", "SOP/JAM/01"),
        clause(1, "Gim ditutup sampai pukul 12.00.", &rules("names = [\"gim.example\"]", "00.00-12.00")),
        clause(2, "Situs siang ditutup sejak pukul 12.00.", &rules("names = [\"siang.example\"]", "12.00-24.00")),
        clause(3, "Alamat ini ditutup sampai pukul 12.00.", &rules("addresses = [SERVER2]", "00.00-12.00")),
    ];
    addressed(&text.concat())
}

/// How many seconds the gateway is from noon, before it negative.
fn from_noon(site: &Site) -> i64 {
    let wall: jiff::Timestamp = status(site)["clock"]["wall"].as_str().unwrap().parse().unwrap();
    (wall.as_second() + ZONE).rem_euclid(86_400) - NOON
}

#[test]
fn at_the_hour_names_addresses_and_running_flows_change_by_themselves() {
    let mut site = filtered("fhours", 2, &[sop()], None);
    admit(&site, 1, &["--plan", "umum"]);
    admit(&site, 2, &["--plan", "pelan"]);
    let today = (unix_seconds() + ZONE).rem_euclid(86_400);
    let shift = (NOON - BEFORE - today).rem_euclid(86_400);
    site.restart_gateway_with(&[format!("--clock-shift={shift} trusted")]).unwrap();
    until_status(&site, 2, MORNING, "NXDOMAIN");
    assert_eq!(dig(&site, 2, own(), &[AFTERNOON]).status(), "NOERROR");
    let families: Vec<_> = families(&site).collect();
    let flows: Vec<Flow> = families.iter().map(|family| Flow::to(&site, 2, AFTERNOON, *family)).collect();
    let others: Vec<Flow> = families.iter().map(|family| Flow::to(&site, 1, AFTERNOON, *family)).collect();
    for family in &families {
        assert_eq!(tcp(&site, 2, of(2, *family), port::HTTPS), Knock::Refused, "{family}\n{}", log(&site));
    }
    assert!(flows.iter().all(Flow::lives));
    assert!(from_noon(&site) < 0, "this machine took {BEFORE} s for what comes before noon");

    wait("noon", SOON * 4, || (from_noon(&site) >= 0).then_some(()));
    until_status(&site, 2, AFTERNOON, "NXDOMAIN");
    assert!(dig(&site, 2, own(), &[AFTERNOON]).refused(15, "SOP/JAM/01 klausul 2"));
    until_status(&site, 2, MORNING, "NOERROR");
    assert_eq!(dig(&site, 1, own(), &[AFTERNOON]).status(), "NOERROR", "another group");
    for (flow, family) in flows.iter().zip(&families) {
        wait(&format!("the flow over {family} to end\n{}", log(&site)), SOON * 2, || (!flow.lives()).then_some(()));
        wait(&format!("server 2 to open over {family}\n{}", log(&site)), SOON, || {
            (tcp(&site, 2, of(2, *family), port::HTTPS) == Knock::Open).then_some(())
        });
    }
    assert!(others.iter().all(Flow::lives), "flows of another group go on");
}
