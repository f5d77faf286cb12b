//! The packet queue on the real kernel, in network namespaces named `gi-...`; rules by `iptables-nft`, which leads packets
//! to a queue also where nftables itself cannot. Runs as root and inside `unshare -Urnm`.
#![cfg(test)]

mod stand;

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use gapura_inspect::queue::{Blocking, Change, Heart, Probe, Queue, Settings, Watch};
use gapura_inspect::{Asked, Finding, FlowKey, Hello};
use gapura_model::Uptime;

use crate::stand::{Stand, wait_until};

const NUMBER: u16 = 7;
const PORT: u16 = 443;
const BLOCKED_BIT: u32 = 0x8000_0000;
const PATIENCE: Duration = Duration::from_secs(20);
const FAMILIES: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Chromium's, to `situs.example.go.id`: longer than a segment, in two datagrams.
const TLS: &[u8] = include_bytes!("../clients/samples/chromium-tls.bin");
const QUIC: [&[u8]; 2] = [
    include_bytes!("../clients/samples/chromium-quic-1.bin"),
    include_bytes!("../clients/samples/chromium-quic-2.bin"),
];

#[expect(clippy::disallowed_methods, reason = "a test's clock")]
fn clock() -> Uptime {
    static START: OnceLock<Instant> = OnceLock::new();
    Uptime::new(START.get_or_init(Instant::now).elapsed())
}

/// Refuses the name that [`TLS`] asks for, and nothing else.
fn judge(_: &FlowKey, finding: &Finding) -> bool {
    let refused = Asked::Name(Box::new("situs.example.go.id".parse().unwrap()));
    !matches!(finding, Finding::Hello(Hello { asked, .. }) if *asked == refused)
}

/// The same hello to another name of the same length.
fn allowed_hello() -> Vec<u8> {
    let at = TLS.windows(19).position(|window| window == b"situs.example.go.id").unwrap();
    let mut hello = TLS.to_vec();
    hello[at..at + 5].copy_from_slice(b"surat");
    hello
}

