//! The lab measures: its own stopwatch over CLOCK_MONOTONIC, and waiting for a condition with a deadline.

use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::{LabError, signal};

/// Pause between two looks at a condition, at first; it grows to [`LONGEST_PAUSE`] as the wait goes on.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// See [`FIRST_PAUSE`].
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// A stopwatch, started when made.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Duration);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self(monotonic())
    }

    /// Time since the start.
    pub fn elapsed(self) -> Duration {
        monotonic().saturating_sub(self.0)
    }

    /// What is left of `limit`, zero when it is over.
    pub fn left_of(self, limit: Duration) -> Duration {
        limit.saturating_sub(self.elapsed())
    }
}

/// Seconds since 1970 of the machine's clock, to write opening hours that begin or end seconds from now.
pub fn unix_seconds() -> i64 {
    clock_gettime(ClockId::Realtime).tv_sec
}

/// Looks every 10 ms (later every 100 ms) whether `look` has an answer, for at most `limit`; Ctrl-C ends the wait.
/// An error of `look` is the reason shown when time is over, not the end of the wait.
pub fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>, LabError>,
) -> Result<T, LabError> {
    let watch = Stopwatch::start();
    let mut last = String::new();
    loop {
        match look() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(LabError::Interrupted) => return Err(LabError::Interrupted),
            Err(error) => last = error.to_string(),
        }
        signal::check()?;
        if watch.elapsed() >= limit {
            return Err(LabError::Late { what: what.into(), waited: watch.elapsed(), last });
        }
        thread::sleep((watch.elapsed() / 10).clamp(FIRST_PAUSE, LONGEST_PAUSE));
    }
}

fn monotonic() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}
