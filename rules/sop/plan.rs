//! Address rules of all audiences together, flat enough for a kernel that only looks things up.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use gapura_model::{BitRate, ListSet};

use super::policy::{Action, Policy};
use super::target::Prefix;

/// What a kernel needs in order to refuse addresses and services: an address has a class, and sets say which audience
/// is refused what toward which class. Audiences are the numbers the caller gave its policies.
///
/// Classes are numbered by lists and ranges, not by what is refused just then: when only an hour passes, the ranges stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPlan {
    /// First and last address, and the class, from 1: IPv4 before IPv6, in order, not overlapping, touching ones of a
    /// class joined. What is in none of them has no class.
    pub ranges: Vec<(IpAddr, IpAddr, u32)>,
    /// Class and audience: refused altogether.
    pub refused: BTreeSet<(u32, u8)>,
    /// Class, audience, IP protocol, first and last port: refused toward the class.
    pub refused_services: BTreeSet<(u32, u8, u8, u16, u16)>,
    /// Audience, IP protocol, first and last port: refused toward any address.
    pub services: BTreeSet<(u8, u8, u16, u16)>,
    /// Audience, IP protocol without ports: refused toward any address.
    pub protocols: BTreeSet<(u8, u8)>,
}

/// What an address is known by: lists that matter, and the narrowest range that a document writes.
type Key = (ListSet, Option<Prefix>);

/// A stretch of addresses of one family, as numbers.
struct Stretch {
    first: u128,
    last: u128,
    key: Key,
}

/// The plan for these policies, by audience, over the index's ranges. Ranges of the index may overlap.
pub fn address_plan(
    policies: &[(u8, &Policy)],
    ranges: impl Iterator<Item = (IpAddr, IpAddr, ListSet)>,
) -> AddressPlan {
    let families = stretches(policies, ranges);
    let mut samples: BTreeMap<Key, IpAddr> = BTreeMap::new();
    for (family, stretches) in &families {
        for stretch in stretches {
            samples.entry(stretch.key).or_insert_with(|| family.address(stretch.first));
        }
    }
    let mut plan = AddressPlan::default();
    let everywhere = plan.refuse(policies, &samples);
    let nowhere: Key = (ListSet::EMPTY, None);
    let classes: BTreeMap<Key, u32> = (1..).zip(samples.keys()).map(|(class, key)| (*key, class)).collect();
    let gap = everywhere.then_some(classes.len()).and_then(|classes| u32::try_from(classes + 1).ok());
    for (family, stretches) in families {
        let mut next = Some(0);
        for stretch in &stretches {
            let Some(class) = classes.get(&stretch.key) else { continue };
            if let (Some(gap), Some(from)) = (gap, next)
                && from < stretch.first
            {
                plan.push(family, (from, stretch.first - 1), gap);
            }
            plan.push(family, (stretch.first, stretch.last), *class);
            next = stretch.last.checked_add(1).filter(|next| *next <= family.last());
        }
        if let (Some(gap), Some(from)) = (gap, next) {
            plan.push(family, (from, family.last()), gap);
        }
    }
    debug_assert!(!classes.contains_key(&nowhere), "what no list and no range knows has no class of its own");
    plan
}

impl AddressPlan {
    fn push(&mut self, family: Family, (first, last): (u128, u128), class: u32) {
        if let Some((_, end, same)) = self.ranges.last_mut()
            && *same == class
            && family.number(*end).is_some_and(|end| end.checked_add(1) == Some(first))
        {
            *end = family.address(last);
            return;
        }
        self.ranges.push((family.address(first), family.address(last), class));
    }

    /// Fills the sets. Says whether a class is needed for all that lies in no range: where a service is refused toward
    /// any address but some, it has to be refused class by class.
    fn refuse(&mut self, policies: &[(u8, &Policy)], samples: &BTreeMap<Key, IpAddr>) -> bool {
        let gap = u32::try_from(samples.len() + 1).unwrap_or(u32::MAX);
        let mut everywhere = false;
        for (audience, policy) in policies {
            for ((class, sample), held) in (1..).zip(samples.values()).zip(samples.keys().map(|(held, _)| *held)) {
                if policy.address(*sample, held).action == Action::Block {
                    self.refused.insert((class, *audience));
                }
            }
            for (protocol, ports) in policy.services.pieces() {
                let port = ports.map(|(first, _)| first);
                let blocks = |address, held| policy.services.ask(protocol, port, address, held).action == Action::Block;
                let any = blocks(None, ListSet::EMPTY);
                let Some((first, last)) = ports else {
                    if any {
                        self.protocols.insert((*audience, protocol));
                    }
                    continue;
                };
                let mut toward: BTreeSet<u32> = BTreeSet::new();
                let mut but_some = false;
                for (class, ((held, _), sample)) in (1..).zip(samples) {
                    if blocks(Some(*sample), *held) {
                        toward.insert(class);
                    } else {
                        but_some |= any;
                    }
                }
                if any && !but_some {
                    self.services.insert((*audience, protocol, first, last));
                    continue;
                }
                if but_some {
                    everywhere = true;
                    toward.insert(gap);
                }
                self.refused_services.extend(toward.into_iter().map(|class| (class, *audience, protocol, first, last)));
            }
        }
        everywhere
    }
}

