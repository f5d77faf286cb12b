//! The counter's line: orders come, outcomes and who is online go.

use std::time::Duration;

use gapura_wire::{DeskReport, limits};
use tokio::sync::watch;

use super::backoff::Backoff;
use super::serve::{Line, Link, Luck, start_delay};
use crate::gate::Command;

/// A wait for orders lasts this long.
const WAIT: Duration = Duration::from_secs(25);
/// Staff wait for the first word after an outage: tried again at least this often.
const PATIENCE: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(15));
/// Changes go this often while somebody is looking.
const WATCHED: Duration = Duration::from_secs(1);
/// And this often while nobody is.
const UNWATCHED: Duration = Duration::from_mins(1);
/// While somebody is looking, a report goes this often even where nothing changed.
const STILL_HERE: u32 = 10;

/// What the two loops tell each other.
#[derive(Clone)]
pub(super) struct Looking {
    watched: watch::Sender<bool>,
    /// The controller wants to be told everything.
    again: watch::Sender<bool>,
}

impl Looking {
    pub(super) fn new() -> Self {
        Self { watched: watch::channel(false).0, again: watch::channel(true).0 }
    }
}

/// Waits for orders and brings their outcomes.
pub(super) async fn take_orders(link: Link, looking: Looking) {
    start_delay().await;
    let mut luck = Luck::with("orders", PATIENCE);
    let mut line = Line::new(&link);
    loop {
        let Some((boot, outcomes)) = link.gate.ask(Command::Outcomes).await else {
            luck.pause().await;
            continue;
        };
        let watched = *looking.watched.borrow();
        let report =
            DeskReport { boot, outcomes: outcomes.clone(), online: None, watched, wait_seconds: WAIT.as_secs() };
        let controller = line.controller();
        let answer = tokio::select! {
            answer = controller.desk(&report) => answer,
            // A question asked with the former certificate might be refused while it waits.
            () = line.renewed() => continue,
        };
        match answer {
            Ok(reply) => {
                luck.good();
                if !outcomes.is_empty() {
                    link.gate.tell(Command::OutcomesTold(outcomes));
                }
                looking.watched.send_if_modified(|known| std::mem::replace(known, reply.watched) != reply.watched);
                if !reply.orders.is_empty() {
                    let kept = link.gate.ask(|done| Command::Orders(reply.orders, done)).await;
                    if kept != Some(true) {
                        // Not on disk: they are offered again, and not in a circle.
                        luck.pause().await;
                    }
                }
            }
            Err(error) => luck.bad(&error).await,
        }
    }
}

/// Tells who is online: everything once, then what changed.
pub(super) async fn tell_online(link: Link, looking: Looking) {
    start_delay().await;
    let mut luck = Luck::with("who is online", PATIENCE);
    let mut watching = looking.watched.subscribe();
    let mut line = Line::new(&link);
    let mut quiet = 0;
    loop {
        let watched = *watching.borrow_and_update();
        let full = looking.again.send_replace(false);
        let must = !watched || quiet >= STILL_HERE;
        let asked = link.gate.ask(|reply| Command::Online { full, must, reply }).await;
        let Some(Some(online)) = asked else {
            quiet += 1;
            if asked.is_none() {
                looking.again.send_if_modified(|again| std::mem::replace(again, full) != full);
                luck.pause().await;
            } else {
                let _ = tokio::time::timeout(WATCHED, watching.changed()).await;
            }
            continue;
        };
        quiet = 0;
        let more = online.visits.len().max(online.gone.len()) >= limits::ONLINE_ROWS;
        let Some((boot, _)) = link.gate.ask(Command::Outcomes).await else {
            looking.again.send_replace(true);
            luck.pause().await;
            continue;
        };
        let report = DeskReport { boot, outcomes: Vec::new(), online: Some(online), watched, wait_seconds: 0 };
        match line.controller().desk(&report).await {
            Ok(reply) => {
                luck.good();
                looking.watched.send_if_modified(|known| std::mem::replace(known, reply.watched) != reply.watched);
                if reply.again {
                    looking.again.send_replace(true);
                }
                if reply.again || more {
                    continue;
                }
            }
            Err(error) => {
                // What was in it is told with everything else.
                looking.again.send_replace(true);
                luck.bad(&error).await;
                continue;
            }
        }
        let rest = if *looking.watched.borrow() {
            WATCHED
        } else {
            line.controller().hang_up();
            UNWATCHED
        };
        let _ = tokio::time::timeout(rest, watching.changed()).await;
    }
}
