//! A week as a form has it: for each day a line of hours and a grid of 24 boxes that say the same. Pure.

use gapura_rules::hours::DaySpan;
use gapura_speech::Words;

/// Weekdays as documents name them, Monday first.
pub(crate) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Words for a day without hours, in both languages.
const CLOSED: [&str; 3] = ["tutup", "closed", "-"];

/// Minutes of a day, and of the night after it.
const MINUTES: usize = 2 * 24 * 60;

/// Windows of a day, from a minute to a minute, in order.
pub(crate) type Spans = Vec<(u16, u16)>;

/// What is wrong with the hours of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    /// They cannot be read.
    NotHours,
    /// They overlap.
    Overlap,
    /// Line and boxes were changed, and not to the same.
    Both,
}

impl Slip {
    pub(crate) fn words(self, w: Words) -> String {
        w.t(match self {
            Self::NotHours => "hours-wrong-hours",
            Self::Overlap => "hours-wrong-overlap",
            Self::Both => "hours-wrong-both",
        })
    }
}

/// Reads a line of hours: "08.00–11.30, 13.30–22.00", "tutup" or nothing.
pub(crate) fn read(line: &str) -> Result<Spans, Slip> {
    let line = line.trim();
    if line.is_empty() || CLOSED.iter().any(|word| line.eq_ignore_ascii_case(word)) {
        return Ok(Vec::new());
    }
    let mut spans = Spans::new();
    for part in line.split([',', ';']) {
        let span: DaySpan = part.trim().parse().map_err(|_| Slip::NotHours)?;
        spans.push((span.start_minute(), span.end_minute()));
    }
    spans.sort_unstable();
    let overlap = spans.windows(2).any(|pair| matches!(pair, [one, two] if two.0 < one.1));
    if overlap { Err(Slip::Overlap) } else { Ok(spans) }
}

/// Windows as documents write them.
pub(crate) fn texts(spans: &[(u16, u16)]) -> Vec<String> {
    spans.iter().map(|span| written(*span, '-')).collect()
}

/// Windows as people read them; empty where the day is closed.
pub(crate) fn line(spans: &[(u16, u16)]) -> String {
    spans.iter().map(|span| written(*span, '\u{2013}')).collect::<Vec<_>>().join(", ")
}

fn written((from, until): (u16, u16), dash: char) -> String {
    let until = if until > 1440 { until - 1440 } else { until };
    format!("{:02}.{:02}{dash}{:02}.{:02}", from / 60, from % 60, until / 60, until % 60)
}

/// Whether the box of an hour is ticked: some of it is open.
pub(crate) fn ticked(spans: &[(u16, u16)], hour: u16) -> bool {
    spans.iter().any(|(from, until)| *from < (hour + 1) * 60 && hour * 60 < *until)
}

/// The windows after boxes were changed: an hour whose box stayed as it was keeps its minutes.
fn with_boxes(spans: &[(u16, u16)], boxes: &[u16]) -> Spans {
    let mut open = vec![false; MINUTES];
    let mut fill = |from: u16, until: u16, is: bool| {
        let length = usize::from(until.saturating_sub(from));
        for minute in open.iter_mut().skip(usize::from(from)).take(length) {
            *minute = is;
        }
    };
    for (from, until) in spans {
        fill(*from, *until, true);
    }
    for hour in 0..24 {
        let is = boxes.contains(&hour);
        if is != ticked(spans, hour) {
            fill(hour * 60, (hour + 1) * 60, is);
        }
    }
    let mut found = Spans::new();
    for (minute, is) in (0_u16..).zip(open) {
        match found.last_mut() {
            Some((_, until)) if is && *until == minute => *until = minute + 1,
            _ if is => found.push((minute, minute + 1)),
            _ => {}
        }
    }
    // What is left of a night whose evening is gone is gone as well.
    found.retain(|(from, _)| *from < 1440);
    found.into_iter().map(|(from, until)| (from, until.min(from + 1440))).collect()
}

