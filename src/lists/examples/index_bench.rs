//! Measures an index beside its limits and its peers, in one run.
//!
//! `cargo run --release -p gapura-lists --example index_bench -- [NAMES] [FOLDER OF REAL LISTS]`, 9,500,000 names where nothing is said.
//! Real names come first, what is missing is made up in their style. Times are CPU time of the one thread that works, so that a busy machine
//! spoils them less; what it does to caches and memory remains. "Ready" is time on the wall.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement at the command line: it has a clock, prints, and ends where something is wrong"
)]

use std::collections::HashSet;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gapura_lists::sample::{Dice, NationalNames};
use gapura_lists::{Builder, HashKey, Index, Limits, ListHead, Reading, delta, load};
use gapura_model::Name;

const KEY: HashKey = HashKey(*b"a bench's key 16");
const SEED: u64 = 20_261_122;
/// Names of a batch: small enough to stay in the cache, so that only the index is fetched from memory.
const BATCH: usize = 2048;

fn main() {
    let mut args = std::env::args().skip(1);
    let first = args.next();
    if first.as_deref() == Some("--reader") {
        return reader(Path::new(&args.next().unwrap()), args.next().unwrap().parse().unwrap());
    }
    let names: u64 = first.map_or(9_500_000, |text| text.parse().unwrap());
    let folder = std::env::temp_dir().join(format!("gapura-index-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let real = args.next().map(|path| real_names(Path::new(&path))).unwrap_or_default();
    measure(&folder, names, real);
    std::fs::remove_dir_all(&folder).unwrap();
}

fn sign(root: &[u8; 32]) -> Vec<u8> {
    root.to_vec()
}

fn open(path: &Path) -> Index {
    Index::open(path, &|root, signature| root == signature).unwrap()
}

/// Names of the lists in a folder.
fn real_names(folder: &Path) -> Vec<Name> {
    let mut names = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let (stat, _) = load(&[path], Reading::default(), Limits::default(), &mut |entry, _| {
            if let gapura_lists::Target::Name(name, _) = entry.target {
                names.push(name);
            }
        })
        .unwrap();
        let _ = stat;
    }
    names
}

fn write_list(path: &Path, real: &[Name], made: std::ops::Range<u64>) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    for name in real {
        writeln!(out, "{name}").unwrap();
    }
    let style = NationalNames::new(SEED);
    for number in made {
        writeln!(out, "{}", style.text(number)).unwrap();
    }
    out.flush().unwrap();
}

fn build(list: &Path, index: &Path, names: Option<&Path>, version: u64) -> (u64, u64, Duration, Duration) {
    let start = Cpu::now();
    let mut builder = Builder::new(version, KEY);
    let head = ListHead {
        id: "nasional".parse().unwrap(),
        category: "judi".parse().unwrap(),
        title: "Nasional".into(),
        revision: "bench".into(),
        files: vec!["list".into()],
    };
    let begun = builder.list(head).unwrap();
    let (stat, _) = load(&[list.to_owned()], Reading::default(), Limits::default(), &mut |entry, place| {
        builder.add(begun, entry, place).unwrap();
    })
    .unwrap();
    let read = start.elapsed();
    assert_eq!(stat.bad_lines(), 0, "{stat}");
    let built = builder.finish(index, names, &sign).unwrap();
    (built.names, built.different, read, start.elapsed())
}

fn measure(folder: &Path, names: u64, real: Vec<Name>) {
    let path = |name: &str| -> PathBuf { folder.join(name) };
    let made = names - names.min(real.len() as u64);
    println!("{} real names, {made} made up", real.len());
    write_list(&path("list"), &real, 0..made);
    let (count, different, read, all) = build(&path("list"), &path("index"), Some(&path("names")), 1);
    let size = |name: &str| std::fs::metadata(path(name)).unwrap().len();
    println!("{different} different names, {count} after folding");
    println!("build, read the list: {:.1} s", read.as_secs_f64());
    println!("build, all with the names file: {:.1} s (limit 60)", all.as_secs_f64());
    println!("index: {} octets, {:.2} a name (limit 9)", size("index"), size("index") as f64 / different as f64);
    println!("names file: {:.2} octets a name", size("names") as f64 / different as f64);
    let peak = status("VmHWM:");
    println!("builder's peak memory: {:.0} MB", peak / 1e6);
    let own = std::env::current_exe().unwrap();
    let done = Command::new(own).arg("--reader").arg(path("index")).arg(made.to_string()).status().unwrap();
    assert!(done.success());
    peers(&real, made);
    update(folder, &real, made);
}

