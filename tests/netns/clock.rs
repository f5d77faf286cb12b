//! The daemon's clock is wrong: at 1970, or hours away. The machine's own clock is never touched.

use std::time::Duration;

use gapura_lab::clock::{Stopwatch, unix_seconds};
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::traffic::Knock;
use gapura_lab::visit::Family;
use gapura_wire::{Bundle, InDoubt};

use crate::stand::{
    ANY, admit, code, expect_online, expect_refused, log, one_tap, redeem, session, site, status, tcp, visitor_of, wait,
};

/// Site hours that are over at any time of any day but the first minute of Sunday.
fn nearly_always_closed(bundle: &mut Bundle) {
    bundle.hours =
        serde_json::from_str(r#"{ "zone": "Asia/Makassar", "weekly": { "sun": ["00.00-00.01"] } }"#).expect("hours");
}

fn closed_in_doubt(bundle: &mut Bundle) {
    bundle.in_doubt = InDoubt::Closed;
}

fn shifted(shift: &str) -> Vec<String> {
    vec![format!("--clock-shift={shift}")]
}

/// At 1970, some seconds after midnight.
fn at_1970() -> Vec<String> {
    shifted(&format!("{} doubtful", 30 - unix_seconds()))
}

#[test]
fn a_jump_of_the_clock_gives_and_takes_no_time() {
    let mut site = site("clock", 2, SiteWish { gateway_arguments: at_1970(), ..SiteWish::default() });
    assert_eq!(status(&site)["clock"]["trust"], "doubtful");
    assert!(status(&site)["clock"]["wall"].as_str().unwrap().starts_with("1970-01-01"));
    let watch = Stopwatch::start();
    admit(&site, 1, &["--for", "3000s"]);
    redeem(&site, 2, &code(&site, "umum", 0));
    expect_online(&site, 2);
    let holds = |site: &Site, what: &str| {
        for (number, all) in [(1, 3_000), (2, 7_200)] {
            let visit = session(site, number)
                .unwrap_or_else(|| panic!("{what}: visitor {number} lost the visit\n{}", log(site)));
            let (spent, left) = (visit["seconds_used"].as_u64().unwrap(), visit["seconds_left"].as_u64().unwrap());
            let real = watch.elapsed().as_secs();
            assert!(spent <= real && spent + 3 >= real, "{what}: {spent} s charged for {real} s");
            assert!((all - 2..=all).contains(&(spent + left)), "{what}: {spent} s used, {left} s left of {all}");
            assert_eq!(tcp(site, number, Family::V6), Knock::Open, "{what}");
        }
    };
    holds(&site, "at 1970");
    for shift in ["0 trusted", "21600 trusted", "-86400 trusted", "-86400 doubtful"] {
        site.restart_gateway_with(&shifted(shift)).unwrap();
        holds(&site, shift);
    }
}

#[test]
fn while_the_clock_is_in_doubt_the_sites_choice_replaces_its_hours() {
    let wish = |change| SiteWish { gateway_arguments: at_1970(), change: Some(change), ..SiteWish::default() };
    let mut open = site("doubtopen", 1, wish(nearly_always_closed));
    one_tap(&open, 1);
    expect_online(&open, 1);
    // The clock is right again, and the site's hours are over.
    let away = away_from_sunday();
    open.restart_gateway_with(&shifted(&away)).unwrap();
    assert_eq!(status(&open)["hours"]["open"], false, "{}", log(&open));
    wait("the end of the visit at a closed site", Duration::from_secs(2), || {
        (tcp(&open, 1, Family::V4) == Knock::Refused).then_some(())
    });
    expect_refused(&open, 1);
    drop(open);

    let closed = site("doubtclosed", 1, wish(closed_in_doubt));
    assert_eq!(status(&closed)["hours"]["open"], false);
    let page = visitor_of(&closed, 1).open(ANY, Family::V4).unwrap();
    assert!(page.forms().iter().all(|form| !form.action.contains("/masuk")), "{}", page.reply.text());
    expect_refused(&closed, 1);
}

#[test]
fn windows_in_the_kernel_follow_the_kernels_clock_not_the_daemons() {
    const CLOSING: Duration = Duration::from_secs(6);
    for shift in ["10800 trusted", "-100000 trusted"] {
        let mut site = site("windows", 1, SiteWish { gateway_arguments: shifted(shift), ..SiteWish::default() });
        admit(&site, 1, &[]);
        let watch = Stopwatch::start();
        site.ctl(&["hours", "--close-in", &format!("{}s", CLOSING.as_secs()), "--reason", "uji"]).unwrap();
        expect_online(&site, 1);
        site.gateway_mut().kill();
        // Not by the visit's own timeout alone: the window itself must be right.
        let windows = site.lab().gw().output("nft", &["-n", "list", "set", "inet", "gapura", "open"]).unwrap();
        let cut =
            wait("closing", CLOSING * 2, || (tcp(&site, 1, Family::V6) == Knock::Refused).then(|| watch.elapsed()));
        assert!(cut + Duration::from_secs(1) > CLOSING && cut < CLOSING + Duration::from_secs(1), "{shift}: {cut:?}");
        expect_refused(&site, 1);
        eprintln!(
            "clock {shift}: asked to close in {CLOSING:?}, closed after {cut:?}; {}",
            windows.replace(['\n', '\t'], " ")
        );
    }
}

/// A trusted shift that keeps the test's Sunday minute away.
fn away_from_sunday() -> String {
    "86400 trusted".to_owned()
}
