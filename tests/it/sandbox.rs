//! Everything the daemons do is allowed by the system-call filters of their units.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::daemon::{Manager, NETWORK, PATIENCE, apart, gateway_config};
use crate::office::controller_config;
use crate::scratch::{Scratch, read, said};

/// Traced, and still the direct child: what its service manager would see.
const STRACE: &str = "strace --daemonize --follow-forks --quiet=all --signal=none";

#[test]
fn the_gateway_stays_within_its_filter() {
    let scratch = Scratch::new("gateway-calls");
    let config = gateway_config(&scratch, "");
    let script =
        format!("{NETWORK}\nexport WATCHDOG_PID=$$\nexec {STRACE} --output \"$2\" \"$0\" gateway --config \"$1\"");
    let calls = calls_of(&scratch, apart(), &script, &config);
    assert!(calls.names.contains("unshare") && calls.families.contains("AF_NETLINK"), "{calls:?}");
    hold_to("gapura-gateway.service", &calls);
}

#[test]
fn the_controller_stays_within_its_filter() {
    let scratch = Scratch::new("controller-calls");
    let config = controller_config(&scratch);
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]);
    let script = format!("export WATCHDOG_PID=$$\nexec {STRACE} --output \"$2\" \"$0\" controller --config \"$1\"");
    let calls = calls_of(&scratch, command, &script, &config);
    assert!(calls.names.contains("listen"), "{calls:?}");
    hold_to("gapura-controller.service", &calls);
}

/// What a daemon and its children asked of the kernel.
#[derive(Debug, Default)]
struct Calls {
    names: BTreeSet<String>,
    /// Address families of sockets.
    families: BTreeSet<String>,
    /// Memory that could be written and executed.
    writable_code: Vec<String>,
}

/// Everything from start to stop.
fn calls_of(scratch: &Scratch, command: Command, script: &str, config: &Path) -> Calls {
    let trace = scratch.path().join("trace");
    let mut manager = Manager::start(scratch, command, script, &[config, &trace]);
    manager.hears("READY=1", PATIENCE);
    manager.hears("WATCHDOG=1", PATIENCE);
    manager.signal(Signal::TERM);
    manager.hears("STOPPING=1", PATIENCE);
    assert_eq!(manager.ends().code(), Some(0));
    let text = String::from_utf8_lossy(&std::fs::read(trace).unwrap()).into_owned();
    let mut calls = Calls::default();
    // `PID name(...`; what was interrupted goes on as `PID <... name resumed>`.
    for (head, arguments) in text.lines().filter_map(|line| line.split_once('(')) {
        let name = head.split_whitespace().nth(1).unwrap_or_default();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        calls.names.insert(name.to_owned());
        if name == "socket" {
            calls.families.insert(arguments.split(',').next().unwrap_or_default().to_owned());
        }
        if arguments.contains("PROT_WRITE|PROT_EXEC") {
            calls.writable_code.push(name.to_owned());
        }
    }
    calls
}

fn hold_to(unit: &str, calls: &Calls) {
    let text = read(&format!("deploy/systemd/{unit}"));
    let values = |key: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
    };
    let mut allowed = BTreeSet::new();
    for name in values("SystemCallFilter") {
        allow(&name, &mut allowed);
    }
    let refused: Vec<&String> = calls.names.difference(&allowed).collect();
    assert!(refused.is_empty(), "{unit} refuses {refused:?}");
    let families: BTreeSet<String> = values("RestrictAddressFamilies").into_iter().collect();
    let refused: Vec<&String> = calls.families.difference(&families).collect();
    assert!(refused.is_empty(), "{unit} refuses sockets of {refused:?}");
    assert!(calls.writable_code.is_empty(), "{unit} refuses {:?}", calls.writable_code);
}

/// A group (`@system-service`) holds calls and further groups.
fn allow(name: &str, allowed: &mut BTreeSet<String>) {
    if !name.starts_with('@') {
        allowed.insert(name.to_owned());
        return;
    }
    let output = Command::new("systemd-analyze").args(["syscall-filter", name]).output().unwrap();
    let lines = said(&output);
    for member in
        lines.lines().filter(|line| line.starts_with(' ')).map(str::trim).filter(|line| !line.starts_with('#'))
    {
        allow(member, allowed);
    }
}
