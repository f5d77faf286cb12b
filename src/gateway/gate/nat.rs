//! NAT attribution: which public ports a visit has, and what is noted of them. Off unless the site switched it on.
//!
//! Each visit has a block of ports (RFC 7422: fixed blocks, so that nobody notes where flows go). It goes to another device only
//! after a rest, so that a clock that is a little wrong leads to nobody else (RFC 6302), and after the flows of the visit before
//! are gone. Where all blocks are taken, a visit leaves with ports that are nobody's, and no record says otherwise.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use gapura_kernel::net::{Conntrack, NetError};
use gapura_kernel::{BLOCKS, Mark, Slot, is_private};
use gapura_ledger::Entry;
use gapura_model::{MacAddr, Moment, PortBlock, Uptime, VisitId};
use gapura_session::{Effect, Way};
use gapura_wire::{EpochKey, NatUse, limits};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::run::Gate;

/// How long a block rests before another device has it.
const REST: Duration = Duration::from_mins(5);
/// Ports of a block: the most that is enough for all devices and a quarter more. Ports count for each destination.
const SIZES: [u16; 3] = [512, 256, 128];
/// Of a site with more devices than that.
const SMALLEST: u16 = 64;

/// How the ports are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    size: u16,
    count: u16,
}

impl Layout {
    /// For a site of so many devices at once: 512 ports each up to 75 devices, 64 from 302 on, which is enough for 600.
    fn of(devices: u32) -> Self {
        let room = BLOCKS.1 - BLOCKS.0 + 1;
        let wanted = devices.saturating_add(devices / 4);
        let enough = |size: &u16| u32::from(room / size) >= wanted;
        let size = SIZES.into_iter().find(enough).unwrap_or(SMALLEST);
        Self { size, count: room / size }
    }

    fn block(self, number: u16) -> Option<PortBlock> {
        let first = number.checked_mul(self.size)?.checked_add(BLOCKS.0)?;
        PortBlock::new(first, first.checked_add(self.size - 1)?).filter(|_| number < self.count)
    }

    fn number(self, block: PortBlock) -> Option<u16> {
        let number = block.first().checked_sub(BLOCKS.0)? / self.size;
        (self.block(number) == Some(block)).then_some(number)
    }
}

/// Who has which block.
#[derive(Debug)]
pub(crate) struct Blocks {
    layout: Layout,
    held: BTreeMap<VisitId, (u16, MacAddr)>,
    /// Those that nobody has, the one that was given back longest ago first.
    idle: VecDeque<Idle>,
}

/// A block that nobody has.
#[derive(Clone, Copy, Debug)]
struct Idle {
    number: u16,
    rests: Option<Rest>,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    mac: Option<MacAddr>,
    slot: Option<Slot>,
    /// None until the next look at the clock.
    since: Option<Uptime>,
}

/// A block that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) block: PortBlock,
    /// The slot of the visit that had it before: what flows are left of it are to be ended.
    pub(crate) before: Option<Slot>,
}

impl Blocks {
    fn new(layout: Layout) -> Self {
        let idle = (0..layout.count).map(|number| Idle { number, rests: None }).collect();
        Self { layout, held: BTreeMap::new(), idle }
    }

    /// A block for a visit: the one its device had last, if that still rests, else one that has rested. `None` where there is none.
    fn take(&mut self, visit: VisitId, mac: MacAddr, now: Uptime) -> Option<Given> {
        for rest in
            self.idle.iter_mut().rev().filter_map(|idle| idle.rests.as_mut()).take_while(|it| it.since.is_none())
        {
            rest.since = Some(now);
        }
        let own = self.idle.iter().rposition(|idle| idle.rests.is_some_and(|rest| rest.mac == Some(mac)));
        let rested =
            |idle: &Idle| idle.rests.is_none_or(|rest| rest.since.is_some_and(|since| since.until(now) >= REST));
        let place = own.or_else(|| self.idle.front().is_some_and(rested).then_some(0))?;
        let idle = self.idle.remove(place)?;
        let block = self.layout.block(idle.number)?;
        self.held.insert(visit, (idle.number, mac));
        let before = idle.rests.and_then(|rest| rest.slot).filter(|_| own.is_none());
        Some(Given { block, before })
    }

    /// Keeps a block for a visit that has it since before a restart; false if it is no block of this site, or somebody has it.
    fn adopt(&mut self, visit: VisitId, block: PortBlock, mac: MacAddr) -> bool {
        let number = self.layout.number(block);
        let Some(place) = self.idle.iter().position(|idle| Some(idle.number) == number) else { return false };
        let Some(idle) = self.idle.remove(place) else { return false };
        self.held.insert(visit, (idle.number, mac));
        true
    }

