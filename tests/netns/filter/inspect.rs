//! First packets are judged by the name they ask for: TLS in several segments, QUIC in two datagrams.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, UdpSocket};

use gapura_lab::LabError;
use gapura_lab::addr::port;
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::http::connect;
use gapura_lab::visit::Family;

use super::{clause, groups, head};
use crate::stand::{SOON, admit, expect_online, families, lab, log, start, status, visitor_of, wait};

/// What Chromium sends to `situs.example.go.id`.
const TLS: &[u8] = include_bytes!("../../../src/inspect/tests/clients/samples/chromium-tls.bin");
const QUIC: [&[u8]; 2] = [
    include_bytes!("../../../src/inspect/tests/clients/samples/chromium-quic-1.bin"),
    include_bytes!("../../../src/inspect/tests/clients/samples/chromium-quic-2.bin"),
];

/// The same to a name that nobody blocks.
fn to_another() -> Vec<u8> {
    let at = TLS.windows(19).position(|window| window == b"situs.example.go.id").unwrap();
    let mut hello = TLS.to_vec();
    hello[at..at + 5].copy_from_slice(b"surat");
    hello
}

fn inspected(name: &str) -> Site {
    let lab = lab(name, 2, |_| {});
    let file = lab.dir().join("sop.toml");
    let blocked = "action = \"block\"\nnames = [\"situs.example.go.id\"]\nscope = { except-groups = [\"staf\"] }";
    std::fs::write(&file, head("regency", "SOP/UJI/01") + &clause(1, "Situs uji diblokir.", blocked)).unwrap();
    let gateway_sections = format!("[filter]\nsops = [\"{}\"]\ninspect = true\n", file.display());
    start(lab, SiteWish { change: Some(groups), gateway_sections, ..SiteWish::default() })
}

/// Sends a hello to upstream's echo in segments of 500 octets; whether it comes back, rather than a reset.
fn passes(site: &Site, number: u16, family: Family, hello: &[u8]) -> bool {
    let to = SocketAddr::new(family.server(), port::HTTPS);
    let stream = visitor_of(site, number).ns().run(|| connect(to, None, SOON).map_err(LabError::io("connect")));
    let mut stream = stream.unwrap_or_else(|error| panic!("{error}\n{}", log(site)));
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let sent = hello.chunks(500).try_for_each(|part| stream.write_all(part));
    let mut back = vec![0; hello.len()];
    match sent.and_then(|()| stream.read_exact(&mut back)) {
        Ok(()) => back == hello,
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => false,
        Err(error) => panic!("{error}\n{}", log(site)),
    }
}

/// Sends datagrams from one port to upstream's echo; whether one of them is refused.
fn is_refused(site: &Site, number: u16, family: Family, datagrams: &[&[u8]]) -> bool {
    let any = if family == Family::V4 { "0.0.0.0:0" } else { "[::]:0" };
    let bound = visitor_of(site, number).ns().run(|| UdpSocket::bind(any).map_err(LabError::io("bind")));
    let socket = bound.unwrap();
    socket.connect(SocketAddr::new(family.server(), port::HTTPS)).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    let sent = datagrams.iter().try_for_each(|datagram| socket.send(datagram).map(drop));
    let mut echoed = 0;
    let mut room = [0; 2_000];
    while sent.is_ok() && echoed < datagrams.len() {
        match socket.recv(&mut room) {
            Ok(_) => echoed += 1,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("neither an echo nor a refusal over {family}\n{}", log(site))
            }
            Err(_) => return true,
        }
    }
    sent.is_err()
}

fn until_reset(site: &Site, number: u16) {
    for family in families(site) {
        wait(&format!("a blocked name to be reset over {family}\n{}", log(site)), SOON * 2, || {
            (!passes(site, number, family, TLS)).then_some(())
        });
    }
}

#[test]
fn a_blocked_name_is_reset_wherever_its_address_came_from() {
    let mut site = inspected("inspect");
    admit(&site, 1, &["--plan", "umum"]);
    admit(&site, 2, &["--plan", "kuota"]);
    assert_eq!(status(&site)["filter"]["inspection"], "at work", "{}", log(&site));
    until_reset(&site, 1);
    let allowed = to_another();
    for family in families(&site) {
        assert!(passes(&site, 1, family, &allowed), "another name over {family}\n{}", log(&site));
        assert!(passes(&site, 1, family, b"no TLS at all"), "another protocol over {family}");
        assert!(passes(&site, 2, family, TLS), "staff over {family}");
        // On a machine that dawdles the halves of a hello may be too far apart: then it passes, and is sent again.
        wait(&format!("QUIC to be refused over {family}\n{}", log(&site)), SOON * 2, || {
            is_refused(&site, 1, family, &QUIC).then_some(())
        });
        assert!(!is_refused(&site, 1, family, &[b"\x40another protocol", b"\x40again"]), "over {family}");
        assert!(!is_refused(&site, 2, family, &QUIC), "staff over {family}");
    }

    // With the inspector dead everything passes; with a new one it does not.
    site.gateway_mut().kill();
    for family in families(&site) {
        assert!(passes(&site, 1, family, TLS), "over {family}");
    }
    site.restart_gateway().unwrap();
    until_reset(&site, 1);

    // On a kernel without queues all goes on.
    site.gateway_mut().kill();
    site.restart_gateway_with(&["queue", "xt-queue"].map(|name| format!("--without={name}"))).unwrap();
    assert_eq!(status(&site)["filter"]["inspection"], "not in this kernel");
    expect_online(&site, 1);
    for family in families(&site) {
        assert!(passes(&site, 1, family, TLS), "over {family}");
    }
}
