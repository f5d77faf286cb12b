//! The front door: parse, dispatch, exit code.
fn main() {}
