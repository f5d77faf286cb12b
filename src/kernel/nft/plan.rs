//! Decides which elements and objects change; knows nothing of sockets.
//!
//! [`Book`] is what the kernel is believed to hold. Each method changes it and returns the operations that make it true; when
//! the kernel refuses them the book is thrown away and read again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::settings::name_key;
use crate::{Access, ClassIds, Device, KernelError, Mark, Quota, Slot, Update};

/// "No limit" as a quota object: 2^62 octets.
pub(crate) const UNLIMITED: u64 = 1 << 62;

/// Key of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A conntrack mark.
    Mark(u32),
    /// `ifname . ether_addr`.
    Device([u8; 24]),
}

impl Key {
    pub(crate) fn device(device: &Device) -> Self {
        let mut key = [0; 24];
        for (place, byte) in key.iter_mut().zip(name_key(&device.lan).into_iter().chain(device.mac.octets())) {
            *place = byte;
        }
        Self::Device(key)
    }
}

/// What an element maps to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    /// Member of a set.
    None,
    /// A mark or a class.
    Number(u32),
    /// A quota object.
    Object(String),
}

/// One operation of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Adds an element, or renews its timeout.
    Put { set: &'static str, key: Key, value: Value, timeout_ms: Option<u64> },
    /// Removes an element, if it is still there.
    Gone { set: &'static str, key: Key, value: Value },
    /// Creates a quota object.
    Quota { name: String, bytes: u64 },
    /// Deletes a quota object.
    Unquota { name: String },
}

/// Quota objects of a visit or holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Objects {
    pub(crate) up: Option<String>,
    pub(crate) dn: Option<String>,
}

impl Objects {
    fn shared(&self) -> Option<&String> {
        self.up.as_ref().filter(|up| Some(*up) == self.dn.as_ref())
    }

    fn is_empty(&self) -> bool {
        self.up.is_none() && self.dn.is_none()
    }

    fn names(&self) -> BTreeSet<String> {
        self.up.iter().chain(&self.dn).cloned().collect()
    }
}

/// A visit as the kernel holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) mark: Mark,
    /// Unknown once its time is over.
    pub(crate) device: Option<Device>,
    pub(crate) trusted: bool,
    pub(crate) timed: bool,
    pub(crate) objects: Objects,
    pub(crate) spare: Option<String>,
    pub(crate) holder: Option<u32>,
    pub(crate) classes: ClassIds,
    pub(crate) slow: Option<ClassIds>,
}

/// A holder's balance and who shares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HolderBook {
    pub(crate) objects: Objects,
    pub(crate) users: BTreeSet<Slot>,
}

/// All visits and balances.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub(crate) visits: BTreeMap<Slot, Visit>,
    pub(crate) holders: BTreeMap<u32, HolderBook>,
    /// Last generation of slots seen in this run.
    pub(crate) generations: BTreeMap<Slot, u8>,
    /// Generation of slots not seen yet.
    pub(crate) first_generation: u8,
    /// Makes object names unique.
    pub(crate) serial: u64,
    /// Timeouts change in place.
    pub(crate) timeout_update: bool,
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    // 0 would mean "for ever"; the kernel rounds to its ticks.
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 4).clamp(1, u64::MAX / 4)
}

fn timeout(expires_in: Option<Duration>) -> Option<u64> {
    expires_in.map(milliseconds)
}

/// Which quota each packet of a visit meets: element by element.
pub(crate) fn lanes(visit: &Visit, holder: Option<&Objects>) -> Vec<(&'static str, Option<String>)> {
    let nothing = Objects::default();
    let holder = holder.unwrap_or(&nothing);
    let own = &visit.objects;
    let single = match (own.is_empty(), holder.is_empty()) {
        (true, true) => Some(None),
        (false, true) => own.shared().map(|name| Some(name.clone())),
        (true, false) => holder.shared().map(|name| Some(name.clone())),
        (false, false) => None,
    };
    single.map_or_else(
        || {
            vec![
                ("vis_up", own.up.clone()),
                ("vis_dn", own.dn.clone()),
                ("hold_up", holder.up.clone()),
                ("hold_dn", holder.dn.clone()),
            ]
        },
        |name| vec![("live", name)],
    )
}

