//! gapura-controller
