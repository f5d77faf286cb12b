//! How routers were, where mobile centres stand, and which backups were made.

use gapura_model::{GatewayId, SiteId};
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// How a router was for a while.
    pub StateRow {
        /// The site.
        site: String,
        /// The router.
        gateway: String,
        /// From when, ms.
        since: i64,
        /// What its heartbeats said, or `silent`.
        state: String,
        /// Until when, ms; none while it is so.
        until: Option<i64>,
    }
}

row! {
    /// The last certificate of a router.
    pub CertificateEnd {
        /// The router.
        gateway: String,
        /// Its last instant, ms.
        ends: i64,
    }
}

row! {
    /// The newest bundle of a site, without its content.
    pub StandingRow {
        /// The site.
        site: String,
        /// Its number.
        generation: i64,
        /// When it was published, ms.
        published: i64,
    }
}

row! {
    /// Where a mobile centre stood from then on.
    pub PlaceRow {
        /// The site.
        site: String,
        /// From when, ms.
        since: i64,
        /// The village.
        place: String,
        /// Who said so.
        staff: String,
        /// Why.
        reason: String,
    }
}

row! {
    /// A backup.
    pub BackupRow {
        /// When its picture of the database was taken, ms.
        made: i64,
        /// The file.
        file: String,
        /// Its size.
        octets: i64,
        /// Who made it; `gapura` for the scheduled ones.
        staff: String,
    }
}

impl Tx {
    /// Notes how a router is from `since` on; what held before ends then. Nothing happens where it was so already.
    pub async fn put_state(
        &mut self,
        (site, gateway): (&SiteId, &GatewayId),
        state: &str,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let open: Option<StateRow> = self.states_of(&[(site.as_str(), gateway.as_str())]).await?.into_iter().next();
        if open.as_ref().is_some_and(|open| open.state == state) {
            return Ok(false);
        }
        // Never before what held until now began.
        let since = millis(since).max(open.map_or(i64::MIN, |open| open.since));
        self.execute(sql::GATEWAY_STATE_END, args![site.as_str(), gateway.as_str(), since]).await?;
        self.execute(sql::GATEWAY_STATE_BEGIN, args![site.as_str(), gateway.as_str(), since, state]).await?;
        Ok(true)
    }

    /// How every router is.
    pub async fn standing_states(&mut self) -> Result<Vec<StateRow>, StoreError> {
        self.rows(sql::GATEWAY_STATE_STANDING, args![]).await
    }

    /// How a router (none: every router) was since then, the latest first.
    pub async fn states(
        &mut self,
        gateway: Option<&GatewayId>,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<StateRow>, StoreError> {
        if let Some(gateway) = gateway {
            return self.rows(sql::GATEWAY_STATE_OF, args![gateway.as_str(), millis(since), i64::from(limit)]).await;
        }
        self.rows(sql::GATEWAY_STATE_LIST, args![millis(since), i64::from(limit)]).await
    }

    /// Forgets how routers were before then.
    pub async fn prune_states(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::GATEWAY_STATE_PRUNE, args![millis(before)]).await
    }

    /// When the last certificate of each router ends.
    pub async fn certificate_ends(&mut self) -> Result<Vec<CertificateEnd>, StoreError> {
        self.rows(sql::CERTIFICATE_ENDS, args![]).await
    }

    /// The newest bundle of each site.
    pub async fn standing_bundles(&mut self) -> Result<Vec<StandingRow>, StoreError> {
        self.rows(sql::BUNDLE_STANDING, args![]).await
    }

    /// Notes where a mobile centre stands.
    pub async fn add_place(&mut self, place: &PlaceRow) -> Result<(), StoreError> {
        let p = place;
        self.execute(sql::PLACE_ADD, args![&p.site, p.since, &p.place, &p.staff, &p.reason]).await.map(drop)
    }

    /// Where a site stands.
    pub async fn place(&mut self, site: &str) -> Result<Option<PlaceRow>, StoreError> {
        Ok(self.newest_places(&[site]).await?.remove(site))
    }

    /// Where a site (none: every site) stood, the latest first.
    pub async fn places(&mut self, site: Option<&SiteId>, limit: u32) -> Result<Vec<PlaceRow>, StoreError> {
        self.rows(sql::PLACE_LIST, args![site.map_or("", SiteId::as_str), i64::from(limit)]).await
    }

    /// Where each site stands.
    pub async fn latest_places(&mut self) -> Result<Vec<PlaceRow>, StoreError> {
        self.rows(sql::PLACE_LATEST, args![]).await
    }

    /// Notes a backup.
    pub async fn add_backup(&mut self, backup: &BackupRow) -> Result<(), StoreError> {
        let args = args![backup.made, &backup.file, backup.octets, &backup.staff];
        self.execute(sql::BACKUP_ADD, args).await.map(drop)
    }

    /// The latest backups.
    pub async fn backups(&mut self, limit: u32) -> Result<Vec<BackupRow>, StoreError> {
        self.rows(sql::BACKUP_LAST, args![i64::from(limit)]).await
    }
}
