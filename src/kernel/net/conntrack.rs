//! The flow table: ending flows by mark, and how full it is (`linux/netfilter/nfnetlink_conntrack.h`).

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::NetError;
use super::codec::{Message, Request, attrs, find, ip, u32_be};
use super::conn::Conn;
use crate::Mark;

/// The ctnetlink handle, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Conntrack {
    conn: Conn,
}

/// How full the flow table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConntrackUse {
    /// Flows now.
    pub flows: u32,
    /// Flows at most (`nf_conntrack_max`); `None` on kernels that do not say.
    pub max: Option<u32>,
}

/// One flow, as seen from its first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Where the first packet came from.
    pub source: IpAddr,
    /// Where it went.
    pub destination: IpAddr,
    /// IP protocol number: 6 TCP, 17 UDP.
    pub protocol: u8,
    /// The flow's mark.
    pub mark: u32,
}

impl Conntrack {
    /// Opens a socket in the calling thread's network namespace.
    pub fn open() -> Result<Self, NetError> {
        Ok(Self { conn: Conn::open(netlink_sys::protocols::NETLINK_NETFILTER, "ctnetlink")? })
    }

    /// Forgets all flows, IPv4 and IPv6, whose `mark & mask` equals `mark`. One message; the kernel walks its whole table
    /// (about 40 ms for 100,000 flows), so it is for slot reuse and staff, not for ending a visit. A `mask` of 0 would mean every
    /// flow of the machine and is refused.
    pub fn delete(&mut self, mark: u32, mask: u32) -> Result<(), NetError> {
        let action = "delete flows by mark";
        if mask == 0 {
            return Err(NetError::Refused {
                action,
                source: std::io::Error::from_raw_os_error(libc::EINVAL),
                detail: "an empty mask would delete every flow".to_owned(),
            });
        }
        self.conn.ack(action, by_mark(IPCTNL_MSG_CT_DELETE, 0, mark, mask))
    }

    /// The flows whose `mark & mask` equals `mark`; a mask of 0 lists all.
    pub fn flows(&mut self, mark: u32, mask: u32) -> Result<Vec<Flow>, NetError> {
        let request = by_mark(IPCTNL_MSG_CT_GET, libc::NLM_F_DUMP, mark, mask);
        let mut flows = self.conn.dump("list flows by mark", &request, parse_flow)?;
        flows.retain(|flow| flow.mark & mask == mark);
        Ok(flows)
    }

