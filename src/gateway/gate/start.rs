//! How the gate's thread begins: ledger, kernel, engine, in that order, so that a restart cuts nobody off.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use captive_portal::{Site, View};
use gapura_kernel::net::{Conntrack, NetError, NetFeatures, Shaper};
use gapura_kernel::{
    Events, Features, GardenHandle, GateConfig, Kernel, KernelError, Mark, Observed, Slot, ThrottleHandle,
};
use gapura_ledger::{LedgerError, settings as ledger_settings};
use gapura_model::{BootId, ClockTrust, GatewayId, IfName, Moment, Uptime, VisitId};
use gapura_rules::hours::{Hours, Zone};
use gapura_runtime::{Clock, Tasks};
use gapura_session::{Effect, Engine, Grant, Guesses, InDoubt, Pacing, Policy};
use gapura_wire::{Bundle, VoucherKey};
use tokio::sync::{Notify, watch};

use super::apply::Hands;
use super::handle::{Command, Handle};
use super::memory::Memory;
use super::rebuild::rebuild;
use super::run::{Gate, OnAddresses, OnPolicy, Timers};
use super::view::{Around, view};
use crate::filter::{Audiences, Numbers, Standings};
use crate::notices::Notices;

/// What the gate needs to begin.
pub(crate) struct Setup {
    pub(crate) data_dir: PathBuf,
    pub(crate) ledger: gapura_ledger::Options,
    pub(crate) gateway: Option<GatewayId>,
    /// A controller took this router into its fleet.
    pub(crate) in_fleet: bool,
    pub(crate) kernel: GateConfig,
    pub(crate) features: Features,
    pub(crate) net_features: NetFeatures,
    pub(crate) usage_every: Duration,
    pub(crate) bundle: Option<Bundle>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Called with each bundle that is in force, for the rooms that read it.
    pub(crate) on_policy: OnPolicy,
    /// Called with the gateway's addresses on visitor bridges.
    pub(crate) on_addresses: OnAddresses,
    /// Where the resolver reads devices' audiences.
    pub(crate) numbers: Numbers,
    /// How the content filter is.
    pub(crate) filter: Standings,
}

/// A running gate.
pub(crate) struct Started {
    pub(crate) handle: Handle,
    pub(crate) garden: GardenHandle,
    pub(crate) throttling: ThrottleHandle,
    pub(crate) front: watch::Receiver<View>,
    pub(crate) voucher_key: watch::Receiver<Option<VoucherKey>>,
}

