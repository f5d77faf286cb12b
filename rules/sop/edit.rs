//! Changes of a SOP's text by form: what is changed is written anew, every other octet stays as somebody typed it.
//!
//! Each change is looked at once more after it was made: read as TOML, the text has to say the same as before in all that was
//! not changed. What cannot be changed so (a table written another way than with a header of its own) is left to whoever
//! edits the text.

use std::ops::Range;

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SopEdit {
    /// A text at the top: `title`, `owner`.
    Text(&'static str, String),
    /// A date at the top: `effective-from`, `review-by`.
    Date(&'static str, Date),
    /// The number of the revision.
    Revision(u32),
    /// What a clause names under `categories` or `lists`, in this order; nothing takes the key out.
    Names {
        /// The clause's number.
        clause: String,
        /// The key.
        key: &'static str,
        /// Its texts.
        values: Vec<String>,
    },
    /// A clause's hours: days and windows as documents write them; nothing is always.
    Hours {
        /// The clause's number.
        clause: String,
        /// Days, and their windows.
        parts: Vec<(Vec<String>, Vec<String>)>,
    },
    /// The last day of an exception, counted from 0 as they stand.
    Until(usize, Date),
    /// The reason of an exception.
    Reason(usize, String),
    /// Takes an exception out.
    DropException(usize),
    /// A new exception at the end.
    AddException {
        /// Of these clauses.
        of: Vec<String>,
        /// For these names.
        names: Vec<String>,
        /// For these addresses.
        addresses: Vec<String>,
        /// Why.
        reason: String,
        /// Who made it.
        author: String,
        /// Its last day.
        until: Date,
    },
}

/// Why a change was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text cannot be read.
    #[error("the text is not TOML: mend it first")]
    NotToml,
    /// What is to be changed is not there, or written in a way that only a person changes.
    #[error("this can only be changed in the text")]
    ByHand,
}

/// The text after a change.
pub fn edited(text: &str, edit: &SopEdit) -> Result<String, EditError> {
    let before: Table = text.parse().map_err(|_| EditError::NotToml)?;
    let document = DeTable::parse(text).map_err(|_| EditError::NotToml)?;
    let root = document.get_ref();
    let spot = spot(&before, edit)?;
    let written = written(edit);
    let changed = match (edit, &spot) {
        (SopEdit::DropException(index), _) => drop_table(text, root, "exception", *index),
        (_, None) => Ok(format!("{}\n\n{}", text.trim_end(), written.as_deref().unwrap_or_default())),
        (_, Some(spot)) => {
            let table = match spot.of {
                Some((key, index)) => item(root, key, index)?,
                None => root,
            };
            match &written {
                Some(value) => set(text, table, spot.key, value),
                None => Ok(without(text, table, spot.key)),
            }
        }
    }?;
    let after: Table = changed.parse().map_err(|_| EditError::ByHand)?;
    let asked = stands(&after, edit, (spot.as_ref(), written.as_deref()));
    let kept = rest(before, edit, (spot.as_ref(), Side::Before))? == rest(after, edit, (spot.as_ref(), Side::After))?;
    if asked && kept { Ok(changed) } else { Err(EditError::ByHand) }
}

/// A key whose value is changed.
struct Spot {
    /// In which table of which array; none is at the top.
    of: Option<(&'static str, usize)>,
    key: &'static str,
}

/// Where a change is made; none where tables come and go.
fn spot(before: &Table, edit: &SopEdit) -> Result<Option<Spot>, EditError> {
    let clause = |number: &str| Ok(Some(("clause", place_of(before, number)?)));
    let (of, key) = match edit {
        SopEdit::Text(key, _) | SopEdit::Date(key, _) => (None, *key),
        SopEdit::Revision(_) => (None, "revision"),
        SopEdit::Names { clause: number, key, .. } => (clause(number)?, *key),
        SopEdit::Hours { clause: number, .. } => (clause(number)?, "hours"),
        SopEdit::Until(index, _) => (Some(("exception", *index)), "until"),
        SopEdit::Reason(index, _) => (Some(("exception", *index)), "reason"),
        SopEdit::DropException(_) | SopEdit::AddException { .. } => return Ok(None),
    };
    Ok(Some(Spot { of, key }))
}

/// What is written: a value, or a table with its header; nothing where something is taken out.
fn written(edit: &SopEdit) -> Option<String> {
    match edit {
        SopEdit::Text(_, text) | SopEdit::Reason(_, text) => Some(quoted(text)),
        SopEdit::Date(_, date) | SopEdit::Until(_, date) => Some(date.to_string()),
        SopEdit::Revision(revision) => Some(revision.to_string()),
        SopEdit::Names { values, .. } => (!values.is_empty()).then(|| array(values.iter().map(|value| quoted(value)))),
        SopEdit::Hours { parts, .. } => (!parts.is_empty()).then(|| hours(parts)),
        SopEdit::DropException(_) => None,
        SopEdit::AddException { of, names, addresses, reason, author, until } => {
            let listed = [("of", of), ("names", names), ("addresses", addresses)].into_iter();
            let listed = listed.filter(|(_, values)| !values.is_empty());
            let listed = listed.map(|(key, values)| (key, array(values.iter().map(|value| quoted(value)))));
            let single = [("reason", quoted(reason)), ("author", quoted(author)), ("until", until.to_string())];
            let lines = listed.chain(single).map(|(key, value)| format!("{key} = {value}\n"));
            Some(format!("[[exception]]\n{}", lines.collect::<String>()))
        }
    }
}

/// Whether the text now says what was asked for: of a key written in parts (`hours.days`), a part may have stayed behind.
fn stands(after: &Table, edit: &SopEdit, (spot, written): (Option<&Spot>, Option<&str>)) -> bool {
    let last = |table: &Table| table.get("exception").and_then(Value::as_array).and_then(|all| all.last()).cloned();
    match (spot, written) {
        (Some(spot), Some(text)) => {
            let wanted = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
            wanted.is_some() && value(after, spot) == wanted.as_ref()
        }
        (Some(spot), None) => value(after, spot).is_none(),
        (None, Some(text)) => {
            let wanted = text.parse::<Table>().ok().as_ref().and_then(last);
            wanted.is_some() && last(after) == wanted
        }
        // That it is gone is seen from the rest.
        (None, None) => matches!(edit, SopEdit::DropException(_)),
    }
}

fn value<'t>(table: &'t Table, spot: &Spot) -> Option<&'t Value> {
    match spot.of {
        Some((key, index)) => table.get(key)?.as_array()?.get(index)?.as_table()?.get(spot.key),
        None => table.get(spot.key),
    }
}

