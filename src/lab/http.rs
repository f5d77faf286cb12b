//! A small HTTP/1.1 client, as plain as the worst phone's: blocking, one connection a request, no cookies.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::LabError;
use crate::clock::Stopwatch;
use crate::text::put;

mod form;
pub use form::{Field, Form, forms};

/// Largest answer read, in bytes; downloads that are to be counted go over the byte source instead.
const MOST: usize = 64 << 20;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST` ..
    pub method: &'static str,
    /// Value of `Host`.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Body; its length is added, and the content type of a form where no other stands among the headers.
    pub body: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers as they came.
    pub headers: Vec<(String, String)>,
    /// Body, chunks joined, not decompressed.
    pub body: Vec<u8>,
    /// From before connecting to the first byte.
    pub first_byte: Duration,
    /// From before connecting to the end.
    pub took: Duration,
}

impl Request {
    /// `GET path` of `host` as `user_agent`.
    pub fn get(host: &str, path: &str, user_agent: &str) -> Self {
        let headers = vec![("User-Agent".into(), user_agent.into()), ("Accept".into(), "*/*".into())];
        Self { method: "GET", host: host.into(), path: path.into(), headers, body: None }
    }

    /// The same with a form to post.
    pub fn post(host: &str, path: &str, user_agent: &str, body: String) -> Self {
        Self { method: "POST", body: Some(body), ..Self::get(host, path, user_agent) }
    }

    /// The same with one header more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut text =
            format!("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.method, self.path, self.host);
        for (name, value) in &self.headers {
            put(&mut text, format_args!("{name}: {value}\r\n"));
        }
        let body = self.body.as_deref().unwrap_or_default();
        if self.body.is_some() {
            if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                text.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            }
            put(&mut text, format_args!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(body);
        text.into_bytes()
    }
}

impl Reply {
    /// A header's value; names are compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Asks `to`, from the address `from` where one is given. Call it inside the asker's namespace.
pub fn exchange(to: SocketAddr, from: Option<IpAddr>, request: &Request, limit: Duration) -> Result<Reply, LabError> {
    let what = format!("{} http://{}{} at {to}", request.method, request.host, request.path);
    let watch = Stopwatch::start();
    let mut stream = connect(to, from, limit).map_err(LabError::io(what.clone()))?;
    stream.write_all(&request.bytes()).map_err(LabError::io(what.clone()))?;
    let mut bytes = Vec::new();
    let mut first_byte = None;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let left = watch.left_of(limit);
        if left.is_zero() || bytes.len() > MOST {
            return Err(LabError::Late { what, waited: watch.elapsed(), last: format!("{} bytes", bytes.len()) });
        }
        stream.set_read_timeout(Some(left)).map_err(LabError::io(what.clone()))?;
        let count = match stream.read(&mut buffer) {
            Ok(count) => count,
            // Some servers reset after `Connection: close`; what came complete counts.
            Err(error) if complete(&bytes) => {
                tracing::trace!(%error, "reset after a complete answer");
                0
            }
            Err(error) => return Err(LabError::io(what)(error)),
        };
        first_byte.get_or_insert_with(|| watch.elapsed());
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if count == 0 || complete(&bytes) {
            break;
        }
    }
    let took = watch.elapsed();
    let (status, headers, body) = parse(&bytes).ok_or_else(|| {
        LabError::answer(
            what.clone(),
            format!(
                "not an HTTP answer: {:?}",
                String::from_utf8_lossy(bytes.get(..80.min(bytes.len())).unwrap_or_default())
            ),
        )
    })?;
    Ok(Reply { status, headers, body, first_byte: first_byte.unwrap_or(took), took })
}

/// A TCP connection from `from` to `to`, made within `limit`.
pub fn connect(to: SocketAddr, from: Option<IpAddr>, limit: Duration) -> std::io::Result<std::net::TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(from) = from {
        socket.bind(&SocketAddr::new(from, 0).into())?;
    }
    socket.connect_timeout(&to.into(), limit)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_write_timeout(Some(limit))?;
    Ok(socket.into())
}

/// `http://host[:port]/path` taken apart; no other scheme.
pub fn split_url(url: &str) -> Option<(String, u16, String)> {
    let rest = url.strip_prefix("http://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let path = path.split('#').next().unwrap_or("/").to_owned();
    let (host, port) = if let Some(inner) = authority.strip_prefix('[') {
        let (host, after) = inner.split_once(']')?;
        (host, after.strip_prefix(':'))
    } else {
        authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)))
    };
    Some((host.to_owned(), port.map_or(Some(80), |port| port.parse().ok())?, path))
}

/// Whether a whole answer has come (by its length or last chunk).
fn complete(bytes: &[u8]) -> bool {
    let Some(at) = head_end(bytes) else { return false };
    let head = String::from_utf8_lossy(bytes.get(..at).unwrap_or_default()).to_ascii_lowercase();
    let body = bytes.get(at..).unwrap_or_default();
    if head.contains("transfer-encoding: chunked") {
        return body.ends_with(b"0\r\n\r\n");
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    match length {
        Some(length) => body.len() >= length,
        None => head.starts_with("http/1.1 204") || head.starts_with("http/1.1 304"),
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

type Parts = (u16, Vec<(String, String)>, Vec<u8>);

fn parse(bytes: &[u8]) -> Option<Parts> {
    let at = head_end(bytes)?;
    let head = String::from_utf8_lossy(bytes.get(..at)?).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split_ascii_whitespace().nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let body = bytes.get(at..)?;
    let chunked = headers
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked"));
    let body = if chunked { joined(body)? } else { body.to_vec() };
    Some((status, headers, body))
}

/// RFC 9112 section 7.1.
pub(crate) fn joined(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line_end = body.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(body.get(..line_end)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        let start = line_end.checked_add(2)?;
        let end = start.checked_add(size)?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(start..end)?);
        body = body.get(end.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_urls_taken_apart() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nGapu\r\n2\r\nra\r\n0\r\n\r\n";
        assert!(complete(bytes));
        assert!(!complete(&bytes[..bytes.len() - 3]));
        let (status, _, body) = parse(bytes).unwrap();
        assert_eq!((status, body.as_slice()), (200, b"Gapura".as_slice()));
        assert_eq!(split_url("http://10.60.0.1:8080/a?b#c").unwrap(), ("10.60.0.1".into(), 8080, "/a?b".into()));
        assert_eq!(split_url("http://[2001:db8::1]").unwrap(), ("2001:db8::1".into(), 80, "/".into()));
        assert_eq!(split_url("https://x/"), None);
    }
}
