//! Settings of the resolver; every limit has a name.

use std::net::SocketAddr;
use std::time::Duration;

use gapura_model::Name;
use thiserror::Error;

use crate::server::{Forward, Upstream};
use crate::upstream::Authorities;

/// Smallest UDP message size every client takes, octets (RFC 1035 section 4.2.1).
pub(crate) const PLAIN_UDP: u16 = 512;

/// What the resolver asks, keeps and allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Servers to forward to, preferred first.
    pub upstreams: Vec<Upstream>,
    /// Zones with servers of their own; the longest zone that holds a name wins.
    pub forwards: Vec<Forward>,
    /// Who may vouch for the names of encrypted servers.
    pub authorities: Authorities,
    /// How long it waits for what.
    pub patience: Patience,
    /// What the cache may hold, and for how long.
    pub memory: Memory,
    /// What clients may take.
    pub limits: Limits,
}

/// Waiting times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// After this long without an answer the next upstream is asked too; the first may still win. 700 ms.
    pub next_upstream: Duration,
    /// After this long without an answer the client gets SERVFAIL. 2.4 s.
    pub answer: Duration,
    /// After this long an answer that has expired is given, if there is one (RFC 8767 section 5). 1.8 s.
    pub stale: Duration,
    /// An upstream that failed three times in a row is asked last for this long. 5 s.
    pub sick: Duration,
    /// The longest an answer waits for [`crate::Names::admit_garden`]. 200 ms.
    pub garden: Duration,
    /// A client's TCP connection closes after this long without a whole message (RFC 7766 section 6.2.3). 10 s.
    pub tcp_idle: Duration,
    /// A client that does not read its answers over TCP is cut off after this long. 5 s.
    pub tcp_write: Duration,
    /// An encrypted connection to an upstream that is not used is closed after this long (RFC 7766 section 6.2.3). 30 s.
    pub upstream_idle: Duration,
}

/// Size and ages of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Octets of all entries with their bookkeeping. 8 MiB.
    pub octets: usize,
    /// Number of entries. 20,000.
    pub entries: usize,
    /// Shorter TTLs are raised to this, seconds. 0.
    pub min_ttl: u32,
    /// Longer TTLs are cut to this, seconds. 86,400.
    pub max_ttl: u32,
    /// What does not exist is believed at most this long, seconds (RFC 2308 section 5). 900.
    pub max_negative_ttl: u32,
    /// Answers are kept this long past their life, for when no upstream gives a newer one, seconds (RFC 8767). 86,400.
    pub stale: u32,
    /// A failure is remembered this long, seconds (RFC 9520 section 3.2: 1 s to 5 min). 2.
    pub failure_ttl: u32,
}

/// Bounds on what clients can make the resolver hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Queries of one client address that wait for an answer at once. 64.
    pub client_in_flight: u32,
    /// Queries that wait at once in all. 2,048.
    pub in_flight: u32,
    /// Different questions put to the upstreams at once: sockets. 512.
    pub questions: u32,
    /// TCP connections at once. 256.
    pub tcp_connections: u32,
    /// TCP connections of one client address at once. 8.
    pub tcp_connections_per_client: u32,
    /// Queries one TCP connection may have waiting (RFC 7766 section 6.2.1.1). 16.
    pub tcp_pipeline: u32,
    /// Largest query taken over TCP, octets. 4,096.
    pub query_octets: u16,
    /// Largest UDP answer sent, octets, whatever the client offers (DNS flag day 2020). 1,232.
    pub udp_octets: u16,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            next_upstream: Duration::from_millis(700),
            answer: Duration::from_millis(2400),
            stale: Duration::from_millis(1800),
            sick: Duration::from_secs(5),
            garden: Duration::from_millis(200),
            tcp_idle: Duration::from_secs(10),
            tcp_write: Duration::from_secs(5),
            upstream_idle: Duration::from_secs(30),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            octets: 8 << 20,
            entries: 20_000,
            min_ttl: 0,
            max_ttl: 86_400,
            max_negative_ttl: 900,
            stale: 86_400,
            failure_ttl: 2,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            client_in_flight: 64,
            in_flight: 2048,
            questions: 512,
            tcp_connections: 256,
            tcp_connections_per_client: 8,
            tcp_pipeline: 16,
            query_octets: 4096,
            udp_octets: 1232,
        }
    }
}

