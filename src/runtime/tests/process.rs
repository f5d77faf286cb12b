//! What only a process of its own can show: the service manager's protocol, sockets handed over, two signals.
//! Each story runs this test program again in one of the roles of [`role`].
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests; clippy sees only functions marked #[test] as such"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gapura_runtime::{HandOver, HandedSocket, Service, Signal, Signals, Tasks};
use rustix::process::{Pid, Signal as Kill, kill_process};

const WAIT: Duration = Duration::from_secs(20);

/// The entry point of the child processes; on its own it does nothing.
#[test]
fn role() {
    let Some(role) = std::env::var_os("GAPURA_TEST_ROLE") else { return };
    match role.to_str().unwrap() {
        "daemon" => runtime().block_on(daemon()),
        "deaf" => runtime().block_on(deaf()),
        "sockets" => sockets(),
        other => panic!("no role {other}"),
    }
}

#[test]
fn the_service_manager_is_told_everything() {
    let path = PathBuf::from(format!("{}/gapura-notify-{}", std::env::temp_dir().display(), std::process::id()));
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let mut child = start("daemon", |command| {
        command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
    });
    let pid = Pid::from_child(&child);
    await_message(&socket, "READY=1");
    await_message(&socket, "STATUS=12 visitors online");
    for _ in 0..3 {
        await_message(&socket, "WATCHDOG=1");
    }
    kill_process(pid, Kill::HUP).unwrap();
    await_message(&socket, "RELOADING=1\nMONOTONIC_USEC=");
    await_message(&socket, "READY=1");
    kill_process(pid, Kill::TERM).unwrap();
    await_message(&socket, "STOPPING=1");
    assert!(child.wait().unwrap().success());
    std::fs::remove_file(path).unwrap();
}

#[test]
fn the_second_signal_ends_a_deaf_process() {
    let mut child = start("deaf", |_| {});
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let pid = Pid::from_child(&child);
    assert!(lines.any(|line| line == "started"));
    kill_process(pid, Kill::TERM).unwrap();
    assert!(lines.any(|line| line == "stopping"));
    kill_process(pid, Kill::INT).unwrap();
    assert!(lines.any(|line| line == "dropped [\"deaf\"]"));
    assert!(child.wait().unwrap().success());
}

#[test]
fn sockets_are_handed_over_by_name() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("[::1]:0").unwrap();
    // Connected before anybody accepts: a restart refuses nobody.
    let mut visitor = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    visitor.set_read_timeout(Some(WAIT)).unwrap();
    let address = udp.local_addr().unwrap();
    let exec = r#"LISTEN_PID=$$ exec "$0" --exact role --nocapture --test-threads=1 3<&0 4<&1 0<&- 1>&2"#;
    let mut child = Command::new("sh")
        .args(["-c", exec])
        .arg(std::env::current_exe().unwrap())
        .env("GAPURA_TEST_ROLE", "sockets")
        .env("LISTEN_FDS", "2")
        .env("LISTEN_FDNAMES", "portal:dns")
        .stdin(OwnedFd::from(tcp))
        .stdout(OwnedFd::from(udp))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut greeting = [0; 5];
    visitor.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"halo\n");
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
    assert!(text.contains(&format!("dns at {address}")), "{text}");
    assert!(text.contains("unclaimed []"), "{text}");
}

fn start(role: &str, change: impl FnOnce(&mut Command)) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "role", "--nocapture", "--test-threads=1"]).env("GAPURA_TEST_ROLE", role);
    command.stdout(Stdio::piped());
    change(&mut command);
    command.spawn().unwrap()
}

fn await_message(socket: &UnixDatagram, wanted: &str) {
    let mut buffer = [0; 512];
    loop {
        let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("waiting for {wanted}: {error}"));
        if String::from_utf8_lossy(&buffer[..length]).starts_with(wanted) {
            return;
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn daemon() {
    let mut signals = Signals::listen().unwrap();
    let tasks = Tasks::new();
    let service = Service;
    let stopping = tasks.stopping().clone();
    tasks.spawn("watchdog", async move { service.feed_watchdog(stopping, || async { true }).await });
    service.ready();
    service.status("12 visitors\nonline");
    while signals.next().await == Signal::Reload {
        service.reloading();
        service.ready();
    }
    service.stopping();
    let left = tasks.shutdown(WAIT, async { _ = signals.stop().await }).await;
    assert_eq!(left, gapura_runtime::Left::default());
}

async fn deaf() {
    let mut signals = Signals::listen().unwrap();
    let tasks = Tasks::new();
    tasks.spawn("deaf", std::future::pending::<()>());
    println!("\nstarted");
    assert_eq!(signals.next().await, Signal::Terminate);
    println!("stopping");
    let left = tasks.shutdown(Duration::from_hours(1), async { _ = signals.stop().await }).await;
    println!("dropped {:?}", left.dropped);
}

fn sockets() {
    let mut handed = HandOver::take().unwrap();
    let portal = handed.named("portal").pop();
    let Some(HandedSocket::Tcp(portal)) = portal else { panic!("not TCP: {portal:?}") };
    let (mut visitor, _) = portal.accept().unwrap();
    visitor.write_all(b"halo\n").unwrap();
    let dns = handed.named("dns").pop();
    let Some(HandedSocket::Udp(dns)) = dns else { panic!("not UDP: {dns:?}") };
    eprintln!("dns at {}", dns.local_addr().unwrap());
    eprintln!("unclaimed {:?}", handed.unclaimed());
    assert!(HandOver::take().unwrap().unclaimed().is_empty());
}
