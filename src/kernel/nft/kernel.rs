//! The gate: every change is one batch, every answer one reading.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use gapura_model::{ByteCount, IfName, Traffic};

use super::codec::{Batch, Conn, Family, NewElem, Writer, msg, obj, read_elements};
use super::desk::{Desk, lock};
use super::events::Events;
use super::inspection;
use super::observe::{COUNTING, Seen, dump_set};
use super::plan::{Book, Key, Op, Value, Visit, identity, milliseconds};
use super::port_blocks;
use super::report::{Observed, Reading, Tallies};
use super::settings::{Settings, name_key};
use super::skeleton::{Skeleton, bridge, inet};
use super::tables::{Present, delete_element, put_element, rebuild, refill, table_flags, with_key, write_op};
use super::{filter, throttle};
use crate::{
    Access, Device, Ended, Features, GateConfig, KernelError, Mark, Net, PortRange, Proto, Slot, Update, Window,
};

/// Visits in one batch; also what fits into an unprivileged socket's send buffer.
pub(super) const AT_ONCE: usize = 128;

/// The gate in nftables. Owned by one thread; [`GardenHandle`](super::GardenHandle) and [`Events`] serve others.
pub struct Kernel {
    pub(super) config: GateConfig,
    pub(super) features: Features,
    pub(super) table: Arc<str>,
    pub(super) writing: Arc<Desk>,
    pub(super) reader: Conn,
    pub(super) book: Book,
    pub(super) settings: Settings,
    pub(super) filter: filter::State,
    pub(super) throttles: throttle::State,
    pub(super) handles: BTreeMap<Family, Vec<(String, u64)>>,
    /// The kernel's generation and our batches when all was last seen to be well.
    pub(super) seen_well: Option<(u32, u32)>,
    /// See [`GardenHandle::era`](super::GardenHandle::era).
    pub(super) garden_era: Arc<AtomicU64>,
}

impl Kernel {
    /// Adopts the gate that is there, or builds it. Running flows of known visits are not interrupted, whatever version built
    /// it: rules are replaced in one transaction, elements and quotas stay.
    ///
    /// # Errors
    /// Another program owns the table, or the kernel refused it.
    pub fn open(config: GateConfig, features: &Features) -> Result<Self, KernelError> {
        let inspect = inspection::is_on(&config, *features);
        let config = GateConfig { inspect, port_blocks: port_blocks::is_on(&config, *features), ..config };
        let table: Arc<str> = Arc::from(config.table.as_str());
        let writing = Arc::new(Desk::new(Conn::open()?));
        let filter = filter::State::new(Arc::clone(&table), Arc::clone(&writing), Conn::open()?);
        let mut kernel = Self {
            throttles: throttle::State::new(&table),
            config,
            features: *features,
            table,
            writing,
            reader: Conn::open()?,
            book: Book::default(),
            settings: Settings::default(),
            filter,
            handles: BTreeMap::new(),
            seen_well: None,
            garden_era: Arc::default(),
        };
        kernel.settings.windows = kernel.read_windows()?;
        if kernel.config.port_blocks {
            kernel.settings.blocks = port_blocks::adopted(&mut kernel.reader, &kernel.table)?;
        }
        kernel.build()?;
        kernel.adopt()?;
        kernel.read_filter()?;
        Ok(kernel)
    }

    pub(super) fn skeletons(&self) -> Vec<Skeleton> {
        let mut skeletons = vec![inet(&self.config, self.features)];
        if self.features.bridge {
            skeletons.push(bridge(&self.config));
        }
        skeletons
    }

    /// Makes tables, chains, rules and settings what they should be, in one batch; before it flows are held where they must be.
    pub(super) fn build(&mut self) -> Result<(), KernelError> {
        let own = self.features.owner && self.features.persist;
        let skeletons = self.skeletons();
        let mut there = Vec::with_capacity(skeletons.len());
        for skeleton in &skeletons {
            let present = Present::read(&mut self.reader, &self.table, skeleton.family)?;
            let port = lock(&self.writing).conn.port();
            if let Some((_, Some(owner))) = present.table.filter(|(_, owner)| owner.is_some_and(|owner| owner != port))
            {
                return Err(KernelError::Owned { table: self.table.to_string(), owner });
            }
            there.push((skeleton, present));
        }
        self.hold_flows(&there)?;
        if let Err(error) = self.rewrite(&there, table_flags(own, own)) {
            // What the kernel would not take leaves the policy of before, and nobody held.
            if let Err(also) = self.release_flows(&there) {
                tracing::error!(error = %also, "flows that had passed go on until the rules are written again");
            }
            return Err(error);
        }
        for skeleton in &skeletons {
            let present = Present::read(&mut self.reader, &self.table, skeleton.family)?;
            self.handles.insert(skeleton.family, present.handles);
        }
        self.seen_well = None;
        Ok(())
    }

