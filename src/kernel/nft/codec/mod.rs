//! nfnetlink for nf_tables: attributes, messages, batches, expressions, sets. Building is infallible, reading is total:
//! whatever bytes arrive, a reader returns values or nothing and never panics.

mod attr;
mod batch;
mod elem;
mod expr;
mod reply;
mod socket;
mod spec;

pub(crate) use attr::{Attrs, Writer};
pub(crate) use batch::{Batch, Family, msg};
pub(crate) use elem::{NewElem, read_elements, read_quota};
pub(crate) use expr::{Expr, Verdict, ct, fib, meta, obj};
pub(crate) use reply::{Message, Messages};
pub(crate) use socket::Conn;
pub(crate) use spec::{ChainSpec, Hook, RuleSpec, SetSpec, is_map, kind};

/// Reads any bytes as the kernel's answer with every reader of this crate; for a fuzz target.
pub fn read_anything(bytes: &[u8]) -> usize {
    let mut seen = 0;
    for message in Messages::new(bytes) {
        seen += 1;
        let attrs = message.attrs();
        seen += read_elements(attrs).map(|elem| elem.key.len() + elem.objref.map_or(0, str::len)).sum::<usize>();
        seen += read_quota(attrs).map_or(0, |quota| quota.name.len());
        seen += message.error().map_or(0, |error| error.detail.map_or(0, str::len));
        seen += super::events::read_event(&message, "gapura", 1).map_or(0, |_| 1);
    }
    seen
}