/// Of which text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// All that a change leaves as it is.
fn rest(mut table: Table, edit: &SopEdit, (spot, side): (Option<&Spot>, Side)) -> Result<Table, EditError> {
    match (spot, edit) {
        (Some(Spot { of: Some((of, index)), key }), _) => {
            let array = table.get_mut(*of).and_then(Value::as_array_mut).ok_or(EditError::ByHand)?;
            let item = array.get_mut(*index).and_then(Value::as_table_mut).ok_or(EditError::ByHand)?;
            item.remove(*key);
        }
        (Some(Spot { of: None, key }), _) => drop(table.remove(*key)),
        (None, SopEdit::DropException(index)) if side == Side::Before => {
            let array = table.get_mut("exception").and_then(Value::as_array_mut).ok_or(EditError::ByHand)?;
            array.remove(*index);
        }
        (None, SopEdit::AddException { .. }) if side == Side::After => {
            drop(table.get_mut("exception").and_then(Value::as_array_mut).and_then(Vec::pop));
        }
        (None, _) => {}
    }
    // None of them is the same as an empty list of them.
    if table.get("exception").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        table.remove("exception");
    }
    Ok(table)
}

/// Which of the clauses has this number, counted from 0 as they stand.
fn place_of(table: &Table, number: &str) -> Result<usize, EditError> {
    let clauses = table.get("clause").and_then(Value::as_array).ok_or(EditError::ByHand)?;
    let is = |clause: &Value| match clause.get("number") {
        Some(Value::String(text)) => text == number,
        Some(Value::Integer(own)) => own.to_string() == number,
        _ => false,
    };
    clauses.iter().position(is).ok_or(EditError::ByHand)
}

/// One of an array of tables that has a header of its own.
fn item<'d, 'i>(root: &'d DeTable<'i>, key: &str, index: usize) -> Result<&'d DeTable<'i>, EditError> {
    let array = root.get(key).and_then(|value| value.get_ref().as_array()).ok_or(EditError::ByHand)?;
    match array.get(index).map(Spanned::get_ref) {
        Some(DeValue::Table(table)) => Ok(table),
        _ => Err(EditError::ByHand),
    }
}

/// Where a key begins and its value ends.
fn stretch(table: &DeTable<'_>, key: &str) -> Option<(Range<usize>, Range<usize>)> {
    table.iter().find(|(own, _)| own.get_ref().as_ref() == key).map(|(own, value)| (own.span(), value.span()))
}

fn splice(text: &str, range: Range<usize>, with: &str) -> String {
    let (before, after) = (text.get(..range.start).unwrap_or_default(), text.get(range.end..).unwrap_or_default());
    format!("{before}{with}{after}")
}

