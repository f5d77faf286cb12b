//! Building a text piece by piece.

use std::error::Error;
use std::fmt::{Arguments, Write as _};

/// Appends to `text`; writing to a String cannot fail.
pub(crate) fn put(text: &mut String, piece: Arguments<'_>) {
    let _ = text.write_fmt(piece);
}

/// An error and what caused it, one after the other.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        put(&mut words, format_args!(": {cause}"));
        source = cause.source();
    }
    words
}
