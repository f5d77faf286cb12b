//! The resolver dies and is back: its sockets are kept, and no question is refused or lost meanwhile.

use std::time::Duration;

use crate::daemon::{NETWORK, apart};
use crate::scratch::{GAPURA, Scratch, ours, read};

/// From the kill to the next answer, on a machine that has nothing else to do.
const PROMISED: Duration = Duration::from_secs(1);
/// A test machine may be this much slower.
const SLOWER: u32 = 15;

#[test]
fn nobody_is_refused_while_the_resolver_starts_again() {
    let unit = read("deploy/systemd/gapura-gateway.service");
    assert!(unit.lines().any(|line| line == "RestartSec=100ms"), "the stand-in waits as long as systemd does");
    let scratch = Scratch::new("resolver");
    let text = format!(
        "[gateway]\nname = \"gw-1\"\ndata_dir = \"{0}/data\"\nrun_dir = \"{0}/run\"\n\
         [[lan]]\ninterface = \"br-lan\"\naddress = \"10.20.0.1/22\"\n[uplink]\ninterfaces = [\"wan0\"]\n\
         [dns]\nupstreams = [\"192.0.2.53:5300\"]\nsockets = 3\n\
         [controller]\nurl = \"https://127.0.0.1:9\"\npin = \"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"\n",
        scratch.path().display()
    );
    let config = scratch.file("gateway.toml", &text);
    let script = format!("{NETWORK}\nip addr add 192.0.2.53/32 dev lo\nexec python3 \"$1\" \"$0\" \"$2\" 5300");
    let manager = ours("tests/it/recovery.py");
    let output = apart().args(["sh", "-c", &script, GAPURA]).args([&manager, &config]).output().unwrap();
    let (said, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{log}");
    let seen: serde_json::Value =
        serde_json::from_str(said.trim()).unwrap_or_else(|error| panic!("{error}: {said}{log}"));
    eprintln!("{seen}");
    assert_eq!(seen["outcomes"], serde_json::json!({ "answered": seen["asked"] }), "{log}");
    assert!(seen["meanwhile"].as_array().unwrap().iter().all(|asked| asked.as_u64() >= Some(4)), "{seen}");
    for gap in seen["gaps"].as_array().unwrap() {
        assert!(gap.as_f64().unwrap() < (PROMISED * SLOWER).as_secs_f64(), "{seen}");
    }
    assert_eq!(seen["ended"], 0, "{log}");
    // Two that were handed over, and one more beside them.
    assert_eq!(seen["sockets"], serde_json::json!([3, 3]), "{log}");
    let socket = read("deploy/systemd/gapura-dns.socket");
    let named = |line: &str| socket.lines().filter(|other| *other == line).count();
    assert_eq!(
        (named("ListenDatagram=0.0.0.0:53"), named("ListenDatagram=[::]:53"), named("ReusePort=yes")),
        (2, 2, 1)
    );
}
