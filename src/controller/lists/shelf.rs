//! Indexes that were built, and the deltas between them, as files.

use std::fs;
use std::path::{Path, PathBuf};

use gapura_lists::{Index, delta};
use gapura_runtime::atomic_write;
use gapura_wire::BundleKey;

use super::ListsError;

/// How many indexes are kept: a router that is not further behind fetches only what changed.
pub(crate) const KEPT: usize = 5;

/// The directory of indexes.
#[derive(Clone, Debug)]
pub(crate) struct Shelf(PathBuf);

impl Shelf {
    pub(super) const fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// The file of an index.
    pub(crate) fn index(&self, version: u64) -> PathBuf {
        self.0.join(format!("{version}.index"))
    }

    /// The exact names and lines of an index, for explanations.
    pub(crate) fn names(&self, version: u64) -> PathBuf {
        self.0.join(format!("{version}.names"))
    }

    fn delta(&self, version: u64, older: u64) -> PathBuf {
        self.0.join(format!("{version}-from-{older}.delta"))
    }

    /// Makes the directory.
    pub(super) fn make(&self) -> Result<(), ListsError> {
        fs::create_dir_all(&self.0).map_err(|source| ListsError::File { what: "make", path: self.0.clone(), source })
    }

    /// The newest version there is a file of; 0 for none.
    pub(crate) fn newest(&self) -> u64 {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let versions = entries.filter_map(|entry| version(&entry.path()));
        versions.max().unwrap_or(0)
    }

    /// Removes files of indexes older than `version`, and deltas from or to them.
    pub(crate) fn prune(&self, oldest: u64) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let path = entry.path();
            let older = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| {
                let numbers = stem.split("-from-").map(str::parse::<u64>).collect::<Result<Vec<_>, _>>().ok()?;
                numbers.into_iter().min()
            });
            if older.is_some_and(|older| older < oldest) {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// The file with what changed from `older` to `version`, made when it is first asked for; `None` where only the whole
    /// index will do. Blocks.
    pub(crate) fn changes(&self, version: u64, older: u64, key: &BundleKey) -> Option<PathBuf> {
        let path = self.delta(version, older);
        match fs::metadata(&path) {
            Ok(known) => return (known.len() > 0).then_some(path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(_) => return None,
        }
        if older >= version || !self.index(version).exists() || !self.index(older).exists() {
            return None;
        }
        let verify = |root: &[u8; 32], signature: &[u8]| key.verifies_index(root, signature);
        let made = Index::open(&self.index(older), &verify).and_then(|old| {
            let new = Index::open(&self.index(version), &verify)?;
            Ok(delta::make(&old, &new))
        });
        let octets = match made {
            Ok(Ok(octets)) => octets,
            // An empty file: not to be tried again.
            Ok(Err(error)) => {
                tracing::debug!(
                    version,
                    older,
                    error = gapura_model::with_causes(&error),
                    "no delta between two indexes"
                );
                Vec::new()
            }
            Err(error) => {
                tracing::error!(
                    version,
                    older,
                    error = gapura_model::with_causes(&error),
                    "an index that was built here cannot be opened"
                );
                return None;
            }
        };
        if let Err(error) = atomic_write(&path, &octets, 0o600) {
            tracing::error!(version, older, error = gapura_model::with_causes(&error), "cannot keep a delta");
            return None;
        }
        (!octets.is_empty()).then_some(path)
    }
}

/// The version of the index in this file.
fn version(path: &Path) -> Option<u64> {
    if path.extension()? == "index" { path.file_stem()?.to_str()?.parse().ok() } else { None }
}
