//! Plain DNS: each question on a socket, port, id and spelling of its own (RFC 5452), over TCP where UDP is not enough.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::miss::Miss;
use super::question::{Fit, Question};
use crate::counters::Counters;
use crate::message::{RCODE, TC, at, rcode, word};

/// Largest UDP answer read, octets; above what we offer, for servers that do not heed it.
const UDP_BUFFER: usize = 4096;
/// Wrong datagrams after which somebody is guessing, and the question moves to TCP.
const MOST_WRONG: u32 = 16;

/// Asks `upstream` until it answers; the caller bounds the time. Dropping the future closes the socket.
pub(crate) async fn ask(upstream: SocketAddr, question: &Question, counters: &Counters) -> Result<Vec<u8>, Miss> {
    let local = if upstream.is_ipv4() {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
    } else {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
    };
    // Port 0: the kernel draws a random free port. Connected: it drops datagrams of any other address or port for us.
    let socket = UdpSocket::bind(local).await?;
    socket.connect(upstream).await?;
    socket.send(question.octets()).await?;
    let mut buffer = vec![0; UDP_BUFFER];
    let mut edns = true;
    let mut wrong = 0;
    loop {
        let length = socket.recv(&mut buffer).await?;
        let response = buffer.get(..length).unwrap_or_default();
        let flags = word(response, at::FLAGS).unwrap_or_default();
        match question.fit(response) {
            Fit::Whole | Fit::BareError if edns && matches!(flags & RCODE, rcode::FORMERR | rcode::NOTIMP) => {
                edns = false;
                socket.send(&question.without_edns()).await?;
            }
            Fit::Whole if flags & TC == 0 => return Ok(response.to_vec()),
            Fit::Whole => {
                // Cut: whole over TCP, and if that cannot be had the client is told that it is cut.
                let cut = response.to_vec();
                return Ok(ask_tcp(upstream, question, counters).await.unwrap_or(cut));
            }
            // Right but for the case: a server that does not keep it, or a guess. TCP tells.
            Fit::Caseless => return ask_tcp(upstream, question, counters).await,
            Fit::BareError | Fit::None => {
                counters.mismatched.one();
                wrong += 1;
                if wrong >= MOST_WRONG {
                    return ask_tcp(upstream, question, counters).await;
                }
            }
        }
    }
}

async fn ask_tcp(upstream: SocketAddr, question: &Question, counters: &Counters) -> Result<Vec<u8>, Miss> {
    counters.upstream_tcp.one();
    let mut stream = TcpStream::connect(upstream).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&question.framed()).await?;
    let length = stream.read_u16().await?;
    let mut response = vec![0; usize::from(length)];
    stream.read_exact(&mut response).await?;
    match question.fit(&response) {
        Fit::Whole | Fit::Caseless => Ok(response),
        Fit::BareError | Fit::None => Err(Miss::Mismatch),
    }
}
