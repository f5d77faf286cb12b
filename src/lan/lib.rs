//! gapura-lan
