//! `--help` of every command, and exit codes.

use std::process::Command;

use crate::scratch::{GAPURA, Scratch, gapura, said};

/// Every command that does something by itself with its help and that of the command above it, found by walking the help
/// texts.
fn leaves(path: &[String], above: &str, found: &mut Vec<(Vec<String>, String)>) {
    let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
    arguments.push("--help");
    let text = said(&gapura(&arguments));
    let below: Vec<&str> = text
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    for name in &below {
        let mut next = path.to_vec();
        next.push((*name).to_owned());
        leaves(&next, &text, found);
    }
    let runs_alone = text.lines().any(|line| line.starts_with("Usage:") && line.contains("[COMMAND]"));
    if below.is_empty() || runs_alone {
        found.push((path.to_vec(), format!("{text}{above}")));
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let mut found = Vec::new();
    leaves(&[], "", &mut found);
    let names: Vec<String> = found.iter().map(|(path, _)| path.join(" ")).collect();
    for wanted in
        ["gateway", "ctl status", "doctor", "doctor privacy", "setup", "controller", "controller site set", "migrate"]
    {
        assert!(names.iter().any(|name| name == wanted), "{wanted} is missing in {names:?}");
    }
    let without: Vec<&String> =
        found.iter().zip(&names).filter(|((_, text), _)| !text.contains("Example")).map(|(_, name)| name).collect();
    assert!(without.is_empty(), "no example in the help of {without:?}");
}

#[test]
fn wrong_use_ends_with_2() {
    for arguments in [&["fly"][..], &["gateway"], &["gateway", "--config"], &["setup"], &["ctl", "kick"]] {
        assert_eq!(gapura(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_bad_configuration_ends_with_78_and_names_every_mistake() {
    let scratch = Scratch::new("bad");
    let bad = "[gateway]\nname = \"gw-1\"\ncolour = \"red\"\n[[lan]]\ninterface = \"br-lan\"\naddress = \"10.20.0.1/22\"\n[uplink]\ninterfaces = [\"wan0\"]\nspeed = 1\n[portal]\nhttp_port = 70000\n";
    let gateway = scratch.file("gateway.toml", bad);
    let contradicts = scratch.file(
        "contradicts.toml",
        "[gateway]\nname = \"gw-1\"\nusage_interval = 0\n[[lan]]\ninterface = \"br-lan\"\naddress = \"10.20.0.1/22\"\n[uplink]\ninterfaces = [\"br-lan\"]\n",
    );
    let controller =
        scratch.file("controller.toml", "[controller]\nlisten = \"here\"\npublic_name = \"c\"\nport = 1\n");
    let absent = scratch.path().join("absent.toml");
    let expected = [
        ("gateway", &gateway, &["3:1", "9:1", "11:13", "colour"][..]),
        ("gateway", &contradicts, &["usage_interval", "uplink.interfaces", "give [controller]"]),
        ("gateway", &absent, &["absent.toml"]),
        ("controller", &controller, &["2:", "4:", "port"]),
        ("controller", &absent, &["absent.toml"]),
        ("migrate", &controller, &["2:", "port"]),
    ];
    for (command, file, wanted) in expected {
        let output = Command::new(GAPURA).arg(command).arg("--config").arg(file).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{command} {}: {text}", file.display());
        assert!(wanted.iter().all(|word| text.contains(word)), "{wanted:?} in {text}");
    }
}
