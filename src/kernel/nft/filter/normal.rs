//! A filter in one form for each meaning: checked, neighbours merged.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::AddressFilter;
use crate::KernelError;

/// An address as a number of its family's width.
pub(crate) trait Width: Copy + Ord + std::fmt::Debug {
    /// The last address.
    const GREATEST: Self;
    /// The next address, unless this is the last.
    fn next(self) -> Option<Self>;
    /// The address before, unless this is the first.
    fn before(self) -> Option<Self>;
    /// Octets in network order.
    fn key(self) -> impl AsRef<[u8]>;
    /// Reads them back.
    fn read(key: &[u8]) -> Option<Self>;
}

impl Width for u32 {
    const GREATEST: Self = Self::MAX;
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
    fn before(self) -> Option<Self> {
        self.checked_sub(1)
    }
    fn key(self) -> impl AsRef<[u8]> {
        self.to_be_bytes()
    }
    fn read(key: &[u8]) -> Option<Self> {
        key.try_into().ok().map(Self::from_be_bytes)
    }
}

impl Width for u128 {
    const GREATEST: Self = Self::MAX;
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
    fn before(self) -> Option<Self> {
        self.checked_sub(1)
    }
    fn key(self) -> impl AsRef<[u8]> {
        self.to_be_bytes()
    }
    fn read(key: &[u8]) -> Option<Self> {
        key.try_into().ok().map(Self::from_be_bytes)
    }
}

/// Addresses of one class, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span<A> {
    pub(crate) first: A,
    pub(crate) last: A,
    pub(crate) class: u32,
}

/// All ranges of a family, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spans<A> {
    pub(crate) list: Arc<Vec<Span<A>>>,
    pub(crate) classes: Arc<BTreeSet<u32>>,
    /// A number for exactly these ranges.
    pub(crate) stamp: u128,
}

impl<A: Width> Spans<A> {
    pub(crate) fn of(list: Vec<Span<A>>) -> Self {
        let mut classes = BTreeSet::new();
        let mut last = None;
        // FNV-1a.
        let mut stamp = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
        let mut feed = |octets: &[u8]| {
            for octet in octets {
                stamp = (stamp ^ u128::from(*octet)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
            }
        };
        for span in &list {
            feed(span.first.key().as_ref());
            feed(span.last.key().as_ref());
            feed(&span.class.to_be_bytes());
            if last != Some(span.class) {
                last = Some(span.class);
                classes.insert(span.class);
            }
        }
        Self { list: Arc::new(list), classes: Arc::new(classes), stamp }
    }
}

impl<A: Width> Default for Spans<A> {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

/// An [`AddressFilter`], split by family, each thing said once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Normal {
    pub(crate) v4: Spans<u32>,
    pub(crate) v6: Spans<u128>,
    pub(crate) refused: BTreeSet<(u32, u8)>,
    pub(crate) refused_services: BTreeSet<(u32, u8, u8, u16, u16)>,
    pub(crate) services: BTreeSet<(u8, u8, u16, u16)>,
    pub(crate) protocols: BTreeSet<(u8, u8)>,
}

impl Normal {
    /// Checks a filter and brings it into this form.
    pub(crate) fn of(filter: &AddressFilter) -> Result<Self, KernelError> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for &(first, last, class) in &filter.ranges {
            let wrong = |what| KernelError::Filter { first, last, what };
            let added = match (first, last) {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    append(&mut v4, Span { first: first.to_bits(), last: last.to_bits(), class })
                }
                (IpAddr::V6(first), IpAddr::V6(last)) => {
                    append(&mut v6, Span { first: first.to_bits(), last: last.to_bits(), class })
                }
                _ => return Err(wrong("the ends are of two families")),
            };
            if !added {
                return Err(wrong("it is empty, overlaps the one before or is out of order"));
            }
        }
        Ok(Self {
            v4: Spans::of(v4),
            v6: Spans::of(v6),
            refused: filter.refused.clone(),
            protocols: filter.protocols.clone(),
            services: merged(filter.services.iter().map(|&(group, proto, first, last)| ((group, proto), first, last)))
                .map(|((group, proto), first, last)| (group, proto, first, last))
                .collect(),
            refused_services: merged(
                filter
                    .refused_services
                    .iter()
                    .map(|&(class, group, proto, first, last)| ((class, group, proto), first, last)),
            )
            .map(|((class, group, proto), first, last)| (class, group, proto, first, last))
            .collect(),
        })
    }
}

/// Appends a range, or lengthens the last one; `false` where it does not begin behind it.
fn append<A: Width>(spans: &mut Vec<Span<A>>, span: Span<A>) -> bool {
    if span.first > span.last {
        return false;
    }
    match spans.last_mut() {
        Some(before) if span.first <= before.last => return false,
        Some(before) if before.class == span.class && before.last.next() == Some(span.first) => before.last = span.last,
        _ => spans.push(span),
    }
    true
}

/// Port ranges of each key, overlapping and neighbouring ones merged: the kernel refuses overlaps.
fn merged<K: Ord + Copy>(ranges: impl Iterator<Item = (K, u16, u16)>) -> impl Iterator<Item = (K, u16, u16)> {
    let mut by_key: BTreeMap<K, Vec<(u16, u16)>> = BTreeMap::new();
    for (key, first, last) in ranges {
        by_key.entry(key).or_default().push((first.min(last), first.max(last)));
    }
    by_key.into_iter().flat_map(|(key, mut ranges)| {
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        merged.into_iter().map(move |(first, last)| (key, first, last))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str, class: u32) -> (IpAddr, IpAddr, u32) {
        (first.parse().unwrap(), last.parse().unwrap(), class)
    }

    #[test]
    fn neighbours_of_one_class_become_one_range_and_others_stay() {
        let ranges = vec![
            range("192.0.2.0", "192.0.2.127", 3),
            range("192.0.2.128", "192.0.2.255", 3),
            range("192.0.3.0", "192.0.3.255", 4),
            range("192.0.5.0", "192.0.5.255", 4),
            range("255.255.255.0", "255.255.255.255", 4),
            range("2001:db8::", "2001:db8::ff", 3),
        ];
        let services = BTreeSet::from([(1, 17, 443, 443), (1, 17, 400, 500), (1, 17, 501, 510), (1, 6, 443, 443)]);
        let normal = Normal::of(&AddressFilter { ranges, services, ..AddressFilter::default() }).unwrap();
        let v4 = &normal.v4.list;
        assert_eq!(v4.len(), 4);
        assert_eq!((v4[0].first, v4[0].last), (0xc000_0200, 0xc000_02ff));
        assert_eq!((normal.v6.list.len(), normal.v6.classes.len()), (1, 1));
        assert_eq!(normal.services, BTreeSet::from([(1, 17, 400, 510), (1, 6, 443, 443)]));
    }

    #[test]
    fn what_is_no_list_of_disjoint_ranges_is_refused() {
        for ranges in [
            vec![range("192.0.2.9", "192.0.2.1", 1)],
            vec![range("192.0.2.0", "192.0.2.9", 1), range("192.0.2.9", "192.0.2.20", 2)],
            vec![range("192.0.2.9", "192.0.2.10", 1), range("192.0.2.1", "192.0.2.2", 1)],
            vec![range("192.0.2.1", "2001:db8::1", 1)],
        ] {
            let filter = AddressFilter { ranges, ..AddressFilter::default() };
            assert!(matches!(Normal::of(&filter), Err(KernelError::Filter { .. })), "{filter:?}");
        }
    }
}
