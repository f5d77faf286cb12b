//! Reads what the kernel holds, and makes a [`Book`] of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gapura_model::MacAddr;

use super::codec::{Conn, Family, msg, read_elements, read_quota};
use super::plan::{Book, Key, Objects, Value, Visit};
use crate::{ClassIds, Depleted, Device, KernelError, Mark, Slot};

/// Maps and sets with elements of visits.
pub(crate) const VISIT_SETS: [&str; 13] = [
    "dev",
    "dev_always",
    "live",
    "vis_up",
    "vis_dn",
    "hold_up",
    "hold_dn",
    "slowable",
    "up",
    "dn",
    "slow_up",
    "slow_dn",
    "banned",
];
/// The counting ones.
pub(crate) const COUNTING: [&str; 4] = ["up", "dn", "slow_up", "slow_dn"];

/// An element as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) value: Value,
    pub(crate) expires: Option<Duration>,
    pub(crate) bytes: u64,
}

/// Everything per visitor in the kernel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) elements: BTreeMap<(&'static str, Key), Found>,
    pub(crate) objects: BTreeSet<String>,
}

/// Dumps one set; a missing set is empty.
pub(crate) fn dump_set(
    conn: &mut Conn,
    table: &str,
    set: &'static str,
    found: &mut BTreeMap<(&'static str, Key), Found>,
) -> Result<(), KernelError> {
    let mut part = BTreeMap::new();
    let body = |to: &mut super::codec::Writer<'_>| {
        to.text(1, table);
        to.text(2, set);
    };
    let done = conn.dump("read elements", msg::GETSETELEM, Family::Inet.number(), body, |message| {
        let Some(message) = message else { return part.clear() };
        for elem in read_elements(message.attrs()) {
            if let Some(key) = read_key(elem.key) {
                let number = elem.data.and_then(|data| data.first_chunk()).map(|data| u32::from_ne_bytes(*data));
                let object = elem.objref.map(|name| Value::Object(name.to_owned()));
                let value = object.or(number.map(Value::Number)).unwrap_or(Value::None);
                let expires = elem.expires.map(Duration::from_millis);
                part.insert((set, key), Found { value, expires, bytes: elem.bytes.unwrap_or(0) });
            }
        }
    });
    match done {
        Err(KernelError::Socket { source, .. }) if source.raw_os_error() == Some(libc::ENOENT) => {}
        other => other?,
    }
    found.append(&mut part);
    Ok(())
}

fn read_key(bytes: &[u8]) -> Option<Key> {
    match bytes.len() {
        4 => Some(Key::Mark(u32::from_ne_bytes(*bytes.first_chunk()?))),
        24 => Some(Key::Device(*bytes.first_chunk()?)),
        _ => None,
    }
}

/// The device a key names.
pub(crate) fn read_device(key: Key) -> Option<Device> {
    let Key::Device(bytes) = key else { return None };
    let (name, rest) = bytes.split_first_chunk::<16>()?;
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(16);
    let lan = std::str::from_utf8(name.get(..end)?).ok()?.parse().ok()?;
    Some(Device { lan, mac: MacAddr::new(*rest.first_chunk()?) })
}

/// Whose quota an object is: `v` slot `.` generation `.` part `.` serial, or `h` holder `.` part `.` serial, numbers in hex.
pub(crate) fn read_name(name: &str) -> Option<(Depleted, char, u64)> {
    let mut parts = name.split('.');
    let owner = parts.next()?;
    let number = owner.get(1..)?;
    let owner = match owner.as_bytes().first()? {
        b'v' => {
            let slot = Slot::new(u16::from_str_radix(number, 16).ok()?)?;
            Depleted::Visit { slot, generation: u8::from_str_radix(parts.next()?, 16).ok()? }
        }
        b'h' => Depleted::Holder(u32::from_str_radix(number, 16).ok()?),
        _ => return None,
    };
    let part = parts.next()?.chars().next()?;
    let serial = u64::from_str_radix(parts.next()?, 16).ok()?;
    parts.next().is_none().then_some((owner, part, serial))
}

