//! One transaction on either database. The only place that tells the two apart at run time.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Postgres, Sqlite};

use crate::StoreError;
use crate::sql::Sql;
use crate::timed::Timed;

/// A transaction; dropped without [`Tx::commit`], it never happened.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Timed<Sqlite>),
    /// On PostgreSQL.
    Postgres(Timed<Postgres>),
}

/// A value for a placeholder.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! arg_from {
    ($($from:ty => |$value:ident| $arg:expr;)*) => {
        $(impl From<$from> for Arg {
            fn from($value: $from) -> Self {
                $arg
            }
        })*
    };
}

arg_from! {
    i64 => |value| Self::Int(Some(value));
    Option<i64> => |value| Self::Int(value);
    bool => |value| Self::Int(Some(i64::from(value)));
    &str => |value| Self::Text(Some(value.to_owned()));
    String => |value| Self::Text(Some(value));
    &String => |value| Self::Text(Some(value.clone()));
    Option<String> => |value| Self::Text(value);
    &Option<String> => |value| Self::Text(value.clone());
    Option<&str> => |value| Self::Text(value.map(str::to_owned));
    &Option<Vec<u8>> => |value| Self::Bytes(value.clone());
    &[u8] => |value| Self::Bytes(Some(value.to_owned()));
    &[u8; 32] => |value| Self::Bytes(Some(value.to_vec()));
    &Vec<u8> => |value| Self::Bytes(Some(value.clone()));
}

/// The values of a statement, in the order of its placeholders.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::tx::Arg::from($value)),*] };
}
pub(crate) use args;

/// A row with named columns: the struct, and how it is read from either database.
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis $name:ident { $($(#[$field_meta:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        $vis struct $name {
            $($(#[$field_meta])* pub $field: $kind,)*
        }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($kind: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)*
        {
            fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: row.try_get(stringify!($field))?,)* })
            }
        }
    };
}
pub(crate) use row;

/// A row that can be read from either database.
pub(crate) trait Row: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}

impl<T: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>> Row for T {}

row! {
    /// A single number.
    pub(crate) Number {
        /// The number.
        number: i64,
    }
}

/// `query` with all values bound.
macro_rules! bound {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                Arg::Int(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
                Arg::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Tx {
    /// Keeps what was changed.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(|source| StoreError::Transaction { step: "commit", source })
    }

    /// Runs a statement; the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: Sql, args: Vec<Arg>) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(tx) => {
                bound!(sqlx::query(sql.text), args).execute(&mut **tx).await.map(|done| done.rows_affected())
            }
            Self::Postgres(tx) => {
                bound!(sqlx::query(sql.text), args).execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        }
        .map_err(|source| StoreError::Statement { statement: sql.name, source })
    }

    /// Runs a statement whose one row of values stands for `rows` rows.
    pub(crate) async fn execute_many(&mut self, sql: Sql, rows: usize, args: Vec<Arg>) -> Result<u64, StoreError> {
        let Some(text) = crate::bulk::repeated(sql.text, rows) else {
            return self.execute(sql, args).await;
        };
        // Made of our own text and numbers only.
        let text = sqlx::AssertSqlSafe(text);
        match self {
            Self::Sqlite(tx) => {
                bound!(sqlx::query(text), args).execute(&mut **tx).await.map(|done| done.rows_affected())
            }
            Self::Postgres(tx) => {
                bound!(sqlx::query(text), args).execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        }
        .map_err(|source| StoreError::Statement { statement: sql.name, source })
    }

    /// All rows, of a statement with its row of values written `rows` times.
    pub(crate) async fn rows_of_many<T: Row>(
        &mut self,
        sql: Sql,
        rows: usize,
        args: Vec<Arg>,
    ) -> Result<Vec<T>, StoreError> {
        let Some(text) = crate::bulk::repeated(sql.text, rows) else {
            return self.rows(sql, args).await;
        };
        // Made of our own text and numbers only.
        let text = sqlx::AssertSqlSafe(text);
        match self {
            Self::Sqlite(tx) => bound!(sqlx::query_as(text), args).fetch_all(&mut **tx).await,
            Self::Postgres(tx) => bound!(sqlx::query_as(text), args).fetch_all(&mut **tx).await,
        }
        .map_err(|source| StoreError::Statement { statement: sql.name, source })
    }

    /// All rows.
    pub(crate) async fn rows<T: Row>(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Vec<T>, StoreError> {
        match self {
            Self::Sqlite(tx) => bound!(sqlx::query_as(sql.text), args).fetch_all(&mut **tx).await,
            Self::Postgres(tx) => bound!(sqlx::query_as(sql.text), args).fetch_all(&mut **tx).await,
        }
        .map_err(|source| StoreError::Statement { statement: sql.name, source })
    }

    /// The row, if there is one.
    pub(crate) async fn row<T: Row>(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// The number a statement gives; 0 for none.
    pub(crate) async fn number(&mut self, sql: Sql, args: Vec<Arg>) -> Result<i64, StoreError> {
        Ok(self.row::<Number>(sql, args).await?.map_or(0, |row| row.number))
    }
}
