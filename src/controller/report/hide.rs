//! Which figures about few people are not shown: those below [`FEWEST`], and as many others as it takes that none of them comes
//! out by subtraction from a sum (complementary suppression).

use std::collections::{BTreeMap, BTreeSet};

/// Fewer people than this are not told apart.
pub const FEWEST: u64 = 10;

/// What is looked at: a site, and the sums it goes into.
#[derive(Clone, Debug)]
pub(crate) struct Weighed<'a> {
    pub(crate) site: &'a str,
    pub(crate) regency: &'a str,
    pub(crate) agency: &'a str,
    /// People that came; none where that is not known.
    pub(crate) people: Option<u64>,
    /// Visits.
    pub(crate) visits: u64,
}

/// What is not shown of a month, the same in every report of it: else two reports would tell what neither does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) sites: BTreeSet<String>,
    pub(crate) regencies: BTreeSet<String>,
    pub(crate) agencies: BTreeSet<String>,
    pub(crate) whole: bool,
}

/// A number that may have to be hidden.
#[derive(Clone, Debug)]
struct Part {
    people: u64,
    hidden: bool,
}

impl Hidden {
    /// What has to be hidden of these sites.
    pub(crate) fn of(sites: &[Weighed<'_>]) -> Self {
        let mut parts: Vec<Part> = sites.iter().map(part).collect();
        let by = |name: &dyn Fn(&Weighed<'_>) -> String| {
            let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (at, site) in sites.iter().enumerate() {
                groups.entry(name(site)).or_default().push(at);
            }
            groups
        };
        let (regencies, agencies) = (by(&|site| site.regency.to_owned()), by(&|site| site.agency.to_owned()));
        let groups: Vec<&Vec<usize>> = regencies.values().chain(agencies.values()).collect();
        while groups.iter().any(|group| guard(&mut parts, group)) {}
        let (regencies, whole) = above(&parts, &regencies);
        let (agencies, whole_too) = above(&parts, &agencies);
        let sites = sites.iter().zip(&parts).filter(|(_, part)| part.hidden).map(|(site, _)| site.site.to_owned());
        Self { sites: sites.collect(), regencies, agencies, whole: whole || whole_too }
    }
}

fn part(site: &Weighed<'_>) -> Part {
    let few = |number: u64| (1..FEWEST).contains(&number);
    let hidden = few(site.visits) || site.people.is_some_and(few);
    let people = site.people.unwrap_or_default().min(site.visits);
    Part { people: if hidden { people.max(1) } else { people }, hidden }
}

/// Whether the hidden ones among these are safe behind their sum.
fn safe(parts: &[Part], group: &[usize]) -> bool {
    let hidden: Vec<u64> = of(parts, group).filter(|part| part.hidden).map(|part| part.people).collect();
    hidden.is_empty() || (hidden.len() > 1 && hidden.iter().sum::<u64>() >= FEWEST)
}

fn of<'a>(parts: &'a [Part], group: &'a [usize]) -> impl Iterator<Item = &'a Part> {
    group.iter().filter_map(|at| parts.get(*at))
}

/// Hides one more where the hidden ones are not safe: the smallest that says anything. Whether it did.
fn guard(parts: &mut [Part], group: &[usize]) -> bool {
    if safe(parts, group) {
        return false;
    }
    let shown = group.iter().copied().filter_map(|at| parts.get(at).map(|part| (at, part)));
    let least = shown.filter(|(_, part)| !part.hidden && part.people > 0).min_by_key(|(_, part)| part.people);
    let Some(part) = least.map(|(at, _)| at).and_then(|at| parts.get_mut(at)) else { return false };
    part.hidden = true;
    true
}

/// Which sums of groups are to be hidden, and whether the sum of them all is.
fn above(parts: &[Part], groups: &BTreeMap<String, Vec<usize>>) -> (BTreeSet<String>, bool) {
    let mut sums: Vec<Part> = groups
        .values()
        .map(|group| {
            let people = of(parts, group).map(|part| part.people).sum();
            // Nothing is left in the group that could hide them.
            Part { people, hidden: !safe(parts, group) }
        })
        .collect();
    let all: Vec<usize> = (0..sums.len()).collect();
    while guard(&mut sums, &all) {}
    let whole = !safe(&sums, &all);
    let hidden = groups.keys().zip(&sums).filter(|(_, sum)| sum.hidden).map(|(name, _)| name.clone());
    (hidden.collect(), whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sites<'a>(people: &[(&'a str, &'a str, u64)]) -> Vec<Weighed<'a>> {
        let site = |(site, regency, people): &(&'a str, &'a str, u64)| Weighed {
            site,
            regency,
            agency: regency,
            people: Some(*people),
            visits: people * 2,
        };
        people.iter().map(site).collect()
    }

    fn names(hidden: &BTreeSet<String>) -> Vec<&str> {
        hidden.iter().map(String::as_str).collect()
    }

    #[test]
    fn few_people_are_hidden_and_one_more_beside_them() {
        let hidden = Hidden::of(&sites(&[("a", "s", 3), ("b", "s", 40), ("c", "s", 25), ("d", "s", 0)]));
        assert_eq!(names(&hidden.sites), ["a", "c"], "what is left of the sum is 28, of two sites");
        assert!(hidden.regencies.is_empty() && !hidden.whole);
        let nothing = Hidden::of(&sites(&[("a", "s", 10), ("b", "s", 0)]));
        assert_eq!(nothing, Hidden::default());
        // Three that together are ten and more hide each other.
        let three = Hidden::of(&sites(&[("a", "s", 3), ("b", "s", 4), ("c", "s", 5), ("d", "s", 11)]));
        assert_eq!(names(&three.sites), ["a", "b", "c"]);
        // Two that are not.
        let two = Hidden::of(&sites(&[("a", "s", 3), ("b", "s", 4), ("d", "s", 11), ("e", "s", 12)]));
        assert_eq!(names(&two.sites), ["a", "b", "d"]);
    }

    #[test]
    fn a_sum_with_nothing_to_hide_behind_is_hidden_itself_and_so_is_another_beside_it() {
        let hidden = Hidden::of(&sites(&[("a", "s", 3), ("b", "bone", 40), ("c", "wajo", 25)]));
        assert_eq!(names(&hidden.sites), ["a"]);
        assert_eq!(names(&hidden.regencies), ["s", "wajo"]);
        assert!(!hidden.whole);
        let alone = Hidden::of(&sites(&[("a", "s", 3), ("b", "s", 0)]));
        assert!(alone.whole && alone.regencies.len() == 1, "the only one is the sum");
    }

    #[test]
    fn few_visits_are_few_people_also_where_people_were_not_counted() {
        let mut one = sites(&[("a", "s", 0), ("b", "s", 40)]);
        (one[0].people, one[0].visits) = (None, 4);
        assert_eq!(names(&Hidden::of(&one).sites), ["a", "b"]);
    }

    proptest! {
        /// Whoever knows every sum and every site that is shown learns of no group of hidden sites with fewer than ten people.
        #[test]
        fn no_sum_less_what_is_shown_tells_of_few(people in proptest::collection::vec((0_u64..40, 0_usize..3, 0_usize..3), 1..12)) {
            let names: Vec<String> = (0..people.len()).map(|at| format!("s{at}")).collect();
            let groups = ["x", "y", "z"];
            let sites: Vec<Weighed<'_>> = people.iter().zip(&names).map(|((people, regency, agency), site)| Weighed {
                site, regency: groups[*regency], agency: groups[*agency], people: Some(*people), visits: *people,
            }).collect();
            let hidden = Hidden::of(&sites);
            for (which, sums) in [(0, &hidden.regencies), (1, &hidden.agencies)] {
                let name = |site: &Weighed<'_>| if which == 0 { site.regency.to_owned() } else { site.agency.to_owned() };
                let mut left = Vec::new();
                for group in groups {
                    let own: Vec<_> = sites.iter().filter(|site| name(site) == group).collect();
                    let rest: Vec<u64> = own.iter().filter(|site| hidden.sites.contains(site.site)).map(|site| site.people.unwrap()).collect();
                    if sums.contains(group) {
                        left.push(own.iter().map(|site| site.people.unwrap()).sum::<u64>());
                    } else {
                        prop_assert!(rest.is_empty() || (rest.len() > 1 && rest.iter().sum::<u64>() >= FEWEST));
                    }
                }
                if !hidden.whole {
                    prop_assert!(left.is_empty() || (left.len() > 1 && left.iter().sum::<u64>() >= FEWEST));
                }
            }
            for site in &sites {
                prop_assert!(!(1..FEWEST).contains(&site.people.unwrap()) || hidden.sites.contains(site.site));
            }
        }
    }
}
