//! Answers kept for reuse, bounded in octets and entries; the clock algorithm decides who goes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gapura_model::Uptime;

use crate::config::Memory;
use crate::query::Key;
use crate::stored::Stored;

/// Bookkeeping of one entry beside its key and its answer, octets (an estimate: slot, table entry, allocator).
const OVERHEAD: usize = 160;

/// The cache. Time is an argument; nothing runs in the background.
#[derive(Debug)]
pub(crate) struct Cache {
    memory: Memory,
    index: HashMap<Arc<[u8]>, usize>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    hand: usize,
    octets: usize,
}

#[derive(Debug)]
struct Slot {
    key: Arc<[u8]>,
    answer: Arc<Stored>,
    stored: Uptime,
    expires: Uptime,
    used: bool,
}

impl Slot {
    fn octets(&self) -> usize {
        self.key.len() + self.answer.octets() + OVERHEAD
    }
}

impl Cache {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { memory, index: HashMap::new(), slots: Vec::new(), free: Vec::new(), hand: 0, octets: 0 }
    }

    /// The answer to `key` with its age in seconds, if it is still good at `now`.
    pub(crate) fn get(&mut self, key: &Key, now: Uptime) -> Option<(Arc<Stored>, u32)> {
        let place = *self.index.get(key.octets())?;
        let slot = self.slots.get_mut(place)?.as_mut()?;
        if now >= slot.expires {
            self.remove(place);
            return None;
        }
        slot.used = true;
        let age = u32::try_from(slot.stored.until(now).as_secs()).unwrap_or(u32::MAX);
        Some((Arc::clone(&slot.answer), age))
    }

    /// Keeps `answer` for its lifetime, in place of an older one.
    pub(crate) fn put(&mut self, key: &Key, answer: Arc<Stored>, now: Uptime) {
        if let Some(&place) = self.index.get(key.octets()) {
            self.remove(place);
        }
        if answer.lifetime == 0 {
            return;
        }
        let slot = Slot {
            key: key.octets().into(),
            expires: now.after(Duration::from_secs(answer.lifetime.into())),
            answer,
            stored: now,
            used: false,
        };
        // One giant must not push out everything else.
        if slot.octets() > self.memory.octets / 8 {
            return;
        }
        while self.octets + slot.octets() > self.memory.octets || self.index.len() >= self.memory.entries {
            if !self.evict(now) {
                return;
            }
        }
        self.octets += slot.octets();
        let place = self.free.pop().unwrap_or(self.slots.len());
        self.index.insert(Arc::clone(&slot.key), place);
        match self.slots.get_mut(place) {
            Some(empty) => *empty = Some(slot),
            None => self.slots.push(Some(slot)),
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.memory);
    }

    /// Entries and octets held.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.index.len(), self.octets)
    }

    /// Moves the hand to the next entry that is dead or was not used since it last came by, and drops that one.
    fn evict(&mut self, now: Uptime) -> bool {
        // After one whole round every mark is wiped, so that two rounds always find one.
        for _ in 0..self.slots.len().saturating_mul(2) {
            let place = self.hand;
            self.hand = if place + 1 < self.slots.len() { place + 1 } else { 0 };
            let Some(Some(slot)) = self.slots.get_mut(place) else { continue };
            if slot.used && now < slot.expires {
                slot.used = false;
                continue;
            }
            self.remove(place);
            return true;
        }
        false
    }

    fn remove(&mut self, place: usize) {
        if let Some(slot) = self.slots.get_mut(place).and_then(Option::take) {
            self.index.remove(&slot.key);
            self.octets -= slot.octets();
            self.free.push(place);
        }
    }
}
