//! The archive inside the seal: written and read by a thread, while the database is read and written beside it.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufReader, BufWriter, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use futures_util::StreamExt as _;
use gapura_store::{Cell, ColumnKind, Store, Table, Tx};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::seal::{Opener, Sealer};
use super::{About, BackupError, Restored, Secret};
use crate::config::Controller;

/// What goes between the database and the thread.
enum Piece {
    /// A file of the archive.
    File(String, Vec<u8>),
    /// There is no more: without it the other side gives up.
    End,
}

/// Pieces that wait at most.
const WAITING: usize = 4;
/// A piece of a table is sent when it has so many octets.
const PIECE: usize = 1024 * 1024;
const LEVEL: i32 = 3;
/// The largest piece that is read.
const MOST: u64 = 1024 * 1024 * 1024;
/// Files without which there is no fleet.
const KEYS: [&str; 3] = ["fleet.key", "server.key", "bundle.seed"];

/// What a backup is made with.
pub(crate) struct Making<'a> {
    pub(crate) settings: &'a Controller,
    pub(crate) file: &'a Path,
    pub(crate) secret: Secret,
    pub(crate) salt: [u8; 32],
    pub(crate) made: Timestamp,
    /// A directory that is left out: where backups go.
    pub(crate) without: Option<PathBuf>,
}

/// Makes a backup; its size in octets. The file is there whole or not at all.
pub(crate) async fn make(store: &Store, making: Making<'_>) -> Result<u64, BackupError> {
    let (pieces, taken) = mpsc::channel(WAITING);
    let (file, home) = (making.file.to_owned(), making.settings.data_dir.clone());
    let mut without = database_files(&making.settings.database);
    without.extend(making.without);
    let (secret, salt, made) = (making.secret, making.salt, making.made);
    let writing = tokio::task::spawn_blocking(move || {
        let part = part_of(&file);
        let written = write(&part, (&secret, salt, made), taken, (&home, &without));
        let done = written.and_then(|()| put_in_place(&part, &file));
        if done.is_err() {
            let _ = fs::remove_file(&part);
        }
        done
    });
    let poured = pour(store, &pieces, made).await;
    drop(pieces);
    let written = writing.await.map_err(|_| BackupError::Stopped)?;
    // A database that failed is the cause, a thread that ended is: whichever failed first closed the channel to the other.
    match (poured, written) {
        (Err(BackupError::Stopped) | Ok(()), Err(error)) | (Err(error), _) => Err(error),
        (Ok(()), Ok(octets)) => Ok(octets),
    }
}

async fn pour(store: &Store, pieces: &mpsc::Sender<Piece>, made: Timestamp) -> Result<(), BackupError> {
    let send = async |piece| pieces.send(piece).await.map_err(|_| BackupError::Stopped);
    let json = |error: serde_json::Error| BackupError::Content(error.to_string());
    let mut tx = store.read().await?;
    let tables = tx.tables().await?;
    let about = About {
        format: 1,
        gapura: env!("CARGO_PKG_VERSION").to_owned(),
        made,
        schema: tx.schema().await?,
        tables: tables.clone(),
    };
    send(Piece::File("about.json".to_owned(), serde_json::to_vec_pretty(&about).map_err(json)?)).await?;
    for table in &tables {
        let (mut lines, mut number) = (Vec::new(), 0_u32);
        let mut rows = tx.pour(table);
        loop {
            let row = rows.next().await.transpose()?;
            if lines.len() >= PIECE || (row.is_none() && !lines.is_empty()) {
                number += 1;
                let name = format!("database/{}/{number:06}.jsonl", table.name);
                send(Piece::File(name, std::mem::take(&mut lines))).await?;
            }
            let Some(row) = row else { break };
            serde_json::to_writer(&mut lines, &row).map_err(json)?;
            lines.push(b'\n');
        }
    }
    send(Piece::End).await
}

/// The file while it is written.
pub(crate) fn part_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}

fn write(
    part: &Path,
    (secret, salt, made): (&Secret, [u8; 32], Timestamp),
    mut pieces: mpsc::Receiver<Piece>,
    (home, without): (&Path, &[PathBuf]),
) -> Result<(), BackupError> {
    let failed = |what| move |source| BackupError::File { what, path: part.to_owned(), source };
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part);
    let sealer = Sealer::new(BufWriter::new(opened.map_err(failed("make"))?), secret, salt, made)?;
    let packed = zstd::Encoder::new(sealer, LEVEL).map_err(failed("write"))?;
    let mut tar = tar::Builder::new(packed);
    loop {
        match pieces.blocking_recv() {
            Some(Piece::File(name, octets)) => {
                let mut header = tar::Header::new_gnu();
                header.set_size(octets.len() as u64);
                header.set_mode(0o600);
                tar.append_data(&mut header, &name, octets.as_slice()).map_err(failed("write"))?;
            }
            Some(Piece::End) => break,
            None => return Err(BackupError::Stopped),
        }
    }
    for (name, path) in files_under(home, without)? {
        let unread = |source| BackupError::File { what: "read", path: path.clone(), source };
        let mut file = File::open(&path).map_err(unread)?;
        let mut header = tar::Header::new_gnu();
        let length = file.metadata().map_err(unread)?.len();
        header.set_size(length);
        header.set_mode(0o600);
        tar.append_data(&mut header, &name, file.by_ref().take(length)).map_err(failed("write"))?;
    }
    let sealer = tar.into_inner().and_then(zstd::Encoder::finish).map_err(failed("write"))?;
    let file = sealer.finish()?.into_inner().map_err(|error| failed("write")(error.into_error()))?;
    file.sync_all().map_err(failed("write"))
}

