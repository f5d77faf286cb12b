//! The thread that listens to interfaces, addresses and neighbours.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gapura_kernel::net::{Change, Groups, LinkIndex, Moved, Moves, NetError, NetFeatures, Route, Watch};
use gapura_lan::{AdvertPlan, ApiUri, Reach, Ula};
use gapura_model::{DeviceId, IfName};
use gapura_runtime::Tasks;
use tokio::sync::watch;

use super::{Picture, isolate, look, second_lock};
use crate::config::{Config, IsolateMode};
use crate::gate::{Command, Handle};
use crate::names::{Known, OwnNet};

/// Who is told what.
pub(crate) struct Around {
    pub(crate) config: Arc<Config>,
    pub(crate) features: NetFeatures,
    pub(crate) ula: Ula,
    pub(crate) api: Option<ApiUri>,
    pub(crate) gate: Handle,
    pub(crate) known: watch::Sender<Arc<Known>>,
    pub(crate) adverts: BTreeMap<IfName, watch::Sender<AdvertPlan>>,
}

/// The picture is looked at again this often even when nothing was heard.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Starts listening; ends with `tasks`.
///
/// # Errors
/// When the kernel cannot be listened to or no thread can be made.
pub(crate) fn watch_network(around: Around, tasks: &Tasks) -> Result<(), NetError> {
    let watch = Watch::open(Groups { links: true, addresses: true, routes: true, neighbours: true })?;
    let waker = watch.waker();
    let failed = |source| NetError::Process { action: "start the network's thread", source };
    let woken = waker.clone();
    let stopping = tasks.stopping().clone();
    tasks.spawn("network: timer", async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                () = tokio::time::sleep(LOOK_AGAIN) => woken.wake(),
            }
        }
        woken.stop();
    });
    tasks.vital_thread("network", move |_| listen(around, watch)).map_err(failed)?;
    Ok(())
}

fn listen(mut around: Around, watch: Watch) {
    let mut route = match Route::open() {
        Ok(route) => route,
        Err(error) => {
            tracing::error!(error = %crate::words(&error), "the network cannot be looked at");
            return;
        }
    };
    let mut moves = Moves::new();
    let mut last = Picture::default();
    around.look(&mut route, &mut last);
    for change in watch {
        match change {
            Ok(Change::Neighbour(row)) => {
                if let Some(Moved::Ip { link, from, .. }) = moves.see_neighbour(&row) {
                    around.moved(&mut route, link, from);
                }
            }
            Ok(Change::NeighbourGone(row)) => moves.release(row.link, row.ip),
            Ok(Change::Port(row)) => {
                if let Some(Moved::Mac { mac, .. }) = moves.see_port(&row)
                    && let Some(bridge) = row.bridge
                {
                    around.moved(&mut route, bridge, mac);
                }
            }
            // A device that left its port may come back on another one.
            Ok(Change::PortGone(row)) => moves.forget(row.mac),
            Ok(
                Change::Link(_)
                | Change::LinkGone(_)
                | Change::Address(_)
                | Change::AddressGone(_)
                | Change::Routes
                | Change::Lost
                | Change::Woken,
            ) => around.look(&mut route, &mut last),
            Err(error) => tracing::warn!(error = %crate::words(&error), "a change of the network was not understood"),
        }
    }
}

impl Around {
    /// Looks at the whole picture and tells everybody what changed.
    fn look(&mut self, route: &mut Route, last: &mut Picture) {
        if self.features.policy_rules
            && let Err(error) = second_lock(&self.config).ensure(route)
        {
            tracing::error!(error = %crate::words(&error), "the second lock could not be checked");
        }
        let picture = match look(route, &self.config, self.ula) {
            Ok(picture) => picture,
            Err(error) => {
                tracing::warn!(error = %crate::words(&error), "the network could not be looked at");
                return;
            }
        };
        if picture == *last {
            return;
        }
        address(route, &picture);
        if self.features.isolation && picture.ports != last.ports {
            for lan in self.config.lan.iter().filter(|lan| lan.isolate == IsolateMode::All) {
                isolate(route, &lan.interface);
            }
        }
        self.advertise(&picture);
        self.known.send_modify(|known| {
            let own = picture.own.iter().map(|(_, address, prefix)| OwnNet { address: *address, prefix: *prefix });
            *known = Arc::new(Known { own: own.collect(), ..Known::clone(known) });
        });
        if picture.clash != last.clash {
            self.gate.tell(Command::Clash(picture.clash.clone()));
        }
        if self.gate.tell(Command::Network(Box::new(picture.clone()))) {
            *last = picture;
        }
    }

    fn advertise(&self, picture: &Picture) {
        for (lan, advert) in &self.adverts {
            let bridge = picture.v6.iter().find(|bridge| bridge.lan == *lan);
            advert.send_modify(|plan| {
                let gone = plan.prefixes.iter().filter(|prefix| bridge.is_none_or(|bridge| bridge.prefix != **prefix));
                let mut withdrawn: Vec<_> = plan.withdrawn.iter().chain(gone).copied().collect();
                withdrawn.extend(picture.stale.iter().filter(|(name, ..)| name == lan).filter_map(
                    |(_, address, _)| match address {
                        IpAddr::V6(address) => gapura_lan::Prefix6::new(*address, 64),
                        IpAddr::V4(_) => None,
                    },
                ));
                withdrawn.retain(|prefix| bridge.is_none_or(|bridge| bridge.prefix != *prefix));
                withdrawn.dedup();
                plan.router = bridge.is_some_and(|bridge| bridge.reach != Reach::None);
                plan.prefixes = bridge.map(|bridge| bridge.prefix).into_iter().collect();
                plan.dns = bridge.map(|bridge| bridge.address).into_iter().collect();
                plan.withdrawn = withdrawn;
                plan.api.clone_from(&self.api);
            });
        }
    }

    /// An address that belonged to `mac` was seen elsewhere.
    fn moved(&self, route: &mut Route, link: LinkIndex, mac: gapura_model::MacAddr) {
        let lans = self.config.lan.iter().map(|lan| &lan.interface);
        let lan =
            lans.into_iter().find(|lan| route.find_link(lan).ok().flatten().is_some_and(|found| found.index == link));
        if let Some(lan) = lan {
            self.gate.tell(Command::Theft(DeviceId { lan: lan.clone(), mac }));
        }
    }
}

/// Puts wanted IPv6 addresses on the bridges and takes away those of a withdrawn prefix.
fn address(route: &mut Route, picture: &Picture) {
    for bridge in &picture.v6 {
        let added = route.link(&bridge.lan).and_then(|link| {
            let there = route.addresses_of(link.index)?;
            if there.iter().any(|address| address.ip == IpAddr::V6(bridge.address)) {
                return Ok(());
            }
            route.add_address(link.index, bridge.address.into(), bridge.prefix.length())
        });
        if let Err(error) = added {
            tracing::warn!(lan = %bridge.lan, error = %crate::words(&error), "the bridge's IPv6 address could not be set");
        }
    }
    for (lan, address, prefix) in &picture.stale {
        let removed = route.link(lan).and_then(|link| route.remove_address(link.index, *address, *prefix));
        if let Err(error) = removed {
            tracing::warn!(%lan, error = %crate::words(&error), "a withdrawn address could not be removed");
        }
    }
}
