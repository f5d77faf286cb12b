//! What lies in deploy/ is understood by the programs it is for.

use std::process::Command;

use crate::scratch::{GAPURA, Scratch, ours, read};

const UNITS: [&str; 3] = ["gapura-gateway.service", "gapura-controller.service", "gapura-sysctl.service"];
/// Verified together with the service they start.
const SOCKETS: [&str; 2] = [PORTAL, "gapura-dns.socket"];
const PORTAL: &str = "gapura-portal.socket";

#[test]
fn systemd_finds_nothing_to_complain_about() {
    let scratch = Scratch::new("units");
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no"]);
    for name in UNITS {
        let text = read(&format!("deploy/systemd/{name}"));
        assert!(text.contains("=/usr/bin/gapura "), "{name} starts something else");
        // The program is not installed here; everything else is checked as it is.
        command.arg(scratch.file(name, &text.replace("/usr/bin/gapura", GAPURA)));
    }
    for name in SOCKETS {
        command.arg(scratch.file(name, &read(&format!("deploy/systemd/{name}"))));
    }
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn units_start_commands_that_exist() {
    for name in UNITS {
        let text = read(&format!("deploy/systemd/{name}"));
        let line = text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/gapura ")).unwrap();
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.push("--help");
        let output = Command::new(GAPURA).args(&words).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_unit_that_stops_for_good_does_so_on_a_bad_configuration_only() {
    for name in ["gapura-gateway.service", "gapura-controller.service"] {
        let text = read(&format!("deploy/systemd/{name}"));
        for wanted in
            ["Type=notify", "Restart=always", "RestartPreventExitStatus=78", "StartLimitIntervalSec=0", "WatchdogSec="]
        {
            assert!(text.lines().any(|line| line.starts_with(wanted)), "{name} lacks {wanted}");
        }
    }
}

#[test]
fn the_portal_socket_is_that_of_the_example() {
    let port =
        read("deploy/gateway.toml").lines().find_map(|line| line.strip_prefix("#http_port = ").map(str::to_owned));
    let (port, socket) = (port.unwrap(), read(&format!("deploy/systemd/{PORTAL}")));
    assert_eq!(socket.matches("ListenStream=").count(), socket.matches(&format!(":{port}\n")).count());
}

#[test]
fn users_are_made_as_the_units_want_them() {
    let scratch = Scratch::new("sysusers");
    let etc = scratch.path().join("etc");
    std::fs::create_dir(&etc).unwrap();
    let output = Command::new("systemd-sysusers")
        .arg(format!("--root={}", scratch.path().display()))
        .arg(ours("deploy/systemd/gapura.sysusers.conf"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let users = std::fs::read_to_string(etc.join("passwd")).unwrap();
    for name in ["gapura-gateway.service", "gapura-controller.service"] {
        let unit = read(&format!("deploy/systemd/{name}"));
        let user = unit.lines().find_map(|line| line.strip_prefix("User=")).unwrap();
        assert!(users.lines().any(|line| line.starts_with(&format!("{user}:"))), "{user} in {users}");
    }
}

#[test]
fn networkd_files_name_the_interfaces_of_the_example() {
    let config = read("deploy/gateway.toml");
    let all: String =
        ["10-gapura-wan0.network", "20-gapura-br-lan.netdev", "20-gapura-br-lan.network", "30-gapura-ports.network"]
            .iter()
            .map(|name| read(&format!("deploy/networkd/{name}")))
            .collect();
    for name in ["br-lan", "wan0"] {
        assert!(config.contains(&format!("\"{name}\"")) && all.contains(&format!("Name={name}")), "{name}");
    }
    assert!(config.contains("\"10.20.0.1/22\"") && all.contains("Address=10.20.0.1/22"));
    // Otherwise a restart of networkd takes the second lock away.
    assert!(read("deploy/networkd/networkd.conf.d/gapura.conf").contains("ManageForeignRoutingPolicyRules=no"));
}
