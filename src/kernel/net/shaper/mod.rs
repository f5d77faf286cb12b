//! Shaping: who gets how much of the uplink.
//!
//! Each shaped device (a visitor bridge for downloads, an uplink for uploads) has one HTB tree:
//!
//! ```text
//! 1:            unclassified packets go straight on (DHCP, DNS, the portal, the router itself)
//! └ 1:1         95 % of the stated uplink speed
//!   ├ 1:2       the walled garden, all visitors together
//!   └ 1:10 ...  one class a visitor (two, for plans that slow down), handed out from a pool
//! ```
//!
//! The nft table steers a visitor's packets by `skb->priority`; the same minor is used on every device, so one number serves both
//! directions. Creating classes is quadratic in the kernel, so the pool grows a few at a time in the background
//! ([`Shaper::grow`]) and a login only changes rates (3 µs). A packet whose class is not built yet (an uplink that was plugged in
//! a moment ago) is sent unshaped. A restart takes the trees over as they are: [`Shaper::claim`] what the nft maps still use
//! before the first [`Shaper::take`].

mod device;
mod rates;
mod tc;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gapura_model::{BitRate, IfName};
use serde::{Deserialize, Serialize};

use self::device::Device;
pub use self::tc::Leaf;
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
    /// Classes that devices still lack: call again.
    pub lacking: usize,
}

/// All shaping trees and the pool of classes.
#[derive(Debug)]
pub struct Shaper {
    route: Route,
    leaf: Leaf,
    most: u16,
    devices: Vec<Device>,
    free: BTreeSet<u16>,
    /// Taken classes with their speeds, and the garden's.
    speeds: BTreeMap<u16, Speed>,
}

/// First minor of the pool.
const FIRST_MINOR: u16 = 0x10;
/// Last minor of the pool: queue handles from 0x8000 belong to the kernel.
const LAST_MINOR: u16 = 0x7fff;
const GARDEN_MINOR: u16 = 2;

impl Shaper {
    /// No devices yet. `leaf` comes from [`super::NetFeatures::leaf`]; `most` bounds the pool (classes cost about 1 kB each on every
    /// device, and creating the ten thousandth takes 0.6 ms).
    pub fn open(leaf: Leaf, most: u16) -> Result<Self, NetError> {
        let most = most.min(LAST_MINOR - FIRST_MINOR + 1);
        let speeds = BTreeMap::from([(GARDEN_MINOR, Speed::default())]);
        Ok(Self { route: Route::open()?, leaf, most, devices: Vec::new(), free: BTreeSet::new(), speeds })
    }

