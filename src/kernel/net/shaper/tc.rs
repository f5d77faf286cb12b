//! Queueing disciplines and classes as messages (`linux/pkt_sched.h`, `linux/rtnetlink.h`).

use super::rates::{ClassRates, Told, leaf_bytes, ticks};
use crate::net::codec::{Message, Request, find, text, u32_ne, u64_ne};
use crate::net::{LinkIndex, NetError, Route};

/// What a visitor's class keeps its waiting packets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leaf {
    /// Fair among the visitor's own flows, drops by delay: the best, where the kernel has it.
    FqCodel,
    /// A byte-limited queue behind a token bucket too fast to hold anything back, used for one thing: it cuts the 64 KiB
    /// aggregates of GRO and TSO into frames, so that a queue of 15 kB can hold them and visitors take turns by the frame.
    Segmenting,
    /// A byte-limited queue; never under 68 kB, or one aggregate would not fit and be lost again and again.
    Bytes,
}

impl Leaf {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::FqCodel => "fq_codel",
            Self::Segmenting => "tbf",
            Self::Bytes => "bfifo",
        }
    }
}

/// Root handle of every tree.
pub(super) const ROOT_QDISC: u32 = 0x0001_0000;
/// The class all others are under.
pub(super) const ROOT_CLASS: u16 = 1;

const TC_H_ROOT: u32 = 0xffff_ffff;
const TCA_HTB_PARMS: u16 = 1;
const TCA_HTB_INIT: u16 = 2;
const TCA_HTB_RATE64: u16 = 6;
const TCA_HTB_CEIL64: u16 = 7;
const TCA_TBF_PARMS: u16 = 1;
const TCA_TBF_RATE64: u16 = 4;
const TCA_TBF_BURST: u16 = 6;
const TCA_FQ_CODEL_LIMIT: u16 = 2;
const TCA_FQ_CODEL_FLOWS: u16 = 5;
const TCA_FQ_CODEL_MEMORY_LIMIT: u16 = 9;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
/// Fast enough that the token bucket's price of a packet rounds to nothing: it never waits (bytes per second).
const INSTANT: u64 = 1 << 50;
/// Aggregates never exceed this on the paths we see; a plain byte queue must hold one.
const AGGREGATE: u32 = 68_000;
const ETHERNET: u8 = 1;

/// `struct tcmsg`.
fn header(link: LinkIndex, handle: u32, parent: u32) -> Vec<u8> {
    let mut header = vec![0; 4];
    for word in [link.get(), handle, parent, 0] {
        header.extend_from_slice(&word.to_ne_bytes());
    }
    header
}

/// `struct tc_ratespec`; the link layer is named so that the kernel wants no rate table.
fn rate_spec(rate: u64) -> Vec<u8> {
    let mut spec = vec![0, ETHERNET, 0, 0, 0, 0, 0, 0];
    spec.extend_from_slice(&u32::try_from(rate).unwrap_or(u32::MAX).to_ne_bytes());
    spec
}

/// Rates beyond 32 bits of bytes per second (34 Gbit/s) need an attribute of their own.
fn wide_rate(request: Request, kind: u16, rate: u64) -> Request {
    if u32::try_from(rate).is_ok() { request } else { request.attr(kind, &rate.to_ne_bytes()) }
}

/// Replaces a device's root with an HTB that sends unclassified packets straight on (default class 0).
pub(super) fn root_qdisc(link: LinkIndex) -> Request {
    // struct tc_htb_glob: version, rate2quantum, default class, debug, direct packets.
    let glob: Vec<u8> = [3_u32, 10, 0, 0, 0].iter().flat_map(|word| word.to_ne_bytes()).collect();
    Request::new(libc::RTM_NEWQDISC, libc::NLM_F_CREATE | libc::NLM_F_REPLACE)
        .raw(&header(link, ROOT_QDISC, TC_H_ROOT))
        .text(TCA_KIND, "htb")
        .nest(TCA_OPTIONS, |options| options.attr(TCA_HTB_INIT, &glob))
}

/// Takes a device's whole tree away.
pub(super) fn delete_root(link: LinkIndex) -> Request {
    Request::new(libc::RTM_DELQDISC, 0).raw(&header(link, ROOT_QDISC, TC_H_ROOT))
}

/// Creates (`create`) or changes a class under `parent` (0 for under the root).
pub(super) fn class(link: LinkIndex, minor: u16, parent: u16, rates: &ClassRates, create: bool) -> Request {
    let mut options = rate_spec(rates.rate);
    options.extend(rate_spec(rates.ceil));
    for word in [ticks(rates.burst, rates.rate), ticks(rates.cburst, rates.ceil), rates.quantum, 0, 0] {
        options.extend_from_slice(&word.to_ne_bytes());
    }
    let (minor, parent) = (ROOT_QDISC | u32::from(minor), ROOT_QDISC | u32::from(parent));
    Request::new(libc::RTM_NEWTCLASS, if create { libc::NLM_F_CREATE } else { 0 })
        .raw(&header(link, minor, parent))
        .text(TCA_KIND, "htb")
        .nest(TCA_OPTIONS, |inner| {
            let inner = wide_rate(inner.attr(TCA_HTB_PARMS, &options), TCA_HTB_RATE64, rates.rate);
            wide_rate(inner, TCA_HTB_CEIL64, rates.ceil)
        })
}

