//! What happens to requests, event by event, for another system.

use gapura_model::Reference;
use gapura_store::{EventRow, ExportRow, millis, timestamp};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Actor, Change, Office, OfficeError};
use crate::webhook::{EVENTS, NotTaken, OCTETS, Webhook};

/// A step of a request as another system is told of it. The same event may come twice: its id says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RequestEvent {
    /// Its own, in this installation.
    pub(crate) id: String,
    /// Its number among all events: whoever has kept it needs none before.
    pub(crate) event: i64,
    at: Timestamp,
    kind: String,
    reference: String,
    site: String,
    origin: String,
    topic: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    about: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    words: String,
    /// What the visitor was answered.
    #[serde(skip_serializing_if = "String::is_empty")]
    answer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    agency: String,
    state: String,
    desk: String,
    level: i64,
    made: Timestamp,
    due: Timestamp,
    settled: Option<Timestamp>,
}

impl From<EventRow> for RequestEvent {
    fn from(row: EventRow) -> Self {
        // Words among staff stay among staff.
        let told = matches!(row.kind.as_str(), "answered" | "granted" | "denied");
        Self {
            id: format!("{}-{}", row.reference, row.event),
            event: row.event,
            at: timestamp(row.at),
            kind: row.kind,
            reference: shown(&row.reference),
            site: row.site,
            origin: row.origin,
            topic: row.topic,
            about: row.about,
            words: row.asked,
            answer: if told { row.words } else { String::new() },
            agency: row.agency,
            state: row.state,
            desk: row.desk,
            level: row.level,
            made: timestamp(row.made),
            due: timestamp(row.due),
            settled: row.settled.map(timestamp),
        }
    }
}

/// What came of telling the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It has everything.
    All,
    /// It took a batch; there may be more.
    More,
    /// Not now.
    Later,
    /// It is told nothing more until staff say so.
    Stopped,
}

/// How far a receiver of events is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportState {
    /// Its address.
    pub receiver: String,
    /// The last event it has.
    pub event: i64,
    /// When it last took one (UTC); none = never.
    pub told: Option<Timestamp>,
    /// What went wrong last; empty for nothing.
    pub trouble: String,
    /// Whether it is told nothing more until staff say so.
    pub stopped: bool,
}

/// The duty of telling, and for how long one has it: longer than a post takes.
const TELLING: &str = "requests";
const TELLING_FOR: SignedDuration = SignedDuration::from_mins(2);

impl Office {
    /// Tells the receiver of the next events.
    pub(crate) async fn push_requests(&self, hook: &Webhook) -> Result<Pushed, OfficeError> {
        let receiver = hook.receiver();
        let mut tx = self.store.read().await?;
        let known = tx.export(&receiver).await?.map_or(0, |state| state.event);
        let nothing = tx.events_after(known, 1).await?.is_empty();
        drop(tx);
        // Of several controllers one tells, and looks where the one before it came to.
        if nothing || !self.on_duty(TELLING, TELLING_FOR).await? {
            return Ok(Pushed::All);
        }
        let mut tx = self.store.read().await?;
        let state = tx.export(&receiver).await?;
        let state = state.unwrap_or(ExportRow { receiver, event: 0, told: 0, trouble: String::new(), stopped: 0 });
        if state.stopped != 0 {
            return Ok(Pushed::Stopped);
        }
        let rows = tx.events_after(state.event, EVENTS).await?;
        drop(tx);
        let Some((last, body)) = batch(rows)? else { return Ok(Pushed::All) };
        let (next, pushed) = match hook.post(body).await {
            Ok(()) => {
                let told = millis(self.now());
                (ExportRow { event: last, told, trouble: String::new(), ..state.clone() }, Pushed::More)
            }
            Err(NotTaken::Later(trouble)) => (ExportRow { trouble, ..state.clone() }, Pushed::Later),
            Err(NotTaken::Never(trouble)) => (ExportRow { trouble, stopped: 1, ..state.clone() }, Pushed::Stopped),
        };
        if next != state {
            if !next.trouble.is_empty() {
                tracing::warn!(trouble = next.trouble, stopped = next.stopped != 0, "requests cannot be told of");
            }
            let mut tx = self.store.write().await?;
            tx.put_export(&next).await?;
            tx.commit().await?;
        }
        Ok(pushed)
    }

    /// How far every receiver of events is.
    pub async fn request_exports(&self) -> Result<Vec<ExportState>, OfficeError> {
        let rows = self.store.read().await?.exports().await?;
        let state = |row: ExportRow| ExportState {
            told: (row.told != 0).then(|| timestamp(row.told)),
            receiver: row.receiver,
            event: row.event,
            trouble: row.trouble,
            stopped: row.stopped != 0,
        };
        Ok(rows.into_iter().map(state).collect())
    }

    /// Tells a receiver again that was stopped.
    pub async fn resume_export(&self, receiver: &str, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let state = tx.export(receiver).await?.filter(|state| state.stopped != 0);
        let state = state.ok_or_else(|| OfficeError::not_found("stopped receiver of requests", receiver))?;
        tx.put_export(&ExportRow { stopped: 0, trouble: String::new(), ..state }).await?;
        let object = format!("request-export/{receiver}");
        let change = Change { action: "request-export-resume", object, before: "stopped", after: "told again" };
        self.note(&mut tx, who, change).await?;
        Ok(tx.commit().await?)
    }
}

/// As many of the next events as fit into a batch, and the number of the last of them. (One event is at most two
/// texts of 2,000 characters: every one fits.)
fn batch(rows: Vec<EventRow>) -> Result<Option<(i64, Vec<u8>)>, OfficeError> {
    let (mut body, mut last) = (Vec::new(), None);
    for row in rows {
        let number = row.event;
        let event = RequestEvent::from(row);
        let text = serde_json::to_vec(&event).map_err(|error| OfficeError::Write("an event", error.into()))?;
        if body.len() + text.len() + 2 >= OCTETS {
            break;
        }
        body.push(if body.is_empty() { b'[' } else { b',' });
        body.extend(text);
        last = Some(number);
    }
    body.push(b']');
    Ok(last.map(|last| (last, body)))
}

/// The number as visitors know it.
fn shown(reference: &str) -> String {
    reference.parse::<Reference>().map_or_else(|_| reference.to_owned(), |reference| reference.to_string())
}
