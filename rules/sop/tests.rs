//! What SOPs mean, seen from outside.

mod golden;
mod meaning;
mod naive;
mod packs;
mod plan;

use gapura_model::{BitRate, ListNumber, ListSet, Name, SiteKind};
use jiff::Timestamp;

use super::*;

/// Lists of the tests: two of names in one category, one of names and one of addresses in others.
const LISTS: &str = r#"
[[list]]
id = "judi-1"
category = "judi"
title = "Judi"
holds = "names"
sources = ["judi-1.txt"]
licence = "MIT"
[[list]]
id = "judi-2"
category = "judi"
title = "Judi lagi"
holds = "both"
sources = ["judi-2.txt"]
licence = "MIT"
[[list]]
id = "dewasa"
category = "dewasa"
title = "Dewasa"
holds = "names"
sources = ["dewasa.txt"]
licence = "MIT"
[[list]]
id = "doh"
category = "doh"
title = "DNS terenkripsi"
holds = "addresses"
sources = ["doh.txt"]
licence = "MIT"
"#;

fn lists() -> Catalogue {
    let (catalogue, problems) = Catalogue::read(Source { file: "lists.toml", text: LISTS });
    assert!(problems.is_empty(), "{problems:?}");
    catalogue
}

/// A document of this layer with these clauses and exceptions.
fn sop(layer: &str, body: &str) -> String {
    format!(
        "number = \"SOP/{layer}\"\ntitle = \"SOP\"\nlayer = \"{layer}\"\nrevision = 1\nowner = \"Dinas\"\n\
         legal-basis = [\"Keputusan\"]\neffective-from = 2026-01-01\nreview-by = 2027-01-01\n{body}"
    )
}

fn clause(number: u32, rest: &str) -> String {
    format!("[[clause]]\nnumber = {number}\nwords = \"k\"\ncitizen = {{ id = \"k\" }}\n{rest}\n")
}

fn stack(texts: &[String]) -> Stack {
    let files: Vec<String> = (0..texts.len()).map(|at| format!("{at}.toml")).collect();
    let sources: Vec<Source<'_>> = files.iter().zip(texts).map(|(file, text)| Source { file, text }).collect();
    let (stack, problems) = Stack::read(&sources, &lists());
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    stack.unwrap_or_else(|| panic!("{}", shown.join("\n")))
}

fn place() -> Place {
    Place {
        site: "galeri-1".parse().unwrap(),
        kind: SiteKind::Gallery,
        agency: "kominfo".to_owned(),
        regency: "sinjai".to_owned(),
        zone: "Asia/Makassar".parse().unwrap(),
    }
}

fn people(group: &str) -> Audience {
    Audience { plan: Some("umum".parse().unwrap()), group: group.parse().unwrap() }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Monday 5 January 2026, 10.00 WITA.
fn monday() -> Timestamp {
    at("2026-01-05T02:00:00Z")
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn held(numbers: &[u8]) -> ListSet {
    numbers.iter().copied().map(ListNumber).collect()
}
