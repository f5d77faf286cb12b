//! How long transactions take, from when one was asked for until its end; of all databases this process has open.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock};

use gapura_metrics::{FAST, Histogram, Timer};
use sqlx::{Database, Transaction};

static READING: LazyLock<Arc<Histogram>> = LazyLock::new(|| Arc::new(Histogram::new(FAST)));
static WRITING: LazyLock<Arc<Histogram>> = LazyLock::new(|| Arc::new(Histogram::new(FAST)));

/// Of transactions that only look.
pub fn reading() -> &'static Arc<Histogram> {
    &READING
}

/// Of transactions that change something, their wait for the writer before included.
pub fn writing() -> &'static Arc<Histogram> {
    &WRITING
}

/// A transaction whose time is taken.
#[derive(Debug)]
pub struct Timed<D: Database> {
    tx: Transaction<'static, D>,
    _timer: Timer,
}

impl<D: Database> Timed<D> {
    pub(crate) fn new(tx: Transaction<'static, D>, timer: Timer) -> Self {
        Self { tx, _timer: timer }
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        self.tx.commit().await
    }
}

impl<D: Database> Deref for Timed<D> {
    type Target = D::Connection;

    fn deref(&self) -> &Self::Target {
        &self.tx
    }
}

impl<D: Database> DerefMut for Timed<D> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.tx
    }
}
