//! Interfaces and hardware addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An IEEE 802 MAC-48 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddr([u8; 6]);

/// A text is not a MAC address: six pairs of hexadecimal digits with `:` or `-` between them are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a MAC address: expected six pairs of hexadecimal digits, for example 02:00:5e:10:00:01")]
pub struct ParseMacError;

impl MacAddr {
    /// From the six octets as they stand in a frame.
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// The six octets as they stand in a frame.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Locally administered (bit 0x02 of the first octet): most phones make such an address up for each network.
    pub const fn is_local(self) -> bool {
        let [first, ..] = self.0;
        first & 0x02 != 0
    }

    /// A group address, broadcast included: never a device.
    pub const fn is_multicast(self) -> bool {
        let [first, ..] = self.0;
        first & 0x01 != 0
    }
}

impl FromStr for MacAddr {
    type Err = ParseMacError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut octets = [0; 6];
        let mut parts = text.trim().split([':', '-']);
        for octet in &mut octets {
            let part = parts.next().filter(|part| part.len() == 2).ok_or(ParseMacError)?;
            *octet = u8::from_str_radix(part, 16).map_err(|_| ParseMacError)?;
        }
        if parts.next().is_some() { Err(ParseMacError) } else { Ok(Self(octets)) }
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, octet) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ":" };
            write!(f, "{separator}{octet:02x}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for MacAddr {
    type Error = ParseMacError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MacAddr> for String {
    fn from(mac: MacAddr) -> Self {
        mac.to_string()
    }
}

/// A network interface's name: 1 to 15 of letters, digits, `.`, `_`, `-` and `@`, beginning with a letter or digit.
///
/// Narrower than the kernel allows, so that a name can stand in a rule, a path or a command line as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IfName(String);

/// A text is not an interface name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an interface name: use 1 to 15 of letters, digits, . _ - @, beginning with a letter or digit")]
pub struct ParseIfNameError(String);

impl IfName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IfName {
    type Err = ParseIfNameError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-' | b'@');
        let starts_well = text.bytes().next().is_some_and(|c| c.is_ascii_alphanumeric());
        if starts_well && text.len() <= 15 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseIfNameError(text.chars().take(40).collect()))
        }
    }
}

impl TryFrom<String> for IfName {
    type Error = ParseIfNameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<IfName> for String {
    fn from(name: IfName) -> Self {
        name.0
    }
}

impl fmt::Display for IfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A visitor's device as the gateway knows it: the visitor bridge it is on and its MAC address.
///
/// A MAC address is a handle for a session, never a person: most phones change it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceId {
    /// The visitor bridge.
    pub lan: IfName,
    /// The device's address on it.
    pub mac: MacAddr,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mac_addresses_parse_and_print() {
        let mac: MacAddr = "02-AB-00-00-00-0f".parse().unwrap();
        assert_eq!(mac.to_string(), "02:ab:00:00:00:0f");
        assert!(mac.is_local() && !mac.is_multicast());
        for bad in ["", "02:ab:00:00:00", "02:ab:00:00:00:0f:11", "2:ab:00:00:00:0f", "zz:ab:00:00:00:0f"] {
            assert!(bad.parse::<MacAddr>().is_err(), "{bad}");
        }
    }

    #[test]
    fn interface_names_cannot_carry_rule_text() {
        assert!("br-lan.7".parse::<IfName>().is_ok());
        for bad in ["", "-x", "a b", "a\"", "x/y", "averyveryverylongname", ".."] {
            assert!(bad.parse::<IfName>().is_err(), "{bad}");
        }
    }
}
