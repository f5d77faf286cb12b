//! Slots: the numbers by which the kernel knows visits.
//!
//! A slot that was given back rests as long as fresh ones or longer-rested ones are there. The kernel room gives a slot that
//! is used again its next generation, so that a flow of its former visit never matches.

use std::collections::{BTreeMap, VecDeque};

use gapura_kernel::Slot;
use gapura_model::VisitId;

/// Which slot serves which visit.
#[derive(Debug)]
pub(crate) struct Slots {
    /// Slots never used yet start here.
    fresh: u32,
    /// Given back, longest ago first.
    rested: VecDeque<Slot>,
    by_visit: BTreeMap<VisitId, Slot>,
    by_slot: BTreeMap<Slot, VisitId>,
}

impl Slots {
    /// All slots free.
    pub(crate) fn new() -> Self {
        let fresh = u32::from(Slot::FIRST.get());
        Self { fresh, rested: VecDeque::new(), by_visit: BTreeMap::new(), by_slot: BTreeMap::new() }
    }

    /// Keeps `slot` for a visit that has it since before a restart; false if another visit has it.
    pub(crate) fn adopt(&mut self, visit: VisitId, slot: Slot) -> bool {
        if self.by_slot.contains_key(&slot) {
            return false;
        }
        while self.fresh <= u32::from(slot.get()) {
            let skipped = self.next_fresh();
            self.rested.extend(skipped);
        }
        self.rested.retain(|rested| *rested != slot);
        self.by_slot.insert(slot, visit);
        self.by_visit.insert(visit, slot);
        true
    }

    /// A slot for `visit` (the one it has, if it has one), or `None` when all 65,519 are taken.
    pub(crate) fn take(&mut self, visit: VisitId) -> Option<Slot> {
        if let Some(slot) = self.by_visit.get(&visit) {
            return Some(*slot);
        }
        let slot = self.next_fresh().or_else(|| self.rested.pop_front())?;
        self.by_slot.insert(slot, visit);
        self.by_visit.insert(visit, slot);
        Some(slot)
    }

    /// Gives a visit's slot back.
    pub(crate) fn give_back(&mut self, visit: VisitId) -> Option<Slot> {
        let slot = self.by_visit.remove(&visit)?;
        self.by_slot.remove(&slot);
        self.rested.push_back(slot);
        Some(slot)
    }

    /// Where a visit is.
    pub(crate) fn slot(&self, visit: VisitId) -> Option<Slot> {
        self.by_visit.get(&visit).copied()
    }

    /// Who is in `slot`.
    pub(crate) fn visit(&self, slot: Slot) -> Option<VisitId> {
        self.by_slot.get(&slot).copied()
    }

    /// Every visit that has a slot.
    pub(crate) fn visits(&self) -> impl Iterator<Item = VisitId> + '_ {
        self.by_visit.keys().copied()
    }

    fn next_fresh(&mut self) -> Option<Slot> {
        let slot = u16::try_from(self.fresh).ok().and_then(Slot::new)?;
        self.fresh += 1;
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(number: u32) -> VisitId {
        VisitId::from_random(u128::from(number).to_be_bytes())
    }

    #[test]
    fn a_slot_rests_until_all_others_were_used() {
        let mut slots = Slots::new();
        assert_eq!(slots.take(visit(0)), Some(Slot::FIRST));
        assert_eq!(slots.take(visit(0)), Some(Slot::FIRST));
        slots.give_back(visit(0));
        for number in 1..=u32::from(Slot::LAST.get() - Slot::FIRST.get()) {
            assert_ne!(slots.take(visit(number)), Some(Slot::FIRST));
        }
        assert_eq!(slots.take(visit(100_000)), Some(Slot::FIRST));
        assert_eq!(slots.take(visit(100_001)), None);
    }

    #[test]
    fn adoption_keeps_the_slot_and_leaves_the_others_free() {
        let mut slots = Slots::new();
        let slot = Slot::new(0x12).unwrap();
        assert!(slots.adopt(visit(1), slot));
        assert!(!slots.adopt(visit(2), slot));
        assert_eq!(slots.visit(slot), Some(visit(1)));
        assert_eq!(slots.take(visit(3)).map(Slot::get), Some(0x13));
        assert_eq!(slots.give_back(visit(1)), Some(slot));
        assert_eq!(slots.slot(visit(1)), None);
    }
}
