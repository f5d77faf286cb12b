//! The lists of the lab's office: those of the catalogue that comes with Gapura, each with one name or address made up for it.
//! The real ones are for who runs a network; nothing here is fetched from anywhere.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use gapura_rules::sop::pack_lists;
use toml::Value;

use crate::LabError;

/// On the list of gambling sites, which the SOPs that come with Gapura block for everybody.
pub const GAMBLING: &str = "situs-judi.example";

/// Writes catalogue and lists into `dir`; where the catalogue is.
pub(crate) fn write(dir: &Path) -> Result<PathBuf, LabError> {
    let wrong = |detail: String| LabError::answer("the catalogue that comes with Gapura", detail);
    let mut catalogue: toml::Table = pack_lists().text.parse().map_err(|error| wrong(format!("{error}")))?;
    let lists = catalogue.get_mut("list").and_then(Value::as_array_mut);
    let lists = lists.ok_or_else(|| wrong("it holds no list".to_owned()))?;
    for (list, last) in lists.iter_mut().filter_map(Value::as_table_mut).zip(200..=u8::MAX) {
        let text = |key: &str| list.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (id, title) = (text("id"), text("title"));
        // Nobody's address (RFC 5737).
        let (format, line) = match text("holds").as_str() {
            "addresses" => ("addresses", Ipv4Addr::new(192, 0, 2, last).to_string()),
            _ => ("domains", format!("situs-{id}.example")),
        };
        let file = dir.join(format!("{id}.txt"));
        fs::write(&file, format!("{line}\n")).map_err(LabError::io(format!("write {}", file.display())))?;
        list.insert("title".to_owned(), format!("Contoh: {title}").into());
        list.insert("sources".to_owned(), Value::Array(vec![file.display().to_string().into()]));
        list.insert("format".to_owned(), format.into());
    }
    let file = dir.join("lists.toml");
    fs::write(&file, catalogue.to_string()).map_err(LabError::io(format!("write {}", file.display())))?;
    Ok(file)
}
