//! Gateways in one process: each is enrolled, has its own key, certificate, connection and directory, and waits at the
//! controller for the bundle of its own site; what it does with a bundle is the daemon's own code.

use std::fs;
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use gapura_gateway::config::ControllerSection;
use gapura_gateway::{FollowError, Follower};
use gapura_lab::clock::{Stopwatch, wait_for};
use gapura_lab::config::{SiteWish, site_document};
use gapura_lab::daemon::Site;
use gapura_lab::{LabError, Ns};
use gapura_model::{Name, with_causes};
use gapura_runtime::{Believe, Clock, ClockStart, SystemClock, Tasks};
use serde_json::Value;

use crate::BenchError;

/// A request waits for its approval by a person, then the gateway asks every five seconds.
const ENROLLED: Duration = Duration::from_mins(3);
const AT_ONCE: usize = 2;
const PAUSE: Duration = Duration::from_secs(1);

/// The played gateways.
pub(super) struct Fleet {
    shared: Arc<Shared>,
    tasks: Tasks,
    thread: thread::JoinHandle<Result<(), LabError>>,
    gateways: usize,
}

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    /// How many are enrolled and have a first bundle.
    ready: usize,
    watch: Option<Stopwatch>,
    wanted: Option<(Name, SyncSender<Duration>)>,
    trouble: String,
}

impl Shared {
    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Fleet {
    /// Writes a site for each gateway, makes its code, starts it, approves its request.
    pub(super) fn enrol(site: &Site, gateways: usize) -> Result<Self, BenchError> {
        let directory = site.lab().dir().join("fleet");
        fs::create_dir_all(&directory).map_err(BenchError::io(format!("create {}", directory.display())))?;
        let document = directory.join("site.toml");
        let text = site_document(&SiteWish::default())?;
        fs::write(&document, text).map_err(BenchError::io("write the sites' document"))?;
        let mut sections = Vec::new();
        for number in 1..=gateways {
            gapura_lab::signal::check()?;
            let name = site_name(number);
            site.staff(&["site", "set", &name, "--file", &document.to_string_lossy()])?;
            let made = site.staff(&["gateway", "code", "--site", &name])?;
            sections.push(section(&made, &directory.join(&name))?);
        }
        let (shared, tasks) = (Arc::new(Shared::default()), Tasks::new());
        let (ns, state, work) = (site.lab().internet().handle(), shared.clone(), tasks.clone());
        let spawned =
            thread::Builder::new().name("fleet".into()).spawn(move || play(&ns, sections, &directory, &state, &work));
        let thread = spawned.map_err(BenchError::io("start a thread"))?;
        let fleet = Self { shared, tasks, thread, gateways };
        fleet.approve(site)?;
        wait_for("the fleet's first bundles", ENROLLED, || {
            let (ready, trouble) = fleet.shared.with(|state| (state.ready, state.trouble.clone()));
            if ready == gateways {
                Ok(Some(()))
            } else {
                Err(LabError::answer("the fleet", format!("{ready} ready; {trouble}")))
            }
        })?;
        Ok(fleet)
    }

    fn approve(&self, site: &Site) -> Result<(), BenchError> {
        let mut approved = 0;
        wait_for("the fleet's requests", ENROLLED, || {
            let all = site.staff(&["gateway", "pending"])?;
            let waits = |one: &&Value| one.get("state").and_then(Value::as_str) == Some("pending");
            for request in all.as_array().into_iter().flatten().filter(waits) {
                gapura_lab::signal::check()?;
                let id = request.get("id").and_then(Value::as_str).unwrap_or_default();
                site.staff(&["gateway", "approve", id])?;
                approved += 1;
            }
            Ok((approved == self.gateways).then_some(()))
        })?;
        Ok(())
    }

    /// How many there are.
    pub(super) const fn gateways(&self) -> usize {
        self.gateways
    }

    /// The next thing that each gateway says: when its rules refuse this name.
    pub(super) fn expect(&self, name: &str, seen: SyncSender<Duration>) -> Result<(), BenchError> {
        let name = name.parse().map_err(|_| LabError::answer("a name of the SOP", name))?;
        self.shared.with(|state| state.wanted = Some((name, seen)));
        Ok(())
    }

    /// The clock starts.
    pub(super) fn start(&self) -> Stopwatch {
        let watch = Stopwatch::start();
        self.shared.with(|state| state.watch = Some(watch));
        watch
    }

    /// What went wrong last.
    pub(super) fn trouble(&self) -> String {
        self.shared.with(|state| state.trouble.clone())
    }

    /// All gateways go.
    pub(super) fn end(self) -> Result<(), BenchError> {
        self.tasks.stop();
        let ended = self.thread.join().map_err(|_| LabError::answer("the fleet", "its thread panicked"))?;
        Ok(ended?)
    }
}

fn site_name(number: usize) -> String {
    format!("armada-{number}")
}

/// The gateway's configuration, its code in a file of its own directory.
fn section(made: &Value, directory: &Path) -> Result<ControllerSection, LabError> {
    let of = |key: &str| {
        let text = made.get(key).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| LabError::answer("gateway code", format!("no `{key}` in {made}")))
    };
    fs::create_dir_all(directory).map_err(LabError::io(format!("create {}", directory.display())))?;
    let code = directory.join("code");
    fs::write(&code, of("code")?).map_err(LabError::io(format!("write {}", code.display())))?;
    Ok(ControllerSection { url: of("controller")?, pin: of("pin")?, code_file: Some(code) })
}

/// Plays all of them until they are told to stop, on a thread that is in the upstream's namespace.
fn play(
    ns: &Ns,
    sections: Vec<ControllerSection>,
    directory: &Path,
    shared: &Arc<Shared>,
    tasks: &Tasks,
) -> Result<(), LabError> {
    ns.move_in()?;
    // Threads that the runtime starts are in the namespace as well.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(AT_ONCE).enable_all().build();
    let runtime = runtime.map_err(LabError::io("start the fleet"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start(ClockStart { believe: Believe::Always, floor: None }));
    runtime.block_on(async {
        for (number, section) in (1..).zip(sections) {
            let home = directory.join(site_name(number));
            let (shared, clock, work) = (shared.clone(), clock.clone(), tasks.clone());
            tasks.spawn("played gateway", async move { follow(&home, &section, clock, &shared, &work).await });
        }
        tasks.stopping().cancelled().await;
        tasks.shutdown(PAUSE * 5, std::future::pending()).await;
    });
    Ok(())
}

async fn follow(home: &Path, section: &ControllerSection, clock: Arc<dyn Clock>, shared: &Shared, tasks: &Tasks) {
    let told = |error: &FollowError| shared.with(|state| state.trouble = with_causes(error));
    let follower = match Follower::enrol(home, section, clock, tasks).await {
        Ok(follower) => follower,
        Err(error) => return told(&error),
    };
    let mut first = true;
    loop {
        let next = tokio::select! {
            () = tasks.stopping().cancelled() => return,
            next = follower.next() => next,
        };
        match next {
            Ok(None) => {}
            Ok(Some(generation)) => {
                let wanted = shared.with(|state| {
                    state.ready += usize::from(std::mem::take(&mut first));
                    state.wanted.clone().zip(state.watch)
                });
                if let Some(((name, seen), watch)) = wanted
                    && follower.refuses(&name)
                {
                    // Nobody waits any more: the round was given up.
                    let _ = seen.try_send(watch.elapsed());
                }
                if let Err(error) = follower.report(generation).await {
                    told(&error);
                }
            }
            Err(error) => {
                told(&error);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
