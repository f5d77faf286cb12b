//! One device opens 50,000 flows.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use gapura_lab::addr::server;
use gapura_lab::clock::Stopwatch;
use gapura_lab::config::SiteWish;
use gapura_lab::traffic::{Knock, numbered_stream};
use gapura_lab::{LabError, Ns};

use crate::stand::{BOTH, admit, families, log, site, status, tcp};

const FLOWS: u32 = 50_000;
/// Flows a device may have open, and some of others, of the gateway and of the uplink's probes beside.
const LIMIT: u64 = 512 + 150;

#[test]
fn fifty_thousand_flows_of_one_device_are_bounded_and_hurt_nobody_else() {
    let site = site("flows", 2, SiteWish::default());
    admit(&site, 1, &[]);
    admit(&site, 2, &[]);
    let streams = BOTH.map(|server| numbered_stream(site.lab().visitor(2).unwrap().ns(), server).unwrap());
    let first = site.lab().visitor(1).unwrap().ns();
    let mut most = 0;
    let mut slowest = Duration::ZERO;
    let mut sent = 0;
    while sent < FLOWS {
        for v6 in [false, true] {
            first.run(|| open_flows(v6, sent / 2, 2_500)).unwrap();
            sent += 2_500;
        }
        most = most.max(flows(site.lab().gw()));
        for family in families(&site) {
            let watch = Stopwatch::start();
            assert_eq!(tcp(&site, 2, family), Knock::Open, "another visitor's new connection\n{}", log(&site));
            slowest = slowest.max(watch.elapsed());
        }
    }
    assert!(most < LIMIT, "{most} flows in the table");
    let tallies = status(&site)["tallies"].clone();
    assert!(tallies["too-many-flows"].as_u64().unwrap() > u64::from(FLOWS) / 2, "{tallies}");
    for stream in streams {
        let report = stream.stop().unwrap();
        assert!(
            report.broken.is_none() && report.in_order && report.longest_gap < Duration::from_secs(3),
            "{report:?}"
        );
        eprintln!("the other visitor's stream: longest gap {:?}", report.longest_gap);
    }
    eprintln!("{sent} flows tried, {most} in the table at most, another's slowest connection {slowest:?}");
}

/// One datagram to each of `count` places, from `start`.
fn open_flows(v6: bool, start: u32, count: u32) -> Result<(), LabError> {
    let local: SocketAddr = if v6 { "[::]:0".parse().unwrap() } else { "0.0.0.0:0".parse().unwrap() };
    let socket = UdpSocket::bind(local).map_err(LabError::io("open a socket"))?;
    for number in start..start + count {
        let (v4, six) = server(u8::try_from(number % 3).unwrap());
        let port = u16::try_from(10_000 + number / 3).unwrap();
        let to: SocketAddr = if v6 { (six, port).into() } else { (v4, port).into() };
        // A refusal that arrives meanwhile is told at the next call.
        let _ = socket.send_to(b"flow", to);
    }
    Ok(())
}

/// Rows in the namespace's flow table.
fn flows(ns: &Ns) -> u64 {
    let path = "/proc/sys/net/netfilter/nf_conntrack_count";
    ns.run(|| fs::read_to_string(path).map_err(LabError::io(path))).unwrap().trim().parse().unwrap()
}
