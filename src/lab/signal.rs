//! Ctrl-C, SIGTERM and SIGHUP: remembered, so that every wait ends and every guard cleans up.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

use crate::LabError;

static ASKED_TO_STOP: AtomicBool = AtomicBool::new(false);
static WATCHER: OnceLock<()> = OnceLock::new();

/// From now on SIGINT, SIGTERM and SIGHUP do not kill this process but end its waits. Only programs call it; a test
/// runner keeps its own Ctrl-C.
pub fn watch() {
    WATCHER.get_or_init(|| {
        let watcher = thread::Builder::new().name("lab-signals".into()).spawn(|| {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
                let [Ok(mut int), Ok(mut term), Ok(mut hup)] = kinds else { return };
                loop {
                    tokio::select! { _ = int.recv() => {}, _ = term.recv() => {}, _ = hup.recv() => {} }
                    ASKED_TO_STOP.store(true, Ordering::Relaxed);
                }
            });
        });
        if let Err(error) = watcher {
            tracing::warn!(%error, "no thread to watch signals: Ctrl-C will leave cleaning up to the next start");
        }
    });
}

/// Whether Ctrl-C, SIGTERM or SIGHUP came.
pub fn asked_to_stop() -> bool {
    ASKED_TO_STOP.load(Ordering::Relaxed)
}

/// [`LabError::Interrupted`] when [`asked_to_stop`].
pub fn check() -> Result<(), LabError> {
    if asked_to_stop() { Err(LabError::Interrupted) } else { Ok(()) }
}
