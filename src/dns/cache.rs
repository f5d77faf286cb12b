//! Answers kept for reuse, bounded in octets and entries; the clock algorithm decides who goes.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use gapura_model::Uptime;

use crate::config::Memory;
use crate::filter::Judgement;
use crate::memo::{Judged, Known};
use crate::query::Query;
use crate::reply::Age;
use crate::stored::Stored;

/// Bookkeeping of one entry beside its key and its answer, octets (an estimate: slot, table entry, allocator).
const OVERHEAD: usize = 256;
/// Times asked for that make an answer worth renewing before it expires.
const POPULAR: u32 = 3;
/// Lifetimes below this are not renewed early, seconds: the asking would never end.
const LEAST_RENEWED: u32 = 10;

/// The cache. Time is an argument; nothing runs in the background.
#[derive(Debug)]
pub(crate) struct Cache {
    memory: Memory,
    /// Seeded anew in each process: nobody outside knows which names meet.
    hasher: RandomState,
    /// Places of slots, by the hash of their question.
    index: HashTable<usize>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    hand: usize,
    octets: usize,
}

/// An answer found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The answer.
    pub(crate) answer: Arc<Stored>,
    /// How old it is.
    pub(crate) age: Age,
    /// What is to be done besides giving it.
    pub(crate) state: State,
    /// What the rules asked about say of it, if that was asked before.
    pub(crate) judged: Known,
}

/// How an answer found may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Give it.
    Good,
    /// Give it, and ask for a newer one: it is nearly over, and often asked for.
    Fading,
    /// Ask for a newer one, and give it where that fails.
    Expired,
    /// Give it although it has expired: asking failed only just now.
    Held,
}

impl State {
    /// Whether it can be given before anybody is asked.
    pub(crate) fn is_servable(self) -> bool {
        match self {
            Self::Good | Self::Fading | Self::Held => true,
            Self::Expired => false,
        }
    }
}

#[derive(Debug)]
struct Slot {
    hash: u64,
    answer: Arc<Stored>,
    kind: u8,
    used: bool,
    renewing: bool,
    hits: u32,
    stored: Uptime,
    expires: Uptime,
    /// Until then nobody is to be asked again for it (RFC 8767 section 5: failure recheck timer).
    held: Uptime,
    judged: Judged,
}

impl Slot {
    fn octets(&self) -> usize {
        self.answer.octets() + OVERHEAD
    }
}

impl Cache {
    pub(crate) fn new(memory: Memory) -> Self {
        let hasher = RandomState::default();
        Self { memory, hasher, index: HashTable::new(), slots: Vec::new(), free: Vec::new(), hand: 0, octets: 0 }
    }

