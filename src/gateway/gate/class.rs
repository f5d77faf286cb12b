//! *Kelas*: seats and phones that belong together for a time, with one group in the content filter. It ends by itself, also while
//! the controller is away: visits by their own time, phones by their voucher's last moment, the group by this thread's timer.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_model::{DeviceId, HolderId, MacAddr, Moment, PlanId, PolicyGroup, Uptime, VisitId};
use gapura_wire::{NotDone, Order, VoucherTag};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::desk::Brought;
use super::run::Gate;

/// A class that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Class {
    /// Its seats.
    seats: Vec<MacAddr>,
    /// The visits that it opened.
    visits: Vec<VisitId>,
    /// Its group in the content filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<PolicyGroup>,
    /// The voucher of its phones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voucher: Option<VoucherTag>,
    /// When it ends by itself (UTC).
    until: Timestamp,
}

/// The groups that classes give to their seats and phones.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassGroups {
    pub(super) seats: BTreeMap<MacAddr, PolicyGroup>,
    pub(super) vouchers: BTreeMap<[u8; 32], PolicyGroup>,
}

impl ClassGroups {
    /// The group of a device and holder, where a class gives them one.
    pub(super) fn of(&self, mac: MacAddr, holder: &HolderId) -> Option<&PolicyGroup> {
        let of_voucher = match holder {
            HolderId::Voucher(tag) => self.vouchers.get(tag),
            HolderId::Account(_) | HolderId::Device(_) => None,
        };
        self.seats.get(&mac).or(of_voucher)
    }
}

impl Gate {
    /// Opens a class.
    pub(super) fn open_class(
        &mut self,
        now: &Moment,
        (id, until): (Uuid, Timestamp),
        seats: &[String],
        (plan, group, voucher): (&PlanId, Option<&PolicyGroup>, Option<VoucherTag>),
        order: &Order,
    ) -> Result<Brought, NotDone> {
        if until <= now.wall {
            return Err(NotDone::Expired);
        }
        if !self.engine.hours().is_open() {
            return Err(NotDone::Closed);
        }
        if !self.engine.policy().plans.contains_key(plan) {
            return Err(NotDone::UnknownPlan);
        }
        if group.is_some_and(|group| !self.hands.knows_group(group)) {
            return Err(NotDone::UnknownGroup);
        }
        let (mut places, mut left_out): (Vec<(String, DeviceId)>, Vec<String>) = (Vec::new(), Vec::new());
        for label in seats {
            match self.seat(label).ok().filter(|device| self.engine.visit_of(device).is_none()) {
                Some(device) => places.push((label.clone(), device)),
                None => left_out.push(label.clone()),
            }
        }
        let class = Class {
            seats: places.iter().map(|(_, device)| device.mac).collect(),
            visits: Vec::new(),
            group: group.cloned(),
            voucher,
            until,
        };
        self.desk.classes.insert(id, class);
        // Before anybody is let in: the first packet is judged as one of the class.
        self.group_classes(now);
        let time = now.until_wall(until);
        let mut visits = Vec::new();
        for (label, device) in places {
            match self.open_seat(now, &device, Some(plan), time, order) {
                Ok(visit) => visits.push(visit),
                Err(_) => left_out.push(label),
            }
        }
        if visits.is_empty() && voucher.is_none() {
            self.desk.classes.remove(&id);
            self.group_classes(now);
            return Err(NotDone::UnknownSeat);
        }
        let count = u32::try_from(visits.len()).unwrap_or(u32::MAX);
        if let Some(class) = self.desk.classes.get_mut(&id) {
            class.visits = visits;
        }
        self.keep_classes();
        Ok(Brought { count, left_out, ..Brought::until(Some(until)) })
    }

    /// Ends a class before its time: what it opened, and the phones on its voucher.
    pub(super) fn close_class(&mut self, now: &Moment, id: Uuid, order: &Order) -> Result<Brought, NotDone> {
        let class = self.desk.classes.remove(&id).ok_or(NotDone::UnknownClass)?;
        let phones = class.voucher.map(|tag| self.engine.visits_of(&HolderId::Voucher(*tag.as_bytes())));
        let mut count = 0;
        for visit in class.visits.into_iter().chain(phones.into_iter().flatten()) {
            count += u32::from(self.engine.kick(now, visit, &order.who, &order.reason));
        }
        self.group_classes(now);
        self.keep_classes();
        Ok(Brought { count, ..Brought::until(Some(now.wall)) })
    }

    /// Classes whose time is over.
    pub(super) fn classes_end(&mut self, now: &Moment) {
        let before = self.desk.classes.len();
        self.desk.classes.retain(|_, class| class.until > now.wall);
        if self.desk.classes.len() != before {
            self.group_classes(now);
            self.keep_classes();
        }
    }

    /// When the next class ends, by the monotonic clock.
    pub(super) fn next_class_ends(&self, now: &Moment) -> Option<Uptime> {
        let next = self.desk.classes.values().map(|class| class.until).min()?;
        Some(now.up.after(now.until_wall(next).max(Duration::from_millis(1))))
    }

    /// The class that a visit belongs to.
    pub(super) fn class_of(&self, visit: VisitId, holder: &HolderId) -> Option<Uuid> {
        let on_voucher = |class: &Class| {
            class.voucher.is_some_and(|tag| matches!(holder, HolderId::Voucher(held) if held == tag.as_bytes()))
        };
        let mut classes = self.desk.classes.iter();
        classes.find(|(_, class)| class.visits.contains(&visit) || on_voucher(class)).map(|(id, _)| *id)
    }

    /// Gives seats and phones of classes their groups, and everybody else their own.
    pub(super) fn group_classes(&mut self, now: &Moment) {
        self.hands.set_class_groups(class_groups(&self.desk.classes));
        self.regroup(now);
    }
}

/// What the classes that run say of groups.
pub(super) fn class_groups(classes: &BTreeMap<Uuid, Class>) -> ClassGroups {
    let mut groups = ClassGroups::default();
    for class in classes.values() {
        let Some(group) = &class.group else { continue };
        groups.seats.extend(class.seats.iter().map(|mac| (*mac, group.clone())));
        groups.vouchers.extend(class.voucher.map(|tag| (*tag.as_bytes(), group.clone())));
    }
    groups
}
