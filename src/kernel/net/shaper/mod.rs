//! Shaping: who gets how much of the uplink.
//!
//! Each shaped device (a visitor bridge for downloads, an uplink for uploads) has one HTB tree:
//!
//! ```text
//! 1:            unclassified packets go straight on (DHCP, DNS, the portal, the router itself)
//! └ 1:1             95 % of the stated uplink speed
//!   ├ 1:2           the walled garden, all visitors together
//!   ├ 1:3           the default tier: what is guaranteed to nobody, at least 1 %
//!   │ └ 1:10 ...    one class a visitor (two, for plans that slow down), handed out from a pool
//!   └ 1:8000 ...    a tier for each plan with a share of the uplink: guaranteed to it, lent to others while it is idle
//!     └ 1:11 ...    its visitors, from a pool of its own
//! ```
//!
//! What is guaranteed comes first; what is left over is lent to all who want more, evenly by visitor. A class cannot move to
//! another tier in the kernel: a visitor whose plan gets a share (or loses it) is given another class, and the one it had is
//! returned to its pool, or removed with the tier.
//!
//! The nft table steers a visitor's packets by `skb->priority`; the same minor is used on every device, so one number serves both
//! directions. Creating classes is quadratic in the kernel, so the pool grows a few at a time in the background
//! ([`Shaper::grow`]) and a login only changes rates (3 µs). A packet whose class is not built yet (an uplink that was plugged in
//! a moment ago) is sent unshaped. A restart takes the trees over as they are: [`Shaper::claim`] what the nft maps still use
//! before the first [`Shaper::take`].

mod device;
mod pool;
mod rates;
mod tc;
mod tier;

use std::collections::BTreeMap;
use std::fmt;

use gapura_model::{BitRate, IfName};
use serde::{Deserialize, Serialize};

use self::device::Device;
use self::pool::Pool;
pub use self::tc::Leaf;
pub use self::tier::{TierId, TierSpeed};
use super::{LinkIndex, NetError, Route};

/// Ceilings of a visitor, seen from the device; `None` is no ceiling of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speed {
    /// From the device.
    pub up: Option<BitRate>,
    /// To the device.
    pub down: Option<BitRate>,
}

/// Which direction passes a device on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// A visitor bridge: downloads leave by it.
    Lan,
    /// An uplink: uploads leave by it.
    Uplink,
}

impl Side {
    /// The ceiling that holds for what leaves by such a device.
    const fn of(self, speed: Speed) -> Option<BitRate> {
        match self {
            Self::Lan => speed.down,
            Self::Uplink => speed.up,
        }
    }
}

/// A class of the pool, the same on every device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClassId(u16);

impl ClassId {
    /// The class of the walled garden.
    pub const GARDEN: Self = Self(GARDEN_MINOR);

    /// The minor number.
    pub const fn minor(self) -> u16 {
        self.0
    }

    /// What the nft map holds and `skb->priority` carries: `1 << 16 | minor`.
    pub const fn handle(self) -> u32 {
        0x0001_0000 | self.0 as u32
    }

    /// Reads a handle back; `None` if it is not a class of the pool.
    pub fn from_handle(handle: u32) -> Option<Self> {
        let minor = u16::try_from(handle & 0xffff).ok()?;
        let ours = handle >> 16 == 1 && (FIRST_MINOR..=LAST_MINOR).contains(&minor);
        ours.then_some(Self(minor))
    }
}

impl fmt::Display for ClassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1:{:x}", self.0)
    }
}

/// What a call of [`Shaper::grow`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// Classes created on devices that lacked them.
    pub rebuilt: usize,
    /// New classes in the pool.
    pub added: usize,
    /// Classes taken away: their tier is gone, or another one needs the room.
    pub removed: usize,
    /// Classes that devices still lack: call again.
    pub lacking: usize,
}

/// All shaping trees and the pool of classes.
#[derive(Debug)]
pub struct Shaper {
    route: Route,
    leaf: Leaf,
    devices: Vec<Device>,
    tiers: BTreeMap<TierId, TierSpeed>,
    pool: Pool,
}

