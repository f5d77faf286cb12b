//! Slowing down whoever guesses codes and passwords, without locking a real visitor out.
//!
//! Only wrong answers cost. A device may be wrong a few times for free, then waits longer after each further one, up to a
//! minute. A network, or the whole gateway, with too many wrong answers lets *every* attempt wait a few seconds, which is
//! kept for that device: whoever comes back after it is heard, whatever the others did meanwhile. A right answer is never
//! refused and clears the device's account. With about 49 bits in a voucher code even a thousand guesses a second would
//! need centuries; the waits keep guessing from costing others anything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gapura_model::{DeviceId, IfName, Uptime};

/// How guesses are paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacing {
    /// Wrong answers of one device before it must wait.
    pub free: u32,
    /// One wrong answer of a device is forgotten this often.
    pub forget: Duration,
    /// The longest wait of a device for its own wrong answers; the first is a second, then each doubles.
    pub longest: Duration,
    /// Wrong answers of one network at once before all its attempts wait.
    pub network_burst: u32,
    /// One wrong answer of a network is forgiven this often.
    pub network_every: Duration,
    /// Wrong answers of all networks at once before all attempts wait.
    pub overall_burst: u32,
    /// One wrong answer of all is forgiven this often.
    pub overall_every: Duration,
    /// The longest wait for what others did.
    pub shared: Duration,
    /// Devices remembered at most; the one longest silent is forgotten first.
    pub most_devices: usize,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            free: 5,
            forget: Duration::from_mins(1),
            longest: Duration::from_mins(1),
            network_burst: 60,
            network_every: Duration::from_millis(500),
            overall_burst: 200,
            overall_every: Duration::from_millis(100),
            shared: Duration::from_secs(3),
            most_devices: 20_000,
        }
    }
}

/// Whether an attempt is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Look the answer up now, and say [`Guesses::right`] or [`Guesses::wrong`].
    Now,
    /// Not yet: ask again after this.
    After(Duration),
}

/// Who guessed wrong lately. Bounded: a hundred thousand devices cost no more than [`Pacing::most_devices`].
#[derive(Clone, Debug)]
pub struct Guesses {
    pacing: Pacing,
    devices: BTreeMap<DeviceId, Account>,
    by_age: BTreeSet<(Uptime, DeviceId)>,
    /// When the last wrong answer would be forgiven if they had come at the allowed pace (the generic cell rate algorithm).
    networks: BTreeMap<IfName, Uptime>,
    overall: Uptime,
}

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    wrong: u32,
    touched: Uptime,
    /// The wait it was told ends then; after that it is heard once.
    heard_from: Option<Uptime>,
}

impl Guesses {
    /// Nobody has guessed yet.
    pub const fn new(pacing: Pacing) -> Self {
        Self {
            pacing,
            devices: BTreeMap::new(),
            by_age: BTreeSet::new(),
            networks: BTreeMap::new(),
            overall: Uptime::new(Duration::ZERO),
        }
    }

    /// Whether an attempt of `device` is heard now.
    pub fn pace(&mut self, now: Uptime, device: &DeviceId) -> Pace {
        let account = self.devices.get(device).copied().unwrap_or_default();
        if let Some(from) = account.heard_from {
            return if from <= now { Pace::Now } else { Pace::After(now.until(from)) };
        }
        let wait = self.own_wait(now, account).max(self.shared_wait(now, &device.lan));
        if wait.is_zero() {
            return Pace::Now;
        }
        self.touch(device, Account { heard_from: Some(now.after(wait)), touched: now, ..account });
        Pace::After(wait)
    }

    /// The attempt of `device` was wrong.
    pub fn wrong(&mut self, now: Uptime, device: &DeviceId) {
        let account = self.devices.get(device).copied().unwrap_or_default();
        let wrong = self.remembered(now, account).saturating_add(1);
        self.touch(device, Account { wrong, touched: now, heard_from: None });
        let network = self.networks.entry(device.lan.clone()).or_default();
        *network = (*network).max(now).after(self.pacing.network_every);
        self.overall = self.overall.max(now).after(self.pacing.overall_every);
    }

