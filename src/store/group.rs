//! Groups of sites, and what their vouchers lend out.

use gapura_model::{GroupId, PlanId, SiteId};
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, VoucherRow, millis};

row! {
    /// A batch of vouchers that are good at a group's sites; each voucher counts once.
    pub GroupBatch {
        /// Its name.
        batch: String,
        /// The plan they open.
        plan: String,
        /// For staff.
        note: String,
        /// When they were made, ms.
        made: i64,
        /// *Waktu pakai*, s.
        use_time: Option<i64>,
        /// *Pakai sebelum*, ms.
        use_before: Option<i64>,
        /// How many there are.
        amount: i64,
        /// So many were withdrawn nowhere, or not everywhere.
        good: i64,
        /// So many let somebody in somewhere.
        used: i64,
        /// A site at which codes of them are kept.
        kept_at: Option<String>,
    }
}

row! {
    /// A group.
    pub GroupRow {
        /// Its name.
        name: String,
        /// For staff.
        note: String,
        /// When it was made, ms.
        made: i64,
    }
}

row! {
    /// A site of a group.
    pub GroupSiteRow {
        /// The group.
        of_group: String,
        /// The site.
        site: String,
    }
}

row! {
    /// How one voucher of a group is lent out.
    pub LendingRow {
        /// 16 bytes.
        id: Vec<u8>,
        /// The group it was made for.
        of_group: String,
        /// Whole, reserve and what each site holds (JSON).
        document: String,
    }
}

row! {
    /// A voucher's tag.
    pub(crate) TagRow {
        /// 32 bytes.
        tag: Vec<u8>,
    }
}

impl Tx {
    /// Makes a group; `false` where one has this name.
    pub async fn add_group(&mut self, group: &GroupId, note: &str, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(sql::GROUP_ADD, args![group.as_str(), note, millis(now)]).await? > 0)
    }

    /// All groups by name.
    pub async fn groups(&mut self) -> Result<Vec<GroupRow>, StoreError> {
        self.rows(sql::GROUP_LIST, args![]).await
    }

    /// The sites of all groups, by group and site.
    pub async fn group_sites(&mut self) -> Result<Vec<GroupSiteRow>, StoreError> {
        self.rows(sql::GROUP_SITE_LIST, args![]).await
    }

    /// Removes a group without sites and vouchers; whether it was there.
    pub async fn remove_group(&mut self, group: &GroupId) -> Result<bool, StoreError> {
        Ok(self.execute(sql::GROUP_DELETE, args![group.as_str()]).await? > 0)
    }

    /// How many vouchers were ever made for a group.
    pub async fn group_voucher_count(&mut self, group: &GroupId) -> Result<i64, StoreError> {
        self.number(sql::GROUP_VOUCHERS, args![group.as_str()]).await
    }

    /// Adds a site to a group; `false` where it is in it.
    pub async fn add_group_site(&mut self, group: &GroupId, site: &SiteId) -> Result<bool, StoreError> {
        Ok(self.execute(sql::GROUP_SITE_ADD, args![group.as_str(), site.as_str()]).await? > 0)
    }

    /// Takes a site out of a group: the group's vouchers are withdrawn there and what it holds of them is asked back.
    /// How many were still good; `None` where it was not in the group.
    pub async fn remove_group_site(
        &mut self,
        group: &GroupId,
        site: &SiteId,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        if self.execute(sql::GROUP_SITE_REMOVE, args![group.as_str(), site.as_str()]).await? == 0 {
            return Ok(None);
        }
        let revoked = self.execute(sql::VOUCHER_REVOKE_LEFT, args![site.as_str(), group.as_str(), millis(now)]).await?;
        self.execute(sql::RECALL_LEFT, args![site.as_str(), group.as_str()]).await?;
        Ok(Some(revoked))
    }

    /// Adds how a voucher of a group is lent out.
    pub async fn add_lending(&mut self, id: &[u8], group: &GroupId, document: &str) -> Result<(), StoreError> {
        self.execute(sql::LENDING_ADD, args![id, group.as_str(), document]).await.map(drop)
    }

    /// How a voucher is lent out.
    pub async fn lending(&mut self, id: &[u8]) -> Result<Option<LendingRow>, StoreError> {
        self.row(sql::LENDING_GET, args![id]).await
    }

    /// Keeps how a voucher is lent out from now on.
    pub async fn put_lending(&mut self, id: &[u8], document: &str) -> Result<(), StoreError> {
        self.execute(sql::LENDING_PUT, args![id, document]).await.map(drop)
    }

    /// The vouchers of a group's batch that are still good somewhere.
    pub async fn lendings_of_batch(&mut self, group: &GroupId, batch: &str) -> Result<Vec<LendingRow>, StoreError> {
        self.rows(sql::LENDING_BATCH, args![group.as_str(), batch]).await
    }

    /// One voucher of a group in the lists of its sites.
    pub async fn vouchers_of_lending(&mut self, id: &[u8]) -> Result<Vec<VoucherRow>, StoreError> {
        self.rows(sql::VOUCHER_OF_LENDING, args![id]).await
    }

    /// A group's batches, the newest first.
    pub async fn group_batches(
        &mut self,
        group: &GroupId,
        (limit, skip): (u32, u32),
    ) -> Result<Vec<GroupBatch>, StoreError> {
        self.rows(sql::GROUP_BATCHES, args![group.as_str(), i64::from(limit), i64::from(skip)]).await
    }

    /// All vouchers of a group in the lists of its sites, oldest first.
    pub async fn vouchers_of_group(&mut self, group: &GroupId) -> Result<Vec<VoucherRow>, StoreError> {
        self.rows(sql::VOUCHER_OF_GROUP, args![group.as_str()]).await
    }

    /// Withdraws a voucher of a group everywhere; at how many sites it was still good.
    pub async fn revoke_lending(&mut self, id: &[u8], now: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::VOUCHER_REVOKE_LENDING, args![id, millis(now)]).await
    }

    /// Asks a site back for what it can spare of a voucher.
    pub async fn add_recall(&mut self, site: &SiteId, tag: &[u8]) -> Result<(), StoreError> {
        self.execute(sql::RECALL_ADD, args![site.as_str(), tag]).await.map(drop)
    }

    /// The site has answered.
    pub async fn recall_done(&mut self, site: &SiteId, tag: &[u8]) -> Result<(), StoreError> {
        self.execute(sql::RECALL_DONE, args![site.as_str(), tag]).await.map(drop)
    }

    /// Tags of vouchers that a site is asked back for, at most `limit`, without those that were over before `since`: the site no
    /// longer knows them.
    pub async fn recalls(&mut self, site: &SiteId, since: Timestamp, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<TagRow> = self.rows(sql::RECALL_LIST, args![site.as_str(), millis(since), limit]).await?;
        Ok(rows.into_iter().map(|row| row.tag).collect())
    }

    /// How many good vouchers of groups stand on a plan's limits.
    pub async fn plan_lent(&mut self, plan: &PlanId) -> Result<i64, StoreError> {
        self.number(sql::PLAN_LENT, args![plan.as_str()]).await
    }
}
