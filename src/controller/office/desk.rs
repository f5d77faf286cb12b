//! The counter: orders for a site's gateway, and who is online there.

use gapura_model::{SiteId, VisitId, VoucherCode};
use gapura_store::{OrderRow, millis};
use gapura_wire::{
    BlockInForce, MoveTo, NotDone, OnlineReport, OnlineVisit, Order, OrderId, OrderKind, OrderOutcome, OrderResult,
    VoucherTag, limits,
};
use jiff::{SignedDuration, Timestamp};

use super::enrol::Member;
use super::publish::voucher_key;
use super::{Actor, Change, Office, OfficeError, read_json, write_json};
use crate::deskroom::{self, Online, Waits};
use crate::keys::random;
use crate::why::{Why, why};

/// Who is online at a site, as far as is known.
#[derive(Clone, Debug, PartialEq)]
pub struct OnlineView {
    /// Visits, those that end first at the top.
    pub visits: Vec<OnlineVisit>,
    /// Devices that are kept out.
    pub blocks: Vec<BlockInForce>,
    /// Whether the site lets visitors in.
    pub open: bool,
    /// When that changes next (UTC).
    pub changes: Option<Timestamp>,
    /// When the gateway told this (UTC, by the controller's clock); none: it never did.
    pub told: Option<Timestamp>,
    /// An order reaches the gateway now; else it waits.
    pub reachable: bool,
    /// What is shown is not older than a look at a gateway allows.
    pub fresh: bool,
}

