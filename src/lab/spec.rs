//! What lab is wanted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::LabError;

/// Most visitors one lab may have: the second byte of their MAC addresses and patience are the limits.
pub const MOST_VISITORS: u16 = 500;

/// A lab's name: 1 to 24 of `a-z`, `0-9`, `-`. It is the prefix of every namespace's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LabName(String);

impl FromStr for LabName {
    type Err = LabError;
    fn from_str(text: &str) -> Result<Self, LabError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=24).contains(&text.len()) && text.chars().all(plain) && !text.starts_with('-') {
            Ok(Self(text.into()))
        } else {
            Err(LabError::Wrong(format!("`{text}` is no lab name: 1 to 24 lower-case letters, digits and `-`")))
        }
    }
}

impl TryFrom<String> for LabName {
    type Error = LabError;
    fn try_from(text: String) -> Result<Self, LabError> {
        text.parse()
    }
}

impl From<LabName> for String {
    fn from(name: LabName) -> Self {
        name.0
    }
}

impl fmt::Display for LabName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the gateway's uplink gets its address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WanMode {
    /// Set once by the lab.
    #[default]
    Static,
    /// By a DHCP client in the gateway's namespace, from a dnsmasq upstream.
    Dhcp,
}

/// What IPv6 the upstream gives the gateway (issue section 2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ipv6Mode {
    /// A /56 is routed to the gateway: [`crate::addr::DELEGATED`].
    #[default]
    Delegated,
    /// Only the uplink's own /64.
    OnlyOneNetwork,
    /// No IPv6 at all.
    Absent,
}

/// Which real DHCP client a visitor runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub enum DhcpClient {
    /// BusyBox (small devices, OpenWrt).
    #[default]
    Udhcpc,
    /// ISC (Debian's ifupdown).
    Dhclient,
    /// dhcpcd (Raspberry Pi OS, Android's ancestor).
    Dhcpcd,
}

/// The lab that is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LabSpec {
    /// Its name, unique on this machine.
    pub name: LabName,
    /// Visitors on `br-lan`: namespaces `v1`..`vN`.
    pub visitors: u16,
    /// Visitors on a second visitor bridge `br-guest`, numbered on from the first ones; 0 = no such bridge.
    pub second_bridge: u16,
    /// The gateway's uplink.
    pub wan: WanMode,
    /// A second uplink `wan1` (MPLIK: the uplink changes).
    pub second_uplink: bool,
    /// What IPv6 the upstream gives.
    pub ipv6: Ipv6Mode,
    /// DHCP clients, dealt to the visitors in turn; empty = all run BusyBox'.
    pub clients: Vec<DhcpClient>,
    /// Segmentation offload on the cables. Off (the default) every packet is one packet, so that bytes counted anywhere
    /// are the same bytes; on, TCP is several times faster.
    pub offload: bool,
}

impl LabSpec {
    /// `visitors` visitors behind one bridge, one static uplink, a delegated prefix.
    pub fn new(name: LabName, visitors: u16) -> Self {
        Self {
            name,
            visitors,
            second_bridge: 0,
            wan: WanMode::default(),
            second_uplink: false,
            ipv6: Ipv6Mode::default(),
            clients: Vec::new(),
            offload: false,
        }
    }

    /// All visitors of both bridges.
    pub fn all_visitors(&self) -> u16 {
        self.visitors.saturating_add(self.second_bridge)
    }

    /// The DHCP client of visitor `number` (from 1).
    pub fn client_of(&self, number: u16) -> DhcpClient {
        let turn = usize::from(number.saturating_sub(1)) % self.clients.len().max(1);
        self.clients.get(turn).copied().unwrap_or_default()
    }
}
