//! From a SOP's publication at the controller to its enforcement.
//!
//! A real controller on SQLite, with the SOPs that Gapura brings along in force. One SOP more is published revision by
//! revision; each refuses a name and addresses that were open before. The clock starts with the office's command
//! (`gapura controller sop publish`, a process of its own), so that its start, the signatures of all bundles and the commit
//! count too. It stops, on a real gateway, when a visitor's questions for the name are answered NXDOMAIN and new TCP
//! connections to the addresses are refused, over IPv4 and IPv6; and at each gateway of a played fleet, which is enrolled and
//! asks over HTTPS as a real one does, when it has verified and kept the bundle and its compiled rules refuse the name.

mod fleet;
mod probe;
mod revision;

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use gapura_lab::clock::Stopwatch;
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::{Lab, LabError, LabSpec};

use self::fleet::Fleet;
use self::probe::{Target, open, until_refused};
use self::revision::Revisions;
use crate::cli::{Effort, note, prefix};
use crate::site::{Stage, admit};
use crate::stats::percentile;
use crate::{BenchError, Line, Metric, Report, cpu};

/// Seconds until a gateway enforces, and until 99 of 100 gateways of a fleet do.
const WANTED: (f64, f64) = (0.300, 2.0);
/// Longer than this is no figure but a fault.
const PATIENCE: Duration = Duration::from_secs(30);
const SETTLED: Duration = Duration::from_secs(15);

/// Measures a gateway alone, then a fleet that has it as one more member.
pub(crate) fn measure(stage: &Stage, effort: Effort, report: &mut Report) -> Result<(), BenchError> {
    let lab = Lab::up(stage.room, LabSpec::new(format!("{}-policy", prefix()).parse()?, 1))?;
    let mut site = Site::start(lab, &stage.program, &SiteWish::default())?;
    let visitor = site.lab_mut().visitor_mut(1)?;
    visitor.join(SETTLED)?;
    let own = visitor.ipv6(SETTLED)?;
    let mac = visitor.mac();
    admit(&site, mac, "umum")?;
    site.staff(&["sop", "packs", "--publish"])?;
    let mut revisions = Revisions::new(site.lab().dir());
    let target = Target::of(&site, &own)?;

    let rounds = effort.rounds(40, 10);
    note(&format!("1 gateway: {rounds} publications"));
    let mut one = One::default();
    for _ in 0..rounds {
        gapura_lab::signal::check()?;
        one.round(&mut site, &mut revisions, &target)?;
    }
    one.show(report)?;

    let gateways = if effort.quick { 25 } else { 100 };
    note(&format!("taking {gateways} gateways into the fleet"));
    let fleet = Fleet::enrol(&site, gateways)?;
    let rounds = effort.rounds(20, 5);
    note(&format!("{gateways} gateways: {rounds} publications"));
    let mut many = Many::default();
    for _ in 0..rounds {
        gapura_lab::signal::check()?;
        many.round(&mut site, &mut revisions, &fleet)?;
    }
    many.show(gateways, report)?;
    fleet.end()
}

/// What the rounds with one gateway came to, in seconds.
#[derive(Default)]
struct One {
    command: Vec<f64>,
    name: Vec<f64>,
    addresses: Vec<f64>,
    all: Vec<f64>,
    controller_cpu: Vec<f64>,
    gateway_cpu: Vec<f64>,
}

impl One {
    fn round(&mut self, site: &mut Site, revisions: &mut Revisions, target: &Target) -> Result<(), BenchError> {
        let revision = revisions.approved(site)?;
        let (controller, gateway) = daemons(site)?;
        let ns = site.lab().visitor(1)?.ns().handle();
        ns.run(|| open(target, &revision, SETTLED))?;
        let before = (cpu::of_process(controller)?, cpu::of_process(gateway)?);
        let (publish, published) = (&*site, &revision);
        let watch = Stopwatch::start();
        let (command, seen) = thread::scope(|scope| {
            let probing = scope.spawn(|| ns.run(|| until_refused(target, published, watch, PATIENCE)));
            let done = published.publish(publish).map(|()| watch.elapsed());
            let seen = probing.join().map_err(|_| LabError::answer("a visitor", "its thread panicked"))?;
            Ok::<_, LabError>((done?, seen?))
        })?;
        let spent = |pid, before| cpu::of_process(pid).map(|now| now.saturating_sub(before).as_secs_f64());
        self.controller_cpu.push(spent(controller, before.0)?);
        self.gateway_cpu.push(spent(gateway, before.1)?);
        self.command.push(command.as_secs_f64());
        self.name.push(seen.name.as_secs_f64());
        self.addresses.push(seen.addresses.as_secs_f64());
        self.all.push(seen.name.max(seen.addresses).as_secs_f64());
        Ok(())
    }

