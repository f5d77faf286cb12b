//! Usage records that this controller cannot read yet.

use gapura_model::{GatewayId, SiteId};
use jiff::Timestamp;

use crate::tx::{Tx, args, row};
use crate::{Span, StoreError, millis, sql};

row! {
    /// A record as it came.
    pub UnreadRow {
        /// The site.
        site: String,
        /// The router that told it.
        gateway: String,
        /// SHA-256 of its text.
        sha256: Vec<u8>,
        /// Its JSON text.
        document: String,
    }
}

impl Tx {
    /// Keeps a record nobody here can read; the same one again changes nothing.
    pub async fn keep_unread(
        &mut self,
        (site, gateway): (&SiteId, &GatewayId),
        sha256: &[u8; 32],
        document: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let args = args![site.as_str(), gateway.as_str(), sha256, document, millis(now)];
        self.execute(sql::UNREAD_ADD, args).await.map(drop)
    }

    /// Kept records behind `after` (none: from the first), at most `limit`.
    pub async fn unread(&mut self, after: Option<&UnreadRow>, limit: u32) -> Result<Vec<UnreadRow>, StoreError> {
        let (site, gateway) = after.map_or(("", ""), |row| (row.site.as_str(), row.gateway.as_str()));
        let sha256 = after.map_or(&[][..], |row| row.sha256.as_slice());
        self.rows(sql::UNREAD_PAGE, args![site, gateway, sha256, i64::from(limit)]).await
    }

    /// Forgets a kept record, since it could be read at last.
    pub async fn remove_unread(&mut self, row: &UnreadRow) -> Result<(), StoreError> {
        self.execute(sql::UNREAD_REMOVE, args![&row.site, &row.gateway, row.sha256.as_slice()]).await.map(drop)
    }

    /// Forgets records that came before a moment and that nobody here could read.
    pub async fn prune_unread(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::UNREAD_PRUNE, args![millis(before)]).await
    }

    /// How many records that came in the span are kept unread.
    pub async fn unread_count(&mut self, span: &Span) -> Result<i64, StoreError> {
        self.number(sql::UNREAD_COUNT, span.args(false)).await
    }
}
