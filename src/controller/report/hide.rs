//! Which figures about few people are not shown: those below [`FEWEST`], and as many others as it takes that none of them comes
//! out by subtraction from the sums beside it (complementary suppression).
//!
//! Whoever reads every report of a month knows each shown site and each shown sum. A shown sum less its shown sites is the sum of its
//! hidden ones. Regencies share no site; the sums of those whose own hidden sites are not safe are not shown, and their hidden
//! sites are one rest behind the sum of everything. So all that can be learnt of hidden sites is the sum of each of these *blocks*, which
//! share none: each is safe by itself. An agency's sum is shown where its hidden sites are whole blocks, so that it says nothing new.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

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
    /// The month is not over: people that are not counted yet are taken for few.
    pub(crate) running: bool,
}

/// What is not shown of a month, the same in every report of it: else two reports would tell what neither does.
///
/// Kept once the month is closed: two issues of which each hides something else would tell what neither does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hidden {
    pub(crate) sites: BTreeSet<String>,
    pub(crate) regencies: BTreeSet<String>,
    pub(crate) agencies: BTreeSet<String>,
    pub(crate) whole: bool,
}

impl Weighed<'_> {
    fn few(&self) -> bool {
        let few = |number: u64| (1..FEWEST).contains(&number);
        few(self.visits)
            || self.people.is_some_and(few)
            || (self.running && self.visits > 0 && self.people.unwrap_or(0) < FEWEST)
    }

    /// How much it hides others; none where nobody came.
    fn weight(&self) -> Option<u64> {
        Some(self.people.filter(|people| *people > 0).unwrap_or(self.visits)).filter(|weight| *weight > 0)
    }
}

impl Hidden {
    /// What has to be hidden of these sites.
    pub(crate) fn of(sites: &[Weighed<'_>]) -> Self {
        Sites { all: sites, hidden: sites.iter().map(Weighed::few).collect(), unsure: BTreeSet::new() }.decide()
    }

    /// The same of a later issue: what was hidden stays so. A site that was shown hides nothing any more, so that where what is hidden
    /// is not safe now, the sums are not shown.
    pub(crate) fn later(&self, sites: &[Weighed<'_>]) -> Self {
        let hidden = sites.iter().map(|one| one.few() || self.sites.contains(one.site)).collect();
        let all = Sites { all: sites, hidden, unsure: BTreeSet::new() };
        let regencies = all.groups(|one| one.regency);
        let mut found = self.clone();
        // One that was shown and is hidden from now on would be the difference of two issues' sums.
        let new = |at: &usize| all.all.get(*at).is_some_and(|one| !self.sites.contains(one.site));
        let unsafe_now = regencies.iter().filter(|(_, group)| {
            let block = all.covered(group);
            block.iter().any(new) || !all.safe(&block, None)
        });
        let unsafe_now: Vec<String> = unsafe_now.map(|(name, _)| (*name).to_owned()).collect();
        let new = (0..sites.len()).filter(|at| all.is_hidden(*at)).any(|at| new(&at));
        found.whole |= new || unsafe_now.iter().any(|name| !self.regencies.contains(name));
        found.regencies.extend(unsafe_now);
        let Self { sites, regencies, agencies, whole } = all.told(&found.regencies, found.whole);
        found.sites.extend(sites);
        found.regencies.extend(regencies);
        found.agencies.extend(agencies);
        found.whole |= whole;
        found
    }
}

/// Sites, and which are hidden by now.
struct Sites<'a> {
    all: &'a [Weighed<'a>],
    hidden: Vec<bool>,
    /// Regencies whose sum is not shown.
    unsure: BTreeSet<String>,
}

