//! How far vouchers are: from what gateways report of balances and visits, as of their last word.

use std::collections::BTreeMap;

use gapura_model::{HolderId, Secret, SiteId, VoucherCode};
use gapura_store::{BatchTotals, Tx, VoucherRow, VoucherSearch, VoucherVisit, timestamp};
use gapura_wire::{Balance, DeviceRole, Epoch, EpochKey, VoucherTag, WireHolder};
use jiff::{SignedDuration, Timestamp};

use super::print::tag_of;
use super::publish::voucher_key;
use super::site::document_of;
use super::{Office, OfficeError};
use crate::SiteDocument;

/// Vouchers on a page.
const PAGE: u32 = 50;

/// Visits that began before are known by their balances alone.
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// How far a voucher is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoucherState {
    /// *Belum dipakai*.
    Unused,
    /// *Dipakai*: begun, with something left.
    Used {
        /// Since then.
        since: Timestamp,
        /// Online now, as far as is known.
        online: bool,
        /// The PC seat of its last visit, where it was one.
        seat: Option<String>,
    },
    /// *Habis*.
    UsedUp {
        /// Since then.
        at: Timestamp,
    },
    /// *Dicabut*.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
    /// *Lewat*: its *Pakai sebelum* has passed.
    Past {
        /// When.
        at: Timestamp,
    },
}

/// Which vouchers are looked for; the newest first.
#[derive(Clone, Debug, Default)]
pub struct VoucherQuery {
    /// A code, a part of the note, or a batch's name; empty for all.
    pub words: String,
    /// `unused`, `used`, `used-up`, `past` or `withdrawn`; empty for all. As of the last report of balances.
    pub state: String,
    /// After so many.
    pub skip: u32,
}

/// A voucher as staff see it.
#[derive(Clone, Debug)]
pub struct VoucherSeen {
    /// Which.
    pub tag: VoucherTag,
    /// The first five letters of its code, while it is kept: enough to hold it beside a paper, too little to use.
    pub begins: Option<String>,
    /// Its batch.
    pub batch: String,
    /// Its place there, from 1.
    pub number: i64,
    /// The plan it opens.
    pub plan: String,
    /// What it is for.
    pub note: String,
    /// *Waktu pakai* in seconds.
    pub use_time: Option<i64>,
    /// *Pakai sebelum*.
    pub use_before: Option<Timestamp>,
    /// When it was made.
    pub made: Timestamp,
    /// How far it is.
    pub state: VoucherState,
    /// It is good at several sites: withdrawn there, printed once.
    pub of_group: bool,
}

/// A page of vouchers.
#[derive(Clone, Debug)]
pub struct VouchersSeen {
    /// At most 50.
    pub vouchers: Vec<VoucherSeen>,
    /// There are more.
    pub more: bool,
    /// The last word of the site's gateway; none: never heard.
    pub told: Option<Timestamp>,
}

/// A batch as staff see it.
#[derive(Clone, Debug)]
pub struct BatchSeen {
    /// Its figures, as of the last report of balances.
    pub totals: BatchTotals,
    /// When it was made.
    pub made: Timestamp,
    /// Good and not begun.
    pub unused: i64,
    /// Neither used up nor withdrawn before their *Pakai sebelum* passed.
    pub past: i64,
    /// Its only voucher.
    pub single: Option<VoucherSeen>,
}

impl Office {
    /// Vouchers of a site as they are looked for: a whole code finds its voucher.
    pub async fn find_vouchers(&self, site: &SiteId, query: &VoucherQuery) -> Result<VouchersSeen, OfficeError> {
        let mut tx = self.store.read().await?;
        let row = tx.site(site).await?.ok_or_else(|| OfficeError::not_found("site", site.as_str()))?;
        let document = document_of(&mut tx, site).await?;
        let words = query.words.trim();
        let mut rows = match words.parse::<VoucherCode>() {
            Ok(code) => {
                let tag = voucher_key(&row)?.tag(&code);
                tx.voucher(site, tag.as_bytes()).await?.into_iter().collect()
            }
            Err(_) => Vec::new(),
        };
        if rows.is_empty() {
            let search = VoucherSearch { words, state: &query.state, limit: PAGE + 1, skip: query.skip };
            rows = tx.find_vouchers(site, search, self.now()).await?;
        }
        let more = rows.len() > PAGE as usize;
        rows.truncate(PAGE as usize);
        let lately = Lately::read(&mut tx, (site, &document), self.now()).await?;
        let vouchers = self.seen(&mut tx, site, &rows, &lately).await?;
        Ok(VouchersSeen { vouchers, more, told: told(&mut tx, site).await? })
    }

    /// Batches of a site with at least `least` vouchers, the newest first.
    pub async fn batches(
        &self,
        site: &SiteId,
        least: u32,
        (limit, skip): (u32, u32),
    ) -> Result<Vec<BatchSeen>, OfficeError> {
        let mut tx = self.store.read().await?;
        let document = document_of(&mut tx, site).await?;
        let totals = tx.prints(site, "", least, (limit, skip)).await?;
        let lately = Lately::read(&mut tx, (site, &document), self.now()).await?;
        let mut batches = Vec::new();
        for totals in totals {
            let single = if totals.amount == 1 {
                let rows = tx.vouchers_of_batch(site, &totals.batch).await?;
                self.seen(&mut tx, site, &rows, &lately).await?.into_iter().next()
            } else {
                None
            };
            let left = totals.amount - totals.withdrawn - totals.used_up - totals.used;
            let over = totals.use_before.is_some_and(|before| timestamp(before) <= self.now());
            let (unused, past) = if over { (0, left + totals.used) } else { (left, 0) };
            batches.push(BatchSeen { made: timestamp(totals.made), totals, unused, past, single });
        }
        Ok(batches)
    }

