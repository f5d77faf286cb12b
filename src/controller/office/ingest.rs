//! Batches of the usage log, each record once, whatever the way does to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use gapura_metrics::Timer;
use gapura_model::BootId;
use gapura_store::{BatchKnown, BatchName, Tx, VisitRow, millis};
use gapura_wire::{ReceivedBatch, Record, Refused, Sha256, UsageAck};
use serde_json::value::RawValue;

use super::enrol::Member;
use super::together::{Together, at_once_or_alone};
use super::usage::{Destroyed, as_i64, store_record};
use super::{Office, OfficeError};

/// Records in one transaction: what comes behind them does not wait for longer than some hundred milliseconds.
const MOST: usize = 5_000;
/// A batch counts as so many records besides those it has.
const BATCH: usize = 20;

/// Batches that wait for the writer's turn.
pub(super) type Intake = Together<Batch, Result<UsageAck, OfficeError>>;

/// A batch, read.
#[derive(Debug)]
pub(super) struct Batch {
    from: Member,
    boot: BootId,
    /// The same as text.
    boot_text: String,
    seq: u64,
    sha256: Sha256,
    records: Vec<Told>,
}

/// A record as far as it can be read here.
#[derive(Debug)]
enum Told {
    Read(Box<Record>),
    Unread(Box<RawValue>),
}

impl Batch {
    fn name(&self) -> BatchName<'_> {
        (self.from.site.as_str(), self.from.gateway.as_str(), &self.boot_text, as_i64(self.seq))
    }
}

impl Office {
    /// Stores a batch, together with those that wait beside it. Whatever of it came before, in whatever order, nothing counts
    /// twice; the answer is given after the commit.
    pub(crate) async fn ingest(
        &self,
        from: &Member,
        batch: ReceivedBatch,
        sha256: Sha256,
    ) -> Result<UsageAck, OfficeError> {
        let _timer = Timer::start(&self.meters.ingest);
        // Read before the writer's turn, so that nobody waits for it.
        let records = batch.records.into_iter().map(|record| match Record::from_json(record.get()) {
            Ok(read) => Told::Read(Box::new(read)),
            Err(_) => Told::Unread(record),
        });
        let (boot, seq, boot_text) = (batch.boot, batch.seq, batch.boot.to_string());
        let batch = Batch { from: from.clone(), boot, boot_text, seq, sha256, records: records.collect() };
        let weight = BATCH + batch.records.len();
        let write = |batches| at_once_or_alone(batches, |some| self.store_together(some));
        self.intake.join((batch, weight), MOST, write).await
    }

    async fn store_together(&self, batches: Vec<Arc<Batch>>) -> Result<Vec<UsageAck>, OfficeError> {
        let mut tx = self.store.write().await?;
        let names: Vec<BatchName<'_>> = batches.iter().map(|batch| batch.name()).collect();
        let mut standing = Standing::new(tx.batches(&names).await?);
        let (mut visits, mut new, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        let mut destroyed = Destroyed::default();
        for (batch, name) in batches.iter().zip(&names) {
            // The same number with other records (a gateway whose database was set aside) is not skipped: each record has its
            // own identity, so storing it again is harmless and leaving it out would lose it.
            let repeated = standing.hash_of(name).is_some_and(|known| known == batch.sha256.as_bytes());
            let mut left = (Vec::new(), 0);
            if !repeated {
                left = self.store_records(&mut tx, batch, (&mut destroyed, &mut visits)).await?;
                standing.came(name, batch.sha256.as_bytes());
                new.push((*name, *batch.sha256.as_bytes()));
            }
            answers.push((repeated, left));
        }
        tx.put_visits(&visits, self.now()).await?;
        tx.add_batches(&new, millis(self.now())).await?;
        let next = standing.next(&mut tx, &names).await?;
        tx.commit().await?;
        let acks = batches.iter().zip(&names).zip(answers).map(|((batch, name), (repeated, (refused, unread)))| {
            self.meters.ingested(repeated, batch.records.len(), refused.len() + unread);
            if !refused.is_empty() {
                tracing::warn!(gateway = %batch.from.gateway, seq = batch.seq, refused = refused.len(), "usage records refused");
            }
            let next = next.get(&(name.0, name.1, name.2)).copied().unwrap_or_default();
            let next = u64::try_from(next).unwrap_or_default();
            UsageAck { boot: batch.boot, seq: batch.seq, next, repeated, refused }
        });
        Ok(acks.collect())
    }

    /// Stores all of a batch but its visits, which are gathered; what is refused of it, and how much is kept unread.
    async fn store_records(
        &self,
        tx: &mut Tx,
        batch: &Batch,
        (destroyed, visits): (&mut Destroyed, &mut Vec<VisitRow>),
    ) -> Result<(Vec<Refused>, usize), OfficeError> {
        let (from, mut refused, mut unread) = (&batch.from, Vec::new(), 0_usize);
        for (index, record) in batch.records.iter().enumerate() {
            match record {
                Told::Read(record) => {
                    let of = (from.site.as_str(), from.gateway.as_str());
                    let stored = match self.not_destroyed(tx, destroyed, record).await? {
                        Ok(kept) => store_record(tx, of, (record, kept, self.now()), visits).await?,
                        Err(reason) => Err(reason),
                    };
                    if let Err(reason) = stored {
                        refused.push(Refused { index, reason });
                    }
                }
                Told::Unread(text) => {
                    unread += 1;
                    let (of, sha256) = ((&from.site, &from.gateway), Sha256::of(text.get().as_bytes()));
                    tx.keep_unread(of, sha256.as_bytes(), text.get(), self.now()).await?;
                }
            }
        }
        if unread > 0 {
            tracing::warn!(gateway = %from.gateway, seq = batch.seq, unread, "usage records of a newer router are kept unread; upgrade the controller");
        }
        Ok((refused, unread))
    }
}

/// A run of a gateway's kernel: site, gateway, boot.
type Run<'a> = (&'a str, &'a str, &'a str);

