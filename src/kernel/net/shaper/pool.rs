//! Which class is whose: pure bookkeeping, without a kernel.

use std::collections::{BTreeMap, BTreeSet};

use super::tier::TierId;
use super::{FIRST_MINOR, GARDEN_MINOR, LAST_MINOR, Speed};

/// Classes by tier: a class cannot move to another one in the kernel, so each tier has its own.
#[derive(Debug)]
pub(super) struct Pool {
    most: usize,
    homes: BTreeMap<u16, TierId>,
    free: BTreeMap<TierId, BTreeSet<u16>>,
    /// Taken classes with their speeds, and the garden's.
    speeds: BTreeMap<u16, Speed>,
}

impl Pool {
    pub(super) fn new(most: u16) -> Self {
        Self {
            most: usize::from(most.min(LAST_MINOR - FIRST_MINOR + 1)),
            homes: BTreeMap::from([(GARDEN_MINOR, TierId::ROOT)]),
            free: BTreeMap::new(),
            speeds: BTreeMap::from([(GARDEN_MINOR, Speed::default())]),
        }
    }

    pub(super) fn home(&self, minor: u16) -> Option<TierId> {
        self.homes.get(&minor).copied()
    }

    pub(super) fn speed(&self, minor: u16) -> Option<Speed> {
        self.speeds.get(&minor).copied()
    }

    /// Taken classes and the garden's.
    pub(super) fn speeds(&self) -> impl Iterator<Item = (u16, Speed)> {
        self.speeds.iter().map(|(minor, speed)| (*minor, *speed))
    }

    /// Remembers the speed of a taken class.
    pub(super) fn set_speed(&mut self, minor: u16, speed: Speed) {
        if let Some(known) = self.speeds.get_mut(&minor) {
            *known = speed;
        }
    }

    pub(super) fn free(&self) -> usize {
        self.free.values().map(BTreeSet::len).sum()
    }

    pub(super) fn free_in(&self, tier: TierId) -> usize {
        self.free.get(&tier).map_or(0, BTreeSet::len)
    }

    pub(super) fn taken(&self) -> usize {
        self.speeds.len().saturating_sub(1)
    }

    /// All classes with their homes, those in use first.
    pub(super) fn all(&self) -> impl Iterator<Item = (u16, TierId)> {
        let minors = self.speeds.keys().chain(self.free.values().flatten()).copied();
        minors.filter_map(|minor| Some((minor, self.home(minor)?)))
    }

    /// A class stands in this tier.
    pub(super) fn settle(&mut self, minor: u16, tier: TierId) {
        if minor == GARDEN_MINOR || !(FIRST_MINOR..=LAST_MINOR).contains(&minor) {
            return;
        }
        if let Some(former) = self.homes.insert(minor, tier) {
            self.unfree(minor, former);
        }
        if !self.speeds.contains_key(&minor) {
            self.free.entry(tier).or_default().insert(minor);
        }
    }

    /// The first free class of a tier that suits best: `suits` says how well, 0 not at all.
    pub(super) fn take(&mut self, tier: TierId, suits: impl Fn(u16) -> u8) -> Option<u16> {
        let free = self.free.get(&tier)?;
        let mut best = None;
        for minor in free {
            match suits(*minor) {
                0 => {}
                u8::MAX => {
                    best = Some(*minor);
                    break;
                }
                _ => best = best.or(Some(*minor)),
            }
        }
        let minor = best?;
        self.unfree(minor, tier);
        self.speeds.insert(minor, Speed::default());
        Some(minor)
    }

    /// Takes exactly this class; one whose home is unknown lives in `tier` until a device says otherwise.
    pub(super) fn claim(&mut self, minor: u16, tier: TierId, speed: Speed) -> bool {
        let ours = (FIRST_MINOR..=LAST_MINOR).contains(&minor) && !self.speeds.contains_key(&minor);
        if ours {
            let home = *self.homes.entry(minor).or_insert(tier);
            self.unfree(minor, home);
            self.speeds.insert(minor, speed);
        }
        ours
    }

    pub(super) fn give_back(&mut self, minor: u16) {
        if minor != GARDEN_MINOR
            && self.speeds.remove(&minor).is_some()
            && let Some(home) = self.home(minor)
        {
            self.free.entry(home).or_default().insert(minor);
        }
    }

