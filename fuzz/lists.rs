//! Files about lists: the index, a delta between two, the names file.

use std::io::{Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::sync::OnceLock;

use gapura_lists::parse::{Format, Holds, Reading, Stat, read};
use gapura_lists::{Begun, Builder, Deed, Entry, HashKey, Index, ListHead, Names, Place, Reach, Target, delta};
use gapura_model::Name;
use rustix::fs::{MemfdFlags, memfd_create};
use sha2::{Digest as _, Sha256};

use crate::Cut;

const KEY: HashKey = HashKey(*b"sixteen octets !");
const HEAD: usize = 4_096;
const CHUNK: usize = 16 * 1_024;
/// What stands behind the last block that is somebody's own.
const SPARE_BLOCKS: u64 = 14;

/// Lines are read in any format or counted as bad; what is read stands on a line that is there, and reads the same when it is
/// written as plain lists write it. The first octet chooses the format.
pub(crate) fn lines(input: &[u8]) {
    let mut input = Cut(input);
    let chosen = usize::from(input.u8());
    let format = Format::ALL.get(chosen % 10).map(|(_, format)| *format);
    let holds = [Holds::Both, Holds::Names, Holds::Addresses][chosen / 10 % 3];
    let (entries, stat) = read_lines(input.0, Reading { format, holds });
    assert_eq!(stat.names + stat.addresses, entries.len() as u64);
    for (entry, place) in &entries {
        assert!((1..=stat.lines).contains(&u64::from(place.line)));
        let written = match entry.target {
            // The one name reach that plain lists cannot write.
            Target::Name(name, Reach::Whole | Reach::Exact) => name.to_string(),
            Target::Name(name, Reach::Below) => format!("*.{name}"),
            Target::Addresses(first, last) => {
                assert!(first <= last);
                format!("{first}-{last}")
            }
        };
        let (again, _) =
            read_lines(written.as_bytes(), Reading { format: Some(Format::Addresses), holds: Holds::Both });
        let target = match entry.target {
            Target::Name(name, Reach::Exact) => Target::Name(name, Reach::Whole),
            target @ (Target::Name(..) | Target::Addresses(..)) => target,
        };
        assert_eq!(again.first().map(|(entry, _)| entry.target), Some(target), "{written}");
    }
}

fn read_lines(octets: &[u8], reading: Reading) -> (Vec<(Entry, Place)>, Stat) {
    let (mut entries, mut stat) = (Vec::new(), Stat::default());
    // In two readings, as files come.
    let (front, back) = octets.split_at(octets.len() / 2);
    read(&mut front.chain(back), 0, reading, &mut stat, &mut |entry, place| entries.push((*entry, place)));
    (entries, stat)
}

/// A file in memory with a path.
struct InMemory {
    file: std::fs::File,
    path: PathBuf,
}

impl InMemory {
    fn new(octets: &[u8]) -> Self {
        use std::os::fd::AsRawFd as _;
        let mut file = std::fs::File::from(memfd_create("gapura-fuzz", MemfdFlags::CLOEXEC).unwrap());
        file.write_all(octets).unwrap();
        file.rewind().unwrap();
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        Self { file, path }
    }

    fn len(&self) -> u64 {
        self.file.metadata().unwrap().len()
    }
}

/// An index file is refused or answers; odd first octet: the rest is the file, even: sizes and content of one whose checksums
/// are put right.
pub(crate) fn index(input: &[u8]) {
    let mut input = Cut(input);
    let octets = if input.u8() & 1 == 1 { input.0.to_vec() } else { put_right(&mut input) };
    let file = InMemory::new(&octets);
    if let Ok(index) = Index::open(&file.path, &|_, _| true) {
        assert_eq!(index.octets(), file.len());
        ask(&index);
        if index.check_all().is_ok() {
            // What is whole answers everything, and can be told from another.
            assert!(index.lookup(&"a.example".parse().unwrap()).is_ok());
            let _ = delta::make(&index, old());
        }
    }
}

fn ask(index: &Index) {
    for name in ["example", "a.example", "b.a.example", "www.judi.example", "x"] {
        let _ = index.lookup(&name.parse::<Name>().unwrap());
    }
    for (first, last, held) in index.ranges().take(8) {
        assert!(first <= last);
        assert_eq!((index.address(first), index.address(last)), (held, held));
    }
    let numbers: Vec<usize> = index.lists().iter().map(|list| usize::from(list.number.0)).collect();
    assert!(numbers.iter().copied().eq(0..numbers.len()));
    let _ = (index.root(), index.version(), index.signature());
}

/// A file of the sizes that the input states, filled with the input, with fitting checksums.
fn put_right(input: &mut Cut<'_>) -> Vec<u8> {
    let [names, blocks, side, effects, sets, four, six, lists] =
        [8, 2, 4, 9, 2, 3, 3, 9].map(|bits| u64::from(input.u16()) & ((1 << bits) - 1));
    let body = [(blocks + SPARE_BLOCKS) * 64, side * 12, effects * 128, sets * 32, four * 12, six * 36, lists];
    let body = usize::try_from(body.iter().sum::<u64>()).unwrap();
    let mut file = b"GAPURAIX".to_vec();
    for word in [1, 7] {
        file.extend(u64::to_le_bytes(word));
    }
    file.extend(KEY.0);
    for count in [names, blocks, side, effects, sets, four, six, lists] {
        file.extend(count.to_le_bytes());
    }
    file.resize(HEAD, 0);
    let given = input.take(body);
    // The lists come last and are the most particular: they get the end of the input.
    let (front, back) = given.split_at(given.len() - usize::try_from(lists).unwrap().min(given.len()));
    file.extend(front);
    file.resize(HEAD + body - back.len(), 0);
    file.extend(back);
    let sums: Vec<u8> = file[HEAD..].chunks(CHUNK).flat_map(Sha256::digest).collect();
    file.extend(sums);
    file
}

fn build(version: u64, lines: &[(usize, &str, Reach, Deed)]) -> Vec<u8> {
    let mut builder = Builder::new(version, KEY);
    let lists: Vec<Begun> = ["judi", "dewasa"]
        .map(|id| {
            let head = ListHead {
                id: id.parse().unwrap(),
                category: id.parse().unwrap(),
                title: id.to_owned(),
                revision: "1".to_owned(),
                files: vec![format!("{id}.txt")],
            };
            builder.list(head).unwrap()
        })
        .into();
    for (line, (list, name, reach, deed)) in (1..).zip(lines) {
        let entry = Entry { target: Target::Name(name.parse().unwrap(), *reach), deed: *deed };
        builder.add(lists[*list], &entry, Place { file: 0, line }).unwrap();
    }
    let range = Target::Addresses("192.0.2.0".parse().unwrap(), "192.0.2.255".parse().unwrap());
    builder.add(lists[1], &Entry { target: range, deed: Deed::Hold }, Place { file: 0, line: 99 }).unwrap();
    let path = std::env::temp_dir().join(format!("gapura-fuzz-{}-{version}", std::process::id()));
    builder.finish(&path, None, &|_| b"signed".to_vec()).unwrap();
    let octets = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    octets
}

/// The octets of two small indexes, one newer than the other.
pub(crate) fn files() -> &'static [Vec<u8>; 2] {
    static FILES: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    FILES.get_or_init(|| {
        let old = [(0, "judi.example", Reach::Whole, Deed::Hold), (1, "a.example", Reach::Exact, Deed::Hold)];
        let new = [(0, "judi.example", Reach::Whole, Deed::Hold), (1, "b.example", Reach::Below, Deed::Except)];
        [build(1, &old), build(2, &new)]
    })
}

