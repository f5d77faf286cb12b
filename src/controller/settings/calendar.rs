//! Calendars of holidays: data that a department imports, from TOML or iCalendar. None is built in: which days are holidays is
//! decreed anew each year.

use crate::why::{Why, why};
use gapura_rules::hours::ExceptionDocument;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A calendar: `[[holiday]]` tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Its days.
    pub holiday: Vec<Holiday>,
}

/// A holiday.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The first day.
    pub date: Date,
    /// The last day; none: only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Its name, for visitors.
    pub name: String,
}

/// A calendar cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct CalendarError {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong there.
    pub why: Why,
}

/// The most days a calendar may have.
const MOST: usize = 2000;

impl Calendar {
    /// Reads a file: iCalendar where it begins as one, else TOML with `[[holiday]]` tables. All mistakes.
    pub fn read(text: &str) -> Result<Self, Vec<Why>> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim_start().to_ascii_uppercase().starts_with("BEGIN:VCALENDAR") {
            let line = |one: CalendarError| why!("calendar-line", line = one.line, why = one.why);
            let said = |wrong: Vec<CalendarError>| wrong.into_iter().map(line).collect::<Vec<_>>();
            return Self::from_ics(text).map_err(said);
        }
        let calendar: Self = toml::from_str(text).map_err(|error| vec![Why::plain(error.to_string())])?;
        let mistakes = calendar.mistakes();
        if mistakes.is_empty() { Ok(calendar) } else { Err(mistakes) }
    }

    /// Reads iCalendar (RFC 5545): whole-day events with their names; what is not an event is passed over. All mistakes.
    pub fn from_ics(text: &str) -> Result<Self, Vec<CalendarError>> {
        let (mut found, mut wrong) = (Self::default(), Vec::new());
        let mut event: Option<Event> = None;
        for (line, content) in unfolded(text) {
            let (name, value) = content.split_once(':').unwrap_or((content.as_str(), ""));
            let name = name.split(';').next().unwrap_or_default().to_ascii_uppercase();
            match (name.as_str(), &mut event) {
                ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => {
                    event = Some(Event { line, ..Event::default() });
                }
                ("END", Some(_)) if value.eq_ignore_ascii_case("VEVENT") => match event.take().map(Event::holiday) {
                    Some(Ok(holiday)) => found.holiday.push(holiday),
                    Some(Err(error)) => wrong.push(error),
                    None => {}
                },
                ("SUMMARY", Some(event)) => event.name = unescaped(value),
                ("DTSTART", Some(event)) => event.start = Some(value.to_owned()),
                ("DTEND", Some(event)) => event.end = Some(value.to_owned()),
                ("RRULE", Some(event)) => event.repeats = true,
                _ => {}
            }
        }
        if found.holiday.is_empty() && wrong.is_empty() {
            wrong.push(CalendarError { line: 1, why: why!("calendar-no-event") });
        }
        if wrong.is_empty() { Ok(found) } else { Err(wrong) }
    }

    /// What the types do not say.
    pub fn mistakes(&self) -> Vec<Why> {
        let mut found = Vec::new();
        if self.holiday.is_empty() || self.holiday.len() > MOST {
            found.push(why!("calendar-days", most = MOST).at("holiday"));
        }
        for Holiday { date, to, name } in &self.holiday {
            if name.trim().is_empty() || name.chars().count() > 200 {
                found.push(why!("holiday-name", date = date.to_string()));
            }
            if to.is_some_and(|to| to < *date) {
                found.push(why!("holiday-order", date = date.to_string()));
            }
        }
        found
    }

    /// As exceptions to opening hours.
    pub(super) fn exceptions(&self, open: &[String]) -> Vec<ExceptionDocument> {
        let exception = |day: &Holiday| ExceptionDocument {
            from: Some(day.date.to_string()),
            to: Some(day.to.unwrap_or(day.date).to_string()),
            open: open.to_vec(),
            reason: day.name.clone(),
            ..ExceptionDocument::default()
        };
        self.holiday.iter().map(exception).collect()
    }
}

#[derive(Default)]
struct Event {
    line: usize,
    name: String,
    start: Option<String>,
    end: Option<String>,
    repeats: bool,
}

impl Event {
    fn holiday(self) -> Result<Holiday, CalendarError> {
        let wrong = |why: Why| CalendarError { line: self.line, why };
        let date = |text: &str| {
            let day = text.get(..8).and_then(|day| Date::strptime("%Y%m%d", day).ok());
            day.ok_or_else(|| wrong(why!("calendar-date", text = text)))
        };
        if self.repeats {
            return Err(wrong(why!("calendar-repeats")));
        }
        let start = date(self.start.as_deref().ok_or_else(|| wrong(why!("calendar-no-start")))?)?;
        // DTEND is the day after (RFC 5545 section 3.6.1).
        let end = self.end.as_deref().map(date).transpose()?.and_then(|end| end.yesterday().ok());
        Ok(Holiday { date: start, to: end.filter(|end| *end > start), name: self.name })
    }
}

/// Lines with those joined that go on in the next one (RFC 5545 section 3.1), each with its number.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some((_, last))) => last.push_str(more),
            _ => lines.push((number + 1, line.to_owned())),
        }
    }
    lines
}

fn unescaped(text: &str) -> String {
    text.replace("\\n", " ").replace("\\N", " ").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
}