    /// Free classes that are in the way: all of tiers that are not `wanted`, and where the pool is full, what other tiers have
    /// beyond `spare` as long as one of the wanted has less.
    pub(super) fn surplus(&self, wanted: impl Fn(TierId) -> bool, short: usize, spare: usize) -> Vec<u16> {
        let unwanted = self.free.iter().filter(|(tier, _)| !wanted(**tier)).flat_map(|(_, free)| free.iter().copied());
        let mut surplus: Vec<u16> = unwanted.collect();
        let room = self.room() + surplus.len();
        let rich = self.free.iter().filter(|(tier, _)| wanted(**tier));
        let rich = rich.flat_map(|(_, free)| free.iter().rev().take(free.len().saturating_sub(spare)));
        surplus.extend(rich.take(short.saturating_sub(room)));
        surplus
    }

    /// A free class is no more.
    pub(super) fn forget(&mut self, minor: u16) {
        if let Some(home) = self.homes.remove(&minor) {
            self.unfree(minor, home);
        }
    }

    /// Numbers for up to `count` new classes.
    pub(super) fn unused(&self, count: usize) -> Vec<u16> {
        let unused = (FIRST_MINOR..=LAST_MINOR).filter(|minor| !self.homes.contains_key(minor));
        unused.take(count.min(self.room())).collect()
    }

    fn room(&self) -> usize {
        self.most.saturating_sub(self.free() + self.taken())
    }

    fn unfree(&mut self, minor: u16, tier: TierId) {
        if let Some(free) = self.free.get_mut(&tier) {
            free.remove(&minor);
            if free.is_empty() {
                self.free.remove(&tier);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: TierId = TierId(0x9000);

    fn pool(most: u16, default: u16, plan: u16) -> Pool {
        let mut pool = Pool::new(most);
        for (tier, count) in [(TierId::DEFAULT, default), (PLAN, plan)] {
            for minor in pool.unused(count.into()) {
                pool.settle(minor, tier);
            }
        }
        pool
    }

    #[test]
    fn a_class_is_taken_from_its_tier_and_goes_back_there() {
        let mut pool = pool(100, 4, 2);
        let minor = pool.take(PLAN, |_| u8::MAX).unwrap();
        assert_eq!((pool.home(minor), pool.free_in(PLAN), pool.taken()), (Some(PLAN), 1, 1));
        pool.give_back(minor);
        assert_eq!((pool.free_in(PLAN), pool.free_in(TierId::DEFAULT), pool.taken()), (2, 4, 0));
        assert!(pool.take(PLAN, |_| 0).is_none() && pool.take(TierId(0x9001), |_| u8::MAX).is_none());
    }

    #[test]
    fn the_best_built_class_is_taken_first() {
        let mut pool = pool(100, 4, 0);
        assert_eq!(pool.take(TierId::DEFAULT, |minor| if minor == 0x12 { u8::MAX } else { 1 }), Some(0x12));
        assert_eq!(pool.take(TierId::DEFAULT, |minor| u8::from(minor > 0x10)), Some(0x11));
    }

    #[test]
    fn a_claimed_class_is_where_a_device_has_it() {
        let mut pool = pool(100, 2, 0);
        assert!(pool.claim(0x7000, PLAN, Speed::default()) && !pool.claim(0x7000, PLAN, Speed::default()));
        assert_eq!(pool.home(0x7000), Some(PLAN));
        pool.settle(0x7000, TierId::DEFAULT);
        assert_eq!((pool.home(0x7000), pool.free()), (Some(TierId::DEFAULT), 2), "it is taken, wherever it is");
        assert!(!pool.claim(2, PLAN, Speed::default()), "the garden's is nobody's");
    }

    #[test]
    fn a_full_pool_gives_what_one_tier_has_too_many_of_to_another() {
        let pool = pool(10, 10, 0);
        assert!(pool.unused(1).is_empty());
        assert_eq!(pool.surplus(|_| true, 3, 4).len(), 3);
        assert_eq!(pool.surplus(|_| true, 9, 4).len(), 6, "each keeps its spare");
        assert_eq!(pool.surplus(|tier| tier == PLAN, 0, 4).len(), 10, "a tier that is gone keeps nothing");
    }

    #[test]
    fn a_roomy_pool_gives_nothing_away() {
        assert!(pool(100, 10, 0).surplus(|_| true, 50, 4).is_empty());
    }
}
