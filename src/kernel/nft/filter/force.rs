//! The filter in force: changed, adopted, repaired by the gate's thread.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::load::{FilterLoad, Shared};
use super::normal::{Normal, Spans};
use super::plan::{Content, Held, Maps, PAIRS, pairs};
use super::read::{probe_map, read_all_pairs};
use super::{AddressFilter, Changed};
use crate::nft::codec::Conn;
use crate::nft::desk::{Desk, lock};
use crate::nft::kernel::{AT_ONCE, Kernel};
use crate::nft::report::Repair;
use crate::{Ended, KernelError, Slot, Update};

/// The filter in force, and what the kernel holds for it.
pub(in crate::nft) struct State {
    /// `None` until it was set: what was adopted stays.
    wanted: Option<Arc<Normal>>,
    held: Held,
    shared: Shared,
    /// A stranger may have changed single ranges.
    pub(in crate::nft) doubted: bool,
}

impl State {
    /// Nothing is refused. `reader` is for loads, in whichever thread they run.
    pub(in crate::nft) fn new(table: Arc<str>, writing: Arc<Desk>, reader: Conn) -> Self {
        let reader = Arc::new(Mutex::new(reader));
        let shared = Shared { table, writing, reader, epoch: Arc::default(), idle_empty: <[_; 2]>::default() };
        Self { wanted: None, held: Held::default(), shared, doubted: false }
    }

    /// Loads under way are void.
    fn overtake(&self) -> u64 {
        // Under the lock: a batch of theirs is either done or never sent.
        let _writing = lock(&self.shared.writing);
        self.shared.epoch.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn adopt(&mut self, held: Held, idle_empty: [bool; 2]) {
        self.overtake();
        self.held = held;
        self.shared.idle_empty = idle_empty.map(|empty| Arc::new(AtomicBool::new(empty)));
    }

    fn load(&self, normal: Arc<Normal>) -> FilterLoad {
        FilterLoad { shared: self.shared.clone(), epoch: self.overtake(), held: self.held.clone(), normal, ready: None }
    }
}

impl Kernel {
    /// Replaces what policy groups are refused by address, port and protocol, in one batch, and says whom that concerns. Only
    /// what differs is sent; many new ranges are brought in beforehand, in pieces without effect. New flows are judged by it
    /// at once, running ones after [`Kernel::judge_again`].
    ///
    /// This is [`Kernel::prepare_filter`], [`FilterLoad::fill`], [`Kernel::finish_filter`] and [`FilterLoad::tidy`] in one,
    /// which takes a second or two for 100,000 ranges; apart, the middle and the last may run in another thread.
    ///
    /// # Errors
    /// [`KernelError::Filter`] before anything is done; the kernel refused and the old filter stays.
    pub fn set_filter(&mut self, filter: &AddressFilter) -> Result<Changed, KernelError> {
        let mut load = self.prepare_filter(filter)?;
        let filled = load.fill();
        self.after_failure(filled)?;
        let changed = self.finish_filter(&mut load)?;
        load.tidy()?;
        Ok(changed)
    }

    /// Begins to replace the filter; nothing is sent yet. One load at a time: a newer one makes the older start over.
    ///
    /// # Errors
    /// [`KernelError::Filter`].
    pub fn prepare_filter(&mut self, filter: &AddressFilter) -> Result<FilterLoad, KernelError> {
        Ok(self.filter.load(Arc::new(Normal::of(filter)?)))
    }

    /// Puts a filled load into force, in one batch. Where the gate's filter changed since it was prepared it is filled here
    /// again. Afterwards [`FilterLoad::tidy`] frees the memory of the old one.
    ///
    /// # Errors
    /// The kernel refused; the old filter stays.
    pub fn finish_filter(&mut self, load: &mut FilterLoad) -> Result<Changed, KernelError> {
        if load.epoch != self.filter.shared.epoch.load(Ordering::Acquire) {
            *load = self.filter.load(Arc::clone(&load.normal));
        }
        let filled = load.fill();
        self.after_failure(filled)?;
        let Some(ready) = &mut load.ready else { return Ok(Changed::default()) };
        let batch = std::mem::replace(&mut ready.batch, crate::nft::codec::Batch::new());
        let done = lock(&self.writing).commit(batch);
        self.after_failure(done)?;
        self.filter.held = ready.after.clone();
        self.filter.wanted = Some(Arc::clone(&load.normal));
        self.filter.overtake();
        Ok(ready.changed.clone())
    }

    /// What the kernel refused was based on a wrong belief: it is read anew, so that the next call starts from the truth.
    fn after_failure<T>(&mut self, done: Result<T, KernelError>) -> Result<T, KernelError> {
        if done.is_err() {
            let (held, idle_empty) = Held::read(&mut self.reader, &self.table, true)?;
            self.filter.adopt(held, idle_empty);
        }
        done
    }

