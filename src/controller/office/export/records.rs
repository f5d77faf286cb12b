//! Requests with what happened to them, and the audit log.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use gapura_store::{Cell, EventRow, Table, Tx, timestamp};
use jiff::Timestamp;
use serde::Serialize;

use super::{Out, PIECE, narrowed};
use crate::exchange::{ExchangeError, Piece};
use crate::office::OfficeError;

/// Rows that are read at once.
const ROWS: u32 = 1000;

/// A request in `requests.json`.
#[derive(Serialize)]
struct RequestEntry<'a> {
    site: &'a str,
    reference: &'a str,
    gateway: &'a str,
    origin: &'a str,
    topic: &'a str,
    about: &'a str,
    words: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<&'a str>,
    visit: Option<&'a str>,
    explanation: &'a str,
    state: &'a str,
    holder: &'a str,
    desk: &'a str,
    agency: &'a str,
    level: i64,
    made: Option<Timestamp>,
    received: Option<Timestamp>,
    due: Option<Timestamp>,
    changed: Option<Timestamp>,
    settled: Option<Timestamp>,
    steps: Vec<StepEntry>,
}

#[derive(Serialize)]
struct StepEntry {
    at: Timestamp,
    kind: String,
    actor: String,
    agency: String,
    words: String,
}

const REQUEST: [&str; 20] = [
    "site",
    "reference",
    "gateway",
    "origin",
    "topic",
    "about",
    "words",
    "contact",
    "visit",
    "explanation",
    "state",
    "holder",
    "desk",
    "agency",
    "level",
    "made",
    "received",
    "due",
    "changed",
    "settled",
];

/// Requests with all that happened to them; what an appeal said is in the table of appeals.
pub(super) async fn requests(tx: &mut Tx, out: &Out, (tables, contacts): (&[Table], bool)) -> Result<(), OfficeError> {
    let mut steps: BTreeMap<(String, String), Vec<StepEntry>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let rows = tx.events_after(after, i64::from(ROWS)).await?;
        let Some(last) = rows.last() else { break };
        after = last.event;
        for row in rows {
            let EventRow { site, reference, at, kind, actor, agency, words, .. } = row;
            let step = StepEntry { at: timestamp(at), kind, actor, agency, words };
            steps.entry((site, reference)).or_default().push(step);
        }
    }
    let table = narrowed(tables, "request", &REQUEST)?;
    out.file("requests.json", "[", 0).await?;
    let (mut rows, mut first, mut text, mut count) = (tx.pour(&table), true, Vec::new(), 0);
    while let Some(row) = rows.next().await.transpose()? {
        let cell = |name: &str| REQUEST.iter().position(|column| *column == name).and_then(|index| row.get(index));
        let maybe = |name: &str| match cell(name) {
            Some(Cell::Text(text)) => Some(text.as_str()),
            Some(Cell::Null | Cell::Number(_) | Cell::Octets { .. }) | None => None,
        };
        let number = |name: &str| match cell(name) {
            Some(Cell::Number(number)) => Some(*number),
            Some(Cell::Null | Cell::Text(_) | Cell::Octets { .. }) | None => None,
        };
        let words = |name: &str| maybe(name).unwrap_or_default();
        let time = |name: &str| number(name).map(timestamp);
        let taken = steps.remove(&(words("site").to_owned(), words("reference").to_owned())).unwrap_or_default();
        let entry = RequestEntry {
            site: words("site"),
            reference: words("reference"),
            gateway: words("gateway"),
            origin: words("origin"),
            topic: words("topic"),
            about: words("about"),
            words: words("words"),
            contact: maybe("contact").filter(|_| contacts),
            visit: maybe("visit"),
            explanation: words("explanation"),
            state: words("state"),
            holder: words("holder"),
            desk: words("desk"),
            agency: words("agency"),
            level: number("level").unwrap_or_default(),
            made: time("made"),
            received: time("received"),
            due: time("due"),
            changed: time("changed"),
            settled: time("settled"),
            steps: taken,
        };
        text.extend_from_slice(if first { b"\n" } else { b",\n" });
        first = false;
        serde_json::to_writer(&mut text, &entry)
            .map_err(|error| ExchangeError::Text("a request", error.to_string()))?;
        count += 1;
        if text.len() >= PIECE {
            out.send(Piece::More(std::mem::take(&mut text), std::mem::take(&mut count))).await?;
        }
    }
    text.extend_from_slice(b"\n]\n");
    out.send(Piece::More(text, count)).await
}

/// A row of the audit log in `audit.jsonl`.
#[derive(Serialize)]
struct AuditLine<'a> {
    number: i64,
    at: Timestamp,
    actor: &'a str,
    action: &'a str,
    object: &'a str,
    before: &'a str,
    after: &'a str,
    reason: &'a str,
    prev: String,
    hash: String,
}

pub(super) async fn audit(tx: &mut Tx, out: &Out) -> Result<(), OfficeError> {
    let hex = |hash: &[u8]| {
        let hash: Option<[u8; 32]> = hash.try_into().ok();
        hash.map_or_else(String::new, |hash| gapura_wire::Sha256::from_bytes(hash).to_string())
    };
    out.file("audit.jsonl", "", 0).await?;
    let mut after = 0;
    loop {
        let rows = tx.audit_rows(after, ROWS).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.number;
        let mut text = Vec::new();
        for row in &rows {
            let entry = AuditLine {
                number: row.number,
                at: timestamp(row.at),
                actor: &row.actor,
                action: &row.action,
                object: &row.object,
                before: &row.before,
                after: &row.after,
                reason: &row.reason,
                prev: hex(&row.prev),
                hash: hex(&row.hash),
            };
            serde_json::to_writer(&mut text, &entry)
                .map_err(|error| ExchangeError::Text("the audit log", error.to_string()))?;
            text.push(b'\n');
        }
        out.send(Piece::More(text, rows.len() as u64)).await?;
    }
}
