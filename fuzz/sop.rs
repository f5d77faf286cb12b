//! What officers write: SOPs and the catalogue of lists.

use std::sync::LazyLock;

use gapura_model::{ListNumber, ListSet, Name, SiteKind};
use gapura_rules::sop::{Audience, Catalogue, Place, Policy, Problem, Severity, Source, Stack};
use jiff::Timestamp;

pub(crate) const LISTS: &str = r#"
[[list]]
id = "judi"
category = "judi"
title = "Judi"
holds = "both"
sources = ["judi.txt"]
licence = "MIT"
[[list]]
id = "doh"
category = "doh"
title = "DNS terenkripsi"
holds = "addresses"
sources = ["doh.txt"]
licence = "MIT"
"#;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read(Source { file: "lists.toml", text: LISTS }).0);

/// Any text is read whole, with every problem in its place, or makes rules that answer; up to three documents, apart by a
/// zero octet.
pub(crate) fn text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (_, problems) = Catalogue::read(Source { file: "lists.toml", text });
    check(&problems, text);
    let sources: Vec<Source<'_>> = text.split('\0').take(3).map(|text| Source { file: "a.toml", text }).collect();
    let (stack, problems) = Stack::read(&sources, &CATALOGUE);
    assert_eq!(stack.is_none(), problems.iter().any(|problem| problem.severity == Severity::Error));
    let (adopted, problems) = Stack::adopt(&sources, &CATALOGUE);
    assert!(adopted.is_some() || stack.is_none());
    if let [source] = sources[..] {
        check(&problems, source.text);
    }
    if let Some(stack) = adopted {
        ask(&stack);
    }
}

/// Every problem is told in a place that is there.
fn check(problems: &[Problem], text: &str) {
    let lines = text.lines().count().max(1) + 1;
    for problem in problems {
        assert!((1..=lines).contains(&problem.position.line) && problem.position.column >= 1, "{problem}");
        assert!(!problem.to_string().is_empty() && !problem.help.is_empty() && !problem.id.is_empty());
    }
}

static PLACE: LazyLock<Place> = LazyLock::new(|| Place {
    site: "galeri-1".parse().unwrap(),
    kind: SiteKind::Gallery,
    agency: "kominfo".to_owned(),
    regency: "sinjai".to_owned(),
    zone: "Asia/Makassar".parse().unwrap(),
});

fn ask(stack: &Stack) {
    let now: Timestamp = "2026-11-22T02:00:00Z".parse().unwrap();
    let later = stack.next_change(&PLACE, now);
    assert!(later.is_none_or(|later| later > now));
    let _ = stack.garden(&PLACE, now);
    for (plan, group) in [(None, "umum"), (Some("pelajar"), "anak")] {
        let audience = Audience { plan: plan.map(|plan| plan.parse().unwrap()), group: group.parse().unwrap() };
        for at in [now].into_iter().chain(later) {
            decide(stack, &stack.policy(&PLACE, &audience, at));
        }
    }
}

fn decide(stack: &Stack, policy: &Policy) {
    let held: ListSet = [ListNumber(0)].into_iter().collect();
    for set in [ListSet::EMPTY, held] {
        let name: Name = "www.example.com".parse().unwrap();
        let decided = [policy.name(&name, set), policy.address("192.0.2.1".parse().unwrap(), set)];
        for clause in decided.iter().filter_map(|decision| decision.clause) {
            assert!(policy.clause(clause).is_some() && usize::from(clause.0) < stack.clauses().len());
        }
    }
    assert!(policy.throttles().count() <= stack.clauses().len());
}
