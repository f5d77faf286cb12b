//! The daemon: starts the rooms in order, waits, stops them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use captive_portal::{Look, Text};
use gapura_kernel::Features;
use gapura_kernel::net::NetFeatures;
use gapura_lan::{AdvertPlan, ApiUri, Farewell, Ula, advertise};
use gapura_ledger::settings as ledger_settings;
use gapura_model::{Name, SiteId};
use gapura_runtime::{Clock, HandOver, Service, Signal, Signals, Tasks};
use gapura_wire::Bundle;
use tokio::sync::{OnceCell, watch};

use crate::alone::{SiteFileError, read_site};
use crate::anchors::AnchorStore;
use crate::bundles::BundleStore;
use crate::config::Config;
use crate::ctl;
use crate::devices::Devices;
use crate::filter::{Filtering, Numbers};
use crate::following::{
    follow_addresses, follow_garden, follow_looks, follow_zones, tell_of_addresses, tell_of_bundles,
};
use crate::gate::{self, Command, Handle};
use crate::inspector;
use crate::joining::Joining;
use crate::link::{self, IdentityStore, Link};
use crate::metrics;
use crate::names::{GateNames, Known};
use crate::network;
use crate::portal::{Door, Passwords};
use crate::requests::Requests;
use crate::serving::{Dns, DnsSockets, portal_base, serve_portal};

/// Why the daemon could not start, or ended with a failure.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A room did not start.
    #[error("the gateway could not start")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The site's files cannot be used.
    #[error(transparent)]
    SiteFile(#[from] SiteFileError),
    /// A vital part ended by itself.
    #[error("{0} ended by itself: the log says why; the service manager starts the gateway again")]
    Broken(String),
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long tasks get to finish at shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the gateway until it is told to stop, on sockets that were `handed` over where there are any (`portal`,
/// `portal-tls`, `dns`): they outlive the daemon, so that nobody's question is refused while it restarts.
///
/// # Errors
/// [`RunError`] says what did not start, or what ended by itself.
pub async fn run(config: Config, clock: Arc<dyn Clock>, handed: HandOver) -> Result<(), RunError> {
    let mut signals = Signals::listen().map_err(|error| RunError::Start(Box::new(error)))?;
    let tasks = Tasks::new();
    let started = start(Arc::new(config), clock, handed, &tasks);
    let running = match started {
        Ok(running) => running,
        Err(error) => {
            tasks.shutdown(GRACE, std::future::pending()).await;
            return Err(error);
        }
    };
    Service.ready();
    loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Reload => running.reload().await,
                Signal::Terminate | Signal::Interrupt => break,
            },
            () = tasks.stopping().cancelled() => break,
        }
    }
    Service.stopping();
    running.gate.ask(Command::Stop).await;
    let second = async {
        let _ = signals.stop().await;
    };
    tasks.shutdown(GRACE, second).await;
    match tasks.broken() {
        None => Ok(()),
        Some(name) if name == "gate" => Ok(()),
        Some(name) => Err(RunError::Broken(name)),
    }
}

/// What the running daemon is asked for.
struct Running {
    config: Arc<Config>,
    filtering: Arc<Filtering>,
    gate: Handle,
}

impl Running {
    /// SIGHUP: the site file is read again; certificates are looked at by themselves.
    async fn reload(&self) {
        let Some(path) = &self.config.gateway.site_file else { return };
        Service.reloading();
        match read_site(path, &self.config.filter, &self.filtering.store) {
            Ok(bundle) => {
                self.filtering.set_unfit(None);
                if let Err(why) = self.gate.policy(bundle).await {
                    tracing::error!(%why, "the site file was not put in force; the one before stays");
                }
            }
            Err(error) => {
                tracing::error!(error = %gapura_model::with_causes(&error), "the site file was not put in force; the one before stays");
            }
        }
        Service.ready();
    }
}

fn start(config: Arc<Config>, clock: Arc<dyn Clock>, handed: HandOver, tasks: &Tasks) -> Result<Running, RunError> {
    start_rooms(config, clock, handed, tasks).map_err(|error| match error.downcast::<RunError>() {
        Ok(error) => *error,
        Err(error) => RunError::Start(error),
    })
}

