//! Nothing that is logged at DEBUG or above, by us or by a library below us, tells who asked or for what.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use gapura_dns::Forward;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use tracing::Level;

use crate::secure::*;
use crate::support::*;

/// A label that no other test asks for.
const SECRET: &str = "penyakit-rahasia";
/// Clients of this test; no other test has them.
const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 77, 66, 55);

/// Every line logged in this process that could matter here.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Write for Log {
    /// One whole line a call.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(line).to_lowercase();
        if text.contains("gapura_dns") || tells(&text) {
            self.0.lock().unwrap().push(text);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Also half of the name is too much, and so are its octets as they are printed when they are no text.
fn tells(line: &str) -> bool {
    let numbers =
        |separator: &str| SECRET.bytes().take(6).map(|octet| octet.to_string()).collect::<Vec<_>>().join(separator);
    let hex = SECRET.bytes().take(6).map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat();
    let signs = ["rahasia".to_owned(), "penyakit".to_owned(), CLIENT.to_string(), numbers(", "), numbers(","), hex];
    signs.iter().any(|sign| line.contains(sign.as_str()))
}

/// The log of this process, from its first use on.
fn log() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writing = log.clone();
        let lines = tracing_subscriber::fmt().with_max_level(Level::DEBUG).with_ansi(false);
        tracing::subscriber::set_global_default(lines.with_writer(move || writing.clone()).finish()).unwrap();
        log
    })
    .clone()
}

fn ask_from_client(server: SocketAddr, octets: &[u8]) -> Option<Message> {
    let socket = UdpSocket::bind((CLIENT, 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    socket.send(octets).unwrap();
    let mut buffer = vec![0; 65535];
    let length = socket.recv(&mut buffer).ok()?;
    Message::from_vec(&buffer[..length]).ok()
}

#[test]
fn no_log_line_tells_who_asked_or_for_what() {
    let log = log();
    let authority = Authority::new();
    let good = Upstream::plain(V4, 60);
    let silent = Upstream::start(V4, |_| vec![]);
    let failing = Upstream::start(V4, |asked| vec![asked.code(ResponseCode::ServFail).to_vec().unwrap()]);
    let garbled = Upstream::start(V6, |asked| {
        let mut octets = asked.address(60).to_vec().unwrap();
        octets.truncate(octets.len() - 14);
        vec![octets]
    });
    let answering = Secure::start(V4, authority.issue(NAME).server(&[]), Talk::serve);
    let impostor = Secure::start(V4, Authority::new().issue(NAME).server(&[]), Talk::serve);
    let leaving = Secure::start(V4, authority.issue(NAME).server(&[]), |talk| drop(talk.hear()));
    let lying = Secure::start(V4, authority.issue(NAME).server(&[]), |talk| {
        while let Some(asked) = talk.hear() {
            let mut lie = asked.address(60);
            lie.metadata.id ^= 1;
            talk.say(&lie.to_vec().unwrap());
        }
    });
    let not_http = Secure::start(V4, authority.issue(NAME).server(&[b"h2"]), Talk::serve);
    let https = format!("https://{NAME}/dns-query@{}", not_http.address);
    let all = [
        good.address.to_string(),
        silent.address.to_string(),
        failing.address.to_string(),
        garbled.address.to_string(),
        nobody(V4).to_string(),
        answering.tls(),
        impostor.tls(),
        leaving.tls(),
        lying.tls(),
        https,
    ];
    for (number, upstream) in all.iter().enumerate() {
        let mut config = authority.config(std::slice::from_ref(upstream));
        config.patience.answer = Duration::from_millis(400);
        config.patience.next_upstream = Duration::from_millis(100);
        config.patience.garden = Duration::from_millis(20);
        let zone = format!("zona-{SECRET}.id").parse().unwrap();
        config.forwards = vec![Forward { zone, servers: vec![upstream.parse().unwrap()] }];
        let garden = [format!("*.{SECRET}.id")].iter().map(|name| name.parse().unwrap()).collect();
        let site = Site::with(&config, Gateway { garden, gate: Gate::Refuses, ..Gateway::default() });
        for (step, name) in ["www", "a"].iter().enumerate() {
            for below in [format!("{name}.{SECRET}.id."), format!("{name}.zona-{SECRET}.id.")] {
                let asked = edns_query(&below, RecordType::A, 1232, true).to_vec().unwrap();
                // Answered, or SERVFAIL; either way the resolver is through with it.
                assert!(ask_from_client(site.v4, &asked).is_some(), "{number} {step}");
                // What is no query, with the name in it.
                let mut broken = asked.clone();
                broken[2] |= 0x78;
                ask_from_client(site.v4, &broken);
            }
        }
    }
    let lines = log.0.lock().unwrap();
    for expected in ["an upstream is not who it should be", "upstream sent nonsense", "an upstream no longer answers"] {
        assert!(
            lines.iter().any(|line| line.contains(expected)),
            "\"{expected}\" is not in the log: is it written at all?"
        );
    }
    let telling: Vec<_> = lines.iter().filter(|line| tells(line)).collect();
    assert!(telling.is_empty(), "{telling:#?}");
}
