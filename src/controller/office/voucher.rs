//! Vouchers: codes are drawn, shown once and never stored.

use std::time::Duration;

use gapura_model::{GroupId, PlanId, SiteId, VOUCHER_ALPHABET, VoucherCode};
use gapura_session::Share;
use gapura_store::{Tx, VoucherRow, millis};
use gapura_wire::VoucherKey;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::group::group_in;
use super::publish::{Scope, voucher_key};
use super::site::{document_of, must_exist, parse_site, plans_in};
use super::{Actor, Change, Office, OfficeError, Published, write_json};
use crate::document::SiteDocument;
use crate::keys::random;
use crate::lending::Lending;

/// Where vouchers are good.
#[derive(Clone, Debug)]
pub enum Place {
    /// At one site.
    Site(SiteId),
    /// At every site of a group, whose sites then hold lent shares.
    Group(GroupId),
}

impl Place {
    fn object(&self) -> String {
        match self {
            Self::Site(site) => format!("site/{site}"),
            Self::Group(group) => format!("group/{group}"),
        }
    }
}

/// Vouchers to be made.
#[derive(Clone, Debug)]
pub struct VoucherOrder {
    /// For this site or group.
    pub place: Place,
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
        let sites = sites_of(&mut tx, &order.place).await?;
        for site in sites.iter().map(Some).chain(sites.is_empty().then_some(None)) {
            match must_exist(&mut tx, site, &order.plan).await {
                Err(OfficeError::Mistakes(more)) => mistakes.extend(more),
                other => other?,
            }
        }
        if sites.is_empty() {
            mistakes.push("group: it has no sites; add them first".to_owned());
        }
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let mut keys = Vec::new();
        for site in sites {
            let row = tx.site(&site).await?.ok_or_else(|| OfficeError::not_found("site", site.as_str()))?;
            keys.push((voucher_key(&row)?, site));
        }
        let batch = batch_name(now)?;
        let plan = plans_in(&mut tx).await?.into_iter().find(|plan| plan.id == order.plan);
        let whole = plan.map(|plan| Share::whole(&plan, order.use_time)).unwrap_or_default();
        let mut codes = Vec::new();
        while codes.len() < usize::try_from(order.count).unwrap_or(usize::MAX) {
            let Some(code) = VoucherCode::from_random(&random::<32>()?) else { continue };
            if self.add_code(&mut tx, order, &code, &keys, (&whole, &batch)).await? {
                codes.push(code);
            }
        }
        let after = format!("{} vouchers of plan {}, batch {batch}", order.count, order.plan);
        let change = Change { action: "voucher-make", object: order.place.object(), before: "", after: &after };
        self.note(&mut tx, who, change).await?;
        let mut published = Vec::new();
        for (_, site) in &keys {
            published.extend(self.publish_in(&mut tx, Scope::Site(site)).await?);
        }
        tx.commit().await?;
        Ok(VouchersMade { batch, codes, published })
    }

    /// Puts one code on the list of every site it is good at; `false` where one of them has it already (draw another).
    async fn add_code(
        &self,
        tx: &mut Tx,
        order: &VoucherOrder,
        code: &VoucherCode,
        keys: &[(VoucherKey, SiteId)],
        (whole, batch): (&Share, &str),
    ) -> Result<bool, OfficeError> {
        for (key, site) in keys {
            if tx.voucher(site, key.tag(code).as_bytes()).await?.is_some() {
                return Ok(false);
            }
        }
        let lent = match &order.place {
            Place::Site(_) => None,
            Place::Group(group) => {
                let (id, lending) = (random::<16>()?, Lending::new(whole.clone(), keys.iter().map(|(_, site)| site)));
                tx.add_lending(&id, group, &write_json(&lending, "a lent voucher")?).await?;
                Some((id, lending))
            }
        };
        for (key, site) in keys {
            let mut row = row(order, site, key.tag(code).as_bytes(), batch, self.now());
            if let Some((id, lending)) = &lent {
                let first = lending.share(site).map(|(_, share)| write_json(share, "a share")).transpose()?;
                (row.lending, row.share) = (Some(id.to_vec()), first);
            }
            tx.add_voucher(&row).await?;
        }
        Ok(true)
    }

    /// The document of a site, or of the first site of a group.
    pub(crate) async fn document_at(&self, place: &Place) -> Result<SiteDocument, OfficeError> {
        let mut tx = self.store.read().await?;
        let sites = sites_of(&mut tx, place).await?;
        let first = sites.first().ok_or_else(|| OfficeError::Mistakes(vec!["group: it has no sites".to_owned()]))?;
        document_of(&mut tx, first).await
    }

    /// All vouchers of a group in the lists of its sites, without codes.
    pub async fn group_vouchers(&self, group: &GroupId) -> Result<Vec<VoucherRow>, OfficeError> {
        let mut tx = self.store.read().await?;
        group_in(&mut tx, group).await?;
        Ok(tx.vouchers_of_group(group).await?)
    }

    /// Withdraws a batch at every site of a group; how many vouchers were still good.
    pub async fn revoke_group_batch(&self, group: &GroupId, batch: &str, who: &Actor) -> Result<u64, OfficeError> {
        let mut tx = self.store.write().await?;
        group_in(&mut tx, group).await?;
        let lendings = tx.lendings_of_batch(group, batch).await?;
        if lendings.is_empty() {
            return Err(OfficeError::not_found("batch with vouchers still good in this group", batch));
        }
        for lending in &lendings {
            tx.revoke_lending(&lending.id, self.now()).await?;
        }
        let count = lendings.len();
        let after = format!("batch {batch}: {count} vouchers withdrawn");
        self.withdrawn(tx, group, &after, who).await?;
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Withdraws one voucher of a group by its code, at every site.
    pub async fn revoke_group_code(&self, group: &GroupId, code: &VoucherCode, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        group_in(&mut tx, group).await?;
        for site in tx.sites().await? {
            let tag = voucher_key(&site)?.tag(code);
            let Some(row) = tx.voucher(&parse_site(&site.id)?, tag.as_bytes()).await? else { continue };
            let Some(id) = row.lending else { continue };
            let of = tx.lending(&id).await?.is_some_and(|lending| lending.of_group == group.as_str());
            if of && tx.revoke_lending(&id, self.now()).await? > 0 {
                return self.withdrawn(tx, group, &format!("voucher {tag} withdrawn"), who).await;
            }
        }
        Err(OfficeError::not_found("voucher still good with this code", "in this group"))
    }

    async fn withdrawn(&self, mut tx: Tx, group: &GroupId, after: &str, who: &Actor) -> Result<(), OfficeError> {
        let change = Change { action: "voucher-revoke", object: format!("group/{group}"), before: "", after };
        self.note(&mut tx, who, change).await?;
        self.publish_in(&mut tx, Scope::All).await?;
        Ok(tx.commit().await?)
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
            return Err(OfficeError::not_found("batch of this site alone with vouchers still good", batch));
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
            if tx.voucher(site, tag.as_bytes()).await?.is_some_and(|row| row.lending.is_some() && row.revoked.is_none())
            {
                return Err(OfficeError::Refused(
                    "this voucher was made for a group of sites: withdraw it there, with --group".to_owned(),
                ));
            }
            return Err(OfficeError::not_found("voucher still good with this code", "at this site"));
        }
        let after = format!("voucher {tag} withdrawn");
        let change = Change { action: "voucher-revoke", object: format!("site/{site}"), before: "", after: &after };
        self.note(&mut tx, who, change).await?;
        self.publish_in(&mut tx, Scope::Site(site)).await?;
        Ok(tx.commit().await?)
    }
}

