//! Filter lists: read in many formats, guarded against bad updates, and put into one mapped index that says which lists hold a name.
//!
//! A list holds a name and all names below it, unless its line says the name alone or what is below only; exceptions take a name (and
//! what is below it) out of their own list. What a list is for is none of this crate's business: that is said by SOP documents (`rules`).
//!
//! What is deliberately absent: fetching (the controller does that), keys and signatures (a closure verifies, another signs), and clocks.
#![deny(unsafe_code)]

mod archive;
mod build;
pub mod delta;
mod entry;
mod error;
mod file;
pub mod guard;
mod index;
mod names;
pub mod parse;
pub mod sample;
mod source;
mod varint;

pub use build::{Begun, Builder, Built, ListHead};
pub use entry::{Deed, Entry, Place, Reach, Target};
pub use error::{BuildError, Damaged, DeltaError, FORMAT, IndexError};
pub use index::{HashKey, Index, LONGEST_SIGNATURE, ListEntry, ListKind, MOST_NAMES};
pub use names::{Line, Names};
pub use parse::{Cause, Format, Holds, Reading, Stat};
pub use source::{Limits, load, load_member, unpack};
