//! Stories that visitors live through with a real browser: headless Chromium in a visitor's namespace, before a real gateway with a
//! real network behind it. Every page they meet is held to WCAG 2.2 AA; `make browser` leaves pictures in `target/screens`.
#![deny(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and helpers of tests")]
#![expect(clippy::indexing_slicing, reason = "JSON is looked into by key, where a missing key is null")]

mod account;
mod chromium;
mod console;
mod counter;
mod filter;
mod gallery;
mod looks;
mod people;
#[path = "../support/provider.rs"]
mod provider;
#[expect(dead_code, reason = "the netns tests' own as well")]
#[path = "../support/sop.rs"]
mod sop;
mod staff;
#[expect(dead_code, reason = "the netns tests' own, which ask for more")]
#[path = "../netns/stand.rs"]
mod stand;
mod visit;
mod voucher;
#[expect(dead_code, unreachable_pub, reason = "the fleet tests' own, which ask for more")]
#[path = "../fleet/world.rs"]
mod world;
