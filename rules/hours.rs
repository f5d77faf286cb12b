//! Operating hours (jam layanan): weekly windows, dated exceptions, changes by staff for one day.
//!
//! Hours are written in the site's zone and answered in UTC. A window belongs to the day on which it begins: Friday's
//! `20.00-02.00` ends on Saturday morning, and an exception on Saturday does not shorten it.

mod calendar;
mod document;
mod span;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

pub use calendar::Zone;
pub use document::{ExceptionDocument, HoursDocument, HoursProblem, HoursProblems, HoursSlip};
pub use span::DaySpan;

/// When a site is open.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "HoursDocument", into = "HoursDocument")]
pub struct Hours {
    zone: Zone,
    week: Week,
    exceptions: Vec<Exception>,
    overrides: Vec<Override>,
}

/// The ordinary week.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Week {
    /// 24 hours, one unbounded interval.
    Always,
    /// Windows by weekday, Monday first.
    Days([Vec<DaySpan>; 7]),
}

/// Other hours on some dates: holidays, Ramadan, elections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// First date.
    pub from: Date,
    /// Last date.
    pub to: Date,
    /// Only on these weekdays; empty means all.
    pub days: Vec<Weekday>,
    /// The windows of those dates; empty means closed.
    pub open: Vec<DaySpan>,
    /// Why, for visitors.
    pub reason: String,
}

/// A change by staff: early close (`open: false`) or open longer (`open: true`), once, with a reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Override {
    /// From when (UTC).
    pub from: Timestamp,
    /// Until when (UTC).
    pub until: Timestamp,
    /// Open or closed in between, whatever the hours say.
    pub open: bool,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// One interval during which the site is open, absolute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First instant (UTC).
    pub from: Timestamp,
    /// First instant after it (UTC).
    pub until: Timestamp,
}

/// Whether a site is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenState {
    /// Open.
    Open {
        /// When it closes (UTC); `None`: not in the foreseeable time.
        closes: Option<Timestamp>,
    },
    /// Closed.
    Closed {
        /// When it opens (UTC); `None`: not in the foreseeable time.
        opens: Option<Timestamp>,
    },
}

impl OpenState {
    /// Whether it is open.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// When that changes next (UTC).
    pub const fn next_change(self) -> Option<Timestamp> {
        match self {
            Self::Open { closes: next } | Self::Closed { opens: next } => next,
        }
    }
}

impl Hours {
    /// Open 24 hours in `zone`.
    pub const fn always(zone: Zone) -> Self {
        Self { zone, week: Week::Always, exceptions: Vec::new(), overrides: Vec::new() }
    }

    /// The site's zone.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether the ordinary week is 24 hours every day.
    pub const fn is_always_open(&self) -> bool {
        matches!(self.week, Week::Always)
    }

    /// Whether it is always open and nothing ever changes that: then not even a clock is needed.
    pub const fn is_unbounded(&self) -> bool {
        self.is_always_open() && self.exceptions.is_empty() && self.overrides.is_empty()
    }

    /// The staff's changes, oldest first: a later one wins over an earlier.
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// The same hours with other changes by staff.
    #[must_use]
    pub fn with_overrides(mut self, overrides: Vec<Override>) -> Self {
        self.overrides = overrides;
        self
    }

    /// The exception that holds on `date`: the one with the fewest days, among equals the later written.
    pub fn exception(&self, date: Date) -> Option<&Exception> {
        self.exceptions
            .iter()
            .filter(|exception| exception.covers(date))
            .rev()
            .min_by_key(|exception| exception.from.until(exception.to).map_or(i32::MAX, |length| length.get_days()))
    }

    /// The staff's change that holds at `at`.
    pub fn override_at(&self, at: Timestamp) -> Option<&Override> {
        self.overrides.iter().rev().find(|change| change.from <= at && at < change.until)
    }

