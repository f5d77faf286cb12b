//! `gapura bench`.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use gapura_lab::{LabError, Room, signal};

use crate::site::Stage;
use crate::{BenchError, Report, console, dns, fleet, forward, ingest, login, memory, policy, portal, quota};

/// Measures what this machine and this build can do, each figure beside its peer or its limit in the same run.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gapura bench forward --quick\n\nFigures go to target/bench/NAME.jsonl, one JSON object a line. Needs root, or user namespaces."
)]
pub struct BenchArgs {
    /// Show JSON lines instead of a table.
    #[arg(long, global = true)]
    json: bool,
    /// Rounds of each case (each side); the figure is their median.
    #[arg(long, global = true)]
    rounds: Option<usize>,
    /// Fewer rounds and smaller numbers.
    #[arg(long, global = true)]
    quick: bool,
    /// Where the figures are written.
    #[arg(long, global = true, default_value = "target/bench", value_name = "DIR")]
    out: PathBuf,
    /// The program that plays the gateway, and is weighed by `memory`; without it this one plays and none is weighed.
    #[arg(long, global = true, value_name = "PATH")]
    binary: Option<PathBuf>,
    #[arg(long, global = true, hide = true)]
    inside: bool,
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Clone, Debug, Subcommand)]
enum Bench {
    /// CPU time a forwarded packet costs, beside connection tracking with masquerade.
    Forward,
    /// Bytes delivered past a limit, counted by the receivers.
    Quota,
    /// Captive redirects on new connections, beside nginx's constant redirect.
    Portal,
    /// From the form to the Internet, each time a new device.
    Login,
    /// Memory of the gateway idle and with a crowd online.
    Memory,
    /// CPU time of blocked, cached and mixed DNS queries, beside unbound, dnsmasq and a bare UDP echo.
    Dns,
    /// From a SOP's publication to its enforcement: on a gateway with a visitor, and in a fleet of a hundred.
    Policy,
    /// How long the staff's pages take with a year of a regency's data, on both databases.
    Console(console::Year),
    /// Usage records a second, beside a bare insert of the same rows, on both databases.
    Ingest,
    /// Ten thousand gateways at one controller: CPU, memory, each exchange, publish to acknowledged.
    Fleet,
    /// One of the servers of `dns`.
    #[command(hide = true)]
    DnsServer(dns::Role),
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Rounds asked for, if any.
    pub(crate) rounds: Option<usize>,
    /// A short run.
    pub(crate) quick: bool,
}

impl Effort {
    /// Rounds of a case that usually takes `full`, or `quick` in a short run.
    pub(crate) fn rounds(self, full: usize, quick: usize) -> usize {
        self.rounds.unwrap_or(if self.quick { quick } else { full }).clamp(1, 1000)
    }
}

impl BenchArgs {
    /// Measures; exit code 0 when every figure is there, whatever it says.
    pub fn run(self) -> ExitCode {
        match self.measure() {
            Ok(()) => ExitCode::SUCCESS,
            Err(BenchError::Lab(LabError::Interrupted)) => ExitCode::from(130),
            Err(error) => {
                // Nobody to tell when standard error is closed.
                let _ = writeln!(std::io::stderr(), "gapura: {}", gapura_model::with_causes(&error));
                ExitCode::from(1)
            }
        }
    }

    fn measure(&self) -> Result<(), BenchError> {
        if let Bench::DnsServer(role) = &self.bench {
            return role.play();
        }
        let effort = Effort { rounds: self.rounds, quick: self.quick };
        let report = |name: &str| Report::open(&self.out, name, self.json);
        let program = match &self.binary {
            Some(program) => program.clone(),
            None => std::env::current_exe().map_err(BenchError::io("find this program's own file"))?,
        };
        if let Bench::Console(year) = &self.bench {
            // It needs no network of its own.
            signal::watch();
            return console::measure(&program, year, effort, &mut report("console")?);
        }
        if let Bench::Ingest = &self.bench {
            signal::watch();
            return ingest::measure(effort, &mut report("ingest")?);
        }
        if let Bench::Fleet = &self.bench {
            signal::watch();
            return fleet::measure(&program, effort, &mut report("fleet")?);
        }
        let room = self.room()?;
        signal::watch();
        sweep();
        let stage = Stage { room, program };
        match &self.bench {
            Bench::Forward => forward::measure(effort, &mut report("forward")?),
            Bench::Quota => quota::measure(&stage, effort, &mut report("quota")?),
            Bench::Portal => portal::measure(&stage, effort, &mut report("portal")?),
            Bench::Login => login::measure(&stage, effort, &mut report("login")?),
            Bench::Dns => dns::measure(&stage, effort, &mut report("dns")?),
            Bench::Policy => policy::measure(&stage, effort, &mut report("policy")?),
            Bench::Console(_) | Bench::Fleet | Bench::Ingest => Ok(()),
            Bench::DnsServer(role) => role.play(),
            Bench::Memory => memory::measure(&stage, effort, self.binary.as_deref(), &mut report("memory")?),
        }
    }

    /// Where namespaces can be made; an ordinary user's process is replaced by one inside a user namespace, once.
    fn room(&self) -> Result<Room, BenchError> {
        match Room::enter() {
            Err(LabError::NoRoom(_)) if !self.inside => {
                Room::possible()?;
                let program = std::env::current_exe().map_err(BenchError::io("find this program's own file"))?;
                let mut command = Room::again(program);
                command.args(std::env::args_os().skip(1)).arg("--inside");
                Err(BenchError::io("start again inside a user namespace")(command.exec()))
            }
            other => Ok(other?),
        }
    }
}

/// The prefix of this process's namespaces.
pub(crate) fn prefix() -> String {
    format!("bench-{}", std::process::id())
}

/// Removes namespaces of benches that were killed.
fn sweep() {
    let Ok(entries) = std::fs::read_dir("/run/netns") else { return };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    for name in names {
        let pid = name.strip_prefix("bench-").and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            gapura_lab::ns::remove(&name);
        }
    }
}

/// Says on standard error what is going on.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "bench: {text}");
}
