//! Just enough DNS (RFC 1035) for a visitor's stub resolver and the upstream server.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::LabError;
use crate::clock::Stopwatch;
use crate::http::connect;

/// Record types the lab speaks.
pub mod kind {
    /// IPv4 address.
    pub const A: u16 = 1;
    /// Text.
    pub const TXT: u16 = 16;
    /// IPv6 address.
    pub const AAAA: u16 = 28;
}

/// Data of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A or AAAA.
    Address(IpAddr),
    /// TXT, its strings joined.
    Text(String),
    /// Any other type, by number.
    Other(u16),
}

/// A question: what was asked under which id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Message id.
    pub id: u16,
    /// Name in lower case, without the last dot.
    pub name: String,
    /// Record type.
    pub kind: u16,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Message id.
    pub id: u16,
    /// Response code: 0 good, 2 server failed, 3 no such name, 5 refused.
    pub rcode: u8,
    /// Cut short: ask again over TCP.
    pub truncated: bool,
    /// Authoritative answer bit.
    pub authoritative: bool,
    /// TTL in seconds and data of every answer record.
    pub records: Vec<(u32, Data)>,
}

impl Answer {
    /// The addresses in it.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let address = |(_, data): &(u32, Data)| match data {
            Data::Address(address) => Some(*address),
            Data::Text(_) | Data::Other(_) => None,
        };
        self.records.iter().filter_map(address).collect()
    }
}

/// Asks `server` over UDP, and again over TCP where the answer was cut. Call it inside the asker's namespace.
pub fn ask(server: SocketAddr, name: &str, kind: u16, limit: Duration) -> Result<Answer, LabError> {
    let answer = ask_udp(server, name, kind, limit)?;
    if answer.truncated { ask_tcp(server, name, kind, limit) } else { Ok(answer) }
}

/// Asks once over UDP; asks again after a third of `limit` when nothing comes.
pub fn ask_udp(server: SocketAddr, name: &str, kind: u16, limit: Duration) -> Result<Answer, LabError> {
    let what = format!("ask {server} for {name}");
    let local: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(local).map_err(LabError::io(what.clone()))?;
    socket.connect(server).map_err(LabError::io(what.clone()))?;
    socket.set_read_timeout(Some((limit / 3).max(Duration::from_millis(1)))).map_err(LabError::io(what.clone()))?;
    // The socket is connected and lives for one question: its port is the secret, the id need not be one.
    let id = socket.local_addr().map_or(1, |address| address.port());
    let query = encode_question(&Question { id, name: name.to_ascii_lowercase(), kind });
    let watch = Stopwatch::start();
    let mut buffer = [0; 4096];
    let mut last = String::new();
    while watch.elapsed() < limit {
        if let Err(error) = socket.send(&query) {
            return Err(LabError::io(what)(error));
        }
        match socket.recv(&mut buffer) {
            Ok(count) => {
                let answer = buffer.get(..count).and_then(decode_answer);
                if let Some(answer) = answer.filter(|answer| answer.id == id) {
                    return Ok(answer);
                }
                last = "an answer that is no DNS or not ours".into();
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => last = "no answer".into(),
            Err(error) => return Err(LabError::io(what)(error)),
        }
    }
    Err(LabError::Late { what, waited: watch.elapsed(), last })
}

/// Asks once over TCP.
pub fn ask_tcp(server: SocketAddr, name: &str, kind: u16, limit: Duration) -> Result<Answer, LabError> {
    let what = format!("ask {server} over TCP for {name}");
    let failed = || LabError::io(what.clone());
    let mut stream = connect(server, None, limit).map_err(failed())?;
    stream.set_read_timeout(Some(limit)).map_err(failed())?;
    let query = encode_question(&Question { id: 1, name: name.to_ascii_lowercase(), kind });
    stream.write_all(&framed(&query)).map_err(failed())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).map_err(failed())?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).map_err(failed())?;
    decode_answer(&message).ok_or_else(|| LabError::answer(what.clone(), "not a DNS answer"))
}

/// A message with its length before it, as over TCP (RFC 1035 section 4.2.2).
pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    bytes.extend_from_slice(message);
    bytes
}

