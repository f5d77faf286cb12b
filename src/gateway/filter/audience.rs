//! Who the filter's rules tell apart: plans and groups of people, numbered for the kernel's marks.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::{MacAddr, PlanId, PolicyGroup};
use gapura_rules::sop::Audience;
use gapura_wire::Bundle;

/// Numbers fit the eight bits that a conntrack mark has for them; 0 are strangers.
const MOST: usize = 256;

/// The audiences of one bundle. Number 0 are those who are not logged in; a plan's number does not depend on who uses it, so that
/// the session engine knows a visit's number before a device is looked at. Nor does a number depend on the other plans and
/// groups, as far as can be: marks and rules of the bundle before name the same people while the new one takes hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Audiences {
    all: Vec<(u8, Audience)>,
    /// Where each number stands in `all`; strangers for one that nobody has.
    places: Box<[u8; MOST]>,
    plans: BTreeMap<PlanId, u8>,
    /// By the plan's number and the device's own group.
    elsewhere: BTreeMap<(u8, PolicyGroup), u8>,
    devices: BTreeMap<MacAddr, PolicyGroup>,
    /// Whether the site filters anything.
    filters: bool,
}

/// A site's plans and groups are more than the kernel can tell apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} combinations of plan and group; at most {MOST} can be told apart: use fewer groups of devices")]
pub(crate) struct TooMany(usize);

impl Default for Audiences {
    /// Only those who are not logged in.
    fn default() -> Self {
        Self {
            all: vec![(0, Audience { plan: None, group: PolicyGroup::usual() })],
            places: Box::new([0; MOST]),
            plans: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            devices: BTreeMap::new(),
            filters: false,
        }
    }
}

impl Audiences {
    /// The audiences of a bundle.
    ///
    /// # Errors
    /// More than 256 of them.
    pub(crate) fn of(bundle: &Bundle) -> Result<Self, TooMany> {
        let usual = PolicyGroup::usual();
        let filter = bundle.filter.as_ref();
        let group_of = |plan: &PlanId| filter.and_then(|filter| filter.plan_groups.get(plan)).unwrap_or(&usual).clone();
        let devices = filter.map(|filter| filter.device_groups.clone()).unwrap_or_default();
        let ids: BTreeSet<&PlanId> = bundle.plans.iter().map(|plan| &plan.id).collect();
        let for_classes = filter.map(|filter| filter.class_groups.clone()).unwrap_or_default();
        let groups: BTreeSet<&PolicyGroup> = devices.values().chain(&for_classes).collect();
        let mut wanted: Vec<(Option<&PlanId>, PolicyGroup, bool)> =
            ids.iter().map(|plan| (Some(*plan), group_of(plan), true)).collect();
        for group in groups {
            let plans = std::iter::once(None).chain(ids.iter().copied().map(Some));
            let elsewhere = plans.filter(|plan| plan.map_or_else(|| usual.clone(), group_of) != *group);
            wanted.extend(elsewhere.map(|plan| (plan, group.clone(), false)));
        }
        let many = wanted.len() + 1;
        let mut audiences = Self { devices, filters: filter.is_some(), ..Self::default() };
        for (plan, group, own) in &wanted {
            let audience = Audience { plan: plan.cloned(), group: group.clone() };
            let number = audiences.add(audience, *own).ok_or(TooMany(many))?;
            if let Some(plan) = plan.filter(|_| *own) {
                audiences.plans.insert(plan.clone(), number);
            }
        }
        // The plans' own numbers are known now.
        for (plan, group, _) in wanted.into_iter().filter(|(.., own)| !own) {
            let from = plan.map_or(0, |plan| audiences.of_plan(plan));
            let audience = Audience { plan: plan.cloned(), group: group.clone() };
            let own = audiences.all.iter().find(|(_, other)| *other == audience).map(|(number, _)| *number);
            audiences.elsewhere.extend(own.map(|number| ((from, group), number)));
        }
        Ok(audiences)
    }

