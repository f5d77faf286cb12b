//! One question to one upstream: its own socket, port, id and spelling (RFC 5452), over TCP where UDP is not enough.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::counters::Counters;
use crate::message::{CD, HEADER, IN, OPCODE, QR, RCODE, RD, TC, at, put_word, rcode, word};
use crate::query::Query;
use crate::reply::put_opt;

/// Largest UDP answer read, octets; above what we offer, for servers that do not heed it.
const UDP_BUFFER: usize = 4096;
/// Wrong datagrams after which somebody is guessing, and the question moves to TCP.
const MOST_WRONG: u32 = 16;

/// An upstream gave no answer.
#[derive(Debug, Error)]
pub(crate) enum Miss {
    /// The network said no, or there is no way there.
    #[error("the upstream could not be reached: {0}")]
    Network(#[from] io::Error),
    /// What came over TCP answers something else.
    #[error("the upstream answered another question over TCP")]
    Mismatch,
    /// No randomness for id and spelling.
    #[error("the system gave no random numbers")]
    Entropy,
}

/// A question as it goes out.
pub(crate) struct Question {
    message: Vec<u8>,
    /// Where question section ends and the OPT record begins.
    end: usize,
}

/// How well a datagram fits the question.
#[derive(Debug, PartialEq, Eq)]
enum Fit {
    /// Id, name to the letter, type and class.
    Whole,
    /// All but the letters' case.
    Caseless,
    /// An error for our id without any question: servers that do not know EDNS.
    BareError,
    /// Something else.
    None,
}

impl Question {
    /// The client's question with an id and a spelling of our own, DO and CD as the client set them.
    pub(crate) fn new(query: &Query) -> Result<Self, Miss> {
        // Two octets of id and one bit for each octet of the longest name.
        let mut random = [0_u8; 34];
        getrandom::fill(&mut random).map_err(|_| Miss::Entropy)?;
        let (id, spelling) = random.split_at(2);
        let mut message = vec![0; HEADER];
        put_word(&mut message, at::ID, word(id, 0).unwrap_or_default());
        // AD asks for the AD bit in the answer (RFC 6840 section 5.7).
        put_word(&mut message, at::FLAGS, RD | crate::message::AD | (query.flags & CD));
        put_word(&mut message, at::QUESTIONS, 1);
        message.extend(query.name.wire().iter().enumerate().map(|(index, octet)| {
            let bit = spelling.get(index / 8).is_some_and(|bits| bits & 1 << (index % 8) != 0);
            if bit { octet.to_ascii_uppercase() } else { *octet }
        }));
        message.extend_from_slice(&query.qtype.to_be_bytes());
        message.extend_from_slice(&IN.to_be_bytes());
        let end = message.len();
        put_opt(&mut message, 0, query.dnssec(), &[]);
        Ok(Self { message, end })
    }

    fn without_edns(&self) -> Vec<u8> {
        let mut plain = self.message.get(..self.end).unwrap_or_default().to_vec();
        put_word(&mut plain, at::ADDITIONALS, 0);
        plain
    }

    fn fit(&self, response: &[u8]) -> Fit {
        let flags = word(response, at::FLAGS).unwrap_or_default();
        if word(response, at::ID) != word(&self.message, at::ID) || flags & QR == 0 || flags & OPCODE != 0 {
            return Fit::None;
        }
        let questions = word(response, at::QUESTIONS);
        if questions == Some(0) && matches!(flags & RCODE, rcode::FORMERR | rcode::NOTIMP) {
            return Fit::BareError;
        }
        let (Some(ours), Some(theirs)) = (self.message.get(HEADER..self.end), response.get(HEADER..self.end)) else {
            return Fit::None;
        };
        // Type and class hold no letters that matter: compared to the octet even where the name's case is let go.
        let fixed = ours.len().saturating_sub(4);
        if questions != Some(1) || ours.get(fixed..) != theirs.get(fixed..) {
            Fit::None
        } else if ours == theirs {
            Fit::Whole
        } else if ours.eq_ignore_ascii_case(theirs) {
            Fit::Caseless
        } else {
            Fit::None
        }
    }
}

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
    socket.send(&question.message).await?;
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
    let length = u16::try_from(question.message.len()).unwrap_or_default();
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(&question.message);
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut response = vec![0; usize::from(length)];
    stream.read_exact(&mut response).await?;
    match question.fit(&response) {
        Fit::Whole | Fit::Caseless => Ok(response),
        Fit::BareError | Fit::None => Err(Miss::Mismatch),
    }
}
