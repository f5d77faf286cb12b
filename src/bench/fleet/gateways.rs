//! Played gateways: what each says to the controller, and how long it waited.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gapura_controller::Enlisted;
use gapura_lab::LabError;
use gapura_lab::clock::{Stopwatch, unix_seconds};
use gapura_model::{Generation, with_causes};
use gapura_runtime::Tasks;
use gapura_wire::{BundleKey, BundleOutcome, BundleVerdict, Heartbeat, SignedBundle};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::BenchError;
use crate::client::{Caller, Identity, Kept};

/// How often a gateway says how it is, and what was used.
const MINUTE: Duration = Duration::from_mins(1);
/// Seconds that a gateway waits at the controller for a bundle.
const WAIT: u64 = 50;
/// All come within this time, as after a short outage of the controller.
const ARRIVAL: Duration = Duration::from_secs(40);
/// Visits told in a minute.
const VISITS: u64 = 5;
const PAUSE: Duration = Duration::from_millis(100);
const GRACE: Duration = Duration::from_secs(20);
const BOOT: &str = "5a4f0e3c-8f5e-4a0a-9d5a-000000000001";

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exchange {
    Heartbeat,
    Usage,
    Outcome,
}

impl Exchange {
    /// Those that an ordinary minute has.
    pub(super) const ALL: [Self; 2] = [Self::Heartbeat, Self::Usage];

    pub(super) const fn shown(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::Usage => "usage",
            Self::Outcome => "outcome",
        }
    }
}

/// What was seen since it began.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    took: BTreeMap<Exchange, Vec<f64>>,
    failed: usize,
    last: String,
}

impl Tally {
    pub(super) fn took(&self, exchange: Exchange) -> Vec<f64> {
        self.took.get(&exchange).cloned().unwrap_or_default()
    }

    /// How many exchanges failed, and why the last did.
    pub(super) fn trouble(&self) -> Option<(usize, &str)> {
        (self.failed > 0).then_some((self.failed, self.last.as_str()))
    }
}

/// All of them.
pub(super) struct Fleet {
    shared: Arc<Shared>,
    gateways: Vec<Arc<Gateway>>,
}

struct Shared {
    key: BundleKey,
    /// How many wait at the controller now.
    waiting: AtomicUsize,
    tally: Mutex<Tally>,
    /// When each publication was acknowledged, on the clock that started with the bench.
    acknowledged: Mutex<Vec<Duration>>,
    clock: Stopwatch,
}

struct Gateway {
    number: u64,
    of: Enlisted,
    caller: Caller,
    generation: AtomicU64,
    seq: AtomicU64,
}

impl Fleet {
    pub(super) fn new(
        address: SocketAddr,
        key: BundleKey,
        identities: Vec<Identity>,
        enlisted: Vec<Enlisted>,
    ) -> Result<Self, BenchError> {
        let gateways = identities.iter().zip(enlisted).zip(0_u64..).map(|((identity, of), number)| {
            let caller = Caller::new(address, identity, &of.chain_pem)?.from(own_address(number));
            let (generation, seq) = (AtomicU64::new(0), AtomicU64::new(0));
            Ok(Arc::new(Gateway { number, of, caller, generation, seq }))
        });
        let gateways = gateways.collect::<Result<Vec<_>, BenchError>>()?;
        let (tally, acknowledged) = (Mutex::default(), Mutex::default());
        let shared = Shared { key, waiting: AtomicUsize::new(0), tally, acknowledged, clock: Stopwatch::start() };
        Ok(Self { shared: Arc::new(shared), gateways })
    }

    /// Starts them; they go on until these tasks stop.
    pub(super) fn play(&self) -> Tasks {
        let tasks = Tasks::new();
        let count = u32::try_from(self.gateways.len()).unwrap_or(u32::MAX).max(1);
        for (number, gateway) in (0_u32..).zip(&self.gateways) {
            let late = ARRIVAL * number / count;
            // Moments of its own within the minute, at which the fleet does not speak in chorus.
            let own = MINUTE * (number.wrapping_mul(2_654_435_761) % 60_000) / 60_000;
            let (one, shared, work) = (gateway.clone(), self.shared.clone(), tasks.clone());
            tasks.spawn("played gateway", async move {
                let polls = one.poll(&shared, late);
                let beats = one.each_minute(&shared, late + own, Exchange::Heartbeat);
                let usage = one.each_minute(&shared, late + own + MINUTE / 2, Exchange::Usage);
                tokio::select! {
                    () = work.stopping().cancelled() => {}
                    ((), (), ()) = async { tokio::join!(polls, beats, usage) } => {}
                }
            });
        }
        tasks
    }

