//! Every limit of the listener, in one place.

use std::time::Duration;

/// What one visitor, and all of them together, may ask of the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once, all visitors together. One more is told 503 and closed.
    pub connections: usize,
    /// Connections open at once from one address. One more is told 503 and closed.
    pub connections_per_peer: usize,
    /// A request's head has to be there this long after connecting, or after the previous answer.
    pub head_timeout: Duration,
    /// The same while three quarters of `connections` are in use.
    pub head_timeout_busy: Duration,
    /// A request's line and headers, in bytes; at least 8192.
    pub head_bytes: usize,
    /// Pieces (TCP segments, roughly) in which a head may arrive: each costs a look at all before it.
    pub head_pieces: u32,
    /// Headers in a request.
    pub headers: usize,
    /// A form, in bytes.
    pub body_bytes: usize,
    /// Fields in a form or a query.
    pub fields: usize,
    /// A form has to be there this long after its head; an answer has to be written within it too.
    pub body_timeout: Duration,
    /// Requests on one connection.
    pub requests_per_connection: u32,
    /// A connection lives this long at most.
    pub connection_lifetime: Duration,
    /// A TLS handshake is done within this.
    pub handshake_timeout: Duration,
    /// Forms that wait for the gate at once, all visitors together. One more is told 503.
    pub forms_in_flight: usize,
    /// The gate has to answer a form within this (a password hash waits its turn).
    pub gate_timeout: Duration,
    /// Appeals against blocked names: a person reads each of them.
    pub appeals: Rate,
    /// Requests for help: a person reads each of them.
    pub requests: Rate,
    /// Look-ups of appeals and requests by their number: few, so that numbers cannot be guessed.
    pub look_ups: Rate,
    /// How often certificate files are looked at.
    pub certificate_check: Duration,
    /// What the kernel queues before the portal accepts.
    pub backlog: u32,
}

/// So many in any span of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// For one device.
    pub per_device: usize,
    /// For all devices of the site together.
    pub per_site: usize,
    /// The span.
    pub window: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_peer: 32,
            head_timeout: Duration::from_secs(5),
            head_timeout_busy: Duration::from_secs(1),
            head_bytes: 16 * 1024,
            head_pieces: 64,
            headers: 64,
            body_bytes: 8 * 1024,
            fields: 16,
            body_timeout: Duration::from_secs(10),
            requests_per_connection: 64,
            connection_lifetime: Duration::from_mins(2),
            handshake_timeout: Duration::from_secs(5),
            forms_in_flight: 256,
            gate_timeout: Duration::from_secs(20),
            appeals: Rate { per_device: 3, per_site: 60, window: Duration::from_hours(1) },
            requests: Rate { per_device: 3, per_site: 60, window: Duration::from_hours(1) },
            look_ups: Rate { per_device: 30, per_site: 1000, window: Duration::from_mins(10) },
            certificate_check: Duration::from_secs(5),
            backlog: 1024,
        }
    }
}
