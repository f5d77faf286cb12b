//! A rule, spelled like nft spells it.

use gapura_model::IfName;

use super::codec::{Expr, RuleSpec, Verdict, ct, fib, meta, obj};
use super::settings::name_key;

const LINK: u32 = 0;
const NETWORK: u32 = 1;
const TRANSPORT: u32 = 2;
const EQ: u32 = 0;
const NE: u32 = 1;

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMP: u8 = 1;
pub(super) const ICMP6: u8 = 58;

/// Address family of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ip {
    V4,
    V6,
}

impl Ip {
    const fn nfproto(self) -> u8 {
        match self {
            Self::V4 => 2,
            Self::V6 => 10,
        }
    }

    /// How many registers an address fills.
    const fn registers(self) -> u32 {
        match self {
            Self::V4 => 1,
            Self::V6 => 4,
        }
    }

    const fn ethertype(self) -> u16 {
        match self {
            Self::V4 => 0x0800,
            Self::V6 => 0x86dd,
        }
    }
}

/// Begins a rule of a chain.
pub(super) fn rule(chain: &'static str) -> Rule {
    Rule(RuleSpec { chain, exprs: Vec::new(), comment: None })
}

/// A rule in the making; each step narrows or acts, [`Rule::end`] and its relatives finish it.
pub(super) struct Rule(RuleSpec);

impl Rule {
    fn with(mut self, exprs: impl IntoIterator<Item = Expr>) -> Self {
        self.0.exprs.extend(exprs);
        self
    }

    fn is(self, op: u32, data: &[u8]) -> Self {
        self.with([Expr::Cmp { reg: 0, op, data: data.to_vec() }])
    }

    fn meta(self, key: u32) -> Self {
        self.with([Expr::Meta { key, to: 0 }])
    }

    fn lookup(self, set: &'static str, not: bool) -> Self {
        self.with([Expr::Lookup { set, reg: 0, to: None, not }])
    }

    /// What the registers from 0 hold is in the set.
    pub(super) fn found_in(self, set: &'static str) -> Self {
        self.lookup(set, false)
    }

    fn payload(self, base: u32, offset: u32, len: u32, to: u32) -> Self {
        self.with([Expr::Payload { base, offset, len, to }])
    }

    pub(super) fn iif(self, set: &'static str) -> Self {
        self.meta(meta::IIFNAME).lookup(set, false)
    }

    /// One interface by its name: a compare, cheaper than asking a set.
    pub(super) fn iif_is(self, name: &IfName) -> Self {
        self.meta(meta::IIFNAME).is(EQ, &name_key(name))
    }

    pub(super) fn iif_not(self, set: &'static str) -> Self {
        self.meta(meta::IIFNAME).lookup(set, true)
    }

    pub(super) fn oif(self, set: &'static str) -> Self {
        self.meta(meta::OIFNAME).lookup(set, false)
    }

    pub(super) fn oif_not(self, set: &'static str) -> Self {
        self.meta(meta::OIFNAME).lookup(set, true)
    }

    pub(super) fn family(self, ip: Ip) -> Self {
        self.meta(meta::NFPROTO).is(EQ, &[ip.nfproto()])
    }

    /// Family by the frame's type (bridge tables).
    pub(super) fn frame(self, ip: Ip) -> Self {
        self.meta(meta::PROTOCOL).is(EQ, &ip.ethertype().to_be_bytes())
    }

    pub(super) fn frame_arp(self) -> Self {
        self.meta(meta::PROTOCOL).is(EQ, &0x0806_u16.to_be_bytes())
    }

    /// Unicast frames only, or the others.
    pub(super) fn for_host(self, yes: bool) -> Self {
        const PKTTYPE: u32 = 19;
        self.meta(PKTTYPE).is(if yes { EQ } else { NE }, &[0])
    }

    pub(super) fn l4(self, proto: u8) -> Self {
        self.meta(meta::L4PROTO).is(EQ, &[proto])
    }

    pub(super) fn sport(self, port: u16) -> Self {
        self.payload(TRANSPORT, 0, 2, 0).is(EQ, &port.to_be_bytes())
    }

