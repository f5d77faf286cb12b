//! What is wrong in a SOP's text, beside the line it concerns: what it is, what to do, and the checker's own words.

use gapura_controller::DESK_FILE;
use gapura_rules::sop::{Position, Problem, Severity};
use gapura_speech::Words;

/// A problem for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slip {
    /// Where in the text; 0 where it stands in another SOP.
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) error: bool,
    /// "Baris 15, kolom 29".
    pub(super) place: String,
    pub(super) what: String,
    pub(super) act: String,
    /// What the checker says, in English.
    pub(super) exact: String,
}

/// What the checker calls a problem, what it is, and what to do.
const WORDS: [(&str, &str, &str); 39] = [
    ("action", "sops-wrong-action", "sops-wrong-action-do"),
    ("answer", "sops-wrong-answer", "sops-wrong-answer-do"),
    ("before-login", "sops-wrong-before-login", "sops-wrong-before-login-do"),
    ("conflict", "sops-wrong-conflict", "sops-wrong-conflict-do"),
    ("date", "sops-wrong-date", "sops-wrong-date-do"),
    ("dates", "sops-wrong-dates", "sops-wrong-dates-do"),
    ("day", "sops-wrong-day", "sops-wrong-day-do"),
    ("ede", "sops-wrong-ede", "sops-wrong-ede-do"),
    ("empty", "sops-wrong-empty", "sops-wrong-empty-do"),
    ("expired", "sops-wrong-expired", "sops-wrong-expired-do"),
    ("fill-in", "sops-wrong-fill-in", "sops-wrong-fill-in-do"),
    ("kind", "sops-wrong-kind", "sops-wrong-kind-do"),
    ("layer", "sops-wrong-layer", "sops-wrong-layer-do"),
    ("long", "sops-wrong-long", "sops-wrong-long-do"),
    ("missing", "sops-wrong-missing", "sops-wrong-missing-do"),
    ("name", "sops-wrong-name", "sops-wrong-name-do"),
    ("needed-service", "sops-wrong-needed-service", "sops-wrong-needed-service-do"),
    ("never", "sops-wrong-never", "sops-wrong-never-do"),
    ("no-clause", "sops-wrong-no-clause", "sops-wrong-no-clause-do"),
    ("no-target", "sops-wrong-no-target", "sops-wrong-no-target-do"),
    ("nobody", "sops-wrong-nobody", "sops-wrong-nobody-do"),
    ("protected", "sops-wrong-protected", "sops-wrong-protected-do"),
    ("rate", "sops-wrong-rate", "sops-wrong-rate-do"),
    ("review", "sops-wrong-review", "sops-wrong-review-do"),
    ("review-due", "sops-wrong-review-due", "sops-wrong-review-due-do"),
    ("revision", "sops-wrong-revision", "sops-wrong-revision-do"),
    ("search", "sops-wrong-search", "sops-wrong-search-do"),
    ("shared-network", "sops-wrong-shared-network", "sops-wrong-shared-network-do"),
    ("span", "sops-wrong-span", "sops-wrong-span-do"),
    ("suffix", "sops-wrong-suffix", "sops-wrong-suffix-do"),
    ("target", "sops-wrong-target", "sops-wrong-target-do"),
    ("toml", "sops-wrong-toml", "sops-wrong-toml-do"),
    ("too-many", "sops-wrong-too-many", "sops-wrong-too-many-do"),
    ("twice", "sops-wrong-twice", "sops-wrong-twice-do"),
    ("type", "sops-wrong-type", "sops-wrong-type-do"),
    ("unfit", "sops-wrong-unfit", "sops-wrong-unfit-do"),
    ("unknown-key", "sops-wrong-unknown-key", "sops-wrong-unknown-key-do"),
    ("unknown-list", "sops-wrong-unknown-list", "sops-wrong-unknown-list-do"),
    ("", "sops-wrong-other", "sops-wrong-other-do"),
];

/// All of them: what stands in the text in its order, the rest behind it.
pub(super) fn slips(w: Words, problems: &[Problem]) -> Vec<Slip> {
    let mut slips: Vec<Slip> = problems.iter().map(|problem| slip(w, problem)).collect();
    slips.sort_by_key(|slip| (slip.line == 0, slip.line, slip.column));
    slips
}

/// The same for a page that shows no text: what it is and what to do, a line each.
pub(crate) fn told(w: Words, problems: &[Problem]) -> Vec<String> {
    slips(w, problems).into_iter().map(|slip| format!("{} {}", slip.what, slip.act)).collect()
}

