//! gapura-lab
