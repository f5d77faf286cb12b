//! `gapura lists build`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use gapura_lists::guard::{Allowed, Decision, Edition, Protected, judge};
use gapura_lists::{BuildError, Builder, HashKey, Holds, Index, Limits, ListHead, Reading, Stat, load_member};
use gapura_model::{ListId, NamePattern};
use gapura_rules::sop::{CatalogueEntry, Holds as Held, ListSource};

use super::{ListsError, beside, catalogue, say};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gapura lists build --catalogue lists.toml --sources lists --out index --protect '*.go.id'"
)]
pub(super) struct BuildArgs {
    /// The catalogue: which lists there are.
    #[arg(long, value_name = "FILE")]
    catalogue: PathBuf,
    /// Where fetched lists are: ID, or ID with an ending (trustpositif.txt.zst), file or directory.
    #[arg(long, value_name = "DIR")]
    sources: PathBuf,
    /// The index to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The index's version; without it, one more than that of the index which is there.
    #[arg(long, value_name = "NUMBER")]
    as_version: Option<u64>,
    /// Accept this list's update whatever the guard says; may stand several times.
    #[arg(long, value_name = "LIST")]
    accept: Vec<ListId>,
    /// A name (`*.go.id`: all below it that a list gains after its first edition) that no list may hold unseen; may stand
    /// several times.
    #[arg(long, value_name = "NAME")]
    protect: Vec<NamePattern>,
    /// Leave out lists that were never fetched.
    #[arg(long)]
    without_missing: bool,
}

/// A list to read.
struct Job<'a> {
    entry: &'a CatalogueEntry,
    source: &'a ListSource,
    files: Vec<PathBuf>,
}

impl BuildArgs {
    pub(super) fn run(&self, json: bool, out: &mut impl Write) -> Result<(), ListsError> {
        let catalogue = catalogue(&self.catalogue)?;
        let jobs = self.jobs(catalogue.entries(), catalogue.sources())?;
        // Of another root than announced or unreadable: then there is nothing to go on from.
        let old = Index::open(&self.out, &|_, _| true).ok();
        let key = old.as_ref().map_or_else(random_key, |old| Ok(old.hash_key()))?;
        let version = self.as_version.unwrap_or_else(|| old.as_ref().map_or(1, |old| old.version() + 1));
        let editions_file = beside(&self.out, ".editions.json");
        let old_editions: BTreeMap<ListId, Edition> = match fs::read(&editions_file) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|error| ListsError::io(format!("read {}", editions_file.display()))(error.into()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(ListsError::io(format!("read {}", editions_file.display()))(error)),
        };
        let mut protected = Protected::default();
        for pattern in &self.protect {
            protected.name(*pattern);
        }
        let mut builder = Builder::new(version, key);
        // A list that is left out this time is still judged by its last edition when it comes back.
        let mut editions = old_editions.clone();
        let (mut told, mut waiting) = (Vec::new(), String::new());
        for job in &jobs {
            let (stat, edition) = job.load(&mut builder, &protected)?;
            let percent = job.source.guard_percent;
            let allowed = Allowed { shrink: percent, grow: percent };
            let id = &job.entry.id;
            if let Decision::Hold(why) = judge(old_editions.get(id), &edition, &stat, allowed)
                && !self.accept.contains(id)
            {
                for why in why {
                    let _ = writeln!(waiting, "  {id}: {why}");
                }
            }
            editions.insert(id.clone(), edition);
            told.push((id, stat));
        }
        if !waiting.is_empty() {
            return Err(ListsError::Waiting(waiting.trim_end().to_owned()));
        }
        // Unsigned: the controller signs what it publishes.
        let built = builder.finish(&self.out, Some(&beside(&self.out, ".names")), &|_| Vec::new())?;
        let text =
            serde_json::to_vec_pretty(&editions).map_err(|error| ListsError::io("write the editions")(error.into()))?;
        fs::write(&editions_file, text).map_err(ListsError::io(format!("write {}", editions_file.display())))?;
        let octets = fs::metadata(&self.out).map_err(ListsError::io("weigh the index"))?.len();
        let root = hex(&built.root);
        let mut shown = String::new();
        for (id, stat) in &told {
            let _ = writeln!(
                shown,
                "{id}: {} names, {} addresses, {} bad lines",
                stat.names,
                stat.addresses,
                stat.bad_lines()
            );
        }
        let _ = writeln!(shown, "{}: version {version}, {octets} octets", self.out.display());
        let _ = writeln!(
            shown,
            "{} names ({} before folding), {} address ranges",
            built.names, built.different, built.ranges
        );
        let _ = writeln!(shown, "root {root}");
        let value = serde_json::json!({
            "version": version,
            "root": root,
            "octets": octets,
            "names": built.names,
            "different": built.different,
            "ranges": built.ranges,
            "lists": told.iter().map(|(id, stat)| serde_json::json!({ "id": id, "stat": stat })).collect::<Vec<_>>(),
        });
        say(out, json, &value, &shown)
    }

