//! What the kept corpora begin with: the samples that tests elsewhere in the house use, in the form of each target.

use crate::{inspect, lists, sop};

const CHROMIUM_TLS: &[u8] = include_bytes!("../src/inspect/tests/clients/samples/chromium-tls.bin");
const CHROMIUM_QUIC: [&[u8]; 2] = [
    include_bytes!("../src/inspect/tests/clients/samples/chromium-quic-1.bin"),
    include_bytes!("../src/inspect/tests/clients/samples/chromium-quic-2.bin"),
];

/// Target, name, octets.
pub fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let mut seed = |target: &'static str, name: &str, octets: Vec<u8>| seeds.push((target, name.to_owned(), octets));
    let (front, back) = CHROMIUM_TLS.split_at(1_000);

    seed(
        "client_hello",
        "chromium",
        [&[170, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xf0][..], CHROMIUM_TLS].concat(),
    );
    seed("client_hello", "http", [&[1; 13][..], b"GET / HTTP/1.1\r\n"].concat());
    let [early, late] = CHROMIUM_QUIC;
    seed("quic_initial", "chromium", [&[1][..], &piece(early), &[1], &piece(late)].concat());
    // The handshake message without its record header, in three frames.
    let message = &CHROMIUM_TLS[5..];
    let frames = [crypto(900, &message[900..]), vec![1, 0, 0], crypto(0, &message[..300])].concat();
    let sealed = [&[0][..], &piece(&frames), &[0], &piece(&crypto(300, &message[300..900]))].concat();
    seed("quic_initial", "frames", sealed);
    seed("quic_initial", "sealed", [&[1][..], &piece(&inspect::seal(3, &frames))].concat());

    let packets = [ipv4(6, &tcp(1, front)), ipv4(6, &tcp(1_001, back)), ipv6(17, &udp(early)), ipv6(17, &udp(late))];
    seed("packet", "chromium", packets.iter().flat_map(|packet| piece(packet)).collect());

    seed("dns_query", "plain", dns(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0], 1, &[]));
    let opt = [0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 12, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    seed("dns_query", "cookie", dns(&[1, 0x20, 0, 1, 0, 0, 0, 0, 0, 1], 65, &opt));
    let cname = [0xc0, 12, 0, 5, 0, 1, 0, 0, 1, 44, 0, 6, 3, b'c', b'd', b'n', 0xc0, 16];
    let address = [0xc0, 45, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1];
    seed("dns_answer", "alias", dns(&[0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0], 1, &[&cname[..], &address].concat()));
    let hints = [0, 1, 0, 0, 1, 0, 3, 2, b'h', b'2', 0, 4, 0, 4, 192, 0, 2, 9];
    let https = [&[0xc0, 12, 0, 65, 0, 1, 0, 0, 0, 60, 0, 18][..], &hints].concat();
    seed("dns_answer", "https", dns(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], 65, &https));
    let soa = [&[0xc0, 16, 0, 6, 0, 1, 0, 0, 3, 132, 0, 24, 0xc0, 16, 0xc0, 16][..], &[0; 18], &[1, 44]].concat();
    seed("dns_answer", "nothing", dns(&[0x81, 0x83, 0, 1, 0, 0, 0, 1, 0, 0], 28, &soa));

    for (choice, (name, text)) in LISTS {
        seed("list_line", name, [&[choice][..], text].concat());
    }
    seed("list_line", "told", [&[9][..], LISTS[2].1.1].concat());

    let [old, new] = lists::files();
    seed("index_file", "old", [&[1][..], old].concat());
    seed("index_file", "new", [&[1][..], new].concat());
    seed("index_file", "sizes", [&[0][..], &[0, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2], b"[]"].concat());
    // Two entries taken out, one changed, one put in.
    let parts = [vec![0; 128], vec![0, 1], vec![0, 0], vec![0xff, 1, 0]];
    seed("index_delta", "parts", [0, 0].into_iter().chain(parts.iter().flat_map(|part| piece(part))).collect());
    let lines = [&[0, 12][..], b"example\0judi", &[1, 0, 0, 0, 7]].concat();
    let list = br#"[{"id":"judi","files":["judi.txt"]}]"#;
    let directory = [&[1, 0, 0, 0, 192, 0, 2, 0, 192, 0, 2, 255, 0, 9, 36][..], list].concat();
    seed("names_file", "small", [&[0][..], &piece(&lines), &piece(b"\x0cexample\0judi"), &directory].concat());

    seed("sop_text", "lists", sop::LISTS.into());
    seed("sop_text", "blocks", document("national", BLOCKS).into());
    seed("sop_text", "two", [document("national", BLOCKS), document("site", OPENS)].join("\0").into());

    for (name, text) in GOLDEN {
        seed("wire_message", name, text.to_vec());
    }
    seeds
}

