//! Configuration files: TOML, unknown keys refused, every mistake at once with line and column.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Why a configuration was refused: every mistake, each with its place.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file could not be read.
    #[error("cannot read {path}: give a readable file with --config")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file says something that cannot be.
    #[error("{path} has {} mistake(s):\n  {}", .mistakes.len(), .mistakes.join("\n  "))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// `line:column: what is wrong and what to write instead`.
        mistakes: Vec<String>,
    },
}

/// Reads `path` and checks it with [`parse`], then with `check`, which names contradictions between keys.
///
/// # Errors
/// [`SettingsError`] names every mistake found.
pub fn load<T: DeserializeOwned>(path: &Path, check: impl FnOnce(&T) -> Vec<String>) -> Result<T, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
    let wrong = |mistakes| SettingsError::Wrong { path: path.to_owned(), mistakes };
    let value = parse(&text).map_err(wrong)?;
    let mistakes = check(&value);
    if mistakes.is_empty() { Ok(value) } else { Err(wrong(mistakes)) }
}

/// Most mistakes one report names.
const MOST: usize = 50;

/// Reads a TOML text into `T`; on failure every mistake as `line:column: message`.
///
/// The parser stops at its first mistake; here the line it names is blanked and the rest is read again, until the text
/// is accepted or nothing more can be blanked. What is missing only because its line was blanked is not reported.
///
/// # Errors
/// All mistakes found, in the order of the text.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Vec<String>> {
    let mut left = text.to_owned();
    let mut mistakes: Vec<(usize, usize, String)> = Vec::new();
    let mut blanked = String::new();
    while mistakes.len() < MOST {
        let error = match toml::from_str::<T>(&left) {
            Ok(value) if mistakes.is_empty() => return Ok(value),
            Ok(_) => break,
            Err(error) => error,
        };
        let message = error.message().trim().to_owned();
        let start = error.span().map_or(0, |span| span.start);
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        if missing.is_some_and(|key| blanked.contains(key)) {
            break;
        }
        let (line, column) = place(text, start);
        mistakes.push((line, column, message.clone()));
        if missing.is_some() || !blank_line(&mut left, start, &mut blanked) {
            break;
        }
    }
    mistakes.sort();
    Err(mistakes.into_iter().map(|(line, column, message)| format!("{line}:{column}: {message}")).collect())
}

/// Line and column of a byte offset, both from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count());
    (before.matches('\n').count() + 1, column + 1)
}

/// Replaces the line that holds `offset` by spaces; false when there is nothing to replace or it is a table's header.
fn blank_line(text: &mut String, offset: usize, blanked: &mut String) -> bool {
    let Some(before) = text.get(..offset) else { return false };
    let from = before.rfind('\n').map_or(0, |at| at + 1);
    let to = text.get(offset..).and_then(|after| after.find('\n')).map_or(text.len(), |at| offset + at);
    let Some(line) = text.get(from..to) else { return false };
    if line.trim().is_empty() || line.trim_start().starts_with('[') {
        return false;
    }
    blanked.push_str(line);
    blanked.push('\n');
    let spaces = " ".repeat(line.len());
    text.replace_range(from..to, &spaces);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by the parser")]
    struct Sample {
        name: String,
        port: u16,
        #[serde(default)]
        more: Vec<u8>,
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let wrong = parse::<Sample>("nmae = \"x\"\nport = 70000\nmore = [1, 300]\n").unwrap_err();
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert!(wrong[0].starts_with("1:1: missing field `name`"), "{wrong:?}");
        assert!(wrong[1].starts_with("1:1: unknown field `nmae`"), "{wrong:?}");
        assert!(wrong[2].starts_with("2:8: "), "{wrong:?}");
        assert!(wrong[3].starts_with("3:12: "), "{wrong:?}");
    }

    #[test]
    fn a_missing_key_is_named_and_a_broken_text_too() {
        assert!(parse::<Sample>("port = 1\n").unwrap_err()[0].contains("missing field `name`"));
        assert!(!parse::<Sample>("name = \"x\nport = 1").unwrap_err().is_empty());
        assert!(parse::<Sample>("name = \"x\"\nport = 1").is_ok());
    }
}
