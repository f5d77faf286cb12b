//! What gateways report: usage (each record once), heartbeats, outcomes of bundles, balances.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use gapura_model::{ClockTrust, Generation};
use gapura_store::{OutageRow, Span, TallyRow, Tx, VisitRow, VisitSum, millis};
use gapura_wire::{
    BalanceReport, BundleOutcome, BundleVerdict, Heartbeat, HeartbeatReply, ReceivedBatch, Record, Refused, Sha256,
    SignedBundle, SignedTime, UsageAck, VisitUsage, Way, limits,
};

use super::enrol::Member;
use super::{Office, OfficeError, read_json, write_json};
use crate::condition::{Condition, Known};
use crate::retention::Kind;

/// Months that were destroyed, by kind, as far as they were asked for: from, until (ms).
type Destroyed = BTreeMap<Kind, Vec<(i64, i64)>>;

/// Rows of balances in one page of a restore.
const PAGE: u32 = 2000;

impl Office {
    /// Stores a batch. Whatever of it came before, in whatever order, nothing counts twice; the answer is given after the commit.
    pub(crate) async fn ingest(
        &self,
        from: &Member,
        batch: &ReceivedBatch,
        sha256: Sha256,
    ) -> Result<UsageAck, OfficeError> {
        let mut tx = self.store.write().await?;
        let (boot, seq) = (batch.boot.to_string(), as_i64(batch.seq));
        let known = tx.batch(&from.site, &from.gateway, &boot, seq).await?;
        let repeated = known.as_deref() == Some(sha256.as_bytes().as_slice());
        let (mut refused, mut unread) = (Vec::new(), 0_usize);
        if !repeated {
            // The same number with other records (a gateway whose database was set aside) is not skipped: each record has its
            // own identity, so storing it again is harmless and leaving it out would lose it.
            let mut visits = Vec::new();
            let mut destroyed = Destroyed::default();
            for (index, record) in batch.records.iter().enumerate() {
                let Ok(record) = serde_json::from_str::<Record>(record.get()) else {
                    unread += 1;
                    let (of, sha256) = ((&from.site, &from.gateway), Sha256::of(record.get().as_bytes()));
                    tx.keep_unread(of, sha256.as_bytes(), record.get(), self.now()).await?;
                    continue;
                };
                if let Err(reason) = self.not_destroyed(&mut tx, &mut destroyed, &record).await? {
                    refused.push(Refused { index, reason });
                    continue;
                }
                let of = (from.site.as_str(), from.gateway.as_str());
                if let Err(reason) = store_record(&mut tx, of, &record, &mut visits).await? {
                    refused.push(Refused { index, reason });
                }
            }
            tx.put_visits(&visits).await?;
            tx.add_batch((&from.site, &from.gateway), (&boot, seq), sha256.as_bytes(), self.now()).await?;
        }
        let next = tx.next_batch(&from.site, &from.gateway, &boot).await?;
        tx.commit().await?;
        if !refused.is_empty() {
            tracing::warn!(gateway = %from.gateway, seq = batch.seq, refused = refused.len(), "usage records refused");
        }
        if unread > 0 {
            tracing::warn!(gateway = %from.gateway, seq = batch.seq, unread, "usage records of a newer router are kept unread; upgrade the controller");
        }
        let next = u64::try_from(next).unwrap_or_default();
        Ok(UsageAck { boot: batch.boot, seq: batch.seq, next, repeated, refused })
    }

    /// Reads what an older controller kept unread, as far as this one can; how many records that were.
    pub(crate) async fn read_kept_records(&self) -> Result<usize, OfficeError> {
        let (mut after, mut read) = (None, 0);
        loop {
            let mut tx = self.store.write().await?;
            let rows = tx.unread(after.as_ref(), PAGE).await?;
            let mut visits = Vec::new();
            let mut destroyed = Destroyed::default();
            for row in &rows {
                let Ok(record) = serde_json::from_str::<Record>(&row.document) else { continue };
                let of = (row.site.as_str(), row.gateway.as_str());
                let stored = match self.not_destroyed(&mut tx, &mut destroyed, &record).await? {
                    Ok(()) => store_record(&mut tx, of, &record, &mut visits).await?,
                    Err(reason) => Err(reason),
                };
                if let Err(reason) = stored {
                    tracing::warn!(gateway = row.gateway, reason, "a usage record that was kept unread is refused");
                }
                tx.remove_unread(row).await?;
                read += 1;
            }
            tx.put_visits(&visits).await?;
            tx.commit().await?;
            match rows.into_iter().last() {
                None => return Ok(read),
                last => after = last,
            }
        }
    }