/// The sites at which an order is good.
async fn sites_of(tx: &mut Tx, place: &Place) -> Result<Vec<SiteId>, OfficeError> {
    match place {
        Place::Site(site) => Ok(vec![site.clone()]),
        Place::Group(group) => group_in(tx, group).await?.sites.iter().map(|site| parse_site(site)).collect(),
    }
}

fn row(order: &VoucherOrder, site: &SiteId, tag: &[u8; 32], batch: &str, now: Timestamp) -> VoucherRow {
    VoucherRow {
        site: site.as_str().to_owned(),
        tag: tag.to_vec(),
        plan: order.plan.as_str().to_owned(),
        batch: batch.to_owned(),
        note: order.note.clone(),
        use_time: order.use_time.map(|time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX)),
        use_before: order.use_before.map(millis),
        devices: order.devices.map(i64::from),
        made: millis(now),
        revoked: None,
        lending: None,
        share: None,
    }
}

/// A batch's name: the day and four letters, for example `20261121-7KQM`.
fn batch_name(now: Timestamp) -> Result<String, OfficeError> {
    let letters =
        random::<4>()?.map(|byte| VOUCHER_ALPHABET.get(usize::from(byte % 31)).copied().map_or('2', char::from));
    let day = now.to_zoned(TimeZone::UTC).date();
    Ok(format!("{:04}{:02}{:02}-{}", day.year(), day.month(), day.day(), letters.iter().collect::<String>()))
}
