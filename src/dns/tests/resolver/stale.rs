//! What has expired and is still better than nothing (RFC 8767), and what is renewed before it expires.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use gapura_dns::Config;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;

use crate::support::*;

const WELL: u8 = 0;
const BROKEN: u8 = 1;
const SILENT: u8 = 2;

/// An upstream that a test can break; TTL 60.
fn fragile() -> (Upstream, Arc<AtomicU8>) {
    let state = Arc::new(AtomicU8::new(WELL));
    let now = Arc::clone(&state);
    let upstream = Upstream::start(V4, move |asked| match now.load(Ordering::SeqCst) {
        WELL => vec![asked.address(60).to_vec().unwrap()],
        BROKEN => vec![asked.code(ResponseCode::ServFail).to_vec().unwrap()],
        _ => vec![],
    });
    (upstream, state)
}

fn stale(message: &Message) -> bool {
    let option = message.to_vec().unwrap().windows(6).any(|six| six == [0, 15, 0, 2, 0, 3]);
    assert_eq!(option, message.answers[0].ttl == 30, "TTL and error go together");
    option
}

#[test]
fn what_has_expired_is_given_where_the_upstream_fails_and_it_is_not_asked_again_at_once() {
    let (upstream, state) = fragile();
    let site = Site::start(&[upstream.address]);
    let again = || ask(site.v4, &edns_query("rsud.example.go.id.", RecordType::A, 1232, false));
    assert!(!stale(&again()));
    state.store(BROKEN, Ordering::SeqCst);
    site.pass(61);
    assert!(stale(&again()));
    let asked = upstream.asked();
    assert!(stale(&again()) && stale(&again()));
    assert_eq!(upstream.asked(), asked, "held for a while");
    site.pass(30);
    assert!(stale(&again()));
    assert!(upstream.asked() > asked);
    state.store(WELL, Ordering::SeqCst);
    site.pass(30);
    let response = again();
    assert_eq!((response.answers[0].ttl, stale(&response)), (60, false));
    site.pass(60 + 86_400);
    state.store(BROKEN, Ordering::SeqCst);
    assert_eq!(again().metadata.response_code, ResponseCode::ServFail, "a day is enough");
}

#[test]
fn what_has_expired_is_given_when_the_upstream_takes_too_long() {
    let (upstream, state) = fragile();
    let mut config = Config::forwarding_to(vec![upstream.address]);
    // The client waits four seconds at most; the upstream would be waited for much longer.
    config.patience.stale = Duration::from_millis(50);
    config.patience.answer = Duration::from_secs(4);
    let site = Site::with(&config, Gateway::default());
    let again = || ask(site.v4, &edns_query("rsud.example.go.id.", RecordType::A, 1232, false));
    again();
    state.store(SILENT, Ordering::SeqCst);
    site.pass(61);
    assert!(stale(&again()));
    assert_eq!((site.figures().stale, site.figures().failures), (1, 0), "before the question is given up");
}

#[test]
fn what_is_often_asked_for_is_renewed_before_it_expires() {
    let (upstream, _) = fragile();
    let site = Site::start(&[upstream.address]);
    let again = || ask(site.v6, &query("www.example.go.id.", RecordType::A)).answers[0].ttl;
    for _ in 0..4 {
        assert_eq!(again(), 60);
    }
    site.pass(55);
    assert_eq!(again(), 5, "answered from memory");
    until("it is asked for again", || upstream.asked() == 2 && site.figures().upstream_answers == 2);
    until("the new one is there", || again() == 60);
    assert_eq!((upstream.asked(), site.figures().renewed), (2, 1));
}

#[test]
fn a_renewal_that_fails_takes_nothing_away() {
    let (upstream, state) = fragile();
    let site = Site::start(&[upstream.address]);
    let again = || ask(site.v6, &query("www.example.go.id.", RecordType::A)).answers[0].ttl;
    for _ in 0..4 {
        again();
    }
    state.store(BROKEN, Ordering::SeqCst);
    site.pass(55);
    assert_eq!(again(), 5);
    until("the renewal has failed", || site.figures().failures == 1);
    assert_eq!(again(), 5);
}