    fn rewrite(&mut self, there: &[(&Skeleton, Present)], new_flags: u32) -> Result<(), KernelError> {
        let mut batch = Batch::new();
        for (skeleton, present) in there {
            rebuild(&mut batch, &mut self.reader, &self.table, skeleton, present, new_flags)?;
        }
        for filled in self.settings.fill(&self.config, self.features.bridge) {
            refill(&mut batch, &self.table, &filled);
        }
        lock(&self.writing).commit(batch)
    }

    /// Where a map is about to be replaced, lets flows that pass already go on until the rules are written again.
    ///
    /// A packet runs through the rules it began with, but the elements of a deleted map end for it at the commit: whose device
    /// may pass would not be found, and its flow would be reset. What passes in that moment is not counted.
    fn hold_flows(&self, there: &[(&Skeleton, Present)]) -> Result<(), KernelError> {
        let mut batch = Batch::new();
        for (skeleton, present) in there.iter().filter(|(skeleton, present)| present.replaces_a_map(skeleton)) {
            present.name(&mut batch, &self.table, skeleton.family, 0);
            for rule in skeleton.holding.iter().filter(|rule| present.chains.contains(rule.chain)) {
                batch.add(msg::NEWRULE, skeleton.family, |to| rule.write(to, &self.table));
            }
        }
        lock(&self.writing).commit(batch)
    }

    /// Takes away what [`Self::hold_flows`] put there.
    fn release_flows(&mut self, there: &[(&Skeleton, Present)]) -> Result<(), KernelError> {
        let mut batch = Batch::new();
        for (skeleton, before) in there.iter().filter(|(skeleton, present)| present.replaces_a_map(skeleton)) {
            let now = Present::read(&mut self.reader, &self.table, skeleton.family)?;
            for (chain, handle) in now.handles.iter().filter(|rule| !before.handles.contains(rule)) {
                batch.delete(msg::DELRULE, skeleton.family, |to| {
                    to.text(1, &self.table);
                    to.text(2, chain);
                    to.u64(3, *handle);
                });
            }
        }
        lock(&self.writing).commit(batch)
    }

    /// Reads the book anew.
    pub(super) fn adopt(&mut self) -> Result<(), KernelError> {
        let seen = Seen::read(&mut self.reader, &self.table)?;
        let mut book = seen.book(self.book.first_generation, self.features.timeout_update);
        if self.book.generations.is_empty() {
            // Slots nobody remembers start somewhere else after each restart: flows of an earlier life do not match.
            book.first_generation = u8::try_from(self.generation()? & 0x1f).unwrap_or(0);
        }
        for (slot, generation) in &self.book.generations {
            book.generations.entry(*slot).or_insert(*generation);
        }
        book.serial = book.serial.max(self.book.serial);
        self.book = book;
        Ok(())
    }

    /// The number of the last change to any nf_tables of this network namespace.
    pub(super) fn generation(&mut self) -> Result<u32, KernelError> {
        let mut generation = None;
        self.reader.ask(
            "read the generation",
            msg::GETGEN,
            0,
            |_| {},
            |message| {
                generation = message.attrs().u32(1).or(generation);
            },
        )?;
        generation.ok_or(KernelError::Answer { doing: "read the generation" })
    }

    /// Applies operations. When the kernel refuses them the book is read anew, so that the next call starts from the truth.
    pub(super) fn apply(&mut self, ops: &[Op]) -> Result<(), KernelError> {
        let mut batch = Batch::new();
        for op in ops {
            write_op(&mut batch, &self.table, self.features.destroy, op);
        }
        let done = lock(&self.writing).commit(batch);
        if done.is_err() {
            self.adopt()?;
        }
        done
    }