    /// `th sport >= port`.
    pub(super) fn sport_from(self, port: u16) -> Self {
        const AT_LEAST: u32 = 5;
        self.payload(TRANSPORT, 0, 2, 0).is(AT_LEAST, &port.to_be_bytes())
    }

    pub(super) fn dport(self, port: u16) -> Self {
        self.payload(TRANSPORT, 2, 2, 0).is(EQ, &port.to_be_bytes())
    }

    /// `meta l4proto . th dport`.
    pub(super) fn service(self, set: &'static str) -> Self {
        self.meta(meta::L4PROTO).payload(TRANSPORT, 2, 2, 1).lookup(set, false)
    }

    pub(super) fn icmp_type(self, proto: u8, set: &'static str) -> Self {
        self.l4(proto).payload(TRANSPORT, 0, 1, 0).lookup(set, false)
    }

    pub(super) fn icmp_is(self, proto: u8, kind: u8) -> Self {
        self.l4(proto).payload(TRANSPORT, 0, 1, 0).is(EQ, &[kind])
    }

    /// The target address of a neighbour message.
    pub(super) fn nd_target(self, set: &'static str) -> Self {
        self.payload(TRANSPORT, 8, 16, 0).lookup(set, false)
    }

    pub(super) fn arp_sender(self, set: &'static str) -> Self {
        self.payload(NETWORK, 14, 4, 0).lookup(set, false)
    }

    fn saddr(self, ip: Ip) -> Self {
        match ip {
            Ip::V4 => self.payload(NETWORK, 12, 4, 0),
            Ip::V6 => self.payload(NETWORK, 8, 16, 0),
        }
    }

    fn daddr(self, ip: Ip) -> Self {
        match ip {
            Ip::V4 => self.payload(NETWORK, 16, 4, 0),
            Ip::V6 => self.payload(NETWORK, 24, 16, 0),
        }
    }

    pub(super) fn from(self, ip: Ip, set: &'static str) -> Self {
        self.family(ip).saddr(ip).lookup(set, false)
    }

    /// Source address in a set, in a bridge table.
    pub(super) fn frame_from(self, ip: Ip, set: &'static str) -> Self {
        self.frame(ip).saddr(ip).lookup(set, false)
    }

    pub(super) fn to(self, ip: Ip, set: &'static str) -> Self {
        self.family(ip).daddr(ip).lookup(set, false)
    }

    /// `ip daddr . meta l4proto . th dport`.
    pub(super) fn toward_service(self, ip: Ip, set: &'static str) -> Self {
        let next = ip.registers();
        self.family(ip)
            .daddr(ip)
            .with([Expr::Meta { key: meta::L4PROTO, to: next }])
            .payload(TRANSPORT, 2, 2, next + 1)
            .lookup(set, false)
    }

    /// `number . ip daddr map @map` in registers 0 and 1. The constant fills `words` registers: nft 1.0.6 does not know how long a
    /// map's result is and gives up listing a table where that stands in a concatenation, but reads over it this way.
    pub(super) fn class_of(self, ip: Ip, number: u32, map: &'static str, words: usize) -> Self {
        let mut data = number.to_ne_bytes().to_vec();
        data.resize(words * 4, 0);
        let (offset, len) = if ip == Ip::V4 { (16, 4) } else { (24, 16) };
        self.family(ip).with([Expr::Value { to: 0, data }]).payload(NETWORK, offset, len, 8).with([Expr::Lookup {
            set: map,
            reg: 8,
            to: Some(1),
            not: false,
        }])
    }

    /// `ct mark & 0x00ff0000`, the flow's policy group.
    pub(super) fn group(self, to: u32) -> Self {
        const GROUP: u32 = 0x00ff_0000;
        let (mask, xor) = (GROUP.to_ne_bytes().to_vec(), vec![0; 4]);
        self.with([Expr::Ct { key: ct::MARK, to }, Expr::Mask { reg: to, to, mask, xor }])
    }

    /// `ip daddr . ct mark & 0x00ff0000 @set`.
    pub(super) fn toward_by_group(self, ip: Ip, set: &'static str) -> Self {
        self.family(ip).daddr(ip).group(ip.registers()).lookup(set, false)
    }

