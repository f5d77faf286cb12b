//! How long the console's pages take with a year of a regency behind them.
//!
//! A real controller over SQLite, then over PostgreSQL, each filled by `gapura controller sample`. Somebody of each role signs in as
//! people do; every address of the console's own table that is a page is asked for over HTTPS on kept connections, one at a time and
//! eight at once. A page counts from before its request to its last octet.
//!
//! All traffic stays on the loopback interface.

mod browser;
mod department;
mod pages;

use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;

use self::browser::Door;
use self::department::Department;
use self::pages::Page;
use crate::cli::{Effort, note};
use crate::home::Gone;
use crate::postgres::{Durable, Postgres};
use crate::stats::percentile;
use crate::{BenchError, Line, Metric, Report};

/// A page is there within so many seconds, 99 times of 100.
const WANTED: f64 = 0.200;
/// Connections at once.
const CROWD: usize = 8;
/// The agency whose desk is looked at.
const AGENCY: &str = "Diskominfo Sinjai";

/// What the databases hold.
#[derive(Clone, Debug, Args)]
pub(crate) struct Year {
    /// Days behind it.
    #[arg(long, default_value_t = 365)]
    pub(super) days: u32,
    /// Visits that begin at all 24 sites on an ordinary day.
    #[arg(long, default_value_t = 30_000)]
    pub(super) visits: u32,
    /// The same seed gives the same figures.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Keep the databases here, and use them again if they hold the same year.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only this database.
    #[arg(long, value_name = "sqlite|postgres", value_parser = ["sqlite", "postgres"])]
    only: Option<String>,
}

/// Measures both databases.
pub(crate) fn measure(program: &Path, year: &Year, effort: Effort, report: &mut Report) -> Result<(), BenchError> {
    let year = if effort.quick {
        Year { days: year.days.min(14), visits: year.visits.min(3_000), ..year.clone() }
    } else {
        year.clone()
    };
    let kept = year.data.clone();
    let home =
        kept.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("gapura-bench-{}", std::process::id())));
    let gone = kept.is_none().then(|| Gone::with_the_bench(home.clone()));
    for kind in ["sqlite", "postgres"] {
        if year.only.as_ref().is_some_and(|only| only != kind) {
            continue;
        }
        let directory = home.join(kind);
        let server = if kind == "postgres" { Some(Postgres::start(&home.join("server"), Durable::No)?) } else { None };
        std::fs::create_dir_all(&directory).map_err(BenchError::io(format!("create {}", directory.display())))?;
        let database = match &server {
            Some(server) => server.database()?,
            None => format!("sqlite:{}", directory.join("controller.db").display()),
        };
        note(&format!("{kind}: {} days of {} visits", year.days, year.visits));
        let department = Department::new(&directory, program, &database)?;
        if let Some(took) = department.fill(&year)? {
            let rate = f64::from(year.days) * f64::from(year.visits) / took.as_secs_f64();
            report.add(&Line::alone(
                "console",
                &format!("{kind}, filling it"),
                Metric::Rate,
                "visits/s",
                vec![rate],
            ))?;
        }
        if let Some(server) = &server {
            server.analyze()?;
        }
        one(kind, department, &year, effort, report)?;
    }
    drop(gone);
    Ok(())
}

/// Measures every page of one controller.
fn one(
    kind: &str,
    mut department: Department,
    year: &Year,
    effort: Effort,
    report: &mut Report,
) -> Result<(), BenchError> {
    let door = department.serve()?;
    let cookies = department.people(&door)?;
    let pages = pages::all(&door, &cookies)?;
    note(&format!("{kind}: {} pages", pages.len()));
    let rounds = effort.rounds(200, 40);
    let case = format!("{} days of {} visits, {kind}", year.days, year.visits);
    for page in &pages {
        gapura_lab::signal::check()?;
        let alone = ask(&door, page, rounds)?;
        show(report, &format!("{case}, 1 at once, {}", page.shown), alone)?;
        let each = rounds.div_ceil(CROWD).max(10);
        let crowd: Result<Vec<Vec<f64>>, BenchError> = thread::scope(|scope| {
            let all: Vec<_> = (0..CROWD).map(|_| scope.spawn(|| ask(&door, page, each))).collect();
            let joined = all.into_iter().map(|one| {
                one.join().map_err(|_| BenchError::void(page.shown.as_str(), "a browser's thread panicked"))?
            });
            joined.collect()
        });
        show(report, &format!("{case}, {CROWD} at once, {}", page.shown), crowd?.concat())?;
    }
    Ok(())
}

/// How long each of so many requests took; the first two are for warming up.
fn ask(door: &Door, page: &Page, times: usize) -> Result<Vec<f64>, BenchError> {
    let mut browser = door.open(page.cookie.clone())?;
    let mut took = Vec::with_capacity(times);
    for number in 0..times + 2 {
        let answer = browser.get(&page.path)?;
        if !page.expects.contains(&answer.status) {
            return Err(BenchError::void(page.path.as_str(), format!("{} {}", answer.status, answer.location)));
        }
        if number >= 2 {
            took.push(answer.took);
        }
    }
    Ok(took)
}

fn show(report: &mut Report, case: &str, all: Vec<f64>) -> Result<(), BenchError> {
    let line = |metric, value| Line { value, ..Line::alone("console", case, metric, "s", vec![value]) };
    let p99 = percentile(&all, 99);
    let within = line(Metric::P99, p99).limit("wanted", WANTED);
    let ratio = (p99 > 0.0).then(|| WANTED / p99);
    report.note(&line(Metric::P50, percentile(&all, 50)))?;
    report.note(&line(Metric::Max, percentile(&all, 100)))?;
    report.add(&Line { value: p99, ratio, runs: all, ..within })
}
