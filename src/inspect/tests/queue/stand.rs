//! One network namespace, in which packets to a port on loopback go through a queue.

use std::panic::resume_unwind;
use std::process::{Command, Stdio};
use std::sync::Once;
use std::thread;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

pub(crate) struct Stand {
    name: String,
}

impl Stand {
    /// A namespace for the test `tag`.
    pub(crate) fn new(tag: &str) -> Self {
        allow_namespaces();
        let stand = Self { name: format!("gi-{tag}-{:x}", std::process::id()) };
        run(&["ip", "netns", "add", &stand.name]);
        run(&["ip", "-n", &stand.name, "link", "set", "lo", "up"]);
        stand
    }

    /// The client's packets to `port` go through the queue, where somebody listens; flows whose packets come back with
    /// `blocked` in their mark are refused from then on. What a gate does, on the way out of a single host.
    pub(crate) fn lead_to_queue(&self, number: u16, port: u16, blocked: u32) {
        let marked = format!("{blocked:#x}/{blocked:#x}");
        for tables in ["iptables-nft", "ip6tables-nft"] {
            for protocol in ["tcp", "udp"] {
                let to = format!("{tables} -t mangle -A OUTPUT -p {protocol} --dport {port}");
                self.sh(&format!("{to} -m connmark ! --mark {marked} -j NFQUEUE --queue-num {number} --queue-bypass"));
            }
            self.sh(&format!(
                "{tables} -t mangle -A POSTROUTING -m mark --mark {marked} -j CONNMARK --set-xmark {marked}"
            ));
            self.sh(&format!("{tables} -A OUTPUT -p tcp -m mark --mark {marked} -j REJECT --reject-with tcp-reset"));
            self.sh(&format!("{tables} -A OUTPUT -m mark --mark {marked} -j REJECT"));
            self.sh(&format!("{tables} -A OUTPUT -m connmark --mark {marked} -j REJECT"));
        }
    }

    /// Takes the rules that lead to the queue away.
    pub(crate) fn withdraw(&self) {
        self.sh("iptables-nft -t mangle -F OUTPUT && ip6tables-nft -t mangle -F OUTPUT");
    }

    /// Waits until no packet waits for a verdict.
    pub(crate) fn wait_for_empty_queue(&self) {
        wait_until("every packet has its verdict", || {
            let queues = self.sh("cat /proc/net/netfilter/nfnetlink_queue");
            queues.lines().all(|line| line.split_whitespace().nth(2) == Some("0"))
        });
    }

    /// Runs `work` in a thread inside the namespace.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let path = format!("/run/netns/{}", self.name);
        thread::scope(|scope| {
            let inside = scope.spawn(move || {
                let namespace = std::fs::File::open(path).unwrap();
                move_into_link_name_space(std::os::fd::AsFd::as_fd(&namespace), Some(LinkNameSpaceType::Network))
                    .unwrap();
                work()
            });
            inside.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    /// Runs a shell line; it must succeed.
    pub(crate) fn sh(&self, line: &str) -> String {
        let output = self.command(line).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a shell line; whether it succeeded.
    pub(crate) fn try_sh(&self, line: &str) -> bool {
        self.command(line).output().unwrap().status.success()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, "sh", "-c", line]).stdin(Stdio::null());
        command
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).stderr(Stdio::null()).status();
    }
}

/// Waits until `ready` holds, at most half a minute.
pub(crate) fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    for _ in 0..1_500 {
        if ready() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("waited half a minute for: {what}");
}

fn run(words: &[&str]) {
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// In a user namespace `/run` belongs to somebody else: names of namespaces get a file system of their own.
fn allow_namespaces() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let map = std::fs::read_to_string("/proc/self/uid_map").unwrap();
        let whole_machine = map.split_whitespace().last() == Some("4294967295");
        if !whole_machine {
            let status = Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/run"]).status().unwrap();
            assert!(status.success(), "cannot mount a file system of our own on /run: run inside `unshare -Urnm`");
        }
    });
}