    /// `ip saddr . ct mark & 0x00ff0000 @set`.
    pub(super) fn back_by_group(self, ip: Ip, set: &'static str) -> Self {
        self.family(ip).saddr(ip).group(ip.registers()).lookup(set, false)
    }

    /// `meta l4proto`.
    pub(super) fn protocol(self, to: u32) -> Self {
        self.with([Expr::Meta { key: meta::L4PROTO, to }])
    }

    /// `ip6 nexthdr`, for rules that asked for IPv6.
    pub(super) fn next_header(self, to: u32) -> Self {
        self.payload(NETWORK, 6, 1, to)
    }

    /// `th dport`.
    pub(super) fn port(self, to: u32) -> Self {
        self.payload(TRANSPORT, 2, 2, to)
    }

    /// `ip6 saddr fc00::/7`.
    pub(super) fn unique_local_source(self) -> Self {
        let mut mask = vec![0; 16];
        let mut prefix = vec![0; 16];
        if let (Some(mask), Some(prefix)) = (mask.first_mut(), prefix.first_mut()) {
            (*mask, *prefix) = (0xfe, 0xfc);
        }
        self.family(Ip::V6).saddr(Ip::V6).with([Expr::Mask { reg: 0, to: 0, mask, xor: vec![0; 16] }]).is(EQ, &prefix)
    }

    /// `fib saddr . iif oif missing`: the sender's address is not of the interface it came from.
    pub(super) fn spoofed(self) -> Self {
        self.with([Expr::Fib { to: 0, result: fib::OIF, flags: fib::SADDR | fib::IIF | fib::PRESENT }])
            .is(EQ, &0_u32.to_ne_bytes())
    }

    /// `fib daddr . iif type local`: an address of the very interface.
    pub(super) fn toward_own_address(self) -> Self {
        const LOCAL: u32 = 2;
        self.with([Expr::Fib { to: 0, result: fib::ADDRTYPE, flags: fib::DADDR | fib::IIF }])
            .is(EQ, &LOCAL.to_ne_bytes())
    }

    pub(super) fn original(self) -> Self {
        self.with([Expr::Ct { key: ct::DIRECTION, to: 0 }]).is(EQ, &[0])
    }

    /// `ct state` has one of the bits: 2 established, 4 related, 8 new.
    pub(super) fn state(self, bits: u32) -> Self {
        let (mask, xor) = (bits.to_ne_bytes().to_vec(), vec![0; 4]);
        self.with([Expr::Ct { key: ct::STATE, to: 0 }, Expr::Mask { reg: 0, to: 0, mask, xor }])
            .is(NE, &0_u32.to_ne_bytes())
    }

    /// `ct mark & mask == value`.
    pub(super) fn mark(self, mask: u32, value: u32) -> Self {
        self.masked_mark(mask).is(EQ, &value.to_ne_bytes())
    }

    /// `ct mark & mask != 0`.
    pub(super) fn mark_has(self, mask: u32) -> Self {
        self.masked_mark(mask).is(NE, &0_u32.to_ne_bytes())
    }

    fn masked_mark(self, mask: u32) -> Self {
        let (mask, xor) = (mask.to_ne_bytes().to_vec(), vec![0; 4]);
        self.with([Expr::Ct { key: ct::MARK, to: 0 }, Expr::Mask { reg: 0, to: 0, mask, xor }])
    }

    pub(super) fn mark_in(self, set: &'static str) -> Self {
        self.with([Expr::Ct { key: ct::MARK, to: 0 }]).lookup(set, false)
    }

    /// `(ct mark | bit) @set`.
    pub(super) fn mark_with_in(self, bit: u32, set: &'static str) -> Self {
        let (mask, xor) = ((!bit).to_ne_bytes().to_vec(), bit.to_ne_bytes().to_vec());
        self.with([Expr::Ct { key: ct::MARK, to: 0 }, Expr::Mask { reg: 0, to: 0, mask, xor }]).lookup(set, false)
    }

    /// `(ct mark without bit) @set`.
    pub(super) fn mark_without_in(self, bit: u32, set: &'static str) -> Self {
        let (mask, xor) = ((!bit).to_ne_bytes().to_vec(), vec![0; 4]);
        self.with([Expr::Ct { key: ct::MARK, to: 0 }, Expr::Mask { reg: 0, to: 0, mask, xor }]).lookup(set, false)
    }