/// First minor of the pool.
const FIRST_MINOR: u16 = 0x10;
/// Last minor of the pool: queue handles from 0x8000 belong to the kernel.
const LAST_MINOR: u16 = 0x7fff;
const GARDEN_MINOR: u16 = 2;

impl Shaper {
    /// No devices yet, and only the default tier. `leaf` comes from [`super::NetFeatures::leaf`]; `most` bounds the pool (classes
    /// cost about 1 kB each on every device, and creating the ten thousandth takes 0.6 ms).
    pub fn open(leaf: Leaf, most: u16) -> Result<Self, NetError> {
        let tiers = BTreeMap::from([(TierId::DEFAULT, TierSpeed::default())]);
        Ok(Self { route: Route::open()?, leaf, devices: Vec::new(), tiers, pool: Pool::new(most) })
    }

    /// Shapes a device, or changes its stated speed: 95 % of `stated` is shared out; `None` leaves only the visitors' own ceilings
    /// and those of tiers.
    ///
    /// Each device has a tree of its own: where two visitor bridges share one uplink, split its speed between them.
    ///
    /// An existing tree of ours is taken over with its classes. A new device gets its classes in [`Shaper::grow`].
    pub fn set_device(&mut self, name: &IfName, side: Side, stated: Option<BitRate>) -> Result<(), NetError> {
        if let Some(device) = self.devices.iter_mut().find(|device| device.name == *name && device.side == side) {
            if device.stated == stated && !device.is_lost() {
                return Ok(());
            }
            device.stated = stated;
            device.verify(&mut self.route, self.leaf, &self.tiers)?;
            return device.set_rates(&mut self.route, self.leaf, self.pool.speeds());
        }
        self.devices.retain(|device| device.name != *name);
        let mut device = Device::adopt(&mut self.route, name, side, stated, self.leaf, &self.tiers)?;
        for (minor, tier) in device.places() {
            // Where devices disagree about a class, the first one is right and the others build it again.
            if !self.devices.iter().any(|other| other.has(minor)) {
                self.pool.settle(minor, tier);
            }
        }
        device.set_rates(&mut self.route, self.leaf, self.pool.speeds())?;
        self.devices.push(device);
        Ok(())
    }

    /// Sets the tiers beside the default one, all at once. A change of speeds touches no visitor; a tier that is no longer named
    /// keeps its visitors, without a guarantee, until they are given classes elsewhere ([`Shaper::is_in`]).
    ///
    /// A device that cannot be told does not keep the others from it; it is told by the next [`Shaper::verify`].
    pub fn set_tiers(&mut self, tiers: BTreeMap<TierId, TierSpeed>) -> Result<(), NetError> {
        let mut tiers = tiers;
        tiers.insert(TierId::DEFAULT, TierSpeed::default());
        if tiers == self.tiers {
            return Ok(());
        }
        self.tiers = tiers;
        let mut failed = None;
        for device in self.devices.iter_mut().filter(|device| !device.is_lost()) {
            let done = device
                .set_tiers(&mut self.route, &self.tiers)
                .and_then(|()| device.set_rates(&mut self.route, self.leaf, self.pool.speeds()));
            failed = failed.or(done.err());
        }
        failed.map_or(Ok(()), Err)
    }

    /// No longer shapes a device and takes its tree away; one that is gone is simply forgotten.
    pub fn remove_device(&mut self, name: &IfName) -> Result<(), NetError> {
        let Some(at) = self.devices.iter().position(|device| device.name == *name) else {
            return Ok(());
        };
        self.devices.swap_remove(at).tear_down(&mut self.route)
    }

    /// The shaped devices.
    pub fn devices(&self) -> impl Iterator<Item = (&IfName, Side, Option<BitRate>)> {
        self.devices.iter().map(|device| (&device.name, device.side, device.stated))
    }

    /// The ceiling of the walled garden, all visitors together.
    pub fn set_garden(&mut self, speed: Speed) -> Result<(), NetError> {
        self.set_rate(ClassId::GARDEN, speed)
    }