fn slip(w: Words, problem: &Problem) -> Slip {
    let position = own(problem);
    let known = WORDS.iter().find(|(id, ..)| *id == problem.id).or(WORDS.last());
    let (what, act) = known.map_or(("", ""), |(_, what, act)| (*what, *act));
    let near = problem.help.strip_prefix("did you mean ").and_then(subject_in);
    let act = match near {
        Some(near) => format!("{} {}", w.t1("sops-wrong-near", "near", near), w.t(act)),
        None => w.t(act),
    };
    let (line, column) = position.map_or((0, 0), |at| (at.line, at.column));
    Slip {
        line,
        column,
        error: problem.severity == Severity::Error,
        place: match position {
            Some(_) => w.t2("sops-wrong-place", "line", line.to_string(), "column", column.to_string()),
            None => w.t1("sops-wrong-elsewhere", "sop", elsewhere(w, &problem.position.file)),
        },
        what: w.t1(what, "subject", subject(problem)),
        act,
        exact: format!("{}; {}", problem.what, problem.help),
    }
}

/// Another SOP, as the checker calls it: "NUMBER revision N (SOP ID)".
fn elsewhere(w: Words, file: &str) -> String {
    let known = file.rsplit_once(" revision ").and_then(|(number, rest)| Some((number, rest.split_once(" (SOP ")?.0)));
    known.map_or_else(
        || file.to_owned(),
        |(number, revision)| w.t2("sops-number", "number", number, "revision", revision),
    )
}

/// Where in the text that is being written.
fn own(problem: &Problem) -> Option<&Position> {
    std::iter::once(&problem.position).chain(&problem.related).find(|position| position.file == DESK_FILE)
}

/// What it is about: what the checker quotes, else the stretch of the line.
fn subject(problem: &Problem) -> String {
    subject_in(&problem.what).unwrap_or_else(|| {
        let at = &problem.position;
        at.text.chars().skip(at.column.saturating_sub(1)).take(at.length).collect()
    })
}

fn subject_in(text: &str) -> Option<String> {
    let mark = text.find(['`', '"'])?;
    let quote = text.get(mark..)?.chars().next()?;
    let rest = text.get(mark + 1..)?;
    Some(rest.get(..rest.find(quote)?)?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use gapura_speech::Lang;

    use super::*;
    use crate::words::words;

    #[test]
    fn whatever_the_checker_finds_has_words() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/sop");
        let mut source = String::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Catalogues of lists are not written at this desk.
            if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("catalogue.rs") {
                let text = std::fs::read_to_string(path).unwrap();
                source.push_str(text.split("#[cfg(test)]").next().unwrap());
            }
        }
        // An id is the first text of a call that is no key of the table in it.
        let mut found = BTreeSet::new();
        for (call, at) in [(".wrong(", 1), (".warn(", 1), (".problem(severity, ", 1), ("reader.each((", 3)] {
            for rest in source.split(call).skip(1) {
                let id = rest.split('"').nth(at).unwrap_or_default();
                if !id.is_empty() && id.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'-') {
                    found.insert(id.to_owned());
                }
            }
        }
        assert!(found.len() > 25, "{found:?}");
        for id in found {
            assert!(WORDS.iter().any(|(known, ..)| *known == id), "{id} has no words");
        }
    }

    #[test]
    fn a_problem_says_where_what_and_what_to_do() {
        let at = Position {
            file: DESK_FILE.to_owned(),
            line: 16,
            column: 10,
            length: 6,
            text: "action = \"blok\"".to_owned(),
        };
        let problem = Problem {
            severity: Severity::Error,
            id: "action",
            position: at.clone(),
            what: "\"blok\" is not an action".to_owned(),
            help: "did you mean \"block\"? write one of block, open".to_owned(),
            related: Vec::new(),
        };
        let one = slip(words(Lang::Id), &problem);
        assert_eq!((one.line, one.column, one.error), (16, 10, true));
        assert!(one.what.contains("blok") && one.act.contains("block"), "{one:?}");
        // What stands in another SOP is told at the place in this one that it is about.
        let other = Position { file: "SOP/1 revision 1 (SOP 1)".to_owned(), line: 3, ..at.clone() };
        let there = Problem { position: other.clone(), related: vec![at], ..problem.clone() };
        assert_eq!(slip(words(Lang::Id), &there).line, 16);
        let away = Problem { position: other, ..problem };
        let away = slip(words(Lang::Id), &away);
        assert!(away.line == 0 && away.place.contains("SOP/1"), "{away:?}");
    }
}
