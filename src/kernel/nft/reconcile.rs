//! Compares the kernel with what it should hold, and repairs.

use std::collections::{BTreeMap, BTreeSet};

use super::codec::{Batch, Conn, Family, Writer, msg, read_elements};
use super::desk::lock;
use super::kernel::Kernel;
use super::observe::{COUNTING, Seen, read_name};
use super::plan::{Book, Key, Op, Value, Visit, identity};
use super::report::{Desired, Observed, Repair};
use super::settings::Item;
use super::tables::{Present, refill};
use crate::{Depleted, KernelError, Mark, Slot};
use gapura_model::{ByteCount, Traffic};

impl Kernel {
    /// Nobody but this program changed anything since all was last well. Cheap: one question.
    ///
    /// # Errors
    /// The netlink socket failed.
    pub fn verify(&mut self) -> Result<bool, KernelError> {
        let commits = lock(&self.writing).commits;
        let now = self.generation()?;
        Ok(self.seen_well.is_some_and(|(generation, then)| now.wrapping_sub(generation) == commits.wrapping_sub(then)))
    }

    /// Lets the next [`Kernel::reconcile`] read everything: a stranger's change was announced, or announcements were lost.
    ///
    /// Counting generations alone may miss one: a batch of ours that changes nothing (an empty set emptied again) does not
    /// move the kernel's generation, and then a stranger's change looks like ours.
    pub const fn doubt(&mut self) {
        self.seen_well = None;
        self.filter.doubted = true;
    }

    /// Makes the kernel hold `desired`, and says what was wrong. Without a stranger's change nothing is read: only visits that
    /// came or went are granted or revoked. After a flush everything is built again with what each visit has left.
    ///
    /// # Errors
    /// A reading or a batch failed; call again.
    pub fn reconcile(&mut self, desired: &Desired) -> Result<Vec<Repair>, KernelError> {
        let mut repairs = Vec::new();
        let well = self.verify()?;
        if !well {
            self.repair_tables(&mut repairs)?;
            self.repair_filter(&mut repairs)?;
            self.repair_throttles(&mut repairs)?;
            self.forget_garden();
        }
        self.repair_visits(desired, well, &mut repairs)?;
        if !well {
            self.repair_bans(desired, &mut repairs)?;
            for (lan, left) in desired.emergency.iter().filter(|_| !repairs.is_empty()) {
                self.emergency(lan, Some(*left))?;
            }
        }
        let commits = lock(&self.writing).commits;
        self.seen_well = Some((self.generation()?, commits));
        Ok(repairs)
    }

    fn repair_tables(&mut self, repairs: &mut Vec<Repair>) -> Result<(), KernelError> {
        for skeleton in self.skeletons() {
            let present = Present::read(&mut self.reader, &self.table, skeleton.family)?;
            let handles = self.handles.get(&skeleton.family).cloned().unwrap_or_default();
            if let Some(fault) = present.fault(&skeleton, &handles) {
                repairs.push(Repair::Skeleton(fault));
            }
        }
        if !repairs.is_empty() {
            return self.build();
        }
        let mut batch = Batch::new();
        for filled in self.settings.fill(&self.config, self.features.bridge) {
            if items(&mut self.reader, &self.table, filled.0, filled.1)? != filled.2.iter().cloned().collect() {
                repairs.push(Repair::Setting(filled.1.to_owned()));
                refill(&mut batch, &self.table, &filled);
            }
        }
        lock(&self.writing).commit(batch)
    }

    fn repair_visits(&mut self, desired: &Desired, well: bool, repairs: &mut Vec<Repair>) -> Result<(), KernelError> {
        let wanted: BTreeSet<Slot> = desired.visits.iter().map(|access| access.slot).collect();
        let mut damaged = BTreeSet::new();
        if !well {
            let seen = Seen::read(&mut self.reader, &self.table)?;
            damaged = desired
                .visits
                .iter()
                .filter(|access| !seen.whole(&self.book, access.slot))
                .map(|access| access.slot)
                .collect();
            let (marks, ops) = seen.clear(&damaged, &wanted);
            repairs.extend(marks.iter().map(|mark| Repair::Foreign(mark.slot)));
            self.apply(&ops)?;
            let generations = self.book.generations.clone();
            self.adopt()?;
            for (slot, generation) in generations {
                self.book.generations.insert(slot, generation);
            }
            // What is left of a damaged visit are its counters: keep the mark they stand under.
            for slot in &damaged {
                self.book.visits.remove(slot);
            }
        }
        let foreign: Vec<Slot> = self.book.visits.keys().filter(|slot| !wanted.contains(slot)).copied().collect();
        self.revoke(&foreign)?;
        repairs.extend(foreign.into_iter().map(Repair::Foreign));
        let missing: Vec<_> =
            desired.visits.iter().filter(|access| !self.book.visits.contains_key(&access.slot)).cloned().collect();
        for access in &missing {
            if damaged.contains(&access.slot) {
                self.book.same_generation_again(access.slot);
            }
        }
        self.grant(&missing)?;
        repairs.extend(missing.iter().map(|access| Repair::Visit(access.slot)));
        Ok(())
    }

