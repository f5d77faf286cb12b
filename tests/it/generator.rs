//! Example configurations out of the code's own doc comments.
//!
//! Reads a config.rs as text: structs with `///` docs, serde defaults, enums of settings. What it does not understand stops
//! it: a field without a doc comment, an optional one without an example.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A field of a settings struct.
#[derive(Clone, Debug, Default)]
struct Field {
    docs: Vec<String>,
    serde: String,
    name: String,
    kind: String,
}

/// A config.rs, taken apart.
#[derive(Debug, Default)]
struct Source {
    text: String,
    docs: Vec<String>,
    structs: BTreeMap<String, (String, Vec<Field>)>,
    enums: BTreeMap<String, Vec<(Vec<String>, String, bool)>>,
}

/// Values shown where the code has no default: `table.key` and TOML text.
pub(crate) type Examples<'a> = &'a [(&'a str, &'a str)];

/// The example file for the struct `Config` of `source`.
pub(crate) fn generate(title: &str, origin: &str, text: &str, examples: Examples<'_>) -> String {
    let source = Source::parse(text);
    let mut out = format!("# {title}\n#\n");
    let more: Vec<&String> = source.docs.iter().skip_while(|line| !line.is_empty()).skip(1).collect();
    for line in &more {
        line_of(&mut out, line);
    }
    if !more.is_empty() {
        out.push_str("#\n");
    }
    writeln!(out, "# Made from {origin}; lines that begin with # and a key show the default, or an example.").unwrap();
    for field in &source.structs["Config"].1 {
        let (array, optional) = (field.kind.starts_with("Vec<"), field.kind.starts_with("Option<"));
        let name = field.kind.trim_start_matches("Vec<").trim_start_matches("Option<").trim_end_matches('>');
        out.push('\n');
        field.docs.iter().for_each(|line| line_of(&mut out, line));
        let mark = if optional { "#" } else { "" };
        let header = if array { format!("[[{}]]", field.name) } else { format!("[{}]", field.name) };
        write!(out, "{mark}{header}").unwrap();
        let (attributes, fields) = source.structs.get(name).unwrap_or_else(|| panic!("no struct {name}"));
        for key in fields {
            source.key(&mut out, &field.name, key, name, attributes, optional, examples);
        }
    }
    out
}

fn line_of(out: &mut String, line: &str) {
    writeln!(out, "# {line}").map(|()| out.truncate(out.trim_end_matches([' ', '\n']).len())).unwrap();
    out.push('\n');
}

impl Source {
    fn parse(text: &str) -> Self {
        let text = text.split("#[cfg(test)]").next().unwrap();
        let mut source = Self { text: text.to_owned(), ..Self::default() };
        let (mut docs, mut attributes) = (Vec::new(), String::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let bare = line.trim();
            if let Some(doc) = bare.strip_prefix("//!") {
                source.docs.push(doc.trim().to_owned());
            } else if let Some(doc) = bare.strip_prefix("///") {
                docs.push(doc.trim().to_owned());
            } else if bare.starts_with("#[") {
                attributes.push_str(bare);
            } else if let Some(name) = opened(bare, "pub struct ") {
                let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
                source.structs.insert(name, (std::mem::take(&mut attributes), fields(&body)));
                docs.clear();
            } else if let Some(name) = opened(bare, "pub enum ") {
                let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
                source.enums.insert(name, variants(&body));
                docs.clear();
                attributes.clear();
            } else {
                docs.clear();
                attributes.clear();
            }
        }
        source
    }

    #[expect(clippy::too_many_arguments, reason = "one field of one table of one file")]
    fn key(
        &self,
        out: &mut String,
        table: &str,
        key: &Field,
        owner: &str,
        attributes: &str,
        optional: bool,
        examples: Examples<'_>,
    ) {
        let path = format!("{table}.{}", key.name);
        out.push('\n');
        assert!(!key.docs.is_empty(), "{path} has no doc comment");
        key.docs.iter().for_each(|line| line_of(out, line));
        for (docs, value, _) in self.enums.get(&key.kind).into_iter().flatten() {
            line_of(out, &format!("\"{value}\": {}", docs.join(" ")));
        }
        let example = examples.iter().find(|(name, _)| *name == path).map(|(_, value)| (*value).to_owned());
        let default = self.default_of(key, owner, attributes);
        let (mark, value) = match (default, example) {
            (Some(default), None) => ("#", default),
            (Some(default), Some(example)) => {
                assert_eq!(default, "[]", "{path} has a default; it needs no example");
                no_default(out, key);
                ("#", example)
            }
            (None, Some(example)) if key.kind.starts_with("Option<") => {
                no_default(out, key);
                ("#", example)
            }
            (None, Some(example)) => {
                line_of(out, "Required.");
                (if optional { "#" } else { "" }, example)
            }
            (None, None) => panic!("{path} has no default: give the generator an example"),
        };
        writeln!(out, "{mark}{} = {value}", key.name).unwrap();
    }

