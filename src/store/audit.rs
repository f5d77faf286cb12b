//! Who changed what: rows chained by hash, so that none can be changed or removed unseen.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// A row of the audit log.
    pub AuditRow {
        /// Its number, from 1 without gaps.
        number: i64,
        /// When, ms.
        at: i64,
        /// Who.
        actor: String,
        /// What was done, for example `plan-set`.
        action: String,
        /// To what, for example `plan/umum`.
        object: String,
        /// How it was; empty = not there.
        before: String,
        /// How it is; empty = gone.
        after: String,
        /// Why.
        reason: String,
        /// The hash of the row before; zeros for the first.
        prev: Vec<u8>,
        /// SHA-256 over all of the above.
        hash: Vec<u8>,
    }
}

/// What is to be noted.
#[derive(Clone, Copy, Debug)]
pub struct AuditEntry<'a> {
    /// Who.
    pub actor: &'a str,
    /// What was done.
    pub action: &'a str,
    /// To what.
    pub object: &'a str,
    /// How it was; empty = not there. Never a secret.
    pub before: &'a str,
    /// How it is; empty = gone. Never a secret.
    pub after: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// What is looked for in the log.
#[derive(Clone, Copy, Debug)]
pub struct AuditSearch<'a> {
    /// Only rows before this number.
    pub before: i64,
    /// Not before this.
    pub from: Timestamp,
    /// Before this.
    pub until: Timestamp,
    /// By whom; empty = anybody.
    pub actor: &'a str,
    /// What the object begins with; empty = anything.
    pub object: &'a str,
    /// At most so many rows.
    pub limit: u32,
}

/// The chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A row is missing.
    #[error("audit row {0} is missing")]
    Missing(i64),
    /// A row was changed.
    #[error("audit row {0} was changed after it was written, or a row before it was")]
    Changed(i64),
}

row! {
    /// The end of the chain.
    pub(crate) LastRow {
        /// Its number.
        number: i64,
        /// Its hash.
        hash: Vec<u8>,
    }
}

impl Tx {
    /// Appends a row to the chain; belongs into the transaction of the change itself.
    pub async fn audit(&mut self, entry: AuditEntry<'_>, now: Timestamp) -> Result<(), StoreError> {
        let last: Option<LastRow> = self.row(sql::AUDIT_LAST, args![]).await?;
        let (number, prev) = last.map_or((1, vec![0; 32]), |last| (last.number.saturating_add(1), last.hash));
        let mut row = AuditRow {
            number,
            at: millis(now),
            actor: entry.actor.to_owned(),
            action: entry.action.to_owned(),
            object: entry.object.to_owned(),
            before: entry.before.to_owned(),
            after: entry.after.to_owned(),
            reason: entry.reason.to_owned(),
            prev,
            hash: Vec::new(),
        };
        row.hash = row.digest().to_vec();
        let r = &row;
        let args =
            args![r.number, r.at, &r.actor, &r.action, &r.object, &r.before, &r.after, &r.reason, &r.prev, &r.hash];
        self.execute(sql::AUDIT_ADD, args).await.map(drop)
    }

    /// The row with this number.
    pub async fn audit_row(&mut self, number: i64) -> Result<Option<AuditRow>, StoreError> {
        self.row(sql::AUDIT_GET, args![number]).await
    }

    /// The end of the chain: its number and hash; none while nothing was noted.
    pub async fn audit_head(&mut self) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        let last: Option<LastRow> = self.row(sql::AUDIT_LAST, args![]).await?;
        Ok(last.map(|last| (last.number, last.hash)))
    }

    /// Rows that fit, the newest first.
    pub async fn audit_search(&mut self, search: &AuditSearch<'_>) -> Result<Vec<AuditRow>, StoreError> {
        let AuditSearch { before, from, until, actor, object, limit } = *search;
        let args = args![before, millis(from), millis(until), actor, object, i64::from(limit)];
        // SQLite takes the index by time where there is one, and sorts all rows of all times: not where no time is asked for.
        let of_all_times = from == Timestamp::MIN && until == Timestamp::MAX;
        self.rows(if of_all_times { sql::AUDIT_NEWEST } else { sql::AUDIT_SEARCH }, args).await
    }

    /// Rows about one object, the newest first, at most `limit`.
    pub async fn audit_of(&mut self, object: &str, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.rows(sql::AUDIT_OF, args![object, i64::from(limit)]).await
    }

    /// Rows behind number `after`, at most `limit`.
    pub async fn audit_rows(&mut self, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.rows(sql::AUDIT_PAGE, args![after, i64::from(limit)]).await
    }
}

impl AuditRow {
    /// Checks that `rows` follow on each other and on `(number, hash)` before them (`(0, zeros)` for the whole log); the new end.
    pub fn verify_chain(rows: &[Self], before: (i64, [u8; 32])) -> Result<(i64, [u8; 32]), ChainError> {
        rows.iter().try_fold(before, |(number, hash), row| {
            let expected = number.saturating_add(1);
            if row.number != expected {
                return Err(ChainError::Missing(expected));
            }
            let digest = row.digest();
            if row.prev != hash || row.hash != digest {
                Err(ChainError::Changed(expected))
            } else {
                Ok((expected, digest))
            }
        })
    }

    /// SHA-256 over every field before `hash`, each text led by its length.
    fn digest(&self) -> [u8; 32] {
        let mut sha = Sha256::new();
        sha.update(self.number.to_be_bytes());
        sha.update(self.at.to_be_bytes());
        for text in [&self.actor, &self.action, &self.object, &self.before, &self.after, &self.reason] {
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text.as_bytes());
        }
        sha.update(&self.prev);
        sha.finalize().into()
    }
}