    /// What began in a month that was destroyed is not taken any more: it would rise again, and nobody could say how much of the
    /// month it is. The sums of its hours stand since before.
    async fn not_destroyed(
        &self,
        tx: &mut Tx,
        known: &mut Destroyed,
        record: &Record,
    ) -> Result<Result<(), String>, OfficeError> {
        let (kind, started) = match record {
            Record::Visit(visit) => (Kind::Visits, millis(visit.start)),
            Record::Outage(outage) => (Kind::Outages, millis(outage.start)),
            Record::Tally(tally) => (Kind::Tallies, millis(tally.start)),
        };
        if !self.can_be_destroyed(kind, started) {
            return Ok(Ok(()));
        }
        let months = match known.entry(kind) {
            Entry::Occupied(months) => months.into_mut(),
            Entry::Vacant(place) => place.insert(self.destroyed_months(tx, kind).await?),
        };
        let gone = months.iter().any(|(from, until)| (*from..*until).contains(&started));
        Ok(if gone { Err("it began in a month whose records were destroyed".to_owned()) } else { Ok(()) })
    }

    /// Keeps a heartbeat and answers with the time.
    pub(crate) async fn heartbeat(&self, from: &Member, beat: Heartbeat) -> Result<HeartbeatReply, OfficeError> {
        let text = write_json(&Heartbeat { nonce: Vec::new(), ..beat.clone() }, "a heartbeat")?;
        let mut tx = self.store.write().await?;
        tx.put_heartbeat(&from.site, &from.gateway, &text, self.now()).await?;
        let state = Condition::of(Known::just_said(&beat, self.now()), self.now());
        tx.put_state((&from.site, &from.gateway), state.id(), self.now()).await?;
        self.unfiltered.hear(&from.gateway, beat.filter);
        let recalled = super::share::recalled(&mut tx, &from.site, self.now()).await?;
        let last = tx.generations().await?.into_iter().find(|row| row.site == from.site.as_str());
        let audit = super::anchor::last(&mut tx).await?;
        tx.commit().await?;
        let mut generation = Generation::new(last.map_or(0, |row| u64::try_from(row.generation).unwrap_or_default()));
        if beat.generation > generation {
            // It would wait for a number above its own, and nothing that staff change would reach it.
            tracing::warn!(gateway = %from.gateway, runs = %beat.generation, known = %generation, "a router runs a newer bundle than this database knows, as after a restored backup: publishing above it");
            let published = self.publish_for(&from.site).await?;
            generation = published.last().map_or(generation, |published| published.generation);
        }
        let time = SignedTime::sign(&self.keys.signer, from.gateway.clone(), beat.nonce, self.now())
            .map_err(|error| OfficeError::Write("the time", error.into()))?;
        Ok(HeartbeatReply { time, generation, renew: from.renew, recalled, audit })
    }

    /// Keeps what a gateway did with a bundle.
    pub(crate) async fn outcome(&self, from: &Member, outcome: &BundleOutcome) -> Result<(), OfficeError> {
        let verdict = serde_json::to_value(outcome.verdict).ok().and_then(|value| value.as_str().map(str::to_owned));
        let verdict = (verdict.as_deref().unwrap_or("other"), outcome.verdict == BundleVerdict::Applied);
        let detail: String = outcome.detail.chars().filter(|c| !c.is_control()).take(limits::TEXT_CHARS).collect();
        let mut tx = self.store.write().await?;
        tx.put_outcome((&from.site, &from.gateway), outcome.generation, verdict, &detail, self.now()).await?;
        tx.commit().await?;
        if !verdict.1 {
            tracing::warn!(gateway = %from.gateway, generation = %outcome.generation, verdict = verdict.0, "bundle not applied");
        }
        Ok(())
    }

    /// The newest bundle of a site, if it is newer than `after`, as it is sent.
    pub(crate) async fn newer_bundle(&self, from: &Member, after: Generation) -> Result<Option<Vec<u8>>, OfficeError> {
        Ok(self.store.read().await?.newer_bundle(&from.site, after).await?.map(|row| row.signed))
    }

    /// The newest bundle of a site, for staff and tests.
    pub async fn last_bundle(&self, site: &gapura_model::SiteId) -> Result<Option<SignedBundle>, OfficeError> {
        let row = self.store.read().await?.last_bundle(site).await?;
        let damaged = |error: gapura_wire::BundleError| OfficeError::damaged("a bundle")(error.into());
        row.map(|row| SignedBundle::from_json(&row.signed).map_err(damaged)).transpose()
    }

