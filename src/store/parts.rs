//! Usage by month. On PostgreSQL a month is a partition that is made ahead and dropped whole; on SQLite it is deleted in steps.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::month::Month;
use crate::sql::{self, Sql};
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis, timestamp};

/// A table that is kept by month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Monthly {
    /// The usage log.
    Visits,
    /// Counts of gateways.
    Tallies,
    /// Outages.
    Outages,
}

row! {
    /// A site's id.
    SiteOf {
        site: Option<String>,
    }
}

/// Rows that one step deletes on SQLite: a fraction of a second in which nobody else writes.
const STEP: i64 = 5000;

/// So many rows of a backup that are read together are no stray ones.
const MANY: usize = 50;

/// How long readers are waited for before a month is dropped; then it is tried again in an hour.
const LOCK_WAIT: &str = "SET LOCAL lock_timeout = '3s'";

impl Monthly {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Visits, Self::Tallies, Self::Outages];

    const fn table(self) -> &'static str {
        match self {
            Self::Visits => "visit",
            Self::Tallies => "tally",
            Self::Outages => "outage",
        }
    }

    const fn next_site(self) -> Sql {
        match self {
            Self::Visits => sql::MONTH_VISIT_SITE,
            Self::Tallies => sql::MONTH_TALLY_SITE,
            Self::Outages => sql::MONTH_OUTAGE_SITE,
        }
    }

    const fn delete(self) -> Sql {
        match self {
            Self::Visits => sql::MONTH_VISIT_DELETE,
            Self::Tallies => sql::MONTH_TALLY_DELETE,
            Self::Outages => sql::MONTH_OUTAGE_DELETE,
        }
    }

    const fn oldest(self) -> Sql {
        match self {
            Self::Visits => sql::MONTH_VISIT_OLDEST,
            Self::Tallies => sql::MONTH_TALLY_OLDEST,
            Self::Outages => sql::MONTH_OUTAGE_OLDEST,
        }
    }
}

/// What a step of destroying a month did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthStep {
    /// Rows that are gone.
    pub rows: u64,
    /// Nothing of the month is left.
    pub done: bool,
}

impl Tx {
    /// Makes the tables of this month and the next two, and of months whose rows had to go beside (a restored backup, a server
    /// that was off), one of each table in a pass, since nobody else writes while its rows are moved; how many were made: what is
    /// left is made by asking again in another transaction, until there is none. On SQLite there are none to make.
    pub async fn make_months(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        let Some(this) = Month::of(now).filter(|_| self.by_month()) else { return Ok(0) };
        let ahead = [this, this.next(), this.next().next()];
        let mut made = 0;
        for table in Monthly::ALL {
            for month in ahead {
                made += usize::from(self.make_month(table, month).await?);
            }
            let (from, _) = Month::FIRST.bounds();
            let (_, until) = this.next().next().bounds();
            let text = format!(
                "SELECT min(started) AS number FROM \"_{}_other\" WHERE started >= {from} AND started < {until} \
                 HAVING min(started) IS NOT NULL",
                table.table()
            );
            let stray: Option<Month> = self.made_number(text).await?.and_then(|at| Month::of(timestamp(at)));
            if let Some(month) = stray {
                made += usize::from(self.make_month(table, month).await?);
            }
        }
        Ok(made)
    }

    /// Makes the months that many rows of a backup belong to before those are written: beside, each had to be moved later. What
    /// few rows say is left to [`Tx::make_months`]: no clock but ours makes tables.
    pub(crate) async fn make_months_of(&mut self, table: &str, starts: &[i64]) -> Result<(), StoreError> {
        let Some(table) = Monthly::ALL.into_iter().find(|one| one.table() == table).filter(|_| self.by_month()) else {
            return Ok(());
        };
        let mut months = BTreeMap::<Month, usize>::new();
        for month in starts.iter().filter_map(|start| Month::of(timestamp(*start))) {
            *months.entry(month).or_default() += 1;
        }
        months.retain(|_, rows| *rows >= MANY);
        // A backup of an earlier schema is not kept by month yet.
        if months.is_empty() || !self.has_part(&format!("_{}_other", table.table())).await? {
            return Ok(());
        }
        for month in months.into_keys() {
            self.make_month(table, month).await?;
        }
        Ok(())
    }

    /// Makes the table of a month, with the rows of it that are beside; whether it was not there.
    async fn make_month(&mut self, table: Monthly, month: Month) -> Result<bool, StoreError> {
        let (table, part, (from, until)) = (table.table(), month.part_of(table.table()), month.bounds());
        if self.has_part(&part).await? {
            return Ok(false);
        }
        for text in [
            LOCK_WAIT.to_owned(),
            format!("CREATE TABLE \"{part}\" (LIKE \"{table}\" INCLUDING ALL)"),
            format!(
                "WITH moved AS (DELETE FROM \"_{table}_other\" WHERE started >= {from} AND started < {until} RETURNING *) \
                 INSERT INTO \"{part}\" SELECT * FROM moved"
            ),
            format!("ALTER TABLE \"{table}\" ATTACH PARTITION \"{part}\" FOR VALUES FROM ({from}) TO ({until})"),
        ] {
            self.made(text).await?;
        }
        Ok(true)
    }

    async fn has_part(&mut self, part: &str) -> Result<bool, StoreError> {
        // Its own text: SQLite has no such catalogue.
        let text =
            format!("SELECT CAST(count(*) AS BIGINT) AS number FROM pg_class WHERE oid = to_regclass('\"{part}\"')");
        Ok(self.made_number(text).await?.unwrap_or_default() > 0)
    }

