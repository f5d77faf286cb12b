//! Times, durations, bytes and speeds as people read them, in the site's zone and the visitor's language (CLDR id-ID).

use std::time::Duration;

use gapura_model::{BitRate, ByteCount, ClockTrust, Moment};
use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use crate::{Lang, Words};

/// Speaks of times around one moment in one zone and language.
#[derive(Clone, Debug)]
pub struct Say {
    /// The words.
    pub words: Words,
    zone: TimeZone,
    now: Timestamp,
    /// While the clock is in doubt no clock times are shown: they would be wrong.
    trusted: bool,
}

impl Say {
    /// Around `moment` in `zone`.
    pub fn new(words: Words, zone: TimeZone, moment: Moment) -> Self {
        Self { words, zone, now: moment.wall, trusted: moment.trust == ClockTrust::Trusted }
    }

    /// Whether the clock may be believed: without it no clock times are shown.
    pub fn trusted(&self) -> bool {
        self.trusted
    }

    /// "20.14 WITA", "20:14 WITA", held together by a no-break space.
    pub fn clock(&self, at: Timestamp) -> String {
        let at = at.to_zoned(self.zone.clone());
        format!("{}\u{a0}{}", self.hour(i32::from(at.hour()) * 60 + i32::from(at.minute())), zone_name(&at))
    }

    /// "20.14", without the zone.
    pub fn bare_clock(&self, at: Timestamp) -> String {
        let at = at.to_zoned(self.zone.clone());
        self.hour(i32::from(at.hour()) * 60 + i32::from(at.minute()))
    }

    /// "WITA".
    pub fn zone(&self) -> String {
        zone_name(&self.now.to_zoned(self.zone.clone()))
    }

    /// "pukul 20.14 WITA", "besok pukul 08.00 WITA", "Senin, 23 November 2026 pukul 08.00 WITA".
    pub fn when(&self, at: Timestamp) -> String {
        let day = at.to_zoned(self.zone.clone()).date();
        let today = self.today();
        let clock = self.clock(at);
        if day == today {
            self.words.t1("at-clock", "clock", clock)
        } else if today.tomorrow().is_ok_and(|tomorrow| day == tomorrow) {
            self.words.t1("tomorrow-at", "clock", clock)
        } else {
            let day = format!("{}, {}", self.weekday(day.weekday()), self.date(day));
            self.words.t2("day-at", "day", day, "clock", clock)
        }
    }

    /// When something begins anew: midnight tonight is "pukul 00.00 WITA", not tomorrow's.
    pub fn renewal(&self, at: Timestamp) -> String {
        let just_before = at.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(at);
        if self.date_of(just_before) == self.today() {
            self.words.t1("at-clock", "clock", self.clock(at))
        } else {
            self.when(at)
        }
    }

    /// The calendar day at the site.
    pub fn date_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// The moment.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// "20 November 2026".
    pub fn day(&self, at: Timestamp) -> String {
        self.date(at.to_zoned(self.zone.clone()).date())
    }

    /// "20 November 2026".
    pub fn date(&self, date: Date) -> String {
        let month = self.words.list("months", usize::from(date.month().unsigned_abs()).saturating_sub(1));
        format!("{} {month} {}", date.day(), date.year())
    }

    /// "Senin".
    pub fn weekday(&self, day: jiff::civil::Weekday) -> String {
        self.words.list("weekdays", usize::from(day.to_monday_zero_offset().unsigned_abs()))
    }

    /// Today at the site.
    pub fn today(&self) -> Date {
        self.now.to_zoned(self.zone.clone()).date()
    }

    /// "20.14" from minutes after midnight; 1440 is "24.00", later ones belong to the next day.
    pub fn hour(&self, minutes: i32) -> String {
        let minutes = if minutes > 1440 { minutes - 1440 } else { minutes };
        let mark = match self.words.lang() {
            Lang::Id => '.',
            Lang::En => ':',
        };
        format!("{:02}{mark}{:02}", minutes / 60, minutes % 60)
    }

    /// "1 jam 12 menit"; minutes are rounded down, below two minutes in seconds.
    pub fn duration(&self, length: Duration) -> String {
        let seconds = length.as_secs();
        if seconds < 120 {
            return self.words.n("seconds", seconds);
        }
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        let parts = [("days", days), ("hours", hours), ("minutes", if days > 0 { 0 } else { minutes })];
        let parts: Vec<_> = parts.into_iter().filter(|(_, n)| *n > 0).map(|(key, n)| self.words.n(key, n)).collect();
        parts.join(" ")
    }

