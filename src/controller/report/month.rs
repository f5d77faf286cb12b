//! A calendar month, by the clock of a place.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(Date);

/// A text is not a month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a month: write it as 2026-10")]
pub struct ParseMonthError(String);

impl Month {
    /// The month of a day.
    pub fn of(date: Date) -> Self {
        Self(date.first_of_month())
    }

    /// Its first day.
    pub const fn first(self) -> Date {
        self.0
    }

    /// Its year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// Its number in the year, from 1.
    pub fn number(self) -> i8 {
        self.0.month()
    }

    /// How many days it has.
    pub fn days(self) -> u8 {
        u8::try_from(self.0.days_in_month()).unwrap_or(31)
    }

    /// The month before; none before the calendar begins.
    pub fn before(self) -> Option<Self> {
        self.0.yesterday().ok().map(Self::of)
    }

    /// The month after; none after the calendar ends.
    pub fn after(self) -> Option<Self> {
        self.0.last_of_month().tomorrow().ok().map(Self::of)
    }

    /// Its first instant and the first after it, in `zone`.
    pub fn span(self, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let start = |month: Self| month.0.to_zoned(zone.clone()).ok().map(|start| start.timestamp());
        start(self).zip(start(self.after()?))
    }
}

impl FromStr for Month {
    type Err = ParseMonthError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseMonthError(text.chars().take(20).collect());
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let plain = |part: &str, length| part.len() == length && part.bytes().all(|digit| digit.is_ascii_digit());
        if !plain(year, 4) || !plain(month, 2) {
            return Err(wrong());
        }
        let (year, month) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        Date::new(year, month, 1).map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl TryFrom<String> for Month {
    type Error = ParseMonthError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_and_written_and_turns_with_the_year() {
        let december: Month = "2026-12".parse().unwrap();
        assert_eq!((december.to_string().as_str(), december.days()), ("2026-12", 31));
        assert_eq!(december.after().unwrap().to_string(), "2027-01");
        assert_eq!(december.before().unwrap().to_string(), "2026-11");
        for wrong in ["2026-13", "2026-1", "2026", "26-01", "2026-00", "+026-01", "2026-10-01", ""] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_month_begins_at_midnight_of_its_place_also_where_clocks_change() {
        let spans = |zone: &str, month: &str| {
            let span = month.parse::<Month>().unwrap().span(&TimeZone::get(zone).unwrap()).unwrap();
            (span.0.to_string(), span.1.to_string(), span.1.duration_since(span.0).as_hours())
        };
        let text = |from: &str, until: &str, hours| (from.to_owned(), until.to_owned(), hours);
        assert_eq!(
            spans("Asia/Makassar", "2026-12"),
            text("2026-11-30T16:00:00Z", "2026-12-31T16:00:00Z", 31 * 24),
            "New Year's Eve ends by WITA"
        );
        assert_eq!(spans("Asia/Jayapura", "2027-01"), text("2026-12-31T15:00:00Z", "2027-01-31T15:00:00Z", 31 * 24));
        // No zone of Indonesia changes its clocks; one that does has a month of another length.
        assert_eq!(
            spans("Europe/Amsterdam", "2026-10"),
            text("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", 31 * 24 + 1)
        );
    }
}
