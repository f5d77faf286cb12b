//! gapura-gateway
