//! What a client sees: forwarding, cache, own names, garden, limits; on real sockets, IPv4 and IPv6.

use std::net::TcpStream;
use std::time::Duration;

use crate::support::*;
use gapura_dns::{Config, Listeners, OwnAddresses};
use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsOption};
use hickory_proto::rr::rdata::{A, CNAME, TXT};
use hickory_proto::rr::{DNSClass, RData, Record, RecordType};

#[test]
fn forwards_over_both_families_and_answers_the_second_time_from_memory() {
    for ip in [V4, V6] {
        let upstream = Upstream::plain(ip, 300);
        let site = Site::start(&[upstream.address]);
        for server in [site.v4, site.v6] {
            for (rtype, address) in [(RecordType::A, "192.0.2.7"), (RecordType::AAAA, "2001:db8::7")] {
                let response = ask(server, &query("www.example.go.id.", rtype));
                assert_eq!(addresses_in(&response), [address.parse::<std::net::IpAddr>().unwrap()]);
                assert!(response.metadata.recursion_available && !response.metadata.authoritative);
            }
        }
        assert_eq!(upstream.asked(), 2, "one for each type");
        let figures = site.figures();
        assert_eq!((figures.forwarded, figures.cached, figures.udp_queries), (2, 2, 4));
    }
}

#[test]
fn ttls_grow_old_and_answers_die() {
    let upstream = Upstream::plain(V4, 300);
    let site = Site::start(&[upstream.address]);
    let ttl = || ask(site.v4, &query("a.example.go.id.", RecordType::A)).answers[0].ttl;
    assert_eq!(ttl(), 300);
    site.pass(100);
    assert_eq!(ttl(), 200);
    site.pass(199);
    assert_eq!((ttl(), upstream.asked()), (1, 1));
    site.pass(1);
    assert_eq!((ttl(), upstream.asked()), (300, 2));
}

#[test]
fn the_clients_case_comes_back_and_the_upstream_sees_another() {
    let upstream = Upstream::plain(V4, 300);
    let site = Site::start(&[upstream.address]);
    let name = "wWw.ABCdefghijklmnopqrstuvwxyz.gO.Id";
    for _ in 0..2 {
        let sent = query(name, RecordType::A).to_vec().unwrap();
        let response = ask_octets(site.v4, &sent);
        assert_eq!(response[12..sent.len()], sent[12..], "the question to the letter");
        let owner = Message::from_vec(&response).unwrap().answers[0].name.to_string();
        assert!(owner == format!("{name}.") || owner == format!("{}.", name.to_lowercase()), "{owner}");
    }
    let heard = upstream.heard.lock().unwrap();
    let asked = &heard[0][12..12 + name.len() + 2];
    assert_ne!(asked, &query(name, RecordType::A).to_vec().unwrap()[12..12 + name.len() + 2]);
    assert!(asked.iter().any(u8::is_ascii_uppercase) && asked.iter().any(u8::is_ascii_lowercase));
}

#[test]
fn ids_ports_and_spellings_differ_from_query_to_query() {
    let ports = std::sync::Arc::new(std::sync::Mutex::new(std::collections::HashSet::new()));
    let seen = ports.clone();
    let upstream = Upstream::start(V4, move |asked| {
        seen.lock().unwrap().insert((asked.peer.port(), asked.octets[0..2].to_vec()));
        vec![asked.address(0).to_vec().unwrap()]
    });
    let site = Site::start(&[upstream.address]);
    for _ in 0..40 {
        ask(site.v4, &query("gempa.example.go.id.", RecordType::A));
    }
    let seen = ports.lock().unwrap();
    let ports: std::collections::HashSet<_> = seen.iter().map(|(port, _)| port).collect();
    let ids: std::collections::HashSet<_> = seen.iter().map(|(_, id)| id).collect();
    assert!(ports.len() > 35 && ids.len() > 35, "{} ports, {} ids", ports.len(), ids.len());
}

