//! What gateways report: records of usage, balances; and what they ask for.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use gapura_model::{ClockTrust, Generation};
use gapura_store::{Month, OutageRow, Span, TallyRow, Tx, VisitRow, VisitSum, millis};
use gapura_wire::{BalanceReport, NatUse, Record, SignedBundle, VisitUsage, Way, limits};
use jiff::{SignedDuration, Timestamp};

use super::enrol::Member;
use super::{Office, OfficeError, read_json, write_json};
use crate::retention::Kind;

/// Months that were destroyed, by kind, as far as they were asked for: from, until (ms).
pub(super) type Destroyed = BTreeMap<Kind, Vec<(i64, i64)>>;

/// How a record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// As it was told.
    AsTold,
    /// A visit whose start nobody knows.
    Undated,
}

/// A router's clock may be ahead of ours by so much.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Rows of balances in one page of a restore.
const PAGE: u32 = 2000;

impl Office {
    /// Reads what an older controller kept unread, as far as this one can; how many records that were.
    pub(crate) async fn read_kept_records(&self) -> Result<usize, OfficeError> {
        let (mut after, mut read) = (None, 0);
        loop {
            let mut tx = self.store.write().await?;
            let rows = tx.unread(after.as_ref(), PAGE).await?;
            let mut visits = Vec::new();
            let mut destroyed = Destroyed::default();
            for row in &rows {
                let Ok(record) = Record::from_json(&row.document) else { continue };
                let of = (row.site.as_str(), row.gateway.as_str());
                let stored = match self.not_destroyed(&mut tx, &mut destroyed, &record).await? {
                    Ok(kept) => store_record(&mut tx, of, (&record, kept, self.now()), &mut visits).await?,
                    Err(reason) => Err(reason),
                };
                if let Err(reason) = stored {
                    tracing::warn!(gateway = row.gateway, reason, "a usage record that was kept unread is refused");
                }
                tx.remove_unread(row).await?;
                read += 1;
            }
            tx.put_visits(&visits, self.now()).await?;
            tx.commit().await?;
            match rows.into_iter().last() {
                None => return Ok(read),
                last => after = last,
            }
        }
    }

    /// What began in a month that was destroyed is not taken any more: it would rise again, and nobody could say how much of the
    /// month it is. The sums of its hours stand since before. A visit that a doubtful clock puts into a month that has had its time
    /// may be of today: it is kept, without a day.
    pub(super) async fn not_destroyed(
        &self,
        tx: &mut Tx,
        known: &mut Destroyed,
        record: &Record,
    ) -> Result<Result<Kept, String>, OfficeError> {
        let (kind, started) = match record {
            Record::Visit(visit) => (Kind::Visits, millis(visit.start)),
            Record::Outage(outage) => (Kind::Outages, millis(outage.start)),
            Record::Tally(tally) => (Kind::Tallies, millis(tally.start)),
        };
        if !self.can_be_destroyed(kind, started) {
            return Ok(Ok(Kept::AsTold));
        }
        let months = match known.entry(kind) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.destroyed_months(tx, kind).await?),
        };
        let gone = months.iter().any(|(from, until)| (*from..*until).contains(&started));
        let doubtful = matches!(record, Record::Visit(visit) if visit.clock == ClockTrust::Doubtful);
        if doubtful && (gone || self.is_due(kind, started)) {
            return Ok(Ok(Kept::Undated));
        }
        Ok(if gone { Err("it began in a month whose records were destroyed".to_owned()) } else { Ok(Kept::AsTold) })
    }

    /// The newest bundle of a site, if it is newer than `after`, as it is sent.
    pub(crate) async fn newer_bundle(&self, from: &Member, after: Generation) -> Result<Option<Vec<u8>>, OfficeError> {
        Ok(self.store.newer_bundle(&from.site, after).await?.map(|row| row.signed))
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
pub(super) async fn store_record(
    tx: &mut Tx,
    (site, gateway): (&str, &str),
    (record, kept, now): (&Record, Kept, Timestamp),
    visits: &mut Vec<VisitRow>,
) -> Result<Result<(), String>, OfficeError> {
    let (site, gateway) = (site.to_owned(), gateway.to_owned());
    match record {
        Record::Visit(visit) => {
            if let Err(reason) = plausible(visit) {
                return Ok(Err(reason));
            }
            let row = visit_row(site, gateway, visit);
            let (started, told) = match kept {
                Kept::AsTold => (row.started, heard(row.told, now)),
                Kept::Undated => (0, millis(now)),
            };
            visits.push(VisitRow { started, told, ..row });
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
            let (started, ended, amount) = (millis(tally.start), heard(millis(tally.end), now), as_i64(tally.count));
            let name = tally.name.clone();
            tx.add_tally(&TallyRow { site, id: tally.id.to_string(), gateway, name, started, ended, amount }).await?;
        }
    }
    Ok(Ok(()))
}

/// When something was told: where the router's clock was never set, or is far ahead, when we heard it. By this it is kept or destroyed.
fn heard(told: i64, now: Timestamp) -> i64 {
    let (set, _) = Month::FIRST.span();
    let latest = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    if (millis(set)..=millis(latest)).contains(&told) { told } else { millis(now) }
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
        nat: nat_text(&visit.nat),
    }
}

/// The latest uses of public ports, as they are kept.
fn nat_text(uses: &[NatUse]) -> Option<String> {
    let latest = uses.get(uses.len().saturating_sub(limits::NAT_USES)..).unwrap_or_default();
    if latest.is_empty() { None } else { serde_json::to_string(latest).ok() }
}

pub(super) fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
