//! A filter on its way into the kernel: everything that takes time, on any thread.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Changed;
use super::compare::changed;
use super::normal::{Normal, Span, Spans, Width};
use super::plan::{Content, Held, MAPS, Maps, PAIRS, Ranges, pairs};
use super::read::read_map;
use crate::KernelError;
use crate::nft::codec::{Batch, Conn, Family, NewElem, Writer, msg};
use crate::nft::desk::{Desk, Writing, lock};
use crate::nft::settings::Item;
use crate::nft::tables::empty_set;

/// Ranges in one batch while a map is filled, or emptied: other changes of the gate wait for one such batch at most. Each
/// batch costs the kernel a walk over the whole map beside (9 ms at 100,000 ranges): smaller ones would cost more together.
const FILLED_AT_ONCE: usize = 3_000;
const EMPTIED_AT_ONCE: usize = 5_000;
/// Elements in one message.
const MESSAGE: usize = 400;

/// What loads and the gate share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) table: Arc<str>,
    pub(super) writing: Arc<Desk>,
    pub(super) reader: Arc<Mutex<Conn>>,
    /// Grows with every change of the filter and every load that begins: an older load stops.
    pub(super) epoch: Arc<AtomicU64>,
    /// The idle maps of IPv4 and IPv6 are known to be empty.
    pub(super) idle_empty: [Arc<AtomicBool>; 2],
}

/// A filter on its way into the kernel: begun by [`crate::Kernel::prepare_filter`], filled on any thread, put into force by
/// [`crate::Kernel::finish_filter`].
pub struct FilterLoad {
    pub(super) shared: Shared,
    pub(super) epoch: u64,
    pub(super) held: Held,
    pub(super) normal: Arc<Normal>,
    pub(super) ready: Option<Ready>,
}

/// What is left to do once the idle maps are filled.
pub(super) struct Ready {
    pub(super) batch: Batch,
    pub(super) after: Held,
    pub(super) changed: Changed,
    /// Maps to empty when they are out of force.
    stale4: Option<Maps<u32>>,
    stale6: Option<Maps<u128>>,
}

impl FilterLoad {
    /// Whether [`FilterLoad::fill`] has much to do: worth a thread of its own.
    pub fn is_large(&self) -> bool {
        let (held, normal) = (&self.held, &self.normal);
        let four = matches!(Ranges::between(&held.v4.content, &normal.v4), Ranges::Idle);
        four || matches!(Ranges::between(&held.v6.content, &normal.v6), Ranges::Idle)
    }

    /// Works out what differs and fills the idle maps, in small batches: others who change the gate wait some milliseconds at
    /// most. No packet notices. A load that a newer one or a repair overtook stops; [`crate::Kernel::finish_filter`] then
    /// starts over.
    ///
    /// # Errors
    /// The kernel refused; nothing is in force of it.
    pub fn fill(&mut self) -> Result<(), KernelError> {
        if self.ready.is_some() {
            return Ok(());
        }
        let (held, normal) = (&self.held, &self.normal);
        let [empty4, empty6] = &self.shared.idle_empty;
        let old4 = self.contents(&held.v4, &normal.v4)?;
        let old6 = self.contents(&held.v6, &normal.v6)?;
        let (ranges4, ranges6) = (Ranges::between(&old4, &normal.v4), Ranges::between(&old6, &normal.v6));
        let (after4, stale4) = self.bring(&held.v4, old4.clone(), &ranges4, &normal.v4, empty4)?;
        let (after6, stale6) = self.bring(&held.v6, old6.clone(), &ranges6, &normal.v6, empty6)?;
        let old = Normal { v4: old4.spans(), v6: old6.spans(), ..held.meaning() };
        let mut batch = Batch::new();
        write_change(&mut batch, &self.shared.table, held.v4.active, &ranges4);
        write_change(&mut batch, &self.shared.table, held.v6.active, &ranges6);
        let wanted = pairs(normal, [after4.active, after6.active]);
        for ((set, old), new) in PAIRS.iter().zip(&held.pairs).zip(&wanted) {
            change_items(&mut batch, &self.shared.table, set, old, new);
        }
        let after = Held { v4: after4, v6: after6, pairs: wanted };
        self.ready = Some(Ready { batch, after, changed: changed(&old, normal), stale4, stale6 });
        Ok(())
    }

    /// What a map holds; read where only its stamp is known and another list is wanted.
    fn contents<A: Width>(&self, held: &Maps<A>, wanted: &Spans<A>) -> Result<Content<A>, KernelError> {
        match held.content {
            Content::Stamped(stamp) if stamp == wanted.stamp => Ok(Content::Known(wanted.clone())),
            Content::Stamped(stamp) => {
                let mut reader = self.shared.reader.lock().unwrap_or_else(PoisonError::into_inner);
                read_map(&mut reader, &self.shared.table, held.active, Some(stamp))
            }
            Content::Known(_) | Content::Strange => Ok(held.content.clone()),
        }
    }

    /// Fills the idle map where it takes over. The maps afterwards, and what is to be emptied then.
    fn bring<A: Width>(
        &self,
        held: &Maps<A>,
        old: Content<A>,
        ranges: &Ranges<A>,
        wanted: &Spans<A>,
        idle_empty: &AtomicBool,
    ) -> Result<(Maps<A>, Option<Maps<A>>), KernelError> {
        let content = Content::Known(wanted.clone());
        if let Ranges::InPlace { .. } = ranges {
            return Ok((Maps { active: held.active, content }, None));
        }
        if !idle_empty.swap(false, Ordering::AcqRel) {
            self.commit(|batch, table| empty_map(batch, table, held.idle()))?;
        }
        self.in_pieces(&wanted.list, FILLED_AT_ONCE, |batch, table, piece| {
            write_spans(batch, msg::NEWSETELEM, table, held.idle(), piece);
        })?;
        Ok((Maps { active: held.idle(), content }, Some(Maps { active: held.active, content: old })))
    }

