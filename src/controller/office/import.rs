//! An export is taken in, in one transaction: all of it, or all that is wrong with it.

mod counter;
mod network;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gapura_model::SiteId;
use gapura_store::Tx;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::publish::Scope;
use super::{Actor, Change, Office, OfficeError, Published};
use crate::exchange::{ExchangeError, Parcel, Part, read};
use crate::why::Why;

/// What of an export is taken in, and how.
#[derive(Clone, Debug)]
pub struct ImportOrder {
    /// These parts.
    pub only: BTreeSet<Part>,
    /// Replace what is there in other words.
    pub replace: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What was taken in.
#[derive(Clone, Debug, Serialize)]
pub struct TakenIn {
    /// When the export was made (UTC).
    pub made: Timestamp,
    /// Nothing was kept.
    pub dry_run: bool,
    /// Part by part.
    pub parts: Vec<PartTaken>,
    /// What is in the export and is never taken in, and what to do.
    pub not_taken: Vec<String>,
    /// Bundles that were published.
    pub published: Vec<Published>,
}

/// What was taken in of a part.
#[derive(Clone, Debug, Serialize)]
pub struct PartTaken {
    /// Which.
    pub part: Part,
    /// What was not there before.
    pub added: Vec<String>,
    /// What was there in other words.
    pub replaced: Vec<String>,
    /// How many were there as they are in the export.
    pub same: u64,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

impl Office {
    /// Takes an export in: everything that `order` names, or nothing.
    pub async fn import(&self, source: &Path, order: &ImportOrder, who: &Actor) -> Result<TakenIn, OfficeError> {
        let path = source.to_owned();
        let parcel = tokio::task::spawn_blocking(move || read(&path)).await.map_err(|_| ExchangeError::Stopped)??;
        let not_taken = not_taken(&parcel);
        let (made, sha256) = (parcel.manifest.made, parcel.sha256);
        let tx = self.store.write().await?;
        let mut taking = Taking {
            office: self,
            tx,
            who,
            order,
            texts: parcel.texts,
            mistakes: Vec::new(),
            unsettled: BTreeSet::new(),
            parts: BTreeMap::new(),
        };
        for part in Part::ALL.into_iter().filter(|part| order.only.contains(part)) {
            taking.take(part).await?;
        }
        // Until all that is above the sites stands as the export has it, nothing can be said about them.
        if taking.mistakes.is_empty() {
            let settled = self.settle_all(&mut taking.tx).await;
            taking.fold("", settled)?;
        }
        let mut published = Vec::new();
        if taking.mistakes.is_empty() {
            let done = self.publish_in(&mut taking.tx, Scope::All).await;
            published = taking.fold("", done)?.unwrap_or_default();
        }
        if !taking.mistakes.is_empty() {
            return Err(OfficeError::Mistakes(taking.mistakes));
        }
        let parts: Vec<PartTaken> = taking.parts.into_values().collect();
        let counts = |part: &PartTaken| {
            let PartTaken { added, replaced, same, left_out, .. } = part;
            let (added, replaced, left_out) = (added.len(), replaced.len(), left_out.len());
            format!("{} +{added} ~{replaced} ={same} -{left_out}", part.part.as_str())
        };
        let after = parts.iter().map(counts).collect::<Vec<_>>().join(", ");
        let before = format!("{} of {made}, manifest {sha256}", source.display());
        let mut tx = taking.tx;
        let change = Change { action: "import", object: "import".to_owned(), before: &before, after: &after };
        self.note(&mut tx, who, change).await?;
        if !order.dry_run {
            tx.commit().await?;
        }
        Ok(TakenIn { made, dry_run: order.dry_run, parts, not_taken, published })
    }
}

/// What an export holds for other programs only.
fn not_taken(parcel: &Parcel) -> Vec<String> {
    let told = [
        ("accounts.csv", "accounts", "passwords are not exported: make each anew with `account set`"),
        ("people.csv", "people", "passwords are not exported: add each with `admin create`, then give the roles"),
        ("vouchers.csv", "vouchers", "codes are not exported: make new ones"),
        ("gateways.csv", "gateways", "keys are not exported: enrol each with `gateway code`"),
        ("requests.json", "requests", "records come back with a backup (`restore`)"),
        ("usage/visits.csv", "visits", "records come back with a backup (`restore`)"),
    ];
    let count = |path: &str| parcel.manifest.files.iter().find(|file| file.path == path).map_or(0, |file| file.entries);
    let some = told.into_iter().filter(|(path, ..)| count(path) > 0);
    some.map(|(path, what, why)| format!("{} {what} not taken in: {why}", count(path))).collect()
}

/// An import that is going on.
struct Taking<'a> {
    office: &'a Office,
    tx: Tx,
    who: &'a Actor,
    order: &'a ImportOrder,
    texts: BTreeMap<String, String>,
    mistakes: Vec<Why>,
    /// New sites of which nothing comes: what else names them is no mistake of its own.
    unsettled: BTreeSet<SiteId>,
    parts: BTreeMap<Part, PartTaken>,
}

impl Taking<'_> {
    async fn take(&mut self, part: Part) -> Result<(), OfficeError> {
        self.part(part);
        match part {
            Part::Plans => self.plans().await,
            Part::Terms => self.terms().await,
            Part::Calendars => self.calendars().await,
            Part::Settings => self.levels().await,
            Part::Sites => self.sites().await,
            Part::VoucherGroups => self.groups().await,
            Part::Presets => self.presets().await,
            Part::Faq => self.faq().await,
            Part::Sops => self.sops().await,
        }
    }

