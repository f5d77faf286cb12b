//! `kill -9` under load, and a restart ten seconds later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gapura_lab::clock::wait_for;
use gapura_lab::{LabError, Ns};

use gapura_lab::config::SiteWish;
use gapura_lab::traffic::{datagrams, download, numbered_stream, outsider, upload};

use crate::stand::{BOTH, SOON, admit, code, expect_online, let_pass, log, outbox, redeem, session, site, usage};

const DEAD: Duration = Duration::from_secs(10);
const GAP: Duration = Duration::from_secs(2);

#[test]
fn kill_9_under_load_leaves_no_gap_no_hole_and_no_byte_uncounted() {
    let mut site = site("killed", 3, SiteWish::default());
    admit(&site, 1, &[]);
    redeem(&site, 2, &code(&site, "umum", 0));
    expect_online(&site, 2);
    let (first, second) = (ns(&site, 1), ns(&site, 2));
    // IP bytes with headers, resets too, as the receivers' kernels count them behind the last cable; segmentation offload
    // is off in the lab, so a packet is a packet everywhere. What the portal said in a server's name came before this line.
    let used_before = (usage(&site, 1), usage(&site, 2));
    count(&first, "saddr");
    count(&second, "saddr");
    count(site.lab().internet(), "daddr");
    let outside = outsider(&ns(&site, 3), BOTH.to_vec()).unwrap();
    let streams = BOTH.map(|server| numbered_stream(&first, server).unwrap());
    let udp = BOTH.map(|server| datagrams(&first, server).unwrap());
    let load = Load::start(second.handle());

    let_pass(Duration::from_secs(1));
    site.gateway_mut().kill();
    let_pass(DEAD);
    site.restart_gateway().unwrap();
    let_pass(Duration::from_secs(1));

    let rounds = load.stop();
    for stream in streams {
        let report = stream.stop().unwrap();
        assert!(report.broken.is_none() && report.in_order && report.longest_gap <= GAP, "TCP: {report:?}");
        eprintln!("TCP: {} numbers in order, longest gap {:?}", report.arrived, report.longest_gap);
    }
    for stream in udp {
        let report = stream.stop().unwrap();
        assert!(report.longest_gap <= GAP && report.arrived + 200 >= report.sent, "UDP: {report:?}");
        eprintln!("UDP: {} of {} datagrams, longest gap {:?}", report.arrived, report.sent, report.longest_gap);
    }
    let seen = outside.stop().unwrap();
    assert!(seen.tried > 2_000 && seen.got_through == 0, "{seen:?}");
    assert!(rounds > 10, "the load went on: {rounds} rounds");

    let counted = wait_for("bytes counted by the kernel = bytes at the receivers", SOON, || {
        let (down, up) = ((counted_in(&first), counted_in(&second)), counted_in(site.lab().internet()));
        let used = (usage(&site, 1), usage(&site, 2));
        let counted = (used.0.1 - used_before.0.1, used.1.1 - used_before.1.1);
        let counted_up = used.0.0 + used.1.0 - used_before.0.0 - used_before.1.0;
        if (counted, counted_up) != (down, up) {
            return Err(LabError::answer(
                "usage",
                format!("receivers {down:?} {up}, the gateway {counted:?} {counted_up}"),
            ));
        }
        Ok(Some(used))
    });
    let counted = counted.unwrap_or_else(|error| panic!("{error}\n{}", log(&site)));
    // And the same in the outbox, once the visits have ended.
    for (number, used) in [(1, counted.0), (2, counted.1)] {
        let mac = site.lab().visitor(number).unwrap().mac().to_string();
        let visit = session(&site, number).unwrap()["visit"].clone();
        site.ctl(&["kick", "--mac", &mac, "--reason", "uji"]).unwrap();
        let record =
            outbox(&site).into_iter().find(|record| record["visit"] == visit).expect("a message about the visit");
        assert_eq!(
            (record["traffic"]["up"].as_u64(), record["traffic"]["down"].as_u64()),
            (Some(used.0), Some(used.1))
        );
    }
    eprintln!("an outsider's {} tries: 0 through; {rounds} rounds of load; bytes {counted:?}", seen.tried);
}

fn ns(site: &gapura_lab::daemon::Site, number: u16) -> Ns {
    site.lab().visitor(number).unwrap().ns().handle()
}

/// Starts counting what comes in from or to the servers.
fn count(ns: &Ns, which: &str) {
    let rules = format!(
        "add table inet exact
         add counter inet exact came
         add chain inet exact in {{ type filter hook prerouting priority -299; policy accept; }}
         add rule inet exact in ip {which} 203.0.113.10-203.0.113.12 counter name came
         add rule inet exact in ip6 {which} 2001:db8:203::10-2001:db8:203::12 counter name came\n"
    );
    ns.nft(&rules).unwrap();
}

fn counted_in(ns: &Ns) -> u64 {
    let text = ns.output("nft", &["-j", "list", "counter", "inet", "exact", "came"]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["nftables"].as_array().unwrap().iter().find_map(|one| one["counter"]["bytes"].as_u64()).unwrap()
}

/// Downloads and uploads one after the other, over both families, until told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<u64>,
}

impl Load {
    fn start(ns: Ns) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        let thread = thread::spawn(move || {
            ns.move_in().unwrap();
            let mut rounds = 0;
            while !flag.load(Ordering::Relaxed) {
                let server = BOTH[usize::from(rounds % 2 == 1)];
                let down = download(server, 200_000, SOON).unwrap();
                let up = upload(server, 100_000, SOON).unwrap();
                assert_eq!((down.bytes, up.bytes), (200_000, 100_000));
                rounds += 1;
            }
            rounds
        });
        Self { stop, thread }
    }

    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
