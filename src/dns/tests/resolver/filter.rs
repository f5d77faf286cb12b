//! The content filter seen by a client: what is blocked, how it says why, and who is judged by which rules.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gapura_dns::{Blocked, Config, How, Judgement, OwnAddresses};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{RData, Record, RecordType};

use crate::office::{Office, Rules};
use crate::support::*;

fn blocked(how: How, ede: u16) -> Judgement {
    Judgement::Blocked(Blocked { how, ede, text: "Pasal 3: perjudian".into(), reason: 7 })
}

fn open_site(upstream: &Upstream, rules: Rules) -> (Site, Arc<Rules>) {
    let rules = Arc::new(rules);
    rules.publish();
    let site = filtered(upstream, &rules);
    (site, rules)
}

fn filtered(upstream: &Upstream, rules: &Arc<Rules>) -> Site {
    let config = Config::forwarding_to(vec![upstream.address]);
    Site::judged(&config, Gateway::default(), Arc::new(Office(Arc::clone(rules))))
}

#[test]
fn a_garden_name_that_is_refused_opens_nothing() {
    let upstream = Upstream::plain(V4, 300);
    let rules = Arc::new(Rules::default());
    // Refused to strangers, whose policy is 0, and open to this client.
    rules.say(Some(0), "judi.example.go.id", blocked(How::NxDomain, 16));
    rules.publish();
    let garden = ["*.example.go.id"].iter().map(|pattern| pattern.parse().unwrap()).collect();
    let gateway = Gateway { garden, gate: Gate::Opens, ..Gateway::default() };
    let config = Config::forwarding_to(vec![upstream.address]);
    let site = Site::judged(&config, gateway, Arc::new(Office(Arc::clone(&rules))));
    for _ in 0..2 {
        for name in ["judi.example.go.id.", "layanan.example.go.id."] {
            let answer = ask(site.v4, &query(name, RecordType::A));
            assert_eq!(answer.answers.len(), 1, "{name}");
        }
    }
    let admitted = site.gateway.admitted.lock().unwrap();
    assert_eq!(admitted.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["layanan.example.go.id"; 2]);
}

/// Extended errors in an answer, code and text.
fn errors(message: &Message) -> Vec<(u16, String)> {
    let Some(edns) = &message.edns else { return Vec::new() };
    let read = |(code, option): &(EdnsCode, EdnsOption)| {
        let EdnsOption::Unknown(15, data) = option else { return None };
        assert_eq!(u16::from(*code), 15);
        Some((u16::from_be_bytes([data[0], data[1]]), String::from_utf8(data[2..].to_vec()).unwrap()))
    };
    edns.options().as_ref().iter().filter_map(read).collect()
}

fn negative_ttl(message: &Message) -> Option<u32> {
    let record = message.authorities.first()?;
    let RData::SOA(soa) = &record.data else { return None };
    Some(record.ttl.min(soa.minimum))
}

