//! The `gapura` program as operators meet it: its help, its configuration, its units, how it talks to the service manager.
#![expect(clippy::unwrap_used, reason = "a helper that cannot do its part must stop the test")]
#![expect(clippy::panic, reason = "a helper that cannot do its part must stop the test")]
#![expect(clippy::indexing_slicing, reason = "a helper that cannot do its part must stop the test")]

mod daemon;
mod deploy;
mod doctor;
mod examples;
mod generator;
mod help;
mod office;
mod sandbox;
mod scratch;
