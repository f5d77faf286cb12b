//! What waits for the controller.

use rusqlite::OptionalExtension as _;

use crate::{Ledger, LedgerError, sql};

/// One unsent message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its number: strictly increasing, never given twice, not even to a replaced message.
    pub seq: u64,
    /// The message.
    pub body: Vec<u8>,
}

impl Ledger {
    /// The next `most` unsent messages after number `after` (0 for the first), in order.
    pub fn outbox(&self, after: u64, most: u32) -> Result<Vec<OutboxItem>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::OUTBOX_BATCH)?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let rows = statement.query_map((after, most), |row| {
            let seq: i64 = row.get(0)?;
            Ok(OutboxItem { seq: u64::try_from(seq).unwrap_or_default(), body: row.get(1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Puts message `seq` behind all others, under a new number; false where a newer one replaced it meanwhile.
    pub fn outbox_postpone(&mut self, seq: u64) -> Result<bool, LedgerError> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let group = self.connection.transaction()?;
        let take = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let taken: Option<(Option<String>, Vec<u8>)> =
            group.prepare_cached(sql::OUTBOX_TAKE)?.query_row([seq], take).optional()?;
        if let Some((subject, body)) = &taken {
            group.prepare_cached(sql::OUTBOX_INSERT)?.execute((subject, body))?;
        }
        group.commit()?;
        Ok(taken.is_some())
    }

    /// The controller has everything up to number `through`. A message that replaced one of those since has a later number
    /// and stays. Written without waiting for the disk: after a power cut some are sent twice, which the controller knows.
    pub fn outbox_sent(&mut self, through: u64) -> Result<u64, LedgerError> {
        let through = i64::try_from(through).unwrap_or(i64::MAX);
        let gone = self.connection.prepare_cached(sql::OUTBOX_SENT)?.execute([through])?;
        let gone = u64::try_from(gone).unwrap_or_default();
        self.set_outbox_len(self.outbox_len().saturating_sub(gone));
        Ok(gone)
    }
}
