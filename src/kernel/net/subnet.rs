//! Subnets, and whether two networks use the same addresses.

use std::fmt;
use std::net::IpAddr;

use gapura_model::IfName;

/// An address range: all addresses that share the first `prefix` bits. The host bits are always zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet {
    base: IpAddr,
    prefix: u8,
}

impl Subnet {
    /// The subnet that `address` lies in; `None` if `prefix` is longer than the address (32 or 128 bits).
    pub fn around(address: IpAddr, prefix: u8) -> Option<Self> {
        let base = match address {
            IpAddr::V4(ip) => {
                let host = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
                (prefix <= 32).then(|| IpAddr::from((ip.to_bits() & !host).to_be_bytes()))?
            }
            IpAddr::V6(ip) => {
                let host = u128::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
                (prefix <= 128).then(|| IpAddr::from((ip.to_bits() & !host).to_be_bytes()))?
            }
        };
        Some(Self { base, prefix })
    }

    /// The lowest address.
    pub const fn base(self) -> IpAddr {
        self.base
    }

    /// Bits that all addresses share.
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `address` lies in it.
    pub fn contains(self, address: IpAddr) -> bool {
        Self::around(address, self.prefix) == Some(self) && address.is_ipv4() == self.base.is_ipv4()
    }

    /// Whether the two share any address.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.base) || other.contains(self.base)
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

/// A visitor network and an uplink that use the same addresses: visitors cannot be routed until one of them is renumbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The visitor bridge.
    pub lan: IfName,
    /// Its subnet.
    pub lan_subnet: Subnet,
    /// The uplink.
    pub uplink: IfName,
    /// The uplink's subnet.
    pub uplink_subnet: Subnet,
}

/// Every pair of a visitor network and an uplink whose subnets share addresses. Link-local subnets (169.254.0.0/16, fe80::/10)
/// belong to each link and are not compared; neither is a default route (prefix 0).
pub fn overlaps(lans: &[(IfName, Subnet)], uplinks: &[(IfName, Subnet)]) -> Vec<Overlap> {
    let mut found = Vec::new();
    for (lan, lan_subnet) in lans.iter().filter(|(_, subnet)| is_compared(*subnet)) {
        for (uplink, uplink_subnet) in uplinks.iter().filter(|(_, subnet)| is_compared(*subnet)) {
            if lan != uplink && lan_subnet.overlaps(*uplink_subnet) {
                found.push(Overlap {
                    lan: lan.clone(),
                    lan_subnet: *lan_subnet,
                    uplink: uplink.clone(),
                    uplink_subnet: *uplink_subnet,
                });
            }
        }
    }
    found
}

fn is_compared(subnet: Subnet) -> bool {
    let link_local = match subnet.base {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    subnet.prefix > 0 && !link_local
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        let (ip, prefix) = text.split_once('/').unwrap();
        Subnet::around(ip.parse().unwrap(), prefix.parse().unwrap()).unwrap()
    }

    #[test]
    fn host_bits_do_not_count() {
        assert_eq!(subnet("192.168.1.77/24").to_string(), "192.168.1.0/24");
        assert_eq!(subnet("fd00:1:2:3:4::1/64").to_string(), "fd00:1:2:3::/64");
        assert_eq!(subnet("10.1.2.3/0").to_string(), "0.0.0.0/0");
        assert_eq!(subnet("10.1.2.3/32").to_string(), "10.1.2.3/32");
        assert!(Subnet::around("10.0.0.1".parse().unwrap(), 33).is_none());
        assert!(Subnet::around("::1".parse().unwrap(), 129).is_none());
    }

    #[test]
    fn families_never_overlap_and_larger_contains_smaller() {
        assert!(!subnet("0.0.0.0/0").overlaps(subnet("::/0")));
        assert!(subnet("10.0.0.0/8").overlaps(subnet("10.7.0.0/24")));
        assert!(subnet("10.7.0.0/24").overlaps(subnet("10.0.0.0/8")));
        assert!(!subnet("10.7.0.0/24").overlaps(subnet("10.7.1.0/24")));
    }

    #[test]
    fn overlap_names_both_sides_once() {
        let lan: IfName = "br-lan".parse().unwrap();
        let wan: IfName = "wan0".parse().unwrap();
        let lans = [
            (lan.clone(), subnet("192.168.1.1/24")),
            (lan.clone(), subnet("fd00::1/64")),
            (lan.clone(), subnet("fe80::1/64")),
        ];
        let uplinks = [
            (wan.clone(), subnet("192.168.0.5/16")),
            (wan.clone(), subnet("fe80::2/64")),
            (wan.clone(), subnet("fd00:0:0:1::5/64")),
            (wan.clone(), subnet("0.0.0.0/0")),
        ];
        let found = overlaps(&lans, &uplinks);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].lan_subnet, found[0].uplink_subnet), (subnet("192.168.1.0/24"), subnet("192.168.0.0/16")));
    }
}
