//! What the database does at best: rows in, nothing asked.

use std::str::FromStr as _;

use gapura_controller::VisitRow;
use gapura_lab::LabError;
use gapura_lab::clock::Stopwatch;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};

use super::batches::Batch;
use crate::BenchError;

const COLUMNS: usize = 20;

/// A connection of its own.
pub(super) struct Bare {
    to: Kind,
    rows: usize,
}

enum Kind {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// `query` with a visit's values bound.
macro_rules! bound {
    ($query:expr, $row:expr) => {{
        let row: &VisitRow = $row;
        $query
            .bind(&row.site)
            .bind(&row.visit)
            .bind(&row.gateway)
            .bind(row.revision)
            .bind(&row.device)
            .bind(row.device_local)
            .bind(&row.holder)
            .bind(&row.way)
            .bind(&row.terms)
            .bind(&row.terms_sha256)
            .bind(&row.plan)
            .bind(row.generation)
            .bind(row.started)
            .bind(&row.clock)
            .bind(row.told)
            .bind(row.bytes_up)
            .bind(row.bytes_down)
            .bind(row.seconds)
            .bind(row.ended)
            .bind(&row.cause)
    }};
}

impl Bare {
    /// With the durability of the controller's own.
    pub(super) async fn open(database: &str) -> Result<Self, BenchError> {
        let to = if database.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(database).map_err(failed)?;
            let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
            Kind::Sqlite(options.disable_statement_logging().connect().await.map_err(failed)?)
        } else {
            let options = PgConnectOptions::from_str(database).map_err(failed)?;
            Kind::Postgres(options.disable_statement_logging().connect().await.map_err(failed)?)
        };
        Ok(Self { to, rows: 0 })
    }

    /// Inserts the rows of each batch in one statement and one commit; rows a second.
    pub(super) async fn insert(&mut self, all: &[Vec<Batch>]) -> Result<f64, BenchError> {
        let rows: usize = all.iter().flatten().map(|batch| batch.rows.len()).sum();
        let watch = Stopwatch::start();
        for batch in all.iter().flatten() {
            self.batch(&batch.rows).await.map_err(failed)?;
        }
        let took = watch.elapsed();
        self.rows += rows;
        Ok(rows as f64 / took.as_secs_f64())
    }

    async fn batch(&mut self, rows: &[VisitRow]) -> Result<(), sqlx::Error> {
        match &mut self.to {
            Kind::Sqlite(connection) => {
                // It takes numbers for names, and looks for each among all.
                let text = AssertSqlSafe(statement(rows.len(), |_| "?".to_owned()));
                let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
                let query = rows.iter().fold(sqlx::query(text), |query, row| bound!(query, row));
                query.execute(&mut *tx).await?;
                tx.commit().await
            }
            Kind::Postgres(connection) => {
                let text = AssertSqlSafe(statement(rows.len(), |number| format!("${number}")));
                let mut tx = connection.begin().await?;
                let query = rows.iter().fold(sqlx::query(text), |query, row| bound!(query, row));
                query.execute(&mut *tx).await?;
                tx.commit().await
            }
        }
    }

    /// How many rows it inserted.
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    pub(super) async fn close(self) {
        // Nothing is left to be lost.
        let _ = match self.to {
            Kind::Sqlite(connection) => connection.close().await,
            Kind::Postgres(connection) => connection.close().await,
        };
    }
}

/// `INSERT` of so many rows, with the placeholders of the database.
fn statement(rows: usize, placeholder: impl Fn(usize) -> String) -> String {
    let row = |row: usize| {
        let values: Vec<String> = (1..=COLUMNS).map(|column| placeholder(row * COLUMNS + column)).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!(
        "INSERT INTO visit (site, visit, gateway, revision, device, device_local, holder, way, terms, terms_sha256, plan, \
         generation, started, clock, told, bytes_up, bytes_down, seconds, ended, cause) VALUES {}",
        rows.join(", ")
    )
}

fn failed(error: sqlx::Error) -> BenchError {
    LabError::answer("the bare insert", gapura_model::with_causes(&error)).into()
}