    /// Running flows of these groups' visits go through the filters again before anything more passes: those refused now are
    /// reset. Returns the last counts of the visits' generations that end by it. Visits whose time is over are passed over.
    ///
    /// # Errors
    /// The kernel refused; call again.
    pub fn judge_again(&mut self, groups: &BTreeSet<u8>) -> Result<Vec<Ended>, KernelError> {
        let concerned = self.book.visits.values().filter(|visit| groups.contains(&visit.mark.group));
        let mut slots: BTreeSet<Slot> =
            concerned.filter(|visit| visit.device.is_some()).map(|visit| visit.mark.slot).collect();
        let mut ended = Vec::with_capacity(slots.len());
        while !slots.is_empty() {
            let some: Vec<Slot> = slots.iter().copied().take(AT_ONCE).collect();
            let changes: Vec<Update> =
                some.iter().map(|slot| Update { judge_again: true, ..Update::of(*slot) }).collect();
            match self.update(&changes) {
                Ok(mut more) => {
                    ended.append(&mut more);
                    slots.retain(|slot| !some.contains(slot));
                }
                // Its time ran out meanwhile.
                Err(KernelError::SlotFree(free)) if slots.remove(&free) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }

    /// Adopts the filter that the kernel holds.
    pub(in crate::nft) fn read_filter(&mut self) -> Result<(), KernelError> {
        let (held, idle_empty) = Held::read(&mut self.reader, &self.table, false)?;
        self.filter.adopt(held, idle_empty);
        Ok(())
    }

    /// Compares the kernel with the filter in force, and puts right what differs. The ranges are read whole only where a
    /// stranger may have changed some of them; else it is seen that they are there.
    pub(in crate::nft) fn repair_filter(&mut self, repairs: &mut Vec<Repair>) -> Result<(), KernelError> {
        // Nobody else changes the elements of a table with an owner.
        let owned = self.features.owner && self.features.persist;
        let deep = std::mem::take(&mut self.filter.doubted) && !owned;
        let found = if deep { Held::read(&mut self.reader, &self.table, true)?.0 } else { self.look_at_filter()? };
        let (held, wanted) = (&self.filter.held, self.filter.wanted.clone());
        let pairs = wanted
            .as_ref()
            .map_or_else(|| held.pairs.clone(), |wanted| pairs(wanted, [found.v4.active, found.v6.active]));
        let mut wrong: Vec<&str> = Vec::new();
        let (v4, v6) = wanted.as_ref().map_or((None, None), |wanted| (Some(&wanted.v4), Some(&wanted.v6)));
        wrong.extend((!holds(&held.v4, &found.v4, v4)).then_some("filter4"));
        wrong.extend((!holds(&held.v6, &found.v6, v6)).then_some("filter6"));
        let different = PAIRS.iter().zip(&pairs).zip(&found.pairs).filter(|((_, wanted), found)| wanted != found);
        wrong.extend(different.map(|((set, _), _)| *set));
        if wrong.is_empty() {
            return Ok(());
        }
        repairs.extend(wrong.into_iter().map(|set| Repair::Setting(set.to_owned())));
        let Some(wanted) = wanted else {
            tracing::warn!("the adopted address filter was changed before another was set");
            return self.read_filter();
        };
        self.filter.adopt(found, [false; 2]);
        let mut load = self.filter.load(wanted);
        self.finish_filter(&mut load)?;
        load.tidy()
    }

    /// What is there, without reading all ranges.
    fn look_at_filter(&mut self) -> Result<Held, KernelError> {
        let pairs = read_all_pairs(&mut self.reader, &self.table)?;
        let mut found = Held { pairs, ..self.filter.held.clone() };
        let (v4, v6) = (&mut found.v4, &mut found.v6);
        if !probe_map(&mut self.reader, &self.table, v4.active, &v4.content.spans())? {
            v4.content = Content::Strange;
        }
        if !probe_map(&mut self.reader, &self.table, v6.active, &v6.content.spans())? {
            v6.content = Content::Strange;
        }
        Ok(found)
    }
}

/// The ranges found in a map are those wanted, or where nothing was set yet those adopted.
fn holds<A: PartialEq>(held: &Maps<A>, found: &Maps<A>, wanted: Option<&Spans<A>>) -> bool {
    match (&found.content, wanted) {
        (Content::Known(found), Some(wanted)) => found == wanted,
        (Content::Known(_) | Content::Stamped(_), None) => held.active == found.active,
        (Content::Stamped(_), Some(_)) | (Content::Strange, _) => false,
    }
}
