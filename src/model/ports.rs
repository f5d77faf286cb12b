//! Blocks of public ports.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Ports of TCP and UDP from `first` to `last`, both included, written `20480-20991`. Never empty, never below 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortBlock {
    first: u16,
    last: u16,
}

/// A text is not a block of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a block of ports: expected two ports from 1024, the smaller one first, for example 20480-20991")]
pub struct ParsePortBlockError;

impl PortBlock {
    /// The lowest port a block may have: those below belong to services.
    pub const LOWEST: u16 = 1024;

    /// The ports from `first` to `last`; `None` where that is no block.
    pub const fn new(first: u16, last: u16) -> Option<Self> {
        if first >= Self::LOWEST && first <= last { Some(Self { first, last }) } else { None }
    }

    /// The first port.
    pub const fn first(self) -> u16 {
        self.first
    }

    /// The last port.
    pub const fn last(self) -> u16 {
        self.last
    }

    /// How many ports it has.
    pub fn size(self) -> u32 {
        u32::from(self.last) - u32::from(self.first) + 1
    }

    /// Whether `port` is one of them.
    pub const fn holds(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

impl fmt::Display for PortBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for PortBlock {
    type Err = ParsePortBlockError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let port = |text: &str| {
            let plain = (1..=5).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
            text.parse().ok().filter(|_| plain)
        };
        let ends = text.split_once('-').and_then(|(first, last)| Some((port(first)?, port(last)?)));
        ends.and_then(|(first, last)| Self::new(first, last)).ok_or(ParsePortBlockError)
    }
}

impl TryFrom<String> for PortBlock {
    type Error = ParsePortBlockError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PortBlock> for String {
    fn from(block: PortBlock) -> Self {
        block.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_as_written_and_others_refused() {
        let block: PortBlock = "20480-20991".parse().unwrap();
        assert_eq!((block.first(), block.last(), block.size()), (20_480, 20_991, 512));
        assert_eq!(block.to_string(), "20480-20991");
        assert!(block.holds(20_480) && block.holds(20_991) && !block.holds(20_992) && !block.holds(20_479));
        for bad in ["", "-", "20480", "20991-20480", "80-90", "1023-2000", "1024-65536", "+1024-2000", "1024-2000-"] {
            assert!(bad.parse::<PortBlock>().is_err(), "{bad}");
        }
    }
}
