//! The tree of one device.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::{BitRate, IfName};

use super::pool::Pool;
use super::rates::{self, ClassRates, TierRates, Told};
use super::tc::{self, Leaf, ROOT_CLASS};
use super::tier::{TierId, TierSpeed};
use super::{FIRST_MINOR, GARDEN_MINOR, LAST_MINOR, Side, Speed};
use crate::net::codec::Request;
use crate::net::{LinkIndex, NetError, Route};

/// Classes made in one datagram; their acknowledgements fit the socket's smallest receive buffer.
const BATCH: usize = 32;

#[derive(Debug)]
pub(super) struct Device {
    pub(super) name: IfName,
    pub(super) side: Side,
    pub(super) stated: Option<BitRate>,
    index: LinkIndex,
    mtu: u32,
    /// The tiers that are wanted, worked out for this device.
    rates: BTreeMap<TierId, TierRates>,
    /// The tiers that are there.
    tiers: BTreeMap<TierId, Told>,
    /// The visitors' classes that are there.
    placed: BTreeMap<u16, Placed>,
    /// The device vanished, or its tree did; `verify` looks again.
    lost: bool,
}

/// A visitor's class as the kernel has it.
#[derive(Clone, Copy, Debug)]
struct Placed {
    tier: TierId,
    /// What the kernel was told; `None`: its queue is missing or of another kind.
    told: Option<Told>,
}

impl Device {
    /// Finds the device and takes over the tree it has, or lays a new root.
    pub(super) fn adopt(
        route: &mut Route,
        name: &IfName,
        side: Side,
        stated: Option<BitRate>,
        leaf: Leaf,
        tiers: &BTreeMap<TierId, TierSpeed>,
    ) -> Result<Self, NetError> {
        let link = route.link(name)?;
        let mut device = Self {
            name: name.clone(),
            side,
            stated,
            index: link.index,
            mtu: link.mtu,
            rates: BTreeMap::new(),
            tiers: BTreeMap::new(),
            placed: BTreeMap::new(),
            lost: false,
        };
        let found = tc::read(route, device.index, leaf)?;
        if !found.root {
            route.conn().ack("lay the root of a shaping tree", tc::root_qdisc(device.index))?;
        }
        device.remember(&found);
        device.set_tiers(route, tiers)?;
        Ok(device)
    }

