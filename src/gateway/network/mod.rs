//! The network around the gate: bridges, uplinks, addresses, who hands them out, and whether the Internet is there.
//!
//! One thread listens to the kernel and, on every change and every half minute, looks at the whole picture again; another
//! asks the uplinks. Both only tell: the gate's thread decides.

mod added;
mod lend;
mod picture;
mod probe;
mod watcher;

pub(crate) use lend::lend;
pub(crate) use picture::{Picture, look};
pub(crate) use probe::probe_uplinks;
pub(crate) use watcher::{Around, watch_network};

use std::net::IpAddr;

use gapura_kernel::net::{NetError, NetFeatures, Route, SECOND_LOCK_PREF, SecondLock, sysctl};
use gapura_model::IfName;

use crate::config::{Config, IsolateMode, LanSection};

/// Why the network cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    /// A visitor bridge is not there.
    #[error("visitor bridge {0} does not exist: make it first (deploy/ has an example for systemd-networkd)")]
    NoBridge(IfName),
    /// Netlink failed.
    #[error("the network cannot be prepared")]
    Net(#[from] NetError),
}

/// Puts in place what has to stand before the first packet: addresses, kernel settings, the second lock, isolated ports.
///
/// # Errors
/// When a bridge is missing or the kernel refuses what cannot be done without.
pub(crate) fn prepare(config: &Config, features: NetFeatures) -> Result<(), PrepareError> {
    let mut route = Route::open()?;
    for lan in &config.lan {
        let link = route.find_link(&lan.interface)?.ok_or_else(|| PrepareError::NoBridge(lan.interface.clone()))?;
        let there = route.addresses_of(link.index)?;
        if !there.iter().any(|address| address.ip == IpAddr::V4(lan.address.address)) {
            route.add_address(link.index, lan.address.address.into(), lan.address.prefix)?;
        }
        route.set_up(&lan.interface, true)?;
        if features.isolation && lan.isolate == IsolateMode::All {
            isolate(&mut route, lan);
        }
    }
    let (devices, flows_per_device) = (config.gateway.devices, config.limits.flows_per_device);
    let sizes = sysctl::Sizes { devices, flows_per_device, memory: memory() };
    let settings = sysctl::settings(&lans(config), &config.uplink.interfaces, &sizes)?;
    for (setting, why) in sysctl::apply(&settings) {
        tracing::warn!(setting = setting.name, %why, effect = setting.effect, "a kernel setting is not as wanted");
    }
    if features.policy_rules {
        second_lock(config).ensure(&mut route)?;
    } else {
        tracing::warn!(
            "this kernel has no policy-routing rules: a flushed ruleset leaves the gate to the reconciler alone"
        );
    }
    Ok(())
}

pub(crate) fn second_lock(config: &Config) -> SecondLock {
    SecondLock { bridges: lans(config), pref: SECOND_LOCK_PREF }
}

pub(crate) fn lans(config: &Config) -> Vec<IfName> {
    config.lan.iter().map(|lan| lan.interface.clone()).collect()
}

fn isolate(route: &mut Route, lan: &LanSection) {
    let ports = route.link(&lan.interface).and_then(|link| route.ports(link.index)).unwrap_or_default();
    for port in ports {
        if let Err(error) = route.isolate(&port.name, !lan.trusted_ports.contains(&port.name)) {
            tracing::warn!(port = %port.name, error = %gapura_model::with_causes(&error), "a port could not be isolated");
        }
    }
}

/// Memory of the machine in bytes; 512 MiB where it does not say.
pub(crate) fn memory() -> u64 {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|text| text.parse::<u64>().ok());
    kib.unwrap_or(512 * 1024) * 1024
}
