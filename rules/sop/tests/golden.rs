//! Golden files: documents, and what is said about them. `UPDATE_EXPECT=1` rewrites what is said.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sop/golden").join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_str().unwrap().ends_with(end));
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

fn compare(input: &Path, end: &str, said: &str) {
    let expected = PathBuf::from(input.to_str().unwrap().replace(end, ".expect"));
    #[expect(clippy::disallowed_methods, reason = "how tests are asked to rewrite what they expect")]
    let update = std::env::var("UPDATE_EXPECT").is_ok();
    if update {
        fs::write(&expected, format!("{said}\n")).unwrap();
    }
    let text = fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(text.trim_end(), said.trim_end(), "{}: UPDATE_EXPECT=1 rewrites it", expected.display());
}

fn read(path: &Path) -> (String, String) {
    (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
}

fn shown<T: ToString>(parts: &[T]) -> String {
    if parts.is_empty() {
        "no problem".to_owned()
    } else {
        parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
    }
}

#[test]
fn check_says_what_is_wrong() {
    for path in files("check", ".toml") {
        let (file, text) = read(&path);
        // A file may hold several documents.
        let parts: Vec<(String, &str)> = match text.split_once("# ---\n") {
            Some((first, second)) => vec![(file.clone(), first), (format!("lower-{file}"), second)],
            None => vec![(file, text.as_str())],
        };
        let sources: Vec<Source<'_>> = parts.iter().map(|(file, text)| Source { file, text }).collect();
        let (stack, mut problems) = Stack::read(&sources, &lists());
        if let Some(stack) = stack {
            let controller =
                [Asked::Name(name("gapura.sinjaikab.go.id")), Asked::Address("192.0.2.10".parse().unwrap())];
            problems.extend(stack.check("2026-06-01".parse().unwrap(), &controller));
        }
        compare(&path, ".toml", &shown(&problems));
    }
}

#[test]
fn lists_say_what_is_wrong() {
    for path in files("lists", ".toml") {
        let (file, text) = read(&path);
        let (_, problems) = Catalogue::read(Source { file: &file, text: &text });
        compare(&path, ".toml", &shown(&problems));
    }
}

/// A document begins with questions: `# ask NAME|ADDRESS GROUP KIND TIME list=line ...`.
#[test]
fn explain_shows_the_trail() {
    for path in files("explain", ".toml") {
        let (_, text) = read(&path);
        let parts: Vec<String> = text.split("# ---\n").map(str::to_owned).collect();
        let stack = stack(&parts);
        let questions: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# ask ")).collect();
        let answers: Vec<String> = questions.iter().map(|question| answer(&stack, question)).collect();
        compare(&path, ".toml", &shown(&answers));
    }
}

fn answer(stack: &Stack, question: &str) -> String {
    let mut words = question.split(' ');
    let asked = words.next().unwrap();
    let asked = asked.parse().map_or_else(|_| Asked::Name(name(asked)), Asked::Address);
    let audience = people(words.next().unwrap());
    let kind = super::super::scope::KINDS;
    let kind = words.next().map(|word| kind.iter().find(|(name, _)| *name == word).unwrap().1).unwrap();
    let place = Place { kind, ..place() };
    let time = at(words.next().unwrap());
    let holdings: Vec<Holding> = words
        .map(|word| {
            let (id, line) = word.split_once('=').map_or((word, None), |(id, line)| (id, Some(line)));
            let list = stack.catalogue().entry(&id.parse().unwrap()).unwrap().number;
            Holding { list, line: line.map(|line| format!("line {line}")) }
        })
        .collect();
    let question = Question { asked, holdings: &holdings, place: &place, audience: &audience, at: time };
    let explanation = stack.explain(&question);
    let json: serde_json::Value = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["clause"].is_null(), explanation.clause.is_none());
    explanation.to_string()
}

#[test]
fn diff_says_what_changes_for_whom() {
    for path in files("diff", ".old.toml") {
        let (_, old) = read(&path);
        let (_, new) = read(Path::new(&path.to_str().unwrap().replace(".old.toml", ".new.toml")));
        let said = diff(&stack(&[old]), &stack(&[new]), "2026-06-01".parse().unwrap());
        compare(&path, ".old.toml", &said.to_string());
    }
}
