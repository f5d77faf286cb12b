//! Indexes of filter lists on this router's disk: fetched, checked whole, then only ever opened.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gapura_lists::{DeltaError, Index, IndexError, delta};
use gapura_wire::{IndexRef, Sha256};

/// The folder of indexes.
#[derive(Clone, Debug)]
pub(crate) struct IndexStore {
    directory: PathBuf,
}

/// What arrived cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// It is no index, or not the one that was announced.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// It is not the one that was announced.
    #[error("what arrived is whole, but not the index that was announced")]
    Other,
    /// The difference to the index here cannot be used.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// The disk refused.
    #[error("an index could not be put in its place")]
    Disk(#[from] io::Error),
}

impl IndexStore {
    /// Keeps indexes in `directory`.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Opens the index that was announced; `None` where it is not here. What is mapped was checked when it came; each part is
    /// checked again when it is first touched.
    ///
    /// # Errors
    /// It is here and cannot be used.
    pub(crate) fn open(&self, wanted: &IndexRef) -> Result<Option<Arc<Index>>, IndexError> {
        let path = self.path(wanted.version);
        // Whatever else is wrong with it is told by opening it.
        if fs::metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(None);
        }
        Index::open(&path, &|root, _| Sha256::from_bytes(*root) == wanted.root).map(|index| Some(Arc::new(index)))
    }

    /// Takes an index that lies elsewhere on this router.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub(crate) fn bring(&self, wanted: &IndexRef, from: &Path) -> Result<(), NotTaken> {
        if self.open(wanted)?.is_some() {
            return Ok(());
        }
        fs::copy(from, self.part(wanted))?;
        self.take(wanted)
    }

    /// Where a download of this index gathers; it goes on behind what is there.
    pub(crate) fn part(&self, wanted: &IndexRef) -> PathBuf {
        self.directory.join(format!("index-{}-{}.part", wanted.version, short(wanted)))
    }

    /// Where a difference gathers.
    pub(crate) fn delta_part(&self, wanted: &IndexRef, from: u64) -> PathBuf {
        self.directory.join(format!("index-{}-{}-from-{from}.part", wanted.version, short(wanted)))
    }

    /// Checks a whole download and puts it in its place. What cannot be used is removed, so that the next download begins anew.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub(crate) fn take(&self, wanted: &IndexRef) -> Result<(), NotTaken> {
        let part = self.part(wanted);
        self.check_in(wanted, &part).inspect_err(|_| drop(fs::remove_file(&part)))
    }

    /// Makes the announced index from the one of version `from` and a downloaded difference.
    ///
    /// # Errors
    /// [`NotTaken`]; the whole index may still be fetched.
    pub(crate) fn take_delta(&self, wanted: &IndexRef, from: u64) -> Result<(), NotTaken> {
        let base = self.open_base(from)?;
        let part = self.delta_part(wanted, from);
        let made = self.directory.join(format!("index-{}-{}.made", wanted.version, short(wanted)));
        let difference = fs::read(&part)?;
        let _ = fs::remove_file(&part);
        // Who announced the root vouched for it.
        delta::apply(&base, &difference, wanted.root.as_bytes(), &|_, _| true, &made)?;
        self.check_in(wanted, &made).inspect_err(|_| drop(fs::remove_file(&made)))
    }

    fn check_in(&self, wanted: &IndexRef, file: &Path) -> Result<(), NotTaken> {
        let opened = Index::open(file, &|root, _| Sha256::from_bytes(*root) == wanted.root);
        let index = opened
            .map_err(|error| if matches!(error, IndexError::Signature) { NotTaken::Other } else { error.into() })?;
        index.check_all().map_err(IndexError::from)?;
        drop(index);
        fs::File::open(file)?.sync_all()?;
        fs::rename(file, self.path(wanted.version))?;
        Ok(fs::File::open(&self.directory)?.sync_all()?)
    }

    /// Removes a version that turned out to be damaged; who has it mapped goes on with what is good of it.
    pub(crate) fn remove(&self, version: u64) {
        if let Err(error) = fs::remove_file(self.path(version))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, version, "a damaged index could not be removed");
        }
    }

    /// The newest version here that is older than `version`, to fetch only the difference to it.
    pub(crate) fn newest_before(&self, version: u64) -> Option<u64> {
        self.versions().into_iter().filter(|(known, _)| *known < version).map(|(known, _)| known).max()
    }

    /// The newest version here.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.versions().into_iter().map(|(version, _)| version).max()
    }

    /// Opens a version that was checked when it came, to make another from; its names are checked as they are read.
    pub(crate) fn open_base(&self, version: u64) -> Result<Index, IndexError> {
        Index::open(&self.path(version), &|_, _| true)
    }

    /// Removes all but these versions, and downloads of others.
    pub(crate) fn keep_only(&self, versions: &[u64]) {
        let stale = self.versions().into_iter().filter(|(version, _)| !versions.contains(version));
        for (version, path) in stale {
            match fs::remove_file(&path) {
                Ok(()) => tracing::debug!(version, "an index that is over was removed"),
                Err(error) => tracing::warn!(%error, version, "an index that is over could not be removed"),
            }
        }
        let unfinished = |path: &Path| path.extension().is_some_and(|end| end == "part" || end == "made");
        let unfinished = self.files().into_iter().filter(|(_, path)| unfinished(path));
        for (name, path) in unfinished {
            let version = name.strip_prefix("index-").and_then(|rest| rest.split('-').next()?.parse().ok());
            if version.is_none_or(|version| !versions.contains(&version)) {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Makes the folder where it is missing.
    pub(crate) fn make_folder(&self) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        fs::read_dir(&self.directory).map(drop)
    }

    fn path(&self, version: u64) -> PathBuf {
        self.directory.join(format!("index-{version}"))
    }

    fn versions(&self) -> Vec<(u64, PathBuf)> {
        let version = |name: &str| name.strip_prefix("index-")?.parse().ok();
        self.files().into_iter().filter_map(|(name, path)| Some((version(&name)?, path))).collect()
    }

    fn files(&self) -> Vec<(String, PathBuf)> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path()))).collect()
    }
}

/// Tells two builds of one version apart: a download never goes on with another file's beginning.
fn short(wanted: &IndexRef) -> String {
    wanted.root.to_string().chars().filter(char::is_ascii_hexdigit).take(12).collect()
}