/// A setting that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Nobody to forward to.
    #[error("no upstream is named; state at least one address of a DNS server")]
    NoUpstream,
    /// An upstream without a usable address.
    #[error("upstream {0} cannot be asked; state its own address and a port other than 0")]
    Upstream(SocketAddr),
    /// A zone without servers.
    #[error("zone {0} has no server; state at least one, or leave the zone out")]
    NoServer(Name),
    /// A zone twice.
    #[error("zone {0} stands twice; state all its servers in one place")]
    Twice(Name),
    /// Minimum and maximum are the wrong way round.
    #[error("cache: the least TTL ({least} s) is over the greatest ({greatest} s)")]
    Ttl {
        /// Configured minimum.
        least: u32,
        /// Configured maximum.
        greatest: u32,
    },
    /// A limit that would let nothing through.
    #[error("limit `{0}` is below its least useful value {1}")]
    Limit(&'static str, u32),
}

impl Config {
    /// Forwards to `upstreams` with every other setting at its default.
    pub fn forwarding_to(upstreams: impl IntoIterator<Item = impl Into<Upstream>>) -> Self {
        Self {
            upstreams: upstreams.into_iter().map(Into::into).collect(),
            forwards: Vec::new(),
            authorities: Authorities::default(),
            patience: Patience::default(),
            memory: Memory::default(),
            limits: Limits::default(),
        }
    }

    /// All that is wrong with these settings; empty where they can work.
    pub fn mistakes(&self) -> Vec<ConfigError> {
        let mut mistakes = of_upstreams(&self.upstreams);
        mistakes.extend(of_forwards(&self.forwards));
        let Memory { min_ttl: least, max_ttl: greatest, .. } = self.memory;
        if least > greatest {
            mistakes.push(ConfigError::Ttl { least, greatest });
        }
        let limits = &self.limits;
        for (name, value, least) in [
            ("client_in_flight", limits.client_in_flight, 1),
            ("in_flight", limits.in_flight, 1),
            ("questions", limits.questions, 1),
            ("tcp_connections", limits.tcp_connections, 1),
            ("tcp_connections_per_client", limits.tcp_connections_per_client, 1),
            ("tcp_pipeline", limits.tcp_pipeline, 1),
            ("query_octets", u32::from(limits.query_octets), u32::from(PLAIN_UDP)),
            ("udp_octets", u32::from(limits.udp_octets), u32::from(PLAIN_UDP)),
        ] {
            if value < least {
                mistakes.push(ConfigError::Limit(name, least));
            }
        }
        mistakes
    }
}

/// All that is wrong with the general servers.
pub(crate) fn of_upstreams(upstreams: &[Upstream]) -> Vec<ConfigError> {
    if upstreams.is_empty() { vec![ConfigError::NoUpstream] } else { of_addresses(upstreams) }
}

/// All that is wrong with zones and their servers.
pub(crate) fn of_forwards(forwards: &[Forward]) -> Vec<ConfigError> {
    let mut mistakes = Vec::new();
    for (index, Forward { zone, servers }) in forwards.iter().enumerate() {
        if servers.is_empty() {
            mistakes.push(ConfigError::NoServer(*zone));
        }
        if forwards.iter().take(index).any(|before| before.zone == *zone) {
            mistakes.push(ConfigError::Twice(*zone));
        }
        mistakes.extend(of_addresses(servers));
    }
    mistakes
}

fn of_addresses(upstreams: &[Upstream]) -> Vec<ConfigError> {
    let unusable =
        |address: &&SocketAddr| address.port() == 0 || address.ip().is_unspecified() || address.ip().is_multicast();
    let addresses = upstreams.iter().flat_map(Upstream::addresses);
    addresses.filter(unusable).map(|address| ConfigError::Upstream(*address)).collect()
}
