//! *Perintah terakhir*: what becomes of every order, in words, and the way to take one back that waits.

use gapura_controller::{Class, OnlineView, OrderSeen, OrderState, Right, Seat, SeatState};
use gapura_model::VisitId;
use gapura_wire::{MoveTo, OrderKind, Pseudonym, short_device};
use jiff::SignedDuration;

use super::act::id;
pub(crate) use super::forms::why_not;
use super::view::device_name;
use crate::answer::{Answer, Oops, to};
use crate::form::Posted;
use crate::here::Here;

/// An order, as it stands in the list.
#[derive(Clone, Debug)]
pub(crate) struct OrderLine {
    pub(crate) id: String,
    pub(crate) what: String,
    /// When, and who.
    pub(crate) by: String,
    /// Class and words.
    pub(crate) state: (&'static str, String),
    /// It can be taken back, by whoever looks.
    pub(crate) back: bool,
    /// Where its code is shown.
    pub(crate) code: Option<String>,
}

/// What orders are about, for their names.
pub(crate) struct About<'a> {
    pub(crate) here: &'a Here,
    /// `/l/SITE`.
    pub(crate) base: &'a str,
    pub(crate) online: &'a OnlineView,
    pub(crate) classes: &'a [Class],
    pub(crate) seats: &'a [Seat],
}

/// What failed stays in the list at least so long.
pub(super) const FAILED: SignedDuration = SignedDuration::from_mins(10);
/// Orders in the list, unless more of them wait or failed just now.
const SHOWN: usize = 8;

impl About<'_> {
    /// The last orders, the newest first: all that wait, all that failed just now, and a few more.
    pub(crate) fn lines<'o>(&self, orders: impl Iterator<Item = &'o OrderSeen>) -> Vec<OrderLine> {
        let now = self.here.now;
        let mut lines = Vec::new();
        for order in orders {
            let stays = match &order.state {
                OrderState::Queued | OrderState::Sent { .. } => true,
                OrderState::Failed { told, .. } => now.duration_since(*told) < FAILED,
                OrderState::Done { .. } | OrderState::TakenBack { .. } => false,
            };
            if stays || lines.len() < SHOWN {
                lines.push(self.line(order));
            }
        }
        lines
    }

    fn line(&self, order: &OrderSeen) -> OrderLine {
        let (w, say) = (self.here.w(), self.here.say());
        let code = order.what.is_none() && order.expires > self.here.now && self.here.may(Right::EndVisits);
        let code = code && !matches!(order.state, OrderState::TakenBack { .. });
        OrderLine {
            id: order.id.to_string(),
            what: self.what(order),
            by: w.t2("desk-order-by", "when", say.when(order.made), "who", order.who.as_str()),
            state: self.state(&order.state),
            back: order.state == OrderState::Queued && may_take_back(self.here, order, self.seats),
            code: code.then(|| format!("{}/loket?kode={}", self.base, order.id)),
        }
    }

    fn state(&self, state: &OrderState) -> (&'static str, String) {
        let (w, say) = (self.here.w(), self.here.say());
        match state {
            OrderState::Queued => ("info", w.t("desk-order-waits")),
            OrderState::Sent { .. } => ("info", w.t("desk-order-sent")),
            OrderState::Done { left_out, .. } if !left_out.is_empty() => {
                ("warn", w.t1("desk-order-left-out", "seats", left_out.join(", ")))
            }
            OrderState::Done { until: Some(until), .. } => {
                ("good", w.t1("desk-order-done-until", "clock", say.bare_clock(*until)))
            }
            OrderState::Done { until: None, .. } => ("good", w.t("desk-order-done")),
            OrderState::Failed { why, .. } => ("bad", w.t1("desk-order-failed", "why", why_not(w, *why))),
            OrderState::TakenBack { .. } => ("off", w.t("desk-order-back")),
        }
    }

    fn what(&self, order: &OrderSeen) -> String {
        let w = self.here.w();
        let minutes = |seconds: u64| (seconds / 60).to_string();
        let Some(what) = &order.what else {
            let device = order.visit.map(|visit| self.visit(visit)).unwrap_or_default();
            return w.t1("desk-order-code", "device", device);
        };
        match what {
            OrderKind::Extend { visit, seconds: Some(seconds) } => {
                w.t2("desk-order-extend", "device", self.visit(*visit), "n", minutes(*seconds))
            }
            OrderKind::Extend { visit, seconds: None } => w.t1("desk-order-closing", "device", self.visit(*visit)),
            OrderKind::Shorten { visit, seconds } => {
                w.t2("desk-order-shorten", "device", self.visit(*visit), "n", minutes(*seconds))
            }
            OrderKind::End { visit } => w.t1("desk-order-end", "device", self.visit(*visit)),
            OrderKind::Move { visit, to: MoveTo::Seat(seat) } => {
                w.t2("desk-order-move", "device", self.visit(*visit), "seat", seat.as_str())
            }
            OrderKind::Move { visit, to: MoveTo::Code { .. } } => w.t1("desk-order-code", "device", self.visit(*visit)),
            OrderKind::Block { device, .. } => w.t1("desk-order-block", "device", self.device(device)),
            OrderKind::Unblock { device } => w.t1("desk-order-unblock", "device", self.device(device)),
            OrderKind::OpenSeat { seat, seconds, .. } => {
                w.t2("desk-order-seat", "seat", seat.as_str(), "n", minutes(*seconds))
            }
            OrderKind::OpenClass { class, .. } => w.t1("desk-order-class", "title", self.class(*class)),
            OrderKind::CloseClass { class } => w.t1("desk-order-class-end", "title", self.class(*class)),
            OrderKind::Unknown => w.t("desk-order-unknown"),
        }
    }

    /// The device while it is online; later the visit's short number.
    fn visit(&self, visit: VisitId) -> String {
        let online = self.online.visits.iter().find(|online| online.visit == visit);
        let gone = || self.here.w().t1("desk-order-visit", "number", visit.short());
        online.map_or_else(gone, |online| device_name(self.here.w(), online))
    }

    fn device(&self, device: &Pseudonym) -> String {
        let online = self.online.visits.iter().find(|online| online.device == *device);
        let gone = || format!("{} {}", self.here.w().t("desk-device"), short_device(device));
        online.map_or_else(gone, |online| device_name(self.here.w(), online))
    }

    fn class(&self, id: uuid::Uuid) -> String {
        let known = self.classes.iter().find(|class| class.id == id && !class.title.is_empty());
        known.map(|class| class.title.clone()).unwrap_or_default()
    }
}

