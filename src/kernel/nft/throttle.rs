//! Slowing single destinations down, by policy group and for each visit: a table of its own, there only while something is
//! slowed, so that sites without such a rule pay nothing for it.
//!
//! Packets that the gate let pass come by after it. What is faster than the rate is dropped, in both directions; TCP adapts. A
//! visit has one budget a rate and direction, whatever the number of its flows.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::codec::{Batch, Family, NewElem, SetSpec, kind, msg};
use super::desk::{Desk, lock};
use super::kernel::Kernel;
use super::plan::milliseconds;
use super::reconcile::items;
use super::report::Repair;
use super::rule::{Ip, rule};
use super::settings::Item;
use super::skeleton::{Skeleton, base, plain};
use super::tables::{Present, delete_element, empty_set, put_element, rebuild, refill, table_flags};
use crate::{KernelError, Mark};

/// What is behind the gate's own name in the table's.
const SUFFIX: &str = "_slow";
/// Different rates at a site; each costs every packet look-ups.
pub const MOST_RATES: usize = 8;
/// Ranges of addresses times groups.
pub const MOST_RANGES: usize = 20_000;
/// A visit's budget is kept for this long after its last packet.
const IDLE_MS: u64 = 60_000;
/// A burst lets pass what the network card gathers into one packet.
const LEAST_BURST: u64 = 65_536;

/// Octets a second; 0 is "not slowed", for what is taken out of a wider rule.
pub type Pace = u64;

/// What is slowed down, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Throttles {
    /// Paces that names may be slowed to; their addresses come with [`ThrottleHandle::slow`].
    pub names: BTreeSet<Pace>,
    /// First and last address, of one family; policy group; pace. No two of a group overlap.
    pub ranges: BTreeSet<(IpAddr, IpAddr, u8, Pace)>,
}

/// An address that a slowed name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slowed {
    /// The address.
    pub address: IpAddr,
    /// The policy group.
    pub group: u8,
    /// One of [`Throttles::names`].
    pub pace: Pace,
    /// How long it is remembered.
    pub lives: Duration,
}

