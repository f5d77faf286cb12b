//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// A file written beside its name, and renamed over it when it is whole and on disk; removed when it is given up.
///
/// There must be one writer of a name at a time.
#[derive(Debug)]
pub(crate) struct Fresh {
    out: Option<BufWriter<File>>,
    beside: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Fresh {
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        name.push(".new");
        let beside = path.with_file_name(name);
        let file = File::create(&beside)?;
        Ok(Self { out: Some(BufWriter::with_capacity(1 << 17, file)), beside, path: path.to_owned(), kept: false })
    }

    /// Writes over the first octets, which were written before.
    pub(crate) fn write_front(&mut self, octets: &[u8]) -> io::Result<()> {
        let out = self.out.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        out.flush()?;
        out.get_ref().write_all_at(octets, 0)
    }

    /// Puts the file in its place.
    pub(crate) fn keep(mut self) -> io::Result<()> {
        let out = self.out.take().ok_or(io::ErrorKind::BrokenPipe)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&self.beside, &self.path)?;
        self.kept = true;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Write for Fresh {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.out.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if !self.kept {
            // Half a file is of no use; if it cannot be removed, the next writer begins it anew.
            let _ = fs::remove_file(&self.beside);
        }
    }
}
