//! Rule expressions, as `nft --debug=netlink` prints them.
//!
//! Registers are the sixteen 32-bit ones, 0 to 15; a value longer than four octets fills the following ones.

use super::attr::Writer;

/// Keys of `meta`.
pub(crate) mod meta {
    pub(crate) const LEN: u32 = 0;
    pub(crate) const PRIORITY: u32 = 2;
    pub(crate) const MARK: u32 = 3;
    pub(crate) const IIFNAME: u32 = 6;
    pub(crate) const OIFNAME: u32 = 7;
    pub(crate) const IIFTYPE: u32 = 8;
    pub(crate) const PROTOCOL: u32 = 1;
    pub(crate) const NFPROTO: u32 = 15;
    pub(crate) const L4PROTO: u32 = 16;
    pub(crate) const TIME: u32 = 30;
}

/// Keys of `ct`.
pub(crate) mod ct {
    pub(crate) const STATE: u32 = 0;
    pub(crate) const DIRECTION: u32 = 1;
    pub(crate) const MARK: u32 = 3;
    pub(crate) const PACKETS: u32 = 14;
    pub(crate) const ID: u32 = 23;
}

/// Results and flags of `fib`.
pub(crate) mod fib {
    pub(crate) const OIF: u32 = 1;
    pub(crate) const ADDRTYPE: u32 = 3;
    pub(crate) const SADDR: u32 = 1;
    pub(crate) const DADDR: u32 = 2;
    pub(crate) const IIF: u32 = 8;
    pub(crate) const PRESENT: u32 = 32;
}

/// Types of stateful objects.
pub(crate) mod obj {
    pub(crate) const COUNTER: u32 = 1;
    pub(crate) const QUOTA: u32 = 2;
}

/// Where a rule ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accept,
    Drop,
    Jump(&'static str),
    Goto(&'static str),
}

/// One expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr {
    Meta {
        key: u32,
        to: u32,
    },
    MetaSet {
        key: u32,
        from: u32,
    },
    Ct {
        key: u32,
        to: u32,
    },
    CtSet {
        key: u32,
        from: u32,
    },
    Payload {
        base: u32,
        offset: u32,
        len: u32,
        to: u32,
    },
    /// Writes two octets of the TCP header and mends its checksum.
    TcpWrite {
        offset: u32,
        from: u32,
    },
    Cmp {
        reg: u32,
        op: u32,
        data: Vec<u8>,
    },
    Mask {
        reg: u32,
        to: u32,
        mask: Vec<u8>,
        xor: Vec<u8>,
    },
    ShiftLeft {
        reg: u32,
        to: u32,
        bits: u32,
    },
    HostToNet {
        reg: u32,
        size: u32,
    },
    Lookup {
        set: &'static str,
        reg: u32,
        to: Option<u32>,
        not: bool,
    },
    ObjectOf {
        map: &'static str,
        reg: u32,
    },
    Object {
        kind: u32,
        name: &'static str,
    },
    Value {
        to: u32,
        data: Vec<u8>,
    },
    End(Verdict),
    /// `per_second` packets or bytes, `burst` more at first.
    Limit {
        per_second: u64,
        burst: u32,
        bytes: bool,
        over: bool,
    },
    Connlimit {
        over: u32,
    },
    Dynset {
        set: &'static str,
        reg: u32,
        update: bool,
        timeout_ms: Option<u64>,
        expr: Option<Box<Expr>>,
    },
    Reject {
        kind: u32,
        code: Option<u8>,
    },
    Masquerade,
    /// With ports from one register to the other one; `anew`: drawn at random, also where the flow's own port would do.
    MasqueradeWithin {
        min: u32,
        max: u32,
        anew: bool,
    },
    Redirect {
        reg: u32,
    },
    Fib {
        to: u32,
        result: u32,
        flags: u32,
    },
    /// TCP option MSS, never enlarged.
    MssWrite {
        from: u32,
    },
    /// The path's largest segment.
    PathMss {
        to: u32,
    },
    Hash {
        reg: u32,
        to: u32,
        len: u32,
        modulus: u32,
    },
    Counter,
    /// Packets that the flow's client has sent, eight octets in the host's order.
    PacketsSent {
        to: u32,
    },
    /// To an inspector; on where nobody listens.
    Queue {
        number: u16,
    },
    /// The same by the target `NFQUEUE` of iptables (nft_compat), for kernels without the former.
    QueueTarget {
        number: u16,
    },
}