    /// Reads the device again; returns how many classes are missing (or moved) that were there, and repairs root and tiers.
    pub(super) fn verify(
        &mut self,
        route: &mut Route,
        leaf: Leaf,
        tiers: &BTreeMap<TierId, TierSpeed>,
    ) -> Result<usize, NetError> {
        let before = std::mem::take(&mut self.placed);
        let mut fresh =
            Self::adopt(route, &self.name, self.side, self.stated, leaf, tiers).inspect_err(|_| self.lost = true)?;
        let was_well = before.iter().filter(|(_, placed)| placed.told.is_some());
        let missing = was_well.filter(|(minor, placed)| !fresh.holds(**minor, placed.tier)).count();
        std::mem::swap(self, &mut fresh);
        Ok(missing)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// The class is there, in this tier and with its queue.
    pub(super) fn holds(&self, minor: u16, tier: TierId) -> bool {
        self.placed.get(&minor).is_some_and(|placed| placed.tier == tier && placed.told.is_some())
    }

    /// The visitors' classes that are there, and the tiers they are in.
    pub(super) fn places(&self) -> impl Iterator<Item = (u16, TierId)> {
        self.placed.range(FIRST_MINOR..=LAST_MINOR).map(|(minor, placed)| (*minor, placed.tier))
    }

    /// Whether the class is there at all.
    pub(super) fn has(&self, minor: u16) -> bool {
        self.placed.contains_key(&minor)
    }

    /// Sets the root and the tiers under it; those that are not wanted any more lose their guarantee at once, and go when their
    /// last visitor is gone. Nobody's class is touched.
    pub(super) fn set_tiers(&mut self, route: &mut Route, tiers: &BTreeMap<TierId, TierSpeed>) -> Result<(), NetError> {
        let root = rates::root(self.stated);
        let request = tc::class(self.index, ROOT_CLASS, 0, &root.class, true);
        route.conn().ack("set the speed of an uplink", request)?;
        self.rates = rates::tiers(self.stated, self.side, tiers);
        let leaving = rates::leaving(self.stated);
        let unwanted = self.tiers.keys().filter(|tier| !self.rates.contains_key(tier)).map(|tier| (*tier, leaving));
        let mut changes: Vec<_> = self.rates.iter().map(|(tier, rates)| (*tier, rates.class)).chain(unwanted).collect();
        changes.retain(|(tier, rates)| self.tiers.get(tier) != Some(&rates.told()));
        // What shrinks before what grows, so that never more is guaranteed than there is.
        changes.sort_by_key(|(tier, rates)| self.tiers.get(tier).is_none_or(|told| told.rate < rates.rate));
        for part in changes.chunks(BATCH) {
            let requests =
                part.iter().map(|(tier, rates)| tc::class(self.index, tier.minor(), ROOT_CLASS, rates, true));
            let outcomes = route.conn().batch("set the speed of a tier", requests)?;
            for (outcome, (tier, rates)) in outcomes.into_iter().zip(part) {
                outcome.inspect_err(|_| self.lost = true)?;
                self.tiers.insert(*tier, rates.told());
            }
        }
        Ok(())
    }

    /// Takes away tiers that are not wanted any more and have nobody in them.
    pub(super) fn drop_empty_tiers(&mut self, route: &mut Route) -> Result<(), NetError> {
        let used: BTreeSet<TierId> = self.placed.values().map(|placed| placed.tier).collect();
        let empty = |tier: &&TierId| !self.rates.contains_key(tier) && !used.contains(tier);
        let empty: Vec<TierId> = self.tiers.keys().filter(empty).copied().collect();
        for tier in empty {
            match route.conn().ack("remove a tier", tc::delete_class(self.index, tier.minor())) {
                // Somebody else put a class under it: it stays, without a guarantee.
                Err(error) if error.is(libc::EBUSY) => continue,
                Err(error) if !is_gone(&error) => return Err(error),
                _ => {}
            }
            self.tiers.remove(&tier);
        }
        Ok(())
    }

    /// Creates classes and their queues, each in its tier; those that stand in another one are taken away first.
    pub(super) fn build(
        &mut self,
        route: &mut Route,
        leaf: Leaf,
        minors: &[(u16, TierId)],
        pool: &Pool,
    ) -> Result<(), NetError> {
        let misplaced = |(minor, tier): &&(u16, TierId)| self.placed.get(minor).is_some_and(|is| is.tier != *tier);
        let misplaced: Vec<u16> = minors.iter().filter(misplaced).map(|(minor, _)| *minor).collect();
        self.remove(route, &misplaced)?;
        for part in minors.chunks(BATCH) {
            let rates: Vec<_> = part
                .iter()
                .map(|(minor, tier)| (*minor, *tier, self.rates(*tier, pool.speed(*minor).as_ref())))
                .collect();
            let link = self.index;
            let classes = rates.iter().map(|(minor, tier, rates)| tc::class(link, *minor, tier.minor(), rates, true));
            self.all(route, "create traffic classes", classes)?;
            let leaves = rates.iter().map(|(minor, _, rates)| tc::leaf(self.index, self.mtu, *minor, leaf, rates));
            let outcomes = route.conn().batch("create queues", leaves)?;
            for (outcome, (minor, tier, rates)) in outcomes.into_iter().zip(&rates) {
                match outcome {
                    // Another kind of queue has the handle: an earlier run had another kernel or configuration.
                    Err(error) if error.is(libc::EINVAL) => self.replace_leaf(route, leaf, *minor, rates)?,
                    outcome => outcome?,
                }
                self.placed.insert(*minor, Placed { tier: *tier, told: Some(rates.told()) });
            }
        }
        Ok(())
    }

    /// Takes classes away; packets that wait in them are dropped.
    pub(super) fn remove(&mut self, route: &mut Route, minors: &[u16]) -> Result<(), NetError> {
        for part in minors.chunks(BATCH) {
            let requests = part.iter().map(|minor| tc::delete_class(self.index, *minor));
            for (outcome, minor) in route.conn().batch("remove traffic classes", requests)?.into_iter().zip(part) {
                match outcome {
                    Err(error) if !is_gone(&error) => return Err(error),
                    _ => drop(self.placed.remove(minor)),
                }
            }
        }
        Ok(())
    }

    /// Changes the rates of classes that are not told so already; those that are not there (any more) are left for the next round
    /// of building.
    pub(super) fn set_rates(
        &mut self,
        route: &mut Route,
        leaf: Leaf,
        speeds: impl Iterator<Item = (u16, Speed)>,
    ) -> Result<(), NetError> {
        let changed: Vec<_> = speeds
            .filter_map(|(minor, speed)| {
                let placed = self.placed.get(&minor)?;
                let rates = self.rates(placed.tier, Some(&speed));
                (placed.told? != rates.told()).then_some((minor, placed.tier, rates))
            })
            .collect();
        // fq_codel needs no new size: it drops by delay.
        let each = if leaf == Leaf::FqCodel { 1 } else { 2 };
        for part in changed.chunks(BATCH) {
            let requests = part.iter().flat_map(|(minor, tier, rates)| {
                let class = tc::class(self.index, *minor, tier.minor(), rates, false);
                [class, tc::leaf(self.index, self.mtu, *minor, leaf, rates)].into_iter().take(each)
            });
            let outcomes = route.conn().batch("change the speed of a class", requests)?;
            for (outcome, (minor, tier, rates)) in outcomes.chunks(each).zip(part) {
                if outcome.iter().any(Result::is_err) {
                    self.placed.remove(minor);
                } else {
                    self.placed.insert(*minor, Placed { tier: *tier, told: Some(rates.told()) });
                }
            }
            if let Some(error) = outcomes.into_iter().filter_map(Result::err).find(|error| !is_gone(error)) {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes the whole tree away; a device that is gone has none.
    pub(super) fn tear_down(&mut self, route: &mut Route) -> Result<(), NetError> {
        self.placed.clear();
        self.tiers.clear();
        match route.conn().ack("remove a shaping tree", tc::delete_root(self.index)) {
            Err(error) if is_gone(&error) => Ok(()),
            outcome => outcome,
        }
    }

    fn rates(&self, tier: TierId, speed: Option<&Speed>) -> ClassRates {
        let limit = speed.and_then(|speed| self.side.of(*speed));
        match self.rates.get(&tier) {
            Some(tier) => rates::visitor(tier, limit),
            None => rates::visitor(&rates::root(self.stated), limit),
        }
    }

    fn replace_leaf(&self, route: &mut Route, leaf: Leaf, minor: u16, rates: &ClassRates) -> Result<(), NetError> {
        route.conn().ack("remove a queue of another kind", tc::delete_leaf(self.index, minor))?;
        route.conn().ack("create a queue", tc::leaf(self.index, self.mtu, minor, leaf, rates))
    }

    fn all(
        &mut self,
        route: &mut Route,
        action: &'static str,
        requests: impl Iterator<Item = Request>,
    ) -> Result<(), NetError> {
        for outcome in route.conn().batch(action, requests)? {
            outcome.inspect_err(|error| self.lost |= is_gone(error))?;
        }
        Ok(())
    }

    fn remember(&mut self, found: &tc::Found) {
        let leaves: BTreeSet<u16> = found.leaves.iter().copied().collect();
        for (minor, parent, told) in found.classes.iter().copied() {
            if let Some(tier) = TierId::from_minor(minor) {
                self.tiers.insert(tier, told);
            } else if minor == GARDEN_MINOR || (FIRST_MINOR..=LAST_MINOR).contains(&minor) {
                let told = leaves.contains(&minor).then_some(told);
                self.placed.insert(minor, Placed { tier: TierId(parent), told });
            }
        }
    }
}

fn is_gone(error: &NetError) -> bool {
    // EINVAL: "Specified class not found" while its root is gone.
    error.is_absent() || error.is(libc::EINVAL) || error.is(libc::EOPNOTSUPP)
}