/// Names of a pace's sets.
struct Named {
    names: [&'static str; 2],
    ranges: [&'static str; 2],
    up: &'static str,
    down: &'static str,
}

macro_rules! named {
    ($($number:literal)*) => {
        [$(Named {
            names: [concat!("names4_", $number), concat!("names6_", $number)],
            ranges: [concat!("ranges4_", $number), concat!("ranges6_", $number)],
            up: concat!("up_", $number),
            down: concat!("down_", $number),
        }),*]
    };
}

const FAMILIES: [Ip; 2] = [Ip::V4, Ip::V6];
/// The first is for what is not slowed.
static NAMED: [Named; MOST_RATES + 1] = named!(0 1 2 3 4 5 6 7 8);

impl Throttles {
    /// "Not slowed" first, then every pace.
    fn paces(&self) -> Vec<Pace> {
        let paced: BTreeSet<Pace> = self
            .names
            .iter()
            .copied()
            .chain(self.ranges.iter().map(|range| range.3))
            .filter(|pace| *pace > 0)
            .collect();
        std::iter::once(0).chain(paced).collect()
    }

    /// Something is slowed.
    fn is_any(&self) -> bool {
        self.names.iter().any(|pace| *pace > 0) || self.ranges.iter().any(|range| range.3 > 0)
    }

    fn check(&self) -> Result<(), KernelError> {
        let refuse = |why: String| Err(KernelError::Throttles(why));
        let paces = self.paces().len() - 1;
        if paces > MOST_RATES {
            return refuse(format!("{paces} different rates to slow down to; {MOST_RATES} are possible"));
        }
        if self.ranges.len() > MOST_RANGES {
            return refuse(format!("{} ranges to slow down; {MOST_RANGES} are possible", self.ranges.len()));
        }
        if self.ranges.iter().any(|(first, last, ..)| first > last || first.is_ipv4() != last.is_ipv4()) {
            return refuse("a range to slow down ends before it begins".to_owned());
        }
        Ok(())
    }

    /// The ranges of a pace and family, as elements.
    fn elements(&self, pace: Pace, ip: Ip) -> Vec<Item> {
        let of = |range: &&(IpAddr, IpAddr, u8, Pace)| range.3 == pace && range.0.is_ipv4() == (ip == Ip::V4);
        let item = |(first, last, group, _): &(IpAddr, IpAddr, u8, Pace)| Item {
            key: key(*first, *group),
            key_end: Some(key(*last, *group)),
            interval_end: false,
            data: None,
        };
        self.ranges.iter().filter(of).map(item).collect()
    }

    /// The first set that knows the address decides: those of names before those of ranges, and "not slowed" before the rest.
    fn skeleton(&self, devices: u32) -> Skeleton {
        let mut sets = Vec::new();
        let mut chains =
            vec![base("after", "filter", 2, 10, true), plain("visits"), plain("upward"), plain("downward")];
        let passed = Mark::IDENTIFIED | Mark::PASS;
        let mut rules = vec![
            rule("after").mark(passed, passed).goto("visits"),
            rule("visits").original().goto("upward"),
            rule("visits").goto("downward"),
        ];
        let paces: Vec<(Pace, &Named)> = self.paces().into_iter().zip(&NAMED).collect();
        for (pace, named) in paces.iter().filter(|(pace, _)| *pace > 0) {
            let burst = u32::try_from((pace / 4).max(LEAST_BURST)).unwrap_or(u32::MAX);
            for direction in [named.up, named.down] {
                sets.push(SetSpec::new(direction, &[kind::MARK]).dynamic(Some(IDLE_MS), devices.saturating_mul(2)));
                chains.push(plain(direction));
                rules.push(rule(direction).mark_rate_over(direction, *pace, burst).drop());
            }
        }
        let mut asked = |ip, set, pace: Pace, named: &Named, spec: SetSpec| {
            sets.push(spec);
            let (up, down) = (rule("upward").toward_by_group(ip, set), rule("downward").back_by_group(ip, set));
            rules.extend(if pace == 0 {
                [up.accept(), down.accept()]
            } else {
                [up.goto(named.up), down.goto(named.down)]
            });
        };
        let new = |ip, set| SetSpec::new(set, &[if ip == Ip::V4 { kind::IPV4 } else { kind::IPV6 }, kind::MARK]);
        for (pace, named) in paces.iter().filter(|(pace, _)| self.names.contains(pace)) {
            for (set, ip) in named.names.into_iter().zip(FAMILIES) {
                asked(ip, set, *pace, named, new(ip, set).timeout());
            }
        }
        for (pace, named) in &paces {
            for (set, ip) in named.ranges.into_iter().zip(FAMILIES) {
                if !self.elements(*pace, ip).is_empty() {
                    asked(ip, set, *pace, named, new(ip, set).interval());
                }
            }
        }
        Skeleton { family: Family::Inet, counters: &[], sets, chains, rules, holding: Vec::new() }
    }
}

/// `address . ct mark & 0x00ff0000`.
fn key(address: IpAddr, group: u8) -> Vec<u8> {
    let group = (u32::from(group) << 16).to_ne_bytes();
    match address {
        IpAddr::V4(address) => [&address.octets()[..], &group].concat(),
        IpAddr::V6(address) => [&address.octets()[..], &group].concat(),
    }
}

/// Whether a table's name is that of the gate's throttles.
pub(super) fn is_ours(name: &str, gate: &str) -> bool {
    name.strip_prefix(gate) == Some(SUFFIX)
}

/// The throttles in force.
pub(super) struct State {
    table: Arc<str>,
    /// `None` until they were set: what an earlier run left stays.
    wanted: Option<Throttles>,
    handles: Vec<(String, u64)>,
    /// See [`ThrottleHandle`].
    paces: Arc<Mutex<Vec<Pace>>>,
}

impl State {
    pub(super) fn new(gate: &str) -> Self {
        Self { table: format!("{gate}{SUFFIX}").into(), wanted: None, handles: Vec::new(), paces: Arc::default() }
    }
}

/// Slows the addresses of names from another thread, through the gate's own socket, before the answer that names them leaves.
#[derive(Clone)]
pub struct ThrottleHandle {
    table: Arc<str>,
    writing: Arc<Desk>,
    /// Paces that names may have now, by the number of their sets; changed only by whoever holds the socket.
    paces: Arc<Mutex<Vec<Pace>>>,
}

impl ThrottleHandle {
    /// Slows addresses, and lets those that are slowed already live longer. What is to go at a pace that is not in force is
    /// passed over: rules change just then, and whoever changes them tells of all names again.
    ///
    /// # Errors
    /// The kernel refused; none of them is slowed.
    pub fn slow(&self, all: &[Slowed]) -> Result<(), KernelError> {
        let mut writing = lock(&self.writing);
        let mut batch = Batch::new();
        {
            let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
            for one in all {
                let named = paces.iter().position(|pace| *pace == one.pace).and_then(|number| NAMED.get(number));
                let Some(set) = named.and_then(|named| named.names.get(usize::from(one.address.is_ipv6()))) else {
                    continue;
                };
                let key = key(one.address, one.group);
                let elem = NewElem { key: &key, timeout: Some(milliseconds(one.lives)), ..NewElem::default() };
                // Added, deleted, added: the new life counts also where a timeout cannot change in place.
                put_element(&mut batch, &self.table, set, &elem);
                delete_element(&mut batch, &self.table, set, &key);
                put_element(&mut batch, &self.table, set, &elem);
            }
        }
        writing.commit(batch)
    }
}

impl Kernel {
    /// A handle for the DNS room.
    pub fn throttle_handle(&self) -> ThrottleHandle {
        ThrottleHandle {
            table: Arc::clone(&self.throttles.table),
            writing: Arc::clone(&self.writing),
            paces: Arc::clone(&self.throttles.paces),
        }
    }

    /// Replaces what is slowed down, in one batch. Addresses of names are to be told again afterwards, where anything changed:
    /// that is what `true` says.
    ///
    /// # Errors
    /// [`KernelError::Throttles`] before anything is done; the kernel refused and what was slowed before stays so.
    pub fn set_throttles(&mut self, wanted: &Throttles) -> Result<bool, KernelError> {
        wanted.check()?;
        if self.throttles.wanted.as_ref() == Some(wanted) {
            return Ok(false);
        }
        self.write_throttles(wanted)?;
        self.throttles.wanted = Some(wanted.clone());
        Ok(true)
    }

    fn write_throttles(&mut self, wanted: &Throttles) -> Result<(), KernelError> {
        let table = Arc::clone(&self.throttles.table);
        let present = Present::read(&mut self.reader, &table, Family::Inet)?;
        let port = lock(&self.writing).conn.port();
        if let Some((_, Some(owner))) = present.table.filter(|(_, owner)| owner.is_some_and(|owner| owner != port)) {
            return Err(KernelError::Owned { table: table.to_string(), owner });
        }
        let mut batch = Batch::new();
        if wanted.is_any() {
            let own = self.features.owner && self.features.persist;
            let skeleton = wanted.skeleton(self.config.devices);
            rebuild(&mut batch, &mut self.reader, &table, &skeleton, &present, table_flags(own, own))?;
            for (pace, named) in wanted.paces().into_iter().zip(&NAMED) {
                for set in named.names.iter().filter(|_| wanted.names.contains(&pace)) {
                    empty_set(&mut batch, Family::Inet, &table, set);
                }
                for (set, ip) in named.ranges.into_iter().zip(FAMILIES) {
                    let elements = wanted.elements(pace, ip);
                    if !elements.is_empty() {
                        refill(&mut batch, &table, &(Family::Inet, set, elements));
                    }
                }
            }
        } else if let Some((flags, _)) = present.table {
            batch.add(msg::NEWTABLE, Family::Inet, |to| {
                to.text(1, &table);
                to.u32(2, flags);
            });
            batch.delete(msg::DELTABLE, Family::Inet, |to| to.text(1, &table));
        }
        {
            let mut writing = lock(&self.writing);
            writing.commit(batch)?;
            let paces = if wanted.is_any() { wanted.paces() } else { Vec::new() };
            let paces = paces.into_iter().map(|pace| if wanted.names.contains(&pace) { pace } else { Pace::MAX });
            *self.throttles.paces.lock().unwrap_or_else(PoisonError::into_inner) = paces.collect();
        }
        self.throttles.handles = Present::read(&mut self.reader, &table, Family::Inet)?.handles;
        Ok(())
    }

    /// Puts back what a stranger changed. Addresses of names come again with their answers, and with the filter's next round.
    pub(super) fn repair_throttles(&mut self, repairs: &mut Vec<Repair>) -> Result<(), KernelError> {
        let Some(wanted) = self.throttles.wanted.clone() else { return Ok(()) };
        let table = Arc::clone(&self.throttles.table);
        let present = Present::read(&mut self.reader, &table, Family::Inet)?;
        let fault = if wanted.is_any() {
            let skeleton = wanted.skeleton(self.config.devices);
            match present.fault(&skeleton, &self.throttles.handles) {
                Some(fault) => Some(fault),
                None => self.strange_ranges(&wanted)?,
            }
        } else {
            present.table.map(|_| "a table is there that nobody wants".to_owned())
        };
        if let Some(fault) = fault {
            repairs.push(Repair::Skeleton(format!("throttles: {fault}")));
            self.write_throttles(&wanted)?;
        }
        Ok(())
    }

    fn strange_ranges(&mut self, wanted: &Throttles) -> Result<Option<String>, KernelError> {
        for (pace, named) in wanted.paces().into_iter().zip(&NAMED) {
            for (set, ip) in named.ranges.into_iter().zip(FAMILIES) {
                let elements: BTreeSet<Item> = wanted.elements(pace, ip).into_iter().collect();
                if !elements.is_empty()
                    && items(&mut self.reader, &self.throttles.table, Family::Inet, set)? != elements
                {
                    return Ok(Some(format!("elements of set {set} were changed")));
                }
            }
        }
        Ok(None)
    }

    /// Removes the table with the gate.
    pub(super) fn without_throttles(&self, batch: &mut Batch) {
        let table = &self.throttles.table;
        batch.add(msg::NEWTABLE, Family::Inet, |to| to.text(1, table));
        batch.delete(msg::DELTABLE, Family::Inet, |to| to.text(1, table));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str, group: u8, pace: Pace) -> (IpAddr, IpAddr, u8, Pace) {
        (first.parse().unwrap(), last.parse().unwrap(), group, pace)
    }

    #[test]
    fn there_are_rules_for_what_is_slowed_and_no_others() {
        let names = Throttles { names: [0, 125_000].into(), ..Throttles::default() };
        assert_eq!(names.skeleton(10).rules.len(), 3 + 2 + 2 * 4);
        let ranges = Throttles {
            ranges: [range("192.0.2.0", "192.0.2.255", 1, 125_000), range("2001:db8::", "2001:db8::1", 2, 9)].into(),
            ..Throttles::default()
        };
        let skeleton = ranges.skeleton(10);
        // Two paces with a pair of budgets each, one range set each.
        assert_eq!((skeleton.sets.len(), skeleton.rules.len()), (6, 3 + 4 + 4));
        assert!(ranges.is_any() && !Throttles { names: [0].into(), ..Throttles::default() }.is_any());
    }

    #[test]
    fn what_cannot_be_held_is_an_error_in_words() {
        let many = Throttles { names: (1..=9).collect(), ..Throttles::default() };
        assert!(many.check().unwrap_err().to_string().contains("9 different rates"));
        let backwards = Throttles { ranges: [range("192.0.2.9", "192.0.2.1", 1, 5)].into(), ..Throttles::default() };
        assert!(backwards.check().is_err());
        let mixed = Throttles { ranges: [range("192.0.2.9", "2001:db8::1", 1, 5)].into(), ..Throttles::default() };
        assert!(mixed.check().is_err());
    }

    #[test]
    fn the_table_is_known_by_its_name() {
        assert!(is_ours("gapura_slow", "gapura"));
        for other in ["gapura", "gapura_slower", "x_slow", "gapura_slo"] {
            assert!(!is_ours(other, "gapura"));
        }
    }
}
