//! Reading a TOML document key by key, so that every mistake in it is reported and none hides another.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Located, Position, Problem, Severity, Source, Span};

type Value<'i> = Spanned<DeValue<'i>>;

/// Reads one document and collects what is wrong with it.
pub(super) struct Reader<'a> {
    source: Source<'a>,
    problems: Vec<Problem>,
}

/// A table of the document, its keys already checked.
#[derive(Clone, Copy)]
pub(super) struct Table<'r, 'i> {
    entries: &'r DeTable<'i>,
    /// Where the table begins.
    pub(super) at: Span,
}

impl<'r, 'i> Table<'r, 'i> {
    fn value(&self, key: &str) -> Option<&'r Value<'i>> {
        self.entries.get(key)
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Where the key's value stands; without it, where the table begins.
    pub(super) fn at(&self, key: &str) -> Span {
        self.value(key).map_or(self.at, |value| value.span().into())
    }

    /// The keys, in order of the alphabet.
    pub(super) fn keys(&self) -> impl Iterator<Item = Located<&'r str>> {
        self.entries.iter().map(|(key, _)| Located::new(key.get_ref().as_ref(), key.span().into()))
    }
}

impl<'a> Reader<'a> {
    /// Begins with the document's text. What is not TOML is reported; what can be read of it is read on.
    pub(super) fn read<T>(source: Source<'a>, root: impl FnOnce(&mut Self, Table<'_, '_>) -> T) -> (T, Vec<Problem>) {
        let mut reader = Self { source, problems: Vec::new() };
        let (document, errors) = DeTable::parse_recoverable(source.text);
        for error in errors {
            let at = error.span().unwrap_or_default().into();
            let help = "texts stand in \"quotes\", lists in [brackets], clauses begin with [[clause]]";
            reader.wrong("toml", at, format!("this is not TOML: {}", error.message()), help);
        }
        let table = Table { entries: document.get_ref(), at: Span::default() };
        let syntax = reader.problems.len();
        let read = root(&mut reader, table);
        // What is no TOML has no meaning either; where both are reported, the second says what to write.
        let mut problems = reader.problems;
        let meaning = problems.split_off(syntax);
        problems.retain(|problem| !meaning.iter().any(|other| other.position == problem.position));
        problems.extend(meaning);
        (read, problems)
    }

    /// Reports an error.
    pub(super) fn wrong(&mut self, id: &'static str, at: Span, what: impl Into<String>, help: impl Into<String>) {
        self.problem(Severity::Error, id, at, what.into(), help.into());
    }

    /// Reports something that can stay.
    pub(super) fn warn(&mut self, id: &'static str, at: Span, what: impl Into<String>, help: impl Into<String>) {
        self.problem(Severity::Warning, id, at, what.into(), help.into());
    }

    fn problem(&mut self, severity: Severity, id: &'static str, at: Span, what: String, help: String) {
        let position = Position::of(self.source, at);
        self.problems.push(Problem { severity, id, position, what, help, related: Vec::new() });
    }

    /// Reports keys that are not among `known`.
    pub(super) fn keys(&mut self, table: Table<'_, '_>, known: &[&str]) {
        for key in table.keys() {
            if !known.contains(&key.value) {
                let near = nearest(key.value, known).map(|near| format!("did you mean `{near}`? "));
                let help = format!("{}known here: {}", near.unwrap_or_default(), known.join(", "));
                self.wrong("unknown-key", key.at, format!("`{}` is not a key of this table", key.value), help);
            }
        }
    }

    /// A text; `None` where the key is left out or is no text.
    pub(super) fn text(&mut self, table: Table<'_, '_>, key: &str) -> Option<Located<String>> {
        let value = table.value(key)?;
        self.string(key, value)
    }

    /// A text that has to be there and not empty.
    pub(super) fn needed(&mut self, table: Table<'_, '_>, key: &str, example: &str) -> Option<Located<String>> {
        if !table.has(key) {
            self.missing(table.at, key, example);
            return None;
        }
        let text = self.text(table, key)?;
        if text.value.trim().is_empty() {
            self.wrong("empty", text.at, format!("`{key}` is empty"), format!("write for example {key} = {example}"));
            return None;
        }
        Some(text)
    }

    /// Reports a key that has to be there.
    pub(super) fn missing(&mut self, at: Span, key: &str, example: &str) {
        self.wrong("missing", at, format!("`{key}` is missing"), format!("add for example {key} = {example}"));
    }

    /// A number of the document or clause: text or whole number.
    pub(super) fn number(&mut self, table: Table<'_, '_>, key: &str) -> Option<Located<String>> {
        self.label(key, table.value(key)?)
    }

    /// Numbers of clauses: a list of them, or one alone.
    pub(super) fn numbers(&mut self, table: Table<'_, '_>, key: &str) -> Vec<Located<String>> {
        let Some(value) = table.value(key) else { return Vec::new() };
        let Some(values) = value.get_ref().as_array() else { return self.label(key, value).into_iter().collect() };
        values.iter().filter_map(|value| self.label(key, value)).collect()
    }

