//! Traffic that shows gaps and leaks: a numbered TCP stream, UDP at 100/s, and an outsider who keeps trying.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::addr::port;
use crate::clock::Stopwatch;
use crate::http::connect;
use crate::{LabError, Ns};

/// Pace of the UDP stream and of the outsider.
const TICK: Duration = Duration::from_millis(10);
/// No background traffic lasts longer.
const LONGEST: Duration = Duration::from_mins(10);

/// What a stream went through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GapReport {
    /// Numbers (TCP) or datagrams (UDP) that arrived.
    pub arrived: u64,
    /// Datagrams sent (UDP) or the last number plus one (TCP).
    pub sent: u64,
    /// Longest time without an arrival.
    pub longest_gap: Duration,
    /// Numbers arrived in order, none twice, none missing (TCP); always set for UDP.
    pub in_order: bool,
    /// Why it ended before it was stopped.
    pub broken: Option<String>,
}

/// What an outsider managed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// Attempts.
    pub tried: u64,
    /// Attempts that upstream answered.
    pub got_through: u64,
}

/// Traffic going on in the background until stopped.
#[derive(Debug)]
pub struct Running<T> {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<T, LabError>>>,
}

impl<T: Send + 'static> Running<T> {
    fn start(ns: &Ns, job: impl FnOnce(&AtomicBool) -> Result<T, LabError> + Send + 'static) -> Result<Self, LabError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (ns, flag) = (ns.handle(), Arc::clone(&stop));
        let inside = move || ns.move_in().and_then(|()| job(&flag));
        let thread = thread::Builder::new().name("lab-traffic".into()).spawn(inside);
        Ok(Self { stop, thread: Some(thread.map_err(LabError::io("start a thread"))?) })
    }

    /// Stops it and returns what was measured.
    pub fn stop(mut self) -> Result<T, LabError> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().ok_or_else(|| LabError::answer("traffic", "stopped twice"))?;
        thread.join().map_err(|_| LabError::answer("traffic", "its thread panicked"))?
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Whoever wanted the figures called `stop`.
            drop(thread.join());
        }
    }
}

/// Reads upstream's numbered stream (100 numbers a second over one TCP connection).
pub fn numbered_stream(ns: &Ns, server: IpAddr) -> Result<Running<GapReport>, LabError> {
    let to = SocketAddr::new(server, port::NUMBERED);
    let mut stream = ns.run(|| {
        let stream = connect(to, None, Duration::from_secs(3)).map_err(LabError::io(format!("connect to {to}")))?;
        stream.set_read_timeout(Some(TICK * 5)).map_err(LabError::io("set a timeout"))?;
        Ok(stream)
    })?;
    Running::start(ns, move |stop| Ok(read_numbers(&mut stream, stop)))
}

fn read_numbers(stream: &mut TcpStream, stop: &AtomicBool) -> GapReport {
    let mut report = GapReport { in_order: true, ..GapReport::default() };
    let (whole, mut since) = (Stopwatch::start(), Stopwatch::start());
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while !stop.load(Ordering::Relaxed) && whole.elapsed() < LONGEST {
        match stream.read(&mut buffer) {
            Ok(0) => {
                report.broken = Some("closed by upstream".into());
                break;
            }
            Ok(count) => {
                report.longest_gap = report.longest_gap.max(since.elapsed());
                since = Stopwatch::start();
                bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => {
                report.broken = Some(error.to_string());
                break;
            }
        }
        while let Some(number) = bytes.first_chunk::<8>().copied() {
            bytes.drain(..8);
            report.in_order &= u64::from_be_bytes(number) == report.arrived;
            report.arrived += 1;
            report.sent = report.arrived;
        }
    }
    report.longest_gap = report.longest_gap.max(since.elapsed());
    report
}

/// Sends 100 numbered datagrams a second to upstream's echo and times what comes back.
pub fn datagrams(ns: &Ns, server: IpAddr) -> Result<Running<GapReport>, LabError> {
    Running::start(ns, move |stop| {
        let socket = udp_to(SocketAddr::new(server, port::ECHO))?;
        let mut report = GapReport { in_order: true, ..GapReport::default() };
        let (whole, mut since) = (Stopwatch::start(), Stopwatch::start());
        let mut buffer = [0; 64];
        while !stop.load(Ordering::Relaxed) && whole.elapsed() < LONGEST {
            // A refusal is seen as a gap.
            let _ = socket.send(&report.sent.to_be_bytes());
            report.sent += 1;
            let tick = Stopwatch::start();
            while let Some(left) = Some(tick.left_of(TICK)).filter(|left| !left.is_zero()) {
                socket.set_read_timeout(Some(left)).map_err(LabError::io("set a timeout"))?;
                if socket.recv(&mut buffer).is_ok() {
                    report.arrived += 1;
                    report.longest_gap = report.longest_gap.max(since.elapsed());
                    since = Stopwatch::start();
                }
            }
        }
        report.longest_gap = report.longest_gap.max(since.elapsed());
        Ok(report)
    })
}

/// Tries every 10 ms, over UDP and TCP in turn, to reach upstream from where it should be impossible.
pub fn outsider(ns: &Ns, servers: Vec<IpAddr>) -> Result<Running<Outside>, LabError> {
    Running::start(ns, move |stop| {
        let mut seen = Outside::default();
        let whole = Stopwatch::start();
        let mut udp = Vec::new();
        for server in &servers {
            udp.push(udp_to(SocketAddr::new(*server, port::ECHO))?);
        }
        while !stop.load(Ordering::Relaxed) && whole.elapsed() < LONGEST {
            let tick = Stopwatch::start();
            for (server, socket) in servers.iter().zip(&udp) {
                seen.tried += 2;
                let sent = socket.send(b"outsider").is_ok();
                let mut buffer = [0; 64];
                let to = SocketAddr::new(*server, port::HTTPS);
                seen.got_through += u64::from(connect(to, None, TICK / 4).is_ok());
                socket.set_read_timeout(Some(TICK / 8)).map_err(LabError::io("set a timeout"))?;
                seen.got_through += u64::from(sent && socket.recv(&mut buffer).is_ok());
            }
            thread::sleep(tick.left_of(TICK));
        }
        Ok(seen)
    })
}

/// Downloads `bytes` from upstream's source; returns how many came before the end, a reset or the deadline.
/// Call it inside the visitor's namespace.
pub fn download(server: IpAddr, bytes: u64, limit: Duration) -> Result<Transfer, LabError> {
    let to = SocketAddr::new(server, port::SOURCE);
    let what = format!("download from {to}");
    let watch = Stopwatch::start();
    let mut stream = connect(to, None, limit).map_err(LabError::io(what.clone()))?;
    stream.write_all(format!("{bytes}\n").as_bytes()).map_err(LabError::io(what))?;
    let mut done = Transfer::default();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let left = watch.left_of(limit);
        if left.is_zero() {
            done.ended = Ended::Deadline;
            break;
        }
        // A zero timeout is refused by the system; `left` is not zero.
        let _ = stream.set_read_timeout(Some(left));
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => done.bytes += count as u64,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                done.ended = Ended::Deadline;
                break;
            }
            Err(_) => {
                done.ended = Ended::Reset;
                break;
            }
        }
    }
    done.took = watch.elapsed();
    Ok(done)
}

