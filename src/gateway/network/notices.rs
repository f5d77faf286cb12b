//! How often one and the same trouble is told.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_model::{DeviceId, Uptime};

/// A device is spoken of once in this time.
const ONCE_IN: Duration = Duration::from_mins(1);

/// At most this many devices are remembered; one that finds no room is not told now, but when there is some.
const MOST: usize = 4096;

/// Who was spoken of in the last minute: two devices with one address send by turns, thousands of times a second.
#[derive(Debug, Default)]
pub(super) struct Notices(BTreeMap<DeviceId, Told>);

#[derive(Clone, Copy, Debug)]
struct Told {
    at: Uptime,
    /// How often it happened since, untold.
    held: u64,
}

impl Notices {
    /// It happened to `device`: how often it did since it was last told, if it is to be told now.
    pub(super) fn happened(&mut self, device: &DeviceId, at: Uptime) -> Option<u64> {
        if let Some(told) = self.0.get_mut(device) {
            if told.at.until(at) < ONCE_IN {
                told.held = told.held.saturating_add(1);
                return None;
            }
            let held = std::mem::replace(told, Told { at, held: 0 }).held;
            return Some(held.saturating_add(1));
        }
        if self.0.len() >= MOST {
            return None;
        }
        self.0.insert(device.clone(), Told { at, held: 0 });
        Some(1)
    }

    /// Forgets whom nothing happened to for a while.
    pub(super) fn tidy(&mut self, at: Uptime) {
        self.0.retain(|_, told| told.at.until(at) < 2 * ONCE_IN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_notice_a_minute_and_counted() {
        let mut notices = Notices::default();
        let device = |n: u16| {
            let [high, low] = n.to_be_bytes();
            DeviceId { lan: "br-lan".parse().unwrap(), mac: gapura_model::MacAddr::new([2, 0, 0, 0, high, low]) }
        };
        let mut told = Vec::new();
        // Ten a second, for three minutes.
        for tenth in 0..1800 {
            let at = Uptime::new(Duration::from_millis(tenth * 100));
            told.extend(notices.happened(&device(1), at));
        }
        assert_eq!(told, [1, 600, 600]);
        assert_eq!(notices.happened(&device(2), Uptime::default()), Some(1), "each device for itself");
        for n in 0..u16::MAX {
            notices.happened(&device(n), Uptime::default());
        }
        assert_eq!(notices.0.len(), MOST);
        notices.tidy(Uptime::new(Duration::from_mins(15)));
        assert!(notices.0.is_empty());
    }
}
