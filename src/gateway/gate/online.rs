//! Who is online, as the counter is told: everything once, then what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gapura_model::{HolderId, MacAddr, Moment, Traffic, Uptime, VisitId};
use gapura_rules::hours::OpenState;
use gapura_session::{VisitRecord, Way};
use gapura_wire::{
    BlockInForce, DeviceRole, OnlineReport, OnlineVisit, Pseudonym, Sha256, WireHolder, epoch_key_at, limits,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::run::Gate;

/// What the controller was told.
pub(super) struct News {
    run: Uuid,
    seq: u64,
    told: BTreeMap<VisitId, OnlineVisit>,
    blocks: Option<Vec<BlockInForce>>,
    /// Whether the site is open, when that changes, how many are online.
    head: Option<(bool, Option<Timestamp>, u32)>,
    /// The device of each visit, with its pseudonym: one HMAC a visit, not one a second.
    names: BTreeMap<VisitId, (MacAddr, Pseudonym)>,
    /// The last look at each visit's bytes.
    looks: BTreeMap<VisitId, Look>,
}

#[derive(Clone, Copy)]
struct Look {
    at: Uptime,
    traffic: Traffic,
    speed: u64,
}

/// Ends that differ by less are the same: they are reckoned from now, each time anew.
const SAME: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);
/// A speed is measured over at least this long.
const MEASURED: Duration = Duration::from_millis(800);

impl News {
    pub(super) const fn new(run: Uuid) -> Self {
        Self {
            run,
            seq: 0,
            told: BTreeMap::new(),
            blocks: None,
            head: None,
            names: BTreeMap::new(),
            looks: BTreeMap::new(),
        }
    }
}

impl Gate {
    /// What changed since the last report, or everything; `None` where there is nothing to tell and nothing has to be told.
    pub(super) fn online_report(&mut self, now: &Moment, full: bool, must: bool) -> Option<OnlineReport> {
        self.read(now);
        self.tidy_desk(now);
        if full {
            self.desk.news.told.clear();
            self.desk.news.blocks = None;
        }
        let records: Vec<VisitRecord> = self.engine.records().filter(|record| record.way != Way::Trusted).collect();
        let rows: Vec<OnlineVisit> = records.iter().filter_map(|record| self.row(now, record)).collect();
        let running: BTreeSet<VisitId> = records.iter().map(|record| record.id).collect();
        let blocks = self.blocks_in_force(now);
        let (open, changes) = match self.engine.hours() {
            OpenState::Open { closes } => (true, closes),
            OpenState::Closed { opens } => (false, opens),
        };
        let online = u32::try_from(rows.len()).unwrap_or(u32::MAX);

        let news = &mut self.desk.news;
        news.names.retain(|visit, _| running.contains(visit));
        news.looks.retain(|visit, _| running.contains(visit));
        let gone: Vec<VisitId> =
            news.told.keys().filter(|visit| !running.contains(visit)).take(limits::ONLINE_ROWS).copied().collect();
        for visit in &gone {
            news.told.remove(visit);
        }
        let changed = rows.into_iter().filter(|row| news.told.get(&row.visit).is_none_or(|told| differs(told, row)));
        let visits: Vec<OnlineVisit> = changed.take(limits::ONLINE_ROWS).collect();
        news.told.extend(visits.iter().map(|row| (row.visit, row.clone())));
        let other_blocks = news.blocks.as_ref() != Some(&blocks);
        let head = Some((open, changes, online));
        if !(must || full || other_blocks || head != news.head || !visits.is_empty() || !gone.is_empty()) {
            return None;
        }
        news.head = head;
        news.seq += 1;
        if other_blocks {
            news.blocks = Some(blocks.clone());
        }
        Some(OnlineReport {
            run: news.run,
            seq: news.seq,
            full,
            at: now.wall,
            clock: now.trust,
            open,
            changes,
            online,
            visits,
            gone,
            blocks: other_blocks.then_some(blocks),
        })
    }

    fn row(&mut self, now: &Moment, record: &VisitRecord) -> Option<OnlineVisit> {
        let figures = self.engine.figures(now, record.id)?;
        let device = self.name(record)?;
        let speed = self.speed(now, record);
        let seats = self.bundle.iter().flat_map(|bundle| &bundle.devices);
        let mut seats = seats.filter(|known| known.role == DeviceRole::Seat && known.mac == record.device.mac);
        let holder = match &record.holder {
            HolderId::Voucher(tag) => Some(WireHolder::Voucher(Sha256::from_bytes(*tag))),
            HolderId::Account(name) => Some(WireHolder::Account(name.clone())),
            HolderId::Device(_) => None,
        };
        Some(OnlineVisit {
            visit: record.id,
            device,
            sort: self.desk.sorts.get(&record.id).copied().unwrap_or_default(),
            seat: seats.next().map(|seat| seat.label.clone()),
            way: record.way,
            plan: record.plan.clone(),
            class: self.class_of(record.id, &record.holder),
            holder,
            started: record.started,
            until: figures.time_left.map(|left| whole_second(now.wall_after(left))),
            ends_because: figures.ends_because,
            bytes_left: figures.bytes_left,
            traffic: record.traffic,
            speed,
            slowed: figures.slowed,
        })
    }

    /// The device of a visit as the usage log names it.
    fn name(&mut self, record: &VisitRecord) -> Option<Pseudonym> {
        let mac = record.device.mac;
        if let Some((_, name)) = self.desk.news.names.get(&record.id).filter(|(known, _)| *known == mac) {
            return Some(*name);
        }
        let name = epoch_key_at(&self.bundle.as_deref()?.pseudonym_keys, record.started)?.mac(mac);
        self.desk.news.names.insert(record.id, (mac, name));
        Some(name)
    }

    /// Both directions since the last look, in bit/s.
    fn speed(&mut self, now: &Moment, record: &VisitRecord) -> u64 {
        let look = Look { at: now.up, traffic: record.traffic, speed: 0 };
        let last = self.desk.news.looks.entry(record.id).or_insert(look);
        let since = last.at.until(now.up);
        if since >= MEASURED {
            let bytes = record.traffic.since(last.traffic).total().get();
            let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(1);
            *last = Look { speed: bytes.saturating_mul(8_000) / millis, ..look };
        }
        last.speed
    }

    fn blocks_in_force(&self, now: &Moment) -> Vec<BlockInForce> {
        let Some(bundle) = self.bundle.as_deref() else { return Vec::new() };
        let Some(key) = epoch_key_at(&bundle.pseudonym_keys, now.wall) else { return Vec::new() };
        let blocks = self.engine.blocks().iter().take(limits::ONLINE_ROWS);
        blocks
            .map(|(mac, block)| BlockInForce {
                device: key.mac(*mac),
                reason: block.reason.clone(),
                until: block.until,
                by_document: self.engine.policy().blocked.contains_key(mac),
            })
            .collect()
    }
}

/// Whether a row is worth telling: an end that moved by a second is the same end.
fn differs(told: &OnlineVisit, row: &OnlineVisit) -> bool {
    let near = match (told.until, row.until) {
        (Some(told), Some(row)) => row.duration_since(told).abs() < SAME,
        (told, row) => told == row,
    };
    !near || OnlineVisit { until: told.until, ..row.clone() } != *told
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