/// The hours of a day from its form: what they were, the line as typed, and the boxes that are ticked.
pub(crate) fn day(was: &str, typed: &str, boxes: &[u16]) -> Result<Spans, Slip> {
    let (before, line) = (read(was).unwrap_or_default(), read(typed)?);
    let grid = with_boxes(&before, boxes);
    let boxes_changed = (0..24).any(|hour| boxes.contains(&hour) != ticked(&before, hour));
    match (line != before, boxes_changed) {
        (_, false) => Ok(line),
        (false, true) => Ok(grid),
        (true, true) if line == grid => Ok(line),
        (true, true) => Err(Slip::Both),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(of: &str) -> Vec<u16> {
        let spans = read(of).unwrap();
        (0..24).filter(|hour| ticked(&spans, *hour)).collect()
    }

    #[test]
    fn hours_are_read_as_people_type_them() {
        for (typed, written) in [
            ("08.00–11.30, 13.30–22.00", "08.00–11.30, 13.30–22.00"),
            ("13:30-22:00; 8:00-11:30", "08.00–11.30, 13.30–22.00"),
            ("20.00-02.00", "20.00–02.00"),
            ("00.00-24.00", "00.00–24.00"),
            ("Tutup", ""),
            ("closed", ""),
            (" ", ""),
        ] {
            assert_eq!(line(&read(typed).unwrap()), written, "{typed}");
        }
        assert_eq!(texts(&read("20.00–02.00").unwrap()), ["20.00-02.00"]);
        for (typed, slip) in
            [("pagi", Slip::NotHours), ("08.00-12.00,", Slip::NotHours), ("08.00-12.00, 11.00-13.00", Slip::Overlap)]
        {
            assert_eq!(read(typed), Err(slip), "{typed}");
        }
    }

    #[test]
    fn a_changed_box_changes_its_hour_and_no_other_minute() {
        let was = "08.00–11.30, 13.30–22.00";
        assert_eq!(boxes(was), (8..12).chain(13..22).collect::<Vec<_>>());
        let with = |change: &dyn Fn(&mut Vec<u16>)| {
            let mut all = boxes(was);
            change(&mut all);
            line(&day(was, was, &all).unwrap())
        };
        assert_eq!(with(&|_| {}), was);
        assert_eq!(with(&|all| all.push(22)), "08.00–11.30, 13.30–23.00");
        assert_eq!(with(&|all| all.push(12)), "08.00–11.30, 12.00–13.00, 13.30–22.00");
        assert_eq!(with(&|all| all.retain(|hour| *hour > 8)), "09.00–11.30, 13.30–22.00");
        assert_eq!(with(&|all| all.clear()), "");
        let night = "20.00–02.00";
        assert_eq!(boxes(night), (20..24).collect::<Vec<_>>());
        assert_eq!(line(&day(night, night, &[21, 22, 23]).unwrap()), "21.00–02.00");
        assert_eq!(line(&day(night, night, &[20, 21]).unwrap()), "20.00–22.00", "the night went with its evening");
        let whole = day(night, night, &(0..24).collect::<Vec<_>>()).unwrap();
        assert_eq!(line(&whole), "00.00–24.00", "a window lasts a day at most");
        assert_eq!(line(&day("", "", &(0..24).collect::<Vec<_>>()).unwrap()), "00.00–24.00");
    }

    #[test]
    fn line_and_boxes_say_the_same_or_one_of_them_was_left_alone() {
        let (was, other) = ("08.00–12.00", "09.00–13.00");
        assert_eq!(line(&day(was, other, &boxes(was)).unwrap()), other);
        assert_eq!(line(&day(was, was, &boxes(other)).unwrap()), other);
        assert_eq!(line(&day(was, other, &boxes(other)).unwrap()), other);
        assert_eq!(day(was, "10.00–11.00", &boxes(other)), Err(Slip::Both));
        assert_eq!(day(was, "x", &boxes(was)), Err(Slip::NotHours));
        assert_eq!(line(&day(was, "08.30–12.00", &boxes(was)).unwrap()), "08.30–12.00", "the boxes cannot say that");
    }
}
