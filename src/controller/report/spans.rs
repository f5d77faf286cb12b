//! Spans of time as sets: what was planned, what was out of order, what is left.

use serde::{Deserialize, Serialize};

/// From, until (ms since 1970, UTC).
pub(crate) type Span = (i64, i64);

/// Spans in order that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Span>", into = "Vec<Span>")]
pub(crate) struct Spans(Vec<Span>);

/// When a site was to be open, and when staff closed it all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Noted")]
pub(crate) struct Plan {
    /// Its schedule, with the days that are exceptions from it.
    pub(crate) planned: Spans,
    /// Of it: closed early by staff.
    pub(crate) closed: Spans,
}

/// A plan as it is kept; before closing early was noted, the spans alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Noted {
    Both { planned: Spans, closed: Spans },
    Planned(Spans),
}

impl From<Noted> for Plan {
    fn from(noted: Noted) -> Self {
        match noted {
            Noted::Both { planned, closed } => Self { planned, closed },
            Noted::Planned(planned) => Self { planned, closed: Spans::default() },
        }
    }
}

impl Spans {
    /// One span; none where it is empty.
    pub(crate) fn one(from: i64, until: i64) -> Self {
        [(from, until)].into_iter().collect()
    }

    /// What is in either.
    pub(crate) fn with(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).copied().collect()
    }

    /// What is in both.
    pub(crate) fn within(&self, other: &Self) -> Self {
        let mut found = Vec::new();
        let (mut own, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(&&(a, b)), Some(&&(c, d))) = (own.peek(), theirs.peek()) {
            let (from, until) = (a.max(c), b.min(d));
            if from < until {
                found.push((from, until));
            }
            if b < d {
                own.next()
            } else {
                theirs.next()
            };
        }
        Self(found)
    }

    /// What of it is not in the other.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut found = Vec::new();
        for &(mut from, until) in &self.0 {
            for &(c, d) in &other.0 {
                if d <= from || c >= until {
                    continue;
                }
                if from < c {
                    found.push((from, c));
                }
                from = from.max(d);
            }
            if from < until {
                found.push((from, until));
            }
        }
        Self(found)
    }

    /// How long it is altogether, in seconds.
    pub(crate) fn seconds(&self) -> u64 {
        let ms: i64 = self.0.iter().map(|(from, until)| until - from).sum();
        u64::try_from(ms / 1000).unwrap_or_default()
    }

    /// Whether an instant is in it.
    #[cfg(test)]
    pub(crate) fn covers(&self, at: i64) -> bool {
        self.0.iter().any(|(from, until)| *from <= at && at < *until)
    }

    /// From its first instant to its last.
    pub(crate) fn hull(&self) -> Self {
        match (self.0.first(), self.0.last()) {
            (Some(first), Some(last)) => Self(vec![(first.0, last.1)]),
            (Some(_) | None, _) => Self::default(),
        }
    }

    /// The last of them.
    pub(crate) fn last(&self) -> Option<Span> {
        self.0.last().copied()
    }

    /// Its first instant.
    pub(crate) fn first(&self) -> Option<i64> {
        self.0.first().map(|(from, _)| *from)
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut spans: Vec<Span> = spans.into_iter().filter(|(from, until)| from < until).collect();
        spans.sort_unstable();
        let mut found: Vec<Span> = Vec::with_capacity(spans.len());
        for (from, until) in spans {
            match found.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(until),
                Some(_) | None => found.push((from, until)),
            }
        }
        Self(found)
    }
}

impl From<Vec<Span>> for Spans {
    fn from(spans: Vec<Span>) -> Self {
        spans.into_iter().collect()
    }
}

impl From<Spans> for Vec<Span> {
    fn from(spans: Spans) -> Self {
        spans.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn some() -> impl Strategy<Value = Vec<Span>> {
        proptest::collection::vec((0_i64..60, 0_i64..60), 0..12)
    }

    proptest! {
        /// Against instants asked one by one.
        #[test]
        fn sets_of_time_are_what_their_instants_say(a in some(), b in some()) {
            let plain = |spans: &[Span], at: i64| spans.iter().any(|(from, until)| *from <= at && at < *until);
            let (one, other): (Spans, Spans) = (a.iter().copied().collect(), b.iter().copied().collect());
            for at in -1..61 {
                let (here, there) = (plain(&a, at), plain(&b, at));
                prop_assert_eq!(one.covers(at), here);
                prop_assert_eq!(one.with(&other).covers(at), here || there);
                prop_assert_eq!(one.within(&other).covers(at), here && there);
                prop_assert_eq!(one.without(&other).covers(at), here && !there);
            }
            let ms: i64 = (0..60).map(|at| i64::from(plain(&a, at))).sum();
            prop_assert_eq!(Vec::from(one).iter().map(|(from, until)| until - from).sum::<i64>(), ms);
        }
    }
}