fn put_in_place(part: &Path, file: &Path) -> Result<u64, BackupError> {
    let failed = |source| BackupError::File { what: "keep", path: file.to_owned(), source };
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let octets = fs::metadata(part).map_err(failed)?.len();
    fs::rename(part, file).map_err(failed)?;
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
    Ok(octets)
}

/// The files of SQLite: the tables are read from the database itself.
fn database_files(address: &str) -> Vec<PathBuf> {
    let path = address.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
    let path = path.and_then(|path| path.split('?').next()).unwrap_or_default();
    let ends = ["", "-wal", "-shm", "-journal"];
    ends.iter().filter(|_| !path.is_empty()).map(|end| PathBuf::from(format!("{path}{end}"))).collect()
}

/// The files of the data directory, by name: keys, lists and indexes; what is made anew or half fetched is left out.
fn files_under(home: &Path, without: &[PathBuf]) -> Result<BTreeMap<String, PathBuf>, BackupError> {
    let mut found = BTreeMap::new();
    let mut directories = vec![home.to_owned()];
    while let Some(directory) = directories.pop() {
        let failed = |source| BackupError::File { what: "read", path: directory.clone(), source };
        for entry in fs::read_dir(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            let name = entry.file_name().to_string_lossy().into_owned();
            let passing = name.starts_with('.')
                || name == "lock"
                || name.contains(".part")
                || path.extension().is_some_and(|end| end == "delta");
            if passing || without.contains(&path) {
                continue;
            }
            if kind.is_dir() {
                directories.push(path);
            } else if kind.is_file()
                && let Some(within) = path.strip_prefix(home).ok().and_then(Path::to_str)
            {
                found.insert(format!("files/{within}"), path);
            }
        }
    }
    Ok(found)
}

/// Restores a backup into an empty place; only a file that is whole and as it was written is looked into. The tables stand as
/// they stood when it was made: opening the database brings them up to date.
pub(crate) async fn restore(file: &Path, secret: Secret, settings: &Controller) -> Result<Restored, BackupError> {
    let (path, home) = (file.to_owned(), settings.data_dir.clone());
    if let Some(key) = KEYS.iter().find(|key| home.join(key).exists()) {
        return Err(BackupError::NotEmpty(format!("{} holds a fleet's {key}", home.display())));
    }
    let (checked, secret_of_thread) = (path.clone(), secret.clone());
    let verify = move || open(&checked, &secret_of_thread)?.verify().map_err(BackupError::from);
    let head = tokio::task::spawn_blocking(verify).await.map_err(|_| BackupError::Stopped)??;

    let (pieces, mut taken) = mpsc::channel(WAITING);
    let staging = home.join(".restoring");
    let into = staging.clone();
    let reading = tokio::task::spawn_blocking(move || read(&path, &secret, &pieces, &into));
    let filled = fill(&mut taken, &settings.database).await;
    drop(taken);
    let read = reading.await.map_err(|_| BackupError::Stopped)?;
    let done = match (filled, read) {
        (Err(BackupError::Stopped) | Ok(_), Err(error)) | (Err(error), _) => Err(error),
        (Ok((store, tx, rows)), Ok(files)) => {
            let moved = move_in(&staging, &home);
            let done = match moved {
                Ok(()) => tx.commit().await.map_err(BackupError::from),
                Err(error) => Err(error),
            };
            store.close().await;
            done.map(|()| Restored { made: head.made, rows, files })
        }
    };
    let _ = fs::remove_dir_all(&staging);
    done
}

fn open(path: &Path, secret: &Secret) -> Result<Opener<BufReader<File>>, BackupError> {
    let file = File::open(path).map_err(|source| BackupError::File { what: "open", path: path.to_owned(), source })?;
    Ok(Opener::new(BufReader::new(file), secret)?)
}

