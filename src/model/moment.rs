//! Time as an argument: both clocks, read together.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Monotonic time since the kernel started (`CLOCK_BOOTTIME`, suspend included). For timers; means nothing after a reboot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uptime(Duration);

impl Uptime {
    /// `since_boot` after the kernel started.
    pub const fn new(since_boot: Duration) -> Self {
        Self(since_boot)
    }

    /// Time since the kernel started.
    pub const fn since_boot(self) -> Duration {
        self.0
    }

    /// `later - self`, or zero where `later` lies before.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        later.0.saturating_sub(self.0)
    }

    /// This much later, saturating.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }
}

/// Whether the wall clock may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockTrust {
    /// Set by NTP, a battery-backed clock or the controller's signed time since boot.
    Trusted,
    /// Not set since boot, or it jumped: calendars are not to be believed.
    Doubtful,
}

/// One reading of both clocks: `up` for timers, `wall` (UTC) for calendars and logs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic time.
    pub up: Uptime,
    /// Wall time, UTC.
    pub wall: Timestamp,
    /// Whether `wall` may be believed.
    pub trust: ClockTrust,
}

impl Moment {
    /// A reading of both clocks that is to be believed.
    pub const fn trusted(up: Uptime, wall: Timestamp) -> Self {
        Self { up, wall, trust: ClockTrust::Trusted }
    }

    /// The wall clock `wait` from now, saturating at the end of the calendar.
    pub fn wall_after(&self, wait: Duration) -> Timestamp {
        jiff::SignedDuration::try_from(wait)
            .ok()
            .and_then(|wait| self.wall.checked_add(wait).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// How long until `wall` reaches `later`; zero if it has passed.
    pub fn until_wall(&self, later: Timestamp) -> Duration {
        later.duration_since(self.wall).try_into().unwrap_or_default()
    }

    /// Both clocks moved on by `wait`.
    #[must_use]
    pub fn after(&self, wait: Duration) -> Self {
        Self { up: self.up.after(wait), wall: self.wall_after(wait), trust: self.trust }
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let doubt = match self.trust {
            ClockTrust::Trusted => "",
            ClockTrust::Doubtful => " (doubtful)",
        };
        write!(f, "{}{doubt} up {:?}", self.wall, self.up.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_move_together_and_saturate() {
        let start = Moment::trusted(Uptime::new(Duration::from_secs(5)), Timestamp::UNIX_EPOCH);
        let later = start.after(Duration::from_mins(1));
        assert_eq!(start.up.until(later.up), Duration::from_mins(1));
        assert_eq!(start.until_wall(later.wall), Duration::from_mins(1));
        assert_eq!(later.until_wall(start.wall), Duration::ZERO);
        assert_eq!(start.after(Duration::MAX).wall, Timestamp::MAX);
    }
}
