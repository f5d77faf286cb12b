//! The days of a calendar as lines that people type: "24 Des 2026 – 26 Des 2026: Cuti bersama". Pure.

use gapura_controller::{Calendar, Holiday};
use gapura_speech::Words;
use jiff::civil::Date;

use crate::dates;

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// Its date cannot be read.
    Date,
    /// Its last day lies before its first.
    Order,
    /// Nothing stands after the colon.
    Name,
}

impl Slip {
    pub(super) fn words(self, w: Words, line: usize) -> String {
        let key = match self {
            Self::Date => "calendars-wrong-date",
            Self::Order => "calendars-wrong-order",
            Self::Name => "calendars-wrong-name",
        };
        w.t1(key, "line", line.to_string())
    }
}

/// A day, or a span of days, as people read it.
pub(super) fn span(w: Words, day: &Holiday) -> String {
    let from = dates::write(w, day.date);
    day.to.map_or_else(|| from.clone(), |to| format!("{from} – {}", dates::write(w, to)))
}

/// A line for each holiday.
pub(super) fn lines(w: Words, calendar: &Calendar) -> String {
    let line = |day: &Holiday| format!("{}: {}\n", span(w, day), day.name);
    calendar.holiday.iter().map(line).collect()
}

/// Reads lines; empty ones are passed over. All mistakes, each with the number of its line.
pub(super) fn read(text: &str) -> Result<Calendar, Vec<(usize, Slip)>> {
    let (mut calendar, mut wrong) = (Calendar::default(), Vec::new());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match holiday(line) {
            Ok(day) => calendar.holiday.push(day),
            Err(slip) => wrong.push((index + 1, slip)),
        }
    }
    calendar.holiday.sort_by_key(|day| (day.date, day.to));
    if wrong.is_empty() { Ok(calendar) } else { Err(wrong) }
}

fn holiday(line: &str) -> Result<Holiday, Slip> {
    let (when, name) = line.split_once(':').unwrap_or((line, ""));
    let date = |text: &str| dates::parse(text.trim()).ok_or(Slip::Date);
    let parts = [" – ", "–", " - ", " s.d. ", " sampai ", " to "];
    let (from, to): (Date, Option<Date>) = match parts.into_iter().find_map(|mark| when.split_once(mark)) {
        Some((from, to)) => (date(from)?, Some(date(to)?)),
        None => (date(when)?, None),
    };
    if to.is_some_and(|to| to < from) {
        return Err(Slip::Order);
    }
    match name.trim() {
        "" => Err(Slip::Name),
        name => Ok(Holiday { date: from, to: to.filter(|to| *to > from), name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use gapura_speech::Lang;

    use super::*;
    use crate::words::words;

    #[test]
    fn days_are_read_as_they_are_written_and_as_people_type_them() {
        let text = "25-12-2026: Hari Natal\n\n2026-12-24 – 2026-12-26: Cuti bersama: dua hari\n1 Jan 2027 - 1 Jan 2027: Tahun Baru\n";
        let calendar = read(text).unwrap();
        let written = lines(words(Lang::Id), &calendar);
        assert_eq!(
            written,
            "24 Des 2026 – 26 Des 2026: Cuti bersama: dua hari\n25 Des 2026: Hari Natal\n1 Jan 2027: Tahun Baru\n"
        );
        assert_eq!(read(&written), Ok(calendar.clone()));
        assert_eq!(read(&lines(words(Lang::En), &calendar)), Ok(calendar));
    }

    #[test]
    fn every_wrong_line_is_named() {
        let wrong = read("besok: Natal\n25 Des 2026\n26 Des 2026 – 24 Des 2026: Cuti\n").unwrap_err();
        assert_eq!(wrong, [(1, Slip::Date), (2, Slip::Name), (3, Slip::Order)]);
    }
}