const fn ends_by_time(set: &str) -> bool {
    !matches!(set.as_bytes(), b"hold_up" | b"hold_dn")
}

impl Book {
    fn name(&mut self, owner: &str, part: char) -> String {
        self.serial += 1;
        format!("{owner}.{part}.{:x}", self.serial)
    }

    fn objects(&mut self, owner: &str, quota: Quota, ops: &mut Vec<Op>) -> Objects {
        let mut make = |part, bytes: gapura_model::ByteCount| {
            let name = self.name(owner, part);
            ops.push(Op::Quota { name: name.clone(), bytes: bytes.get().min(UNLIMITED) });
            name
        };
        match quota {
            Quota::Unlimited => Objects::default(),
            Quota::Total(bytes) => {
                let name = make('t', bytes);
                Objects { up: Some(name.clone()), dn: Some(name) }
            }
            Quota::EachWay { up, down } => {
                Objects { up: up.map(|bytes| make('u', bytes)), dn: down.map(|bytes| make('d', bytes)) }
            }
        }
    }

    pub(crate) fn holder_of(&self, visit: &Visit) -> Option<&Objects> {
        visit.holder.and_then(|key| self.holders.get(&key)).map(|holder| &holder.objects)
    }

    /// The visit's lanes with a spare object where a limit is absent; creates the spare on first need.
    fn filled_lanes(&mut self, visit: &mut Visit, ops: &mut Vec<Op>) -> Vec<(&'static str, String)> {
        let lanes = lanes(visit, self.holder_of(visit));
        if visit.spare.is_none() && lanes.iter().any(|(_, name)| name.is_none()) {
            let name = self.name(&visit_owner(visit.mark), 'n');
            ops.push(Op::Quota { name: name.clone(), bytes: UNLIMITED });
            visit.spare = Some(name);
        }
        let spare = visit.spare.clone().unwrap_or_default();
        lanes.into_iter().map(|(set, name)| (set, name.unwrap_or_else(|| spare.clone()))).collect()
    }

    /// Lets a device pass.
    pub(crate) fn grant(&mut self, access: &Access) -> Result<(Mark, Vec<Op>), KernelError> {
        if self.visits.contains_key(&access.slot) {
            return Err(KernelError::SlotBusy(access.slot));
        }
        let generation = self.next_generation(access.slot);
        let mark = Mark { slot: access.slot, group: access.group, generation };
        let mut ops = Vec::with_capacity(8);
        let objects = self.objects(&visit_owner(mark), access.visit_quota, &mut ops);
        if let Some(holder) = access.holder {
            if !self.holders.contains_key(&holder.key) {
                let objects = self.objects(&format!("h{:x}", holder.key), holder.quota, &mut ops);
                self.holders.insert(holder.key, HolderBook { objects, users: BTreeSet::new() });
            }
            if let Some(book) = self.holders.get_mut(&holder.key) {
                book.users.insert(access.slot);
            }
        }
        let mut visit = Visit {
            mark,
            device: Some(access.device.clone()),
            trusted: access.trusted,
            timed: access.expires_in.is_some(),
            objects,
            spare: None,
            holder: access.holder.map(|holder| holder.key),
            classes: access.classes,
            slow: access.slow,
        };
        self.put_all(&mut visit, timeout(access.expires_in), &mut ops);
        self.visits.insert(access.slot, visit);
        Ok((mark, ops))
    }

    fn next_generation(&mut self, slot: Slot) -> u8 {
        let first = self.first_generation;
        let generation = self.generations.entry(slot).and_modify(|last| *last = (*last + 1) & 0x1f).or_insert(first);
        *generation
    }

