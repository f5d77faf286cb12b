//! Hours as a document writes them.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::{Date, Weekday};

use super::calendar::ParseZoneError;
use super::span::ParseSpanError;
use super::{DaySpan, Exception, Hours, Override, Week, Zone};

/// The document: `zone = "Asia/Makassar"`, `weekly.mon = ["08.00-22.00"]`, or `always-open = true`.
///
/// ```toml
/// zone = "Asia/Makassar"
/// weekly = { mon = ["08.00-22.00"], fri = ["08.00-11.30", "13.30-02.00"] }
/// [[exceptions]]
/// from = "2026-02-18"
/// to = "2026-03-19"
/// open = ["09.00-15.00"]
/// reason = "Ramadan"
/// [[exceptions]]
/// date = "2026-08-17"
/// reason = "Hari Kemerdekaan"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HoursDocument {
    /// IANA name of the site's zone.
    pub zone: String,
    /// Open 24 hours on every day that has no exception.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always_open: bool,
    /// Windows by weekday: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`. A day left out is closed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weekly: BTreeMap<String, Vec<String>>,
    /// Other hours on some dates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionDocument>,
    /// Changes by staff.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
}

/// Other hours on one `date`, or `from` one `to` another, both included.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExceptionDocument {
    /// The one date, `2026-08-17`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The first date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Only on these weekdays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<String>,
    /// The windows; none means closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// Why, for visitors.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// One mistake in the hours, with the key it stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursProblem {
    /// The key, for example `weekly.mon`.
    pub key: String,
    /// What is wrong and what to write instead.
    pub slip: HoursSlip,
}

/// What is wrong at a key, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursSlip {
    /// No zone.
    #[error(transparent)]
    Zone(#[from] ParseZoneError),
    /// No window of a day.
    #[error(transparent)]
    Window(#[from] ParseSpanError),
    /// No weekday.
    #[error("\"{0}\" is not a weekday: use mon, tue, wed, thu, fri, sat, sun")]
    Weekday(String),
    /// Always open, and with windows.
    #[error("and weekly exclude each other: leave one of them out")]
    AlwaysAndWeekly,
    /// Never open.
    #[error("has no window: say when the site is open, or always-open = true")]
    NoWindow,
    /// Two windows share a minute.
    #[error("has windows that overlap")]
    Overlap,
    /// No date.
    #[error("\"{0}\" is not a date: write 2026-08-17")]
    Date(String),
    /// Neither a date nor a span, or both.
    #[error("needs either date, or both from and to")]
    Dates,
    /// A span ends before it begins.
    #[error("to must not be before from")]
    EndFirst,
    /// A change by staff ends before it begins.
    #[error("until must be later than from")]
    UntilFirst,
}

/// Every mistake in the hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursProblems(pub Vec<HoursProblem>);

impl fmt::Display for HoursProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", problem.key, problem.slip)?;
        }
        Ok(())
    }
}

impl std::error::Error for HoursProblems {}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl TryFrom<HoursDocument> for Hours {
    type Error = HoursProblems;

    fn try_from(document: HoursDocument) -> Result<Self, Self::Error> {
        let mut reader = Reader::default();
        let zone = reader.ok("zone", document.zone.parse::<Zone>());
        let week = reader.week(document.always_open, &document.weekly);
        let exceptions: Vec<Option<Exception>> = document
            .exceptions
            .iter()
            .enumerate()
            .map(|(index, exception)| reader.exception(&format!("exceptions[{index}]"), exception))
            .collect();
        for (index, change) in document.overrides.iter().enumerate() {
            if change.until <= change.from {
                reader.wrong(format!("overrides[{index}]"), HoursSlip::UntilFirst);
            }
        }
        match zone {
            Some(zone) if reader.problems.is_empty() => {
                let exceptions = exceptions.into_iter().flatten().collect();
                Ok(Self { zone, week, exceptions, overrides: document.overrides })
            }
            _ => Err(HoursProblems(reader.problems)),
        }
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<HoursProblem>,
}

impl Reader {
    fn wrong(&mut self, key: impl Into<String>, slip: HoursSlip) {
        self.problems.push(HoursProblem { key: key.into(), slip });
    }

