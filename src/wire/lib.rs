//! gapura-wire
