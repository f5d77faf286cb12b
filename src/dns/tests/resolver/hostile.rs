//! Encrypted upstreams that break off, drip, flood or say nothing: another one helps out, and nothing grows.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record};

use crate::secure::*;
use crate::support::*;
use crate::tls::answers;

/// Waits between two hostile acts.
fn pause() {
    std::thread::park_timeout(Duration::from_millis(10));
}

/// Several names are answered although the first upstream is `bad`; it is sick then.
fn another_helps_out(authority: &Authority, bad: &Secure) {
    let good = Secure::start(V6, authority.issue(NAME).server(&[]), Talk::serve);
    let mut config = authority.config(&[bad.tls(), good.tls()]);
    config.patience.next_upstream = Duration::from_millis(100);
    let site = Site::with(&config, Gateway::default());
    for name in ["a.id.", "b.id.", "c.id.", "d.id."] {
        assert!(answers(&site, name), "{name} {:?}", site.figures());
    }
    assert!(bad.connections() >= 1);
    assert_eq!(site.resolver.upstreams_well(), (1, 2));
    // At most one for each question that was put, and one more where it ended under the question.
    assert!(site.figures().upstream_connections <= 12, "{:?}", site.figures());
}

fn raw(act: impl Fn(TcpStream, &AtomicBool) + Send + Sync + 'static) {
    another_helps_out(&Authority::new(), &Secure::raw(V4, act));
}

fn behind_tls(act: impl Fn(&mut Talk) + Send + Sync + 'static) {
    let authority = Authority::new();
    let bad = Secure::start(V4, authority.issue(NAME).server(&[]), act);
    another_helps_out(&authority, &bad);
}

#[test]
fn a_reset_is_no_answer() {
    raw(|stream, _| socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap());
}

#[test]
fn garbage_is_no_handshake() {
    raw(|mut stream, stop| {
        while !stop.load(Ordering::Relaxed) && stream.write_all(&[0x16, 3, 3, 255, 255, 7, 7, 7]).is_ok() {
            pause();
        }
    });
}

#[test]
fn a_plain_dns_server_is_no_encrypted_one() {
    raw(|mut stream, _| {
        if let Some(octets) = read_framed(&mut stream) {
            let _ = write_framed(&mut stream, &octets);
        }
    });
}

#[test]
fn silence_before_the_handshake_holds_nobody_up() {
    raw(|_stream, stop| {
        while !stop.load(Ordering::Relaxed) {
            pause();
        }
    });
}

#[test]
fn silence_behind_the_handshake_holds_nobody_up() {
    behind_tls(Talk::hang);
}

#[test]
fn who_never_reads_holds_nobody_up() {
    behind_tls(|talk| {
        while !talk.stopped() {
            pause();
        }
    });
}

#[test]
fn an_answer_that_drips_is_none() {
    behind_tls(|talk| {
        talk.hear();
        let _ = talk.raw(&[0xff, 0xff]);
        while !talk.stopped() && talk.raw(&[0]) {
            pause();
        }
    });
}

#[test]
fn who_takes_the_question_and_leaves_is_left() {
    behind_tls(|talk| drop(talk.hear()));
}

#[test]
fn a_flood_of_what_nobody_asked_is_cut() {
    behind_tls(|talk| {
        talk.hear();
        while !talk.stopped() && talk.say(&vec![0xee; 65535]) {}
    });
}

#[test]
fn an_answer_to_something_else_is_none() {
    behind_tls(|talk| {
        while let Some(asked) = talk.hear() {
            let mut lie = asked.address(60);
            lie.queries[0].set_name("lain.example.go.id.".parse().unwrap());
            if !talk.say(&lie.to_vec().unwrap()) {
                return;
            }
        }
    });
}

#[test]
fn ids_that_nobody_uses_reach_nobody() {
    let authority = Authority::new();
    let server = Secure::start(V4, authority.issue(NAME).server(&[]), |talk| {
        while let Some(asked) = talk.hear() {
            let name = asked.message().queries[0].name().clone();
            let mut lie = asked.answer(vec![Record::from_rdata(name, 60, RData::A(A::new(203, 0, 113, 66)))]);
            lie.metadata.id ^= 0x5555;
            if !talk.say(&lie.to_vec().unwrap()) || !talk.say(&asked.address(60).to_vec().unwrap()) {
                return;
            }
        }
    });
    let site = authority.site(&[server.tls()]);
    for name in ["a.id.", "b.id.", "c.id."] {
        assert!(answers(&site, name));
    }
    assert_eq!((site.figures().mismatched, server.connections()), (3, 1));
}

#[test]
fn a_connection_that_died_unnoticed_costs_no_answer() {
    let authority = Authority::new();
    let server = Secure::start(V4, authority.issue(NAME).server(&[]), |talk| {
        // As behind a translator that has forgotten the connection: from the second question on nothing comes back.
        if talk.number == 1 {
            if let Some(asked) = talk.hear() {
                talk.say(&asked.address(60).to_vec().unwrap());
            }
            talk.hang();
        }
        talk.serve();
    });
    let mut config = authority.config(&[server.tls()]);
    config.patience.next_upstream = Duration::from_millis(200);
    let site = Site::with(&config, Gateway::default());
    assert!(answers(&site, "a.id.") && answers(&site, "b.id.") && answers(&site, "c.id."));
    assert_eq!((server.connections(), site.figures().failures), (2, 0));
}

#[test]
fn however_many_ask_the_connections_stay_few() {
    let authority = Authority::new();
    let server = Secure::start(V4, authority.issue(NAME).server(&[]), Talk::hang);
    let mut config = authority.config(&[server.tls()]);
    config.patience.next_upstream = Duration::from_millis(100);
    config.patience.answer = Duration::from_millis(1500);
    config.limits.client_in_flight = 1000;
    let site = Site::with(&config, Gateway::default());
    let client = client(site.v4);
    for number in 0..400 {
        client.send(&query(&format!("n{number}.id."), RecordType::A).to_vec().unwrap()).unwrap();
    }
    until_long("every question has failed", || {
        site.figures().failures == site.figures().forwarded && site.figures().forwarded >= 300
    });
    assert!(server.connections() <= 8, "{} connections", server.connections());
}

#[test]
fn kinds_stand_in_for_each_other_where_they_are_stated_together() {
    let authority = Authority::new();
    let refused = Secure::start(V4, Authority::new().issue(NAME).server(&[]), Talk::serve);
    let plain = Upstream::plain(V4, 60);
    let site = authority.site(&[refused.tls(), plain.address.to_string()]);
    assert!(answers(&site, "a.id."));
    assert_eq!((refused.asked(), plain.asked()), (0, 1));
}