/// A gateway tells what is online at least this often while nobody looks.
const FRESH: SignedDuration = SignedDuration::from_secs(75);
/// An order about a visit is no use later than this.
const SOON: SignedDuration = SignedDuration::from_mins(15);
/// An order about a device may wait for the gateway this long.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// After its last moment the gateway may still be telling that it was carried out.
pub(super) const GRACE: SignedDuration = SignedDuration::from_mins(2);
/// The longest extension.
const LONGEST: u64 = 12 * 3600;
/// The longest block.
const LONGEST_BLOCK: SignedDuration = SignedDuration::from_hours(24 * 366);
/// A code for moving is good this long.
pub const MOVE_CODE: SignedDuration = SignedDuration::from_mins(10);
/// What is known of a site that does not speak any more is kept this long.
pub(super) const VIEW_KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Office {
    /// Queues an order for a site's gateway.
    pub async fn order(&self, site: &SiteId, what: OrderKind, who: &Actor) -> Result<OrderId, OfficeError> {
        self.order_once(site, OrderId::from_random(random::<16>()?), what, who).await
    }

    /// The same under an id of the caller's: a form that is sent twice orders once. A PC seat is the site's own device and is not
    /// blocked.
    pub async fn order_once(
        &self,
        site: &SiteId,
        id: OrderId,
        what: OrderKind,
        who: &Actor,
    ) -> Result<OrderId, OfficeError> {
        if let OrderKind::Block { device, .. } = &what {
            let online = self.online(site).await?;
            if online.visits.iter().any(|visit| visit.device == *device && visit.seat.is_some()) {
                return Err(OfficeError::Refused(why!("order-block-seat")));
            }
        }
        let mut tx = self.store.write().await?;
        self.order_in(&mut tx, site, id, what, who).await?;
        tx.commit().await?;
        self.desk.ring(site);
        Ok(id)
    }

    /// An id for a form that orders once.
    pub fn order_id(&self) -> Result<OrderId, OfficeError> {
        Ok(OrderId::from_random(random::<16>()?))
    }

    /// What a voucher of a site is known by.
    pub async fn voucher_tag(&self, site: &SiteId, code: &VoucherCode) -> Result<VoucherTag, OfficeError> {
        let row = self.store.read().await?.site(site).await?;
        let row = row.ok_or_else(|| OfficeError::not_found("site", site.as_str()))?;
        Ok(voucher_key(&row)?.tag(code))
    }

    pub(super) async fn order_in(
        &self,
        tx: &mut gapura_store::Tx,
        site: &SiteId,
        id: OrderId,
        what: OrderKind,
        who: &Actor,
    ) -> Result<(), OfficeError> {
        let now = self.now();
        let mistakes = mistakes(&what, who, now);
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let mut places = super::seats::labels_in(tx, site).await?;
        if let Some(seat) = seat_of(&what)
            && !places.any(|label| label == seat)
        {
            return Err(OfficeError::not_found("PC seat", seat));
        }
        let reason: String = who.reason.trim().chars().take(limits::TEXT_CHARS).collect();
        let order = Order { id, who: who.name.clone(), reason, made: now, expires: expires(&what, now), what };
        let row = OrderRow {
            site: site.as_str().to_owned(),
            id: id.to_string(),
            kind: kind(&order.what).to_owned(),
            visit: visit_of(&order.what).map(|visit| visit.to_string()),
            document: self.kept_order(site, &order)?,
            who: order.who.clone(),
            reason: order.reason.clone(),
            state: "queued".to_owned(),
            made: millis(order.made),
            expires: millis(order.expires),
            told: None,
            outcome: None,
            sent: None,
        };
        if tx.add_order(&row).await? {
            tx.ring_desk().await?;
            let after = write_json(&without_code(order.what), "an order")?;
            let object = format!("site/{site}/order/{id}");
            self.note(tx, who, Change { action: action(&row.kind), object, before: "", after: &after }).await?;
        }
        Ok(())
    }

    /// Who is online at a site. Whoever asks is taken for looking: the gateway tells changes within a second from then on.
    pub async fn online(&self, site: &SiteId) -> Result<OnlineView, OfficeError> {
        let (up, now) = (self.clock.now().up, self.now());
        self.desk.look(site, up);
        let mut known = self.desk.online(site);
        if known.is_none() {
            // This process was just started, or is another than the one that gateways talk to.
            let row = self.store.read().await?.desk_view(site).await?;
            known = row.map(|row| read_json::<Online>(&row.document, "what was online")).transpose()?;
        }
        let reachable = self.desk.is_reachable(site, up);
        let Some(known) = known else {
            let (visits, blocks) = (Vec::new(), Vec::new());
            return Ok(OnlineView { visits, blocks, open: false, changes: None, told: None, reachable, fresh: false });
        };
        let mut visits: Vec<OnlineVisit> = known.visits.into_values().collect();
        visits.sort_by_key(|visit| (visit.until.unwrap_or(Timestamp::MAX), visit.started, visit.visit));
        Ok(OnlineView {
            visits,
            blocks: known.blocks,
            open: known.open,
            changes: known.changes,
            told: Some(known.told),
            reachable,
            fresh: now.duration_since(known.told) < FRESH,
        })
    }

    /// Orders that a gateway should carry out now. From then on they are not taken back any more.
    pub(crate) async fn orders_for(&self, from: &Member) -> Result<Vec<Order>, OfficeError> {
        let most = i64::try_from(limits::ORDERS).unwrap_or(i64::MAX);
        let mut rows = self.store.read().await?.orders_queued(&from.site, self.now(), most).await?;
        if rows.iter().any(|row| row.sent.is_none()) {
            // Looked at again in the writer's turn: one that was taken back meanwhile is not among them.
            let mut tx = self.store.write().await?;
            rows = tx.orders_queued(&from.site, self.now(), most).await?;
            // One that cannot be read is not handed to anybody: it stays to be taken back, and ends by its time.
            for row in rows.iter().filter(|row| row.sent.is_none() && self.order_of(row).is_ok()) {
                tx.order_is_sent((&from.site, &row.id), self.now()).await?;
            }
            tx.commit().await?;
        }
        Ok(rows.iter().filter_map(|row| self.order_of(row).ok()).collect())
    }

    /// Keeps what became of orders; told again, it is the same.
    pub(crate) async fn take_outcomes(&self, from: &Member, outcomes: &[OrderOutcome]) -> Result<(), OfficeError> {
        if outcomes.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        for outcome in outcomes {
            let state = match &outcome.result {
                OrderResult::Done { .. } => "done",
                OrderResult::Failed { .. } => "failed",
            };
            let (text, id) = (write_json(outcome, "an outcome")?, outcome.id.to_string());
            tx.put_order_outcome((&from.site, &id), (state, &text), self.now()).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Takes in who is online; whether everything has to be told anew.
    pub(crate) async fn take_online(&self, from: &Member, report: OnlineReport) -> Result<bool, OfficeError> {
        let moment = self.clock.now();
        let heard = self.desk.hear(&from.site, report, (moment.up, moment.wall));
        if let Some(online) = heard.keep {
            let text = write_json(&online, "what is online")?;
            let mut tx = self.store.write().await?;
            tx.put_desk_view(&from.site, &text, moment.wall).await?;
            tx.commit().await?;
        }
        Ok(heard.again)
    }

    /// Whether somebody looks at a gateway's site.
    pub(crate) fn is_watched(&self, from: &Member) -> bool {
        self.desk.is_watched(&from.site, self.clock.now().up)
    }

    /// Wakes the gateways of every site for which orders wait.
    pub(crate) async fn ring_everywhere(&self) -> Result<(), OfficeError> {
        for site in self.store.read().await?.sites_with_orders(self.now()).await? {
            self.desk.ring(&super::site::parse_site(&site)?);
        }
        Ok(())
    }

    /// Notes that a gateway waits for orders.
    pub(crate) fn waits(&self, from: &Member) -> Waits {
        deskroom::wait(&self.desk, &from.site, &self.clock)
    }

    /// Orders of which nothing was heard failed, and codes for moving are forgotten.
    pub(crate) async fn orders_are_late(&self) -> Result<(), OfficeError> {
        let now = self.now();
        let mut tx = self.store.write().await?;
        let nobody = OrderOutcome {
            id: OrderId::from_random([0; 16]),
            at: now,
            result: OrderResult::Failed { why: NotDone::Expired },
        };
        tx.orders_are_late(&write_json(&nobody, "an outcome")?, earlier(now, GRACE)).await?;
        tx.forget_move_codes(earlier(now, GRACE)).await?;
        Ok(tx.commit().await?)
    }
}

/// What is wrong with an order; everything at once.
fn mistakes(what: &OrderKind, who: &Actor, now: Timestamp) -> Vec<Why> {
    let mut found = Vec::new();
    let reason = who.reason.trim();
    if reason.is_empty() || reason.chars().count() > limits::TEXT_CHARS {
        found.push(why!("order-reason", most = limits::TEXT_CHARS).at("reason"));
    }
    let length = |seconds: u64| !(60..=LONGEST).contains(&seconds);
    match what {
        OrderKind::Extend { seconds: Some(seconds), .. }
        | OrderKind::Shorten { seconds, .. }
        | OrderKind::OpenSeat { seconds, .. }
            if length(*seconds) =>
        {
            found.push(why!("order-time", hours = LONGEST / 3600).at("time"));
        }
        OrderKind::Block { until: Some(until), .. } if *until <= now || *until > later(now, LONGEST_BLOCK) => {
            found.push(why!("order-until").at("until"));
        }
        OrderKind::Unknown => found.push(why!("order-unknown")),
        OrderKind::Extend { .. }
        | OrderKind::Shorten { .. }
        | OrderKind::OpenSeat { .. }
        | OrderKind::Block { .. }
        | OrderKind::Unblock { .. }
        | OrderKind::End { .. }
        | OrderKind::Move { .. }
        | OrderKind::OpenClass { .. }
        | OrderKind::CloseClass { .. } => {}
    }
    found
}

fn expires(what: &OrderKind, now: Timestamp) -> Timestamp {
    match what {
        OrderKind::Extend { .. }
        | OrderKind::Shorten { .. }
        | OrderKind::End { .. }
        | OrderKind::OpenSeat { .. }
        | OrderKind::Move { to: MoveTo::Seat(_), .. }
        | OrderKind::Unknown => later(now, SOON),
        OrderKind::Move { to: MoveTo::Code { until, .. }, .. } | OrderKind::OpenClass { until, .. } => *until,
        OrderKind::Block { .. } | OrderKind::Unblock { .. } | OrderKind::CloseClass { .. } => later(now, DAY),
    }
}

fn kind(what: &OrderKind) -> &'static str {
    match what {
        OrderKind::Extend { .. } => "extend",
        OrderKind::Shorten { .. } => "shorten",
        OrderKind::End { .. } => "end",
        OrderKind::Block { .. } => "block",
        OrderKind::Unblock { .. } => "unblock",
        OrderKind::Move { .. } => "move",
        OrderKind::OpenSeat { .. } => "open-seat",
        OrderKind::OpenClass { .. } => "open-class",
        OrderKind::CloseClass { .. } => "close-class",
        OrderKind::Unknown => "unknown",
    }
}

/// The order's name in the audit log.
pub(super) fn action(kind: &str) -> &'static str {
    match kind {
        "extend" => "visit-extend",
        "shorten" => "visit-shorten",
        "end" => "visit-end",
        "block" => "device-block",
        "unblock" => "device-unblock",
        "move" => "visit-move",
        "open-seat" => "seat-open",
        "open-class" => "class-open",
        "close-class" => "class-close",
        _ => "desk-order",
    }
}

