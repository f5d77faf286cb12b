//! Clocks for simulations and tests of the real daemon.

use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gapura_model::{ClockTrust, Moment, Uptime};
use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, ClockJump};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<(Moment, Option<ClockJump>)>);

impl ManualClock {
    /// A trusted clock that shows `wall`, one hour after boot.
    pub fn at(wall: Timestamp) -> Self {
        Self::starting(Moment::trusted(Uptime::new(Duration::from_hours(1)), wall))
    }

    /// A clock that shows `moment`.
    pub fn starting(moment: Moment) -> Self {
        Self(Mutex::new((moment, None)))
    }

    /// Lets `time` pass on both clocks.
    pub fn advance(&self, time: Duration) {
        let mut state = lock(&self.0);
        state.0 = state.0.after(time);
    }

    /// Sets the wall clock alone, as a hand or NTP would, and says whether it is to be believed from now on.
    pub fn set_wall(&self, wall: Timestamp, trust: ClockTrust) {
        let mut state = lock(&self.0);
        let by = wall.duration_since(state.0.wall);
        state.0.wall = wall;
        state.0.trust = trust;
        if !by.is_zero() {
            state.1 = Some(ClockJump { by, at: state.0 });
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        lock(&self.0).0
    }

    /// Zero: a simulation has no kernel.
    fn ahead_of_kernel(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    fn trust(&self, signed: Timestamp) {
        if self.now().trust == ClockTrust::Doubtful {
            self.set_wall(signed, ClockTrust::Trusted);
        }
    }

    fn take_jump(&self) -> Option<ClockJump> {
        lock(&self.0).1.take()
    }
}

/// How an [`OffsetClock`] differs from the clock below it.
///
/// As text: a signed number of seconds, then optionally `trusted` or `doubtful`: `-86400 doubtful`, `+3600`, `0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockShift {
    /// Added to the wall clock.
    pub wall: SignedDuration,
    /// What is said about the wall clock, whatever the clock below says; `None` leaves it.
    pub trust: Option<ClockTrust>,
}

/// A text is not a clock shift.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a clock shift: use seconds, then trusted or doubtful if it matters, for example -86400 doubtful"
)]
pub struct ParseShiftError(String);

impl FromStr for ClockShift {
    type Err = ParseShiftError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseShiftError(text.chars().take(60).collect());
        let mut words = text.split_whitespace();
        let seconds = words.next().and_then(|word| word.parse().ok()).ok_or_else(wrong)?;
        let trust = match words.next() {
            None => None,
            Some("trusted") => Some(ClockTrust::Trusted),
            Some("doubtful") => Some(ClockTrust::Doubtful),
            Some(_) => return Err(wrong()),
        };
        if words.next().is_some() { Err(wrong()) } else { Ok(Self { wall: SignedDuration::from_secs(seconds), trust }) }
    }
}

/// Another clock, shifted, where the shift can be changed while the daemon runs: how the real daemon is tested at 1970 and
/// after a jump without touching the machine's clock. Timers (`up`) are never shifted.
#[derive(Debug)]
pub struct OffsetClock {
    below: Arc<dyn Clock>,
    state: Mutex<(ClockShift, Option<ClockJump>)>,
}

impl OffsetClock {
    /// `below`, shifted by `shift`.
    pub fn new(below: Arc<dyn Clock>, shift: ClockShift) -> Self {
        Self { below, state: Mutex::new((shift, None)) }
    }

    /// Changes the shift; a change of the wall clock is a jump.
    pub fn shift(&self, shift: ClockShift) {
        let by = shift.wall.saturating_sub(lock(&self.state).0.wall);
        lock(&self.state).0 = shift;
        if !by.is_zero() {
            let at = self.now();
            lock(&self.state).1 = Some(ClockJump { by, at });
        }
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Moment {
        let below = self.below.now();
        let shift = lock(&self.state).0;
        let wall = below.wall.saturating_add(shift.wall).unwrap_or(below.wall);
        Moment { up: below.up, wall, trust: shift.trust.unwrap_or(below.trust) }
    }

    fn ahead_of_kernel(&self) -> SignedDuration {
        self.below.ahead_of_kernel().saturating_add(lock(&self.state).0.wall)
    }

    /// A shifted clock is asked to be wrong, but may learn better, as a real one does.
    fn trust(&self, signed: Timestamp) {
        let now = self.now();
        if now.trust == ClockTrust::Doubtful {
            let wall = lock(&self.state).0.wall.saturating_add(signed.duration_since(now.wall));
            self.shift(ClockShift { wall, trust: Some(ClockTrust::Trusted) });
        }
    }

    fn take_jump(&self) -> Option<ClockJump> {
        let below = self.below.take_jump();
        lock(&self.state).1.take().or(below)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::constant(1_800_000_000, 0);

    #[test]
    fn a_daemon_can_be_put_at_1970_and_told_the_time() {
        let below = Arc::new(ManualClock::at(NOON));
        let clock = OffsetClock::new(below.clone(), "-1800000000 doubtful".parse().unwrap());
        assert_eq!((clock.now().wall, clock.now().trust), (Timestamp::UNIX_EPOCH, ClockTrust::Doubtful));
        below.advance(Duration::from_mins(1));
        clock.trust(NOON);
        assert_eq!((clock.now().wall, clock.now().trust), (NOON, ClockTrust::Trusted));
        assert_eq!(clock.ahead_of_kernel(), SignedDuration::from_secs(-60));
        assert_eq!(clock.take_jump().unwrap().by, SignedDuration::from_secs(1_800_000_000 - 60));
        assert_eq!(clock.take_jump(), None);
        assert_eq!(clock.now().up, below.now().up);
    }

    #[test]
    fn a_jump_can_be_made_at_run_time() {
        let clock = OffsetClock::new(Arc::new(ManualClock::at(NOON)), ClockShift::default());
        clock.shift("7200".parse().unwrap());
        assert_eq!(clock.take_jump().unwrap().by, SignedDuration::from_secs(7200));
        assert_eq!(clock.now().trust, ClockTrust::Trusted);
    }

    #[test]
    fn nonsense_is_no_shift() {
        for bad in ["", "soon", "1 maybe", "1 trusted twice"] {
            assert!(bad.parse::<ClockShift>().is_err(), "{bad}");
        }
    }
}
