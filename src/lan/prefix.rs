//! IPv6 prefixes.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An IPv6 prefix of at most 64 bits, the rest zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix6 {
    address: Ipv6Addr,
    length: u8,
}

/// A text is not such a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an IPv6 prefix for a LAN: use one of at most 64 bits, for example 2001:db8:7::/56")]
pub struct ParsePrefixError(String);

impl Prefix6 {
    /// The first `length` bits of `address`; `None` where there are more than 64.
    pub fn new(address: Ipv6Addr, length: u8) -> Option<Self> {
        let mask = u128::MAX.checked_shl(128 - u32::from(length.min(64))).unwrap_or(0);
        (length <= 64).then(|| Self { address: (address.to_bits() & mask).into(), length })
    }

    /// Its bits, then zeroes.
    pub fn address(self) -> Ipv6Addr {
        self.address
    }

    /// How many bits it has, 0 to 64.
    pub fn length(self) -> u8 {
        self.length
    }

    /// Its /64 number `index`; `None` where it has no so many.
    pub fn subnet(self, index: u16) -> Option<Self> {
        let fits = self.length <= 48 || u32::from(index) < 1 << (64 - u32::from(self.length));
        fits.then(|| Self { address: (self.address.to_bits() | u128::from(index) << 64).into(), length: 64 })
    }

    /// The address with interface identifier `host` in it.
    pub fn host(self, host: u64) -> Ipv6Addr {
        (self.address.to_bits() | u128::from(host)).into()
    }

    /// Whether `address` lies in it.
    pub fn contains(self, address: Ipv6Addr) -> bool {
        Self::new(address, self.length) == Some(self)
    }
}

impl FromStr for Prefix6 {
    type Err = ParsePrefixError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParsePrefixError(text.chars().take(60).collect());
        let (address, length) = text.trim().split_once('/').ok_or_else(wrong)?;
        let (address, length) = (address.parse().map_err(|_| wrong())?, length.parse().map_err(|_| wrong())?);
        Self::new(address, length).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Prefix6 {
    type Error = ParsePrefixError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Prefix6> for String {
    fn from(prefix: Prefix6) -> Self {
        prefix.to_string()
    }
}

impl fmt::Display for Prefix6 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// A site's own prefix (unique local, RFC 4193): `fd` and 40 random bits. Made once and kept on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ula(Prefix6);

impl Ula {
    /// From five random octets (RFC 4193 section 3.2).
    pub fn from_random(random: [u8; 5]) -> Self {
        let global_id = random.iter().fold(0, |bits, octet| bits << 8 | u128::from(*octet));
        Self(Prefix6 { address: (0xfd_u128 << 120 | global_id << 80).into(), length: 48 })
    }

    /// The /48.
    pub fn prefix(self) -> Prefix6 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_cut_into_sixty_fours() {
        let prefix: Prefix6 = "2001:db8:7:ff::1/56".parse().unwrap();
        assert_eq!(prefix.to_string(), "2001:db8:7::/56");
        assert_eq!(prefix.subnet(255).unwrap().to_string(), "2001:db8:7:ff::/64");
        assert_eq!(prefix.subnet(256), None);
        assert_eq!(prefix.subnet(3).unwrap().host(1).to_string(), "2001:db8:7:3::1");
        assert!(prefix.contains("2001:db8:7:42::9".parse().unwrap()));
        let whole: Prefix6 = "2001:db8::/64".parse().unwrap();
        assert_eq!((whole.subnet(0), whole.subnet(1)), (Some(whole), None));
        for bad in ["", "2001:db8::", "2001:db8::/65", "10.0.0.0/8", "::/-1"] {
            assert!(bad.parse::<Prefix6>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_unique_local_prefix_is_one() {
        assert_eq!(Ula::from_random([1, 2, 3, 4, 5]).prefix().to_string(), "fd01:203:405::/48");
    }
}