    /// The default as TOML; `None` where the key is required or optional without one.
    fn default_of(&self, key: &Field, owner: &str, attributes: &str) -> Option<String> {
        if key.kind.starts_with("Option<") {
            return None;
        }
        if let Some(function) = key.serde.split("default = \"").nth(1).and_then(|rest| rest.split('"').next()) {
            let start = format!("fn {function}() -> ");
            let body = self.text.split(&start).nth(1).and_then(|rest| rest.split_once("{\n")).unwrap().1;
            return Some(toml_of(body.lines().next().unwrap().trim()));
        }
        if key.serde.contains("default")
            || attributes.contains("derive(") && attributes.contains("Default") && attributes.contains("default)")
        {
            return Some(self.natural(&key.kind));
        }
        if attributes.contains("default)") {
            let start = format!("impl Default for {owner} {{");
            let body = self.text.split(&start).nth(1).and_then(|rest| rest.split_once("Self {")).unwrap().1;
            let value = body.split('}').next().unwrap().split(&format!("{}: ", key.name)).nth(1).unwrap();
            return Some(toml_of(value.split([',', '}']).next().unwrap().trim()));
        }
        None
    }

    fn natural(&self, kind: &str) -> String {
        match kind {
            "bool" => "false".to_owned(),
            kind if kind.starts_with("Vec<") || kind.starts_with("BTreeSet<") => "[]".to_owned(),
            kind => {
                let variants = self.enums.get(kind).unwrap_or_else(|| panic!("no default known for {kind}"));
                let (_, value, _) = variants.iter().find(|(.., is_default)| *is_default).unwrap();
                format!("\"{value}\"")
            }
        }
    }
}

/// Unless the doc comment says what holds without it.
fn no_default(out: &mut String, key: &Field) {
    let told = key.docs.iter().any(|line| line.contains("default:") || line.contains("leave out"));
    if !told {
        line_of(out, "Default: none.");
    }
}

fn opened(line: &str, start: &str) -> Option<String> {
    line.strip_prefix(start)?.strip_suffix(" {").map(str::to_owned)
}

fn fields(body: &[&str]) -> Vec<Field> {
    let (mut all, mut field) = (Vec::new(), Field::default());
    for line in body.iter().map(|line| line.trim()) {
        if let Some(doc) = line.strip_prefix("///") {
            field.docs.push(doc.trim().to_owned());
        } else if line.starts_with("#[serde(") {
            field.serde.push_str(line);
        } else if let Some((name, kind)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")) {
            (field.name, field.kind) = (name.to_owned(), kind.trim_end_matches(',').to_owned());
            all.push(std::mem::take(&mut field));
        }
    }
    all
}

/// Docs, name in kebab-case, whether it is the default.
fn variants(body: &[&str]) -> Vec<(Vec<String>, String, bool)> {
    let (mut all, mut docs, mut is_default) = (Vec::new(), Vec::new(), false);
    for line in body.iter().map(|line| line.trim()) {
        if let Some(doc) = line.strip_prefix("///") {
            docs.push(doc.trim().to_owned());
        } else if line == "#[default]" {
            is_default = true;
        } else if line.starts_with(char::is_uppercase) {
            let mut value = String::new();
            for letter in line.trim_end_matches(',').chars() {
                if letter.is_uppercase() && !value.is_empty() {
                    value.push('-');
                }
                value.extend(letter.to_lowercase());
            }
            all.push((std::mem::take(&mut docs), value, std::mem::take(&mut is_default)));
        }
    }
    all
}

/// A Rust expression of a default as TOML.
fn toml_of(expression: &str) -> String {
    let inner = expression.strip_prefix("PathBuf::from(").and_then(|rest| rest.strip_suffix(')'));
    let inner = inner.or_else(|| expression.strip_suffix(".to_owned()"));
    let value = inner.unwrap_or(expression);
    let simple = value.starts_with('"')
        || value == "true"
        || value == "false"
        || value.starts_with(|c: char| c.is_ascii_digit());
    assert!(simple, "a default that is no plain value: {expression}");
    value.to_owned()
}
