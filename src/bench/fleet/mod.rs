//! A fleet at one controller process: ten thousand gateways on PostgreSQL, a hundred on SQLite, with durable commits.
//!
//! Each gateway has its own key and certificate and does what a real one does with the controller: one TLS connection an exchange, resumed
//! where it can be; a long-poll for bundles that is always open, a heartbeat and a batch of usage each minute, at moments of its own. A
//! bundle is read, its signature verified, and its outcome reported. Not played: what a gateway does with a bundle at its own site.
//!
//! When they have gone on for a while, a plan is changed, which changes every site's bundle. Each gateway's time counts from the
//! publication's commit until its outcome is acknowledged; how long the order itself took stands beside it. The gateways share the
//! machine with the controller and the database; CPU and memory are the controller process's own. All traffic stays on the loopback interface.

mod gateways;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use gapura_controller::{Actor, Office, PlanFile, SiteDocument, load_config, office};
use gapura_lab::LabError;
use gapura_lab::child::{Guarded, dies_with_us};
use gapura_lab::clock::{Stopwatch, wait_for};
use gapura_lab::config::{SiteWish, plan_file, site_document};
use gapura_runtime::{Believe, ClockStart, SystemClock};

use self::gateways::{Exchange, Fleet, Tally};
use crate::cli::{Effort, note};
use crate::client::Identity;
use crate::cpu::of_process;
use crate::home::{Gone, controller_toml};
use crate::postgres::{Durable, Postgres};
use crate::stats::percentile;
use crate::{BenchError, Line, Metric, Report};

/// A publication is acknowledged by 99 of 100 gateways within so many seconds.
const WANTED: f64 = 5.0;
/// No acknowledgement takes longer than this, or it never comes.
const LATEST: Duration = Duration::from_mins(2);
const PATIENCE: Duration = Duration::from_mins(1);

