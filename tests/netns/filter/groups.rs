//! Who gets which answers, addresses and ports, and what is never touched.

use std::net::SocketAddr;
use std::time::Duration;

use gapura_lab::addr::{port, server};
use gapura_lab::daemon::Site;
use gapura_lab::probe::{PROBES, Seen};
use gapura_lab::traffic::{Knock, knock_udp};
use gapura_lab::visit::Family;

use super::{CHILDS_PC, FORBIDDEN, addressed, clause, dig, filtered, head, of, own, tcp, their, until_status};
use crate::stand::{SOON, admit, families, log, visitor_of, wait};

/// Forbidden to children.
const GROWN_UP: &str = "hiburan.example";
/// Forbidden by the ministry.
const CENSORED: &str = "terlarang.example";
/// Open before login.
const EMERGENCY: &str = "u1.darurat.example";

fn sops() -> [String; 2] {
    let national = head("national", "SOP/NAS/01")
        + &clause(
            1,
            "Situs terlarang diblokir.",
            "action = \"block\"\nnames = [\"terlarang.example\"]\nmandatory = true",
        );
    let children = "scope = { groups = [\"anak\"] }";
    let regency = [
        head("regency", "SOP/UJI/01"),
        clause(1, "Situs perjudian diblokir.", "action = \"block\"\nnames = [\"situs-judi.example\"]"),
        clause(
            2,
            "Situs ini ditutup bagi anak.",
            &format!("action = \"block\"\nnames = [\"hiburan.example\"]\nede = \"filtered\"\n{children}"),
        ),
        clause(3, "Alamat ini ditutup bagi anak.", &format!("action = \"block\"\naddresses = [SERVER2]\n{children}")),
        clause(4, "QUIC ditolak bagi anak.", &format!("action = \"block\"\nservices = [\"udp/443\"]\n{children}")),
        clause(
            5,
            "Penelusuran aman bagi anak.",
            &format!("action = \"safe-search\"\nsearch = {{ every = \"on\", youtube = \"strict\" }}\n{children}"),
        ),
        clause(
            6,
            "Layanan darurat selalu terbuka.",
            "action = \"open-before-login\"\nnames = [\"u1.darurat.example\"]",
        ),
    ];
    [national, addressed(&regency.concat())]
}

/// Visitor 1 is anybody, 2 a child by its plan, 3 not logged in, 4 a children's PC with everybody's plan.
fn everybody(name: &str) -> Site {
    let site = filtered(name, 4, &sops(), None);
    admit(&site, 1, &["--plan", "umum"]);
    admit(&site, 2, &["--plan", "pelan"]);
    admit(&site, CHILDS_PC, &["--plan", "umum"]);
    until_status(&site, 1, FORBIDDEN, "NXDOMAIN");
    for child in [2, CHILDS_PC] {
        until_status(&site, child, GROWN_UP, "NXDOMAIN");
    }
    site
}

#[test]
fn dig_is_told_which_clause_refuses_by_group() {
    let site = everybody("fnames");
    for (number, name, refused) in [
        (1, FORBIDDEN, Some((15, "SOP/UJI/01 klausul 1: Situs perjudian diblokir."))),
        (2, "www.situs-judi.example", Some((15, "SOP/UJI/01 klausul 1"))),
        (1, CENSORED, Some((16, "SOP/NAS/01 klausul 1: Situs terlarang"))),
        (1, GROWN_UP, None),
        (2, GROWN_UP, Some((17, "SOP/UJI/01 klausul 2: Situs ini ditutup bagi anak."))),
        (CHILDS_PC, GROWN_UP, Some((17, "SOP/UJI/01 klausul 2"))),
        (1, "bukan-situs-judi.example", None),
        (2, "sekolah.example", None),
    ] {
        for kind in ["A", "AAAA", "HTTPS", "SVCB"] {
            let answer = dig(&site, number, own(), &[name, kind]);
            let expected = if refused.is_some() { "NXDOMAIN" } else { "NOERROR" };
            assert_eq!(answer.status(), expected, "{name} {kind} for visitor {number}: {answer:?}\n{}", log(&site));
            match refused {
                Some((ede, text)) => assert!(answer.refused(ede, text), "{name} {kind}: {answer:?}"),
                None => assert!(!answer.0.contains("EDE:"), "{name} {kind}: {answer:?}"),
            }
            let found = refused.is_none() && ["A", "AAAA"].contains(&kind);
            assert_eq!(!answer.records().is_empty(), found, "{name} {kind}: {answer:?}");
        }
    }
    // Over TCP just so.
    assert!(dig(&site, 2, own(), &["+tcp", GROWN_UP]).refused(17, "SOP/UJI/01 klausul 2"));
    // An application with a resolver of its own in both families: ours answers, and upstream is never asked.
    for (family, name) in Family::BOTH.map(|family| (family, "tanam.situs-judi.example")) {
        for transport in ["+notcp", "+tcp"] {
            let answer = dig(&site, 1, their(family), &[transport, name]);
            assert!(answer.refused(15, "SOP/UJI/01 klausul 1"), "{family} {transport}: {answer:?}");
            let open = dig(&site, 1, their(family), &[transport, "sekolah.example"]);
            assert_eq!((open.status(), open.records().len()), ("NOERROR", 1), "{family} {transport}: {open:?}");
        }
    }
    assert_eq!(site.lab().upstream().seen().asked("tanam.situs-judi.example"), 0);
}

