//! Four namespaces: a gateway with a bridge, two visitors on its ports, and a host upstream.
//!
//! ```text
//! c1 10.7.0.11 fd07::11 --\                                       /-- up 198.51.100.1 2001:db8:100::1
//! c2 10.7.0.12 fd07::12 ---- br-lan 10.7.0.1 fd07::1 | wan0 .2 --/
//! ```

use std::io::{BufRead as _, BufReader};
use std::panic::resume_unwind;
use std::process::{Child, Command, Stdio};
use std::sync::{Once, mpsc};
use std::thread;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

pub(crate) struct Lab {
    tag: String,
}

const TOOL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/nft/tool.py");
const SIDES: [&str; 4] = ["gw", "c1", "c2", "up"];

impl Lab {
    /// Builds the namespaces; `tag` sets this test's apart from those of the others.
    pub(crate) fn new(tag: &str) -> Self {
        allow_namespaces();
        let lab = Self { tag: format!("kg-{tag}-{:x}", std::process::id()) };
        for side in SIDES {
            ip(&format!("netns add {}", lab.name(side)));
            ip(&format!("-n {} link set lo up", lab.name(side)));
        }
        let (gw, c1, c2, up) = (lab.name("gw"), lab.name("c1"), lab.name("c2"), lab.name("up"));
        ip(&format!("-n {gw} link add br-lan type bridge"));
        for (number, visitor) in [(1, &c1), (2, &c2)] {
            let mac = format!("02:00:00:00:00:1{number}");
            ip(&format!("-n {gw} link add lan{number} type veth peer name eth0 netns {visitor} address {mac}"));
            ip(&format!("-n {gw} link set lan{number} master br-lan up"));
            ip(&format!("-n {visitor} link set eth0 up"));
            ip(&format!("-n {visitor} addr add 10.7.0.1{number}/24 dev eth0"));
            ip(&format!("-n {visitor} addr add fd07::1{number}/64 dev eth0 nodad"));
        }
        ip(&format!("-n {gw} link set br-lan up"));
        ip(&format!("-n {gw} addr add 10.7.0.1/24 dev br-lan"));
        ip(&format!("-n {gw} addr add fd07::1/64 dev br-lan nodad"));
        ip(&format!("-n {gw} link add wan0 type veth peer name eth0 netns {up}"));
        ip(&format!("-n {gw} link set wan0 up"));
        ip(&format!("-n {up} link set eth0 up"));
        ip(&format!("-n {gw} addr add 198.51.100.2/24 dev wan0"));
        ip(&format!("-n {gw} addr add 2001:db8:100::2/64 dev wan0 nodad"));
        ip(&format!("-n {up} addr add 198.51.100.1/24 dev eth0"));
        ip(&format!("-n {up} addr add 2001:db8:100::1/64 dev eth0 nodad"));
        lab.sh("gw", "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
        ip(&format!("-n {gw} route add default via 198.51.100.1"));
        ip(&format!("-n {gw} -6 route add default via 2001:db8:100::1"));
        // The kernel's own limits on ICMP errors would hide ours.
        lab.sh("gw", "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; echo 0 >/proc/sys/net/ipv6/icmp/ratelimit");
        for visitor in [&c1, &c2] {
            ip(&format!("-n {visitor} route add default via 10.7.0.1"));
            ip(&format!("-n {visitor} -6 route add default via fd07::1"));
        }
        lab
    }

    /// The full name of a side's namespace.
    pub(crate) fn name(&self, side: &str) -> String {
        format!("{}-{side}", self.tag)
    }

    /// Runs `work` in a thread inside the gateway.
    pub(crate) fn gateway<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.inside("gw", work)
    }

    fn inside<T: Send>(&self, side: &str, work: impl FnOnce() -> T + Send) -> T {
        let path = format!("/run/netns/{}", self.name(side));
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

    /// Runs a shell line on a side; it must succeed.
    pub(crate) fn sh(&self, side: &str, line: &str) -> String {
        let (good, text) = self.try_sh(side, line);
        assert!(good, "{side}: {line}: {text}");
        text
    }

    /// Runs a shell line on a side: whether it succeeded, and what it printed.
    pub(crate) fn try_sh(&self, side: &str, line: &str) -> (bool, String) {
        let output = self.command(side, line).stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text)
    }

    /// Runs our Python program on a side; what it printed.
    pub(crate) fn py(&self, side: &str, arguments: &str) -> String {
        self.sh(side, &format!("python3 {TOOL} {arguments}")).trim().to_owned()
    }

    /// Starts it; its lines come over the channel.
    pub(crate) fn py_lines(&self, side: &str, arguments: &str) -> (Background, mpsc::Receiver<String>) {
        let mut child = self
            .command(side, &format!("exec python3 -u {TOOL} {arguments}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (to, lines) = mpsc::channel();
        thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| drop(to.send(line))));
        (Background(child), lines)
    }

    fn command(&self, side: &str, line: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(side), "sh", "-c", line]);
        command
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for side in SIDES {
            let _ = Command::new("ip").args(["netns", "del", &self.name(side)]).stderr(Stdio::null()).status();
        }
    }
}

pub(crate) struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until `ready` holds, at most ten seconds.
pub(crate) fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    for _ in 0..500 {
        if ready() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("waited ten seconds for: {what}");
}

fn ip(line: &str) {
    let output = Command::new("ip").args(line.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "ip {line}: {}", String::from_utf8_lossy(&output.stderr));
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
