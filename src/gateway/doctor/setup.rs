//! `gapura setup`: kernel settings of the whole machine, sized by its memory.
//!
//! Settings of the gateway's own network namespace are set by the gateway itself at each start; these here belong to the
//! machine, and need root.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use gapura_kernel::net::NetError;
use gapura_kernel::net::sysctl::{self, Setting, Sizes, Wanted};
use gapura_runtime::settings::SettingsError;

use crate::Config;
use crate::limits::LimitsSection;
use crate::network;

/// Prepares this machine for the gateway.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  gapura setup --sysctl\n  gapura setup --sysctl --print > /etc/sysctl.d/60-gapura.conf"
)]
pub struct SetupArgs {
    /// Sizes the kernel's tables of flows and neighbours by this machine's memory and the site's devices.
    #[arg(long, required = true)]
    sysctl: bool,
    /// Print a file for /etc/sysctl.d and change nothing.
    #[arg(long)]
    print: bool,
    /// The gateway's configuration; default: /etc/gapura/gateway.toml where it exists.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Devices the site is built for; default: what the configuration says, else 1000.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=65_000))]
    devices: Option<u32>,
    /// Memory of the machine in MiB, to print a file for another one; default: this machine's.
    #[arg(long, value_name = "MIB", requires = "print")]
    memory: Option<u64>,
}

/// Why the machine could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The configuration cannot be used.
    #[error("the number of devices is not known; give --devices, or mend the configuration")]
    Config(#[from] SettingsError),
    /// The settings could not be read.
    #[error("the kernel's settings could not be read")]
    Read(#[from] NetError),
    /// Settings that could not be made.
    #[error("{} setting(s) could not be made; run as root of the machine, outside containers:\n  {}", .0.len(), .0.join("\n  "))]
    Write(Vec<String>),
    /// The answer could not be printed.
    #[error("the answer could not be printed")]
    Print(#[from] std::io::Error),
}

impl SetupArgs {
    /// Makes or prints the settings.
    ///
    /// # Errors
    /// [`SetupError`] names every setting that could not be made.
    pub fn run(self, out: &mut dyn Write) -> Result<(), SetupError> {
        let (devices, flows_per_device) = self.devices()?;
        let memory = self.memory.map_or_else(network::memory, |mib| mib.saturating_mul(1 << 20));
        let sizes = Sizes { devices, flows_per_device, memory };
        let settings = sysctl::settings(&[], &[], &sizes)?;
        let settings: Vec<Setting> = settings.into_iter().filter(|setting| !setting.ours).collect();
        if self.print { print(&sizes, &settings, out).map_err(SetupError::Print) } else { apply(&settings, out) }
    }

    /// Devices at once, and flows each may have open.
    fn devices(&self) -> Result<(u32, u32), SetupError> {
        let flows = LimitsSection::default().flows_per_device;
        if let Some(devices) = self.devices {
            return Ok((devices, flows));
        }
        let path = match &self.config {
            Some(path) => path.as_path(),
            None if Path::new(super::CONFIG).exists() => Path::new(super::CONFIG),
            None => return Ok((super::DEVICES, flows)),
        };
        let config = Config::load(path)?;
        Ok((config.gateway.devices, config.limits.flows_per_device))
    }
}

fn wanted(setting: &Setting) -> String {
    match &setting.wanted {
        Wanted::Is(text) => text.clone(),
        Wanted::AtLeast(least) => least.to_string(),
    }
}

fn print(sizes: &Sizes, settings: &[Setting], out: &mut dyn Write) -> std::io::Result<()> {
    let mib = sizes.memory >> 20;
    writeln!(
        out,
        "# Gapura gateway: {} devices at once, {mib} MiB of memory. Made by `gapura setup --sysctl --print`.",
        sizes.devices
    )?;
    writeln!(out, "# Everything else is set by the gateway itself at each start; `gapura doctor` compares.")?;
    let mut effect = "";
    for setting in settings {
        if setting.effect != effect {
            effect = setting.effect;
            writeln!(out, "\n# Otherwise: {effect}.")?;
        }
        writeln!(out, "{} = {}", setting.name, wanted(setting))?;
    }
    Ok(())
}

/// Raises what is too low, and leaves what is high enough.
fn apply(settings: &[Setting], out: &mut dyn Write) -> Result<(), SetupError> {
    let mut failed = Vec::new();
    for setting in settings {
        let wanted = wanted(setting);
        let found = setting.found.as_deref().unwrap_or("not there");
        if setting.is_right() {
            writeln!(out, "{} = {found}: enough", setting.name)?;
            continue;
        }
        match std::fs::write(path_of(&setting.name), &wanted) {
            Ok(()) => writeln!(out, "{} = {wanted} (was {found})", setting.name)?,
            Err(error) => failed.push(format!("{} = {wanted}: {error}; otherwise {}", setting.name, setting.effect)),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(SetupError::Write(failed)) }
}

/// The settings here name no interface, so every dot is a slash.
fn path_of(name: &str) -> PathBuf {
    Path::new("/proc/sys").join(name.replace('.', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_file_names_every_table_once() {
        let args = SetupArgs { sysctl: true, print: true, config: None, devices: Some(2_000), memory: Some(1_024) };
        let mut out = Vec::new();
        args.run(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for name in ["net.ipv4.neigh.default.gc_thresh3 = 16000", "net.ipv6.neigh.default.gc_thresh1 = 4000"] {
            assert_eq!(text.matches(name).count(), 1, "{text}");
        }
        // An eighth of a gibibyte, 400 bytes a flow.
        assert_eq!(text.matches("net.netfilter.nf_conntrack_max = 335544").count(), 1, "{text}");
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#') || line.contains(" = ")), "{text}");
    }
}