/// Writes a value anew; what is not there yet comes on a line of its own behind what every such table has.
fn set(text: &str, table: &DeTable<'_>, key: &str, value: &str) -> Result<String, EditError> {
    if let Some((_, range)) = stretch(table, key) {
        return Ok(splice(text, range, value));
    }
    let anchor = ["action", "reason", "revision"].into_iter().find_map(|known| stretch(table, known));
    let (_, range) = anchor.ok_or(EditError::ByHand)?;
    let at = line_end(text, range.end);
    Ok(splice(text, at..at, &format!("\n{key} = {value}")))
}

/// Takes a key out with the lines it stands on.
fn without(text: &str, table: &DeTable<'_>, key: &str) -> String {
    match stretch(table, key) {
        Some((own, value)) => splice(text, line_start(text, own.start)..next_line(text, value.end), ""),
        None => text.to_owned(),
    }
}

/// Takes a table out from its header to its last value; comments of what follows stay.
fn drop_table(text: &str, root: &DeTable<'_>, key: &str, index: usize) -> Result<String, EditError> {
    let array = root.get(key).and_then(|value| value.get_ref().as_array()).ok_or(EditError::ByHand)?;
    let value = array.get(index).ok_or(EditError::ByHand)?;
    let start = line_start(text, value.span().start);
    let header = text.get(start..).unwrap_or_default().trim_start();
    if !header.starts_with(&format!("[[{key}]]")) {
        return Err(EditError::ByHand);
    }
    let table = item(root, key, index)?;
    let end = next_line(text, last(table).unwrap_or(value.span().end));
    // The blank line before it goes with it.
    let start = if text.get(..start).is_some_and(|before| before.ends_with("\n\n")) { start - 1 } else { start };
    Ok(splice(text, start..end, ""))
}

/// Where the last value of a table ends.
fn last(table: &DeTable<'_>) -> Option<usize> {
    let end = |value: &Spanned<DeValue<'_>>| {
        let inner = value.get_ref().as_table().and_then(last);
        inner.unwrap_or_default().max(value.span().end)
    };
    table.iter().map(|(_, value)| end(value)).max()
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |more| at + more)
}

