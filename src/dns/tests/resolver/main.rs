//! The resolver at its public edge: real sockets on loopback, upstreams good and bad, other people's programs.
#![cfg(test)]

mod filter;
mod forward;
mod hostile;
mod https;
mod office;
mod privacy;
mod programs;
mod secure;
mod sockets;
mod stale;
mod support;
mod tls;
mod unbound;
mod upstreams;
mod zones;
