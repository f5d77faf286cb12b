//! Migrations: numbered, append only.

use std::path::Path;

use rusqlite::Connection;

use crate::LedgerError;

/// Every migration in order; the database's `user_version` is how many it has.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/gateway/0001_visits.sql"),
    include_str!("../../migrations/gateway/0002_lent.sql"),
    include_str!("../../migrations/gateway/0003_tokens.sql"),
    include_str!("../../migrations/gateway/0004_desk.sql"),
    include_str!("../../migrations/gateway/0005_nat.sql"),
];

/// Brings the database to the newest schema. True if it was empty.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<bool, LedgerError> {
    let found: i64 = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(LedgerError::Newer { path: path.to_owned(), found, known });
    }
    for (number, migration) in (1_i64..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        let step = connection.transaction()?;
        step.execute_batch(migration)?;
        step.pragma_update(None, "user_version", number)?;
        step.commit()?;
    }
    Ok(found == 0)
}
