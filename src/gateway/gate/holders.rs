//! The numbers by which the kernel knows holders whose balance several visits share.

use std::collections::{BTreeMap, BTreeSet};

use gapura_kernel::Slot;
use gapura_model::HolderId;

/// Holders with a shared quota in the kernel, and the slots that use it.
#[derive(Debug, Default)]
pub(crate) struct HolderNumbers {
    next: u32,
    known: BTreeMap<HolderId, Known>,
}

#[derive(Debug)]
struct Known {
    number: u32,
    slots: BTreeSet<Slot>,
}

impl HolderNumbers {
    /// The number of `holder`, made at the first use; `slot` uses it from now on.
    pub(crate) fn number(&mut self, holder: &HolderId, slot: Slot) -> u32 {
        let Self { next, known } = self;
        let entry = known.entry(holder.clone()).or_insert_with(|| {
            *next = next.wrapping_add(1);
            Known { number: *next, slots: BTreeSet::new() }
        });
        entry.slots.insert(slot);
        entry.number
    }

    /// A holder that the kernel knows since before a restart.
    pub(crate) fn adopt(&mut self, holder: &HolderId, number: Option<u32>, slot: Slot) {
        if let Some(number) = number {
            self.next = self.next.max(number);
            let known = self.known.entry(holder.clone()).or_insert_with(|| Known { number, slots: BTreeSet::new() });
            known.slots.insert(slot);
        }
    }

    /// Some slot that uses the holder's balance.
    pub(crate) fn any_slot(&self, holder: &HolderId) -> Option<Slot> {
        self.known.get(holder)?.slots.first().copied()
    }

    /// Whose balance has this number.
    pub(crate) fn holder(&self, number: u32) -> Option<&HolderId> {
        self.known.iter().find(|(_, known)| known.number == number).map(|(holder, _)| holder)
    }

    /// `slot` no longer uses it; the number dies with its last user.
    pub(crate) fn release(&mut self, holder: &HolderId, slot: Slot) {
        if let Some(known) = self.known.get_mut(holder) {
            known.slots.remove(&slot);
            if known.slots.is_empty() {
                self.known.remove(holder);
            }
        }
    }
}
