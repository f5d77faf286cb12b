//! `report ...`: the monthly report.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use gapura_model::SiteId;
use gapura_speech::Lang;

use super::output::Output;
use super::{CommandError, Desk};
use crate::report::{Month, MonthReport, Sheet, csv, pdf, percent};
use crate::rights::Scope;

/// `gapura controller report ...`
#[derive(Clone, Debug, Subcommand)]
pub enum ReportCommand {
    /// The months that there are figures of.
    #[command(after_help = "Example:\n  gapura controller report list")]
    List,
    /// Make what is due: the server does so each hour by itself.
    #[command(after_help = "Example:\n  gapura controller report make")]
    Make,
    /// The report of a month.
    Month(MonthArgs),
    /// The two files for the statistics office: figures and what they are. Closed months only.
    Statistics(StatisticsArgs),
}

/// `gapura controller report month ...`
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  gapura controller report month --month 2026-10 --regency Sinjai --format pdf --out laporan.pdf"
)]
pub struct MonthArgs {
    /// Which, as 2026-10.
    #[arg(long, value_name = "MONTH")]
    pub month: Month,
    /// Of one site; nothing named = of everything.
    #[arg(long, group = "of")]
    pub site: Option<SiteId>,
    /// Of a regency.
    #[arg(long, group = "of", value_name = "NAME")]
    pub regency: Option<String>,
    /// Of an agency.
    #[arg(long, group = "of", value_name = "NAME")]
    pub agency: Option<String>,
    /// In which form; without it a short table.
    #[arg(long)]
    pub format: Option<Format>,
    /// Into this file, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `gapura controller report statistics ...`
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  gapura controller report statistics --period 2026 --data data.csv --metadata metadata.csv"
)]
pub struct StatisticsArgs {
    /// A year, as 2026, or a month, as 2026-10.
    #[arg(long)]
    pub period: String,
    /// The figures go into this file, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// What they are goes into this one.
    #[arg(long, value_name = "FILE")]
    pub metadata: PathBuf,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// For paper.
    Pdf,
}

pub(super) async fn report(command: &ReportCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        ReportCommand::List => list(desk, out).await,
        ReportCommand::Make => {
            let made = desk.office.make_reports().await?;
            let json = serde_json::json!({ "closed": made.closed, "later": made.later, "running": made.running });
            let text = format!("closed {}, later issues {}, running {}", made.closed, made.later, made.running);
            out.value(&json, &text)
        }
        ReportCommand::Month(args) => month(args, desk, out).await,
        ReportCommand::Statistics(args) => statistics(args, desk, out).await,
    }
}

async fn list(desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let months = desk.office.months_reported().await?;
    let json: Vec<_> = months
        .iter()
        .map(|one| serde_json::json!({ "month": one.month, "sites": one.sites, "running": one.running, "made": one.made }))
        .collect();
    let row = |one: &crate::MonthReported| {
        let state = if one.running { "running" } else { "closed" };
        [one.month.to_string(), one.sites.to_string(), state.to_owned(), one.made.to_string()]
    };
    out.table(&json, ["month", "sites", "state", "made"], &months.iter().map(row).collect::<Vec<_>>())
}

async fn month(args: &MonthArgs, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let scope = match (&args.site, &args.regency, &args.agency) {
        (Some(site), ..) => Scope::Site(site.clone()),
        (_, Some(name), _) => Scope::Regency(name.clone()),
        (_, _, Some(name)) => Scope::Agency(name.clone()),
        (None, None, None) => Scope::Province,
    };
    let report = desk.office.month_report(&scope, args.month).await?;
    let report = report.ok_or_else(|| {
        let what = format!("{} of {scope}: `report list` shows which months there are", args.month);
        crate::OfficeError::not_found("report", what)
    })?;
    let say = desk.office.say_report(&report, Lang::Id);
    let octets = match args.format {
        None => return short(&report, desk, out),
        Some(Format::Json) => serde_json::to_vec_pretty(&report)
            .map_err(|error| CommandError::Io { what: "write the report", source: error.into() })?,
        Some(Format::Csv) => csv(&report, &say).into_bytes(),
        Some(Format::Pdf) => pdf(&Sheet::of(&report, &say), &desk.office.producer().0, &say),
    };
    match &args.out {
        Some(path) => {
            put(path, &octets)?;
            out.value(
                &serde_json::json!({ "file": path, "octets": octets.len() }),
                &format!("wrote {}", path.display()),
            )
        }
        None => out.out.write_all(&octets).map_err(|source| CommandError::Io { what: "print", source }),
    }
}

fn short(report: &MonthReport, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let sheet = Sheet::of(report, &desk.office.say_report(report, Lang::Id));
    let say = desk.office.say_report(report, Lang::En);
    let cell = |cell| crate::report::cell_words(cell, &say, |number| number.to_string());
    let row = |name: &str, figures: &crate::report::Figures| {
        [
            name.to_owned(),
            percent(figures.kept_permille, &say),
            cell(figures.people),
            cell(figures.visits),
            format!("{}/{}", figures.requests.answered, figures.requests.made),
        ]
    };
    let mut rows: Vec<_> = report.sites.iter().map(|site| row(&site.name, &site.figures)).collect();
    rows.push(row(&sheet.of, &report.total));
    out.table(report, ["site", "hours kept", "people", "visits", "requests served"], &rows)
}

async fn statistics(args: &StatisticsArgs, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let made = desk.office.statistics(&args.period).await?;
    put(&args.data, made.data.as_bytes())?;
    put(&args.metadata, made.metadata.as_bytes())?;
    let json = serde_json::json!({ "data": args.data, "metadata": args.metadata });
    out.value(&json, &format!("wrote {} and {}", args.data.display(), args.metadata.display()))
}

/// Writes a new file; one that is there stays.
fn put(path: &Path, octets: &[u8]) -> Result<(), CommandError> {
    let failed = |source| CommandError::Io { what: "write the file", source };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(path).map_err(failed)?;
    file.write_all(octets).and_then(|()| file.sync_all()).map_err(failed)
}
