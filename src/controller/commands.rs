//! `gapura controller ...`: the controller's command line. It works on the database itself, beside a running server.

mod account;
mod audit;
mod gateway;
mod group;
mod output;
mod site;
mod usage;
mod voucher;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use gapura_runtime::settings::SettingsError;
use gapura_runtime::{Clock, Exit};
use gapura_store::StoreError;

use crate::config::load;
use crate::office::{Actor, Office, OfficeError};
use crate::opening::{OpenError, open};

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
    /// Plans (paket): write, list, remove.
    #[command(subcommand)]
    Plan(site::PlanCommand),
    /// Vouchers: make, list, withdraw; groups of sites.
    #[command(subcommand)]
    Voucher(voucher::VoucherCommand),
    /// Accounts: write, list, close.
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Routers: enrolment code, approval, list, revocation.
    #[command(subcommand)]
    Gateway(gateway::GatewayCommand),
    /// The usage log.
    Usage(usage::UsageArgs),
    /// The audit log: list, verify.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
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
            Self::Settings(_) | Self::Office(OfficeError::Mistakes(_)) => Exit::Config,
            Self::Usage(_) => Exit::Usage,
            Self::Store(_) | Self::Open(_) | Self::Office(_) | Self::Io { .. } | Self::Broken(_) => Exit::Failed,
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
    let (keys, store) = open(settings).await?;
    let office = Office::new(store, keys, clock);
    let desk = Desk {
        who: Actor { name: args.by.clone(), reason: args.reason.clone() },
        office: office.clone(),
        address: match settings.public_name.parse::<std::net::Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{}", settings.listen.port()),
            Err(_) => format!("{}:{}", settings.public_name, settings.listen.port()),
        },
    };
    let mut out = Output { json: args.json, out };
    let done = match command {
        Command::Site(command) => site::site(command, &desk, &mut out).await,
        Command::Plan(command) => site::plan(command, &desk, &mut out).await,
        Command::Voucher(command) => voucher::voucher(command, &desk, &mut out).await,
        Command::Account(command) => account::account(command, &desk, &mut out).await,
        Command::Gateway(command) => gateway::gateway(command, &desk, &mut out).await,
        Command::Usage(args) => usage::usage(args, &desk, &mut out).await,
        Command::Audit(command) => audit::audit(command, &desk, &mut out).await,
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

/// What a command works with.
struct Desk {
    office: Office,
    who: Actor,
    /// Where gateways connect: name and port.
    address: String,
}
