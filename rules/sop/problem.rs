//! What is wrong, or foolish, in a document: where it stands, and what to write instead.

use std::fmt;
use std::ops::Range;

/// A document as it was handed in.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What to call it, usually its path.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The document cannot be put in force.
    Error,
    /// It can, and someone should look.
    Warning,
}

/// A stretch of a document's text, in octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        let octet = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: octet(range.start), end: octet(range.end) }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) at: Span,
}

impl<T> Located<T> {
    pub(super) const fn new(value: T, at: Span) -> Self {
        Self { value, at }
    }
}

/// A place in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// The document, as [`Source::file`] calls it.
    pub file: String,
    /// 1 is the first line.
    pub line: usize,
    /// 1 is the first character.
    pub column: usize,
    /// How many characters on that line it is about, at least 1.
    pub length: usize,
    /// The line itself.
    pub text: String,
}

impl Position {
    /// The place of `span`, cut to its first line.
    pub(super) fn of(source: Source<'_>, span: Span) -> Self {
        let start = floor(source.text, usize::try_from(span.start).unwrap_or(usize::MAX));
        let end = floor(source.text, usize::try_from(span.end).unwrap_or(usize::MAX)).max(start);
        let (before, after) = source.text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = after.find('\n').map_or(after, |at| after.split_at(at).0);
        let length = source.text.get(start..end.min(start + rest.len())).map_or(0, |text| text.chars().count());
        let lead = before.get(line_start..).unwrap_or_default();
        Self {
            file: source.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: lead.chars().count() + 1,
            length: length.max(1),
            text: format!("{lead}{}", rest.trim_end_matches('\r')),
        }
    }
}

/// `at`, or the start of the character it lies in.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One thing wrong, or foolish, in a document.
///
/// Displays as a report for a terminal: the line, what on it is meant, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// A stable name of this sort of problem, for example `conflict`.
    pub id: &'static str,
    /// Where.
    #[serde(flatten)]
    pub position: Position,
    /// What is wrong.
    pub what: String,
    /// What to write instead, or what to do.
    pub help: String,
    /// The other places it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Position>,
}

impl Problem {
    /// Sorts as a reader goes through the documents: by file, line, column.
    pub(super) fn order(&self) -> (&str, usize, usize, Severity, &str, &str) {
        let at = &self.position;
        (&at.file, at.line, at.column, self.severity, self.id, &self.what)
    }
}

/// Puts problems into reading order and leaves repeated ones out.
pub(super) fn sort(problems: &mut Vec<Problem>) {
    problems.sort_by(|one, other| one.order().cmp(&other.order()));
    problems.dedup();
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{severity}[{}]: {}", self.id, self.what)?;
        let deepest = self.related.iter().map(|position| position.line).chain([self.position.line]).max().unwrap_or(1);
        let gutter = deepest.to_string().len();
        excerpt(f, "-->", &self.position, '^', gutter)?;
        for position in &self.related {
            excerpt(f, ":::", position, '-', gutter)?;
        }
        write!(f, "{:gutter$} = help: {}", "", self.help)
    }
}

fn excerpt(f: &mut fmt::Formatter<'_>, arrow: &str, at: &Position, mark: char, gutter: usize) -> fmt::Result {
    writeln!(f, "{:gutter$}{arrow} {}:{}:{}", "", at.file, at.line, at.column)?;
    writeln!(f, "{:gutter$} |", "")?;
    writeln!(f, "{:>gutter$} | {}", at.line, at.text.replace('\t', " "))?;
    writeln!(f, "{:gutter$} | {:lead$}{}", "", "", mark.to_string().repeat(at.length), lead = at.column - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_characters_and_stays_on_its_line() {
        let source = Source { file: "a.toml", text: "satu\ntitle = \"é\" # x\r\ntiga" };
        let at = Position::of(source, (13..17).into());
        assert_eq!((at.line, at.column, at.length, at.text.as_str()), (2, 9, 3, "title = \"é\" # x"));
        let past = Position::of(source, (3..900).into());
        assert_eq!((past.line, past.column, past.length), (1, 4, 1));
        let end = Position::of(Source { file: "", text: "" }, (0..0).into());
        assert_eq!((end.line, end.column, end.length), (1, 1, 1));
    }

    #[test]
    fn a_report_shows_the_line_and_the_remedy() {
        let source = Source { file: "sop.toml", text: "action = \"blok\"\n" };
        let problem = Problem {
            severity: Severity::Error,
            id: "action",
            position: Position::of(source, (9..15).into()),
            what: "\"blok\" is not an action".to_owned(),
            help: "write \"block\"".to_owned(),
            related: Vec::new(),
        };
        let expected = "error[action]: \"blok\" is not an action\n --> sop.toml:1:10\n  |\n1 | action = \"blok\"\n  |          ^^^^^^\n  = help: write \"block\"";
        assert_eq!(problem.to_string(), expected);
    }
}
