//! Vouchers: codes are drawn, hashed for the site's gateway, and sealed for as long as the counter may print them again.

use std::time::Duration;

use gapura_model::{GroupId, PlanId, SiteId, VOUCHER_ALPHABET, VoucherCode, VoucherToken};
use gapura_rules::hours::Zone;
use gapura_session::Share;
use gapura_store::{GroupBatch, NewBatch, Tx, VoucherRow, millis};
use gapura_wire::{VoucherKey, VoucherTag};
use jiff::Timestamp;
use jiff::civil::Date;

use super::group::group_in;
use super::publish::{Scope, voucher_key};
use super::site::{document_of, must_exist, parse_site, plans_in};
use super::{Actor, Change, Office, OfficeError, Published, write_json};
use crate::document::SiteDocument;
use crate::keys::random;
use crate::lending::Lending;
use crate::vault::Kept;
use crate::why::why;

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
    /// Their codes; they are kept sealed for as long as they can be used.
    pub codes: Vec<VoucherCode>,
    /// The bundles that carry them to the router.
    pub published: Vec<Published>,
}

/// Where an order comes from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Origin<'a> {
    /// The form's key.
    pub(super) form: Option<&'a [u8; 16]>,
    /// The preset; empty for none.
    pub(super) preset: &'a str,
}

/// The most vouchers of one order.
const MOST: u32 = 5000;
/// Rows at once: each voucher of a group stands at each of its sites, and the counters wait meanwhile.
const MOST_CODES: usize = 6000;

impl Office {
    /// Makes vouchers in one transaction.
    pub async fn make_vouchers(&self, order: &VoucherOrder, who: &Actor) -> Result<VouchersMade, OfficeError> {
        let mut tx = self.store.write().await?;
        let made = self.make_vouchers_in(&mut tx, order, Origin::default(), who).await?;
        tx.commit().await?;
        Ok(made)
    }

    pub(super) async fn make_vouchers_in(
        &self,
        tx: &mut Tx,
        order: &VoucherOrder,
        origin: Origin<'_>,
        who: &Actor,
    ) -> Result<VouchersMade, OfficeError> {
        let now = self.now();
        let mut mistakes = Vec::new();
        if !(1..=MOST).contains(&order.count) {
            mistakes.push(why!("voucher-count", most = MOST).at("count"));
        }
        if order.use_time == Some(Duration::ZERO) {
            mistakes.push(why!("voucher-use-time").at("use-time"));
        }
        if order.use_before.is_some_and(|before| before <= now) {
            mistakes.push(why!("voucher-use-before").at("use-before"));
        }
        if order.devices == Some(0) {
            mistakes.push(why!("voucher-devices").at("devices"));
        }
        let sites = sites_of(tx, &order.place).await?;
        for site in sites.iter().map(Some).chain(sites.is_empty().then_some(None)) {
            match must_exist(tx, site, &order.plan).await {
                Err(OfficeError::Mistakes(more)) => mistakes.extend(more),
                other => other?,
            }
        }
        if sites.is_empty() {
            mistakes.push(why!("group-empty").at("group"));
        }
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let codes = usize::try_from(order.count).unwrap_or(usize::MAX).saturating_mul(sites.len());
        if codes > MOST_CODES {
            return Err(OfficeError::Mistakes(vec![why!(
                "voucher-group-many",
                most = MOST_CODES / sites.len().max(1)
            )]));
        }
        let mut keys = Vec::new();
        for site in sites {
            let row = tx.site(&site).await?.ok_or_else(|| OfficeError::not_found("site", site.as_str()))?;
            keys.push((voucher_key(&row)?, site));
        }
        let day = match keys.first() {
            Some((_, site)) => document_of(tx, site).await?.hours.zone().date(now),
            None => Zone::default().date(now),
        };
        let batch = batch_name(day)?;
        let plan = plans_in(tx).await?.into_iter().find(|plan| plan.id == order.plan);
        let whole = plan.map(|plan| Share::whole(&plan, order.use_time)).unwrap_or_default();
        let mut codes = Vec::new();
        while codes.len() < usize::try_from(order.count).unwrap_or(usize::MAX) {
            let Some(code) = VoucherCode::from_random(&random::<32>()?) else { continue };
            let number = i64::try_from(codes.len()).unwrap_or(i64::MAX).saturating_add(1);
            if self.add_code(tx, order, &code, &keys, (&whole, &batch, number)).await? {
                codes.push(code);
            }
        }
        let after = format!("{} vouchers of plan {}, batch {batch}", order.count, order.plan);
        let change = Change { action: "voucher-make", object: order.place.object(), before: "", after: &after };
        self.note(tx, who, change).await?;
        for (_, site) in &keys {
            let Origin { form, preset } = origin;
            let new = NewBatch { site, batch: &batch, form, preset, maker: &who.name, amount: order.count };
            tx.add_print(new, now).await?;
        }
        let mut published = Vec::new();
        for (_, site) in &keys {
            published.extend(self.publish_in(tx, Scope::Site(site)).await?);
        }
        Ok(VouchersMade { batch, codes, published })
    }