/// Reads the archive: tables go to the database, files into `staging`. How many files.
fn read(path: &Path, secret: &Secret, pieces: &mpsc::Sender<Piece>, staging: &Path) -> Result<u64, BackupError> {
    let failed = |source| BackupError::File { what: "read", path: path.to_owned(), source };
    let packed = zstd::Decoder::new(open(path, secret)?).map_err(failed)?;
    let mut tar = tar::Archive::new(packed);
    let mut files = 0;
    for entry in tar.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if let Some(within) = name.strip_prefix("files/") {
            let within = Path::new(within);
            if within.components().any(|part| !matches!(part, Component::Normal(_))) {
                return Err(BackupError::Content(format!("a file \"{name}\"")));
            }
            let to = staging.join(within);
            let unwritten = |source| BackupError::File { what: "write", path: to.clone(), source };
            let directory = to.parent().unwrap_or(staging);
            DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unwritten)?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&to).map_err(unwritten)?;
            std::io::copy(&mut entry, &mut file).and_then(|_| file.sync_all()).map_err(unwritten)?;
            files += 1;
        } else {
            let mut octets = Vec::new();
            entry.take(MOST).read_to_end(&mut octets).map_err(failed)?;
            pieces.blocking_send(Piece::File(name, octets)).map_err(|_| BackupError::Stopped)?;
        }
    }
    pieces.blocking_send(Piece::End).map_err(|_| BackupError::Stopped)?;
    Ok(files)
}

/// Fills the tables, in a transaction that is still to be committed.
async fn fill(taken: &mut mpsc::Receiver<Piece>, database: &str) -> Result<(Store, Tx, u64), BackupError> {
    let content = |what: &str| BackupError::Content(what.to_owned());
    let Some(Piece::File(name, about)) = taken.recv().await else { return Err(BackupError::Stopped) };
    let about: About = serde_json::from_slice(&about).map_err(|error| BackupError::Content(error.to_string()))?;
    if name != "about.json" || about.format != 1 {
        return Err(content("it was made by another version of this program"));
    }
    let store = Store::open_new(database, about.schema).await?;
    match fill_tables(taken, &store, &about).await {
        Ok((tx, rows)) => Ok((store, tx, rows)),
        Err(error) => {
            store.close().await;
            Err(error)
        }
    }
}

async fn fill_tables(
    taken: &mut mpsc::Receiver<Piece>,
    store: &Store,
    about: &About,
) -> Result<(Tx, u64), BackupError> {
    let mut tx = store.write().await?;
    if !tx.sites().await?.is_empty() || !tx.audit_rows(0, 1).await?.is_empty() {
        return Err(BackupError::NotEmpty("the database holds sites or an audit log".to_owned()));
    }
    let tables = tx.tables().await?;
    for table in tables.iter().rev() {
        tx.empty(table).await?;
    }
    let mut rows = 0;
    loop {
        let (name, octets) = match taken.recv().await {
            Some(Piece::File(name, octets)) => (name, octets),
            Some(Piece::End) => return Ok((tx, rows)),
            None => return Err(BackupError::Stopped),
        };
        let of = name.strip_prefix("database/").and_then(|rest| rest.split('/').next());
        let there = about.tables.iter().find(|table| of == Some(table.name.as_str()));
        let here = tables.iter().find(|table| of == Some(table.name.as_str()));
        let (Some(there), Some(here)) = (there, here) else {
            return Err(BackupError::Content(format!("a table \"{name}\"")));
        };
        let cells = cells(&octets, there, here).ok_or_else(|| BackupError::Content(format!("rows in {name}")))?;
        rows += cells.len() as u64;
        tx.fill(here, &cells).await?;
    }
}

/// Rows as they were written there, with the columns in the order they have here.
fn cells(octets: &[u8], there: &Table, here: &Table) -> Option<Vec<Vec<Cell>>> {
    let places: Vec<(usize, ColumnKind)> = here
        .columns
        .iter()
        .map(|column| {
            let place = there.columns.iter().position(|other| other.name == column.name)?;
            Some((place, column.kind))
        })
        .collect::<Option<_>>()?;
    if there.columns.len() != here.columns.len() {
        return None;
    }
    let row = |line: &[u8]| {
        let cells: Vec<Cell> = serde_json::from_slice(line).ok()?;
        let ordered = places.iter().map(|(place, kind)| cells.get(*place).filter(|cell| cell.fits(*kind)).cloned());
        ordered.collect::<Option<Vec<Cell>>>()
    };
    octets.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()).map(row).collect()
}

/// Moves what was read into the data directory.
fn move_in(staging: &Path, home: &Path) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { what: "move restored files into", path: home.to_owned(), source };
    if !staging.exists() {
        return Err(BackupError::Content("no key of a fleet".to_owned()));
    }
    for entry in fs::read_dir(staging).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        fs::rename(entry.path(), home.join(entry.file_name())).map_err(failed)?;
    }
    File::open(home).and_then(|directory| directory.sync_all()).map_err(failed)
}
