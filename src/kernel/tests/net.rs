//! The network side against the real kernel, in network namespaces named `kn-...`. Runs as root and inside `unshare -Urnm`.
#![expect(clippy::unwrap_used, reason = "a helper that cannot do its part must stop the test")]
#![expect(clippy::panic, reason = "a helper that cannot do its part must stop the test")]
#![expect(clippy::print_stdout, reason = "what was measured is worth reading")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test waits for the changes it names")]

#[path = "net/flows.rs"]
mod flows;
#[path = "net/lab.rs"]
mod lab;
#[path = "net/links.rs"]
mod links;
#[path = "net/lock.rs"]
mod lock;
#[path = "net/neighbours.rs"]
mod neighbours;
#[path = "net/shaping.rs"]
mod shaping;
#[path = "net/tiers.rs"]
mod tiers;
#[path = "net/uplink.rs"]
mod uplink;