/// Whether whoever looks may give this order, and so take it back.
fn may_take_back(here: &Here, order: &OrderSeen, seats: &[Seat]) -> bool {
    let on_seat = |wanted: VisitId| {
        seats.iter().any(|seat| matches!(&seat.state, SeatState::InUse { visit, .. } if *visit == wanted))
    };
    match &order.what {
        None | Some(OrderKind::End { .. } | OrderKind::Move { .. }) => here.may(Right::EndVisits),
        Some(OrderKind::Extend { visit, .. } | OrderKind::Shorten { visit, .. }) => {
            here.may(Right::EndVisits) || (here.may(Right::RunSeats) && on_seat(*visit))
        }
        Some(OrderKind::Block { .. } | OrderKind::Unblock { .. }) => here.may(Right::BlockDevices),
        Some(OrderKind::OpenSeat { .. } | OrderKind::OpenClass { .. }) => here.may(Right::RunSeats),
        Some(OrderKind::CloseClass { .. } | OrderKind::Unknown) => false,
    }
}

/// *Batalkan perintah*.
pub(super) async fn take_back(here: Here, Posted(fields): Posted) -> Answer {
    let site = here.site()?.place.site.clone();
    let (office, id) = (here.office(), id(&fields)?);
    let order = office.order_seen(&site, id).await?;
    if !may_take_back(&here, &order, &office.seats(&site).await?) {
        return Err(Oops::NotAllowed);
    }
    office.take_back(&site, id, &here.actor("")).await?;
    let back = if fields.get("ke") == "kelas" { "kelas" } else { "loket" };
    Ok(to(&format!("/l/{site}/{back}"), "desk-order-back"))
}
