//! What the tests share: folders, a stand-in for signing, and a naive model of what lists hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use gapura_lists::{Begun, Builder, Built, Deed, Entry, HashKey, Index, ListHead, Place, Reach, Target};
use gapura_model::{ListNumber, ListSet, Name};

pub(crate) const KEY: HashKey = HashKey(*b"sixteen octets !");

/// A new folder, removed at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lists-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Not a signature, but no other root has the same.
pub(crate) fn sign(root: &[u8; 32]) -> Vec<u8> {
    root.iter().map(|octet| octet ^ 0x5a).collect()
}

pub(crate) fn verify(root: &[u8; 32], signature: &[u8]) -> bool {
    signature == sign(root)
}

pub(crate) fn open(path: &Path) -> Index {
    Index::open(path, &verify).unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn head(id: &str) -> ListHead {
    ListHead {
        id: id.parse().unwrap(),
        category: "judi".parse().unwrap(),
        title: format!("List {id}"),
        revision: "2026-11-22".into(),
        files: vec![format!("{id}.txt")],
    }
}

/// A line of a test's list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) list: usize,
    pub(crate) entry: Entry,
    pub(crate) number: u32,
}

pub(crate) fn line(list: usize, text: &str, reach: Reach, deed: Deed) -> Line {
    Line { list, entry: Entry { target: Target::Name(name(text), reach), deed }, number: 1 }
}

/// Lists `l0`, `l1` ... of these lines, begun in the order given.
pub(crate) fn build(folder: &Folder, file: &str, version: u64, order: &[usize], lines: &[Line]) -> (Built, Index) {
    let mut builder = Builder::new(version, KEY);
    let mut begun: BTreeMap<usize, Begun> = BTreeMap::new();
    for &list in order {
        begun.insert(list, builder.list(head(&format!("l{list}"))).unwrap());
    }
    for line in lines {
        builder.add(begun[&line.list], &line.entry, Place { file: 0, line: line.number }).unwrap();
    }
    let path = folder.path(file);
    let built = builder.finish(&path, Some(&folder.path(&format!("{file}.names"))), &sign).unwrap();
    let index = open(&path);
    assert_eq!(index.root(), built.root);
    (built, index)
}

/// What the lines mean, read off them one by one: of the lines that reach the name, one that says never wins; else the longest name's,
/// where an exception wins over a line of the same name.
pub(crate) fn naive(lines: &[Line], lists: usize, asked: &Name) -> ListSet {
    let mut set = Vec::new();
    for list in 0..lists {
        let mut longest: BTreeMap<usize, bool> = BTreeMap::new();
        let mut never = false;
        for line in lines.iter().filter(|line| line.list == list) {
            let Target::Name(about, reach) = line.entry.target else { continue };
            let here = about == *asked;
            if !asked.is_within(&about) || !(if here { reach.here() } else { reach.below() }) {
                continue;
            }
            match line.entry.deed {
                Deed::Hold => {
                    longest.entry(about.wire().len()).or_insert(true);
                }
                Deed::Except => {
                    longest.insert(about.wire().len(), false);
                }
                Deed::Never => never = true,
            }
        }
        if !never && longest.last_key_value().is_some_and(|(_, &holds)| holds) {
            set.push(ListNumber(list.try_into().unwrap()));
        }
    }
    set.into_iter().collect()
}
