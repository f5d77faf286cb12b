//! Names that were asked for, for reviews of the rules: a count for each day and name, without device or time of day, and only
//! of names that at least three devices asked for. On this router alone, for seven days.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gapura_model::{MacAddr, Name};
use gapura_runtime::atomic_write;
use jiff::civil::Date;

/// Devices that must have asked for a name before it is kept.
const DEVICES: usize = 3;
/// Days kept, today included.
const DAYS: i64 = 7;
/// Names of one day; what comes after is only counted.
const NAMES: usize = 20_000;

/// The names of the day under way, and files of the days before.
pub(crate) struct Asked {
    directory: PathBuf,
    today: Mutex<Today>,
}

struct Today {
    date: Date,
    /// Makes tags of devices that nobody can reverse or compare with another day's; never written down.
    key: [u8; 16],
    names: HashMap<Name, Count>,
    /// Queries for names that found no room.
    beyond: u64,
}

#[derive(Clone, Copy, Default)]
struct Count {
    queries: u32,
    /// Tags of the first devices, until there are enough; 0 is free.
    devices: [u32; DEVICES],
    /// Enough devices asked.
    common: bool,
}

/// Names with their counts over some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The first day counted.
    pub(crate) from: Date,
    /// Today.
    pub(crate) until: Date,
    /// Names that enough devices asked for on a day, with the queries of those days.
    pub(crate) common: BTreeMap<Name, u64>,
    /// Of today, queries for each name that too few devices asked for so far: for totals only.
    pub(crate) rare: Vec<(Name, u64)>,
    /// Today's queries for names beyond the room there is.
    pub(crate) beyond: u64,
}

impl Asked {
    /// Keeps its files in `directory`, which is there; `key` is random. Counting begins with [`Self::resume`].
    pub(crate) fn open(directory: &Path, key: [u8; 16]) -> Self {
        let today = Mutex::new(Today { date: Date::MIN, key, names: HashMap::new(), beyond: 0 });
        Self { directory: directory.to_owned(), today }
    }

    /// Goes on with what is kept of `date`, the day at the site.
    pub(crate) fn resume(&self, date: Date) {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        today.date = date;
        for (name, queries) in read(&self.directory.join(file(date))) {
            let queries = u32::try_from(queries).unwrap_or(u32::MAX);
            today.names.insert(name, Count { queries, devices: [0; DEVICES], common: true });
        }
    }

    /// Counts a query. Never waits: where the counts are being written, one query is not counted.
    pub(crate) fn count(&self, name: &Name, device: MacAddr) {
        let Ok(mut today) = self.today.try_lock() else { return };
        let tag = tag(&today.key, device);
        if !today.names.contains_key(name) && today.names.len() >= NAMES {
            today.beyond += 1;
            return;
        }
        let count = today.names.entry(*name).or_default();
        count.queries = count.queries.saturating_add(1);
        if count.common || count.devices.contains(&tag) {
            return;
        }
        match count.devices.iter_mut().find(|free| **free == 0) {
            Some(free) => *free = tag,
            None => return,
        }
        if count.devices.iter().all(|known| *known != 0) {
            *count = Count { queries: count.queries, devices: [0; DEVICES], common: true };
        }
    }

    /// Writes today's common names down, begins a new day where one has begun, and removes days that are over.
    ///
    /// # Errors
    /// The disk refused; nothing is lost but what a restart would lose.
    pub(crate) fn keep(&self, date: Date, fresh_key: [u8; 16]) -> Result<(), gapura_runtime::AtomicWriteError> {
        let (day, text) = {
            let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
            let common = today.names.iter().filter(|(_, count)| count.common);
            let common: BTreeMap<String, u32> = common.map(|(name, count)| (name.to_string(), count.queries)).collect();
            let day = today.date;
            if day != date {
                *today = Today { date, key: fresh_key, names: HashMap::new(), beyond: 0 };
            }
            (day, serde_json::to_vec(&common).unwrap_or_default())
        };
        atomic_write(&self.directory.join(file(day)), &text, 0o600)?;
        self.prune(date);
        Ok(())
    }

