//! Taking a list from its sources into the data directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gapura_rules::sop::ListSource;
use gapura_wire::Sha256;
use sha2::Digest as _;

use super::https::{Client, Fetched, Validators};
use super::state::{Edition, ListState};
use super::{ListsError, blocking};

/// Files of a list as its sources have them now.
#[derive(Debug)]
pub(crate) struct Taken {
    /// Over the hashes of the files.
    pub(crate) sha256: Sha256,
    /// What each is called.
    pub(super) names: Vec<String>,
    paths: Vec<PathBuf>,
}

/// The largest local file that is taken, in octets.
const LARGEST: u64 = 4 * 1024 * 1024 * 1024;

/// Looks at all sources of a list. What servers say is noted in `state`; what they send is kept in `directory`.
pub(super) async fn take(
    source: &ListSource,
    (base, directory): (&Path, &Path),
    client: Option<&Client>,
    state: &mut ListState,
) -> Result<Taken, ListsError> {
    let (mut names, mut paths) = (Vec::new(), Vec::new());
    for (index, address) in source.sources.iter().enumerate() {
        if address.starts_with("https://") {
            let to = directory.join(format!("source-{index}"));
            let client = client.ok_or_else(|| ListsError::NoTrust(address.clone()))?;
            // Without the file there is nothing that could be unchanged.
            let known = if to.exists() { state.sources.get(address).cloned() } else { None };
            let fetched = client.fetch(address, &known.unwrap_or_default(), &to).await;
            let fetched = fetched.map_err(|source| ListsError::Fetch { address: address.clone(), source })?;
            if let Fetched::New(validators) = fetched {
                state.sources.insert(address.clone(), validators);
            }
            names.push(address.clone());
            paths.push(to);
        } else {
            for path in local(&base.join(address))? {
                names.push(path.display().to_string());
                paths.push(path);
            }
        }
    }
    state.sources.retain(|address, _: &mut Validators| source.sources.contains(address));
    let hashed = paths.clone();
    let sha256 = blocking(move || hash(&hashed)).await?;
    Ok(Taken { sha256, names, paths })
}

impl Taken {
    /// Keeps the files as they are now, in a directory of their own within `directory`; where that is. They are on disk, also
    /// under their name, before this returns: the database may name them then. Blocks.
    pub(super) fn keep(&self, directory: &Path) -> Result<PathBuf, ListsError> {
        let kept = directory.join(self.sha256.to_string());
        let fresh = directory.join("new");
        let failed = |what: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| ListsError::File { what, path, source }
        };
        let _ = fs::remove_dir_all(&fresh);
        fs::create_dir_all(&fresh).map_err(failed("make", &fresh))?;
        for (index, path) in self.paths.iter().enumerate() {
            let to = fresh.join(index.to_string());
            fs::copy(path, &to).map_err(failed("copy", path))?;
            sync(&to)?;
        }
        // What was hashed may have changed meanwhile.
        let copies: Vec<PathBuf> = (0..self.paths.len()).map(|index| fresh.join(index.to_string())).collect();
        if hash(&copies)? != self.sha256 {
            return Err(ListsError::Changing(directory.to_owned()));
        }
        sync(&fresh)?;
        let _ = fs::remove_dir_all(&kept);
        fs::rename(&fresh, &kept).map_err(failed("keep", &kept))?;
        sync(directory)?;
        Ok(kept)
    }
}

/// Whether the files of an edition are still those that were kept. Blocks.
pub(super) fn is_whole(directory: &Path, edition: &Edition) -> bool {
    let files: Vec<PathBuf> = (0..edition.files.len()).map(|index| directory.join(index.to_string())).collect();
    hash(&files).is_ok_and(|sha256| sha256 == edition.sha256)
}

/// Waits until a file, or what a directory holds, is on disk.
fn sync(path: &Path) -> Result<(), ListsError> {
    let failed = |source| ListsError::File { what: "write to disk", path: path.to_owned(), source };
    fs::File::open(path).and_then(|file| file.sync_all()).map_err(failed)
}

/// A file, or all files of a directory (not of those below it), by name.
fn local(path: &Path) -> Result<Vec<PathBuf>, ListsError> {
    let failed = |source| ListsError::File { what: "read", path: path.to_owned(), source };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let shown = |path: &PathBuf| {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        path.is_file() && !hidden
    };
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(shown).collect();
    files.sort();
    Ok(files)
}

/// SHA-256 over the hashes of files.
fn hash(paths: &[PathBuf]) -> Result<Sha256, ListsError> {
    let mut all = sha2::Sha256::new();
    for path in paths {
        let failed = |source| ListsError::File { what: "read", path: path.clone(), source };
        let mut file = fs::File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() > LARGEST {
            return Err(failed(io::Error::other("it has more than 4 GiB")));
        }
        let mut one = sha2::Sha256::new();
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = io::Read::read(&mut file, &mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            one.update(buffer.get(..read).unwrap_or_default());
        }
        all.update(one.finalize());
    }
    Ok(Sha256::from_bytes(all.finalize().into()))
}