    /// The attempt of `device` was right.
    pub fn right(&mut self, device: &DeviceId) {
        if let Some(account) = self.devices.remove(device) {
            self.by_age.remove(&(account.touched, device.clone()));
        }
    }

    /// Devices remembered now.
    pub fn remembered_devices(&self) -> usize {
        self.devices.len()
    }

    fn own_wait(&self, now: Uptime, account: Account) -> Duration {
        let beyond = self.remembered(now, account).saturating_sub(self.pacing.free);
        if beyond == 0 {
            return Duration::ZERO;
        }
        let wait = Duration::from_secs(1).saturating_mul(2_u32.saturating_pow(beyond - 1)).min(self.pacing.longest);
        wait.saturating_sub(account.touched.until(now))
    }

    fn shared_wait(&self, now: Uptime, lan: &IfName) -> Duration {
        let debt = |forgiven: Uptime, burst: u32, every: Duration| {
            now.until(forgiven).saturating_sub(every.saturating_mul(burst))
        };
        let network = self.networks.get(lan).copied().unwrap_or_default();
        let network = debt(network, self.pacing.network_burst, self.pacing.network_every);
        let overall = debt(self.overall, self.pacing.overall_burst, self.pacing.overall_every);
        network.max(overall).min(self.pacing.shared)
    }

    fn remembered(&self, now: Uptime, account: Account) -> u32 {
        let forgotten = account.touched.until(now).as_nanos().checked_div(self.pacing.forget.as_nanos()).unwrap_or(0);
        account.wrong.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }

    fn touch(&mut self, device: &DeviceId, account: Account) {
        if let Some(old) = self.devices.insert(device.clone(), account) {
            self.by_age.remove(&(old.touched, device.clone()));
        }
        self.by_age.insert((account.touched, device.clone()));
        while self.devices.len() > self.pacing.most_devices {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            self.devices.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u32) -> DeviceId {
        let [a, b, c, d] = number.to_be_bytes();
        DeviceId { lan: "br-lan".parse().unwrap(), mac: gapura_model::MacAddr::new([2, 0, a, b, c, d]) }
    }

    fn at(milliseconds: u64) -> Uptime {
        Uptime::new(Duration::from_millis(milliseconds))
    }

    #[test]
    fn a_guesser_waits_longer_each_time_and_a_right_answer_clears_it() {
        let mut guesses = Guesses::new(Pacing::default());
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..14 {
            if let Pace::After(wait) = guesses.pace(at(now), &device(1)) {
                waits.push(wait.as_secs());
                now += u64::try_from(wait.as_millis()).unwrap();
                assert_eq!(guesses.pace(at(now), &device(1)), Pace::Now, "whoever waited is heard");
            }
            guesses.wrong(at(now), &device(1));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        guesses.right(&device(1));
        assert_eq!(guesses.pace(at(now), &device(1)), Pace::Now);
    }

    #[test]
    fn a_visitor_amid_a_hundred_thousand_guessers_waits_seconds_once_and_memory_is_bounded() {
        let pacing = Pacing::default();
        let mut guesses = Guesses::new(pacing);
        let mut now = 0;
        for number in 1..100_000 {
            now = u64::from(number) / 20;
            if guesses.pace(at(now), &device(number)) == Pace::Now {
                guesses.wrong(at(now), &device(number));
            }
        }
        assert!(guesses.remembered_devices() <= pacing.most_devices);
        let Pace::After(wait) = guesses.pace(at(now), &device(0)) else { panic!("the network is slowed down") };
        assert!(wait <= pacing.shared);
        let later = at(now).after(wait);
        for number in 1..1000 {
            guesses.wrong(later, &device(number));
        }
        assert_eq!(guesses.pace(later, &device(0)), Pace::Now);
    }

    #[test]
    fn mistakes_are_forgotten() {
        let mut guesses = Guesses::new(Pacing::default());
        for _ in 0..8 {
            guesses.wrong(at(0), &device(1));
        }
        assert_eq!(guesses.pace(at(0), &device(1)), Pace::After(Duration::from_secs(4)));
        guesses.right(&device(1));
        for _ in 0..8 {
            guesses.wrong(at(0), &device(1));
        }
        assert_eq!(guesses.pace(at(180_000), &device(1)), Pace::Now);
    }
}