    fn part(&mut self, part: Part) -> &mut PartTaken {
        let none = PartTaken { part, added: Vec::new(), replaced: Vec::new(), same: 0, left_out: Vec::new() };
        self.parts.entry(part).or_insert(none)
    }

    fn wrong(&mut self, what: &str, why: impl std::fmt::Display) {
        self.mistakes.push(Why::plain(if what.is_empty() { why.to_string() } else { format!("{what}: {why}") }));
    }

    fn all_wrong<T: std::fmt::Display>(&mut self, what: &str, all: impl IntoIterator<Item = T>) {
        for why in all {
            self.wrong(what, why);
        }
    }

    /// What is wrong is kept with the rest; what keeps all from going on is not.
    fn fold<T>(&mut self, what: &str, done: Result<T, OfficeError>) -> Result<Option<T>, OfficeError> {
        match done {
            Ok(done) => return Ok(Some(done)),
            Err(OfficeError::Mistakes(mistakes)) => self.all_wrong(what, mistakes),
            Err(OfficeError::Sop(problems)) => self.all_wrong(what, problems),
            Err(error @ (OfficeError::Refused(_) | OfficeError::NotFound { .. })) => self.wrong(what, error),
            Err(error) => return Err(error),
        }
        Ok(None)
    }

    /// A document of the export; none where it has none or it cannot be read.
    fn toml<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let text = self.texts.get(path)?;
        match toml::from_str(text) {
            Ok(document) => Some(document),
            Err(error) => {
                let why = error.to_string();
                self.wrong(path, why.trim());
                None
            }
        }
    }

    /// The documents of a directory, by the names of their files.
    fn all<T: DeserializeOwned>(&mut self, directory: &str) -> Vec<(String, T)> {
        let paths: Vec<String> = self.texts.keys().filter(|path| path.starts_with(directory)).cloned().collect();
        let mut all = Vec::new();
        for path in paths {
            let name = path.strip_prefix(directory).and_then(|name| name.strip_suffix(".toml")).map(str::to_owned);
            all.extend(name.zip(self.toml(&path)));
        }
        all
    }

    /// Whether it is to be written: it is not there, or it is to be replaced.
    fn differs<T: PartialEq>(&mut self, part: Part, name: &str, before: Option<&T>, after: &T) -> bool {
        match before {
            Some(before) if before == after => {
                self.part(part).same += 1;
                false
            }
            Some(_) if self.order.replace => {
                self.part(part).replaced.push(name.to_owned());
                true
            }
            Some(_) => {
                self.wrong(
                    part.as_str(),
                    format!("{name} is there in other words: --replace lets the export have its way"),
                );
                false
            }
            None => {
                self.part(part).added.push(name.to_owned());
                true
            }
        }
    }

    async fn note(&mut self, action: &'static str, object: String, texts: (&str, &str)) -> Result<(), OfficeError> {
        let change = Change { action, object, before: texts.0, after: texts.1 };
        self.office.note(&mut self.tx, self.who, change).await
    }
}
