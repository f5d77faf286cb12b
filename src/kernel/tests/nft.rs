//! The gate against the real kernel with real packets, in network namespaces named `kg-...`. Runs as root and inside
//! `unshare -Urnm`.
#![expect(clippy::unwrap_used, reason = "a helper that cannot do its part must stop the test")]
#![expect(clippy::panic, reason = "a helper that cannot do its part must stop the test")]
#![expect(clippy::print_stdout, reason = "what was measured is worth reading")]

#[path = "nft/faults.rs"]
mod faults;
#[path = "nft/filter.rs"]
mod filter;
#[path = "nft/gate.rs"]
mod gate;
#[path = "nft/lab.rs"]
mod lab;
#[path = "nft/policy.rs"]
mod policy;
#[path = "nft/port_blocks.rs"]
mod port_blocks;
#[path = "nft/scale.rs"]
mod scale;
#[path = "nft/visits.rs"]
mod visits;
