//! All that is in the database, as tables of plain cells: read from one picture of either database, written into an empty one
//! of either kind.
//!
//! The texts of statements are made here, from the names that the database itself gives of its tables and columns: the only
//! place where that is so.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{BoxStream, StreamExt as _};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Row as _};

use crate::StoreError;
use crate::sql::Sql;
use crate::tx::{Tx, args, row};

/// A table and its columns, in the order of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    /// Whole numbers.
    Number,
    /// Text.
    Text,
    /// Octets.
    Octets,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// Octets, in hexadecimal digits.
    Octets {
        /// The digits.
        hex: String,
    },
}

/// Rows written with one statement.
const ROWS: usize = 100;

const SQLITE_COLUMNS: Sql = Sql {
    name: "columns of SQLite",
    text: "SELECT m.name AS in_table, c.name AS name, CASE c.type WHEN 'INTEGER' THEN 'bigint' WHEN 'BLOB' THEN 'bytea' \
           ELSE lower(c.type) END AS kind FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
           WHERE m.type = 'table' AND m.name NOT LIKE '\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid",
};
const POSTGRES_COLUMNS: Sql = Sql {
    name: "columns of PostgreSQL",
    text: "SELECT CAST(table_name AS TEXT) AS in_table, CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS kind \
           FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_%' \
           ORDER BY table_name, ordinal_position",
};
const SQLITE_REFERENCES: Sql = Sql {
    name: "references of SQLite",
    text: "SELECT m.name AS in_table, f.\"table\" AS refers FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f \
           WHERE m.type = 'table' ORDER BY 1, 2",
};
const POSTGRES_REFERENCES: Sql = Sql {
    name: "references of PostgreSQL",
    text: "SELECT CAST(t.relname AS TEXT) AS in_table, CAST(r.relname AS TEXT) AS refers FROM pg_constraint c \
           JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid \
           JOIN pg_namespace n ON n.oid = t.relnamespace \
           WHERE c.contype = 'f' AND n.nspname = current_schema() ORDER BY 1, 2",
};
const SCHEMA: Sql = Sql { name: "schema", text: "SELECT max(version) AS number FROM _sqlx_migrations" };

row! {
    /// A column as the catalogue names it.
    ColumnRow {
        in_table: String,
        name: String,
        kind: String,
    }
}

row! {
    /// A table that refers to another.
    ReferenceRow {
        in_table: String,
        refers: String,
    }
}

/// The cells of a row of either database.
macro_rules! cells {
    ($row:expr, $table:expr) => {{
        let cell = |(index, column): (usize, &Column)| {
            Ok::<_, sqlx::Error>(match column.kind {
                ColumnKind::Number => $row.try_get::<Option<i64>, _>(index)?.map_or(Cell::Null, Cell::Number),
                ColumnKind::Text => $row.try_get::<Option<String>, _>(index)?.map_or(Cell::Null, Cell::Text),
                ColumnKind::Octets => $row.try_get::<Option<Vec<u8>>, _>(index)?.map_or(Cell::Null, Cell::octets),
            })
        };
        $table.columns.iter().enumerate().map(cell).collect::<Result<Vec<Cell>, sqlx::Error>>()
    }};
}

/// A statement with the cells of all rows bound.
macro_rules! filled {
    ($query:expr, $table:expr, $rows:expr) => {{
        let mut query = $query;
        for row in $rows {
            for (column, cell) in $table.columns.iter().zip(row) {
                query = match column.kind {
                    ColumnKind::Number => query.bind(cell.number()),
                    ColumnKind::Text => query.bind(cell.text()),
                    ColumnKind::Octets => query.bind(cell.bytes()),
                };
            }
        }
        query
    }};
}

impl Tx {
    /// Every table, each behind those it refers to; by name where that leaves a choice.
    pub async fn tables(&mut self) -> Result<Vec<Table>, StoreError> {
        let (columns, references) = match self {
            Self::Sqlite(_) => (SQLITE_COLUMNS, SQLITE_REFERENCES),
            Self::Postgres(_) => (POSTGRES_COLUMNS, POSTGRES_REFERENCES),
        };
        let columns: Vec<ColumnRow> = self.rows(columns, args![]).await?;
        let references: Vec<ReferenceRow> = self.rows(references, args![]).await?;
        let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
        for row in columns {
            let kind = match row.kind.as_str() {
                "bigint" => ColumnKind::Number,
                "bytea" => ColumnKind::Octets,
                _ => ColumnKind::Text,
            };
            tables.entry(row.in_table).or_default().push(Column { name: row.name, kind });
        }
        let mut ordered = Vec::new();
        let mut placed = BTreeSet::new();
        while !tables.is_empty() {
            let ready = tables.keys().find(|name| {
                let refers = references.iter().filter(|one| one.in_table == **name && one.refers != **name);
                refers.map(|one| &one.refers).all(|other| placed.contains(other))
            });
            // A ring of references would leave none; then by name, and the database has its say.
            let Some(name) = ready.or_else(|| tables.keys().next()).cloned() else { break };
            if let Some(columns) = tables.remove(&name) {
                placed.insert(name.clone());
                ordered.push(Table { name, columns });
            }
        }
        Ok(ordered)
    }