    /// Ends the flows of visits of these policy groups toward these addresses, IPv4 and IPv6: they are marked
    /// [`Mark::BLOCKED`], so their next packet is refused and TCP is reset. (A forgotten flow would be taken up again by its next
    /// packet wherever its address is not refused itself.) New flows to the same addresses are not concerned. Returns how many.
    ///
    /// One dump of the flow table, so for a change of policy, not for a visit. Flows without a visit, the gateway's own among
    /// them, are left alone, as are the walled garden's.
    pub fn end_flows(&mut self, groups: &BTreeSet<u8>, addresses: &BTreeSet<IpAddr>) -> Result<usize, NetError> {
        if groups.is_empty() || addresses.is_empty() {
            return Ok(0);
        }
        let wanted = |flow: &Flow| {
            let mark = Mark::parse(flow.mark).filter(|_| flow.mark & Mark::BLOCKED == 0);
            mark.is_some_and(|mark| groups.contains(&mark.group)) && addresses.contains(&flow.destination)
        };
        let request = by_mark(IPCTNL_MSG_CT_GET, libc::NLM_F_DUMP, Mark::IDENTIFIED, Mark::IDENTIFIED);
        let ends = self.conn.dump("find flows to end", &request, |message| {
            parse_flow(message).filter(wanted).and_then(|_| blocking(message))
        })?;
        let mut ended = 0;
        for some in ends.chunks(AT_ONCE) {
            for outcome in self.conn.batch("end flows", some.iter().cloned())? {
                match outcome {
                    Ok(()) => ended += 1,
                    // Gone meanwhile.
                    Err(error) if error.is_absent() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(ended)
    }

    /// How full the table is. The number of flows is that of this network namespace, the maximum that of the machine.
    pub fn in_use(&mut self) -> Result<ConntrackUse, NetError> {
        let action = "count flows";
        let mut found = None;
        self.conn.ask(action, Request::new(kind(IPCTNL_MSG_CT_GET_STATS), 0).raw(&NFGENMSG), |message| {
            let flows = find(message.body, 4, CTA_STATS_GLOBAL_ENTRIES).and_then(u32_be);
            let max = find(message.body, 4, CTA_STATS_GLOBAL_MAX_ENTRIES).and_then(u32_be);
            found = flows.map(|flows| ConntrackUse { flows, max });
        })?;
        found.ok_or(NetError::Malformed { action, what: "no number of entries" })
    }
}

const NFNL_SUBSYS_CTNETLINK: u16 = 1;
const IPCTNL_MSG_CT_NEW: u16 = 0;
const IPCTNL_MSG_CT_GET: u16 = 1;
const IPCTNL_MSG_CT_DELETE: u16 = 2;
const IPCTNL_MSG_CT_GET_STATS: u16 = 5;
const CTA_STATS_GLOBAL_ENTRIES: u16 = 1;
const CTA_STATS_GLOBAL_MAX_ENTRIES: u16 = 2;
const CTA_TUPLE_ORIG: u16 = 1;
const CTA_TUPLE_IP: u16 = 1;
const CTA_TUPLE_PROTO: u16 = 2;
const CTA_PROTO_NUM: u16 = 1;
const CTA_MARK: u16 = 8;
const CTA_MARK_MASK: u16 = 21;
const CTA_ZONE: u16 = 18;
const NESTED: u16 = 0x8000;
/// Flows changed by one send.
const AT_ONCE: usize = 256;
/// `struct nfgenmsg`: any family, version 0.
const NFGENMSG: [u8; 4] = [0; 4];

const fn kind(message: u16) -> u16 {
    NFNL_SUBSYS_CTNETLINK << 8 | message
}

fn by_mark(message: u16, flags: i32, mark: u32, mask: u32) -> Request {
    Request::new(kind(message), flags)
        .raw(&NFGENMSG)
        .attr(CTA_MARK, &mark.to_be_bytes())
        .attr(CTA_MARK_MASK, &mask.to_be_bytes())
}

/// The request that blocks a flow as it was listed: by its own tuple, byte for byte, whatever its protocol.
fn blocking(message: Message<'_>) -> Option<Request> {
    let family = *message.body.first()?;
    let blocked = Mark::BLOCKED.to_be_bytes();
    let request = Request::new(kind(IPCTNL_MSG_CT_NEW), 0)
        .raw(&[family, 0, 0, 0])
        .attr(CTA_TUPLE_ORIG | NESTED, find(message.body, 4, CTA_TUPLE_ORIG)?)
        .attr(CTA_MARK, &blocked)
        .attr(CTA_MARK_MASK, &blocked);
    Some(match find(message.body, 4, CTA_ZONE) {
        Some(zone) => request.attr(CTA_ZONE, zone),
        None => request,
    })
}

pub(super) fn parse_flow(message: Message<'_>) -> Option<Flow> {
    if message.kind != kind(IPCTNL_MSG_CT_NEW) {
        return None;
    }
    let tuple = find(message.body, 4, CTA_TUPLE_ORIG)?;
    // CTA_IP_V4_SRC 1, CTA_IP_V4_DST 2, CTA_IP_V6_SRC 3, CTA_IP_V6_DST 4.
    let addresses = find(tuple, 0, CTA_TUPLE_IP)?;
    let address =
        |kinds: [u16; 2]| attrs(addresses, 0).find(|attr| kinds.contains(&attr.kind)).and_then(|attr| ip(attr.data));
    Some(Flow {
        source: address([1, 3])?,
        destination: address([2, 4])?,
        protocol: *find(find(tuple, 0, CTA_TUPLE_PROTO)?, 0, CTA_PROTO_NUM)?.first()?,
        mark: find(message.body, 4, CTA_MARK).and_then(u32_be).unwrap_or_default(),
    })
}
