//! Address ranges in a file: disjoint, sorted, each with the number of its set of lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gapura_model::ListSet;

use super::effect::set_from_octets;
use super::header::{RANGE4, RANGE6, SET};

/// The three sections about addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RangeTable<'a> {
    four: &'a [[u8; RANGE4]],
    six: &'a [[u8; RANGE6]],
    sets: &'a [[u8; SET]],
}

impl<'a> RangeTable<'a> {
    pub(crate) fn new(four: &'a [u8], six: &'a [u8], sets: &'a [u8]) -> Self {
        Self { four: four.as_chunks().0, six: six.as_chunks().0, sets: sets.as_chunks().0 }
    }

    /// Whether the ranges are disjoint, sorted, and of sets that are there.
    pub(crate) fn check(self) -> Result<(), &'static str> {
        fn sorted<T: Ord + Copy>(ranges: impl Iterator<Item = (T, T, u32)>, sets: usize) -> bool {
            let mut before: Option<T> = None;
            ranges.into_iter().all(|(first, last, set)| {
                let right = first <= last && before.is_none_or(|before| before < first) && (set as usize) < sets;
                before = Some(last);
                right
            })
        }
        let right =
            sorted(self.four.iter().map(four), self.sets.len()) && sorted(self.six.iter().map(six), self.sets.len());
        if right { Ok(()) } else { Err("address ranges out of order") }
    }

    pub(crate) fn find(self, address: IpAddr) -> ListSet {
        let set = match address.to_canonical() {
            IpAddr::V4(address) => {
                let at = self.four.partition_point(|range| four(range).1 < address);
                self.four.get(at).map(four).filter(|range| range.0 <= address).map(|range| range.2)
            }
            IpAddr::V6(address) => {
                let at = self.six.partition_point(|range| six(range).1 < address);
                self.six.get(at).map(six).filter(|range| range.0 <= address).map(|range| range.2)
            }
        };
        set.map(|set| self.set(set)).unwrap_or_default()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (IpAddr, IpAddr, ListSet)> + use<'a> {
        let four = self.four.iter().map(four).map(|(first, last, set)| (first.into(), last.into(), set));
        let six = self.six.iter().map(six).map(|(first, last, set)| (first.into(), last.into(), set));
        four.chain(six).map(move |(first, last, set)| (first, last, self.set(set)))
    }

    fn set(self, number: u32) -> ListSet {
        self.sets.get(number as usize).map(set_from_octets).unwrap_or_default()
    }
}

fn four(octets: &[u8; RANGE4]) -> (Ipv4Addr, Ipv4Addr, u32) {
    let mut words = octets.as_chunks::<4>().0.iter().copied();
    let mut next = || words.next().unwrap_or_default();
    (Ipv4Addr::from(next()), Ipv4Addr::from(next()), u32::from_be_bytes(next()))
}

fn six(octets: &[u8; RANGE6]) -> (Ipv6Addr, Ipv6Addr, u32) {
    let (addresses, set) = octets.as_chunks::<16>();
    let mut addresses = addresses.iter().copied();
    let mut next = || Ipv6Addr::from(addresses.next().unwrap_or_default());
    (next(), next(), set.first_chunk::<4>().copied().map_or(u32::MAX, u32::from_be_bytes))
}

/// A range's octets, in network order.
pub(crate) fn range_octets(first: IpAddr, last: IpAddr, set: u32) -> Vec<u8> {
    let mut octets = Vec::with_capacity(RANGE6);
    for address in [first, last] {
        match address {
            IpAddr::V4(address) => octets.extend(address.octets()),
            IpAddr::V6(address) => octets.extend(address.octets()),
        }
    }
    octets.extend(set.to_be_bytes());
    octets
}
