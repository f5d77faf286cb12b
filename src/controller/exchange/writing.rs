//! An export is written by a thread while the database is read beside it; it is there whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use gapura_wire::Sha256;
use jiff::Timestamp;
use sha2::Digest as _;
use tokio::sync::mpsc;

use super::{ExchangeError, ExportedFile, FORMAT, MANIFEST, Manifest};

/// What goes from the database to the thread.
pub(crate) enum Piece {
    /// A file begins.
    File(String),
    /// More of it: octets, and how many entries they are.
    More(Vec<u8>, u64),
    /// There is no more: without it nothing is kept.
    End,
}

/// Writes an export into a directory, or into a tar archive where the name ends in `.tar`. Blocks.
pub(crate) fn write(
    target: &Path,
    (made, contacts): (Timestamp, bool),
    pieces: mpsc::Receiver<Piece>,
) -> Result<Manifest, ExchangeError> {
    if target.symlink_metadata().is_ok() {
        return Err(ExchangeError::Exists(target.to_owned()));
    }
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let staging = target.with_file_name(name);
    directory(&staging)?;
    let written = write_into(&staging, target, (made, contacts), pieces);
    let removed = fs::remove_dir_all(&staging);
    let manifest = written?;
    removed.map_err(failed("remove", &staging))?;
    Ok(manifest)
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(std::io::Error) -> ExchangeError + 'a {
    move |source| ExchangeError::File { what, path: path.to_owned(), source }
}

fn directory(path: &Path) -> Result<(), ExchangeError> {
    DirBuilder::new().mode(0o700).create(path).map_err(failed("make", path))
}

fn create(path: &Path) -> Result<BufWriter<File>, ExchangeError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    Ok(BufWriter::new(made.map_err(failed("make", path))?))
}

fn finish(file: BufWriter<File>, path: &Path) -> Result<(), ExchangeError> {
    let file = file.into_inner().map_err(|error| failed("write", path)(error.into_error()))?;
    file.sync_all().map_err(failed("write", path))
}

/// A file that is being written.
struct Open {
    path: PathBuf,
    file: BufWriter<File>,
    hash: sha2::Sha256,
    so_far: ExportedFile,
}

impl Open {
    fn close(self) -> Result<ExportedFile, ExchangeError> {
        finish(self.file, &self.path)?;
        Ok(ExportedFile { sha256: Sha256::from_bytes(self.hash.finalize().into()), ..self.so_far })
    }
}

fn write_into(
    staging: &Path,
    target: &Path,
    (made, contacts): (Timestamp, bool),
    mut pieces: mpsc::Receiver<Piece>,
) -> Result<Manifest, ExchangeError> {
    let tree = staging.join("tree");
    directory(&tree)?;
    let (mut files, mut open): (Vec<ExportedFile>, Option<Open>) = (Vec::new(), None);
    loop {
        match pieces.blocking_recv().ok_or(ExchangeError::Stopped)? {
            Piece::File(name) => {
                files.extend(open.take().map(Open::close).transpose()?);
                let path = tree.join(&name);
                if let Some(above) = path.parent().filter(|above| !above.exists()) {
                    directory(above)?;
                }
                let so_far = ExportedFile { path: name, entries: 0, octets: 0, sha256: Sha256::from_bytes([0; 32]) };
                open = Some(Open { file: create(&path)?, path, hash: sha2::Sha256::new(), so_far });
            }
            Piece::More(octets, entries) => {
                let Some(open) = &mut open else { continue };
                open.file.write_all(&octets).map_err(failed("write", &open.path))?;
                open.hash.update(&octets);
                open.so_far.octets += octets.len() as u64;
                open.so_far.entries += entries;
            }
            Piece::End => break,
        }
    }
    files.extend(open.take().map(Open::close).transpose()?);
    let gapura = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, gapura, made, contacts, files };
    let path = tree.join(MANIFEST);
    let mut file = create(&path)?;
    serde_json::to_writer_pretty(&mut file, &manifest).map_err(|error| failed("write", &path)(error.into()))?;
    file.write_all(b"\n").map_err(failed("write", &path))?;
    finish(file, &path)?;
    let whole = if is_tar(target) { pack(&tree, staging, &manifest)? } else { tree };
    // Renaming onto an empty directory would succeed: whoever made it meanwhile keeps it.
    if target.symlink_metadata().is_ok() {
        return Err(ExchangeError::Exists(target.to_owned()));
    }
    fs::rename(&whole, target).map_err(failed("move the export to", target))?;
    let above = target.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(above).and_then(|above| above.sync_all()).map_err(failed("write", above))?;
    Ok(manifest)
}

/// Whether a name is that of an archive.
pub(super) fn is_tar(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("tar"))
}

fn pack(tree: &Path, staging: &Path, manifest: &Manifest) -> Result<PathBuf, ExchangeError> {
    let path = staging.join("archive");
    let mut tar = tar::Builder::new(create(&path)?);
    let names = std::iter::once(MANIFEST).chain(manifest.files.iter().map(|file| file.path.as_str()));
    for name in names {
        let from = tree.join(name);
        let mut file = File::open(&from).map_err(failed("read", &from))?;
        let mut header = tar::Header::new_gnu();
        header.set_size(file.metadata().map_err(failed("read", &from))?.len());
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(manifest.made.as_second()).unwrap_or_default());
        tar.append_data(&mut header, name, &mut file).map_err(failed("write", &path))?;
        fs::remove_file(&from).map_err(failed("remove", &from))?;
    }
    finish(tar.into_inner().map_err(failed("write", &path))?, &path)?;
    Ok(path)
}
