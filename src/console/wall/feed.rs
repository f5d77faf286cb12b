//! What all walls show: looked at together, however many watch, and not at all while nobody does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use gapura_controller::{Grant, Office, OfficeError, Screen, Summary};
use gapura_runtime::Tasks;
use jiff::tz::TimeZone;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How old may be what is known of screens: one that was taken back shows nothing any more.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// How old the figures may be: they are read from every site and gateway, which say something new twice a minute.
const FIGURES: Duration = Duration::from_secs(5);
/// Streams at once: each holds one of the console's connections.
const STREAMS: usize = 32;
/// Streams of one screen at once: whoever has the address of one does not keep the others dark.
const OF_A_SCREEN: usize = 4;

/// What there is to be seen.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) figures: Arc<Figures>,
    /// Which screens there are.
    pub(super) screens: Arc<Vec<Screen>>,
}

/// What is shown, of all sites.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) summary: Summary,
    /// Requests that wait, by site.
    pub(super) waiting: BTreeMap<String, u64>,
    /// What everybody may: a screen tells of requests only what whoever made it may see.
    pub(super) grants: BTreeMap<String, Vec<Grant>>,
}

/// The last look, and whose turn it is to look again.
#[derive(Clone, Debug)]
pub(crate) struct Feed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    screens: Mutex<Last<Vec<Screen>>>,
    figures: Mutex<Last<Figures>>,
    streams: Arc<Semaphore>,
    held: Lock<BTreeMap<String, usize>>,
    tasks: Tasks,
}

/// What was seen last, and when; none could be seen.
type Last<T> = Option<(Instant, Option<Arc<T>>)>;

/// A place for a stream, given back when it ends.
#[derive(Debug)]
pub(super) struct Place {
    feed: Feed,
    screen: String,
    _one: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.feed.held(|held| {
            let left = held.get_mut(&self.screen).map_or(0, |count| {
                *count = count.saturating_sub(1);
                *count
            });
            if left == 0 {
                held.remove(&self.screen);
            }
        });
    }
}

impl Feed {
    pub(crate) fn new(tasks: &Tasks) -> Self {
        let streams = Arc::new(Semaphore::new(STREAMS));
        let (screens, figures, held) = (Mutex::default(), Mutex::default(), Lock::default());
        Self(Arc::new(Shared { screens, figures, streams, held, tasks: tasks.clone() }))
    }

    /// A place for a stream of this screen; none where all are taken, or all of this screen.
    pub(super) fn place(&self, screen: &str) -> Option<Place> {
        let one = self.0.streams.clone().try_acquire_owned().ok()?;
        let free = self.held(|held| {
            let count = held.entry(screen.to_owned()).or_default();
            let free = *count < OF_A_SCREEN;
            *count += usize::from(free);
            free
        });
        free.then(|| Place { feed: self.clone(), screen: screen.to_owned(), _one: one })
    }

    fn held<T>(&self, act: impl FnOnce(&mut BTreeMap<String, usize>) -> T) -> T {
        act(&mut self.0.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The console is being stopped.
    pub(super) async fn stopping(&self) {
        self.0.tasks.stopping().cancelled().await;
    }

    /// What there is to be seen: screens not older than [`PERIOD`], figures not older than [`FIGURES`]; none while it cannot
    /// be seen.
    pub(super) async fn look(&self, office: &Office, zone: &TimeZone) -> Option<Look> {
        let screens = last(&self.0.screens, PERIOD, office.screens()).await?;
        let figures = last(&self.0.figures, FIGURES, figures(office, zone)).await?;
        Some(Look { figures, screens })
    }
}

/// What was seen last, unless it is older than it may be; then it is seen anew, by one of all who wait.
async fn last<T>(
    last: &Mutex<Last<T>>,
    age: Duration,
    fresh: impl Future<Output = Result<T, OfficeError>>,
) -> Option<Arc<T>> {
    let mut last = last.lock().await;
    if let Some((_, seen)) = last.as_ref().filter(|(at, _)| at.elapsed() < age) {
        return seen.clone();
    }
    let seen = match fresh.await {
        Ok(seen) => Some(Arc::new(seen)),
        Err(error) => {
            tracing::error!(error = gapura_model::with_causes(&error), "the wallboard cannot be made");
            None
        }
    };
    *last = Some((Instant::now(), seen.clone()));
    seen
}

async fn figures(office: &Office, zone: &TimeZone) -> Result<Figures, OfficeError> {
    Ok(Figures {
        summary: office.summary(zone, 1).await?,
        waiting: office.waiting_by_site().await?,
        grants: office.grants_by_name().await?,
    })
}
