//! The thread that listens to interfaces, addresses and neighbours.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gapura_kernel::net::{Change, Groups, LinkIndex, Moved, Moves, NetError, NetFeatures, Route, Watch, sysctl};
use gapura_lan::{AdvertPlan, ApiUri, Reach, Ula};
use gapura_model::{DeviceId, IfName, MacAddr, Uptime};
use gapura_runtime::{Clock as _, ClockStart, SystemClock, Tasks};
use tokio::sync::watch;

use super::added::{Added, OnBridge};
use super::picture::look_with;
use super::{Picture, isolate, second_lock};
use crate::config::{Config, IsolateMode};
use crate::gate::{Command, Handle};
use crate::names::{Known, OwnNet};
use crate::notices::Notices;

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
            tracing::error!(error = %gapura_model::with_causes(&error), "the network cannot be looked at");
            return;
        }
    };
    let clock = SystemClock::start(ClockStart::default());
    let mut theft = Theft::new();
    let mut added = Added::read(&around.config.gateway.data_dir);
    let mut last = Picture::default();
    around.look(&mut route, &mut added, &mut last);
    for change in watch {
        match change {
            Ok(Change::Neighbour(row)) => {
                if let Some(moved) = theft.moves.see_neighbour(&row) {
                    theft.moved(&around, &mut route, row.link, moved, clock.now().up);
                }
            }
            Ok(Change::NeighbourGone(row)) => theft.neighbour_gone(row.link, row.ip),
            Ok(Change::Port(row)) => {
                let at = clock.now().up;
                if let Some(moved) = theft.moves.see_port(&row, at)
                    && let Some(bridge) = row.bridge
                {
                    theft.moved(&around, &mut route, bridge, moved, at);
                }
            }
            // A device that left its port may come back on another one.
            Ok(Change::PortGone(row)) => theft.moves.forget(row.mac),
            Ok(Change::Woken) => {
                theft.tidy(clock.now().up);
                around.look(&mut route, &mut added, &mut last);
            }
            Ok(
                Change::Link(_)
                | Change::LinkGone(_)
                | Change::Address(_)
                | Change::AddressGone(_)
                | Change::Routes
                | Change::Lost,
            ) => around.look(&mut route, &mut added, &mut last),
            Err(error) => {
                tracing::warn!(error = %gapura_model::with_causes(&error), "a change of the network was not understood");
            }
        }
    }
}

