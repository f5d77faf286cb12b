//! What our own DHCP server is told, as a pure function of the plan.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use gapura_model::IfName;
use serde::{Deserialize, Serialize};

use crate::checked::{ApiUri, PlainPath, UserName};

/// Who gives visitors their IPv4 addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressMode {
    /// We run dnsmasq.
    #[default]
    Ours,
    /// The router's own DHCP server (OpenWrt): nothing to run; option 114 is set there.
    Router,
    /// Somebody else's on the same network: we need only the MAC.
    Foreign,
}

/// One visitor bridge that we give addresses on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanBridge {
    /// Its name.
    pub name: IfName,
    /// The gateway's own address on it: the visitors' router and DNS server.
    pub address: Ipv4Addr,
    /// Length of its subnet's prefix, 8 to 29.
    pub prefix: u8,
    /// At most this many addresses are lent at once (memory and neighbour table are sized by it).
    pub most: u32,
}

/// Everything our DHCP server is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanPlan {
    /// The bridges, each with a subnet of its own.
    pub bridges: Vec<LanBridge>,
    /// The API's address for option 114; `None` while the portal has no certificate.
    pub api: Option<ApiUri>,
    /// How long an address is lent: 30 min by default, at least 2 min (dnsmasq's least).
    pub lease: Duration,
    /// Where dnsmasq remembers leases.
    pub leases: PlainPath,
    /// The user (and group) dnsmasq becomes when started as root; `None` leaves it as it is started: where we are no longer
    /// root ourselves, or root of a user namespace only, which may not change groups.
    pub user: Option<UserName>,
}

/// A plan cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LanError {
    /// The subnet leaves no room for visitors, or is absurdly wide.
    #[error("bridge {0}: a subnet of /{1} cannot be used for visitors; use a prefix from /8 to /29")]
    Prefix(IfName, u8),
    /// The gateway's address is the network's or the broadcast address.
    #[error("bridge {0}: {1} cannot be the gateway's address in its subnet")]
    Address(IfName, Ipv4Addr),
    /// Two bridges with overlapping subnets.
    #[error("bridges {0} and {1} have overlapping subnets; give each its own")]
    Overlap(IfName, IfName),
}

/// A range of addresses to lend, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range4 {
    /// The lowest.
    pub first: Ipv4Addr,
    /// The highest.
    pub last: Ipv4Addr,
}

impl Range4 {
    /// How many addresses it holds.
    pub fn size(self) -> u32 {
        self.last.to_bits().saturating_sub(self.first.to_bits()).saturating_add(1)
    }

    /// Whether `address` lies in it.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&address)
    }
}

impl LanBridge {
    /// The addresses to lend: the larger part of the subnet on one side of the gateway's address, at most [`Self::most`].
    pub fn range(&self) -> Result<Range4, LanError> {
        if !(8..=29).contains(&self.prefix) {
            return Err(LanError::Prefix(self.name.clone(), self.prefix));
        }
        let (own, network, broadcast) = (self.address.to_bits(), self.network(), self.network() | !self.mask());
        if own == network || own == broadcast {
            return Err(LanError::Address(self.name.clone(), self.address));
        }
        let (below, above) = (own - network - 1, broadcast - own - 1);
        let (first, room) = if above >= below { (own + 1, above) } else { (network + 1, below) };
        let last = first + room.min(self.most.max(1)) - 1;
        Ok(Range4 { first: first.into(), last: last.into() })
    }

    fn mask(&self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.prefix.min(32))).unwrap_or(0)
    }

    fn network(&self) -> u32 {
        self.address.to_bits() & self.mask()
    }

    fn overlaps(&self, other: &Self) -> bool {
        let mask = self.mask() & other.mask();
        self.address.to_bits() & mask == other.address.to_bits() & mask
    }
}

impl LanPlan {
    /// How many addresses can be lent at once, over all bridges.
    pub fn pool(&self) -> Result<u32, LanError> {
        self.bridges.iter().try_fold(0_u32, |sum, bridge| Ok(sum.saturating_add(bridge.range()?.size())))
    }

