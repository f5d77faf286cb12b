//! Upstreams that are dead, slow, old, lying or impersonated.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use gapura_dns::{Config, Listeners, Resolver, StartError};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};

use crate::support::*;

fn good(site: &Site, name: &str) -> bool {
    let response = ask(site.v4, &query(name, RecordType::A));
    addresses_in(&response).iter().map(ToString::to_string).eq(["192.0.2.7"])
}

fn lie(asked: &Asked) -> Message {
    let name = asked.message().queries[0].name().clone();
    asked.answer(vec![Record::from_rdata(name, 60, RData::A(A::new(203, 0, 113, 66)))])
}

#[test]
fn forged_answers_are_passed_over_and_counted() {
    let upstream = Upstream::start(V4, |asked| {
        let mut wrong_id = lie(asked);
        wrong_id.metadata.id ^= 1;
        let mut wrong_name = lie(asked);
        wrong_name.queries[0].set_name("lain.example.go.id.".parse().unwrap());
        let mut wrong_type = lie(asked);
        wrong_type.queries[0].set_query_type(RecordType::AAAA);
        let mut query = lie(asked).to_vec().unwrap();
        query[2] &= 0x7f;
        // From another port: the kernel keeps it off a connected socket.
        let stranger = UdpSocket::bind((V4, 0)).unwrap();
        stranger.send_to(&lie(asked).to_vec().unwrap(), asked.peer).unwrap();
        let mut all: Vec<_> = [wrong_id, wrong_name, wrong_type].iter().map(|one| one.to_vec().unwrap()).collect();
        all.extend([query, b"junk".to_vec(), vec![], asked.address(60).to_vec().unwrap()]);
        all
    });
    let site = Site::start(&[upstream.address]);
    assert!(good(&site, "bank.example.go.id."));
    assert_eq!((site.figures().mismatched, upstream.asked()), (6, 1));
}

#[test]
fn an_answer_in_the_wrong_case_is_checked_over_tcp() {
    let upstream = Upstream::start(V4, |asked| {
        if asked.tcp {
            return vec![asked.address(60).to_vec().unwrap()];
        }
        let mut octets = lie(asked).to_vec().unwrap();
        let end = 12 + "bank.example.go.id.".len();
        octets[12..end].make_ascii_lowercase();
        vec![octets]
    });
    let site = Site::start(&[upstream.address]);
    assert!(good(&site, "bank.example.go.id."), "the guess without our spelling does not win");
    assert_eq!(site.figures().upstream_tcp, 1);
}

#[test]
fn a_server_that_never_keeps_the_case_still_serves() {
    let upstream = Upstream::start(V6, |asked| {
        let mut octets = asked.address(60).to_vec().unwrap();
        octets[12..12 + "tua.example.go.id.".len()].make_ascii_lowercase();
        vec![octets]
    });
    let site = Site::start(&[upstream.address]);
    assert!(good(&site, "tua.example.go.id."));
}

#[test]
fn many_guesses_move_the_question_to_tcp() {
    let upstream = Upstream::start(V4, |asked| {
        if asked.tcp {
            return vec![asked.address(60).to_vec().unwrap()];
        }
        let guesses = (1..100).map(|guess| {
            let mut forged = lie(asked);
            forged.metadata.id ^= guess;
            forged.to_vec().unwrap()
        });
        guesses.collect()
    });
    let site = Site::start(&[upstream.address]);
    assert!(good(&site, "bank.example.go.id."));
    assert_eq!(site.figures().upstream_tcp, 1);
}

#[test]
fn a_dead_upstream_is_passed_over_and_then_asked_last() {
    for dead in [nobody(V4), nobody(V6)] {
        let upstream = Upstream::plain(V4, 60);
        let site = Site::start(&[dead, upstream.address]);
        for name in ["a.id.", "b.id.", "c.id.", "d.id."] {
            assert!(good(&site, name));
        }
        assert_eq!(site.resolver.upstreams_well(), (1, 2));
        site.pass(6);
        assert_eq!(site.resolver.upstreams_well(), (2, 2), "it gets another chance");
    }
}

#[test]
fn a_silent_upstream_is_helped_out_by_the_next() {
    let silent = Upstream::start(V4, |_| vec![]);
    let upstream = Upstream::plain(V6, 60);
    let mut config = Config::forwarding_to(vec![silent.address, upstream.address]);
    config.patience.next_upstream = Duration::from_millis(100);
    let site = Site::with(&config, Gateway::default());
    for name in ["a.id.", "b.id.", "c.id.", "d.id.", "e.id."] {
        assert!(good(&site, name));
    }
    assert_eq!((silent.asked(), upstream.asked()), (3, 5), "sick after three");
}

#[test]
fn a_slow_upstream_may_still_win() {
    let slow = Upstream::start(V4, |asked| {
        std::thread::park_timeout(Duration::from_millis(600));
        vec![asked.address(60).to_vec().unwrap()]
    });
    let silent = Upstream::start(V4, |_| vec![]);
    let mut config = Config::forwarding_to(vec![slow.address, silent.address]);
    config.patience.next_upstream = Duration::from_millis(100);
    let site = Site::with(&config, Gateway::default());
    assert!(good(&site, "satelit.id."));
    assert!(silent.asked() >= 1, "the other was asked meanwhile");
}