impl<'a> Sites<'a> {
    fn groups(&self, name: impl Fn(&Weighed<'a>) -> &'a str) -> BTreeMap<&'a str, Vec<usize>> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, site) in self.all.iter().enumerate() {
            groups.entry(name(site)).or_default().push(at);
        }
        groups
    }

    fn is_hidden(&self, at: usize) -> bool {
        self.hidden.get(at).copied().unwrap_or_default()
    }

    /// The hidden ones among these.
    fn covered(&self, group: &[usize]) -> BTreeSet<usize> {
        group.iter().copied().filter(|at| self.is_hidden(*at)).collect()
    }

    /// The shown one among these that hides the most while saying the least.
    fn least(&self, group: &[usize], counted: bool) -> Option<usize> {
        let shown = group.iter().copied().filter(|at| !self.is_hidden(*at));
        let weighed = shown.filter_map(|at| {
            let site = self.all.get(at)?;
            let usable = !counted || site.people.is_some_and(|people| people > 0);
            Some((site.weight().filter(|_| usable)?, at))
        });
        weighed.min().map(|(_, at)| at)
    }

    /// Whether the sum of these hidden ones tells of none of them that few came. `most`: what a reader knows that one that was
    /// only hidden beside others has at the most.
    fn safe(&self, block: &BTreeSet<usize>, most: Option<u64>) -> bool {
        let sites = || block.iter().filter_map(|at| self.all.get(*at));
        let people: Vec<u64> = sites().filter_map(|site| site.people).filter(|people| *people > 0).collect();
        let visits: Vec<u64> = sites().map(|site| site.visits).filter(|visits| *visits > 0).collect();
        wide(&people, most) && wide(&visits, None)
    }

    fn people_safe(&self, block: &BTreeSet<usize>, most: Option<u64>) -> bool {
        let people: Vec<u64> =
            block.iter().filter_map(|at| self.all.get(*at)?.people).filter(|people| *people > 0).collect();
        wide(&people, most)
    }

    fn most(&self, group: &[usize]) -> Option<u64> {
        let shown = group.iter().copied().filter(|at| !self.is_hidden(*at));
        shown.filter_map(|at| self.all.get(at)?.people).filter(|people| *people > 0).min()
    }

    /// Hides more among these until they are safe. Whether they are.
    fn guard(&mut self, group: &[usize]) -> bool {
        loop {
            let (block, most) = (self.covered(group), self.most(group));
            if self.safe(&block, most) {
                return true;
            }
            let counted = !self.people_safe(&block, most);
            let Some(hidden) = self.least(group, counted).and_then(|at| self.hidden.get_mut(at)) else { return false };
            *hidden = true;
        }
    }

    fn decide(mut self) -> Hidden {
        let regencies = self.groups(|one| one.regency);
        for (name, group) in &regencies {
            let before = self.hidden.clone();
            if !self.guard(group) {
                // Its sum is not shown; then nothing but the few themselves need be hidden in it.
                self.hidden = before;
                self.unsure.insert((*name).to_owned());
            }
        }
        let everything: Vec<usize> = (0..self.all.len()).collect();
        // What hides beside the few of a regency is the least there, not the least of all.
        let beside = self.hidden.clone();
        let whole = loop {
            let rest = self.rest();
            let least = |at: &usize| {
                self.all.get(*at).is_some_and(Weighed::few) || !beside.get(*at).is_some_and(|hidden| *hidden)
            };
            let most = self.most(&everything).filter(|_| rest.iter().all(least));
            if self.safe(&rest, most) {
                break false;
            }
            let counted = !self.people_safe(&rest, most);
            let Some(at) = self.least(&everything, counted) else { break true };
            if let (Some(hidden), Some(site)) = (self.hidden.get_mut(at), self.all.get(at)) {
                *hidden = true;
                self.unsure.insert(site.regency.to_owned());
            }
        };
        self.told(&self.unsure, whole)
    }

    /// The hidden sites of the regencies whose sum is not shown.
    fn rest(&self) -> BTreeSet<usize> {
        let of = |at: &usize| self.all.get(*at).is_some_and(|site| self.unsure.contains(site.regency));
        self.covered(&(0..self.all.len()).collect::<Vec<_>>()).into_iter().filter(of).collect()
    }

    /// What is hidden where these regencies' sums are not shown.
    fn told(&self, unsure: &BTreeSet<String>, whole: bool) -> Hidden {
        let regencies = self.groups(|one| one.regency);
        let (mut blocks, mut rest) = (Vec::new(), BTreeSet::new());
        for (name, group) in &regencies {
            if unsure.contains(*name) {
                rest.extend(self.covered(group));
            } else {
                blocks.push(self.covered(group));
            }
        }
        let whole = whole || !self.safe(&rest, None);
        if !whole {
            blocks.push(rest);
        }
        let told = |group: &[usize]| {
            let own = self.covered(group);
            let behind: BTreeSet<usize> =
                blocks.iter().filter(|block| block.is_subset(&own)).flatten().copied().collect();
            behind == own
        };
        let agencies = self.groups(|one| one.agency).into_iter().filter(|(_, group)| !told(group));
        let sites = self.all.iter().enumerate().filter(|(at, _)| self.is_hidden(*at));
        Hidden {
            sites: sites.map(|(_, site)| site.site.to_owned()).collect(),
            regencies: unsure.clone(),
            agencies: agencies.map(|(name, _)| name.to_owned()).collect(),
            whole,
        }
    }
}

