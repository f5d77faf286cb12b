//! `gapura doctor` and `gapura setup`: what this machine can and cannot do, what that means for visitors, and the settings
//! it needs once for all.

mod privacy;
mod setup;

pub use setup::{SetupArgs, SetupError};

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Where the configuration is unless stated.
const CONFIG: &str = "/etc/gapura/gateway.toml";
/// Flows counted on for each device when the kernel's tables are sized; as the daemon counts.
const FLOWS_PER_DEVICE: u32 = 512;

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
}

impl DoctorArgs {
    /// Looks at this machine and prints what was found.
    ///
    /// # Errors
    /// [`DoctorError`] when the report cannot be printed, and when something prevents serving visitors.
    pub fn run(self, out: &mut dyn Write) -> Result<(), DoctorError> {
        let (_config, json) = (self.config, self.json);
        match self.command {
            Some(DoctorCommand::Privacy) | None => privacy::print(json, out),
        }
    }
}
