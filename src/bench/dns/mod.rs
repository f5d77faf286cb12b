//! Queries for blocked, cached and mixed names: our resolver with its filter, unbound and dnsmasq, and a bare UDP echo.
//!
//! One worker each, all on the same CPU, asked in turn by the same dnsperf on another. Names of the cached case were really
//! forwarded once by each server before. Our index holds the whole national list; the peers get fewer names, for their memory.

mod filter;
mod names;
mod perf;
mod role;
mod servers;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gapura_lab::Ns;

use self::names::{allowed, listed};
use self::perf::Until;
pub(crate) use self::role::Role;
use self::servers::Server;
use crate::cli::{Effort, note, prefix};
use crate::site::Stage;
use crate::{BenchError, Line, Metric, Report, cpu};

const AUTHORITY: u16 = 5300;
/// Different names asked for.
const BLOCKED: u64 = 100_000;
const ALLOWED: u64 = 8_000;
/// CPU seconds a query may cost.
const LIMITS: [(&str, f64); 3] = [("blocked", 2.5e-6), ("cached", 4e-6), ("mixed", 4e-6)];
/// Part of the queries that may get lost, or get another answer, before the figure is void.
const STRAY: f64 = 0.002;

/// Measures all of them in turn.
pub(crate) fn measure(stage: &Stage, effort: Effort, report: &mut Report) -> Result<(), BenchError> {
    let (own_names, peer_names) = if effort.quick { (1_000_000, 100_000) } else { (9_500_000, 1_000_000) };
    let desk = Desk::lay()?;
    let cpus = cpu::allowed()?;
    let on = (cpus.first().copied().unwrap_or_default(), cpus.last().copied().unwrap_or_default());
    let authority = desk.own(stage, "authority", AUTHORITY, &[])?;
    note(&format!("building an index of {own_names} names"));
    let index = desk.dir.join("index");
    filter::build(&index, own_names)?;
    let upstream = format!("127.0.0.1:{AUTHORITY}");
    let index = index.display().to_string();
    let own = desk.own(stage, "resolver", 5301, &["--upstream", &upstream, "--index", &index])?;
    let echo = desk.own(stage, "echo", 5302, &[])?;
    note(&format!("loading {peer_names} names into unbound and dnsmasq"));
    let unbound = desk.peer("unbound", 5303, &servers::unbound(&desk.dir, 5303, AUTHORITY, peer_names)?)?;
    let dnsmasq = desk.peer("dnsmasq", 5304, &servers::dnsmasq(&desk.dir, 5304, AUTHORITY, peer_names)?)?;
    let sides = [own, echo, unbound, dnsmasq];
    for (side, filters) in sides.iter().zip([true, false, true, true]) {
        side.ready(&desk.ns, filters, on.0)?;
    }
    desk.write_queries(peer_names)?;
    for side in &sides {
        perf::run(&desk.ns, on.1, side.port, &desk.file("cached"), Until::Once)?;
    }
    let lasts = Duration::from_secs(if effort.quick { 1 } else { 2 });
    let mut rounds = vec![vec![Rounds::default(); sides.len()]; LIMITS.len()];
    for number in 0..effort.rounds(7, 3) {
        note(&format!("round {}", number + 1));
        for ((case, _), rounds) in LIMITS.iter().zip(&mut rounds) {
            let mut pairs: Vec<_> = sides.iter().zip(rounds).collect();
            // Whoever is first may find a colder machine: take turns.
            let first = number % pairs.len();
            pairs.rotate_left(first);
            for (side, rounds) in pairs {
                gapura_lab::signal::check()?;
                rounds.round(&desk, &authority, side, case, (on.1, lasts))?;
            }
        }
    }
    for ((case, limit), rounds) in LIMITS.iter().zip(rounds) {
        show(report, case, *limit, (own_names, peer_names), rounds)?;
    }
    Ok(())
}