    /// All elements of a visit, identity last.
    fn put_all(&mut self, visit: &mut Visit, timeout_ms: Option<u64>, ops: &mut Vec<Op>) {
        let key = Key::Mark(visit.mark.passing());
        let lanes = self.filled_lanes(visit, ops);
        let mut put = |set, key, value, timeout_ms| ops.push(Op::Put { set, key, value, timeout_ms });
        put("up", key, Value::Number(visit.classes.up), None);
        put("dn", key, Value::Number(visit.classes.dn), None);
        if let Some(slow) = visit.slow {
            put("slow_up", key, Value::Number(slow.up), None);
            put("slow_dn", key, Value::Number(slow.dn), None);
            put("slowable", key, Value::None, timeout_ms);
        }
        for (set, name) in lanes {
            put(set, key, Value::Object(name), timeout_ms.filter(|_| ends_by_time(set)));
        }
        if let Some(device) = &visit.device {
            put(identity(visit), Key::device(device), Value::Number(visit.mark.identified()), timeout_ms);
        }
    }

    /// Everything of a visit but its counters.
    fn take_access(&mut self, visit: &Visit, ops: &mut Vec<Op>) {
        let key = Key::Mark(visit.mark.passing());
        if let Some(device) = &visit.device {
            let value = Value::Number(visit.mark.identified());
            ops.push(Op::Gone { set: identity(visit), key: Key::device(device), value });
        }
        for (set, name) in lanes(visit, self.holder_of(visit)) {
            if let Some(name) = name.or_else(|| visit.spare.clone()) {
                ops.push(Op::Gone { set, key, value: Value::Object(name) });
            }
        }
        if visit.slow.is_some() {
            ops.push(Op::Gone { set: "slowable", key, value: Value::None });
        }
    }

    /// Ends a visit: first its access; [`Book::counters`] go after they were read.
    pub(crate) fn revoke(&mut self, slot: Slot) -> Result<(Visit, Vec<Op>), KernelError> {
        let visit = self.visits.remove(&slot).ok_or(KernelError::SlotFree(slot))?;
        let mut ops = Vec::with_capacity(8);
        self.take_access(&visit, &mut ops);
        let mut names = visit.objects.names();
        names.extend(visit.spare.clone());
        if let Some(holder) = visit.holder {
            let left = self.holders.get_mut(&holder).is_some_and(|book| {
                book.users.remove(&slot);
                book.users.is_empty()
            });
            if left && let Some(book) = self.holders.remove(&holder) {
                names.extend(book.objects.names());
            }
        }
        ops.extend(names.into_iter().map(|name| Op::Unquota { name }));
        Ok((visit, ops))
    }

    /// Removes a visit's counters.
    pub(crate) fn counters(visit: &Visit) -> Vec<Op> {
        let key = Key::Mark(visit.mark.passing());
        let gone = |set, class| Op::Gone { set, key, value: Value::Number(class) };
        let mut ops = vec![gone("up", visit.classes.up), gone("dn", visit.classes.dn)];
        if let Some(slow) = visit.slow {
            ops.extend([gone("slow_up", slow.up), gone("slow_dn", slow.dn)]);
        }
        ops
    }