    /// The last seven days.
    pub(crate) fn seen(&self) -> Seen {
        let mut seen = {
            let today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
            let mut seen = Seen {
                from: today.date,
                until: today.date,
                common: BTreeMap::new(),
                rare: Vec::new(),
                beyond: today.beyond,
            };
            for (name, count) in &today.names {
                if count.common {
                    *seen.common.entry(*name).or_default() += u64::from(count.queries);
                } else {
                    seen.rare.push((*name, u64::from(count.queries)));
                }
            }
            seen
        };
        for (date, path) in self.days() {
            if date < seen.until && within(date, seen.until) {
                seen.from = seen.from.min(date);
                for (name, queries) in read(&path) {
                    *seen.common.entry(name).or_default() += queries;
                }
            }
        }
        seen.rare.sort_unstable_by_key(|(name, _)| *name);
        seen
    }

    fn days(&self) -> Vec<(Date, PathBuf)> {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let dated = entries.filter_map(|entry| {
            let name = entry.file_name();
            let date = name.to_str()?.strip_prefix("names-")?.strip_suffix(".json")?.parse().ok()?;
            Some((date, entry.path()))
        });
        dated.collect()
    }

    fn prune(&self, today: Date) {
        for (date, path) in self.days() {
            if !within(date, today)
                && let Err(error) = std::fs::remove_file(&path)
            {
                tracing::warn!(%error, "counts of names that are over could not be removed");
            }
        }
    }
}

fn file(date: Date) -> String {
    format!("names-{date}.json")
}

/// Whether a day is one of the last seven. A day in the future (a clock that was wrong) is not.
fn within(date: Date, today: Date) -> bool {
    date.until(today).is_ok_and(|span| (0..DAYS).contains(&i64::from(span.get_days())))
}

fn read(path: &Path) -> Vec<(Name, u64)> {
    let Ok(text) = std::fs::read(path) else { return Vec::new() };
    let names: BTreeMap<String, u64> = serde_json::from_slice(&text).unwrap_or_default();
    names.into_iter().filter_map(|(name, queries)| Some((name.parse().ok()?, queries))).collect()
}

/// Never 0. Tags live in memory for a day; the key keeps two routers' and two days' tags apart.
fn tag(key: &[u8; 16], device: MacAddr) -> u32 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.write(&device.octets());
    u32::try_from(hasher.finish() >> 32).unwrap_or_default().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(last: u8) -> MacAddr {
        format!("02:00:00:00:00:{last:02x}").parse().unwrap()
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn scratch(what: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("gapura-asked-{what}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    fn opened(directory: &Path, date: &str, key: u8) -> Asked {
        let asked = Asked::open(directory, [key; 16]);
        asked.resume(day(date));
        asked
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn only_names_of_three_devices_are_kept() {
        let directory = scratch("three");
        let asked = opened(&directory, "2026-11-22", 1);
        for _ in 0..10 {
            asked.count(&name("rahasia.example"), mac(1));
            asked.count(&name("rahasia.example"), mac(2));
        }
        for device in 1..=3 {
            asked.count(&name("berita.example"), mac(device));
        }
        asked.count(&name("berita.example"), mac(1));
        asked.keep(day("2026-11-22"), [2; 16]).unwrap();
        let seen = asked.seen();
        assert_eq!(seen.common, BTreeMap::from([(name("berita.example"), 4)]));
        assert_eq!(seen.rare, [(name("rahasia.example"), 20)]);
        let files: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|file| file.unwrap().path()).collect();
        let kept: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
        assert_eq!(kept, r#"{"berita.example":4}"#, "neither rare names nor devices reach the disk");
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn days_go_on_over_a_restart_and_end_after_seven() {
        let directory = scratch("days");
        let asked = opened(&directory, "2026-11-20", 1);
        for device in 1..=3 {
            asked.count(&name("a.example"), mac(device));
        }
        asked.keep(day("2026-11-20"), [1; 16]).unwrap();
        let asked = opened(&directory, "2026-11-20", 2);
        asked.count(&name("a.example"), mac(9));
        asked.keep(day("2026-11-21"), [3; 16]).unwrap();
        for device in 1..=3 {
            asked.count(&name("a.example"), mac(device));
        }
        assert_eq!(asked.seen().common, BTreeMap::from([(name("a.example"), 7)]));
        asked.keep(day("2026-11-27"), [4; 16]).unwrap();
        assert_eq!(asked.seen().common, BTreeMap::from([(name("a.example"), 3)]), "the 20th is over");
        asked.keep(day("2026-11-28"), [5; 16]).unwrap();
        assert!(asked.seen().common.is_empty());
        std::fs::remove_dir_all(directory).unwrap();
    }
}
