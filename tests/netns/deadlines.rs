//! Time, quota or hours end while the daemon is dead: the kernel cuts at that moment.

use std::time::Duration;

use gapura_lab::addr::{SERVER4, SERVER6};
use gapura_lab::clock::Stopwatch;
use gapura_lab::config::{QUOTA, SiteWish};
use gapura_lab::counters;
use gapura_lab::traffic::{Ended, Knock, download, numbered_stream};
use gapura_lab::visit::Family;

use crate::stand::{admit, code, expect_online, expect_refused, redeem, session, site, status, tcp, wait};

const TIME: Duration = Duration::from_secs(6);
/// The kernel counts elements' time in its own ticks, and whoever looks every 100 ms sees it later.
const TOLERANCE: Duration = Duration::from_secs(1);
const CLOSING: Duration = Duration::from_secs(11);

#[test]
fn the_kernel_cuts_time_quota_and_hours_while_the_daemon_is_dead() {
    let mut site = site("deadlines", 3, SiteWish::default());
    redeem(&site, 2, &code(&site, "kuota", 0));
    expect_online(&site, 2);
    admit(&site, 3, &[]);
    let closing = Stopwatch::start();
    site.ctl(&["hours", "--close-in", &format!("{}s", CLOSING.as_secs()), "--reason", "uji"]).unwrap();
    let before = (counters::read(site.lab().visitor(2).unwrap().ns()).unwrap(), quota_used(&site));
    let time = Stopwatch::start();
    admit(&site, 1, &["--for", &format!("{}s", TIME.as_secs())]);
    let first = site.lab().visitor(1).unwrap().ns().handle();
    let streams = [SERVER4, SERVER6].map(|server| numbered_stream(&first, server).unwrap());
    site.gateway_mut().kill();

    // The quota, over both families together, counted at the receiver.
    let second = site.lab().visitor(2).unwrap().ns().handle();
    second.run(|| download(SERVER6, QUOTA / 4, Duration::from_secs(5))).unwrap();
    let rest = second.run(|| download(SERVER4, QUOTA * 2, Duration::from_secs(5))).unwrap();
    assert_eq!(rest.ended, Ended::Reset, "a depleted visit is told so: {rest:?}");
    let delivered = counters::read(&second).unwrap().since(before.0);
    let total = before.1 + delivered.received + delivered.sent;
    assert!(total + 65_536 > QUOTA && delivered.received + before.1 <= QUOTA, "{total} of {QUOTA}, {delivered:?}");
    expect_refused(&site, 2);

    // The time of visitor 1: nothing before, and not a second after.
    let ended = wait("the end of visitor 1's time", TIME * 2, || {
        (tcp(&site, 1, Family::V4) == Knock::Refused).then(|| time.elapsed())
    });
    assert!(ended + TOLERANCE > TIME && ended < TIME + TOLERANCE, "cut after {ended:?}");
    expect_refused(&site, 1);
    for stream in streams {
        let report = stream.stop().unwrap();
        assert!(report.in_order && report.arrived > 300, "{report:?}");
        let end = report.broken.unwrap_or_default();
        assert!(end.contains("reset"), "a running connection is reset, not left hanging: {end:?}");
    }
    assert_eq!(tcp(&site, 3, Family::V6), Knock::Open, "visitor 3 still has time");

    // Hours.
    let cut = wait("closing", CLOSING * 2, || (tcp(&site, 3, Family::V6) == Knock::Refused).then(|| closing.elapsed()));
    assert!(cut + TOLERANCE > CLOSING && cut < CLOSING + TOLERANCE, "closed after {cut:?}");
    expect_refused(&site, 3);
    eprintln!("quota {total} of {QUOTA}, time over after {ended:?} of {TIME:?}, closed after {cut:?} of {CLOSING:?}");

    // Port 80 leads to the portal's port and nowhere else: nobody listens there now.
    let page = site.lab().visitor(1).unwrap().open("http://203.0.113.10/", Family::V4);
    assert!(page.is_err(), "{page:?}");

    site.restart_gateway().unwrap();
    assert_eq!(status(&site)["hours"]["open"], false);
    for number in 1..=3 {
        assert_eq!(session(&site, number), None, "visitor {number}'s visit has ended");
        let page = site.lab().visitor(number).unwrap().open("http://203.0.113.10/", Family::V4).unwrap();
        assert!(
            page.reply.text().contains("Tutup") || page.reply.text().contains("Buka kembali"),
            "{}",
            page.reply.text()
        );
    }
}

/// What the kernel has counted of visitor 2's visit.
fn quota_used(site: &gapura_lab::daemon::Site) -> u64 {
    let (up, down) = crate::stand::usage(site, 2);
    up + down
}
