//! One transaction on either database. The only place that tells the two apart at run time.

use std::borrow::Cow;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, Postgres, Sqlite};

use crate::StoreError;
use crate::bulk::{gathered, repeated};
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
pub(crate) enum Arg<'a> {
    Int(Option<i64>),
    Text(Option<Cow<'a, str>>),
    Bytes(Option<Cow<'a, [u8]>>),
}

macro_rules! arg_from {
    ($($from:ty => |$value:ident| $arg:expr;)*) => {
        $(impl<'a> From<$from> for Arg<'a> {
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
    &'a str => |value| Self::Text(Some(value.into()));
    String => |value| Self::Text(Some(value.into()));
    &'a String => |value| Self::Text(Some(value.into()));
    Option<String> => |value| Self::Text(value.map(Cow::from));
    &'a Option<String> => |value| Self::Text(value.as_deref().map(Cow::from));
    Option<&'a str> => |value| Self::Text(value.map(Cow::from));
    &'a Option<Vec<u8>> => |value| Self::Bytes(value.as_deref().map(Cow::from));
    &'a [u8] => |value| Self::Bytes(Some(value.into()));
    Option<&'a [u8]> => |value| Self::Bytes(value.map(Cow::from));
    &'a [u8; 32] => |value| Self::Bytes(Some(value.as_slice().into()));
    &'a Vec<u8> => |value| Self::Bytes(Some(value.into()));
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
                Arg::Text(value) => query.bind(value.map(std::sync::Arc::<str>::from)),
                Arg::Bytes(value) => query.bind(value.map(std::sync::Arc::<[u8]>::from)),
            };
        }
        query
    }};
}
pub(crate) use bound;

/// A column of many rows.
enum Column<'a> {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<Cow<'a, str>>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

/// `query` with all columns bound.
macro_rules! bound_columns {
    ($query:expr, $columns:expr) => {{
        let mut query = $query;
        for column in $columns {
            query = match column {
                Column::Int(values) => query.bind(values),
                Column::Text(values) => query.bind(values),
                Column::Bytes(values) => query.bind(values),
            };
        }
        query
    }};
}

/// A statement over arrays, and the values of all rows as such.
fn gathered_of<'a>(sql: Sql, rows: usize, args: Vec<Arg<'a>>) -> Result<(String, Vec<Column<'a>>), sqlx::Error> {
    let unlike = || sqlx::Error::Protocol(format!("the rows of \"{}\" are not alike", sql.name));
    let width = args.len().checked_div(rows).filter(|width| *width > 0).ok_or_else(unlike)?;
    let mut columns: Vec<Column<'a>> = args.iter().take(width).map(|arg| arg.column(rows)).collect();
    for (index, arg) in args.into_iter().enumerate() {
        match (columns.get_mut(index % width), arg) {
            (Some(Column::Int(values)), Arg::Int(value)) => values.push(value),
            (Some(Column::Text(values)), Arg::Text(value)) => values.push(value),
            (Some(Column::Bytes(values)), Arg::Bytes(value)) => values.push(value.map(Cow::into_owned)),
            (Some(Column::Int(_) | Column::Text(_) | Column::Bytes(_)) | None, _) => return Err(unlike()),
        }
    }
    let kinds: Vec<&str> = columns.iter().map(Column::kind).collect();
    let text = gathered(sql.text, &kinds).ok_or_else(unlike)?;
    Ok((text, columns))
}

impl<'a> Arg<'a> {
    fn column(&self, rows: usize) -> Column<'a> {
        match self {
            Self::Int(_) => Column::Int(Vec::with_capacity(rows)),
            Self::Text(_) => Column::Text(Vec::with_capacity(rows)),
            Self::Bytes(_) => Column::Bytes(Vec::with_capacity(rows)),
        }
    }
}

impl Column<'_> {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Int(_) => "bigint",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytea",
        }
    }
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

    /// Whether usage is kept by month, each in a table of its own.
    pub(crate) const fn by_month(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Runs a statement; the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: Sql, args: Vec<Arg<'_>>) -> Result<u64, StoreError> {
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
    pub(crate) async fn execute_many(&mut self, sql: Sql, rows: usize, args: Vec<Arg<'_>>) -> Result<u64, StoreError> {
        // Texts are made of our own text and numbers only.
        match self {
            Self::Sqlite(tx) => {
                let text = repeated(sql.text, rows).unwrap_or_else(|| sql.text.to_owned());
                let query = bound!(sqlx::query(AssertSqlSafe(text)), args);
                query.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
            Self::Postgres(tx) => match gathered_of(sql, rows, args) {
                Ok((text, columns)) => {
                    let query = bound_columns!(sqlx::query(AssertSqlSafe(text)), columns);
                    query.execute(&mut **tx).await.map(|done| done.rows_affected())
                }
                Err(error) => Err(error),
            },
        }
        .map_err(|source| StoreError::Statement { statement: sql.name, source })
    }

    /// All rows, of a statement with its row of values written `rows` times.
    pub(crate) async fn rows_of_many<T: Row>(
        &mut self,
        sql: Sql,
        rows: usize,
        args: Vec<Arg<'_>>,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            Self::Sqlite(tx) => {
                let text = repeated(sql.text, rows).unwrap_or_else(|| sql.text.to_owned());
                bound!(sqlx::query_as(AssertSqlSafe(text)), args).fetch_all(&mut **tx).await
            }
            Self::Postgres(tx) => match gathered_of(sql, rows, args) {
                Ok((text, columns)) => {
                    bound_columns!(sqlx::query_as(AssertSqlSafe(text)), columns).fetch_all(&mut **tx).await
                }
                Err(error) => Err(error),
            },
        }
        .map_err(|source| StoreError::Statement { statement: sql.name, source })
    }

    /// All rows.
    pub(crate) async fn rows<T: Row>(&mut self, sql: Sql, args: Vec<Arg<'_>>) -> Result<Vec<T>, StoreError> {
        match self {
            Self::Sqlite(tx) => bound!(sqlx::query_as(sql.text), args).fetch_all(&mut **tx).await,
            Self::Postgres(tx) => bound!(sqlx::query_as(sql.text), args).fetch_all(&mut **tx).await,
        }
        .map_err(|source| StoreError::Statement { statement: sql.name, source })
    }

    /// The row, if there is one.
    pub(crate) async fn row<T: Row>(&mut self, sql: Sql, args: Vec<Arg<'_>>) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// The number a statement gives; 0 for none.
    pub(crate) async fn number(&mut self, sql: Sql, args: Vec<Arg<'_>>) -> Result<i64, StoreError> {
        Ok(self.row::<Number>(sql, args).await?.map_or(0, |row| row.number))
    }
}
