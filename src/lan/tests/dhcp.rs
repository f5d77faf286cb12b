//! Our DHCP server with real clients: udhcpc, dhclient and dhcpcd.
#![expect(clippy::unwrap_used, reason = "helpers of tests; clippy sees only functions marked #[test] as such")]

mod world;

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use gapura_lan::{DhcpPlan, DhcpState, LanBridge, LanPlan, Leases, PoolAlert, PoolWatch, serve_dhcp};
use gapura_model::MacAddr;
use jiff::Timestamp;
use tokio::sync::{oneshot, watch};
use world::{World, eventually};

const API: &str = "https://gw-galeri.example.go.id/capport/v1";

/// A running server: its plan, its state, and how it ends.
struct Server {
    plans: watch::Sender<Option<DhcpPlan>>,
    state: watch::Receiver<DhcpState>,
    stop: oneshot::Sender<()>,
    kill: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    fn start(world: &World, plan: DhcpPlan) -> Self {
        let (plans, plan_seen) = watch::channel(Some(plan));
        let (state_told, state) = watch::channel(DhcpState::Off);
        let ((stop, stopped), (kill, killed)) = (oneshot::channel::<()>(), oneshot::channel::<()>());
        let thread = world.at_gateway(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let serve = serve_dhcp(plan_seen, state_told, async { stopped.await.unwrap_or_default() });
            runtime.block_on(async {
                tokio::select! {
                    Ok(()) = killed => {}
                    () = serve => {}
                }
            });
        });
        Self { plans, state, stop, kill, thread }
    }

    /// The process id of dnsmasq when it is ready: it listens on port 67.
    fn pid(&self, world: &World) -> u32 {
        eventually("dnsmasq", || {
            let DhcpState::Running(pid) = *self.state.borrow() else { return None };
            world.gateway("ss -Hlun sport = :67").contains(":67").then_some(pid)
        })
    }

    fn stop(self) {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap();
    }

    /// As `kill -9` would: nobody tells dnsmasq.
    fn die(self) {
        self.kill.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

#[test]
fn every_client_gets_an_address_and_the_portals_api() {
    let world = World::new("dhcp", "10.78.0.1/24");
    let server = Server::start(&world, plan(&world, 100, Some(API)));
    server.pid(&world);

    let script = script(&world, "udhcpc", &format!("env > {}", world.file("udhcpc.env").display()));
    world.visitor(&format!("udhcpc -i eth0 -f -n -q -t 20 -T 1 -O 114 -s {script}"));
    let seen = std::fs::read_to_string(world.file("udhcpc.env")).unwrap();
    let hex = API.bytes().fold(String::new(), |hex, octet| format!("{hex}{octet:02x}"));
    for wanted in ["ip=10.78.0.", "router=10.78.0.1", "dns=10.78.0.1", "subnet=255.255.255.0", "lease=1800", &hex] {
        assert!(seen.contains(wanted), "udhcpc: {wanted} in {seen}");
    }

    let script = self::script(&world, "dhclient", &format!("env > {}", world.file("dhclient.env").display()));
    let config =
        "option captive-portal code 114 = text;\nrequest subnet-mask, routers, domain-name-servers, captive-portal;\n";
    std::fs::write(world.file("dhclient.conf"), config).unwrap();
    let home = world.home.display();
    world.visitor(&format!("dhclient -1 -4 -d -sf {script} -cf {home}/dhclient.conf -lf {home}/dhclient.leases -pf {home}/dhclient.pid eth0 >/dev/null 2>&1 &"));
    let seen = eventually("dhclient's lease", || {
        std::fs::read_to_string(world.file("dhclient.env")).ok().filter(|seen| seen.contains("new_ip_address"))
    });
    end(&world.file("dhclient.pid"));
    assert!(seen.contains(&format!("new_captive_portal={API}")), "dhclient: {seen}");

    let script = self::script(&world, "dhcpcd", &format!("[ \"$reason\" = BOUND ] && env > {home}/dhcpcd.env || true"));
    let config =
        "define 114 string captive_portal\noption captive_portal\noption routers\noption domain_name_servers\n";
    std::fs::write(world.file("dhcpcd.conf"), config).unwrap();
    // It keeps its state in fixed places: give it its own.
    let own = "mount -t tmpfs none /run && mount -t tmpfs none /var/lib/dhcpcd";
    world.visitor(&format!(
        "unshare -m sh -c '{own} && exec dhcpcd -4 -1 -B -t 20 --noarp -f {home}/dhcpcd.conf -c {script} eth0' >{home}/dhcpcd.log 2>&1"
    ));
    let seen = std::fs::read_to_string(world.file("dhcpcd.env"))
        .unwrap_or_else(|_| std::fs::read_to_string(world.file("dhcpcd.log")).unwrap());
    for wanted in ["new_ip_address=10.78.0.", "new_routers=10.78.0.1", &format!("new_captive_portal={API}")] {
        assert!(seen.contains(wanted), "dhcpcd: {wanted} in {seen}");
    }

    let leases = leases(&world);
    let mac: MacAddr = world.visitor("cat /sys/class/net/eth0/address").trim().parse().unwrap();
    assert!(leases.iter().all(|(_, lease)| lease.mac == mac) && leases.used() >= 1);
    let (address, _) = leases.iter().next().unwrap();
    assert_eq!(leases.by_address(address).unwrap().mac, mac);
    server.stop();
}

#[test]
fn without_a_certificate_no_client_hears_of_an_api() {
    let world = World::new("plain", "10.78.0.1/24");
    let server = Server::start(&world, plan(&world, 100, None));
    server.pid(&world);
    let seen = udhcpc(&world).unwrap();
    assert!(seen.contains("ip=10.78.0.") && !seen.contains("opt114"), "{seen}");
    server.stop();
}

#[test]
fn a_full_pool_is_an_alert_and_a_wider_one_ends_it() {
    let world = World::new("full", "10.78.0.1/24");
    let small = plan(&world, 2, None);
    let pool = small.lan.pool().unwrap();
    let server = Server::start(&world, small);
    let before = server.pid(&world);
    let mut watch = PoolWatch::default();
    let mut told = Vec::new();
    for visitor in 1..=3 {
        world.visitor("ip link set eth0 down");
        world.visitor(&format!("ip link set eth0 address 02:00:00:00:00:0{visitor} up"));
        assert_eq!(udhcpc(&world).is_some(), visitor <= 2, "visitor {visitor}");
        told.extend(watch.observe(leases(&world).used(), pool));
    }
    assert_eq!(told, [PoolAlert::Full]);
    let wide = plan(&world, 100, None);
    let pool = wide.lan.pool().unwrap();
    server.plans.send(Some(wide)).unwrap();
    eventually("a server with the new plan", || (server.pid(&world) != before).then_some(()));
    assert!(udhcpc(&world).is_some());
    assert_eq!(leases(&world).used(), 3, "a restart forgets no lease");
    assert_eq!(watch.observe(leases(&world).used(), pool), Some(PoolAlert::Relieved));
    server.stop();
}

#[test]
fn a_dead_server_is_started_again_and_a_forgotten_one_replaced() {
    let world = World::new("die", "10.78.0.1/24");
    let server = Server::start(&world, plan(&world, 100, None));
    let first = server.pid(&world);
    rustix::process::kill_process(pid(first), rustix::process::Signal::KILL).unwrap();
    let second = eventually("a second server", || Some(server.pid(&world)).filter(|second| *second != first));

    server.die();
    assert!(is_running(second), "visitors still get addresses while the daemon is dead");
    assert!(udhcpc(&world).is_some());
    let server = Server::start(&world, plan(&world, 100, None));
    let third = eventually("a third server", || Some(server.pid(&world)).filter(|third| *third != second));
    assert!(!is_running(second), "never two at once");

    server.plans.send(None).unwrap();
    eventually("no server where none is wanted", || (*server.state.borrow() == DhcpState::Off).then_some(()));
    assert!(!is_running(third));
    server.stop();
}

fn plan(world: &World, most: u32, api: Option<&str>) -> DhcpPlan {
    let file = |name: &str| world.file(name).try_into().unwrap();
    let bridge = LanBridge { name: "br-lan".parse().unwrap(), address: "10.78.0.1".parse().unwrap(), prefix: 24, most };
    let lan = LanPlan {
        bridges: vec![bridge],
        api: api.map(|text| text.parse().unwrap()),
        lease: Duration::from_mins(30),
        leases: file("leases"),
        user: None,
    };
    DhcpPlan { lan, program: "/usr/sbin/dnsmasq".into(), config: file("dnsmasq.conf"), pid: file("dnsmasq.pid") }
}

#[expect(clippy::disallowed_methods, reason = "dnsmasq's own clock")]
fn leases(world: &World) -> Leases {
    Leases::parse(&std::fs::read_to_string(world.file("leases")).unwrap_or_default(), Timestamp::now())
}

/// What udhcpc was given, or nothing.
fn udhcpc(world: &World) -> Option<String> {
    let result = world.file("udhcpc.env");
    let _ = std::fs::remove_file(&result);
    let script = script(world, "udhcpc", &format!("[ \"$1\" = bound ] && env > {} || true", result.display()));
    world.visitor(&format!("udhcpc -i eth0 -f -n -q -t 3 -T 1 -O 114 -s {script}"));
    std::fs::read_to_string(result).ok()
}

fn script(world: &World, name: &str, body: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = world.file(&format!("{name}.sh"));
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn end(pid_file: &Path) {
    let text = eventually("a pid file", || std::fs::read_to_string(pid_file).ok().filter(|text| text.ends_with('\n')));
    rustix::process::kill_process(pid(text.trim().parse().unwrap()), rustix::process::Signal::TERM).unwrap();
}

fn pid(number: u32) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(number.try_into().unwrap()).unwrap()
}

/// Running, not merely unburied.
fn is_running(number: u32) -> bool {
    std::fs::read(format!("/proc/{number}/cmdline")).is_ok_and(|line| !line.is_empty())
}
