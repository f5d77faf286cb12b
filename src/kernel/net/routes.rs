//! Routes: where the Internet is.

use std::net::IpAddr;

use gapura_model::IfName;

use super::codec::{AF_INET, AF_INET6, Message, Request, attrs, ip, u32_ne};
use super::links::LinkIndex;
use super::subnet::overlaps;
use super::{NetError, Overlap, Route, Subnet};

/// A unicast route of the main table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteEntry {
    /// Where it leads.
    pub destination: Subnet,
    /// The interface packets leave by.
    pub link: LinkIndex,
    /// The next router; `None` for a subnet on the link, or a point-to-point link.
    pub gateway: Option<IpAddr>,
    /// Lower is preferred.
    pub metric: u32,
}

/// A way to the Internet over one uplink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultRoute {
    /// The uplink.
    pub link: LinkIndex,
    /// The next router; `None` on a point-to-point link (PPP, cellular modem).
    pub gateway: Option<IpAddr>,
    /// Whether it is for IPv6.
    pub v6: bool,
    /// Lower is preferred.
    pub metric: u32,
}

impl Route {
    /// The unicast routes of the main table, IPv4 then IPv6.
    pub fn routes(&mut self) -> Result<Vec<RouteEntry>, NetError> {
        let mut all = Vec::new();
        for family in [AF_INET, AF_INET6] {
            let mut header = [0; 12];
            header[0] = family;
            let request = Request::new(libc::RTM_GETROUTE, libc::NLM_F_DUMP).raw(&header);
            all.extend(self.conn().dump("list routes", &request, parse_routes)?.into_iter().flatten());
        }
        Ok(all)
    }

    /// Every pair of a visitor bridge and an uplink that use the same addresses now; ask at every change of an uplink. Interfaces
    /// that are not there have no addresses.
    pub fn find_overlaps(&mut self, lans: &[IfName], uplinks: &[IfName]) -> Result<Vec<Overlap>, NetError> {
        let mut subnets = |names: &[IfName]| -> Result<Vec<_>, NetError> {
            let mut all = Vec::new();
            for name in names {
                match self.subnets_of(name) {
                    Ok(subnets) => all.extend(subnets.into_iter().map(|subnet| (name.clone(), subnet))),
                    Err(NetError::NoSuchLink(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(all)
        };
        Ok(overlaps(&subnets(lans)?, &subnets(uplinks)?))
    }

    /// The default routes of the main table, preferred ones first.
    pub fn default_routes(&mut self) -> Result<Vec<DefaultRoute>, NetError> {
        let mut defaults: Vec<_> = self
            .routes()?
            .into_iter()
            .filter(|route| route.destination.prefix() == 0)
            .map(|route| DefaultRoute {
                link: route.link,
                gateway: route.gateway,
                v6: route.destination.base().is_ipv6(),
                metric: route.metric,
            })
            .collect();
        defaults.sort_by_key(|route| (route.metric, route.v6));
        Ok(defaults)
    }
}

const RTN_UNICAST: u8 = 1;
const RT_TABLE_MAIN: u32 = 254;
const RTA_VIA: u16 = 18;
/// `struct rtnexthop`.
const NEXT_HOP: usize = 8;

/// Reads `RTM_NEWROUTE` into one entry for each next hop; `None` if it is of no interest.
pub(super) fn parse_routes(message: Message<'_>) -> Option<Vec<RouteEntry>> {
    if message.kind != libc::RTM_NEWROUTE {
        return None;
    }
    let [family, prefix, _, _, small_table, _, _, kind] = *message.body.first_chunk()?;
    let (mut table, mut metric) = (u32::from(small_table), 0);
    let (mut to, mut link, mut gateway, mut hops) = (None, None, None, None);
    for attr in attrs(message.body, 12) {
        match attr.kind {
            libc::RTA_TABLE => table = u32_ne(attr.data)?,
            libc::RTA_DST => to = Some(ip(attr.data)?),
            libc::RTA_OIF => link = u32_ne(attr.data),
            libc::RTA_GATEWAY => gateway = ip(attr.data),
            RTA_VIA => gateway = attr.data.get(2..).and_then(ip),
            libc::RTA_PRIORITY => metric = u32_ne(attr.data)?,
            libc::RTA_MULTIPATH => hops = Some(attr.data),
            _ => {}
        }
    }
    if kind != RTN_UNICAST || table != RT_TABLE_MAIN {
        return None;
    }
    let any = if family == AF_INET { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
    let destination = Subnet::around(to.unwrap_or(any), prefix)?;
    let entry = |link, gateway| RouteEntry { destination, link: LinkIndex::new(link), gateway, metric };
    Some(match (link, hops) {
        (Some(link), _) => vec![entry(link, gateway)],
        (None, Some(hops)) => next_hops(hops).map(|(link, gateway)| entry(link, gateway)).collect(),
        (None, None) => Vec::new(),
    })
}

fn next_hops(data: &[u8]) -> impl Iterator<Item = (u32, Option<IpAddr>)> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let length = usize::from(super::codec::u16_ne(rest)?);
        let hop = rest.get(..length).filter(|hop| hop.len() >= NEXT_HOP)?;
        rest = rest.get(length.saturating_add(3) & !3..).unwrap_or_default();
        let gateway = attrs(hop, NEXT_HOP).find(|attr| attr.kind == libc::RTA_GATEWAY).and_then(|attr| ip(attr.data));
        Some((hop.get(4..).and_then(u32_ne)?, gateway))
    })
}