    /// The whole configuration file, or every mistake in the plan.
    ///
    /// Only checked types reach the text. Port 53 is our resolver's (`port=0`); no names of devices are read, kept in the
    /// log or resolved; routine DHCP is not logged.
    pub fn dnsmasq_config(&self) -> Result<String, Vec<LanError>> {
        let mut mistakes = Vec::new();
        let mut bridges = String::new();
        for (index, bridge) in self.bridges.iter().enumerate() {
            for earlier in self.bridges.iter().take(index).filter(|earlier| earlier.overlaps(bridge)) {
                mistakes.push(LanError::Overlap(earlier.name.clone(), bridge.name.clone()));
            }
            match bridge.range() {
                Ok(range) => self.write_bridge(&mut bridges, index, bridge, range),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let Ok(pool) = self.pool() else { return Err(mistakes) };
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let mut text = String::from(HEAD);
        let _ = writeln!(text, "dhcp-leasefile={}\ndhcp-lease-max={pool}", self.leases);
        if let Some(user) = &self.user {
            let _ = writeln!(text, "user={user}\ngroup={user}");
        }
        text.push_str(&bridges);
        if let Some(api) = &self.api {
            let _ = writeln!(text, "\n# captive-portal API (RFC 8910)\ndhcp-option=114,{api}");
        }
        Ok(text)
    }

    fn write_bridge(&self, text: &mut String, index: usize, bridge: &LanBridge, range: Range4) {
        let LanBridge { name, address, .. } = bridge;
        let (first, last, mask) = (range.first, range.last, Ipv4Addr::from(bridge.mask()));
        let lease = self.lease.as_secs().max(120);
        let _ = writeln!(
            text,
            "\ninterface={name}\ndhcp-range=set:lan{index},{first},{last},{mask},{lease}s\n\
             dhcp-option=tag:lan{index},option:router,{address}\ndhcp-option=tag:lan{index},option:dns-server,{address}"
        );
    }
}

const HEAD: &str = "# Written by gapura; changes are lost.
port=0
bind-dynamic
except-interface=lo
no-resolv
no-hosts
no-ping
dhcp-authoritative
dhcp-ignore-names
quiet-dhcp
quiet-dhcp6
quiet-ra
pid-file
";

#[cfg(test)]
mod tests {
    use super::*;

    fn bridge(name: &str, address: &str, prefix: u8, most: u32) -> LanBridge {
        LanBridge { name: name.parse().unwrap(), address: address.parse().unwrap(), prefix, most }
    }

    fn plan(bridges: Vec<LanBridge>) -> LanPlan {
        LanPlan {
            bridges,
            api: Some("https://gw-galeri.example.go.id/capport/v1".parse().unwrap()),
            lease: Duration::from_mins(30),
            leases: "/var/lib/gapura/leases".parse().unwrap(),
            user: Some("gapura".parse().unwrap()),
        }
    }

    #[test]
    fn the_text_is_the_golden_one() {
        let mut plan =
            plan(vec![bridge("br-lan", "10.20.0.1", 22, 1000), bridge("br-guest", "192.168.7.254", 24, 4096)]);
        assert_eq!(plan.dnsmasq_config().unwrap(), include_str!("golden/two-bridges.conf"));
        plan.api = None;
        plan.user = None;
        plan.bridges.pop();
        assert_eq!(plan.dnsmasq_config().unwrap(), include_str!("golden/without-tls.conf"));
    }

    #[test]
    fn the_range_keeps_clear_of_the_gateway_and_of_the_limit() {
        let range = |address, prefix, most| bridge("br", address, prefix, most).range().unwrap();
        let is = |first: &str, last: &str| Range4 { first: first.parse().unwrap(), last: last.parse().unwrap() };
        assert_eq!(range("10.0.0.1", 24, 4096), is("10.0.0.2", "10.0.0.254"));
        assert_eq!(range("10.0.0.254", 24, 4096), is("10.0.0.1", "10.0.0.253"));
        assert_eq!(range("10.0.0.1", 8, 4096), is("10.0.0.2", "10.0.16.1"));
        assert_eq!(range("10.0.0.1", 29, 4096).size(), 5);
        assert!(!range("10.0.0.100", 24, 4096).contains("10.0.0.100".parse().unwrap()));
    }

    #[test]
    fn every_mistake_is_reported() {
        let mistakes = plan(vec![
            bridge("a", "10.0.0.1", 24, 9),
            bridge("b", "10.0.0.200", 25, 9),
            bridge("c", "10.1.0.0", 24, 9),
            bridge("d", "10.2.0.1", 31, 9),
        ])
        .dnsmasq_config()
        .unwrap_err();
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
    }
}
