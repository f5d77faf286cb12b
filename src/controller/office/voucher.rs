//! Vouchers: codes are drawn, shown once and never stored.

use std::time::Duration;

use gapura_model::{PlanId, SiteId, VOUCHER_ALPHABET, VoucherCode};
use gapura_store::{VoucherRow, millis};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::publish::{Scope, voucher_key};
use super::site::must_exist;
use super::{Actor, Change, Office, OfficeError, Published};
use crate::keys::random;

/// Vouchers to be made.
#[derive(Clone, Debug)]
pub struct VoucherOrder {
    /// For this site.
    pub site: SiteId,
    /// Opening this plan.
    pub plan: PlanId,
    /// So many, 1 to 5000.
    pub count: u32,
    /// *Waktu pakai*; none = what the plan says.
    pub use_time: Option<Duration>,
    /// *Pakai sebelum* (UTC).
    pub use_before: Option<Timestamp>,
    /// Devices at once; none = what the plan says.
    pub devices: Option<u16>,
    /// For staff.
    pub note: String,
}

/// Vouchers that were made.
#[derive(Debug)]
pub struct VouchersMade {
    /// Their batch.
    pub batch: String,
    /// Their codes, shown this once.
    pub codes: Vec<VoucherCode>,
    /// The bundles that carry them to the router.
    pub published: Vec<Published>,
}

/// The most vouchers of one order.
const MOST: u32 = 5000;

impl Office {
    /// Makes vouchers; their codes exist only in the answer.
    pub async fn make_vouchers(&self, order: &VoucherOrder, who: &Actor) -> Result<VouchersMade, OfficeError> {
        let now = self.now();
        let mut mistakes = Vec::new();
        if !(1..=MOST).contains(&order.count) {
            mistakes.push(format!("count: make 1 to {MOST} vouchers at once"));
        }
        if order.use_time == Some(Duration::ZERO) {
            mistakes.push("use-time: 0 lets nobody in; leave it out for what the plan says".to_owned());
        }
        if order.use_before.is_some_and(|before| before <= now) {
            mistakes.push("use-before: lies in the past".to_owned());
        }
        if order.devices == Some(0) {
            mistakes.push("devices: write 1 or more".to_owned());
        }
        let mut tx = self.store.write().await?;
        match must_exist(&mut tx, Some(&order.site), &order.plan).await {
            Err(OfficeError::Mistakes(more)) => mistakes.extend(more),
            other => other?,
        }
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let site = tx.site(&order.site).await?.ok_or_else(|| OfficeError::not_found("site", order.site.as_str()))?;
        let key = voucher_key(&site)?;
        let batch = batch_name(now)?;
        let mut codes = Vec::new();
        let mut left = order.count;
        while left > 0 {
            let Some(code) = VoucherCode::from_random(&random::<32>()?) else { continue };
            let row = row(order, key.tag(&code).as_bytes(), &batch, now);
            if tx.add_voucher(&row).await? {
                codes.push(code);
                left -= 1;
            }
        }
        let after = format!("{} vouchers of plan {}, batch {batch}", order.count, order.plan);
        let change =
            Change { action: "voucher-make", object: format!("site/{}", order.site), before: "", after: &after };
        self.note(&mut tx, who, change).await?;
        let published = self.publish_in(&mut tx, Scope::Site(&order.site)).await?;
        tx.commit().await?;
        Ok(VouchersMade { batch, codes, published })
    }

    /// All vouchers of a site, without codes.
    pub async fn vouchers(&self, site: &SiteId) -> Result<Vec<VoucherRow>, OfficeError> {
        Ok(self.store.read().await?.vouchers(site).await?)
    }

    /// Withdraws a batch; how many vouchers were still good.
    pub async fn revoke_batch(&self, site: &SiteId, batch: &str, who: &Actor) -> Result<u64, OfficeError> {
        let mut tx = self.store.write().await?;
        let count = tx.revoke_batch(site, batch, self.now()).await?;
        if count == 0 {
            return Err(OfficeError::not_found("batch with vouchers still good", batch));
        }
        let after = format!("batch {batch}: {count} vouchers withdrawn");
        let change = Change { action: "voucher-revoke", object: format!("site/{site}"), before: "", after: &after };
        self.note(&mut tx, who, change).await?;
        self.publish_in(&mut tx, Scope::Site(site)).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Withdraws one voucher by its code.
    pub async fn revoke_code(&self, site: &SiteId, code: &VoucherCode, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = tx.site(site).await?.ok_or_else(|| OfficeError::not_found("site", site.as_str()))?;
        let tag = voucher_key(&row)?.tag(code);
        if !tx.revoke_voucher(site, tag.as_bytes(), self.now()).await? {
            return Err(OfficeError::not_found("voucher still good with this code", "at this site"));
        }
        let after = format!("voucher {tag} withdrawn");
        let change = Change { action: "voucher-revoke", object: format!("site/{site}"), before: "", after: &after };
        self.note(&mut tx, who, change).await?;
        self.publish_in(&mut tx, Scope::Site(site)).await?;
        Ok(tx.commit().await?)
    }
}

fn row(order: &VoucherOrder, tag: &[u8; 32], batch: &str, now: Timestamp) -> VoucherRow {
    VoucherRow {
        site: order.site.as_str().to_owned(),
        tag: tag.to_vec(),
        plan: order.plan.as_str().to_owned(),
        batch: batch.to_owned(),
        note: order.note.clone(),
        use_time: order.use_time.map(|time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX)),
        use_before: order.use_before.map(millis),
        devices: order.devices.map(i64::from),
        made: millis(now),
        revoked: None,
    }
}

/// A batch's name: the day and four letters, for example `20261121-7KQM`.
fn batch_name(now: Timestamp) -> Result<String, OfficeError> {
    let letters =
        random::<4>()?.map(|byte| VOUCHER_ALPHABET.get(usize::from(byte % 31)).copied().map_or('2', char::from));
    let day = now.to_zoned(TimeZone::UTC).date();
    Ok(format!("{:04}{:02}{:02}-{}", day.year(), day.month(), day.day(), letters.iter().collect::<String>()))
}
