//! An export is read and held against its manifest before anything of it is looked at.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Component, Path};

use gapura_wire::Sha256;
use sha2::Digest as _;

use super::writing::is_tar;
use super::{ExchangeError, FORMAT, MANIFEST, Manifest};

/// An export that is as it was written: its manifest, and the documents that can be taken in.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) manifest: Manifest,
    /// The manifest's hash, for the audit log.
    pub(crate) sha256: Sha256,
    pub(crate) texts: BTreeMap<String, String>,
}

/// Files that can be taken in, and directories of such.
const DOCUMENTS: [&str; 7] =
    ["plans.toml", "terms.toml", "settings.toml", "voucher-groups.toml", "presets.toml", "faq.toml", "sops.json"];
const DIRECTORIES: [&str; 3] = ["calendars/", "sites/", "sops/"];

/// The most octets of documents: a department has thousands of sites of a few kilobytes.
const MOST: usize = 256 * 1024 * 1024;

/// Reads the export in a directory or a tar archive. Blocks.
pub(crate) fn read(path: &Path) -> Result<Parcel, ExchangeError> {
    let mut found = Found::default();
    if path.is_dir() {
        found.walk(path, "")?;
    } else {
        found.unpack(path)?;
    }
    found.held_against_the_manifest(path)
}

/// What was found: sizes and hashes, documents, and what is wrong.
#[derive(Default)]
struct Found {
    files: BTreeMap<String, (u64, Sha256)>,
    texts: BTreeMap<String, String>,
    kept: usize,
    wrong: Vec<String>,
}

impl Found {
    fn walk(&mut self, directory: &Path, within: &str) -> Result<(), ExchangeError> {
        let failed = |source| ExchangeError::File { what: "read", path: directory.to_owned(), source };
        for entry in fs::read_dir(directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (kind, path) = (entry.file_type().map_err(failed)?, entry.path());
            let name = format!("{within}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() {
                self.walk(&path, &format!("{name}/"))?;
            } else if kind.is_file() {
                let unread = |source| ExchangeError::File { what: "read", path: path.clone(), source };
                let file = File::open(&path).map_err(unread)?;
                self.take(name, BufReader::new(file)).map_err(unread)?;
            } else {
                self.wrong.push(format!("{name}: is no plain file"));
            }
        }
        Ok(())
    }

    fn unpack(&mut self, path: &Path) -> Result<(), ExchangeError> {
        let failed = |source| ExchangeError::File { what: "read", path: path.to_owned(), source };
        if !is_tar(path) {
            let what = format!("{}: name the directory or the .tar file of an export", path.display());
            return Err(ExchangeError::Altered(vec![what]));
        }
        let mut tar = tar::Archive::new(BufReader::new(File::open(path).map_err(failed)?));
        for entry in tar.entries().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
            let kind = entry.header().entry_type();
            if kind.is_file() && Path::new(&name).components().all(|part| matches!(part, Component::Normal(_))) {
                self.take(name, entry).map_err(failed)?;
            } else if !kind.is_dir() {
                self.wrong.push(format!("{name}: is no plain file of an export"));
            }
        }
        Ok(())
    }

    /// Hashes a file, and keeps it if it is a document.
    fn take(&mut self, name: String, mut from: impl Read) -> std::io::Result<()> {
        let keeps = name == MANIFEST
            || DOCUMENTS.contains(&name.as_str())
            || DIRECTORIES.iter().any(|directory| name.starts_with(directory));
        let (mut hash, mut octets, mut kept) = (sha2::Sha256::new(), 0, Vec::new());
        let mut some = vec![0; 64 * 1024];
        loop {
            let length = from.read(&mut some)?;
            let Some(some) = some.get(..length).filter(|some| !some.is_empty()) else { break };
            hash.update(some);
            octets += some.len() as u64;
            if keeps && self.kept < MOST {
                self.kept += some.len();
                kept.extend_from_slice(some);
            }
        }
        if keeps && self.kept >= MOST {
            self.wrong.push(format!("{name}: the documents have more than {MOST} octets"));
        } else if keeps {
            match String::from_utf8(kept) {
                Ok(text) => drop(self.texts.insert(name.clone(), text)),
                Err(_) => self.wrong.push(format!("{name}: is not UTF-8")),
            }
        }
        let hash = Sha256::from_bytes(hash.finalize().into());
        if self.files.insert(name.clone(), (octets, hash)).is_some() {
            self.wrong.push(format!("{name}: is in it twice"));
        }
        Ok(())
    }

    fn held_against_the_manifest(mut self, path: &Path) -> Result<Parcel, ExchangeError> {
        let none = || {
            let what = format!("{}: there is no {MANIFEST} in it: it is no export of Gapura", path.display());
            ExchangeError::Altered(vec![what])
        };
        let text = self.texts.remove(MANIFEST).ok_or_else(none)?;
        let (_, sha256) = self.files.remove(MANIFEST).ok_or_else(none)?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|error| ExchangeError::Altered(vec![format!("{MANIFEST}: {error}")]))?;
        if manifest.format != FORMAT {
            let what = format!("{MANIFEST}: format {} is not known here, {FORMAT} is", manifest.format);
            return Err(ExchangeError::Altered(vec![what]));
        }
        for file in &manifest.files {
            match self.files.remove(&file.path) {
                None => self.wrong.push(format!("{}: is missing", file.path)),
                Some(found) if found != (file.octets, file.sha256) => {
                    self.wrong.push(format!("{}: was altered after it was exported", file.path));
                }
                Some(_) => {}
            }
        }
        self.wrong.extend(self.files.keys().map(|name| format!("{name}: was not exported")));
        if self.wrong.is_empty() {
            Ok(Parcel { manifest, sha256, texts: self.texts })
        } else {
            Err(ExchangeError::Altered(self.wrong))
        }
    }
}
