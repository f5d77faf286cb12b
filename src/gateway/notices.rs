//! How often one and the same trouble is told.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_model::Uptime;

/// At most this many are remembered; one that finds no room is not told now, but when there is some.
const MOST: usize = 4096;

/// Who was spoken of lately: two devices with one address send by turns, thousands of times a second.
#[derive(Debug)]
pub(crate) struct Notices<K> {
    once_in: Duration,
    told: BTreeMap<K, Told>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    at: Uptime,
    /// How often it happened since, untold.
    held: u64,
}

impl<K: Clone + Ord> Notices<K> {
    /// Each is spoken of once in `once_in`.
    pub(crate) const fn once_in(once_in: Duration) -> Self {
        Self { once_in, told: BTreeMap::new() }
    }

    /// It happened to `whom`: how often it did since it was last told, if it is to be told now.
    pub(crate) fn happened(&mut self, whom: &K, at: Uptime) -> Option<u64> {
        if let Some(told) = self.told.get_mut(whom) {
            if told.at.until(at) < self.once_in {
                told.held = told.held.saturating_add(1);
                return None;
            }
            let held = std::mem::replace(told, Told { at, held: 0 }).held;
            return Some(held.saturating_add(1));
        }
        if self.told.len() >= MOST {
            return None;
        }
        self.told.insert(whom.clone(), Told { at, held: 0 });
        Some(1)
    }

    /// Forgets whom nothing happened to for a while.
    pub(crate) fn tidy(&mut self, at: Uptime) {
        let long = self.once_in.saturating_mul(2);
        self.told.retain(|_, told| told.at.until(at) < long);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_notice_a_minute_and_counted() {
        let mut notices = Notices::once_in(Duration::from_mins(1));
        let mut told = Vec::new();
        // Ten a second, for three minutes.
        for tenth in 0..1800 {
            let at = Uptime::new(Duration::from_millis(tenth * 100));
            told.extend(notices.happened(&1, at));
        }
        assert_eq!(told, [1, 600, 600]);
        assert_eq!(notices.happened(&2, Uptime::default()), Some(1), "each device for itself");
        for n in 0..u16::MAX {
            notices.happened(&n, Uptime::default());
        }
        assert_eq!(notices.told.len(), MOST);
        notices.tidy(Uptime::new(Duration::from_mins(15)));
        assert!(notices.told.is_empty());
    }
}