    fn show(self, report: &mut Report) -> Result<(), BenchError> {
        let Self { command, name, addresses, all, controller_cpu, gateway_cpu } = self;
        let (name, addresses) = ((name, "name refused"), (addresses, "addresses refused"));
        for (runs, what) in [(command, "the office's command alone"), name, addresses] {
            let line = Line::alone("policy", &format!("1 gateway, {what}"), Metric::P50, "s", runs);
            report.add(&line)?;
        }
        report.add(&within(enforced("1 gateway", Metric::P50, all.clone()), WANTED.0))?;
        let p99 = percentile(&all, 99);
        report.add(&within(Line { value: p99, ..enforced("1 gateway", Metric::P99, all) }, WANTED.0))?;
        for (who, runs) in [("controller", controller_cpu), ("gateway, with the visitor's probing", gateway_cpu)] {
            report.add(&Line::alone("policy", &format!("1 gateway, {who}"), Metric::Cpu, "s", runs))?;
        }
        Ok(())
    }
}

/// What the rounds with a fleet came to, in seconds; `all` holds each gateway of each round.
#[derive(Default)]
struct Many {
    command: Vec<f64>,
    all: Vec<f64>,
    last: Vec<f64>,
    controller_cpu: Vec<f64>,
    fleet_cpu: Vec<f64>,
}

impl Many {
    fn round(&mut self, site: &mut Site, revisions: &mut Revisions, fleet: &Fleet) -> Result<(), BenchError> {
        let revision = revisions.approved(site)?;
        let (controller, _) = daemons(site)?;
        let (seen, all) = sync_channel(fleet.gateways());
        fleet.expect(&revision.name, seen)?;
        let before = (cpu::of_process(controller)?, cpu::of_process(std::process::id())?);
        let watch = fleet.start();
        revision.publish(site)?;
        self.command.push(watch.elapsed().as_secs_f64());
        let mut last = Duration::ZERO;
        for number in 0..fleet.gateways() {
            let took = all.recv_timeout(watch.left_of(PATIENCE)).map_err(|_| {
                let why = format!("{number} of {} gateways enforced; {}", fleet.gateways(), fleet.trouble());
                BenchError::void("fleet", why)
            })?;
            self.all.push(took.as_secs_f64());
            last = last.max(took);
        }
        self.last.push(last.as_secs_f64());
        self.controller_cpu.push(cpu::of_process(controller)?.saturating_sub(before.0).as_secs_f64());
        let each = cpu::of_process(std::process::id())?.saturating_sub(before.1).as_secs_f64();
        self.fleet_cpu.push(each / fleet.gateways() as f64);
        Ok(())
    }

    fn show(self, gateways: usize, report: &mut Report) -> Result<(), BenchError> {
        let case = format!("{gateways} gateways");
        let line = |what: &str, metric, runs| Line::alone("policy", &format!("{case}, {what}"), metric, "s", runs);
        report.add(&line("the office's command alone", Metric::P50, self.command))?;
        let p50 = percentile(&self.all, 50);
        report.add(&Line { value: p50, ..enforced(&case, Metric::P50, vec![p50]) })?;
        let p99 = percentile(&self.all, 99);
        report.add(&within(Line { value: p99, ..enforced(&case, Metric::P99, vec![p99]) }, WANTED.1))?;
        report.add(&line("the last of them", Metric::P50, self.last))?;
        report.add(&line("controller, a publication", Metric::Cpu, self.controller_cpu))?;
        report.add(&line("one of them, a publication", Metric::Cpu, self.fleet_cpu))
    }
}

fn enforced(case: &str, metric: Metric, runs: Vec<f64>) -> Line {
    Line::alone("policy", &format!("{case}, published to enforced"), metric, "s", runs)
}

/// Beside what is wanted: a percentile stands by itself, not each run.
fn within(line: Line, wanted: f64) -> Line {
    let ratio = (line.value > 0.0).then(|| wanted / line.value);
    Line { ratio, ..line.limit("wanted", wanted) }
}

/// The processes of controller and gateway.
fn daemons(site: &mut Site) -> Result<(u32, u32), BenchError> {
    let gateway = site.gateway_mut().id();
    let controller = site.controller_mut().ok_or_else(|| LabError::Wrong("this lab has no controller".into()))?.id();
    Ok((controller, gateway))
}