/// Whether each number below [`FEWEST`] among these may be any from 1 to 9 for who knows their sum, and even which of them are below.
fn wide(numbers: &[u64], most: Option<u64>) -> bool {
    let few = numbers.iter().filter(|number| **number < FEWEST).count() as u64;
    let many = numbers.len() as u64 - few;
    match (few, many) {
        (0, 1) => false,
        (0, _) => true,
        _ => {
            let sum = numbers.iter().copied().fold(0, u64::saturating_add);
            let most = most.unwrap_or(u64::MAX);
            let others = (few - 1, (few - 1).saturating_mul(FEWEST - 1).saturating_add(many.saturating_mul(most)));
            sum >= others.0.saturating_add(many * FEWEST).saturating_add(FEWEST - 1)
                && sum <= others.1.saturating_add(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sites<'a>(people: &[(&'a str, &'a str, &'a str, u64)]) -> Vec<Weighed<'a>> {
        let site = |(site, regency, agency, people): &(&'a str, &'a str, &'a str, u64)| Weighed {
            site,
            regency,
            agency,
            people: Some(*people),
            visits: people * 2,
            running: false,
        };
        people.iter().map(site).collect()
    }

    fn names(hidden: &BTreeSet<String>) -> Vec<&str> {
        hidden.iter().map(String::as_str).collect()
    }

    #[test]
    fn few_people_are_hidden_and_others_beside_them_until_any_number_is_possible() {
        let of = |people: &[u64]| {
            let names = ["a", "b", "c", "d", "e"];
            let all: Vec<_> = people.iter().zip(names).map(|(people, name)| (name, "s", "", *people)).collect();
            Hidden::of(&sites(&all))
        };
        let hidden = of(&[3, 40, 25, 0]);
        assert_eq!(names(&hidden.sites), ["a", "c"], "what is left of the sum is 28, of two sites");
        assert!(hidden.regencies.is_empty() && hidden.agencies.is_empty() && !hidden.whole);
        assert_eq!(of(&[10, 0]), Hidden::default());
        // Three that together may be anything hide each other.
        assert_eq!(names(&of(&[3, 4, 5, 11]).sites), ["a", "b", "c"]);
        // One and ten are eleven in one way only, and nine and nine eighteen.
        assert_eq!(names(&of(&[1, 10, 40]).sites), ["a", "b", "c"]);
        assert_eq!(names(&of(&[9, 9, 30, 40]).sites), ["a", "b", "c"]);
        // The least of those that hide beside the few is known to be no more than what is shown.
        assert_eq!(names(&of(&[9, 25, 25, 60]).sites), ["a", "b", "c"]);
        assert!(of(&[3, 0]).whole, "the only one is the sum");
    }

    #[test]
    fn a_regency_that_cannot_hide_its_own_is_not_shown_and_neither_are_its_neighbours_that_hide_it() {
        let hidden = Hidden::of(&sites(&[("a", "s", "As", 3), ("b", "bone", "Ab", 40), ("c", "wajo", "Aw", 25)]));
        assert_eq!(names(&hidden.sites), ["a", "c"], "not the sums alone: the site beside them would tell");
        assert_eq!((names(&hidden.regencies), names(&hidden.agencies)), (vec!["s", "wajo"], vec!["As", "Aw"]));
        assert!(!hidden.whole);
        // A regency and an agency that cross in one site.
        let crossed = [("a", "r", "1", 3), ("b", "r", "2", 40), ("c", "r", "2", 50), ("d", "s", "1", 20)];
        let hidden = Hidden::of(&sites(&crossed));
        assert_eq!((names(&hidden.sites), names(&hidden.agencies)), (vec!["a", "b"], vec!["1", "2"]));
    }

    #[test]
    fn few_visits_are_few_people_and_so_are_those_not_counted_yet() {
        let mut one = sites(&[("a", "s", "", 0), ("b", "s", "", 40)]);
        (one[0].people, one[0].visits) = (None, 4);
        assert_eq!(names(&Hidden::of(&one).sites), ["a", "b"]);
        one[0].visits = 12;
        assert_eq!(Hidden::of(&one), Hidden::default());
        one[0].running = true;
        assert_eq!(names(&Hidden::of(&one).sites), ["a", "b"], "twelve visits of the first day, perhaps of two people");
    }

    #[test]
    fn what_is_hidden_stays_so_and_nothing_hides_that_was_shown() {
        let all = [("a", "s", "", 3), ("b", "s", "", 12), ("c", "s", "", 14), ("d", "t", "", 40)];
        let first = Hidden::of(&sites(&all));
        assert_eq!(names(&first.sites), ["a", "b", "c"]);
        let mut all = [("a", "s", "", 3), ("b", "s", "", 20), ("c", "s", "", 30), ("d", "t", "", 40)];
        let before = Hidden::of(&sites(&all));
        assert_eq!(names(&before.sites), ["a", "b"]);
        // Of themselves, these would hide c now and show b.
        all[1].3 = 50;
        assert_eq!(names(&Hidden::of(&sites(&all)).sites), ["a", "c"]);
        assert_eq!(before.later(&sites(&all)), before);
        // Ten now: but that it was nine must not come out.
        all[0].3 = 14;
        assert_eq!(before.later(&sites(&all)), before);
        // Nobody, and now few: whatever is shown beside it was shown without it.
        let mut more = all.to_vec();
        more.push(("e", "t", "", 4));
        let later = before.later(&sites(&more));
        assert_eq!((names(&later.sites), names(&later.regencies), later.whole), (vec!["a", "b", "e"], vec!["t"], true));
    }

    /// Whether the rows say what exactly this number is (linear algebra modulo a prime).
    fn told(rows: &[Vec<i128>], of: usize) -> bool {
        const PRIME: i128 = 1_000_000_007;
        let rank = |mut rows: Vec<Vec<i128>>| {
            let (mut rank, width) = (0, rows.first().map_or(0, Vec::len));
            for column in 0..width {
                let Some(at) = (rank..rows.len()).find(|at| rows[*at][column].rem_euclid(PRIME) != 0) else { continue };
                rows.swap(rank, at);
                let head = rows[rank].clone();
                for row in &mut rows[rank + 1..] {
                    let by = row[column];
                    for (one, head_one) in row.iter_mut().zip(&head) {
                        *one = (*one * head[column] - head_one * by).rem_euclid(PRIME);
                    }
                }
                rank += 1;
            }
            rank
        };
        let mut more = rows.to_vec();
        more.push((0..rows[0].len()).map(|at| i128::from(at == of)).collect());
        rank(more) == rank(rows.to_vec())
    }

    /// Each shown site and each shown sum as a row; `column` says where a site's number stands.
    fn rows(
        sites: &[Weighed<'_>],
        hidden: &Hidden,
        (width, column): (usize, &dyn Fn(usize) -> usize),
    ) -> Vec<Vec<i128>> {
        let row = |which: &dyn Fn(usize) -> bool| {
            let mut row = vec![0; width];
            (0..sites.len()).filter(|at| which(*at)).for_each(|at| row[column(at)] = 1);
            row
        };
        let mut rows = vec![vec![0; width]];
        for at in 0..sites.len() {
            if !hidden.sites.contains(sites[at].site) {
                rows.push(row(&|one| one == at));
            }
            if !hidden.regencies.contains(sites[at].regency) {
                rows.push(row(&|one| sites[one].regency == sites[at].regency));
            }
            if !hidden.agencies.contains(sites[at].agency) {
                rows.push(row(&|one| sites[one].agency == sites[at].agency));
            }
        }
        if !hidden.whole {
            rows.push(row(&|_| true));
        }
        rows
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Whoever knows everything that is shown of a month, and of its next issue, learns of no site where few came how many.
        #[test]
        fn all_that_is_shown_together_tells_of_nobody(
            people in proptest::collection::vec((0_u64..40, 0_usize..3, 0_usize..3, prop_oneof![3 => Just(0_u64), 1 => 1_u64..30]), 2..10),
        ) {
            let names: Vec<String> = (0..people.len()).map(|at| format!("s{at}")).collect();
            let groups = ["x", "y", "z"];
            let month = |later: bool| -> Vec<Weighed<'_>> {
                let site = |((people, regency, agency, more), name): (&(u64, usize, usize, u64), _)| {
                    let people = people + if later { *more } else { 0 };
                    Weighed { site: name, regency: groups[*regency], agency: groups[*agency], people: Some(people), visits: people, running: false }
                };
                people.iter().zip(names.iter().map(String::as_str)).map(site).collect()
            };
            let (first, second) = (month(false), month(true));
            let hidden = Hidden::of(&first);
            let later = hidden.later(&second);
            let count = people.len();
            let mut all = rows(&first, &hidden, (2 * count, &|at| at));
            // A number that did not change is the same in both.
            all.extend(rows(&second, &later, (2 * count, &|at| if people[at].3 == 0 { at } else { count + at })));
            for at in 0..count {
                if (1..FEWEST).contains(&first[at].people.unwrap()) {
                    prop_assert!(hidden.sites.contains(&names[at]) && !told(&all, at), "{at} of {hidden:?}");
                }
                if people[at].3 > 0 && (1..FEWEST).contains(&second[at].people.unwrap()) {
                    prop_assert!(later.sites.contains(&names[at]) && !told(&all, count + at), "{at} later of {later:?}");
                }
            }
        }
    }
}
