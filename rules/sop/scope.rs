//! For whom a clause holds: places and people.

use std::collections::BTreeSet;
use std::fmt;

use gapura_model::{PlanId, PolicyGroup, SiteId, SiteKind};

use crate::hours::Zone;

/// Where a question is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The site.
    pub site: SiteId,
    /// What sort of place it is.
    pub kind: SiteKind,
    /// The agency (perangkat daerah) it belongs to, as documents write it; empty where none.
    pub agency: String,
    /// The regency (kabupaten or kota) it lies in, as documents write it; empty where unknown.
    pub regency: String,
    /// The zone its hours are in.
    pub zone: Zone,
}

/// For whom a question is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Their plan; `None` before login.
    pub plan: Option<PlanId>,
    /// Their group of people; `umum` where nobody gave them another.
    pub group: PolicyGroup,
}

/// For whom a document, a clause or an exception holds. A list left empty means everyone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only sites of these regencies.
    pub regencies: BTreeSet<String>,
    /// Only sites of these agencies.
    pub agencies: BTreeSet<String>,
    /// Only sites of these kinds.
    pub kinds: BTreeSet<SiteKind>,
    /// Only these sites.
    pub sites: BTreeSet<SiteId>,
    /// Only people on these plans, so only after login.
    pub plans: BTreeSet<PlanId>,
    /// Only people of these groups.
    pub groups: BTreeSet<PolicyGroup>,
    /// Not people of these groups.
    pub except_groups: BTreeSet<PolicyGroup>,
}

fn takes<T: Ord>(only: &BTreeSet<T>, value: &T) -> bool {
    only.is_empty() || only.contains(value)
}

fn meet<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> bool {
    one.is_empty() || other.is_empty() || !one.is_disjoint(other)
}

impl Scope {
    /// Whether it takes in this place, whoever is there.
    pub fn takes_place(&self, place: &Place) -> bool {
        takes(&self.regencies, &place.regency)
            && takes(&self.agencies, &place.agency)
            && takes(&self.kinds, &place.kind)
            && takes(&self.sites, &place.site)
    }

    /// Whether it takes in these people, wherever they are.
    pub fn takes_audience(&self, audience: &Audience) -> bool {
        let plan = match &audience.plan {
            Some(plan) => takes(&self.plans, plan),
            None => self.plans.is_empty(),
        };
        plan && takes(&self.groups, &audience.group) && !self.except_groups.contains(&audience.group)
    }

    /// Whether someone somewhere may be in both. Never says no wrongly; may say yes where a site of one of the kinds
    /// lies in none of the regencies.
    pub fn overlaps(&self, other: &Self) -> bool {
        let groups = || {
            let either: BTreeSet<&PolicyGroup> = self.groups.union(&other.groups).collect();
            let open = self.groups.is_empty() && other.groups.is_empty();
            open || either.into_iter().any(|group| {
                [self, other].iter().all(|scope| takes(&scope.groups, group) && !scope.except_groups.contains(group))
            })
        };
        meet(&self.regencies, &other.regencies)
            && meet(&self.agencies, &other.agencies)
            && meet(&self.kinds, &other.kinds)
            && meet(&self.sites, &other.sites)
            && meet(&self.plans, &other.plans)
            && groups()
    }

    /// Whether it is about people, not only about places.
    pub fn names_people(&self) -> bool {
        !(self.plans.is_empty() && self.groups.is_empty() && self.except_groups.is_empty())
    }

    /// Whether it takes in everyone everywhere.
    pub fn is_everyone(&self) -> bool {
        *self == Self::default()
    }
}

/// What a document calls a kind of site.
pub(super) const KINDS: [(&str, SiteKind); 5] = [
    ("gallery", SiteKind::Gallery),
    ("hotspot", SiteKind::Hotspot),
    ("telecenter", SiteKind::Telecenter),
    ("plik", SiteKind::Plik),
    ("mplik", SiteKind::Mplik),
];

pub(super) fn kind_name(kind: SiteKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("", |(name, _)| name)
}

/// In words: `everyone`, or `group anak at gallery, plik`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: Vec<&str>| values.join(", ");
        let mut people = Vec::new();
        if !self.groups.is_empty() {
            people.push(format!("group {}", list(self.groups.iter().map(PolicyGroup::as_str).collect())));
        }
        if !self.except_groups.is_empty() {
            people
                .push(format!("all but group {}", list(self.except_groups.iter().map(PolicyGroup::as_str).collect())));
        }
        if !self.plans.is_empty() {
            people.push(format!("on plan {}", list(self.plans.iter().map(PlanId::as_str).collect())));
        }
        let mut places = Vec::new();
        if !self.kinds.is_empty() {
            places.push(list(self.kinds.iter().map(|kind| kind_name(*kind)).collect()));
        }
        if !self.sites.is_empty() {
            places.push(format!("site {}", list(self.sites.iter().map(SiteId::as_str).collect())));
        }
        if !self.agencies.is_empty() {
            places.push(format!("agency {}", list(self.agencies.iter().map(String::as_str).collect())));
        }
        if !self.regencies.is_empty() {
            places.push(format!("regency {}", list(self.regencies.iter().map(String::as_str).collect())));
        }
        let people = if people.is_empty() { "everyone".to_owned() } else { people.join(" ") };
        if places.is_empty() { f.write_str(&people) } else { write!(f, "{people} at {}", places.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(only: &[&str], except: &[&str]) -> Scope {
        let set = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        Scope { groups: set(only), except_groups: set(except), ..Scope::default() }
    }

    #[test]
    fn scopes_meet_where_someone_is_in_both() {
        for (one, other, meets) in [
            (groups(&[], &[]), groups(&["anak"], &[]), true),
            (groups(&["anak"], &[]), groups(&["staf"], &[]), false),
            (groups(&["anak"], &[]), groups(&[], &["anak"]), false),
            (groups(&["anak", "umum"], &[]), groups(&[], &["anak"]), true),
            (groups(&[], &["staf"]), groups(&[], &["anak"]), true),
        ] {
            assert_eq!(one.overlaps(&other), meets, "{one} / {other}");
            assert_eq!(other.overlaps(&one), meets, "{other} / {one}");
        }
    }

    #[test]
    fn a_plan_is_only_known_after_login() {
        let scope = Scope { plans: ["umum".parse().unwrap()].into(), ..Scope::default() };
        let audience = |plan: Option<&str>| Audience {
            plan: plan.map(|plan| plan.parse().unwrap()),
            group: "umum".parse().unwrap(),
        };
        assert!(scope.takes_audience(&audience(Some("umum"))));
        assert!(!scope.takes_audience(&audience(Some("anak"))));
        assert!(!scope.takes_audience(&audience(None)));
        assert!(Scope::default().takes_audience(&audience(None)));
    }
}
