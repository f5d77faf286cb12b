//! Files that are either the old or the new one, whatever happens in between.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file could not be replaced; the old one, if there was one, is untouched.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step} while replacing {}; the old file is untouched. Check the free space and the owner of its directory", path.display())]
pub struct AtomicWriteError {
    /// The file that was to be replaced.
    pub path: PathBuf,
    /// What was being done.
    pub step: &'static str,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

/// Replaces `path` by `bytes` with permissions `mode` (whatever the umask): a temporary file in the same directory is
/// written, synced and renamed, then the directory is synced. A reader, or a power cut, meets the old file or the new one.
pub fn atomic_write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), AtomicWriteError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let failed = |step| move |source| AtomicWriteError { path: path.to_owned(), step, source };
    let name = path.file_name().ok_or_else(|| failed("find a file name")(io::ErrorKind::InvalidInput.into()))?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = directory.join(format!(".{}.{}.{count}.new", name.to_string_lossy(), std::process::id()));
    let written = write_synced(&temporary, bytes, mode)
        .map_err(failed("write a temporary file"))
        .and_then(|()| fs::rename(&temporary, path).map_err(failed("rename the temporary file")));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
        return written;
    }
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed("sync the directory"))
}

fn write_synced(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_mode_and_nothing_is_left_behind() {
        let home = std::env::temp_dir().join(format!("gapura-atomic-{}", std::process::id()));
        fs::create_dir_all(&home).unwrap();
        let path = home.join("bundle");
        atomic_write(&path, b"one", 0o600).unwrap();
        atomic_write(&path, b"two", 0o640).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
        fs::remove_dir_all(&home).unwrap();
    }

    #[test]
    fn a_failure_says_what_was_tried_and_leaves_the_old_file() {
        let home = std::env::temp_dir().join(format!("gapura-atomic-bad-{}", std::process::id()));
        fs::create_dir_all(home.join("taken/inside")).unwrap();
        let error = atomic_write(&home.join("taken"), b"x", 0o600).unwrap_err();
        assert_eq!(error.step, "rename the temporary file");
        assert_eq!(fs::read_dir(&home).unwrap().count(), 1, "the temporary file is gone");
        assert!(atomic_write(&home.join("nowhere/file"), b"x", 0o600).is_err());
        fs::remove_dir_all(&home).unwrap();
    }
}
