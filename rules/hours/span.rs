//! A window of one day, in local minutes.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::Window;

const DAY: u16 = 24 * 60;

/// From a minute of a day up to 24 hours on: `08.00-22.00`, or past midnight `20.00-02.00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DaySpan {
    /// 0 to 1439.
    start: u16,
    /// Minutes after midnight of the same day; more than `start`, at most `start + 1440`.
    end: u16,
}

impl DaySpan {
    /// Midnight to midnight.
    pub const WHOLE_DAY: Self = Self { start: 0, end: DAY };

    /// Begins this many minutes after local midnight, 0 to 1439.
    pub const fn start_minute(self) -> u16 {
        self.start
    }

    /// Ends this many minutes after the same midnight; beyond 1440 it is past midnight.
    pub const fn end_minute(self) -> u16 {
        self.end
    }

    /// From this one's beginning to the later end.
    pub(crate) fn through(self, other: Self) -> Self {
        Self { start: self.start, end: self.end.max(other.end) }
    }

    /// The absolute interval of this span on `date`. Where a clock change leaves a local time out or has it twice, the
    /// usual reading of RFC 5545 holds: the time after a gap, the first of two.
    pub(crate) fn on(self, date: Date, zone: &TimeZone) -> Window {
        let at = |minute: u16| {
            let midnight = DateTime::from_parts(date, Time::midnight());
            let local = midnight.checked_add(SignedDuration::from_mins(i64::from(minute))).unwrap_or(DateTime::MAX);
            local.to_zoned(zone.clone()).map_or(jiff::Timestamp::MAX, |zoned| zoned.timestamp())
        };
        Window { from: at(self.start), until: at(self.end) }
    }
}

/// A text is not a window of a day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a window of a day: write 08.00-22.00, or 20.00-02.00 past midnight; 24.00 is the end of the day"
)]
pub struct ParseSpanError(String);

impl ParseSpanError {
    /// What was written, as far as an error shows it.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl FromStr for DaySpan {
    type Err = ParseSpanError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (start, end) = text.split_once(['-', '\u{2013}'])?;
            let (start, end) = (minute(start)?, minute(end)?);
            let end = if end <= start { end + DAY } else { end };
            (start < DAY).then_some(Self { start, end })
        };
        read().ok_or_else(|| ParseSpanError(text.chars().take(40).collect()))
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(['.', ':'])?;
    let number = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
        if digits { text.parse::<u16>().ok() } else { None }
    };
    let total = number(hour)? * 60 + number(minute).filter(|value| *value < 60 && minute.len() == 2)?;
    (total <= DAY).then_some(total)
}

impl fmt::Display for DaySpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.end > DAY { self.end - DAY } else { self.end };
        write!(f, "{:02}.{:02}-{:02}.{:02}", self.start / 60, self.start % 60, end / 60, end % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_with_dots_and_colons() {
        for (text, start, end) in [
            ("08.00-22.00", 480, 1320),
            ("8:00 - 22:30", 480, 1350),
            ("20.00-02.00", 1200, 1560),
            ("00.00-24.00", 0, 1440),
            ("12.00-12.00", 720, 2160),
        ] {
            assert_eq!(text.parse::<DaySpan>().unwrap(), DaySpan { start, end }, "{text}");
        }
        for bad in
            ["", "8-22", "08.00", "24.00-25.00", "24.00-02.00", "08.60-09.00", "a.00-b.00", "08.0-09.00", "+8.00-09.00"]
        {
            assert!(bad.parse::<DaySpan>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_window_prints_as_it_is_read() {
        for text in ["08.00-22.00", "20.00-02.00", "00.00-24.00", "12.00-12.00"] {
            assert_eq!(text.parse::<DaySpan>().unwrap().to_string(), text);
        }
    }
}