fn show(
    report: &mut Report,
    case: &str,
    limit: f64,
    (own_names, peer_names): (u64, u64),
    rounds: Vec<Rounds>,
) -> Result<(), BenchError> {
    let mut rounds = rounds.into_iter();
    let mut next = || rounds.next().unwrap_or_default();
    let (own, echo, unbound, dnsmasq) = (next(), next(), next(), next());
    let case = format!("{case}, {own_names} names");
    let rate = || Line::alone("dns", &case, Metric::Rate, "queries/s", own.rates.clone());
    let spent = || Line::alone("dns", &case, Metric::Cpu, "s", own.cpu.clone());
    report.add(&rate().beside("UDP echo", echo.rates))?;
    report.add(&spent().beside("UDP echo", echo.cpu))?;
    report.add(&spent().limit(&format!("{} us", limit * 1e6), limit))?;
    for (name, peer) in [("unbound", unbound), ("dnsmasq", dnsmasq)] {
        let name = format!("{name}, {peer_names} names");
        report.add(&rate().beside(&name, peer.rates))?;
        report.add(&spent().beside(&name, peer.cpu))?;
    }
    Ok(())
}

/// Where it all stands.
struct Desk {
    ns: Ns,
    dir: PathBuf,
}

impl Desk {
    fn lay() -> Result<Self, BenchError> {
        let dir = std::env::temp_dir().join(format!("{}-dns", prefix()));
        fs::create_dir_all(&dir).map_err(BenchError::io(format!("create {}", dir.display())))?;
        Ok(Self { ns: Ns::create(format!("{}-dns", prefix()))?, dir })
    }

    fn file(&self, case: &str) -> PathBuf {
        self.dir.join(format!("{case}.queries"))
    }

    /// Listed names that all servers know, half of them with a label before; names on no list; and one of the former to three
    /// of the latter.
    fn write_queries(&self, known: u64) -> Result<(), BenchError> {
        let blocked = |number: u64| {
            let name = listed(number * 7919 % known);
            if number.is_multiple_of(2) { name } else { format!("www.{name}") }
        };
        servers::queries(&self.file("blocked"), (0..BLOCKED).map(blocked))?;
        servers::queries(&self.file("cached"), (0..ALLOWED).map(allowed))?;
        let mixed = |number: u64| if number.is_multiple_of(4) { blocked(number) } else { allowed(number % ALLOWED) };
        servers::queries(&self.file("mixed"), (0..BLOCKED).map(mixed))
    }

    /// One of our own programs.
    fn own(&self, stage: &Stage, part: &'static str, port: u16, more: &[&str]) -> Result<Server, BenchError> {
        let mut command = self.ns.command(&stage.program);
        command.args(["bench", "dns-server", part, "--listen", &format!("127.0.0.1:{port}")]).args(more);
        Server::start(part, port, command)
    }

    fn peer(&self, name: &'static str, port: u16, words: &[String]) -> Result<Server, BenchError> {
        let program = words.first().map_or("", String::as_str);
        let mut command = self.ns.command(Path::new(program));
        command.args(words.iter().skip(1));
        Server::start(name, port, command)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

#[derive(Clone, Default)]
struct Rounds {
    rates: Vec<f64>,
    cpu: Vec<f64>,
}

impl Rounds {
    fn round(
        &mut self,
        desk: &Desk,
        authority: &Server,
        side: &Server,
        case: &str,
        (client_cpu, lasts): (usize, Duration),
    ) -> Result<(), BenchError> {
        let (before, behind) = (side.spent()?, authority.spent()?);
        let counted = perf::run(&desk.ns, client_cpu, side.port, &desk.file(case), Until::Over(lasts))?;
        let spent = side.spent()?.saturating_sub(before).as_secs_f64();
        let behind = authority.spent()?.saturating_sub(behind).as_secs_f64();
        let void = |why: String| Err(BenchError::void(format!("{case}, {}", side.name), why));
        let (nxdomain, open) = match (side.name, case) {
            ("echo", _) | (_, "cached") => (0.0, 1.0),
            (_, "blocked") => (1.0, 0.0),
            _ => (0.25, 0.75),
        };
        if (counted.nxdomain - nxdomain).abs() > STRAY * 5.0 || (counted.noerror - open).abs() > STRAY * 5.0 {
            return void(format!("{:.3} NXDOMAIN and {:.3} NOERROR", counted.nxdomain, counted.noerror));
        }
        if counted.lost > (counted.completed * STRAY).max(1.0) {
            return void(format!("{} of {} queries were lost", counted.lost, counted.completed + counted.lost));
        }
        if behind > spent / 20.0 {
            return void("names were still being forwarded".to_owned());
        }
        self.rates.push(counted.rate);
        self.cpu.push(spent / counted.completed.max(1.0));
        Ok(())
    }
}
