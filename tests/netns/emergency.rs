//! *Buka darurat*: the gate stands open for everybody for a stated time, and not a moment longer.

use std::time::Duration;

use gapura_lab::addr::{LAN, SERVER4, SERVER6, visitor_mac};
use gapura_lab::clock::Stopwatch;
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::traffic::{Knock, numbered_stream};
use gapura_lab::upstream::UPSTREAM_PAGE;
use gapura_lab::visit::Family;

use crate::stand::{
    ANY, SOON, admit, audit, expect_online, expect_refused, families, log, session, site, status, tcp, udp, visitor_of,
    wait,
};

/// Long enough for two starts of the daemon on a slow machine.
const LENGTH: Duration = Duration::from_secs(30);
/// Whoever looks every 100 ms, and waits up to 500 ms for an answer, sees an end later than it came.
const SEEN_LATE: Duration = Duration::from_secs(5);

fn open(site: &Site, length: Duration) {
    let length = format!("{}s", length.as_secs());
    let answer = site.ctl(&["open-in-emergency", "--for", &length, "--reason", "banjir"]).unwrap();
    assert_eq!(answer["open"], true, "{answer}");
}

fn acts(site: &Site, action: &str) -> usize {
    audit(site).iter().filter(|known| *known == action).count()
}

#[test]
fn the_gate_opens_for_everybody_and_closes_by_itself_daemon_dead_or_not() {
    // Visitor 1 is nobody's, visitor 2 has a visit, visitor 3 is kept out by the site.
    let wish = SiteWish { blocked: vec![visitor_mac(3)], ..SiteWish::default() };
    let mut site = site("darurat", 3, wish);
    admit(&site, 2, &["--for", "3000s"]);
    let going_on = numbered_stream(visitor_of(&site, 2).ns(), SERVER6).unwrap();
    for number in [1, 3] {
        expect_refused(&site, number);
    }
    let watch = Stopwatch::start();
    open(&site, LENGTH);
    for number in 1..=3 {
        expect_online(&site, number);
        for family in families(&site) {
            assert_eq!(udp(&site, number, family), Knock::Open, "visitor {number}, UDP over {family}");
        }
    }
    // No login window: port 80 is the Internet's. The gate's own page says what is going on.
    let first = visitor_of(&site, 1);
    for family in families(&site) {
        assert!(first.open(ANY, family).unwrap().reply.text().contains(UPSTREAM_PAGE), "over {family}");
    }
    let page = first.open(&format!("http://{}/", LAN.0), Family::V4).unwrap();
    assert!(page.reply.text().contains("Internet dibuka untuk semua"), "{}", page.reply.text());
    assert!(page.forms().is_empty(), "nobody has to log in");
    let now = status(&site);
    assert_eq!((&now["state"], &now["emergency"]["reason"]), (&"open-in-emergency".into(), &"banjir".into()), "{now}");
    assert!(now["emergency"]["seconds_left"].as_u64().unwrap() <= LENGTH.as_secs());
    assert_eq!(acts(&site, "open-in-emergency"), 1);
    assert!(log(&site).contains("Buka darurat"), "{}", log(&site));

    // A restart neither closes nor lengthens it.
    let streams = [SERVER4, SERVER6].map(|server| numbered_stream(visitor_of(&site, 1).ns(), server).unwrap());
    site.gateway_mut().kill();
    site.restart_gateway().unwrap();
    let left = status(&site)["emergency"]["seconds_left"].as_u64().unwrap_or_else(|| panic!("over\n{}", log(&site)));
    assert!(Duration::from_secs(left) + watch.elapsed() < LENGTH + SEEN_LATE, "{left} s left");
    // The end is the kernel's.
    site.gateway_mut().kill();
    let ended = wait("the end of the emergency opening", LENGTH + SOON, || {
        (tcp(&site, 1, Family::V4) == Knock::Refused).then(|| watch.elapsed())
    });
    assert!(ended + Duration::from_secs(1) > LENGTH && ended < LENGTH + SEEN_LATE, "ended after {ended:?}");
    for number in [1, 3] {
        expect_refused(&site, number);
    }
    for stream in streams {
        let report = stream.stop().unwrap();
        assert!(report.in_order && report.longest_gap < SEEN_LATE, "{report:?}");
        assert!(
            report.broken.as_ref().is_some_and(|end| end.contains("reset")),
            "told so, not left hanging: {report:?}"
        );
    }
    let report = going_on.stop().unwrap();
    assert!(report.broken.is_none() && report.in_order, "a visit outlives it: {report:?}");
    site.restart_gateway().unwrap();
    assert!(status(&site)["emergency"].is_null());
    assert_eq!(acts(&site, "emergency-ended"), 1, "{:?}", audit(&site));
    assert!(session(&site, 2).is_some());
    eprintln!("opened for {LENGTH:?}, closed after {ended:?}");

    // Whatever the hours say; and staff end it before its time.
    site.ctl(&["hours", "--close-in", "0s", "--reason", "uji"]).unwrap();
    wait(&format!("closing\n{}", log(&site)), SOON, || session(&site, 2).is_none().then_some(()));
    expect_refused(&site, 2);
    open(&site, Duration::from_mins(50));
    for number in 1..=3 {
        expect_online(&site, number);
    }
    let answer = site.ctl(&["open-in-emergency", "--for", "0s", "--reason", "surut"]).unwrap();
    assert_eq!(answer["open"], false);
    for number in 1..=3 {
        expect_refused(&site, number);
    }
    assert_eq!((acts(&site, "open-in-emergency"), acts(&site, "emergency-ended")), (2, 2), "{:?}", audit(&site));
    assert!(site.ctl(&["open-in-emergency", "--for", "0s", "--reason", "lagi"]).is_err(), "there is none to end");
}