#[test]
fn with_all_silent_the_failure_is_clear_quick_and_remembered_shortly() {
    let (one, other) = (Upstream::start(V4, |_| vec![]), Upstream::start(V6, |_| vec![]));
    let site = Site::start(&[one.address, other.address]);
    let begun = std::process::Command::new("dig")
        .args(["+tries=1", "+time=4", "+noall", "+comments", "+stats"])
        .args([&format!("@{}", site.v4.ip()), "-p", &site.v4.port().to_string(), "mati.example.go.id"])
        .output()
        .unwrap();
    let said = String::from_utf8(begun.stdout).unwrap();
    assert!(said.contains("status: SERVFAIL") && said.contains("EDE: 22"), "{said}");
    let took: u64 = said.split("Query time: ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((2000..=2600).contains(&took), "{took} ms");
    let asked = one.asked() + other.asked();
    let again = ask(site.v6, &query("mati.example.go.id.", RecordType::A));
    assert_eq!((again.metadata.response_code, one.asked() + other.asked()), (ResponseCode::ServFail, asked));
    site.pass(2);
    assert_eq!(site.resolver.cache_size().0, 1);
    ask(site.v6, &query("mati.example.go.id.", RecordType::A));
    assert!(one.asked() + other.asked() > asked, "asked again after the short while");
    assert_eq!(site.figures().failures, 2);
}

#[test]
fn an_upstream_that_could_not_say_is_asked_no_further_but_another_is() {
    let broken = Upstream::start(V4, |asked| vec![asked.code(ResponseCode::ServFail).to_vec().unwrap()]);
    let upstream = Upstream::plain(V4, 60);
    let site = Site::start(&[broken.address, upstream.address]);
    assert!(good(&site, "a.id."));
    let alone = Site::start(&[broken.address]);
    let response = ask(alone.v4, &query("b.id.", RecordType::A));
    assert_eq!((response.metadata.response_code, broken.asked()), (ResponseCode::ServFail, 2));
}

#[test]
fn a_server_without_edns_is_asked_without() {
    for bare in [false, true] {
        let upstream = Upstream::start(V4, move |asked| {
            if asked.message().edns.is_none() {
                return vec![asked.address(60).to_vec().unwrap()];
            }
            let mut response = asked.code(ResponseCode::FormErr);
            response.edns = None;
            if bare {
                response.queries.clear();
            }
            vec![response.to_vec().unwrap()]
        });
        let site = Site::start(&[upstream.address]);
        let response = ask(site.v4, &edns_query("kuno.id.", RecordType::A, 1232, false));
        assert_eq!(addresses_in(&response).len(), 1);
        assert_eq!(upstream.asked(), 2);
    }
}

#[test]
fn garbage_with_the_right_question_is_a_failure() {
    let upstream = Upstream::start(V4, |asked| {
        let mut octets = asked.address(60).to_vec().unwrap();
        octets.truncate(octets.len() - 14);
        vec![octets]
    });
    let site = Site::start(&[upstream.address]);
    let response = ask(site.v4, &query("rusak.id.", RecordType::A));
    assert_eq!(response.metadata.response_code, ResponseCode::ServFail);
}

#[test]
fn circles_end() {
    let site = Site::start(&[nobody(V4)]);
    assert!(matches!(site.resolver.set_upstreams(vec![site.v4]), Err(StartError::Loop(address)) if address == site.v4));
    // A server that asks us back: the question is under way, so that it is joined and not asked again.
    let behind = std::sync::Arc::new(std::sync::Mutex::new(None));
    let ours = behind.clone();
    let upstream = Upstream::start(V4, move |asked| {
        let target = ours.lock().unwrap().unwrap();
        let back = UdpSocket::bind((V4, 0)).unwrap();
        back.send_to(&asked.octets, target).unwrap();
        vec![]
    });
    site.resolver.set_upstreams(vec![upstream.address]).unwrap();
    *behind.lock().unwrap() = Some(site.v4);
    let response = ask(site.v4, &query("bulat.id.", RecordType::A));
    assert_eq!(response.metadata.response_code, ResponseCode::ServFail);
    let figures = site.figures();
    assert_eq!((upstream.asked() <= 4, figures.forwarded), (true, 1), "{figures:?}");
}

#[test]
fn new_upstreams_are_used_at_once() {
    let site = Site::start(&[nobody(V4)]);
    let upstream = Upstream::plain(V6, 60);
    site.resolver.set_upstreams(vec![upstream.address]).unwrap();
    assert!(good(&site, "pindah.id."));
    site.resolver.flush();
    assert!(good(&site, "pindah.id."));
    assert_eq!(upstream.asked(), 2);
}

#[test]
fn bad_settings_are_all_named() {
    let mut config =
        Config::forwarding_to(["0.0.0.0:53", "192.0.2.1:0"].map(|text| text.parse::<SocketAddr>().unwrap()));
    config.limits.in_flight = 0;
    config.memory.min_ttl = 90_000;
    assert_eq!(config.mistakes().len(), 4);
    let clock: gapura_dns::Clock = std::sync::Arc::new(gapura_model::Uptime::default);
    let names = std::sync::Arc::new(Gateway::default());
    let started = Resolver::start(&config, Listeners::default(), names, None, clock, &gapura_runtime::Tasks::new());
    assert!(matches!(started, Err(StartError::Config(mistakes)) if mistakes.len() == 4));
}
