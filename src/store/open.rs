//! Opening either database and bringing its tables up to date.

use std::str::FromStr as _;
use std::time::Duration;

use gapura_metrics::Timer;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlSafeStr as _};

use crate::sql::Sql;
use crate::timed::{Timed, reading, writing};
use crate::tx::{Arg, Row, bound};
use crate::{StoreError, Tx};

/// The controller's database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Store(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// One connection that writes, a few that read.
    Sqlite { write: SqlitePool, read: SqlitePool },
    /// The same: who waits for the writer's turn takes nothing from who reads.
    Postgres { write: PgPool, read: PgPool },
}

/// How long a statement waits for another process's transaction, and a caller for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Readers of SQLite at once; PostgreSQL has four times as many.
const CONNECTIONS: u32 = 4;

/// The writer looks rows up by their keys. A plan made while a month was empty would read all of it for each of them, until the month
/// is analysed; and a statement over arrays is planned once, whatever their length.
const BY_KEY: [(&str, &str); 3] =
    [("enable_seqscan", "off"), ("plan_cache_mode", "force_generic_plan"), ("jit", "off")];
/// "gapura" in ASCII: the advisory lock writers take turns on.
const WRITERS: i64 = 0x6761_7075_7261;

impl Store {
    /// Opens `sqlite:PATH` (made if it is not there) or `postgres://..`, and brings its tables up to date.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let store = Self::connect(address).await?;
        store.migrate_to(i64::MAX).await?;
        Ok(store)
    }

    async fn connect(address: &str) -> Result<Self, StoreError> {
        if address.starts_with("sqlite:") {
            Self::open_sqlite(address).await
        } else if address.starts_with("postgres:") || address.starts_with("postgresql:") {
            Self::open_postgres(address).await
        } else {
            Err(StoreError::Address(address.chars().take(80).collect()))
        }
    }

    /// Opens a database that nothing was written to yet, with its tables as they were at migration `schema`. One with tables of
    /// another number is refused.
    pub async fn open_new(address: &str, schema: i64) -> Result<Self, StoreError> {
        if schema > Self::newest_schema() {
            return Err(StoreError::Newer { schema, known: Self::newest_schema() });
        }
        let store = Self::connect(address).await?;
        match store.migrate_to(schema).await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    /// The number of the newest migration that this version knows.
    pub fn newest_schema() -> i64 {
        SQLITE.iter().map(|(number, ..)| *number).max().unwrap_or_default()
    }

    /// A look at the database as it stands.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        let failed = |source| StoreError::Transaction { step: "begin", source };
        let timer = Timer::start(reading());
        match &self.0 {
            Kind::Sqlite { read, .. } => Ok(Tx::Sqlite(Timed::new(read.begin().await.map_err(failed)?, timer))),
            Kind::Postgres { read, .. } => {
                let statement = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Ok(Tx::Postgres(Timed::new(read.begin_with(statement).await.map_err(failed)?, timer)))
            }
        }
    }

    /// A change; waits for the writer before.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        let failed = |source| StoreError::Transaction { step: "begin", source };
        let timer = Timer::start(writing());
        match &self.0 {
            Kind::Sqlite { write, .. } => {
                Ok(Tx::Sqlite(Timed::new(write.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?, timer)))
            }
            // Writers of other processes are kept out by the lock; those of this one wait for its one connection, not for readers'.
            Kind::Postgres { write, .. } => {
                let mut tx = write.begin().await.map_err(failed)?;
                let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(WRITERS);
                lock.execute(&mut *tx).await.map_err(failed)?;
                Ok(Tx::Postgres(Timed::new(tx, timer)))
            }
        }
    }

    /// Writes over where destroyed keys stood, also in the bundles that carried them: PostgreSQL keeps a deleted row until its table
    /// is written anew, SQLite the page in its journal until that is emptied. False where somebody still reads what was there before:
    /// then it is to be tried again. Nobody is kept waiting for longer than a moment.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        let failed = |source| StoreError::Statement { statement: "scrub", source };
        match &self.0 {
            Kind::Sqlite { write, .. } => {
                // Without an error it says in its row that a reader was in the way.
                let (busy, _, _): (i64, i64, i64) =
                    sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(write).await.map_err(failed)?;
                Ok(busy == 0)
            }
            // Its own connection: writers do not wait for it.
            Kind::Postgres { write, .. } => {
                let mut own = write.connect_options().connect().await.map_err(failed)?;
                let done = scrub_postgres(&mut own).await;
                own.close().await.map_err(failed)?;
                done.map_err(failed)
            }
        }
    }

    /// Looks how the rows of the months are spread: PostgreSQL does that by itself for each month, and never for all of them together.
    pub async fn analyze(&self) -> Result<(), StoreError> {
        let failed = |source| StoreError::Statement { statement: "analyze", source };
        let Kind::Postgres { write, .. } = &self.0 else { return Ok(()) };
        // Its own connection: writers do not wait for it.
        let mut own = write.connect_options().connect().await.map_err(failed)?;
        let done = sqlx::query("ANALYZE visit, tally, outage").execute(&mut own).await;
        own.close().await.map_err(failed)?;
        done.map(drop).map_err(failed)
    }

    /// The rows of one statement that changes nothing. It sees the database at one moment by itself, and needs no transaction: a
    /// third of the round trips, which counts where ten thousand gateways ask at once.
    pub(crate) async fn look<T: Row>(&self, sql: Sql, args: Vec<Arg<'_>>) -> Result<Vec<T>, StoreError> {
        match &self.0 {
            Kind::Sqlite { read, .. } => bound!(sqlx::query_as(sql.text), args).fetch_all(read).await,
            Kind::Postgres { read, .. } => bound!(sqlx::query_as(sql.text), args).fetch_all(read).await,
        }
        .map_err(|source| StoreError::Statement { statement: sql.name, source })
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        match &self.0 {
            Kind::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Kind::Postgres { write, read } => {
                read.close().await;
                write.close().await;
            }
        }
    }

    async fn open_sqlite(address: &str) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open { database: address.to_owned(), source };
        let options = SqliteConnectOptions::from_str(address)
            .map_err(failed)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is deleted is written over: keys above all, whatever statement deletes them.
            .pragma("secure_delete", "ON")
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        let write = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let write = write.acquire_timeout(PATIENCE * 2).connect_with(options.clone()).await.map_err(failed)?;
        let read = SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE * 2);
        let read = read.connect_with(options.create_if_missing(false).read_only(true)).await.map_err(failed)?;
        Ok(Self(Kind::Sqlite { write, read }))
    }

    async fn open_postgres(address: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(address).map_err(|_| StoreError::Address("postgres:".to_owned()))?;
        let database = format!("postgres://{}/{}", options.get_host(), options.get_database().unwrap_or_default());
        let options = options.disable_statement_logging();
        let pool = |connections| PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE * 2);
        let failed = |source| StoreError::Open { database: database.clone(), source };
        let write = pool(1).connect_with(options.clone().options(BY_KEY)).await.map_err(failed)?;
        let read = pool(CONNECTIONS * 4).connect_with(options).await.map_err(failed)?;
        Ok(Self(Kind::Postgres { write, read }))
    }

    async fn migrate_to(&self, newest: i64) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Sqlite { write, .. } => migrator(SQLITE, newest).run(write).await,
            Kind::Postgres { write, .. } => migrator(POSTGRES, newest).run(write).await,
        }
        .map_err(|error| StoreError::Migrate(Box::new(error)))
    }
}

