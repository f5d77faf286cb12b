//! Up or down, with hysteresis.

use std::time::Duration;

use gapura_model::{Moment, Uptime};
use serde::{Deserialize, Serialize};

/// What is believed of an uplink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Not asked yet; treated as up, so that a restart stops nobody's visit.
    Unknown,
    /// The Internet is there.
    Up,
    /// It is not.
    Down,
}

/// How much evidence a change of mind needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Rounds without any answer, one after another, until it is down.
    pub failures: u32,
    /// Rounds with an answer, one after another, until it is up again.
    pub successes: u32,
    /// A result older than this says nothing: the state becomes unknown.
    pub stale: Duration,
}

impl Default for Thresholds {
    /// Down after three silent rounds, up after two good ones, unknown after two minutes without any.
    fn default() -> Self {
        Self { failures: 3, successes: 2, stale: Duration::from_mins(2) }
    }
}

/// The state changed: the outage begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The uplink works (again). The outage lasted this long; zero if there was none.
    CameUp {
        /// From the first silent round to the first good one.
        outage: Duration,
    },
    /// The uplink does not work any more, since the first silent round.
    WentDown {
        /// When the first round got no answer.
        since: Moment,
    },
}

/// The state of one uplink. Pure: results and time are arguments.
#[derive(Clone, Debug)]
pub struct UplinkHealth {
    thresholds: Thresholds,
    state: State,
    last: Option<Uptime>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Unknown { failed: u32, since: Option<Moment> },
    Up { failed: u32, since: Option<Moment> },
    Down { worked: u32, since: Moment, back: Option<Moment> },
}

impl UplinkHealth {
    /// Nothing known yet.
    pub const fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, state: State::Unknown { failed: 0, since: None }, last: None }
    }

    /// What is believed at `now`.
    pub fn health(&self, now: &Moment) -> Health {
        let stale = self.last.is_none_or(|last| last.until(now.up) > self.thresholds.stale);
        match self.state {
            _ if stale => Health::Unknown,
            State::Unknown { .. } => Health::Unknown,
            State::Up { .. } => Health::Up,
            State::Down { .. } => Health::Down,
        }
    }

    /// A round of probes ended at `now`: `worked` if any target answered. Returns the change, if it was one.
    pub fn result(&mut self, worked: bool, now: &Moment) -> Option<Turn> {
        self.last = Some(now.up);
        let (state, turn) = self.state.next(worked, *now, &self.thresholds);
        self.state = state;
        turn
    }

    /// The uplink was unplugged or has no default route: down at once, without waiting for silence.
    pub fn lost(&mut self, now: &Moment) -> Option<Turn> {
        self.last = Some(now.up);
        match self.state {
            State::Down { since, .. } => {
                self.state = State::Down { worked: 0, since, back: None };
                None
            }
            State::Unknown { since, .. } | State::Up { since, .. } => {
                let since = since.unwrap_or(*now);
                self.state = State::Down { worked: 0, since, back: None };
                Some(Turn::WentDown { since })
            }
        }
    }
}

impl State {
    fn next(self, worked: bool, now: Moment, thresholds: &Thresholds) -> (Self, Option<Turn>) {
        match (self, worked) {
            // The first good answer is enough for an uplink of which nothing bad is known.
            (Self::Unknown { .. }, true) => {
                (Self::Up { failed: 0, since: None }, Some(Turn::CameUp { outage: Duration::ZERO }))
            }
            (Self::Up { .. }, true) => (Self::Up { failed: 0, since: None }, None),
            (Self::Unknown { failed, since } | Self::Up { failed, since }, false) => {
                let (failed, since) = (failed + 1, since.unwrap_or(now));
                if failed >= thresholds.failures {
                    (Self::Down { worked: 0, since, back: None }, Some(Turn::WentDown { since }))
                } else if matches!(self, Self::Up { .. }) {
                    (Self::Up { failed, since: Some(since) }, None)
                } else {
                    (Self::Unknown { failed, since: Some(since) }, None)
                }
            }
            (Self::Down { since, .. }, false) => (Self::Down { worked: 0, since, back: None }, None),
            (Self::Down { worked, since, back }, true) => {
                let (worked, back) = (worked + 1, back.unwrap_or(now));
                if worked >= thresholds.successes {
                    let outage = since.up.until(back.up);
                    (Self::Up { failed: 0, since: None }, Some(Turn::CameUp { outage }))
                } else {
                    (Self::Down { worked, since, back: Some(back) }, None)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gapura_model::ClockTrust;

    fn at(seconds: u64) -> Moment {
        let wall = "2026-01-01T00:00:00Z".parse().unwrap();
        let start = Moment { up: Uptime::new(Duration::from_secs(100)), wall, trust: ClockTrust::Trusted };
        start.after(Duration::from_secs(seconds))
    }

    #[test]
    fn one_lost_round_is_no_outage() {
        let mut uplink = UplinkHealth::new(Thresholds::default());
        assert_eq!(uplink.health(&at(0)), Health::Unknown);
        assert_eq!(uplink.result(true, &at(0)), Some(Turn::CameUp { outage: Duration::ZERO }));
        for (second, worked) in [(10, false), (20, false), (30, true), (40, false), (50, false)] {
            assert_eq!(uplink.result(worked, &at(second)), None, "{second}");
            assert_eq!(uplink.health(&at(second)), Health::Up);
        }
        assert_eq!(uplink.result(false, &at(60)), Some(Turn::WentDown { since: at(40) }));
        assert_eq!(uplink.health(&at(60)), Health::Down);
    }

    #[test]
    fn an_outage_is_measured_from_first_silence_to_first_answer() {
        let mut uplink = UplinkHealth::new(Thresholds::default());
        for second in [0, 10] {
            assert_eq!(uplink.result(false, &at(second)), None);
        }
        assert_eq!(uplink.result(false, &at(20)), Some(Turn::WentDown { since: at(0) }));
        assert_eq!(uplink.result(true, &at(30)), None);
        assert_eq!(uplink.result(false, &at(40)), None);
        assert_eq!(uplink.result(true, &at(50)), None);
        assert_eq!(uplink.result(true, &at(60)), Some(Turn::CameUp { outage: Duration::from_secs(50) }));
    }

    #[test]
    fn an_unplugged_uplink_is_down_at_once_and_old_news_is_no_news() {
        let mut uplink = UplinkHealth::new(Thresholds::default());
        uplink.result(true, &at(0));
        assert_eq!(uplink.lost(&at(1)), Some(Turn::WentDown { since: at(1) }));
        assert_eq!(uplink.lost(&at(2)), None);
        assert_eq!(uplink.health(&at(2)), Health::Down);
        assert_eq!(uplink.health(&at(500)), Health::Unknown);
    }
}
