//! Real ClientHellos, cut up in every way a network and a client can cut them.
#![cfg(test)]

mod browser;
mod quic;
mod support;
mod tls;

use std::time::Duration;

use gapura_inspect::{Asked, Finding, Hello};
use gapura_model::Uptime;

const NOW: Uptime = Uptime::new(Duration::from_secs(1_000));

/// The name that was found.
fn name_of(finding: &Finding) -> String {
    match finding {
        Finding::Hello(Hello { asked: Asked::Name(name), .. }) => name.to_string(),
        other @ (Finding::Hello(_) | Finding::Undecidable(_)) => panic!("no name: {other:?}"),
    }
}

/// Protocols with together about `octets` octets, so that a hello fills several packets.
fn many_protocols(octets: usize) -> Vec<Vec<u8>> {
    (0..octets / 101).map(|number| format!("{number:0100}").into_bytes()).collect()
}
