//! What the resolver has done since it started. Totals only: never a name, never a client.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

macro_rules! counters {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// Running totals, added to without locks; read them with [`Counters::read`].
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[$doc])* pub(crate) $field: Count,)*
        }

        /// The totals at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
        pub struct Figures {
            $($(#[$doc])* pub $field: u64,)*
        }

        impl Counters {
            /// The totals now. Fields are read one after the other, so that sums may be off by what happens meanwhile.
            pub fn read(&self) -> Figures {
                Figures { $($field: self.$field.get(),)* }
            }
        }
    };
}

counters! {
    /// Messages that arrived over UDP.
    udp_queries,
    /// Messages that arrived over TCP.
    tcp_queries,
    /// TCP connections accepted.
    tcp_connections,
    /// TCP connections turned away at a limit.
    tcp_refused,
    /// Answered with the gateway's own names.
    own,
    /// Answered from the cache.
    cached,
    /// Refused by the filter.
    blocked,
    /// Answered with an alias of the filter (safe search).
    aliased,
    /// Not answered because no rules are in force yet, or because they could not be read.
    unjudged,
    /// Answered with what had expired, since no upstream gave anything newer.
    stale,
    /// Answers renewed before they expired, because they are asked for often.
    renewed,
    /// Questions put to the upstreams, each once however many waited.
    forwarded,
    /// Queries that joined a question already under way.
    coalesced,
    /// Questions that got no usable answer: SERVFAIL to the client.
    failures,
    /// Queries refused: class, type, or a limit.
    refused,
    /// Refused because the client had too many queries waiting.
    over_client_limit,
    /// Refused because too many queries were waiting in all.
    over_limit,
    /// Malformed messages (FORMERR, NOTIMP, BADVERS, or dropped).
    malformed,
    /// Answers cut for the client's UDP size (TC).
    truncated,
    /// UDP answers lost because the socket would not take them.
    unsent,
    /// Garden answers whose addresses were in force before they left.
    garden_admitted,
    /// Garden answers sent although the gateway refused or was late.
    garden_failed,
    /// Datagrams for an upstream's socket that were no answer to its question (spoofed or broken).
    mismatched,
    /// Upstream questions that moved to TCP.
    upstream_tcp,
    /// Encrypted connections to upstreams begun.
    upstream_connections,
    /// Waits for an upstream that passed without an answer.
    upstream_timeouts,
    /// Answers upstreams gave.
    upstream_answers,
    /// Microseconds waited for those, in sum.
    upstream_micros,
}

impl Figures {
    /// Mean time an upstream took to answer.
    pub fn upstream_latency(&self) -> Option<Duration> {
        self.upstream_micros.checked_div(self.upstream_answers).map(Duration::from_micros)
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
