//! Zones with servers of their own: which one is asked, and that nobody else ever is.

use gapura_dns::{Config, Forward, StartError, Upstream as Stated};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, PTR};
use hickory_proto::rr::{RData, Record, RecordType};

use crate::secure::*;
use crate::support::*;

fn forward(zone: &str, servers: &[&Upstream]) -> Forward {
    Forward { zone: zone.parse().unwrap(), servers: servers.iter().map(|server| server.address.into()).collect() }
}

/// A server that answers everything with this address.
fn says(last: u8) -> Upstream {
    Upstream::start(V4, move |asked| {
        let name = asked.message().queries[0].name().clone();
        vec![asked.answer(vec![Record::from_rdata(name, 60, RData::A(A::new(10, 0, 0, last)))]).to_vec().unwrap()]
    })
}

fn of(site: &Site, name: &str) -> String {
    let response = ask(site.v4, &query(name, RecordType::A));
    let found: Vec<_> = addresses_in(&response).iter().map(ToString::to_string).collect();
    found.join(" ")
}

#[test]
fn the_longest_zone_wins() {
    let (general, regency, office) = (says(1), says(2), says(3));
    let mut config = Config::forwarding_to([general.address]);
    // In whatever order.
    config.forwards = vec![forward("kantor.sinjaikab.go.id", &[&office]), forward("SinjaiKab.go.id", &[&regency])];
    let site = Site::with(&config, Gateway::default());
    for (name, asked) in [
        ("sinjaikab.go.id.", "10.0.0.2"),
        ("www.sinjaikab.go.id.", "10.0.0.2"),
        ("WWW.SINJAIKAB.GO.ID.", "10.0.0.2"),
        ("kantor.sinjaikab.go.id.", "10.0.0.3"),
        ("a.b.kantor.sinjaikab.go.id.", "10.0.0.3"),
        ("xsinjaikab.go.id.", "10.0.0.1"),
        ("go.id.", "10.0.0.1"),
        ("sinjaikab.go.id.example.com.", "10.0.0.1"),
    ] {
        assert_eq!(of(&site, name), asked, "{name}");
        let forwarded = site.resolver.is_forwarded(&name.parse().unwrap());
        assert_eq!(forwarded, asked != "10.0.0.1", "{name}");
    }
}

#[test]
fn reverse_zones_are_zones_and_private_addresses_pass() {
    let (general, own) = (
        says(1),
        Upstream::start(V6, |asked| {
            let name = asked.message().queries[0].name().clone();
            let data = RData::PTR(PTR("pc7.sinjaikab.go.id.".parse().unwrap()));
            vec![asked.answer(vec![Record::from_rdata(name, 60, data)]).to_vec().unwrap()]
        }),
    );
    let mut config = Config::forwarding_to([general.address]);
    config.forwards = vec![forward("10.in-addr.arpa", &[&own]), forward("0.0.d.f.ip6.arpa", &[&own])];
    let site = Site::with(&config, Gateway::default());
    for name in ["7.0.9.10.in-addr.arpa.", "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa."]
    {
        let response = ask(site.v6, &query(name, RecordType::PTR));
        assert_eq!(response.answers[0].data.to_string(), "pc7.sinjaikab.go.id.", "{name}");
    }
    ask(site.v6, &query("7.0.9.11.in-addr.arpa.", RecordType::PTR));
    assert_eq!((own.asked(), general.asked()), (2, 1));
}

#[test]
fn a_zone_whose_servers_fail_is_asked_of_nobody_else() {
    let general = says(1);
    let broken = Upstream::start(V4, |asked| vec![asked.code(ResponseCode::Refused).to_vec().unwrap()]);
    let mut config = Config::forwarding_to([general.address]);
    let dead = Forward { zone: "mati.id".parse().unwrap(), servers: vec![nobody(V4).into()] };
    config.forwards = vec![forward("sinjaikab.go.id", &[&broken]), dead];
    let site = Site::with(&config, Gateway::default());
    let code = |name: &str| ask(site.v4, &query(name, RecordType::A)).metadata.response_code;
    assert_eq!(code("rahasia.sinjaikab.go.id."), ResponseCode::Refused);
    assert_eq!(code("rahasia.mati.id."), ResponseCode::ServFail);
    assert_eq!(general.asked(), 0);
    assert_eq!(site.resolver.upstreams_well(), (2, 3));
}