#[test]
fn a_blocked_name_says_why_and_for_how_long() {
    let upstream = Upstream::plain(V4, 300);
    let (site, rules) = open_site(&upstream, Rules::default());
    for (name, how, ede, code) in [
        ("judi.example", How::NxDomain, 16, ResponseCode::NXDomain),
        ("iklan.example", How::NoData, 15, ResponseCode::NoError),
    ] {
        rules.say(None, name, blocked(how, ede));
        for server in [site.v4, site.v6] {
            for rtype in [RecordType::A, RecordType::AAAA, RecordType::HTTPS, RecordType::SVCB, RecordType::TXT] {
                let response = ask(server, &edns_query(&format!("wWw.{name}."), rtype, 1232, false));
                assert_eq!((response.metadata.response_code, response.answers.len()), (code, 0));
                assert_eq!(negative_ttl(&response), Some(30));
                assert_eq!(errors(&response), [(ede, "Pasal 3: perjudian".to_owned())]);
                assert!(response.metadata.recursion_available && !response.metadata.authentic_data);
            }
        }
    }
    let plain = ask(site.v4, &query("judi.example.", RecordType::A));
    assert!(plain.edns.is_none(), "who sent no EDNS gets none");
    assert_eq!(plain.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(upstream.asked(), 0);
    assert_eq!(addresses_in(&ask(site.v4, &query("www.example.go.id.", RecordType::A))).len(), 1);
    let counted = rules.counted.lock().unwrap();
    assert_eq!((counted.len(), counted[0], site.figures().blocked), (21, (1, 7), 21));
}

#[test]
fn a_reason_that_does_not_fit_is_left_out_and_its_code_stays() {
    let upstream = Upstream::plain(V4, 300);
    let (site, rules) = open_site(&upstream, Rules::default());
    let text: Arc<str> = "x".repeat(600).into();
    rules.say(None, "judi.example", Judgement::Blocked(Blocked { how: How::NxDomain, ede: 16, text, reason: 1 }));
    let short = ask(site.v4, &edns_query("judi.example.", RecordType::A, 512, false));
    assert_eq!(errors(&short), [(16, String::new())]);
    let long = ask(site.v4, &edns_query("judi.example.", RecordType::A, 1232, false));
    assert_eq!(errors(&long)[0].1.len(), 600);
}

#[test]
fn the_block_page_answers_for_its_families_and_admits_to_the_forgery() {
    let upstream = Upstream::plain(V4, 300);
    let (site, rules) = open_site(&upstream, Rules::default());
    let page = OwnAddresses { v4: vec!["10.20.0.1".parse().unwrap()], v6: vec!["fd00:20::1".parse().unwrap()] };
    rules.say(None, "judi.example", blocked(How::Addresses(Arc::new(page)), 17));
    for (rtype, address) in [(RecordType::A, "10.20.0.1"), (RecordType::AAAA, "fd00:20::1")] {
        let response = ask(site.v4, &edns_query("judi.example.", rtype, 1232, false));
        assert_eq!(addresses_in(&response), [address.parse::<IpAddr>().unwrap()]);
        assert_eq!(response.answers[0].ttl, 30);
        assert_eq!(errors(&response), [(4, String::new()), (17, "Pasal 3: perjudian".to_owned())]);
    }
    let https = ask(site.v4, &edns_query("judi.example.", RecordType::HTTPS, 1232, false));
    assert_eq!(
        (https.metadata.response_code, https.answers.len(), negative_ttl(&https)),
        (ResponseCode::NoError, 0, Some(30))
    );
    assert_eq!(errors(&https), [(17, "Pasal 3: perjudian".to_owned())]);
}

fn cloaked(asked: &Asked) -> Vec<Vec<u8>> {
    let name = |text: &str| text.parse::<hickory_proto::rr::Name>().unwrap();
    let query = asked.message().queries[0].clone();
    if query.query_type() != RecordType::A {
        return vec![asked.answer(vec![]).to_vec().unwrap()];
    }
    vec![
        asked
            .answer(vec![
                Record::from_rdata(query.name().clone(), 300, RData::CNAME(CNAME(name("Edge.Pelacak.example.")))),
                Record::from_rdata(name("edge.pelacak.example."), 300, RData::A(A::new(203, 0, 113, 9))),
            ])
            .to_vec()
            .unwrap(),
    ]
}

#[test]
fn an_alias_to_a_blocked_name_and_an_address_in_a_blocked_range_are_blocked_fresh_and_cached() {
    let upstream = Upstream::start(V4, cloaked);
    let (site, rules) = open_site(&upstream, Rules::default());
    rules.say(None, "pelacak.example", blocked(How::NxDomain, 15));
    let code = |name: &str| ask(site.v4, &query(name, RecordType::A)).metadata.response_code;
    for _ in 0..2 {
        assert_eq!(code("statistik.toko.example."), ResponseCode::NXDomain);
    }
    assert_eq!((upstream.asked(), site.figures().blocked), (1, 2));
    rules.names.lock().unwrap().clear();
    rules.addresses.lock().unwrap().insert("203.0.113.9".parse().unwrap(), blocked(How::NoData, 15));
    assert_eq!(code("statistik.toko.example."), ResponseCode::NXDomain, "judged once an epoch");
    rules.publish();
    let response = ask(site.v4, &query("statistik.toko.example.", RecordType::A));
    assert_eq!((response.metadata.response_code, response.answers.len()), (ResponseCode::NoError, 0));
    rules.addresses.lock().unwrap().clear();
    rules.publish();
    assert_eq!(ask(site.v4, &query("statistik.toko.example.", RecordType::A)).answers.len(), 2);
    assert_eq!(upstream.asked(), 1, "one answer serves every policy");
}

#[test]
fn a_cached_answer_is_judged_once_for_each_policy_and_epoch() {
    let upstream = Upstream::plain(V4, 300);
    let (site, rules) = open_site(&upstream, Rules { second: vec![V6], ..Rules::default() });
    rules.say(Some(2), "main.example", blocked(How::NxDomain, 17));
    let code = |server| ask(server, &query("main.example.", RecordType::A)).metadata.response_code;
    assert_eq!(code(site.v4), ResponseCode::NoError);
    assert_eq!(code(site.v6), ResponseCode::NXDomain);
    let asked = rules.asked.load(Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!((code(site.v4), code(site.v6)), (ResponseCode::NoError, ResponseCode::NXDomain));
    }
    assert_eq!(rules.asked.load(Ordering::SeqCst), asked, "no look-up for what was judged");
    rules.say(Some(2), "main.example", Judgement::Open);
    rules.say(Some(1), "main.example", blocked(How::NxDomain, 17));
    rules.publish();
    assert_eq!((code(site.v4), code(site.v6)), (ResponseCode::NXDomain, ResponseCode::NoError));
    assert_eq!((upstream.asked(), rules.counted.lock().unwrap().last().copied()), (1, Some((1, 7))));
}

#[test]
fn rules_that_change_while_a_question_is_under_way_hold_for_its_answer() {
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let upstream = Upstream::start(V4, move |asked| {
        let _ = gate.lock().unwrap().recv_timeout(Duration::from_secs(20));
        vec![asked.address(60).to_vec().unwrap()]
    });
    let rules = Arc::new(Rules::default());
    rules.publish();
    let mut config = Config::forwarding_to(vec![upstream.address]);
    (config.patience.answer, config.patience.next_upstream) = (Duration::from_secs(20), Duration::from_secs(20));
    let site = Site::judged(&config, Gateway::default(), Arc::new(Office(Arc::clone(&rules))));
    let waiting = client(site.v4);
    waiting.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    waiting.send(&query("main.example.", RecordType::A).to_vec().unwrap()).unwrap();
    until("it is asked upstream", || upstream.asked() == 1);
    rules.say(None, "main.example", blocked(How::NxDomain, 16));
    rules.publish();
    open.send(()).unwrap();
    let mut buffer = [0; 512];
    let length = waiting.recv(&mut buffer).unwrap();
    let response = Message::from_vec(&buffer[..length]).unwrap();
    assert_eq!(response.metadata.response_code, ResponseCode::NXDomain);
}

#[test]
fn nothing_is_answered_before_rules_are_in_force_but_the_gateways_own_names() {
    let upstream = Upstream::plain(V4, 300);
    let rules = Arc::new(Rules::default());
    let own = OwnAddresses { v4: vec!["10.20.0.1".parse().unwrap()], v6: vec![] };
    let gateway = Gateway { own: [("portal.gapura.id".parse().unwrap(), own)].into(), ..Gateway::default() };
    let config = Config::forwarding_to(vec![upstream.address]);
    let site = Site::judged(&config, gateway, Arc::new(Office(Arc::clone(&rules))));
    let response = ask(site.v4, &edns_query("www.example.go.id.", RecordType::A, 1232, false));
    assert_eq!(
        (response.metadata.response_code, errors(&response)),
        (ResponseCode::ServFail, vec![(14, String::new())])
    );
    assert_eq!(addresses_in(&ask(site.v4, &query("portal.gapura.id.", RecordType::A))).len(), 1);
    assert_eq!((upstream.asked(), site.figures().unjudged), (0, 1));
    rules.publish();
    assert_eq!(addresses_in(&ask(site.v4, &query("www.example.go.id.", RecordType::A))).len(), 1);
}

#[test]
fn damaged_rules_answer_neither_yes_nor_no() {
    let upstream = Upstream::plain(V4, 300);
    let (site, rules) = open_site(&upstream, Rules::default());
    rules.say(None, "rusak.example", Judgement::Damaged);
    let response = ask(site.v6, &edns_query("rusak.example.", RecordType::A, 1232, false));
    assert_eq!((response.metadata.response_code, errors(&response)[0].0), (ResponseCode::ServFail, 0));
    rules.say(None, "rusak.example", Judgement::Open);
    let response = ask(site.v6, &query("rusak.example.", RecordType::A));
    assert_eq!(response.metadata.response_code, ResponseCode::NoError, "not remembered");
}

#[test]
fn safe_search_is_an_alias_with_the_targets_own_addresses_and_no_other_way_in() {
    let upstream = Upstream::plain(V4, 300);
    let (site, rules) = open_site(&upstream, Rules { second: vec![V6], ..Rules::default() });
    rules.say(Some(1), "www.cari.example", Judgement::Alias("aman.cari.example".parse().unwrap()));
    for round in 0..2 {
        for (rtype, address) in [(RecordType::A, "192.0.2.7"), (RecordType::AAAA, "2001:db8::7")] {
            let response = ask(site.v4, &edns_query("WWW.cari.example.", rtype, 1232, round == 1));
            let RData::CNAME(target) = &response.answers[0].data else { panic!("{:?}", response.answers) };
            assert_eq!(target.0.to_string(), "aman.cari.example.");
            assert_eq!(
                (response.answers[1].name.to_string(), response.answers.len()),
                ("aman.cari.example.".into(), 2)
            );
            assert_eq!(addresses_in(&response), [address.parse::<IpAddr>().unwrap()]);
            assert_eq!(response.answers[0].ttl, 30);
        }
    }
    for rtype in [RecordType::HTTPS, RecordType::SVCB, RecordType::TXT] {
        let response = ask(site.v4, &query("www.cari.example.", rtype));
        assert_eq!((response.metadata.response_code, response.answers.len()), (ResponseCode::NoError, 0));
        assert_eq!(negative_ttl(&response), Some(30));
    }
    assert_eq!(upstream.asked(), 2, "the target, once for each family");
    let real = ask(site.v6, &query("www.cari.example.", RecordType::A));
    assert_eq!((real.answers.len(), upstream.asked()), (1, 3), "others get the name itself");
    rules.say(None, "aman.cari.example", blocked(How::NxDomain, 15));
    rules.publish();
    let response = ask(site.v4, &query("www.cari.example.", RecordType::A));
    assert_eq!(response.metadata.response_code, ResponseCode::NXDomain, "an alias is no way round a block");
}

#[test]
fn an_answer_that_leads_to_a_safe_search_name_becomes_its_alias() {
    let upstream = Upstream::start(V4, |asked| {
        let name = asked.message().queries[0].name().to_string().to_lowercase();
        if name.starts_with("pintas") { cloaked(asked) } else { vec![asked.address(60).to_vec().unwrap()] }
    });
    let (site, rules) = open_site(&upstream, Rules::default());
    rules.say(None, "edge.pelacak.example", Judgement::Alias("aman.cari.example".parse().unwrap()));
    for _ in 0..2 {
        let response = ask(site.v4, &query("pintas.example.", RecordType::A));
        assert_eq!(addresses_in(&response), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(response.answers[1].name.to_string(), "aman.cari.example.");
    }
    assert_eq!(upstream.asked(), 2);
}

#[test]
fn canaries_get_an_answer_and_it_is_no() {
    let upstream = Upstream::plain(V4, 300);
    let (site, _) = open_site(&upstream, Rules::default());
    let canaries = ["use-application-dns.net.", "mask.icloud.com.", "mask-h2.icloud.com.", "Mask-Canary.icloud.com."];
    for name in canaries {
        for rtype in [RecordType::A, RecordType::AAAA, RecordType::HTTPS] {
            let response = ask(site.v4, &query(name, rtype));
            assert_eq!(response.metadata.response_code, ResponseCode::NXDomain, "{name}");
        }
    }
    assert_eq!(upstream.asked(), 0);
    let (site, _) = open_site(&upstream, Rules { canaries_open: true, ..Rules::default() });
    assert_eq!(addresses_in(&ask(site.v4, &query(canaries[1], RecordType::A))).len(), 1, "as the rules say");
}

#[test]
fn names_that_phones_and_machines_live_by_pass() {
    let upstream = Upstream::plain(V4, 300);
    let (site, _) =
        open_site(&upstream, Rules { private: Mutex::new(Some(blocked(How::NxDomain, 15))), ..Rules::default() });
    for name in [
        "connectivitycheck.gstatic.com.",
        "www.google.com.",
        "captive.apple.com.",
        "www.msftconnecttest.com.",
        "detectportal.firefox.com.",
        "nmcheck.gnome.org.",
        "4f1d-dnsotls-ds.metric.gstatic.com.",
        "time.android.com.",
        "0.id.pool.ntp.org.",
        "ocsp.digicert.com.",
        "r10.c.lencr.org.",
        "mask-api.icloud.com.",
    ] {
        for server in [site.v4, site.v6] {
            assert_eq!(addresses_in(&ask(server, &query(name, RecordType::A))).len(), 1, "{name}");
        }
    }
    assert_eq!(site.figures().blocked, 0);
}

#[test]
fn a_public_name_with_a_private_address_is_refused_where_the_rules_say_so() {
    let upstream = Upstream::start(V4, |asked| {
        let name = asked.message().queries[0].name().clone();
        vec![asked.answer(vec![Record::from_rdata(name, 60, RData::A(A::new(192, 168, 1, 1)))]).to_vec().unwrap()]
    });
    let (site, rules) = open_site(&upstream, Rules::default());
    let count = |name: &str| addresses_in(&ask(site.v4, &query(name, RecordType::A))).len();
    assert_eq!(count("jebakan.example."), 1);
    *rules.private.lock().unwrap() = Some(blocked(How::NxDomain, 15));
    rules.publish();
    assert_eq!((count("jebakan.example."), count("printer.dinas.go.id.")), (0, 1));
}

#[test]
fn the_filter_hears_what_names_lead_to_once_an_answer() {
    let upstream = Upstream::start(V4, cloaked);
    let (site, rules) = open_site(&upstream, Rules::default());
    for _ in 0..3 {
        ask(site.v4, &query("toko.example.", RecordType::A));
    }
    let addresses = vec![("203.0.113.9".parse().unwrap(), 300)];
    let told = rules.told.lock().unwrap().clone();
    assert_eq!(told, [("toko.example".to_owned(), addresses.clone()), ("edge.pelacak.example".to_owned(), addresses)]);
}
