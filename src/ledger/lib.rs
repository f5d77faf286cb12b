//! The gateway's memory: one SQLite file with visits, balances, redemptions and the outbox to the controller.
//!
//! Used synchronously, from the one thread that owns the gate. Everything decided together is committed together
//! ([`Ledger::commit`]): in a durable commit the disk has it before the call returns, otherwise it survives the death of
//! this program and may lose the last seconds to a power cut. A file that cannot be trusted is set aside and a new one
//! begun; visitors online do not notice.
#![forbid(unsafe_code)]

mod desk;
mod entry;
mod error;
mod ledger;
mod outbox;
mod privacy;
mod row;
mod schema;
mod snapshot;
mod sql;

pub use entry::{AuditEvent, Entry, Place, Verifier, settings};
pub use error::LedgerError;
pub use ledger::{Ledger, Opened, Options, Writes};
pub use outbox::OutboxItem;
pub use privacy::{Holds, PrivacyColumn, privacy_columns};
pub use snapshot::Restart;

#[cfg(test)]
mod tests;
