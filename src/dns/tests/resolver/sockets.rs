//! Sockets with many addresses, and many datagrams at once.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use gapura_dns::{Config, Listeners, StartError};
use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;

use crate::support::*;

#[test]
fn a_socket_with_many_addresses_answers_from_the_one_that_was_asked() {
    let upstream = Upstream::plain(V4, 300);
    let any = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()].map(nobody);
    let listeners = Listeners::bind(&any, 1).unwrap();
    let site = Site::serving(&Config::forwarding_to(vec![upstream.address]), Gateway::default(), listeners, any);
    // A connected socket takes nothing from any other address. First from the upstream by a task, then from memory by the thread.
    for _ in 0..2 {
        for asked in ["127.0.0.1", "127.0.0.2", "127.3.2.1"].map(|ip| ip.parse::<IpAddr>().unwrap()) {
            let name = format!("n{}.example.go.id.", asked.to_string().replace('.', "-"));
            let response = ask(SocketAddr::new(asked, site.v4.port()), &query(&name, RecordType::A));
            assert_eq!(addresses_in(&response).len(), 1);
        }
        let response = ask(SocketAddr::new(V6, site.v6.port()), &query("enam.example.go.id.", RecordType::AAAA));
        assert_eq!(addresses_in(&response).len(), 1);
    }
    assert_eq!((upstream.asked(), site.figures().cached), (4, 4));
}

#[test]
fn a_burst_is_answered_whole_and_what_is_too_long_is_passed_over() {
    let upstream = Upstream::plain(V4, 300);
    let mut config = Config::forwarding_to(vec![upstream.address]);
    config.limits.client_in_flight = 200;
    let site = Site::with(&config, Gateway::default());
    for round in 0..2 {
        let socket = client(site.v6);
        socket.send(&[0; 4000]).unwrap();
        for index in 0..100 {
            socket.send(&query(&format!("n{index}.example.go.id."), RecordType::A).to_vec().unwrap()).unwrap();
        }
        let mut names = HashSet::new();
        let mut buffer = [0; 512];
        while names.len() < 100 {
            let length = socket.recv(&mut buffer).unwrap();
            let response = Message::from_vec(&buffer[..length]).unwrap();
            assert_eq!(addresses_in(&response).len(), 1);
            names.insert(response.queries[0].name().to_string());
        }
        assert_eq!((site.figures().malformed, site.figures().unsent), (round + 1, 0));
    }
    assert_eq!((upstream.asked(), site.figures().cached), (100, 100));
}

#[test]
fn what_is_listened_on_later_shares_cache_and_counters() {
    let upstream = Upstream::plain(V4, 300);
    let site = Site::start(&[upstream.address]);
    assert_eq!(addresses_in(&ask(site.v4, &query("sama.example.go.id.", RecordType::A))).len(), 1);
    let later = [nobody("127.0.0.9".parse().unwrap()), nobody(V6)];
    site.listen_also(Listeners::bind(&later, 2).unwrap()).unwrap();
    for address in later {
        assert_eq!(addresses_in(&ask(address, &query("sama.example.go.id.", RecordType::A))).len(), 1);
    }
    assert_eq!((upstream.asked(), site.figures().cached, site.figures().udp_queries), (1, 2, 3));
    // Its own upstream it never becomes.
    let circle = Listeners { udp: vec![std::net::UdpSocket::bind((V4, 0)).unwrap()], ..Listeners::default() };
    let own = circle.udp[0].local_addr().unwrap();
    site.resolver.set_upstreams([own]).unwrap();
    assert!(matches!(site.listen_also(circle), Err(StartError::Loop(address)) if address == own));
    assert!(matches!(site.resolver.set_upstreams([later[0]]), Err(StartError::Loop(_))));
    assert!(matches!(site.listen_also(Listeners::default()), Err(StartError::NoListener)));
}
