//! The content filter's rules about addresses, ports and protocols, for each policy group ([`crate::Mark::group`]).
//!
//! Address ranges are elements of interval maps, address -> class; what a group is refused are small sets beside them. So an
//! hour that begins changes some pairs and none of the ranges.
//!
//! Each family has its map twice. A large change fills the idle one in pieces, which no packet notices because no pair names
//! its classes yet; then one batch exchanges the pairs. A pair says which map it is for ([`plan`]).

mod compare;
mod force;
mod load;
mod normal;
mod plan;
mod read;
mod rules;

use std::collections::BTreeSet;
use std::net::IpAddr;

pub(super) use force::State;
pub use load::FilterLoad;
pub(super) use rules::{rules, sets};

/// What policy groups are refused by address, port and protocol. Ports are ranges with both ends included, protocols IANA
/// numbers: 6 TCP, 17 UDP, 50 ESP.
///
/// Group 0 holds for packets that belong to no visit: those on a bridge opened in an emergency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressFilter {
    /// First address, last address, class: of one family, in ascending order, without overlaps. Addresses
    /// outside have no class.
    pub ranges: Vec<(IpAddr, IpAddr, u32)>,
    /// Class and group: addresses of the class are refused to the group, whatever the port.
    pub refused: BTreeSet<(u32, u8)>,
    /// Class, group, protocol, first port, last port: refused toward addresses of the class.
    pub refused_services: BTreeSet<(u32, u8, u8, u16, u16)>,
    /// Group, protocol, first port, last port: refused toward every address.
    pub services: BTreeSet<(u8, u8, u16, u16)>,
    /// Group, protocol: refused toward every address.
    pub protocols: BTreeSet<(u8, u8)>,
}

/// Whom a new filter concerns. Exact: other numbers for the same classes, other cuts of the same ranges change nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Groups for which some address, port or protocol is refused now that was not, or the other way round.
    pub groups: BTreeSet<u8>,
    /// Those of them for which something is refused now that was not: their running flows are to be judged again
    /// ([`crate::Kernel::judge_again`]).
    pub tightened: BTreeSet<u8>,
}
