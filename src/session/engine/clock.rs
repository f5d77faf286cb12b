//! The two clocks visits live by: service time, and the calendar as far as it can be believed.

use std::time::Duration;

use gapura_model::{ClockTrust, Moment, Uptime};
use gapura_rules::hours::OpenState;
use jiff::Timestamp;

use super::JUMP;
use crate::policy::{InDoubt, Policy};

/// Time during which the service ran: the monotonic clock less outages of the uplink. Visits are charged in it, so that
/// an outage stops every visit's time by stopping one clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServiceClock {
    passed: Duration,
    since: Uptime,
    running: bool,
}

impl ServiceClock {
    /// Begins with the uptime, so that no visit of this boot began before its zero.
    pub(super) const fn starting(now: Uptime) -> Self {
        Self { passed: now.since_boot(), since: now, running: true }
    }

    pub(super) fn passed(&self, now: Uptime) -> Duration {
        if self.running { self.passed + self.since.until(now) } else { self.passed }
    }

    pub(super) const fn is_running(&self) -> bool {
        self.running
    }

    pub(super) fn set_running(&mut self, now: Uptime, running: bool) {
        *self = Self { passed: self.passed(now), since: now, running };
    }

    /// When this clock will read `at`; `None` while it stands still.
    pub(super) fn uptime_of(&self, at: Duration) -> Option<Uptime> {
        let ahead = || self.since.after(at.saturating_sub(self.passed));
        let behind = || Uptime::new(self.since.since_boot().saturating_sub(self.passed.saturating_sub(at)));
        self.running.then(|| if at < self.passed { behind() } else { ahead() })
    }
}

/// The wall clock and how far it may be believed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    trusted: bool,
    /// A moment at which the wall clock was trusted in this boot: the latest after a jump.
    basis: Option<(Uptime, Timestamp)>,
}

impl Calendar {
    pub(super) fn starting(now: &Moment) -> Self {
        let mut calendar = Self { trusted: false, basis: None };
        calendar.set(now);
        calendar
    }

    pub(super) const fn basis(&self) -> Option<(Uptime, Timestamp)> {
        self.basis
    }

    /// What another run of this program knew of this boot's clock.
    pub(super) fn recall(&mut self, basis: Option<(Uptime, Timestamp)>) {
        self.basis = self.basis.or(basis);
    }

    pub(super) const fn is_trusted(&self) -> bool {
        self.trusted
    }

    pub(super) fn set(&mut self, now: &Moment) {
        self.trusted = now.trust == ClockTrust::Trusted;
        if self.trusted {
            self.basis = Some((now.up, now.wall));
        }
    }

    /// Whether `now` is what this calendar expects: same trust, and where it is trusted, no jump.
    pub(super) fn agrees_with(&self, now: &Moment) -> bool {
        let trusted = now.trust == ClockTrust::Trusted;
        let expected = self.extrapolate(now.up);
        trusted == self.trusted
            && (!trusted || expected.is_some_and(|expected| expected.duration_since(now.wall).unsigned_abs() < JUMP))
    }

    /// The best reckoning of the wall clock: itself while trusted, else counted on from the last trusted moment.
    pub(super) fn reckon(&self, now: &Moment) -> Option<Timestamp> {
        if self.trusted { Some(now.wall) } else { self.extrapolate(now.up) }
    }

    /// Whether opening and closing follow a clock at all.
    pub(super) fn follows_hours(&self, policy: &Policy) -> bool {
        self.trusted || (policy.in_doubt == InDoubt::Keep && self.basis.is_some())
    }

    /// Whether the site is open by the hours or by the choice for a doubtful clock.
    pub(super) fn hours(&self, policy: &Policy, now: &Moment) -> OpenState {
        match (self.trusted, policy.in_doubt, self.reckon(now)) {
            (true, _, Some(wall)) | (false, InDoubt::Keep, Some(wall)) => policy.hours.state(wall),
            (false, InDoubt::Keep, None) if policy.hours.is_unbounded() => OpenState::Open { closes: None },
            (false, InDoubt::Open, _) => OpenState::Open { closes: None },
            (false, InDoubt::Closed, _) | (_, InDoubt::Keep, None) | (true, _, None) => {
                OpenState::Closed { opens: None }
            }
        }
    }

    fn extrapolate(&self, up: Uptime) -> Option<Timestamp> {
        let (basis, wall) = self.basis?;
        Some(Moment::trusted(basis, wall).wall_after(basis.until(up)))
    }
}
