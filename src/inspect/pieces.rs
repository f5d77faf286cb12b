//! The front of a byte stream, put together from pieces in any order.

use std::ops::Range;

use crate::Undecidable;

/// The first `longest` octets of a stream. What lies behind them is passed over.
#[derive(Clone, Debug)]
pub(crate) struct Pieces {
    octets: Vec<u8>,
    /// What is there: disjoint, in order, none touching the next.
    there: Vec<Range<usize>>,
    longest: usize,
    most: usize,
}

impl Pieces {
    /// Holds `longest` octets in at most `most` separate pieces.
    pub(crate) fn new(longest: usize, most: usize) -> Self {
        Self { octets: Vec::new(), there: Vec::new(), longest, most }
    }

    /// Adds `piece`, which begins `offset` octets into the stream.
    pub(crate) fn add(&mut self, offset: usize, piece: &[u8]) -> Result<(), Undecidable> {
        let Some(room) = self.longest.checked_sub(offset) else { return Ok(()) };
        let piece = piece.get(..room).unwrap_or(piece);
        let new = offset..offset + piece.len();
        if new.is_empty() {
            return Ok(());
        }
        if self.overlaps(&new).any(|both| self.octets.get(both.clone()) != slice_of(piece, &both, offset)) {
            return Err(Undecidable::Conflicting);
        }
        if self.octets.len() < new.end {
            self.octets.resize(new.end, 0);
        }
        self.octets.get_mut(new.clone()).ok_or(Undecidable::TooLong)?.copy_from_slice(piece);
        self.join(new);
        if self.there.len() > self.most { Err(Undecidable::TooManyPieces) } else { Ok(()) }
    }

    /// Moves everything `by` octets back, to make room at the front; what no longer fits is forgotten.
    pub(crate) fn move_back(&mut self, by: usize) {
        let kept = self.octets.len().min(self.longest.saturating_sub(by));
        self.octets.truncate(kept);
        self.octets.splice(0..0, std::iter::repeat_n(0, by.min(self.longest)));
        self.there.retain_mut(|range| {
            *range = range.start + by..(range.end + by).min(self.longest);
            range.start < range.end
        });
    }

    /// What is there without a gap from the start.
    pub(crate) fn front(&self) -> &[u8] {
        let end = self.there.first().filter(|range| range.start == 0).map_or(0, |range| range.end);
        self.octets.get(..end).unwrap_or_default()
    }

    /// Whether the front can grow no more.
    pub(crate) fn is_full(&self) -> bool {
        self.front().len() >= self.longest
    }

    fn overlaps<'a>(&'a self, new: &'a Range<usize>) -> impl Iterator<Item = Range<usize>> + 'a {
        self.there.iter().map(|old| old.start.max(new.start)..old.end.min(new.end)).filter(|both| !both.is_empty())
    }

    fn join(&mut self, mut new: Range<usize>) {
        self.there.retain(|old| {
            let apart = old.end < new.start || new.end < old.start;
            if !apart {
                new = old.start.min(new.start)..old.end.max(new.end);
            }
            apart
        });
        let at = self.there.partition_point(|old| old.start < new.start);
        self.there.insert(at, new);
    }
}

fn slice_of<'a>(piece: &'a [u8], range: &Range<usize>, offset: usize) -> Option<&'a [u8]> {
    piece.get(range.start.checked_sub(offset)?..range.end.checked_sub(offset)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_gap_ends_the_front() {
        let mut pieces = Pieces::new(10, 4);
        pieces.add(3, b"def").unwrap();
        assert_eq!(pieces.front(), b"");
        pieces.add(0, b"abc").unwrap();
        assert_eq!(pieces.front(), b"abcdef");
        pieces.add(6, b"ghijklmnop").unwrap();
        assert_eq!((pieces.front(), pieces.is_full()), (&b"abcdefghij"[..], true));
        pieces.add(400, b"far behind").unwrap();
    }

    #[test]
    fn the_same_place_twice_must_say_the_same() {
        let mut pieces = Pieces::new(10, 4);
        pieces.add(2, b"cde").unwrap();
        pieces.add(0, b"abcd").unwrap();
        assert_eq!(pieces.add(4, b"E"), Err(Undecidable::Conflicting));
        assert_eq!(pieces.front(), b"abcde");
    }

    #[test]
    fn pieces_are_counted() {
        let mut pieces = Pieces::new(10, 2);
        pieces.add(0, b"a").unwrap();
        pieces.add(2, b"c").unwrap();
        assert_eq!(pieces.add(4, b"e"), Err(Undecidable::TooManyPieces));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Against an array of optional octets.
        #[test]
        fn pieces_agree_with_single_octets(
            adds in proptest::collection::vec((0_usize..40, 0_usize..20, any::<bool>()), 0..30),
            moved in 0_usize..8,
        ) {
            let stream: Vec<u8> = (0_u8..80).collect();
            let mut pieces = Pieces::new(32, 64);
            let mut naive = [None; 32];
            for (index, &(offset, length, odd)) in adds.iter().enumerate() {
                if index == adds.len() / 2 {
                    pieces.move_back(moved);
                    let old = naive;
                    naive = [None; 32];
                    naive[moved..].copy_from_slice(&old[..32 - moved]);
                }
                let mut piece = stream[offset..offset + length].to_vec();
                if odd && length > 0 && index % 5 == 0 {
                    piece[length / 2] ^= 0x80;
                }
                let conflict = (0..length).any(|i| matches!(naive.get(offset + i), Some(Some(there)) if *there != piece[i]));
                prop_assert_eq!(pieces.add(offset, &piece).is_err(), conflict);
                if !conflict {
                    for (place, octet) in naive.iter_mut().skip(offset).zip(&piece) {
                        *place = Some(*octet);
                    }
                }
                let front: Vec<u8> = naive.iter().map_while(|octet| *octet).collect();
                prop_assert_eq!(pieces.front(), &front[..]);
            }
        }
    }
}
