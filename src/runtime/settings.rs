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
/// The parser stops at its first mistake; here what it names is put out of the way and the rest is read again: a wrong
/// value is replaced by one that fits, an unknown key's line is blanked. What is missing only because its line was blanked
/// is not reported.
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
        let span = error.span().unwrap_or_default();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        if missing.is_some_and(|key| blanked.contains(key)) {
            break;
        }
        let (line, column) = place(&left, span.start);
        mistakes.push((line, column, message.clone()));
        let unknown = message.starts_with("unknown field");
        let mended = !unknown && missing.is_none() && replace_value::<T>(&mut left, span.clone());
        if !mended && (missing.is_some() || !blank_line(&mut left, span.start, &mut blanked)) {
            break;
        }
    }
    mistakes.sort();
    Err(mistakes.into_iter().map(|(line, column, message)| format!("{line}:{column}: {message}")).collect())
}

/// Values of the shapes our configurations have; one of them fits nearly every key.
const FITTING: [&str; 9] =
    ["\"x\"", "1", "\"10.9.8.1/24\"", "\"127.0.0.1:1\"", "\"Asia/Jakarta\"", "[]", "true", "{}", "\"00.00-24.00\""];

/// Puts a value that fits in place of a wrong one; false when none does.
fn replace_value<T: DeserializeOwned>(text: &mut String, span: std::ops::Range<usize>) -> bool {
    let Some(wrong) = text.get(span.clone()).filter(|wrong| !wrong.is_empty()) else { return false };
    // Lines keep their numbers.
    let lines = "\n".repeat(wrong.matches('\n').count());
    for fitting in FITTING {
        let mut tried = text.clone();
        tried.replace_range(span.clone(), fitting);
        let accepted = match toml::from_str::<T>(&tried) {
            Ok(_) => true,
            Err(error) => error.span().is_some_and(|found| found.start != span.start),
        };
        if accepted {
            tried.insert_str(
                tried.get(span.start..).and_then(|rest| rest.find('\n')).map_or(tried.len(), |at| span.start + at),
                &lines,
            );
            *text = tried;
            return true;
        }
    }
    false
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
    fn a_wrong_value_of_a_needed_key_hides_nothing() {
        let wrong = parse::<Sample>("name = 7\nport = -1\nmore = [\n  1,\n  300 ]\nelse = 1\n").unwrap_err();
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert!(wrong[0].starts_with("1:8: ") && wrong[1].starts_with("2:8: "), "{wrong:?}");
        assert!(wrong[2].starts_with("5:") && wrong[3].starts_with("6:1: unknown field `else`"), "{wrong:?}");
    }

    #[test]
    fn a_missing_key_is_named_and_a_broken_text_too() {
        assert!(parse::<Sample>("port = 1\n").unwrap_err()[0].contains("missing field `name`"));
        assert!(!parse::<Sample>("name = \"x\nport = 1").unwrap_err().is_empty());
        assert!(parse::<Sample>("name = \"x\"\nport = 1").is_ok());
    }
}
