//! Bytes delivered past a limit, counted by the receivers: TCP and UDP, up and down, IPv4 and IPv6.
//!
//! Staff let a visitor in on a plan of 2 MiB (both directions together); it then sends or fetches twice that. The figure is
//! what both receivers' kernels counted (IP bytes, headers included) minus the limit: at most zero, at least -65,536.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use gapura_lab::clock::Stopwatch;
use gapura_lab::config::{QUOTA, SiteWish};
use gapura_lab::daemon::Site;
use gapura_lab::traffic::{download, upload};
use gapura_lab::visit::Family;
use gapura_lab::{LabError, Ns, counters};
use serde_json::json;

use crate::cli::Effort;
use crate::site::{Stage, admit, ctl};
use crate::{BenchError, Line, Metric, Report};

const PORT: u16 = 9_000;
const DATAGRAM: usize = 1_400;
/// Datagrams a millisecond: about 180 Mbit/s.
const PACE: u64 = 16;
const LIMIT: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug)]
enum Way {
    TcpDown,
    TcpUp,
    UdpDown,
    UdpUp,
}

impl Way {
    const ALL: [(Self, &'static str); 4] =
        [(Self::TcpDown, "TCP down"), (Self::TcpUp, "TCP up"), (Self::UdpDown, "UDP down"), (Self::UdpUp, "UDP up")];
}

/// Measures all eight.
pub(crate) fn measure(stage: &Stage, effort: Effort, report: &mut Report) -> Result<(), BenchError> {
    let mut site = stage.site("quota", 1, SiteWish::default())?;
    let visitor = site.lab_mut().visitor_mut(1)?;
    visitor.join(Duration::from_secs(15))?;
    visitor.ipv6(Duration::from_secs(10))?;
    let rounds = effort.rounds(5, 2);
    for (way, name) in Way::ALL {
        for family in Family::BOTH {
            let case = format!("{QUOTA} bytes, {name}, {family}");
            let mut runs = Vec::new();
            for _ in 0..rounds {
                gapura_lab::signal::check()?;
                runs.push(one(&site, way, family.server())?);
            }
            report.add(&Line::alone("quota", &case, Metric::PastLimit, "bytes", runs))?;
        }
    }
    Ok(())
}

fn one(site: &Site, way: Way, server: IpAddr) -> Result<f64, BenchError> {
    let visitor = site.lab().visitor(1)?;
    let (here, there) = (visitor.ns(), site.lab().internet());
    admit(site, visitor.mac(), "kuota")?;
    let before = (counters::read(here)?, counters::read(there)?);
    let to = SocketAddr::new(server, PORT);
    match way {
        Way::TcpDown => drop(here.run(|| download(server, QUOTA * 2, LIMIT))?),
        Way::TcpUp => drop(here.run(|| upload(server, QUOTA * 2, LIMIT))?),
        Way::UdpUp => both(there, here, || swallow(to), || send(to, None))?,
        Way::UdpDown => both(there, here, || send_back(to), || ask_and_swallow(to))?,
    }
    let down = counters::read(here)?.since(before.0).received;
    let up = counters::read(there)?.since(before.1).received;
    // Ended by itself already, if the gateway has noticed.
    let _ = ctl(site, &json!({ "do": "kick", "who": { "mac": visitor.mac() }, "reason": "bench" }));
    Ok((down + up) as f64 - QUOTA as f64)
}

/// `first` in one namespace, `second` in the other, at once; each ends by its own deadline.
fn both(
    first_ns: &Ns,
    second_ns: &Ns,
    first: impl FnOnce() -> Result<(), LabError> + Send,
    second: impl FnOnce() -> Result<(), LabError> + Send,
) -> Result<(), BenchError> {
    thread::scope(|scope| {
        let running = scope.spawn(|| first_ns.run(first));
        let done = second_ns.run(second);
        let other = running.join().map_err(|_| LabError::answer("traffic", "its thread panicked"))?;
        done.and(other).map_err(BenchError::from)
    })
}

fn socket(at: SocketAddr) -> Result<UdpSocket, LabError> {
    let socket = UdpSocket::bind(at).map_err(LabError::io(format!("open a UDP socket at {at}")))?;
    socket.set_read_timeout(Some(Duration::from_millis(300))).map_err(LabError::io("set a timeout"))?;
    Ok(socket)
}

/// Sends twice the limit, paced, from `from` (or any address) until it is refused for good.
fn send(to: SocketAddr, from: Option<UdpSocket>) -> Result<(), LabError> {
    let any: SocketAddr = if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = match from {
        Some(socket) => socket,
        None => socket(any)?,
    };
    let watch = Stopwatch::start();
    let piece = [b'g'; DATAGRAM];
    for number in 0..QUOTA * 2 / DATAGRAM as u64 {
        // An ICMP refusal shows up as an error of the next send: going on is what a stubborn sender does.
        let _ = socket.send_to(&piece, to);
        if number % PACE == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        if watch.elapsed() > LIMIT {
            break;
        }
    }
    Ok(())
}

/// Receives until nothing came for 300 ms after the first datagram, or for three seconds at all.
fn swallow(at: SocketAddr) -> Result<(), LabError> {
    drain(&socket(at)?);
    Ok(())
}

fn drain(socket: &UdpSocket) {
    let watch = Stopwatch::start();
    let (mut got, mut buffer) = (0_u64, [0; 2048]);
    while watch.elapsed() < LIMIT * 2 {
        match socket.recv(&mut buffer) {
            Ok(_) => got += 1,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if got > 0 || watch.elapsed() > Duration::from_secs(3) {
                    break;
                }
            }
            Err(_) => {}
        }
    }
}

/// Waits for one datagram and answers with twice the limit.
fn send_back(at: SocketAddr) -> Result<(), LabError> {
    let socket = socket(at)?;
    socket.set_read_timeout(Some(LIMIT)).map_err(LabError::io("set a timeout"))?;
    let mut buffer = [0; 64];
    let (_, peer) = socket.recv_from(&mut buffer).map_err(LabError::io("wait for the visitor's datagram"))?;
    send(peer, Some(socket))
}

/// Asks (again and again, until the other end listens) and swallows what comes.
fn ask_and_swallow(to: SocketAddr) -> Result<(), LabError> {
    let any: SocketAddr = if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = socket(any)?;
    let mut buffer = [0; 2048];
    for _ in 0..10 {
        socket.send_to(b"go", to).map_err(LabError::io("ask for datagrams"))?;
        if socket.recv(&mut buffer).is_ok() {
            break;
        }
    }
    drain(&socket);
    Ok(())
}
