//! What becomes of orders: waiting, with the gateway, done, failed, taken back; and codes for moving, which are sealed.

use gapura_model::{MoveCode, SiteId, VisitId};
use gapura_store::{OrderRow, Tx, timestamp};
use gapura_wire::{MoveTo, NotDone, Order, OrderId, OrderKind, OrderOutcome, OrderResult};
use jiff::{SignedDuration, Timestamp};

use super::desk::{GRACE, MOVE_CODE, action, earlier, later};
use super::{Actor, Change, Office, OfficeError, read_json, write_json};
use crate::keys::random;
use crate::why::why;

/// An order and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OrderSeen {
    /// Its id.
    pub id: OrderId,
    /// What it does; none: it makes a code for moving, which [`Office::move_code`] alone tells.
    pub what: Option<OrderKind>,
    /// The visit it is about.
    pub visit: Option<VisitId>,
    /// Who ordered it.
    pub who: String,
    /// Why.
    pub reason: String,
    /// When (UTC).
    pub made: Timestamp,
    /// From when on it is not carried out any more (UTC).
    pub expires: Timestamp,
    /// What became of it.
    pub state: OrderState,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum OrderState {
    /// It waits for the gateway, and can be taken back.
    Queued,
    /// The gateway was handed it, and has not said.
    Sent {
        /// When (UTC).
        at: Timestamp,
    },
    /// The kernel does it.
    Done {
        /// When the gateway said so (UTC).
        told: Timestamp,
        /// When the visit ends now (UTC).
        until: Option<Timestamp>,
        /// How many seats or visits it was about.
        count: u32,
        /// Seats that did not open.
        left_out: Vec<String>,
    },
    /// It was not done.
    Failed {
        /// When that was known (UTC).
        told: Timestamp,
        /// Why.
        why: NotDone,
    },
    /// Staff took it back before the gateway was handed it.
    TakenBack {
        /// When (UTC).
        at: Timestamp,
    },
}

impl OrderState {
    /// Nothing is known yet of what becomes of it.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Queued | Self::Sent { .. })
    }
}

/// A code for moving a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveCodeSeen {
    /// The code.
    pub code: MoveCode,
    /// Its last moment (UTC).
    pub until: Timestamp,
    /// What became of its order.
    pub state: OrderState,
}

/// A site's orders of so long are shown.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Orders in one answer to staff.
const LISTED: i64 = 200;
/// What stands before a sealed order.
const SEALED: &str = "sealed:";

impl Office {
    /// A site's orders of the last day, the newest first.
    pub async fn orders(&self, site: &SiteId) -> Result<Vec<OrderSeen>, OfficeError> {
        let since = earlier(self.now(), DAY);
        let rows = self.store.read().await?.desk_orders(site, since, LISTED).await?;
        rows.iter().map(|row| seen(row, self.now())).collect()
    }

    /// One order.
    pub async fn order_seen(&self, site: &SiteId, id: OrderId) -> Result<OrderSeen, OfficeError> {
        let mut tx = self.store.read().await?;
        seen(&order_row(&mut tx, site, id).await?, self.now())
    }

    /// Takes an order back that the gateway was not handed yet. Taken back twice, it is taken back. A class that was to be opened
    /// is over; the end of a class stays ordered: its voucher is withdrawn already.
    pub async fn take_back(&self, site: &SiteId, id: OrderId, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = order_row(&mut tx, site, id).await?;
        match seen(&row, self.now())?.state {
            OrderState::Queued if row.kind == "close-class" => {
                return Err(OfficeError::Refused(why!("order-stays")));
            }
            OrderState::Queued => {}
            OrderState::TakenBack { .. } => return Ok(()),
            OrderState::Sent { .. } => return Err(OfficeError::Refused(why!("order-sent"))),
            OrderState::Done { .. } => return Err(OfficeError::Refused(why!("order-done"))),
            OrderState::Failed { .. } => return Err(OfficeError::Refused(why!("order-failed"))),
        }
        if !tx.take_back_order((site, &row.id), self.now()).await? {
            return Err(OfficeError::Refused(why!("order-sent")));
        }
        if row.kind == "open-class"
            && let OrderKind::OpenClass { class, .. } = self.order_of(&row)?.what
        {
            self.class_never_began(&mut tx, site, class).await?;
        }
        let object = format!("site/{site}/order/{id}");
        let change = Change { action: "order-take-back", object, before: action(&row.kind), after: "taken back" };
        self.note(&mut tx, who, change).await?;
        tx.commit().await?;
        self.desk.ring(site);
        Ok(())
    }

