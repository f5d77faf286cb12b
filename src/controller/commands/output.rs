//! What commands print: a line for people, or JSON for programs.

use std::io::Write;

use serde::Serialize;

use super::CommandError;
use crate::office::{Published, Unheld};

/// Where a command prints to, and how.
pub(super) struct Output<'a> {
    pub(super) json: bool,
    pub(super) out: &'a mut (dyn Write + Send),
}

impl Output<'_> {
    /// One value: JSON, or `text` for people (nothing for an empty text).
    pub(super) fn value<T: Serialize>(&mut self, value: &T, text: &str) -> Result<(), CommandError> {
        let failed = |source| CommandError::Io { what: "print", source };
        if self.json {
            serde_json::to_writer(&mut self.out, value).map_err(|error| failed(error.into()))?;
            writeln!(self.out).map_err(failed)
        } else if text.is_empty() {
            Ok(())
        } else {
            writeln!(self.out, "{text}").map_err(failed)
        }
    }

    /// Which bundles a change published.
    pub(super) fn published(&mut self, published: &[Published]) -> Result<(), CommandError> {
        self.published_with(published, &[])
    }

    /// The same, and what of it is not enforced.
    pub(super) fn published_with(&mut self, published: &[Published], unheld: &[Unheld]) -> Result<(), CommandError> {
        let line = |one: &Published| format!("published {} generation {}", one.site, one.generation);
        let mut lines: Vec<String> = published.iter().map(line).collect();
        if lines.is_empty() {
            lines.push("nothing to publish: every bundle is as it was".to_owned());
        }
        lines.extend(unheld.iter().map(ToString::to_string));
        let json = if unheld.is_empty() {
            serde_json::json!({ "published": published })
        } else {
            serde_json::json!({ "published": published, "unheld": unheld })
        };
        self.value(&json, &lines.join("\n"))
    }

    /// Rows under a header, columns by their widest cell.
    pub(super) fn table<T: Serialize, const N: usize>(
        &mut self,
        value: &T,
        header: [&str; N],
        rows: &[[String; N]],
    ) -> Result<(), CommandError> {
        if self.json {
            return self.value(value, "");
        }
        let header = header.map(str::to_owned);
        let all = || std::iter::once(&header).chain(rows);
        let mut widths = [0; N];
        for row in all() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |row: &[String; N]| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let text = all().map(line).collect::<Vec<_>>().join("\n");
        self.value(value, &text)
    }
}