fn start_rooms(
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    mut handed: HandOver,
    tasks: &Tasks,
) -> Result<Running, Failure> {
    let config = serviceable(config);
    make_directory(&config.gateway.data_dir)?;
    make_directory(&config.gateway.run_dir)?;
    let (features, net_features) = probe(&config)?;
    network::prepare(&config, net_features)?;

    let devices = Arc::new(Devices::open(&network::lans(&config))?);
    let numbers = Numbers::default();
    let filtering = open_filter(&config, &devices, &numbers, &clock);
    let bundles = Arc::new(BundleStore::new(&config.gateway.data_dir));
    let identity = IdentityStore::open(&config.gateway.data_dir)?;
    let membership = identity.membership()?;
    let bundle = first_bundle(&config, &bundles, &filtering, membership.as_ref())?;
    let requests = Arc::new(Requests::open(&config.gateway.data_dir));
    if let Some(bundle) = &bundle {
        filtering.take_bundle(bundle);
        requests.take_bundle(bundle);
    }
    crate::filter::begin(&filtering);
    let api = api_uri(&config)?;

    let (known, known_seen) = watch::channel(Arc::new(Known {
        portal: config.portal.name.as_deref().and_then(|name| name.parse::<Name>().ok()),
        ..Known::default()
    }));
    let (looks, looks_seen) = watch::channel(None::<Look>);
    let (addresses, addresses_seen) = watch::channel(Vec::new());
    // The kernel has to know their port.
    let sockets = DnsSockets::take(&config, &own_addresses(&config), handed.named("dns"), &filtering.standing)?;
    let gateway = membership.as_ref().map_or_else(|| config.gateway.name.clone(), |member| member.gateway.clone());
    let setup = gate::Setup {
        data_dir: config.gateway.data_dir.clone(),
        ledger: config.limits.ledger(),
        gateway: Some(gateway.clone()),
        in_fleet: membership.is_some(),
        kernel: gate::kernel_config(&config, bundle.as_ref(), network::lans(&config), sockets.port()),
        features,
        net_features,
        usage_every: Duration::from_secs(config.gateway.usage_interval.into()),
        bundle,
        clock: clock.clone(),
        on_policy: tell_of_bundles(&config, &filtering, &requests, &known, looks),
        numbers,
        filter: filtering.standing.clone(),
        on_addresses: tell_of_addresses(&filtering, addresses),
    };
    let started = gate::start(setup, tasks)?;

    filtering.take_gate(started.throttling.clone());
    let names = Arc::new(GateNames::new(known_seen, started.garden.clone(), clock.clone()));
    start_filter(&filtering, &started.handle, &known, tasks);
    if config.filter.inspect {
        inspector::start(&filtering, features, started.handle.clone(), clock.clone(), tasks)?;
    }
    let counters = serve_dns(&config, sockets, names, &filtering, &clock, addresses_seen, tasks)?;

    let link: Arc<OnceCell<Link>> = Arc::new(OnceCell::new());
    let door = Arc::new(Door {
        handle: started.handle.clone(),
        devices,
        filtering: filtering.clone(),
        requests: requests.clone(),
        clock: clock.clone(),
        front: started.front.clone(),
        voucher_key: started.voucher_key.clone(),
        link: link.clone(),
        passwords: Passwords::new(),
    });
    let look = looks_seen.borrow().clone().unwrap_or_else(plain_look);
    let portal = serve_portal(&config, door, look, &mut handed, tasks)?;
    for name in handed.unclaimed() {
        tracing::warn!(name, "a socket was handed over under a name nobody knows: use portal, portal-tls or dns");
    }
    tasks.spawn("portal: look", follow_looks(portal, looks_seen, tasks.stopping().clone()));

    let ula = ula(&config)?;
    let adverts = announce(&config, api.as_ref(), tasks);
    let around = network::Around {
        config: config.clone(),
        features: net_features,
        ula,
        api: api.clone(),
        gate: started.handle.clone(),
        known,
        adverts,
    };
    network::watch_network(around, tasks)?;
    network::probe_uplinks(config.clone(), clock.clone(), started.handle.clone(), tasks)?;
    network::lend(&config, api, clock.clone(), started.handle.clone(), tasks)?;

    serve_locally(&config, &started.handle, counters, &link, tasks)?;
    if let Some(section) = config.controller.clone() {
        let joining = Joining {
            section,
            identity,
            bundles,
            filtering: filtering.clone(),
            requests,
            link,
            gate: started.handle.clone(),
            clock: clock.clone(),
            portal: portal_base(&config),
        };
        joining.start(tasks);
    }
    feed_watchdog(&started.handle, tasks);
    Ok(Running { config, filtering, gate: started.handle })
}

