//! Services that move and count bytes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpStream, UdpSocket};

use super::Seen;

const PIECE: usize = 64 << 10;
/// Pace of the numbered stream.
const TICK: Duration = Duration::from_millis(10);

/// RFC 862 over TCP.
pub(super) async fn echo(mut stream: TcpStream, seen: Arc<Seen>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; PIECE];
    loop {
        let count = stream.read(&mut buffer).await?;
        let Some(got) = buffer.get(..count).filter(|got| !got.is_empty()) else { return Ok(()) };
        seen.received.fetch_add(got.len() as u64, Ordering::Relaxed);
        stream.write_all(got).await?;
        seen.sent.fetch_add(got.len() as u64, Ordering::Relaxed);
    }
}

/// RFC 862 over UDP.
pub(super) async fn echo_datagrams(socket: UdpSocket, seen: Arc<Seen>) {
    let mut buffer = vec![0; PIECE];
    loop {
        // An ICMP error of a peer that is gone shows up here: the next datagram is somebody else's.
        let Ok((count, peer)) = socket.recv_from(&mut buffer).await else { continue };
        seen.received.fetch_add(count as u64, Ordering::Relaxed);
        let got = buffer.get(..count).unwrap_or_default();
        if socket.send_to(got, peer).await.is_ok() {
            seen.sent.fetch_add(count as u64, Ordering::Relaxed);
        }
    }
}

/// Swallows and counts; when the sender has finished, answers its count as a decimal line.
pub(super) async fn sink(mut stream: TcpStream, seen: Arc<Seen>) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    let mut total: u64 = 0;
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return stream.write_all(format!("{total}\n").as_bytes()).await;
        }
        total += count as u64;
        seen.received.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// Reads a decimal line, sends that many bytes, closes.
pub(super) async fn source(stream: TcpStream, seen: Arc<Seen>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    (&mut stream).take(32).read_line(&mut line).await?;
    let mut left: u64 = line.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
    let piece = vec![b'g'; PIECE];
    while left > 0 {
        let size = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        stream.write_all(piece.get(..size).unwrap_or_default()).await?;
        left -= size as u64;
        seen.sent.fetch_add(size as u64, Ordering::Relaxed);
    }
    stream.shutdown().await
}

/// An 8-byte big-endian counter every 10 ms, until the reader goes.
pub(super) async fn numbered(mut stream: TcpStream, seen: Arc<Seen>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut ticks = tokio::time::interval(TICK);
    for number in 0_u64.. {
        ticks.tick().await;
        stream.write_all(&number.to_be_bytes()).await?;
        seen.sent.fetch_add(8, Ordering::Relaxed);
    }
    Ok(())
}