    /// Gives an audience its number: the first free one from where its own name puts it.
    fn add(&mut self, audience: Audience, own: bool) -> Option<u8> {
        const OFFSET: u32 = 0x811c_9dc5;
        const PRIME: u32 = 0x0100_0193;
        const MIX: u32 = 0x2c1b_3c6d;
        let mut name = audience.plan.as_ref().map(ToString::to_string).unwrap_or_default();
        if !own {
            // A plan's own number stays when its group changes.
            name = format!("{name}\0{}", audience.group);
        }
        let start = name.bytes().fold(OFFSET, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(PRIME));
        let start = (start ^ start >> 15).wrapping_mul(MIX) >> 8;
        let numbers =
            (0..MOST - 1).filter_map(|step| u8::try_from((start as usize % (MOST - 1) + step) % (MOST - 1) + 1).ok());
        let number = numbers.into_iter().find(|number| self.places.get(usize::from(*number)) == Some(&0))?;
        let place = u8::try_from(self.all.len()).ok()?;
        *self.places.get_mut(usize::from(number))? = place;
        self.all.push((number, audience));
        Some(number)
    }

    /// The number of a plan's visits on devices that have no group of their own; 0 for a plan that is not there.
    pub(crate) fn of_plan(&self, plan: &PlanId) -> u8 {
        self.plans.get(plan).copied().unwrap_or_default()
    }

    /// The number of a device whose visit has the plan of this number.
    pub(crate) fn of_device(&self, plan: u8, mac: MacAddr) -> u8 {
        let group = self.devices.get(&mac);
        group.and_then(|group| self.elsewhere.get(&(plan, group.clone()))).copied().unwrap_or(plan)
    }

    /// The number of a visit in this group whose plan has this number; `None` where the site did not name the group.
    pub(crate) fn of_group(&self, plan: u8, group: &PolicyGroup) -> Option<u8> {
        let own = self.audience(plan).is_some_and(|audience| audience.group == *group);
        if own { Some(plan) } else { self.elsewhere.get(&(plan, group.clone())).copied() }
    }

    /// Whether visits of every plan have a number in this group; where nothing is filtered, groups mean nothing.
    pub(crate) fn knows_group(&self, group: &PolicyGroup) -> bool {
        !self.filters || self.of_group(0, group).is_some()
    }

    /// The plan's number behind a number.
    pub(crate) fn plan_of(&self, number: u8) -> u8 {
        self.elsewhere.iter().find(|(_, other)| **other == number).map_or(number, |((plan, _), _)| *plan)
    }

    /// All audiences with their numbers, strangers first.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u8, &Audience)> {
        self.all.iter().map(|(number, audience)| (*number, audience))
    }

    /// Where a number stands in [`Self::numbered`]; where strangers do for one that nobody has.
    pub(crate) fn place(&self, number: u8) -> usize {
        self.places.get(usize::from(number)).copied().unwrap_or_default().into()
    }

    /// The audience of a number; strangers for one that nobody has.
    pub(crate) fn audience(&self, number: u8) -> Option<&Audience> {
        self.all.get(self.place(number)).map(|(_, audience)| audience)
    }
}

#[cfg(test)]
mod tests {
    use gapura_session::Plan;
    use gapura_wire::Filter;

    use super::*;

    fn bundle(plans: &[&str], devices: &[(u8, &str)]) -> Bundle {
        let mut bundle: Bundle = serde_json::from_str(include_str!("../../wire/golden/bundle.json")).unwrap();
        bundle.plans = plans.iter().map(|id| Plan::unlimited(id.parse().unwrap(), *id)).collect();
        let device = |(last, group): &(u8, &str)| (MacAddr::new([2, 0, 0, 0, 0, *last]), group.parse().unwrap());
        let plan_groups = [("anak-anak".parse().unwrap(), "anak".parse().unwrap())].into();
        bundle.filter =
            Some(Filter { plan_groups, device_groups: devices.iter().map(device).collect(), ..Filter::default() });
        bundle
    }

    fn mac(last: u8) -> MacAddr {
        MacAddr::new([2, 0, 0, 0, 0, last])
    }

