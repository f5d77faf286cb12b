//! Revisions of one SOP; each refuses another name and other addresses than the one before.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use gapura_lab::daemon::Site;
use gapura_lab::{LabError, addr};
use serde_json::Value;

/// Writes revisions, one after the other.
pub(super) struct Revisions {
    file: PathBuf,
    number: u32,
}

/// An approved revision.
pub(super) struct Revision {
    /// Its number in the office's list.
    id: String,
    /// The name that only this one refuses.
    pub(super) name: String,
    /// The addresses that the one before does not refuse.
    pub(super) addresses: [IpAddr; 2],
}

impl Revisions {
    /// Their text goes to a file in `directory`.
    pub(super) fn new(directory: &Path) -> Self {
        Self { file: directory.join("policy.toml"), number: 0 }
    }

    /// The next one, taken in by one person and approved by another.
    pub(super) fn approved(&mut self, site: &Site) -> Result<Revision, LabError> {
        self.number += 1;
        let name = format!("putaran-{}.ukur.example", self.number);
        // Server 0 and 3 are left open: the gateway probes its uplink there.
        let (v4, v6) = addr::server(if self.number.is_multiple_of(2) { 1 } else { 2 });
        let text = format!(
            r#"
number = "SOP/UKUR/01"
title = "SOP untuk pengukuran"
layer = "regency"
revision = {number}
owner = "Dinas Komunikasi dan Informatika"
legal-basis = ["Keputusan Bupati Nomor 1 Tahun 2026"]
effective-from = 2026-01-01
review-by = 2100-01-01

[[clause]]
number = 1
words = "Nama dan alamat putaran ini diblokir."
citizen = {{ id = "Diblokir untuk pengukuran.", en = "Blocked for a measurement." }}
action = "block"
names = ["{name}"]
addresses = ["{v4}/32", "{v6}/128"]
"#,
            number = self.number,
        );
        fs::write(&self.file, text).map_err(LabError::io(format!("write {}", self.file.display())))?;
        let imported = site.staff(&["sop", "import", &self.file.to_string_lossy()])?;
        let id = imported.pointer("/sops/0/id").and_then(Value::as_i64);
        let id = id.ok_or_else(|| LabError::answer("sop import", imported.to_string()))?.to_string();
        site.staff(&["sop", "approve", &id, "--by", "kepala"])?;
        Ok(Revision { id, name, addresses: [v4.into(), v6.into()] })
    }
}

impl Revision {
    /// Puts it in force: what is measured begins here.
    pub(super) fn publish(&self, site: &Site) -> Result<(), LabError> {
        site.staff(&["sop", "publish", &self.id, "--by", "kepala"]).map(drop)
    }
}