    /// Puts one code on the list of every site it is good at; `false` where one of them has it already (draw another).
    async fn add_code(
        &self,
        tx: &mut Tx,
        order: &VoucherOrder,
        code: &VoucherCode,
        keys: &[(VoucherKey, SiteId)],
        (whole, batch, number): (&Share, &str, i64),
    ) -> Result<bool, OfficeError> {
        // Where it is good at one site, adding it tells.
        for (key, site) in keys.iter().filter(|_| matches!(order.place, Place::Group(_))) {
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
        // One QR code for all sites: each lets somebody in by it once.
        let kept = Kept { code: code.clone(), token: VoucherToken::new(random::<16>()?) };
        for (key, site) in keys {
            let tag = key.tag(code);
            let mut row = row(order, site, (&tag, number), batch, self.now());
            row.token = Some(key.token_tag(&kept.token).as_bytes().to_vec());
            let sealed = self.keys.vault.seal(site.as_str(), tag.as_bytes(), &kept)?;
            if let Some((id, lending)) = &lent {
                let first = lending.share(site).map(|(_, share)| write_json(share, "a share")).transpose()?;
                (row.lending, row.share) = (Some(id.to_vec()), first);
            }
            if !tx.add_voucher(&row, Some(&sealed)).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The document of a site, or of the first site of a group.
    pub(crate) async fn document_at(&self, place: &Place) -> Result<SiteDocument, OfficeError> {
        let mut tx = self.store.read().await?;
        let sites = sites_of(&mut tx, place).await?;
        let first = sites.first().ok_or_else(|| OfficeError::Mistakes(vec![why!("group-empty").at("group")]))?;
        document_of(&mut tx, first).await
    }

    /// A group's batches, the newest first.
    pub async fn group_batches(&self, group: &GroupId, part: (u32, u32)) -> Result<Vec<GroupBatch>, OfficeError> {
        Ok(self.store.read().await?.group_batches(group, part).await?)
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
                return Err(OfficeError::Refused(why!("voucher-of-group").flag("--group NAME")));
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
pub(super) async fn sites_of(tx: &mut Tx, place: &Place) -> Result<Vec<SiteId>, OfficeError> {
    match place {
        Place::Site(site) => Ok(vec![site.clone()]),
        Place::Group(group) => group_in(tx, group).await?.sites.iter().map(|site| parse_site(site)).collect(),
    }
}

fn row(
    order: &VoucherOrder,
    site: &SiteId,
    (tag, number): (&VoucherTag, i64),
    batch: &str,
    now: Timestamp,
) -> VoucherRow {
    VoucherRow {
        site: site.as_str().to_owned(),
        tag: tag.as_bytes().to_vec(),
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
        number,
        token: None,
        first_used: None,
        used_up: None,
        told: None,
        kept: 0,
    }
}

/// A batch's name: the site's day and four letters, for example `20261121-7KQM`.
fn batch_name(day: Date) -> Result<String, OfficeError> {
    let letters =
        random::<4>()?.map(|byte| VOUCHER_ALPHABET.get(usize::from(byte % 31)).copied().map_or('2', char::from));
    Ok(format!("{:04}{:02}{:02}-{}", day.year(), day.month(), day.day(), letters.iter().collect::<String>()))
}
