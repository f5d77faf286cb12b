//! How Gapura speaks to people: Bahasa Indonesia first, English second, times and amounts as CLDR id-ID writes them.
//!
//! [`Locale`] holds the messages of one room (Fluent files embedded in the binary), [`Words`] speaks them in one language, and
//! [`Say`] tells times, durations, bytes and speeds in a site's zone.
#![forbid(unsafe_code)]

mod lang;
mod say;
mod words;

pub use lang::{Lang, Text};
pub use say::Say;
pub use words::{Locale, Messages, SHARED, Value, Words, messages};
