//! Directories, waiting and files that are compared with what is generated.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gapura_lab::clock::wait_for;

/// The program under test.
pub(crate) const GAPURA: &str = env!("CARGO_BIN_EXE_gapura");

/// A directory of one test, gone with it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("gapura-it-{}-{number}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A file of this repository.
pub(crate) fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of this repository.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(ours(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Holds `path` against `made`; `UPDATE_EXPECT=1` writes it anew.
pub(crate) fn hold(path: &str, made: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(ours(path).parent().unwrap()).unwrap();
        std::fs::write(ours(path), made).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(ours(path)).unwrap_or_default();
    let differ = kept.lines().zip(made.lines()).position(|(kept, made)| kept != made);
    let line = differ.unwrap_or_else(|| kept.lines().count().min(made.lines().count())) + 1;
    assert!(kept == made, "{path} is stale from line {line} on: UPDATE_EXPECT=1 cargo test --test it");
}

/// Runs the program to its end.
pub(crate) fn gapura(arguments: &[&str]) -> Output {
    Command::new(GAPURA).args(arguments).env_remove("GAPURA_LOG").output().unwrap()
}

/// What a run printed on standard output; it must have succeeded.
pub(crate) fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Waits until `probe` finds what it looks for.
pub(crate) fn wait<T>(what: &str, most: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    wait_for(what, most, || Ok(probe())).unwrap_or_else(|error| panic!("{error}"))
}
