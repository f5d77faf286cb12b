//! Rules of all layers about one sort of target, compiled to be asked often: no allocation, no look-up that grows with
//! the number of rules.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;
use std::ops::Range;

use gapura_model::{ListNumber, ListSet, Name};

use super::policy::{ClauseIndex, MOST_CLAUSES};
use super::target::{NameTarget, Prefix, masked};

/// What a clause says, compiled. A greater value is the stricter one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rule<V> {
    pub(super) layer: usize,
    pub(super) mandatory: bool,
    pub(super) value: V,
    pub(super) clause: ClauseIndex,
    /// What it is about by lists.
    pub(super) lists: ListSet,
    /// What is taken out of it by lists.
    pub(super) spare: ListSet,
    /// Whether it is about everything.
    pub(super) all: bool,
}

/// What won.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict<V> {
    pub(super) value: V,
    pub(super) clause: ClauseIndex,
    pub(super) list: Option<ListNumber>,
}

const LAYERS: usize = 5;

/// The rules, the better of two equally specific ones first: stricter, then mandatory, then lower clause.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rules<V> {
    sorted: Vec<Rule<V>>,
    layers: [Range<usize>; LAYERS],
    /// Lists that any of them looks at.
    touch: ListSet,
}

impl<V: Ord + Copy> Rules<V> {
    /// `numbered` is what the caller knows its rules by; the answer says where each of them went.
    pub(super) fn new(rules: Vec<Rule<V>>) -> (Self, Vec<u16>) {
        let mut order: Vec<usize> = (0..rules.len()).collect();
        let key = |at: &usize| {
            rules.get(*at).map(|rule| (rule.layer, std::cmp::Reverse((rule.value, rule.mandatory)), rule.clause))
        };
        order.sort_by_key(key);
        let sorted: Vec<Rule<V>> = order.iter().filter_map(|at| rules.get(*at).copied()).collect();
        let mut went = vec![0; rules.len()];
        for (new, old) in (0_u16..).zip(&order) {
            if let Some(place) = went.get_mut(*old) {
                *place = new;
            }
        }
        let layers = [0, 1, 2, 3, 4].map(|layer| {
            sorted.partition_point(|rule| rule.layer < layer)..sorted.partition_point(|rule| rule.layer <= layer)
        });
        let touch = sorted.iter().fold(ListSet::EMPTY, |all, rule| all.or(rule.lists).or(rule.spare));
        (Self { sorted, layers, touch }, went)
    }

    /// Lists that any rule looks at.
    pub(super) const fn touch(&self) -> ListSet {
        self.touch
    }

    pub(super) fn get(&self, rule: u16) -> Option<&Rule<V>> {
        self.sorted.get(usize::from(rule))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Rule<V>> {
        self.sorted.iter()
    }

    /// The topmost layer whose winner is mandatory wins, else the lowest layer that has a winner.
    pub(super) fn decide(&self, held: ListSet, hits: Option<&Hits>) -> Option<Verdict<V>> {
        let mut standing = None;
        for (layer, range) in self.layers.iter().enumerate() {
            if range.is_empty() {
                continue;
            }
            let Some((rule, verdict)) = self.winner(layer, range, held, hits) else { continue };
            standing = Some(verdict);
            if rule.mandatory {
                break;
            }
        }
        standing
    }

    fn winner(
        &self,
        layer: usize,
        range: &Range<usize>,
        held: ListSet,
        hits: Option<&Hits>,
    ) -> Option<(&Rule<V>, Verdict<V>)> {
        let named = hits.and_then(|hits| hits.best.get(layer).copied().flatten());
        if let Some(rule) = named.and_then(|(_, rule)| self.get(rule)) {
            return Some((rule, Verdict { value: rule.value, clause: rule.clause, list: None }));
        }
        let mut everything = None;
        for (at, rule) in self.sorted.iter().enumerate().take(range.end).skip(range.start) {
            let common = rule.lists.and(held);
            if common.is_empty() && (!rule.all || everything.is_some()) {
                continue;
            }
            if !rule.spare.and(held).is_empty() || hits.is_some_and(|hits| hits.is_excepted(at)) {
                continue;
            }
            let verdict = Verdict { value: rule.value, clause: rule.clause, list: first(common) };
            if !common.is_empty() {
                return Some((rule, verdict));
            }
            everything = Some((rule, verdict));
        }
        everything
    }
}

/// The lowest list of a set.
fn first(set: ListSet) -> Option<ListNumber> {
    let words = set.words().into_iter().zip([0_u8, 64, 128, 192]);
    let bit = words.filter(|(word, _)| *word != 0).map(|(word, base)| u32::from(base) + word.trailing_zeros()).next();
    bit.and_then(|bit| u8::try_from(bit).ok()).map(ListNumber)
}

/// What the rules by name or prefix say of one target.
pub(super) struct Hits {
    /// In each layer, the most specific rule that names the target, with how specific it is.
    best: [Option<(u16, u16)>; LAYERS],
    /// Rules an exception takes out, one bit each.
    excepted: [u64; MOST_CLAUSES.div_ceil(64)],
}

impl Hits {
    /// Gathers what `walk` comes across, exceptions first.
    pub(super) fn gather<V: Ord + Copy>(
        rules: &Rules<V>,
        held: ListSet,
        walk: impl Fn(&mut dyn FnMut(u16, Entry)),
    ) -> Self {
        let mut hits = Self { best: [None; LAYERS], excepted: [0; MOST_CLAUSES.div_ceil(64)] };
        walk(&mut |_, entry| {
            if entry.excepts {
                let at = usize::from(entry.rule);
                if let Some(word) = hits.excepted.get_mut(at / 64) {
                    *word |= 1 << (at % 64);
                }
            }
        });
        walk(&mut |specific, entry| {
            let Some(rule) = rules.get(entry.rule) else { return };
            let out = entry.excepts || hits.is_excepted(usize::from(entry.rule)) || !rule.spare.and(held).is_empty();
            if out {
                return;
            }
            if let Some(best) = hits.best.get_mut(rule.layer) {
                // Of equally specific rules the one that stands first is the better.
                let better = best.is_none_or(|(so_far, other)| (specific, other) > (so_far, entry.rule));
                if better {
                    *best = Some((specific, entry.rule));
                }
            }
        });
        hits
    }