impl Around {
    /// Looks at the whole picture and tells everybody what changed.
    fn look(&mut self, route: &mut Route, added: &mut Added, last: &mut Picture) {
        if self.features.policy_rules
            && let Err(error) = second_lock(&self.config).ensure(route)
        {
            tracing::error!(error = %gapura_model::with_causes(&error), "the second lock could not be checked");
        }
        let picture = match look_with(route, &self.config, self.ula, added) {
            Ok(picture) => picture,
            Err(error) => {
                tracing::warn!(error = %gapura_model::with_causes(&error), "the network could not be looked at");
                return;
            }
        };
        // What somebody else took away is not ours any more.
        let listed = |entry: &OnBridge| {
            let is =
                |(lan, address, _): &(IfName, IpAddr, u8)| *lan == entry.lan && *address == IpAddr::V6(entry.address);
            picture.own.iter().any(is) || picture.stale.iter().any(is)
        };
        noted(added.retain(listed));
        for uplink in &picture.uplinks {
            prepare_uplink(uplink, !last.uplinks.contains(uplink));
        }
        if picture == *last {
            return;
        }
        address(route, &picture, added);
        if self.features.isolation && picture.ports != last.ports {
            for lan in self.config.lan.iter().filter(|lan| lan.isolate == IsolateMode::All) {
                isolate(route, lan);
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

    /// The visitor bridge with this index.
    fn lan(&self, route: &mut Route, link: LinkIndex) -> Option<&IfName> {
        let mut lans = self.config.lan.iter().map(|lan| &lan.interface);
        lans.find(|lan| route.find_link(lan).ok().flatten().is_some_and(|found| found.index == link))
    }
}

/// The gate hears of a device's address once in this time. What comes of it, and how often it is said, is for the gate.
const TOLD_ONCE_IN: Duration = Duration::from_millis(10);

/// Watching who takes whose address.
struct Theft {
    moves: Moves,
    notices: Notices<DeviceId>,
    /// Neighbours that were forgotten on purpose, to be asked for again.
    asked: BTreeSet<(LinkIndex, IpAddr)>,
}

impl Theft {
    fn new() -> Self {
        Self { moves: Moves::default(), notices: Notices::once_in(TOLD_ONCE_IN), asked: BTreeSet::new() }
    }

    /// An address is somewhere else now.
    fn moved(&mut self, around: &Around, route: &mut Route, link: LinkIndex, moved: Moved, at: Uptime) {
        match moved {
            Moved::Roamed { mac, .. } => self.ask(around, route, link, mac),
            Moved::Ip { from: mac, .. } | Moved::Back { mac, .. } => {
                let Some(lan) = around.lan(route, link) else { return };
                let device = DeviceId { lan: lan.clone(), mac };
                if let Some(times) = self.notices.happened(&device, at) {
                    tracing::debug!(times, "an address was seen at two places");
                    around.gate.tell(Command::Theft(device));
                }
            }
        }
    }

    /// Asks on all ports for who appeared on another one: a phone that roams answers from there, the owner of a stolen address
    /// from where it always was.
    fn ask(&mut self, around: &Around, route: &mut Route, link: LinkIndex, mac: MacAddr) {
        if around.lan(route, link).is_none() {
            return;
        }
        let mut ips: Vec<_> = self.moves.ips_of(link, mac).take(ASKED_AT_MOST).map(|ip| (ip, None)).collect();
        if ips.is_empty() {
            // It left its port before and was forgotten, but the kernel still has its addresses.
            ips = kernel_knows(route, link, mac);
        }
        let mut forgotten = Ok(());
        for &(ip, _) in &ips {
            // The kernel asks everybody only for a neighbour that it does not know.
            if matches!(route.neighbour(link, ip), Ok(Some(row)) if row.state.is_known()) {
                self.asked.insert((link, ip));
                forgotten = forgotten.and(route.forget_neighbour(link, ip));
            }
        }
        if let Err(error) = forgotten.and_then(|()| route.probe(link, &ips)) {
            tracing::debug!(error = %gapura_model::with_causes(&error), "a device that moved could not be asked for");
        }
    }

    fn neighbour_gone(&mut self, link: LinkIndex, ip: IpAddr) {
        if !self.asked.remove(&(link, ip)) {
            self.moves.release(link, ip);
        }
    }

    fn tidy(&mut self, at: Uptime) {
        self.notices.tidy(at);
        self.asked.clear();
    }
}

/// A device's addresses by the kernel's table of neighbours.
fn kernel_knows(route: &mut Route, link: LinkIndex, mac: MacAddr) -> Vec<(IpAddr, Option<MacAddr>)> {
    match route.neighbours(link) {
        Ok(rows) => {
            let its = rows.into_iter().filter(|row| row.mac == Some(mac) && row.state.is_known());
            its.take(ASKED_AT_MOST).map(|row| (row.ip, None)).collect()
        }
        Err(error) => {
            tracing::debug!(error = %gapura_model::with_causes(&error), "the neighbours could not be read");
            Vec::new()
        }
    }
}

/// So many of a device's addresses are asked for when it moves.
const ASKED_AT_MOST: usize = 4;

/// Puts wanted IPv6 addresses on the bridges and takes away those of ours that are wanted no longer.
fn address(route: &mut Route, picture: &Picture, added: &mut Added) {
    for bridge in &picture.v6 {
        let done = route.link(&bridge.lan).and_then(|link| {
            let there = route.addresses_of(link.index)?;
            if there.iter().any(|address| address.ip == IpAddr::V6(bridge.address)) {
                return Ok(());
            }
            // Written down first: one that stands in the list and not on the bridge does no harm.
            noted(added.add(OnBridge { lan: bridge.lan.clone(), address: bridge.address }));
            route.add_address(link.index, bridge.address.into(), bridge.prefix.length())
        });
        if let Err(error) = done {
            tracing::warn!(lan = %bridge.lan, error = %gapura_model::with_causes(&error), "the bridge's IPv6 address could not be set");
        }
    }
    for (lan, address, prefix) in &picture.stale {
        let removed = route.link(lan).and_then(|link| route.remove_address(link.index, *address, *prefix));
        match removed {
            Ok(()) => noted(added.retain(|entry| entry.lan != *lan || IpAddr::V6(entry.address) != *address)),
            Err(error) => {
                tracing::warn!(%lan, error = %gapura_model::with_causes(&error), "a withdrawn address could not be removed");
            }
        }
    }
}

/// Gives an uplink that came or came back what the others were given at the start. What cannot be set is said when it came.
fn prepare_uplink(uplink: &IfName, came: bool) {
    let wrong = sysctl::uplink_settings(uplink).map(|settings| sysctl::apply(&settings));
    match wrong {
        Ok(wrong) => {
            for (setting, why) in wrong.into_iter().filter(|_| came) {
                tracing::warn!(setting = setting.name, %why, effect = setting.effect, "a kernel setting is not as wanted");
            }
        }
        // It may have gone again.
        Err(error) => {
            tracing::debug!(%uplink, error = %gapura_model::with_causes(&error), "an uplink's settings could not be read");
        }
    }
}

fn noted(written: Result<(), gapura_runtime::AtomicWriteError>) {
    if let Err(error) = written {
        tracing::warn!(error = %gapura_model::with_causes(&error), "the list of our addresses could not be written");
    }
}
