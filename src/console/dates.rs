//! Dates as people type them: "27 Nov 2026", "27-11-2026", "27/11/2026", "2026-11-27"; times: "17.00", "17:00", "17".

use gapura_speech::{Lang, Words};
use jiff::civil::{Date, Time};

use crate::words::words;

/// Reads a date; months by their first three letters in either language.
pub(crate) fn parse(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split([' ', '-', '/', '.', ',']).filter(|part| !part.is_empty()).collect();
    let [first, middle, last] = parts.as_slice() else { return None };
    let month = middle.parse().ok().or_else(|| month(middle))?;
    let (day, year) = if first.len() == 4 { (last, first) } else { (first, last) };
    Date::new(year.parse().ok().filter(|year| *year >= 2000)?, month, day.parse().ok()?).ok()
}

fn month(text: &str) -> Option<i8> {
    let of = |w: Words| {
        let known = |index: usize| short(&w.list("months", index)).to_lowercase();
        (0..12).find(|index| text.to_lowercase().starts_with(&known(*index)))
    };
    let index = Lang::ALL.into_iter().find_map(|lang| of(words(lang)))?;
    i8::try_from(index + 1).ok()
}

/// Reads a time of day.
pub(crate) fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(['.', ':']).unwrap_or((text, "0"));
    let plain = |part: &str| part.len() <= 2 && part.bytes().all(|digit| digit.is_ascii_digit());
    let (hour, minute) = Some((hour.trim(), minute.trim())).filter(|(hour, minute)| plain(hour) && plain(minute))?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// "27 Nov 2026".
pub(crate) fn write(w: Words, date: Date) -> String {
    let month = w.list("months", usize::from(date.month().unsigned_abs()).saturating_sub(1));
    format!("{} {} {}", date.day(), short(&month), date.year())
}

fn short(month: &str) -> String {
    month.chars().take(3).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn dates_are_read_as_people_type_them() {
        for text in [
            "27 Nov 2026",
            "27 november 2026",
            " 27-11-2026 ",
            "27/11/2026",
            "2026-11-27",
            "27.11.2026",
            "27 Nov, 2026",
        ] {
            assert_eq!(parse(text), Some(date(2026, 11, 27)), "{text}");
        }
        assert_eq!(
            (parse("1 Mei 2027"), parse("1 may 2027"), parse("17 Agustus 2027")),
            (Some(date(2027, 5, 1)), Some(date(2027, 5, 1)), Some(date(2027, 8, 17)))
        );
        for bad in ["", "27 2026", "31 Nov 2026", "27 Xyz 2026", "11/27/2026", "27 Nov 26", "besok"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(write(words(Lang::Id), date(2026, 8, 17)), "17 Agu 2026");
        assert_eq!(parse(&write(words(Lang::En), date(2026, 10, 1))), Some(date(2026, 10, 1)));
    }
}