    fn ok<T, E: Into<HoursSlip>>(&mut self, key: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.wrong(key, error.into())).ok()
    }

    fn week(&mut self, always_open: bool, weekly: &BTreeMap<String, Vec<String>>) -> Week {
        for key in weekly.keys() {
            if day(key).is_none() {
                self.wrong(format!("weekly.{key}"), HoursSlip::Weekday(key.clone()));
            }
        }
        if always_open {
            if !weekly.is_empty() {
                self.wrong("always-open", HoursSlip::AlwaysAndWeekly);
            }
            return Week::Always;
        }
        if weekly.is_empty() {
            self.wrong("weekly", HoursSlip::NoWindow);
        }
        Week::Days(DAYS.map(|(name, _)| {
            weekly.get(name).map_or_else(Vec::new, |texts| self.spans(&format!("weekly.{name}"), texts))
        }))
    }

    fn spans(&mut self, key: &str, texts: &[String]) -> Vec<DaySpan> {
        let mut spans: Vec<DaySpan> = texts.iter().filter_map(|text| self.ok(key, text.parse::<DaySpan>())).collect();
        spans.sort_unstable();
        let overlap = spans.windows(2).any(|pair| matches!(pair, [one, two] if two.start_minute() < one.end_minute()));
        if overlap {
            self.wrong(key, HoursSlip::Overlap);
        }
        spans
    }

    fn exception(&mut self, key: &str, document: &ExceptionDocument) -> Option<Exception> {
        let mut date = |name: &str, text: &Option<String>| {
            let text = text.as_ref()?;
            let date = text.parse::<Date>().ok();
            if date.is_none() {
                self.wrong(format!("{key}.{name}"), HoursSlip::Date(text.clone()));
            }
            Some(date)
        };
        let range = match (date("date", &document.date), date("from", &document.from), date("to", &document.to)) {
            (Some(date), None, None) => date.map(|date| (date, date)),
            (None, Some(from), Some(to)) => from.zip(to),
            _ => {
                self.wrong(key, HoursSlip::Dates);
                None
            }
        };
        if range.is_some_and(|(from, to)| to < from) {
            self.wrong(key, HoursSlip::EndFirst);
        }
        let mut days = Vec::new();
        for name in &document.days {
            match day(name) {
                Some(day) => days.push(day),
                None => self.wrong(format!("{key}.days"), HoursSlip::Weekday(name.clone())),
            }
        }
        let open = self.spans(&format!("{key}.open"), &document.open);
        range.map(|(from, to)| Exception { from, to, days, open, reason: document.reason.clone() })
    }
}

fn day(name: &str) -> Option<Weekday> {
    DAYS.iter().find(|(text, _)| *text == name).map(|(_, day)| *day)
}

impl From<Hours> for HoursDocument {
    fn from(hours: Hours) -> Self {
        let texts = |spans: &[DaySpan]| spans.iter().map(DaySpan::to_string).collect::<Vec<_>>();
        let (always_open, weekly) = match &hours.week {
            Week::Always => (true, BTreeMap::new()),
            Week::Days(days) => {
                let named = DAYS.iter().zip(days).map(|((name, _), spans)| ((*name).to_owned(), texts(spans)));
                (false, named.collect())
            }
        };
        let exceptions = hours.exceptions.iter().map(|exception| ExceptionDocument {
            date: None,
            from: Some(exception.from.to_string()),
            to: Some(exception.to.to_string()),
            days: DAYS
                .iter()
                .filter(|(_, day)| exception.days.contains(day))
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            open: texts(&exception.open),
            reason: exception.reason.clone(),
        });
        Self {
            zone: hours.zone.name().to_owned(),
            always_open,
            weekly,
            exceptions: exceptions.collect(),
            overrides: hours.overrides,
        }
    }
}
