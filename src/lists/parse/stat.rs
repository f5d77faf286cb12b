//! What was read of a list, and what could not be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::Format;
use crate::{Deed, Entry, Place, Target};

/// Why a line says nothing usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Neither a host name nor anything else its format knows.
    NotAName,
    /// A top-level domain, or everything.
    WholeTld,
    /// A name in another script that has no A-label form.
    NotIdna,
    /// A URL whose path was meant; its host may be a good one.
    Path,
    /// No address, though it looks like one.
    BadAddress,
    /// An address of private or special use: blocking it could cut a site's own network.
    PrivateAddress,
    /// More than a `/8` (IPv6: `/16`).
    TooBroad,
    /// An address in a list of names.
    AddressAmongNames,
    /// A name in a list of addresses.
    NameAmongAddresses,
    /// A rule that a filter of names cannot follow.
    Unsupported,
    /// An RPZ trigger other than QNAME and `rpz-ip`.
    Trigger,
    /// A name outside the policy zone.
    OutOfZone,
    /// Longer than any line that means something.
    TooLong,
    /// Not UTF-8.
    NotText,
}

impl Cause {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotAName => "not a host name",
            Self::WholeTld => "would hold a whole top-level domain",
            Self::NotIdna => "a name that has no A-label form",
            Self::Path => "a URL with a path: its host may be a good one",
            Self::BadAddress => "not an address",
            Self::PrivateAddress => "a private or special address: could cut a site's own network",
            Self::TooBroad => "more than a /8 (IPv6: /16)",
            Self::AddressAmongNames => "an address in a list of names",
            Self::NameAmongAddresses => "a name in a list of addresses",
            Self::Unsupported => "a rule that a filter of names cannot follow",
            Self::Trigger => "an RPZ trigger other than QNAME and rpz-ip",
            Self::OutOfZone => "outside its policy zone",
            Self::TooLong => "longer than 4096 octets",
            Self::NotText => "not UTF-8 text",
        }
    }
}

/// Lines that are bad for one cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bad {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub samples: Vec<Sample>,
}

/// A bad line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Which of the list's files, from 0.
    pub file: u16,
    /// Line of that file, from 1.
    pub line: u32,
    /// Its first 80 characters, harmless ones.
    pub text: String,
}

/// Samples kept of each cause.
const SAMPLES: usize = 3;
const SAMPLE_LENGTH: usize = 80;

/// Counts of one load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stat {
    /// The files read, in the order of [`Place::file`].
    pub files: Vec<String>,
    /// Formats stated or told.
    pub formats: BTreeSet<Format>,
    /// Lines, whatever they say.
    pub lines: u64,
    /// Entries about names.
    pub names: u64,
    /// Entries about addresses.
    pub addresses: u64,
    /// Of these, how many take something out of the list.
    pub exceptions: u64,
    /// What could not be used.
    pub bad: BTreeMap<Cause, Bad>,
    /// Where and why reading ended early, for each file that was cut.
    pub cut: Vec<Sample>,
}

impl Stat {
    /// All bad lines.
    pub fn bad_lines(&self) -> u64 {
        self.bad.values().map(|bad| bad.count).sum()
    }

    pub(super) fn count(&mut self, entry: &Entry) {
        match entry.target {
            Target::Name(..) => self.names += 1,
            Target::Addresses(..) => self.addresses += 1,
        }
        match entry.deed {
            Deed::Hold => {}
            Deed::Except | Deed::Never => self.exceptions += 1,
        }
    }

    pub(super) fn bad(&mut self, cause: Cause, place: Place, text: &str) {
        let bad = self.bad.entry(cause).or_default();
        bad.count += 1;
        if bad.samples.len() < SAMPLES {
            bad.samples.push(sample(place, text));
        }
    }

    pub(crate) fn cut(&mut self, place: Place, why: &str) {
        self.cut.push(sample(place, why));
    }
}

fn sample(place: Place, text: &str) -> Sample {
    let shown = text.trim().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    Sample { file: place.file, line: place.line, text: shown.take(SAMPLE_LENGTH).collect() }
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let formats: Vec<String> = self.formats.iter().map(ToString::to_string).collect();
        writeln!(f, "format      {}", if formats.is_empty() { "none".into() } else { formats.join(", ") })?;
        writeln!(f, "lines       {}", self.lines)?;
        writeln!(f, "names       {}", self.names)?;
        writeln!(f, "addresses   {}", self.addresses)?;
        writeln!(f, "exceptions  {}", self.exceptions)?;
        writeln!(f, "bad         {}", self.bad_lines())?;
        for (cause, bad) in &self.bad {
            writeln!(f, "  {} x {}", bad.count, cause.words())?;
            for sample in &bad.samples {
                writeln!(f, "    {}:{}: {}", self.file(sample.file), sample.line, sample.text)?;
            }
        }
        for cut in &self.cut {
            writeln!(f, "cut         {}:{}: {}", self.file(cut.file), cut.line, cut.text)?;
        }
        Ok(())
    }
}

impl Stat {
    fn file(&self, number: u16) -> &str {
        self.files.get(usize::from(number)).map_or("-", String::as_str)
    }
}
