//! A lab's directory: leases, logs, sockets, databases, and the record by which the next start cleans up after a crash.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{LabError, LabName, LabSpec, Room, ns};

const RECORD: &str = "lab.json";

/// What stands, written before the first namespace is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// What was wanted.
    pub spec: LabSpec,
    /// The process that holds it.
    pub pid: u32,
    /// That process's start, in clock ticks since boot: a number given again to another process is not it.
    pub started: u64,
    /// Where its namespaces are.
    pub room: Room,
    /// Names of all its namespaces.
    pub namespaces: Vec<String>,
    /// Everything stands and may be used.
    pub ready: bool,
    /// Sockets and addresses of interest, by name (`visitor1`, `controller`, `ctl`).
    pub sockets: Vec<(String, String)>,
}

/// The directory all labs of this user and this kind of room have theirs in. `uid` is the user's outside of any user
/// namespace ([`Room::outer_uid`]).
pub fn root(room: Room, uid: u32) -> PathBuf {
    let name = match room {
        Room::Machine => format!("gapura-lab-{uid}"),
        Room::User => format!("gapura-lab-u{uid}"),
    };
    std::env::temp_dir().join(name)
}

/// One lab's directory, mode 0700; removed when dropped.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
}

impl Home {
    /// Makes the directory of lab `name` below `root`. What an earlier lab of this or any other name left behind when it
    /// crashed is removed first; a lab of this name that still stands is an error.
    pub fn claim(root: &Path, name: &LabName) -> Result<Self, LabError> {
        make_private(root)?;
        for record in records(root) {
            if alive(&record) {
                if record.spec.name == *name {
                    return Err(LabError::Stands { name: name.to_string(), pid: record.pid });
                }
                continue;
            }
            sweep(root, &record);
        }
        let dir = root.join(name.to_string());
        if dir.exists() {
            fs::remove_dir_all(&dir).map_err(LabError::io(format!("remove {}", dir.display())))?;
        }
        make_private(&dir)?;
        Ok(Self { dir })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// A file or directory in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes the record, whole or not at all.
    pub fn write(&self, record: &Record) -> Result<(), LabError> {
        let text =
            serde_json::to_vec_pretty(record).map_err(|error| LabError::answer("lab.json", error.to_string()))?;
        let fresh = self.join("lab.json.new");
        fs::write(&fresh, text)
            .and_then(|()| fs::rename(&fresh, self.join(RECORD)))
            .map_err(LabError::io(format!("write {}", self.join(RECORD).display())))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            tracing::warn!(%error, dir = %self.dir.display(), "cannot remove the lab's directory");
        }
    }
}

/// The records of all labs below `root`, standing or crashed.
pub fn records(root: &Path) -> Vec<Record> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut found: Vec<Record> = entries
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join(RECORD)).ok())
        .filter_map(|text| serde_json::from_slice(&text).ok())
        .collect();
    found.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
    found
}

/// The record of lab `name`, if it stands.
pub fn standing(root: &Path, name: &LabName) -> Result<Record, LabError> {
    let found = records(root).into_iter().find(|record| record.spec.name == *name && alive(record));
    found.ok_or_else(|| LabError::Absent(name.to_string()))
}

/// Whether the process that holds the lab still runs.
pub fn alive(record: &Record) -> bool {
    started(record.pid) == Some(record.started)
}

/// Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat, proc(5)).
pub fn started(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may hold spaces.
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    if fields.next() == Some("Z") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// Removes what a crashed lab left: programs in its namespaces, the namespaces, its directory.
fn sweep(root: &Path, record: &Record) {
    for name in &record.namespaces {
        ns::remove(name);
    }
    let dir = root.join(record.spec.name.to_string());
    if let Err(error) = fs::remove_dir_all(&dir) {
        tracing::warn!(%error, dir = %dir.display(), "cannot remove what an earlier lab left");
    }
}

fn make_private(dir: &Path) -> Result<(), LabError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(LabError::io(format!("create {}", dir.display())))?;
    let owner = fs::symlink_metadata(dir).map_err(LabError::io(format!("look at {}", dir.display())))?;
    if owner.is_dir() && owner.uid() == rustix::process::geteuid().as_raw() {
        Ok(())
    } else {
        Err(LabError::Wrong(format!("{} belongs to somebody else; remove it", dir.display())))
    }
}