    #[test]
    fn devices_have_their_groups_audience_within_each_plan() {
        let audiences = Audiences::of(&bundle(&["umum", "anak-anak"], &[(1, "anak"), (2, "staf")])).unwrap();
        let who =
            |number| audiences.audience(number).map(|found| (found.plan.clone(), found.group.to_string())).unwrap();
        let (umum, anak) = ("umum".parse().unwrap(), "anak-anak".parse().unwrap());
        let (of_umum, of_anak) = (audiences.of_plan(&umum), audiences.of_plan(&anak));
        assert_eq!(
            (who(of_umum), who(of_anak)),
            ((Some(umum.clone()), "umum".into()), (Some(anak.clone()), "anak".into()))
        );
        assert_eq!(who(audiences.of_device(of_umum, mac(1))), (Some(umum.clone()), "anak".into()));
        assert_eq!(audiences.of_device(of_anak, mac(1)), of_anak, "it is in that group anyway");
        assert_eq!(who(audiences.of_device(of_anak, mac(2))), (Some(anak), "staf".into()));
        assert_eq!(who(audiences.of_device(0, mac(2))), (None, "staf".into()), "not logged in");
        assert_eq!(audiences.plan_of(audiences.of_device(of_umum, mac(2))), of_umum);
        assert_eq!((who(0), who(255)), ((None, "umum".into()), (None, "umum".into())));
        let numbers: BTreeSet<u8> = audiences.numbered().map(|(number, _)| number).collect();
        assert_eq!(numbers.len(), audiences.numbered().count(), "no number twice");
    }

    #[test]
    fn a_plan_that_comes_or_goes_moves_nobody_else() {
        let before = Audiences::of(&bundle(&["umum", "malam", "anak-anak"], &[(1, "anak")])).unwrap();
        let same = |after: &Audiences, plan: &str| {
            let plan = plan.parse().unwrap();
            let (was, is) = (before.of_plan(&plan), after.of_plan(&plan));
            (was, before.of_device(was, mac(1))) == (is, after.of_device(is, mac(1)))
        };
        let gone = Audiences::of(&bundle(&["umum", "anak-anak"], &[(1, "anak")])).unwrap();
        assert!(same(&gone, "umum") && same(&gone, "anak-anak"));
        // Now and then two names want one number, and the first in order has it.
        let moved = (0..200).filter(|number| {
            let new = format!("a{number}");
            let after = Audiences::of(&bundle(&[&new, "umum", "malam", "anak-anak"], &[(1, "anak")])).unwrap();
            !["umum", "malam", "anak-anak"].iter().all(|plan| same(&after, plan))
        });
        let moved = moved.count();
        assert!(moved <= 20, "{moved} of 200");
    }

    #[test]
    fn a_class_gives_its_group_within_each_plan() {
        let mut bundle = bundle(&["umum", "anak-anak"], &[(1, "staf")]);
        if let Some(filter) = &mut bundle.filter {
            filter.class_groups = ["anak".parse().unwrap()].into();
        }
        let audiences = Audiences::of(&bundle).unwrap();
        let (umum, anak) =
            (audiences.of_plan(&"umum".parse().unwrap()), audiences.of_plan(&"anak-anak".parse().unwrap()));
        let group = |text: &str| text.parse::<PolicyGroup>().unwrap();
        let in_class = audiences.of_group(umum, &group("anak")).unwrap();
        assert_eq!(audiences.audience(in_class).map(|found| found.group.to_string()).as_deref(), Some("anak"));
        assert_eq!(audiences.plan_of(in_class), umum, "a restart finds the plan again");
        assert_eq!(audiences.of_group(anak, &group("anak")), Some(anak), "it is in that group anyway");
        assert_eq!(audiences.of_group(umum, &group("lain")), None);
        assert!(audiences.knows_group(&group("anak")) && audiences.knows_group(&group("staf")));
        assert!(!audiences.knows_group(&group("lain")));
        assert!(Audiences::default().knows_group(&group("lain")), "where nothing is filtered, groups mean nothing");
    }

    #[test]
    fn too_many_to_tell_apart_is_an_error() {
        let plans: Vec<String> = (0..64).map(|number| format!("plan-{number}")).collect();
        let plans: Vec<&str> = plans.iter().map(String::as_str).collect();
        let groups = [(1, "a"), (2, "b"), (3, "c")];
        let error = Audiences::of(&bundle(&plans, &groups)).unwrap_err();
        assert!(error.to_string().starts_with("260 combinations"), "{error}");
        let fewer = Audiences::of(&bundle(&plans, &groups[..2])).unwrap();
        assert_eq!(fewer.numbered().map(|(number, _)| number).collect::<BTreeSet<_>>().len(), 1 + 64 + 2 * 65);
    }
}
