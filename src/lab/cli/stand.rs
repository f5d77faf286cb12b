//! `gapura lab up|down|exec|status`: a lab left standing for other programs.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use clap::{Args, Subcommand};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{again, enter_or_again, exit, say};
use crate::child::output_of;
use crate::clock::{Stopwatch, wait_for};
use crate::daemon::Site;
use crate::home::{self, Record};
use crate::{DhcpClient, Ipv6Mode, Lab, LabError, LabName, LabSpec, Room, WanMode, child, signal};

/// How long a lab may take to stand or to go.
const PATIENCE: Duration = Duration::from_mins(1);

/// A lab left standing: visitors, a gateway, a controller and an Internet in network namespaces.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gapura lab up --name coba --visitors 2\n  gapura lab exec coba visitor1 -- curl -s http://neverssl.example/\n  gapura lab status --name coba --json\n  gapura lab down --name coba"
)]
pub struct LabArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: LabCommand,
}

/// What to do with a lab.
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Start a lab and leave it standing.
    Up(UpArgs),
    /// Take a lab down.
    Down {
        /// Its name.
        #[arg(long)]
        name: LabName,
    },
    /// Run a program inside: `gapura lab exec NAME visitor1 -- curl ...`; its exit code is ours.
    Exec {
        /// The lab's name.
        name: LabName,
        /// visitor1.., gateway, controller, upstream or mgmt.
        role: String,
        /// Program and arguments.
        #[arg(last = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
    /// Namespaces, addresses and sockets of a lab, or the names of all labs.
    Status {
        /// Its name; without it, all labs.
        #[arg(long)]
        name: Option<LabName>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What lab to start.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of one command line")]
pub struct UpArgs {
    /// Its name.
    #[arg(long)]
    name: LabName,
    /// Visitors on the first bridge.
    #[arg(long, default_value_t = 2)]
    visitors: u16,
    /// Visitors on a second bridge.
    #[arg(long, default_value_t = 0)]
    second_bridge: u16,
    /// A second uplink.
    #[arg(long)]
    second_uplink: bool,
    /// The uplink's address comes by DHCP.
    #[arg(long)]
    wan_dhcp: bool,
    /// No IPv6 upstream.
    #[arg(long, conflicts_with = "one_network")]
    no_ipv6: bool,
    /// Upstream gives the uplink a /64 and delegates nothing.
    #[arg(long)]
    one_network: bool,
    /// DHCP clients, dealt to the visitors in turn.
    #[arg(long, value_enum, value_delimiter = ',')]
    clients: Vec<DhcpClient>,
    /// Only cables and servers: no gateway and no controller are started.
    #[arg(long)]
    bare: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[arg(long, hide = true)]
    supervise: bool,
    #[arg(long, hide = true)]
    inside: bool,
}

impl LabArgs {
    /// Does it.
    pub fn run(self) -> ExitCode {
        exit(match self.command {
            LabCommand::Up(up) if up.supervise => supervise(&up),
            LabCommand::Up(up) => start(&up),
            LabCommand::Down { name } => down(&name),
            LabCommand::Exec { name, role, command } => exec(&name, &role, &command),
            LabCommand::Status { name, json } => status(name.as_ref(), json),
        })
    }
}

impl UpArgs {
    fn spec(&self) -> LabSpec {
        let ipv6 = match (self.no_ipv6, self.one_network) {
            (true, _) => Ipv6Mode::Absent,
            (false, true) => Ipv6Mode::OnlyOneNetwork,
            (false, false) => Ipv6Mode::Delegated,
        };
        LabSpec {
            second_bridge: self.second_bridge,
            wan: if self.wan_dhcp { WanMode::Dhcp } else { WanMode::Static },
            second_uplink: self.second_uplink,
            ipv6,
            clients: self.clients.clone(),
            ..LabSpec::new(self.name.clone(), self.visitors)
        }
    }
}

/// Starts the supervisor in the background and waits until the lab stands.
fn start(up: &UpArgs) -> Result<ExitCode, LabError> {
    for root in roots() {
        if let Ok(record) = home::standing(&root, &up.name) {
            return Err(LabError::Stands { name: up.name.to_string(), pid: record.pid });
        }
    }
    let inner = again(&["--supervise"])?;
    let log = std::env::temp_dir().join(format!("gapura-lab-{}-{}.log", rustix::process::getuid().as_raw(), up.name));
    let file = File::create(&log).map_err(LabError::io(format!("create {}", log.display())))?;
    let copy = file.try_clone().map_err(LabError::io("share the log"))?;
    let mut command = Command::new("setsid");
    command.arg(inner.get_program()).args(inner.get_args()).stdin(Stdio::null()).stdout(file).stderr(copy);
    let mut supervisor = command.spawn().map_err(LabError::io("start the lab's supervisor"))?;
    let what = format!("lab `{}` to stand", up.name);
    let record = wait_for(&what, PATIENCE, || {
        let found = roots().iter().find_map(|root| home::standing(root, &up.name).ok()).filter(|record| record.ready);
        match (found, supervisor.try_wait()) {
            (None, Ok(Some(_))) => Ok(Some(None)),
            (found, _) => Ok(found.map(Some)),
        }
    })?;
    let words = std::fs::read_to_string(&log).unwrap_or_default();
    let Some(record) = record else {
        return Err(LabError::answer(format!("start lab `{}`", up.name), words.trim().to_owned()));
    };
    // Its words are of no use any more; the lab's own directory holds the daemons' logs.
    let _ = std::fs::remove_file(&log);
    show(&record, up.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Holds the lab until it is told to stop.
fn supervise(up: &UpArgs) -> Result<ExitCode, LabError> {
    let room = enter_or_again(up.inside)?;
    signal::watch();
    let mut lab = Lab::up(room, up.spec())?;
    if up.bare {
        lab.declare_ready()?;
        wait_to_stop();
        return Ok(ExitCode::SUCCESS);
    }
    let mut site = Site::start(lab, &super::own_program()?, &crate::config::SiteWish::default())?;
    // Everybody is on the network when other programs come in.
    let visitors = up.visitors.saturating_add(up.second_bridge);
    for number in 1..=visitors {
        site.lab_mut().visitor_mut(number)?.join(Duration::from_secs(15))?;
    }
    site.lab_mut().declare_ready()?;
    wait_to_stop();
    Ok(ExitCode::SUCCESS)
}

pub(super) fn wait_to_stop() {
    while !signal::asked_to_stop() {
        thread::sleep(Duration::from_millis(50));
    }
}

fn down(name: &LabName) -> Result<ExitCode, LabError> {
    let record = find(name)?;
    let pid = i32::try_from(record.pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| LabError::Wrong(format!("{} is no process id", record.pid)))?;
    kill_process(pid, Signal::TERM)
        .map_err(LabError::errno(format!("stop the lab's supervisor, process {}", record.pid)))?;
    let watch = Stopwatch::start();
    while home::alive(&record) {
        if watch.elapsed() > PATIENCE {
            kill_process(pid, Signal::KILL).map_err(LabError::errno("kill the lab's supervisor"))?;
            return Err(LabError::Late {
                what: format!("lab `{name}` to go"),
                waited: watch.elapsed(),
                last: "killed; the next `gapura lab up` removes the rest".into(),
            });
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(ExitCode::SUCCESS)
}

fn exec(name: &LabName, role: &str, line: &[std::ffi::OsString]) -> Result<ExitCode, LabError> {
    let record = find(name)?;
    let short = match role {
        "gateway" => "gw".into(),
        "controller" => "ctl".into(),
        "upstream" => "up".into(),
        other => other.strip_prefix("visitor").map_or_else(|| other.to_owned(), |number| format!("v{number}")),
    };
    let netns = format!("{name}-{short}");
    if !record.namespaces.contains(&netns) {
        return Err(LabError::Wrong(format!("lab `{name}` has no `{role}`; it has {}", record.namespaces.join(", "))));
    }
    let mut command = reach(&record, "ip");
    command.args(["netns", "exec", &netns]);
    let resolv = record_dir(&record).join(&short).join("resolv.conf");
    if resolv.exists() {
        command.args(["sh", "-c", r#"mount --bind "$0" /etc/resolv.conf && exec "$@""#]).arg(resolv);
    }
    command.args(line);
    Err(LabError::io(format!("run {}", child::shown(&command)))(command.exec()))
}

fn status(name: Option<&LabName>, as_json: bool) -> Result<ExitCode, LabError> {
    if let Some(name) = name {
        show(&find(name)?, as_json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let all: Vec<Record> = roots().iter().flat_map(|root| home::records(root)).filter(home::alive).collect();
    let names: Vec<String> = all.iter().map(|record| record.spec.name.to_string()).collect();
    if as_json {
        say(&json!({ "labs": names }).to_string());
    } else {
        for name in &names {
            say(name);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(record: &Record, as_json: bool) -> Result<(), LabError> {
    let mut namespaces = Vec::new();
    for netns in &record.namespaces {
        let role = netns.strip_prefix(&format!("{}-", record.spec.name)).unwrap_or(netns);
        let addresses = addresses(record, netns)?;
        if !as_json {
            say(&format!(
                "{role:<6} {netns:<24} {}",
                addresses.iter().map(|(card, address)| format!("{card} {address}")).collect::<Vec<_>>().join(", ")
            ));
        }
        let addresses: Vec<Value> =
            addresses.iter().map(|(card, address)| json!({ "interface": card, "address": address })).collect();
        namespaces.push(json!({ "role": role, "netns": netns, "addresses": addresses }));
    }
    if as_json {
        let sockets: serde_json::Map<String, Value> =
            record.sockets.iter().map(|(name, address)| (name.clone(), Value::from(address.as_str()))).collect();
        let whole = json!({
            "name": record.spec.name, "pid": record.pid, "ready": record.ready, "room": record.room,
            "dir": record_dir(record), "namespaces": namespaces, "sockets": sockets,
        });
        say(&whole.to_string());
    } else {
        for (name, address) in &record.sockets {
            say(&format!("{name:<12} {address}"));
        }
    }
    Ok(())
}

fn addresses(record: &Record, netns: &str) -> Result<Vec<(String, String)>, LabError> {
    let mut command = reach(record, "ip");
    command.args(["-n", netns, "-j", "addr", "show", "scope", "global"]);
    let text = output_of(command, None)?;
    let answer: Value = serde_json::from_str(&text).map_err(|error| LabError::answer("ip -j", error.to_string()))?;
    let mut found = Vec::new();
    for link in answer.as_array().into_iter().flatten() {
        let card = link.get("ifname").and_then(Value::as_str).unwrap_or_default();
        for info in link.get("addr_info").and_then(Value::as_array).into_iter().flatten() {
            let Some(address) = info.get("local").and_then(Value::as_str) else { continue };
            let length = info.get("prefixlen").and_then(Value::as_u64).unwrap_or_default();
            found.push((card.to_owned(), format!("{address}/{length}")));
        }
    }
    Ok(found)
}

/// A command that runs where the lab's namespaces can be seen.
fn reach(record: &Record, program: &str) -> Command {
    if record.room == Room::Machine || Room::outer_uid() != rustix::process::geteuid().as_raw() {
        return Command::new(program);
    }
    let mut command = Command::new("nsenter");
    let target = format!("--target={}", record.pid);
    command.args([&target, "--user", "--mount", "--preserve-credentials", "--", program]);
    command
}

fn find(name: &LabName) -> Result<Record, LabError> {
    let found = roots().iter().find_map(|root| home::standing(root, name).ok());
    found.ok_or_else(|| LabError::Absent(name.to_string()))
}

fn record_dir(record: &Record) -> PathBuf {
    home::root(record.room, Room::outer_uid()).join(record.spec.name.to_string())
}

fn roots() -> [PathBuf; 2] {
    [Room::Machine, Room::User].map(|room| home::root(room, Room::outer_uid()))
}
