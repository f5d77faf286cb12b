//! `gapura controller ...`: the controller's command line. It works on the database itself, beside a running server.

mod account;
mod admin;
mod alert;
mod appeal;
mod audit;
mod backup;
mod desk;
mod exchange;
mod filter;
mod gateway;
mod group;
mod lists;
mod output;
mod report;
mod request;
mod retention;
mod rollout;
mod sample;
mod settings;
mod site;
mod sop;
mod usage;
mod voucher;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use gapura_runtime::settings::SettingsError;
use gapura_runtime::{Clock, Exit};
use gapura_store::StoreError;

pub use audit::AuditArgs;

use crate::config::load;
use crate::exchange::ExchangeError;
use crate::lists::{Lists, ListsError};
use crate::office::{Actor, Office, OfficeError};
use crate::opening::{OpenError, open};
use crate::why::Why;

use output::Output;

/// The controller: without a subcommand it serves the gateways.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  gapura controller --config /etc/gapura/controller.toml\n  gapura controller site list --json"
)]
pub struct ControllerArgs {
    /// The configuration file.
    #[arg(long, global = true, default_value = "/etc/gapura/controller.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Who does it, for the audit log.
    #[arg(long, global = true, env = "USER", default_value = "cli", value_name = "NAME")]
    pub by: String,
    /// Why, for the audit log.
    #[arg(long, global = true, default_value = "", value_name = "TEXT")]
    pub reason: String,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do; none = serve.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the command line can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Sites: write, list, show.
    #[command(subcommand)]
    Site(site::SiteCommand),
    /// Settings above the sites: department, regency, agency, kind, named group; where a site's came from.
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
    /// Calendars of holidays: import, list, remove.
    #[command(subcommand)]
    Calendar(settings::CalendarCommand),
    /// Plans (paket): write, list, remove.
    #[command(subcommand)]
    Plan(site::PlanCommand),
    /// Vouchers: make, list, withdraw; groups of sites.
    #[command(subcommand)]
    Voucher(voucher::VoucherCommand),
    /// Accounts: write, list, close.
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// People: add, list, close, give and take roles.
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Routers: enrolment code, approval, list, revocation.
    #[command(subcommand)]
    Gateway(gateway::GatewayCommand),
    /// The usage log.
    Usage(usage::UsageArgs),
    /// SOPs of the content filter: import, approve, publish, retire, try.
    #[command(subcommand)]
    Sop(sop::SopCommand),
    /// Lists of the content filter: status, refresh, build, updates that wait.
    #[command(subcommand)]
    Lists(lists::ListsCommand),
    /// Appeals of citizens against the filter: list, decide.
    #[command(subcommand)]
    Appeal(appeal::AppealCommand),
    /// Requests for help: list, answer, forward, close, export; frequent questions.
    #[command(subcommand)]
    Request(request::RequestCommand),
    /// The monthly report: months, one month, the statistics office's files.
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// The counter: who is online, orders, PC seats, classes.
    Desk(desk::DeskArgs),
    /// What the filter did: counts.
    #[command(subcommand)]
    Filter(filter::FilterCommand),
    /// Alerts: list, take care of one, messages.
    #[command(subcommand)]
    Alert(alert::AlertCommand),
    /// The audit log: list, verify.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// How long records are kept: what is due, what was destroyed; destroy what is due.
    #[command(subcommand)]
    Retention(retention::RetentionCommand),
    /// Fill an empty database with a made-up regency, to try the console and to measure it.
    Sample(sample::SampleArgs),
    /// Make a sealed backup of everything, while the controller serves.
    Backup(backup::BackupArgs),
    /// Make a key file for backups.
    BackupKey(backup::BackupKeyArgs),
    /// Restore a backup into an empty place.
    Restore(backup::RestoreArgs),
    /// Write everything but secrets in open formats: TOML, CSV, JSON.
    Export(exchange::ExportArgs),
    /// Take an export in: sites, settings, plans, terms, calendars, presets, groups, questions, SOPs.
    Import(exchange::ImportArgs),
    /// Publish every bundle whose content has changed.
    Publish,
    /// Print the controller's pin and the key bundles are checked with.
    Keys,
}

/// A command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The configuration.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Keys or database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The catalogue of lists.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// The use-case.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// A value on the command line.
    #[error("{0}")]
    Usage(String),
    /// Reading or writing.
    #[error("cannot {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// What was checked does not hold.
    #[error("{0}")]
    Broken(String),
}

