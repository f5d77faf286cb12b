//! The content filter at this site: rules from the bundle, lists from the index, put in force in the resolver and the kernel.
//!
//! One task ([`keep`]) compiles the rules whenever the bundle, the index or the hour changes, swaps them in the resolver and
//! hands the rules about addresses to the gate's thread. Queries are judged from memory; nothing here waits for a query.

mod appeals;
mod asked;
mod audience;
#[cfg(test)]
mod cannot_start;
mod citizen;
mod clients;
mod counts;
mod in_force;
mod indexes;
mod keeper;
mod lately;
mod lists;
mod shadow;
mod throttle;

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gapura_dns::{Forward, OwnAddresses, Upstream};
use gapura_kernel::Net;
use gapura_model::{Moment, Name};
use gapura_rules::sop::{Action, Garden, Place};
use gapura_runtime::Clock;
use gapura_wire::{Bundle, IndexRef, WithoutIndex};
use tokio::sync::{Notify, watch};

use crate::devices::Devices;

pub(crate) use appeals::{Appeals, NotKept};
pub(crate) use audience::Audiences;
pub(crate) use clients::Numbers;
pub(crate) use counts::{Counts, Hour};
pub(crate) use in_force::Current;
pub(crate) use indexes::{IndexStore, NotTaken};
pub(crate) use keeper::{begin, keep};
pub(crate) use lists::catalogue;

/// What a bundle says of the filter.
#[derive(Clone, Debug)]
pub(crate) struct Sited {
    filter: Option<gapura_wire::Filter>,
    place: Place,
    audiences: Arc<Audiences>,
    /// A clock in doubt is not believed to be before this.
    published: jiff::Timestamp,
}

impl Sited {
    /// Zones with servers of their own, as the resolver takes them.
    pub(crate) fn forwards(&self) -> Vec<Forward> {
        let stated = self.filter.iter().flat_map(|filter| &filter.forwards);
        let forward = |stated: &gapura_wire::ZoneForward| {
            let servers = stated.servers.iter().copied().map(Upstream::from).collect();
            Some(Forward { zone: stated.zone.parse().ok()?, servers })
        };
        stated.filter_map(forward).collect()
    }

    fn of(bundle: &Bundle) -> Option<Self> {
        let site = &bundle.site;
        Some(Self {
            filter: bundle.filter.clone(),
            place: Place {
                site: site.id.clone(),
                kind: site.kind,
                agency: site.agency.clone(),
                regency: site.regency.clone(),
                zone: bundle.hours.zone().clone(),
            },
            audiences: Arc::new(Audiences::of(bundle).ok()?),
            published: bundle.published,
        })
    }
}

/// How the filter is, for staff and for the heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Standing {
    /// What the bundle says is in force, in the resolver and the kernel (or it says nothing). Where it cannot be read, the rules
    /// before it go on all the same.
    pub(crate) in_force: bool,
    /// The version of the index they use; none: no lists.
    pub(crate) index: Option<u64>,
    /// The index that is being fetched.
    pub(crate) awaited: Option<u64>,
    /// What holds instead of rules that cannot be put in force: the site's choice.
    pub(crate) instead: Option<WithoutIndex>,
    /// Where names are answered while another program sits on port 53.
    pub(crate) port: Option<u16>,
    /// How first-packet inspection is, where the site switched it on.
    pub(crate) inspection: Option<&'static str>,
    /// What is wrong, in words for the operator.
    pub(crate) trouble: Vec<String>,
}

impl Standing {
    /// What somebody should hear at once.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = &'static str> {
        let instead = self.instead.map(|choice| match choice {
            WithoutIndex::Closed => "the content filter cannot start: no name is answered, as this site chose",
            WithoutIndex::Plain => {
                "the content filter cannot start: names are not held against lists, as this site chose"
            }
        });
        let port = self.port.map(|_| "another program has the resolver's port 53: stop it and restart the gateway");
        let hangs = (self.inspection == Some("hangs")).then_some("first-packet inspection hangs and was withdrawn");
        instead.into_iter().chain(port).chain(hangs)
    }
}

