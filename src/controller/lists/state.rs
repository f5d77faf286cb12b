//! What is known of a list: kept as JSON in the database.

use std::collections::BTreeMap;

use gapura_wire::Sha256;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::https::Validators;

/// What is known of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListState {
    /// What servers last said of its sources, by address.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) sources: BTreeMap<String, Validators>,
    /// When it was last looked for (UTC).
    pub checked: Option<Timestamp>,
    /// Why that went wrong; the edition in force stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What the index is built of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_force: Option<Edition>,
    /// Whether files of that are not as they were kept (a disk, a power cut): they are taken from the source again, and
    /// until then no index is built.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
    /// What waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// What a person turned down: it does not wait again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Sha256>,
}

/// One state of a list's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// Over the hashes of its files.
    pub sha256: Sha256,
    /// What its files are called, in the order of the sources.
    pub files: Vec<String>,
    /// How much is in it, and what of it is protected.
    #[serde(flatten)]
    pub content: gapura_lists::guard::Edition,
    /// Lines that could not be read.
    pub bad: u64,
    /// When it came (UTC).
    pub taken: Timestamp,
}

impl Edition {
    /// The directory of its files within that of the list.
    pub(crate) fn directory(&self) -> String {
        self.sha256.to_string()
    }
}

/// An update that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What came.
    pub edition: Edition,
    /// Why it waits.
    pub why: Vec<String>,
}
