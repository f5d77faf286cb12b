//! `[limits]`: what visitors can make this router hold, or wait for.

use std::time::Duration;

use serde::Deserialize;

/// `[limits]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSection {
    /// Flows a device may have open; the machine's flow table is sized by it. 16 to 65535.
    pub flows_per_device: u32,
    /// Connections to the portal open at once, all visitors together. 16 to 65535.
    pub portal_connections: u32,
    /// The same from one address. 4 to 1024.
    pub portal_connections_per_device: u32,
    /// Seconds until a request to the portal has to be there; one second while three quarters of the connections are taken. 1 to 60.
    pub portal_request_seconds: u32,
    /// Bytes of a request's line and headers. 8192 to 65536.
    pub portal_head_bytes: u32,
    /// Bytes of a form. 1024 to 65536.
    pub portal_form_bytes: u32,
    /// Forms that wait for the gate at once, all visitors together. 1 to 4000.
    pub portal_forms: u32,
    /// DNS queries that wait at once in all. 16 to 65535.
    pub dns_queries: u32,
    /// The same of one device. 1 to 4096.
    pub dns_queries_per_device: u32,
    /// TCP connections to the resolver at once. 1 to 4096.
    pub dns_connections: u32,
    /// The same of one device. 1 to 256.
    pub dns_connections_per_device: u32,
    /// Bytes of the resolver's cache. 65536 to 1073741824.
    pub dns_cache_bytes: u32,
    /// Answers in the resolver's cache. 100 to 1000000.
    pub dns_cache_answers: u32,
    /// Unsent messages for the controller; beyond it the oldest is dropped and counted. 1000 to 10000000.
    pub outbox_messages: u32,
    /// Bytes of the ledger on disk. 4194304 to 4294967295.
    pub ledger_bytes: u32,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            flows_per_device: 512,
            portal_connections: 1_024,
            portal_connections_per_device: 32,
            portal_request_seconds: 5,
            portal_head_bytes: 16_384,
            portal_form_bytes: 8_192,
            portal_forms: 256,
            dns_queries: 2_048,
            dns_queries_per_device: 64,
            dns_connections: 256,
            dns_connections_per_device: 8,
            dns_cache_bytes: 8_388_608,
            dns_cache_answers: 20_000,
            outbox_messages: 200_000,
            ledger_bytes: 268_435_456,
        }
    }
}

/// Bytes of a page of SQLite's.
const PAGE: u32 = 4_096;

impl LimitsSection {
    /// All that is out of its range.
    pub(crate) fn contradictions(&self) -> Vec<String> {
        [
            ("flows_per_device", self.flows_per_device, 16, 65_535),
            ("portal_connections", self.portal_connections, 16, 65_535),
            ("portal_connections_per_device", self.portal_connections_per_device, 4, 1_024),
            ("portal_request_seconds", self.portal_request_seconds, 1, 60),
            ("portal_head_bytes", self.portal_head_bytes, 8_192, 65_536),
            ("portal_form_bytes", self.portal_form_bytes, 1_024, 65_536),
            ("portal_forms", self.portal_forms, 1, 4_000),
            ("dns_queries", self.dns_queries, 16, 65_535),
            ("dns_queries_per_device", self.dns_queries_per_device, 1, 4_096),
            ("dns_connections", self.dns_connections, 1, 4_096),
            ("dns_connections_per_device", self.dns_connections_per_device, 1, 256),
            ("dns_cache_bytes", self.dns_cache_bytes, 65_536, 1 << 30),
            ("dns_cache_answers", self.dns_cache_answers, 100, 1_000_000),
            ("outbox_messages", self.outbox_messages, 1_000, 10_000_000),
            ("ledger_bytes", self.ledger_bytes, 4 << 20, u32::MAX),
        ]
        .into_iter()
        .filter(|(_, value, least, most)| !(*least..=*most).contains(value))
        .map(|(key, value, least, most)| format!("limits.{key}: {value} is not within {least} to {most}"))
        .collect()
    }

    /// As the portal takes them.
    pub(crate) fn portal(&self) -> captive_portal::Limits {
        let patience = Duration::from_secs(self.portal_request_seconds.into());
        let defaults = captive_portal::Limits::default();
        captive_portal::Limits {
            connections: size(self.portal_connections),
            connections_per_peer: size(self.portal_connections_per_device),
            head_timeout: patience,
            head_timeout_busy: patience.min(defaults.head_timeout_busy),
            head_bytes: size(self.portal_head_bytes),
            body_bytes: size(self.portal_form_bytes),
            forms_in_flight: size(self.portal_forms),
            ..defaults
        }
    }

    /// Puts them into the resolver's settings.
    pub(crate) fn bound(&self, resolver: &mut gapura_dns::Config) {
        resolver.limits.in_flight = self.dns_queries;
        resolver.limits.client_in_flight = self.dns_queries_per_device;
        resolver.limits.tcp_connections = self.dns_connections;
        resolver.limits.tcp_connections_per_client = self.dns_connections_per_device;
        resolver.memory.octets = size(self.dns_cache_bytes);
        resolver.memory.entries = size(self.dns_cache_answers);
    }

    /// As the ledger takes them.
    pub(crate) fn ledger(&self) -> gapura_ledger::Options {
        gapura_ledger::Options {
            most_pages: self.ledger_bytes / PAGE,
            most_outbox: self.outbox_messages.into(),
            ..gapura_ledger::Options::default()
        }
    }
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_rooms() {
        let limits = LimitsSection::default();
        assert!(limits.contradictions().is_empty());
        assert_eq!(limits.portal(), captive_portal::Limits::default());
        assert_eq!(limits.ledger(), gapura_ledger::Options::default());
        let plain = gapura_dns::Config::forwarding_to(["192.0.2.53".parse::<gapura_dns::Upstream>().unwrap()]);
        let mut bound = plain.clone();
        limits.bound(&mut bound);
        assert_eq!(bound, plain);
    }

    #[test]
    fn every_key_has_a_range_and_reaches_its_room() {
        let zero: LimitsSection = toml_of(0);
        assert_eq!(zero.contradictions().len(), KEYS.len());
        assert!(zero.contradictions()[0].contains("limits.flows_per_device: 0 is not within 16 to 65535"));
        let odd: LimitsSection = toml_of(8_193);
        let mut resolver = gapura_dns::Config::forwarding_to(Vec::<gapura_dns::Upstream>::new());
        odd.bound(&mut resolver);
        let reached = format!("{:?} {:?} {resolver:?}", odd.portal(), odd.ledger());
        // All but the flows, which the kernel's room takes as they are, and the pages of the ledger.
        assert_eq!(reached.matches("8193").count(), KEYS.len() - 2, "{reached}");
        assert_eq!(odd.ledger().most_pages, 2);
    }

    const KEYS: [&str; 15] = [
        "flows_per_device",
        "portal_connections",
        "portal_connections_per_device",
        "portal_request_seconds",
        "portal_head_bytes",
        "portal_form_bytes",
        "portal_forms",
        "dns_queries",
        "dns_queries_per_device",
        "dns_connections",
        "dns_connections_per_device",
        "dns_cache_bytes",
        "dns_cache_answers",
        "outbox_messages",
        "ledger_bytes",
    ];

    fn toml_of(value: u32) -> LimitsSection {
        let text: String = KEYS.map(|key| format!("{key} = {value}")).join("\n");
        gapura_runtime::settings::parse(&text).unwrap()
    }
}