/// Sends a hello in segments of 500 octets: whether the server got all of it (it then answers), or the client was reset.
fn arrives(stand: &Stand, address: IpAddr, hello: &[u8]) -> bool {
    let server = stand.inside(|| TcpListener::bind((address, PORT)).unwrap());
    let mut client = stand.inside(|| TcpStream::connect_timeout(&(address, PORT).into(), PATIENCE).unwrap());
    client.set_nodelay(true).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let (served, _) = server.accept().unwrap();
    thread::scope(|scope| {
        let mut serving = served.try_clone().unwrap();
        scope.spawn(move || {
            let mut got = vec![0; hello.len()];
            if serving.read_exact(&mut got).is_ok() && got == hello {
                serving.write_all(b"!").unwrap();
            }
        });
        let sent = hello.chunks(500).try_for_each(|part| client.write_all(part));
        let answer = sent.and_then(|()| client.read_exact(&mut [0]));
        // The server hears nothing of a refusal.
        served.shutdown(Shutdown::Both).unwrap();
        match answer.map_err(|error| error.kind()) {
            Ok(()) => true,
            Err(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => false,
            Err(other) => panic!("{other}"),
        }
    })
}

/// Sends datagrams from one port; how many arrive.
fn datagrams_arrive(stand: &Stand, address: IpAddr, datagrams: &[&[u8]]) -> usize {
    let (server, client) = stand.inside(|| {
        let server = UdpSocket::bind((address, PORT)).unwrap();
        let client = UdpSocket::bind((address, 0)).unwrap();
        client.connect((address, PORT)).unwrap();
        (server, client)
    });
    for datagram in datagrams {
        // A refusal of an earlier one is told by the next call.
        if let Err(error) = client.send(datagram) {
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        }
    }
    // What comes last is another flow, that nobody refuses.
    let end = stand.inside(|| UdpSocket::bind((address, 0)).unwrap());
    let arrived = |wait| {
        server.set_read_timeout(Some(wait)).unwrap();
        server.recv(&mut [0; 2_000]).unwrap_or_default()
    };
    stand.wait_for_empty_queue();
    end.send_to(b"end", (address, PORT)).unwrap();
    std::iter::from_fn(|| Some(arrived(PATIENCE)).filter(|length| *length > 3)).count()
}

/// An inspector at work in a thread of its own until `work` is done.
fn inspecting<T: Send>(
    stand: &Stand,
    settings: Settings,
    mut judge: impl FnMut(&FlowKey, &Finding) -> bool + Send,
    heart: &Heart,
    work: impl FnOnce() -> T,
) -> T {
    let stop = AtomicBool::new(false);
    let mut queue = stand.inside(|| Queue::open(settings).unwrap());
    thread::scope(|scope| {
        let inspector = scope.spawn(|| queue.run(&clock, heart, &|| stop.load(Ordering::Relaxed), &mut judge));
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        stop.store(true, Ordering::Relaxed);
        inspector.join().unwrap().unwrap();
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn settings() -> Settings {
    Settings::new(NUMBER, Blocking::Mark(BLOCKED_BIT))
}

#[test]
fn a_refused_name_is_reset_and_another_passes() {
    let stand = Stand::new("names");
    stand.lead_to_queue(NUMBER, PORT, BLOCKED_BIT);
    let heart = Heart::new(clock());
    let allowed = allowed_hello();
    inspecting(&stand, settings(), judge, &heart, || {
        for address in FAMILIES {
            assert!(arrives(&stand, address, &allowed), "{address}");
            assert!(!arrives(&stand, address, TLS), "{address}");
            assert!(arrives(&stand, address, b"no TLS at all, in one segment"), "{address}");
        }
    });
}

#[test]
fn a_refused_name_over_quic_loses_the_datagram_that_completes_it() {
    let stand = Stand::new("quic");
    stand.lead_to_queue(NUMBER, PORT, BLOCKED_BIT);
    let heart = Heart::new(clock());
    // Time enough on any machine: it is not what this is about.
    let patience = gapura_inspect::Patience { quic: PATIENCE, ..Default::default() };
    let settings = Settings { patience, ..settings() };
    inspecting(&stand, settings, judge, &heart, || {
        for address in FAMILIES {
            assert_eq!(datagrams_arrive(&stand, address, &QUIC), 1, "{address}");
            assert_eq!(datagrams_arrive(&stand, address, &[b"\x40another protocol", b"\x40again"]), 2, "{address}");
        }
    });
}

#[test]
fn dropped_flows_vanish() {
    let stand = Stand::new("drop");
    stand.lead_to_queue(NUMBER, PORT, BLOCKED_BIT);
    let patience = gapura_inspect::Patience { quic: PATIENCE, ..Default::default() };
    let settings = Settings { blocking: Blocking::Drop, patience, ..settings() };
    let heart = Heart::new(clock());
    inspecting(&stand, settings, judge, &heart, || {
        assert_eq!(datagrams_arrive(&stand, FAMILIES[0], &QUIC), 1);
    });
}

#[test]
fn without_an_inspector_everything_passes() {
    let stand = Stand::new("absent");
    stand.lead_to_queue(NUMBER, PORT, BLOCKED_BIT);
    assert!(arrives(&stand, FAMILIES[0], TLS));
    drop(stand.inside(|| Queue::open(settings()).unwrap()));
    assert!(arrives(&stand, FAMILIES[1], TLS));
}

#[test]
fn a_full_queue_lets_packets_pass() {
    let stand = Stand::new("full");
    stand.lead_to_queue(NUMBER, PORT, BLOCKED_BIT);
    // Nobody works: two wait, what comes then passes.
    let settings = Settings { longest: 2, ..settings() };
    let _held = stand.inside(|| Queue::open(settings).unwrap());
    let (server, client) = stand.inside(|| {
        let server = UdpSocket::bind((FAMILIES[0], PORT)).unwrap();
        let client = UdpSocket::bind((FAMILIES[0], 0)).unwrap();
        (server, client)
    });
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    for number in b'0'..b'5' {
        client.send_to(&[number], (FAMILIES[0], PORT)).unwrap();
    }
    let passed: Vec<u8> = (0..3)
        .map(|_| {
            let mut octet = [0];
            server.recv(&mut octet).unwrap();
            octet[0]
        })
        .collect();
    assert_eq!(passed, b"234");
}

#[test]
fn a_hung_inspector_is_seen_and_traffic_goes_on_without_its_rule() {
    let stand = Stand::new("hung");
    stand.lead_to_queue(NUMBER, PORT, BLOCKED_BIT);
    let heart = Heart::new(clock());
    let mut watch = Watch::new(heart.clone(), Duration::from_secs(2));
    let (release, released) = mpsc::channel::<()>();
    let (asked, was_asked) = mpsc::channel::<()>();
    let hang = move |_: &FlowKey, _: &Finding| {
        let _ = asked.send(());
        let _ = released.recv_timeout(PATIENCE * 3);
        false
    };
    inspecting(&stand, settings(), hang, &heart, || {
        let (server, client) = stand.inside(|| {
            let server = UdpSocket::bind((FAMILIES[0], PORT)).unwrap();
            let client = UdpSocket::bind((FAMILIES[0], 0)).unwrap();
            (server, client)
        });
        client.send_to(b"\x40other", (server.local_addr().unwrap().ip(), PORT)).unwrap();
        was_asked.recv_timeout(PATIENCE).unwrap();
        drop(server);
        wait_until("the inspector is seen to hang", || watch.look(clock()) == Some(Change::Withdraw));
        stand.withdraw();
        assert!(arrives(&stand, FAMILIES[0], TLS) && arrives(&stand, FAMILIES[1], TLS));
        drop(release);
        wait_until("the inspector is back", || watch.look(clock()) == Some(Change::Restore));
    });
}

#[test]
fn a_hung_inspector_can_be_unbound_and_its_rule_then_lets_packets_pass() {
    let stand = Stand::new("unbound");
    stand.lead_to_queue(NUMBER, PORT, BLOCKED_BIT);
    // It holds the queue and never works.
    let hung = stand.inside(|| Queue::open(settings()).unwrap());
    hung.release().unwrap().unbind().unwrap();
    assert!(arrives(&stand, FAMILIES[0], TLS) && arrives(&stand, FAMILIES[1], TLS));
    // The number is free for the next one.
    drop(stand.inside(|| Queue::open(settings()).unwrap()));
}

#[test]
fn a_queue_has_one_owner() {
    let stand = Stand::new("owner");
    stand.inside(|| {
        let _first = Queue::open(settings()).unwrap();
        assert!(Queue::open(settings()).is_err());
        assert!(Probe::new().unwrap().socket);
    });
}

#[test]
fn what_this_kernel_can_do_is_found_and_nothing_is_left() {
    let stand = Stand::new("probe");
    let probe = stand.inside(|| Probe::new().unwrap());
    assert_eq!(stand.sh("nft list ruleset"), "");
    // `nft` tries the same; whether it can is up to the kernel the test runs on.
    let by_nft = stand.try_sh("nft add table t && nft add chain t c && nft add rule t c queue flags bypass to 5");
    assert_eq!((probe.rule, probe.socket), (by_nft, true));
}
