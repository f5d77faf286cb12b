//! Address ranges of all lists, cut into disjoint ones with the set of lists that hold each.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gapura_model::{ListNumber, ListSet};

use crate::Place;

/// Addresses from the first to the last that a line holds, or takes out of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: IpAddr,
    pub(crate) last: IpAddr,
    pub(crate) list: u8,
    pub(crate) holds: bool,
    pub(crate) place: Place,
}

/// Disjoint ranges, IPv4 first, neighbours with one set joined. An exception wins over all its list's lines, whatever their length.
pub(crate) fn flatten(spans: &[Span], numbers: &[ListNumber]) -> Vec<(IpAddr, IpAddr, ListSet)> {
    let mut flat = Vec::new();
    for six in [false, true] {
        let mut edges: Vec<(u128, bool, usize, bool)> = Vec::new();
        for span in spans.iter().filter(|span| span.first.is_ipv6() == six) {
            let list = numbers.get(usize::from(span.list)).map_or(0, |number| usize::from(number.0));
            edges.push((number(span.first), true, list, span.holds));
            // The edge after the last address; there is none after the last of all.
            if let Some(after) = number(span.last).checked_add(1) {
                edges.push((after, false, list, span.holds));
            }
        }
        edges.sort_unstable();
        let mut open = Open::default();
        let mut from = 0;
        for same in edges.chunk_by(|a, b| a.0 == b.0) {
            let at = same.first().map_or(0, |edge| edge.0);
            if at > 0 {
                push(&mut flat, from, at - 1, open.holds(), six);
            }
            for &(_, opens, list, holds) in same {
                open.turn(opens, list, holds);
            }
            from = at;
        }
        let end = if six { u128::MAX } else { u128::from(u32::MAX) };
        if from <= end {
            push(&mut flat, from, end, open.holds(), six);
        }
    }
    flat
}

fn push(flat: &mut Vec<(IpAddr, IpAddr, ListSet)>, first: u128, last: u128, set: ListSet, six: bool) {
    if set.is_empty() {
        return;
    }
    let (first, last) = (address(first, six), address(last, six));
    if let Some((_, before, other)) = flat.last_mut()
        && *other == set
        && before.is_ipv6() == six
        && number(*before).checked_add(1) == Some(number(first))
    {
        *before = last;
        return;
    }
    flat.push((first, last, set));
}

/// How many spans of each list are open.
#[derive(Debug)]
struct Open {
    hold: Vec<u32>,
    except: Vec<u32>,
    holding: ListSet,
    excepted: ListSet,
}

impl Default for Open {
    fn default() -> Self {
        Self { hold: vec![0; 256], except: vec![0; 256], holding: ListSet::EMPTY, excepted: ListSet::EMPTY }
    }
}

impl Open {
    fn turn(&mut self, opens: bool, list: usize, holds: bool) {
        let (counts, set) =
            if holds { (&mut self.hold, &mut self.holding) } else { (&mut self.except, &mut self.excepted) };
        let Some(count) = counts.get_mut(list) else { return };
        *count = if opens { *count + 1 } else { count.saturating_sub(1) };
        let Ok(number) = u8::try_from(list) else { return };
        let one = ListSet::from_iter([ListNumber(number)]);
        *set = if *count > 0 { set.or(one) } else { set.without(one) };
    }

    fn holds(&self) -> ListSet {
        self.holding.without(self.excepted)
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

fn address(number: u128, six: bool) -> IpAddr {
    if six { Ipv6Addr::from(number).into() } else { Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into() }
}
