//! A running controller and its lists: archives as UT1 ships them, and a catalogue that changes.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::daemon::{Manager, PATIENCE};
use crate::scratch::{GAPURA, Scratch, said, wait};

/// A list is fetched, built into an index and noted, on a slow machine.
const LATER: Duration = Duration::from_mins(1);

const DEWASA: &str = r#"
[[list]]
id = "dewasa"
category = "dewasa"
title = "Pornografi"
holds = "names"
sources = ["adult.tar.gz"]
member = "adult/domains"
format = "domains"
licence = "CC-BY-SA-4.0"
guard = "100%"
"#;

const JUDI: &str = r#"
[[list]]
id = "judi"
category = "judi"
title = "Judi daring"
holds = "names"
sources = ["judi.txt"]
format = "domains"
licence = "CC0-1.0"
"#;

/// Packs a category as UT1 does, with the machine's own tar.
fn pack(scratch: &Scratch, names: u32) {
    let folder = scratch.path().join("adult");
    std::fs::create_dir_all(&folder).unwrap();
    let domains = (0..names).map(|number| format!("situs{number}.example")).collect::<Vec<_>>().join("\n");
    std::fs::write(folder.join("domains"), domains).unwrap();
    std::fs::write(folder.join("urls"), "lain.example/halaman\n").unwrap();
    let archive = scratch.path().join("adult.tar.gz");
    said(&Command::new("tar").arg("-C").arg(scratch.path()).arg("-czf").arg(archive).arg("adult").output().unwrap());
}

struct Office {
    scratch: Scratch,
}

impl Office {
    fn controller(&self, words: &[&str]) -> Value {
        let config = self.scratch.path().join("controller.toml");
        let mut command = Command::new(GAPURA);
        command.args(["controller", "--json", "--by", "ani", "--config"]).arg(config).args(words);
        serde_json::from_str(&said(&command.output().unwrap())).unwrap()
    }

    /// How many names a list has in force; none where nothing is.
    fn names(&self, list: &str) -> Option<u64> {
        let status = self.controller(&["lists", "status"]);
        let one = status["lists"].as_array().unwrap().iter().find(|one| one["id"] == list)?.clone();
        one["in_force"]["names"].as_u64()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.path().join("log")).unwrap()
    }
}

fn start() -> (Office, Manager) {
    let scratch = Scratch::new("lists-office");
    let config = crate::office::controller_config(&scratch);
    let lists = scratch.file("lists.toml", DEWASA);
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}lists = \"{}\"\n", lists.display())).unwrap();
    pack(&scratch, 100);
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]);
    // Nobody reads the socket all the time: a watchdog that is fed would fill it.
    let script = "unset WATCHDOG_USEC; exec \"$0\" controller --config \"$1\"";
    let mut manager = Manager::start(&scratch, command, script, &[&config]);
    manager.hears("READY=1", PATIENCE);
    (Office { scratch }, manager)
}

#[test]
fn a_list_in_an_archive_is_taken_and_a_damaged_archive_loses_nothing() {
    let (office, _manager) = start();
    wait("the server's own look", LATER, || (office.names("dewasa") == Some(100)).then_some(()));
    let archive = office.scratch.path().join("adult.tar.gz");
    pack(&office.scratch, 5000);
    let whole = std::fs::read(&archive).unwrap();
    let refresh = || office.controller(&["lists", "refresh", "dewasa"])["lists"][0].clone();
    for octets in [&whole[..whole.len() / 2], &whole[..whole.len() - 1], b"situs.example\n".as_slice()] {
        std::fs::write(&archive, octets).unwrap();
        let list = refresh();
        assert!(list["trouble"].as_str().is_some_and(|words| !words.is_empty()), "{list}");
        assert_eq!((&list["in_force"]["names"], &list["held"]), (&100.into(), &Value::Null), "{list}");
    }
    pack(&office.scratch, 120);
    let list = refresh();
    assert_eq!((&list["in_force"]["names"], &list["trouble"]), (&120.into(), &Value::Null), "{list}");
}

#[test]
fn a_changed_catalogue_is_taken_on_sighup_and_a_wrong_one_is_told() {
    let (office, mut manager) = start();
    wait("the server's own look", LATER, || (office.names("dewasa") == Some(100)).then_some(()));
    office.scratch.file("lists.toml", &DEWASA.replace("holds = \"names\"", "holds = \"nama\""));
    manager.signal(Signal::HUP);
    manager.hears("READY=1", PATIENCE);
    let log = office.log();
    assert!(log.contains("the one before stays") && log.contains("nama"), "{log}");
    // It goes on: a good one with a list more is taken, and its source looked at without waiting for the hour.
    office.scratch.file("judi.txt", "judi.example\n");
    office.scratch.file("lists.toml", &format!("{DEWASA}{JUDI}"));
    manager.signal(Signal::HUP);
    manager.hears("READY=1", PATIENCE);
    wait("the new list", LATER, || (office.names("judi") == Some(1)).then_some(()));
    assert_eq!(office.names("dewasa"), Some(100));
}