/// A process of its own that opens the index and asks it.
fn reader(path: &Path, made: u64) {
    let start = std::time::Instant::now();
    let index = open(path);
    println!("ready: {:.2} ms (limit 50)", start.elapsed().as_secs_f64() * 1e3);
    let mut cold = 0;
    let start = Cpu::now();
    let mut dice = Dice(1);
    for _ in 0..1000 {
        cold += u64::from(!index.lookup(&hit(&mut dice, made)).unwrap().is_empty());
    }
    println!("first 1000 look-ups, each checking 16 KiB: {:.2} us each", start.elapsed().as_secs_f64() * 1e3);
    assert_eq!(cold, 1000);
    let start = Cpu::now();
    index.check_all().unwrap();
    println!("checking all of it, as on receipt: {:.2} s", start.elapsed().as_secs_f64());
    println!("private memory: {:.2} MB (limit 10)", rollup("Private_Dirty:") / 1e6);
    println!("hits, 3 labels mostly: {}", times(made, true, |name| !index.lookup(name).unwrap().is_empty()));
    println!("misses, 3 labels: {}", times(made, false, |name| !index.lookup(name).unwrap().is_empty()));
    println!("private memory after: {:.2} MB", rollup("Private_Dirty:") / 1e6);
}

/// A listed name, or one below.
fn hit(dice: &mut Dice, made: u64) -> Name {
    let text = NationalNames::new(SEED).text(dice.below(made));
    if text.matches('.').count() < 2 { format!("www.{text}").parse().unwrap() } else { text.parse().unwrap() }
}

/// A name like those, of which none is listed.
fn miss(dice: &mut Dice, made: u64) -> Name {
    let text = NationalNames::new(SEED + 1).text(dice.below(made));
    if text.matches('.').count() < 2 { format!("www.{text}").parse().unwrap() } else { text.parse().unwrap() }
}

/// Median over batches in random order, nanoseconds a look-up.
fn times(made: u64, hits: bool, ask: impl Fn(&Name) -> bool) -> String {
    let mut dice = Dice(if hits { 11 } else { 12 });
    let mut each = Vec::new();
    for _ in 0..300 {
        let batch: Vec<Name> =
            (0..BATCH).map(|_| if hits { hit(&mut dice, made) } else { miss(&mut dice, made) }).collect();
        let start = Cpu::now();
        let found = batch.iter().filter(|name| ask(name)).count();
        each.push(start.elapsed().as_secs_f64() * 1e9 / BATCH as f64);
        assert_eq!(found, if hits { BATCH } else { 0 });
    }
    each.sort_by(f64::total_cmp);
    format!("{:.0} ns (median), {:.0} ns (nine in ten batches)", each[each.len() / 2], each[each.len() * 9 / 10])
}

fn peers(real: &[Name], made: u64) {
    let style = NationalNames::new(SEED);
    let all = || real.iter().copied().chain((0..made).map(|number| style.name(number).unwrap()));
    let state = RandomState::new();
    let mut hashes: Vec<u64> = all().map(|name| state.hash_one(name.wire())).collect();
    hashes.sort_unstable();
    let sorted = |name: &Name| name.suffixes().any(|suffix| hashes.binary_search(&state.hash_one(suffix)).is_ok());
    println!("peer, sorted 64-bit hashes, 8 octets a name: hits {}", times(made, true, sorted));
    println!("peer, sorted 64-bit hashes, 8 octets a name: misses {}", times(made, false, sorted));
    drop(hashes);
    let before = rollup("Pss:");
    let set: HashSet<Box<[u8]>> = all().map(|name| name.wire().into()).collect();
    let each = (rollup("Pss:") - before) / set.len() as f64;
    let hashed = |name: &Name| name.suffixes().any(|suffix| set.contains(suffix));
    println!("peer, HashSet of names, {each:.0} octets a name: hits {}", times(made, true, hashed));
    println!("peer, HashSet of names, {each:.0} octets a name: misses {}", times(made, false, hashed));
}

fn update(folder: &Path, real: &[Name], made: u64) {
    let path = |name: &str| -> PathBuf { folder.join(name) };
    for (what, range) in [("10,000 names added", 0..made + 10_000), ("5,000 added, 5,000 removed", 5_000..made + 5_000)]
    {
        write_list(&path("list2"), real, range);
        build(&path("list2"), &path("index2"), None, 2);
        let (old, new) = (open(&path("index")), open(&path("index2")));
        let start = Cpu::now();
        let made = match delta::make(&old, &new) {
            Ok(made) => made,
            Err(error) => {
                println!("delta, {what}: {error}");
                continue;
            }
        };
        let making = start.elapsed();
        let start = Cpu::now();
        delta::apply(&old, &made, &new.root(), &|root, signature| root == signature, &path("applied")).unwrap();
        let applying = start.elapsed();
        assert!(std::fs::read(path("applied")).unwrap() == std::fs::read(path("index2")).unwrap());
        println!(
            "delta, {what}: {} octets (limit 300,000), made in {:.1} s, applied in {:.1} s",
            made.len(),
            making.as_secs_f64(),
            applying.as_secs_f64()
        );
    }
}

fn kilobytes(file: &str, key: &str) -> f64 {
    let text = std::fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.split_ascii_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0
}

fn rollup(key: &str) -> f64 {
    kilobytes("/proc/self/smaps_rollup", key)
}

fn status(key: &str) -> f64 {
    kilobytes("/proc/self/status", key)
}

/// CPU time this thread has used.
struct Cpu(Duration);

impl Cpu {
    fn now() -> Self {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Self(Duration::new(now.tv_sec.try_into().unwrap(), now.tv_nsec.try_into().unwrap()))
    }

    fn elapsed(&self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}
