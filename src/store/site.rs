//! Sites and plans.

use gapura_model::{PlanId, SiteId};
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// A site.
    pub SiteRow {
        /// Its id.
        id: String,
        /// Its document (JSON).
        document: String,
        /// Its key for voucher codes, 32 bytes. Never printed.
        voucher_key: Vec<u8>,
    }
}

row! {
    /// A plan.
    pub PlanRow {
        /// Its id.
        id: String,
        /// Its document (JSON).
        document: String,
    }
}

impl Tx {
    /// Writes a site's document; `voucher_key` is only taken for a new site.
    pub async fn put_site(
        &mut self,
        id: &SiteId,
        document: &str,
        voucher_key: &[u8; 32],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(sql::SITE_PUT, args![id.as_str(), document, voucher_key, millis(now)]).await.map(drop)
    }

    /// One site.
    pub async fn site(&mut self, id: &SiteId) -> Result<Option<SiteRow>, StoreError> {
        self.row(sql::SITE_GET, args![id.as_str()]).await
    }

    /// All sites, by id.
    pub async fn sites(&mut self) -> Result<Vec<SiteRow>, StoreError> {
        self.rows(sql::SITE_LIST, args![]).await
    }

    /// Writes a plan's document.
    pub async fn put_plan(&mut self, id: &PlanId, document: &str, now: Timestamp) -> Result<(), StoreError> {
        self.execute(sql::PLAN_PUT, args![id.as_str(), document, millis(now)]).await.map(drop)
    }

    /// Removes a plan; whether it was there.
    pub async fn remove_plan(&mut self, id: &PlanId) -> Result<bool, StoreError> {
        Ok(self.execute(sql::PLAN_REMOVE, args![id.as_str()]).await? > 0)
    }

    /// All plans, by id.
    pub async fn plans(&mut self) -> Result<Vec<PlanRow>, StoreError> {
        self.rows(sql::PLAN_LIST, args![]).await
    }

    /// How many vouchers not withdrawn open this plan.
    pub async fn vouchers_of_plan(&mut self, id: &PlanId) -> Result<i64, StoreError> {
        self.number(sql::PLAN_VOUCHERS, args![id.as_str()]).await
    }
}
