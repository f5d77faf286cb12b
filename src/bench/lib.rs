//! `gapura bench`: what the house promises, measured beside its peer or its limit in the same run.
//!
//! Rounds of both sides are interleaved, so that a busy machine slows both; a ratio is the median of the pairs' ratios.
//! All traffic stays inside network namespaces that the bench makes and deletes; every loop is bounded in count and time.
//!
//! What is deliberately absent: figures carried over from an earlier run, and settings for one side only.
#![deny(unsafe_code)]

mod cli;
mod client;
mod console;
mod cpu;
mod dns;
mod error;
mod fleet;
mod forward;
mod home;
mod ingest;
mod login;
mod memory;
mod policy;
mod portal;
mod postgres;
mod quota;
mod raw;
mod report;
mod site;
mod stats;

pub use cli::BenchArgs;
pub use error::BenchError;
pub use report::{Line, Metric, Report};
