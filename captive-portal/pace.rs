//! How often a device, and all of them together, may do what costs other people's time.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gapura_model::{DeviceId, Uptime};

use crate::Rate;

/// Counts within a sliding window, in memory only; never remembers more than [`Rate::per_site`] devices.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: Rate,
    taken: Mutex<VecDeque<(Uptime, Option<DeviceId>)>>,
}

impl Pace {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, taken: Mutex::default() }
    }

    /// Takes one for `device` (all unknown devices are one), or says how long to wait, at least a second.
    pub(crate) fn take(&self, device: Option<&DeviceId>, now: Uptime) -> Result<(), Duration> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.front().is_some_and(|(at, _)| at.until(now) >= self.rate.window) {
            taken.pop_front();
        }
        let wait = |oldest: Option<Uptime>| {
            let passed = oldest.map_or(Duration::ZERO, |at| at.until(now));
            Err(self.rate.window.saturating_sub(passed).max(Duration::from_secs(1)))
        };
        if taken.len() >= self.rate.per_site {
            return wait(taken.front().map(|(at, _)| *at));
        }
        let theirs = taken.iter().filter(|(_, other)| other.as_ref() == device);
        if theirs.clone().count() >= self.rate.per_device {
            return wait(theirs.map(|(at, _)| *at).next());
        }
        taken.push_back((now, device.cloned()));
        Ok(())
    }

    /// Gives back what `device` took last: nothing came of it.
    pub(crate) fn give_back(&self, device: Option<&DeviceId>) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = taken.iter().rposition(|(_, other)| other.as_ref() == device) {
            taken.remove(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(last: u8) -> DeviceId {
        DeviceId { lan: "br-lan".parse().unwrap(), mac: format!("02:00:00:00:00:{last:02x}").parse().unwrap() }
    }

    fn at(seconds: u64) -> Uptime {
        Uptime::new(Duration::from_secs(seconds))
    }

    #[test]
    fn a_device_and_a_site_have_to_wait_until_the_window_has_passed() {
        let pace = Pace::new(Rate { per_device: 2, per_site: 3, window: Duration::from_mins(1) });
        let (one, two, three) = (device(1), device(2), device(3));
        assert_eq!(pace.take(Some(&one), at(0)), Ok(()));
        assert_eq!(pace.take(Some(&one), at(10)), Ok(()));
        assert_eq!(pace.take(Some(&one), at(20)), Err(Duration::from_secs(40)));
        assert_eq!(pace.take(Some(&two), at(20)), Ok(()));
        assert_eq!(pace.take(Some(&three), at(30)), Err(Duration::from_secs(30)));
        assert_eq!(pace.take(None, at(59)), Err(Duration::from_secs(1)));
        assert_eq!(pace.take(Some(&one), at(60)), Ok(()));
        assert_eq!(pace.take(Some(&one), at(60)), Err(Duration::from_secs(10)));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let pace = Pace::new(Rate { per_device: 1, per_site: 9, window: Duration::from_mins(1) });
        let one = device(1);
        assert_eq!(pace.take(Some(&one), at(0)), Ok(()));
        pace.give_back(None);
        assert!(pace.take(Some(&one), at(1)).is_err());
        pace.give_back(Some(&one));
        assert_eq!(pace.take(Some(&one), at(1)), Ok(()));
    }

    #[test]
    fn a_site_where_nothing_is_allowed_waits_a_whole_window() {
        let pace = Pace::new(Rate { per_device: 0, per_site: 0, window: Duration::from_mins(1) });
        assert_eq!(pace.take(None, at(5)), Err(Duration::from_mins(1)));
    }
}
