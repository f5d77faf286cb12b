//! Orders of staff at the counter: written down, carried out once, their outcome told until the controller has it.

use std::collections::BTreeMap;

use gapura_ledger::Entry;
use gapura_model::{DeviceId, DeviceSort, Moment, MoveCode, VisitId};
use gapura_wire::{NotDone, Order, OrderId, OrderOutcome, OrderResult, limits};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::class::Class;
use super::online::News;
use super::run::{Gate, Waiting};

/// What the counter keeps at the gate.
pub(crate) struct DeskState {
    /// Codes by which visits may move.
    pub(super) moves: BTreeMap<MoveCode, PendingMove>,
    /// Classes that run.
    pub(super) classes: BTreeMap<Uuid, Class>,
    /// What the device at the door seems to be, until it is let in.
    pub(super) looks: BTreeMap<DeviceId, DeviceSort>,
    /// What sort of device visits are on.
    pub(super) sorts: BTreeMap<VisitId, DeviceSort>,
    /// What the controller was told of who is online.
    pub(super) news: News,
    /// Belongs into the commit of what was just decided.
    pub(super) done: Vec<Entry>,
}

/// A visit that may move to the first device on which its code is typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PendingMove {
    pub(super) visit: VisitId,
    /// How long the code is good (UTC).
    pub(super) until: Timestamp,
    pub(super) by: String,
    pub(super) reason: String,
}

/// Setting: codes by which visits may move, as JSON.
pub(super) const MOVES: &str = "desk-moves";
/// Setting: classes that run, as JSON.
pub(super) const CLASSES: &str = "desk-classes";
/// Devices at the door whose sort is remembered.
const MOST_LOOKS: usize = 4096;

/// Carried out, with the visit that has to stand for it if it began one.
pub(super) type Obeyed = Vec<(OrderId, Option<VisitId>)>;

/// What an order brought: when the visit ends now, and what else there is to say.
pub(super) struct Brought {
    pub(super) until: Option<Timestamp>,
    pub(super) count: u32,
    pub(super) left_out: Vec<String>,
    /// The visit that the order began.
    pub(super) began: Option<VisitId>,
}

impl Brought {
    pub(super) const fn nothing() -> Self {
        Self { until: None, count: 0, left_out: Vec::new(), began: None }
    }

    pub(super) fn until(until: Option<Timestamp>) -> Self {
        Self { until, ..Self::nothing() }
    }
}

impl DeskState {
    /// What the ledger kept.
    pub(super) fn recall(memory: &super::memory::Memory, run: Uuid) -> Self {
        Self {
            moves: memory.parsed(MOVES).unwrap_or_default(),
            classes: memory.parsed(CLASSES).unwrap_or_default(),
            looks: BTreeMap::new(),
            sorts: memory.sorts(),
            news: News::new(run),
            done: Vec::new(),
        }
    }
}

impl Gate {
    /// Writes orders down and carries them out; the answer (whether they are on disk) waits for the kernel.
    pub(super) fn take_orders(
        &mut self,
        now: &Moment,
        orders: Vec<Order>,
        reply: oneshot::Sender<bool>,
        waiting: &mut Vec<Waiting>,
    ) {
        let mut entries = Vec::new();
        for order in orders.into_iter().take(limits::ORDERS) {
            let id = order.id.to_string();
            if !self.memory.knows_order(&id)
                && let Ok(document) = serde_json::to_string(&order)
            {
                entries.push(Entry::Order { id, document, at: now.wall });
            }
        }
        if !entries.is_empty()
            && let Err(error) = self.memory.commit(&entries, true)
        {
            self.memory.trouble(&error);
            let _ = reply.send(false);
            return;
        }
        let obeyed = self.carry_out_orders(now);
        waiting.push(Waiting::Orders(reply, obeyed));
    }

    /// Carries out what was written down and is not done. What became of it is kept with what it does, in one commit.
    pub(super) fn carry_out_orders(&mut self, now: &Moment) -> Obeyed {
        let mut obeyed = Vec::new();
        for (id, document) in self.memory.orders_open() {
            let (result, began) = match serde_json::from_str::<Order>(&document) {
                Ok(order) => match self.obey_order(now, &order) {
                    Ok(Brought { until, count, left_out, began }) => {
                        (OrderResult::Done { until, count, left_out }, began)
                    }
                    Err(why) => (OrderResult::Failed { why }, None),
                },
                Err(_) => (OrderResult::Failed { why: NotDone::UnknownOrder }, None),
            };
            let Ok(id) = id.parse::<OrderId>() else { continue };
            self.order_done(now, id, result);
            obeyed.push((id, began));
        }
        obeyed
    }

    fn order_done(&mut self, now: &Moment, id: OrderId, result: OrderResult) {
        let outcome = OrderOutcome { id, at: now.wall, result };
        if let Ok(outcome) = serde_json::to_string(&outcome) {
            self.desk.done.push(Entry::OrderDone { id: id.to_string(), outcome });
        }
    }

    /// The kernel or the disk refused a visit that an order began.
    pub(super) fn order_failed(&mut self, now: &Moment, id: OrderId) {
        self.order_done(now, id, OrderResult::Failed { why: NotDone::Trouble });
    }

    /// What the controller has not heard yet.
    pub(super) fn outcomes(&self) -> Vec<OrderOutcome> {
        let untold = self.memory.orders_untold(u32::try_from(limits::ORDERS).unwrap_or(u32::MAX));
        untold.iter().filter_map(|(_, text)| serde_json::from_str(text).ok()).collect()
    }

    /// The controller has these.
    pub(super) fn outcomes_told(&mut self, outcomes: &[OrderOutcome]) {
        let told = outcomes.iter().filter_map(|outcome| {
            Some(Entry::OrderTold { id: outcome.id.to_string(), outcome: serde_json::to_string(outcome).ok()? })
        });
        let told: Vec<Entry> = told.collect();
        if !told.is_empty() {
            self.memory.try_commit(&told);
        }
    }

    /// The portal saw what a device at the door seems to be.
    pub(super) fn looks_like(&mut self, device: DeviceId, sort: DeviceSort) {
        if self.desk.looks.len() >= MOST_LOOKS {
            self.desk.looks.clear();
        }
        self.desk.looks.insert(device, sort);
    }

    /// A device was let in: its sort is known for as long as the visit runs.
    pub(super) fn came_in(&mut self, visit: VisitId, device: &DeviceId) {
        if let Some(sort) = self.desk.looks.remove(device)
            && self.desk.sorts.insert(visit, sort) != Some(sort)
        {
            self.desk.done.push(Entry::Sort { visit, sort });
        }
    }

    /// Forgets what belongs to visits that are over, and codes whose time is over.
    pub(super) fn tidy_desk(&mut self, now: &Moment) {
        let engine = &self.engine;
        self.desk.sorts.retain(|visit, _| engine.record(*visit).is_some());
        let codes = self.desk.moves.len();
        self.desk.moves.retain(|_, pending| pending.until > now.wall && engine.record(pending.visit).is_some());
        if self.desk.moves.len() != codes {
            self.keep_moves();
        }
    }

    pub(super) fn keep_moves(&mut self) {
        let value = serde_json::to_string(&self.desk.moves).ok().filter(|_| !self.desk.moves.is_empty());
        self.desk.done.push(Entry::Setting { name: MOVES, value });
    }

    pub(super) fn keep_classes(&mut self) {
        let value = serde_json::to_string(&self.desk.classes).ok().filter(|_| !self.desk.classes.is_empty());
        self.desk.done.push(Entry::Setting { name: CLASSES, value });
    }
}