    /// Whose remaining time has to be read before [`Book::update`]: elements that are replaced keep it.
    pub(crate) fn needs_time(&self, change: &Update) -> Vec<Slot> {
        let mut slots = Vec::new();
        let replaced = change.visit_quota.is_some() || change.device.is_some() || change.rekeys();
        if change.expires_in.is_none() && replaced {
            slots.push(change.slot);
        }
        if change.holder_quota.is_some() {
            let users =
                self.visits.get(&change.slot).and_then(|visit| visit.holder).and_then(|key| self.holders.get(&key));
            let others = users.into_iter().flat_map(|book| &book.users).copied();
            slots.extend(others.filter(|slot| *slot != change.slot || change.expires_in.is_none()));
        }
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Changes a visit. `left` holds what [`Book::needs_time`] asked for. Returns the visit as it was where it got a new
    /// generation: its counters are to be read, then removed.
    pub(crate) fn update(
        &mut self,
        change: &Update,
        left: &BTreeMap<Slot, Option<Duration>>,
    ) -> Result<(Option<Visit>, Vec<Op>), KernelError> {
        let slot = change.slot;
        let was = self.visits.get(&slot).cloned().ok_or(KernelError::SlotFree(slot))?;
        let mut visit = was.clone();
        let mut ops = Vec::new();
        let expires_in = change.expires_in.or_else(|| left.get(&slot).copied());
        let rekeyed = change.rekeys();
        let replaced = rekeyed
            || change.visit_quota.is_some()
            || change.device.is_some()
            || change.expires_in.is_some_and(|new| !self.timeout_update || new.is_none() || !was.timed);
        let mut stale = BTreeSet::new();
        if replaced {
            self.take_access(&was, &mut ops);
        }
        if let Some(quota) = change.visit_quota {
            stale.extend(was.objects.names());
            visit.objects = self.objects(&visit_owner(visit.mark), quota, &mut ops);
        }
        if let Some(device) = &change.device {
            visit.device = Some(device.clone());
        }
        visit.timed = expires_in.map_or(visit.timed, |time| time.is_some());
        visit.classes = change.classes.unwrap_or(visit.classes);
        visit.slow = change.slow.unwrap_or(visit.slow);
        visit.mark.group = change.group.unwrap_or(visit.mark.group);
        if rekeyed {
            visit.mark.generation = self.next_generation(slot);
            self.put_all(&mut visit, timeout(expires_in.flatten()), &mut ops);
            // Running flows: on at once with other classes, through the filters first under another policy.
            let judged = change.group.is_some() || change.judge_again;
            let mark = if judged { visit.mark.identified() } else { visit.mark.passing() };
            let key = Key::Mark(was.mark.passing());
            ops.push(Op::Put { set: "moved", key, value: Value::Number(mark), timeout_ms: Some(3_600_000) });
        } else if replaced {
            self.put_access(&mut visit, timeout(expires_in.flatten()), &mut ops);
        } else if let Some(Some(new)) = change.expires_in {
            self.put_access(&mut visit, Some(milliseconds(new)), &mut ops);
        }
        let (mark, holder) = (visit.mark, visit.holder);
        self.visits.insert(slot, visit);
        if let (Some(quota), Some(holder)) = (change.holder_quota, holder) {
            self.rebalance(holder, quota, left, change.expires_in.map(|time| (slot, time)), &mut ops);
        }
        ops.extend(stale.into_iter().map(|name| Op::Unquota { name }));
        Self::forget_end(mark, &mut ops);
        Ok((Some(was).filter(|_| rekeyed), ops))
    }

    /// New balance of a holder: all its visits point to the new object in the same batch.
    fn rebalance(
        &mut self,
        key: u32,
        quota: Quota,
        left: &BTreeMap<Slot, Option<Duration>>,
        own: Option<(Slot, Option<Duration>)>,
        ops: &mut Vec<Op>,
    ) {
        let Some(old) = self.holders.get(&key).cloned() else { return };
        let visits: Vec<Visit> = old.users.iter().filter_map(|user| self.visits.get(user).cloned()).collect();
        for visit in &visits {
            self.take_access(visit, ops);
        }
        let objects = self.objects(&format!("h{key:x}"), quota, ops);
        if let Some(book) = self.holders.get_mut(&key) {
            book.objects = objects;
        }
        for mut visit in visits {
            let user = visit.mark.slot;
            let own = own.filter(|(slot, _)| *slot == user).map(|(_, time)| time);
            let time = left.get(&user).copied().or(own).flatten();
            self.put_access(&mut visit, timeout(time), ops);
            Self::forget_end(visit.mark, ops);
            self.visits.insert(user, visit);
        }
        ops.extend(old.objects.names().into_iter().map(|name| Op::Unquota { name }));
    }

    fn put_access(&mut self, visit: &mut Visit, timeout_ms: Option<u64>, ops: &mut Vec<Op>) {
        let key = Key::Mark(visit.mark.passing());
        for (set, name) in self.filled_lanes(visit, ops) {
            let timeout_ms = timeout_ms.filter(|_| ends_by_time(set));
            ops.push(Op::Put { set, key, value: Value::Object(name), timeout_ms });
        }
        if visit.slow.is_some() {
            ops.push(Op::Put { set: "slowable", key, value: Value::None, timeout_ms });
        }
        if let Some(device) = &visit.device {
            let value = Value::Number(visit.mark.identified());
            ops.push(Op::Put { set: identity(visit), key: Key::device(device), value, timeout_ms });
        }
    }

    /// Port 80 leads on again.
    fn forget_end(mark: Mark, ops: &mut Vec<Op>) {
        ops.push(Op::Gone { set: "ended", key: Key::Mark(mark.passing()), value: Value::None });
    }
}

fn visit_owner(mark: Mark) -> String {
    format!("v{:x}.{:x}", mark.slot.get(), mark.generation)
}

/// The identity map a visit stands in.
pub(crate) const fn identity(visit: &Visit) -> &'static str {
    if visit.trusted { "dev_always" } else { "dev" }
}