#[test]
fn equal_questions_at_once_are_asked_once() {
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let upstream = Upstream::start(V4, move |asked| {
        let _ = gate.lock().unwrap().recv_timeout(Duration::from_secs(2));
        vec![asked.address(60).to_vec().unwrap()]
    });
    let mut config = Config::forwarding_to(vec![upstream.address]);
    config.patience.next_upstream = Duration::from_secs(2);
    let site = Site::with(&config, Gateway::default());
    let clients: Vec<_> = (0..50).map(|_| client(site.v4)).collect();
    for (index, client) in clients.iter().enumerate() {
        let name = if index % 2 == 0 { "ramai.example.go.id." } else { "RAMAI.example.GO.id." };
        client.send(&query(name, RecordType::A).to_vec().unwrap()).unwrap();
    }
    until("all have joined", || site.figures().coalesced == 49);
    open.send(()).unwrap();
    for client in &clients {
        let mut buffer = [0; 512];
        let length = client.recv(&mut buffer).unwrap();
        assert_eq!(addresses_in(&Message::from_vec(&buffer[..length]).unwrap()).len(), 1);
    }
    assert_eq!(upstream.asked(), 1);
}

#[test]
fn what_does_not_exist_is_remembered_by_its_soa() {
    let upstream = Upstream::start(V4, |asked| {
        let mut response = asked.code(ResponseCode::NXDomain);
        response.add_authority(soa(3600, 120));
        vec![response.to_vec().unwrap()]
    });
    let site = Site::start(&[upstream.address]);
    let again = || ask(site.v4, &query("tiada.example.go.id.", RecordType::A));
    let first = again();
    assert_eq!((first.metadata.response_code, first.authorities[0].ttl), (ResponseCode::NXDomain, 120));
    site.pass(119);
    assert_eq!((again().authorities[0].ttl, upstream.asked()), (1, 1));
    site.pass(1);
    again();
    assert_eq!(upstream.asked(), 2);
}

#[test]
fn without_a_soa_nothing_negative_is_remembered() {
    let upstream = Upstream::start(V4, |asked| vec![asked.code(ResponseCode::NXDomain).to_vec().unwrap()]);
    let site = Site::start(&[upstream.address]);
    for _ in 0..3 {
        let response = ask(site.v4, &query("tiada.example.go.id.", RecordType::A));
        assert_eq!(response.metadata.response_code, ResponseCode::NXDomain);
    }
    assert_eq!(upstream.asked(), 3);
}

#[test]
fn own_names_are_answered_here_for_the_bridge_of_the_client() {
    let upstream = Upstream::plain(V4, 60);
    let own = OwnAddresses { v4: vec!["10.20.0.1".parse().unwrap()], v6: vec!["fd00:20::1".parse().unwrap()] };
    let gateway = Gateway { own: [("portal.gapura.id".parse().unwrap(), own)].into(), ..Gateway::default() };
    let site = Site::with(&Config::forwarding_to(vec![upstream.address]), gateway);
    for (rtype, address) in [(RecordType::A, "10.20.0.1"), (RecordType::AAAA, "fd00:20::1")] {
        let response = ask(site.v6, &query("Portal.GAPURA.id.", rtype));
        assert_eq!(addresses_in(&response), [address.parse::<std::net::IpAddr>().unwrap()]);
        assert_eq!(response.answers[0].ttl, 60);
    }
    for rtype in [RecordType::TXT, RecordType::HTTPS, RecordType::MX, RecordType::ANY] {
        let response = ask(site.v4, &query("portal.gapura.id.", rtype));
        assert_eq!((response.metadata.response_code, response.answers.len()), (ResponseCode::NoError, 0));
    }
    assert_eq!(upstream.asked(), 0);
    assert_eq!(site.gateway.clients.lock().unwrap()[0], V6);
}

#[test]
fn encrypted_resolver_discovery_has_no_data_and_goes_nowhere() {
    let upstream = Upstream::plain(V4, 60);
    let site = Site::start(&[upstream.address]);
    for name in ["_dns.resolver.arpa.", "resolver.arpa."] {
        let response = ask(site.v4, &query(name, RecordType::SVCB));
        assert_eq!((response.metadata.response_code, response.answers.len()), (ResponseCode::NoError, 0));
    }
    assert_eq!(upstream.asked(), 0);
}

