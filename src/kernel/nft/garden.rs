//! The walled garden by name: destinations that DNS answers open, for as long as they live.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::codec::{Batch, Family, NewElem};
use super::desk::{Desk, lock};
use super::kernel::Kernel;
use super::plan::milliseconds;
use super::settings::{garden_key, holds, is_private};
use super::tables::{delete_element, put_element, refill};
use crate::{GardenEntry, KernelError, Net};

/// At least this long a garden destination stays open.
const GARDEN_LIFE: Duration = Duration::from_mins(5);

/// Fills the walled garden from another thread, through the gate's own socket: a call waits for a batch in progress (tens of
/// microseconds), never for a reading.
#[derive(Clone)]
pub struct GardenHandle {
    table: Arc<str>,
    writing: Arc<Desk>,
    era: Arc<AtomicU64>,
    /// Private destinations the site lists.
    allowed: Arc<[Net]>,
}

impl GardenHandle {
    /// Grows whenever destinations opened before may be gone: the garden was cleared, or a stranger changed the gate. What was
    /// remembered under a smaller number is to be forgotten.
    pub fn era(&self) -> u64 {
        self.era.load(Ordering::Acquire)
    }

    /// Whether a name may open this address: it is public, or the site lists it. The gate's rules refuse what slips through.
    pub fn may_open(&self, address: std::net::IpAddr) -> bool {
        !is_private(address) || self.allowed.iter().any(|net| holds(*net, address))
    }

    /// Opens garden destinations, before the DNS answer that names them leaves. One batch.
    ///
    /// # Errors
    /// The kernel refused; nothing was opened.
    pub fn garden(&self, entries: &[GardenEntry]) -> Result<(), KernelError> {
        lock(&self.writing).commit(self.batch(entries))
    }

    /// The same for destinations that were judged in `era`. `false`: it is over and nothing was opened, judge anew.
    ///
    /// # Errors
    /// The kernel refused; nothing was opened.
    pub fn garden_in(&self, era: u64, entries: &[GardenEntry]) -> Result<bool, KernelError> {
        let batch = self.batch(entries);
        let mut writing = lock(&self.writing);
        if self.era() != era {
            return Ok(false);
        }
        writing.commit(batch)?;
        Ok(true)
    }

    fn batch(&self, entries: &[GardenEntry]) -> Batch {
        let mut batch = Batch::new();
        for entry in entries {
            let set = if entry.address.is_ipv4() { "garden4" } else { "garden6" };
            let key = garden_key(entry.address, entry.proto, entry.port);
            let timeout = Some(milliseconds(entry.lives.max(GARDEN_LIFE)));
            let elem = NewElem { key: &key, timeout, ..NewElem::default() };
            // Added, deleted, added: the new life counts also where a timeout cannot change in place.
            put_element(&mut batch, &self.table, set, &elem);
            delete_element(&mut batch, &self.table, set, &key);
            put_element(&mut batch, &self.table, set, &elem);
        }
        batch
    }
}

impl Kernel {
    /// A handle for the DNS room.
    pub fn garden_handle(&self) -> GardenHandle {
        GardenHandle {
            table: Arc::clone(&self.table),
            writing: Arc::clone(&self.writing),
            era: Arc::clone(&self.garden_era),
            allowed: self.config.allowed.as_slice().into(),
        }
    }

    /// Closes every destination that a name opened: the site's garden is another one now. Its networks stay. Running flows go
    /// on, at the garden's rate.
    ///
    /// # Errors
    /// The kernel refused; nothing was closed.
    pub fn clear_garden(&mut self) -> Result<(), KernelError> {
        let mut batch = Batch::new();
        for set in ["garden4", "garden6"] {
            refill(&mut batch, &self.table, &(Family::Inet, set, Vec::new()));
        }
        let mut writing = lock(&self.writing);
        // Under the lock: what was judged before is either flushed here, or refused afterwards.
        self.forget_garden();
        writing.commit(batch)
    }

    /// Nobody may rely on destinations opened so far.
    pub(super) fn forget_garden(&self) {
        self.garden_era.fetch_add(1, Ordering::AcqRel);
    }
}