    fn is_excepted(&self, at: usize) -> bool {
        self.excepted.get(at / 64).is_some_and(|word| word & 1 << (at % 64) != 0)
    }
}

/// A rule's target by name or prefix, or one taken out of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) rule: u16,
    pub(super) excepts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Exact,
    Within,
    Below,
}

type Map<K> = HashMap<K, Vec<(Reach, Entry)>, BuildHasherDefault<Mix>>;

/// Rules by name. A look-up costs a hash for each suffix whose length occurs, whatever the number of rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NameTable {
    suffixes: Map<Box<[u8]>>,
    /// Lengths of suffixes there are, one bit each.
    lengths: [u64; 4],
}

impl NameTable {
    pub(super) fn insert(&mut self, target: &NameTarget, entry: Entry) {
        let (reach, name) = match target {
            NameTarget::Exact(name) => (Reach::Exact, name),
            NameTarget::Within(name) => (Reach::Within, name),
            NameTarget::Below(name) => (Reach::Below, name),
        };
        let length = name.wire().len();
        if let Some(word) = self.lengths.get_mut(length / 64) {
            *word |= 1 << (length % 64);
        }
        self.suffixes.entry(name.wire().into()).or_default().push((reach, entry));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.suffixes.is_empty()
    }

    fn get(&self, suffix: &[u8]) -> Option<&Vec<(Reach, Entry)>> {
        let word = self.lengths.get(suffix.len() / 64)?;
        if word & 1 << (suffix.len() % 64) == 0 { None } else { self.suffixes.get(suffix) }
    }

    /// Whether any target may cover `name`.
    pub(super) fn touches(&self, name: &Name) -> bool {
        !self.is_empty() && name.suffixes().any(|suffix| self.get(suffix).is_some())
    }

    /// Every target that covers `name`, with how specific it is.
    pub(super) fn walk(&self, name: &Name, seen: &mut dyn FnMut(u16, Entry)) {
        for (above, suffix) in name.suffixes().enumerate() {
            for (reach, entry) in self.get(suffix).into_iter().flatten() {
                let specific = u16::try_from(suffix.len()).unwrap_or(u16::MAX);
                match (reach, above) {
                    (Reach::Exact, 0) => seen(u16::MAX, *entry),
                    (Reach::Within, _) | (Reach::Below, 1..) => seen(specific, *entry),
                    (Reach::Exact, _) | (Reach::Below, 0) => {}
                }
            }
        }
    }
}

/// Rules by range of addresses. A look-up costs a hash for each length of prefix that occurs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PrefixTable {
    prefixes: HashMap<Prefix, Vec<Entry>, BuildHasherDefault<Mix>>,
    /// Lengths there are, IPv4's and IPv6's.
    lengths: [Vec<u8>; 2],
}

impl PrefixTable {
    pub(super) fn insert(&mut self, prefix: Prefix, entry: Entry) {
        let [v4, v6] = &mut self.lengths;
        let lengths = if prefix.first().is_ipv4() { v4 } else { v6 };
        if !lengths.contains(&prefix.length()) {
            lengths.push(prefix.length());
            lengths.sort_unstable();
        }
        self.prefixes.entry(prefix).or_default().push(entry);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// Every range that covers `address`, with how specific it is.
    pub(super) fn walk(&self, address: IpAddr, seen: &mut dyn FnMut(u16, Entry)) {
        let [v4, v6] = &self.lengths;
        for length in if address.is_ipv4() { v4 } else { v6 } {
            let prefix = Prefix::new(masked(address, *length), *length);
            for entry in self.prefixes.get(&prefix).into_iter().flatten() {
                seen(u16::from(*length), *entry);
            }
        }
    }
}

/// A quick hash for keys that officers wrote: nobody who asks can add to the table.
#[derive(Clone, Copy, Default)]
pub(super) struct Mix(u64);

impl Mix {
    fn stir(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
}

impl Hasher for Mix {
    fn write(&mut self, octets: &[u8]) {
        let (words, rest) = octets.as_chunks::<8>();
        for word in words {
            self.stir(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (place, octet) in last.iter_mut().zip(rest) {
            *place = *octet;
        }
        self.stir(u64::from_le_bytes(last));
    }

    fn write_u8(&mut self, octet: u8) {
        self.stir(u64::from(octet));
    }

    fn write_usize(&mut self, number: usize) {
        self.stir(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.0 >> 32
    }
}