    /// Creates (or takes away) at most `most` classes, counted on every device: first those a device lacks, classes in use before
    /// others, then new ones until each tier has `spare` that nobody has. Call it from a timer with a small `most` until it has
    /// nothing to do.
    ///
    /// An error on one device does not keep the others from growing; the first error is returned at the end. A device that vanished
    /// is left alone until [`Shaper::verify`] finds it again.
    pub fn grow(&mut self, most: usize, spare: usize) -> Result<Growth, NetError> {
        let mut growth = Growth::default();
        let mut room = most;
        let mut failed = None;
        self.house();
        for device in self.devices.iter_mut().filter(|device| !device.is_lost()) {
            let wanted = |tier: TierId| tier == TierId::ROOT || self.tiers.contains_key(&tier);
            let lacking = self.pool.all().filter(|(minor, tier)| wanted(*tier) && !device.holds(*minor, *tier));
            let mut part: Vec<_> = lacking.collect();
            growth.lacking += part.len().saturating_sub(room);
            part.truncate(room);
            match device.build(&mut self.route, self.leaf, &part, &self.pool) {
                Ok(()) => growth.rebuilt += part.len(),
                Err(error) => {
                    growth.lacking += part.len();
                    failed = failed.or(Some(error));
                }
            }
            room = room.saturating_sub(part.len());
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if growth.lacking == 0 && !self.devices.is_empty() {
            let room = room / self.devices.len();
            growth.removed = self.shrink(room, spare)?;
            growth.added = self.extend(room.saturating_sub(growth.removed), spare)?;
        }
        Ok(growth)
    }

    /// Takes a class of a tier, one that is built on every device before one that some device still lacks; `None`: it has none
    /// now, send the visitor unshaped and grow. The class keeps the rates of its last use until [`Shaper::set_rate`].
    pub fn take(&mut self, tier: TierId) -> Option<ClassId> {
        let devices = &self.devices;
        let suits = |minor: u16| {
            let having = devices.iter().filter(|device| device.holds(minor, tier)).count();
            if having == devices.len() { u8::MAX } else { u8::from(having > 0) }
        };
        self.pool.take(tier, suits).map(ClassId)
    }

    /// Takes exactly this class, after a restart; its rates are not touched until [`Shaper::set_rate`]. False if it is taken already
    /// or out of the pool's range. Where a device has it, it is in the tier it is in there; one that no device has is built in
    /// `tier` by the next [`Shaper::grow`].
    pub fn claim(&mut self, class: ClassId, tier: TierId, speed: Speed) -> bool {
        self.pool.claim(class.0, tier, speed)
    }

    /// Whether a class may serve a visitor of this tier; otherwise take another one, and give this one back after that.
    pub fn is_in(&self, class: ClassId, tier: TierId) -> bool {
        self.pool.home(class.0) == Some(tier)
    }

    /// Returns a class to the pool. Take it out of the nft maps first.
    pub fn give_back(&mut self, class: ClassId) {
        self.pool.give_back(class.0);
    }

    /// Sets the ceilings of a taken class on every device. A class that somebody deleted is built again by the next
    /// [`Shaper::grow`], with these rates. Rates that the class has already cost nothing.
    pub fn set_rate(&mut self, class: ClassId, speed: Speed) -> Result<(), NetError> {
        self.pool.set_speed(class.0, speed);
        for device in &mut self.devices {
            device.set_rates(&mut self.route, self.leaf, std::iter::once((class.0, speed)))?;
        }
        Ok(())
    }

    /// Reads every tree back, repairs roots, tiers and rates and finds what is missing (somebody ran `tc qdisc del`, a device was
    /// unplugged and plugged in again). Returns the number of classes to build: call [`Shaper::grow`]. A device that is gone is left
    /// for later.
    pub fn verify(&mut self) -> Result<usize, NetError> {
        let mut missing = 0;
        for device in &mut self.devices {
            match device.verify(&mut self.route, self.leaf, &self.tiers) {
                Ok(lost) => {
                    missing += lost;
                    device.set_rates(&mut self.route, self.leaf, self.pool.speeds())?;
                }
                Err(NetError::NoSuchLink(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(missing)
    }

    /// Classes in the pool that nobody has, in all tiers.
    pub fn free(&self) -> usize {
        self.pool.free()
    }

    /// Classes of one tier that nobody has.
    pub fn free_in(&self, tier: TierId) -> usize {
        self.pool.free_in(tier)
    }

    /// Classes taken.
    pub fn taken(&self) -> usize {
        self.pool.taken()
    }

    /// Classes in use whose tier is gone, and that are on no device any more, go to the default tier.
    fn house(&mut self) {
        let known = |tier: TierId| tier == TierId::ROOT || self.tiers.contains_key(&tier);
        let homeless: Vec<u16> = self
            .pool
            .all()
            .filter(|(minor, tier)| !known(*tier) && !self.devices.iter().any(|device| device.has(*minor)))
            .map(|(minor, _)| minor)
            .collect();
        for minor in homeless {
            self.pool.settle(minor, TierId::DEFAULT);
        }
    }

    /// Takes away up to `count` free classes that are in the way, and the tiers that are empty then.
    fn shrink(&mut self, count: usize, spare: usize) -> Result<usize, NetError> {
        let short = self.tiers.keys().map(|tier| spare.saturating_sub(self.pool.free_in(*tier))).sum();
        let mut surplus = self.pool.surplus(|tier| self.tiers.contains_key(&tier), short, spare);
        surplus.truncate(count);
        for device in self.devices.iter_mut().filter(|device| !device.is_lost()) {
            let there: Vec<u16> = surplus.iter().copied().filter(|minor| device.has(*minor)).collect();
            device.remove(&mut self.route, &there)?;
            device.drop_empty_tiers(&mut self.route)?;
        }
        for minor in &surplus {
            self.pool.forget(*minor);
        }
        Ok(surplus.len())
    }

    /// Adds up to `count` new classes on every device, where a tier has fewer than `spare`.
    fn extend(&mut self, count: usize, spare: usize) -> Result<usize, NetError> {
        let short = self.tiers.keys().flat_map(|tier| {
            let missing = spare.saturating_sub(self.pool.free_in(*tier));
            std::iter::repeat_n(*tier, missing)
        });
        let new: Vec<(u16, TierId)> = self.pool.unused(count).into_iter().zip(short).collect();
        for device in self.devices.iter_mut().filter(|device| !device.is_lost()) {
            device.build(&mut self.route, self.leaf, &new, &self.pool)?;
        }
        for (minor, tier) in &new {
            self.pool.settle(*minor, *tier);
        }
        Ok(new.len())
    }
}

/// Whether a device takes an HTB root; for trying on a scratch device.
pub(super) fn can_lay_root(route: &mut Route, link: LinkIndex) -> bool {
    let rates = rates::root(None).class;
    let requests = [tc::root_qdisc(link), tc::class(link, tc::ROOT_CLASS, 0, &rates, true)];
    route.conn().batch("try HTB", requests).is_ok_and(|outcomes| outcomes.iter().all(Result::is_ok))
}

/// Whether a class may have this queue; for trying on a scratch device that has a root.
pub(super) fn can_use_leaf(route: &mut Route, link: LinkIndex, leaf: Leaf) -> bool {
    let rates = rates::visitor(&rates::root(None), None);
    let requests = [
        tc::class(link, FIRST_MINOR, tc::ROOT_CLASS, &rates, true),
        tc::leaf(link, 1500, FIRST_MINOR, leaf, &rates),
        tc::delete_leaf(link, FIRST_MINOR),
    ];
    route.conn().batch("try a queue", requests).is_ok_and(|outcomes| outcomes.iter().all(Result::is_ok))
}

/// Reads a row of the kernel's tables, for the tests with hostile replies.
#[cfg(test)]
pub(super) fn parse_row(message: super::codec::Message<'_>, kind: u16) -> bool {
    tc::parse_class(message).is_some() || tc::Row::read(message, kind).is_some()
}