/// Who began to look before the keys were deleted may still see them, and a table that is written anew keeps what they see.
const STILL_LOOKING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL \
    AND extract(epoch FROM xact_start)::float8 <= $1";

/// How often, and after what pause (s), it is looked whether they are done.
const LOOKS: (usize, f64) = (6, 0.5);

async fn scrub_postgres(own: &mut sqlx::PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query("SET lock_timeout = '3s'").execute(&mut *own).await?;
    let now = "SELECT extract(epoch FROM clock_timestamp())::float8";
    let began: f64 = sqlx::query_scalar(now).fetch_one(&mut *own).await?;
    for look in 0..=LOOKS.0 {
        let looking: i64 = sqlx::query_scalar(STILL_LOOKING).bind(began).fetch_one(&mut *own).await?;
        if looking == 0 {
            break;
        }
        if look == LOOKS.0 {
            return Ok(false);
        }
        sqlx::query("SELECT pg_sleep($1)").bind(LOOKS.1).execute(&mut *own).await?;
    }
    for table in ["VACUUM FULL epoch_key", "VACUUM FULL bundle"] {
        match sqlx::query(table).execute(&mut *own).await {
            Ok(_) => {}
            // 55P03, lock_not_available.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Number, name and text of each migration; only ever appended to.
type Migrations = &'static [(i64, &'static str, &'static str)];

pub(crate) const SQLITE: Migrations = &[
    (1, "first", include_str!("../../migrations/controller-sqlite/0001_first.sql")),
    (2, "unread", include_str!("../../migrations/controller-sqlite/0002_unread.sql")),
    (3, "groups", include_str!("../../migrations/controller-sqlite/0003_groups.sql")),
    (4, "filter", include_str!("../../migrations/controller-sqlite/0004_filter.sql")),
    (5, "people", include_str!("../../migrations/controller-sqlite/0005_people.sql")),
    (6, "vouchers", include_str!("../../migrations/controller-sqlite/0006_vouchers.sql")),
    (7, "requests", include_str!("../../migrations/controller-sqlite/0007_requests.sql")),
    (8, "network", include_str!("../../migrations/controller-sqlite/0008_network.sql")),
    (9, "desk", include_str!("../../migrations/controller-sqlite/0009_desk.sql")),
    (10, "pace", include_str!("../../migrations/controller-sqlite/0010_pace.sql")),
    (11, "orders", include_str!("../../migrations/controller-sqlite/0011_orders.sql")),
    (12, "terms", include_str!("../../migrations/controller-sqlite/0012_terms.sql")),
    (13, "sop_desk", include_str!("../../migrations/controller-sqlite/0013_sop_desk.sql")),
    (14, "rollout", include_str!("../../migrations/controller-sqlite/0014_rollout.sql")),
    (15, "rollup", include_str!("../../migrations/controller-sqlite/0015_rollup.sql")),
    (16, "reports", include_str!("../../migrations/controller-sqlite/0016_reports.sql")),
    (17, "records", include_str!("../../migrations/controller-sqlite/0017_records.sql")),
    (18, "fleet", include_str!("../../migrations/controller-sqlite/0018_fleet.sql")),
    (19, "month_hidden", include_str!("../../migrations/controller-sqlite/0019_month_hidden.sql")),
    (21, "readdressed", include_str!("../../migrations/controller-sqlite/0021_readdressed.sql")),
    (22, "nat", include_str!("../../migrations/controller-sqlite/0022_nat.sql")),
];

pub(crate) const POSTGRES: Migrations = &[
    (1, "first", include_str!("../../migrations/controller-postgres/0001_first.sql")),
    (2, "unread", include_str!("../../migrations/controller-postgres/0002_unread.sql")),
    (3, "groups", include_str!("../../migrations/controller-postgres/0003_groups.sql")),
    (4, "filter", include_str!("../../migrations/controller-postgres/0004_filter.sql")),
    (5, "people", include_str!("../../migrations/controller-postgres/0005_people.sql")),
    (6, "vouchers", include_str!("../../migrations/controller-postgres/0006_vouchers.sql")),
    (7, "requests", include_str!("../../migrations/controller-postgres/0007_requests.sql")),
    (8, "network", include_str!("../../migrations/controller-postgres/0008_network.sql")),
    (9, "desk", include_str!("../../migrations/controller-postgres/0009_desk.sql")),
    (10, "pace", include_str!("../../migrations/controller-postgres/0010_pace.sql")),
    (11, "orders", include_str!("../../migrations/controller-postgres/0011_orders.sql")),
    (12, "terms", include_str!("../../migrations/controller-postgres/0012_terms.sql")),
    (13, "sop_desk", include_str!("../../migrations/controller-postgres/0013_sop_desk.sql")),
    (14, "rollout", include_str!("../../migrations/controller-postgres/0014_rollout.sql")),
    (15, "rollup", include_str!("../../migrations/controller-postgres/0015_rollup.sql")),
    (16, "reports", include_str!("../../migrations/controller-postgres/0016_reports.sql")),
    (17, "records", include_str!("../../migrations/controller-postgres/0017_records.sql")),
    (18, "fleet", include_str!("../../migrations/controller-postgres/0018_fleet.sql")),
    (19, "month_hidden", include_str!("../../migrations/controller-postgres/0019_month_hidden.sql")),
    (21, "readdressed", include_str!("../../migrations/controller-postgres/0021_readdressed.sql")),
    (22, "nat", include_str!("../../migrations/controller-postgres/0022_nat.sql")),
];

fn migrator(texts: Migrations, newest: i64) -> Migrator {
    let migration = |&(number, name, text): &(i64, &'static str, &'static str)| {
        Migration::new(number, name.into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    Migrator::with_migrations(texts.iter().filter(|text| text.0 <= newest).map(migration).collect())
}
