//! Signed heads of the controller's audit log, kept here so that whoever rewrites the log there is found out.

use std::io;
use std::path::{Path, PathBuf};

use gapura_runtime::{AtomicWriteError, atomic_write};
use gapura_wire::{AuditAnchor, BundleKey};

/// `anchors.jsonl` in the data directory: one JSON object a line, in the order in which they came.
#[derive(Clone, Debug)]
pub(crate) struct AnchorStore {
    path: PathBuf,
}

/// What became of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Known already.
    Known,
    /// New.
    New,
    /// New, and it contradicts one that is kept: the log was cut off or rewritten.
    Contradicts,
    /// Not signed by this fleet's controller.
    Foreign,
}

/// The newest ones are all kept: eight days of hours.
const NEWEST: usize = 200;
/// Of older ones one a day, so many at most.
const DAYS: usize = 800;

impl AnchorStore {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join("anchors.jsonl") }
    }

    /// All that are kept, the oldest first. A line that cannot be read is passed over: it proves nothing.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(crate) fn all(&self) -> io::Result<Vec<AuditAnchor>> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Keeps a head that `key` signed.
    ///
    /// # Errors
    /// When the disk refuses; it comes again with the next heartbeat.
    pub(crate) fn keep(&self, anchor: &AuditAnchor, key: &BundleKey) -> Result<Kept, AnchorError> {
        if !anchor.is_signed_by(key) {
            return Ok(Kept::Foreign);
        }
        let mut all = self.all().map_err(|error| AnchorError::Read(self.path.clone(), error))?;
        if all.contains(anchor) {
            return Ok(Kept::Known);
        }
        let contradicts = all.iter().any(|known| contradict(known, anchor));
        all.push(anchor.clone());
        let mut text = String::new();
        for one in thinned(all) {
            text.push_str(&serde_json::to_string(&one).map_err(AnchorError::Text)?);
            text.push('\n');
        }
        atomic_write(&self.path, text.as_bytes(), 0o600)?;
        Ok(if contradicts { Kept::Contradicts } else { Kept::New })
    }
}

/// A head could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnchorError {
    /// The file cannot be read.
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] io::Error),
    /// It cannot be written as JSON.
    #[error("cannot write a signed head")]
    Text(#[source] serde_json::Error),
    /// The disk.
    #[error("cannot keep a signed head")]
    Write(#[from] AtomicWriteError),
}

/// Whether two heads cannot be of one log: one number with two hashes, or a log that became shorter.
fn contradict(known: &AuditAnchor, new: &AuditAnchor) -> bool {
    let (older, newer) = if known.at <= new.at { (known, new) } else { (new, known) };
    newer.number < older.number || (newer.number == older.number && newer.hash != older.hash)
}

/// All of the newest, and of the older ones the first of each day, and whatever contradicts the one before it.
fn thinned(all: Vec<AuditAnchor>) -> Vec<AuditAnchor> {
    let older = all.len().saturating_sub(NEWEST);
    let day = |anchor: &AuditAnchor| anchor.at.as_second().div_euclid(86_400);
    let mut kept: Vec<AuditAnchor> = Vec::new();
    for (index, anchor) in all.into_iter().enumerate() {
        let says_more = kept.last().is_none_or(|last| day(last) != day(&anchor) || contradict(last, &anchor));
        if index >= older || says_more {
            kept.push(anchor);
        }
    }
    kept.split_off(kept.len().saturating_sub(NEWEST + DAYS))
}

#[cfg(test)]
mod tests {
    use gapura_wire::{BundleSigner, Sha256};
    use jiff::Timestamp;

    use super::*;

    fn signer() -> BundleSigner {
        BundleSigner::from_seed(&[7; 32])
    }

    fn head(number: u64, hour: i64, row: &[u8]) -> AuditAnchor {
        let at = Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap();
        AuditAnchor::sign(&signer(), number, Sha256::of(row), at)
    }

    #[test]
    fn heads_are_kept_once_and_contradictions_are_seen() {
        let directory = std::env::temp_dir().join(format!("gapura-anchors-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let store = AnchorStore::new(&directory);
        assert_eq!(store.all().unwrap(), []);
        let keep = |anchor: &AuditAnchor| store.keep(anchor, &signer().public()).unwrap();
        let (one, two) = (head(10, 0, b"a"), head(20, 1, b"b"));
        assert_eq!([keep(&one), keep(&one), keep(&two)], [Kept::New, Kept::Known, Kept::New]);
        let foreign = store.keep(&head(30, 2, b"c"), &BundleSigner::from_seed(&[8; 32]).public());
        assert_eq!(foreign.unwrap(), Kept::Foreign);
        let (rewritten, shorter) = (head(20, 2, b"x"), head(15, 3, b"y"));
        assert_eq!([keep(&rewritten), keep(&shorter)], [Kept::Contradicts, Kept::Contradicts]);
        assert_eq!(AnchorStore::new(&directory).all().unwrap(), [one, two, rewritten, shorter], "after a restart");
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn years_of_hours_stay_small_and_what_contradicts_stays() {
        let mut all = Vec::new();
        for hour in 0..24 * 30 {
            all.push(head(u64::try_from(hour).unwrap() + 1, hour, b"row"));
            if hour == 30 {
                all.push(head(3, hour, b"cut off"));
            }
        }
        let (first, last) = (all[0].clone(), all[all.len() - 1].clone());
        let kept = thinned(all);
        assert!(kept.len() < NEWEST + 40 && kept.len() > NEWEST + 20, "{}", kept.len());
        assert_eq!((&kept[0], &kept[kept.len() - 1]), (&first, &last));
        assert!(kept.iter().any(|one| one.hash == Sha256::of(b"cut off")));
    }
}