#[cfg(test)]
mod tests {
    use gapura_model::ByteCount;

    use super::*;
    use crate::Holder;

    fn access(slot: u16, visit_quota: Quota, holder: Option<Quota>) -> Access {
        Access {
            slot: Slot::new(slot).unwrap(),
            device: Device { lan: "br-lan".parse().unwrap(), mac: "02:00:00:00:00:01".parse().unwrap() },
            group: 1,
            expires_in: Some(Duration::ZERO),
            trusted: false,
            visit_quota,
            holder: holder.map(|quota| Holder { key: 3, quota }),
            classes: ClassIds::default(),
            slow: None,
        }
    }

    fn lanes_of(visit: Quota, holder: Option<Quota>) -> Vec<(&'static str, String)> {
        let mut book = Book::default();
        let (_, ops) = book.grant(&access(0x20, visit, holder)).unwrap();
        let element = |op: &Op| match op {
            Op::Put { set, value: Value::Object(name), .. } => Some((*set, name.clone())),
            Op::Put { .. } | Op::Gone { .. } | Op::Quota { .. } | Op::Unquota { .. } => None,
        };
        ops.iter().filter_map(element).collect()
    }

    #[test]
    fn one_limit_is_one_lookup_and_two_limits_are_two() {
        let total = Quota::Total(ByteCount::new(9));
        let up = Quota::EachWay { up: Some(ByteCount::new(9)), down: None };
        assert_eq!(lanes_of(Quota::Unlimited, None), [("live", "v20.0.n.1".to_owned())]);
        assert_eq!(lanes_of(total, None), [("live", "v20.0.t.1".to_owned())]);
        assert_eq!(lanes_of(Quota::Unlimited, Some(total)), [("live", "h3.t.1".to_owned())]);
        let both = lanes_of(total, Some(total));
        assert_eq!(both[0], ("vis_up", "v20.0.t.1".to_owned()));
        assert_eq!(both[3], ("hold_dn", "h3.t.2".to_owned()));
        let one_way = lanes_of(up, None);
        assert_eq!(one_way[0], ("vis_up", "v20.0.u.1".to_owned()));
        assert_eq!(one_way[1], ("vis_dn", "v20.0.n.2".to_owned()));
    }

    #[test]
    fn a_slot_taken_again_has_the_next_of_32_generations() {
        let mut book = Book { first_generation: 30, ..Book::default() };
        let slot = Slot::new(0x20).unwrap();
        for expected in [30, 31, 0, 1] {
            let (mark, _) = book.grant(&access(0x20, Quota::Unlimited, None)).unwrap();
            assert_eq!(mark.generation, expected);
            book.revoke(slot).unwrap();
        }
        assert!(matches!(book.revoke(slot), Err(KernelError::SlotFree(_))));
    }

    #[test]
    fn the_last_visit_of_a_holder_takes_its_balance_along() {
        let mut book = Book::default();
        let total = Some(Quota::Total(ByteCount::new(9)));
        book.grant(&access(0x20, Quota::Unlimited, total)).unwrap();
        book.grant(&access(0x21, Quota::Unlimited, total)).unwrap();
        let unquota = Op::Unquota { name: "h3.t.1".to_owned() };
        assert!(!book.revoke(Slot::new(0x20).unwrap()).unwrap().1.contains(&unquota));
        assert!(book.revoke(Slot::new(0x21).unwrap()).unwrap().1.contains(&unquota));
    }

    #[test]
    fn no_time_left_is_not_for_ever() {
        assert_eq!(milliseconds(Duration::ZERO), 1);
        assert!(milliseconds(Duration::MAX) < u64::MAX / 2);
    }
}
