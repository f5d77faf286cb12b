//! Export and import in open formats: TOML for what people write, CSV (RFC 4180), JSON and lines of JSON for what was recorded,
//! times in UTC, and `manifest.json` with the SHA-256 of every file. Secrets are in none of them.
//!
//! A backup (`backup`) brings a controller back as it was; this takes data to another one, or to another program.

mod documents;
mod reading;
mod table;
mod writing;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use documents::{
    FaqEntry, FaqFile, GroupEntry, GroupsFile, LevelEntry, LevelsFile, MemberEntry, PresetEntry, PresetsFile, SopEntry,
    TermsFile,
};
pub(crate) use reading::{Parcel, read};
pub use table::inert;
pub(crate) use table::{TABLES, Written, line};
pub(crate) use writing::{Piece, write};

/// What can be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Plans.
    Plans,
    /// Versions of terms.
    Terms,
    /// Calendars of holidays.
    Calendars,
    /// What is set above the sites, and which sites are in named groups of settings.
    Settings,
    /// Sites: what each says itself.
    Sites,
    /// Groups of sites that vouchers are made for.
    VoucherGroups,
    /// Presets of the counter.
    Presets,
    /// Frequent questions.
    Faq,
    /// Published SOPs, as drafts.
    Sops,
}

impl Part {
    /// All, each behind those it needs.
    pub const ALL: [Self; 9] = [
        Self::Plans,
        Self::Terms,
        Self::Calendars,
        Self::Settings,
        Self::Sites,
        Self::VoucherGroups,
        Self::Presets,
        Self::Faq,
        Self::Sops,
    ];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plans => "plans",
            Self::Terms => "terms",
            Self::Calendars => "calendars",
            Self::Settings => "settings",
            Self::Sites => "sites",
            Self::VoucherGroups => "voucher-groups",
            Self::Presets => "presets",
            Self::Faq => "faq",
            Self::Sops => "sops",
        }
    }
}

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// 1.
    pub format: u32,
    /// The version of Gapura that made it.
    pub gapura: String,
    /// The time of its picture of the database (UTC).
    pub made: Timestamp,
    /// How to reach visitors is in it.
    pub contacts: bool,
    /// Every other file, in the order in which they were written.
    pub files: Vec<ExportedFile>,
}

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// Its path within the export.
    pub path: String,
    /// How many entries it has: rows, documents.
    pub entries: u64,
    /// Its size.
    pub octets: u64,
    /// SHA-256 over it.
    pub sha256: gapura_wire::Sha256,
}

/// The format that this version writes and reads.
pub(crate) const FORMAT: u32 = 1;
/// The name of the manifest.
pub(crate) const MANIFEST: &str = "manifest.json";

/// An export could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// There is something already.
    #[error("there is {} already: name another place", .0.display())]
    Exists(PathBuf),
    /// A file.
    #[error("cannot {what} {}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It is not, or no longer, what was exported; all that is wrong.
    #[error("{}", .0.join("\n"))]
    Altered(Vec<String>),
    /// Something could not be written as text.
    #[error("cannot write {0} as text: {1}")]
    Text(&'static str, String),
    /// The process is being taken down.
    #[error("stopped while an export was worked on")]
    Stopped,
}
