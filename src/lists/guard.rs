//! The delta guard: an update that changes a list too much, or hits what must not be hit, waits for a person. The old one stays.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use gapura_model::{Name, NamePattern};
use serde::{Deserialize, Serialize};

use crate::parse::Stat;
use crate::{Deed, Entry, Place, Target};

/// Lists smaller than this change by large shares every day: their size is not judged.
const SMALL: u64 = 100;
/// Protected things told of one load. Where there are more, names below protected ones are not judged: which of them are new
/// could not be told.
const MOST_HITS: usize = 10_000;

/// What must not be on a list.
#[derive(Clone, Debug, Default)]
pub struct Protected {
    exact: BTreeSet<Vec<u8>>,
    below: BTreeSet<Vec<u8>>,
    /// Suffixes of all of these: a line about one of them reaches a protected name.
    above: BTreeMap<Vec<u8>, Vec<Name>>,
    addresses: Vec<(IpAddr, IpAddr)>,
}

impl Protected {
    /// Protects a name, or (`*.go.id`) every name below one.
    pub fn name(&mut self, pattern: NamePattern) {
        let name = match pattern {
            NamePattern::Exact(name) => {
                self.exact.insert(name.wire().to_vec());
                name
            }
            NamePattern::Below(name) => {
                self.below.insert(name.wire().to_vec());
                name
            }
        };
        for suffix in name.suffixes() {
            self.above.entry(suffix.to_vec()).or_default().push(name);
        }
    }

    /// Protects addresses from the first to the last, of one family.
    pub fn addresses(&mut self, first: IpAddr, last: IpAddr) {
        self.addresses.push((first, last));
    }

    /// Watches one load.
    pub fn watch(&self) -> Watch<'_> {
        Watch { protected: self, held: BTreeMap::new(), freed: BTreeSet::new(), more: false }
    }
}

/// A protected name or address that a list would hold, and the line that does it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hit {
    /// What is protected.
    pub protected: String,
    /// The line's file, from 0, and line, from 1.
    pub file: u16,
    /// See `file`.
    pub line: u32,
    /// Whether it is one of many below a protected name, not one that was named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub below: bool,
}

/// Watches the lines of one load for what is protected.
#[derive(Debug)]
pub struct Watch<'a> {
    protected: &'a Protected,
    /// Where, and whether it is below a protected name.
    held: BTreeMap<String, (Place, bool)>,
    freed: BTreeSet<String>,
    more: bool,
}

impl Watch<'_> {
    /// Looks at a line.
    pub fn see(&mut self, entry: &Entry, place: Place) {
        match entry.target {
            Target::Name(name, reach) => {
                if reach.below() || reach.here() && self.protected.exact.contains(name.wire()) {
                    for protected in self.protected.above.get(name.wire()).into_iter().flatten() {
                        // `*.example.com` does not reach example.com itself.
                        if reach.here() || *protected != name || self.protected.below.contains(name.wire()) {
                            self.note(protected.to_string(), entry.deed, (place, false));
                        }
                    }
                }
                if !self.protected.below.is_empty() {
                    let under = name.suffixes().skip(1).any(|parent| self.protected.below.contains(parent));
                    if under {
                        self.note(name.to_string(), entry.deed, (place, true));
                    }
                }
            }
            Target::Addresses(first, last) => {
                for (start, end) in &self.protected.addresses {
                    if start.is_ipv4() == first.is_ipv4() && *start <= last && first <= *end && entry.deed == Deed::Hold
                    {
                        let range = crate::parse::range_text(*start, *end);
                        self.note(range, entry.deed, (place, false));
                    }
                }
            }
        }
    }

    fn note(&mut self, protected: String, deed: Deed, at: (Place, bool)) {
        match deed {
            // What was named itself is told of in any case: there are few of them.
            Deed::Hold if at.1 && self.held.len() >= MOST_HITS => self.more = true,
            Deed::Hold => {
                let known = self.held.entry(protected).or_insert(at);
                known.1 &= at.1;
            }
            // Of the name itself or of a parent: in doubt (a longer line that holds it again) a person looks at the next update.
            Deed::Except | Deed::Never => {
                self.freed.insert(protected);
            }
        }
    }

    /// What the list would hold of what is protected.
    pub fn hits(&self) -> Vec<Hit> {
        let hit = |(protected, (place, below)): (&String, &(Place, bool))| Hit {
            protected: protected.clone(),
            file: place.file,
            line: place.line,
            below: *below,
        };
        self.held.iter().filter(|(name, _)| !self.freed.contains(*name)).map(hit).collect()
    }
}