/// Creates or changes the queue of class `minor`; its handle is `minor:`.
pub(super) fn leaf(link: LinkIndex, mtu: u32, minor: u16, leaf: Leaf, rates: &ClassRates) -> Request {
    let bytes = leaf_bytes(rates);
    let request = Request::new(libc::RTM_NEWQDISC, libc::NLM_F_CREATE | libc::NLM_F_REPLACE)
        .raw(&header(link, u32::from(minor) << 16, ROOT_QDISC | u32::from(minor)))
        .text(TCA_KIND, leaf.kind());
    match leaf {
        Leaf::FqCodel => request.nest(TCA_OPTIONS, |options| {
            options
                .u32(TCA_FQ_CODEL_LIMIT, 1000)
                .u32(TCA_FQ_CODEL_FLOWS, 64)
                .u32(TCA_FQ_CODEL_MEMORY_LIMIT, bytes.saturating_mul(4).max(1 << 20))
        }),
        Leaf::Segmenting => {
            let frame = mtu.saturating_add(64).max(1600);
            let mut options = rate_spec(INSTANT);
            options.extend([0; 12]);
            for word in [bytes, 1, 0] {
                options.extend_from_slice(&word.to_ne_bytes());
            }
            request.nest(TCA_OPTIONS, |inner| {
                inner
                    .attr(TCA_TBF_PARMS, &options)
                    .attr(TCA_TBF_RATE64, &INSTANT.to_ne_bytes())
                    .u32(TCA_TBF_BURST, frame)
            })
        }
        Leaf::Bytes => request.attr(TCA_OPTIONS, &bytes.max(AGGREGATE).to_ne_bytes()),
    }
}

/// Takes the queue of class `minor` away; the kernel puts a plain one in its place.
pub(super) fn delete_leaf(link: LinkIndex, minor: u16) -> Request {
    Request::new(libc::RTM_DELQDISC, 0).raw(&header(link, u32::from(minor) << 16, ROOT_QDISC | u32::from(minor)))
}

/// Takes class `minor` away with its queue; refused (EBUSY) while others are under it.
pub(super) fn delete_class(link: LinkIndex, minor: u16) -> Request {
    Request::new(libc::RTM_DELTCLASS, 0).raw(&header(link, ROOT_QDISC | u32::from(minor), 0))
}

/// What a device has now.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Whether its root is an HTB with our handle and default.
    pub(super) root: bool,
    /// Its classes: minor, the minor they are under, and what the kernel was told.
    pub(super) classes: Vec<(u16, u16, Told)>,
    /// The minors whose queue is of the wanted kind.
    pub(super) leaves: Vec<u16>,
}

/// Reads a device's tree.
pub(super) fn read(route: &mut Route, link: LinkIndex, leaf: Leaf) -> Result<Found, NetError> {
    let mut found = Found::default();
    let request = |kind| Request::new(kind, libc::NLM_F_DUMP).raw(&header(link, 0, 0));
    let qdiscs = route.conn().dump("list queueing disciplines", &request(libc::RTM_GETQDISC), |message| {
        Row::read(message, libc::RTM_NEWQDISC).map(|row| (row.link, row.handle, row.parent, row.kind.to_owned()))
    })?;
    for (_, handle, parent, kind) in qdiscs.into_iter().filter(|row| row.0 == link.get()) {
        if handle == ROOT_QDISC && parent == TC_H_ROOT {
            found.root = kind == "htb";
        } else if kind == leaf.kind() && parent & 0xffff_0000 == ROOT_QDISC && handle == parent << 16 {
            found.leaves.extend(u16::try_from(parent & 0xffff));
        }
    }
    if found.root {
        let classes = route.conn().dump("list traffic classes", &request(libc::RTM_GETTCLASS), parse_class)?;
        found.classes = classes
            .into_iter()
            .filter(|row| row.0 == link.get())
            .map(|(_, minor, parent, told)| (minor, parent, told))
            .collect();
    }
    Ok(found)
}

/// Interface number, minor, parent's minor (0: the root) and rates of a class of ours.
pub(super) fn parse_class(message: Message<'_>) -> Option<(u32, u16, u16, Told)> {
    let row = Row::read(message, libc::RTM_NEWTCLASS).filter(|row| row.kind == "htb")?;
    let options = find(message.body, 20, TCA_OPTIONS)?;
    let parms = find(options, 0, TCA_HTB_PARMS)?;
    let rate = |at, wide| match find(options, 0, wide).and_then(u64_ne) {
        Some(rate) => Some(rate),
        None => parms.get(at..).and_then(u32_ne).map(u64::from),
    };
    let told = Told { rate: rate(8, TCA_HTB_RATE64)?, ceil: rate(20, TCA_HTB_CEIL64)? };
    let minor = u16::try_from(row.handle & 0xffff).ok()?;
    let parent = if row.parent == TC_H_ROOT { 0 } else { u16::try_from(row.parent & 0xffff).ok()? };
    (row.handle & 0xffff_0000 == ROOT_QDISC).then_some((row.link, minor, parent, told))
}

/// A row of either table.
pub(super) struct Row<'a> {
    link: u32,
    handle: u32,
    parent: u32,
    kind: &'a str,
}

impl<'a> Row<'a> {
    pub(super) fn read(message: Message<'a>, wanted: u16) -> Option<Self> {
        if message.kind != wanted {
            return None;
        }
        let word = |at| message.body.get(at..).and_then(u32_ne);
        let kind = find(message.body, 20, TCA_KIND).and_then(text)?;
        Some(Self { link: word(4)?, handle: word(8)?, parent: word(12)?, kind })
    }
}
