//! Two controllers on one database, behind a balancer: one is killed in the midst of it, and nothing is lost, nothing counted twice.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use gapura_controller::{Actor, Enlisted, Office, PlanFile, SiteDocument, load_config, office};
use gapura_lab::child::{Guarded, dies_with_us};
use gapura_lab::clock::{Stopwatch, wait_for};
use gapura_lab::config::{SiteWish, plan_file, site_document};
use gapura_runtime::{Believe, ClockStart, SystemClock};
use gapura_wire::{SignedBundle, UsageAck};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::scratch::Scratch;

#[path = "../support/postgres.rs"]
mod postgres;

const GATEWAYS: usize = 6;
const BATCHES: u64 = 40;
const VISITS: u64 = 25;
const BOOT: &str = "5a4f0e3c-8f5e-4a0a-9d5a-000000000001";
const SOON: Duration = Duration::from_secs(60);

#[test]
fn one_of_two_controllers_is_killed_in_the_midst_of_a_batch() {
    let (scratch, database) = (Scratch::new("two"), postgres::database());
    let one = configure(&scratch.path().join("one"), &database.address);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let clock = Arc::new(SystemClock::start(ClockStart { believe: Believe::Always, floor: None }));
    let office = runtime.block_on(office(&load_config(&one.0).unwrap(), clock)).unwrap();
    let fleet = runtime.block_on(take_in(&office));
    // The second machine has the same keys.
    let two = configure(&scratch.path().join("two"), &database.address);
    copy(&scratch.path().join("one/data"), &scratch.path().join("two/data"));
    let (mut first, mut second) = (serve(&one), serve(&two));
    let door = balance([one.1, two.1]);

    let fleet_pem = fs::read(scratch.path().join("one/data/fleet.pem")).unwrap();
    let members: Vec<Arc<Member>> =
        fleet.into_iter().map(|(key, of)| Arc::new(Member::new(door, &fleet_pem, &key, of))).collect();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let tellers: Vec<_> = members
        .iter()
        .map(|member| {
            let (member, acknowledged) = (member.clone(), acknowledged.clone());
            thread::spawn(move || member.tell(&acknowledged))
        })
        .collect();
    let key = office.keys().bundle_key();
    let waiters: Vec<_> = members
        .iter()
        .map(|member| {
            let (member, key) = (member.clone(), key.clone());
            thread::spawn(move || {
                let text = member.newer_bundle(1);
                let signed = SignedBundle::from_json(&text).unwrap();
                signed.verify(&key, &member.of.site, gapura_model::Generation::new(1)).unwrap().generation.get()
            })
        })
        .collect();

    // In the midst of it: a third is acknowledged, and batches are on their way on every line.
    let third = GATEWAYS * BATCHES as usize / 3;
    wait_for("a third of the batches", SOON, || Ok((acknowledged.load(Ordering::Relaxed) >= third).then_some(())))
        .unwrap();
    first.kill();
    let at_the_kill = acknowledged.load(Ordering::Relaxed);
    let again: usize = tellers.into_iter().map(|teller| teller.join().unwrap()).sum();
    println!(
        "{at_the_kill} batches were acknowledged when it was killed; {again} exchanges broke off and were made again"
    );
    assert!(at_the_kill < GATEWAYS * BATCHES as usize, "it was killed too late");

    // Those who waited at the dead one wait at the other by now, and hear of what is published.
    let watch = Stopwatch::start();
    let published = runtime.block_on(office.set_plans(&plans("Umum, diubah"), &who())).unwrap();
    assert_eq!(published.len(), GATEWAYS);
    let seen: Vec<u64> = waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect();
    assert_eq!(seen, [2; GATEWAYS]);
    println!("published to the last gateway in {:?}", watch.elapsed());
    assert!(watch.elapsed() < Duration::from_secs(10), "{:?}", watch.elapsed());
    assert!(second.ended().is_none());

    runtime.block_on(counted_once(&office));
    // The killed one comes back to where it was.
    let mut first = serve(&one);
    let ack = members[0].batch(BATCHES).unwrap();
    assert!(ack.repeated && ack.next == BATCHES + 1, "{ack:?}");
    runtime.block_on(counted_once(&office));
    first.stop();
    second.stop();
    runtime.block_on(office.store().close());
}

/// The log and the sums of its hours hold each visit once, as it was told last.
async fn counted_once(office: &Office) {
    let all = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
    let span = gapura_store::Span { from: all.0, until: all.1, site: None, limit: 100_000 };
    let usage = office.usage(&span).await.unwrap();
    let visits = GATEWAYS as u64 * VISITS;
    assert_eq!(usage.visits.len() as u64, visits);
    assert!(
        usage.visits.iter().all(|visit| visit.revision == BATCHES as i64 && visit.bytes_down == down(BATCHES) as i64)
    );
    let sums = office.store().read().await.unwrap().day_sums(all, 0).await.unwrap();
    let of = |figure: fn(&gapura_store::DaySum) -> i64| sums.iter().map(figure).sum::<i64>() as u64;
    assert_eq!(of(|sum| sum.visits), visits);
    assert_eq!(of(|sum| sum.bytes_down), visits * down(BATCHES));
}

const fn down(revision: u64) -> u64 {
    revision * 1_000_003
}