impl CommandError {
    /// The exit code: 78 for bad configuration or documents, 2 for wrong use, 1 for the rest.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Settings(_)
            | Self::Lists(ListsError::Catalogue(_))
            | Self::Office(
                OfficeError::Mistakes(_)
                | OfficeError::Sop(_)
                | OfficeError::Staff(_)
                | OfficeError::Exchange(ExchangeError::Altered(_)),
            ) => Exit::Config,
            Self::Usage(_) => Exit::Usage,
            Self::Store(_) | Self::Open(_) | Self::Lists(_) | Self::Office(_) | Self::Io { .. } | Self::Broken(_) => {
                Exit::Failed
            }
        }
    }
}

/// Carries out `command`; what it prints goes to `out`, errors are the caller's to print.
pub async fn run(
    args: &ControllerArgs,
    command: &Command,
    clock: Arc<dyn Clock>,
    out: &mut (dyn std::io::Write + Send),
) -> Result<(), CommandError> {
    let config = load(&args.config)?;
    let settings = &config.controller;
    let who = Actor { name: args.by.clone(), reason: args.reason.clone() };
    let mut out = Output { json: args.json, out };
    if let Command::Restore(args) = command {
        return backup::restore(args, &config, clock, &who, &mut out).await;
    }
    if let Command::BackupKey(args) = command {
        return backup::backup_key(&args.file, &mut out);
    }
    let (keys, store) = open(settings).await?;
    let lists = Arc::new(Lists::open(settings)?);
    let office = Office::new(store, keys, clock, lists, &config)?;
    let desk = Desk {
        who,
        office: office.clone(),
        address: match settings.public_name.parse::<std::net::Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{}", settings.listen.port()),
            Err(_) => format!("{}:{}", settings.public_name, settings.listen.port()),
        },
    };
    let done = match command {
        Command::Site(command) => site::site(command, &desk, &mut out).await,
        Command::Settings(command) => settings::run(command, &desk, &mut out).await,
        Command::Calendar(command) => settings::calendar(command, &desk, &mut out).await,
        Command::Plan(command) => site::plan(command, &desk, &mut out).await,
        Command::Voucher(command) => voucher::voucher(command, &desk, &mut out).await,
        Command::Account(command) => account::account(command, &desk, &mut out).await,
        Command::Admin(command) => admin::admin(command, &desk, &mut out).await,
        Command::Gateway(command) => gateway::gateway(command, &desk, &mut out).await,
        Command::Usage(args) => usage::usage(args, &desk, &mut out).await,
        Command::Sop(command) => sop::sop(command, &desk, &mut out).await,
        Command::Lists(command) => lists::lists(command, &desk, &mut out).await,
        Command::Appeal(command) => appeal::appeal(command, &desk, &mut out).await,
        Command::Request(command) => request::request(command, &desk, &mut out).await,
        Command::Report(command) => report::report(command, &desk, &mut out).await,
        Command::Desk(args) => desk::desk(args, &desk, &mut out).await,
        Command::Filter(command) => filter::filter(command, &desk, &mut out).await,
        Command::Alert(command) => alert::alert(command, &desk, &mut out).await,
        Command::Audit(command) => audit::audit(command, &desk, &mut out).await,
        Command::Retention(command) => retention::retention(command, &desk, &mut out).await,
        Command::Sample(args) => sample::sample(args, &desk, &mut out).await,
        Command::Backup(args) => backup::backup(args, &desk, &mut out).await,
        Command::Export(args) => exchange::export(args, &desk, &mut out).await,
        Command::Import(args) => exchange::import(args, &desk, &mut out).await,
        // Carried out above: they need neither keys nor database.
        Command::Restore(_) | Command::BackupKey(_) => Ok(()),
        Command::Publish => {
            let published = office.publish_due().await?;
            out.published(&published)
        }
        Command::Keys => {
            let (pin, bundle_key) = (office.keys().pin(), office.keys().bundle_key());
            out.value(
                &serde_json::json!({ "pin": pin, "bundle_key": bundle_key }),
                &format!("pin         {pin}\nbundle key  {bundle_key}"),
            )
        }
    };
    office.store().close().await;
    done
}

/// Mistakes of a file, as the command line tells them.
fn told(mistakes: Vec<Why>) -> Vec<String> {
    mistakes.iter().map(ToString::to_string).collect()
}

/// What a command works with.
struct Desk {
    office: Office,
    who: Actor,
    /// Where gateways connect: name and port.
    address: String,
}
