//! Giving up root, seen in `/proc` by the process itself, a thread it starts and a child it starts.
//!
//! Without the test harness, which starts threads of its own: credentials are given up before there are two.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test program without harness")]

use std::process::Command;

use gapura_runtime::drop_privileges;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("dropped") {
        dropped();
    } else {
        root_is_given_up_but_for_three_capabilities();
        println!("root is given up but for three capabilities ... ok");
    }
}

fn root_is_given_up_but_for_three_capabilities() {
    let output = Command::new(std::env::current_exe().unwrap()).arg("dropped").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let identities = std::fs::read_to_string("/proc/self/uid_map").unwrap();
    if identities.split_whitespace().nth(2) == Some("1") {
        // A user namespace with one user has no second one to become.
        assert!(text.contains("that user must be mapped") || text.contains("unprivileged"), "{text}");
        return;
    }
    if !rustix::process::geteuid().is_root() {
        assert!(text.contains("unprivileged"), "{text}");
        return;
    }
    // CAP_NET_BIND_SERVICE (10), CAP_NET_ADMIN (12), CAP_NET_RAW (13).
    for who in ["self", "thread", "child"] {
        for field in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert!(text.contains(&format!("{who} {field}: 0000000000003400")), "{who} {field}\n{text}");
        }
        assert!(text.contains(&format!("{who} NoNewPrivs: 1")), "{who}\n{text}");
        assert!(text.contains(&format!("{who} Groups:\n")), "{who}\n{text}");
        assert!(text.contains(&format!("{who} Uid: ")) && !text.contains(&format!("{who} Uid: 0")), "{who}\n{text}");
    }
    assert!(text.contains("root again: no"), "{text}");
}

fn dropped() {
    match drop_privileges("nobody") {
        Ok(true) => {}
        Ok(false) => return println!("unprivileged"),
        Err(error) => return println!("{error}"),
    }
    let show = |who: &str, status: &str| {
        for line in status.lines() {
            println!("{who} {}", line.replace('\t', " ").trim_end());
        }
    };
    let read = || std::fs::read_to_string("/proc/thread-self/status").unwrap();
    show("self", &read());
    show("thread", &std::thread::spawn(read).join().unwrap());
    let child = Command::new("cat").arg("/proc/self/status").output().unwrap();
    show("child", &String::from_utf8_lossy(&child.stdout));
    let again = rustix::thread::set_thread_uid(rustix::process::Uid::ROOT);
    println!("root again: {}", if again.is_ok() { "yes" } else { "no" });
}
