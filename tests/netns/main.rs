//! The fault table of the gateway, line by line, with real packets: a real daemon in network namespaces, real DHCP clients,
//! IPv4 and IPv6. Each line fails without the code it is about.
//!
//! Run as root, or inside `unshare --user --map-root-user --net --mount`: namespaces have to be made. Nothing of the
//! machine itself is touched.
#![deny(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and helpers of tests")]
#![expect(clippy::indexing_slicing, reason = "JSON is looked into by key, where a missing key is null")]

mod addresses;
mod clock;
mod deadlines;
mod emergency;
mod filter;
mod flows;
mod garden;
mod hostile;
mod ipv6;
mod killed;
mod marks;
mod older;
mod plans;
mod privilege;
#[path = "../support/provider.rs"]
mod provider;
mod raw;
mod repair;
mod secure_portal;
#[path = "../support/sop.rs"]
mod sop;
mod staff;
mod stand;
mod storage;
mod theft;
mod uplink;
mod uplink_set;