/// Why the gate cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The ledger cannot be used.
    #[error("the ledger cannot be opened")]
    Ledger(#[from] LedgerError),
    /// The kernel cannot be used.
    #[error("the gate cannot be built in the kernel")]
    Kernel(#[from] KernelError),
    /// Traffic control or conntrack cannot be used.
    #[error("the kernel's network side cannot be used")]
    Net(#[from] NetError),
    /// This kernel run has no name.
    #[error("cannot read /proc/sys/kernel/random/boot_id")]
    Boot(#[source] std::io::Error),
    /// No thread.
    #[error("the gate's thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// The bundle contradicts itself.
    #[error("the bundle cannot be used: {0}")]
    Bundle(String),
}

/// Commands that may wait.
const QUEUE: usize = 4_096;
/// Most traffic classes in the pool.
const MOST_CLASSES: u16 = 0x7fef;

/// Opens ledger and kernel and starts the thread.
///
/// # Errors
/// [`StartError`]; the kernel goes on as it was.
pub(crate) fn start(setup: Setup, tasks: &Tasks) -> Result<Started, StartError> {
    let now = setup.clock.now();
    let boot = boot_id()?;
    let mut memory = Memory::open(&setup.data_dir, setup.ledger, &now)?;
    // A router of the fleet with a bundle and no ledger has lost what was used here.
    let balances_lost = memory.balances_lost(setup.in_fleet && setup.bundle.is_some());
    let (last_boot, last_wall) = (memory.setting(ledger_settings::BOOT), memory.setting(ledger_settings::LAST_WALL));
    let mut restart = memory.restart(boot)?;
    let now = believed_before(&*setup.clock, now, restart.session.clock_basis);
    let policy = match &setup.bundle {
        Some(bundle) => crate::policy::session_policy(bundle, &memory.overrides()).map_err(StartError::Bundle)?,
        None => nothing_yet()?,
    };
    let (lans, devices) = (setup.kernel.lans.clone(), setup.kernel.devices);
    let mut kernel = Kernel::open(setup.kernel, &setup.features)?;
    let events = kernel.events()?;
    let (garden, throttling) = (kernel.garden_handle(), kernel.throttle_handle());
    let found = survivors(&mut kernel, &mut memory, setup.bundle.as_ref())?;
    let shaper = setup.net_features.htb.then(|| Shaper::open(setup.net_features.leaf(), MOST_CLASSES)).transpose()?;
    let mut hands = Hands::new(kernel, shaper, lans, setup.numbers);
    let audiences = Arc::new(setup.bundle.as_ref().map_or_else(Default::default, audiences));
    hands.set_audiences(audiences.clone());
    hands.set_trusted(policy.trusted.keys().copied());
    if let Some(bundle) = &setup.bundle {
        hands.shaping.share_out(&bundle.parts());
    }
    let desk = recall_desk(&memory, &mut hands);
    let rebuilt =
        if memory.is_new() { rebuild(&policy, &audiences, boot, &now, &found, &mut restart) } else { BTreeSet::new() };
    let places = restart.places;
    let mut engine = Engine::restore(policy, boot, &now, restart.session);
    adopt(&mut engine, &mut hands, &now, &found, &places)?;
    let known_again: Vec<Effect> = rebuilt.iter().filter_map(|id| engine.record(*id)).map(Effect::Record).collect();
    memory.try_keep(&known_again, setup.bundle.as_ref(), |record| hands.place(record.id));
    let site = Arc::new(setup.bundle.as_ref().map_or_else(no_site, crate::policy::portal_site));
    let (front, front_seen) = watch::channel(first_view(&engine, &now, &site));
    let (voucher_key, voucher_key_seen) =
        watch::channel(setup.bundle.as_ref().map(|bundle| bundle.voucher_key.clone()));
    let (commands, queue) = sync_channel(QUEUE);
    let (filled, shares) = (Arc::new(Notify::new()), super::share::Shares::new(balances_lost));
    let handle = Handle::new(commands, filled.clone(), shares.wanted());
    let shapes = hands.shaping.works();
    let (recent_holders, overrides) = (memory.recent_holders(super::run::MOST_HOLDERS), memory.overrides());
    let timers = timers(&now, setup.usage_every, shapes);
    let mut gate = Gate {
        engine,
        hands,
        memory,
        clock: setup.clock,
        boot,
        gateway: setup.gateway,
        bundle: setup.bundle.map(Box::new),
        overrides,
        site,
        notice: None,
        uplink_down_since: None,
        uplinks: Vec::new(),
        outage: None,
        recent_holders,
        clash: None,
        begun: None,
        guesses: Guesses::new(Pacing::default()),
        wrong_codes: 0,
        rebuilt,
        addresses_taken: 0,
        thefts: Notices::once_in(Duration::from_mins(1)),
        told: super::tally::Told::since(now.wall),
        seen: super::figures::Seen::default(),
        alerts: Vec::new(),
        pool_alert: None,
        sent: None,
        batch_size: super::report::BATCH_SIZE,
        front,
        voucher_key,
        tokens: BTreeMap::new(),
        on_policy: setup.on_policy,
        on_addresses: setup.on_addresses,
        filled,
        shares,
        timers,
        started: now.up,
        dropped_repairs: 0,
        last_reconcile: Vec::new(),
        opened: None,
        filter: setup.filter,
        desk,
        attribution: super::nat::Attribution::of(devices),
    };
    recall(&mut gate, &now);
    if let Some(last) = off_since(boot, last_boot, last_wall) {
        gate.tell_power_outage(&now, last);
    }
    // Hours before anything else: a site that is closed must not be open for a moment.
    gate.windows(&now);
    hear(events, handle.clone(), tasks).map_err(StartError::Thread)?;
    tasks.vital_thread("gate", move |_| gate.run(&queue)).map_err(StartError::Thread)?;
    Ok(Started { handle, garden, throttling, front: front_seen, voucher_key: voucher_key_seen })
}

/// What an earlier run left: notice, bundle, ports, orders, shares.
fn recall(gate: &mut Gate, now: &Moment) {
    gate.recall_notice(now);
    if let Some(bundle) = gate.bundle.take() {
        // It may have come just before the gateway stopped.
        gate.end_withdrawn(now, &bundle);
        gate.in_force(bundle);
    }
    gate.regroup(now);
    gate.recall_attribution(now);
    // What was written down just before the gateway stopped is carried out now.
    gate.carry_out_orders(now);
    gate.watch_running_shares(now);
}

/// What vouched for the clock before a restart vouches for it after: the machine has run on, and so has its monotonic clock.
/// Without this a router that was told the time by its controller would close its site at every upgrade.
fn believed_before(clock: &dyn Clock, now: Moment, basis: Option<(Uptime, jiff::Timestamp)>) -> Moment {
    let Some((up, wall)) = basis.filter(|_| now.trust == ClockTrust::Doubtful) else { return now };
    clock.trust(Moment::trusted(up, wall).wall_after(up.until(now.up)));
    clock.now()
}

/// Everything that falls due by itself is due at once, but for readings and tallies.
fn timers(now: &Moment, usage_every: Duration, shapes: bool) -> Timers {
    Timers {
        usage_every,
        usage: now.up.after(usage_every),
        reconcile: now.up,
        windows: now.up,
        grow: shapes.then_some(now.up),
        tally: now.up.after(super::tally::TALLY_EVERY),
    }
}

/// The visits that the kernel kept, after what must not outlive the gateway was taken out of it.
fn survivors(kernel: &mut Kernel, memory: &mut Memory, bundle: Option<&Bundle>) -> Result<Vec<Observed>, KernelError> {
    close_former_garden(kernel, memory, bundle)?;
    let found = kernel.visits()?;
    if found.is_empty() {
        // No visit survived in the kernel: no flow may go on under a mark of an earlier gate.
        forget_flows();
    }
    Ok(found)
}

/// The site's garden may be another one than when the gateway last ran; what its names opened outlived the gateway.
fn close_former_garden(kernel: &mut Kernel, memory: &mut Memory, bundle: Option<&Bundle>) -> Result<(), KernelError> {
    let garden = super::bundle::garden_hash(bundle);
    if !memory.is_garden(&garden) {
        kernel.clear_garden()?;
        memory.keep_garden(garden);
    }
    Ok(())
}

/// Listens to the kernel's announcements on a thread of its own.
fn hear(events: Events, told: Handle, tasks: &Tasks) -> std::io::Result<()> {
    tasks.thread("gate: kernel events", move |stopping| {
        let mut events = events;
        while !stopping.is_cancelled() {
            match events.next(Duration::from_millis(500)) {
                Ok(Some(event)) => drop(told.tell(Command::Kernel(event))),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(error = %gapura_model::with_causes(&error), "the kernel's announcements cannot be heard; comparing every half minute goes on");
                    return;
                }
            }
        }
    })?;
    Ok(())
}

/// Brings engine and kernel together after a restart: the kernel's visits keep their slots and their counters count on.
fn adopt(
    engine: &mut Engine,
    hands: &mut Hands,
    now: &Moment,
    found: &[Observed],
    places: &BTreeMap<VisitId, gapura_ledger::Place>,
) -> Result<(), StartError> {
    let mut adopted = 0_usize;
    let mut lost = Vec::new();
    let grants: BTreeMap<VisitId, Grant> = engine.grants().into_iter().map(|grant| (grant.visit, grant)).collect();
    for record in engine.records().collect::<Vec<_>>() {
        let known = places.get(&record.id);
        let same_slot = |seen: &&Observed| known.is_some_and(|place| place.slot == seen.slot.get());
        let same_device = |seen: &&Observed| {
            seen.device
                .as_ref()
                .is_some_and(|device| device.lan == record.device.lan && device.mac == record.device.mac)
        };
        let seen = found.iter().find(|seen| same_device(seen)).or_else(|| found.iter().find(same_slot));
        if let (Some(seen), Some(grant)) = (seen, grants.get(&record.id)) {
            let reading = known.map_or_else(Default::default, |place| place.reading);
            if hands.adopt(grant, seen, reading) {
                adopted += 1;
                continue;
            }
        }
        lost.push((record.id, known.and_then(|place| Slot::new(place.slot))));
    }
    // Somebody flushed the kernel's table meanwhile: these get a slot, and the first comparison grants them what they have left.
    for (visit, slot) in &lost {
        if slot.is_none_or(|slot| !hands.slots.adopt(*visit, slot)) && hands.slots.take(*visit).is_none() {
            tracing::error!(%visit, "no slot is free for a visit that the kernel lost");
        }
    }
    if !lost.is_empty() {
        tracing::warn!(
            visits = lost.len(),
            "the kernel lost visits while the gateway was away; they are granted again"
        );
    }
    let deltas = hands.read()?;
    engine.usage(now, &deltas);
    if adopted > 0 {
        tracing::info!(adopted, "visits went on while the gateway was away");
    }
    Ok(())
}

/// Whom the content filter tells apart; the bundle was checked before it was stored.
fn audiences(bundle: &Bundle) -> Audiences {
    Audiences::of(bundle).unwrap_or_default()
}

/// Until the first bundle: nobody is let in.
fn nothing_yet() -> Result<Policy, StartError> {
    let zone: Zone = "Asia/Jakarta".parse().map_err(|_| StartError::Bundle("no time zone data".to_owned()))?;
    Ok(Policy {
        hours: Hours::always(zone),
        in_doubt: InDoubt::Closed,
        plans: BTreeMap::new(),
        one_tap: None,
        ways: std::collections::BTreeSet::new(),
        terms: None,
        trusted: BTreeMap::new(),
        seats: BTreeMap::new(),
        blocked: BTreeMap::new(),
    })
}

fn no_site() -> Site {
    Site { zone: jiff::tz::TimeZone::UTC, week: None, one_tap: None, voucher: false, account: false }
}

fn forget_flows() {
    let gone = Conntrack::open().and_then(|mut table| table.delete(Mark::IDENTIFIED, Mark::IDENTIFIED));
    if let Err(error) = gone {
        tracing::warn!(error = %gapura_model::with_causes(&error), "flows of an earlier gate could not be forgotten");
    }
}

/// The last word of another run of the kernel: the router was off since.
fn off_since(boot: BootId, last_boot: Option<String>, last_wall: Option<String>) -> Option<jiff::Timestamp> {
    last_boot.filter(|last| *last != boot.to_string())?;
    last_wall?.parse().ok()
}

/// What the counter keeps here; the groups of classes are known before anybody's is looked at.
fn recall_desk(memory: &Memory, hands: &mut Hands) -> super::desk::DeskState {
    let desk = super::desk::DeskState::recall(memory, run_id());
    hands.set_class_groups(super::class::class_groups(&desk.classes));
    desk
}

/// A number for this run of telling who is online; where the kernel has no random octets, the controller asks for everything anew.
fn run_id() -> uuid::Uuid {
    let mut random = [0; 16];
    match getrandom::fill(&mut random) {
        Ok(()) => uuid::Builder::from_random_bytes(random).into_uuid(),
        Err(_) => uuid::Uuid::nil(),
    }
}

fn boot_id() -> Result<BootId, StartError> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_err(StartError::Boot)?;
    text.parse().map_err(|_| StartError::Boot(std::io::Error::from(std::io::ErrorKind::InvalidData)))
}

/// The interfaces a gate is built for; see [`crate::network`].
pub(crate) fn kernel_config(
    config: &crate::config::Config,
    bundle: Option<&Bundle>,
    lans: Vec<IfName>,
    dns_port: u16,
) -> GateConfig {
    let mut kernel = GateConfig {
        lans,
        uplinks: config.uplink.interfaces.clone(),
        devices: config.gateway.devices,
        flows_per_device: config.limits.flows_per_device,
        dns_port,
        inspect: config.filter.inspect,
        port_blocks: bundle.is_some_and(|bundle| bundle.nat_attribution),
        portal_port: config.portal.http_port,
        portal_tls_port: config.portal.certificate.as_ref().map(|_| config.portal.https_port),
        allowed: config.gateway.allowed.iter().filter_map(|net| net.parse().ok()).collect(),
        management: config.gateway.management.iter().filter_map(|net| net.parse().ok()).collect(),
        isolate: config.lan.iter().any(|lan| lan.isolate == crate::config::IsolateMode::All),
        management_ports: vec![(gapura_kernel::Proto::Tcp, 22)],
        ..GateConfig::default()
    };
    if let Some(bundle) = bundle {
        kernel.garden = crate::policy::garden_networks(bundle, &[]);
    }
    kernel
}

/// What a device nobody knows is shown before anything is known of notices and the uplink.
fn first_view(engine: &Engine, now: &Moment, site: &Arc<captive_portal::Site>) -> captive_portal::View {
    let fresh = gapura_model::Traffic::ZERO;
    view(engine, now, None, Around { site, notice: None, uplink: captive_portal::Uplink::Up, fresh })
}
