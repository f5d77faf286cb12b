//! The web server upstream: every system's true probe answer, and a page that says which server it is.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Seen;
use crate::probe::answer_for;

const MOST_HEAD: usize = 16 << 10;

/// Text every page of upstream server 0 holds; no portal's page does.
pub const UPSTREAM_PAGE: &str = "Internet lab server 0";

/// HTTP/1.1 with keep-alive; bodies of requests are not read (none of the visitors' probes has one).
pub(super) async fn serve(mut stream: TcpStream, number: u8, seen: Arc<Seen>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let peer = stream.peer_addr()?;
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 4096];
    loop {
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            let count = stream.read(&mut buffer).await?;
            if count == 0 || bytes.len() > MOST_HEAD {
                return Ok(());
            }
            bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        };
        let head: Vec<u8> = bytes.drain(..end).collect();
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split_ascii_whitespace().nth(1).unwrap_or("/");
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(':'));
            lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        let close = header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let mut extra = String::new();
        let (status, body) = match answer_for(header("host").unwrap_or_default(), path) {
            Some(answer) => {
                if let Some((name, value)) = answer.header {
                    extra = format!("{name}: {value}\r\n");
                }
                (answer.status, answer.body.to_owned())
            }
            None if path.starts_with("/whoami") => (200, format!("{}\n", peer.ip())),
            None => (200, format!("Internet lab server {number}: {} {path}\n", header("host").unwrap_or("no host"))),
        };
        seen.requests.fetch_add(1, Ordering::Relaxed);
        let length = if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let kind = if close { "close" } else { "keep-alive" };
        let answer = format!(
            "HTTP/1.1 {status} Lab\r\nContent-Type: text/html\r\n{length}{extra}Connection: {kind}\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).await?;
        seen.sent.fetch_add(answer.len() as u64, Ordering::Relaxed);
        if close {
            return stream.shutdown().await;
        }
    }
}
