//! Batches as gateways send them, and their rows as a database takes them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use gapura_controller::{Enlisted, VisitRow};
use gapura_lab::LabError;
use gapura_lab::clock::unix_seconds;
use gapura_model::{BootId, VisitId};
use gapura_wire::{Record, UsageBatch, VisitUsage};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::BenchError;

/// A batch.
#[derive(Debug)]
pub(super) struct Batch {
    /// Its number.
    pub(super) seq: u64,
    /// As it is sent.
    pub(super) body: Vec<u8>,
    /// As it is stored.
    pub(super) rows: Vec<VisitRow>,
}

/// What was given out already.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Apart from others' numbers.
    series: u64,
    visits: u64,
    batches: BTreeMap<String, u64>,
}

const BOOT: &str = "5a4f0e3c-8f5e-4a0a-9d5a-000000000001";
/// All visits begin within so long, again and again from its beginning.
const DAY: SignedDuration = SignedDuration::from_hours(20);

/// When visits begin: in the hours before the bench, as what piled up in an outage.
pub(super) fn span() -> gapura_store::Span {
    static FIRST: OnceLock<Timestamp> = OnceLock::new();
    let first = || {
        let hour = Timestamp::from_second(unix_seconds() / 3600 * 3600).unwrap_or_default();
        hour.checked_sub(DAY).and_then(|first| first.checked_sub(SignedDuration::from_hours(1))).unwrap_or_default()
    };
    let from = *FIRST.get_or_init(first);
    gapura_store::Span { from, until: from.checked_add(DAY).unwrap_or(Timestamp::MAX), site: None, limit: 1 }
}

impl Numbers {
    /// Numbers that no other series has.
    pub(super) fn of_series(series: u64) -> Self {
        Self { series, ..Self::default() }
    }

    /// The next batch of a gateway: `size` visits that ended, an hour's worth for each thousand.
    pub(super) fn batch(&mut self, from: &Enlisted, size: usize) -> Result<Batch, BenchError> {
        let seq = self.batches.entry(from.gateway.to_string()).or_default();
        *seq += 1;
        let seq = *seq;
        let visits = (0..size).map(|_| self.visit()).collect::<Result<Vec<_>, _>>()?;
        let rows = visits.iter().map(|visit| row(from, visit)).collect();
        let boot = boot()?;
        let records = visits.into_iter().map(Record::Visit).collect();
        let batch = UsageBatch { gateway: from.gateway.clone(), boot, seq, records };
        let body = serde_json::to_vec(&batch).map_err(|error| LabError::answer("write a batch", error.to_string()))?;
        Ok(Batch { seq, body, rows })
    }

    fn visit(&mut self) -> Result<VisitUsage, BenchError> {
        self.visits += 1;
        let number = self.visits;
        // Ids are drawn at random in service; a number that is mixed comes as scattered.
        let mixed = (number | (self.series << 48)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let id = VisitId::from_random(((u128::from(mixed) << 64) | u128::from(number)).to_be_bytes());
        let after = i64::try_from(number * 3_600).unwrap_or_default() % (DAY.as_secs() * 1000);
        let first = span().from;
        let start = first.checked_add(SignedDuration::from_millis(after)).unwrap_or(first);
        let end = start.checked_add(SignedDuration::from_mins(30)).unwrap_or(start);
        let text = json!({
            "visit": id, "revision": 3, "device": format!("h1:2026-11:{mixed:032x}"), "device_local": true, "way": "one-tap",
            "terms": "sinjai-2026-1", "sha256": "ab".repeat(32), "plan": "umum", "generation": 7, "start": start,
            "clock": "trusted", "at": end, "traffic": { "up": 4_000_000 + number, "down": 90_000_000 + number },
            "seconds": 1800, "end": end, "cause": "idle",
        });
        Ok(serde_json::from_value(text).map_err(|error| LabError::answer("a visit", error.to_string()))?)
    }
}

fn boot() -> Result<BootId, BenchError> {
    Ok(BOOT.parse().map_err(|_| LabError::answer("a boot's id", BOOT))?)
}

fn row(from: &Enlisted, visit: &VisitUsage) -> VisitRow {
    let number = |figure: u64| i64::try_from(figure).unwrap_or(i64::MAX);
    VisitRow {
        site: from.site.to_string(),
        visit: visit.visit.to_string(),
        gateway: from.gateway.to_string(),
        revision: number(visit.revision),
        device: visit.device.to_string(),
        device_local: i64::from(visit.device_local),
        holder: None,
        way: "one-tap".to_owned(),
        terms: Some("sinjai-2026-1".to_owned()),
        terms_sha256: Some("ab".repeat(32)),
        plan: visit.plan.to_string(),
        generation: number(visit.generation.get()),
        started: visit.start.as_millisecond(),
        clock: "trusted".to_owned(),
        told: visit.at.as_millisecond(),
        bytes_up: number(visit.traffic.up.get()),
        bytes_down: number(visit.traffic.down.get()),
        seconds: number(visit.seconds),
        ended: visit.end.map(jiff::Timestamp::as_millisecond),
        cause: visit.cause.map(|cause| cause.id().to_owned()),
        address: None,
        nat: None,
    }
}