    async fn seen(
        &self,
        tx: &mut Tx,
        site: &SiteId,
        rows: &[VoucherRow],
        lately: &Lately,
    ) -> Result<Vec<VoucherSeen>, OfficeError> {
        let mut sealed: BTreeMap<&str, BTreeMap<Vec<u8>, Vec<u8>>> = BTreeMap::new();
        let mut seen = Vec::new();
        for row in rows {
            if row.kept == 1 && !sealed.contains_key(row.batch.as_str()) {
                let codes = tx.sealed_codes(site, &row.batch).await?;
                sealed.insert(&row.batch, codes.into_iter().map(|code| (code.tag, code.sealed)).collect());
            }
            let code = sealed.get(row.batch.as_str()).and_then(|batch| batch.get(&row.tag));
            let code = code.and_then(|text| self.keys.vault.open(site.as_str(), &row.tag, text));
            let begins = code.map(|kept| kept.code.expose().chars().take(5).collect());
            seen.push(VoucherSeen {
                tag: tag_of(row)?,
                begins,
                batch: row.batch.clone(),
                number: row.number,
                plan: row.plan.clone(),
                note: row.note.clone(),
                use_time: row.use_time,
                use_before: row.use_before.map(timestamp),
                made: timestamp(row.made),
                state: lately.state(row),
                of_group: row.lending.is_some(),
            });
        }
        Ok(seen)
    }
}

/// What is known beyond balances: visits with vouchers of the last day, by pseudonym, and the site's seats.
pub(super) struct Lately {
    now: Timestamp,
    keys: Vec<EpochKey>,
    visits: BTreeMap<String, VoucherVisit>,
    seats: BTreeMap<String, String>,
}

impl Lately {
    pub(super) async fn read(
        tx: &mut Tx,
        (site, document): (&SiteId, &SiteDocument),
        now: Timestamp,
    ) -> Result<Self, OfficeError> {
        let since = now.checked_sub(LATELY).unwrap_or(Timestamp::MIN);
        let mut keys = Vec::new();
        for (epoch, secret) in tx.epoch_keys(&document.regency, &Epoch::of(since).to_string()).await? {
            let key = <[u8; 32]>::try_from(secret).ok().zip(epoch.parse().ok());
            keys.extend(key.map(|(key, epoch)| EpochKey { epoch, key: Secret::new(key) }));
        }
        keys.retain(|key| key.epoch <= Epoch::of(now));
        let visits = tx.voucher_visits(site, since).await?;
        // Of several visits the last one stands.
        let visits = visits.into_iter().map(|visit| (visit.holder.clone(), visit)).collect();
        let seats = document.devices.iter().map(|known| &known.device).filter(|device| device.role == DeviceRole::Seat);
        let seats = seats.flat_map(|seat| keys.iter().map(|key| (key.mac(seat.mac).to_string(), seat.label.clone())));
        let seats = seats.collect();
        Ok(Self { now, keys, visits, seats })
    }

    /// How far a voucher is.
    pub(super) fn state(&self, row: &VoucherRow) -> VoucherState {
        if let Some(at) = row.revoked {
            return VoucherState::Withdrawn { at: timestamp(at) };
        }
        if let Some(at) = row.used_up {
            return VoucherState::UsedUp { at: timestamp(at) };
        }
        if let Some(at) = row.use_before.map(timestamp).filter(|at| *at <= self.now) {
            return VoucherState::Past { at };
        }
        let visit = self.visit(row);
        let Some(since) = row.first_used.or(visit.map(|visit| visit.started)) else { return VoucherState::Unused };
        let online = visit.is_some_and(|visit| visit.ended.is_none());
        let seat = visit.and_then(|visit| self.seats.get(&visit.device)).cloned();
        VoucherState::Used { since: timestamp(since), online, seat }
    }

    fn visit(&self, row: &VoucherRow) -> Option<&VoucherVisit> {
        let holder = HolderId::Voucher(row.tag.as_slice().try_into().ok()?);
        let known = self.keys.iter().filter_map(|key| self.visits.get(&key.holder(&holder).to_string()));
        known.max_by_key(|visit| visit.started)
    }
}

/// Notes how far a voucher is by what its gateway says; one that is used up loses its code.
pub(super) async fn hear(tx: &mut Tx, site: &SiteId, balance: &Balance) -> Result<(), OfficeError> {
    let WireHolder::Voucher(tag) = &balance.holder else { return Ok(()) };
    let Some(row) = tx.voucher(site, tag.as_bytes()).await? else { return Ok(()) };
    // A group's voucher may have something left at another site.
    let whole = row.use_time.filter(|_| row.lending.is_none()).and_then(|time| u64::try_from(time).ok());
    let used_up =
        whole.filter(|whole| balance.ever_seconds >= *whole).map(|_| row.used_up.map_or(balance.at, timestamp));
    Ok(tx.voucher_used(site, tag.as_bytes(), balance.at, (balance.first_used, used_up)).await?)
}

/// When the site's gateway was last heard.
async fn told(tx: &mut Tx, site: &SiteId) -> Result<Option<Timestamp>, OfficeError> {
    let reports = tx.reports().await?;
    let own = reports.iter().filter(|report| report.site == site.as_str());
    Ok(own.filter_map(|report| report.heard).max().map(timestamp))
}
