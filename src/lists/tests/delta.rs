//! Deltas: what they lead to, and what they refuse.

use std::collections::BTreeSet;

use gapura_lists::{Builder, Deed, DeltaError, Entry, HashKey, Place, Reach, Target, delta};
use proptest::prelude::*;

use crate::house::{Folder, Line, build, head, line, name, open, sign, verify};

fn holding(names: std::ops::Range<usize>, list: usize) -> Vec<Line> {
    names.map(|number| line(list, &format!("situs{number}.test"), Reach::Whole, Deed::Hold)).collect()
}

fn addresses(list: usize, last: u8) -> Line {
    let (first, last) = ([192, 0, 2, 0].into(), [192, 0, 2, last].into());
    Line { list, entry: Entry { target: Target::Addresses(first, last), deed: Deed::Hold }, number: 1 }
}

#[test]
fn a_delta_leads_to_the_same_file_as_building_it() {
    let folder = Folder::new();
    let mut old = holding(0..4000, 0);
    old.extend(holding(3000..3500, 1));
    old.push(addresses(1, 9));
    let mut new = holding(100..4050, 0);
    new.extend(holding(3200..3600, 1));
    new.push(line(0, "situs1000.test", Reach::Whole, Deed::Except));
    new.push(addresses(1, 10));
    let (_, old) = build(&folder, "old", 1, &[0, 1], &old);
    let (built, new) = build(&folder, "new", 2, &[0, 1], &new);
    let made = delta::make(&old, &new).unwrap();
    delta::apply(&old, &made, &built.root, &verify, &folder.path("applied")).unwrap();
    assert!(std::fs::read(folder.path("applied")).unwrap() == std::fs::read(folder.path("new")).unwrap());
    assert!(made.len() < 4000, "{} octets for about 400 changes", made.len());
    assert_eq!(open(&folder.path("applied")).version(), 2);
}

#[test]
fn lists_that_come_and_go_cost_only_what_they_hold() {
    let folder = Folder::new();
    let mut old = holding(0..20_000, 3);
    old.extend(holding(0..10_000, 1));
    let mut new = holding(0..20_000, 3);
    new.extend(holding(5..10, 0));
    let (_, old) = build(&folder, "old", 1, &[1, 3], &old);
    let (built, new) = build(&folder, "new", 2, &[0, 3], &new);
    let made = delta::make(&old, &new).unwrap();
    assert!(
        made.len() < 1000,
        "{} octets: 10,000 entries that lost a list that is gone, five that gained one",
        made.len()
    );
    delta::apply(&old, &made, &built.root, &verify, &folder.path("applied")).unwrap();
    assert!(std::fs::read(folder.path("applied")).unwrap() == std::fs::read(folder.path("new")).unwrap());
}

#[test]
fn indexes_without_common_keys_have_no_delta() {
    let folder = Folder::new();
    let (_, small) = build(&folder, "small", 1, &[0], &holding(0..10, 0));
    let (_, large) = build(&folder, "large", 2, &[0], &holding(0..1000, 0));
    assert!(matches!(delta::make(&small, &large), Err(DeltaError::Unlike)));
    let mut builder = Builder::new(2, HashKey([7; 16]));
    let list = builder.list(head("l0")).unwrap();
    builder.add(list, &Entry::whole(name("situs1.test")), Place::default()).unwrap();
    builder.finish(&folder.path("other"), None, &sign).unwrap();
    assert!(matches!(delta::make(&small, &open(&folder.path("other"))), Err(DeltaError::Unlike)));
}

/// An old index, a new one's root and the delta between, in a folder.
fn between(folder: &Folder) -> (Vec<u8>, [u8; 32]) {
    let mut new = holding(20..115, 0);
    new.push(addresses(1, 10));
    let (_, old) = build(folder, "old", 1, &[0], &holding(0..100, 0));
    let (built, new) = build(folder, "new", 2, &[0, 1], &new);
    (delta::make(&old, &new).unwrap(), built.root)
}

#[test]
fn the_wrong_base_or_target_is_refused() {
    let folder = Folder::new();
    let (made, root) = between(&folder);
    let to = folder.path("applied");
    let (old, new) = (open(&folder.path("old")), open(&folder.path("new")));
    assert!(matches!(delta::apply(&new, &made, &root, &verify, &to), Err(DeltaError::OtherBase)));
    assert!(matches!(delta::apply(&old, &made, &[1; 32], &verify, &to), Err(DeltaError::OtherTarget)));
    assert!(matches!(delta::apply(&old, b"GAPURAIX something else", &root, &verify, &to), Err(DeltaError::NotADelta)));
    assert!(!to.exists());
}

#[test]
fn a_cut_or_changed_delta_never_gives_another_index() {
    let folder = Folder::new();
    let (made, root) = between(&folder);
    let old = open(&folder.path("old"));
    let to = folder.path("applied");
    for length in 0..made.len() {
        assert!(delta::apply(&old, &made[..length], &root, &verify, &to).is_err(), "{length} octets");
        assert!(!to.exists());
    }
    let right = std::fs::read(folder.path("new")).unwrap();
    for at in 0..made.len() {
        let mut changed = made.clone();
        changed[at] ^= 1 << (at % 8);
        // zstd's frames have bits that mean nothing: what comes out is right, or nothing does.
        if delta::apply(&old, &changed, &root, &verify, &to).is_ok() {
            assert!(std::fs::read(&to).unwrap() == right, "octet {at}");
            std::fs::remove_file(&to).unwrap();
        }
    }
    let left: BTreeSet<_> = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.contains(std::ffi::OsStr::new("applied.new")), "half a file is left: {left:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_two_indexes_of_one_size_have_a_delta(
        old in prop::collection::vec((0_usize..3, 0_usize..90), 65..110),
        new in prop::collection::vec((0_usize..3, 0_usize..90), 65..110),
    ) {
        let folder = Folder::new();
        let lines = |of: Vec<(usize, usize)>| -> Vec<Line> {
            of.into_iter().map(|(list, number)| line(list, &format!("n{number}.test"), Reach::Whole, Deed::Hold)).collect()
        };
        let (_, old) = build(&folder, "old", 1, &[0, 1, 2], &lines(old));
        let (built, new) = build(&folder, "new", 2, &[0, 1, 2], &lines(new));
        match delta::make(&old, &new) {
            Ok(made) => {
                delta::apply(&old, &made, &built.root, &verify, &folder.path("applied")).unwrap();
                prop_assert!(std::fs::read(folder.path("applied")).unwrap() == std::fs::read(folder.path("new")).unwrap());
            }
            Err(error) => prop_assert!(matches!(error, DeltaError::Unlike)),
        }
    }
}