fn open_filter(config: &Config, devices: &Arc<Devices>, numbers: &Numbers, clock: &Arc<dyn Clock>) -> Arc<Filtering> {
    let allowed = config.gateway.allowed.iter().filter_map(|net| net.parse().ok()).collect();
    let zones = config.dns.forwards().into_iter().map(|forward| forward.zone).collect();
    let (data_dir, own) = (&config.gateway.data_dir, own_addresses(config));
    let filtering = Filtering::open(data_dir, devices.clone(), numbers.clone(), clock.clone(), &own, allowed, zones);
    Arc::new(filtering)
}

/// The gateway's addresses on visitor bridges, as configured.
fn own_addresses(config: &Config) -> Vec<std::net::IpAddr> {
    config.lan.iter().map(|lan| lan.address.address.into()).collect()
}

fn start_filter(filtering: &Arc<Filtering>, gate: &Handle, known: &watch::Sender<Arc<Known>>, tasks: &Tasks) {
    let stopping = || tasks.stopping().clone();
    tasks.spawn_vital("content filter", crate::filter::keep(filtering.clone(), gate.clone(), stopping()));
    let garden = follow_garden(filtering.garden(), known.clone(), gate.clone(), stopping());
    tasks.spawn("content filter: garden", garden);
}

fn serve_dns(
    config: &Config,
    sockets: DnsSockets,
    names: Arc<GateNames>,
    filtering: &Arc<Filtering>,
    clock: &Arc<dyn Clock>,
    addresses: watch::Receiver<Vec<std::net::IpAddr>>,
    tasks: &Tasks,
) -> Result<Arc<gapura_dns::Counters>, Failure> {
    let filter = Arc::new(filtering.current.clone());
    let dns = Arc::new(Dns::start(config, sockets, names, filter, clock.clone(), tasks)?);
    let counters = dns.counters();
    let stopping = || tasks.stopping().clone();
    tasks.spawn("resolver: zones", follow_zones(dns.clone(), filtering.clone(), stopping()));
    tasks.spawn("resolver: addresses", follow_addresses(dns, addresses, stopping()));
    Ok(counters)
}

/// For staff at this router, and for who scrapes it.
fn serve_locally(
    config: &Config,
    gate: &Handle,
    dns: Arc<gapura_dns::Counters>,
    link: &Arc<OnceCell<Link>>,
    tasks: &Tasks,
) -> Result<(), Failure> {
    serve_ctl(config, gate, tasks)?;
    let link = config.controller.is_some().then(|| link.clone());
    let sources = metrics::Sources { gate: gate.clone(), dns, link, certificate: config.portal.certificate.clone() };
    metrics::start(config.metrics.as_ref(), sources, tasks);
    Ok(())
}

fn serve_ctl(config: &Config, gate: &Handle, tasks: &Tasks) -> Result<(), Failure> {
    let listener = ctl::bind(&config.gateway.run_dir.join(ctl::SOCKET))?;
    let (asked, stopping) = (gate.clone(), tasks.stopping().clone());
    let anchors = AnchorStore::new(&config.gateway.data_dir);
    tasks.spawn("control socket", async move {
        ctl::serve(listener, stopping, move |request| {
            let (asked, anchors) = (asked.clone(), anchors.clone());
            async move {
                if request != ctl::Request::Anchors {
                    return asked.ctl(request).await;
                }
                match anchors.all().map(serde_json::to_value) {
                    Ok(Ok(all)) => ctl::Answer::Done(all),
                    Ok(Err(error)) => ctl::Answer::Failed(error.to_string()),
                    Err(error) => ctl::Answer::Failed(format!("cannot read the signed heads: {error}")),
                }
            }
        })
        .await;
    });
    Ok(())
}

fn probe(config: &Config) -> Result<(Features, NetFeatures), Failure> {
    let mut features = Features::probe()?;
    let mut net = NetFeatures::probe()?;
    for name in &config.gateway.without {
        if net.hide(name).is_err() {
            features = features.without(&[name.as_str()])?;
        }
    }
    Ok((features, net))
}