    fn repair_bans(&mut self, desired: &Desired, repairs: &mut Vec<Repair>) -> Result<(), KernelError> {
        let found = Seen::read(&mut self.reader, &self.table)?.banned();
        let wanted: BTreeMap<_, _> = desired.banned.iter().cloned().collect();
        let missing: Vec<_> = wanted
            .iter()
            .filter(|(device, _)| !found.contains_key(*device))
            .map(|(device, left)| (device.clone(), *left))
            .collect();
        self.ban(&missing)?;
        let extra: Vec<_> = found.into_keys().filter(|device| !wanted.contains_key(device)).collect();
        self.unban(&extra)?;
        repairs.extend(missing.into_iter().map(|(device, _)| Repair::Ban(device)));
        repairs.extend(extra.into_iter().map(Repair::Unban));
        Ok(())
    }
}

/// The elements a setting has in the kernel.
pub(super) fn items(reader: &mut Conn, table: &str, family: Family, set: &str) -> Result<BTreeSet<Item>, KernelError> {
    let mut items = BTreeSet::new();
    let body = |to: &mut Writer<'_>| {
        to.text(1, table);
        to.text(2, set);
    };
    reader.dump("read a setting", msg::GETSETELEM, family.number(), body, |message| {
        let Some(message) = message else { return items.clear() };
        items.extend(read_elements(message.attrs()).map(|elem| Item {
            key: elem.key.to_vec(),
            key_end: elem.key_end.map(<[u8]>::to_vec),
            interval_end: elem.interval_end,
            data: elem.data.map(<[u8]>::to_vec),
        }));
    })?;
    Ok(items)
}

impl Book {
    /// The next grant of a slot takes the generation it had: its counters go on.
    pub(crate) fn same_generation_again(&mut self, slot: Slot) {
        if let Some(last) = self.generations.get_mut(&slot) {
            *last = last.wrapping_sub(1) & 0x1f;
        }
    }
}

impl Seen {
    /// Everything the book wants of a visit is there, with the very values.
    fn whole(&self, book: &Book, slot: Slot) -> bool {
        let Some(visit) = book.visits.get(&slot) else { return false };
        let Some(device) = &visit.device else { return false };
        let key = Key::Mark(visit.mark.passing());
        let number = |set, key, number| self.value(set, key) == Some(&Value::Number(number));
        let lanes = super::plan::lanes(visit, book.holder_of(visit)).into_iter();
        number(identity(visit), Key::device(device), visit.mark.identified())
            && lanes.map(|(set, name)| (set, name.or_else(|| visit.spare.clone()))).all(|(set, name)| {
                name.is_some_and(|name| {
                    self.objects.contains(&name) && self.value(set, key) == Some(&Value::Object(name))
                })
            })
            && number("up", key, visit.classes.up)
            && number("dn", key, visit.classes.dn)
            && visit.slow.is_none_or(|slow| {
                number("slow_up", key, slow.up)
                    && number("slow_dn", key, slow.dn)
                    && self.value("slowable", key).is_some()
            })
    }

    /// Takes away what is left of damaged visits (their counters aside), marks no visit has, and quotas nobody uses.
    fn clear(&self, damaged: &BTreeSet<Slot>, wanted: &BTreeSet<Slot>) -> (BTreeSet<Mark>, Vec<Op>) {
        let (mut foreign, mut ops) = (BTreeSet::new(), Vec::new());
        let mut used = BTreeSet::new();
        for ((set, key), found) in self.elements.iter().filter(|((set, _), _)| *set != "banned") {
            let mark = match (key, &found.value) {
                (Key::Mark(bits), _) | (Key::Device(_), Value::Number(bits)) => Mark::parse(*bits),
                (Key::Device(_), Value::None | Value::Object(_)) => None,
            };
            let counting = COUNTING.contains(set);
            let keep = mark.is_some_and(|mark| counting || !damaged.contains(&mark.slot));
            if keep {
                if let Value::Object(name) = &found.value {
                    used.insert(name.clone());
                }
                continue;
            }
            foreign.extend(mark.filter(|mark| !wanted.contains(&mark.slot)));
            ops.push(Op::Gone { set, key: *key, value: found.value.clone() });
        }
        let unused = self.objects.iter().filter(|name| !used.contains(*name) && read_name(name).is_some());
        ops.extend(unused.map(|name| Op::Unquota { name: name.clone() }));
        (foreign, ops)
    }

    /// A visit for those who ask what the kernel holds.
    pub(crate) fn describe(&self, visit: &Visit) -> Observed {
        let key = Key::Mark(visit.mark.passing());
        let bytes = |set| self.elements.get(&(set, key)).map_or(0, |found| found.bytes);
        let device =
            visit.device.as_ref().and_then(|device| self.elements.get(&(identity(visit), Key::device(device))));
        Observed {
            slot: visit.mark.slot,
            generation: visit.mark.generation,
            group: visit.mark.group,
            device: visit.device.clone(),
            remaining: device.and_then(|found| found.expires),
            alive: ["live", "vis_up"].iter().any(|set| self.value(set, key).is_some()),
            trusted: visit.trusted,
            holder: visit.holder.filter(|key| {
                self.objects
                    .iter()
                    .any(|name| read_name(name).is_some_and(|(owner, ..)| owner == Depleted::Holder(*key)))
            }),
            classes: visit.classes,
            slow: visit.slow,
            traffic: Traffic {
                up: ByteCount::new(bytes("up") + bytes("slow_up")),
                down: ByteCount::new(bytes("dn") + bytes("slow_dn")),
            },
        }
    }
}