    /// A visit that ended lately had it.
    fn rest(&mut self, block: PortBlock, now: Uptime) {
        let number = self.layout.number(block);
        if let Some(place) = self.idle.iter().position(|idle| Some(idle.number) == number)
            && let Some(idle) = self.idle.remove(place)
        {
            let rests = Some(Rest { mac: None, slot: None, since: Some(now) });
            self.idle.push_back(Idle { rests, ..idle });
        }
    }

    /// The visit is over, or never began.
    pub(crate) fn give_back(&mut self, visit: VisitId, slot: Option<Slot>) {
        if let Some((number, mac)) = self.held.remove(&visit) {
            self.idle.push_back(Idle { number, rests: Some(Rest { mac: Some(mac), slot, since: None }) });
        }
    }

    fn has(&self, visit: VisitId) -> bool {
        self.held.contains_key(&visit)
    }

    /// Every visit with a block.
    pub(crate) fn held(&self) -> impl Iterator<Item = (VisitId, PortBlock)> + '_ {
        self.held.iter().filter_map(|(visit, (number, _))| Some((*visit, self.layout.block(*number)?)))
    }
}

/// For a time, a visit's flows left with these ports of this address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Use {
    ports: PortBlock,
    address: Ipv4Addr,
    from: Timestamp,
    until: Option<Timestamp>,
}

/// What is noted of a visit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    /// The block it has now.
    ports: Option<PortBlock>,
    uses: Vec<Use>,
    #[serde(skip)]
    ended: Option<Timestamp>,
}

impl Noted {
    /// Brings the uses after the addresses that the router has outside; whether anything changed.
    fn follow(&mut self, outside: &BTreeSet<Ipv4Addr>, at: Timestamp) -> bool {
        let before = self.uses.clone();
        for one in self.uses.iter_mut().filter(|one| one.until.is_none()) {
            if self.ports != Some(one.ports) || !outside.contains(&one.address) {
                one.until = Some(at);
            }
        }
        if let Some(ports) = self.ports {
            let open: BTreeSet<Ipv4Addr> =
                self.uses.iter().filter(|one| one.until.is_none()).map(|one| one.address).collect();
            let new = outside.difference(&open).map(|address| Use { ports, address: *address, from: at, until: None });
            self.uses.extend(new);
        }
        if let Some(over) = self.uses.len().checked_sub(limits::NAT_USES).filter(|over| *over > 0) {
            tracing::warn!(over, "the uplink's address changed too often in one visit: the earliest are told no more");
            self.uses.drain(..over);
        }
        self.uses != before
    }
}

/// What is noted of visits' public ports, to be kept and told.
#[derive(Debug, Default)]
pub(crate) struct NatNotes {
    visits: BTreeMap<VisitId, Noted>,
    outside: BTreeSet<Ipv4Addr>,
    changed: BTreeSet<VisitId>,
}

impl NatNotes {
    fn begin(&mut self, visit: VisitId, ports: PortBlock, at: Timestamp) {
        let noted = self.visits.entry(visit).or_default();
        noted.ports = Some(ports);
        noted.follow(&self.outside, at);
        self.changed.insert(visit);
    }

    /// The visit is over; it is told once more.
    pub(crate) fn end(&mut self, visit: VisitId, at: Timestamp) {
        if let Some(noted) = self.visits.get_mut(&visit) {
            noted.ended = Some(at);
            self.changed.insert(visit);
        }
    }

    /// A visit of an earlier run was over before anybody could note it here: its last telling still has its ports.
    fn ended_unseen(&mut self, visit: VisitId, noted: Noted, at: Timestamp) {
        self.visits.insert(visit, Noted { ended: Some(at), ..noted });
        self.changed.insert(visit);
    }

    /// The router's addresses outside, from now on; the visits for which that is another one.
    fn outside_are(&mut self, outside: &BTreeSet<Ipv4Addr>, at: Timestamp) -> Vec<VisitId> {
        self.outside.clone_from(outside);
        let other = self.visits.iter_mut().filter_map(|(visit, noted)| noted.follow(outside, at).then_some(*visit));
        let other: Vec<VisitId> = other.collect();
        self.changed.extend(&other);
        other
    }

    /// The visits that have a block.
    fn with_ports(&self) -> Vec<VisitId> {
        self.visits.iter().filter(|(_, noted)| noted.ports.is_some()).map(|(visit, _)| *visit).collect()
    }