    /// `ct mark set ct mark map @map`.
    pub(super) fn mark_by(self, map: &'static str) -> Self {
        self.with([
            Expr::Ct { key: ct::MARK, to: 0 },
            Expr::Lookup { set: map, reg: 0, to: Some(0), not: false },
            Expr::CtSet { key: ct::MARK, from: 0 },
        ])
    }

    /// `ct mark set ct mark | bit`.
    pub(super) fn mark_or(self, bit: u32) -> Self {
        let (mask, xor) = ((!bit).to_ne_bytes().to_vec(), bit.to_ne_bytes().to_vec());
        self.with([
            Expr::Ct { key: ct::MARK, to: 0 },
            Expr::Mask { reg: 0, to: 0, mask, xor },
            Expr::CtSet { key: ct::MARK, from: 0 },
        ])
    }

    /// `ct mark set value`.
    pub(super) fn mark_set(self, value: u32) -> Self {
        self.with([Expr::Value { to: 0, data: value.to_ne_bytes().to_vec() }, Expr::CtSet { key: ct::MARK, from: 0 }])
    }

    /// `ct mark set (jhash ether saddr mod modulus) << 16 | value`.
    pub(super) fn mark_set_hashed(self, modulus: u32, value: u32) -> Self {
        let (mask, xor) = (u32::MAX.to_ne_bytes().to_vec(), value.to_ne_bytes().to_vec());
        self.ethernet().payload(LINK, 6, 6, 4).with([
            Expr::Hash { reg: 4, to: 0, len: 6, modulus },
            Expr::ShiftLeft { reg: 0, to: 0, bits: 16 },
            Expr::Mask { reg: 0, to: 0, mask, xor },
            Expr::CtSet { key: ct::MARK, from: 0 },
        ])
    }

    /// `meta mark set meta mark | bit`: only our bit is written.
    pub(super) fn skb_mark_or(self, bit: u32) -> Self {
        let (mask, xor) = ((!bit).to_ne_bytes().to_vec(), bit.to_ne_bytes().to_vec());
        self.meta(meta::MARK)
            .with([Expr::Mask { reg: 0, to: 0, mask, xor }, Expr::MetaSet { key: meta::MARK, from: 0 }])
    }

    /// `meta mark & bit != 0`.
    pub(super) fn skb_mark_has(self, bit: u32) -> Self {
        let (mask, xor) = (bit.to_ne_bytes().to_vec(), vec![0; 4]);
        self.meta(meta::MARK).with([Expr::Mask { reg: 0, to: 0, mask, xor }]).is(NE, &0_u32.to_ne_bytes())
    }

    /// `(ct mark & mask) @set`.
    pub(super) fn masked_mark_in(self, mask: u32, set: &'static str) -> Self {
        self.masked_mark(mask).lookup(set, false)
    }

    /// `ct original packets < count`.
    pub(super) fn packets_sent_below(self, count: u64) -> Self {
        const LESS: u32 = 2;
        self.with([Expr::PacketsSent { to: 0 }, Expr::HostToNet { reg: 0, size: 8 }]).is(LESS, &count.to_be_bytes())
    }

    /// `queue flags bypass to number`.
    pub(super) fn queue(self, number: u16) -> RuleSpec {
        self.with([Expr::Queue { number }]).0
    }

    /// The same by the target of iptables.
    pub(super) fn queue_by_target(self, number: u16) -> RuleSpec {
        self.with([Expr::QueueTarget { number }]).0
    }

    fn ethernet(self) -> Self {
        self.meta(meta::IIFTYPE).is(EQ, &1_u16.to_ne_bytes())
    }

    /// `iifname . ether saddr` in registers 0 to 5.
    fn device(self) -> Self {
        self.ethernet().meta(meta::IIFNAME).payload(LINK, 6, 6, 4)
    }

    pub(super) fn device_in(self, set: &'static str) -> Self {
        self.device().lookup(set, false)
    }

    /// `ct mark set iifname . ether saddr map @map`.
    pub(super) fn identify(self, map: &'static str) -> Self {
        self.device()
            .with([Expr::Lookup { set: map, reg: 0, to: Some(0), not: false }, Expr::CtSet { key: ct::MARK, from: 0 }])
    }