    /// The number of the newest migration.
    pub async fn schema(&mut self) -> Result<i64, StoreError> {
        self.number(SCHEMA, args![]).await
    }

    /// Every row of a table, as this transaction sees it.
    pub fn pour<'a>(&'a mut self, table: &'a Table) -> BoxStream<'a, Result<Vec<Cell>, StoreError>> {
        let names: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
        let text = AssertSqlSafe(format!("SELECT {} FROM {}", names.join(", "), quoted(&table.name)));
        let failed = |source| StoreError::Statement { statement: "all of a table", source };
        match self {
            Self::Sqlite(tx) => sqlx::query(text)
                .fetch(&mut **tx)
                .map(move |row| row.and_then(|row| cells!(row, table)).map_err(failed))
                .boxed(),
            Self::Postgres(tx) => sqlx::query(text)
                .fetch(&mut **tx)
                .map(move |row| row.and_then(|row| cells!(row, table)).map_err(failed))
                .boxed(),
        }
    }

    /// Removes every row of a table.
    pub async fn empty(&mut self, table: &Table) -> Result<(), StoreError> {
        let text = AssertSqlSafe(format!("DELETE FROM {}", quoted(&table.name)));
        match self {
            Self::Sqlite(tx) => sqlx::query(text).execute(&mut **tx).await.map(drop),
            Self::Postgres(tx) => sqlx::query(text).execute(&mut **tx).await.map(drop),
        }
        .map_err(|source| StoreError::Statement { statement: "empty a table", source })
    }

    /// Writes rows into a table; each has a cell for every column.
    pub async fn fill(&mut self, table: &Table, rows: &[Vec<Cell>]) -> Result<(), StoreError> {
        if let Some(at) = table.columns.iter().position(|column| column.name == "started") {
            let starts: Vec<i64> = rows.iter().filter_map(|row| row.get(at)?.number()).collect();
            self.make_months_of(&table.name, &starts).await?;
        }
        for rows in rows.chunks(ROWS) {
            let text = AssertSqlSafe(insert(table, rows.len()));
            match self {
                Self::Sqlite(tx) => filled!(sqlx::query(text), table, rows).execute(&mut **tx).await.map(drop),
                Self::Postgres(tx) => filled!(sqlx::query(text), table, rows).execute(&mut **tx).await.map(drop),
            }
            .map_err(|source| StoreError::Statement { statement: "fill a table", source })?;
        }
        Ok(())
    }
}

fn insert(table: &Table, rows: usize) -> String {
    let names: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let width = names.len();
    let places = (0..rows).map(|row| {
        let numbers = (1..=width).map(|column| format!("${}", row * width + column));
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
    });
    let places = places.collect::<Vec<_>>().join(", ");
    format!("INSERT INTO {} ({}) VALUES {places}", quoted(&table.name), names.join(", "))
}

/// A name as both databases quote it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Cell {
    fn octets(octets: Vec<u8>) -> Self {
        use std::fmt::Write as _;
        let mut hex = String::with_capacity(octets.len() * 2);
        for octet in octets {
            let _ = write!(hex, "{octet:02x}");
        }
        Self::Octets { hex }
    }

    fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Null | Self::Text(_) | Self::Octets { .. } => None,
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Null | Self::Number(_) | Self::Octets { .. } => None,
        }
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let Self::Octets { hex } = self else { return None };
        let digits = hex.as_bytes().chunks_exact(2);
        digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
    }

    /// Whether a column of this kind can hold it.
    pub fn fits(&self, kind: ColumnKind) -> bool {
        match (self, kind) {
            (Self::Null, _) | (Self::Number(_), ColumnKind::Number) | (Self::Text(_), ColumnKind::Text) => true,
            (Self::Octets { hex }, ColumnKind::Octets) => {
                hex.len().is_multiple_of(2) && hex.bytes().all(|digit| digit.is_ascii_hexdigit())
            }
            (Self::Number(_) | Self::Text(_) | Self::Octets { .. }, _) => false,
        }
    }
}
