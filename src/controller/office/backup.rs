//! Backups: made, noted, looked for.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gapura_model::with_causes;
use gapura_store::{BackupRow, millis, timestamp};
use jiff::{SignedDuration, Timestamp};

use super::{Actor, Change, Office, OfficeError};
use crate::backup::{BackupError, Making, Secret, make, part_of};
use crate::config::Backup;
use crate::keys::random;
use crate::lists::blocking;
use crate::why::why;

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BackupMade {
    /// When its picture of the database was taken (UTC).
    pub made: Timestamp,
    /// The file.
    pub file: String,
    /// Its size in octets.
    pub octets: u64,
    /// Who made it; `gapura` for the scheduled ones.
    pub by: String,
}

/// Backups that this process makes: one at a time, and what became of the last.
#[derive(Debug, Default)]
pub(crate) struct BackupRoom {
    /// They take turns.
    turn: tokio::sync::Mutex<()>,
    /// Wakes who makes them.
    asked: tokio::sync::Notify,
    state: Mutex<BackupState>,
}

#[derive(Clone, Debug, Default)]
struct BackupState {
    /// Who asked for one that has not begun.
    wanted: Option<Actor>,
    running: Option<Running>,
    failed: Option<BackupFailed>,
}

#[derive(Clone, Debug)]
struct Running {
    since: Timestamp,
    file: PathBuf,
}

/// A backup that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupProgress {
    /// Since when (UTC).
    pub since: Timestamp,
    /// Octets written so far.
    pub octets: u64,
}

/// A backup that could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFailed {
    /// When (UTC).
    pub at: Timestamp,
    /// Why, for an administrator.
    pub why: String,
}

impl BackupRoom {
    fn with<T>(&self, act: impl FnOnce(&mut BackupState) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Until somebody asks for a backup.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }
}

/// The duty of making a backup that is due, and how long that takes at most.
const BACKUP: &str = "backup";
const BACKUP_TAKES: SignedDuration = SignedDuration::from_mins(30);

impl Office {
    /// Makes a backup while the controller serves.
    pub async fn back_up(&self, file: &Path, secret: Secret, who: &Actor) -> Result<BackupMade, OfficeError> {
        let made = self.now();
        let making = Making {
            settings: &self.config.controller,
            file,
            secret,
            salt: random::<32>()?,
            made,
            without: self.config.backup.as_ref().map(|backup| backup.directory.clone()),
        };
        let octets = make(&self.store, making).await?;
        let row = BackupRow {
            made: millis(made),
            file: file.display().to_string(),
            octets: i64::try_from(octets).unwrap_or(i64::MAX),
            staff: who.name.clone(),
        };
        let mut tx = self.store.write().await?;
        tx.add_backup(&row).await?;
        let change = Change { action: "backup-make", object: "backup".to_owned(), before: "", after: &row.file };
        self.note(&mut tx, who, change).await?;
        tx.commit().await?;
        tracing::info!(file = row.file, octets, "a backup was made");
        Ok(backup_made(row))
    }

    /// Has a backup made where the scheduled ones go, by the server's own task: with a year of records that takes minutes. One that
    /// is asked for or being made already is enough.
    ///
    /// # Errors
    /// No place for backups is configured.
    pub fn ask_for_backup(&self, who: &Actor) -> Result<(), OfficeError> {
        if self.config.backup.is_none() {
            return Err(OfficeError::Refused(why!("backup-nowhere")));
        }
        self.backups.with(|state| {
            if state.running.is_none() {
                state.wanted.get_or_insert_with(|| who.clone());
            }
        });
        self.backups.asked.notify_one();
        Ok(())
    }

    /// A backup that this server was asked for or is making.
    pub fn backup_progress(&self) -> Option<BackupProgress> {
        let state = self.backups.with(|state| state.clone());
        if let Some(running) = state.running {
            let octets = fs::metadata(part_of(&running.file)).map_or(0, |file| file.len());
            return Some(BackupProgress { since: running.since, octets });
        }
        state.wanted.map(|_| BackupProgress { since: self.now(), octets: 0 })
    }

    /// Why the last backup of this server was not made; none where it was.
    pub fn backup_failed(&self) -> Option<BackupFailed> {
        self.backups.with(|state| state.failed.clone())
    }

