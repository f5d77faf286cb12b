//! Building a text piece by piece.

use std::fmt::{Arguments, Write as _};

/// Appends to `text`; writing to a String cannot fail.
pub(crate) fn put(text: &mut String, piece: Arguments<'_>) {
    let _ = text.write_fmt(piece);
}
