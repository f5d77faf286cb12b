//! Builder and index at their public edge.

use std::net::IpAddr;
use std::sync::LazyLock;

use crate::house::{Folder, KEY, Line, build, head, line, naive, name, open, sign, verify};
use gapura_lists::{BuildError, Builder, Deed, Entry, Index, IndexError, Names, Reach, Target};
use gapura_model::{ListNumber, ListSet};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

fn set(numbers: &[u8]) -> ListSet {
    numbers.iter().copied().map(ListNumber).collect()
}

#[test]
fn a_name_is_held_with_all_below_it_unless_the_line_says_otherwise() {
    let folder = Folder::new();
    let lines = [
        line(0, "slot.example", Reach::Whole, Deed::Hold),
        line(0, "alone.example", Reach::Exact, Deed::Hold),
        line(0, "under.example", Reach::Below, Deed::Hold),
        line(1, "example", Reach::Whole, Deed::Hold),
        line(1, "good.example", Reach::Whole, Deed::Except),
        line(1, "bad.good.example", Reach::Exact, Deed::Hold),
        line(1, "clean.example", Reach::Whole, Deed::Never),
        line(1, "no.clean.example", Reach::Whole, Deed::Hold),
    ];
    let (built, index) = build(&folder, "index", 3, &[0, 1], &lines);
    for (asked, held) in [
        ("slot.example", set(&[0, 1])),
        ("a.b.slot.example", set(&[0, 1])),
        ("xslot.example", set(&[1])),
        ("alone.example", set(&[0, 1])),
        ("www.alone.example", set(&[1])),
        ("under.example", set(&[1])),
        ("x.under.example", set(&[0, 1])),
        ("good.example", set(&[])),
        ("bad.good.example", set(&[1])),
        ("x.bad.good.example", set(&[])),
        ("no.clean.example", set(&[])),
        ("unlisted.test", set(&[])),
    ] {
        assert_eq!(index.lookup(&name(asked)).unwrap(), held, "{asked}");
    }
    assert_eq!(index.version(), 3);
    assert_eq!((built.different, built.names), (8, 7), "the line below `never` says nothing");
    let entry = &index.lists()[1];
    assert_eq!((entry.number, entry.id.as_str(), entry.names, entry.addresses), (ListNumber(1), "l1", 5, 0));
    index.check_all().unwrap();
}

#[test]
fn addresses_become_disjoint_ranges() {
    let folder = Folder::new();
    let addresses = |list, first: &str, last: &str, deed| Line {
        list,
        entry: Entry { target: Target::Addresses(first.parse().unwrap(), last.parse().unwrap()), deed },
        number: 1,
    };
    let lines = [
        addresses(0, "203.0.113.0", "203.0.113.255", Deed::Hold),
        addresses(1, "203.0.113.128", "203.0.114.255", Deed::Hold),
        addresses(0, "203.0.113.64", "203.0.113.64", Deed::Except),
        addresses(0, "203.0.114.0", "203.0.114.9", Deed::Hold),
        addresses(0, "2001:db8::", "2001:db8::ffff", Deed::Hold),
        addresses(1, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Deed::Hold),
    ];
    let (_, index) = build(&folder, "index", 1, &[0, 1], &lines);
    let ranges: Vec<String> = index.ranges().map(|(first, last, set)| format!("{first}-{last} {set:?}")).collect();
    assert_eq!(
        ranges,
        [
            "203.0.113.0-203.0.113.63 {0}",
            "203.0.113.65-203.0.113.127 {0}",
            "203.0.113.128-203.0.114.9 {0, 1}",
            "203.0.114.10-203.0.114.255 {1}",
            "2001:db8::-2001:db8::ffff {0}",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff {1}",
        ]
    );
    for (address, held) in [
        ("203.0.113.7", set(&[0])),
        ("203.0.113.64", set(&[])),
        ("::ffff:203.0.113.200", set(&[0, 1])),
        ("203.0.115.0", set(&[])),
        ("0.0.0.0", set(&[])),
        ("255.255.255.255", set(&[])),
        ("2001:db8::ffff", set(&[0])),
        ("2001:db8::1:0", set(&[])),
    ] {
        assert_eq!(index.address(address.parse::<IpAddr>().unwrap()), held, "{address}");
    }
}

