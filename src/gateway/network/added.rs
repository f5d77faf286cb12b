//! The IPv6 addresses that this program put on visitor bridges itself, remembered across restarts: it takes away no others.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};

use gapura_model::IfName;
use gapura_runtime::{AtomicWriteError, atomic_write};
use serde::{Deserialize, Serialize};

/// The file in the data directory: a JSON list.
const FILE: &str = "bridge-addresses.json";

/// One address on one bridge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct OnBridge {
    pub(super) lan: IfName,
    pub(super) address: Ipv6Addr,
}

/// The addresses we added and did not take away.
#[derive(Clone, Debug)]
pub(super) struct Added {
    path: PathBuf,
    all: BTreeSet<OnBridge>,
}

impl Added {
    /// What the file says; without a file, or where it cannot be read, nothing is ours and nothing will be taken away.
    pub(super) fn read(data_dir: &Path) -> Self {
        let path = data_dir.join(FILE);
        let all = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "the list of our addresses is damaged: take away by hand what is too many");
                BTreeSet::new()
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeSet::new(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the list of our addresses cannot be read");
                BTreeSet::new()
            }
        };
        Self { path, all }
    }

    /// Whether this program added `address` to `lan`.
    pub(super) fn holds(&self, lan: &IfName, address: IpAddr) -> bool {
        matches!(address, IpAddr::V6(address) if self.all.contains(&OnBridge { lan: lan.clone(), address }))
    }

    /// About to be added.
    pub(super) fn add(&mut self, entry: OnBridge) -> Result<(), AtomicWriteError> {
        if self.all.insert(entry) { self.write() } else { Ok(()) }
    }

    /// Keeps only what `stays`.
    pub(super) fn retain(&mut self, stays: impl Fn(&OnBridge) -> bool) -> Result<(), AtomicWriteError> {
        let before = self.all.len();
        self.all.retain(stays);
        if self.all.len() < before { self.write() } else { Ok(()) }
    }

    fn write(&self) -> Result<(), AtomicWriteError> {
        let text = serde_json::to_vec(&self.all).unwrap_or_default();
        atomic_write(&self.path, &text, 0o600)
    }

    /// A list without a file.
    #[cfg(test)]
    pub(super) fn of(all: &[(&str, &str)]) -> Self {
        let entry =
            |(lan, address): &(&str, &str)| OnBridge { lan: lan.parse().unwrap(), address: address.parse().unwrap() };
        Self { path: PathBuf::new(), all: all.iter().map(entry).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_known_after_a_restart() {
        let home = std::env::temp_dir().join(format!("gapura-added-{}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        let entry = |address: &str| OnBridge { lan: "br-lan".parse().unwrap(), address: address.parse().unwrap() };
        let (kept, gone) = (entry("fd00::1"), entry("2001:db8::1"));
        let mut added = Added::read(&home);
        added.add(kept.clone()).unwrap();
        added.add(gone.clone()).unwrap();
        added.retain(|one| *one != gone).unwrap();
        let again = Added::read(&home);
        assert!(again.holds(&kept.lan, kept.address.into()) && !again.holds(&gone.lan, gone.address.into()));
        assert!(!again.holds(&"br-guest".parse().unwrap(), kept.address.into()));
        std::fs::write(home.join(FILE), "[{").unwrap();
        assert!(!Added::read(&home).holds(&kept.lan, kept.address.into()));
        std::fs::remove_dir_all(&home).unwrap();
    }
}
