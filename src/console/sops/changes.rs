//! What a draft changes of the revision before, clause by clause, in words.

use gapura_rules::sop::{Sop, WrittenClause};
use gapura_speech::Say;

use super::speak::{self, Fact};

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The clause's number; empty for the document.
    pub(super) clause: String,
    pub(super) label: String,
    pub(super) gone: Vec<String>,
    pub(super) come: Vec<String>,
}

/// Everything that differs.
pub(super) fn between(say: &Say, old: &Sop, new: &Sop) -> Vec<Change> {
    let w = say.words;
    let mut changes = facts("", &speak::top(say, old), &speak::top(say, new));
    let (before, after) = (old.written_clauses(), new.written_clauses());
    let of = |all: &[WrittenClause], number: &str| all.iter().find(|one| one.number == number).cloned();
    let whole = |clause: &WrittenClause| {
        let about = speak::targets(w, &clause.targets).join(", ");
        let does = speak::deed(say, clause.deed);
        vec![if about.is_empty() { does } else { format!("{does}: {about}") }]
    };
    for clause in &before {
        match of(&after, &clause.number) {
            Some(new) => {
                changes.extend(facts(&clause.number, &speak::clause(say, clause), &speak::clause(say, &new)));
            }
            None => changes.push(Change {
                clause: clause.number.clone(),
                label: w.t("sops-change-clause-gone"),
                gone: whole(clause),
                come: Vec::new(),
            }),
        }
    }
    for clause in after.iter().filter(|clause| of(&before, &clause.number).is_none()) {
        let (clause, label) = (clause, w.t("sops-change-clause-new"));
        changes.push(Change { clause: clause.number.clone(), label, gone: Vec::new(), come: whole(clause) });
    }
    let exceptions = |sop: &Sop| -> Vec<String> {
        let all = sop.written_exceptions();
        let one = |one| format!("{}, {}: {}", speak::exception(w, one), speak::lasts(say, one), one.reason.trim());
        all.iter().map(one).collect()
    };
    let told = |sop| vec![Fact { label: w.t("sops-exceptions"), values: exceptions(sop) }];
    changes.extend(facts("", &told(old), &told(new)));
    changes
}

fn facts(clause: &str, old: &[Fact], new: &[Fact]) -> Vec<Change> {
    let pairs = old.iter().zip(new).filter(|(old, new)| old.values != new.values);
    let change = |(old, new): (&Fact, &Fact)| Change {
        clause: clause.to_owned(),
        label: new.label.clone(),
        gone: old.values.iter().filter(|value| !new.values.contains(value)).cloned().collect(),
        come: new.values.iter().filter(|value| !old.values.contains(value)).cloned().collect(),
    };
    pairs.map(change).filter(|change| !(change.gone.is_empty() && change.come.is_empty())).collect()
}

#[cfg(test)]
mod tests {
    use gapura_rules::sop::{Catalogue, Source, Stack, pack_lists, packs};
    use gapura_speech::Lang;

    use super::super::samples::say;
    use super::*;
    use crate::words::words;

    fn read(text: &str) -> Sop {
        let (catalogue, _) = Catalogue::read(pack_lists());
        let (stack, problems) = Stack::adopt(&[Source { file: "x", text }], &catalogue);
        stack.unwrap_or_else(|| panic!("{problems:?}")).sops().next().unwrap().clone()
    }

    #[test]
    fn only_what_differs_is_told_and_each_value_by_itself() {
        let old = packs()[1].text;
        let new = old
            .replace(
                "names = [\"go.id\", \"mil.id\", \"pmi.or.id\"]",
                "names = [\"go.id\", \"bmkg.go.id\", \"pmi.or.id\"]",
            )
            .replace("review-by = 2027-12-31", "review-by = 2028-12-31");
        let say = say(words(Lang::Id));
        assert!(between(&say, &read(old), &read(old)).is_empty());
        let changes = between(&say, &read(old), &read(&new));
        let told: Vec<_> =
            changes.iter().map(|one| (one.clause.as_str(), one.gone.join(", "), one.come.join(", "))).collect();
        let expected = [
            ("", "31 Desember 2027".to_owned(), "31 Desember 2028".to_owned()),
            ("1", "mil.id".to_owned(), "bmkg.go.id".to_owned()),
        ];
        assert_eq!(told, expected, "{changes:?}");
        let more =
            format!("{old}\n[[clause]]\nnumber = 99\nwords = \"Baru.\"\naction = \"open\"\nnames = [\"a.example\"]\n");
        let changes = between(&say, &read(old), &read(&more));
        assert!(matches!(changes.as_slice(), [one] if one.clause == "99" && one.gone.is_empty()), "{changes:?}");
        let back = between(&say, &read(&more), &read(old));
        assert!(matches!(back.as_slice(), [one] if one.clause == "99" && one.come.is_empty()), "{back:?}");
    }
}
