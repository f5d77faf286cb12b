//! Which device is behind an address: the bridge it is on and its MAC address, from the kernel's neighbour table.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use gapura_kernel::net::{LinkIndex, NetError, Route};
use gapura_model::{DeviceId, IfName};

/// Looks devices up; shared by portal and resolver, each look-up one short exchange with the kernel.
pub(crate) struct Devices {
    inner: Mutex<Inner>,
}

struct Inner {
    route: Route,
    lans: Vec<(LinkIndex, IfName)>,
}

impl Devices {
    /// Looks on these visitor bridges.
    ///
    /// # Errors
    /// When a bridge does not exist, or netlink fails.
    pub(crate) fn open(lans: &[IfName]) -> Result<Self, NetError> {
        let mut route = Route::open()?;
        let lans = lans.iter().map(|lan| Ok((route.link(lan)?.index, lan.clone()))).collect::<Result<_, NetError>>()?;
        Ok(Self { inner: Mutex::new(Inner { route, lans }) })
    }

    /// The device behind `address`, if the kernel has heard of it.
    pub(crate) fn behind(&self, address: IpAddr) -> Option<DeviceId> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { route, lans } = &mut *inner;
        let indexes: Vec<LinkIndex> = lans.iter().map(|(index, _)| *index).collect();
        match route.mac_of(&indexes, address) {
            Ok(Some((index, mac))) => {
                let lan = lans.iter().find(|(known, _)| *known == index)?.1.clone();
                Some(DeviceId { lan, mac })
            }
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(error = %gapura_model::with_causes(&error), "the neighbour table could not be asked");
                None
            }
        }
    }
}
