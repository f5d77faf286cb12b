//! gapura-session