    /// The lists with their files; all that are missing are told at once.
    fn jobs<'a>(&self, entries: &'a [CatalogueEntry], sources: &'a [ListSource]) -> Result<Vec<Job<'a>>, ListsError> {
        let (mut jobs, mut missing) = (Vec::new(), Vec::new());
        for (entry, source) in entries.iter().zip(sources) {
            let files = self.files(source)?;
            if files.is_empty() {
                missing.push(entry.id.to_string());
            } else {
                jobs.push(Job { entry, source, files });
            }
        }
        if missing.is_empty() || self.without_missing {
            return Ok(jobs);
        }
        Err(ListsError::Missing { folder: self.sources.display().to_string(), lists: missing.join(", ") })
    }

    /// What was fetched of a list; else what its sources name on this machine, beside the catalogue.
    fn files(&self, source: &ListSource) -> Result<Vec<PathBuf>, ListsError> {
        let mut fetched = Vec::new();
        let io = || ListsError::io(format!("read {}", self.sources.display()));
        for entry in fs::read_dir(&self.sources).map_err(io())? {
            let path = entry.map_err(io())?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.split('.').next() == Some(source.id.as_str()) {
                fetched.push(path);
            }
        }
        fetched.sort_unstable();
        if !fetched.is_empty() {
            return Ok(fetched);
        }
        let folder = self.catalogue.parent().unwrap_or(Path::new("."));
        let local = source.sources.iter().filter(|source| !source.contains("://")).map(|source| folder.join(source));
        Ok(local.filter(|path| path.exists()).collect())
    }
}

impl Job<'_> {
    fn load(&self, builder: &mut Builder, protected: &Protected) -> Result<(Stat, Edition), ListsError> {
        let reading = Reading {
            // The catalogue's reader takes no other words.
            format: self.source.format.parse().ok(),
            holds: match self.entry.holds {
                Held::Names => Holds::Names,
                Held::Addresses => Holds::Addresses,
                Held::Both => Holds::Both,
            },
        };
        let head = ListHead {
            id: self.entry.id.clone(),
            category: self.entry.category.clone(),
            title: self.entry.title.clone(),
            revision: String::new(),
            files: Vec::new(),
        };
        let begun = builder.list(head)?;
        let mut watch = protected.watch();
        let mut failed: Option<BuildError> = None;
        let (stat, revision) = load_member(
            &self.files,
            self.source.member.as_deref(),
            reading,
            Limits::default(),
            &mut |entry, place| {
                watch.see(entry, place);
                if let Err(error) = builder.add(begun, entry, place) {
                    failed.get_or_insert(error);
                }
            },
        )?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        builder.loaded(begun, revision, stat.files.clone())?;
        let edition = Edition::of(&stat, &watch);
        Ok((stat, edition))
    }
}

/// A hash key for a first index; later ones keep it, so that there are deltas between them.
fn random_key() -> Result<HashKey, ListsError> {
    let mut key = [0; 16];
    let read = fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut key));
    read.map_err(ListsError::io("read /dev/urandom"))?;
    Ok(HashKey(key))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