    /// `update @set { iifname . ether saddr limit rate N/second burst B packets }`: holds while the device is under the limit.
    pub(super) fn device_limit(self, set: &'static str, per_second: u64, burst: u32) -> Self {
        let limit = Expr::Limit { per_second, burst, bytes: false, over: false };
        self.device().with([Expr::Dynset { set, reg: 0, update: true, timeout_ms: None, expr: Some(Box::new(limit)) }])
    }

    /// `add @set { iifname . ether saddr ct count over N }`.
    pub(super) fn device_flows_over(self, set: &'static str, over: u32) -> Self {
        let expr = Some(Box::new(Expr::Connlimit { over }));
        self.device().with([Expr::Dynset { set, reg: 0, update: false, timeout_ms: None, expr }])
    }

    /// `update @set { iifname . ether saddr limit rate over N/second }`: holds once the device is over the limit.
    pub(super) fn device_limit_over(self, set: &'static str, per_second: u64, burst: u32) -> Self {
        let limit = Expr::Limit { per_second, burst, bytes: false, over: true };
        self.device().with([Expr::Dynset { set, reg: 0, update: true, timeout_ms: None, expr: Some(Box::new(limit)) }])
    }

    /// `update @set { ct mark limit rate N bytes/second burst 64 KiB }`.
    pub(super) fn mark_rate(self, set: &'static str, per_second: u64) -> Self {
        let limit = Expr::Limit { per_second, burst: 65_536, bytes: true, over: false };
        let expr = Some(Box::new(limit));
        self.with([
            Expr::Ct { key: ct::MARK, to: 0 },
            Expr::Dynset { set, reg: 0, update: true, timeout_ms: None, expr },
        ])
    }

    /// `update @set { ct mark limit rate over N bytes/second burst B bytes }`: holds once the visit is over the limit.
    pub(super) fn mark_rate_over(self, set: &'static str, per_second: u64, burst: u32) -> Self {
        let expr = Some(Box::new(Expr::Limit { per_second, burst, bytes: true, over: true }));
        self.with([
            Expr::Ct { key: ct::MARK, to: 0 },
            Expr::Dynset { set, reg: 0, update: true, timeout_ms: None, expr },
        ])
    }

    /// `update @set { ct mark }`.
    pub(super) fn remember_mark(self, set: &'static str) -> Self {
        self.with([
            Expr::Ct { key: ct::MARK, to: 0 },
            Expr::Dynset { set, reg: 0, update: true, timeout_ms: None, expr: None },
        ])
    }

    /// `update @set { ct id limit rate 2/second burst 4 packets }`.
    pub(super) fn flow_limit(self, set: &'static str) -> Self {
        let expr = Some(Box::new(Expr::Limit { per_second: 2, burst: 4, bytes: false, over: false }));
        self.with([Expr::Ct { key: ct::ID, to: 0 }, Expr::Dynset { set, reg: 0, update: true, timeout_ms: None, expr }])
    }

    pub(super) fn limit(self, per_second: u64, burst: u32) -> Self {
        self.with([Expr::Limit { per_second, burst, bytes: false, over: false }])
    }

    /// `meta time @set`.
    pub(super) fn time_in(self, set: &'static str) -> Self {
        self.meta(meta::TIME).with([Expr::HostToNet { reg: 0, size: 8 }]).lookup(set, false)
    }

    /// `meta length > octets`.
    pub(super) fn longer_than(self, octets: u32) -> Self {
        const GREATER: u32 = 4;
        self.meta(meta::LEN).with([Expr::HostToNet { reg: 0, size: 4 }]).is(GREATER, &octets.to_be_bytes())
    }

    /// `quota name ct mark map @map`: an object used up ends the rule.
    pub(super) fn quota(self, map: &'static str) -> Self {
        self.with([Expr::Ct { key: ct::MARK, to: 0 }, Expr::ObjectOf { map, reg: 0 }])
    }

    /// A second quota by the mark loaded before.
    pub(super) fn and_quota(self, map: &'static str) -> Self {
        self.with([Expr::ObjectOf { map, reg: 0 }])
    }

