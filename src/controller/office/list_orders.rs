//! What people ask of lists at the console: done by the server's own task, since fetching and building take minutes.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use gapura_model::{ListId, with_causes};
use gapura_rules::sop::ListSource;
use gapura_wire::Sha256;
use jiff::Timestamp;
use tokio::sync::Notify;

use super::{Actor, Office, OfficeError, REASON};
use crate::why::{Why, why};

/// Something to be done with lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListOrder {
    /// Look at the sources of one list, or of all.
    Look(Option<ListId>),
    /// Let the update through that has this content.
    Accept(ListId, Sha256),
    /// Turn the update down that has this content.
    Reject(ListId, Sha256),
}

impl ListOrder {
    /// The list whose update it decides on.
    const fn decides(&self) -> Option<&ListId> {
        match self {
            Self::Look(_) => None,
            Self::Accept(id, _) | Self::Reject(id, _) => Some(id),
        }
    }
}

/// An order that waits or is being carried out.
#[derive(Clone, Debug)]
pub struct ListWork {
    /// What.
    pub order: ListOrder,
    /// Who asked.
    pub by: String,
    /// Since when it is being carried out (UTC); none: it waits.
    pub since: Option<Timestamp>,
}

/// An order that was not carried out.
#[derive(Clone, Debug)]
pub struct ListFailed {
    /// What.
    pub order: ListOrder,
    /// When (UTC).
    pub at: Timestamp,
    /// Why, for people; else for an administrator.
    pub why: Result<Why, String>,
}

/// Orders at once; who comes after them is asked to come back.
const MOST: usize = 16;

/// Orders of this process, the first being carried out, and the last that was not.
#[derive(Debug, Default)]
pub(crate) struct ListRoom {
    asked: Notify,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    orders: VecDeque<(ListOrder, Actor)>,
    since: Option<Timestamp>,
    failed: Option<ListFailed>,
}

impl ListRoom {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Until somebody asks for something.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }
}

impl Office {
    /// Where lists come from; empty where none are fetched here.
    pub fn list_sources(&self) -> Vec<ListSource> {
        if self.lists.fetched { self.catalogue().sources().to_vec() } else { Vec::new() }
    }

    /// Has something done with lists. What is asked for already is not asked for twice.
    ///
    /// # Errors
    /// No lists are fetched here, a decision has no reason or is about an update that does not wait any more, or too much waits.
    pub async fn ask_of_lists(&self, order: ListOrder, who: &Actor) -> Result<(), OfficeError> {
        if !self.lists.fetched {
            return Err(OfficeError::Refused(why!("lists-not-fetched")));
        }
        match &order {
            ListOrder::Look(None) => {}
            ListOrder::Look(Some(id)) => {
                self.catalogue().entry(id).ok_or_else(|| OfficeError::not_found("list", id.as_str()))?;
            }
            ListOrder::Accept(id, seen) | ListOrder::Reject(id, seen) => {
                if who.reason.trim().is_empty() {
                    return Err(OfficeError::Refused(why!("list-reason").flag(REASON)));
                }
                let held = self.list_status().await?.into_iter().find(|list| list.id == *id);
                let held = held.and_then(|list| list.state.held);
                if held.is_none_or(|held| held.edition.sha256 != *seen) {
                    return Err(OfficeError::Refused(why!("list-other-update", list = id.as_str())));
                }
            }
        }
        let taken = self.list_room.with(|state| {
            // Two people never decide on one update: the second would be told of a decision that is not theirs.
            if let Some(id) = order.decides() {
                let other = state
                    .orders
                    .iter()
                    .find(|(other, by)| other.decides() == Some(id) && (*other != order || by.name != who.name));
                if let Some((_, by)) = other {
                    return Err(why!("list-being-decided", list = id.as_str(), who = &by.name));
                }
            }
            let known = state.orders.iter().any(|(other, _)| *other == order);
            if !known && state.orders.len() < MOST {
                state.orders.push_back((order.clone(), who.clone()));
                return Ok(());
            }
            if known { Ok(()) } else { Err(why!("lists-busy")) }
        });
        taken.map_err(OfficeError::Refused)?;
        self.list_room.asked.notify_one();
        Ok(())
    }

    /// What waits or is being done with lists, the first first.
    pub fn list_work(&self) -> Vec<ListWork> {
        self.list_room.with(|state| {
            let since = |at: usize| state.since.filter(|_| at == 0);
            let work = |(at, (order, who)): (usize, &(ListOrder, Actor))| ListWork {
                order: order.clone(),
                by: who.name.clone(),
                since: since(at),
            };
            state.orders.iter().enumerate().map(work).collect()
        })
    }

    /// The last order that was not carried out; none where the last one was.
    pub fn list_failed(&self) -> Option<ListFailed> {
        self.list_room.with(|state| state.failed.clone())
    }

    /// Carries out what was asked, one after another.
    pub(crate) async fn carry_out_list_orders(&self) {
        loop {
            let now = self.now();
            let next = self.list_room.with(|state| {
                state.since = state.orders.front().map(|_| now);
                state.orders.front().cloned()
            });
            let Some((order, who)) = next else { return };
            let done = match &order {
                ListOrder::Look(only) => self.refresh_lists(only.as_ref(), Some(&who)).await.map(drop),
                ListOrder::Accept(id, seen) => self.accept_list_seen(id, Some(seen), &who).await.map(drop),
                ListOrder::Reject(id, seen) => self.reject_list_seen(id, Some(seen), &who).await,
            };
            let failed = done.err().map(|error| {
                tracing::error!(error = with_causes(&error), "what was asked of lists could not be done");
                let why = if let OfficeError::Refused(why) = error { Ok(why) } else { Err(with_causes(&error)) };
                ListFailed { order: order.clone(), at: self.now(), why }
            });
            self.list_room.with(|state| {
                state.orders.pop_front();
                state.since = None;
                state.failed = failed;
            });
        }
    }
}
