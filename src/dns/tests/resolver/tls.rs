//! Upstreams over TLS: who they may be, one connection for many questions, and what bad ones may do.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::opt::EdnsCode;

use crate::secure::*;
use crate::support::*;

pub(crate) fn answers(site: &Site, name: &str) -> bool {
    let response = ask(site.v4, &query(name, RecordType::A));
    addresses_in(&response).iter().map(ToString::to_string).eq(["192.0.2.7"])
}

pub(crate) fn fails(site: &Site, name: &str) -> bool {
    ask(site.v4, &query(name, RecordType::A)).metadata.response_code == ResponseCode::ServFail
}

#[test]
fn many_questions_share_one_connection_and_tell_little_by_their_length() {
    let authority = Authority::new();
    for ip in [V4, V6] {
        let server = Secure::start(ip, authority.issue(NAME).server(&[b"dot"]), Talk::serve);
        let site = authority.site(&[server.tls()]);
        for number in 0..20 {
            assert!(answers(&site, &format!("{}.example.go.id.", "n".repeat(number + 1))));
        }
        assert_eq!((server.connections(), server.asked()), (1, 20));
        let heard = server.heard.lock().unwrap();
        let lengths: BTreeSet<usize> = heard.iter().map(Vec::len).collect();
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [128]);
        for octets in heard.iter() {
            let edns = Message::from_vec(octets).unwrap().edns.unwrap();
            assert!(edns.option(EdnsCode::Padding).is_some() && edns.option(EdnsCode::Subnet).is_none());
        }
        assert_eq!(site.figures().upstream_connections, 1);
    }
}

#[test]
fn only_the_server_that_was_stated_is_asked_and_never_in_the_clear() {
    let (authority, other) = (Authority::new(), Authority::new());
    let pinned = authority.issue(NAME);
    let wrong = [
        (authority.issue("dns.example.org"), String::new()),
        (other.issue(NAME), String::new()),
        (authority.issue_expired(NAME), String::new()),
        (authority.issue(NAME), pinned.pin()),
    ];
    for (certificate, pin) in wrong {
        let server = Secure::start(V4, certificate.server(&[]), Talk::serve);
        // Who could be asked in the clear instead listens too.
        let plain = UdpSocket::bind(server.address).unwrap();
        plain.set_nonblocking(true).unwrap();
        let site = authority.site(&[format!("{}{pin}", server.tls())]);
        assert!(fails(&site, "rahasia.example.go.id."));
        assert!(server.connections() >= 1);
        assert_eq!(server.asked(), 0);
        assert!(plain.recv(&mut [0; 512]).is_err(), "nothing went out in the clear");
    }
}

#[test]
fn a_pinned_key_needs_no_authority_no_name_and_no_date() {
    let (authority, other) = (Authority::new(), Authority::new());
    let certificate = other.issue_expired("whatever.example");
    let server = Secure::start(V6, certificate.server(&[]), Talk::serve);
    let older = authority.issue(NAME).pin();
    for pins in [certificate.pin(), format!("{older},{}", &certificate.pin()[1..])] {
        let site = authority.site(&[format!("tls://{}{pins}", server.address)]);
        assert!(answers(&site, "a.example.go.id."));
    }
}

#[test]
fn an_address_may_be_what_the_certificate_is_for() {
    let authority = Authority::new();
    let good = Secure::start(V4, authority.issue("127.0.0.1").server(&[]), Talk::serve);
    assert!(answers(&authority.site(&[format!("tls://{}", good.address)]), "a.id."));
    let bad = Secure::start(V4, authority.issue("192.0.2.53").server(&[]), Talk::serve);
    assert!(fails(&authority.site(&[format!("tls://{}", bad.address)]), "a.id."));
}

#[test]
fn answers_come_in_whatever_order_and_each_to_its_question() {
    let authority = Authority::new();
    let server = Secure::start(V4, authority.issue(NAME).server(&[]), |talk| {
        let all: Vec<_> = (0..30).map_while(|_| talk.hear()).collect();
        for asked in all.iter().rev() {
            talk.say(&asked.address(60).to_vec().unwrap());
        }
        talk.serve();
    });
    let mut config = authority.config(&[server.tls()]);
    // They wait for each other.
    config.patience.next_upstream = Duration::from_secs(2);
    let site = Site::with(&config, Gateway::default());
    let clients: Vec<_> = (0..30).map(|_| client(site.v4)).collect();
    for (number, client) in clients.iter().enumerate() {
        client.send(&query(&format!("n{number}.id."), RecordType::A).to_vec().unwrap()).unwrap();
    }
    for (number, client) in clients.iter().enumerate() {
        let mut buffer = [0; 512];
        let length = client.recv(&mut buffer).unwrap();
        let response = Message::from_vec(&buffer[..length]).unwrap();
        assert_eq!(response.queries[0].name().to_string(), format!("n{number}.id."));
        assert_eq!(addresses_in(&response).len(), 1);
    }
    assert_eq!((server.connections(), server.asked()), (1, 30));
}

#[test]
fn a_connection_the_server_has_closed_costs_nobody_an_answer_and_is_resumed() {
    let authority = Authority::new();
    let kinds = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = kinds.clone();
    let server = Secure::start(V4, authority.issue(NAME).server(&[]), move |talk| {
        seen.lock().unwrap().push(talk.resumed());
        talk.serve();
    });
    let mut config = authority.config(&[server.tls()]);
    // Four handshakes one after another: a busy machine is no server that fails.
    (config.patience.answer, config.patience.next_upstream) = (Duration::from_secs(3), Duration::from_secs(3));
    let site = Site::with(&config, Gateway::default());
    for number in 1..=4 {
        let response = ask(site.v4, &query(&format!("n{number}.id."), RecordType::A));
        assert_eq!(addresses_in(&response).len(), 1, "{response:?}, {:?}", site.figures());
        assert_eq!(server.connections(), number);
        server.close_all();
    }
    assert_eq!(*kinds.lock().unwrap(), [false, true, true, true]);
    assert_eq!((site.figures().failures, site.resolver.upstreams_well()), (0, (1, 1)));
}

#[test]
fn what_is_not_used_is_closed() {
    let authority = Authority::new();
    let ended = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = ended.clone();
    let server = Secure::start(V4, authority.issue(NAME).server(&[]), move |talk| {
        talk.serve();
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    });
    let mut config = authority.config(&[server.tls()]);
    config.patience.upstream_idle = Duration::from_millis(1);
    let site = Site::with(&config, Gateway::default());
    assert!(answers(&site, "a.id."));
    until_long("the connection ends", || ended.load(std::sync::atomic::Ordering::SeqCst) == 1);
    assert!(answers(&site, "b.id."));
    assert_eq!(server.connections(), 2);
}