    /// `meta priority set ct mark map @map accept`, by the mark loaded before; counts in the element.
    pub(super) fn count_and_class(self, map: &'static str) -> RuleSpec {
        self.with([
            Expr::Lookup { set: map, reg: 0, to: Some(1), not: false },
            Expr::MetaSet { key: meta::PRIORITY, from: 1 },
        ])
        .end(Verdict::Accept)
    }

    /// SYN or SYN-ACK: `@th,96,32 & 0x00060000 == 0x00020000 meta l4proto tcp`. Every packet comes by: the flags are asked first,
    /// as four bytes, which the kernel reads, masks and compares without a call; the protocol only of those that look like one.
    pub(super) fn syn(self) -> Self {
        self.payload(TRANSPORT, 12, 4, 0)
            .with([Expr::Mask { reg: 0, to: 0, mask: vec![0, 6, 0, 0], xor: vec![0; 4] }])
            .is(EQ, &[0, 2, 0, 0])
            .l4(TCP)
    }

    /// `tcp option maxseg size set rt mtu`: the smaller one of the ways there and back; a smaller wish stays.
    pub(super) fn clamp(self) -> RuleSpec {
        self.with([Expr::PathMss { to: 0 }, Expr::HostToNet { reg: 0, size: 2 }, Expr::MssWrite { from: 0 }]).0
    }

    /// `tcp flags set rst | ack`.
    pub(super) fn make_reset(self) -> Self {
        self.payload(TRANSPORT, 12, 2, 0).with([
            Expr::Mask { reg: 0, to: 0, mask: vec![0xff, 0], xor: vec![0, 0x14] },
            Expr::TcpWrite { offset: 12, from: 0 },
        ])
    }

    pub(super) fn count(self, name: &'static str) -> Self {
        self.with([Expr::Object { kind: obj::COUNTER, name }])
    }

    pub(super) fn redirect(self, port: u16) -> RuleSpec {
        self.with([Expr::Value { to: 0, data: port.to_be_bytes().to_vec() }, Expr::Redirect { reg: 0 }]).0
    }

    pub(super) fn masquerade(self) -> RuleSpec {
        self.with([Expr::Masquerade]).0
    }

    /// `ct mark & mask map @map`: two ports, in registers 0 and 1.
    pub(super) fn ports_by_mark(self, mask: u32, map: &'static str) -> Self {
        self.masked_mark(mask).with([Expr::Lookup { set: map, reg: 0, to: Some(0), not: false }])
    }

    /// With the ports in registers 0 and 1, drawn at random (RFC 6056).
    pub(super) fn masquerade_anew(self) -> RuleSpec {
        self.with([Expr::MasqueradeWithin { min: 0, max: 1, anew: true }]).0
    }

    /// With these ports; a flow that has one of them keeps it.
    pub(super) fn masquerade_within(self, (first, last): (u16, u16)) -> RuleSpec {
        let value = |to, port: u16| Expr::Value { to, data: port.to_be_bytes().to_vec() };
        self.with([value(0, first), value(1, last), Expr::MasqueradeWithin { min: 0, max: 1, anew: false }]).0
    }

    pub(super) fn reset(self) -> RuleSpec {
        self.with([Expr::Reject { kind: 1, code: None }]).0
    }

    /// ICMP "administratively prohibited" in the packet's family.
    pub(super) fn prohibited(self) -> RuleSpec {
        self.with([Expr::Reject { kind: 2, code: Some(3) }]).0
    }

    pub(super) fn end(self, verdict: Verdict) -> RuleSpec {
        self.with([Expr::End(verdict)]).0
    }

    pub(super) fn accept(self) -> RuleSpec {
        self.end(Verdict::Accept)
    }

    pub(super) fn drop(self) -> RuleSpec {
        self.end(Verdict::Drop)
    }

    pub(super) fn goto(self, chain: &'static str) -> RuleSpec {
        self.end(Verdict::Goto(chain))
    }

    pub(super) fn jump(self, chain: &'static str) -> RuleSpec {
        self.end(Verdict::Jump(chain))
    }

    /// A rule without a verdict.
    pub(super) fn done(self) -> RuleSpec {
        self.0
    }

    pub(super) fn says(mut self, comment: &'static str) -> Self {
        self.0.comment = Some(comment);
        self
    }
}