/// Who is slowed down toward which addresses: first and last address of one family, audience, rate. For an audience they
/// stand in order, do not overlap, and touching ones of a rate are joined. Names are slowed by the addresses they turn out to
/// have.
pub fn throttle_plan(
    policies: &[(u8, &Policy)],
    ranges: impl Iterator<Item = (IpAddr, IpAddr, ListSet)>,
) -> Vec<(IpAddr, IpAddr, u8, BitRate)> {
    let slowed: Vec<(u8, &Policy)> =
        policies.iter().filter(|(_, policy)| policy.throttles().any(|one| one.rate.is_some())).copied().collect();
    if slowed.is_empty() {
        return Vec::new();
    }
    let mut plan: Vec<(IpAddr, IpAddr, u8, BitRate)> = Vec::new();
    let families = stretches(&slowed, ranges);
    for (audience, policy) in slowed {
        for (family, stretches) in &families {
            for Stretch { first, last, key: (held, _) } in stretches {
                let address = family.address(*first);
                let Some(rate) = policy.address_throttle(address, *held).and_then(|throttle| throttle.rate) else {
                    continue;
                };
                match plan.last_mut() {
                    Some((_, end, to, same))
                        if (*to, *same) == (audience, rate)
                            && family.number(*end).is_some_and(|end| end.checked_add(1) == Some(*first)) =>
                    {
                        *end = family.address(*last);
                    }
                    _ => plan.push((address, family.address(*last), audience, rate)),
                }
            }
        }
    }
    plan
}

/// What any of the policies looks at of addresses, cut where it changes.
fn stretches(
    policies: &[(u8, &Policy)],
    ranges: impl Iterator<Item = (IpAddr, IpAddr, ListSet)>,
) -> [(Family, Vec<Stretch>); 2] {
    let mask = policies.iter().fold(ListSet::EMPTY, |mask, (_, policy)| mask.or(policy.reach.lists));
    let prefixes: BTreeSet<Prefix> =
        policies.iter().flat_map(|(_, policy)| policy.reach.prefixes.iter().copied()).collect();
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for (first, last, held) in ranges {
        match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                v4.push((u128::from(first.to_bits()), u128::from(last.to_bits()), held.and(mask)));
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => v6.push((first.to_bits(), last.to_bits(), held.and(mask))),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
        }
    }
    [(Family::V4, sweep(Family::V4, &v4, &prefixes)), (Family::V6, sweep(Family::V6, &v6, &prefixes))]
}

/// Cuts the addresses of one family where lists or written ranges begin or end. What neither knows is left out.
fn sweep(family: Family, ranges: &[(u128, u128, ListSet)], prefixes: &BTreeSet<Prefix>) -> Vec<Stretch> {
    let own: Vec<(u128, u128, Prefix)> = prefixes
        .iter()
        .filter_map(|prefix| Some((family.number(prefix.first())?, family.number(prefix.last())?, *prefix)))
        .collect();
    // At each cut: which list ranges and which written ranges begin or end there.
    let mut cuts: BTreeMap<u128, Vec<Change>> = BTreeMap::new();
    let mut cut = |at: Option<u128>, change: Change| {
        if let Some(at) = at.filter(|at| *at <= family.last()) {
            cuts.entry(at).or_default().push(change);
        }
    };
    for (first, last, held) in ranges.iter().filter(|(first, last, held)| first <= last && !held.is_empty()) {
        cut(Some(*first), Change::Lists(*held, true));
        cut(last.checked_add(1), Change::Lists(*held, false));
    }
    for (first, last, prefix) in own {
        cut(Some(first), Change::Prefix(prefix, true));
        cut(last.checked_add(1), Change::Prefix(prefix, false));
    }
    let mut lists = Counted { open: [0; 256], held: ListSet::EMPTY };
    let mut within: BTreeSet<(u8, Prefix)> = BTreeSet::new();
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut cuts = cuts.into_iter().peekable();
    while let Some((at, changes)) = cuts.next() {
        for change in changes {
            match change {
                Change::Lists(held, begins) => lists.change(held, begins),
                Change::Prefix(prefix, true) => drop(within.insert((prefix.length(), prefix))),
                Change::Prefix(prefix, false) => drop(within.remove(&(prefix.length(), prefix))),
            }
        }
        let key = (lists.held, within.last().map(|(_, prefix)| *prefix));
        if key != (ListSet::EMPTY, None) {
            let last = cuts.peek().map_or(family.last(), |(next, _)| next - 1);
            stretches.push(Stretch { first: at, last, key });
        }
    }
    stretches
}

#[derive(Clone, Copy)]
enum Change {
    Lists(ListSet, bool),
    Prefix(Prefix, bool),
}

/// How many open ranges hold each list.
struct Counted {
    open: [u32; 256],
    held: ListSet,
}

impl Counted {
    fn change(&mut self, lists: ListSet, begins: bool) {
        for list in lists.iter() {
            let Some(open) = self.open.get_mut(usize::from(list.0)) else { continue };
            *open = if begins { open.saturating_add(1) } else { open.saturating_sub(1) };
            let one: ListSet = [list].into_iter().collect();
            self.held = if *open == 0 { self.held.without(one) } else { self.held.or(one) };
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    const fn last(self) -> u128 {
        match self {
            Self::V4 => u32::MAX as u128,
            Self::V6 => u128::MAX,
        }
    }

    fn address(self, number: u128) -> IpAddr {
        match self {
            Self::V4 => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
            Self::V6 => IpAddr::V6(number.into()),
        }
    }

    fn number(self, address: IpAddr) -> Option<u128> {
        match (self, address) {
            (Self::V4, IpAddr::V4(address)) => Some(u128::from(address.to_bits())),
            (Self::V6, IpAddr::V6(address)) => Some(address.to_bits()),
            (Self::V4, IpAddr::V6(_)) | (Self::V6, IpAddr::V4(_)) => None,
        }
    }
}
