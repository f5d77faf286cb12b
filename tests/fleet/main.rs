//! Gateway and controller together: real processes, real TLS, real visitors in namespaces of their own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside of test functions"
)]
#![expect(clippy::print_stdout, reason = "what was measured, for whoever runs the tests with --nocapture")]
#![expect(unreachable_pub, reason = "modules of one test binary")]

mod account;
mod desk;
mod emergency;
mod enrol;
mod filter;
mod group;
mod metrics;
mod nat;
mod openapi;
mod people;
mod postgres;
mod privacy;
mod publish;
mod renew;
mod replace;
mod request;
mod rollout;
mod shares;
mod usage;
mod voucher;
mod world;