fn next_line(text: &str, at: usize) -> usize {
    (line_end(text, at) + 1).min(text.len())
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// An array on one line where it fits, else one value a line.
fn array(values: impl Iterator<Item = String>) -> String {
    const WIDTH: usize = 100;
    let values: Vec<String> = values.collect();
    let line = format!("[{}]", values.join(", "));
    if line.chars().count() <= WIDTH { line } else { format!("[\n  {},\n]", values.join(",\n  ")) }
}

fn hours(parts: &[(Vec<String>, Vec<String>)]) -> String {
    let part = |(days, spans): &(Vec<String>, Vec<String>)| {
        let of = |values: &[String]| values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ");
        let days = if days.is_empty() { String::new() } else { format!("days = [{}], ", of(days)) };
        format!("{{ {days}spans = [{}] }}", of(spans))
    };
    match parts {
        [one] => part(one),
        several => array(several.iter().map(part)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# Ditandatangani.
number = "SOP/1"
title = "Lama" # judul
revision = 3
review-by = 2026-12-01

[[clause]]
number = 1
action = "block" # wajib
categories = ["judi"]
hours = { days = ["mon"], spans = ["07.00-12.00"] }

# Bagian kedua
[[clause]]
number = "2a"
action = "open"
names = ["go.id"]

[[exception]]
of = ["1"]
names = ["a.example"]
reason = "Ujian"
author = "ani"
until = 2026-06-30

# Akhir
[[exception]]
of = [1]
names = ["b.example"]
reason = "Lomba"
author = "ani"
until = 2026-07-31
"#;

    fn done(edit: SopEdit) -> String {
        edited(TEXT, &edit).unwrap()
    }

    /// The lines that differ.
    fn differ(edit: SopEdit) -> (Vec<String>, Vec<String>) {
        let after = done(edit);
        let lines = |text: &str, other: &str| -> Vec<String> {
            text.lines().filter(|line| !other.lines().any(|known| known == *line)).map(str::to_owned).collect()
        };
        (lines(TEXT, &after), lines(&after, TEXT))
    }

    fn names(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn a_change_touches_its_own_line_and_keeps_what_stands_beside_it() {
        let date = jiff::civil::date(2027, 1, 31);
        for (edit, gone, come) in [
            (SopEdit::Text("title", "Baru \"x\"".into()), "title = \"Lama\" # judul", "title = 'Baru \"x\"' # judul"),
            (SopEdit::Date("review-by", date), "review-by = 2026-12-01", "review-by = 2027-01-31"),
            (SopEdit::Revision(4), "revision = 3", "revision = 4"),
            (SopEdit::Until(1, date), "until = 2026-07-31", "until = 2027-01-31"),
            (SopEdit::Reason(0, "Lain".into()), "reason = \"Ujian\"", "reason = \"Lain\""),
            (
                SopEdit::Names { clause: "1".into(), key: "categories", values: names(&["judi", "dewasa"]) },
                "categories = [\"judi\"]",
                "categories = [\"judi\", \"dewasa\"]",
            ),
            (
                SopEdit::Hours { clause: "1".into(), parts: vec![(Vec::new(), names(&["08.00-10.00"]))] },
                "hours = { days = [\"mon\"], spans = [\"07.00-12.00\"] }",
                "hours = { spans = [\"08.00-10.00\"] }",
            ),
        ] {
            let shown = format!("{edit:?}");
            assert_eq!(differ(edit), (names(&[gone]), names(&[come])), "{shown}");
        }
    }

    #[test]
    fn keys_come_and_go_with_their_lines() {
        let lists = SopEdit::Names { clause: "2a".into(), key: "lists", values: names(&["izin"]) };
        assert!(done(lists).contains("action = \"open\"\nlists = [\"izin\"]\nnames"));
        let none = SopEdit::Hours { clause: "1".into(), parts: Vec::new() };
        assert!(done(none).contains("categories = [\"judi\"]\n\n# Bagian kedua"));
        let week = vec![(names(&["mon", "fri"]), names(&["07.00-13.00"])), (names(&["sat"]), names(&["08.00-10.00"]))];
        let after = done(SopEdit::Hours { clause: "2a".into(), parts: week });
        let expected = "hours = [{ days = [\"mon\", \"fri\"], spans = [\"07.00-13.00\"] }, { days = [\"sat\"], spans";
        assert!(after.contains(expected), "{after}");
    }

    #[test]
    fn exceptions_come_at_the_end_and_go_with_their_header() {
        let first = done(SopEdit::DropException(0));
        assert!(
            !first.contains("a.example") && first.contains("names = [\"go.id\"]\n\n# Akhir\n[[exception]]"),
            "{first}"
        );
        let second = done(SopEdit::DropException(1));
        assert!(second.contains("until = 2026-06-30\n\n# Akhir") && !second.contains("b.example"), "{second}");
        let added = done(SopEdit::AddException {
            of: names(&["1"]),
            names: names(&["c.example"]),
            addresses: Vec::new(),
            reason: "Baris satu\ndua".into(),
            author: "budi".into(),
            until: jiff::civil::date(2027, 1, 31),
        });
        assert!(added.starts_with(TEXT.trim_end()), "all before it stays");
        let table: Table = added.parse().unwrap();
        let last = table["exception"].as_array().unwrap().last().unwrap();
        assert_eq!(last["reason"].as_str(), Some("Baris satu\ndua"));
    }

    #[test]
    fn what_is_not_there_or_written_otherwise_is_left_to_people() {
        let of = |clause: &str| SopEdit::Names { clause: clause.into(), key: "lists", values: names(&["x"]) };
        assert_eq!(edited(TEXT, &of("9")), Err(EditError::ByHand));
        assert_eq!(edited("= x", &of("1")), Err(EditError::NotToml));
        assert_eq!(edited("exception = [{ of = [\"1\"] }]\n", &SopEdit::DropException(0)), Err(EditError::ByHand));
        let headers = "[[clause]]\nnumber = 1\naction = \"block\"\n[[clause.hours]]\nspans = [\"07.00-08.00\"]\n";
        let hours = SopEdit::Hours { clause: "1".into(), parts: vec![(Vec::new(), names(&["08.00-10.00"]))] };
        assert!(edited(headers, &hours).is_err_and(|error| error == EditError::ByHand));
        // A key in parts goes as a whole or not at all: what stays behind would be other hours.
        let always = SopEdit::Hours { clause: "1".into(), parts: Vec::new() };
        for parts in [
            "hours.days = [\"mon\"]\nhours.spans = [\"07.00-12.00\"]",
            "hours.spans = [\"07.00-12.00\"]\nhours.days = []",
        ] {
            let dotted = format!("[[clause]]\nnumber = 1\naction = \"block\"\n{parts}\n");
            for edit in [&always, &hours] {
                assert_eq!(edited(&dotted, edit), Err(EditError::ByHand), "{parts}");
            }
        }
        let alone = "[[clause]]\nnumber = 1\naction = \"block\"\nhours.spans = [\"07.00-12.00\"]\n";
        assert_eq!(edited(alone, &always).unwrap(), "[[clause]]\nnumber = 1\naction = \"block\"\n");
    }
}
