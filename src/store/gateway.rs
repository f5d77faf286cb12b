//! Routers, their certificates and their last word.

use gapura_model::GatewayId;
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// A router.
    pub GatewayRow {
        /// Its name.
        id: String,
        /// The site it serves.
        site: String,
        /// What the box calls itself.
        hostname: String,
        /// Its model.
        hardware: String,
        /// When it was approved, ms.
        made: i64,
        /// When it was revoked, ms.
        revoked: Option<i64>,
        /// Why.
        reason: String,
        /// 1 until it fetched its predecessor's balances.
        restores: i64,
    }
}

row! {
    /// Whose certificate a fingerprint is.
    pub CertificateRow {
        /// The router.
        gateway: String,
        /// The site it serves.
        site: String,
        /// When the router was revoked, ms.
        revoked: Option<i64>,
        /// First instant, ms.
        not_before: i64,
        /// Last instant, ms.
        not_after: i64,
    }
}

row! {
    /// The last word of a router.
    pub ReportRow {
        /// The site.
        site: String,
        /// The router.
        gateway: String,
        /// When its last heartbeat came, ms.
        heard: Option<i64>,
        /// That heartbeat (JSON).
        heartbeat: Option<String>,
        /// The last bundle it judged.
        offered: Option<i64>,
        /// What became of it.
        verdict: Option<String>,
        /// Details.
        detail: String,
        /// When, ms.
        judged: Option<i64>,
        /// The highest generation it applied; 0 = none.
        applied: i64,
    }
}

impl Tx {
    /// Adds a router.
    pub async fn add_gateway(&mut self, gateway: &GatewayRow) -> Result<(), StoreError> {
        let g = gateway;
        let args = args![&g.id, &g.site, &g.hostname, &g.hardware, g.made, g.restores];
        self.execute(sql::GATEWAY_ADD, args).await.map(drop)
    }

    /// One router.
    pub async fn gateway(&mut self, id: &GatewayId) -> Result<Option<GatewayRow>, StoreError> {
        self.row(sql::GATEWAY_GET, args![id.as_str()]).await
    }

    /// All routers, by name.
    pub async fn gateways(&mut self) -> Result<Vec<GatewayRow>, StoreError> {
        self.rows(sql::GATEWAY_LIST, args![]).await
    }

    /// Revokes a router and so all its certificates; whether it was there and not revoked yet.
    pub async fn revoke_gateway(&mut self, id: &GatewayId, reason: &str, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(sql::GATEWAY_REVOKE, args![id.as_str(), millis(now), reason]).await? > 0)
    }

    /// Notes that the router has its predecessor's balances.
    pub async fn gateway_restored(&mut self, id: &GatewayId) -> Result<(), StoreError> {
        self.execute(sql::GATEWAY_RESTORED, args![id.as_str()]).await.map(drop)
    }

    /// Notes a certificate by the SHA-256 of its DER.
    pub async fn add_certificate(
        &mut self,
        fingerprint: &[u8; 32],
        gateway: &GatewayId,
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<(), StoreError> {
        let args = args![fingerprint, gateway.as_str(), millis(not_before), millis(not_after)];
        self.execute(sql::CERTIFICATE_ADD, args).await.map(drop)
    }

    /// The last word of every router.
    pub async fn reports(&mut self) -> Result<Vec<ReportRow>, StoreError> {
        self.rows(sql::REPORT_LIST, args![]).await
    }
}