    /// The visit has no block any more.
    fn stop(&mut self, visit: VisitId, at: Timestamp) {
        if let Some(noted) = self.visits.get_mut(&visit) {
            noted.ports = None;
            noted.follow(&self.outside, at);
            self.changed.insert(visit);
        }
    }

    /// The visit never began.
    fn forget(&mut self, visit: VisitId) {
        self.visits.remove(&visit);
        self.changed.remove(&visit);
    }

    /// As the controller may know it.
    pub(crate) fn told(&self, visit: VisitId, key: &EpochKey) -> Vec<NatUse> {
        let told = |one: &Use| NatUse {
            address: key.ipv4(one.address),
            behind: is_private(one.address.into()),
            ports: one.ports,
            from: one.from,
            until: one.until,
        };
        self.visits.get(&visit).map(|noted| noted.uses.iter().map(told).collect()).unwrap_or_default()
    }

    /// What is to be kept since it was last kept.
    pub(crate) fn changes(&self) -> Vec<Entry> {
        let entry = |visit: &VisitId| {
            let noted = self.visits.get(visit)?;
            let document = serde_json::to_string(noted).ok();
            Some(Entry::Nat { visit: *visit, document, ended: noted.ended })
        };
        self.changed.iter().filter_map(entry).collect()
    }

    /// It is kept.
    pub(crate) fn kept(&mut self) {
        for visit in std::mem::take(&mut self.changed) {
            if self.visits.get(&visit).is_some_and(|noted| noted.ended.is_some()) {
                self.visits.remove(&visit);
            }
        }
    }
}

/// How it is with it here.
#[derive(Debug)]
pub(crate) struct Attribution {
    layout: Layout,
    alert: Option<&'static str>,
}

const CANNOT: &str =
    "NAT attribution is switched on, and this kernel cannot take ports from a map: nobody's public port is noted";
const REFUSED: &str = "NAT attribution could not be switched: the kernel refused the rules; it is tried again";
const FULL: &str = "every block of public ports is taken or rests: visits that begin now cannot be led back by a port";

impl Attribution {
    pub(crate) fn of(devices: u32) -> Self {
        Self { layout: Layout::of(devices), alert: None }
    }

    /// What staff should know.
    pub(crate) const fn alert(&self) -> Option<&'static str> {
        self.alert
    }

    fn say(&mut self, alert: Option<&'static str>) {
        if alert != self.alert {
            if let Some(alert) = alert {
                tracing::warn!(alert, "see `gapura doctor`");
            } else {
                tracing::info!(alert = self.alert, "over");
            }
        }
        self.alert = alert;
    }
}

impl Gate {
    /// Switches it on or off, as the bundle says.
    pub(super) fn attribute(&mut self, now: &Moment) {
        let wanted = self.bundle.as_ref().is_some_and(|bundle| bundle.nat_attribution);
        match self.hands.kernel.attribute(wanted) {
            Ok(true) => self.attribution.say(None),
            Ok(false) => self.attribution.say(Some(CANNOT)),
            Err(error) => {
                tracing::error!(error = %gapura_model::with_causes(&error), "the kernel did not take rules for NAT attribution");
                self.attribution.say(Some(REFUSED));
                return;
            }
        }
        if self.hands.kernel.port_blocks().is_none() {
            let had = self.memory.nat().with_ports();
            for visit in &had {
                self.memory.nat().stop(*visit, now.wall);
            }
            if self.hands.blocks.take().is_some() || !had.is_empty() {
                self.tell_again(&had);
            }
            if self.memory.is_attributing() {
                self.memory.keep_attributing(false);
            }
            return;
        }
        if !self.memory.is_attributing() {
            // They have any port, also one that would be somebody's: while they run, nobody has ports of their own.
            if let Err(error) = end_flows_of_before() {
                tracing::error!(error = %gapura_model::with_causes(&error), "flows of before could not be ended");
                self.attribution.say(Some(REFUSED));
                self.hands.blocks = None;
                return;
            }
            self.memory.keep_attributing(true);
        }
        let layout = self.attribution.layout;
        self.hands.blocks.get_or_insert_with(|| Blocks::new(layout));
        self.give_missing_blocks(now);
    }

    /// Tries again what the kernel refused.
    pub(super) fn attribute_again(&mut self, now: &Moment) {
        if self.attribution.alert == Some(REFUSED) {
            self.attribute(now);
        }
    }

