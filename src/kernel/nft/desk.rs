//! The one socket that writes, and who may have it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::codec::{Batch, Conn};
use crate::KernelError;

/// A table with an owner takes changes from its owner's socket only, so everyone shares it.
pub(super) struct Writing {
    pub(super) conn: Conn,
    /// Batches applied: each moves the kernel's generation by one.
    pub(super) commits: u32,
}

impl Writing {
    pub(super) fn commit(&mut self, batch: Batch) -> Result<(), KernelError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.conn.commit(batch)?;
        self.commits = self.commits.wrapping_add(1);
        Ok(())
    }
}

/// Hands the socket to one at a time.
pub(super) struct Desk {
    writing: Mutex<Writing>,
    waiting: AtomicU32,
}

impl Desk {
    pub(super) fn new(conn: Conn) -> Self {
        Self { writing: Mutex::new(Writing { conn, commits: 0 }), waiting: AtomicU32::new(0) }
    }

    /// Lets those who wait go first: for whoever takes the socket again and again.
    pub(super) fn give_way(&self) {
        const TURN: Duration = Duration::from_micros(100);
        for _ in 0..50 {
            if self.waiting.load(Ordering::Acquire) == 0 {
                return;
            }
            std::thread::sleep(TURN);
        }
    }
}

pub(super) fn lock(desk: &Desk) -> MutexGuard<'_, Writing> {
    desk.waiting.fetch_add(1, Ordering::AcqRel);
    let writing = desk.writing.lock().unwrap_or_else(PoisonError::into_inner);
    desk.waiting.fetch_sub(1, Ordering::AcqRel);
    writing
}
