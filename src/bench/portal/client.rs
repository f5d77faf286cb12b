//! Many visitors' first requests: a new connection for each, a fixed number at once, on one thread.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gapura_lab::LabError;
use gapura_lab::clock::Stopwatch;
use rustix::event::{Timespec, epoll};
use socket2::{Domain, Socket, Type};

/// What a phone asks.
const REQUEST: &[u8] = b"GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/60.0.3112.32 Safari/537.36\r\n\
    Connection: close\r\nAccept-Encoding: gzip\r\n\r\n";
/// No answer takes longer than this, or it is a failure.
const PATIENCE: Duration = Duration::from_secs(3);
const EVENTS: usize = 64;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Seconds from before connecting to the end of the redirect, one for each answer.
    pub(crate) took: Vec<f64>,
    /// Connections that were refused, reset, or answered with anything but a redirect.
    pub(crate) failed: u64,
    /// How long it all took.
    pub(crate) lasted: Duration,
}

struct Talk {
    socket: Socket,
    since: Stopwatch,
    asked: bool,
    reply: Vec<u8>,
}

/// Asks `to` for `lasts`, from each of `sources` in turn, with `at_once` connections open. Call it inside the visitors'
/// namespace.
pub(crate) fn ask(to: SocketAddr, sources: &[IpAddr], at_once: usize, lasts: Duration) -> Result<Answers, LabError> {
    let queue = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(LabError::errno("make an event queue"))?;
    let mut talks: Vec<Option<Talk>> = Vec::new();
    talks.resize_with(at_once, || None);
    let mut answers = Answers::default();
    let mut sources = sources.iter().copied().cycle();
    let mut buffer = vec![0; 8192];
    let mut events = Vec::with_capacity(EVENTS);
    let whole = Stopwatch::start();
    loop {
        let more = whole.elapsed() < lasts;
        for (number, place) in talks.iter_mut().enumerate() {
            if place.as_ref().is_some_and(|talk| talk.since.elapsed() > PATIENCE) {
                *place = None;
                answers.failed += 1;
            }
            if place.is_none() && more {
                *place = Some(begin(to, sources.next(), &queue, number as u64)?);
            }
        }
        if talks.iter().all(Option::is_none) {
            break;
        }
        events.clear();
        let pause = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        let got = epoll::wait(&queue, rustix::buffer::spare_capacity(&mut events), Some(&pause));
        match got {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(LabError::errno("wait for answers")(errno)),
        }
        for event in &events {
            let number = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
            let Some(place) = talks.get_mut(number) else { continue };
            let Some(talk) = place else { continue };
            match go_on(talk, &mut buffer) {
                Next::Wait => continue,
                Next::Done => answers.took.push(talk.since.elapsed().as_secs_f64()),
                Next::Failed => answers.failed += 1,
            }
            *place = None;
        }
    }
    answers.lasted = whole.elapsed();
    Ok(answers)
}

enum Next {
    Wait,
    Done,
    Failed,
}

fn begin(to: SocketAddr, from: Option<IpAddr>, queue: &rustix::fd::OwnedFd, number: u64) -> Result<Talk, LabError> {
    let failed = || LabError::io(format!("connect to {to}"));
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).map_err(failed())?;
    socket.set_nonblocking(true).map_err(failed())?;
    if let Some(from) = from {
        socket.bind(&SocketAddr::new(from, 0).into()).map_err(failed())?;
    }
    let since = Stopwatch::start();
    match socket.connect(&to.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(failed()(error)),
        Ok(()) | Err(_) => {}
    }
    let edges = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
    epoll::add(queue, &socket, epoll::EventData::new_u64(number), edges).map_err(LabError::errno("watch a socket"))?;
    Ok(Talk { socket, since, asked: false, reply: Vec::new() })
}

fn go_on(talk: &mut Talk, buffer: &mut [u8]) -> Next {
    if !talk.asked {
        match (&talk.socket).write(REQUEST) {
            Ok(count) if count == REQUEST.len() => talk.asked = true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Next::Wait,
            Ok(_) | Err(_) => return Next::Failed,
        }
    }
    loop {
        match (&talk.socket).read(buffer) {
            // The server closes: that is the end of the answer.
            Ok(0) if talk.reply.starts_with(b"HTTP/1.1 30") => return Next::Done,
            Ok(0) => return Next::Failed,
            Ok(count) => talk.reply.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Next::Wait,
            Err(_) => return Next::Failed,
        }
    }
}
