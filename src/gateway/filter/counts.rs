//! How often which clause and list answered "no", by hour. Totals of the site, never a person, never a name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gapura_model::ListId;
use gapura_runtime::atomic_write;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Hours kept until the controller has them: five weeks without it.
const HOURS: usize = 24 * 35;
/// Counts of one hour; a site's SOPs have far fewer clauses and lists.
const IN_AN_HOUR: usize = 4_096;

/// What said no.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Cause {
    /// The SOP's number.
    pub(crate) sop: String,
    /// The clause in it.
    pub(crate) clause: String,
    /// The list that held the name; none where the clause names it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) list: Option<ListId>,
}

/// Totals by hour.
pub(crate) struct Counts {
    path: PathBuf,
    hours: Mutex<Hours>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Hours {
    /// Drawn when counting began from zero.
    run: Uuid,
    /// By the second at which the hour begins (Unix time).
    by_hour: BTreeMap<i64, Vec<(Cause, u64)>>,
    /// The last hour the controller has as it ended.
    #[serde(default)]
    told: Option<i64>,
}

/// The totals of one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hour {
    /// When it began (UTC).
    pub(crate) begins: Timestamp,
    /// Each cause once.
    pub(crate) totals: Vec<(Cause, u64)>,
}

impl Counts {
    /// Goes on with what is kept in `directory`. A file that cannot be read is begun anew: it holds nothing that is owed.
    pub(crate) fn open(directory: &Path) -> Self {
        let path = directory.join("filter-counts.json");
        let kept = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let anew = || Hours { run: Uuid::new_v4(), by_hour: BTreeMap::new(), told: None };
        Self { path, hours: Mutex::new(kept.unwrap_or_else(anew)) }
    }

    /// Which counting this is.
    pub(crate) fn run(&self) -> Uuid {
        self.hours.lock().unwrap_or_else(PoisonError::into_inner).run
    }

    /// Adds totals to the hour of `now`.
    pub(crate) fn add(&self, now: Timestamp, totals: impl IntoIterator<Item = (Cause, u64)>) {
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = hours.by_hour.entry(hour_of(now)).or_default();
        for (cause, count) in totals {
            if let Some((_, sum)) = hour.iter_mut().find(|(known, _)| *known == cause) {
                *sum = sum.saturating_add(count);
            } else if hour.len() < IN_AN_HOUR {
                hour.push((cause, count));
            }
        }
        if hour.is_empty() {
            hours.by_hour.remove(&hour_of(now));
        }
        while hours.by_hour.len() > HOURS {
            hours.by_hour.pop_first();
        }
    }

    /// The hours that the controller has not, or has not whole, oldest first; at most `most`.
    pub(crate) fn untold(&self, most: usize) -> Vec<Hour> {
        let hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let after = hours.told.unwrap_or(i64::MIN);
        let untold = hours.by_hour.iter().filter(|(begins, _)| **begins > after).take(most);
        let whole = untold.filter_map(|(begins, totals)| {
            let mut totals = totals.clone();
            totals.sort();
            Some(Hour { begins: Timestamp::from_second(*begins).ok()?, totals })
        });
        whole.collect()
    }

    /// The controller has these hours. The one under way is told again.
    pub(crate) fn told(&self, now: Timestamp, last: Timestamp) {
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = last.as_second().min(hour_of(now) - 3_600);
        hours.told = hours.told.max(Some(whole));
        // What was told and is a day old is kept for nobody.
        let old = whole - 24 * 3_600;
        hours.by_hour.retain(|begins, _| *begins > old);
    }

    /// Writes everything down.
    ///
    /// # Errors
    /// The disk refused.
    pub(crate) fn keep(&self) -> Result<(), gapura_runtime::AtomicWriteError> {
        let text = {
            let hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
            serde_json::to_vec(&*hours).unwrap_or_default()
        };
        atomic_write(&self.path, &text, 0o600)
    }
}

fn hour_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3_600) * 3_600
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(clause: &str) -> Cause {
        Cause { sop: "12/2026".to_owned(), clause: clause.to_owned(), list: Some("judi".parse().unwrap()) }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn hours_are_told_until_the_controller_has_them_whole() {
        let directory = std::env::temp_dir().join(format!("gapura-counts-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let counts = Counts::open(&directory);
        counts.add(at("2026-11-22T01:10:00Z"), [(cause("3"), 2), (cause("1"), 1)]);
        counts.add(at("2026-11-22T01:50:00Z"), [(cause("3"), 5)]);
        counts.add(at("2026-11-22T02:10:00Z"), [(cause("3"), 1)]);
        let untold = counts.untold(100);
        assert_eq!(untold.len(), 2);
        assert_eq!(untold[0].totals, [(cause("1"), 1), (cause("3"), 7)]);
        counts.keep().unwrap();
        let counts = Counts::open(&directory);
        counts.told(at("2026-11-22T02:11:00Z"), untold[1].begins);
        counts.add(at("2026-11-22T02:12:00Z"), [(cause("3"), 1)]);
        let again = counts.untold(100);
        assert_eq!(again.len(), 1, "the hour under way is told again, whole");
        assert_eq!(again[0].totals, [(cause("3"), 2)]);
        counts.add(at("2026-11-22T02:13:00Z"), []);
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn weeks_without_the_controller_are_bounded() {
        let counts = Counts::open(Path::new("/nonexistent"));
        let begin = at("2026-01-01T00:00:00Z");
        for hour in 0..2_000 {
            counts.add(begin + jiff::SignedDuration::from_hours(hour), [(cause("1"), 1)]);
        }
        assert_eq!(counts.untold(10_000).len(), HOURS);
    }
}
