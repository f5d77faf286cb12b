//! The lines about names, sorted so that a name is followed by all names below it.

use gapura_model::Name;

use crate::{BuildError, Deed, Place, Reach};

/// A line about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record {
    pub(crate) list: u8,
    pub(crate) reach: Reach,
    pub(crate) deed: Deed,
    pub(crate) place: Place,
}

/// All lines about one name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameLines<'a> {
    /// The name's labels, top-level first, with a zero octet between them.
    pub(crate) reversed: &'a [u8],
    lines: &'a [Item],
}

impl NameLines<'_> {
    pub(crate) fn lines(&self) -> impl Iterator<Item = Record> + '_ {
        self.lines.iter().map(|item| item.record)
    }
}

/// Lines, their names in one piece of memory.
#[derive(Debug, Default)]
pub(crate) struct Records {
    texts: Vec<u8>,
    items: Vec<Item>,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    /// The first eight octets of the reversed name, so that most comparisons need not look at it.
    front: u64,
    at: u64,
    length: u8,
    record: Record,
}

impl Records {
    pub(crate) fn push(&mut self, name: &Name, record: Record) -> Result<(), BuildError> {
        let at = self.texts.len();
        reversed(name, &mut self.texts);
        let text = self.texts.get(at..).unwrap_or_default();
        let mut front = [0; 8];
        for (place, octet) in front.iter_mut().zip(text) {
            *place = *octet;
        }
        let length = u8::try_from(text.len()).map_err(|_| BuildError::TooManyNames)?;
        self.items.push(Item { front: u64::from_be_bytes(front), at: at as u64, length, record });
        Ok(())
    }

    pub(crate) fn sort(&mut self) {
        let texts = &self.texts;
        self.items.sort_unstable_by(|a, b| {
            let later = || text(texts, a).cmp(text(texts, b)).then_with(|| a.record.cmp(&b.record));
            a.front.cmp(&b.front).then_with(later)
        });
    }

    /// Name by name; [`Self::sort`] comes first.
    pub(crate) fn names(&self) -> impl Iterator<Item = NameLines<'_>> {
        let same = |a: &Item, b: &Item| a.front == b.front && text(&self.texts, a) == text(&self.texts, b);
        self.items.chunk_by(same).map(|lines| NameLines {
            reversed: lines.first().map(|item| text(&self.texts, item)).unwrap_or_default(),
            lines,
        })
    }
}

fn text<'a>(texts: &'a [u8], item: &Item) -> &'a [u8] {
    let start = usize::try_from(item.at).unwrap_or(usize::MAX);
    texts.get(start..).and_then(|rest| rest.get(..usize::from(item.length))).unwrap_or_default()
}

/// Appends a name's labels to `to`, top-level first, with a zero octet between them. Sorted so, a name stands directly before
/// the names below it (host names hold no zero octet).
pub(crate) fn reversed(name: &Name, to: &mut Vec<u8>) {
    let mut labels = [(0_usize, 0_usize); crate::index::MOST_LABELS];
    let mut count = 0;
    let wire = name.wire();
    let mut at = 0;
    while let Some(length) = wire.get(at).map(|&length| usize::from(length)).filter(|&length| length > 0) {
        if let Some(place) = labels.get_mut(count) {
            *place = (at + 1, length);
            count += 1;
        }
        at += 1 + length;
    }
    for (index, &(start, length)) in labels.iter().take(count).rev().enumerate() {
        if index > 0 {
            to.push(0);
        }
        to.extend_from_slice(wire.get(start..start + length).unwrap_or_default());
    }
}