/// Uploads `bytes` to upstream's sink; `bytes` of the result is what the sink says it received, or zero when its answer
/// did not come back. Call it inside the visitor's namespace.
pub fn upload(server: IpAddr, bytes: u64, limit: Duration) -> Result<Transfer, LabError> {
    let to = SocketAddr::new(server, port::SINK);
    let what = format!("upload to {to}");
    let watch = Stopwatch::start();
    let mut stream = connect(to, None, limit).map_err(LabError::io(what))?;
    let piece = vec![b'g'; 64 << 10];
    let mut left = bytes;
    let mut done = Transfer::default();
    while left > 0 {
        let size = usize::try_from(left).unwrap_or(piece.len()).min(piece.len());
        if let Err(error) = stream.write_all(piece.get(..size).unwrap_or_default()) {
            done.ended = if error.kind() == ErrorKind::WouldBlock { Ended::Deadline } else { Ended::Reset };
            done.took = watch.elapsed();
            return Ok(done);
        }
        left -= size as u64;
    }
    let mut answer = String::new();
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.set_read_timeout(Some(watch.left_of(limit).max(TICK)));
    match stream.read_to_string(&mut answer) {
        Ok(_) => done.bytes = answer.trim().parse().unwrap_or_default(),
        Err(error) if error.kind() == ErrorKind::WouldBlock => done.ended = Ended::Deadline,
        Err(_) => done.ended = Ended::Reset,
    }
    done.took = watch.elapsed();
    Ok(done)
}

/// What a transfer brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Payload bytes at the receiver.
    pub bytes: u64,
    /// How it ended.
    pub ended: Ended,
    /// From before connecting to the end.
    pub took: Duration,
}

impl Transfer {
    /// Payload bits a second.
    pub fn bits_per_second(&self) -> f64 {
        self.bytes as f64 * 8.0 / self.took.as_secs_f64().max(0.001)
    }
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// All sent, closed in order.
    #[default]
    Whole,
    /// The connection was reset.
    Reset,
    /// Time was over.
    Deadline,
}

/// How a single attempt was refused or not. Call it inside the visitor's namespace.
pub fn knock(to: SocketAddr, limit: Duration) -> (Knock, Duration) {
    let watch = Stopwatch::start();
    let answer = match connect(to, None, limit) {
        Ok(_) => Knock::Open,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Knock::Refused,
        Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => Knock::Silent,
        Err(_) => Knock::Unreachable,
    };
    (answer, watch.elapsed())
}

/// The same over UDP, with the echo's answer as "open".
pub fn knock_udp(to: SocketAddr, limit: Duration) -> Result<(Knock, Duration), LabError> {
    let socket = udp_to(to)?;
    socket.set_read_timeout(Some(limit)).map_err(LabError::io("set a timeout"))?;
    let watch = Stopwatch::start();
    let mut buffer = [0; 64];
    let answer = match socket.send(b"knock").and_then(|_| socket.recv(&mut buffer)) {
        Ok(_) => Knock::Open,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Knock::Refused,
        Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => Knock::Silent,
        Err(_) => Knock::Unreachable,
    };
    Ok((answer, watch.elapsed()))
}

/// An attempt's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knock {
    /// It went through.
    Open,
    /// RST, or ICMP port unreachable.
    Refused,
    /// Another ICMP error (prohibited, no route).
    Unreachable,
    /// Nothing came.
    Silent,
}

fn udp_to(to: SocketAddr) -> Result<UdpSocket, LabError> {
    let local: SocketAddr =
        if to.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(local).map_err(LabError::io("open a UDP socket"))?;
    socket.connect(to).map_err(LabError::io(format!("reach {to}")))?;
    Ok(socket)
}