/// Where others read how the filter is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standings(Arc<Mutex<Told>>);

/// What is told of the filter, and of the resolver it works in as long as this daemon runs.
#[derive(Clone, Debug, Default)]
struct Told {
    standing: Standing,
    elsewhere: Option<(u16, String)>,
    inspection: Option<&'static str>,
}

impl Standings {
    /// How the filter is now.
    pub(crate) fn get(&self) -> Standing {
        let Told { mut standing, elsewhere, inspection } = self.told().clone();
        standing.inspection = inspection;
        if let Some((port, why)) = elsewhere {
            standing.port = Some(port);
            standing.trouble.push(why);
        }
        standing
    }

    /// The resolver answers on another port, and why.
    pub(crate) fn answers_elsewhere(&self, port: u16, why: String) {
        self.told().elsewhere = Some((port, why));
    }

    /// How first-packet inspection is.
    pub(crate) fn inspection(&self, how: &'static str) {
        self.told().inspection = Some(how);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, standing: Standing) {
        self.told().standing = standing;
    }

    /// Not all of the rules are in force, and why.
    fn fail(&self, trouble: String) {
        let standing = &mut self.told().standing;
        standing.in_force = false;
        standing.trouble.push(trouble);
    }
}

/// Everything the filter keeps, shared by resolver, portal, link and control socket.
pub(crate) struct Filtering {
    pub(crate) current: Current,
    pub(crate) appeals: Appeals,
    pub(crate) counts: Counts,
    pub(crate) store: IndexStore,
    pub(crate) clock: Arc<dyn Clock>,
    around: in_force::Around,
    /// Zones that this router forwards to servers of their own, whatever the bundle says.
    zones: Vec<Name>,
    sited: watch::Sender<Option<Arc<Sited>>>,
    wanted: watch::Sender<Option<IndexRef>>,
    garden: watch::Sender<Garden>,
    /// Policy groups of whose names anything is said.
    spoken_of: watch::Sender<Vec<u8>>,
    /// Where the block page is, whenever it changes.
    page: watch::Sender<Arc<OwnAddresses>>,
    arrived: Notify,
    /// An appeal was filed.
    filed: Notify,
    pub(crate) standing: Standings,
    /// Why the site's own files were of no use when the daemon started.
    unfit: Mutex<Option<String>>,
}

impl Filtering {
    /// Goes on with what is kept in `data_dir`; a folder that cannot be used is told, and tried again.
    pub(crate) fn open(
        data_dir: &Path,
        devices: Arc<Devices>,
        numbers: Numbers,
        clock: Arc<dyn Clock>,
        own: &[IpAddr],
        allowed: Vec<Net>,
        zones: Vec<Name>,
    ) -> Self {
        let directory = data_dir.join("filter");
        let store = IndexStore::new(directory.clone());
        if let Err(error) = store.make_folder() {
            tracing::error!(%error, "the content filter's folder cannot be used");
        }
        let page = watch::Sender::new(Arc::new(page_at(own.iter().copied())));
        let around = in_force::Around {
            clients: Arc::new(clients::Clients::new(devices, numbers, clock.clone())),
            lately: Arc::default(),
            throttling: Arc::default(),
            asked: Arc::new(asked::Asked::open(&directory, keeper::fresh_key())),
            clock: clock.clone(),
            page: page.subscribe(),
            allowed: allowed.into(),
            damage: Arc::default(),
        };
        Self {
            current: Current::default(),
            appeals: Appeals::open(&directory),
            counts: Counts::open(&directory),
            store,
            clock,
            around,
            zones,
            sited: watch::Sender::new(None),
            wanted: watch::Sender::new(None),
            garden: watch::Sender::new(Garden::default()),
            spoken_of: watch::Sender::new(Vec::new()),
            page,
            arrived: Notify::new(),
            filed: Notify::new(),
            standing: Standings::default(),
            unfit: Mutex::default(),
        }
    }

