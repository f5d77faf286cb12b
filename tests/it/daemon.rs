//! How the daemons talk to the service manager: a small stand-in for systemd, with real notify sockets.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::scratch::{GAPURA, Scratch, wait};

/// How long a daemon may take to get ready, or to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// What the stand-in asks for; the daemon must be heard twice as often.
const WATCHDOG: Duration = Duration::from_secs(4);

/// A visitor bridge with a port, and an uplink with an address.
pub(crate) const NETWORK: &str = "set -e
ip link set lo up
ip link add br-lan type bridge
ip link add port1 type veth peer name phone1
ip link set port1 master br-lan up
ip link set phone1 up
ip link set br-lan up
ip link add wan0 type veth peer name modem0
ip link set wan0 up
ip link set modem0 up
ip addr add 192.168.7.2/24 dev wan0
ip route add default via 192.168.7.1";

/// Starts a command in a network of its own, as root of at least a user namespace; it dies with us.
pub(crate) fn apart() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "unshare", "--net"]);
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.arg("--");
    command
}

/// A small configuration of a gateway; `more` stands in its first table.
pub(crate) fn gateway_config(scratch: &Scratch, more: &str) -> PathBuf {
    let text = format!(
        "[gateway]\nname = \"gw-1\"\ndata_dir = \"{0}/data\"\nrun_dir = \"{0}/run\"\n{more}\
         [[lan]]\ninterface = \"br-lan\"\naddress = \"10.20.0.1/22\"\n[uplink]\ninterfaces = [\"wan0\"]\n\
         [dns]\nupstreams = [\"192.0.2.53\"]\n\
         [controller]\nurl = \"https://127.0.0.1:9\"\npin = \"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"\n",
        scratch.path().display()
    );
    scratch.file("gateway.toml", &text)
}

/// A daemon under the stand-in.
pub(crate) struct Manager {
    socket: UnixDatagram,
    child: Child,
    heard: Vec<String>,
}

impl Manager {
    /// Starts `command` with `sh`, which tells the daemon its own process number as systemd does.
    pub(crate) fn start(scratch: &Scratch, mut command: Command, script: &str, arguments: &[&Path]) -> Self {
        let path = scratch.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let log = std::fs::File::create(scratch.path().join("log")).unwrap();
        let child = command
            .args(["sh", "-c", script, GAPURA])
            .args(arguments)
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { socket, child, heard: Vec::new() }
    }

    /// Waits for a message, and returns how long it took.
    pub(crate) fn hears(&mut self, message: &str, most: Duration) -> Duration {
        let watch = gapura_lab::clock::Stopwatch::start();
        let Self { socket, child, heard } = self;
        wait(message, most, || {
            let mut buffer = [0; 4096];
            if let Ok(length) = socket.recv(&mut buffer) {
                heard.extend(String::from_utf8_lossy(&buffer[..length]).lines().map(str::to_owned));
            } else if let Ok(Some(status)) = child.try_wait() {
                panic!("ended with {status} before {message}; heard {heard:?}");
            }
            let at = heard.iter().position(|line| line == message)?;
            heard.drain(..=at);
            Some(())
        });
        watch.elapsed()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn ends(&mut self) -> ExitStatus {
        let child = &mut self.child;
        wait("the daemon ends", PATIENCE, || child.try_wait().unwrap())
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A fed watchdog, STOPPING after SIGTERM, exit code 0.
fn lives_and_stops(mut manager: Manager, log: &Path) {
    let whole = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for _ in 0..2 {
            let took = manager.hears("WATCHDOG=1", WATCHDOG);
            assert!(took < WATCHDOG, "the watchdog was fed after {took:?}");
        }
        manager.signal(Signal::TERM);
        manager.hears("STOPPING=1", PATIENCE);
        assert_eq!(manager.ends().code(), Some(0));
    }));
    if let Err(failure) = whole {
        eprintln!("{}", std::fs::read_to_string(log).unwrap_or_default());
        std::panic::resume_unwind(failure);
    }
}

#[test]
fn the_controller_tells_the_service_manager_how_it_is() {
    let scratch = Scratch::new("controller");
    let config = crate::office::controller_config(&scratch);
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]);
    let script = "WATCHDOG_PID=$$ exec \"$0\" controller --config \"$1\"";
    let mut manager = Manager::start(&scratch, command, script, &[&config]);
    manager.hears("READY=1", PATIENCE);
    lives_and_stops(manager, &scratch.path().join("log"));
}

