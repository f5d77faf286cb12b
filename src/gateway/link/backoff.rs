//! When to try again: full jitter, so that a fleet that lost its controller does not come back all at once.

use std::time::Duration;

/// Doubling waits between `least` and `most`, each drawn evenly from zero to the current bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    least: Duration,
    most: Duration,
    bound: Duration,
}

impl Backoff {
    /// Starts at `least`.
    pub(crate) const fn new(least: Duration, most: Duration) -> Self {
        Self { least, most, bound: least }
    }

    /// The next wait; `draw` is a random number. Never shorter than a quarter of `least`.
    pub(crate) fn next(&mut self, draw: u64) -> Duration {
        let bound = u64::try_from(self.bound.as_millis()).unwrap_or(u64::MAX).max(1);
        self.bound = self.bound.saturating_mul(2).min(self.most);
        Duration::from_millis(draw % bound).max(self.least / 4)
    }

    /// It worked: the next failure starts at `least` again.
    pub(crate) fn reset(&mut self) {
        self.bound = self.least;
    }
}

/// 64 random bits from the kernel; a fixed number where it has none (then all routers of a fleet are as jittery as their clocks).
pub(crate) fn draw() -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_ne_bytes(bytes),
        Err(_) => 0x9e37_79b9_7f4a_7c15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_start_over_after_success() {
        let mut backoff = Backoff::new(Duration::from_secs(4), Duration::from_mins(1));
        assert_eq!(backoff.next(u64::MAX), Duration::from_millis(u64::MAX % 4_000).max(Duration::from_secs(1)));
        for _ in 0..10 {
            assert!(backoff.next(u64::MAX) <= Duration::from_mins(1));
        }
        assert_eq!(backoff.next(59_999), Duration::from_millis(59_999));
        backoff.reset();
        assert_eq!(backoff.next(0), Duration::from_secs(1));
    }
}