#[test]
fn windows_gets_the_truth_and_with_a_dead_upstream_the_well_known_truth() {
    let upstream = Upstream::plain(V4, 60);
    let site = Site::start(&[upstream.address]);
    let response = ask(site.v4, &query("dns.msftncsi.com.", RecordType::A));
    assert_eq!(addresses_in(&response)[0].to_string(), "192.0.2.7", "what the upstream says");
    let site = Site::start(&[nobody(V4)]);
    for (rtype, address) in [(RecordType::A, "131.107.255.255"), (RecordType::AAAA, "fd3e:4f5a:5b81::1")] {
        let response = ask(site.v4, &query("DNS.msftncsi.com.", rtype));
        assert_eq!(addresses_in(&response)[0].to_string(), address);
    }
    let other = ask(site.v4, &query("www.msftncsi.com.", RecordType::A));
    assert_eq!(other.metadata.response_code, ResponseCode::ServFail);
}

fn chain(asked: &Asked) -> Vec<Vec<u8>> {
    let name = |text: &str| text.parse::<hickory_proto::rr::Name>().unwrap();
    let query = asked.message().queries[0].name().clone();
    vec![
        asked
            .answer(vec![
                Record::from_rdata(name("cdn.example.net."), 70, RData::CNAME(CNAME(name("edge.example.net.")))),
                Record::from_rdata(query, 80, RData::CNAME(CNAME(name("CDN.example.net.")))),
                Record::from_rdata(name("edge.example.net."), 90, RData::A(A::new(198, 51, 100, 9))),
                Record::from_rdata(name("alien.example.net."), 90, RData::A(A::new(198, 51, 100, 66))),
            ])
            .to_vec()
            .unwrap(),
    ]
}

fn garden_site(upstream: &Upstream, gate: Gate) -> Site {
    let garden = ["*.example.go.id"].iter().map(|pattern| pattern.parse().unwrap()).collect();
    Site::with(&Config::forwarding_to(vec![upstream.address]), Gateway { garden, gate, ..Gateway::default() })
}

#[test]
fn garden_addresses_are_let_in_before_the_answer_leaves_each_time() {
    let upstream = Upstream::start(V4, chain);
    let site = garden_site(&upstream, Gate::Opens);
    for round in 1..=3 {
        let response = ask(site.v4, &query("layanan.example.go.id.", RecordType::A));
        assert_eq!(response.answers.len(), 4);
        let admitted = site.gateway.admitted.lock().unwrap();
        assert_eq!(admitted.len(), round, "let in before the answer came");
        assert_eq!(
            admitted[round - 1],
            ("layanan.example.go.id".into(), vec![("198.51.100.9".parse().unwrap(), 90)]),
            "the end of the chain, and nothing that is not on it"
        );
    }
    ask(site.v4, &query("www.example.com.", RecordType::A));
    assert_eq!(site.gateway.admitted.lock().unwrap().len(), 3);
    assert_eq!((upstream.asked(), site.figures().garden_admitted), (2, 3));
}

#[test]
fn a_garden_that_fails_or_hangs_delays_the_answer_only_a_little() {
    for gate in [Gate::Refuses, Gate::Hangs] {
        let upstream = Upstream::start(V4, chain);
        let site = garden_site(&upstream, gate);
        for round in 1..=2 {
            let response = ask(site.v6, &query("layanan.example.go.id.", RecordType::A));
            assert_eq!(response.answers.len(), 4);
            assert_eq!(site.figures().garden_failed, round);
        }
    }
}

fn text(asked: &Asked, octets: usize) -> Message {
    let name = asked.message().queries[0].name().clone();
    let text = |index: usize| TXT::new(vec![format!("{index:0>200}")]);
    asked.answer((0..octets / 200).map(|index| Record::from_rdata(name.clone(), 60, RData::TXT(text(index)))).collect())
}

