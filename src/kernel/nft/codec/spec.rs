//! Sets, chains and rules as they are declared.

use super::attr::{Attrs, Writer};
use super::expr::{Expr, obj};

/// Data types, by nft's numbers; a concatenation is six bits each, the first highest.
pub(crate) mod kind {
    pub(crate) const INTEGER: u32 = 4;
    pub(crate) const IPV4: u32 = 7;
    pub(crate) const IPV6: u32 = 8;
    pub(crate) const ETHER: u32 = 9;
    pub(crate) const PROTO: u32 = 12;
    pub(crate) const PORT: u32 = 13;
    pub(crate) const MARK: u32 = 19;
    pub(crate) const CLASS: u32 = 23;
    pub(crate) const IFNAME: u32 = 41;
    pub(crate) const TIME: u32 = 43;
    pub(crate) const ICMP: u32 = 14;
    pub(crate) const ICMP6: u32 = 29;
    /// `inet_service . inet_service`.
    pub(crate) const PORTS: u32 = PORT << 6 | PORT;
}

const INTERVAL: u32 = 4;
const MAP: u32 = 8;
const TIMEOUT: u32 = 16;
const EVAL: u32 = 32;
const OBJECT: u32 = 64;
const CONCAT: u32 = 128;

const fn octets(kind: u32) -> u32 {
    match kind {
        kind::PROTO | kind::ICMP | kind::ICMP6 => 1,
        kind::PORT => 2,
        kind::ETHER => 6,
        kind::TIME | kind::PORTS => 8,
        kind::IPV6 | kind::IFNAME => 16,
        _ => 4,
    }
}

/// A set or map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetSpec {
    pub(crate) name: &'static str,
    fields: Vec<u32>,
    flags: u32,
    data: Option<u32>,
    counter: bool,
    timeout_ms: Option<u64>,
    size: Option<u32>,
}

impl SetSpec {
    pub(crate) fn new(name: &'static str, fields: &[u32]) -> Self {
        Self { name, fields: fields.to_vec(), flags: 0, data: None, counter: false, timeout_ms: None, size: None }
    }

    #[must_use]
    pub(crate) fn timeout(mut self) -> Self {
        self.flags |= TIMEOUT;
        self
    }

    /// Filled by packets; elements live for `timeout_ms` unless said otherwise.
    #[must_use]
    pub(crate) fn dynamic(mut self, timeout_ms: Option<u64>, size: u32) -> Self {
        self.flags |= EVAL;
        if timeout_ms.is_some() {
            self.flags |= TIMEOUT;
            self.timeout_ms = timeout_ms;
        }
        self.size(size)
    }

    #[must_use]
    pub(crate) fn interval(mut self) -> Self {
        self.flags |= INTERVAL | if self.fields.len() > 1 { CONCAT } else { 0 };
        self
    }

    #[must_use]
    pub(crate) fn map(mut self, data: u32) -> Self {
        self.flags |= MAP;
        self.data = Some(data);
        self
    }

    #[must_use]
    pub(crate) fn quotas(mut self) -> Self {
        self.flags |= OBJECT;
        self
    }

    #[must_use]
    pub(crate) fn counted(mut self) -> Self {
        self.counter = true;
        self
    }

    #[must_use]
    pub(crate) fn size(mut self, size: u32) -> Self {
        self.size = Some(size);
        self
    }

    /// Octets of a key.
    pub(crate) fn key_len(&self) -> u32 {
        match self.fields.as_slice() {
            [single] => octets(*single),
            fields => fields.iter().map(|field| octets(*field).next_multiple_of(4)).sum(),
        }
    }

