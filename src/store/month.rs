//! Calendar months (UTC): how usage is kept, how pseudonym keys live, and what is destroyed at once.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::millis;

/// A calendar month in UTC, `2026-11`, from 2020 to 9000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

/// A text is not a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a month: expected a year and a month, for example 2026-11")]
pub struct ParseMonthError;

impl Month {
    /// The first one: a clock that shows less was never set.
    pub const FIRST: Self = Self { year: 2020, month: 1 };
    const LAST_YEAR: i16 = 9000;

    /// The month of a moment; none for one that no clock shows that was set.
    pub fn of(at: Timestamp) -> Option<Self> {
        let day = at.to_zoned(TimeZone::UTC).date();
        (Self::FIRST.year..=Self::LAST_YEAR)
            .contains(&day.year())
            .then_some(Self { year: day.year(), month: day.month() })
    }

    /// The month after.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.month >= 12 {
            Self { year: self.year + 1, month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        }
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        Date::new(self.year, self.month, 1).unwrap_or(Date::MIN)
    }

    /// From (included), until (excluded).
    pub fn span(self) -> (Timestamp, Timestamp) {
        let start = |month: Self| {
            let begin = TimeZone::UTC.to_timestamp(month.first_day().to_datetime(jiff::civil::Time::midnight()));
            begin.unwrap_or(Timestamp::MIN)
        };
        (start(self), start(self.next()))
    }

    /// The same in ms.
    pub(crate) fn bounds(self) -> (i64, i64) {
        let (from, until) = self.span();
        (millis(from), millis(until))
    }

    /// The table of this month, where a table is kept by month.
    pub(crate) fn part_of(self, table: &str) -> String {
        format!("_{table}_{:04}_{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = ParseMonthError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (year, month) = text.split_once('-').ok_or(ParseMonthError)?;
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|c| c.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(ParseMonthError);
        }
        let (year, month) = (year.parse().map_err(|_| ParseMonthError)?, month.parse().map_err(|_| ParseMonthError)?);
        let known = (Self::FIRST.year..=Self::LAST_YEAR).contains(&year) && (1..=12).contains(&month);
        if known { Ok(Self { year, month }) } else { Err(ParseMonthError) }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_bounds_and_its_name() {
        let month: Month = "2026-12".parse().unwrap();
        let (from, until) = month.span();
        assert_eq!(
            (from.to_string(), until.to_string()),
            ("2026-12-01T00:00:00Z".into(), "2027-01-01T00:00:00Z".into())
        );
        assert_eq!((Month::of(from), Month::of(until)), (Some(month), Some(month.next())));
        assert_eq!((month.to_string(), month.part_of("visit")), ("2026-12".into(), "_visit_2026_12".into()));
        assert_eq!(Month::of(Timestamp::UNIX_EPOCH), None);
        for wrong in ["2026-13", "2026-00", "2019-12", "26-01", "2026-1", "", "2026/01", "+202-01"] {
            assert_eq!(wrong.parse::<Month>(), Err(ParseMonthError), "{wrong}");
        }
    }
}
