//! At which hours a clause holds, by the site's own clock.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Weekday;

use crate::hours::{DaySpan, Window, Zone};

/// Weekdays as documents write them, Monday first.
pub(super) const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

const DAY: u16 = 1440;
const WEEK: u16 = 7 * DAY;

/// The hours of a clause: windows by weekday. A window past midnight belongs to the day on which it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WeekHours {
    /// Monday first.
    days: [Vec<DaySpan>; 7],
}

impl WeekHours {
    /// Adds windows to days; no day named means every day.
    pub(super) fn add(&mut self, days: &[Weekday], spans: &[DaySpan]) {
        for ((_, day), own) in DAYS.iter().zip(&mut self.days) {
            if days.is_empty() || days.contains(day) {
                own.extend_from_slice(spans);
                own.sort_unstable();
                own.dedup();
            }
        }
    }

    /// The windows of each day, Monday first.
    pub(super) const fn spans(&self) -> &[Vec<DaySpan>; 7] {
        &self.days
    }

    /// Whether a window is open at `at`.
    pub fn takes(&self, at: Timestamp, zone: &Zone) -> bool {
        self.windows(at, zone, 1).any(|window| window.from <= at && at < window.until)
    }

    /// The next beginning or end of a window after `after`.
    pub fn next_change(&self, after: Timestamp, zone: &Zone) -> Option<Timestamp> {
        // A week and a day ahead: the same weekday's window may have begun already.
        let edges = self.windows(after, zone, 9).flat_map(|window| [window.from, window.until]);
        edges.filter(|edge| *edge > after && self.takes(*edge, zone) != self.takes(before(*edge), zone)).min()
    }

    /// Whether some minute of the week is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (own, others) = (self.minutes(), other.minutes());
        own.iter().any(|(from, until)| others.iter().any(|(start, end)| from < end && start < until))
    }

    /// The same with windows that touch joined.
    #[must_use]
    pub(super) fn joined(mut self) -> Self {
        for spans in &mut self.days {
            let mut joined: Vec<DaySpan> = Vec::with_capacity(spans.len());
            for span in spans.iter() {
                match joined.last_mut() {
                    Some(last) if last.end_minute() >= span.start_minute() => *last = last.through(*span),
                    _ => joined.push(*span),
                }
            }
            *spans = joined;
        }
        self
    }

    /// Whether no minute of the week is in it.
    pub fn is_empty(&self) -> bool {
        self.days.iter().all(Vec::is_empty)
    }

    /// The minutes at which a window begins, and at which none may be open any more, since Monday 00.00.
    pub(super) fn edges(&self) -> impl Iterator<Item = u16> {
        self.minutes().into_iter().flat_map(|(from, until)| [from, until % WEEK])
    }

    /// Windows in minutes since Monday 00.00, cut at the week's end.
    fn minutes(&self) -> Vec<(u16, u16)> {
        let mut all = Vec::new();
        for (day, spans) in (0_u16..).zip(&self.days) {
            for span in spans {
                let (from, until) = (day * DAY + span.start_minute(), day * DAY + span.end_minute());
                all.push((from, until.min(WEEK)));
                if until > WEEK {
                    all.push((0, until - WEEK));
                }
            }
        }
        all
    }

    /// The windows that begin on the day before `from` and on `days` days from then on.
    fn windows<'a>(&'a self, from: Timestamp, zone: &'a Zone, days: u8) -> impl Iterator<Item = Window> + 'a {
        let first = zone.date(from).yesterday().ok();
        let dates = std::iter::successors(first, |date| date.tomorrow().ok()).take(usize::from(days) + 1);
        dates.flat_map(move |date| {
            let spans =
                DAYS.iter().zip(&self.days).find(|((_, day), _)| *day == date.weekday()).map(|(_, spans)| spans);
            spans.into_iter().flatten().map(move |span| span.on(date, zone.tz()))
        })
    }
}

fn before(at: Timestamp) -> Timestamp {
    at.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(at)
}

/// In words: `mon to fri 07.00-15.00`.
impl fmt::Display for WeekHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest: Vec<(&str, &Vec<DaySpan>)> = DAYS.iter().map(|(name, _)| *name).zip(&self.days).collect();
        let mut parts = Vec::new();
        while let Some((_, spans)) = rest.first().copied() {
            let run = rest.iter().take_while(|(_, other)| *other == spans).count();
            let alike: Vec<_> = rest.drain(..run).collect();
            if spans.is_empty() {
                continue;
            }
            let days = match alike.as_slice() {
                [(day, _)] => (*day).to_owned(),
                [_, _, _, _, _, _, _] => "daily".to_owned(),
                [(first, _), .., (last, _)] => format!("{first} to {last}"),
                [] => continue,
            };
            let spans: Vec<String> = spans.iter().map(DaySpan::to_string).collect();
            parts.push(format!("{days} {}", spans.join(", ")));
        }
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(parts: &[(&[Weekday], &str)]) -> WeekHours {
        let mut hours = WeekHours::default();
        for (days, span) in parts {
            hours.add(days, &[span.parse().unwrap()]);
        }
        hours
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_past_midnight_belongs_to_its_day() {
        let zone: Zone = "Asia/Makassar".parse().unwrap();
        let hours = hours(&[(&[Weekday::Sunday], "22.00-02.00")]);
        // Sunday 4 January 2026, 22.00 WITA is 14.00 UTC.
        for (time, holds) in [
            ("2026-01-04T13:59:59Z", false),
            ("2026-01-04T14:00:00Z", true),
            ("2026-01-04T17:59:59Z", true),
            ("2026-01-04T18:00:00Z", false),
        ] {
            assert_eq!(hours.takes(at(time), &zone), holds, "{time}");
        }
        assert_eq!(hours.next_change(at("2026-01-04T14:00:00Z"), &zone), Some(at("2026-01-04T18:00:00Z")));
        assert_eq!(hours.next_change(at("2026-01-04T18:00:00Z"), &zone), Some(at("2026-01-11T14:00:00Z")));
    }

    #[test]
    fn windows_that_touch_are_no_change() {
        let zone: Zone = "Asia/Jakarta".parse().unwrap();
        let always = hours(&[(&[], "00.00-24.00")]);
        assert_eq!(always.next_change(at("2026-01-04T14:00:00Z"), &zone), None);
        assert!(always.takes(at("2026-01-04T17:00:00Z"), &zone));
    }

    #[test]
    fn overlap_wraps_around_the_week() {
        let night = hours(&[(&[Weekday::Sunday], "22.00-02.00")]);
        let early = hours(&[(&[Weekday::Monday], "01.00-03.00")]);
        let later = hours(&[(&[Weekday::Monday], "02.00-03.00")]);
        assert!(night.overlaps(&early) && early.overlaps(&night));
        assert!(!night.overlaps(&later));
    }

    #[test]
    fn hours_are_said_in_words() {
        use Weekday::{Friday, Monday, Sunday, Thursday, Tuesday, Wednesday};
        let week = [Monday, Tuesday, Wednesday, Thursday];
        let hours = hours(&[(&week, "07.00-15.00"), (&[Friday], "07.00-11.30"), (&[Sunday], "08.00-09.00")]);
        assert_eq!(hours.to_string(), "mon to thu 07.00-15.00; fri 07.00-11.30; sun 08.00-09.00");
    }
}