    /// The kernel's description is of this very set.
    pub(crate) fn matches(&self, found: Attrs<'_>) -> bool {
        const EXPR: u32 = 0x100;
        let kind = self.fields.iter().fold(0, |kind, field| kind << 6 | field);
        found.u32(3).unwrap_or(0) & !EXPR == self.flags
            && found.u32(4) == Some(kind)
            && found.u32(5) == Some(self.key_len())
            && found.u32(6).filter(|_| self.flags & OBJECT == 0) == self.data
            && found.u64(11) == self.timeout_ms
            && found.nested(9).and_then(|desc| desc.u32(1)).filter(|size| *size != 0) == self.size
    }

    pub(crate) fn write(&self, to: &mut Writer<'_>, table: &str, id: u32) {
        to.text(1, table);
        to.text(2, self.name);
        to.u32(3, self.flags);
        to.u32(4, self.fields.iter().fold(0, |kind, field| kind << 6 | field));
        to.u32(5, self.key_len());
        if let Some(data) = self.data {
            to.u32(6, data);
            to.u32(7, octets(data));
        }
        if self.flags & OBJECT != 0 {
            to.u32(15, obj::QUOTA);
        }
        to.u32(10, id);
        if let Some(timeout) = self.timeout_ms {
            to.u64(11, timeout);
        }
        if self.size.is_some() || self.flags & CONCAT != 0 {
            to.nest(9, |to| {
                if let Some(size) = self.size {
                    to.u32(1, size);
                }
                if self.flags & CONCAT != 0 {
                    to.nest(2, |to| {
                        for field in &self.fields {
                            to.nest(1, |to| to.u32(1, octets(*field)));
                        }
                    });
                }
            });
        }
        // nft lists keys and data in the byte order it is told: 1 is the host's, 2 the network's.
        let order = |kind: u32| match kind {
            kind::MARK | kind::INTEGER | kind::CLASS | kind::IFNAME => 1_u32,
            _ => 2,
        };
        let mut orders = Vec::new();
        if let [field] = self.fields.as_slice() {
            orders.extend_from_slice(&[0, 4]);
            orders.extend_from_slice(&order(*field).to_ne_bytes());
        }
        if let Some(data) = self.data {
            orders.extend_from_slice(&[1, 4]);
            orders.extend_from_slice(&order(data).to_ne_bytes());
        }
        if !orders.is_empty() {
            to.bytes(13, &orders);
        }
        if self.counter {
            Expr::Counter.write(to, 17);
        }
    }
}

/// Where a base chain hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hook {
    pub(crate) kind: &'static str,
    pub(crate) number: u32,
    pub(crate) priority: i32,
    pub(crate) accept: bool,
}

/// A chain; without a hook it is entered by jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainSpec {
    pub(crate) name: &'static str,
    pub(crate) hook: Option<Hook>,
}

impl ChainSpec {
    pub(crate) fn write(&self, to: &mut Writer<'_>, table: &str) {
        to.text(1, table);
        to.text(3, self.name);
        if let Some(hook) = self.hook {
            to.nest(4, |to| {
                to.u32(1, hook.number);
                to.u32(2, hook.priority.cast_unsigned());
            });
            to.u32(5, u32::from(hook.accept));
            to.text(7, hook.kind);
        }
    }
}

/// Whether the kernel's description is of a map, to values or to objects.
pub(crate) fn is_map(found: Attrs<'_>) -> bool {
    found.u32(3).unwrap_or(0) & (MAP | OBJECT) != 0
}

/// A rule: expressions until a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleSpec {
    pub(crate) chain: &'static str,
    pub(crate) exprs: Vec<Expr>,
    pub(crate) comment: Option<&'static str>,
}

impl RuleSpec {
    pub(crate) fn write(&self, to: &mut Writer<'_>, table: &str) {
        to.text(1, table);
        to.text(2, self.chain);
        to.nest(4, |to| {
            for expr in &self.exprs {
                expr.write(to, 1);
            }
        });
        if let Some(comment) = self.comment {
            let mut data = vec![0, u8::try_from(comment.len() + 1).unwrap_or(u8::MAX)];
            data.extend_from_slice(comment.as_bytes());
            data.push(0);
            to.bytes(7, &data);
        }
    }
}
