//! The `gapura` program as operators meet it: its help, its configuration, its units, how it talks to the service manager.
#![expect(clippy::unwrap_used, reason = "a helper that cannot do its part must stop the test")]
#![expect(clippy::panic, reason = "a helper that cannot do its part must stop the test")]
#![expect(clippy::indexing_slicing, reason = "a helper that cannot do its part must stop the test")]

mod daemon;
mod deploy;
mod doctor;
mod examples;
mod generator;
mod glossary;
mod help;
mod lists;
mod lists_office;
mod office;
mod openapi;
mod recovery;
mod sandbox;
mod scratch;
mod sop;
mod sop_table;