    /// Keeps balances.
    pub(crate) async fn put_balances(&self, from: &Member, report: &BalanceReport) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        for balance in &report.balances {
            let text = write_json(balance, "a balance")?;
            tx.put_balance(&from.site, &balance.holder.key(), &text, balance.at).await?;
            super::voucher_state::hear(&mut tx, &from.site, balance).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A page of the balances last reported; the last page ends the restore.
    pub(crate) async fn balances(&self, from: &Member, after: &str) -> Result<BalanceReport, OfficeError> {
        let mut tx = self.store.write().await?;
        let rows = tx.balances(&from.site, after, PAGE).await?;
        let full = u32::try_from(rows.len()).unwrap_or(u32::MAX) >= PAGE;
        let more_after = rows.last().filter(|_| full).map(|row| row.holder.clone());
        if more_after.is_none() {
            tx.gateway_restored(&from.gateway).await?;
        }
        let mut balances = Vec::new();
        for row in &rows {
            let balance =
                async { super::share::with_share(&mut tx, &from.site, read_json(&row.document, "a balance")?).await };
            match balance.await {
                Ok(balance) => balances.push(balance),
                Err(error @ OfficeError::Store(_)) => return Err(error),
                // One that cannot be read must not keep the site from all the others, and from its bundles.
                Err(error) => {
                    tracing::error!(site = %from.site, error = %gapura_model::with_causes(&error), "a balance cannot be read and is left out");
                }
            }
        }
        tx.commit().await?;
        Ok(BalanceReport { balances, more_after })
    }

    /// The usage log of a span: sums by site, visits, outages, counts.
    pub async fn usage(&self, span: &Span) -> Result<Usage, OfficeError> {
        let mut tx = self.store.read().await?;
        Ok(Usage {
            sums: tx.visit_sums(span).await?,
            visits: tx.visits(span).await?,
            outages: tx.outages(span).await?,
            tallies: tx.tallies(span).await?,
            unread: tx.unread_count(span).await?,
        })
    }
}

/// A part of the usage log.
#[derive(Clone, Debug)]
pub struct Usage {
    /// By site.
    pub sums: Vec<VisitSum>,
    /// Visits.
    pub visits: Vec<VisitRow>,
    /// Outages.
    pub outages: Vec<OutageRow>,
    /// Counts.
    pub tallies: Vec<TallyRow>,
    /// Records that came in the span and cannot be read until the controller is upgraded.
    pub unread: i64,
}

/// Stores one record, or says why it cannot be. Visits are gathered, to be stored at once.
async fn store_record(
    tx: &mut Tx,
    (site, gateway): (&str, &str),
    record: &Record,
    visits: &mut Vec<VisitRow>,
) -> Result<Result<(), String>, OfficeError> {
    let (site, gateway) = (site.to_owned(), gateway.to_owned());
    match record {
        Record::Visit(visit) => {
            if let Err(reason) = plausible(visit) {
                return Ok(Err(reason));
            }
            visits.push(visit_row(site, gateway, visit));
        }
        Record::Outage(outage) => {
            let (started, ended) = (millis(outage.start), outage.end.map(millis));
            let kind = outage.kind.as_str().to_owned();
            tx.put_outage(&OutageRow { site, id: outage.id.to_string(), gateway, kind, started, ended }).await?;
        }
        Record::Tally(tally) => {
            let named = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
            if !(1..=63).contains(&tally.name.len()) || !tally.name.bytes().all(named) {
                return Ok(Err("the tally's name is not 1 to 63 of a-z, 0-9 and -".to_owned()));
            }
            let (started, ended, amount) = (millis(tally.start), millis(tally.end), as_i64(tally.count));
            let name = tally.name.clone();
            tx.add_tally(&TallyRow { site, id: tally.id.to_string(), gateway, name, started, ended, amount }).await?;
        }
    }
    Ok(Ok(()))
}

fn plausible(visit: &VisitUsage) -> Result<(), String> {
    let most = u64::try_from(i64::MAX).unwrap_or_default();
    let figures =
        [visit.revision, visit.traffic.up.get(), visit.traffic.down.get(), visit.seconds, visit.generation.get()];
    if figures.iter().any(|figure| *figure > most) {
        return Err("a figure is larger than 2^63 - 1".to_owned());
    }
    if visit.end.is_some() != visit.cause.is_some() {
        return Err("a visit that ended needs a time and a cause, one that runs neither".to_owned());
    }
    Ok(())
}

fn visit_row(site: String, gateway: String, visit: &VisitUsage) -> VisitRow {
    let (way, terms) = match &visit.way {
        Way::OneTap { terms, sha256 } => {
            ("one-tap", Some((terms.chars().take(limits::TEXT_CHARS).collect(), sha256.to_string())))
        }
        Way::Voucher => ("voucher", None),
        Way::Account => ("account", None),
        Way::Staff => ("staff", None),
        Way::Emergency => ("emergency", None),
    };
    let (terms, terms_sha256) = terms.unzip();
    let clock = match visit.clock {
        ClockTrust::Trusted => "trusted",
        ClockTrust::Doubtful => "doubtful",
    };
    VisitRow {
        site,
        visit: visit.visit.to_string(),
        gateway,
        revision: as_i64(visit.revision),
        device: visit.device.to_string(),
        device_local: i64::from(visit.device_local),
        holder: visit.holder.map(|holder| holder.to_string()),
        way: way.to_owned(),
        terms,
        terms_sha256,
        plan: visit.plan.as_str().to_owned(),
        generation: as_i64(visit.generation.get()),
        started: millis(visit.start),
        clock: clock.to_owned(),
        told: millis(visit.at),
        bytes_up: as_i64(visit.traffic.up.get()),
        bytes_down: as_i64(visit.traffic.down.get()),
        seconds: as_i64(visit.seconds),
        ended: visit.end.map(millis),
        cause: visit.cause.map(|cause| cause.id().to_owned()),
        address: visit.address.map(|address| address.to_string()),
    }
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
