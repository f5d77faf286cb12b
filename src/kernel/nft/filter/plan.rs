//! Decides which elements change; knows nothing of sockets.
//!
//! Pairs name a map, by its number in [`MAPS`], and a class of it: they say nothing about ranges in another map. So a map that is
//! being filled has no effect until its pairs arrive.

use std::collections::BTreeSet;

use super::normal::{Normal, Span, Spans, Width};
use crate::nft::settings::Item;

/// The interval maps: two of each family.
pub(crate) const MAPS: [&str; 4] = ["filter4a", "filter4b", "filter6a", "filter6b"];
/// `map . class . group`, `map . class . group . protocol . port`, `group . protocol . port`, `group . protocol`; and for
/// each map in force `map . stamp`, which says what it holds to who comes later.
pub(crate) const PAIRS: [&str; 5] =
    ["filter_classes", "filter_class_ports", "filter_ports", "filter_protocols", "filter_stamps"];
/// The elements of [`PAIRS`], in its order.
pub(crate) type Pairs = [BTreeSet<Item>; 5];
/// Up to so many ranges change in place, in the batch that changes everything else; more go into the idle map first.
pub(crate) const IN_PLACE: usize = 2_000;

/// What a map holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content<A> {
    /// These ranges.
    Known(Spans<A>),
    /// Ranges with this stamp, not read.
    Stamped(u128),
    /// Something that is no list of ranges, or not the one that was put there.
    Strange,
}

/// The maps of one family as the kernel holds them.
#[derive(Clone, Debug)]
pub(crate) struct Maps<A> {
    /// The number in [`MAPS`] of the one in force.
    pub(crate) active: u8,
    /// What that one holds.
    pub(crate) content: Content<A>,
}

impl<A> Maps<A> {
    /// The number of the other one.
    pub(crate) const fn idle(&self) -> u8 {
        self.active ^ 1
    }
}

/// Everything of the filter in the kernel.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) v4: Maps<u32>,
    pub(crate) v6: Maps<u128>,
    pub(crate) pairs: Pairs,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            v4: Maps { active: 0, content: Content::Known(Spans::default()) },
            v6: Maps { active: 2, content: Content::Known(Spans::default()) },
            pairs: Pairs::default(),
        }
    }
}

/// What happens to a family's ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ranges<A> {
    /// These are removed, those added; often none.
    InPlace { gone: Vec<Span<A>>, new: Vec<Span<A>> },
    /// The idle map is filled with everything.
    Idle,
}

impl<A: Width> Ranges<A> {
    /// The shortest way from what a map holds to a list.
    pub(crate) fn between(held: &Content<A>, wanted: &Spans<A>) -> Self {
        match held {
            Content::Known(held) => Self::from(&held.list, &wanted.list),
            Content::Stamped(stamp) if *stamp == wanted.stamp => Self::InPlace { gone: Vec::new(), new: Vec::new() },
            Content::Stamped(_) | Content::Strange => Self::Idle,
        }
    }

    fn from(held: &[Span<A>], wanted: &[Span<A>]) -> Self {
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        let (mut olds, mut news) = (held.iter().copied().peekable(), wanted.iter().copied().peekable());
        while gone.len() + new.len() <= IN_PLACE {
            match (olds.peek(), news.peek()) {
                (None, None) => return Self::InPlace { gone, new },
                (Some(old), Some(fresh)) if old == fresh => {
                    olds.next();
                    news.next();
                }
                (Some(old), fresh) if fresh.is_none_or(|fresh| old < fresh) => gone.extend(olds.next()),
                _ => new.extend(news.next()),
            }
        }
        Self::Idle
    }
}

/// The elements of [`PAIRS`] that make `normal` hold where `maps` are in force.
pub(crate) fn pairs(normal: &Normal, maps: [u8; 2]) -> Pairs {
    let (four, six) = (&normal.v4.classes, &normal.v6.classes);
    let [map4, map6] = maps;
    let places = |class: u32| {
        let maps = four.contains(&class).then_some(map4).into_iter().chain(six.contains(&class).then_some(map6));
        maps.map(move |map| [u32::from(map).to_ne_bytes(), class.to_ne_bytes()].concat())
    };
    let classes = normal
        .refused
        .iter()
        .flat_map(|&(class, group)| places(class).map(move |place| plain([&place[..], &group_key(group)].concat())));
    let class_ports = normal.refused_services.iter().flat_map(|&(class, group, proto, first, last)| {
        places(class).map(move |place| ports([&place[..], &group_key(group)].concat(), proto, first, last))
    });
    let to_all =
        normal.services.iter().map(|&(group, proto, first, last)| ports(group_key(group).to_vec(), proto, first, last));
    let protocols =
        normal.protocols.iter().map(|&(group, proto)| plain([&group_key(group)[..], &[proto, 0, 0, 0]].concat()));
    let stamps = [(map4, normal.v4.stamp), (map6, normal.v6.stamp)];
    let stamps = stamps.map(|(map, stamp)| plain([&u32::from(map).to_ne_bytes()[..], &stamp.to_be_bytes()].concat()));
    [classes.collect(), class_ports.collect(), to_all.collect(), protocols.collect(), stamps.into()]
}

