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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::query::Query;

    fn key(number: u8) -> Key {
        let mut message = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01".to_vec();
        message[13] = number;
        Query::read(&message).unwrap().key()
    }

    fn answer(lifetime: u32, octets: usize) -> Arc<Stored> {
        Arc::new(Stored {
            message: vec![0; octets].into(),
            ttls: [].into(),
            question_end: 0,
            code: 0,
            errors: [].into(),
            lifetime,
        })
    }

    const fn second(seconds: u64) -> Uptime {
        Uptime::new(Duration::from_secs(seconds))
    }

    #[test]
    fn an_entry_ages_and_dies() {
        let mut cache = Cache::new(Memory::default());
        cache.put(&key(b'a'), answer(10, 100), second(5));
        assert_eq!(cache.get(&key(b'a'), second(5)).unwrap().1, 0);
        assert_eq!(cache.get(&key(b'a'), second(14)).unwrap().1, 9);
        assert!(cache.get(&key(b'a'), second(15)).is_none());
        assert_eq!(cache.size(), (0, 0), "dead entries leave when they are met");
        cache.put(&key(b'a'), answer(0, 100), second(5));
        assert_eq!(cache.size().0, 0);
    }

    #[test]
    fn what_is_used_outlives_what_is_not() {
        let mut cache = Cache::new(Memory { entries: 10, ..Memory::default() });
        for number in 0..10 {
            cache.put(&key(b'a' + number), answer(100, 10), second(0));
        }
        for round in 0..20 {
            assert!(cache.get(&key(b'a'), second(1)).is_some());
            cache.put(&key(round), answer(100, 10), second(1));
        }
        assert!(cache.get(&key(b'a'), second(1)).is_some());
        assert_eq!(cache.size().0, 10);
    }

    #[test]
    fn a_giant_does_not_push_out_the_rest() {
        let mut cache = Cache::new(Memory { octets: 100_000, ..Memory::default() });
        cache.put(&key(b'a'), answer(100, 1000), second(0));
        cache.put(&key(b'b'), answer(100, 60_000), second(0));
        assert!(cache.get(&key(b'a'), second(0)).is_some() && cache.get(&key(b'b'), second(0)).is_none());
    }

    proptest! {
        #[test]
        fn it_stays_in_its_bounds_and_never_tells_an_old_story(
            steps in prop::collection::vec((0..40_u8, 0..30_u32, 1..2000_usize, 0..3_u64, any::<bool>()), 1..300)
        ) {
            let memory = Memory { octets: 30_000, entries: 20, ..Memory::default() };
            let (mut cache, mut model, mut now) = (Cache::new(memory), HashMap::new(), 0);
            for (number, lifetime, octets, wait, put) in steps {
                now += wait;
                if put {
                    let stored = answer(lifetime, octets);
                    cache.put(&key(number), Arc::clone(&stored), second(now));
                    model.insert(key(number).octets().to_vec(), (stored, now));
                } else if let Some((found, age)) = cache.get(&key(number), second(now)) {
                    let (latest, since) = &model[key(number).octets()];
                    prop_assert!(Arc::ptr_eq(&found, latest));
                    prop_assert_eq!(u64::from(age), now - since);
                    prop_assert!(age < found.lifetime);
                }
                let (entries, held) = cache.size();
                prop_assert!(entries <= memory.entries && held <= memory.octets);
                let counted: usize = cache.slots.iter().flatten().map(Slot::octets).sum();
                prop_assert_eq!(held, counted);
                prop_assert!(cache.slots.len() <= memory.entries);
            }
        }
    }
}
