//! The thread that asks whether the Internet is there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gapura_kernel::net::uplink::{Health, Outcome, Target, Thresholds, UplinkHealth, probe};
use gapura_model::IfName;
use gapura_runtime::{Clock, Tasks};

use crate::config::Config;
use crate::gate::{Command, Handle};

/// One round every so often while all is well.
const EVERY: Duration = Duration::from_secs(5);
/// And while an uplink is in doubt.
const EVERY_IN_DOUBT: Duration = Duration::from_secs(1);
/// A target has this long to answer.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Starts asking; ends with `tasks`.
///
/// # Errors
/// When no thread can be made.
pub(crate) fn probe_uplinks(
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    gate: Handle,
    tasks: &Tasks,
) -> std::io::Result<()> {
    let targets: Vec<Target> = config.uplink.probes.iter().map(|address| Target::Tcp(*address)).collect();
    let work = move |stopping: tokio_util::sync::CancellationToken| {
        let names = &config.uplink.interfaces;
        let fresh = |name: &IfName| (name.clone(), UplinkHealth::new(Thresholds::default()));
        let mut uplinks: BTreeMap<IfName, UplinkHealth> = names.iter().map(fresh).collect();
        let mut told = None;
        while !stopping.is_cancelled() {
            let mut settled = true;
            for (name, health) in &mut uplinks {
                let outcome = probe(name, &targets, PATIENCE);
                let now = clock.now();
                let worked = match outcome {
                    Ok(outcome) => outcome.worked(),
                    Err(ref error) => {
                        tracing::debug!(uplink = %name, error = %gapura_model::with_causes(error), "an uplink could not be asked");
                        false
                    }
                };
                // Unplugged, or without a default route: there is no silence to wait for.
                let _turn =
                    if matches!(outcome, Ok(Outcome::NoWay)) { health.lost(&now) } else { health.result(worked, &now) };
                settled &= worked == (health.health(&now) == Health::Up);
            }
            let now = clock.now();
            let up = uplinks.values().any(|health| health.health(&now) != Health::Down);
            if told != Some(up) && gate.tell(Command::Internet(up)) {
                told = Some(up);
            }
            doze(&stopping, if settled { EVERY } else { EVERY_IN_DOUBT });
        }
    };
    tasks.vital_thread("uplinks", work).map(drop)
}

/// Sleeps in short steps, so that the thread ends soon after it is told to.
fn doze(stopping: &tokio_util::sync::CancellationToken, time: Duration) {
    const STEP: Duration = Duration::from_millis(200);
    let mut left = time;
    while left > Duration::ZERO && !stopping.is_cancelled() {
        std::thread::sleep(left.min(STEP));
        left = left.saturating_sub(STEP);
    }
}