/// The map in force and its stamp, of IPv4 and IPv6; `None` where nobody said so.
pub(crate) fn read_stamps(pairs: &Pairs) -> [Option<(u8, u128)>; 2] {
    let [.., stamps] = pairs;
    let read = |item: &Item| {
        let (map, stamp) = item.key.split_first_chunk()?;
        Some((u8::try_from(u32::from_ne_bytes(*map)).ok()?, u128::from_be_bytes(*stamp.first_chunk()?)))
    };
    let of = |maps: [u8; 2]| {
        let mut found = stamps.iter().filter_map(read).filter(|(map, _)| maps.contains(map));
        found.next().filter(|_| found.next().is_none())
    };
    [of([0, 1]), of([2, 3])]
}

/// Reads the other [`PAIRS`] back; what nobody here wrote is passed over.
pub(crate) fn read_pairs(pairs: &Pairs, maps: [u8; 2], normal: &mut Normal) {
    let [classes, class_ports, to_all, protocols, _] = pairs;
    let word = |key: &[u8], at: usize| Some(u32::from_ne_bytes(*key.get(at..)?.first_chunk()?));
    let class = |key: &[u8]| maps.contains(&u8::try_from(word(key, 0)?).ok()?).then(|| word(key, 4))?;
    let group = |key: &[u8], at: usize| {
        let bits = word(key, at)?;
        u8::try_from(bits >> 16).ok().filter(|_| bits.trailing_zeros() >= 16)
    };
    let service = |item: &Item, at: usize| {
        let port = |key: &[u8]| Some(u16::from_be_bytes(*key.get(at + 4..)?.first_chunk()?));
        Some((*item.key.get(at)?, port(&item.key)?, port(item.key_end.as_ref()?)?))
    };
    normal.refused = classes.iter().filter_map(|item| Some((class(&item.key)?, group(&item.key, 8)?))).collect();
    let read = |item: &Item| {
        let (proto, first, last) = service(item, 12)?;
        Some((class(&item.key)?, group(&item.key, 8)?, proto, first, last))
    };
    normal.refused_services = class_ports.iter().filter_map(read).collect();
    let read = |item: &Item| {
        let (proto, first, last) = service(item, 4)?;
        Some((group(&item.key, 0)?, proto, first, last))
    };
    normal.services = to_all.iter().filter_map(read).collect();
    normal.protocols = protocols.iter().filter_map(|item| Some((group(&item.key, 0)?, *item.key.get(4)?))).collect();
}

/// `ct mark & 0x00ff0000` of a group.
fn group_key(group: u8) -> [u8; 4] {
    (u32::from(group) << 16).to_ne_bytes()
}

fn plain(key: Vec<u8>) -> Item {
    Item { key, key_end: None, interval_end: false, data: None }
}

fn ports(before: Vec<u8>, proto: u8, first: u16, last: u16) -> Item {
    let with = |port: u16| {
        let [high, low] = port.to_be_bytes();
        [&before[..], &[proto, 0, 0, 0, high, low, 0, 0]].concat()
    };
    Item { key: with(first), key_end: Some(with(last)), interval_end: false, data: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(first: u32, last: u32, class: u32) -> Span<u32> {
        Span { first, last, class }
    }

    #[test]
    fn only_ranges_that_differ_are_named_and_many_go_elsewhere() {
        let known = |list: &[Span<u32>]| Content::Known(Spans::of(list.to_vec()));
        let old = [span(0, 9, 1), span(10, 19, 2), span(30, 39, 1)];
        let new = Spans::of(vec![span(0, 9, 1), span(10, 15, 2), span(30, 39, 1), span(50, 50, 3)]);
        let expected = Ranges::InPlace { gone: vec![span(10, 19, 2)], new: vec![span(10, 15, 2), span(50, 50, 3)] };
        assert_eq!(Ranges::between(&known(&old), &new), expected);
        let nothing = Ranges::InPlace { gone: vec![], new: vec![] };
        assert_eq!(Ranges::between(&known(&new.list), &new), nothing);
        assert_eq!(Ranges::between(&Content::Stamped(new.stamp), &new), nothing);
        assert_eq!(Ranges::between(&Content::Stamped(Spans::of(old.to_vec()).stamp), &new), Ranges::Idle);
        assert_eq!(Ranges::between(&Content::Strange, &new), Ranges::Idle);
        let many = Spans::of((0..5000).map(|n| span(n * 10, n * 10 + 5, 1)).collect());
        assert_eq!(Ranges::between(&known(&old), &many), Ranges::Idle);
    }

    #[test]
    fn pairs_read_back_as_what_they_say() {
        let normal = Normal {
            v4: Spans::of(vec![span(1, 2, 5), span(3, 4, 6)]),
            v6: Spans::of(vec![Span { first: 1, last: 2, class: 6 }]),
            refused: BTreeSet::from([(5, 0), (6, 255)]),
            refused_services: BTreeSet::from([(6, 3, 6, 443, 443), (5, 3, 17, 1, 65535)]),
            services: BTreeSet::from([(3, 17, 443, 443), (9, 6, 853, 853)]),
            protocols: BTreeSet::from([(3, 50), (3, 47)]),
        };
        for maps in [[0, 2], [1, 2], [0, 3], [1, 3]] {
            let pairs = pairs(&normal, maps);
            assert_eq!(pairs[0].len(), 3, "class 6 is in both families, class 5 in one");
            let mut back = Normal { v4: normal.v4.clone(), v6: normal.v6.clone(), ..Normal::default() };
            read_pairs(&pairs, maps, &mut back);
            assert_eq!(back, normal);
            let stamps = [Some((maps[0], normal.v4.stamp)), Some((maps[1], normal.v6.stamp))];
            assert_eq!(read_stamps(&pairs), stamps);
        }
    }
}
