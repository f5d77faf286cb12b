//! The controller's use-cases: every change is checked, audited and published in one transaction.

mod account;
pub(crate) mod enrol;
mod group;
mod publish;
mod share;
mod site;
mod usage;
mod voucher;

use std::sync::Arc;

use gapura_runtime::Clock;
use gapura_store::{AuditEntry, Store, StoreError, Tx};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::fleet::CertificateError;
use crate::keys::{Keys, KeysError};

pub use account::AccountOrder;
pub use enrol::{CodeMade, Pending};
pub use group::Group;
pub use publish::Published;
pub use usage::Usage;
pub use voucher::{Place, VoucherOrder, VouchersMade};

/// What the use-cases need: the database, the fleet's keys, a clock. Clones share them.
#[derive(Clone, Debug)]
pub struct Office {
    pub(crate) store: Store,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Password checks at once: each takes 19 MiB.
    hashing: Arc<Semaphore>,
    /// Password checks that wait or run.
    queued: Arc<Semaphore>,
}

/// Who changes something, and why; stands in the audit log.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who.
    pub name: String,
    /// Why; may be empty.
    pub reason: String,
}

/// A use-case could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Keys or randomness.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Nothing has this name.
    #[error("there is no {what} \"{name}\"")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Under which name.
        name: String,
    },
    /// What was written contradicts itself or what is there; all mistakes.
    #[error("{}", .0.join("\n"))]
    Mistakes(Vec<String>),
    /// It may not be done as things stand.
    #[error("{0}")]
    Refused(String),
    /// A row of the database is not what was once written to it.
    #[error("{what} in the database cannot be read: restore it from the backup")]
    Damaged {
        /// Which row.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something could not be written as JSON or signed.
    #[error("cannot write {0}")]
    Write(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A password could not be hashed.
    #[error("cannot hash a password: {0}")]
    Password(String),
}

impl OfficeError {
    fn damaged(what: impl Into<String>) -> impl FnOnce(BoxError) -> Self {
        move |source| Self::Damaged { what: what.into(), source }
    }

    fn not_found(what: &'static str, name: impl Into<String>) -> Self {
        Self::NotFound { what, name: name.into() }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reads a document that was checked when it was written.
fn read_json<T: serde::de::DeserializeOwned>(text: &str, what: impl Into<String>) -> Result<T, OfficeError> {
    serde_json::from_str(text).map_err(|error| OfficeError::damaged(what)(error.into()))
}

/// Writes a document.
fn write_json<T: serde::Serialize>(value: &T, what: &'static str) -> Result<String, OfficeError> {
    serde_json::to_string(value).map_err(|error| OfficeError::Write(what, error.into()))
}

impl Office {
    /// Over an open database and the fleet's keys.
    pub fn new(store: Store, keys: Arc<Keys>, clock: Arc<dyn Clock>) -> Self {
        Self { store, keys, clock, hashing: Arc::new(Semaphore::new(2)), queued: Arc::new(Semaphore::new(32)) }
    }

    /// The database, for questions that change nothing.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The fleet's keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().wall
    }

    /// Notes a change in the audit log, in the transaction of the change.
    async fn note(&self, tx: &mut Tx, who: &Actor, change: Change<'_>) -> Result<(), OfficeError> {
        let Change { action, object, before, after } = change;
        let entry = AuditEntry { actor: &who.name, action, object: &object, before, after, reason: &who.reason };
        Ok(tx.audit(entry, self.now()).await?)
    }
}

/// What changed.
struct Change<'a> {
    action: &'static str,
    object: String,
    before: &'a str,
    after: &'a str,
}
