//! What an entry of the index does to the set of lists that hold a name.

use gapura_model::{ListNumber, ListSet};

/// Octets of an effect in a file.
pub(crate) const EFFECT: usize = 128;

/// Lists that begin, and lists that cease, to hold a name, at the entry's own name and at all names below it.
///
/// Each is said relative to what the entry's parents below-effects give, so that an entry that changes nothing is left out (folded).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Effect {
    pub(crate) plus_here: ListSet,
    pub(crate) minus_here: ListSet,
    pub(crate) plus_below: ListSet,
    pub(crate) minus_below: ListSet,
}

impl Effect {
    /// From what is inherited to what shall be.
    pub(crate) fn between(inherited: ListSet, here: ListSet, below: ListSet) -> Self {
        Self {
            plus_here: here.without(inherited),
            minus_here: inherited.without(here),
            plus_below: below.without(inherited),
            minus_below: inherited.without(below),
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// What holds the entry's own name.
    pub(crate) fn here(&self, inherited: ListSet) -> ListSet {
        inherited.without(self.minus_here).or(self.plus_here)
    }

    /// What holds the names below.
    pub(crate) fn below(&self, inherited: ListSet) -> ListSet {
        inherited.without(self.minus_below).or(self.plus_below)
    }

    /// With the lists numbered otherwise; those without a new number are gone.
    pub(crate) fn renumbered(&self, new: &[Option<ListNumber>; 256]) -> Self {
        let map = |set: ListSet| -> ListSet {
            set.iter().filter_map(|list| new.get(usize::from(list.0)).copied().flatten()).collect()
        };
        Self {
            plus_here: map(self.plus_here),
            minus_here: map(self.minus_here),
            plus_below: map(self.plus_below),
            minus_below: map(self.minus_below),
        }
    }

    pub(crate) fn octets(&self) -> [u8; EFFECT] {
        let mut octets = [0; EFFECT];
        let sets = [self.plus_here, self.minus_here, self.plus_below, self.minus_below];
        for (place, word) in octets.as_chunks_mut::<8>().0.iter_mut().zip(sets.into_iter().flat_map(ListSet::words)) {
            *place = word.to_le_bytes();
        }
        octets
    }

    pub(crate) fn from_octets(octets: &[u8; EFFECT]) -> Self {
        let mut sets = octets.as_chunks::<32>().0.iter().map(set_from_octets);
        let mut next = || sets.next().unwrap_or_default();
        Self { plus_here: next(), minus_here: next(), plus_below: next(), minus_below: next() }
    }
}

/// A set's 32 octets, little-endian words.
pub(crate) fn set_octets(set: ListSet) -> [u8; 32] {
    let mut octets = [0; 32];
    for (place, word) in octets.as_chunks_mut::<8>().0.iter_mut().zip(set.words()) {
        *place = word.to_le_bytes();
    }
    octets
}

/// The set again.
pub(crate) fn set_from_octets(octets: &[u8; 32]) -> ListSet {
    let mut words = [0; 4];
    for (word, octets) in words.iter_mut().zip(octets.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*octets);
    }
    ListSet::from_words(words)
}