    /// Forgets what was seen until now.
    pub(super) fn begin(&self) {
        *self.shared.tally() = Tally::default();
        self.shared.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What was seen since then.
    pub(super) fn tally(&self) -> Tally {
        self.shared.tally().clone()
    }

    /// Waits until all but a few, who are just asking again, wait at the controller.
    pub(super) async fn all_wait(&self, limit: Duration) -> Result<(), BenchError> {
        let (watch, all) = (Stopwatch::start(), self.gateways.len());
        loop {
            gapura_lab::signal::check()?;
            let waiting = self.shared.waiting.load(Ordering::Relaxed);
            if waiting * 100 >= all * 99 {
                return Ok(());
            }
            if watch.elapsed() > limit {
                let why = format!("{waiting} of {all} wait for bundles; {}", self.shared.tally().last);
                return Err(BenchError::void("the fleet", why));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// When each gateway had acknowledged what was published, from the start of `watch`.
    pub(super) async fn acknowledged(
        &self,
        watch: Stopwatch,
        wanted: usize,
        limit: Duration,
    ) -> Result<Vec<Duration>, BenchError> {
        let began = self.shared.clock.elapsed().saturating_sub(watch.elapsed());
        loop {
            gapura_lab::signal::check()?;
            let all = self.shared.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if all.len() >= wanted {
                return Ok(all.into_iter().map(|at| at.saturating_sub(began)).collect());
            }
            if watch.elapsed() > limit {
                let why = format!("{} of {wanted} acknowledged; {}", all.len(), self.shared.tally().last);
                return Err(BenchError::void("the fleet", why));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// All gateways go.
    pub(super) async fn end(self, tasks: Tasks) -> Result<(), BenchError> {
        let left = tasks.shutdown(GRACE, std::future::pending()).await;
        if left == gapura_runtime::Left::default() {
            return Ok(());
        }
        Err(BenchError::void("the fleet", format!("it did not stop: {left:?}")))
    }
}

impl Shared {
    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, exchange: &str, error: &BenchError) {
        let mut tally = self.tally();
        tally.failed += 1;
        tally.last = format!("{exchange}: {}", with_causes(error));
    }

    fn took(&self, exchange: Exchange, watch: Stopwatch) {
        self.tally().took.entry(exchange).or_default().push(watch.elapsed().as_secs_f64());
    }
}

impl Gateway {
    /// Waits for bundles without end, as `link: bundles` does, on a connection that it keeps.
    async fn poll(&self, shared: &Shared, late: Duration) {
        tokio::time::sleep(late).await;
        let mut kept = None;
        loop {
            if let Err(error) = self.poll_once(shared, &mut kept).await {
                shared.failed("bundle", &error);
                tokio::time::sleep(PAUSE * 20).await;
            }
        }
    }

    async fn poll_once(&self, shared: &Shared, kept: &mut Option<Kept>) -> Result<(), BenchError> {
        let after = Generation::new(self.generation.load(Ordering::Relaxed));
        let path = format!("/v1/bundle?after={after}&wait={WAIT}");
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => self.caller.connect().await?,
        };
        let waits = Waits::new(&shared.waiting);
        let (status, text) = connection.ask(Method::GET, &path, Vec::new()).await?;
        drop(waits);
        match status {
            StatusCode::NO_CONTENT => {
                *kept = Some(connection);
                return Ok(());
            }
            StatusCode::OK => {}
            other => return Err(LabError::answer("the controller", format!("{other} to a poll")).into()),
        }
        let verified =
            SignedBundle::from_json(&text).and_then(|signed| signed.verify(&shared.key, &self.of.site, after));
        let bundle = verified.map_err(|error| LabError::answer("a bundle", with_causes(&error)))?;
        let outcome =
            BundleOutcome { generation: bundle.generation, verdict: BundleVerdict::Applied, detail: String::new() };
        self.generation.store(bundle.generation.get(), Ordering::Relaxed);
        let (watch, path) = (Stopwatch::start(), "/v1/bundle/outcome");
        let (status, text) = connection.ask(Method::POST, path, json_of(&outcome, path)?).await?;
        as_wanted(path, status, StatusCode::NO_CONTENT, &text)?;
        shared.took(Exchange::Outcome, watch);
        *kept = Some(connection);
        let at = shared.clock.elapsed();
        shared.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(at);
        Ok(())
    }

    async fn each_minute(&self, shared: &Shared, late: Duration, exchange: Exchange) {
        tokio::time::sleep(late).await;
        let mut ticks = tokio::time::interval(MINUTE);
        loop {
            ticks.tick().await;
            let watch = Stopwatch::start();
            let done = match exchange {
                Exchange::Heartbeat => self.beat().await,
                Exchange::Usage | Exchange::Outcome => self.tell().await,
            };
            match done {
                Ok(()) => shared.took(exchange, watch),
                Err(error) => shared.failed(exchange.shown(), &error),
            }
        }
    }

    async fn beat(&self) -> Result<(), BenchError> {
        let now = now();
        let text = json!({
            "state": "serving", "boot": BOOT, "uptime_seconds": 86_400, "versions": { "gapura": "0.1.0", "kernel": "6.1" },
            "sent": now, "clock": { "trust": "trusted", "source": "ntp" }, "outbox": { "records": 0, "dropped": 0 },
            "uplink": { "up": true }, "generation": self.generation.load(Ordering::Relaxed), "online": VISITS,
            "nonce": "AAAAAAAAAAAAAAAAAAAAAA==",
        });
        let beat: Heartbeat =
            serde_json::from_value(text).map_err(|error| LabError::answer("a heartbeat", error.to_string()))?;
        self.post("/v1/heartbeat", &beat, StatusCode::OK).await
    }

    /// Visits that go on are told again; each five batches others take their place.
    async fn tell(&self) -> Result<(), BenchError> {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
        let (turn, now) = (seq / 5, now());
        let records: Vec<Value> = (0..VISITS).map(|visit| self.visit(turn * VISITS + visit, seq, now)).collect();
        let batch = json!({ "gateway": self.of.gateway, "boot": BOOT, "seq": seq, "records": records });
        self.post("/v1/usage", &batch, StatusCode::OK).await
    }

    fn visit(&self, number: u64, revision: u64, now: jiff::Timestamp) -> Value {
        let id = format!("{:08x}-0000-4000-8000-{number:012x}", self.number);
        json!({
            "record": "visit", "visit": id, "revision": revision, "device": format!("h1:2026-11:{:016x}{number:016x}", self.number),
            "device_local": true, "way": "voucher", "plan": "umum", "generation": 1, "start": now, "clock": "trusted", "at": now,
            "traffic": { "up": revision * 40_000, "down": revision * 900_000 }, "seconds": revision * 60,
        })
    }

    async fn post(&self, path: &str, body: &impl serde::Serialize, wanted: StatusCode) -> Result<(), BenchError> {
        let (status, text) = self.caller.ask(Method::POST, path, json_of(body, path)?).await?;
        as_wanted(path, status, wanted, &text)
    }
}

fn json_of(body: &impl serde::Serialize, path: &str) -> Result<Vec<u8>, BenchError> {
    Ok(serde_json::to_vec(body).map_err(|error| LabError::answer(path, error.to_string()))?)
}

fn as_wanted(path: &str, status: StatusCode, wanted: StatusCode, text: &[u8]) -> Result<(), BenchError> {
    if status == wanted {
        return Ok(());
    }
    let text = String::from_utf8_lossy(text);
    Err(LabError::answer(path, format!("{status}: {text:.200}")).into())
}

/// One more waits, until this is dropped.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(all: &'a AtomicUsize) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(all)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The time as a gateway whose clock is right knows it.
fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(unix_seconds()).unwrap_or_default()
}

/// An address of the loopback network for each gateway, so that none runs out of ports.
fn own_address(number: u64) -> Ipv4Addr {
    let low = u32::try_from(number % 60_000).unwrap_or_default() + 256;
    Ipv4Addr::from_bits((127 << 24) | (1 << 16) | low)
}
