//! Seeing that an inspector hangs: fail-open helps when its queue is full and `bypass` when its socket is closed, but
//! neither when it holds the socket and does nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gapura_model::Uptime;

/// The time at which the inspector was last seen at work; clones speak of the same one.
#[derive(Clone, Debug)]
pub struct Heart(Arc<AtomicU64>);

/// What has to be done with the rule that leads packets to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Take it away: the inspector hangs, and packets would wait for nothing.
    Withdraw,
    /// Put it back: the inspector is at work again.
    Restore,
}

/// Looks at a [`Heart`].
#[derive(Debug)]
pub struct Watch {
    heart: Heart,
    longest: Duration,
    withdrawn: bool,
}

impl Heart {
    /// A heart that last beat at `now`.
    pub fn new(now: Uptime) -> Self {
        Self(Arc::new(AtomicU64::new(millis(now))))
    }

    /// Beats.
    pub fn beat(&self, now: Uptime) {
        self.0.store(millis(now), Ordering::Relaxed);
    }

    fn last(&self) -> Uptime {
        Uptime::new(Duration::from_millis(self.0.load(Ordering::Relaxed)))
    }
}

impl Watch {
    /// Calls an inspector hung that was not seen at work for `longest`.
    pub fn new(heart: Heart, longest: Duration) -> Self {
        Self { heart, longest, withdrawn: false }
    }

    /// What has to be done at `now`, each change once.
    pub fn look(&mut self, now: Uptime) -> Option<Change> {
        let hung = self.heart.last().until(now) > self.longest;
        if hung == self.withdrawn {
            return None;
        }
        self.withdrawn = hung;
        Some(if hung { Change::Withdraw } else { Change::Restore })
    }
}

fn millis(now: Uptime) -> u64 {
    u64::try_from(now.since_boot().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hung_inspector_is_told_once_and_so_is_its_return() {
        let at = |millis| Uptime::new(Duration::from_millis(millis));
        let heart = Heart::new(at(1_000));
        let mut watch = Watch::new(heart.clone(), Duration::from_secs(1));
        assert_eq!(watch.look(at(2_000)), None);
        assert_eq!(watch.look(at(2_001)), Some(Change::Withdraw));
        assert_eq!(watch.look(at(9_000)), None);
        heart.beat(at(9_000));
        assert_eq!(watch.look(at(9_001)), Some(Change::Restore));
        assert_eq!(watch.look(at(9_002)), None);
        // A reading that was taken before the last beat is no alarm.
        assert_eq!(watch.look(at(5)), None);
    }
}
