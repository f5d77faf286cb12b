//! Network interfaces.

use std::fmt;

use gapura_model::{IfName, MacAddr};
use serde::{Deserialize, Serialize};

use super::codec::{Message, Request, attrs, find, text, u32_ne};
use super::{NetError, Route};

/// An interface's number in its network namespace; a name may come back with another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkIndex(u32);

impl LinkIndex {
    /// The number `index`; 0 is no interface.
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The plain number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for LinkIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A network interface as the kernel describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its name.
    pub name: IfName,
    /// Its number.
    pub index: LinkIndex,
    /// Its Ethernet address, if it has one.
    pub mac: Option<MacAddr>,
    /// Switched on by the administrator.
    pub up: bool,
    /// Switched on, and the other end is there.
    pub running: bool,
    /// Bytes of the longest layer 3 packet.
    pub mtu: u32,
    /// The bridge or bond it is a port of.
    pub master: Option<LinkIndex>,
    /// The driver family for virtual interfaces: `bridge`, `veth`, `vlan` ...
    pub kind: Option<String>,
    /// For a bridge port of a kernel that knows isolation: whether it is isolated from other isolated ports.
    pub isolated: Option<bool>,
}

impl Link {
    /// Whether it is a bridge.
    pub fn is_bridge(&self) -> bool {
        self.kind.as_deref() == Some("bridge")
    }
}

impl Route {
    /// All interfaces, by number. Interfaces whose names the house cannot spell are left out.
    pub fn links(&mut self) -> Result<Vec<Link>, NetError> {
        let request = Request::new(libc::RTM_GETLINK, libc::NLM_F_DUMP).raw(&[0; 16]);
        let mut links = self.conn().dump("list interfaces", &request, parse_link)?;
        links.sort_by_key(|link| link.index);
        Ok(links)
    }

    /// One interface by name, `None` if there is none.
    pub fn find_link(&mut self, name: &IfName) -> Result<Option<Link>, NetError> {
        let request = Request::new(libc::RTM_GETLINK, 0).raw(&[0; 16]).text(libc::IFLA_IFNAME, name.as_str());
        let mut link = None;
        self.conn().ask("find an interface", request, |message| link = parse_link(message))?;
        Ok(link)
    }

    /// One interface by name; [`NetError::NoSuchLink`] if there is none.
    pub fn link(&mut self, name: &IfName) -> Result<Link, NetError> {
        self.find_link(name)?.ok_or_else(|| NetError::NoSuchLink(name.clone()))
    }

    /// Switches an interface on or off.
    pub fn set_up(&mut self, name: &IfName, up: bool) -> Result<(), NetError> {
        let index = self.link(name)?.index;
        let flag = if up { IFF_UP } else { 0 };
        let header = link_header(0, index, flag, IFF_UP);
        self.conn().ack("switch an interface on or off", Request::new(libc::RTM_NEWLINK, 0).raw(&header))
    }
}

const IFF_UP: u32 = 1;
const IFF_RUNNING: u32 = 0x40;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
const IFLA_INFO_SLAVE_DATA: u16 = 5;
pub(super) const IFLA_BRPORT_ISOLATED: u16 = 33;

/// `struct ifinfomsg`: the family, number, flags and which flags to change.
pub(super) fn link_header(family: u8, index: LinkIndex, flags: u32, change: u32) -> Vec<u8> {
    let mut header = vec![family, 0, 0, 0];
    header.extend_from_slice(&index.get().to_ne_bytes());
    header.extend_from_slice(&flags.to_ne_bytes());
    header.extend_from_slice(&change.to_ne_bytes());
    header
}

/// Reads `RTM_NEWLINK` and `RTM_DELLINK`.
pub(super) fn parse_link(message: Message<'_>) -> Option<Link> {
    if message.kind != libc::RTM_NEWLINK && message.kind != libc::RTM_DELLINK {
        return None;
    }
    let index = LinkIndex(message.body.get(4..).and_then(u32_ne)?);
    let flags = message.body.get(8..).and_then(u32_ne)?;
    let mut link = Link {
        name: find(message.body, 16, libc::IFLA_IFNAME).and_then(text)?.parse().ok()?,
        index,
        mac: None,
        up: flags & IFF_UP != 0,
        running: flags & IFF_UP != 0 && flags & IFF_RUNNING != 0,
        mtu: 0,
        master: None,
        kind: None,
        isolated: None,
    };
    for attr in attrs(message.body, 16) {
        match attr.kind {
            libc::IFLA_ADDRESS => link.mac = <[u8; 6]>::try_from(attr.data).ok().map(MacAddr::new),
            libc::IFLA_MTU => link.mtu = u32_ne(attr.data).unwrap_or_default(),
            libc::IFLA_MASTER => link.master = u32_ne(attr.data).map(LinkIndex),
            libc::IFLA_LINKINFO => {
                link.kind = find(attr.data, 0, libc::IFLA_INFO_KIND).and_then(text).map(str::to_owned);
                if find(attr.data, 0, IFLA_INFO_SLAVE_KIND).and_then(text) == Some("bridge") {
                    link.isolated = find(attr.data, 0, IFLA_INFO_SLAVE_DATA)
                        .and_then(|data| find(data, 0, IFLA_BRPORT_ISOLATED))
                        .and_then(|data| data.first())
                        .map(|&on| on != 0);
                }
            }
            _ => {}
        }
    }
    Some(link)
}
