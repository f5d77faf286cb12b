//! Slows down the guessing of codes and passwords: by device, and over the whole site.
//!
//! A right code is never refused for what others did: a device that typed nothing wrong waits at most [`PRESSURE_WAIT`],
//! once, while somebody guesses with ever new addresses.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_model::{DeviceId, Uptime};

/// Wrong codes a device may type without waiting.
const FREE: u32 = 3;
/// The first wait; doubled with each wrong code after that.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A device that typed nothing wrong for this long starts anew.
const FORGET: Duration = Duration::from_secs(900);
/// Wrong codes of the whole site before everybody is slowed: this many at once, then one more every second.
const SITE_BURST: u32 = 60;
/// What a device without wrong codes waits, once, while the site is under pressure.
pub(crate) const PRESSURE_WAIT: Duration = Duration::from_secs(3);
/// Devices remembered; beyond, the one that waited longest ago is forgotten.
const REMEMBERED: usize = 20_000;

/// What is known of wrong tries.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    devices: BTreeMap<DeviceId, Tries>,
    /// Wrong codes of the site that the second-by-second allowance has not yet made good.
    site: u32,
    site_at: Uptime,
    /// Wrong tries ever, for the tallies.
    pub(crate) wrong: u64,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    until: Uptime,
    last: Uptime,
}

impl Guesses {
    /// How long this device still has to wait.
    pub(crate) fn wait(&self, device: &DeviceId, now: Uptime) -> Option<Duration> {
        let left = now.until(self.devices.get(device)?.until);
        (left > Duration::ZERO).then_some(left)
    }

    /// Asks to try a code: `Some` is how long to wait first.
    pub(crate) fn may_try(&mut self, device: &DeviceId, now: Uptime) -> Option<Duration> {
        if let Some(left) = self.wait(device, now) {
            return Some(left);
        }
        self.refill(now);
        if self.site < SITE_BURST || self.devices.contains_key(device) {
            return None;
        }
        // Under pressure: come back in a moment with the same address.
        self.remember(device, Tries { wrong: 0, until: now.after(PRESSURE_WAIT), last: now }, now);
        Some(PRESSURE_WAIT)
    }

    /// The code was wrong.
    pub(crate) fn wrong(&mut self, device: &DeviceId, now: Uptime) {
        self.refill(now);
        self.site = self.site.saturating_add(1);
        self.wrong += 1;
        let known = self.devices.get(device).filter(|tries| tries.last.until(now) < FORGET);
        let wrong = known.map_or(0, |tries| tries.wrong) + 1;
        let wait = match wrong.checked_sub(FREE) {
            None | Some(0) => Duration::ZERO,
            Some(over) => FIRST_WAIT.saturating_mul(1 << (over - 1).min(10)).min(LONGEST_WAIT),
        };
        self.remember(device, Tries { wrong, until: now.after(wait), last: now }, now);
    }

    /// The code was right: nothing is held against the device.
    pub(crate) fn right(&mut self, device: &DeviceId) {
        self.devices.remove(device);
    }

    fn refill(&mut self, now: Uptime) {
        let seconds = u32::try_from(self.site_at.until(now).as_secs()).unwrap_or(u32::MAX);
        if seconds > 0 {
            self.site = self.site.saturating_sub(seconds);
            self.site_at = now;
        }
    }

    fn remember(&mut self, device: &DeviceId, tries: Tries, now: Uptime) {
        if self.devices.len() >= REMEMBERED && !self.devices.contains_key(device) {
            self.devices.retain(|_, tries| tries.last.until(now) < FORGET);
            if self.devices.len() >= REMEMBERED
                && let Some(oldest) = self.devices.iter().min_by_key(|(_, tries)| tries.last).map(|(device, _)| device.clone())
            {
                self.devices.remove(&oldest);
            }
        }
        self.devices.insert(device.clone(), tries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u32) -> DeviceId {
        let [.., a, b, c] = number.to_be_bytes();
        DeviceId { lan: "br-lan".parse().unwrap(), mac: gapura_model::MacAddr::new([2, 0, 0, a, b, c]) }
    }

    fn at(seconds: u64) -> Uptime {
        Uptime::new(Duration::from_secs(seconds))
    }

    #[test]
    fn waits_grow_with_wrong_codes_and_end_with_a_right_one() {
        let mut guesses = Guesses::default();
        for _ in 0..3 {
            assert_eq!(guesses.may_try(&device(1), at(0)), None);
            guesses.wrong(&device(1), at(0));
        }
        assert_eq!(guesses.may_try(&device(1), at(0)), None);
        guesses.wrong(&device(1), at(0));
        assert_eq!(guesses.may_try(&device(1), at(0)), Some(Duration::from_secs(2)));
        guesses.wrong(&device(1), at(2));
        assert_eq!(guesses.may_try(&device(1), at(2)), Some(Duration::from_secs(4)));
        guesses.right(&device(1));
        assert_eq!(guesses.may_try(&device(1), at(2)), None);
    }

    #[test]
    fn one_who_guesses_with_new_addresses_delays_others_a_moment_and_locks_nobody_out() {
        let mut guesses = Guesses::default();
        for number in 0..SITE_BURST {
            guesses.wrong(&device(number), at(0));
        }
        let visitor = device(1_000_000);
        assert_eq!(guesses.may_try(&visitor, at(0)), Some(PRESSURE_WAIT));
        assert_eq!(guesses.may_try(&visitor, at(3)), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut guesses = Guesses::default();
        for number in 0..30_000 {
            guesses.wrong(&device(number), at(u64::from(number) / 100));
        }
        assert!(guesses.devices.len() <= REMEMBERED);
    }
}
