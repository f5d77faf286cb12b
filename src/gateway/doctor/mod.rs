//! `gapura doctor` and `gapura setup`: what this machine can and cannot do, what that means for visitors, and the settings
//! it needs once for all.

mod features;
mod machine;
mod privacy;
mod report;
mod services;
mod setup;
mod surroundings;

pub use setup::{SetupArgs, SetupError};

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gapura_runtime::settings::SettingsError;

pub use self::privacy::Column;

use self::machine::Site;
use self::report::{Area, Level, Report, Verdict};
use crate::Config;
use crate::limits::LimitsSection;

/// Where the configuration is unless stated.
const CONFIG: &str = "/etc/gapura/gateway.toml";
/// Says what this machine can and cannot do, and what that means for visitors.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  gapura doctor --config /etc/gapura/gateway.toml\n  gapura doctor privacy --json")]
pub struct DoctorArgs {
    /// The gateway's configuration; default: /etc/gapura/gateway.toml where it exists.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<DoctorCommand>,
}

#[derive(Debug, Subcommand)]
enum DoctorCommand {
    /// Lists every column of this router's database that can hold an address or a name, and how long.
    #[command(after_help = "Example:\n  gapura doctor privacy --json")]
    Privacy,
}

/// Why the doctor ended with a failure.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// The report could not be printed.
    #[error("the report could not be printed")]
    Print(#[from] std::io::Error),
    /// The report could not be put into JSON.
    #[error("the report could not be put into JSON")]
    Json(#[from] serde_json::Error),
    /// Something prevents serving visitors.
    #[error("visitors cannot be served here: {0} finding(s) prevent it; each says what to do")]
    Unfit(usize),
    /// Something could not be looked at.
    #[error("{0} thing(s) could not be looked at: run this as root")]
    Unknown(usize),
}

impl DoctorArgs {
    /// Looks at this machine and prints what was found; `beside`: columns of other databases that belong into the list of
    /// `doctor privacy`.
    ///
    /// # Errors
    /// [`DoctorError`] when the report cannot be printed, and when something prevents serving visitors.
    pub fn run(self, beside: &[Column], out: &mut dyn Write) -> Result<(), DoctorError> {
        match self.command {
            Some(DoctorCommand::Privacy) => return privacy::print(self.json, beside, out),
            None => {}
        }
        let report = examine(self.config.as_deref());
        if self.json {
            report.print_json(out)?;
        } else {
            report.print(out)?;
        }
        match report.verdict() {
            Verdict::CanServe => Ok(()),
            Verdict::Unknown => Err(DoctorError::Unknown(report.count(Level::Unknown))),
            Verdict::CannotServe => Err(DoctorError::Unfit(report.count(Level::Prevents))),
        }
    }
}

/// Looks at everything; without a configuration only at what every site needs.
fn examine(path: Option<&Path>) -> Report {
    let mut report = Report::default();
    let config = read(path, &mut report);
    if let Some(config) = &config {
        services::contents(config, &mut report);
    }
    let hidden = config.as_ref().map(|config| config.gateway.without.clone()).unwrap_or_default();
    let inspect = config.as_ref().is_some_and(|config| config.filter.inspect);
    features::look(&hidden, inspect, &mut report);
    let site = config.as_ref().map_or_else(unknown_site, site_of);
    // Asked first, since the settings are judged by it; told last.
    let mut of_gateway = Report::default();
    let running = config.as_ref().is_some_and(|config| services::gateway(config, &mut of_gateway));
    machine::settings(&site, running, &mut report);
    machine::tables(&site, &mut report);
    machine::machine(&site, &mut report);
    if let Some(config) = &config {
        surroundings::look(config, &mut report);
        if !running {
            surroundings::ports(config, &mut report);
        } else if !hidden.contains("policy-rules") {
            surroundings::second_lock(config, &mut report);
        }
        services::addresses(config, &mut report);
        services::storage(config, &mut report);
    }
    report.append(of_gateway);
    report
}

/// The configuration, or what is wrong with it.
fn read(path: Option<&Path>, report: &mut Report) -> Option<Config> {
    let stated = path.is_some();
    let path = path.unwrap_or(Path::new(CONFIG));
    if !stated && !path.exists() {
        report
            .add(Area::Configuration, Level::Ok, "file", format!("there is no {CONFIG}: only the machine is looked at"))
            .mend("state the configuration with --config");
        return None;
    }
    match Config::load(path) {
        Ok(config) => {
            report.add(Area::Configuration, Level::Ok, "file", path.display().to_string());
            Some(config)
        }
        Err(SettingsError::Wrong { path, mistakes }) => {
            for mistake in mistakes {
                report
                    .add(Area::Configuration, Level::Prevents, path.display().to_string(), mistake)
                    .means("the gateway does not start");
            }
            None
        }
        Err(error @ SettingsError::Read { .. }) => {
            report
                .add(Area::Configuration, Level::Prevents, "file", gapura_model::with_causes(&error))
                .means("the gateway does not start");
            None
        }
    }
}

fn site_of(config: &Config) -> Site {
    Site {
        lans: crate::network::lans(config),
        uplinks: config.uplink.interfaces.clone(),
        devices: config.gateway.devices,
        flows_per_device: config.limits.flows_per_device,
        trust_clock: config.gateway.trust_clock,
    }
}

/// Devices assumed where no configuration says.
const DEVICES: u32 = 1_000;

fn unknown_site() -> Site {
    let flows_per_device = LimitsSection::default().flows_per_device;
    Site { lans: Vec::new(), uplinks: Vec::new(), devices: DEVICES, flows_per_device, trust_clock: false }
}
