//! What all walls show: looked at once a second at most, however many watch, and not at all while nobody does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gapura_controller::{Grant, Office, OfficeError, Role, Scope, Screen, Summary};
use gapura_runtime::Tasks;
use jiff::tz::TimeZone;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How old what is shown may be.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// Streams at once: each holds one of the console's connections.
const STREAMS: usize = 32;

/// One look.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) summary: Summary,
    /// Which screens there are.
    pub(super) screens: Vec<Screen>,
    /// Requests that wait, by what a screen shows.
    pub(super) waiting: BTreeMap<Scope, u64>,
}

/// The last look, and whose turn it is to look again.
#[derive(Clone, Debug)]
pub(crate) struct Feed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    last: Mutex<Option<(Instant, Option<Arc<Look>>)>>,
    streams: Arc<Semaphore>,
    tasks: Tasks,
}

impl Feed {
    pub(crate) fn new(tasks: &Tasks) -> Self {
        let streams = Arc::new(Semaphore::new(STREAMS));
        Self(Arc::new(Shared { last: Mutex::default(), streams, tasks: tasks.clone() }))
    }

    /// A place for a stream; none where all are taken.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.0.streams.clone().try_acquire_owned().ok()
    }

    /// The console is being stopped.
    pub(super) async fn stopping(&self) {
        self.0.tasks.stopping().cancelled().await;
    }

    /// What there is to be seen, not older than [`PERIOD`]; none while it cannot be seen.
    pub(super) async fn look(&self, office: &Office, zone: &TimeZone) -> Option<Arc<Look>> {
        let mut last = self.0.last.lock().await;
        if let Some((_, look)) = last.as_ref().filter(|(at, _)| at.elapsed() < PERIOD) {
            return look.clone();
        }
        let look = match fresh(office, zone).await {
            Ok(look) => Some(Arc::new(look)),
            Err(error) => {
                tracing::error!(error = gapura_model::with_causes(&error), "the wallboard cannot be made");
                None
            }
        };
        *last = Some((Instant::now(), look.clone()));
        look
    }
}

async fn fresh(office: &Office, zone: &TimeZone) -> Result<Look, OfficeError> {
    let summary = office.summary(zone, 1).await?;
    let screens = office.screens().await?;
    let mut waiting = BTreeMap::new();
    for screen in screens.iter().filter(|screen| screen.ended.is_none()) {
        if !waiting.contains_key(&screen.scope) {
            let all = [Grant { role: Role::Auditor, scope: screen.scope.clone() }];
            waiting.insert(screen.scope.clone(), office.waiting(&all).await?);
        }
    }
    Ok(Look { summary, screens, waiting })
}