#[test]
fn the_gateway_tells_the_service_manager_how_it_is() {
    let scratch = Scratch::new("gateway");
    let config = gateway_config(&scratch, "");
    let script = format!("{NETWORK}\nexport WATCHDOG_PID=$$\nexec \"$0\" gateway --config \"$1\"");
    let mut manager = Manager::start(&scratch, apart(), &script, &[&config]);
    manager.hears("READY=1", PATIENCE);
    lives_and_stops(manager, &scratch.path().join("log"));
}

#[test]
fn the_gateway_needs_its_three_capabilities_and_no_more() {
    const USER: u32 = 12_345;
    let scratch = Scratch::new("capabilities");
    let config = gateway_config(&scratch, "");
    for name in ["data", "run"] {
        std::fs::create_dir(scratch.path().join(name)).unwrap();
    }
    // Its own user may not be allowed to look into this repository.
    let program = scratch.path().join("gapura");
    std::fs::copy(GAPURA, &program).unwrap();
    let mut user = String::new();
    if rustix::process::geteuid().is_root() {
        for path in ["data", "run", "."] {
            std::os::unix::fs::chown(scratch.path().join(path), Some(USER), Some(USER)).unwrap();
        }
        user = format!("--reuid {USER} --regid {USER} --clear-groups");
    }
    // As the unit says.
    let unit = crate::scratch::read("deploy/systemd/gapura-gateway.service");
    let wanted = "CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_NET_RAW";
    for key in ["AmbientCapabilities", "CapabilityBoundingSet"] {
        assert!(unit.lines().any(|line| line == format!("{key}={wanted}")), "{key}");
    }
    let three = "-all,+net_admin,+net_bind_service,+net_raw";
    let script = format!(
        "{NETWORK}
chmod 777 \"$NOTIFY_SOCKET\"
export WATCHDOG_PID=$$
exec setpriv {user} --inh-caps={three} --ambient-caps={three} --bounding-set={three} --no-new-privs \
    \"$2\" gateway --config \"$1\""
    );
    let mut manager = Manager::start(&scratch, apart(), &script, &[&config, &program]);
    manager.hears("READY=1", PATIENCE);
    let status = std::fs::read_to_string(format!("/proc/{}/status", manager.child.id())).unwrap();
    for set in ["CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        let line = status.lines().find_map(|line| line.strip_prefix(set)?.strip_prefix(":\t")).unwrap();
        assert_eq!(u64::from_str_radix(line, 16).unwrap(), 1 << 12 | 1 << 10 | 1 << 13, "{set}");
    }
    let log = scratch.path().join("log");
    lives_and_stops(manager, &log);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(!log.contains("denied") && !log.contains("not permitted"), "{log}");
}

#[test]
fn a_gateway_that_was_killed_starts_again_and_is_told_by_the_doctor() {
    let scratch = Scratch::new("killed");
    let config = gateway_config(&scratch, "");
    // Both runs and the doctor share one network: the script's.
    let script = format!(
        "{NETWORK}
\"$0\" gateway --config \"$1\" &
first=$!
until \"$0\" ctl --run-dir \"$2\" status >/dev/null 2>&1; do kill -0 $first; done
kill -KILL $first
wait $first || true
\"$0\" gateway --config \"$1\" &
second=$!
until \"$0\" ctl --run-dir \"$2\" status >/dev/null 2>&1; do kill -0 $second; done
\"$0\" doctor --json --config \"$1\" >\"$3\"
kill -TERM $second
wait $second"
    );
    let (run, report) = (scratch.path().join("run"), scratch.path().join("report.json"));
    let output = apart().args(["sh", "-c", &script, GAPURA]).args([&config, &run, &report]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report["verdict"], "can-serve", "{report:#}");
    let of = |name: &str| {
        let all = report["findings"].as_array().unwrap();
        all.iter().find(|finding| finding["name"] == name).unwrap_or_else(|| panic!("{name} in {report:#}")).clone()
    };
    assert_eq!(of("state")["found"], "starting, 0 online");
    assert_eq!(of("second lock")["level"], "ok");
    assert_eq!(of("wan0, answers")["found"], "nobody does");
}

#[test]
fn nobody_is_refused_while_the_portal_starts_again() {
    let scratch = Scratch::new("handed");
    let config = gateway_config(&scratch, "");
    let script = format!("{NETWORK}\nexec python3 \"$1\" \"$0\" \"$2\"");
    let manager = crate::scratch::ours("tests/it/handover.py");
    let output = apart().args(["sh", "-c", &script, GAPURA]).args([&manager, &config]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said, "answered\nwaiting\nanswered\n");
}
