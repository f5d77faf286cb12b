//! *A visitor's screen*: a door on the host's loopback through which a browser sees what the phone sees.
//!
//! Plain HTTP, one request a connection. Addresses of the portal inside answers are rewritten to the door's own, so that
//! links, forms and redirects stay on the screen; everything else is carried as it is.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::http::connect;
use crate::text::put;
use crate::{LabError, Ns};

const MOST_HEAD: usize = 64 << 10;
const MOST_BODY: usize = 8 << 20;
const MOST_AT_ONCE: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A door; closed when dropped.
#[derive(Debug)]
pub struct Screen {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Where a door leads.
#[derive(Clone, Debug)]
pub struct Behind {
    /// Address and port inside the namespace.
    pub to: SocketAddr,
    /// The host the far side expects in `Host`, and that is replaced by the door's own in what comes back.
    pub host: String,
}

impl Screen {
    /// Opens a door on 127.0.0.1:`port` (0 = any) of the namespace this process is in, into `ns`.
    pub fn open(ns: &Ns, behind: Behind, port: u16) -> Result<Self, LabError> {
        let failed = || LabError::io(format!("open a screen on 127.0.0.1:{port}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed())?;
        listener.set_nonblocking(true).map_err(failed())?;
        let address = listener.local_addr().map_err(failed())?;
        Self::serve(listener, address, ns, behind)
    }

    /// A door on 127.0.0.1:`port` (0 = any) that carries bytes unread, for TLS: the controller's ports.
    pub fn pipe(ns: &Ns, to: SocketAddr, port: u16) -> Result<Self, LabError> {
        let failed = || LabError::io(format!("open a door on 127.0.0.1:{port}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed())?;
        listener.set_nonblocking(true).map_err(failed())?;
        let address = listener.local_addr().map_err(failed())?;
        Self::stand(listener, address, ns, move |stream| carry_bytes(stream, to))
    }

    /// The same on a socket that listens already (one opened outside of a user namespace).
    pub fn serve(listener: TcpListener, address: SocketAddr, ns: &Ns, behind: Behind) -> Result<Self, LabError> {
        let own = address.to_string();
        Self::stand(listener, address, ns, move |stream| carry(stream, &behind, &own))
    }

    fn stand(
        listener: TcpListener,
        address: SocketAddr,
        ns: &Ns,
        serve: impl Fn(&TcpStream) -> Result<(), LabError> + Send + Sync + 'static,
    ) -> Result<Self, LabError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopping, ns, at_once) = (Arc::clone(&stop), ns.handle(), Arc::new(AtomicUsize::new(0)));
        let serve = Arc::new(serve);
        let thread = thread::Builder::new().name("lab-screen".into()).spawn(move || {
            while !stopping.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) if at_once.load(Ordering::Relaxed) < MOST_AT_ONCE => {
                        let (ns, serve, count) = (ns.handle(), Arc::clone(&serve), Arc::clone(&at_once));
                        count.fetch_add(1, Ordering::Relaxed);
                        let carried = thread::Builder::new().spawn(move || {
                            if let Err(error) = ns.move_in().and_then(|()| serve(&stream)) {
                                tracing::debug!(%error, "the screen could not carry a request");
                            }
                            count.fetch_sub(1, Ordering::Relaxed);
                        });
                        if carried.is_err() {
                            at_once.fetch_sub(1, Ordering::Relaxed);
                        }
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(LOOK_EVERY),
                    Err(error) => tracing::debug!(%error, "the screen cannot accept"),
                }
            }
        });
        let thread = thread.map_err(LabError::io("start the screen's thread"))?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// What to open in a browser.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Nothing to do about a thread that panicked.
            drop(thread.join());
        }
    }
}

/// Bytes both ways until one side has finished.
fn carry_bytes(browser: &TcpStream, to: SocketAddr) -> Result<(), LabError> {
    let failed = || LabError::io("carry bytes through a door");
    let far = connect(to, None, PATIENCE).map_err(failed())?;
    browser.set_nonblocking(false).map_err(failed())?;
    for stream in [browser, &far] {
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed())?;
    }
    thread::scope(|scope| {
        scope.spawn(|| pump(browser, &far));
        pump(&far, browser);
    });
    Ok(())
}

