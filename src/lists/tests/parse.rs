//! Small originals of odd lists, each with what is expected of it; `UPDATE_EXPECT=1` writes the expectations anew.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gapura_lists::{Cause, Deed, Entry, Format, Holds, Limits, Place, Reach, Reading, Stat, Target, load, parse};
use proptest::prelude::*;

use crate::house::Folder;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn show(entry: &Entry, place: Place) -> String {
    let deed = match entry.deed {
        Deed::Hold => "hold  ",
        Deed::Except => "except",
        Deed::Never => "never ",
    };
    match entry.target {
        Target::Name(name, Reach::Whole) => format!("{:>3} {deed} {name}", place.line),
        Target::Name(name, Reach::Exact) => format!("{:>3} {deed} ={name}", place.line),
        Target::Name(name, Reach::Below) => format!("{:>3} {deed} *.{name}", place.line),
        Target::Addresses(first, last) if first == last => format!("{:>3} {deed} {first}", place.line),
        Target::Addresses(first, last) => format!("{:>3} {deed} {first}-{last}", place.line),
    }
}

fn read(path: &Path, reading: Reading) -> (Stat, Vec<String>) {
    let mut entries = Vec::new();
    let (stat, _) = load(&[path.to_owned()], reading, Limits::default(), &mut |entry, place| {
        entries.push(show(entry, place));
    })
    .unwrap();
    (stat, entries)
}

#[track_caller]
fn is_as_expected(name: &str, reading: Reading) {
    let (stat, entries) = read(&golden(name), reading);
    let mut told = stat.to_string();
    writeln!(told).unwrap();
    for entry in &entries {
        writeln!(told, "{entry}").unwrap();
    }
    let expected = golden(&format!("{name}.expect"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&expected, &told).unwrap();
    }
    assert_eq!(told, std::fs::read_to_string(&expected).unwrap());
    // As many lines as are shown, no line twice in the counts.
    assert_eq!(stat.names + stat.addresses, entries.len() as u64);
}

const BOTH: Reading = Reading { format: None, holds: Holds::Both };

#[test]
fn domains() {
    is_as_expected("domains.txt", Reading::default());
}

#[test]
fn hosts() {
    is_as_expected("hosts.txt", Reading::default());
}

#[test]
fn dnsmasq() {
    is_as_expected("dnsmasq.conf", Reading::default());
}

#[test]
fn adblock() {
    is_as_expected("adblock.txt", BOTH);
}

#[test]
fn policy_zone() {
    is_as_expected("policy.zone", BOTH);
}

#[test]
fn addresses() {
    is_as_expected("addresses.txt", Reading { format: None, holds: Holds::Addresses });
}

#[test]
fn wildcard() {
    is_as_expected("wildcard.txt", Reading::default());
}

#[test]
fn urls() {
    is_as_expected("urls.txt", Reading { format: Some(Format::Urls), holds: Holds::Both });
}

#[test]
fn packed_files_and_directories_are_one_list() {
    let folder = Folder::new();
    let plain = std::fs::read(golden("hosts.txt")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    std::fs::write(folder.path("a.gz"), gzip.finish().unwrap()).unwrap();
    std::fs::write(folder.path("b.zst"), zstd::bulk::compress(&plain, 1).unwrap()).unwrap();
    std::fs::write(folder.path(".hidden"), "tersembunyi.example\n").unwrap();
    std::fs::create_dir(folder.path("folder")).unwrap();
    let (alone, entries) = read(&golden("hosts.txt"), Reading::default());
    let (twice, all) = read(&folder.0, Reading::default());
    assert_eq!(twice.files, ["a.gz", "b.zst"]);
    assert_eq!((twice.names, twice.bad_lines()), (2 * alone.names, 2 * alone.bad_lines()));
    assert_eq!(all, [entries.clone(), entries].concat());
    assert!(twice.cut.is_empty());
}

#[test]
fn what_a_cut_file_still_says_counts_and_the_cut_is_told() {
    let folder = Folder::new();
    let text: String =
        (0..20_000).fold(String::new(), |text, number| text + &format!("situs-{}.example\n", number * 7919));
    let packed = zstd::bulk::compress(text.as_bytes(), 1).unwrap();
    std::fs::write(folder.path("cut.zst"), &packed[..packed.len() / 2]).unwrap();
    let (stat, _) = read(&folder.path("cut.zst"), Reading::default());
    assert_eq!(stat.cut.len(), 1);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    std::fs::write(folder.path("cut.gz"), &packed[..packed.len() / 2]).unwrap();
    let (stat, _) = read(&folder.path("cut.gz"), Reading::default());
    assert!(stat.names > 1000 && stat.names < 20_000, "{}", stat.names);
    assert_eq!(stat.cut.len(), 1, "{stat}");
}

#[test]
fn a_bomb_is_unpacked_to_its_limit_only() {
    let folder = Folder::new();
    let bomb = zstd::bulk::compress(&vec![b'\n'; 20_000_000], 1).unwrap();
    std::fs::write(folder.path("bomb.zst"), bomb).unwrap();
    let limits = Limits { octets: 1_000_000, ..Limits::default() };
    let (stat, _) = load(&[folder.path("bomb.zst")], Reading::default(), limits, &mut |_, _| {}).unwrap();
    assert!(stat.lines <= 1_000_001);
    assert_eq!(stat.cut.len(), 1);
}

#[test]
fn what_a_list_holds_decides_what_is_taken() {
    let text = "satu.example\n192.0.2.1\n";
    let taken = |holds| {
        let (mut stat, mut entries) = (Stat::default(), 0);
        let reading = Reading { format: Some(Format::Domains), holds };
        parse::read(&mut text.as_bytes(), 0, reading, &mut stat, &mut |_, _| entries += 1);
        (entries, stat.bad.keys().copied().collect::<Vec<_>>())
    };
    assert_eq!(taken(Holds::Names), (1, vec![Cause::AddressAmongNames]));
    assert_eq!(taken(Holds::Addresses), (1, vec![Cause::NameAmongAddresses]));
    assert_eq!(taken(Holds::Both), (2, vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_octets_stop_a_load(octets in prop::collection::vec(any::<u8>(), 0..400), format in 0_usize..10) {
        let reading = Reading { format: Format::ALL.get(format).map(|(_, format)| *format), holds: Holds::Both };
        let mut stat = Stat::default();
        parse::read(&mut octets.as_slice(), 0, reading, &mut stat, &mut |_, _| {});
        prop_assert!(stat.cut.is_empty());
    }

    #[test]
    fn no_text_that_looks_like_a_list_stops_a_load(
        lines in prop::collection::vec("(@@)?(\\|\\|)?[0-9a-z*.:/#;$@-]{0,20}[ \t]?(CNAME|IN|A)?[ ]?[0-9a-f.:/^*-]{0,20}(\\$important)?", 0..20),
        format in 0_usize..10,
    ) {
        let reading = Reading { format: Format::ALL.get(format).map(|(_, format)| *format), holds: Holds::Both };
        let mut stat = Stat::default();
        let mut entries = Vec::new();
        parse::read(&mut lines.join("\n").as_bytes(), 0, reading, &mut stat, &mut |entry, _| entries.push(*entry));
        for entry in entries {
            match entry.target {
                Target::Name(name, _) => prop_assert!(name.suffixes().count() > 2, "a whole top-level domain: {}", name),
                Target::Addresses(first, last) => prop_assert!(first <= last && first.is_ipv4() == last.is_ipv4()),
            }
        }
    }
}
