//! Local days and months of a zone, as instants.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A time zone of the IANA database, for example `Asia/Makassar` (WITA).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// A text is not the name of a time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a time zone: use a name of the IANA database such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura"
)]
pub struct ParseZoneError(String);

impl ParseZoneError {
    /// What was written, as far as an error shows it.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Zone {
    /// The zone itself.
    pub const fn tz(&self) -> &TimeZone {
        &self.0
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What people in Indonesia call it (WIB, WITA, WIT), elsewhere its abbreviation at `at`.
    pub fn short_name(&self, at: Timestamp) -> String {
        match self.name() {
            "Asia/Jakarta" | "Asia/Pontianak" => "WIB".to_owned(),
            "Asia/Makassar" => "WITA".to_owned(),
            "Asia/Jayapura" => "WIT".to_owned(),
            _ => self.0.to_offset_info(at).abbreviation().to_owned(),
        }
    }

    /// The local date at `at`.
    pub fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.0.clone()).date()
    }

    /// The instant the local day of `at` began.
    pub fn day_start(&self, at: Timestamp) -> Timestamp {
        start_of(self.date(at), &self.0).unwrap_or(at)
    }

    /// The instant the local day after that of `at` begins: when new day quotas are given.
    pub fn next_day(&self, at: Timestamp) -> Timestamp {
        self.date(at).tomorrow().ok().and_then(|date| start_of(date, &self.0)).unwrap_or(Timestamp::MAX)
    }

    /// A local day: its first instant and the first after it.
    pub fn day(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        start_of(date, &self.0).zip(start_of(date.tomorrow().ok()?, &self.0))
    }

    /// The instant the local calendar month of `at` began.
    pub fn month_start(&self, at: Timestamp) -> Timestamp {
        start_of(self.date(at).first_of_month(), &self.0).unwrap_or(at)
    }

    /// The instant the local calendar month after that of `at` begins.
    pub fn next_month(&self, at: Timestamp) -> Timestamp {
        let next = self.date(at).last_of_month().tomorrow().ok();
        next.and_then(|date| start_of(date, &self.0)).unwrap_or(Timestamp::MAX)
    }
}

/// The first instant of `date` in `zone`.
pub(super) fn start_of(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    date.to_zoned(zone.clone()).ok().map(|start| start.timestamp())
}

impl Default for Zone {
    /// WIB.
    fn default() -> Self {
        Self(TimeZone::get("Asia/Jakarta").unwrap_or(TimeZone::UTC))
    }
}

impl FromStr for Zone {
    type Err = ParseZoneError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let zone = TimeZone::get(text).map_err(|_| ParseZoneError(text.chars().take(60).collect()))?;
        Ok(Self(zone))
    }
}

impl TryFrom<String> for Zone {
    type Error = ParseZoneError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_begin_at_local_midnight() {
        let zone: Zone = "Asia/Makassar".parse().unwrap();
        let at: Timestamp = "2026-01-31T20:00:00Z".parse().unwrap(); // 04.00 WITA on 1 February
        assert_eq!(zone.date(at).to_string(), "2026-02-01");
        assert_eq!(zone.day_start(at).to_string(), "2026-01-31T16:00:00Z");
        assert_eq!(zone.next_day(at).to_string(), "2026-02-01T16:00:00Z");
        assert_eq!(zone.month_start(at).to_string(), "2026-01-31T16:00:00Z");
        assert_eq!(zone.next_month(at).to_string(), "2026-02-28T16:00:00Z");
        assert_eq!(zone.short_name(at), "WITA");
        assert!("Asia/Atlantis".parse::<Zone>().is_err());
    }
}