/// Measures the fleet on PostgreSQL, then the small one on SQLite.
pub(crate) fn measure(program: &Path, effort: Effort, report: &mut Report) -> Result<(), BenchError> {
    let (many, watched) = if effort.quick { (1_000, Duration::from_mins(1)) } else { (10_000, Duration::from_mins(3)) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(BenchError::io("start a runtime"))?;
    let home = Gone::make("fleet")?;
    for (kind, gateways) in [("postgres", many), ("sqlite", 100)] {
        let directory = home.path().join(kind);
        let server = match kind {
            "postgres" => Some(Postgres::start(&home.path().join("server"), Durable::Yes)?),
            _ => None,
        };
        let database = match &server {
            Some(server) => server.database()?,
            None => format!("sqlite:{}", directory.join("controller.db").display()),
        };
        let case = Case { kind, gateways, watched, rounds: effort.rounds(3, 2) };
        runtime.block_on(case.play(program, &directory, &database, report))?;
    }
    Ok(())
}

struct Case {
    kind: &'static str,
    gateways: usize,
    watched: Duration,
    rounds: usize,
}

impl Case {
    async fn play(
        &self,
        program: &Path,
        directory: &Path,
        database: &str,
        report: &mut Report,
    ) -> Result<(), BenchError> {
        may_open(self.files())?;
        let (file, address) = controller_toml(directory, database, self.files())?;
        let config = load_config(&file).map_err(wrong("the configuration"))?;
        let clock = Arc::new(SystemClock::start(ClockStart { believe: Believe::Always, floor: None }));
        let office = office(&config, clock).await.map_err(wrong("the controller"))?;
        note(&format!("{}: {} gateways are taken in", self.kind, self.gateways));
        let (identities, enlisted) = self.take_in(&office).await?;
        let watch = Stopwatch::start();
        let published = office.publish_due().await.map_err(wrong("the first bundles"))?.len();
        note(&format!("{published} first bundles in {:.1} s", watch.elapsed().as_secs_f64()));
        let mut controller = start(program, &file, directory, address)?;
        let fleet = Fleet::new(address, office.keys().bundle_key(), identities, enlisted)?;
        let played = fleet.play();
        self.watch(&fleet, &mut controller, report).await?;
        self.publish(&fleet, &office, report).await?;
        if let Some(status) = controller.ended() {
            return Err(BenchError::void(self.kind, format!("the controller ended: {status}")));
        }
        fleet.end(played).await?;
        controller.stop();
        office.store().close().await;
        Ok(())
    }

    /// Files that the bench opens, and the controller: each gateway waits on a connection, nine of ten say something beside.
    const fn files(&self) -> usize {
        self.gateways + self.gateways * 9 / 10 + 500
    }

    async fn take_in(&self, office: &Office) -> Result<(Vec<Identity>, Vec<gapura_controller::Enlisted>), BenchError> {
        office.set_plans(&plans(0)?, &who()).await.map_err(wrong("the plans"))?;
        let document: SiteDocument =
            toml::from_str(&site_document(&SiteWish::default())?).map_err(wrong("the site's document"))?;
        let identities = (0..self.gateways).map(|_| Identity::new()).collect::<Result<Vec<_>, _>>()?;
        let requests = identities.iter().map(Identity::request).collect::<Result<Vec<_>, _>>()?;
        let enlisted = office.enlist("armada", &document, &requests).await.map_err(wrong("the fleet"))?;
        Ok((identities, enlisted))
    }

    /// A stretch of ordinary minutes.
    async fn watch(&self, fleet: &Fleet, controller: &mut Guarded, report: &mut Report) -> Result<(), BenchError> {
        fleet.all_wait(LATEST).await?;
        fleet.begin();
        let (watch, pid) = (Stopwatch::start(), controller.id());
        let before = of_process(pid)?;
        while watch.elapsed() < self.watched {
            gapura_lab::signal::check()?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let (tally, took) = (fleet.tally(), watch.elapsed().as_secs_f64());
        let cpu = of_process(pid)?.saturating_sub(before).as_secs_f64() / took;
        self.healthy(&tally)?;
        let case = format!("{} gateways, {}", self.gateways, self.kind);
        for exchange in Exchange::ALL {
            let all = tally.took(exchange);
            let shown = format!("{case}, {}", exchange.shown());
            let line = |metric, value| Line { value, ..Line::alone("fleet", &shown, metric, "s", vec![value]) };
            report.note(&line(Metric::P50, percentile(&all, 50)))?;
            report.add(&line(Metric::P99, percentile(&all, 99)))?;
            let rate = all.len() as f64 / took;
            report.note(&Line::alone("fleet", &shown, Metric::Rate, "exchanges/s", vec![rate]))?;
        }
        let cpu_case = format!("{case}, controller, CPUs used");
        report.add(&Line::alone("fleet", &cpu_case, Metric::Cpu, "s/s", vec![cpu]))?;
        let memory = resident(pid)?;
        let memory_case = format!("{case}, controller");
        report.add(&Line::alone("fleet", &memory_case, Metric::Memory, "bytes", vec![memory]))
    }

    /// A plan is changed, and with it every bundle.
    async fn publish(&self, fleet: &Fleet, office: &Office, report: &mut Report) -> Result<(), BenchError> {
        let (mut ordered, mut acknowledged, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for round in 1..=self.rounds {
            gapura_lab::signal::check()?;
            fleet.all_wait(LATEST).await?;
            fleet.begin();
            let watch = Stopwatch::start();
            let published = office.set_plans(&plans(round)?, &who()).await.map_err(wrong("the publication"))?;
            let took = watch.elapsed();
            if published.len() != self.gateways {
                let why = format!("{} of {} bundles were published", published.len(), self.gateways);
                return Err(BenchError::void(self.kind, why));
            }
            let all = fleet.acknowledged(watch, self.gateways, LATEST).await?;
            let after: Vec<f64> = all.iter().map(|at| (at.saturating_sub(took)).as_secs_f64()).collect();
            let from_order: Vec<f64> = all.iter().map(Duration::as_secs_f64).collect();
            note(&format!(
                "published in {:.2} s, acknowledged by all {:.2} s after",
                took.as_secs_f64(),
                percentile(&after, 100)
            ));
            ordered.push(took.as_secs_f64());
            acknowledged.push(percentile(&after, 99));
            whole.push(percentile(&from_order, 99));
            self.healthy(&fleet.tally())?;
        }
        let case = format!("{} gateways, {}", self.gateways, self.kind);
        let line = |shown: &str, metric, runs| Line::alone("fleet", &format!("{case}, {shown}"), metric, "s", runs);
        report.add(&line("publishing all bundles", Metric::P50, ordered))?;
        report.add(&line("publish to acknowledged", Metric::P99, acknowledged).limit("wanted", WANTED))?;
        report.add(&line("press to acknowledged", Metric::P99, whole))
    }

    /// Every exchange came to a good end.
    fn healthy(&self, tally: &Tally) -> Result<(), BenchError> {
        match tally.trouble() {
            None => Ok(()),
            Some((often, last)) => {
                Err(BenchError::void(self.kind, format!("{often} exchanges failed, the last: {last}")))
            }
        }
    }
}

/// The plans, the same but for their names.
fn plans(round: usize) -> Result<PlanFile, BenchError> {
    let mut file: PlanFile = toml::from_str(&plan_file(&SiteWish::default())?).map_err(wrong("the plans"))?;
    if let Some(plan) = file.plan.first_mut() {
        plan.name = format!("{} {round}", plan.name);
    }
    Ok(file)
}

fn who() -> Actor {
    Actor { name: "bench".to_owned(), reason: String::new() }
}

fn start(program: &Path, file: &Path, directory: &Path, address: std::net::SocketAddr) -> Result<Guarded, BenchError> {
    let log = directory.join("controller.log");
    let to = fs::File::create(&log).map_err(BenchError::io("create controller.log"))?;
    let copy = to.try_clone().map_err(BenchError::io("share controller.log"))?;
    let mut command = dies_with_us();
    command.arg(program).args(["controller", "--config"]).arg(file);
    command.stdin(Stdio::null()).stdout(to).stderr(copy);
    let mut controller = Guarded::start(command)?;
    wait_for("the controller", PATIENCE, || {
        if let Some(status) = controller.ended() {
            let said = fs::read_to_string(&log).unwrap_or_default();
            return Err(LabError::answer("the controller", format!("it ended, {status}: {said:.500}")));
        }
        Ok(std::net::TcpStream::connect(address).ok())
    })?;
    Ok(controller)
}

/// As many files as this process, and the controller after it, will have open.
fn may_open(files: usize) -> Result<(), BenchError> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = u64::try_from(files).unwrap_or(u64::MAX);
    let now = getrlimit(Resource::Nofile);
    if now.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let maximum = now.maximum.map(|most| most.max(wanted));
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
        .map_err(BenchError::errno(format!("open {files} files: raise the limit (ulimit -n)")))
}

/// Resident memory of a process.
fn resident(pid: u32) -> Result<f64, BenchError> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).map_err(BenchError::io(format!("read {path}")))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.map(|kilobytes| kilobytes * 1024.0).ok_or_else(|| LabError::answer(&path, "no VmRSS"))?)
}

fn wrong<E: std::error::Error>(what: &str) -> impl Fn(E) -> BenchError {
    move |error| LabError::answer(what, gapura_model::with_causes(&error)).into()
}