    /// A whole number from 0 to `u32::MAX`.
    pub(super) fn count(&mut self, table: Table<'_, '_>, key: &str) -> Option<Located<u32>> {
        let value = table.value(key)?;
        let at = value.span().into();
        let number = value.get_ref().as_integer().filter(|number| number.radix() == 10);
        let number = number.and_then(|number| number.as_str().parse().ok());
        if number.is_none() {
            self.wrong("type", at, format!("`{key}` is not a whole number"), format!("write for example {key} = 1"));
        }
        number.map(|number| Located::new(number, at))
    }

    /// `true` or `false`; `false` where the key is left out.
    pub(super) fn flag(&mut self, table: Table<'_, '_>, key: &str) -> bool {
        let Some(value) = table.value(key) else { return false };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            let help = format!("write {key} = true, without quotes, or leave the key out");
            self.wrong("type", value.span().into(), format!("`{key}` is neither true nor false"), help);
        }
        flag.unwrap_or_default()
    }

    /// A date, written as `2026-08-17` with or without quotes.
    pub(super) fn date(&mut self, table: Table<'_, '_>, key: &str) -> Option<Located<jiff::civil::Date>> {
        let value = table.value(key)?;
        let written = value.get_ref().as_datetime().map(ToString::to_string);
        let text = written.or_else(|| value.get_ref().as_str().map(str::to_owned)).unwrap_or_default();
        let at = value.span().into();
        // A date and a time would be taken for the date alone.
        let date = text.parse().ok().filter(|_| text.len() == "2026-08-17".len());
        if date.is_none() {
            self.wrong("date", at, format!("`{key}` is not a date"), format!("write {key} = 2026-08-17"));
        }
        date.map(|date| Located::new(date, at))
    }

    /// Texts: a list of them, or one alone. Empty where the key is left out.
    pub(super) fn texts(&mut self, table: Table<'_, '_>, key: &str) -> Vec<Located<String>> {
        let Some(value) = table.value(key) else { return Vec::new() };
        let DeValue::Array(values) = value.get_ref() else {
            return self.string(key, value).into_iter().collect();
        };
        if values.is_empty() {
            self.wrong(
                "empty",
                value.span().into(),
                format!("`{key}` is empty"),
                "leave the key out, or name something",
            );
        }
        values.iter().filter_map(|value| self.string(key, value)).collect()
    }

    /// Each text through `parse`, whose error says what is wrong and whose example says what to write.
    pub(super) fn each<T>(
        &mut self,
        (table, key): (Table<'_, '_>, &str),
        id: &'static str,
        parse: impl Fn(&str) -> Result<T, (String, String)>,
    ) -> Vec<Located<T>> {
        let mut read: Vec<Located<T>> = Vec::new();
        for text in self.texts(table, key) {
            match parse(&text.value) {
                Ok(value) => read.push(Located::new(value, text.at)),
                Err((what, help)) => self.wrong(id, text.at, what, help),
            }
        }
        read
    }

    /// The tables of an array of tables, or one table alone.
    pub(super) fn tables<'r, 'i>(&mut self, table: Table<'r, 'i>, key: &str) -> Vec<Table<'r, 'i>> {
        let Some(value) = table.value(key) else { return Vec::new() };
        let as_table = |reader: &mut Self, value: &'r Value<'i>| {
            let at = value.span().into();
            if let DeValue::Table(entries) = value.get_ref() {
                return Some(Table { entries, at });
            }
            reader.wrong(
                "type",
                at,
                format!("`{key}` is not a table"),
                format!("begin it with [[{key}]], or write {key} = {{ .. }}"),
            );
            None
        };
        let Some(values) = value.get_ref().as_array() else { return as_table(self, value).into_iter().collect() };
        values.iter().filter_map(|value| as_table(self, value)).collect()
    }

    fn label(&mut self, key: &str, value: &Value<'_>) -> Option<Located<String>> {
        match value.get_ref().as_integer().filter(|number| number.radix() == 10) {
            Some(number) => Some(Located::new(number.as_str().to_owned(), value.span().into())),
            None => self.string(key, value),
        }
    }

    fn string(&mut self, key: &str, value: &Value<'_>) -> Option<Located<String>> {
        let at = value.span().into();
        let text = value.get_ref().as_str();
        if text.is_none() {
            let kind = value.get_ref().type_str();
            let article = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
            let what = format!("`{key}` is {article} {kind} where a text is expected");
            self.wrong("type", at, what, "put it in \"quotes\"");
        }
        text.map(|text| Located::new(text.to_owned(), at))
    }
}

/// The known word that is most like `word`, if one is near enough to be what was meant.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |other: &str| edits(word, other);
    known.iter().copied().filter(|other| distance(other) <= word.len().max(6) / 3).min_by_key(|other| distance(other))
}

/// Levenshtein's distance, in octets.
fn edits(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, octet) in one.bytes().enumerate() {
        let mut corner = index;
        let mut left = index + 1;
        for (cell, against) in row.iter_mut().skip(1).zip(other.bytes()) {
            let change = corner + usize::from(octet != against);
            corner = *cell;
            *cell = change.min(corner + 1).min(left + 1);
            left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_only_when_near() {
        let known = ["action", "names", "lists"];
        assert_eq!(nearest("acton", &known), Some("action"));
        assert_eq!(nearest("name", &known), Some("names"));
        assert_eq!(nearest("zzz", &known), None);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
    }
}