    fn hash(&self, query: &Query) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(query.name.wire());
        hasher.write_u32(u32::from(query.qtype) << 8 | u32::from(query.kind()));
        hasher.finish()
    }

    fn place(&self, hash: u64, query: &Query) -> Option<usize> {
        let is_it = |slot: &Slot| slot.kind == query.kind() && slot.answer.answers(&query.name, query.qtype);
        self.index.find(hash, |place| self.slots.get(*place).and_then(Option::as_ref).is_some_and(is_it)).copied()
    }

    /// The answer to `query` at `now`, with what the rules of this epoch said about it for this policy.
    pub(crate) fn get(&mut self, query: &Query, now: Uptime, rules: Option<(u64, u8)>) -> Option<Found> {
        let place = self.place(self.hash(query), query)?;
        let stale = Duration::from_secs(self.memory.stale.into());
        let slot = self.slots.get_mut(place)?.as_mut()?;
        let judged = rules.map_or(Known::No, |(epoch, policy)| slot.judged.of(epoch, policy));
        if now >= slot.expires {
            // A failure says nothing once it is over.
            if slot.answer.is_failure() || now >= slot.expires.after(stale) {
                self.remove(place);
                return None;
            }
            slot.used = true;
            let state = if now < slot.held { State::Held } else { State::Expired };
            return Some(Found { answer: Arc::clone(&slot.answer), age: Age::Stale, state, judged });
        }
        slot.used = true;
        slot.hits = slot.hits.saturating_add(1);
        let left = u32::try_from(now.until(slot.expires).as_secs()).unwrap_or(u32::MAX);
        let age = u32::try_from(slot.stored.until(now).as_secs()).unwrap_or(u32::MAX);
        let fading = !slot.renewing
            && slot.hits >= POPULAR
            && slot.answer.lifetime >= LEAST_RENEWED
            && left <= slot.answer.lifetime / 10;
        slot.renewing |= fading;
        let state = if fading { State::Fading } else { State::Good };
        Some(Found { answer: Arc::clone(&slot.answer), age: Age::Fresh(age), state, judged })
    }

    /// The answer to `query` that has expired, if one is still kept.
    pub(crate) fn expired(&mut self, query: &Query, now: Uptime) -> Option<Arc<Stored>> {
        let found = self.get(query, now, None)?;
        (found.age == Age::Stale).then_some(found.answer)
    }

    /// Notes what the rules of `epoch` say about `answer` for a policy, if that is still the answer to `query`.
    pub(crate) fn note(&mut self, query: &Query, answer: &Arc<Stored>, epoch: u64, policy: u8, judgement: &Judgement) {
        if let Some(slot) = self.slot(query)
            && Arc::ptr_eq(&slot.answer, answer)
        {
            slot.judged.note(epoch, policy, judgement);
        }
    }

    /// Asking for a newer answer failed: what has expired is given without asking until `held`.
    pub(crate) fn hold(&mut self, query: &Query, held: Uptime) {
        if let Some(slot) = self.slot(query) {
            slot.held = held;
            slot.renewing = false;
        }
    }

    fn slot(&mut self, query: &Query) -> Option<&mut Slot> {
        let place = self.place(self.hash(query), query)?;
        self.slots.get_mut(place)?.as_mut()
    }

    /// Keeps `answer`, which answers `query`, for its lifetime, in place of an older one.
    pub(crate) fn put(&mut self, query: &Query, answer: Arc<Stored>, now: Uptime) {
        let hash = self.hash(query);
        if let Some(place) = self.place(hash, query) {
            self.remove(place);
        }
        if answer.lifetime == 0 {
            return;
        }
        let slot = Slot {
            hash,
            kind: query.kind(),
            used: false,
            renewing: false,
            hits: 0,
            stored: now,
            expires: now.after(Duration::from_secs(answer.lifetime.into())),
            held: Uptime::default(),
            answer,
            judged: Judged::default(),
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
        match self.slots.get_mut(place) {
            Some(empty) => *empty = Some(slot),
            None => self.slots.push(Some(slot)),
        }
        let slots = &self.slots;
        let hash_of = |place: &usize| slots.get(*place).and_then(Option::as_ref).map_or(0, |slot| slot.hash);
        self.index.insert_unique(hash, place, hash_of);
    }

    /// Forgets everything, what has expired too.
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
            if let Ok(entry) = self.index.find_entry(slot.hash, |other| *other == place) {
                entry.remove();
            }
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

    fn key(number: u8) -> Query {
        let mut message = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01".to_vec();
        message[13] = number;
        Query::read(&message).unwrap()
    }

    /// An answer to [`key`].
    fn answer(number: u8, lifetime: u32, octets: usize) -> Arc<Stored> {
        let mut message = vec![0; octets.max(19)];
        message[12..19].copy_from_slice(&[1, number, 0, 0, 1, 0, 1]);
        Arc::new(Stored {
            message: message.into(),
            ttls: [].into(),
            question_end: 19,
            code: 0,
            errors: [].into(),
            lifetime,
        })
    }

    const fn second(seconds: u64) -> Uptime {
        Uptime::new(Duration::from_secs(seconds))
    }

    fn look(cache: &mut Cache, number: u8, at: u64) -> Option<(Age, State)> {
        cache.get(&key(number), second(at), None).map(|found| (found.age, found.state))
    }

    #[test]
    fn an_entry_ages_expires_and_dies() {
        let mut cache = Cache::new(Memory { stale: 100, ..Memory::default() });
        cache.put(&key(b'a'), answer(b'a', 10, 100), second(5));
        assert_eq!(look(&mut cache, b'a', 5), Some((Age::Fresh(0), State::Good)));
        assert_eq!(look(&mut cache, b'a', 14), Some((Age::Fresh(9), State::Good)));
        assert_eq!(look(&mut cache, b'a', 15), Some((Age::Stale, State::Expired)));
        cache.hold(&key(b'a'), second(45));
        assert_eq!(look(&mut cache, b'a', 44), Some((Age::Stale, State::Held)));
        assert_eq!(look(&mut cache, b'a', 114), Some((Age::Stale, State::Expired)));
        assert_eq!(look(&mut cache, b'a', 115), None);
        assert_eq!(cache.size(), (0, 0), "dead entries leave when they are met");
        cache.put(&key(b'a'), answer(b'a', 0, 100), second(5));
        assert_eq!(cache.size().0, 0);
    }

    #[test]
    fn what_is_often_asked_for_is_renewed_once_shortly_before_its_end() {
        let mut cache = Cache::new(Memory::default());
        cache.put(&key(b'a'), answer(b'a', 100, 100), second(0));
        let states: Vec<_> =
            [1, 2, 3, 89, 90, 91].map(|at| look(&mut cache, b'a', at).unwrap().1 == State::Fading).into();
        assert_eq!(states, [false, false, false, false, true, false]);
        cache.put(&key(b'b'), answer(b'b', 100, 100), second(0));
        assert_eq!(look(&mut cache, b'b', 99).unwrap().1, State::Good, "nobody else asks for it");
    }

    #[test]
    fn a_failure_is_not_given_once_it_has_expired() {
        let mut cache = Cache::new(Memory::default());
        let failure = Stored { code: 2, ..Stored::clone(&answer(b'a', 2, 100)) };
        cache.put(&key(b'a'), Arc::new(failure), second(0));
        assert!(look(&mut cache, b'a', 1).is_some() && look(&mut cache, b'a', 2).is_none());
    }

    #[test]
    fn verdicts_are_remembered_by_policy_for_one_epoch_and_one_answer() {
        let mut cache = Cache::new(Memory::default());
        let kept = answer(b'a', 100, 100);
        cache.put(&key(b'a'), Arc::clone(&kept), second(0));
        let blocked = Judgement::Blocked(crate::filter::Blocked::canary());
        cache.note(&key(b'a'), &kept, 7, 255, &Judgement::Open);
        cache.note(&key(b'a'), &kept, 7, 3, &blocked);
        cache.note(&key(b'a'), &answer(b'a', 100, 100), 7, 4, &Judgement::Open);
        let mut said = |epoch, policy| cache.get(&key(b'a'), second(1), Some((epoch, policy))).unwrap().judged;
        assert_eq!(said(7, 255), Known::Open);
        assert_eq!(said(7, 3), Known::Other(Arc::new(blocked)));
        assert_eq!((said(7, 4), said(8, 255)), (Known::No, Known::No), "another answer, another epoch");
        cache.note(&key(b'a'), &kept, 8, 9, &Judgement::Open);
        assert_eq!(cache.get(&key(b'a'), second(1), Some((7, 255))).unwrap().judged, Known::No);
    }

    #[test]
    fn what_is_used_outlives_what_is_not() {
        let mut cache = Cache::new(Memory { entries: 10, ..Memory::default() });
        for number in 0..10 {
            cache.put(&key(b'a' + number), answer(b'a' + number, 100, 10), second(0));
        }
        for round in 0..20 {
            assert!(look(&mut cache, b'a', 1).is_some());
            cache.put(&key(round), answer(round, 100, 10), second(1));
        }
        assert!(look(&mut cache, b'a', 1).is_some());
        assert_eq!(cache.size().0, 10);
    }

    #[test]
    fn a_giant_does_not_push_out_the_rest() {
        let mut cache = Cache::new(Memory { octets: 100_000, ..Memory::default() });
        cache.put(&key(b'a'), answer(b'a', 100, 1000), second(0));
        cache.put(&key(b'b'), answer(b'b', 100, 60_000), second(0));
        assert!(look(&mut cache, b'a', 0).is_some() && look(&mut cache, b'b', 0).is_none());
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
                    let stored = answer(number, lifetime, octets);
                    cache.put(&key(number), Arc::clone(&stored), second(now));
                    model.insert(number, (stored, now));
                } else if let Some(found) = cache.get(&key(number), second(now), None) {
                    let (latest, since) = &model[&number];
                    prop_assert!(Arc::ptr_eq(&found.answer, latest));
                    let age = u32::try_from(now - since).unwrap();
                    let expected = if age < found.answer.lifetime { Age::Fresh(age) } else { Age::Stale };
                    prop_assert_eq!(found.age, expected);
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