fn old() -> &'static Index {
    static OLD: OnceLock<(InMemory, Index)> = OnceLock::new();
    let open = || {
        let file = InMemory::new(&files()[0]);
        let index = Index::open(&file.path, &|_, _| true).unwrap();
        (file, index)
    };
    &OLD.get_or_init(open).1
}

/// A delta is refused or makes the index that was announced; odd first octet: the rest is the delta, even: its five frames
/// are packed first.
pub(crate) fn delta(input: &[u8]) {
    let mut input = Cut(input);
    let root = [9; 32];
    let packed = if input.u8() & 1 == 1 {
        input.0.to_vec()
    } else {
        let mut delta = b"GAPURADL\x01\0\0\0\0\0\0\0".to_vec();
        delta.extend(old().root());
        delta.extend(root);
        let mut signed = files()[1][..HEAD].to_vec();
        for _ in 0..input.u8() % 4 {
            let at = usize::from(input.u8()) % 112;
            signed[at] = input.u8();
        }
        for part in 0..5 {
            let octets = if part == 0 { &signed[..] } else { input.piece() };
            let frame = zstd::bulk::compress(octets, 1).unwrap();
            delta.extend(length(frame.len()));
            delta.extend(frame);
        }
        delta
    };
    let to = std::env::temp_dir().join(format!("gapura-fuzz-{}-made", std::process::id()));
    // No root of this form is anyone's: whatever the delta says, nothing may be put there.
    assert!(delta::apply(old(), &packed, &root, &|_, _| true, &to).is_err() && !to.exists());
}

/// A number of seven bits an octet.
fn length(mut number: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    while number > 127 {
        octets.push(u8::try_from(number & 127).unwrap() | 128);
        number >>= 7;
    }
    octets.push(u8::try_from(number).unwrap());
    octets
}

/// A names file is refused or answers; its blocks and its directory come packed.
pub(crate) fn names(input: &[u8]) {
    let mut input = Cut(input);
    let whole = input.u8() & 1 == 1;
    let octets = if whole {
        input.0.to_vec()
    } else {
        let block = zstd::bulk::compress(input.piece(), 1).unwrap();
        let mut directory = vec![1];
        directory.extend(input.piece());
        directory.extend(length(block.len()));
        directory.extend(input.0);
        let directory = zstd::bulk::compress(&directory, 1).unwrap();
        let mut file = b"GAPURANM\x01\0\0\0\0\0\0\0".to_vec();
        file.extend([9; 32]);
        file.extend((64 + block.len() as u64).to_le_bytes());
        file.extend((directory.len() as u64).to_le_bytes());
        file.extend(block);
        file.extend(directory);
        file
    };
    let file = InMemory::new(&octets);
    if let Ok(names) = Names::open(&file.path, &[9; 32]) {
        let _ = names.lines(&"www.judi.example".parse().unwrap());
        let _ = names.address_lines("192.0.2.1".parse().unwrap());
    }
}