/// A query with recursion desired.
pub fn encode_question(question: &Question) -> Vec<u8> {
    let mut message = question.id.to_be_bytes().to_vec();
    message.extend_from_slice(&[0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
    put_question(&mut message, question);
    message
}

/// The question of a query; `None` when it is not a query with exactly one.
pub fn decode_question(message: &[u8]) -> Option<Question> {
    let id = u16_at(message, 0)?;
    let (flags, questions) = (u16_at(message, 2)?, u16_at(message, 4)?);
    if flags & 0x8000 != 0 || questions != 1 {
        return None;
    }
    let (name, after) = name_at(message, 12)?;
    Some(Question { id, name, kind: u16_at(message, after)? })
}

/// An authoritative answer to `question`. `most` is how many bytes fit: records beyond are left out and TC is set.
pub fn encode_answer(question: &Question, rcode: u8, records: &[(u32, Data)], most: usize) -> Vec<u8> {
    let mut message = question.id.to_be_bytes().to_vec();
    message.extend_from_slice(&[0x85, 0x80 | (rcode & 0x0f), 0, 1, 0, 0, 0, 0, 0, 0]);
    put_question(&mut message, question);
    let mut count: u16 = 0;
    for (ttl, data) in records {
        let (kind, bytes) = match data {
            Data::Address(IpAddr::V4(v4)) => (kind::A, v4.octets().to_vec()),
            Data::Address(IpAddr::V6(v6)) => (kind::AAAA, v6.octets().to_vec()),
            Data::Text(text) => (kind::TXT, text_bytes(text)),
            Data::Other(kind) => (*kind, Vec::new()),
        };
        if message.len() + 12 + bytes.len() > most {
            if let Some(flags) = message.get_mut(2) {
                *flags |= 0x02;
            }
            break;
        }
        message.extend_from_slice(&[0xc0, 12]);
        message.extend_from_slice(&kind.to_be_bytes());
        message.extend_from_slice(&[0, 1]);
        message.extend_from_slice(&ttl.to_be_bytes());
        message.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or_default().to_be_bytes());
        message.extend_from_slice(&bytes);
        count = count.saturating_add(1);
    }
    if let Some(slot) = message.get_mut(6..8) {
        slot.copy_from_slice(&count.to_be_bytes());
    }
    message
}

/// An answer; `None` when it is none.
pub fn decode_answer(message: &[u8]) -> Option<Answer> {
    let flags = u16_at(message, 2)?;
    if flags & 0x8000 == 0 {
        return None;
    }
    let mut at = 12;
    for _ in 0..u16_at(message, 4)? {
        at = name_at(message, at)?.1.checked_add(4)?;
    }
    let mut records = Vec::new();
    for _ in 0..u16_at(message, 6)? {
        at = name_at(message, at)?.1;
        let kind = u16_at(message, at)?;
        let ttl = (u32::from(u16_at(message, at + 4)?) << 16) | u32::from(u16_at(message, at + 6)?);
        let start = at.checked_add(10)?;
        let end = start.checked_add(usize::from(u16_at(message, at + 8)?))?;
        let bytes = message.get(start..end)?;
        let data = match kind {
            kind::A => Data::Address(<[u8; 4]>::try_from(bytes).ok()?.into()),
            kind::AAAA => Data::Address(<[u8; 16]>::try_from(bytes).ok()?.into()),
            kind::TXT => Data::Text(String::from_utf8_lossy(bytes.get(1..).unwrap_or_default()).into_owned()),
            other => Data::Other(other),
        };
        records.push((ttl, data));
        at = end;
    }
    let [_, _, high, low] = *message.first_chunk::<4>()?;
    Some(Answer {
        id: u16_at(message, 0)?,
        rcode: low & 0x0f,
        truncated: high & 0x02 != 0,
        authoritative: high & 0x04 != 0,
        records,
    })
}

fn put_question(message: &mut Vec<u8>, question: &Question) {
    for label in question.name.split('.').filter(|label| !label.is_empty()) {
        let label = label.as_bytes().get(..label.len().min(63)).unwrap_or_default();
        message.push(u8::try_from(label.len()).unwrap_or_default());
        message.extend_from_slice(label);
    }
    message.push(0);
    message.extend_from_slice(&question.kind.to_be_bytes());
    message.extend_from_slice(&[0, 1]);
}

fn text_bytes(text: &str) -> Vec<u8> {
    let piece = text.as_bytes().get(..text.len().min(255)).unwrap_or_default();
    let mut bytes = vec![u8::try_from(piece.len()).unwrap_or_default()];
    bytes.extend_from_slice(piece);
    bytes
}

fn u16_at(message: &[u8], at: usize) -> Option<u16> {
    message.get(at..)?.first_chunk::<2>().map(|two| u16::from_be_bytes(*two))
}

/// The name at `at` and where it ends; pointers are followed at most 16 times.
fn name_at(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels: Vec<String> = Vec::new();
    let mut end = None;
    let mut jumps = 0;
    loop {
        let length = usize::from(*message.get(at)?);
        if length == 0 {
            return Some((labels.join("."), end.unwrap_or(at + 1)));
        }
        if length & 0xc0 == 0xc0 {
            jumps += 1;
            end.get_or_insert(at + 2);
            at = usize::from(u16_at(message, at)? & 0x3fff);
            if jumps > 16 {
                return None;
            }
            continue;
        }
        let label = message.get(at + 1..at + 1 + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += 1 + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_survives_the_wire_and_a_short_one_says_so() {
        let question = Question { id: 7, name: "www.contoh.example".into(), kind: kind::A };
        assert_eq!(decode_question(&encode_question(&question)), Some(question.clone()));
        let records = vec![(60, Data::Address([203, 0, 113, 10].into())), (60, Data::Text("halo".into()))];
        let answer = decode_answer(&encode_answer(&question, 0, &records, 512)).unwrap();
        assert_eq!((answer.records, answer.truncated, answer.authoritative), (records.clone(), false, true));
        let short = decode_answer(&encode_answer(&question, 0, &records, 60)).unwrap();
        assert!(short.truncated && short.records.len() == 1);
        assert_eq!(decode_answer(&[0xff; 20]), None);
    }
}
