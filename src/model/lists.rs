//! Which filter lists hold a name or an address: a set of small numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A list's place in one index, 0 to 255. Another index may number its lists otherwise: stored data names lists by
/// [`crate::ListId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListNumber(pub u8);

/// A set of lists of one index.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListSet([u64; 4]);

impl ListSet {
    /// No list.
    pub const EMPTY: Self = Self([0; 4]);

    /// These 256 bits, list 0 in the lowest bit of the first word.
    pub const fn from_words(words: [u64; 4]) -> Self {
        Self(words)
    }

    /// The bits, list 0 in the lowest bit of the first word.
    pub const fn words(self) -> [u64; 4] {
        self.0
    }

    /// Whether it holds no list.
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// Whether it holds `list`.
    pub fn contains(self, list: ListNumber) -> bool {
        !self.and(Self::from_iter([list])).is_empty()
    }

    /// Lists in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    /// Lists in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    /// Lists of this one that are not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    /// Its lists, lowest number first.
    pub fn iter(self) -> impl Iterator<Item = ListNumber> {
        (0..=u8::MAX).map(ListNumber).filter(move |list| {
            let word = self.0.get(usize::from(list.0 / 64)).copied().unwrap_or_default();
            word & 1 << (list.0 % 64) != 0
        })
    }

    fn zip(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.0;
        for (word, other) in words.iter_mut().zip(other.0) {
            *word = combine(*word, other);
        }
        Self(words)
    }
}

impl FromIterator<ListNumber> for ListSet {
    fn from_iter<I: IntoIterator<Item = ListNumber>>(lists: I) -> Self {
        let mut set = [0_u64; 4];
        for list in lists {
            if let Some(word) = set.get_mut(usize::from(list.0 / 64)) {
                *word |= 1 << (list.0 % 64);
            }
        }
        Self(set)
    }
}

impl fmt::Debug for ListSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|list| list.0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(numbers: &[u8]) -> ListSet {
        numbers.iter().copied().map(ListNumber).collect()
    }

    #[test]
    fn sets_combine_as_sets_do() {
        let (low, mixed) = (set(&[0, 5, 63]), set(&[5, 64, 255]));
        assert_eq!(low.or(mixed), set(&[0, 5, 63, 64, 255]));
        assert_eq!(low.and(mixed), set(&[5]));
        assert_eq!(mixed.without(low), set(&[64, 255]));
        assert!(mixed.contains(ListNumber(255)) && !mixed.contains(ListNumber(254)));
        assert_eq!(mixed.iter().map(|list| list.0).collect::<Vec<_>>(), [5, 64, 255]);
        assert!(low.without(low).is_empty());
    }
}
