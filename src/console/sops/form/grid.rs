//! A clause's hours as a grid of 24 boxes a day, beside the line that says the same.

use gapura_rules::hours::DaySpan;
use gapura_rules::sop::WeekHours;
use gapura_speech::Say;

use super::super::times::{self, Parts};
use crate::form::Fields;
use crate::week::{self, DAYS, Spans};

/// A day of the grid.
#[derive(Clone, Debug)]
pub(in super::super) struct Day {
    /// As documents name it.
    pub(in super::super) key: &'static str,
    pub(in super::super) name: String,
    /// An hour each; ticked where some of it is meant.
    pub(in super::super) boxes: Vec<bool>,
}

/// Line and boxes were changed, and not to the same.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// The line cannot be read.
    Line,
    /// They differ.
    Both,
}

/// The windows of each day, Monday first; none at all is always.
type Week = Vec<Spans>;

fn stands(hours: Option<&WeekHours>) -> Week {
    let spans = |spans: &[DaySpan]| spans.iter().map(|span| (span.start_minute(), span.end_minute())).collect();
    hours.map_or_else(|| vec![Spans::new(); DAYS.len()], |hours| hours.by_day().map(|(_, all)| spans(all)).collect())
}

/// The grid as the document has it; without hours no box is ticked.
pub(super) fn of(say: &Say, hours: Option<&WeekHours>) -> Vec<Day> {
    let name = |number: i8| {
        jiff::civil::Weekday::from_monday_one_offset(number).map_or_else(|_| String::new(), |day| say.weekday(day))
    };
    let day = |((key, spans), number): ((&&'static str, Spans), i8)| Day {
        key,
        name: name(number),
        boxes: (0..24).map(|hour| week::ticked(&spans, hour)).collect(),
    };
    DAYS.iter().zip(stands(hours)).zip(1..).map(day).collect()
}

/// The name of a day's boxes.
pub(super) fn field(clause: &str, key: &str) -> String {
    format!("kotak.{clause}.{key}")
}

/// Ticks what was sent.
pub(super) fn take(days: &mut [Day], clause: &str, fields: &Fields) {
    for day in days {
        let sent: Vec<usize> = fields.all(&field(clause, day.key)).filter_map(|hour| hour.parse().ok()).collect();
        for (hour, is) in day.boxes.iter_mut().enumerate() {
            *is = sent.contains(&hour);
        }
    }
}

/// The hours that line and boxes lead to; none where nothing was changed. `line` is what was typed, `stood` what stood there.
pub(super) fn parts(
    hours: Option<&WeekHours>,
    days: &[Day],
    (line, stood): (&str, &str),
) -> Result<Option<Parts>, Slip> {
    let was = stands(hours);
    let changed = days
        .iter()
        .zip(&was)
        .any(|(day, spans)| (0..24).zip(&day.boxes).any(|(hour, is)| week::ticked(spans, hour) != *is));
    let typed = if line == stood { None } else { Some(times::read(line).ok_or(Slip::Line)?) };
    if !changed {
        return Ok(typed);
    }
    let boxed: Week = days.iter().zip(&was).map(|(day, spans)| with_boxes(spans, day)).collect();
    match typed {
        None => Ok(Some(together(&boxed))),
        Some(typed) if by_day(&typed) == boxed => Ok(Some(typed)),
        Some(_) => Err(Slip::Both),
    }
}

fn with_boxes(spans: &Spans, day: &Day) -> Spans {
    let (was, hours) = (week::line(spans), (0..24).zip(&day.boxes));
    let ticked: Vec<u16> = hours.filter(|(_, is)| **is).map(|(hour, _)| hour).collect();
    week::day(&was, &was, &ticked).unwrap_or_default()
}

/// Days with the same windows stand together, as documents write them.
fn together(week: &Week) -> Parts {
    let mut parts = Parts::new();
    for (key, spans) in DAYS.iter().zip(week).filter(|(_, spans)| !spans.is_empty()) {
        let spans = week::texts(spans);
        match parts.iter_mut().find(|(_, known)| *known == spans) {
            Some((days, _)) => days.push((*key).to_owned()),
            None => parts.push((vec![(*key).to_owned()], spans)),
        }
    }
    for (days, _) in &mut parts {
        // Every day: documents name none.
        if days.len() == DAYS.len() {
            days.clear();
        }
    }
    parts
}

fn by_day(parts: &Parts) -> Week {
    let mut week = vec![Spans::new(); DAYS.len()];
    for (days, spans) in parts {
        for (key, own) in DAYS.iter().zip(&mut week) {
            if days.is_empty() || days.iter().any(|day| day == key) {
                own.extend(spans.iter().filter_map(|span| week::read(span).ok()).flatten());
                own.sort_unstable();
                own.dedup();
            }
        }
    }
    week
}

#[cfg(test)]
mod tests {
    use gapura_rules::sop::{Catalogue, Source, Stack};
    use gapura_speech::Lang;

    use super::super::super::samples::say;
    use super::*;
    use crate::words::words;

    fn hours(text: &str) -> Option<WeekHours> {
        let text = format!(
            "number = \"S/1\"\ntitle = \"U\"\nlayer = \"regency\"\nrevision = 1\nowner = \"D\"\nlegal-basis = [\"K\"]\n\
             effective-from = 2026-01-01\nreview-by = 2036-01-01\n[[clause]]\nnumber = 1\nwords = \"x\"\n\
             citizen = {{ id = \"x\", en = \"x\" }}\naction = \"block\"\nnames = [\"x.example\"]\n{text}\n"
        );
        let (stack, problems) = Stack::adopt(&[Source { file: "x", text: &text }], &Catalogue::default());
        let stack = stack.unwrap_or_else(|| panic!("{problems:?}"));
        stack.sops().next().unwrap().written_clauses()[0].hours.clone()
    }

    const SCHOOL: &str = "hours = { days = [\"mon\", \"tue\"], spans = [\"07.30-13.00\"] }";

    /// What comes of it when boxes are turned: day, hour.
    fn turned(before: &str, boxes: &[(usize, usize)], line: Option<&str>) -> Result<Option<Parts>, Slip> {
        let (say, hours) = (say(words(Lang::Id)), hours(before));
        let mut days = of(&say, hours.as_ref());
        for (day, hour) in boxes {
            days[*day].boxes[*hour] = !days[*day].boxes[*hour];
        }
        let stood = hours.as_ref().map_or_else(String::new, |hours| times::words(&say, hours));
        parts(hours.as_ref(), &days, (line.unwrap_or(&stood), &stood))
    }

    fn part(days: &[&str], spans: &[&str]) -> (Vec<String>, Vec<String>) {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        (texts(days), texts(spans))
    }

    #[test]
    fn boxes_change_their_hours_and_no_other_minute() {
        assert_eq!(turned(SCHOOL, &[], None), Ok(None));
        let longer = turned(SCHOOL, &[(0, 13), (1, 13)], None).unwrap().unwrap();
        assert_eq!(longer, [part(&["mon", "tue"], &["07.30-14.00"])]);
        let other = turned(SCHOOL, &[(1, 13), (6, 0)], None).unwrap().unwrap();
        assert_eq!(
            other,
            [part(&["mon"], &["07.30-13.00"]), part(&["tue"], &["07.30-14.00"]), part(&["sun"], &["00.00-01.00"])]
        );
        let daily: Vec<_> = (0..7).map(|day| (day, 22)).collect();
        assert_eq!(turned("", &daily, None).unwrap().unwrap(), [part(&[], &["22.00-23.00"])]);
        let none: Vec<_> = (0..2).flat_map(|day| (7..13).map(move |hour| (day, hour))).collect();
        assert_eq!(turned(SCHOOL, &none, None).unwrap().unwrap(), [], "no box is always");
    }

    #[test]
    fn line_and_boxes_say_the_same_or_one_of_them_was_left_alone() {
        let typed = Some("Senin–Selasa 07.30–14.00");
        let same = part(&["mon", "tue"], &["07.30-14.00"]);
        assert_eq!(turned(SCHOOL, &[], typed).unwrap().unwrap(), std::slice::from_ref(&same));
        assert_eq!(turned(SCHOOL, &[(0, 13), (1, 13)], typed).unwrap().unwrap(), [same]);
        assert_eq!(turned(SCHOOL, &[(0, 14)], typed), Err(Slip::Both));
        assert_eq!(turned(SCHOOL, &[(0, 14)], Some("pagi")), Err(Slip::Line));
    }
}
