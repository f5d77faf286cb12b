//! The resolver upstream: every name of [`crate::probe`], `*.example` and `*.test`, and what Windows asks for.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use super::Seen;
use crate::addr;
use crate::dns::{Data, Question, decode_question, encode_answer, framed, kind};

const TTL: u32 = 60;
/// What fits a UDP answer without EDNS (RFC 1035 section 4.2.1).
const MOST_UDP: usize = 512;
const NO_SUCH_NAME: u8 = 3;

pub(super) async fn serve_udp(socket: UdpSocket, seen: Arc<Seen>) {
    let mut buffer = vec![0; 4096];
    loop {
        let Ok((count, peer)) = socket.recv_from(&mut buffer).await else { continue };
        if let Some(answer) = buffer.get(..count).and_then(|query| answer(query, MOST_UDP, &seen))
            && let Err(error) = socket.send_to(&answer, peer).await
        {
            tracing::trace!(%error, "a resolver's client went away");
        }
    }
}

pub(super) async fn serve_tcp(mut stream: TcpStream, seen: Arc<Seen>) -> io::Result<()> {
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length).await?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query).await?;
        let Some(answer) = answer(&query, usize::from(u16::MAX), &seen) else { return Ok(()) };
        stream.write_all(&framed(&answer)).await?;
    }
}

fn answer(query: &[u8], most: usize, seen: &Seen) -> Option<Vec<u8>> {
    let question = decode_question(query)?;
    seen.note_question(&question.name);
    if seen.resolver_silent.load(Ordering::Relaxed) {
        return None;
    }
    let (rcode, records) = look_up(&question);
    Some(encode_answer(&question, rcode, &records, most))
}

/// `u0`..`u3` as the first label choose a server, `ttl7.` a TTL of 7 s, `gone.` no such name, `big.` needs TCP,
/// `ip-10-60-0-1.` leads to that address and to `fd00::10.60.0.1`, `dns.` to the resolver itself; all other names are server 0's.
fn look_up(question: &Question) -> (u8, Vec<(u32, Data)>) {
    let name = question.name.as_str();
    let label = name.split('.').next().unwrap_or_default();
    if label == "gone" || name.ends_with(".invalid") {
        return (NO_SUCH_NAME, Vec::new());
    }
    if name == "dns.msftncsi.com" {
        return (0, of_kind(question.kind, TTL, [131, 107, 255, 255].into(), NCSI6));
    }
    if label == "big" {
        let line = Data::Text("Gapura ".repeat(30));
        return (0, if question.kind == kind::TXT { vec![(TTL, line); 8] } else { Vec::new() });
    }
    if let Some(v4) = label.strip_prefix("ip-").and_then(|text| text.replace('-', ".").parse::<Ipv4Addr>().ok()) {
        let v6 = Ipv6Addr::from_bits((0xfd00 << 112) | u128::from(v4.to_bits()));
        return (0, of_kind(question.kind, TTL, v4.into(), v6.into()));
    }
    if label == "dns" {
        return (0, of_kind(question.kind, TTL, addr::DNS.0.into(), addr::DNS.1.into()));
    }
    let number = label.strip_prefix('u').and_then(|number| number.parse().ok()).filter(|n| *n < addr::SERVERS);
    let ttl = label.strip_prefix("ttl").and_then(|ttl| ttl.parse().ok()).unwrap_or(TTL);
    let (v4, v6) = addr::server(number.unwrap_or_default());
    (0, of_kind(question.kind, ttl, v4.into(), v6.into()))
}

const NCSI6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd3e, 0x4f5a, 0x5b81, 0, 0, 0, 0, 1));

fn of_kind(wanted: u16, ttl: u32, v4: IpAddr, v6: IpAddr) -> Vec<(u32, Data)> {
    match wanted {
        kind::A => vec![(ttl, Data::Address(v4))],
        kind::AAAA => vec![(ttl, Data::Address(v6))],
        _ => Vec::new(),
    }
}