fn pump(mut from: &TcpStream, mut to: &TcpStream) {
    // Either side may go at any time: the other is told, and that is all there is to do.
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// One request there and its answer back.
fn carry(browser: &TcpStream, behind: &Behind, own: &str) -> Result<(), LabError> {
    let failed = || LabError::io("carry a page to the screen");
    browser.set_nonblocking(false).map_err(failed())?;
    browser.set_read_timeout(Some(PATIENCE)).map_err(failed())?;
    browser.set_write_timeout(Some(PATIENCE)).map_err(failed())?;
    let Some((head, body)) = read_message(browser)? else { return Ok(()) };
    let mut portal = connect(behind.to, None, PATIENCE).map_err(failed())?;
    portal.set_read_timeout(Some(PATIENCE)).map_err(failed())?;
    let own_url = format!("http://{own}");
    let far_url = format!("http://{}", behind.host);
    let mut request = String::new();
    for (number, line) in head.lines().filter(|line| !line.is_empty()).enumerate() {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            _ if number == 0 => request.push_str(line),
            "host" => put(&mut request, format_args!("Host: {}", behind.host)),
            "origin" | "referer" => request.push_str(&line.replace(&own_url, &far_url)),
            // Pages are rewritten, so they must come plain and whole.
            "connection" | "accept-encoding" | "upgrade-insecure-requests" | "if-none-match" => continue,
            _ => request.push_str(line),
        }
        request.push_str("\r\n");
    }
    request.push_str("Connection: close\r\n\r\n");
    portal.write_all(request.as_bytes()).and_then(|()| portal.write_all(&body)).map_err(failed())?;
    let Some((head, body)) = read_message(&portal)? else { return Ok(()) };
    let is_text =
        head.to_ascii_lowercase().contains("content-type: text/") || head.to_ascii_lowercase().contains("json");
    let body = match (is_text, String::from_utf8(body)) {
        (true, Ok(text)) => text.replace(&far_url, &own_url).into_bytes(),
        (false, Ok(text)) => text.into_bytes(),
        (_, Err(bytes)) => bytes.into_bytes(),
    };
    let mut answer = String::new();
    for line in head.lines().filter(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if !matches!(name.as_str(), "content-length" | "connection" | "transfer-encoding") {
            answer.push_str(&line.replace(&far_url, &own_url));
            answer.push_str("\r\n");
        }
    }
    put(&mut answer, format_args!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()));
    let mut browser = browser;
    browser.write_all(answer.as_bytes()).and_then(|()| browser.write_all(&body)).map_err(failed())
}

/// Head and body of one HTTP message; `None` when the other side closed without one.
fn read_message(mut stream: &TcpStream) -> Result<Option<(String, Vec<u8>)>, LabError> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(bytes.get(..at).unwrap_or_default()).into_owned();
            let body = bytes.split_off(at + 4);
            return Ok(Some((head.clone(), rest_of_body(stream, &head, body)?)));
        }
        let count = stream.read(&mut buffer).map_err(LabError::io("read a page for the screen"))?;
        if count == 0 || bytes.len() > MOST_HEAD {
            return Ok(None);
        }
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
}

fn rest_of_body(mut stream: &TcpStream, head: &str, mut body: Vec<u8>) -> Result<Vec<u8>, LabError> {
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let is_answer = lower.starts_with("http/");
    let chunked = lower.contains("transfer-encoding: chunked");
    let mut buffer = [0; 16 << 10];
    while body.len() < MOST_BODY {
        let done = match length {
            Some(length) => body.len() >= length,
            None => !is_answer || lower.starts_with("http/1.1 204") || lower.starts_with("http/1.1 304"),
        };
        if done {
            break;
        }
        // Without a length an answer ends with the connection, which we asked to be closed.
        let count = stream.read(&mut buffer).map_err(LabError::io("read a page for the screen"))?;
        if count == 0 {
            break;
        }
        body.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    if chunked {
        crate::http::joined(&body).ok_or_else(|| LabError::answer("read a page", "broken chunks"))
    } else {
        Ok(body)
    }
}
