//! Lists in tar archives: the file that is meant, and archives made to harm.

use std::io::Write as _;

use gapura_lists::{IndexError, Limits, Reading, Stat, load_member};
use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

use crate::house::Folder;

const ADULT: &str = "satu.example\ndua.example\ntiga.example\n";

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(octets).unwrap();
    packed.finish().unwrap()
}

/// A header whose path is written as it is: the crate's own writer refuses paths that lead out.
fn header(path: &str, kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn archive(files: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (path, kind, content) in files {
        archive.append(&header(path, *kind, content.len()), content.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// As UT1 ships a category.
fn category() -> Vec<u8> {
    archive(&[
        ("adult/", EntryType::Directory, ""),
        ("adult/usage", EntryType::Regular, "black\n"),
        ("adult/domains", EntryType::Regular, ADULT),
        ("adult/urls", EntryType::Regular, "empat.example/jalan\n"),
    ])
}

fn read(octets: &[u8], member: Option<&str>, limits: Limits) -> Result<(Stat, Vec<u32>), IndexError> {
    let folder = Folder::new();
    let path = folder.path("adult.tar.gz");
    std::fs::write(&path, octets).unwrap();
    let mut lines = Vec::new();
    let (stat, _) = load_member(&[path], member, Reading::default(), limits, &mut |_, place| lines.push(place.line))?;
    Ok((stat, lines))
}

#[track_caller]
fn refused(octets: &[u8], member: Option<&str>, why: &str) {
    let error = read(octets, member, Limits::default()).map(drop).unwrap_err();
    let words = gapura_model::with_causes(&error);
    assert!(words.contains(why) && words.contains("adult.tar.gz"), "{words}");
}

#[test]
fn the_file_that_is_meant_is_read_packed_or_not() {
    for octets in [category(), gzip(&category()), zstd::bulk::compress(&category(), 1).unwrap()] {
        for member in [None, Some("adult/domains"), Some("./adult/domains")] {
            let (stat, lines) = read(&octets, member, Limits::default()).unwrap();
            assert_eq!((stat.names, lines), (3, vec![1, 2, 3]), "{member:?}");
            assert_eq!(stat.files, ["adult.tar.gz:adult/domains"]);
            assert!(stat.cut.is_empty() && stat.bad_lines() == 0, "{stat}");
        }
        assert_eq!(read(&octets, Some("adult/urls"), Limits::default()).unwrap().0.files, ["adult.tar.gz:adult/urls"]);
        refused(&octets, Some("adult/lain"), "there is no adult/lain in the archive");
    }
}

#[test]
fn what_is_no_archive_is_read_as_before_unless_a_file_in_it_is_wanted() {
    let (stat, _) = read(ADULT.as_bytes(), None, Limits::default()).unwrap();
    assert_eq!((stat.names, stat.files), (3, vec!["adult.tar.gz".to_owned()]));
    refused(ADULT.as_bytes(), Some("adult/domains"), "no tar archive");
    refused(b"", Some("adult/domains"), "no tar archive");
    // The magic word of an archive alone, where it would stand, does not make one.
    let text = format!("{}\nustar.example\n", "a.example\n".repeat(26).get(..256).unwrap());
    assert!(read(text.as_bytes(), None, Limits::default()).unwrap().0.names > 20);
}

#[test]
fn links_and_paths_that_lead_out_are_refused() {
    let link = |kind| {
        let mut header = header("adult/domains", kind, 0);
        header.set_link_name("/etc/passwd").unwrap();
        header.set_cksum();
        let mut archive = Builder::new(Vec::new());
        archive.append(&header, &b""[..]).unwrap();
        archive.into_inner().unwrap()
    };
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Fifo, EntryType::Char, EntryType::GNUSparse] {
        refused(&link(kind), None, "is a link or no file");
    }
    for path in ["../adult/domains", "adult/../../domains", "/etc/domains", "..", "adult/../x"] {
        // Also where it is not what is wanted.
        let octets = archive(&[(path, EntryType::Regular, "x\n"), ("adult/domains", EntryType::Regular, ADULT)]);
        refused(&octets, Some("adult/domains"), "leads out of it");
    }
}

#[test]
fn several_or_no_files_of_the_name_are_an_error() {
    let two = [("adult/domains", EntryType::Regular, ADULT), ("judi/domains", EntryType::Regular, ADULT)];
    refused(&archive(&two), None, "name one of them as `member`");
    assert_eq!(read(&archive(&two), Some("judi/domains"), Limits::default()).unwrap().0.names, 3);
    let twice =
        [("adult/domains", EntryType::Regular, ADULT), ("./adult/domains", EntryType::Regular, "lain.example\n")];
    refused(&archive(&twice), Some("adult/domains"), "name one of them");
    refused(&archive(&[("adult/urls", EntryType::Regular, ADULT)]), None, "there is no file domains");
    refused(&archive(&[("adult/domains/", EntryType::Directory, "")]), None, "there is no file domains");
}

#[test]
fn an_archive_that_was_cut_anywhere_is_an_error() {
    let (plain, packed) = (category(), gzip(&category()));
    for cut in (512..plain.len() - 1024).step_by(97) {
        let error = read(&plain[..cut], None, Limits::default()).map(drop);
        assert!(error.is_err(), "cut to {cut} of {}", plain.len());
    }
    // Also one whose wanted file is whole, and of which only the packer's checksum is missing.
    for cut in [packed.len() - 1, packed.len() - 8, packed.len() / 2] {
        assert!(read(&packed[..cut], Some("adult/domains"), Limits::default()).is_err(), "cut to {cut}");
    }
    let mut wrong = packed;
    let at = wrong.len() - 6;
    wrong[at] ^= 1;
    assert!(read(&wrong, None, Limits::default()).is_err(), "another checksum");
}

#[test]
fn a_huge_archive_is_read_to_its_limit_only() {
    let limits = Limits { octets: 1_000_000, ..Limits::default() };
    let huge = "\n".repeat(20_000_000);
    // The wanted file itself, one before it that is passed over, and a name that claims to be as long.
    let kinds = [
        [("adult/domains", EntryType::Regular), ("adult/urls", EntryType::Regular)],
        [("adult/urls", EntryType::Regular), ("adult/domains", EntryType::Regular)],
        [("././@LongLink", EntryType::GNULongName), ("adult/domains", EntryType::Regular)],
    ];
    for [(first, kind), (second, other)] in kinds {
        let octets = gzip(&archive(&[(first, kind, &huge), (second, other, ADULT)]));
        assert!(octets.len() < 100_000, "{} octets unpack to {}", octets.len(), huge.len());
        let words = gapura_model::with_causes(&read(&octets, Some("adult/domains"), limits).map(drop).unwrap_err());
        assert!(words.contains("larger than a list may be"), "{words}");
    }
    // A file that says it has more than can be there.
    let mut lying = archive(&[("adult/domains", EntryType::Regular, ADULT)]);
    let mut header = header("adult/domains", EntryType::Regular, 0);
    header.set_size(u64::MAX / 2);
    header.set_cksum();
    lying[..512].copy_from_slice(header.as_bytes());
    assert!(read(&lying, None, Limits::default()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn a_damaged_archive_is_an_error_or_an_archive(at in 0_usize..4096, octet: u8) {
        let mut octets = category();
        let at = at % octets.len();
        octets[at] = octet;
        if let Ok((stat, _)) = read(&octets, None, Limits::default()) {
            prop_assert!(stat.files.len() == 1);
        }
    }
}