#[test]
fn the_names_file_says_which_line_it_was() {
    let folder = Folder::new();
    let mut lines = vec![
        line(0, "example.test", Reach::Whole, Deed::Hold),
        line(1, "www.example.test", Reach::Exact, Deed::Hold),
        line(1, "example.test", Reach::Below, Deed::Except),
    ];
    for number in 0..20_000_u32 {
        lines.push(line(0, &format!("filler-{number}.test"), Reach::Whole, Deed::Hold));
    }
    for (number, line) in (1..).zip(&mut lines) {
        line.number = number;
    }
    lines.push(Line {
        list: 1,
        entry: Entry {
            target: Target::Addresses("192.0.2.0".parse().unwrap(), "192.0.2.255".parse().unwrap()),
            deed: Deed::Hold,
        },
        number: 9,
    });
    let (built, _) = build(&folder, "index", 1, &[1, 0], &lines);
    let names = Names::open(&folder.path("index.names"), &built.root).unwrap();
    let told = |asked: &str| -> Vec<String> {
        let lines = names.lines(&name(asked)).unwrap();
        lines
            .iter()
            .map(|line| format!("{} {}:{} {} {}", line.list, line.file, line.line, line.listed, line.exception))
            .collect()
    };
    assert_eq!(told("example.test"), ["l0 l0.txt:1 example.test false"]);
    assert_eq!(
        told("www.example.test"),
        ["l0 l0.txt:1 example.test false", "l1 l1.txt:3 *.example.test true", "l1 l1.txt:2 =www.example.test false"]
    );
    assert_eq!(told("x.filler-19999.test"), ["l0 l0.txt:20003 filler-19999.test false"]);
    assert_eq!(told("elsewhere.test"), Vec::<String>::new());
    let line = &names.address_lines("192.0.2.77".parse().unwrap())[0];
    assert_eq!((line.listed.as_str(), line.line), ("192.0.2.0/24", 9));
    assert!(matches!(Names::open(&folder.path("index.names"), &[0; 32]), Err(IndexError::OtherIndex)));
}

#[test]
fn more_sets_of_lists_than_a_block_can_number_go_to_the_side() {
    let folder = Folder::new();
    let mut lines = Vec::new();
    for name in 0..600_usize {
        for list in (0..10).filter(|list| (name + 1) >> list & 1 == 1) {
            lines.push(line(list, &format!("n{name}.test"), Reach::Whole, Deed::Hold));
        }
    }
    let (_, index) = build(&folder, "index", 1, &(0..10).collect::<Vec<_>>(), &lines);
    for asked in 0..600 {
        let asked = name(&format!("www.n{asked}.test"));
        assert_eq!(index.lookup(&asked).unwrap(), naive(&lines, 10, &asked));
    }
    index.check_all().unwrap();
}

#[test]
fn lists_are_at_most_256_and_each_once() {
    let mut builder = Builder::new(1, KEY);
    for number in 0..256 {
        builder.list(head(&format!("l{number}"))).unwrap();
    }
    assert!(matches!(builder.list(head("l256")), Err(BuildError::TooManyLists)));
    let mut builder = Builder::new(1, KEY);
    builder.list(head("a")).unwrap();
    assert!(matches!(builder.list(head("a")), Err(BuildError::Twice(_))));
}

#[test]
fn an_empty_index_holds_nothing() {
    let folder = Folder::new();
    let (built, index) = build(&folder, "index", 1, &[], &[]);
    assert_eq!((built.names, built.ranges, index.ranges().count()), (0, 0, 0));
    assert!(index.lookup(&name("example.test")).unwrap().is_empty());
    assert!(index.address("192.0.2.1".parse().unwrap()).is_empty());
    index.check_all().unwrap();
}

#[test]
fn every_listed_name_is_found_and_hardly_another() {
    let folder = Folder::new();
    let lines: Vec<Line> =
        (0..200_000).map(|number| line(0, &format!("situs-{number}.co.id"), Reach::Whole, Deed::Hold)).collect();
    let (built, index) = build(&folder, "index", 1, &[0], &lines);
    assert_eq!(built.names, 200_000);
    for number in 0..200_000 {
        assert_eq!(index.lookup(&name(&format!("situs-{number}.co.id"))).unwrap(), set(&[0]), "{number}");
        assert!(index.lookup(&name(&format!("kantor-{number}.co.id"))).unwrap().is_empty(), "{number}");
    }
    let each = index.octets() as f64 / 200_000.0;
    assert!(each <= 9.0, "{each} octets a name");
}

/// A small index with all parts, and what it says of some names.
fn small(folder: &Folder) -> (Vec<Line>, Vec<u8>) {
    let mut lines: Vec<Line> =
        (0..40).map(|number| line(number % 3, &format!("n{number}.test"), Reach::Whole, Deed::Hold)).collect();
    lines.push(Line {
        list: 1,
        entry: Entry {
            target: Target::Addresses("192.0.2.0".parse().unwrap(), "192.0.2.255".parse().unwrap()),
            deed: Deed::Hold,
        },
        number: 1,
    });
    build(folder, "small", 1, &[0, 1, 2], &lines);
    let octets = std::fs::read(folder.path("small")).unwrap();
    (lines, octets)
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let folder = Folder::new();
    let (_, octets) = small(&folder);
    let path = folder.path("cut");
    for length in 0..octets.len() {
        std::fs::write(&path, &octets[..length]).unwrap();
        assert!(Index::open(&path, &verify).is_err(), "{length} octets");
    }
    std::fs::write(&path, [octets.as_slice(), b"x"].concat()).unwrap();
    assert!(matches!(Index::open(&path, &verify), Err(IndexError::Size { .. })));
}

