//! The gate's thread: the one place where visits are decided, written down and told to the kernel.
//!
//! Commands wait in a bounded queue. The thread drains all that wait, lets the engine decide, commits what must be kept in
//! one transaction (group commit), tells the kernel in one batch, then answers everybody. Nobody is told "online" before
//! the kernel agreed.

mod apply;
mod bundle;
mod class;
mod desk;
mod door;
mod figures;
mod filter;
mod handle;
mod holders;
mod memory;
mod nat;
mod notice;
mod online;
mod order;
mod rebuild;
mod report;
mod run;
mod shaping;
mod share;
mod staff;
mod start;
mod tally;
mod view;

pub(crate) use figures::Figures;
pub(crate) use handle::{Command, Credential, Entry, Handle};
pub(crate) use memory::last_time_on_disk;
pub(crate) use run::{OnAddresses, OnPolicy};
pub(crate) use start::{Setup, kernel_config, start};
