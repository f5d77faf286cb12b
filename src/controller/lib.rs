//! The controller: one for a department. It holds sites, plans, vouchers and accounts, takes routers into the fleet, publishes
//! each site's signed bundle, and keeps the usage log of every gateway exactly once.
//!
//! [`serve`] runs the gateways' API; [`commands`] is the command line, which works on the same database, also while a server
//! runs. Both go through [`Office`], where every change is checked, audited and published in one transaction.
#![forbid(unsafe_code)]

mod api;
pub mod commands;
mod config;
mod document;
mod fleet;
mod keys;
mod lending;
mod office;
mod opening;
mod serve;
mod tls;

pub use config::{Config, load as load_config};
pub use document::{PlanFile, SiteDocument, TermsDocument};
pub use fleet::{CertificateError, Issued};
pub use gapura_store::{PrivacyColumn, privacy_columns};
pub use keys::{Keys, KeysError};
pub use office::{
    AccountOrder, Actor, CodeMade, Group, Office, OfficeError, Pending, Place, Published, Usage, VoucherOrder,
    VouchersMade,
};
pub use opening::{OpenError, migrate};
pub use serve::{ServeError, Serving, serve};
pub use tls::TlsError;

#[cfg(test)]
mod tests;