    /// The site's own files cannot be used, or can again (`None`).
    pub(crate) fn set_unfit(&self, why: Option<String>) {
        if why.is_none() {
            // A damaged index was brought anew with them.
            self.around.damage.mended();
        }
        *self.unfit.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    fn unfit(&self) -> Option<String> {
        self.unfit.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A bundle is in force.
    pub(crate) fn take_bundle(&self, bundle: &Bundle) {
        self.sited.send_replace(Sited::of(bundle).map(Arc::new));
    }

    /// The router's addresses on the visitor bridges are these now: the block page is there.
    pub(crate) fn take_addresses(&self, own: &[IpAddr]) {
        let now = page_at(own.iter().copied());
        self.page.send_if_modified(|page| {
            let other = **page != now;
            *page = Arc::new(now);
            other
        });
    }

    /// The gate stands: what SOPs slow down can be slowed.
    pub(crate) fn take_gate(&self, throttling: gapura_kernel::ThrottleHandle) {
        self.around.throttling.begin(throttling);
    }

    /// The index that is to be fetched, whenever it changes; `None`: everything is here.
    pub(crate) fn wanted(&self) -> watch::Receiver<Option<IndexRef>> {
        self.wanted.subscribe()
    }

    /// Tells of each bundle.
    pub(crate) fn bundles(&self) -> watch::Receiver<Option<Arc<Sited>>> {
        self.sited.subscribe()
    }

    /// Policy groups of whose names the rules say anything, whenever they change.
    pub(crate) fn spoken_of(&self) -> watch::Receiver<Vec<u8>> {
        self.spoken_of.subscribe()
    }

    /// What SOPs open before login, whenever it changes.
    pub(crate) fn garden(&self) -> watch::Receiver<Garden> {
        self.garden.subscribe()
    }

    /// An index was put in its place.
    pub(crate) fn index_arrived(&self) {
        self.around.damage.mended();
        self.arrived.notify_one();
    }

    /// Waits until an appeal is filed.
    pub(crate) async fn appeal_filed(&self) {
        self.filed.notified().await;
    }

    /// An appeal was filed: it is to be sent soon.
    pub(crate) fn tell_filed(&self) {
        self.filed.notify_one();
    }

    /// What became of appeals, as the bundle in force says.
    pub(crate) fn appeal_answers(&self) -> Vec<gapura_wire::AppealAnswer> {
        let sited = self.sited.borrow();
        sited
            .as_ref()
            .and_then(|sited| sited.filter.as_ref())
            .map_or_else(Vec::new, |filter| filter.appeal_answers.clone())
    }

    /// Whether the rules in force refuse this name to everybody who is logged in.
    pub(crate) fn refuses_to_all(&self, name: &Name) -> bool {
        let Some(now) = self.current.get() else { return false };
        let Some(rules) = &now.rules else { return false };
        let refused = |number| now.decide(number, name).is_some_and(|decision| decision.action == Action::Block);
        let numbers = rules.audiences.numbered().map(|(number, _)| number).filter(|number| *number != 0);
        let mut numbers = numbers.peekable();
        numbers.peek().is_some() && numbers.all(refused)
    }

    /// The time that rules are compiled for: a clock in doubt is at least where the bundle was published.
    fn time(sited: &Sited, now: &Moment) -> jiff::Timestamp {
        match now.trust {
            gapura_model::ClockTrust::Trusted => now.wall,
            gapura_model::ClockTrust::Doubtful => now.wall.max(sited.published),
        }
    }

    /// Zones whose names are asked of the department's own servers.
    fn forwarded(&self, filter: &gapura_wire::Filter) -> Vec<Name> {
        let stated = filter.forwards.iter().filter_map(|forward| forward.zone.parse().ok());
        stated.chain(self.zones.iter().copied()).collect()
    }
}

/// Where the block page is, at a router with these addresses. A link-local one cannot stand in an answer.
fn page_at(own: impl Iterator<Item = IpAddr>) -> OwnAddresses {
    let mut page = OwnAddresses::default();
    for address in own {
        match address {
            IpAddr::V4(v4) if v4.is_link_local() => {}
            IpAddr::V6(v6) if v6.is_unicast_link_local() => {}
            IpAddr::V4(v4) => page.v4.push(v4),
            IpAddr::V6(v6) => page.v6.push(v6),
        }
    }
    page
}
