//! Shares of group vouchers: what sites give back and ask for, in one transaction each.

use gapura_model::SiteId;
use gapura_store::{Tx, VoucherRow, timestamp};
use gapura_wire::{
    Balance, LentShare, Sha256, ShareAnswer, ShareLine, ShareReport, Used, VoucherTag, WireHolder, limits,
};
use jiff::Timestamp;
use jiff::civil::Date;

use super::enrol::Member;
use super::publish::REMEMBERED;
use super::site::document_of;
use super::{Office, OfficeError, read_json, write_json};
use crate::lending::Lending;

impl Office {
    /// Takes back and lends what a site says and asks, each message once.
    pub(crate) async fn shares(&self, from: &Member, report: &ShareReport) -> Result<ShareAnswer, OfficeError> {
        let mut tx = self.store.write().await?;
        let today = document_of(&mut tx, &from.site).await?.hours.zone().date(self.now());
        let mut shares = Vec::new();
        for line in &report.lines {
            shares.extend(self.share_line(&mut tx, from, line, (report.day, today)).await?);
        }
        tx.commit().await?;
        Ok(ShareAnswer { day: today, shares })
    }

    async fn share_line(
        &self,
        tx: &mut Tx,
        from: &Member,
        line: &ShareLine,
        days: (Date, Date),
    ) -> Result<Option<LentShare>, OfficeError> {
        let Some(row) = tx.voucher(&from.site, line.tag.as_bytes()).await? else { return Ok(None) };
        let Some(id) = row.lending.as_deref() else { return Ok(None) };
        let mut lending = lending(tx, id).await?;
        let good = row.revoked.is_none() && row.use_before.is_none_or(|before| timestamp(before) > self.now());
        let heard = lending.hear(&from.site, line, days, good);
        if let Some(wrong) = heard.wrong {
            tracing::warn!(gateway = %from.gateway, number = line.number, wrong, "a site's message about a share");
        }
        if heard.changed {
            if !lending.adds_up() {
                return Err(OfficeError::damaged("a lent voucher")("its shares do not add up".into()));
            }
            tx.put_lending(id, &write_json(&lending, "a lent voucher")?).await?;
            // A box that takes this one's place must find the share even if nobody came here with the voucher.
            let balance = write_json(&nothing_used(line.tag), "a balance")?;
            let holder = WireHolder::Voucher(line.tag).key();
            tx.put_balance(&from.site, &holder, &balance, Timestamp::UNIX_EPOCH).await?;
        }
        if heard.answered {
            tx.recall_done(&from.site, line.tag.as_bytes()).await?;
        }
        if !heard.recall.is_empty() {
            for other in tx.vouchers_of_lending(id).await? {
                let site = super::site::parse_site(&other.site)?;
                if heard.recall.contains(&site) {
                    tx.add_recall(&site, &other.tag).await?;
                }
            }
        }
        Ok(heard.answer.map(|(number, share)| LentShare { tag: line.tag, number, share }))
    }
}

/// The vouchers a site is asked back for.
pub(super) async fn recalled(tx: &mut Tx, site: &SiteId, now: Timestamp) -> Result<Vec<VoucherTag>, OfficeError> {
    let in_bundles = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
    tx.recalls(site, in_bundles, limits::SHARE_LINES).await?.iter().map(|tag| tag_of(tag)).collect()
}

/// The share a site holds of the voucher behind a balance, for a box that takes its place.
pub(super) async fn with_share(tx: &mut Tx, site: &SiteId, mut balance: Balance) -> Result<Balance, OfficeError> {
    let WireHolder::Voucher(tag) = balance.holder else { return Ok(balance) };
    let Some(VoucherRow { lending: Some(id), .. }) = tx.voucher(site, tag.as_bytes()).await? else {
        return Ok(balance);
    };
    let lending = lending(tx, &id).await?;
    balance.lent = lending.share(site).map(|(number, share)| LentShare { tag, number, share: share.clone() });
    Ok(balance)
}

async fn lending(tx: &mut Tx, id: &[u8]) -> Result<Lending, OfficeError> {
    let row = tx.lending(id).await?;
    let row = row.ok_or_else(|| OfficeError::damaged("a lent voucher")("it is not there".into()))?;
    read_json(&row.document, "a lent voucher")
}

fn tag_of(tag: &[u8]) -> Result<VoucherTag, OfficeError> {
    let bytes = tag.try_into().map_err(|_| OfficeError::damaged("a voucher")("its tag has not 32 bytes".into()))?;
    Ok(Sha256::from_bytes(bytes))
}

fn nothing_used(tag: VoucherTag) -> Balance {
    Balance {
        holder: WireHolder::Voucher(tag),
        day: None,
        day_used: Used::default(),
        month_used: Used::default(),
        ever_seconds: 0,
        first_used: None,
        paused_until: None,
        added_today_seconds: 0,
        added_seconds: 0,
        lent: None,
        at: Timestamp::UNIX_EPOCH,
    }
}
