//! Lending addresses: our own dnsmasq where the site wants it, and the alert when the pool runs full.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gapura_lan::{ApiUri, DhcpPlan, DhcpState, LanBridge, LanPlan, Leases, PoolAlert, PoolWatch, UserName, serve_dhcp};
use gapura_runtime::{Clock, Tasks};
use tokio::sync::watch;

use crate::config::{Config, DhcpMode};
use crate::gate::{Command, Handle};

/// Why no addresses can be lent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LendError {
    /// A path or name cannot stand in dnsmasq's configuration.
    #[error("the data directory or user name cannot stand in dnsmasq's configuration")]
    Text(#[from] gapura_lan::CheckError),
    /// The plan contradicts itself.
    #[error("no addresses can be lent: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Plan(Vec<gapura_lan::LanError>),
}

/// Starts dnsmasq for the bridges where we lend addresses, if there are any.
///
/// # Errors
/// When the plan cannot be written down.
pub(crate) fn lend(
    config: &Arc<Config>,
    api: Option<ApiUri>,
    clock: Arc<dyn Clock>,
    gate: Handle,
    tasks: &Tasks,
) -> Result<(), LendError> {
    let ours = config.lan.iter().filter(|lan| lan.dhcp == DhcpMode::Ours);
    let bridges: Vec<LanBridge> = ours
        .map(|lan| LanBridge {
            name: lan.interface.clone(),
            address: lan.address.address,
            prefix: lan.address.prefix,
            most: config.gateway.devices.max(32),
        })
        .collect();
    let Some(lease) = config.lan.iter().find(|lan| lan.dhcp == DhcpMode::Ours).map(|lan| lan.lease) else {
        return Ok(());
    };
    let directory = &config.gateway.data_dir;
    // A user of our own was taken before any thread was started: dnsmasq begins as that user, and need not change.
    let user: Option<UserName> = if is_real_root() { Some("root".parse()?) } else { None };
    let plan = LanPlan {
        bridges,
        api,
        lease: Duration::from_secs(lease.into()),
        leases: plain(&directory.join("leases"))?,
        user,
    };
    let pool = plan.pool().map_err(|error| LendError::Plan(vec![error]))?;
    plan.dnsmasq_config().map_err(LendError::Plan)?;
    let config_file = plain(&config.gateway.run_dir.join("dnsmasq.conf"))?;
    let leases = directory.join("leases");
    let pid = plain(&config.gateway.run_dir.join("dnsmasq.pid"))?;
    let dhcp = DhcpPlan { lan: plan, program: "/usr/sbin/dnsmasq".into(), config: config_file, pid };
    let (plan_in_force, plan) = watch::channel(Some(dhcp));
    let (state, _) = watch::channel(DhcpState::default());
    let stopping = tasks.stopping().clone();
    tasks.spawn("addresses: dnsmasq", async move {
        serve_dhcp(plan, state, stopping.cancelled_owned()).await;
        // The plan never changes in a run; its sender lives as long as the server.
        drop(plan_in_force);
    });
    tasks.spawn("addresses: pool", watch_pool(leases, pool, clock, gate, tasks.stopping().clone()));
    Ok(())
}

fn plain(path: &Path) -> Result<gapura_lan::PlainPath, gapura_lan::CheckError> {
    path.to_string_lossy().parse()
}

/// Whether we are root of the whole machine, not only of a user namespace: only then may dnsmasq change its user.
fn is_real_root() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let whole = map.split_whitespace().collect::<Vec<_>>() == ["0", "0", "4294967295"];
    whole && rustix::process::geteuid().is_root()
}

async fn watch_pool(
    leases: std::path::PathBuf,
    pool: u32,
    clock: Arc<dyn Clock>,
    gate: Handle,
    stopping: tokio_util::sync::CancellationToken,
) {
    let mut watch = PoolWatch::default();
    let (mut alert, mut told) = (None, None);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
        // dnsmasq writes times of the machine's own clock.
        let kernel_now = clock.now().wall.checked_sub(clock.ahead_of_kernel()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let text = tokio::fs::read_to_string(&leases).await.unwrap_or_default();
        let used = Leases::parse(&text, kernel_now).used();
        match watch.observe(used, pool) {
            Some(PoolAlert::Relieved) => {
                tracing::info!(used, pool, "there are addresses for visitors again");
                alert = None;
            }
            Some(PoolAlert::NearlyFull) => alert = Some(NEARLY_FULL),
            Some(PoolAlert::Full) => alert = Some(FULL),
            None => {}
        }
        if alert != told && gate.tell(Command::Pool(alert)) {
            told = alert;
            if let Some(alert) = alert {
                tracing::warn!(used, pool, "{alert}");
            }
        }
    }
}

const NEARLY_FULL: &str =
    "over 95 % of the addresses for visitors are lent: widen the bridge's subnet or shorten the lease";
const FULL: &str = "no address for another visitor is left: widen the bridge's subnet or shorten the lease";
