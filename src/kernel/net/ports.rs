//! Bridge ports: which port a device is on, and keeping ports apart.

use gapura_model::{IfName, MacAddr};

use super::codec::{AF_BRIDGE, Message, Request, attrs, u16_ne, u32_ne};
use super::links::{IFLA_BRPORT_ISOLATED, Link, LinkIndex, link_header};
use super::neigh::{NDA_IFINDEX, NDA_LLADDR, NDA_MASTER, NDA_VLAN, header};
use super::{NetError, Route};

/// A row of a bridge's forwarding table: a hardware address seen on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FdbEntry {
    /// The bridge, where the kernel names it.
    pub bridge: Option<LinkIndex>,
    /// The port the address was last seen on (the bridge itself for its own addresses).
    pub port: LinkIndex,
    /// The hardware address.
    pub mac: MacAddr,
    /// The VLAN, on bridges that filter by VLAN.
    pub vlan: Option<u16>,
    /// One of our own addresses, or set by hand; not learned from a frame.
    pub permanent: bool,
}

impl Route {
    /// The ports of a bridge.
    pub fn ports(&mut self, bridge: LinkIndex) -> Result<Vec<Link>, NetError> {
        Ok(self.links()?.into_iter().filter(|link| link.master == Some(bridge)).collect())
    }

    /// The port of `bridge` that `mac` was last seen on; `None` if it was not seen lately (300 s), or on kernels before 5.2.
    pub fn port_of(&mut self, bridge: LinkIndex, mac: MacAddr) -> Result<Option<FdbEntry>, NetError> {
        let request = Request::new(libc::RTM_GETNEIGH, 0)
            .raw(&header(AF_BRIDGE, LinkIndex::new(0), 0, NTF_MASTER))
            .attr(NDA_LLADDR, &mac.octets())
            .u32(NDA_MASTER, bridge.get());
        let mut row = None;
        match self.conn().ask("look up a bridge port", request, |message| row = parse_fdb(message)) {
            Err(error) if error.is(libc::EOPNOTSUPP) => Ok(None),
            outcome => outcome.map(|_| row.filter(|row| row.mac == mac)),
        }
    }

    /// The whole forwarding table of a bridge.
    pub fn fdb(&mut self, bridge: LinkIndex) -> Result<Vec<FdbEntry>, NetError> {
        let request = Request::new(libc::RTM_GETNEIGH, libc::NLM_F_DUMP)
            .raw(&header(AF_BRIDGE, LinkIndex::new(0), 0, 0))
            .u32(NDA_MASTER, bridge.get());
        let mut rows = self.conn().dump("list a bridge's forwarding table", &request, parse_fdb)?;
        rows.retain(|row| row.bridge == Some(bridge) || row.port == bridge);
        Ok(rows)
    }

    /// Sets whether a bridge port is isolated: isolated ports exchange no frames with each other, only with ports that are not.
    /// Kernels before 4.18 refuse; see [`super::NetFeatures::isolation`].
    pub fn isolate(&mut self, port: &IfName, isolated: bool) -> Result<(), NetError> {
        let index = self.link(port)?.index;
        self.isolate_index(index, isolated)
    }

    pub(super) fn isolate_index(&mut self, port: LinkIndex, isolated: bool) -> Result<(), NetError> {
        let request = Request::new(libc::RTM_SETLINK, 0)
            .raw(&link_header(AF_BRIDGE, port, 0, 0))
            .nest(IFLA_PROTINFO | NESTED, |inner| inner.attr(IFLA_BRPORT_ISOLATED, &[u8::from(isolated)]));
        self.conn().ack("isolate a bridge port", request)
    }
}

const IFLA_PROTINFO: u16 = 12;
const NESTED: u16 = 0x8000;
const NTF_MASTER: u8 = 0x04;
const NUD_NOARP_PERMANENT: u16 = 0x40 | 0x80;

/// Reads `RTM_NEWNEIGH` and `RTM_DELNEIGH` of bridges.
pub(super) fn parse_fdb(message: Message<'_>) -> Option<FdbEntry> {
    let known = message.kind == libc::RTM_NEWNEIGH || message.kind == libc::RTM_DELNEIGH;
    if !known || *message.body.first()? != AF_BRIDGE {
        return None;
    }
    let mut port = message.body.get(4..).and_then(u32_ne)?;
    let (mut mac, mut bridge, mut vlan) = (None, None, None);
    for attr in attrs(message.body, 12) {
        match attr.kind {
            NDA_LLADDR => mac = <[u8; 6]>::try_from(attr.data).ok().map(MacAddr::new),
            NDA_MASTER => bridge = u32_ne(attr.data).map(LinkIndex::new),
            NDA_VLAN => vlan = u16_ne(attr.data),
            NDA_IFINDEX if port == 0 => port = u32_ne(attr.data)?,
            _ => {}
        }
    }
    let state = message.body.get(8..).and_then(u16_ne)?;
    Some(FdbEntry { bridge, port: LinkIndex::new(port), mac: mac?, vlan, permanent: state & NUD_NOARP_PERMANENT != 0 })
}
