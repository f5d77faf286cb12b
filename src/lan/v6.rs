//! Which IPv6 prefix each bridge gets, and how its packets reach the Internet.

use std::net::{IpAddr, Ipv6Addr};

use gapura_model::IfName;
use serde::{Deserialize, Serialize};

use crate::prefix::{Prefix6, Ula};

/// What the site wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum V6Choice {
    /// What the uplink makes possible.
    #[default]
    Auto,
    /// The site's own prefix and NAT66 even where a prefix is delegated.
    Nat66,
    /// No IPv6 for visitors.
    Off,
}

/// What is known about the uplinks, as the gateway read it from addresses, routes or configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct V6Situation {
    /// Prefixes delegated to this gateway (DHCPv6-PD or by hand), best first.
    pub delegated: Vec<Prefix6>,
    /// An uplink has a global address and a default route of its own.
    pub uplink_global: bool,
}

/// How a bridge's packets reach the Internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As they are: the prefix is delegated to us.
    Routed,
    /// Behind the uplink's own address (NAT66).
    Nat66,
    /// Not at all: the gateway announces itself with router lifetime 0.
    None,
}

/// What one bridge announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeV6 {
    /// The bridge.
    pub lan: IfName,
    /// Its /64.
    pub prefix: Prefix6,
    /// The gateway's own address in it.
    pub address: Ipv6Addr,
    /// How its packets get out.
    pub reach: Reach,
}

/// An address the gateway should have on a bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedAddress {
    /// The bridge.
    pub lan: IfName,
    /// The address.
    pub address: IpAddr,
    /// Length of its prefix in bits.
    pub length: u8,
}

impl BridgeV6 {
    /// The gateway's address as it should stand on the bridge.
    pub fn wanted_address(&self) -> WantedAddress {
        WantedAddress { lan: self.lan.clone(), address: self.address.into(), length: self.prefix.length() }
    }
}

/// Gives each bridge a /64 and says how it reaches the Internet.
///
/// A bridge's number (its second half) picks its /64 and must not change when other bridges come and go. A bridge for which
/// a delegated prefix has no /64 left is served from the site's own prefix.
pub fn plan_v6(choice: V6Choice, situation: &V6Situation, ula: Ula, bridges: &[(IfName, u16)]) -> Vec<BridgeV6> {
    let delegated = match choice {
        V6Choice::Off => return Vec::new(),
        V6Choice::Nat66 => None,
        V6Choice::Auto => situation.delegated.first(),
    };
    let fallback = if situation.uplink_global { Reach::Nat66 } else { Reach::None };
    let planned = bridges.iter().filter_map(|(lan, number)| {
        let routed = delegated.and_then(|prefix| prefix.subnet(*number)).map(|prefix| (prefix, Reach::Routed));
        let (prefix, reach) = routed.or_else(|| ula.prefix().subnet(*number).map(|prefix| (prefix, fallback)))?;
        Some(BridgeV6 { lan: lan.clone(), prefix, address: prefix.host(1), reach })
    });
    planned.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(choice: V6Choice, delegated: &[&str], uplink_global: bool) -> Vec<(String, Reach)> {
        let situation =
            V6Situation { delegated: delegated.iter().map(|text| text.parse().unwrap()).collect(), uplink_global };
        let bridges = [("br-lan".parse().unwrap(), 0), ("br-guest".parse().unwrap(), 1)];
        let planned = plan_v6(choice, &situation, Ula::from_random([0, 0, 0, 0, 7]), &bridges);
        planned.into_iter().map(|bridge| (bridge.address.to_string(), bridge.reach)).collect()
    }

    fn is(bridges: [(&str, Reach); 2]) -> Vec<(String, Reach)> {
        bridges.map(|(address, reach)| (address.to_owned(), reach)).to_vec()
    }

    #[test]
    fn the_uplink_decides() {
        use Reach::{Nat66, None, Routed};
        assert_eq!(
            plan(V6Choice::Auto, &["2001:db8:7::/56"], true),
            is([("2001:db8:7::1", Routed), ("2001:db8:7:1::1", Routed)])
        );
        assert_eq!(
            plan(V6Choice::Auto, &["2001:db8:7::/64"], true),
            is([("2001:db8:7::1", Routed), ("fd00:0:7:1::1", Nat66)])
        );
        assert_eq!(plan(V6Choice::Auto, &[], true), is([("fd00:0:7::1", Nat66), ("fd00:0:7:1::1", Nat66)]));
        assert_eq!(plan(V6Choice::Auto, &[], false), is([("fd00:0:7::1", None), ("fd00:0:7:1::1", None)]));
        assert_eq!(
            plan(V6Choice::Nat66, &["2001:db8:7::/56"], true),
            is([("fd00:0:7::1", Nat66), ("fd00:0:7:1::1", Nat66)])
        );
        assert!(plan(V6Choice::Off, &["2001:db8:7::/56"], true).is_empty());
    }
}
