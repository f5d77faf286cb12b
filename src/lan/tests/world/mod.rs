//! A gateway and a visitor in network namespaces of their own, joined by a bridge.
#![expect(dead_code, reason = "each test program uses a part of it")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// The longest any condition is waited for.
pub(crate) const WAIT: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) gateway: String,
    pub(crate) visitor: String,
    pub(crate) home: PathBuf,
}

impl World {
    /// `br-lan` in the gateway's namespace with `address`, and the visitor's `eth0` on it.
    pub(crate) fn new(tag: &str, address: &str) -> Self {
        prepare();
        let name = |who: &str| format!("lan-{tag}-{}-{who}", std::process::id());
        let home = std::env::temp_dir().join(name("home"));
        std::fs::create_dir_all(&home).unwrap();
        let world = Self { gateway: name("gw"), visitor: name("v"), home };
        for space in [&world.gateway, &world.visitor] {
            run(&format!("ip netns add {space}"));
            run(&format!("ip -n {space} link set lo up"));
        }
        let (gateway, visitor) = (&world.gateway, &world.visitor);
        run(&format!("ip -n {gateway} link add br-lan type bridge forward_delay 0"));
        run(&format!("ip -n {gateway} link add port1 type veth peer name eth0 netns {visitor}"));
        run(&format!("ip -n {gateway} link set port1 master br-lan up"));
        run(&format!("ip -n {gateway} addr add {address} dev br-lan"));
        run(&format!("ip -n {gateway} link set br-lan up"));
        run(&format!("ip -n {visitor} link set eth0 up"));
        world
    }

    /// What `command` prints in the visitor's namespace; empty where it fails.
    pub(crate) fn visitor(&self, command: &str) -> String {
        let output =
            Command::new("sh").arg("-c").arg(format!("ip netns exec {} {command}", self.visitor)).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What `command` prints in the gateway's namespace; empty where it fails.
    pub(crate) fn gateway(&self, command: &str) -> String {
        said(&self.gateway, command)
    }

    /// Runs `work` in a thread of the gateway's namespace.
    pub(crate) fn at_gateway<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        inside(&self.gateway, work)
    }

    /// Runs `work` in a thread of the visitor's namespace.
    pub(crate) fn at_visitor<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        inside(&self.visitor, work)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for space in [&self.gateway, &self.visitor] {
            let _ = Command::new("ip").args(["netns", "del", space]).status();
        }
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// Waits until `condition` gives something.
pub(crate) fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let until = now() + WAIT;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn run(command: &str) {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

#[expect(clippy::disallowed_methods, reason = "a test waits with a deadline")]
fn now() -> Instant {
    Instant::now()
}

fn said(space: &str, command: &str) -> String {
    let output = Command::new("sh").arg("-c").arg(format!("ip netns exec {space} {command}")).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn inside<T: Send + 'static>(space: &str, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let space = File::open(Path::new("/run/netns").join(space)).unwrap();
    std::thread::spawn(move || {
        use std::os::fd::AsFd as _;
        move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        work()
    })
}

/// In a user namespace `/run` is somebody else's: put our own over it, in our own mount namespace.
fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let map = std::fs::read_to_string("/proc/self/uid_map").unwrap();
        if map.split_whitespace().nth(2) != Some("4294967295") {
            run("mount -t tmpfs tmpfs /run");
        }
    });
}