    /// After a restart: who had which block, and which rest.
    pub(super) fn recall_attribution(&mut self, now: &Moment) {
        let mut blocks = self.hands.kernel.port_blocks().map(|_| Blocks::new(self.attribution.layout));
        let had = self.hands.kernel.port_blocks().cloned().unwrap_or_default();
        for (visit, document, ended) in self.memory.kept_nat() {
            let Ok(noted) = serde_json::from_str::<Noted>(&document) else { continue };
            let Some(record) = self.engine.record(visit) else {
                let lately = ended.is_none_or(|at| now.wall.duration_since(at).unsigned_abs() < REST);
                if let (Some(blocks), Some(block), true) = (&mut blocks, noted.ports, lately) {
                    blocks.rest(block, now.up);
                }
                if ended.is_none() {
                    self.memory.nat().ended_unseen(visit, noted, now.wall);
                }
                continue;
            };
            let in_kernel = self.hands.slots.slot(visit).and_then(|slot| had.get(&slot));
            let same = noted.ports.filter(|block| in_kernel.is_none_or(|has| has == block));
            let adopted =
                same.zip(blocks.as_mut()).is_some_and(|(block, of)| of.adopt(visit, block, record.device.mac));
            self.memory.nat().visits.insert(visit, noted);
            if !adopted {
                self.memory.nat().stop(visit, now.wall);
            }
        }
        self.hands.blocks = blocks;
        self.attribute(now);
        self.tell_kernel_of_blocks(now);
    }

    /// Visits that begin with these effects have their ports before they are written down, and are written down before they pass.
    pub(super) fn give_blocks(&mut self, now: &Moment, effects: &[Effect]) {
        if self.hands.blocks.is_none() {
            return;
        }
        for effect in effects {
            if let Effect::Grant(grant) = effect
                && self.hands.slots.slot(grant.visit).is_none()
            {
                self.give_block(now, grant.visit, grant.device.mac);
            }
        }
    }

    /// Gives a visit a block, if it has none and there is one. What is always online is nobody's visit, and has none.
    fn give_block(&mut self, now: &Moment, visit: VisitId, mac: MacAddr) -> bool {
        let is_visit = self.engine.record(visit).is_some_and(|record| record.way != Way::Trusted);
        let Some(blocks) = self.hands.blocks.as_mut().filter(|blocks| is_visit && !blocks.has(visit)) else {
            return false;
        };
        let Some(given) = blocks.take(visit, mac, now.up) else {
            self.attribution.say(Some(FULL));
            return false;
        };
        if let Some(slot) = given.before
            && let Err(error) = end_flows_of(slot)
        {
            tracing::warn!(error = %gapura_model::with_causes(&error), "flows of the visit that had these ports before could not be ended: they stay nobody's");
            blocks.give_back(visit, Some(slot));
            return false;
        }
        if self.attribution.alert == Some(FULL) {
            self.attribution.say(None);
        }
        self.memory.nat().begin(visit, given.block, now.wall);
        true
    }

    /// The visit that was to begin does not.
    pub(super) fn take_block_back(&mut self, visit: VisitId) {
        if let Some(blocks) = &mut self.hands.blocks {
            blocks.give_back(visit, None);
        }
        self.memory.nat().forget(visit);
    }

    fn give_missing_blocks(&mut self, now: &Moment) {
        let running: Vec<(VisitId, MacAddr)> = self
            .engine
            .records()
            .filter(|record| self.hands.slots.slot(record.id).is_some())
            .map(|record| (record.id, record.device.mac))
            .collect();
        let given: Vec<VisitId> = running
            .into_iter()
            .filter(|(visit, mac)| self.give_block(now, *visit, *mac))
            .map(|(visit, _)| visit)
            .collect();
        if !given.is_empty() {
            self.tell_again(&given);
            self.tell_kernel_of_blocks(now);
        }
    }

    fn tell_kernel_of_blocks(&mut self, now: &Moment) {
        if let Err(error) = self.hands.tell_blocks() {
            tracing::error!(error = %gapura_model::with_causes(&error), "the kernel did not take blocks of ports; it is compared anew");
            self.hands.kernel.doubt();
            self.timers.reconcile = now.up;
        }
    }

    /// The router's addresses outside are these from now on.
    pub(super) fn addresses_outside_are(&mut self, now: &Moment, outside: &BTreeSet<Ipv4Addr>) {
        let other = self.memory.nat().outside_are(outside, now.wall);
        self.tell_again(&other);
    }

