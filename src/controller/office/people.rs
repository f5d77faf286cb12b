//! Who wrote a SOP: one person, or several who carried on each other's draft.

use std::collections::BTreeSet;

/// Stands between the names of those who wrote one after the other.
const AND: &str = " + ";

/// The names in one field, in any case.
fn names(people: &str) -> BTreeSet<String> {
    people.split(AND).map(|name| name.trim().to_lowercase()).collect()
}

/// The authors of a draft after another has written at it.
pub(super) fn joined(authors: &str, name: &str) -> String {
    if wrote_all(authors, name) { authors.to_owned() } else { format!("{authors}{AND}{name}") }
}

/// Whether someone is among the authors.
pub(super) fn wrote_at(name: &str, authors: &str) -> bool {
    !names(name).is_disjoint(&names(authors))
}

/// Whether nobody else is among the authors.
pub(super) fn wrote_all(name: &str, authors: &str) -> bool {
    names(authors).is_subset(&names(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wrote_a_part_is_an_author() {
        let both = joined("Ani", "budi");
        assert_eq!((both.as_str(), joined(&both, " ani ").as_str()), ("Ani + budi", "Ani + budi"));
        for (name, at, all) in [("ani", true, false), ("BUDI ", true, false), ("citra", false, false)] {
            assert_eq!((wrote_at(name, &both), wrote_all(name, &both)), (at, all), "{name}");
        }
        assert!(wrote_at("citra + budi", &both), "a name that is written as two is both");
        assert!(wrote_all("Ani", "ani") && !wrote_all("", "ani"));
    }
}