    /// Shapes a device, or changes its stated speed: 95 % of `stated` is shared out; `None` leaves only the visitors' own ceilings.
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
            device.verify(&mut self.route, self.leaf)?;
            let speeds = self.speeds.iter().map(|(minor, speed)| (*minor, *speed));
            return device.set_rates(&mut self.route, self.leaf, speeds);
        }
        self.devices.retain(|device| device.name != *name);
        let mut device = Device::adopt(&mut self.route, name, side, stated, self.leaf)?;
        device.set_rates(&mut self.route, self.leaf, self.speeds.iter().map(|(minor, speed)| (*minor, *speed)))?;
        for minor in device.minors().filter(|minor| !self.speeds.contains_key(minor)) {
            self.free.insert(minor);
        }
        self.devices.push(device);
        Ok(())
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

    /// Creates at most `most` classes (counted on every device): first those a device lacks, classes in use before others, then
    /// new ones for the pool. Call it from a timer with a small number until nothing lacks and [`Shaper::free`] is enough.
    ///
    /// An error on one device does not keep the others from growing; the first error is returned at the end. A device that vanished
    /// is left alone until [`Shaper::verify`] finds it again.
    pub fn grow(&mut self, most: usize) -> Result<Growth, NetError> {
        let mut growth = Growth::default();
        let mut room = most;
        let mut failed = None;
        for device in self.devices.iter_mut().filter(|device| !device.is_lost()) {
            let lacking = || self.speeds.keys().chain(&self.free).copied().filter(|minor| !device.has(*minor));
            let part: Vec<_> = lacking().take(room).collect();
            growth.lacking += lacking().count().saturating_sub(part.len());
            match device.build(&mut self.route, self.leaf, &part, &self.speeds) {
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
            growth.added = self.extend(room / self.devices.len())?;
        }
        Ok(growth)
    }

    /// Takes a class, one that is built on every device before one that some device still lacks; `None`: the pool is empty, send
    /// the visitor unshaped and grow. The class keeps the rates of its last use until [`Shaper::set_rate`].
    pub fn take(&mut self) -> Option<ClassId> {
        let everywhere = |minor: &&u16| self.devices.iter().all(|device| device.has(**minor));
        let somewhere = |minor: &&u16| self.devices.iter().any(|device| device.has(**minor));
        let minor = *self.free.iter().find(everywhere).or_else(|| self.free.iter().find(somewhere))?;
        self.free.remove(&minor);
        self.speeds.insert(minor, Speed::default());
        Some(ClassId(minor))
    }

    /// Takes exactly this class, after a restart; its rates are not touched until [`Shaper::set_rate`]. False if it is taken already
    /// or out of the pool's range. One that no device has is built by the next [`Shaper::grow`].
    pub fn claim(&mut self, class: ClassId, speed: Speed) -> bool {
        let ours = (FIRST_MINOR..=LAST_MINOR).contains(&class.0) && !self.speeds.contains_key(&class.0);
        if ours {
            self.free.remove(&class.0);
            self.speeds.insert(class.0, speed);
        }
        ours
    }

    /// Returns a class to the pool. Take it out of the nft maps first.
    pub fn give_back(&mut self, class: ClassId) {
        if class != ClassId::GARDEN && self.speeds.remove(&class.0).is_some() {
            self.free.insert(class.0);
        }
    }

    /// Sets the ceilings of a taken class on every device. A class that somebody deleted is built again by the next
    /// [`Shaper::grow`], with these rates. Rates that the class has already cost nothing.
    pub fn set_rate(&mut self, class: ClassId, speed: Speed) -> Result<(), NetError> {
        if let Some(known) = self.speeds.get_mut(&class.0) {
            *known = speed;
        }
        for device in &mut self.devices {
            device.set_rates(&mut self.route, self.leaf, std::iter::once((class.0, speed)))?;
        }
        Ok(())
    }

    /// Reads every tree back, repairs roots and rates and finds what is missing (somebody ran `tc qdisc del`, a device was unplugged and
    /// plugged in again). Returns the number of classes to build: call [`Shaper::grow`]. A device that is gone is left for later.
    pub fn verify(&mut self) -> Result<usize, NetError> {
        let mut missing = 0;
        for device in &mut self.devices {
            match device.verify(&mut self.route, self.leaf) {
                Ok(lost) => {
                    missing += lost;
                    let speeds = self.speeds.iter().map(|(minor, speed)| (*minor, *speed));
                    device.set_rates(&mut self.route, self.leaf, speeds)?;
                }
                Err(NetError::NoSuchLink(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(missing)
    }

    /// Classes in the pool that nobody has.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// Classes taken.
    pub fn taken(&self) -> usize {
        self.speeds.len().saturating_sub(1)
    }

    /// Adds up to `count` new classes on every device.
    fn extend(&mut self, count: usize) -> Result<usize, NetError> {
        let have = self.free.len() + self.taken();
        let count = count.min(usize::from(self.most).saturating_sub(have));
        let unused = |minor: &u16| !self.free.contains(minor) && !self.speeds.contains_key(minor);
        let minors: Vec<u16> = (FIRST_MINOR..=LAST_MINOR).filter(unused).take(count).collect();
        for device in self.devices.iter_mut().filter(|device| !device.is_lost()) {
            device.build(&mut self.route, self.leaf, &minors, &self.speeds)?;
        }
        self.free.extend(&minors);
        Ok(minors.len())
    }
}

/// Whether a device takes an HTB root; for trying on a scratch device.
pub(super) fn can_lay_root(route: &mut Route, link: LinkIndex) -> bool {
    let rates = rates::root(None);
    let requests = [tc::root_qdisc(link), tc::class(link, tc::ROOT_CLASS, 0, &rates, true)];
    route.conn().batch("try HTB", requests).is_ok_and(|outcomes| outcomes.iter().all(Result::is_ok))
}

/// Whether a class may have this queue; for trying on a scratch device that has a root.
pub(super) fn can_use_leaf(route: &mut Route, link: LinkIndex, leaf: Leaf) -> bool {
    let rates = rates::visitor(None, None);
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