    /// Writes these visits down anew and tells them again.
    fn tell_again(&mut self, visits: &[VisitId]) {
        let records = visits.iter().filter_map(|visit| self.engine.record(*visit)).filter(|one| one.ended.is_none());
        let records: Vec<Effect> = records.map(Effect::Record).collect();
        if !records.is_empty() {
            self.write_down(&records);
            self.filled.notify_one();
        }
    }

    /// For the status: how many blocks there are, of how many ports, and how many visits have one.
    pub(super) fn attribution_state(&self) -> serde_json::Value {
        let held = self.hands.blocks.as_ref().map(|blocks| blocks.held.len());
        let Layout { size, count } = self.attribution.layout;
        serde_json::json!({ "on": held.is_some(), "blocks": count, "ports": size, "held": held.unwrap_or_default() })
    }
}

/// Ends what flows are left under a slot's mark.
fn end_flows_of(slot: Slot) -> Result<(), NetError> {
    let mark = Mark::IDENTIFIED | u32::from(slot.get());
    Conntrack::open()?.delete(mark, Mark::IDENTIFIED | 0xffff)
}

/// Ends the flows of visits, of the garden, and of all others.
fn end_flows_of_before() -> Result<(), NetError> {
    let mut table = Conntrack::open()?;
    table.delete(Mark::IDENTIFIED, Mark::IDENTIFIED)?;
    table.delete(0, Mark::IDENTIFIED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(number: u32) -> VisitId {
        VisitId::from_random(u128::from(number).to_be_bytes())
    }

    fn mac(number: u8) -> MacAddr {
        MacAddr::new([2, 0, 0, 0, 0, number])
    }

    fn at(seconds: u64) -> Uptime {
        Uptime::default().after(Duration::from_secs(seconds))
    }

    #[test]
    fn blocks_are_as_large_as_the_number_of_devices_allows() {
        let sizes: Vec<(u16, u16)> =
            [1, 75, 76, 150, 301, 302, 600, 65_000].map(Layout::of).map(|of| (of.size, of.count)).into();
        let small = (64, 752);
        assert_eq!(sizes, [(512, 94), (512, 94), (256, 188), (256, 188), (128, 376), small, small, small]);
        for layout in [512, 256, 128, 64].map(|size| Layout { size, count: 48_128 / size }) {
            let all: Vec<PortBlock> = (0..layout.count).map(|number| layout.block(number).unwrap()).collect();
            assert!(all.windows(2).all(|pair| pair[0].last() + 1 == pair[1].first()), "none shares a port");
            assert_eq!((all[0].first(), all[all.len() - 1].last()), BLOCKS);
            assert!(all.iter().zip(0..).all(|(block, number)| layout.number(*block) == Some(number)));
            assert_eq!(layout.block(layout.count), None);
        }
    }

    #[test]
    fn a_block_rests_before_another_device_has_it_and_its_own_device_has_it_back() {
        let mut blocks = Blocks::new(Layout { size: 512, count: 2 });
        let first = blocks.take(visit(1), mac(1), at(0)).unwrap();
        let second = blocks.take(visit(2), mac(2), at(0)).unwrap();
        assert_eq!((first.before, second.before), (None, None));
        assert_ne!(first.block, second.block);
        assert_eq!(blocks.take(visit(3), mac(3), at(0)), None, "all are taken");
        let slot = Slot::new(0x20);
        blocks.give_back(visit(1), slot);
        // The clock is looked at when somebody asks: from then on it rests.
        assert_eq!(blocks.take(visit(3), mac(3), at(10)), None);
        assert_eq!(blocks.take(visit(3), mac(3), at(309)), None);
        // The same device at once, without its flows being ended.
        assert_eq!(blocks.take(visit(4), mac(1), at(309)), Some(Given { block: first.block, before: None }));
        blocks.give_back(visit(4), slot);
        assert_eq!(blocks.take(visit(5), mac(3), at(320)), None);
        assert_eq!(blocks.take(visit(5), mac(3), at(620)), Some(Given { block: first.block, before: slot }));
        assert_eq!(blocks.held().collect::<Vec<_>>().len(), 2);
    }

    #[test]
    fn after_a_restart_blocks_stay_and_rest_where_they_were() {
        let layout = Layout { size: 512, count: 2 };
        let mut blocks = Blocks::new(layout);
        let (first, second) = (layout.block(0).unwrap(), layout.block(1).unwrap());
        assert!(blocks.adopt(visit(1), second, mac(1)));
        assert!(!blocks.adopt(visit(2), second, mac(2)), "somebody has it");
        assert!(!blocks.adopt(visit(2), PortBlock::new(1024, 1087).unwrap(), mac(2)), "blocks were smaller before");
        blocks.rest(first, at(100));
        assert_eq!(blocks.take(visit(3), mac(3), at(399)), None);
        assert_eq!(blocks.take(visit(3), mac(3), at(400)).map(|given| given.block), Some(first));
    }

    fn outside(addresses: &[&str]) -> BTreeSet<Ipv4Addr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    #[test]
    fn each_address_of_the_uplink_is_told_with_its_time() {
        let key = EpochKey { epoch: "2026-11".parse().unwrap(), key: gapura_model::Secret::new([1; 32]) };
        let ports: PortBlock = "20480-20991".parse().unwrap();
        let mut notes = NatNotes::default();
        notes.begin(visit(1), ports, time(0));
        assert!(notes.told(visit(1), &key).is_empty(), "the router has no address outside");
        assert_eq!(notes.outside_are(&outside(&["203.0.113.9"]), time(1)), [visit(1)]);
        assert!(notes.outside_are(&outside(&["203.0.113.9"]), time(2)).is_empty(), "nothing changed");
        notes.outside_are(&outside(&["100.64.3.2"]), time(60));
        notes.end(visit(1), time(90));
        let told = notes.told(visit(1), &key);
        let address = |text: &str| key.ipv4(text.parse().unwrap());
        assert_eq!(
            told,
            [
                NatUse { address: address("203.0.113.9"), behind: false, ports, from: time(1), until: Some(time(60)) },
                NatUse { address: address("100.64.3.2"), behind: true, ports, from: time(60), until: None },
            ]
        );
        // Kept for another run, then forgotten.
        let entries = notes.changes();
        let Some(Entry::Nat { document: Some(document), ended, .. }) = entries.first() else { panic!("{entries:?}") };
        assert_eq!(*ended, Some(time(90)));
        let again: Noted = serde_json::from_str(document).unwrap();
        assert_eq!((again.ports, again.uses.len()), (Some(ports), 2));
        notes.kept();
        assert!(notes.told(visit(1), &key).is_empty() && notes.changes().is_empty());
    }

    #[test]
    fn a_visit_that_a_power_cut_ended_tells_its_ports_once_more_and_is_forgotten() {
        let key = EpochKey { epoch: "2026-11".parse().unwrap(), key: gapura_model::Secret::new([1; 32]) };
        let mut before = NatNotes::default();
        before.outside_are(&outside(&["203.0.113.9"]), time(0));
        before.begin(visit(1), "1024-1087".parse().unwrap(), time(1));
        let entries = before.changes();
        let Some(Entry::Nat { document: Some(document), ended: None, .. }) = entries.first() else {
            panic!("{entries:?}")
        };
        // The run after it knows the visit no more.
        let mut notes = NatNotes::default();
        notes.ended_unseen(visit(1), serde_json::from_str(document).unwrap(), time(500));
        notes.end(visit(1), time(9));
        assert_eq!(notes.told(visit(1), &key).len(), 1);
        assert!(matches!(notes.changes().as_slice(), [Entry::Nat { ended: Some(at), .. }] if *at == time(9)));
        notes.kept();
        assert!(notes.changes().is_empty() && notes.visits.is_empty());
    }

    #[test]
    fn a_visit_without_a_block_any_more_says_until_when_it_had_one() {
        let key = EpochKey { epoch: "2026-11".parse().unwrap(), key: gapura_model::Secret::new([1; 32]) };
        let mut notes = NatNotes::default();
        notes.outside_are(&outside(&["203.0.113.9"]), time(0));
        notes.begin(visit(1), "1024-1087".parse().unwrap(), time(1));
        notes.stop(visit(1), time(9));
        notes.begin(visit(1), "2048-2111".parse().unwrap(), time(20));
        let told: Vec<_> =
            notes.told(visit(1), &key).iter().map(|one| (one.ports.first(), one.from, one.until)).collect();
        assert_eq!(told, [(1024, time(1), Some(time(9))), (2048, time(20), None)]);
        for minute in 0..40 {
            notes.outside_are(
                &outside(&[if minute % 2 == 0 { "203.0.113.9" } else { "203.0.113.8" }]),
                time(60 * minute),
            );
        }
        let told = notes.told(visit(1), &key);
        assert_eq!(told.len(), limits::NAT_USES, "bounded, and the latest are there");
        assert_eq!(told.last().unwrap().from, time(60 * 39));
    }
}