#[test]
fn a_changed_octet_is_noticed_before_it_matters() {
    let folder = Folder::new();
    let (lines, octets) = small(&folder);
    let path = folder.path("changed");
    for at in 0..octets.len() {
        let mut changed = octets.clone();
        changed[at] ^= 1 << (at % 8);
        std::fs::write(&path, &changed).unwrap();
        let Ok(index) = Index::open(&path, &verify) else { continue };
        assert!(index.check_all().is_err(), "octet {at}");
        for number in 0..50 {
            let asked = name(&format!("n{number}.test"));
            if let Ok(held) = index.lookup(&asked) {
                assert_eq!(held, naive(&lines, 3, &asked), "octet {at}");
            }
        }
    }
}

/// Makes checksums right again, as somebody with the signing key could.
fn with_sums(octets: &mut [u8], chunks: usize) {
    let sums = octets.len() - chunks * 32;
    let (content, places) = octets.split_at_mut(sums);
    for (chunk, place) in content[4096..].chunks(16 * 1024).zip(places.chunks_mut(32)) {
        place.copy_from_slice(&Sha256::digest(chunk));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_senseless_file_with_right_checksums_harms_nobody(
        changes in prop::collection::vec((0_usize..8192, any::<u8>()), 1..8),
        names in prop::collection::vec("[a-c]{1,2}(\\.[a-c]{1,2}){0,3}", 1..20),
    ) {
        static SMALL: LazyLock<Vec<u8>> = LazyLock::new(|| small(&Folder::new()).1);
        let folder = Folder::new();
        let mut octets = SMALL.clone();
        let length = octets.len();
        for (at, octet) in changes {
            octets[at % length] = octet;
        }
        with_sums(&mut octets, 1);
        let path = folder.path("senseless");
        std::fs::write(&path, &octets).unwrap();
        if let Ok(index) = Index::open(&path, &|_, _| true) {
            let _ = index.check_all();
            for text in names {
                let _ = index.lookup(&name(&text));
            }
            let _ = index.ranges().count();
            let _ = index.address("192.0.2.1".parse().unwrap());
        }
    }

    #[test]
    fn the_index_says_what_the_lines_say(
        lines in prop::collection::vec(any_line(), 0..60),
        asked in prop::collection::vec(any_name(), 1..40),
        turn in 0_usize..60,
    ) {
        let folder = Folder::new();
        let (_, index) = build(&folder, "one", 1, &[0, 1, 2, 3], &lines);
        for asked in lines.iter().filter_map(|line| match line.entry.target {
            Target::Name(name, _) => Some(name),
            Target::Addresses(..) => None,
        }).chain(asked.iter().map(|text| name(text))) {
            prop_assert_eq!(index.lookup(&asked).unwrap(), naive(&lines, 4, &asked), "{}", asked);
        }
        index.check_all().unwrap();
        // The same content in another order is the same file, octet for octet.
        let mut turned = lines;
        let by = turn % turned.len().max(1);
        turned.rotate_left(by);
        turned.reverse();
        build(&folder, "two", 1, &[3, 1, 0, 2], &turned);
        for (one, two) in [("one", "two"), ("one.names", "two.names")] {
            prop_assert_eq!(std::fs::read(folder.path(one)).unwrap(), std::fs::read(folder.path(two)).unwrap());
        }
    }

    #[test]
    fn a_broken_names_file_harms_nobody(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let folder = Folder::new();
        let (lines, _) = small(&folder);
        let root = open(&folder.path("small")).root();
        let mut octets = std::fs::read(folder.path("small.names")).unwrap();
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        std::fs::write(folder.path("small.names"), &octets).unwrap();
        if let Ok(names) = Names::open(&folder.path("small.names"), &root) {
            for line in &lines {
                if let Target::Name(name, _) = line.entry.target {
                    let _ = names.lines(&name);
                }
            }
        }
    }
}

fn any_name() -> impl Strategy<Value = String> {
    "[ab]{1,2}(\\.[ab]){0,3}"
}

fn any_line() -> impl Strategy<Value = Line> {
    let reach = prop_oneof![4 => Just(Reach::Whole), 1 => Just(Reach::Exact), 1 => Just(Reach::Below)];
    let deed = prop_oneof![6 => Just(Deed::Hold), 2 => Just(Deed::Except), 1 => Just(Deed::Never)];
    (0_usize..4, any_name(), reach, deed).prop_map(|(list, text, reach, deed)| line(list, &text, reach, deed))
}

#[test]
fn the_same_file_may_not_be_signed_by_others() {
    let folder = Folder::new();
    small(&folder);
    assert!(matches!(Index::open(&folder.path("small"), &|_, _| false), Err(IndexError::Signature)));
    let index = open(&folder.path("small"));
    assert_eq!(index.signature(), sign(&index.root()));
}
