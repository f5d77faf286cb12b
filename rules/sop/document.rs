//! An SOP as it was read: one document, its clauses and exceptions.

use std::fmt;

use gapura_model::{BitRate, CategoryId, ListId};
use jiff::civil::Date;

use super::problem::{Located, Span};
use super::safe_search::SearchRule;
use super::scope::Scope;
use super::target::{NameTarget, Prefix, Service};
use super::times::WeekHours;

/// Whose SOP it is. A higher layer (national is the highest) may bind the lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The ministry's.
    National,
    /// The province's.
    Province,
    /// The regency's or city's.
    Regency,
    /// An agency's (perangkat daerah).
    Agency,
    /// The site's own.
    Site,
}

impl Layer {
    /// All of them, the highest first.
    pub const ALL: [Self; 5] = [Self::National, Self::Province, Self::Regency, Self::Agency, Self::Site];

    /// What documents call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::National => "national",
            Self::Province => "province",
            Self::Regency => "regency",
            Self::Agency => "agency",
            Self::Site => "site",
        }
    }

    /// 0 for national to 4 for site.
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a blocked name is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The name does not exist.
    #[default]
    Nxdomain,
    /// The name exists and has no address.
    Nodata,
    /// The block page's address, for names visited over plain HTTP.
    Page,
}

/// Why a name is blocked, as resolvers say it (extended DNS errors, RFC 8914).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ede {
    /// 15: by policy of whoever runs this network.
    Blocked,
    /// 16: by order from outside, as TrustPositif is.
    Censored,
    /// 17: because those who use it asked for it, as for children's PCs.
    Filtered,
}

impl Ede {
    /// The INFO-CODE of RFC 8914.
    pub const fn code(self) -> u16 {
        match self {
            Self::Blocked => 15,
            Self::Censored => 16,
            Self::Filtered => 17,
        }
    }
}

/// What a clause does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Refuses its targets.
    Block,
    /// Lets its targets through.
    Open,
    /// Lets its targets through, also before login.
    OpenBeforeLogin,
    /// Sets safe search of search engines and YouTube.
    SafeSearch(SearchRule),
    /// Slows its targets down to this rate; `None` lifts another clause's.
    Throttle(Option<BitRate>),
}

impl Deed {
    /// What documents call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Open => "open",
            Self::OpenBeforeLogin => "open-before-login",
            Self::SafeSearch(_) => "safe-search",
            Self::Throttle(_) => "throttle",
        }
    }
}

/// Text for people in two languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Words {
    /// Bahasa Indonesia.
    pub id: String,
    /// English; empty where the document has none.
    pub en: String,
}

/// What a clause or an exception is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Targets {
    pub(super) all: bool,
    pub(super) categories: Vec<Located<CategoryId>>,
    pub(super) lists: Vec<Located<ListId>>,
    pub(super) names: Vec<Located<NameTarget>>,
    pub(super) addresses: Vec<Located<Prefix>>,
    pub(super) services: Vec<Located<Service>>,
}

impl Targets {
    pub(super) fn is_empty(&self) -> bool {
        !self.all && !self.has_lists() && self.names.is_empty() && self.addresses.is_empty() && self.services.is_empty()
    }

    /// Whether it names lists, by themselves or by category.
    pub(super) fn has_lists(&self) -> bool {
        !(self.lists.is_empty() && self.categories.is_empty())
    }

    /// Everything named, as the document writes it.
    pub(super) fn words(&self) -> Vec<String> {
        let all = self.all.then(|| "all names".to_owned());
        let categories = self.categories.iter().map(|category| format!("category {}", category.value));
        let lists = self.lists.iter().map(|list| format!("list {}", list.value));
        let names = self.names.iter().map(|name| name.value.to_string());
        let addresses = self.addresses.iter().map(|prefix| prefix.value.to_string());
        let services = self.services.iter().map(|service| service.value.to_string());
        all.into_iter().chain(services).chain(categories).chain(lists).chain(names).chain(addresses).collect()
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words();
        if words.is_empty() { f.write_str("nothing") } else { f.write_str(&words.join(", ")) }
    }
}

