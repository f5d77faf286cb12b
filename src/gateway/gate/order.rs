//! Each kind of order, carried out on the same use-cases as `gapura ctl`.

use std::time::Duration;

use captive_portal::{Entered, Refused};
use gapura_kernel::net::Route;
use gapura_ledger::Entry;
use gapura_model::{ByteCount, DeviceId, MacAddr, Moment, MoveCode, PlanId, VisitId};
use gapura_session::{Admission, Block, EndCause, Figures, Refusal};
use gapura_wire::{DeviceRole, MoveTo, NotDone, Order, OrderKind, Pseudonym};
use jiff::Timestamp;

use super::desk::{Brought, PendingMove};
use super::run::Gate;
use super::view::refused;

impl Gate {
    /// Carries one order out.
    pub(super) fn obey_order(&mut self, now: &Moment, order: &Order) -> Result<Brought, NotDone> {
        // A clock that was never set is not believed to be before the bundle: an old order must not come alive again.
        let published = self.bundle.as_ref().map_or(Timestamp::MIN, |bundle| bundle.published);
        if order.expires <= now.wall.max(published) {
            return Err(NotDone::Expired);
        }
        match &order.what {
            OrderKind::Extend { visit, seconds } => self.extend_by_order(now, *visit, *seconds, order),
            OrderKind::Shorten { visit, seconds } => {
                self.figures(now, *visit)?;
                self.read(now);
                if !self.engine.shorten_by_staff(now, *visit, Duration::from_secs(*seconds), &signed(order)) {
                    return Err(NotDone::WouldNotHelp);
                }
                Ok(Brought::until(self.ends_at(now, *visit)))
            }
            OrderKind::End { visit } => {
                if !self.engine.kick(now, *visit, &order.who, &order.reason) {
                    return Err(NotDone::VisitOver);
                }
                Ok(Brought::until(Some(now.wall)))
            }
            OrderKind::Block { device, until } => self.block_by_order(now, device, *until, order),
            OrderKind::Unblock { device } => {
                let mac = self.blocked_as(device).ok_or(NotDone::NotBlocked)?;
                if self.engine.policy().blocked.contains_key(&mac)
                    || !self.engine.unblock(now, mac, &order.who, &order.reason)
                {
                    return Err(NotDone::NotBlocked);
                }
                self.desk.done.push(Entry::Blocks(self.engine.blocks().clone()));
                Ok(Brought::nothing())
            }
            OrderKind::Move { visit, to: MoveTo::Code { code, until } } => {
                self.figures(now, *visit)?;
                let (by, reason) = (order.who.clone(), order.reason.clone());
                // One code a visit: the last one that staff read out.
                self.desk.moves.retain(|_, pending| pending.visit != *visit);
                self.desk.moves.insert(*code, PendingMove { visit: *visit, until: *until, by, reason });
                self.keep_moves();
                Ok(Brought::until(Some(*until)))
            }
            OrderKind::Move { visit, to: MoveTo::Seat(seat) } => {
                let device = self.seat(seat)?;
                if self.engine.visit_of(&device).is_some_and(|running| running != *visit) {
                    return Err(NotDone::SeatInUse);
                }
                match self.engine.move_by_staff(now, *visit, device, (&order.who, &order.reason)) {
                    Ok(true) => Ok(Brought { began: Some(*visit), ..Brought::until(self.ends_at(now, *visit)) }),
                    Ok(false) => Err(NotDone::VisitOver),
                    Err(refusal) => Err(not_let_in(&refusal)),
                }
            }
            OrderKind::OpenSeat { seat, plan, seconds } => {
                let device = self.seat(seat)?;
                let visit = self.open_seat(now, &device, plan.as_ref(), Duration::from_secs(*seconds), order)?;
                Ok(Brought { began: Some(visit), count: 1, ..Brought::until(self.ends_at(now, visit)) })
            }
            OrderKind::OpenClass { class, seats, plan, group, voucher, until } => {
                self.open_class(now, (*class, *until), seats, (plan, group.as_ref(), *voucher), order)
            }
            OrderKind::CloseClass { class } => self.close_class(now, *class, order),
            OrderKind::Unknown => Err(NotDone::UnknownOrder),
        }
    }

    fn extend_by_order(
        &mut self,
        now: &Moment,
        visit: VisitId,
        seconds: Option<u64>,
        order: &Order,
    ) -> Result<Brought, NotDone> {
        let figures = self.figures(now, visit)?;
        let left = figures.time_left.ok_or(NotDone::WouldNotHelp)?;
        if matches!(figures.ends_because, Some(EndCause::Closing | EndCause::Expired)) {
            return Err(NotDone::WouldNotHelp);
        }
        let more = match seconds {
            Some(seconds) => Duration::from_secs(seconds),
            None => now.until_wall(figures.closes_at.ok_or(NotDone::WouldNotHelp)?).saturating_sub(left),
        };
        self.read(now);
        self.engine.extend_by_staff(now, visit, more, ByteCount::ZERO, &signed(order));
        Ok(Brought::until(self.ends_at(now, visit)))
    }

    fn block_by_order(
        &mut self,
        now: &Moment,
        device: &Pseudonym,
        until: Option<Timestamp>,
        order: &Order,
    ) -> Result<Brought, NotDone> {
        if until.is_some_and(|until| until <= now.wall) {
            return Err(NotDone::Expired);
        }
        let mac = self.known_as(device).ok_or(NotDone::UnknownDevice)?;
        self.engine.block(now, mac, Block { reason: order.reason.clone(), until }, &order.who);
        // With the outcome: a router that dies now has both or neither.
        self.desk.done.push(Entry::Blocks(self.engine.blocks().clone()));
        Ok(Brought::until(until))
    }

