//! Backups: one sealed file with a picture of the database and the files of the data directory, made while the controller
//! serves, restored into an empty place on either database.
//!
//! Inside the seal (`seal`) is a tar archive in zstd: `about.json`, the tables as lines of JSON (`database/TABLE/NUMBER.jsonl`)
//! and the fleet's keys, lists and indexes (`files/..`).

mod archive;
mod seal;

use std::path::{Path, PathBuf};

use gapura_store::{StoreError, Table};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use archive::{Making, make, part_of, restore};
pub use seal::{SealError, Secret};

/// A backup could not be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The seal.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A file.
    #[error("cannot {what} {}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// No secret, or more than one.
    #[error(
        "a backup needs one secret: --key-file FILE (made by `gapura controller backup-key FILE`) or --passphrase-file FILE, or one of them under [backup] in the configuration"
    )]
    Secret,
    /// A file holds no key or passphrase.
    #[error("{} holds no {what}", path.display())]
    BadSecret {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// There is a file already.
    #[error("there is a file {} already: name another", .0.display())]
    Exists(PathBuf),
    /// Something is there already.
    #[error("a backup is restored into an empty place, and {0}")]
    NotEmpty(String),
    /// What is inside is not what a backup holds.
    #[error("the backup holds what this version cannot read: {0}")]
    Content(String),
    /// The process is being taken down.
    #[error("stopped while a backup was worked on")]
    Stopped,
}

/// `about.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// 1.
    format: u32,
    /// The version of Gapura that made it.
    gapura: String,
    /// When (UTC).
    made: Timestamp,
    /// The number of the tables' newest migration.
    schema: i64,
    /// The tables, each behind those it refers to.
    tables: Vec<Table>,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// When the backup was made (UTC).
    pub made: Timestamp,
    /// Rows of all tables.
    pub rows: u64,
    /// Files.
    pub files: u64,
}

impl Secret {
    /// Reads a key file or a passphrase file; exactly one of them is to be named.
    pub fn read(key_file: Option<&Path>, passphrase_file: Option<&Path>) -> Result<Self, BackupError> {
        match (key_file, passphrase_file) {
            (Some(path), None) => {
                let key: Option<gapura_wire::Sha256> = line(path)?.parse().ok();
                let bad = || BackupError::BadSecret { path: path.to_owned(), what: "key of 64 hexadecimal digits" };
                key.map(|key| Self::Key(*key.as_bytes())).ok_or_else(bad)
            }
            (None, Some(path)) => {
                let phrase = line(path)?;
                if phrase.chars().count() < SHORTEST {
                    let what = "passphrase of 16 or more characters";
                    return Err(BackupError::BadSecret { path: path.to_owned(), what });
                }
                Ok(Self::Passphrase(phrase))
            }
            (None, None) | (Some(_), Some(_)) => Err(BackupError::Secret),
        }
    }
}

/// A passphrase has at least so many characters.
const SHORTEST: usize = 16;

fn line(path: &Path) -> Result<String, BackupError> {
    let failed = |source| BackupError::File { what: "read", path: path.to_owned(), source };
    Ok(std::fs::read_to_string(path).map_err(failed)?.trim().to_owned())
}
