//! gapura-runtime