    /// "18.422", in English "18,422".
    pub fn number(&self, number: u64) -> String {
        let mark = match self.words.lang() {
            Lang::Id => '.',
            Lang::En => ',',
        };
        let digits = number.to_string();
        let mut out = String::with_capacity(digits.len() * 4 / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                out.push(mark);
            }
            out.push(digit);
        }
        out
    }

    /// "640 MB", "1,5 GB": decimal units, rounded down.
    pub fn bytes(&self, bytes: ByteCount) -> String {
        let bytes = bytes.get();
        let (unit, name) = match bytes {
            0..1_000 => (1, "B"),
            1_000..1_000_000 => (1_000, "kB"),
            1_000_000..1_000_000_000 => (1_000_000, "MB"),
            1_000_000_000..1_000_000_000_000 => (1_000_000_000, "GB"),
            _ => (1_000_000_000_000, "TB"),
        };
        format!("{}\u{a0}{name}", self.tenths(bytes, unit, unit < 1_000_000_000))
    }

    /// "4 Mb/s", "512 kb/s".
    pub fn rate(&self, rate: BitRate) -> String {
        let bits = rate.bits_per_second();
        let (unit, name) = match bits {
            0..1_000_000 => (1_000, "kb/s"),
            1_000_000..1_000_000_000 => (1_000_000, "Mb/s"),
            _ => (1_000_000_000, "Gb/s"),
        };
        format!("{}\u{a0}{name}", self.tenths(bits, unit, false))
    }

    /// `amount / unit` with one decimal where it says something: never for `whole`, nor from 100 on.
    fn tenths(&self, amount: u64, unit: u64, whole: bool) -> String {
        let (full, tenth) = (amount / unit, amount % unit * 10 / unit);
        if whole || tenth == 0 || full >= 100 {
            return full.to_string();
        }
        let mark = match self.words.lang() {
            Lang::Id => ',',
            Lang::En => '.',
        };
        format!("{full}{mark}{tenth}")
    }
}

/// WIB, WITA, WIT, or whatever the zone itself is called.
fn zone_name(at: &Zoned) -> String {
    let name = match at.time_zone().iana_name() {
        Some("Asia/Jakarta" | "Asia/Pontianak") => "WIB",
        Some("Asia/Makassar" | "Asia/Ujung_Pandang") => "WITA",
        Some("Asia/Jayapura") => "WIT",
        Some(_) | None => return at.strftime("%Z").to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use gapura_model::Uptime;

    use super::*;

    static LOCALE: std::sync::LazyLock<crate::Locale> = std::sync::LazyLock::new(|| crate::Locale::new(&[], &[]));

    fn say(lang: Lang, zone: &str) -> Say {
        let now: Timestamp = "2026-11-20T12:14:00Z".parse().unwrap();
        Say::new(Words::new(&LOCALE, lang), TimeZone::get(zone).unwrap(), Moment::trusted(Uptime::default(), now))
    }

    #[test]
    fn times_are_told_in_the_sites_zone() {
        let at: Timestamp = "2026-11-20T12:14:00Z".parse().unwrap();
        let later = |hours: i64| at + jiff::SignedDuration::from_hours(hours);
        let id = say(Lang::Id, "Asia/Makassar");
        assert_eq!(id.clock(at), "20.14\u{a0}WITA");
        assert_eq!(say(Lang::Id, "Asia/Jakarta").clock(at), "19.14\u{a0}WIB");
        assert_eq!(say(Lang::Id, "Asia/Jayapura").clock(at), "21.14\u{a0}WIT");
        assert_eq!(say(Lang::En, "Asia/Makassar").clock(at), "20:14\u{a0}WITA");
        assert_eq!(id.when(later(1)), "pukul 21.14\u{a0}WITA");
        assert_eq!(id.when(later(12)), "besok pukul 08.14\u{a0}WITA");
        assert_eq!(id.when(later(72)), "Senin, 23 November 2026 pukul 20.14\u{a0}WITA");
        assert_eq!(id.day(at), "20 November 2026");
        assert_eq!(say(Lang::En, "Asia/Makassar").when(later(12)), "tomorrow at 08:14\u{a0}WITA");
    }

    #[test]
    fn amounts_are_told_as_people_read_them() {
        let (id, en) = (say(Lang::Id, "Asia/Makassar"), say(Lang::En, "Asia/Makassar"));
        let plain = |text: String| text.replace('\u{a0}', " ");
        for (bytes, in_id, in_en) in [
            (640_900_000, "640 MB", "640 MB"),
            (1_500_000_000, "1,5 GB", "1.5 GB"),
            (1_000_000_000, "1 GB", "1 GB"),
            (999, "999 B", "999 B"),
            (u64::MAX, "18446744 TB", "18446744 TB"),
        ] {
            assert_eq!(plain(id.bytes(ByteCount::new(bytes))), in_id);
            assert_eq!(plain(en.bytes(ByteCount::new(bytes))), in_en);
        }
        assert_eq!(plain(id.rate(BitRate::new(4_000_000).unwrap())), "4 Mb/s");
        assert_eq!(plain(id.rate(BitRate::new(1_500_000).unwrap())), "1,5 Mb/s");
        assert_eq!(plain(en.rate(BitRate::new(512_000).unwrap())), "512 kb/s");
        for (seconds, in_id, in_en) in [
            (4_320, "1 jam 12 menit", "1 hour 12 minutes"),
            (7_200, "2 jam", "2 hours"),
            (299, "4 menit", "4 minutes"),
            (61, "61 detik", "61 seconds"),
            (1, "1 detik", "1 second"),
            (90_000, "1 hari 1 jam", "1 day 1 hour"),
        ] {
            assert_eq!(id.duration(Duration::from_secs(seconds)), in_id);
            assert_eq!(en.duration(Duration::from_secs(seconds)), in_en);
        }
    }
}
