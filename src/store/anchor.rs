//! Signed heads of the audit log.

use crate::StoreError;
use crate::sql;
use crate::tx::{Tx, args, row};

row! {
    /// The end of the audit log as it once was, under the fleet's signature.
    pub AnchorRow {
        /// The number of the last row.
        number: i64,
        /// Its hash.
        hash: Vec<u8>,
        /// When it was signed, ms.
        at: i64,
        /// What was signed, and the signature (JSON).
        document: String,
    }
}

impl Tx {
    /// Keeps a signed head; one that is there stays.
    pub async fn add_anchor(&mut self, anchor: &AnchorRow) -> Result<(), StoreError> {
        let args = args![anchor.number, &anchor.hash, anchor.at, &anchor.document];
        self.execute(sql::ANCHOR_ADD, args).await.map(drop)
    }

    /// The newest.
    pub async fn last_anchor(&mut self) -> Result<Option<AnchorRow>, StoreError> {
        self.row(sql::ANCHOR_LAST, args![]).await
    }

    /// Those of rows behind number `after`, at most `limit`.
    pub async fn anchors(&mut self, after: i64, limit: u32) -> Result<Vec<AnchorRow>, StoreError> {
        self.rows(sql::ANCHOR_PAGE, args![after, i64::from(limit)]).await
    }
}
