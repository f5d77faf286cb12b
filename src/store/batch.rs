//! Batches of the usage log: which have come, and how far without a gap.

use crate::StoreError;
use crate::sql;
use crate::tx::{Tx, args, row};

row! {
    /// What is known of a batch by its number, and how far its router's batches have come.
    pub BatchKnown {
        /// The site.
        site: String,
        /// The router that sent it.
        gateway: String,
        /// The run of its kernel.
        boot: String,
        /// Its number in that run.
        seq: i64,
        /// The hash of what came under this number; none: nothing did.
        sha256: Option<Vec<u8>>,
        /// The lowest number that had not come; none: it was not counted yet.
        next: Option<i64>,
        /// 1 = the number behind it has come already.
        followed: i64,
    }
}

/// A batch's name: site, gateway, boot and number.
pub type BatchName<'a> = (&'a str, &'a str, &'a str, i64);

impl Tx {
    /// What is known of these batches.
    pub async fn batches(&mut self, names: &[BatchName<'_>]) -> Result<Vec<BatchKnown>, StoreError> {
        let mut known = Vec::with_capacity(names.len());
        for some in self.pieces(names) {
            let named = some.iter().flat_map(|(site, gateway, boot, seq)| args![*site, *gateway, *boot, *seq]);
            known.extend(self.rows_of_many(sql::BATCH_KNOWN, some.len(), named.collect()).await?);
        }
        Ok(known)
    }

    /// Notes that batches with these hashes came (ms); a number that is there keeps its first hash.
    pub async fn add_batches(&mut self, batches: &[(BatchName<'_>, [u8; 32])], now: i64) -> Result<(), StoreError> {
        for some in self.pieces(batches) {
            let values = some
                .iter()
                .flat_map(|((site, gateway, boot, seq), sha256)| args![*site, *gateway, *boot, *seq, sha256, now]);
            self.execute_many(sql::BATCH_ADD, some.len(), values.collect()).await?;
        }
        Ok(())
    }

    /// The lowest number from `from` on that has not come.
    pub async fn next_batch(&mut self, (site, gateway, boot, from): BatchName<'_>) -> Result<i64, StoreError> {
        self.number(sql::BATCH_NEXT, args![site, gateway, boot, from]).await
    }

    /// Notes how far batches have come, by the lowest number that has not; each site, gateway and boot once.
    pub async fn put_next_batches(&mut self, upto: &[BatchName<'_>]) -> Result<(), StoreError> {
        for some in self.pieces(upto) {
            let values = some.iter().flat_map(|(site, gateway, boot, next)| args![*site, *gateway, *boot, *next]);
            self.execute_many(sql::BATCH_NEXT_PUT, some.len(), values.collect()).await?;
        }
        Ok(())
    }
}
