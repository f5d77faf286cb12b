//! The servers measured, side by side in one namespace: one worker each, all on the same CPU.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use gapura_lab::child::Guarded;
use gapura_lab::clock::wait_for;
use gapura_lab::{LabError, Ns};

use super::names::{allowed, listed};
use crate::{BenchError, cpu};

/// A running server.
pub(crate) struct Server {
    /// Its name in the figures.
    pub(crate) name: &'static str,
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    process: Guarded,
}

impl Server {
    /// Starts `command` and keeps it on one CPU.
    pub(crate) fn start(name: &'static str, port: u16, mut command: Command) -> Result<Self, BenchError> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { name, port, process: Guarded::start(command)? })
    }

    /// Waits until it answers a listed name and another as it should, then keeps all its threads on one CPU.
    pub(crate) fn ready(&self, ns: &Ns, filters: bool, on: usize) -> Result<(), BenchError> {
        let limit = Duration::from_mins(10);
        wait_for(&format!("{} to answer", self.name), limit, || {
            gapura_lab::signal::check()?;
            let (blocked, open) = ns.run(|| Ok((self.code(&listed(0))?, self.code(&allowed(0))?)))?;
            let expected = if filters { Some(3) } else { Some(0) };
            Ok((blocked == expected && open == Some(0)).then_some(()))
        })?;
        cpu::pin_process(self.process.id(), on)
    }

    /// CPU time it has used.
    pub(crate) fn spent(&self) -> Result<Duration, BenchError> {
        cpu::of_process(self.process.id())
    }

    /// The response code for a name; `None` where nothing comes within a fifth of a second.
    fn code(&self, name: &str) -> Result<Option<u8>, LabError> {
        let failed = || LabError::io("ask a server");
        let socket = UdpSocket::bind(("127.0.0.1", 0)).map_err(failed())?;
        socket.set_read_timeout(Some(Duration::from_millis(200))).map_err(failed())?;
        let mut query = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).unwrap_or_default());
            query.extend_from_slice(label.as_bytes());
        }
        query.extend_from_slice(&[0, 0, 1, 0, 1]);
        // Refused where nobody listens yet.
        if socket.send_to(&query, SocketAddr::from(([127, 0, 0, 1], self.port))).is_err() {
            return Ok(None);
        }
        let mut answer = [0; 512];
        let read = socket.recv(&mut answer).is_ok();
        Ok(answer.get(3).filter(|_| read).map(|flags| flags & 15))
    }
}

/// unbound with `count` names as local zones, everything else forwarded to `upstream`.
pub(crate) fn unbound(dir: &Path, port: u16, upstream: u16, count: u64) -> Result<Vec<String>, BenchError> {
    let zones = dir.join("unbound-zones.conf");
    lines(&zones, count, |name| format!("local-zone: \"{name}\" always_nxdomain"))?;
    let mut text = format!(
        "server:\n num-threads: 1\n interface: 127.0.0.1\n port: {port}\n access-control: 127.0.0.0/8 allow\n \
         do-daemonize: no\n username: \"\"\n chroot: \"\"\n directory: \"{dir}\"\n pidfile: \"\"\n use-syslog: no\n \
         logfile: \"/dev/null\"\n module-config: \"iterator\"\n do-not-query-localhost: no\n msg-cache-size: 16m\n \
         rrset-cache-size: 32m\n so-reuseport: no\n include: \"{zones}\"\n",
        dir = dir.display(),
        zones = zones.display(),
    );
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "remote-control:\n control-enable: no\nforward-zone:\n name: \".\"\n forward-addr: 127.0.0.1@{upstream}"
    );
    let config = dir.join("unbound.conf");
    fs::write(&config, text).map_err(BenchError::io(format!("write {}", config.display())))?;
    Ok(vec!["unbound".into(), "-d".into(), "-c".into(), config.display().to_string()])
}

/// dnsmasq with `count` names that do not exist, everything else forwarded to `upstream`.
pub(crate) fn dnsmasq(dir: &Path, port: u16, upstream: u16, count: u64) -> Result<Vec<String>, BenchError> {
    let config = dir.join("dnsmasq.conf");
    lines(&config, count, |name| format!("local=/{name}/"))?;
    let options =
        ["--keep-in-foreground", "--no-resolv", "--no-hosts", "--bind-interfaces", "--user=root", "--pid-file="];
    let mut words = vec!["dnsmasq".to_owned()];
    words.extend(options.map(str::to_owned));
    words.extend([
        "--listen-address=127.0.0.1".to_owned(),
        format!("--port={port}"),
        format!("--server=127.0.0.1#{upstream}"),
        "--cache-size=20000".to_owned(),
        "--dns-forward-max=1000".to_owned(),
        format!("--conf-file={}", config.display()),
    ]);
    Ok(words)
}

/// Queries for dnsperf, one a line.
pub(crate) fn queries(path: &Path, names: impl Iterator<Item = String>) -> Result<(), BenchError> {
    write(path, names.map(|name| format!("{name} A")))
}

fn lines(path: &Path, count: u64, line: impl Fn(String) -> String) -> Result<(), BenchError> {
    write(path, (0..count).map(|number| line(listed(number))))
}

fn write(path: &Path, lines: impl Iterator<Item = String>) -> Result<(), BenchError> {
    let failed = || BenchError::io(format!("write {}", path.display()));
    let mut file = BufWriter::new(fs::File::create(path).map_err(failed())?);
    for line in lines {
        writeln!(file, "{line}").map_err(failed())?;
    }
    file.flush().map_err(failed())
}