    /// Empties the maps that are out of force, after [`crate::Kernel::finish_filter`]. Left out, they are emptied before they
    /// are used again.
    ///
    /// # Errors
    /// The kernel refused; the maps stay, without effect.
    pub fn tidy(mut self) -> Result<(), KernelError> {
        let Some(ready) = self.ready.take() else { return Ok(()) };
        // Loads that begin from now on empty the maps themselves.
        self.epoch = self.shared.epoch.load(Ordering::Acquire);
        let [empty4, empty6] = &self.shared.idle_empty;
        if let Some(maps) = ready.stale4 {
            self.empty(&maps, empty4)?;
        }
        if let Some(maps) = ready.stale6 {
            self.empty(&maps, empty6)?;
        }
        Ok(())
    }

    fn empty<A: Width>(&self, maps: &Maps<A>, idle_empty: &AtomicBool) -> Result<(), KernelError> {
        let Content::Known(spans) = &maps.content else {
            return self.commit(|batch, table| empty_map(batch, table, maps.active)).map(|_| ());
        };
        self.in_pieces(&spans.list, EMPTIED_AT_ONCE, |batch, table, piece| {
            write_spans(batch, msg::DELSETELEM, table, maps.active, piece);
        })?;
        self.unless_overtaken(|_| {
            idle_empty.store(true, Ordering::Release);
            Ok(())
        })?;
        Ok(())
    }

    /// Batch by batch, until the load is overtaken.
    fn in_pieces<A: Width>(
        &self,
        spans: &[Span<A>],
        at_once: usize,
        write: impl Fn(&mut Batch, &str, &[Span<A>]),
    ) -> Result<(), KernelError> {
        for piece in spans.chunks(at_once) {
            if !self.commit(|batch, table| write(batch, table, piece))? {
                break;
            }
            self.shared.writing.give_way();
        }
        Ok(())
    }

    fn commit(&self, write: impl FnOnce(&mut Batch, &str)) -> Result<bool, KernelError> {
        let mut batch = Batch::new();
        write(&mut batch, &self.shared.table);
        self.unless_overtaken(|writing| writing.commit(batch))
    }

    /// Under the lock: nothing of an overtaken load comes between.
    fn unless_overtaken(&self, act: impl FnOnce(&mut Writing) -> Result<(), KernelError>) -> Result<bool, KernelError> {
        let mut writing = lock(&self.shared.writing);
        if self.shared.epoch.load(Ordering::Acquire) != self.epoch {
            return Ok(false);
        }
        act(&mut writing).map(|()| true)
    }
}

fn empty_map(batch: &mut Batch, table: &str, map: u8) {
    if let Some(set) = MAPS.get(usize::from(map)) {
        empty_set(batch, Family::Inet, table, set);
    }
}

/// Writes the ranges that change where they are.
fn write_change<A: Width>(batch: &mut Batch, table: &str, map: u8, ranges: &Ranges<A>) {
    if let Ranges::InPlace { gone, new } = ranges {
        write_spans(batch, msg::DELSETELEM, table, map, gone);
        write_spans(batch, msg::NEWSETELEM, table, map, new);
    }
}

/// Start and end of each range, in ascending order as the kernel wants them.
fn write_spans<A: Width>(batch: &mut Batch, what: u8, table: &str, map: u8, spans: &[Span<A>]) {
    let Some(set) = MAPS.get(usize::from(map)) else { return };
    for some in spans.chunks(MESSAGE / 2) {
        let body = |to: &mut Writer<'_>| {
            to.text(1, table);
            to.text(2, set);
            to.nest(3, |to| {
                for span in some {
                    let class = span.class.to_ne_bytes();
                    let data = Some(&class[..]).filter(|_| what == msg::NEWSETELEM);
                    NewElem { key: span.first.key().as_ref(), data, ..NewElem::default() }.write(to);
                    if let Some(behind) = span.last.next() {
                        let key = behind.key();
                        NewElem { key: key.as_ref(), interval_end: true, ..NewElem::default() }.write(to);
                    }
                }
            });
        };
        if what == msg::NEWSETELEM {
            batch.add(what, Family::Inet, body);
        } else {
            batch.delete(what, Family::Inet, body);
        }
    }
}

/// Removes and adds what differs.
fn change_items(batch: &mut Batch, table: &str, set: &str, old: &BTreeSet<Item>, new: &BTreeSet<Item>) {
    let body = |to: &mut Writer<'_>, some: &[&Item]| {
        to.text(1, table);
        to.text(2, set);
        to.nest(3, |to| {
            for item in some {
                let key_end = item.key_end.as_deref();
                NewElem { key: &item.key, key_end, interval_end: item.interval_end, ..NewElem::default() }.write(to);
            }
        });
    };
    for some in old.difference(new).collect::<Vec<_>>().chunks(MESSAGE) {
        batch.delete(msg::DELSETELEM, Family::Inet, |to| body(to, some));
    }
    for some in new.difference(old).collect::<Vec<_>>().chunks(MESSAGE) {
        batch.add(msg::NEWSETELEM, Family::Inet, |to| body(to, some));
    }
}