impl Seen {
    pub(crate) fn read(conn: &mut Conn, table: &str) -> Result<Self, KernelError> {
        let mut seen = Self::default();
        for set in VISIT_SETS {
            dump_set(conn, table, set, &mut seen.elements)?;
        }
        let objects = &mut seen.objects;
        let body = |to: &mut super::codec::Writer<'_>| {
            to.text(1, table);
            to.u32(3, super::codec::obj::QUOTA);
        };
        conn.dump("read quotas", msg::GETOBJ, Family::Inet.number(), body, |message| {
            let Some(message) = message else { return objects.clear() };
            if let Some(quota) = read_quota(message.attrs()).filter(|quota| quota.table == table) {
                objects.insert(quota.name.to_owned());
            }
        })?;
        Ok(seen)
    }

    pub(crate) fn value(&self, set: &'static str, key: Key) -> Option<&Value> {
        self.elements.get(&(set, key)).map(|found| &found.value)
    }

    fn number(&self, set: &'static str, key: Key) -> Option<u32> {
        match self.value(set, key)? {
            Value::Number(number) => Some(*number),
            Value::None | Value::Object(_) => None,
        }
    }

    fn object(&self, set: &'static str, key: Key) -> Option<&str> {
        match self.value(set, key)? {
            Value::Object(name) => Some(name),
            Value::None | Value::Number(_) => None,
        }
    }

    /// The blocked devices and the time left of each block.
    pub(crate) fn banned(&self) -> BTreeMap<Device, Option<Duration>> {
        let banned = self.elements.iter().filter(|((set, _), _)| *set == "banned");
        banned.filter_map(|((_, key), found)| Some((read_device(*key)?, found.expires))).collect()
    }

    /// All marks of visits, the newest generation of each slot last.
    fn marks(&self) -> BTreeMap<Slot, Mark> {
        let mut marks = BTreeMap::new();
        // Counters first, then what makes a visit alive: the latter decides where a slot has two generations.
        for wanted in [&COUNTING[..], &["live", "vis_up", "vis_dn", "slowable"][..]] {
            for (set, key) in self.elements.keys() {
                if let (true, Key::Mark(bits)) = (wanted.contains(set), key)
                    && let Some(mark) = Mark::parse(*bits)
                {
                    marks.insert(mark.slot, mark);
                }
            }
        }
        for ((set, _), found) in &self.elements {
            if let (true, Value::Number(bits)) = (matches!(*set, "dev" | "dev_always"), &found.value)
                && let Some(mark) = Mark::parse(*bits)
            {
                marks.insert(mark.slot, mark);
            }
        }
        marks
    }

    /// The book that would have made these elements.
    pub(crate) fn book(&self, first_generation: u8, timeout_update: bool) -> Book {
        let mut book = Book { first_generation, timeout_update, ..Book::default() };
        book.serial =
            self.objects.iter().filter_map(|name| read_name(name)).map(|(.., serial)| serial).max().unwrap_or(0);
        let mut devices: BTreeMap<u32, (Device, bool, bool)> = BTreeMap::new();
        for ((set, key), found) in &self.elements {
            if let (true, Value::Number(bits), Some(device)) =
                (matches!(*set, "dev" | "dev_always"), &found.value, read_device(*key))
            {
                devices.insert(*bits, (device, *set == "dev_always", found.expires.is_some()));
            }
        }
        for (slot, mark) in self.marks() {
            let device = devices.remove(&mark.identified());
            let visit = self.visit(mark, device);
            if let Some(key) = visit.holder {
                let holder = book.holders.entry(key).or_default();
                holder.users.insert(slot);
                self.holder_objects(mark, &mut holder.objects);
            }
            book.generations.insert(slot, mark.generation);
            book.visits.insert(slot, visit);
        }
        book
    }

    fn lanes_of(&self, mark: Mark) -> impl Iterator<Item = (&'static str, &str, Depleted, char)> {
        let key = Key::Mark(mark.passing());
        ["live", "vis_up", "vis_dn", "hold_up", "hold_dn"].into_iter().filter_map(move |set| {
            let name = self.object(set, key)?;
            let (owner, part, _) = read_name(name)?;
            Some((set, name, owner, part))
        })
    }

    fn holder_objects(&self, mark: Mark, objects: &mut Objects) {
        for (_, name, owner, part) in self.lanes_of(mark) {
            if matches!(owner, Depleted::Holder(_)) {
                assign(objects, part, name);
            }
        }
    }

    fn visit(&self, mark: Mark, device: Option<(Device, bool, bool)>) -> Visit {
        let key = Key::Mark(mark.passing());
        let mut objects = Objects::default();
        let (mut spare, mut holder) = (None, None);
        for (_, name, owner, part) in self.lanes_of(mark) {
            match owner {
                Depleted::Holder(number) => holder = Some(number),
                Depleted::Visit { .. } if part == 'n' => spare = Some(name.to_owned()),
                Depleted::Visit { .. } => assign(&mut objects, part, name),
            }
        }
        let class = |set| self.number(set, key).unwrap_or(0);
        let slow = self
            .elements
            .contains_key(&("slow_up", key))
            .then(|| ClassIds { up: class("slow_up"), dn: class("slow_dn") });
        let (device, trusted, timed) =
            device.map_or((None, false, true), |(device, trusted, timed)| (Some(device), trusted, timed));
        Visit {
            mark,
            device,
            trusted,
            timed,
            objects,
            spare,
            holder,
            classes: ClassIds { up: class("up"), dn: class("dn") },
            slow,
        }
    }
}

fn assign(objects: &mut Objects, part: char, name: &str) {
    match part {
        't' => *objects = Objects { up: Some(name.to_owned()), dn: Some(name.to_owned()) },
        'u' => objects.up = Some(name.to_owned()),
        'd' => objects.dn = Some(name.to_owned()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_say_whose_they_are() {
        let slot = Slot::new(0x1f).unwrap();
        assert_eq!(read_name("v1f.3.t.2a"), Some((Depleted::Visit { slot, generation: 3 }, 't', 0x2a)));
        assert_eq!(read_name("hff.d.1"), Some((Depleted::Holder(255), 'd', 1)));
        for foreign in ["", "v", "v1.3.t.2a", "x1f.3.t.2a", "v1f.3.t.2a.9", "h.t.1", "ü1", "hff..1"] {
            assert_eq!(read_name(foreign), None, "{foreign}");
        }
    }
}
