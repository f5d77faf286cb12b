//! Vouchers, by the HMAC of their code.

use gapura_model::SiteId;
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Arg, Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// A voucher.
    pub VoucherRow {
        /// The site it is for.
        site: String,
        /// HMAC of its code, 32 bytes.
        tag: Vec<u8>,
        /// The plan it opens.
        plan: String,
        /// The batch it was made in.
        batch: String,
        /// What staff noted.
        note: String,
        /// *Waktu pakai* in seconds.
        use_time: Option<i64>,
        /// *Pakai sebelum*, ms.
        use_before: Option<i64>,
        /// Devices at once.
        devices: Option<i64>,
        /// When it was made, ms.
        made: i64,
        /// When it was withdrawn, ms.
        revoked: Option<i64>,
        /// Made for a group: which of its vouchers, in every site's list the same.
        lending: Option<Vec<u8>>,
        /// Made for a group: what the site begins with (JSON).
        share: Option<String>,
        /// Its place in its batch, from 1.
        number: i64,
        /// HMAC of the one-time token of its QR code.
        token: Option<Vec<u8>>,
        /// When it was first used, ms, as far as the site's gateway has told.
        first_used: Option<i64>,
        /// When it was found used up, ms.
        used_up: Option<i64>,
        /// When the gateway last told, ms.
        told: Option<i64>,
        /// 1 = its code is kept and can be printed again.
        kept: i64,
    }
}

impl VoucherRow {
    /// Its values as it is added, in the order of the statement.
    pub(crate) fn args<'a>(&'a self, sealed: Option<&'a [u8]>) -> Vec<Arg<'a>> {
        let v = self;
        args![
            &v.site,
            &v.tag,
            &v.plan,
            &v.batch,
            &v.note,
            v.use_time,
            v.use_before,
            v.devices,
            v.made,
            &v.lending,
            &v.share,
            v.number,
            &v.token,
            sealed,
        ]
    }
}

impl Tx {
    /// Adds a voucher with its sealed code, if that is to be kept; `false` where this code is there already (draw another).
    pub async fn add_voucher(&mut self, voucher: &VoucherRow, sealed: Option<&[u8]>) -> Result<bool, StoreError> {
        Ok(self.execute(sql::VOUCHER_ADD, voucher.args(sealed)).await? > 0)
    }

    /// All vouchers of a site, oldest first.
    pub async fn vouchers(&mut self, site: &SiteId) -> Result<Vec<VoucherRow>, StoreError> {
        self.rows(sql::VOUCHER_LIST, args![site.as_str()]).await
    }

    /// Vouchers of a site that were good at `since` or are still to come to their end, oldest first.
    pub async fn live_vouchers(&mut self, site: &SiteId, since: Timestamp) -> Result<Vec<VoucherRow>, StoreError> {
        Ok(self.vouchers_alive(&[site.as_str()], since).await?.remove(site.as_str()).unwrap_or_default())
    }

    /// The voucher with this tag.
    pub async fn voucher(&mut self, site: &SiteId, tag: &[u8; 32]) -> Result<Option<VoucherRow>, StoreError> {
        self.row(sql::VOUCHER_GET, args![site.as_str(), tag]).await
    }

    /// Withdraws a batch of the site itself; how many vouchers that were still good.
    pub async fn revoke_batch(&mut self, site: &SiteId, batch: &str, now: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::VOUCHER_REVOKE_BATCH, args![site.as_str(), batch, millis(now)]).await
    }

    /// Withdraws one voucher of the site itself; whether it was there and still good.
    pub async fn revoke_voucher(&mut self, site: &SiteId, tag: &[u8; 32], now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(sql::VOUCHER_REVOKE, args![site.as_str(), tag, millis(now)]).await? > 0)
    }
}
