//! What can go wrong with a file.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// The ledger could not be opened, read or written. Visitors online are not concerned; new ones are told.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// No room on the disk, or the ledger reached the size it is allowed.
    #[error("the ledger cannot grow: the disk is full or the configured size is reached; free space on it")]
    Full(#[source] rusqlite::Error),
    /// Another program holds the file.
    #[error("the ledger is locked by another program; is a second gateway running?")]
    Busy(#[source] rusqlite::Error),
    /// The file or its file system may not be written.
    #[error("the ledger is read-only: check the file system and the owner of the file")]
    ReadOnly(#[source] rusqlite::Error),
    /// The file is damaged. Opening it again sets it aside.
    #[error("the ledger is damaged; restart the gateway to set it aside and begin a new one")]
    Corrupt(#[source] rusqlite::Error),
    /// The file failed its check.
    #[error("the ledger failed its check: {0}")]
    FailedCheck(String),
    /// A newer version of this program wrote the file.
    #[error(
        "{path} was written by a newer version (schema {found}, this version knows {known}): upgrade the gateway or move the file away"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// Reading or writing failed below the database.
    #[error("reading or writing the ledger failed: check the disk")]
    Io(#[source] rusqlite::Error),
    /// The file could not be opened or made.
    #[error("cannot open {path}: does the directory exist and belong to the gateway's user?")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A damaged file could not be moved away.
    #[error("cannot set {path} aside")]
    SetAside {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A row holds what this program never writes.
    #[error("the ledger holds a row that cannot be read: {table}.{column}")]
    Row {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// Anything else the database said.
    #[error("the ledger's database refused")]
    Database(#[source] rusqlite::Error),
}

impl LedgerError {
    /// The stable text id, for portal and logs.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Full(_) => "ledger-full",
            Self::Busy(_) => "ledger-busy",
            Self::ReadOnly(_) => "ledger-read-only",
            Self::Corrupt(_) => "ledger-corrupt",
            Self::FailedCheck(_) => "ledger-failed-check",
            Self::Newer { .. } => "ledger-newer",
            Self::Io(_) => "ledger-io",
            Self::Open { .. } => "ledger-open",
            Self::SetAside { .. } => "ledger-set-aside",
            Self::Row { .. } => "ledger-row",
            Self::Database(_) => "ledger-database",
        }
    }

    /// Whether the file itself is not to be trusted any more.
    pub const fn is_corrupt(&self) -> bool {
        matches!(self, Self::Corrupt(_) | Self::FailedCheck(_) | Self::Row { .. })
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
                Self::Busy(error)
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error),
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => Self::Io(error),
            _ => Self::Database(error),
        }
    }
}