    /// Destroys a month of a table, or a part of it that does not keep others waiting for long.
    pub async fn destroy_month(&mut self, table: Monthly, month: Month) -> Result<MonthStep, StoreError> {
        let (from, until) = month.bounds();
        if self.by_month() {
            let (name, part) = (table.table(), month.part_of(table.table()));
            let count =
                format!("SELECT count(*) AS number FROM \"{name}\" WHERE started >= {from} AND started < {until}");
            let rows = u64::try_from(self.made_number(count).await?.unwrap_or_default()).unwrap_or_default();
            if self.has_part(&part).await? {
                self.made(LOCK_WAIT.to_owned()).await?;
                self.made(format!("DROP TABLE \"{part}\"")).await?;
            } else {
                self.made(format!("DELETE FROM \"{name}\" WHERE started >= {from} AND started < {until}")).await?;
            }
            return Ok(MonthStep { rows, done: true });
        }
        let (mut rows, mut site) = (0_u64, String::new());
        loop {
            let next: Option<SiteOf> = self.row(table.next_site(), args![&site]).await?;
            let Some(found) = next.and_then(|row| row.site) else { break };
            let left = STEP.saturating_sub(i64::try_from(rows).unwrap_or(STEP));
            rows += self.execute(table.delete(), args![&found, from, until, left]).await?;
            if rows >= u64::try_from(STEP).unwrap_or(u64::MAX) {
                return Ok(MonthStep { rows, done: false });
            }
            site = found;
        }
        Ok(MonthStep { rows, done: true })
    }

    /// The oldest month of which a table has rows: by its index, one site after the other, or where a month is a table the first that
    /// is not empty.
    pub async fn oldest_month(&mut self, table: Monthly) -> Result<Option<Month>, StoreError> {
        let (from, _) = Month::FIRST.bounds();
        if !self.by_month() {
            let began = self.number(table.oldest(), args![from]).await?;
            return Ok(Some(began).filter(|began| *began > 0).and_then(|at| Month::of(timestamp(at))));
        }
        let name = table.table();
        let beside =
            format!("SELECT coalesce(min(started), 0) AS number FROM \"_{name}_other\" WHERE started >= {from}");
        let beside = self.made_number(beside).await?.filter(|began| *began > 0);
        let mut oldest = beside.and_then(|at| Month::of(timestamp(at)));
        let parts = format!(
            "SELECT substr(c.relname, {}) AS site FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
             WHERE i.inhparent = '\"{name}\"'::regclass ORDER BY c.relname",
            name.len() + 3
        );
        let parts: Vec<SiteOf> = self.made_rows(parts).await?;
        for part in parts {
            // "2026_11"; `_visit_other` is no month.
            let Some(Ok(month)) = part.site.map(|text| text.replace('_', "-").parse::<Month>()) else { continue };
            if oldest.is_some_and(|oldest| oldest <= month) {
                break;
            }
            let some = format!("SELECT CAST(1 AS BIGINT) AS number FROM \"{}\" LIMIT 1", month.part_of(name));
            if self.made_number(some).await?.is_some() {
                oldest = Some(month);
            }
        }
        Ok(oldest)
    }

    /// Removes visits and counts, told before `told`, whose start no clock shows that was set, or that is still to come; how many.
    pub async fn destroy_unset(&mut self, told: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let (first, _) = Month::FIRST.bounds();
        let mut rows = 0;
        for (table, delete) in [(Monthly::Visits, sql::VISIT_UNSET), (Monthly::Tallies, sql::TALLY_UNSET)] {
            let mut site = String::new();
            while let Some(found) = self.row::<SiteOf>(table.next_site(), args![&site]).await?.and_then(|row| row.site)
            {
                rows += self.execute(delete, args![&found, first, millis(told), millis(now)]).await?;
                site = found;
            }
        }
        Ok(rows)
    }

    /// Runs a statement whose text was made here, of our own names and numbers.
    async fn made(&mut self, text: String) -> Result<(), StoreError> {
        let text = AssertSqlSafe(text);
        match self {
            Self::Sqlite(tx) => sqlx::query(text).execute(&mut **tx).await.map(drop),
            Self::Postgres(tx) => sqlx::query(text).execute(&mut **tx).await.map(drop),
        }
        .map_err(|source| StoreError::Statement { statement: "a month", source })
    }

    async fn made_rows<T: crate::tx::Row>(&mut self, text: String) -> Result<Vec<T>, StoreError> {
        let text = AssertSqlSafe(text);
        match self {
            Self::Sqlite(tx) => sqlx::query_as(text).fetch_all(&mut **tx).await,
            Self::Postgres(tx) => sqlx::query_as(text).fetch_all(&mut **tx).await,
        }
        .map_err(|source| StoreError::Statement { statement: "a month", source })
    }

    async fn made_number(&mut self, text: String) -> Result<Option<i64>, StoreError> {
        let text = AssertSqlSafe(text);
        let row: Option<crate::tx::Number> = match self {
            Self::Sqlite(tx) => sqlx::query_as(text).fetch_optional(&mut **tx).await,
            Self::Postgres(tx) => sqlx::query_as(text).fetch_optional(&mut **tx).await,
        }
        .map_err(|source| StoreError::Statement { statement: "a month", source })?;
        Ok(row.map(|row| row.number))
    }
}