#[test]
fn addresses_and_quic_are_closed_to_children_alone() {
    let site = everybody("fports");
    let quic = |number: u16, family| {
        let to = SocketAddr::new(of(0, family), port::HTTPS);
        visitor_of(&site, number).ns().run(|| knock_udp(to, Duration::from_secs(2)).map(|(seen, _)| seen)).unwrap()
    };
    for family in families(&site) {
        for child in [2, CHILDS_PC] {
            wait(&format!("server 2 closed to visitor {child} over {family}\n{}", log(&site)), SOON, || {
                (tcp(&site, child, of(2, family), port::HTTPS) == Knock::Refused).then_some(())
            });
            assert_eq!(tcp(&site, child, of(1, family), port::HTTPS), Knock::Open, "{family}");
            assert!(matches!(quic(child, family), Knock::Refused | Knock::Unreachable), "QUIC over {family}");
        }
        assert_eq!(tcp(&site, 1, of(2, family), port::HTTPS), Knock::Open, "{family}");
        assert_eq!(quic(1, family), Knock::Open, "{family}");
    }
    // An answer that leads to a closed address is refused as well, by whatever name it goes.
    for kind in ["A", "AAAA"] {
        let answer = dig(&site, 2, own(), &["u2.lain.example", kind]);
        assert!(answer.refused(15, "SOP/UJI/01 klausul 3") && answer.records().is_empty(), "{answer:?}");
        let answer = dig(&site, 1, own(), &["u2.lain.example", kind]);
        assert_eq!(answer.records().len(), 1, "{answer:?}");
    }
}

#[test]
fn safe_search_canaries_rebinding_and_what_is_never_touched() {
    let site = everybody("fsafe");
    for (name, alias) in [
        ("www.google.com", "forcesafesearch.google.com."),
        ("www.google.co.id", "forcesafesearch.google.com."),
        ("www.youtube.com", "restrict.youtube.com."),
        ("www.bing.com", "strict.bing.com."),
        ("duckduckgo.com", "safe.duckduckgo.com."),
    ] {
        for kind in ["A", "AAAA", "HTTPS"] {
            for child in [2, CHILDS_PC] {
                let answer = dig(&site, child, own(), &[name, kind]);
                assert!(answer.status() == "NOERROR" && answer.0.contains("; EDE: 4 "), "{name} {kind}: {answer:?}");
                let aliases = answer.records().into_iter().filter(|record| record.contains("CNAME"));
                let led: Vec<_> = aliases.filter(|record| record.ends_with(alias)).collect();
                // No hint leads past the alias: of this type there is nothing.
                let records = if kind == "HTTPS" { (0, 0) } else { (1, 2) };
                assert_eq!((led.len(), answer.records().len()), records, "{name} {kind}: {answer:?}");
            }
            let answer = dig(&site, 1, own(), &[name, kind]);
            assert!(answer.status() == "NOERROR" && !answer.0.contains("CNAME"), "{name} {kind}: {answer:?}");
            assert!(!answer.0.contains("EDE:"), "{name} {kind}: {answer:?}");
        }
    }
    for name in ["use-application-dns.net", "mask.icloud.com"] {
        assert_eq!(dig(&site, 1, own(), &[name]).status(), "NXDOMAIN", "{name}");
    }
    // A name on the Internet does not lead inside.
    for (name, kind) in
        [("ip-10-60-0-1", "A"), ("ip-192-168-1-1", "A"), ("ip-127-0-0-1", "A"), ("ip-10-60-0-1", "AAAA")]
    {
        let answer = dig(&site, 1, own(), &[&format!("{name}.lain.example"), kind]);
        assert!(answer.refused(15, "private address") && answer.records().is_empty(), "{name} {kind}: {answer:?}");
    }
    for number in [1, 2, CHILDS_PC] {
        for probe in PROBES {
            for family in families(&site) {
                let reply = visitor_of(&site, number).probe(probe, family);
                let seen = reply.as_ref().map(|reply| probe.takes(reply)).ok();
                assert_eq!(seen, Some(Seen::Online), "{} for visitor {number} over {family}: {reply:?}", probe.host);
            }
        }
        for name in [
            "abc-dnsotls-ds.metric.gstatic.com",
            "id.pool.ntp.org",
            "time.android.com",
            "ocsp.digicert.com",
            "crl.microsoft.com",
        ] {
            let answer = dig(&site, number, own(), &[name]);
            assert_eq!((answer.status(), answer.records().len()), ("NOERROR", 1), "{name}: {answer:?}");
        }
        // What Windows asks the resolver itself: the very address, though it is a private one.
        for (kind, address) in [("A", "131.107.255.255"), ("AAAA", "fd3e:4f5a:5b81::1")] {
            let answer = dig(&site, number, own(), &["dns.msftncsi.com", kind]);
            assert!(answer.records().iter().any(|record| record.ends_with(address)), "{answer:?}");
        }
    }
}

#[test]
fn a_clause_opens_names_before_login() {
    let site = everybody("fbefore");
    for family in Family::BOTH {
        assert_eq!(tcp(&site, 3, of(3, family), port::HTTPS), Knock::Refused, "{family}");
        let to = visitor_of(&site, 3).resolve(EMERGENCY, port::HTTPS, family).unwrap().ip();
        assert_eq!(to, of(1, family));
        wait(&format!("{EMERGENCY} open over {family}\n{}", log(&site)), SOON, || {
            (tcp(&site, 3, to, port::HTTPS) == Knock::Open).then_some(())
        });
        let (v4, v6) = server(0);
        for other in [v4.into(), v6.into()] {
            assert_eq!(tcp(&site, 3, other, port::HTTPS), Knock::Refused, "{family}");
        }
    }
}
