//! `backup`, `backup-key` and `restore`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use gapura_runtime::{Clock, atomic_write};
use gapura_wire::Sha256;

use super::output::Output;
use super::{CommandError, Desk};
use crate::backup::{BackupError, Secret, restore as restore_into};
use crate::config::{Backup, Config};
use crate::keys::random;
use crate::lists::Lists;
use crate::office::{Actor, Office, OfficeError};
use crate::opening::open;

/// `gapura controller backup FILE`
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  gapura controller backup /mnt/usb/gapura.backup --key-file /etc/gapura/backup.key\n\nIt is sealed; keep the key elsewhere, and a copy of controller.toml with it."
)]
pub struct BackupArgs {
    /// The file to make.
    pub file: PathBuf,
    #[command(flatten)]
    secret: SecretArgs,
}

/// `gapura controller restore FILE`
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  systemctl stop gapura-controller\n  gapura controller restore /mnt/usb/gapura.backup --key-file /root/backup.key\n  systemctl start gapura-controller\n\nData directory and database have to be empty. The database may be of another kind than the one before."
)]
pub struct RestoreArgs {
    /// The backup.
    pub file: PathBuf,
    #[command(flatten)]
    secret: SecretArgs,
}

/// `gapura controller backup-key FILE`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  gapura controller backup-key /etc/gapura/backup.key")]
pub struct BackupKeyArgs {
    /// The file to make, mode 0600.
    pub file: PathBuf,
}

#[derive(Clone, Debug, Args)]
struct SecretArgs {
    /// A key made by `gapura controller backup-key`.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    key_file: Option<PathBuf>,
    /// A file with a passphrase of 16 or more characters.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl SecretArgs {
    /// What the command line names, else what the configuration does.
    fn read(&self, settings: Option<&Backup>) -> Result<Secret, BackupError> {
        match (&self.key_file, &self.passphrase_file, settings) {
            (None, None, Some(settings)) => settings.secret(),
            (key_file, passphrase_file, _) => Secret::read(key_file.as_deref(), passphrase_file.as_deref()),
        }
    }
}

pub(super) async fn backup(args: &BackupArgs, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let secret = args.secret.read(desk.office.config.backup.as_ref()).map_err(OfficeError::from)?;
    let file = std::path::absolute(&args.file)
        .map_err(|source| CommandError::Io { what: "tell where the file is to be", source })?;
    let made = desk.office.back_up(&file, secret, &desk.who).await?;
    out.value(&made, &format!("{} octets in {}, as of {}", made.octets, made.file, made.made))
}

/// Works without keys and database: it brings them.
pub(super) async fn restore(
    args: &RestoreArgs,
    config: &Config,
    clock: Arc<dyn Clock>,
    who: &Actor,
    out: &mut Output<'_>,
) -> Result<(), CommandError> {
    let secret = args.secret.read(config.backup.as_ref()).map_err(OfficeError::from)?;
    let restored = restore_into(&args.file, secret, &config.controller).await.map_err(OfficeError::from)?;
    let (keys, store) = open(&config.controller).await?;
    let office = Office::new(store, keys, clock, Arc::new(Lists::open(&config.controller)?), config)?;
    let noted = office.note_restored(&args.file, restored.made, who).await;
    office.store().close().await;
    let screens = noted?;
    let mut text = format!(
        "restored {} rows and {} files as of {}: start the controller; gateways come back by themselves",
        restored.rows, restored.files, restored.made
    );
    if screens > 0 {
        text = format!("{text}; {screens} screens on walls were taken back: make them anew at the console");
    }
    out.value(&restored, &text)
}

/// Works without keys and database.
pub(super) fn backup_key(file: &Path, out: &mut Output<'_>) -> Result<(), CommandError> {
    if file.exists() {
        return Err(OfficeError::from(BackupError::Exists(file.to_owned())).into());
    }
    let key = Sha256::from_bytes(random::<32>().map_err(OfficeError::from)?);
    atomic_write(file, format!("{key}\n").as_bytes(), 0o600)
        .map_err(|error| CommandError::Io { what: "keep the key", source: error.source })?;
    let text = format!("made {}: without it a backup cannot be opened; keep a copy elsewhere", file.display());
    out.value(&serde_json::json!({ "key_file": file }), &text)
}