const fn register(number: u32) -> u32 {
    8 + number
}

fn value(to: &mut Writer<'_>, kind: u16, data: &[u8]) {
    to.nest(kind, |to| to.bytes(1, data));
}

impl Expr {
    /// Name and attributes, into a list.
    pub(crate) fn write(&self, to: &mut Writer<'_>, kind: u16) {
        to.nest(kind, |to| {
            to.text(1, self.name());
            to.nest(2, |to| self.body(to));
        });
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Meta { .. } | Self::MetaSet { .. } => "meta",
            Self::Ct { .. } | Self::CtSet { .. } | Self::PacketsSent { .. } => "ct",
            Self::Payload { .. } | Self::TcpWrite { .. } => "payload",
            Self::Cmp { .. } => "cmp",
            Self::Mask { .. } | Self::ShiftLeft { .. } => "bitwise",
            Self::HostToNet { .. } => "byteorder",
            Self::Lookup { .. } => "lookup",
            Self::ObjectOf { .. } | Self::Object { .. } => "objref",
            Self::Value { .. } | Self::End(_) => "immediate",
            Self::Limit { .. } => "limit",
            Self::Connlimit { .. } => "connlimit",
            Self::Dynset { .. } => "dynset",
            Self::Reject { .. } => "reject",
            Self::Masquerade | Self::MasqueradeWithin { .. } => "masq",
            Self::Redirect { .. } => "redir",
            Self::Fib { .. } => "fib",
            Self::MssWrite { .. } => "exthdr",
            Self::PathMss { .. } => "rt",
            Self::Hash { .. } => "hash",
            Self::Counter => "counter",
            Self::Queue { .. } => "queue",
            Self::QueueTarget { .. } => "target",
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each expression, nothing else")]
    fn body(&self, to: &mut Writer<'_>) {
        match self {
            Self::Meta { key, to: reg } | Self::Ct { key, to: reg } => {
                to.u32(1, register(*reg));
                to.u32(2, *key);
            }
            Self::MetaSet { key, from } => {
                to.u32(2, *key);
                to.u32(3, register(*from));
            }
            Self::CtSet { key, from } => {
                to.u32(2, *key);
                to.u32(4, register(*from));
            }
            Self::Payload { base, offset, len, to: reg } => {
                to.u32(1, register(*reg));
                to.u32(2, *base);
                to.u32(3, *offset);
                to.u32(4, *len);
            }
            Self::TcpWrite { offset, from } => {
                to.u32(5, register(*from));
                to.u32(2, 2);
                to.u32(3, *offset);
                to.u32(4, 2);
                to.u32(6, 1);
                to.u32(7, 16);
                to.u32(8, 0);
            }
            Self::Cmp { reg, op, data } => {
                to.u32(1, register(*reg));
                to.u32(2, *op);
                value(to, 3, data);
            }
            Self::Mask { reg, to: dest, mask, xor } => {
                to.u32(1, register(*reg));
                to.u32(2, register(*dest));
                to.u32(3, u32::try_from(mask.len()).unwrap_or(4));
                to.u32(6, 0);
                value(to, 4, mask);
                value(to, 5, xor);
            }
            Self::ShiftLeft { reg, to: dest, bits } => {
                to.u32(1, register(*reg));
                to.u32(2, register(*dest));
                to.u32(3, 4);
                to.u32(6, 1);
                value(to, 7, &bits.to_ne_bytes());
            }
            Self::HostToNet { reg, size } => {
                to.u32(1, register(*reg));
                to.u32(2, register(*reg));
                to.u32(3, 1);
                to.u32(4, *size);
                to.u32(5, *size);
            }
            Self::Lookup { set, reg, to: dest, not } => {
                to.text(1, set);
                to.u32(2, register(*reg));
                if let Some(dest) = dest {
                    to.u32(3, register(*dest));
                }
                if *not {
                    to.u32(5, 1);
                }
            }
            Self::ObjectOf { map, reg } => {
                to.u32(3, register(*reg));
                to.text(4, map);
            }
            Self::Object { kind, name } => {
                to.u32(1, *kind);
                to.text(2, name);
            }
            Self::Value { to: reg, data } => {
                to.u32(1, register(*reg));
                value(to, 2, data);
            }
            Self::End(verdict) => {
                to.u32(1, 0);
                to.nest(2, |to| to.nest(2, |to| verdict.write(to)));
            }
            Self::Limit { per_second, burst, bytes, over } => {
                to.u64(1, *per_second);
                to.u64(2, 1);
                to.u32(3, *burst);
                to.u32(4, u32::from(*bytes));
                to.u32(5, u32::from(*over));
            }
            Self::Connlimit { over } => {
                to.u32(1, *over);
                to.u32(2, 1);
            }
            Self::Dynset { set, reg, update, timeout_ms, expr } => {
                to.text(1, set);
                to.u32(3, u32::from(*update));
                to.u32(4, register(*reg));
                if let Some(timeout) = timeout_ms {
                    to.u64(6, *timeout);
                }
                if let Some(expr) = expr {
                    expr.write(to, 7);
                }
            }
            Self::Reject { kind, code } => {
                to.u32(1, *kind);
                if let Some(code) = code {
                    to.u8(2, *code);
                }
            }
            Self::Masquerade => {}
            Self::MasqueradeWithin { min, max, anew } => {
                const PORTS: u32 = 2;
                const FULLY_RANDOM: u32 = 16;
                to.u32(1, PORTS | if *anew { FULLY_RANDOM } else { 0 });
                to.u32(2, register(*min));
                to.u32(3, register(*max));
            }
            Self::Redirect { reg } => {
                to.u32(1, register(*reg));
                to.u32(3, 2);
            }
            Self::Fib { to: reg, result, flags } => {
                to.u32(1, register(*reg));
                to.u32(2, *result);
                to.u32(3, *flags);
            }
            Self::MssWrite { from } => {
                to.u32(7, register(*from));
                to.u8(2, 2);
                to.u32(3, 2);
                to.u32(4, 2);
                to.u32(6, 1);
            }
            Self::PathMss { to: reg } => {
                to.u32(1, register(*reg));
                to.u32(2, 3);
            }
            Self::Hash { reg, to: dest, len, modulus } => {
                to.u32(1, register(*reg));
                to.u32(2, register(*dest));
                to.u32(3, *len);
                to.u32(4, *modulus);
                to.u32(7, 0);
            }
            Self::Counter => {
                to.u64(1, 0);
                to.u64(2, 0);
            }
            Self::PacketsSent { to: reg } => {
                to.u32(1, register(*reg));
                to.u32(2, ct::PACKETS);
                to.u8(3, 0);
            }
            Self::Queue { number } => {
                to.bytes(1, &number.to_be_bytes());
                to.bytes(2, &1_u16.to_be_bytes());
                to.bytes(3, &1_u16.to_be_bytes());
            }
            Self::QueueTarget { number } => {
                to.text(1, "NFQUEUE");
                to.u32(2, 3);
                // struct xt_NFQ_info_v3, aligned: number, how many, NFQ_FLAG_BYPASS.
                let info: Vec<u8> = [*number, 1, 1, 0].iter().flat_map(|word| word.to_ne_bytes()).collect();
                to.bytes(3, &info);
            }
        }
    }
}

impl Verdict {
    fn write(&self, to: &mut Writer<'_>) {
        let (code, chain) = match self {
            Self::Drop => (0, None),
            Self::Accept => (1, None),
            Self::Jump(chain) => (-3_i32, Some(chain)),
            Self::Goto(chain) => (-4_i32, Some(chain)),
        };
        to.u32(1, code.cast_unsigned());
        if let Some(chain) = chain {
            to.text(2, chain);
        }
    }
}
