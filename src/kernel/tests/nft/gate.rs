//! A gate in the lab, and visits to put into it.

use std::time::Duration;

use gapura_kernel::{Access, ClassIds, Device, Features, GateConfig, Kernel, Quota, Slot, Window};

use crate::lab::{Background, Lab};

/// Upstream's addresses.
pub(crate) const UPSTREAM: [&str; 2] = ["198.51.100.1", "2001:db8:100::1"];

pub(crate) fn config() -> GateConfig {
    GateConfig {
        lans: vec!["br-lan".parse().unwrap()],
        ports: vec!["lan1".parse().unwrap(), "lan2".parse().unwrap()],
        uplinks: vec!["wan0".parse().unwrap()],
        gateway_addresses: vec!["10.7.0.1".parse().unwrap(), "fd07::1".parse().unwrap()],
        portal_tls_port: Some(8443),
        ..GateConfig::default()
    }
}

/// An open gate in the lab's gateway.
pub(crate) fn open(lab: &Lab, config: GateConfig, without: &[&str]) -> Kernel {
    lab.gateway(|| {
        let features = Features::probe().unwrap().without(without).unwrap();
        let mut kernel = Kernel::open(config, &features).unwrap();
        kernel.set_windows(&[Window::ALWAYS]).unwrap();
        kernel
    })
}

/// Servers upstream (ports 80, 443, 853) and the portal on the gateway.
pub(crate) fn servers(lab: &Lab) -> [Background; 2] {
    let start = |side, line, count| {
        let (guard, lines) = lab.py_lines(side, line);
        // Threads print at once: lines may run together.
        let mut ready = 0;
        while ready < count {
            ready += lines.recv_timeout(Duration::from_secs(10)).unwrap().matches("LISTEN").count();
        }
        guard
    };
    [start("up", "serve upstream 80 443 853", 3), start("gw", "serve portal 8080 8443 53 22", 4)]
}

pub(crate) fn slot(number: u16) -> Slot {
    Slot::new(number).unwrap()
}

pub(crate) fn device(number: u8) -> Device {
    Device { lan: "br-lan".parse().unwrap(), mac: format!("02:00:00:00:00:1{number}").parse().unwrap() }
}

/// Visitor `number`'s visit in slot 0x10 + number, an hour, without limits.
pub(crate) fn access(number: u8) -> Access {
    Access {
        slot: slot(0x10 + u16::from(number)),
        device: device(number),
        group: 7,
        expires_in: Some(Duration::from_hours(1)),
        trusted: false,
        visit_quota: Quota::Unlimited,
        holder: None,
        classes: ClassIds::default(),
        slow: None,
    }
}