    /// Lets devices pass: one batch (of up to 128 visits). The marks say which generation each slot has.
    ///
    /// # Errors
    /// [`KernelError::SlotBusy`] before anything is done; [`KernelError::Refused`] leaves the visits of that batch out.
    pub fn grant(&mut self, accesses: &[Access]) -> Result<Vec<Mark>, KernelError> {
        distinct(accesses.iter().map(|access| access.slot))?;
        if let Some(busy) = accesses.iter().find(|access| self.book.visits.contains_key(&access.slot)) {
            return Err(KernelError::SlotBusy(busy.slot));
        }
        let mut marks = Vec::with_capacity(accesses.len());
        for chunk in accesses.chunks(AT_ONCE) {
            let mut ops = Vec::with_capacity(chunk.len() * 8);
            for access in chunk {
                let (mark, mut more) = self.book.grant(access)?;
                ops.append(&mut more);
                marks.push(mark);
            }
            self.apply(&ops)?;
        }
        Ok(marks)
    }

    /// Changes running visits without a gap: one batch (of up to 128). A visit whose classes or group change gets a new
    /// generation; the last counts of its old one are returned.
    ///
    /// # Errors
    /// [`KernelError::SlotFree`] before anything is done, also for a visit whose time ran out meanwhile.
    pub fn update(&mut self, changes: &[Update]) -> Result<Vec<Ended>, KernelError> {
        distinct(changes.iter().map(|change| change.slot))?;
        if let Some(free) = changes.iter().find(|change| !self.book.visits.contains_key(&change.slot)) {
            return Err(KernelError::SlotFree(free.slot));
        }
        let mut ended = Vec::new();
        for chunk in changes.chunks(AT_ONCE) {
            let left = self.times_left(chunk)?;
            let (mut ops, mut old) = (Vec::new(), Vec::new());
            for change in chunk {
                let (was, mut more) = self.book.update(change, &left)?;
                ops.append(&mut more);
                old.extend(was);
            }
            self.apply(&ops)?;
            ended.append(&mut self.collect(&old)?);
        }
        Ok(ended)
    }

    /// The remaining time of visits whose elements are to be replaced.
    fn times_left(&mut self, changes: &[Update]) -> Result<BTreeMap<Slot, Option<Duration>>, KernelError> {
        let slots: BTreeSet<Slot> = changes.iter().flat_map(|change| self.book.needs_time(change)).collect();
        let mut left = BTreeMap::new();
        for slot in slots {
            let Some(visit) = self.book.visits.get(&slot) else { continue };
            let (Some(device), set) = (&visit.device, identity(visit)) else { continue };
            let mut found = None;
            self.element(set, Key::device(device), |expires, _| found = Some(expires))?;
            let owner = changes.iter().any(|change| change.slot == slot);
            match found {
                Some(expires) => left.insert(slot, expires),
                None if owner => return Err(KernelError::SlotFree(slot)),
                // Another visit of the holder that just ended: it must not come back to life.
                None => left.insert(slot, Some(Duration::from_millis(1))),
            };
        }
        Ok(left)
    }