#[test]
fn large_answers_are_cut_to_what_the_client_takes_and_whole_over_tcp() {
    let upstream = Upstream::start(V4, |asked| {
        let mut response = text(asked, 20_000);
        if !asked.tcp {
            response = asked.answer(vec![]);
            response.metadata.truncation = true;
        }
        vec![response.to_vec().unwrap()]
    });
    let site = Site::start(&[upstream.address]);
    for message in [
        query("besar.example.go.id.", RecordType::TXT),
        edns_query("besar.example.go.id.", RecordType::TXT, 4096, false),
    ] {
        let octets = ask_octets(site.v4, &message.to_vec().unwrap());
        assert!(octets.len() <= 512);
        let response = Message::from_vec(&octets).unwrap();
        assert!(response.metadata.truncation);
        assert_eq!(response.edns.is_some(), message.edns.is_some());
    }
    for server in [site.v4, site.v6] {
        let mut stream = TcpStream::connect(server).unwrap();
        write_framed(&mut stream, &query("besar.example.go.id.", RecordType::TXT).to_vec().unwrap()).unwrap();
        let response = Message::from_vec(&read_framed(&mut stream).unwrap()).unwrap();
        assert_eq!((response.answers.len(), response.metadata.truncation), (100, false));
    }
    assert_eq!((upstream.asked(), site.figures().truncated, site.figures().upstream_tcp), (2, 2, 1));
}

#[test]
fn a_clients_udp_size_is_heeded() {
    let upstream = Upstream::start(V4, |asked| vec![text(asked, 1000).to_vec().unwrap()]);
    let site = Site::start(&[upstream.address]);
    let cut = |message: &Message| ask(site.v4, message).metadata.truncation;
    assert!(cut(&query("sedang.example.go.id.", RecordType::TXT)));
    assert!(cut(&edns_query("sedang.example.go.id.", RecordType::TXT, 800, false)));
    assert!(cut(&edns_query("sedang.example.go.id.", RecordType::TXT, 20, false)), "512 is the least");
    assert!(!cut(&edns_query("sedang.example.go.id.", RecordType::TXT, 1232, false)));
}

#[test]
fn client_subnet_stays_here_and_the_dnssec_bits_pass() {
    let upstream = Upstream::start(V4, |asked| {
        let mut response = asked.address(60);
        response.metadata.authentic_data = true;
        response.metadata.authoritative = true;
        vec![response.to_vec().unwrap()]
    });
    let site = Site::start(&[upstream.address]);
    let mut message = edns_query("aman.example.go.id.", RecordType::A, 1232, true);
    message.metadata.checking_disabled = true;
    let subnet = ClientSubnet::new("203.0.113.0".parse().unwrap(), 24, 0);
    message.edns.as_mut().unwrap().options_mut().insert(EdnsOption::Subnet(subnet));
    let response = ask(site.v4, &message);
    assert!(response.metadata.authentic_data && response.metadata.checking_disabled);
    assert!(!response.metadata.authoritative && response.edns.unwrap().flags().dnssec_ok);
    let heard = Message::from_vec(&upstream.heard.lock().unwrap()[0]).unwrap();
    assert!(heard.metadata.checking_disabled);
    let edns = heard.edns.unwrap();
    assert!(edns.flags().dnssec_ok && edns.options().as_ref().is_empty());
    let plain = ask(site.v4, &query("aman.example.go.id.", RecordType::A));
    assert!(!plain.metadata.authentic_data && plain.edns.is_none(), "a client that asked for none gets none");
}

