//! gapura-kernel
