//! Opening either database and bringing its tables up to date.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlSafeStr as _};

use crate::{StoreError, Tx};

/// The controller's database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Store(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// One connection that writes, a few that read.
    Sqlite { write: SqlitePool, read: SqlitePool },
    /// One pool.
    Postgres(PgPool),
}

/// How long a statement waits for another process's transaction, and a caller for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Readers of SQLite at once, and connections to PostgreSQL.
const CONNECTIONS: u32 = 4;

/// "gapura" in ASCII: the advisory lock writers take turns on.
const WRITERS: i64 = 0x6761_7075_7261;

impl Store {
    /// Opens `sqlite:PATH` (made if it is not there) or `postgres://..`, and brings its tables up to date.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let store = if address.starts_with("sqlite:") {
            Self::open_sqlite(address).await?
        } else if address.starts_with("postgres:") || address.starts_with("postgresql:") {
            Self::open_postgres(address).await?
        } else {
            return Err(StoreError::Address(address.chars().take(80).collect()));
        };
        store.migrate().await?;
        Ok(store)
    }

    /// A look at the database as it stands.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        let failed = |source| StoreError::Transaction { step: "begin", source };
        match &self.0 {
            Kind::Sqlite { read, .. } => Ok(Tx::Sqlite(read.begin().await.map_err(failed)?)),
            Kind::Postgres(pool) => {
                let statement = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Ok(Tx::Postgres(pool.begin_with(statement).await.map_err(failed)?))
            }
        }
    }

    /// A change; waits for the writer before.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        let failed = |source| StoreError::Transaction { step: "begin", source };
        match &self.0 {
            Kind::Sqlite { write, .. } => Ok(Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?)),
            Kind::Postgres(pool) => {
                let mut tx = pool.begin().await.map_err(failed)?;
                let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(WRITERS);
                lock.execute(&mut *tx).await.map_err(failed)?;
                Ok(Tx::Postgres(tx))
            }
        }
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        match &self.0 {
            Kind::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Kind::Postgres(pool) => pool.close().await,
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
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS * 4).acquire_timeout(PATIENCE * 2);
        let pool = pool.connect_with(options.disable_statement_logging()).await;
        Ok(Self(Kind::Postgres(pool.map_err(|source| StoreError::Open { database, source })?)))
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Sqlite { write, .. } => migrator(SQLITE).run(write).await,
            Kind::Postgres(pool) => migrator(POSTGRES).run(pool).await,
        }
        .map_err(|error| StoreError::Migrate(Box::new(error)))
    }
}

/// Number, name and text of each migration; only ever appended to.
type Migrations = &'static [(i64, &'static str, &'static str)];

pub(crate) const SQLITE: Migrations = &[
    (1, "first", include_str!("../../migrations/controller-sqlite/0001_first.sql")),
    (2, "unread", include_str!("../../migrations/controller-sqlite/0002_unread.sql")),
    (3, "groups", include_str!("../../migrations/controller-sqlite/0003_groups.sql")),
];

pub(crate) const POSTGRES: Migrations = &[
    (1, "first", include_str!("../../migrations/controller-postgres/0001_first.sql")),
    (2, "unread", include_str!("../../migrations/controller-postgres/0002_unread.sql")),
    (3, "groups", include_str!("../../migrations/controller-postgres/0003_groups.sql")),
];

fn migrator(texts: Migrations) -> Migrator {
    let migration = |&(number, name, text): &(i64, &'static str, &'static str)| {
        Migration::new(number, name.into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    Migrator::with_migrations(texts.iter().map(migration).collect())
}
