//! Published bundles and pseudonym keys.

use gapura_model::SiteId;
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// A published bundle.
    pub BundleRow {
        /// The site.
        site: String,
        /// Its number.
        generation: i64,
        /// When it was published, ms.
        published: i64,
        /// SHA-256 over its content without number and date.
        content_hash: Vec<u8>,
        /// As it is sent.
        signed: Vec<u8>,
    }
}

row! {
    /// The newest bundle of a site.
    pub GenerationRow {
        /// The site.
        site: String,
        /// Its newest number.
        generation: i64,
    }
}

row! {
    /// A pseudonym key.
    pub(crate) EpochKeyRow {
        /// The month, `2026-11`.
        epoch: String,
        /// 32 bytes.
        secret: Vec<u8>,
    }
}

impl Tx {
    /// The newest bundle of a site.
    pub async fn last_bundle(&mut self, site: &SiteId) -> Result<Option<BundleRow>, StoreError> {
        self.row(sql::BUNDLE_LAST, args![site.as_str()]).await
    }

    /// Forgets bundles published before then, but for the newest of each site; how many.
    pub async fn prune_bundles(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::BUNDLE_PRUNE, args![millis(before)]).await
    }

    /// The newest number of every site that has one.
    pub async fn generations(&mut self) -> Result<Vec<GenerationRow>, StoreError> {
        self.rows(sql::BUNDLE_GENERATIONS, args![]).await
    }

    /// Keeps a regency's key for a month, unless there is one.
    pub async fn add_epoch_key(&mut self, regency: &str, epoch: &str, secret: &[u8; 32]) -> Result<(), StoreError> {
        self.execute(sql::EPOCH_KEY_ADD, args![regency, epoch, secret]).await.map(drop)
    }

    /// A regency's keys from `epoch` on: month and secret.
    pub async fn epoch_keys(&mut self, regency: &str, epoch: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let rows: Vec<EpochKeyRow> = self.rows(sql::EPOCH_KEY_LIST, args![regency, epoch]).await?;
        Ok(rows.into_iter().map(|row| (row.epoch, row.secret)).collect())
    }
}