#[test]
fn what_is_no_query_of_ours_is_refused_or_ignored() {
    let upstream = Upstream::plain(V4, 60);
    let site = Site::start(&[upstream.address]);
    let code = |message: &Message| ask(site.v4, message).metadata.response_code;
    let mut chaos = query("version.bind.", RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(code(&chaos), ResponseCode::Refused);
    assert_eq!(code(&query("example.go.id.", RecordType::AXFR)), ResponseCode::Refused);
    let mut snoop = query("example.go.id.", RecordType::A);
    snoop.metadata.recursion_desired = false;
    assert_eq!(code(&snoop), ResponseCode::Refused);
    let mut notify = query("example.go.id.", RecordType::A);
    notify.metadata.op_code = OpCode::Notify;
    assert_eq!(code(&notify), ResponseCode::NotImp);
    let mut two = query("example.go.id.", RecordType::A);
    two.add_query(two.queries[0].clone());
    assert_eq!(code(&two), ResponseCode::FormErr);
    let mut version = edns_query("example.go.id.", RecordType::A, 1232, false);
    version.edns.as_mut().unwrap().set_version(1);
    assert_eq!(ask(site.v4, &version).edns.unwrap().rcode_high(), 1, "BADVERS");
    let quiet = client(site.v4);
    quiet.send(b"short").unwrap();
    let mut reflected = query("example.go.id.", RecordType::A).to_vec().unwrap();
    reflected[2] |= 0x80;
    quiet.send(&reflected).unwrap();
    until("both were seen", || site.figures().udp_queries == 8);
    quiet.send(&query("ada.example.go.id.", RecordType::A).to_vec().unwrap()).unwrap();
    let mut buffer = [0; 512];
    let length = quiet.recv(&mut buffer).unwrap();
    assert_eq!(
        addresses_in(&Message::from_vec(&buffer[..length]).unwrap()).len(),
        1,
        "the first thing that comes back"
    );
    assert_eq!(upstream.asked(), 1);
}

#[test]
fn a_tcp_connection_carries_many_queries_and_answers_as_they_come() {
    let upstream = Upstream::plain(V4, 60);
    let mut config = Config::forwarding_to(vec![upstream.address]);
    config.patience.tcp_idle = Duration::from_millis(300);
    let site = Site::with(&config, Gateway::default());
    let mut stream = TcpStream::connect(site.v6).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    let mut octets = Vec::new();
    for index in 0..100_u16 {
        let message = query(&format!("n{index}.example.go.id."), RecordType::A).to_vec().unwrap();
        octets.extend_from_slice(&u16::try_from(message.len()).unwrap().to_be_bytes());
        octets.extend_from_slice(&message);
    }
    std::io::Write::write_all(&mut stream, &octets).unwrap();
    let names: std::collections::HashSet<_> = (0..100)
        .map(|_| Message::from_vec(&read_framed(&mut stream).unwrap()).unwrap().queries[0].name().to_string())
        .collect();
    assert_eq!(names.len(), 100);
    assert!(read_framed(&mut stream).is_none(), "closed once idle");
}

#[test]
fn connections_have_a_limit_and_a_dribbling_client_is_cut() {
    let upstream = Upstream::plain(V4, 60);
    let mut config = Config::forwarding_to(vec![upstream.address]);
    config.limits.tcp_connections_per_client = 2;
    config.patience.tcp_idle = Duration::from_millis(400);
    let site = Site::with(&config, Gateway::default());
    let mut held: Vec<_> = (0..2).map(|_| TcpStream::connect(site.v4).unwrap()).collect();
    until("two are accepted", || site.figures().tcp_connections == 2);
    let mut third = TcpStream::connect(site.v4).unwrap();
    assert!(read_framed(&mut third).is_none(), "turned away");
    let begun = std::time::Duration::from_millis(400);
    for stream in &mut held {
        std::io::Write::write_all(stream, &[0]).unwrap();
        stream.set_read_timeout(Some(begun * 5)).unwrap();
        assert!(read_framed(stream).is_none());
    }
    until("their places are free", || {
        TcpStream::connect(site.v4).is_ok_and(|mut stream| {
            let sent = write_framed(&mut stream, &query("a.id.", RecordType::A).to_vec().unwrap());
            sent.is_ok() && read_framed(&mut stream).is_some()
        })
    });
}

#[test]
fn a_client_with_too_many_waiting_is_refused_and_others_are_not() {
    let upstream = Upstream::start(V4, |asked| {
        let slow = asked.message().queries[0].name().to_string().to_lowercase().starts_with("lambat");
        if slow { vec![] } else { vec![asked.address(60).to_vec().unwrap()] }
    });
    let mut config = Config::forwarding_to(vec![upstream.address]);
    config.limits.client_in_flight = 5;
    let site = Site::with(&config, Gateway::default());
    let greedy = client(site.v4);
    for index in 0..6 {
        greedy.send(&query(&format!("lambat{index}.example.go.id."), RecordType::A).to_vec().unwrap()).unwrap();
    }
    let mut buffer = [0; 512];
    let length = greedy.recv(&mut buffer).unwrap();
    assert_eq!(Message::from_vec(&buffer[..length]).unwrap().metadata.response_code, ResponseCode::Refused);
    assert_eq!(addresses_in(&ask(site.v6, &query("cepat.example.go.id.", RecordType::A))).len(), 1);
    assert_eq!(site.figures().over_client_limit, 1);
}

#[test]
fn a_stop_still_answers_what_was_asked() {
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let upstream = Upstream::start(V4, move |asked| {
        let _ = gate.lock().unwrap().recv_timeout(Duration::from_secs(2));
        vec![asked.address(60).to_vec().unwrap()]
    });
    let mut site = Site::start(&[upstream.address]);
    let waiting = client(site.v4);
    waiting.send(&query("akhir.example.go.id.", RecordType::A).to_vec().unwrap()).unwrap();
    until("it is asked", || upstream.asked() == 1);
    let opener = std::thread::spawn(move || open.send(()).unwrap());
    site.shut_down();
    opener.join().unwrap();
    let mut buffer = [0; 512];
    assert!(waiting.recv(&mut buffer).is_ok());
}

#[test]
fn several_sockets_of_one_address_serve_together() {
    let upstream = Upstream::plain(V4, 60);
    let addresses = [nobody(V4), nobody(V6)];
    let listeners = Listeners::bind(&addresses, 4).unwrap();
    assert_eq!((listeners.udp.len(), listeners.tcp.len()), (8, 2));
    let site = Site::serving(&Config::forwarding_to(vec![upstream.address]), Gateway::default(), listeners, addresses);
    // The kernel chooses by the client's port: were one of four unserved, a quarter of these would hear nothing.
    for _ in 0..40 {
        for server in addresses {
            assert_eq!(addresses_in(&ask(server, &query("ramai.id.", RecordType::A))).len(), 1);
            let mut stream = TcpStream::connect(server).unwrap();
            write_framed(&mut stream, &query("ramai.id.", RecordType::A).to_vec().unwrap()).unwrap();
            assert!(read_framed(&mut stream).is_some());
        }
    }
    assert_eq!((upstream.asked(), site.figures().cached), (1, 159));
}

#[test]
fn hostile_octets_disturb_nobody() {
    let upstream = Upstream::plain(V4, 60);
    let site = Site::start(&[upstream.address]);
    let noise = client(site.v4);
    let honest = query("a.b.example.go.id.", RecordType::A).to_vec().unwrap();
    // A plain congruential generator: the same octets in every run.
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    for round in 0..3000_u32 {
        let mut octets = honest.clone();
        for _ in 0..round % 7 {
            let at = usize::from(random()) % octets.len();
            octets[at] = random();
        }
        octets.truncate(usize::from(random()) % (octets.len() + 1));
        noise.send(&octets).unwrap();
        if round % 100 == 0 {
            let mut stream = TcpStream::connect(site.v6).unwrap();
            let _ = std::io::Write::write_all(&mut stream, &octets);
            assert_eq!(addresses_in(&ask(site.v6, &query("tenang.id.", RecordType::A))).len(), 1);
        }
    }
    assert!(site.figures().malformed > 100);
}

#[test]
fn different_questions_at_once_have_a_limit() {
    let upstream = Upstream::start(V6, |_| vec![]);
    let mut config = Config::forwarding_to(vec![upstream.address]);
    config.limits.questions = 2;
    config.patience.answer = Duration::from_millis(500);
    let site = Site::with(&config, Gateway::default());
    let busy = client(site.v6);
    for name in ["satu.id.", "dua.id."] {
        busy.send(&query(name, RecordType::A).to_vec().unwrap()).unwrap();
    }
    until("both are asked", || site.figures().forwarded == 2);
    let third = || ask(site.v4, &query("tiga.id.", RecordType::A)).metadata.response_code;
    assert_eq!((third(), site.figures().over_limit), (ResponseCode::Refused, 1));
    until("their places are free", || third() == ResponseCode::ServFail);
}