const fn visit_of(what: &OrderKind) -> Option<VisitId> {
    match what {
        OrderKind::Extend { visit, .. }
        | OrderKind::Shorten { visit, .. }
        | OrderKind::End { visit }
        | OrderKind::Move { visit, .. } => Some(*visit),
        OrderKind::Block { .. }
        | OrderKind::Unblock { .. }
        | OrderKind::OpenSeat { .. }
        | OrderKind::OpenClass { .. }
        | OrderKind::CloseClass { .. }
        | OrderKind::Unknown => None,
    }
}

fn seat_of(what: &OrderKind) -> Option<&str> {
    match what {
        OrderKind::OpenSeat { seat, .. } | OrderKind::Move { to: MoveTo::Seat(seat), .. } => Some(seat),
        OrderKind::Move { .. }
        | OrderKind::Extend { .. }
        | OrderKind::Shorten { .. }
        | OrderKind::End { .. }
        | OrderKind::Block { .. }
        | OrderKind::Unblock { .. }
        | OrderKind::OpenClass { .. }
        | OrderKind::CloseClass { .. }
        | OrderKind::Unknown => None,
    }
}

/// As the audit log has it: a code opens a way in.
fn without_code(what: OrderKind) -> serde_json::Value {
    let mut text = serde_json::to_value(what).unwrap_or_default();
    if let Some(code) = text.pointer_mut("/to/code/code") {
        *code = "*****".into();
    }
    text
}

pub(super) fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

pub(super) fn earlier(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_sub(by).unwrap_or(Timestamp::MIN)
}