const BLOCKS: &str = r#"
[[clause]]
number = 1
words = "Situs judi ditutup"
citizen = { id = "Judi ditutup", en = "Gambling is closed" }
action = "block"
mandatory = true
targets = { categories = ["judi"], names = ["judi.example", "*.taruhan.example", "=x.example"], addresses = ["192.0.2.0/24"] }
hours = { days = ["mon", "sat"], spans = ["07:30-12:00"] }
[[exception]]
clauses = [1]
targets = { names = ["baik.judi.example"] }
reason = "salah daftar"
author = "petugas"
until = 2026-12-31
"#;

const OPENS: &str = r#"
[[clause]]
number = 1
words = "Layanan pemerintah"
citizen = { id = "Terbuka" }
action = "open-before-login"
targets = { names = ["sinjaikab.go.id"] }
scope = { kinds = ["gallery"], groups = ["anak"] }
"#;

fn document(layer: &str, clauses: &str) -> String {
    format!(
        "number = \"SOP/1\"\ntitle = \"SOP\"\nlayer = \"{layer}\"\nrevision = 1\nowner = \"Dinas\"\n\
         legal-basis = [\"Keputusan\"]\neffective-from = 2026-01-01\nreview-by = 2027-01-01\n{clauses}"
    )
}

macro_rules! list {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../src/lists/tests/golden/", $name)))
    };
}

/// With the place of their formats among all, which is what chooses them.
const LISTS: [(u8, (&str, &[u8])); 6] = [
    (1, list!("hosts.txt")),
    (2, list!("dnsmasq.conf")),
    (3, list!("adblock.txt")),
    (4, list!("policy.zone")),
    (7, list!("addresses.txt")),
    (8, list!("urls.txt")),
];

macro_rules! golden {
    ($($name:literal)*) => {
        [$(($name, include_bytes!(concat!("../src/wire/golden/", $name, ".json")))),*]
    };
}

const GOLDEN: [(&str, &[u8]); 17] = golden!(
    "account-accepted" "account-check" "balances" "bundle" "bundle-requests" "desk-reply" "desk-report" "enrol-approved" "enrol-request"
    "heartbeat" "heartbeat-reply" "requests" "requests-ack" "share-answer" "share-report" "signed-bundle" "usage-batch"
);

fn piece(octets: &[u8]) -> Vec<u8> {
    [&u16::try_from(octets.len()).unwrap().to_be_bytes()[..], octets].concat()
}

fn crypto(offset: u16, data: &[u8]) -> Vec<u8> {
    let number = |number: u16| (number | 0x4000).to_be_bytes();
    [&[6][..], &number(offset), &number(u16::try_from(data.len()).unwrap()), data].concat()
}

/// A message with these flags and counts that asks for a type of `www.example.id`, and these records.
fn dns(head: &[u8; 10], qtype: u8, records: &[u8]) -> Vec<u8> {
    [&[0x12, 0x34][..], head, b"\x03www\x07example\x02id\0", &[0, qtype, 0, 1], records].concat()
}

fn tcp(sequence: u32, data: &[u8]) -> Vec<u8> {
    [&[0x80, 1, 1, 0xbb][..], &sequence.to_be_bytes(), &[0, 0, 0, 0, 0x50, 0x18, 255, 255, 0, 0, 0, 0], data].concat()
}

fn udp(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 8).unwrap().to_be_bytes();
    [&[0x80, 1, 1, 0xbb][..], &length, &[0, 0], data].concat()
}

fn ipv4(protocol: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 20).unwrap().to_be_bytes();
    let addresses = [10, 0, 0, 7, 192, 0, 2, 1];
    [&[0x45, 0][..], &length, &[0, 0, 0x40, 0, 64, protocol, 0, 0], &addresses, data].concat()
}

fn ipv6(next: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [&[0x60, 0, 0, 0][..], &length, &[next, 64], &[0x20; 16], &[0x30; 16], data].concat()
}
