//! One thing that may be wrong, over time: watched until it has lasted, over only after a while of looking well. Pure.

use jiff::{SignedDuration, Timestamp};

/// Where it stands. Nothing known of it is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Wrong, but not for long enough.
    Watched {
        /// Since when (UTC).
        since: Timestamp,
    },
    /// Wrong for long enough.
    Raised {
        /// Since when (UTC).
        since: Timestamp,
        /// When it was raised (UTC).
        raised: Timestamp,
    },
    /// Raised, and looking well.
    Mending {
        /// Since when it was wrong (UTC).
        since: Timestamp,
        /// When it was raised (UTC).
        raised: Timestamp,
        /// Since when it looks well (UTC).
        better: Timestamp,
    },
    /// Over.
    Ended {
        /// Since when it was wrong (UTC).
        since: Timestamp,
        /// When it was raised (UTC).
        raised: Timestamp,
        /// When it was over (UTC).
        ended: Timestamp,
    },
}

/// How patient: wrong for `hold` before it is raised, well for `calm` before it is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) hold: SignedDuration,
    pub(crate) calm: SignedDuration,
}

/// What becomes of it at `now`; `wrong` is since when it is wrong, if it is.
pub(crate) fn next(
    state: Option<State>,
    wrong: Option<Timestamp>,
    patience: Patience,
    now: Timestamp,
) -> Option<State> {
    let wrong_since = |since: Timestamp| {
        if now.duration_since(since) >= patience.hold {
            State::Raised { since, raised: now }
        } else {
            State::Watched { since }
        }
    };
    let well = |since, raised, better: Timestamp| {
        if now.duration_since(better) >= patience.calm {
            State::Ended { since, raised, ended: now }
        } else {
            State::Mending { since, raised, better }
        }
    };
    match (state, wrong) {
        (None | Some(State::Ended { .. }), Some(since)) => Some(wrong_since(since.min(now))),
        (None | Some(State::Watched { .. }), None) => None,
        (Some(State::Watched { since: first }), Some(since)) => Some(wrong_since(first.min(since))),
        (Some(State::Raised { since, raised } | State::Mending { since, raised, .. }), Some(_)) => {
            Some(State::Raised { since, raised })
        }
        (Some(State::Raised { since, raised }), None) => Some(well(since, raised, now)),
        (Some(State::Mending { since, raised, better }), None) => Some(well(since, raised, better)),
        (Some(State::Ended { .. }), None) => state,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    const PATIENCE: Patience = Patience { hold: SignedDuration::from_secs(30), calm: SignedDuration::from_secs(20) };

    #[test]
    fn what_does_not_last_is_never_raised_and_what_flickers_is_raised_once() {
        let mut state = None;
        let mut seen = Vec::new();
        for (second, wrong) in [
            (0, true),
            (20, false),
            (40, true),
            (69, true),
            (70, true),
            (80, false),
            (90, true),
            (100, false),
            (119, false),
            (120, false),
            (200, false),
        ] {
            state = next(state, wrong.then(|| at(second)), PATIENCE, at(second));
            seen.push(match state {
                None => '.',
                Some(State::Watched { .. }) => 'w',
                Some(State::Raised { .. }) => 'R',
                Some(State::Mending { .. }) => 'm',
                Some(State::Ended { .. }) => 'E',
            });
        }
        assert_eq!(String::from_iter(seen), "w.wwRmRmmEE");
        assert_eq!(state, Some(State::Ended { since: at(40), raised: at(70), ended: at(120) }));
    }

    #[test]
    fn what_has_lasted_already_is_raised_at_once() {
        let raised = next(None, Some(at(-100)), PATIENCE, at(0));
        assert_eq!(raised, Some(State::Raised { since: at(-100), raised: at(0) }));
        let ahead = next(None, Some(at(100)), PATIENCE, at(0));
        assert_eq!(ahead, Some(State::Watched { since: at(0) }), "nothing begins in the time to come");
    }

    proptest! {
        /// A second model: looks at the whole past of "wrong" and "well" at each step.
        #[test]
        fn the_machine_agrees_with_a_look_at_the_whole_past(steps in prop::collection::vec((1_i64..25, any::<bool>()), 1..60)) {
            let (mut state, mut now, mut past) = (None, 0, Vec::new());
            let mut open = false;
            for (wait, wrong) in steps {
                now += wait;
                past.push((now, wrong));
                state = next(state.filter(|state| !matches!(state, State::Ended { .. })), wrong.then(|| at(now)), PATIENCE, at(now));
                let run_of = |what: bool| {
                    let run = past.iter().rev().take_while(|(_, wrong)| *wrong == what);
                    run.last().map_or(0, |(began, _)| now - began)
                };
                if !open && wrong && run_of(true) >= 30 {
                    open = true;
                } else if open && !wrong && run_of(false) >= 20 {
                    open = false;
                }
                let raised = matches!(state, Some(State::Raised { .. } | State::Mending { .. }));
                prop_assert_eq!(raised, open, "{:?} after {:?}", state, past);
            }
        }
    }
}
