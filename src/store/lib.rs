//! gapura-store