    /// Makes the backup that somebody asked for, or the scheduled one if it is due.
    pub(crate) async fn back_up_wanted_or_due(&self) -> Result<Option<BackupMade>, OfficeError> {
        let _turn = self.backups.turn.lock().await;
        let Some(settings) = &self.config.backup else { return Ok(None) };
        let scheduled = || Actor { name: "gapura".to_owned(), reason: "scheduled".to_owned() };
        let wanted = self.backups.with(|state| state.wanted.clone());
        let who = match wanted {
            Some(who) => who,
            None if self.backup_is_due(settings).await? && self.on_duty(BACKUP, BACKUP_TAKES).await? => scheduled(),
            None => return Ok(None),
        };
        let file = settings.directory.join(format!("{START}{}{END}", self.now().strftime("%Y%m%dT%H%M%SZ")));
        let running = Running { since: self.now(), file: file.clone() };
        self.backups.with(|state| *state = BackupState { wanted: None, running: Some(running), failed: None });
        let made = self.back_up_into(settings, &file, &who).await;
        let failed = made.as_ref().err().map(|error| BackupFailed { at: self.now(), why: with_causes(error) });
        self.backups.with(|state| *state = BackupState { wanted: None, running: None, failed });
        made.map(Some)
    }

    async fn backup_is_due(&self, settings: &Backup) -> Result<bool, OfficeError> {
        let (now, every) = (self.now(), SignedDuration::from_hours(settings.every_hours.into()));
        Ok(self.backups(1).await?.first().is_none_or(|last| now.duration_since(last.made) >= every))
    }

    /// Where scheduled backups go, every so many hours, and how many are kept; none where none are made.
    pub fn backup_plan(&self) -> Option<(&Path, u16, u16)> {
        let settings = self.config.backup.as_ref()?;
        Some((settings.directory.as_path(), settings.every_hours, settings.keep))
    }

    async fn back_up_into(&self, settings: &Backup, file: &Path, who: &Actor) -> Result<BackupMade, OfficeError> {
        let (directory, keep) = (settings.directory.clone(), usize::from(settings.keep));
        let failed = {
            let path = directory.clone();
            move |source| BackupError::File { what: "make", path: path.clone(), source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(failed)?;
        let made = self.back_up(file, settings.secret()?, who).await?;
        blocking(move || {
            remove_old(&directory, keep);
            Ok(())
        })
        .await?;
        Ok(made)
    }

    /// The latest backups, the newest first.
    pub async fn backups(&self, limit: u32) -> Result<Vec<BackupMade>, OfficeError> {
        let rows = self.store.read().await?.backups(limit).await?;
        Ok(rows.into_iter().map(backup_made).collect())
    }

    /// Notes in the log of a restored controller that it was restored. Screens on walls are taken back, since one that was
    /// taken back after the backup would be live again; how many.
    pub(crate) async fn note_restored(&self, file: &Path, made: Timestamp, who: &Actor) -> Result<u64, OfficeError> {
        let mut tx = self.store.write().await?;
        let screens = tx.end_all_screens(self.now(), &who.name).await?;
        let mut after = format!("{} of {made}", file.display());
        if screens > 0 {
            after = format!("{after}; {screens} wall screens taken back");
        }
        // The same of look-ups that were closed, and of cases that months were held for.
        self.close_lookups(&mut tx).await?;
        self.hold_after_restore(&mut tx).await?;
        let change = Change { action: "backup-restore", object: "backup".to_owned(), before: "", after: &after };
        self.note(&mut tx, who, change).await?;
        tx.commit().await?;
        Ok(screens)
    }
}

/// What scheduled backups are called; their names sort by time.
const START: &str = "gapura-";
const END: &str = ".backup";

/// Leaves the newest `keep` scheduled backups. One that cannot be removed is left for the next time. Blocks.
fn remove_old(directory: &Path, keep: usize) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let scheduled = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with(START) && name.ends_with(END))
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(scheduled).collect();
    files.sort_unstable_by(|a, b| b.cmp(a));
    for file in files.iter().skip(keep) {
        if let Err(error) = fs::remove_file(file) {
            tracing::warn!(file = %file.display(), %error, "an old backup cannot be removed");
        }
    }
}

fn backup_made(row: BackupRow) -> BackupMade {
    let octets = u64::try_from(row.octets).unwrap_or_default();
    BackupMade { made: timestamp(row.made), file: row.file, octets, by: row.staff }
}