    /// Reads one element: time left and bytes.
    fn element(&mut self, set: &str, key: Key, each: impl FnOnce(Option<Duration>, u64)) -> Result<(), KernelError> {
        let table = &self.table;
        let body = |to: &mut Writer<'_>| {
            to.text(1, table);
            to.text(2, set);
            to.nest(3, |to| with_key(key, |key| NewElem { key, ..NewElem::default() }.write(to)));
        };
        let mut found = None;
        let asked = self.reader.ask("read an element", msg::GETSETELEM, Family::Inet.number(), body, |message| {
            found = read_elements(message.attrs())
                .next()
                .map(|elem| (elem.expires.map(Duration::from_millis), elem.bytes.unwrap_or(0)));
        });
        match asked {
            Err(KernelError::Socket { source, .. }) if source.raw_os_error() == Some(libc::ENOENT) => return Ok(()),
            other => other?,
        }
        if let Some((expires, bytes)) = found {
            each(expires, bytes);
        }
        Ok(())
    }

    /// Ends visits (one batch), then reads and removes their counters: exact, nothing counts there any more. Also for visits
    /// whose time is over. Unknown slots are passed over.
    ///
    /// # Errors
    /// The kernel refused; access may be over already, call again.
    pub fn revoke(&mut self, slots: &[Slot]) -> Result<Vec<Ended>, KernelError> {
        let known: BTreeSet<Slot> = slots.iter().copied().filter(|slot| self.book.visits.contains_key(slot)).collect();
        let known: Vec<Slot> = known.into_iter().collect();
        let mut ended = Vec::with_capacity(known.len());
        for chunk in known.chunks(AT_ONCE) {
            let visits = match self.take(chunk) {
                // A stranger removed something: the book was read anew, try once more with what is there.
                Err(KernelError::Refused { .. }) => self.take(chunk)?,
                other => other?,
            };
            ended.append(&mut self.collect(&visits)?);
        }
        Ok(ended)
    }

    fn take(&mut self, slots: &[Slot]) -> Result<Vec<Visit>, KernelError> {
        let (mut ops, mut visits) = (Vec::new(), Vec::new());
        for slot in slots.iter().filter(|slot| self.book.visits.contains_key(slot)).copied().collect::<Vec<_>>() {
            let (visit, mut more) = self.book.revoke(slot)?;
            ops.append(&mut more);
            visits.push(visit);
        }
        self.apply(&ops)?;
        Ok(visits)
    }

    /// Reads and removes the counters of marks that nothing reaches any more.
    fn collect(&mut self, visits: &[Visit]) -> Result<Vec<Ended>, KernelError> {
        let mut ended = Vec::with_capacity(visits.len());
        let mut ops = Vec::new();
        for visit in visits {
            let key = Key::Mark(visit.mark.passing());
            let mut counts = [0; 4];
            for (set, count) in COUNTING.iter().zip(&mut counts) {
                if visit.slow.is_some() || matches!(*set, "up" | "dn") {
                    self.element(set, key, |_, bytes| *count = bytes)?;
                }
            }
            let [up, dn, slow_up, slow_dn] = counts;
            let traffic = Traffic { up: ByteCount::new(up + slow_up), down: ByteCount::new(dn + slow_dn) };
            ended.push(Ended { slot: visit.mark.slot, generation: visit.mark.generation, traffic });
            ops.extend(Book::counters(visit));
        }
        self.apply(&ops)?;
        Ok(ended)
    }

    /// Next generation for each slot, and a new policy group where one is given: running flows are judged again. Returns the
    /// last counts of the old generations.
    ///
    /// # Errors
    /// As [`Kernel::update`].
    pub fn regenerate(&mut self, slots: &[(Slot, Option<u8>)]) -> Result<Vec<Ended>, KernelError> {
        let changes: Vec<Update> = slots
            .iter()
            .map(|(slot, group)| Update { group: *group, judge_again: true, ..Update::of(*slot) })
            .collect();
        self.update(&changes)
    }

    /// Blocks devices; a running visit of theirs must be revoked too. `None` blocks until unbanned.
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn ban(&mut self, devices: &[(Device, Option<Duration>)]) -> Result<(), KernelError> {
        let mut ops = Vec::new();
        for (device, lasts) in devices {
            let key = Key::device(device);
            ops.push(Op::Gone { set: "banned", key, value: Value::None });
            ops.push(Op::Put { set: "banned", key, value: Value::None, timeout_ms: lasts.map(milliseconds) });
        }
        self.apply(&ops)
    }

    /// Lifts blocks.
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn unban(&mut self, devices: &[Device]) -> Result<(), KernelError> {
        let gone = |device| Op::Gone { set: "banned", key: Key::device(device), value: Value::None };
        self.apply(&devices.iter().map(gone).collect::<Vec<_>>())
    }

    /// Replaces the opening windows; none at all is closed. A new gate is closed until this is called, an adopted one keeps its
    /// windows. Running visits end by their own time.
    ///
    /// # Errors
    /// The kernel refused; the old windows stay.
    pub fn set_windows(&mut self, windows: &[Window]) -> Result<(), KernelError> {
        self.set(|kernel| kernel.settings.windows = windows.to_vec(), &["open"])
    }

    /// Opens a bridge for everybody for a time, blocked devices too; nothing passed so is counted. `None` ends it. The kernel
    /// ends it by itself, for running flows as well.
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn emergency(&mut self, lan: &IfName, lasts: Option<Duration>) -> Result<(), KernelError> {
        let mut batch = Batch::new();
        let key = name_key(lan);
        let elem = NewElem { key: &key, timeout: Some(lasts.map_or(1, milliseconds)), ..NewElem::default() };
        put_element(&mut batch, &self.table, "emergency", &elem);
        delete_element(&mut batch, &self.table, "emergency", &key);
        if lasts.is_some() {
            put_element(&mut batch, &self.table, "emergency", &elem);
        }
        lock(&self.writing).commit(batch)
    }

    /// Counters of all visits, ended ones too until they are revoked: one dump of four maps.
    ///
    /// # Errors
    /// The dump did not come through.
    pub fn readings(&mut self) -> Result<Vec<Reading>, KernelError> {
        let mut found = BTreeMap::new();
        for set in COUNTING {
            dump_set(&mut self.reader, &self.table, set, &mut found)?;
        }
        let mut readings: BTreeMap<(Slot, u8), Reading> = BTreeMap::new();
        for ((set, key), found) in found {
            let Key::Mark(bits) = key else { continue };
            let Some(mark) = Mark::parse(bits) else { continue };
            let blank =
                Reading { slot: mark.slot, generation: mark.generation, traffic: Traffic::ZERO, slowed: Traffic::ZERO };
            let reading = readings.entry((mark.slot, mark.generation)).or_insert(blank);
            let bytes = ByteCount::new(found.bytes);
            let counted = match set {
                "up" | "slow_up" => Traffic { up: bytes, down: ByteCount::ZERO },
                _ => Traffic { up: ByteCount::ZERO, down: bytes },
            };
            reading.traffic += counted;
            if matches!(set, "slow_up" | "slow_dn") {
                reading.slowed += counted;
            }
        }
        Ok(readings.into_values().collect())
    }

    /// The visits the kernel holds, those whose time is over too.
    ///
    /// # Errors
    /// A dump did not come through.
    pub fn visits(&mut self) -> Result<Vec<Observed>, KernelError> {
        let seen = Seen::read(&mut self.reader, &self.table)?;
        let book = seen.book(0, true);
        Ok(book.visits.values().map(|visit| seen.describe(visit)).collect())
    }

    /// The uplinks from now on.
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn set_uplinks(&mut self, uplinks: &[IfName]) -> Result<(), KernelError> {
        self.set(|kernel| kernel.config.uplinks = uplinks.to_vec(), &["uplinks"])
    }

    /// The visitor bridges from now on.
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn set_lans(&mut self, lans: &[IfName]) -> Result<(), KernelError> {
        self.set(|kernel| kernel.config.lans = lans.to_vec(), &["lans"])
    }

    /// The visitor ports from now on; without the bridge family this is remembered and has no effect.
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn set_ports(&mut self, ports: &[IfName]) -> Result<(), KernelError> {
        self.set(|kernel| kernel.config.ports = ports.to_vec(), &["ports"])
    }

    /// Refused destinations beside the private and the configured ranges: the uplink's own subnets.
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn set_refused(&mut self, nets: &[Net]) -> Result<(), KernelError> {
        self.set(|kernel| kernel.settings.refused = nets.to_vec(), &["refused4", "refused6"])
    }

    /// The walled garden's networks from now on; names are filled in by [`GardenHandle::garden`](super::GardenHandle::garden).
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn set_garden_networks(&mut self, garden: &[(Net, Proto, PortRange)]) -> Result<(), KernelError> {
        self.set(|kernel| kernel.config.garden = garden.to_vec(), &["garden_net4", "garden_net6"])
    }

    /// Addresses of the gateway on visitor bridges.
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn set_gateway_addresses(&mut self, addresses: &[IpAddr]) -> Result<(), KernelError> {
        self.set(|kernel| kernel.config.gateway_addresses = addresses.to_vec(), &["gateway4", "gateway6"])
    }

    pub(super) fn set(&mut self, change: impl FnOnce(&mut Self), sets: &[&str]) -> Result<(), KernelError> {
        let (config, settings) = (self.config.clone(), self.settings.clone());
        change(self);
        let mut batch = Batch::new();
        for filled in self.settings.fill(&self.config, self.features.bridge) {
            if sets.contains(&filled.1) {
                refill(&mut batch, &self.table, &filled);
            }
        }
        let done = lock(&self.writing).commit(batch);
        if done.is_err() {
            (self.config, self.settings) = (config, settings);
        }
        done
    }

    /// The windows an adopted table has.
    fn read_windows(&mut self) -> Result<Vec<Window>, KernelError> {
        let table = Arc::clone(&self.table);
        let mut points = BTreeMap::new();
        let body = |to: &mut Writer<'_>| {
            to.text(1, &table);
            to.text(2, "open");
        };
        let read =
            self.reader.dump("read the opening windows", msg::GETSETELEM, Family::Inet.number(), body, |message| {
                let Some(message) = message else { return points.clear() };
                for elem in read_elements(message.attrs()) {
                    if let Some(key) = elem.key.first_chunk() {
                        points.insert(u64::from_be_bytes(*key), elem.interval_end);
                    }
                }
            });
        match read {
            Err(KernelError::Socket { source, .. }) if source.raw_os_error() == Some(libc::ENOENT) => {
                return Ok(Vec::new());
            }
            other => other?,
        }
        let mut windows: Vec<Window> = Vec::new();
        for (point, end) in points {
            match windows.last_mut() {
                Some(window) if end && window.until.is_none() => window.until = Some(point),
                _ if !end => windows.push(Window { from: Some(point).filter(|point| *point > 0), until: None }),
                _ => {}
            }
        }
        Ok(windows)
    }

    /// Counts of refusals since the tables were built.
    ///
    /// # Errors
    /// The dump did not come through.
    pub fn tallies(&mut self) -> Result<Tallies, KernelError> {
        let mut tallies = Tallies::default();
        for family in [Family::Inet, Family::Bridge] {
            if family == Family::Bridge && !self.features.bridge {
                continue;
            }
            let table = Arc::clone(&self.table);
            let body = |to: &mut Writer<'_>| {
                to.text(1, &table);
                to.u32(3, obj::COUNTER);
            };
            self.reader.dump("read counters", msg::GETOBJ, family.number(), body, |message| {
                let Some(attrs) = message.map(super::codec::Message::attrs) else { return };
                let packets = attrs.nested(4).and_then(|data| data.u64(2)).unwrap_or(0);
                match attrs.text(2).filter(|_| attrs.text(1) == Some(&*table)) {
                    Some("rogue_dhcp") => tallies.rogue_dhcp = packets,
                    Some("rogue_ra") => tallies.rogue_ra = packets,
                    Some("spoofed_gateway") => tallies.spoofed_gateway = packets,
                    Some("isolated") => tallies.isolated = packets,
                    Some("spoofed_source") => tallies.spoofed_source = packets,
                    Some("too_many_flows") => tallies.too_many_flows = packets,
                    Some("refused") => tallies.refused = packets,
                    _ => {}
                }
            })?;
        }
        Ok(tallies)
    }

    /// A listener for its own thread.
    ///
    /// # Errors
    /// The netlink socket failed.
    pub fn events(&self) -> Result<Events, KernelError> {
        Events::listen(&self.table, lock(&self.writing).conn.port())
    }

    /// Removes the tables: the gate is gone. (Dropping the value leaves it standing, which is what a restart wants.)
    ///
    /// # Errors
    /// The kernel refused; the gate stands.
    pub fn close(self) -> Result<(), KernelError> {
        let mut batch = Batch::new();
        for skeleton in self.skeletons() {
            batch.add(msg::NEWTABLE, skeleton.family, |to| to.text(1, &self.table));
            batch.delete(msg::DELTABLE, skeleton.family, |to| to.text(1, &self.table));
        }
        self.without_throttles(&mut batch);
        lock(&self.writing).commit(batch)
    }
}

fn distinct(slots: impl Iterator<Item = Slot>) -> Result<(), KernelError> {
    let mut seen = BTreeSet::new();
    for slot in slots {
        if !seen.insert(slot) {
            return Err(KernelError::SlotTwice(slot));
        }
    }
    Ok(())
}