/// What is known of some batches while they are stored.
struct Standing<'a> {
    known: BTreeMap<(String, String, String, i64), BatchKnown>,
    /// Those stored now, by run: number and hash.
    came: BTreeMap<Run<'a>, BTreeMap<i64, [u8; 32]>>,
}

impl<'a> Standing<'a> {
    fn new(rows: Vec<BatchKnown>) -> Self {
        let name = |row: &BatchKnown| (row.site.clone(), row.gateway.clone(), row.boot.clone(), row.seq);
        Self { known: rows.into_iter().map(|row| (name(&row), row)).collect(), came: BTreeMap::new() }
    }

    /// The hash of what came first under this number.
    fn hash_of(&self, name: &BatchName<'a>) -> Option<&[u8]> {
        let (site, gateway, boot, seq) = *name;
        let before = self.known.get(&(site.to_owned(), gateway.to_owned(), boot.to_owned(), seq));
        let now = || self.came.get(&(site, gateway, boot))?.get(&seq).map(<[u8; 32]>::as_slice);
        before.and_then(|row| row.sha256.as_deref()).or_else(now)
    }

    fn came(&mut self, (site, gateway, boot, seq): &BatchName<'a>, sha256: &[u8; 32]) {
        self.came.entry((site, gateway, boot)).or_default().entry(*seq).or_insert(*sha256);
    }

    /// The lowest number of each run that has not come, now that those of this transaction are there; what moved is kept.
    async fn next(&self, tx: &mut Tx, names: &[BatchName<'a>]) -> Result<BTreeMap<Run<'a>, i64>, OfficeError> {
        let (mut next, mut moved) = (BTreeMap::new(), Vec::new());
        for (site, gateway, boot, seq) in names.iter().copied() {
            let run = (site, gateway, boot);
            if next.contains_key(&run) {
                continue;
            }
            let row = |seq| self.known.get(&(site.to_owned(), gateway.to_owned(), boot.to_owned(), seq));
            let before = row(seq).and_then(|row| row.next);
            let came = self.came.get(&run);
            let now = match before {
                None => tx.next_batch((site, gateway, boot, 1)).await?,
                Some(before) if came.is_some_and(|came| came.contains_key(&before)) => {
                    let alone = came.is_some_and(|came| came.len() == 1);
                    if alone && row(before).is_some_and(|row| row.followed == 0) {
                        before + 1
                    } else {
                        tx.next_batch((site, gateway, boot, before)).await?
                    }
                }
                Some(before) => before,
            };
            if before != Some(now) {
                moved.push((site, gateway, boot, now));
            }
            next.insert(run, now);
        }
        tx.put_next_batches(&moved).await?;
        Ok(next)
    }
}
