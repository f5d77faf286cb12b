//! A resolver that cannot start as it should: another program on its port, rules that cannot be read.

use std::net::{TcpListener, UdpSocket};

use gapura_lab::LabError;
use gapura_lab::config::SiteWish;
use gapura_lab::visit::Family;
use gapura_wire::{Bundle, WithoutIndex};
use rustix::process::Signal;

use super::{FORBIDDEN, clause, dig, groups, head, own, their, until_status};
use crate::stand::{SOON, admit, lab, log, start, status, wait};

/// A name of the Internet that nobody blocks.
const OPEN: &str = "sekolah.example";

fn sop() -> String {
    let words = "Situs perjudian diblokir.";
    head("regency", "SOP/UJI/01") + &clause(1, words, "action = \"block\"\nnames = [\"situs-judi.example\"]")
}

fn plainly(bundle: &mut Bundle) {
    groups(bundle);
    bundle.filter.as_mut().unwrap().without_index = WithoutIndex::Plain;
}

#[test]
fn another_program_on_port_53_gets_no_question() {
    let lab = lab("fport", 1, |_| {});
    let (udp, tcp) = lab
        .gw()
        .run(|| {
            let taken = LabError::io("take port 53");
            UdpSocket::bind("[::]:53").and_then(|udp| Ok((udp, TcpListener::bind("[::]:53")?))).map_err(taken)
        })
        .unwrap();
    let file = lab.dir().join("sop.toml");
    std::fs::write(&file, sop()).unwrap();
    let gateway_sections = format!("[filter]\nsops = [\"{}\"]\n", file.display());
    let site = start(lab, SiteWish { change: Some(groups), gateway_sections, ..SiteWish::default() });
    admit(&site, 1, &["--plan", "umum"]);
    for at in [own(), their(Family::V4), their(Family::V6)] {
        for transport in ["+notcp", "+tcp"] {
            let blocked = dig(&site, 1, at, &[transport, FORBIDDEN]);
            assert_eq!(blocked.status(), "NXDOMAIN", "{transport} {at}: {blocked:?}\n{}", log(&site));
            assert_eq!(dig(&site, 1, at, &[transport, OPEN]).status(), "NOERROR", "{transport} {at}");
        }
    }
    let said = status(&site);
    assert_eq!(said["filter"]["port"], 8053, "{said}");
    assert!(said["filter"]["trouble"][0].as_str().unwrap().contains("port 8053"), "{said}");
    assert!(said["alerts"][0].as_str().unwrap().contains("port 53"), "{said}");
    // They heard nothing.
    udp.set_nonblocking(true).unwrap();
    tcp.set_nonblocking(true).unwrap();
    assert!(udp.recv(&mut [0; 512]).is_err() && tcp.accept().is_err());
}

#[test]
fn an_sop_that_cannot_be_read_at_the_start_leaves_what_the_site_chose() {
    for (name, change, status_of_open) in
        [("fbadc", groups as fn(&mut Bundle), "SERVFAIL"), ("fbadp", plainly as fn(&mut Bundle), "NOERROR")]
    {
        let lab = lab(name, 1, |_| {});
        let file = lab.dir().join("sop.toml");
        std::fs::write(&file, "number = \"SOP/UJI/01\"\nlayer = \"none\"\n").unwrap();
        let gateway_sections = format!("[filter]\nsops = [\"{}\"]\n", file.display());
        let mut site = start(lab, SiteWish { change: Some(change), gateway_sections, ..SiteWish::default() });
        // People come in all the same.
        admit(&site, 1, &["--plan", "umum"]);
        assert_eq!(dig(&site, 1, own(), &[OPEN]).status(), status_of_open, "{}", log(&site));
        let said = status(&site);
        let choice = if status_of_open == "NOERROR" { "plain" } else { "closed" };
        assert_eq!(
            (&said["filter"]["instead"], &said["filter"]["in_force"]),
            (&choice.into(), &false.into()),
            "{said}"
        );
        assert!(said["alerts"][0].as_str().unwrap().contains("as this site chose"), "{said}");
        // A good one, and it filters.
        std::fs::write(&file, sop()).unwrap();
        site.gateway_mut().send(Signal::HUP);
        until_status(&site, 1, FORBIDDEN, "NXDOMAIN");
        assert_eq!(dig(&site, 1, own(), &[OPEN]).status(), "NOERROR", "{}", log(&site));
        wait("no trouble", SOON, || (status(&site)["alerts"] == serde_json::json!([])).then_some(()));
    }
}