#[test]
fn the_delegation_of_a_zone_is_its_parents() {
    let (general, own) = (says(1), says(2));
    let mut config = Config::forwarding_to([general.address]);
    config.forwards = vec![forward("sinjaikab.go.id", &[&own])];
    let site = Site::with(&config, Gateway::default());
    ask(site.v4, &query("sinjaikab.go.id.", RecordType::DS));
    assert_eq!((general.asked(), own.asked()), (1, 0));
    ask(site.v4, &query("sinjaikab.go.id.", RecordType::DNSKEY));
    ask(site.v4, &query("sub.sinjaikab.go.id.", RecordType::DS));
    assert_eq!((general.asked(), own.asked()), (1, 2));
}

#[test]
fn zones_change_while_it_runs_and_what_was_learnt_elsewhere_is_forgotten() {
    let (general, own) = (says(1), says(2));
    let site = Site::start(&[general.address]);
    assert_eq!(of(&site, "www.sinjaikab.go.id."), "10.0.0.1");
    let forwards = [forward("sinjaikab.go.id", &[&own])];
    site.resolver.set_forwards(&forwards).unwrap();
    assert_eq!(of(&site, "www.sinjaikab.go.id."), "10.0.0.2");
    // The same again changes nothing, not even the cache.
    site.resolver.set_forwards(&forwards).unwrap();
    assert_eq!((of(&site, "www.sinjaikab.go.id."), own.asked()), ("10.0.0.2".to_owned(), 1));
    // Other general servers leave the zones alone.
    let other = says(3);
    site.resolver.set_upstreams([other.address]).unwrap();
    assert_eq!((of(&site, "a.sinjaikab.go.id."), of(&site, "a.id.")), ("10.0.0.2".to_owned(), "10.0.0.3".to_owned()));
    site.resolver.set_forwards(&[]).unwrap();
    assert_eq!(of(&site, "www.sinjaikab.go.id."), "10.0.0.3");
    let twice = [forward("a.id", &[&own]), forward("a.id", &[&own]), forward("b.id", &[])];
    assert!(matches!(site.resolver.set_forwards(&twice), Err(StartError::Config(mistakes)) if mistakes.len() == 2));
    let circle = Forward { zone: "a.id".parse().unwrap(), servers: vec![site.v6.into()] };
    assert!(matches!(site.resolver.set_forwards(&[circle]), Err(StartError::Loop(address)) if address == site.v6));
    assert_eq!(of(&site, "b.a.id."), "10.0.0.3", "what is wrong changes nothing");
}

#[test]
fn connections_to_servers_that_stay_are_kept() {
    let authority = Authority::new();
    let (general, own) = (says(1), Secure::start(V4, authority.issue(NAME).server(&[]), Talk::serve));
    let site = authority.site(&[general.address.to_string()]);
    let zone =
        |zone: &str| Forward { zone: zone.parse().unwrap(), servers: vec![own.tls().parse::<Stated>().unwrap()] };
    site.resolver.set_forwards(&[zone("a.id")]).unwrap();
    assert_eq!(of(&site, "x.a.id."), "192.0.2.7");
    site.resolver.set_forwards(&[zone("a.id"), forward("b.id", &[&general])]).unwrap();
    assert_eq!((of(&site, "y.a.id."), own.connections()), ("192.0.2.7".to_owned(), 1));
}

#[test]
fn an_authority_that_cannot_be_read_is_told() {
    let mut config = Config::forwarding_to(["tls://dns.example.net@192.0.2.53".parse::<Stated>().unwrap()]);
    config.authorities = gapura_dns::Authorities::File("/nonexistent/ca.pem".into());
    let said = config.authorities.check().unwrap_err().to_string();
    assert!(said.contains("/nonexistent/ca.pem cannot be read"), "{said}");
    config.authorities = gapura_dns::Authorities::File("/dev/null".into());
    let said = config.authorities.check().unwrap_err().to_string();
    assert!(said.contains("holds no certificate of an authority"), "{said}");
}
