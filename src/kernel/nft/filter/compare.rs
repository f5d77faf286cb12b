//! Whom the step from one filter to another concerns.

use std::collections::{BTreeMap, BTreeSet};

use super::Changed;
use super::normal::{Normal, Span, Width};

/// The groups for which the two refuse different things.
pub(crate) fn changed(old: &Normal, new: &Normal) -> Changed {
    let mut meetings = BTreeSet::from([(None, None)]);
    meet(&old.v4.list, &new.v4.list, &mut meetings);
    meet(&old.v6.list, &new.v6.list, &mut meetings);
    let (old, new) = (Refusals::of(old), Refusals::of(new));
    let mut changed = Changed::default();
    for group in old.groups.union(&new.groups).copied() {
        for &(was, is) in &meetings {
            let (was, is) = (old.toward(group, was), new.toward(group, is));
            if was != is {
                changed.groups.insert(group);
            }
            if !was.cover(&is) {
                changed.tightened.insert(group);
                break;
            }
        }
    }
    changed
}

type Class = Option<u32>;

/// Which old class meets which new class at some address. (Addresses without any class are always some.)
fn meet<A: Width>(old: &[Span<A>], new: &[Span<A>], meetings: &mut BTreeSet<(Class, Class)>) {
    let (mut olds, mut news) = (old.iter().copied().peekable(), new.iter().copied().peekable());
    let mut last = (None, None);
    // Everything before `from` is done; `None`: the address space is used up.
    let mut from = old.first().map(|span| span.first).into_iter().chain(new.first().map(|span| span.first)).min();
    while let Some(at) = from {
        while olds.next_if(|span| span.last < at).is_some() {}
        while news.next_if(|span| span.last < at).is_some() {}
        let (was, is) = (olds.peek(), news.peek());
        if was.is_none() && is.is_none() {
            return;
        }
        let class = |span: Option<&Span<A>>| span.filter(|span| span.first <= at).map(|span| span.class);
        let pair = (class(was), class(is));
        if pair != last {
            meetings.insert(pair);
            last = pair;
        }
        // The next address at which something begins, or is over.
        let edge = |span: Option<&Span<A>>| {
            span.and_then(|span| if span.first > at { Some(span.first) } else { span.last.next() })
        };
        from = edge(was).into_iter().chain(edge(is)).min();
    }
}

/// What a group is refused toward an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reach {
    all: bool,
    /// Protocol by protocol: whole, or merged port ranges.
    protocols: BTreeMap<u8, Vec<(u16, u16)>>,
    whole: BTreeSet<u8>,
}

impl Reach {
    /// Everything refused by `other` is refused by this one.
    fn cover(&self, other: &Self) -> bool {
        if self.all || other.all {
            return self.all;
        }
        other.whole.is_subset(&self.whole)
            && other.protocols.iter().filter(|(proto, _)| !self.whole.contains(proto)).all(|(proto, ranges)| {
                let own = self.protocols.get(proto).map_or(&[][..], Vec::as_slice);
                ranges.iter().all(|(first, last)| own.iter().any(|(from, to)| from <= first && last <= to))
            })
    }
}

/// A protocol and its first and last port.
type Ports = (u8, u16, u16);

/// A filter's refusals, by group.
struct Refusals<'a> {
    groups: BTreeSet<u8>,
    normal: &'a Normal,
    /// Port ranges toward addresses of a class, by group and class.
    services: BTreeMap<(u8, u32), Vec<Ports>>,
}

impl<'a> Refusals<'a> {
    fn of(normal: &'a Normal) -> Self {
        let mut services: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for &(class, group, proto, first, last) in &normal.refused_services {
            services.entry((group, class)).or_default().push((proto, first, last));
        }
        let groups = normal.refused.iter().map(|(_, group)| *group);
        let groups = groups.chain(normal.refused_services.iter().map(|(_, group, ..)| *group));
        let groups = groups.chain(normal.services.iter().map(|(group, ..)| *group));
        let groups = groups.chain(normal.protocols.iter().map(|(group, _)| *group)).collect();
        Self { groups, normal, services }
    }