/// One numbered clause.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) number: String,
    pub(super) words: String,
    pub(super) citizen: Words,
    pub(super) deed: Deed,
    pub(super) targets: Targets,
    pub(super) scope: Scope,
    pub(super) hours: Option<WeekHours>,
    pub(super) mandatory: bool,
    pub(super) answer: Answer,
    pub(super) ede: Ede,
    pub(super) at: Span,
}

/// A way out of clauses of the same document, for a time.
#[derive(Clone, Debug)]
pub struct Exception {
    pub(super) of: Vec<Located<String>>,
    pub(super) targets: Targets,
    pub(super) scope: Scope,
    pub(super) reason: String,
    pub(super) author: String,
    pub(super) from: Option<Date>,
    /// The last day.
    pub(super) until: Located<Date>,
}

impl Exception {
    /// Why it was made.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Who made it.
    pub fn author(&self) -> &str {
        &self.author
    }

    /// The last day it holds.
    pub const fn until(&self) -> Date {
        self.until.value
    }

    pub(super) fn is_of(&self, clause: &Clause) -> bool {
        self.of.iter().any(|of| of.value == clause.number)
    }

    pub(super) fn is_live(&self, today: Date) -> bool {
        self.from.is_none_or(|from| from <= today) && today <= self.until.value
    }
}

/// One SOP document.
#[derive(Clone, Debug)]
pub struct Sop {
    pub(super) file: String,
    pub(super) text: String,
    pub(super) number: Located<String>,
    pub(super) title: String,
    pub(super) layer: Layer,
    pub(super) revision: u32,
    pub(super) owner: String,
    pub(super) legal_basis: Vec<Located<String>>,
    pub(super) effective_from: Date,
    pub(super) review_by: Located<Date>,
    pub(super) scope: Scope,
    /// In the order of their numbers, wherever they stand.
    pub(super) clauses: Vec<Clause>,
    pub(super) exceptions: Vec<Exception>,
}

impl Sop {
    /// Its number, for example `SOP/73.07/KOMINFO/01`.
    pub fn number(&self) -> &str {
        &self.number.value
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whose it is.
    pub const fn layer(&self) -> Layer {
        self.layer
    }

    /// Which revision of it this is.
    pub const fn revision(&self) -> u32 {
        self.revision
    }

    /// Where and for whom it holds.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Who answers for it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// What it rests on.
    pub fn legal_basis(&self) -> impl Iterator<Item = &str> {
        self.legal_basis.iter().map(|basis| basis.value.as_str())
    }

    /// Ways out of its clauses.
    pub fn exceptions(&self) -> &[Exception] {
        &self.exceptions
    }

    /// The first day it is in force.
    pub const fn effective_from(&self) -> Date {
        self.effective_from
    }

    /// The day by which someone has to look at it again; it stays in force beyond.
    pub const fn review_by(&self) -> Date {
        self.review_by.value
    }
}

/// Orders `2` before `10` and `3a` after `3`.
pub(super) fn by_number(one: &str, other: &str) -> std::cmp::Ordering {
    let parts = |text: &str| {
        let mut parts: Vec<(u64, String)> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at(digits);
            let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (word, next) = after.split_at(letters);
            parts.push((number.parse().unwrap_or(u64::MAX), word.to_owned()));
            rest = next;
        }
        parts
    };
    parts(one).cmp(&parts(other)).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_ordered_as_people_number_them() {
        let mut numbers = ["10", "2", "3a", "3", "3.2", "3.10", "a"];
        numbers.sort_by(|one, other| by_number(one, other));
        assert_eq!(numbers, ["2", "3", "3.2", "3.10", "3a", "10", "a"]);
    }
}
