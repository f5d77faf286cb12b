//! One network namespace: run a closure or a program inside it.

use std::fs::{self, File};
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use gapura_model::MacAddr;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;

use crate::child::{dies_with_us, output_of};
use crate::{LabError, Room};

/// A named network namespace; deleted when dropped, with every program still in it killed.
#[derive(Debug)]
pub struct Ns {
    name: String,
    /// A resolv.conf of its own, bound over /etc/resolv.conf for its programs.
    resolv: Option<PathBuf>,
    owned: bool,
}

impl Ns {
    /// Makes it, with the loopback interface up.
    pub fn create(name: impl Into<String>) -> Result<Self, LabError> {
        let name = name.into();
        if Room::in_first_user_namespace() {
            ip(&["netns", "add", &name])?;
        } else {
            // `ip netns add` wants to go back to the network it came from, which is not ours to enter.
            let path = Path::new("/run/netns").join(&name);
            File::create_new(&path).map_err(LabError::io(format!("create {}", path.display())))?;
            let mut command = Command::new("unshare");
            command.arg(format!("--net={}", path.display())).arg("true");
            output_of(command, None)?;
        }
        let ns = Self { name, resolv: None, owned: true };
        ns.ip_batch("link set lo up")?;
        Ok(ns)
    }

    /// One that somebody else made and will delete.
    pub fn existing(name: impl Into<String>) -> Self {
        Self { name: name.into(), resolv: None, owned: false }
    }

    /// The same namespace without the duty to delete it: to hand to a thread.
    #[must_use]
    pub fn handle(&self) -> Self {
        Self { name: self.name.clone(), resolv: self.resolv.clone(), owned: false }
    }

    /// Gives its programs a resolv.conf of their own; the file must exist when they start.
    pub fn set_resolv(&mut self, file: PathBuf) {
        self.resolv = Some(file);
    }

    /// Its own resolv.conf, if it has one.
    pub fn resolv(&self) -> Option<&Path> {
        self.resolv.as_deref()
    }

    /// Its name, as `ip netns` shows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `job` on a thread of its own that has moved into the namespace: sockets opened there belong to it.
    ///
    /// /proc/sys/net and /proc/thread-self/net are the namespace's; /proc/self/net is not.
    pub fn run<T: Send>(&self, job: impl FnOnce() -> Result<T, LabError> + Send) -> Result<T, LabError> {
        thread::scope(|scope| {
            let inside = move || {
                self.move_in()?;
                job()
            };
            let started = thread::Builder::new().name(self.name.clone()).spawn_scoped(scope, inside);
            let thread = started.map_err(LabError::io("start a thread"))?;
            thread.join().map_err(|_| LabError::answer(&self.name, "the thread inside the namespace panicked"))?
        })
    }

    /// Moves the calling thread in, for good.
    pub fn move_in(&self) -> Result<(), LabError> {
        let path = Path::new("/run/netns").join(&self.name);
        let file = File::open(&path).map_err(LabError::io(format!("open {}", path.display())))?;
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
            .map_err(LabError::errno(format!("enter namespace {}", self.name)))
    }

    /// A command that runs `program` inside, with the namespace's own /sys and resolv.conf, and dies with this process.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = dies_with_us();
        command.args(["ip", "netns", "exec", &self.name]);
        if let Some(resolv) = &self.resolv {
            // A fixed text; file and program are its arguments, never part of it.
            command.args(["sh", "-c", r#"mount --bind "$0" /etc/resolv.conf && exec "$@""#]).arg(resolv);
        }
        command.arg(program.as_ref());
        command
    }

    /// Runs `program` inside to its end and returns what it printed.
    pub fn output(&self, program: &str, arguments: &[&str]) -> Result<String, LabError> {
        let mut command = self.command(program);
        command.args(arguments);
        output_of(command, None)
    }

    /// Several `ip` commands in one process, one a line.
    pub fn ip_batch(&self, lines: &str) -> Result<(), LabError> {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name, "-batch", "-"]);
        output_of(command, Some(lines))
            .map(drop)
            .map_err(|error| LabError::answer(format!("ip -n {} -batch", self.name), format!("{error}\n{lines}")))
    }

    /// A ruleset into the namespace's nftables, atomically.
    pub fn nft(&self, text: &str) -> Result<String, LabError> {
        let mut command = self.command("nft");
        command.args(["-f", "-"]);
        output_of(command, Some(text))
    }

    /// Writes `net.a.b` (dots, as `sysctl` has them; an interface name must hold none).
    pub fn sysctl(&self, key: &str, value: &str) -> Result<(), LabError> {
        let path = format!("/proc/sys/{}", key.replace('.', "/"));
        self.run(|| fs::write(&path, value).map_err(LabError::io(format!("set {key}={value} in {}", self.name))))
    }

    /// The global (and unique local) addresses of an interface that are ready for use, IPv4 first.
    pub fn addresses(&self, interface: &str) -> Result<Vec<IpAddr>, LabError> {
        let text = self.ip_json(&["addr", "show", "dev", interface, "scope", "global"])?;
        let ready = |info: &&Value| info.get("tentative").is_none() && info.get("deprecated").is_none();
        let infos =
            text.as_array().into_iter().flatten().filter_map(|link| link.get("addr_info")?.as_array()).flatten();
        let mut found: Vec<IpAddr> =
            infos.filter(ready).filter_map(|info| info.get("local")?.as_str()?.parse().ok()).collect();
        found.sort();
        Ok(found)
    }

    /// Hardware address of an interface.
    pub fn mac(&self, interface: &str) -> Result<MacAddr, LabError> {
        let text = self.ip_json(&["link", "show", "dev", interface])?;
        text.pointer("/0/address")
            .and_then(Value::as_str)
            .and_then(|mac| mac.parse().ok())
            .ok_or_else(|| LabError::answer("ip link", format!("{interface} has no hardware address")))
    }

    /// `ip -j` inside.
    pub fn ip_json(&self, arguments: &[&str]) -> Result<Value, LabError> {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name, "-j"]).args(arguments);
        let text = output_of(command, None)?;
        if text.trim().is_empty() {
            return Ok(Value::Array(Vec::new()));
        }
        serde_json::from_str(&text).map_err(|error| LabError::answer("ip -j", error.to_string()))
    }
}

impl Drop for Ns {
    fn drop(&mut self) {
        if self.owned {
            remove(&self.name);
        }
    }
}

/// Kills what still runs in the namespace `name` and deletes it; a name that does not exist is fine.
pub fn remove(name: &str) {
    if !Path::new("/run/netns").join(name).exists() {
        return;
    }
    for pid in ip(&["netns", "pids", name]).unwrap_or_default().lines() {
        if let Some(pid) = pid.trim().parse().ok().and_then(rustix::process::Pid::from_raw) {
            // Gone in the meantime is as good.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
    if let Err(error) = ip(&["netns", "delete", name]) {
        tracing::warn!(%error, namespace = name, "cannot delete a namespace");
    }
}

/// `ip` in this process's own namespace; only for `ip netns`.
fn ip(arguments: &[&str]) -> Result<String, LabError> {
    let mut command = Command::new("ip");
    command.args(arguments);
    output_of(command, None)
}