    /// Lets a seat in for a time.
    pub(super) fn open_seat(
        &mut self,
        now: &Moment,
        device: &DeviceId,
        plan: Option<&PlanId>,
        time: Duration,
        order: &Order,
    ) -> Result<VisitId, NotDone> {
        if self.engine.visit_of(device).is_some() {
            return Err(NotDone::SeatInUse);
        }
        let bundle = self.bundle.as_deref().ok_or(NotDone::UnknownPlan)?;
        let plan = plan.or(bundle.staff_plan.as_ref()).or(bundle.one_tap_plan.as_ref()).cloned();
        let plan = plan.filter(|plan| self.engine.policy().plans.contains_key(plan)).ok_or(NotDone::UnknownPlan)?;
        let (by, reason) = (order.who.clone(), order.reason.clone());
        let admission = Admission::Staff { plan, duration: Some(time), by, reason };
        match self.admit(now, device, admission, true) {
            Ok((visit, _)) => Ok(visit),
            Err(Refused::Closed { .. } | Refused::ClockDoubtful) => Err(NotDone::Closed),
            Err(Refused::UplinkDown) => Err(NotDone::UplinkDown),
            Err(Refused::Blocked) => Err(NotDone::Blocked),
            Err(_) => Err(NotDone::Trouble),
        }
    }

    /// A visitor typed the code of a visit that may move here.
    pub(super) fn move_here(
        &mut self,
        now: &Moment,
        device: &DeviceId,
        code: MoveCode,
    ) -> Result<(VisitId, Entered), Refused> {
        let good = |pending: &&PendingMove| pending.until > now.wall;
        let Some(pending) = self.desk.moves.get(&code).filter(good).cloned() else {
            return Err(Refused::UnknownCode);
        };
        match self.engine.move_by_staff(now, pending.visit, device.clone(), (&pending.by, &pending.reason)) {
            Ok(true) => {
                self.desk.moves.remove(&code);
                self.keep_moves();
                self.begun = Some(pending.visit);
                Ok((pending.visit, Entered { resumed: true }))
            }
            Ok(false) => Err(Refused::UnknownCode),
            Err(refusal) => Err(refused(refusal, &self.engine, now, 1)),
        }
    }

    /// The seat with this label, on the visitor bridge where its PC is or was last seen.
    pub(super) fn seat(&self, label: &str) -> Result<DeviceId, NotDone> {
        let seats = self.bundle.iter().flat_map(|bundle| &bundle.devices);
        let mut seats = seats.filter(|device| device.role == DeviceRole::Seat);
        let mac = seats.find(|device| device.label == label).map(|device| device.mac).ok_or(NotDone::UnknownSeat)?;
        let on = |lan: &gapura_model::IfName| DeviceId { lan: lan.clone(), mac };
        if let [only] = self.hands.lans.as_slice() {
            return Ok(on(only));
        }
        let mut places = self.hands.lans.iter().map(on);
        let known =
            |device: &DeviceId| self.engine.visit_of(device).is_some() || self.engine.farewell(device).is_some();
        places.find(known).or_else(|| self.neighbour(mac)).ok_or(NotDone::UnknownSeat)
    }

    /// Where the kernel knows a device with this address.
    fn neighbour(&self, mac: MacAddr) -> Option<DeviceId> {
        let mut route = Route::open().ok()?;
        self.hands.lans.iter().find_map(|lan| {
            let link = route.link(lan).ok()?.index;
            let rows = route.neighbours(link).ok()?;
            rows.iter().any(|row| row.mac == Some(mac)).then(|| DeviceId { lan: lan.clone(), mac })
        })
    }

    /// The address of a device seen lately, by its pseudonym.
    fn known_as(&self, device: &Pseudonym) -> Option<MacAddr> {
        let keys = &self.bundle.as_deref()?.pseudonym_keys;
        let key = keys.iter().find(|key| key.epoch == device.epoch())?;
        let online = self.engine.records().map(|record| record.device.mac);
        let blocked = self.engine.blocks().keys().copied();
        let departed = self.engine.departed().map(|device| device.mac);
        online.chain(blocked).chain(departed).find(|mac| key.mac(*mac) == *device)
    }

    fn blocked_as(&self, device: &Pseudonym) -> Option<MacAddr> {
        self.known_as(device).filter(|mac| self.engine.blocks().contains_key(mac))
    }

    fn figures(&self, now: &Moment, visit: VisitId) -> Result<Figures, NotDone> {
        self.engine.figures(now, visit).ok_or(NotDone::VisitOver)
    }

    fn ends_at(&self, now: &Moment, visit: VisitId) -> Option<Timestamp> {
        self.engine.figures(now, visit).and_then(|figures| figures.time_left).map(|left| now.wall_after(left))
    }
}

/// Who, and why, where the audit trail has one field for both.
fn signed(order: &Order) -> String {
    format!("{}: {}", order.who, order.reason)
}

fn not_let_in(refusal: &Refusal) -> NotDone {
    match refusal {
        Refusal::Closed { .. } => NotDone::Closed,
        Refusal::UplinkDown => NotDone::UplinkDown,
        Refusal::Blocked { .. } => NotDone::Blocked,
        Refusal::WayOff(_)
        | Refusal::UnknownPlan(_)
        | Refusal::NotTrusted
        | Refusal::TermsChanged
        | Refusal::TimeUsed { .. }
        | Refusal::BytesUsed { .. }
        | Refusal::Pause { .. }
        | Refusal::InUse { .. }
        | Refusal::UnknownVoucher
        | Refusal::Revoked
        | Refusal::VoucherExpired { .. } => NotDone::Trouble,
    }
}
