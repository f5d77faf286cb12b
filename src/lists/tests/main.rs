//! Lists and indexes at the public edge of the crate.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what is not as a test says ends it; clippy knows the functions marked as tests, not their helpers"
)]

mod archive;
mod delta;
mod guard;
mod house;
mod index;
mod parse;
