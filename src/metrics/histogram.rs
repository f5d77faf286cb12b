//! Instruments: a number that only grows, and how long something took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bounds for what a page or a transaction takes, in seconds.
pub const FAST: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0];
/// Bounds for what takes as long as a network does, in seconds.
pub const SLOW: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// So many until now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How long something took, by bounds that are fixed when it is made: its size never changes, scraped or not.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [f64],
    /// One for each bound, and one for what is above all of them.
    buckets: Box<[AtomicU64]>,
    nanoseconds: AtomicU64,
}

/// A histogram at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// How many were at most so many seconds; the last is for all.
    pub cumulative: Vec<(f64, u64)>,
    /// All together, in seconds.
    pub sum: f64,
}

impl Reading {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.cumulative.last().map_or(0, |(_, count)| *count)
    }
}

impl Histogram {
    /// With these bounds, which rise.
    pub fn new(bounds: &'static [f64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, buckets, nanoseconds: AtomicU64::new(0) }
    }

    /// It took so long once more.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = self.bounds.partition_point(|bound| *bound < seconds);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.nanoseconds.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// As it stands. What is observed meanwhile is in it or not, but its counts always rise.
    pub fn reading(&self) -> Reading {
        let mut sum = 0;
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let cumulative = bounds
            .zip(&self.buckets)
            .map(|(bound, bucket)| {
                sum += bucket.load(Ordering::Relaxed);
                (bound, sum)
            })
            .collect();
        Reading { cumulative, sum: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64() }
    }
}

/// Observes what passes until it is dropped.
#[derive(Debug)]
pub struct Timer {
    histogram: Arc<Histogram>,
    since: tokio::time::Instant,
}

impl Timer {
    /// From now on.
    pub fn start(histogram: &Arc<Histogram>) -> Self {
        Self { histogram: Arc::clone(histogram), since: tokio::time::Instant::now() }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.histogram.observe(self.since.elapsed());
    }
}
