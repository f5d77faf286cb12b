//! Addresses of interfaces.

use std::net::IpAddr;

use gapura_model::IfName;

use super::codec::{AF_INET, Message, Request, attrs, family_of, ip, ip_bytes, u32_ne};
use super::links::LinkIndex;
use super::{NetError, Route, Subnet};

/// An address of one of our interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The interface.
    pub link: LinkIndex,
    /// The address.
    pub ip: IpAddr,
    /// Bits of the subnet.
    pub prefix: u8,
    /// IPv6: still being checked for duplicates, or found to be one; not usable.
    pub tentative: bool,
    /// Not for new flows any more.
    pub deprecated: bool,
}

impl Address {
    /// The subnet on the link.
    pub fn subnet(&self) -> Option<Subnet> {
        Subnet::around(self.ip, self.prefix)
    }
}

impl Route {
    /// All addresses of all interfaces, IPv4 and IPv6.
    pub fn addresses(&mut self) -> Result<Vec<Address>, NetError> {
        let request = Request::new(libc::RTM_GETADDR, libc::NLM_F_DUMP).raw(&[0; 8]);
        let mut all = self.conn().dump("list addresses", &request, parse_address)?;
        all.sort_unstable();
        Ok(all)
    }

    /// The addresses of one interface.
    pub fn addresses_of(&mut self, link: LinkIndex) -> Result<Vec<Address>, NetError> {
        Ok(self.addresses()?.into_iter().filter(|address| address.link == link).collect())
    }

    /// The subnets of one interface by name; empty if it has no address.
    pub fn subnets_of(&mut self, name: &IfName) -> Result<Vec<Subnet>, NetError> {
        let link = self.link(name)?.index;
        Ok(self.addresses_of(link)?.iter().filter_map(Address::subnet).collect())
    }

    /// Gives an interface an address; having it already is no error. An IPv6 address is usable at once (no duplicate detection:
    /// the gateway's own address on its own bridge).
    pub fn add_address(&mut self, link: LinkIndex, address: IpAddr, prefix: u8) -> Result<(), NetError> {
        let mut request = Request::new(libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_REPLACE)
            .raw(&header(link, address, prefix, if address.is_ipv6() { NODAD } else { 0 }))
            .attr(libc::IFA_LOCAL, &ip_bytes(address))
            .attr(libc::IFA_ADDRESS, &ip_bytes(address));
        if let IpAddr::V4(ip) = address
            && prefix < 31
        {
            let host = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
            request = request.attr(libc::IFA_BROADCAST, &(ip.to_bits() | host).to_be_bytes());
        }
        match self.conn().ack("add an address", request) {
            Err(error) if error.is(libc::EEXIST) => Ok(()),
            outcome => outcome,
        }
    }

    /// Takes an address away; not having it is no error.
    pub fn remove_address(&mut self, link: LinkIndex, address: IpAddr, prefix: u8) -> Result<(), NetError> {
        let request = Request::new(libc::RTM_DELADDR, 0)
            .raw(&header(link, address, prefix, 0))
            .attr(libc::IFA_LOCAL, &ip_bytes(address));
        match self.conn().ack("remove an address", request) {
            Err(error) if error.is(libc::EADDRNOTAVAIL) => Ok(()),
            outcome => outcome,
        }
    }
}

const NODAD: u8 = 0x02;
const TENTATIVE: u32 = 0x40;
const DUPLICATE: u32 = 0x08;
const DEPRECATED: u32 = 0x20;
const IFA_FLAGS: u16 = 8;

/// `struct ifaddrmsg`.
fn header(link: LinkIndex, address: IpAddr, prefix: u8, flags: u8) -> Vec<u8> {
    let mut header = vec![family_of(address), prefix, flags, 0];
    header.extend_from_slice(&link.get().to_ne_bytes());
    header
}

/// Reads `RTM_NEWADDR` and `RTM_DELADDR`.
pub(super) fn parse_address(message: Message<'_>) -> Option<Address> {
    if message.kind != libc::RTM_NEWADDR && message.kind != libc::RTM_DELADDR {
        return None;
    }
    let [family, prefix, low_flags, _] = *message.body.first_chunk()?;
    let mut flags = u32::from(low_flags);
    let (mut local, mut peer) = (None, None);
    for attr in attrs(message.body, 8) {
        match attr.kind {
            libc::IFA_LOCAL => local = ip(attr.data),
            libc::IFA_ADDRESS => peer = ip(attr.data),
            IFA_FLAGS => flags = u32_ne(attr.data).unwrap_or(flags),
            _ => {}
        }
    }
    let ip = local.or(peer).filter(|ip| ip.is_ipv4() == (family == AF_INET))?;
    Some(Address {
        link: LinkIndex::new(message.body.get(4..).and_then(u32_ne)?),
        ip,
        prefix,
        tentative: flags & (TENTATIVE | DUPLICATE) != 0,
        deprecated: flags & DEPRECATED != 0,
    })
}
