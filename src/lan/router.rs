//! What a router announces over time: current prefixes, withdrawn ones, and when the next advertisement is due.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::prefix::Prefix6;
use crate::ra::PrefixInfo;

/// A host must not shorten an unauthenticated valid lifetime below this (RFC 4862 section 5.5.3 e): so long a withdrawn
/// prefix must go on being announced as deprecated, or hosts that missed it would keep using it.
const TWO_HOURS: Duration = Duration::from_hours(2);

/// A current prefix is preferred this long without another advertisement.
const PREFERRED: Duration = Duration::from_mins(30);

/// The prefixes of one bridge. Times are measured from any fixed start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prefixes {
    current: Vec<Prefix6>,
    withdrawn: BTreeMap<Prefix6, Duration>,
}

impl Prefixes {
    /// Announces `current` from now on; what was announced before and is not in it is withdrawn, as is `withdrawn`.
    pub(crate) fn replace(&mut self, current: &[Prefix6], withdrawn: &[Prefix6], now: Duration) {
        let before = std::mem::replace(&mut self.current, current.to_vec());
        for gone in before.iter().chain(withdrawn) {
            self.withdrawn.entry(*gone).or_insert(now);
        }
        self.withdrawn.retain(|prefix, _| !current.contains(prefix));
    }

    /// What stands in an advertisement sent now.
    pub(crate) fn announced(&mut self, now: Duration) -> Vec<PrefixInfo> {
        self.withdrawn.retain(|_, since| now.saturating_sub(*since) < TWO_HOURS);
        let current =
            self.current.iter().map(|prefix| PrefixInfo { prefix: *prefix, valid: TWO_HOURS, preferred: PREFERRED });
        let withdrawn = self.withdrawn.iter().map(|(prefix, since)| PrefixInfo {
            prefix: *prefix,
            valid: TWO_HOURS.saturating_sub(now.saturating_sub(*since)),
            preferred: Duration::ZERO,
        });
        current.chain(withdrawn).collect()
    }
}

/// When advertisements to everybody are due (RFC 4861 section 6.2.4 and 6.2.6).
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    most: Duration,
    last: Option<Duration>,
    next: Duration,
    /// Advertisements of the quick first few that are still to come.
    quick: u8,
    random: u64,
}

impl Schedule {
    /// MIN_DELAY_BETWEEN_RAS.
    const APART: Duration = Duration::from_secs(3);
    /// MAX_INITIAL_RTR_ADVERT_INTERVAL.
    const FIRST: Duration = Duration::from_secs(16);

    /// Due at once; later at most `most` apart (MaxRtrAdvInterval, 4 to 1800 s), with jitter drawn from `seed`.
    pub(crate) fn new(most: Duration, seed: u64) -> Self {
        let most = most.clamp(Duration::from_secs(4), Duration::from_mins(30));
        Self { most, last: None, next: Duration::ZERO, quick: 3, random: seed | 1 }
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Duration {
        self.next
    }

    /// One was sent to everybody.
    pub(crate) fn sent(&mut self, now: Duration) {
        let least = self.most.mul_f64(0.33).max(Self::APART);
        let mut wait = least + self.most.saturating_sub(least).mul_f64(self.draw());
        if self.quick > 0 {
            self.quick -= 1;
            wait = wait.min(Self::FIRST);
        }
        self.last = Some(now);
        self.next = now + wait;
    }

    /// What is announced changed: tell everybody at once, and twice more soon, since frames get lost.
    pub(crate) fn changed(&mut self, now: Duration) {
        self.quick = 3;
        self.next = now;
    }

    /// A host asked without an address of its own: answer everybody, at most every three seconds.
    pub(crate) fn solicited(&mut self, now: Duration) {
        let soon = now + Duration::from_millis(500).mul_f64(self.draw());
        let allowed = self.last.map_or(now, |last| last + Self::APART);
        self.next = self.next.min(soon.max(allowed));
    }

    /// The next of a row of numbers in 0..1 (xorshift; only spreads routers apart, guards nothing).
    fn draw(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Answers to single hosts: a bucket of 20, refilled by 10 a second.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerRate {
    used: f64,
    seen: Duration,
}

impl AnswerRate {
    /// Whether one more answer may go out now.
    pub(crate) fn allow(&mut self, now: Duration) -> bool {
        self.used = (self.used - now.saturating_sub(self.seen).as_secs_f64() * 10.0).max(0.0);
        self.seen = now;
        let allowed = self.used < 20.0;
        if allowed {
            self.used += 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withdrawn_prefix_is_deprecated_for_two_hours_then_forgotten() {
        let (old, new): (Prefix6, Prefix6) = ("2001:db8:1::/64".parse().unwrap(), "2001:db8:2::/64".parse().unwrap());
        let mut prefixes = Prefixes::default();
        prefixes.replace(&[old], &[], Duration::ZERO);
        prefixes.replace(&[new], &[], Duration::from_mins(10));
        prefixes.replace(&[new], &[old], Duration::from_mins(20));
        let announced = prefixes.announced(Duration::from_mins(70));
        assert_eq!(announced[0], PrefixInfo { prefix: new, valid: TWO_HOURS, preferred: PREFERRED });
        assert_eq!(announced[1], PrefixInfo { prefix: old, valid: Duration::from_hours(1), preferred: Duration::ZERO });
        assert_eq!(prefixes.announced(Duration::from_mins(130)).len(), 1);
        prefixes.replace(&[old], &[], Duration::from_mins(140));
        assert_eq!(prefixes.announced(Duration::from_mins(140))[0].prefix, old, "a prefix may come back");
    }

    #[test]
    fn the_schedule_keeps_the_rfcs_distances() {
        let mut schedule = Schedule::new(Duration::from_mins(3), 42);
        let mut now = Duration::ZERO;
        for round in 0..200 {
            let before = now;
            now = schedule.next();
            schedule.sent(now);
            let wait = schedule.next().saturating_sub(now);
            let most = if round < 3 { Schedule::FIRST } else { Duration::from_mins(3) };
            assert!(wait >= Schedule::APART && wait <= most, "{round}: {wait:?} after {before:?}");
        }
        schedule.solicited(now);
        assert!(schedule.next() >= now + Schedule::APART);
        schedule.changed(now);
        assert_eq!(schedule.next(), now);
    }

    #[test]
    fn one_host_cannot_make_us_flood() {
        let mut rate = AnswerRate::default();
        let allowed = |rate: &mut AnswerRate, now| (0..1000).filter(|_| rate.allow(now)).count();
        assert_eq!(allowed(&mut rate, Duration::ZERO), 20);
        assert_eq!(allowed(&mut rate, Duration::from_secs(1)), 10);
    }
}
