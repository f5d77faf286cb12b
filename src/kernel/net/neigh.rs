//! Neighbours: which hardware address an IP address has on a link (ARP and neighbour discovery).

use std::net::IpAddr;

use gapura_model::MacAddr;

use super::codec::{AF_INET, AF_INET6, Message, Request, attrs, family_of, ip, ip_bytes, u16_ne, u32_ne};
use super::links::LinkIndex;
use super::{NetError, Route};

/// How sure the kernel is of a neighbour (`NUD_*`, RFC 4861 section 7.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeighState {
    /// Asked, no answer yet.
    Incomplete,
    /// Answered a moment ago.
    Reachable,
    /// Answered some time ago; not asked since.
    Stale,
    /// Used again; about to be asked.
    Delay,
    /// Being asked.
    Probe,
    /// Did not answer.
    Failed,
    /// Needs no asking, or set by hand.
    Fixed,
}

impl NeighState {
    /// Whether the hardware address may be believed for a device that just spoke to us.
    pub const fn is_known(self) -> bool {
        match self {
            Self::Reachable | Self::Stale | Self::Delay | Self::Probe | Self::Fixed => true,
            Self::Incomplete | Self::Failed => false,
        }
    }

    const fn from_bits(bits: u16) -> Self {
        match bits {
            0x01 => Self::Incomplete,
            0x02 => Self::Reachable,
            0x04 => Self::Stale,
            0x08 => Self::Delay,
            0x10 => Self::Probe,
            0x40 | 0x80 => Self::Fixed,
            _ => Self::Failed,
        }
    }
}

/// One row of the neighbour table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The link it is on.
    pub link: LinkIndex,
    /// Its IP address.
    pub ip: IpAddr,
    /// Its hardware address, where known.
    pub mac: Option<MacAddr>,
    /// How sure the kernel is.
    pub state: NeighState,
}

impl Route {
    /// The row for one address on one link, asked for alone (not a dump); `None` if there is none.
    pub fn neighbour(&mut self, link: LinkIndex, address: IpAddr) -> Result<Option<Neighbour>, NetError> {
        let request = Request::new(libc::RTM_GETNEIGH, 0)
            .raw(&header(family_of(address), link, 0, 0))
            .attr(NDA_DST, &ip_bytes(address));
        let mut row = None;
        self.conn().ask("look up a neighbour", request, |message| row = parse_neighbour(message))?;
        Ok(row.filter(|row| row.link == link && row.ip == address))
    }

    /// The hardware address that `address` has on the first of `links` that knows it; `None` if none does.
    ///
    /// For a request that has just arrived from `address` the row is there: the kernel needed it for its reply.
    pub fn mac_of(&mut self, links: &[LinkIndex], address: IpAddr) -> Result<Option<(LinkIndex, MacAddr)>, NetError> {
        for &link in links {
            let row = self.neighbour(link, address)?;
            if let Some(mac) = row.filter(|row| row.state.is_known()).and_then(|row| row.mac) {
                return Ok(Some((link, mac)));
            }
        }
        Ok(None)
    }

    /// All rows of one link, IPv4 and IPv6.
    pub fn neighbours(&mut self, link: LinkIndex) -> Result<Vec<Neighbour>, NetError> {
        let mut rows = Vec::new();
        for family in [AF_INET, AF_INET6] {
            // The strict header names no link; the filter is an attribute.
            let request = Request::new(libc::RTM_GETNEIGH, libc::NLM_F_DUMP)
                .raw(&header(family, LinkIndex::new(0), 0, 0))
                .u32(NDA_IFINDEX, link.get());
            rows.extend(self.conn().dump("list neighbours", &request, parse_neighbour)?);
        }
        rows.retain(|row| row.link == link);
        Ok(rows)
    }

    /// Lets the kernel ask now whether these addresses are there: ARP or ND packets go out at once, unicast where the hardware
    /// address is given or known (`NUD_PROBE`), else to everybody on the link. The answers show in the table and in
    /// [`super::Watch`] within milliseconds; an absent device is [`NeighState::Failed`] after about 3 s.
    pub fn probe(&mut self, link: LinkIndex, targets: &[(IpAddr, Option<MacAddr>)]) -> Result<(), NetError> {
        for part in targets.chunks(64) {
            let mut requests = Vec::with_capacity(part.len());
            for &(address, given) in part {
                let known = |row: &Neighbour| row.state.is_known();
                let mac = match given {
                    Some(mac) => Some(mac),
                    None => self.neighbour(link, address)?.filter(known).and_then(|row| row.mac),
                };
                requests.push(probe_request(link, address, mac));
            }
            for outcome in self.conn().batch("probe neighbours", requests)? {
                outcome?;
            }
        }
        Ok(())
    }

    /// Forgets one row; not having it is no error.
    pub fn forget_neighbour(&mut self, link: LinkIndex, address: IpAddr) -> Result<(), NetError> {
        let request = Request::new(libc::RTM_DELNEIGH, 0)
            .raw(&header(family_of(address), link, 0, 0))
            .attr(NDA_DST, &ip_bytes(address));
        match self.conn().ack("forget a neighbour", request) {
            Err(error) if error.is_absent() => Ok(()),
            outcome => outcome,
        }
    }
}

pub(super) const NDA_DST: u16 = 1;
pub(super) const NDA_LLADDR: u16 = 2;
pub(super) const NDA_VLAN: u16 = 5;
pub(super) const NDA_IFINDEX: u16 = 8;
pub(super) const NDA_MASTER: u16 = 9;
const NUD_PROBE: u16 = 0x10;
const NTF_USE: u8 = 0x01;

fn probe_request(link: LinkIndex, address: IpAddr, mac: Option<MacAddr>) -> Request {
    let (state, flags) = if mac.is_some() { (NUD_PROBE, 0) } else { (0, NTF_USE) };
    let request = Request::new(libc::RTM_NEWNEIGH, libc::NLM_F_CREATE | libc::NLM_F_REPLACE)
        .raw(&header(family_of(address), link, state, flags))
        .attr(NDA_DST, &ip_bytes(address));
    match mac {
        Some(mac) => request.attr(NDA_LLADDR, &mac.octets()),
        None => request,
    }
}

/// `struct ndmsg`.
pub(super) fn header(family: u8, link: LinkIndex, state: u16, flags: u8) -> Vec<u8> {
    let mut header = vec![family, 0, 0, 0];
    header.extend_from_slice(&link.get().to_ne_bytes());
    header.extend_from_slice(&state.to_ne_bytes());
    header.extend_from_slice(&[flags, 0]);
    header
}

/// Reads `RTM_NEWNEIGH` and `RTM_DELNEIGH` of IPv4 and IPv6.
pub(super) fn parse_neighbour(message: Message<'_>) -> Option<Neighbour> {
    if message.kind != libc::RTM_NEWNEIGH && message.kind != libc::RTM_DELNEIGH {
        return None;
    }
    let family = *message.body.first()?;
    let (mut address, mut mac) = (None, None);
    for attr in attrs(message.body, 12) {
        match attr.kind {
            NDA_DST => address = ip(attr.data),
            NDA_LLADDR => mac = <[u8; 6]>::try_from(attr.data).ok().map(MacAddr::new),
            _ => {}
        }
    }
    let address = address.filter(|ip: &IpAddr| family_of(*ip) == family)?;
    Some(Neighbour {
        link: LinkIndex::new(message.body.get(4..).and_then(u32_ne)?),
        ip: address,
        mac,
        state: NeighState::from_bits(message.body.get(8..).and_then(u16_ne)?),
    })
}
