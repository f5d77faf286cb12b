//! What can go wrong with the database.

/// The database could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is neither SQLite's nor PostgreSQL's.
    #[error(
        "\"{0}\" is not a database: write \"sqlite:/var/lib/gapura/controller.db\" or \"postgres://user@host/name\""
    )]
    Address(String),
    /// It could not be opened.
    #[error("cannot open the database {database}: is the directory writable, does the server run?")]
    Open {
        /// Which, without passwords.
        database: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Its tables could not be brought up to date.
    #[error("cannot bring the tables up to date: was the database written by a newer version?")]
    Migrate(#[source] Box<sqlx::migrate::MigrateError>),
    /// Its tables are newer than this version.
    #[error("its tables have number {schema}, and this version knows them up to {known}: install a newer one")]
    Newer {
        /// Their number.
        schema: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// A statement failed.
    #[error("the database refused \"{statement}\"")]
    Statement {
        /// The file in `sql/`.
        statement: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A transaction could not begin or end.
    #[error("the database could not {step} a transaction")]
    Transaction {
        /// Which step.
        step: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// What was to be stored in one transaction with others' was not: one of the others says why.
    #[error("the database did not take what was to be stored together with this")]
    Together,
}

impl StoreError {
    /// A row with this key is there already.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Statement { source: sqlx::Error::Database(error), .. } if error.is_unique_violation())
    }

    /// A row that this one speaks of is not there.
    pub fn is_dangling(&self) -> bool {
        matches!(self, Self::Statement { source: sqlx::Error::Database(error), .. } if error.is_foreign_key_violation())
    }
}