/// What is kept of an accepted edition of a list, to judge the next one by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// Entries about names.
    pub names: u64,
    /// Entries about addresses.
    pub addresses: u64,
    /// Protected things it holds, which a person has seen.
    pub hits: Vec<Hit>,
    /// Whether all names below protected ones are among them: only then can be told which are new in the next edition.
    #[serde(default)]
    pub below: bool,
}

impl Edition {
    /// Of a load.
    pub fn of(stat: &Stat, watch: &Watch<'_>) -> Self {
        Self { names: stat.names, addresses: stat.addresses, hits: watch.hits(), below: !watch.more }
    }
}

/// How much a list may change at once, percent of what it held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// By how much it may shrink.
    pub shrink: u8,
    /// By how much it may grow.
    pub grow: u8,
}

/// What becomes of an update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "decision", content = "why")]
pub enum Decision {
    /// It takes the old one's place.
    Accept,
    /// It waits for a person; the old one stays.
    Hold(Vec<Why>),
}

/// Why an update waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "cause")]
pub enum Why {
    /// It holds nothing.
    Empty,
    /// It was cut short.
    Cut,
    /// It lost more than it may.
    Shrunk {
        /// Entries before.
        from: u64,
        /// Entries now.
        to: u64,
        /// Percent allowed.
        allowed: u8,
    },
    /// It gained more than it may.
    Grown {
        /// Entries before.
        from: u64,
        /// Entries now.
        to: u64,
        /// Percent allowed.
        allowed: u8,
    },
    /// It holds something protected that the old one did not.
    Protected(Hit),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "it holds nothing"),
            Self::Cut => write!(f, "it was cut short"),
            Self::Shrunk { from, to, allowed } => {
                write!(f, "it shrank from {from} to {to} entries ({allowed} % is allowed)")
            }
            Self::Grown { from, to, allowed } => {
                write!(f, "it grew from {from} to {to} entries ({allowed} % is allowed)")
            }
            Self::Protected(hit) => {
                write!(f, "it would hold {}, which is protected (line {})", hit.protected, hit.line)
            }
        }
    }
}

/// Judges an update. A list's first edition has no size to be judged by, but is judged by what is protected by name. Names
/// below a protected one count where they are new: what stands on a list when it is taken up (servers that were broken into
/// and list makers found) is what it was chosen with.
pub fn judge(old: Option<&Edition>, new: &Edition, stat: &Stat, allowed: Allowed) -> Decision {
    let mut why = Vec::new();
    let to = new.names + new.addresses;
    if to == 0 {
        why.push(Why::Empty);
    }
    if !stat.cut.is_empty() {
        why.push(Why::Cut);
    }
    let from = old.map_or(0, |old| old.names + old.addresses);
    if from >= SMALL && to > 0 {
        let beyond = |by: u64, percent: u8| u128::from(by) * 100 > u128::from(from) * u128::from(percent);
        if beyond(from.saturating_sub(to), allowed.shrink) {
            why.push(Why::Shrunk { from, to, allowed: allowed.shrink });
        }
        if beyond(to.saturating_sub(from), allowed.grow) {
            why.push(Why::Grown { from, to, allowed: allowed.grow });
        }
    }
    let known: BTreeSet<&str> = old.into_iter().flat_map(|old| &old.hits).map(|hit| hit.protected.as_str()).collect();
    let told_apart = new.below && old.is_some_and(|old| old.below);
    let counts = |hit: &&Hit| !known.contains(hit.protected.as_str()) && (!hit.below || told_apart);
    why.extend(new.hits.iter().filter(counts).cloned().map(Why::Protected));
    if why.is_empty() { Decision::Accept } else { Decision::Hold(why) }
}