    fn toward(&self, group: u8, class: Class) -> Reach {
        if class.is_some_and(|class| self.normal.refused.contains(&(class, group))) {
            return Reach { all: true, ..Reach::default() };
        }
        let whole: BTreeSet<u8> =
            self.normal.protocols.range((group, 0)..=(group, u8::MAX)).map(|(_, proto)| *proto).collect();
        let to_all = self.normal.services.range((group, 0, 0, 0)..=(group, u8::MAX, u16::MAX, u16::MAX));
        let to_all = to_all.map(|&(_, proto, first, last)| (proto, first, last));
        let to_class = class.and_then(|class| self.services.get(&(group, class))).into_iter().flatten().copied();
        let mut ranges: Vec<Ports> = to_all.chain(to_class).filter(|(proto, ..)| !whole.contains(proto)).collect();
        ranges.sort_unstable();
        let mut protocols: BTreeMap<u8, Vec<(u16, u16)>> = BTreeMap::new();
        for (proto, first, last) in ranges {
            let merged = protocols.entry(proto).or_default();
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        Reach { all: false, protocols, whole }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::AddressFilter;

    /// Numbers that look random and are always the same (Knuth's MMIX generator).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % limit
        }

        fn byte(&mut self, limit: u64) -> u8 {
            u8::try_from(self.below(limit)).unwrap()
        }

        /// A filter of twelve addresses of each family, three groups, two protocols and six ports.
        fn filter(&mut self) -> AddressFilter {
            let mut filter = AddressFilter::default();
            for six in [false, true] {
                let mut next = 0;
                while next < 12 {
                    let first = next + self.below(3);
                    let last = first + self.below(3);
                    if last < 12 && self.below(4) > 0 {
                        let class = u32::try_from(self.below(3)).unwrap();
                        filter.ranges.push((address(six, first), address(six, last), class));
                    }
                    next = last + 1;
                }
            }
            for _ in 0..self.below(4) {
                filter.refused.insert((u32::from(self.byte(3)), self.byte(3)));
            }
            for _ in 0..self.below(5) {
                let first = u16::from(self.byte(6));
                let last = first + u16::from(self.byte(3));
                let (group, proto, class) = (self.byte(3), self.byte(2), u32::from(self.byte(3)));
                match self.below(3) {
                    0 => drop(filter.protocols.insert((group, proto))),
                    1 => drop(filter.services.insert((group, proto, first, last))),
                    _ => drop(filter.refused_services.insert((class, group, proto, first, last))),
                }
            }
            filter
        }
    }

    fn address(six: bool, number: u64) -> IpAddr {
        if six {
            IpAddr::V6(Ipv6Addr::from_bits(u128::MAX - 11 + u128::from(number)))
        } else {
            IpAddr::V4(Ipv4Addr::from_bits(u32::MAX - 11 + u32::try_from(number).unwrap()))
        }
    }

    /// Whether a packet is refused, as the filter's words say it.
    fn refused(filter: &AddressFilter, to: IpAddr, group: u8, proto: u8, port: u16) -> bool {
        let class = filter.ranges.iter().find(|(first, last, _)| (*first..=*last).contains(&to)).map(|range| range.2);
        filter.protocols.contains(&(group, proto))
            || filter
                .services
                .iter()
                .any(|&(g, p, first, last)| (g, p) == (group, proto) && first <= port && port <= last)
            || class.is_some_and(|class| {
                filter.refused.contains(&(class, group))
                    || filter.refused_services.iter().any(|&(c, g, p, first, last)| {
                        (c, g, p) == (class, group, proto) && first <= port && port <= last
                    })
            })
    }

    #[test]
    fn groups_are_named_exactly_where_some_packet_fares_otherwise() {
        let mut dice = Dice(3);
        let mut seen = [0; 3];
        for _ in 0..400 {
            let old = dice.filter();
            let mut new = if dice.below(3) == 0 { dice.filter() } else { old.clone() };
            // Often only other numbers for the same classes, or one thing less.
            match dice.below(3) {
                0 => {
                    new.ranges.iter_mut().for_each(|range| range.2 = 7 - range.2);
                    new.refused = new.refused.iter().map(|&(class, group)| (7 - class, group)).collect();
                    let renamed = new.refused_services.iter().map(|&(c, g, p, first, last)| (7 - c, g, p, first, last));
                    new.refused_services = renamed.collect();
                }
                1 => drop(new.refused.pop_first()),
                _ => drop(new.services.pop_last()),
            }
            let mut expected = Changed::default();
            for group in 0..3 {
                for six in [false, true] {
                    for to in (0..12).map(|number| address(six, number)).chain(["192.0.2.1".parse().unwrap()]) {
                        // Protocol 9 stands for all that no rule names.
                        for proto in [0, 1, 9] {
                            for port in 0..10 {
                                let was = refused(&old, to, group, proto, port);
                                let is = refused(&new, to, group, proto, port);
                                if was != is {
                                    expected.groups.insert(group);
                                }
                                if is && !was {
                                    expected.tightened.insert(group);
                                }
                            }
                        }
                    }
                }
            }
            let found = changed(&Normal::of(&old).unwrap(), &Normal::of(&new).unwrap());
            assert_eq!(found, expected, "{old:?} to {new:?}");
            seen[usize::from(!expected.groups.is_empty()) + usize::from(!expected.tightened.is_empty())] += 1;
        }
        assert!(seen.iter().all(|times| *times > 20), "{seen:?}");
    }
}