    /// Gives a visitor a code by which a visit moves to the next device; the code and its last moment (UTC). Asked again under the
    /// same id, the code is the same.
    pub async fn move_by_code(
        &self,
        site: &SiteId,
        id: OrderId,
        visit: VisitId,
        who: &Actor,
    ) -> Result<(MoveCode, Timestamp), OfficeError> {
        let code = MoveCode::from_random(&random::<64>()?).ok_or_else(no_code)?;
        let until = later(self.now(), MOVE_CODE);
        self.order_once(site, id, OrderKind::Move { visit, to: MoveTo::Code { code, until } }, who).await?;
        let row = order_row(&mut self.store.read().await?, site, id).await?;
        self.code_of(&row)?.ok_or_else(no_code)
    }

    /// The code for moving of an order, while it is kept; that somebody looked at it is noted.
    pub async fn move_code(
        &self,
        site: &SiteId,
        id: OrderId,
        who: &Actor,
    ) -> Result<Option<MoveCodeSeen>, OfficeError> {
        let mut tx = self.store.write().await?;
        let Some(row) = tx.desk_order(site, &id.to_string()).await? else { return Ok(None) };
        let Some((code, until)) = self.code_of(&row)? else { return Ok(None) };
        let object = format!("site/{site}/order/{id}");
        self.note(&mut tx, who, Change { action: "move-code-seen", object, before: "", after: "" }).await?;
        tx.commit().await?;
        Ok(Some(MoveCodeSeen { code, until, state: seen(&row, self.now())?.state }))
    }

    fn code_of(&self, row: &OrderRow) -> Result<Option<(MoveCode, Timestamp)>, OfficeError> {
        if !row.document.starts_with(SEALED) {
            return Ok(None);
        }
        let OrderKind::Move { to: MoveTo::Code { code, until }, .. } = self.order_of(row)?.what else {
            return Ok(None);
        };
        Ok(Some((code, until)))
    }

    /// The order as it is sent.
    pub(super) fn order_of(&self, row: &OrderRow) -> Result<Order, OfficeError> {
        let what = format!("order {}", row.id);
        let Some(sealed) = row.document.strip_prefix(SEALED) else { return read_json(&row.document, what) };
        let text = self.keys.vault.open_text(&bound_to(&row.site, &row.id), sealed);
        let text = text.ok_or_else(|| OfficeError::damaged(what.clone())("it was sealed under another key".into()))?;
        read_json(&text, what)
    }

    /// The order as it is kept: sealed where it holds a code.
    pub(super) fn kept_order(&self, site: &SiteId, order: &Order) -> Result<String, OfficeError> {
        let text = write_json(order, "an order")?;
        if !matches!(order.what, OrderKind::Move { to: MoveTo::Code { .. }, .. }) {
            return Ok(text);
        }
        let sealed = self.keys.vault.seal_text(&bound_to(site.as_str(), &order.id.to_string()), &text)?;
        Ok(format!("{SEALED}{sealed}"))
    }
}

fn no_code() -> OfficeError {
    OfficeError::Refused(why!("no-code"))
}

fn bound_to(site: &str, id: &str) -> String {
    format!("order\0{site}\0{id}")
}

async fn order_row(tx: &mut Tx, site: &SiteId, id: OrderId) -> Result<OrderRow, OfficeError> {
    let row = tx.desk_order(site, &id.to_string()).await?;
    row.ok_or_else(|| OfficeError::not_found("order", id.to_string()))
}

fn seen(row: &OrderRow, now: Timestamp) -> Result<OrderSeen, OfficeError> {
    let plain = !row.document.is_empty() && !row.document.starts_with(SEALED);
    let what = plain.then(|| read_json::<Order>(&row.document, format!("order {}", row.id))).transpose()?;
    let damaged =
        || OfficeError::damaged(format!("order {}", row.id))("its id or visit is not what was written".into());
    Ok(OrderSeen {
        id: row.id.parse().map_err(|_| damaged())?,
        what: what.map(|order| order.what),
        visit: row.visit.as_deref().map(|visit| visit.parse().map_err(|_| damaged())).transpose()?,
        who: row.who.clone(),
        reason: row.reason.clone(),
        made: timestamp(row.made),
        expires: timestamp(row.expires),
        state: state(row, now)?,
    })
}

fn state(row: &OrderRow, now: Timestamp) -> Result<OrderState, OfficeError> {
    let (told, expires) = (row.told.map(timestamp), timestamp(row.expires));
    if row.state == "taken-back" {
        return Ok(OrderState::TakenBack { at: told.unwrap_or(expires) });
    }
    let outcome = row.outcome.as_deref().map(|text| read_json::<OrderOutcome>(text, format!("order {}", row.id)));
    Ok(match outcome.transpose()?.map(|outcome| outcome.result) {
        Some(OrderResult::Done { until, count, left_out }) => {
            OrderState::Done { told: told.unwrap_or(timestamp(row.made)), until, count, left_out }
        }
        Some(OrderResult::Failed { why }) => OrderState::Failed { told: told.unwrap_or(expires), why },
        None if expires < earlier(now, GRACE) => OrderState::Failed { told: expires, why: NotDone::Expired },
        None => row.sent.map_or(OrderState::Queued, |sent| OrderState::Sent { at: timestamp(sent) }),
    })
}