    /// Whether the site is open at `at`, and until when.
    pub fn state(&self, at: Timestamp) -> OpenState {
        let horizon = self.horizon(at);
        let mut windows = self.windows(at, horizon).into_iter();
        match windows.next() {
            Some(window) if window.from <= at => {
                OpenState::Open { closes: Some(window.until).filter(|until| *until < horizon) }
            }
            Some(window) => OpenState::Closed { opens: Some(window.from) },
            None => OpenState::Closed { opens: None },
        }
    }

    /// The open intervals within `from..until`, cut to it, in order, touching ones merged.
    pub fn windows(&self, from: Timestamp, until: Timestamp) -> Vec<Window> {
        if until <= from {
            return Vec::new();
        }
        let mut found = self.ordinary(from, until);
        for change in &self.overrides {
            let part = Window { from: change.from.max(from), until: change.until.min(until) };
            if part.from < part.until {
                found = if change.open { with(found, part) } else { without(&found, part) };
            }
        }
        found
    }

    /// Windows of the week and its exceptions alone.
    fn ordinary(&self, from: Timestamp, until: Timestamp) -> Vec<Window> {
        if self.is_always_open() && self.exceptions.is_empty() {
            return vec![Window { from, until }];
        }
        let zone = self.zone.tz();
        // A window lasts 24 hours at most, so yesterday's may still be open.
        let mut date = from.to_zoned(zone.clone()).date().yesterday().unwrap_or(Date::MIN);
        let last = until.to_zoned(zone.clone()).date();
        let mut found: Vec<Window> = Vec::new();
        while date <= last {
            for span in self.spans(date) {
                let part = span.on(date, zone);
                let part = Window { from: part.from.max(from), until: part.until.min(until) };
                if part.from < part.until {
                    found = with(found, part);
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        found
    }

    fn spans(&self, date: Date) -> &[DaySpan] {
        const WHOLE_DAY: &[DaySpan] = &[DaySpan::WHOLE_DAY];
        match (self.exception(date), &self.week) {
            (Some(exception), _) => &exception.open,
            (None, Week::Always) => WHOLE_DAY,
            (None, Week::Days(days)) => {
                let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
                days.get(weekday).map_or(&[], Vec::as_slice)
            }
        }
    }

    /// Beyond this the week only repeats: nine days after the last dated thing still to come.
    fn horizon(&self, at: Timestamp) -> Timestamp {
        let zone = self.zone.tz();
        let dated = self.exceptions.iter().filter_map(|exception| calendar::start_of(exception.to, zone)).max();
        let changed = self.overrides.iter().map(|change| change.until).max();
        let last = dated.into_iter().chain(changed).fold(at, Timestamp::max);
        last.checked_add(jiff::SignedDuration::from_hours(9 * 24)).unwrap_or(Timestamp::MAX)
    }
}

impl Exception {
    fn covers(&self, date: Date) -> bool {
        self.from <= date && date <= self.to && (self.days.is_empty() || self.days.contains(&date.weekday()))
    }
}

/// `windows` and `more`, merged. `windows` are in order.
fn with(windows: Vec<Window>, more: Window) -> Vec<Window> {
    let mut more = more;
    let mut merged = Vec::with_capacity(windows.len() + 1);
    let mut later = Vec::new();
    for window in windows {
        if window.until < more.from {
            merged.push(window);
        } else if more.until < window.from {
            later.push(window);
        } else {
            more = Window { from: more.from.min(window.from), until: more.until.max(window.until) };
        }
    }
    merged.push(more);
    merged.append(&mut later);
    merged
}

/// `windows` less `hole`.
fn without(windows: &[Window], hole: Window) -> Vec<Window> {
    windows
        .iter()
        .flat_map(|window| {
            [
                Window { from: window.from, until: window.until.min(hole.from) },
                Window { from: window.from.max(hole.until), until: window.until },
            ]
        })
        .filter(|window| window.from < window.until)
        .collect()
}

impl AsRef<TimeZone> for Zone {
    fn as_ref(&self) -> &TimeZone {
        self.tz()
    }
}

#[cfg(test)]
mod tests;