fn configure(directory: &Path, database: &str) -> (PathBuf, SocketAddr) {
    fs::create_dir_all(directory.join("data")).unwrap();
    let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let file = directory.join("controller.toml");
    let text = format!(
        "[controller]\nlisten = \"{listen}\"\npublic_name = \"localhost\"\ndata_dir = \"{}\"\ndatabase = \"{database}\"\n",
        directory.join("data").display()
    );
    fs::write(&file, text).unwrap();
    (file, listen)
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn plans(name: &str) -> PlanFile {
    let mut file: PlanFile = toml::from_str(&plan_file(&SiteWish::default()).unwrap()).unwrap();
    file.plan[0].name = name.to_owned();
    file
}

fn who() -> Actor {
    Actor { name: "tester".to_owned(), reason: String::new() }
}

async fn take_in(office: &Office) -> Vec<(KeyPair, Enlisted)> {
    office.set_plans(&plans("Umum"), &who()).await.unwrap();
    let document: SiteDocument = toml::from_str(&site_document(&SiteWish::default()).unwrap()).unwrap();
    let keys: Vec<KeyPair> = (0..GATEWAYS).map(|_| KeyPair::generate().unwrap()).collect();
    let request = |key| CertificateParams::default().serialize_request(key).unwrap().pem().unwrap();
    let requests: Vec<String> = keys.iter().map(request).collect();
    let enlisted = office.enlist("dua", &document, &requests).await.unwrap();
    assert_eq!(office.publish_due().await.unwrap().len(), GATEWAYS);
    keys.into_iter().zip(enlisted).collect()
}

fn serve((file, address): &(PathBuf, SocketAddr)) -> Guarded {
    let mut command = dies_with_us();
    command.arg(env!("CARGO_BIN_EXE_gapura")).args(["controller", "--config"]).arg(file);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut process = Guarded::start(command).unwrap();
    wait_for("a controller", SOON, || {
        assert!(process.ended().is_none());
        Ok(TcpStream::connect(address).ok())
    })
    .unwrap();
    process
}

/// A balancer of TCP: connections in turns to those that take them. It ends with the test's process.
fn balance(behind: [SocketAddr; 2]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (turn, client) in listener.incoming().flatten().enumerate() {
            let order = [behind[turn % 2], behind[(turn + 1) % 2]];
            let Some(server) = order.iter().find_map(|address| TcpStream::connect(address).ok()) else { continue };
            for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
                thread::spawn(move || {
                    // What breaks off on one side breaks off on the other.
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    address
}

/// A gateway: it sends a batch again until it is acknowledged, and asks for its bundle until there is one.
struct Member {
    of: Enlisted,
    door: SocketAddr,
    tls: Arc<ClientConfig>,
    broke_off: Mutex<usize>,
}

impl Member {
    fn new(door: SocketAddr, fleet_pem: &[u8], key: &KeyPair, of: Enlisted) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(fleet_pem).unwrap()).unwrap();
        let chain = CertificateDer::pem_slice_iter(of.chain_pem.as_bytes()).collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap();
        Self { of, door, tls: Arc::new(tls), broke_off: Mutex::new(0) }
    }

    /// Tells all its batches in order; how many exchanges had to be made again.
    fn tell(&self, acknowledged: &AtomicUsize) -> usize {
        for seq in 1..=BATCHES {
            let watch = Stopwatch::start();
            let ack = loop {
                match self.batch(seq) {
                    Some(ack) => break ack,
                    None => *self.broke_off.lock().unwrap() += 1,
                }
                assert!(watch.elapsed() < SOON, "batch {seq} is never taken");
            };
            assert!(ack.refused.is_empty() && ack.next == seq + 1, "{ack:?}");
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        *self.broke_off.lock().unwrap()
    }

    fn batch(&self, seq: u64) -> Option<UsageAck> {
        let records: Vec<Value> = (0..VISITS).map(|number| visit(&self.of, number, seq)).collect();
        let batch = json!({ "gateway": self.of.gateway, "boot": BOOT, "seq": seq, "records": records });
        let (status, body) = self.ask("POST", "/v1/usage", &serde_json::to_vec(&batch).unwrap())?;
        (status == 200).then(|| serde_json::from_slice(&body).unwrap())
    }

    fn newer_bundle(&self, after: u64) -> Vec<u8> {
        let watch = Stopwatch::start();
        loop {
            if let Some((200, body)) = self.ask("GET", &format!("/v1/bundle?after={after}&wait=50"), &[]) {
                return body;
            }
            assert!(watch.elapsed() < SOON * 2, "no bundle came");
        }
    }

    /// One exchange on a connection of its own; nothing where it broke off.
    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let stream = TcpStream::connect(self.door).ok()?;
        stream.set_read_timeout(Some(SOON)).ok()?;
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(self.tls.clone(), name).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok().filter(|read| *read > 0)?;
            match header.trim_end().split_once(": ") {
                None => break,
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some((status, body))
    }
}

/// A visit that goes on, told again in each batch.
fn visit(of: &Enlisted, number: u64, revision: u64) -> Value {
    let gateway: u64 = of.site.as_str().rsplit('-').next().unwrap().parse().unwrap();
    json!({
        "record": "visit", "visit": format!("{gateway:08x}-0000-4000-8000-{number:012x}"), "revision": revision,
        "device": format!("h1:2026-11:{gateway:016x}{number:016x}"), "device_local": true, "way": "voucher", "plan": "umum",
        "generation": 1, "start": "2026-11-21T08:00:00Z", "clock": "trusted", "at": "2026-11-21T08:01:00Z",
        "traffic": { "up": revision, "down": down(revision) }, "seconds": revision,
    })
}
