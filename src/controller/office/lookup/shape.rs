//! What people ask of a look-up and read of it.

use std::net::Ipv4Addr;

use gapura_model::{MacAddr, PortBlock, SiteId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LookupQuestion {
    /// The visits of a device in a regency.
    Device {
        /// Its hardware address.
        mac: MacAddr,
        /// The regency.
        regency: String,
    },
    /// Whose visit had a private address at a site.
    Address {
        /// The private IPv4 address.
        address: Ipv4Addr,
        /// The site.
        site: SiteId,
    },
    /// Whose flows left with a public port, at the sites that noted it.
    Port {
        /// The public IPv4 address (of an uplink: a private one where the provider translates again).
        address: Ipv4Addr,
        /// The port.
        port: u16,
    },
}

/// By what is looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookupKind {
    /// By a device's hardware address.
    #[default]
    Device,
    /// By a private address at a site.
    Address,
    /// By a public address and port.
    Port,
}

impl LookupKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Address => "address",
            Self::Port => "port",
        }
    }

    /// By a public address and port.
    pub fn is_port(self) -> bool {
        self == Self::Port
    }

    /// By a private address.
    pub fn is_address(self) -> bool {
        self == Self::Address
    }

    pub(super) fn of(text: &str) -> Option<Self> {
        [Self::Device, Self::Address, Self::Port].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A site whose visits, as far as they are kept, had public ports of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortsNoted {
    /// The site.
    pub site: String,
    /// When the first of them began (UTC).
    pub since: Timestamp,
    /// When the last of them began (UTC).
    pub last: Timestamp,
}

/// A look-up as it is asked for, as typed.
#[derive(Clone, Debug, Default)]
pub struct LookupOrder {
    /// The case.
    pub case_number: String,
    /// The legal basis.
    pub basis: String,
    /// Which authority asks.
    pub authority: String,
    /// Why it is needed.
    pub reason: String,
    /// A hardware address, a private IPv4 address, or a public one.
    pub asked: String,
    /// The public port.
    pub port: String,
    /// By what is looked.
    pub kind: LookupKind,
    /// The regency (device) or the site (address); all sites for a port.
    pub place: String,
    /// From (UTC); none where it cannot be read.
    pub from: Option<Timestamp>,
    /// Until (UTC).
    pub until: Option<Timestamp>,
}

/// How far a look-up is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookupState {
    /// A second person decides.
    Asked,
    /// What was found can be read.
    Open,
    /// Not agreed to.
    Refused,
    /// Over: question and answer are erased.
    Closed,
}

/// A look-up without question and answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LookupAsked {
    /// Its number.
    pub id: i64,
    /// The case.
    pub case_number: String,
    /// The legal basis.
    pub basis: String,
    /// Which authority asks.
    pub authority: String,
    /// Why.
    pub reason: String,
    /// By what is looked.
    pub kind: LookupKind,
    /// The regency or the site; empty for a port.
    pub place: String,
    /// From (UTC).
    pub from: Timestamp,
    /// Until (UTC).
    pub until: Timestamp,
    /// How far it is.
    pub state: LookupState,
    /// How many visits were found.
    pub found: u64,
    /// Who asked, and when.
    pub asked: (String, Timestamp),
    /// Who agreed or refused, and when.
    pub decided: Option<(String, Timestamp)>,
    /// What they said.
    pub words: String,
    /// Until when it can be read.
    pub readable: Option<Timestamp>,
    /// Who closed it, and when.
    pub closed: Option<(String, Timestamp)>,
}

/// A visit that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundVisit {
    /// The site.
    pub site: String,
    /// The visit.
    pub visit: String,
    /// The router.
    pub gateway: String,
    /// The device's pseudonym.
    pub device: String,
    /// How it was let in.
    pub way: String,
    /// The holder's pseudonym.
    pub holder: Option<String>,
    /// The plan.
    pub plan: String,
    /// From (UTC).
    pub started: Timestamp,
    /// Until (UTC); none where it had not ended when it was told last.
    pub ended: Option<Timestamp>,
    /// When it was told last (UTC).
    pub told: Timestamp,
    /// The router's clock was to be believed.
    pub clock_trusted: bool,
    /// Bytes from the device.
    pub bytes_up: i64,
    /// Bytes to it.
    pub bytes_down: i64,
    /// It had another private address later; it is found by its first.
    #[serde(default)]
    pub readdressed: bool,
    /// The ports by which it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<FoundPorts>,
}

/// The public ports of a visit, for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPorts {
    /// Which.
    pub ports: PortBlock,
    /// From (UTC).
    pub from: Timestamp,
    /// Until (UTC); none = to the end of the visit.
    pub until: Option<Timestamp>,
    /// The address is one behind the provider's translation.
    pub behind: bool,
}

/// A look-up as one of its two people reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LookupSeen {
    /// The request.
    pub asked: LookupAsked,
    /// What was asked for; none for others than who asked and who decides, and when it is over.
    pub question: Option<LookupQuestion>,
    /// Binds a decision to what was read.
    pub digest: String,
    /// What was found; none before it is agreed to, when it is over, and for others.
    pub visits: Option<Vec<FoundVisit>>,
    /// There were more.
    pub more: bool,
    /// Months whose key is gone: visits under it cannot be found.
    pub no_key: Vec<String>,
    /// Visits of the span that an address or a port cannot find: their routers told none.
    pub untold: u64,
    /// The sites where a port was looked for: those that noted ports in the span.
    pub noted: Vec<PortsNoted>,
    /// Visits of the span that had more than one address: an address finds them by their first.
    pub readdressed: u64,
}
