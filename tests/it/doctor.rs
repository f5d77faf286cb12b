//! `gapura doctor` in a network of its own.

use std::process::{Command, Output};

use serde_json::Value;

use crate::daemon::{apart, gateway_config};
use crate::scratch::{GAPURA, Scratch, gapura, said};

fn doctor(network: &str, config: &std::path::Path) -> (Output, Value) {
    let script = format!("{network}\nexec \"$0\" doctor --json --config \"$1\"");
    let mut command: Command = apart();
    let output = command.args(["sh", "-c", &script, GAPURA]).arg(config).output().unwrap();
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output, value)
}

fn finding<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["findings"].as_array().unwrap();
    all.iter().find(|finding| finding["name"] == name).unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

#[test]
fn a_machine_that_can_serve_is_told_from_one_that_cannot() {
    let scratch = Scratch::new("doctor");
    let config = gateway_config(&scratch, "");
    let (output, report) = doctor(crate::daemon::NETWORK, &config);
    assert_eq!(report["verdict"], "can-serve", "{report:#}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(finding(&report, "br-lan")["level"], "ok");
    assert_eq!(finding(&report, "gateway")["level"], "limited");

    let (output, report) = doctor("ip link set lo up", &config);
    assert_eq!(report["verdict"], "cannot-serve");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be served"), "{output:?}");
    assert_eq!(finding(&report, "br-lan")["level"], "prevents");
    assert!(finding(&report, "br-lan")["remedy"].as_str().unwrap().contains("bridge"));
}

#[test]
fn an_uplink_with_a_visitor_network_is_named() {
    let scratch = Scratch::new("doctor-clash");
    let config = gateway_config(&scratch, "");
    let network = format!("{}\nip addr add 10.20.1.9/24 dev wan0", crate::daemon::NETWORK);
    let (output, report) = doctor(&network, &config);
    assert_eq!(output.status.code(), Some(1));
    let clash = finding(&report, "subnets");
    assert!(clash["found"].as_str().unwrap().contains("10.20.1.0/24"), "{clash}");
}

#[test]
fn hidden_features_and_mistakes_are_told() {
    let scratch = Scratch::new("doctor-without");
    let config = gateway_config(&scratch, "without = [\"persist\", \"flying\"]\n");
    let (output, report) = doctor(crate::daemon::NETWORK, &config);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(finding(&report, "persist")["found"], "hidden by the configuration");
    assert!(finding(&report, "gateway.without")["found"].as_str().unwrap().contains("flying"));
}

#[test]
fn columns_with_addresses_are_listed() {
    let report: Value = serde_json::from_str(&said(&gapura(&["doctor", "privacy", "--json"]))).unwrap();
    let columns = report["columns"].as_array().unwrap();
    assert!(columns.iter().any(|column| column["table"] == "visit" && column["column"] == "mac"), "{report:#}");
    assert!(
        columns.iter().any(|column| column["database"] == "controller" && column["table"] == "account"),
        "{report:#}"
    );
    assert!(columns.iter().all(|column| column["until"].is_string() && column["holds"].is_string()));
    assert!(said(&gapura(&["doctor", "privacy"])).contains("visit.mac"));
}
