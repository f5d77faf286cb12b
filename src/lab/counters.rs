//! IP bytes as the receiver's kernel counted them: named counters in a namespace's own nftables.
//!
//! Only traffic with upstream servers 0 to 2 is counted: the portal, DHCP and our own resolver are not use of the Internet,
//! and server 3 is what the gateway probes. Resets are left out: a gateway that cuts sends them in a server's name.

use serde_json::Value;

use crate::{LabError, Ns};

/// Bytes and packets with IP headers (no Ethernet), IPv4 and IPv6 together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IpBytes {
    /// Received from upstream servers.
    pub received: u64,
    /// Sent to upstream servers.
    pub sent: u64,
    /// Packets received.
    pub packets_received: u64,
    /// Packets sent.
    pub packets_sent: u64,
}

impl IpBytes {
    /// What came since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            received: self.received.saturating_sub(before.received),
            sent: self.sent.saturating_sub(before.sent),
            packets_received: self.packets_received.saturating_sub(before.packets_received),
            packets_sent: self.packets_sent.saturating_sub(before.packets_sent),
        }
    }
}

/// Starts counting in a visitor's namespace.
pub fn install(ns: &Ns) -> Result<(), LabError> {
    count(ns, "saddr", "daddr")
}

/// Starts counting in upstream's namespace: `received` is what came from all visitors together.
pub fn install_upstream(ns: &Ns) -> Result<(), LabError> {
    count(ns, "daddr", "saddr")
}

/// The counters as they stand.
pub fn read(ns: &Ns) -> Result<IpBytes, LabError> {
    let text = ns.output("nft", &["-j", "list", "counters", "table", "inet", "lab"])?;
    let answer: Value =
        serde_json::from_str(&text).map_err(|error| LabError::answer("nft list counters", error.to_string()))?;
    let of = |name: &str, what: &str| {
        let objects = answer.get("nftables").and_then(Value::as_array).into_iter().flatten();
        let mut counters = objects.filter_map(|object| object.get("counter"));
        counters
            .find(|counter| counter.get("name").and_then(Value::as_str) == Some(name))
            .and_then(|counter| counter.get(what)?.as_u64())
            .ok_or_else(|| LabError::answer("nft list counters", format!("no counter `{name}` in {}", ns.name())))
    };
    Ok(IpBytes {
        received: of("received", "bytes")?,
        sent: of("sent", "bytes")?,
        packets_received: of("received", "packets")?,
        packets_sent: of("sent", "packets")?,
    })
}

/// `from` and `to`: which address of a packet coming in and going out is the server's.
fn count(ns: &Ns, from: &str, to: &str) -> Result<(), LabError> {
    let text = format!(
        "add table inet lab
             add counter inet lab received
             add counter inet lab sent
             add chain inet lab in {{ type filter hook prerouting priority -300; policy accept; }}
             add chain inet lab out {{ type filter hook postrouting priority 300; policy accept; }}
             add rule inet lab in tcp flags & rst == rst accept
             add rule inet lab in ip {from} 203.0.113.10-203.0.113.12 counter name received
             add rule inet lab in ip6 {from} 2001:db8:203::10-2001:db8:203::12 counter name received
             add rule inet lab out tcp flags & rst == rst accept
             add rule inet lab out ip {to} 203.0.113.10-203.0.113.12 counter name sent
             add rule inet lab out ip6 {to} 2001:db8:203::10-2001:db8:203::12 counter name sent\n"
    );
    ns.nft(&text).map(drop)
}
