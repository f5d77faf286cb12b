//! What we tell the service manager (sd_notify(3)); without one, nothing happens.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

/// The service manager that started this process, if one did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service;

impl Service {
    /// Start-up is finished: visitors are served.
    pub fn ready(self) {
        told(sd_notify::notify(&[NotifyState::Ready]));
    }

    /// The configuration is being read again; [`Service::ready`] must follow.
    pub fn reloading(self) {
        told(NotifyState::monotonic_usec_now().and_then(|now| sd_notify::notify(&[NotifyState::Reloading, now])));
    }

    /// The process is on its way out.
    pub fn stopping(self) {
        told(sd_notify::notify(&[NotifyState::Stopping]));
    }

    /// One line for `systemctl status`; figures only, never a person. Line breaks become spaces.
    pub fn status(self, line: &str) {
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        told(sd_notify::notify(&[NotifyState::Status(&line)]));
    }

    /// How often the watchdog must be fed: half of what the unit asks for (`WatchdogSec=`), or `None` without one.
    pub fn watchdog_interval(self) -> Option<Duration> {
        sd_notify::watchdog_enabled().map(|timeout| timeout / 2)
    }

    /// Feeds the watchdog as long as `alive` says yes, until `stopped` is cancelled. `alive` must prove that the process
    /// does its work (a round trip through the event loop), and must have a deadline of its own.
    pub async fn feed_watchdog<F: Future<Output = bool>>(
        self,
        stopped: CancellationToken,
        mut alive: impl FnMut() -> F,
    ) {
        let Some(interval) = self.watchdog_interval() else { return };
        let mut timer = tokio::time::interval(interval);
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                _ = timer.tick() => {}
            }
            if alive().await {
                told(sd_notify::notify(&[NotifyState::Watchdog]));
            } else {
                tracing::error!("the process does not answer itself; the watchdog is not fed");
            }
        }
    }
}

fn told(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the service manager cannot be told how we are");
    }
}
