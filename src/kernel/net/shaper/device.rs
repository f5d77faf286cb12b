//! The tree of one device.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::{BitRate, IfName};

use super::rates::{self, ClassRates, Told};
use super::tc::{self, Leaf, ROOT_CLASS};
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
    /// The classes that are there, and what the kernel was told about each.
    built: BTreeMap<u16, Told>,
    /// The device vanished, or its tree did; `verify` looks again.
    lost: bool,
}

impl Device {
    /// Finds the device and takes over the tree it has, or lays a new root.
    pub(super) fn adopt(
        route: &mut Route,
        name: &IfName,
        side: Side,
        stated: Option<BitRate>,
        leaf: Leaf,
    ) -> Result<Self, NetError> {
        let link = route.link(name)?;
        let mut device = Self {
            name: name.clone(),
            side,
            stated,
            index: link.index,
            mtu: link.mtu,
            built: BTreeMap::new(),
            lost: false,
        };
        let found = tc::read(route, device.index, leaf)?;
        if !found.root {
            route.conn().ack("lay the root of a shaping tree", tc::root_qdisc(device.index))?;
        }
        device.set_root(route, stated)?;
        device.remember(&found);
        Ok(device)
    }

    /// Reads the device again; returns how many classes are missing that were there, and repairs the root.
    pub(super) fn verify(&mut self, route: &mut Route, leaf: Leaf) -> Result<usize, NetError> {
        let before = std::mem::take(&mut self.built);
        let mut fresh =
            Self::adopt(route, &self.name, self.side, self.stated, leaf).inspect_err(|_| self.lost = true)?;
        let missing = before.keys().filter(|minor| !fresh.has(**minor)).count();
        std::mem::swap(self, &mut fresh);
        Ok(missing)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    pub(super) fn has(&self, minor: u16) -> bool {
        self.built.contains_key(&minor)
    }

    pub(super) fn minors(&self) -> impl Iterator<Item = u16> {
        self.built.range(FIRST_MINOR..=LAST_MINOR).map(|(minor, _)| *minor)
    }

    /// Creates or changes class 1:1.
    pub(super) fn set_root(&mut self, route: &mut Route, stated: Option<BitRate>) -> Result<(), NetError> {
        let rates = rates::root(stated);
        route.conn().ack("set the speed of an uplink", tc::class(self.index, ROOT_CLASS, 0, &rates, true))?;
        self.stated = stated;
        Ok(())
    }

    /// Creates classes and their queues.
    pub(super) fn build(
        &mut self,
        route: &mut Route,
        leaf: Leaf,
        minors: &[u16],
        speeds: &BTreeMap<u16, Speed>,
    ) -> Result<(), NetError> {
        for part in minors.chunks(BATCH) {
            let rates: Vec<_> = part.iter().map(|minor| (*minor, self.rates(speeds.get(minor)))).collect();
            let link = self.index;
            let classes = rates.iter().map(|(minor, rates)| tc::class(link, *minor, ROOT_CLASS, rates, true));
            self.all(route, "create traffic classes", classes)?;
            let leaves = rates.iter().map(|(minor, rates)| tc::leaf(self.index, self.mtu, *minor, leaf, rates));
            for (outcome, (minor, rates)) in route.conn().batch("create queues", leaves)?.into_iter().zip(&rates) {
                match outcome {
                    // Another kind of queue has the handle: an earlier run had another kernel or configuration.
                    Err(error) if error.is(libc::EINVAL) => self.replace_leaf(route, leaf, *minor, rates)?,
                    outcome => outcome?,
                }
                self.built.insert(*minor, rates.told());
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
            .map(|(minor, speed)| (minor, self.rates(Some(&speed))))
            .filter(|(minor, rates)| self.built.get(minor).is_some_and(|told| *told != rates.told()))
            .collect();
        // fq_codel needs no new size: it drops by delay.
        let each = if leaf == Leaf::FqCodel { 1 } else { 2 };
        for part in changed.chunks(BATCH) {
            let requests = part.iter().flat_map(|(minor, rates)| {
                let class = tc::class(self.index, *minor, ROOT_CLASS, rates, false);
                [class, tc::leaf(self.index, self.mtu, *minor, leaf, rates)].into_iter().take(each)
            });
            let outcomes = route.conn().batch("change the speed of a class", requests)?;
            for (outcome, (minor, rates)) in outcomes.chunks(each).zip(part) {
                if outcome.iter().any(Result::is_err) {
                    self.built.remove(minor);
                } else {
                    self.built.insert(*minor, rates.told());
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
        self.built.clear();
        match route.conn().ack("remove a shaping tree", tc::delete_root(self.index)) {
            Err(error) if is_gone(&error) => Ok(()),
            outcome => outcome,
        }
    }

    fn rates(&self, speed: Option<&Speed>) -> ClassRates {
        let limit = speed.and_then(|speed| match self.side {
            Side::Lan => speed.down,
            Side::Uplink => speed.up,
        });
        rates::visitor(self.stated, limit)
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
        let ours = |minor: &u16| *minor == GARDEN_MINOR || (FIRST_MINOR..=LAST_MINOR).contains(minor);
        self.built = found.classes.iter().copied().filter(|(minor, _)| ours(minor) && leaves.contains(minor)).collect();
    }
}

fn is_gone(error: &NetError) -> bool {
    // EINVAL: "Specified class not found" while its root is gone.
    error.is_absent() || error.is(libc::EINVAL) || error.is(libc::EOPNOTSUPP)
}
