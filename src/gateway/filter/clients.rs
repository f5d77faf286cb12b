//! Which audience a client of the resolver belongs to: address -> device -> number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gapura_model::{MacAddr, Uptime};
use gapura_runtime::Clock;

use crate::devices::Devices;

/// An address's device is asked of the kernel again after this long: a lease may pass to another device.
const BELIEVED: Duration = Duration::from_secs(5);
/// The same where the kernel had not heard of it: it counts as a stranger that long.
const UNHEARD: Duration = Duration::from_millis(100);
/// Addresses remembered; one more and all are asked for again.
const REMEMBERED: usize = 8_192;

/// The numbers of devices with a running visit; written by the gate's thread, read with every query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers(Arc<RwLock<HashMap<MacAddr, u8>>>);

impl Numbers {
    /// A device's visit has begun, or has another plan.
    pub(crate) fn set(&self, mac: MacAddr, number: u8) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(mac, number);
    }

    /// A device's visit has ended.
    pub(crate) fn remove(&self, mac: MacAddr) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&mac);
    }

    /// The device's number; `None` without a visit.
    pub(crate) fn get(&self, mac: MacAddr) -> Option<u8> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&mac).copied()
    }
}

/// Looks clients up and remembers their devices for a moment.
pub(crate) struct Clients {
    devices: Arc<Devices>,
    numbers: Numbers,
    clock: Arc<dyn Clock>,
    known: RwLock<HashMap<IpAddr, Known>>,
}

#[derive(Clone, Copy)]
struct Known {
    /// `None`: the kernel has not heard of it.
    mac: Option<MacAddr>,
    until: Uptime,
}

impl Clients {
    pub(crate) fn new(devices: Arc<Devices>, numbers: Numbers, clock: Arc<dyn Clock>) -> Self {
        Self { devices, numbers, clock, known: RwLock::default() }
    }

    /// The device behind an address.
    pub(crate) fn mac_of(&self, client: IpAddr) -> Option<MacAddr> {
        let now = self.clock.now().up;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&client).copied();
        if let Some(known) = known.filter(|known| now < known.until) {
            return known.mac;
        }
        let mac = self.devices.behind(client).map(|device| device.mac);
        let mut remembered = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        // A device that speaks for the first time is in the kernel's table a moment later.
        let believed = if mac.is_some() { BELIEVED } else { UNHEARD };
        remembered.insert(client, Known { mac, until: now.after(believed) });
        mac
    }

    /// The audience of a client; 0 for strangers.
    pub(crate) fn number_of(&self, client: IpAddr) -> u8 {
        self.mac_of(client).and_then(|mac| self.numbers.get(mac)).unwrap_or_default()
    }

    /// Whether the client has a running visit.
    pub(crate) fn is_online(&self, client: IpAddr) -> bool {
        self.mac_of(client).is_some_and(|mac| self.numbers.get(mac).is_some())
    }
}