/// The bundle to begin with: the site file, or the last one of the controller, or none.
fn first_bundle(
    config: &Config,
    bundles: &BundleStore,
    filtering: &Filtering,
    membership: Option<&link::Membership>,
) -> Result<Option<Bundle>, Failure> {
    if let Some(path) = &config.gateway.site_file {
        return match read_site(path, &config.filter, &filtering.store) {
            // A site with a bad SOP still lets people in; of names holds what it chose for this.
            Err(SiteFileError::Filter { why, site }) => {
                filtering.set_unfit(Some(why));
                Ok(Some(*site))
            }
            read => Ok(Some(read?)),
        };
    }
    let Some(membership) = membership else { return Ok(None) };
    let site: &SiteId = &membership.site;
    match bundles.stored(&membership.bundle_key, site) {
        Ok(Some(bundle)) => {
            bundles.set_in_force(bundle.generation);
            Ok(Some(bundle))
        }
        Ok(None) => Ok(None),
        Err(error) => {
            tracing::error!(error = %gapura_model::with_causes(&error), "the stored bundle cannot be used; waiting for the controller");
            Ok(None)
        }
    }
}

/// A certificate that cannot be used must not keep a whole site closed: the portal serves without HTTPS until it is mended.
fn serviceable(config: Arc<Config>) -> Arc<Config> {
    let (Some(chain), Some(key)) = (&config.portal.certificate, &config.portal.key) else { return config };
    match captive_portal::Certificate::load(chain, key) {
        Ok(_) => config,
        Err(error) => {
            tracing::error!(error = %gapura_model::with_causes(&error), "the portal's certificate cannot be used: serving without HTTPS, without account passwords; mend the files and restart the gateway");
            let mut without = Config::clone(&config);
            (without.portal.certificate, without.portal.key) = (None, None);
            Arc::new(without)
        }
    }
}

fn api_uri(config: &Config) -> Result<Option<ApiUri>, Failure> {
    let (Some(name), Some(_)) = (&config.portal.name, &config.portal.certificate) else { return Ok(None) };
    let port = config.portal.https_port;
    let text =
        if port == 443 { format!("https://{name}/capport/v1") } else { format!("https://{name}:{port}/capport/v1") };
    Ok(Some(text.parse()?))
}

/// The site's own prefix, drawn once and kept in the data directory.
fn ula(config: &Config) -> Result<Ula, Failure> {
    let path = config.gateway.data_dir.join(format!("{}.json", ledger_settings::ULA));
    if let Ok(text) = std::fs::read(&path)
        && let Ok(ula) = serde_json::from_slice(&text)
    {
        return Ok(ula);
    }
    let mut random = [0; 5];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    let ula = Ula::from_random(random);
    gapura_runtime::atomic_write(&path, &serde_json::to_vec(&ula)?, 0o600)?;
    Ok(ula)
}

/// One advertisement sender for each bridge with IPv6.
fn announce(
    config: &Config,
    api: Option<&ApiUri>,
    tasks: &Tasks,
) -> BTreeMap<gapura_model::IfName, watch::Sender<AdvertPlan>> {
    let with_v6 = config.lan.iter().filter(|lan| lan.ipv6 == crate::config::Ipv6Mode::Auto);
    with_v6
        .map(|lan| {
            let plan = AdvertPlan {
                router: false,
                prefixes: Vec::new(),
                withdrawn: Vec::new(),
                dns: Vec::new(),
                mtu: None,
                api: api.cloned(),
                interval: Duration::from_mins(3),
            };
            let (sender, mut seen) = watch::channel(plan);
            let (name, stopping) = (lan.interface.clone(), tasks.stopping().clone());
            tasks.spawn(format!("advertisements on {name}"), async move {
                // Nothing before the first look: a restart must not tell visitors that their router is gone.
                tokio::select! {
                    () = stopping.cancelled() => return,
                    _ = seen.changed() => {}
                }
                let stop = async move {
                    stopping.cancelled().await;
                    Farewell::Silent
                };
                advertise(name, seen, link::draw(), stop).await;
            });
            (lan.interface.clone(), sender)
        })
        .collect()
}

/// Before the first bundle nobody knows the site's name.
fn plain_look() -> Look {
    Look::new(Text::plain("Internet gratis"), Text::plain("Lokasi layanan"), Text::plain("Pemerintah daerah"))
}

fn feed_watchdog(gate: &Handle, tasks: &Tasks) {
    let gate = gate.clone();
    let stopped = tasks.stopping().clone();
    tasks.spawn("watchdog", async move {
        // A round trip through the gate's thread: a daemon that cannot decide is not alive.
        let alive = || {
            let gate = gate.clone();
            async move { gate.heartbeat().await.is_some() }
        };
        Service.feed_watchdog(stopped, alive).await;
    });
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(path)
        .map_err(|error| format!("cannot make {}: {error}", path.display()).into())
}
