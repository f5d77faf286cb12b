//! The resolver at its public edge: real sockets on loopback, upstreams good and bad, other people's programs.
#![cfg(test)]

mod forward;
mod programs;
mod support;
mod upstreams;
