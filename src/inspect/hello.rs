//! The ClientHello (RFC 8446 section 4.1.2; older versions have the same form).

use std::net::IpAddr;

use gapura_model::Name;

use crate::octets::Octets;
use crate::{Asked, Over, Undecidable};

/// What a whole ClientHello says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Whom it asks for.
    pub asked: Asked,
    /// Whether it carries an encrypted ClientHello (RFC 9849): then [`Hello::asked`] is at best the name of the provider in
    /// front. Browsers send a hollow one to every server (GREASE ECH), made to look the same; then the name is the real one.
    pub ech: bool,
    /// The protocols it offers (ALPN, RFC 7301), those that are there only to be passed over (GREASE, RFC 8701) left out.
    pub alpn: Vec<Box<[u8]>>,
    /// What carried it.
    pub over: Over,
}

const CLIENT_HELLO: u8 = 1;
/// The header of a handshake message: its type and its length.
const HEADER: usize = 4;
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const ECH: u16 = 0xfe0d;
const HOST_NAME: u8 = 0;

impl Hello {
    /// Reads a handshake message from the front of `octets`; `None` while it is not whole.
    ///
    /// # Errors
    /// It is no ClientHello, it is over `longest`, or it breaks the rules.
    pub fn read(octets: &[u8], longest: usize, over: Over) -> Result<Option<Self>, Undecidable> {
        let mut reader = Octets::new(octets);
        match reader.u8() {
            None => return Ok(None),
            Some(CLIENT_HELLO) => {}
            Some(_) => return Err(Undecidable::NotTls),
        }
        let Some(length) = reader.u24().and_then(|length| usize::try_from(length).ok()) else { return Ok(None) };
        if length.saturating_add(HEADER) > longest {
            return Err(Undecidable::TooLong);
        }
        let Some(body) = reader.take(length) else { return Ok(None) };
        read_body(body, over).map(Some).ok_or(Undecidable::Malformed)
    }
}

/// `None` where it breaks the rules.
fn read_body(body: &[u8], over: Over) -> Option<Hello> {
    let mut hello = Hello { asked: Asked::Nobody, ech: false, alpn: Vec::new(), over };
    let mut body = Octets::new(body);
    // legacy_version, random, legacy_session_id, cipher_suites, legacy_compression_methods
    body.u16()?;
    body.take(32)?;
    body.vector8().filter(|session| session.len() <= 32)?;
    body.vector16().filter(|suites| suites.len() >= 2 && suites.len().is_multiple_of(2))?;
    body.vector8().filter(|methods| !methods.is_empty())?;
    if body.is_empty() {
        return Some(hello);
    }
    let mut extensions = Octets::new(body.vector16()?);
    if !body.is_empty() {
        return None;
    }
    let (mut name_seen, mut alpn_seen) = (false, false);
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let mut content = Octets::new(extensions.vector16()?);
        // More than one of a kind is forbidden, and which one counts would be the server's guess.
        match kind {
            SERVER_NAME if !std::mem::replace(&mut name_seen, true) => hello.asked = server_name(&mut content)?,
            ALPN if !std::mem::replace(&mut alpn_seen, true) => hello.alpn = protocols(&mut content)?,
            ECH if !hello.ech => hello.ech = true,
            SERVER_NAME | ALPN | ECH => return None,
            _ => {}
        }
    }
    Some(hello)
}

/// RFC 6066 section 3: a list, of which one of type `host_name` is all that was ever defined.
fn server_name(content: &mut Octets<'_>) -> Option<Asked> {
    let mut list = Octets::new(content.vector16()?);
    let mut asked = None;
    while !list.is_empty() {
        let (kind, name) = (list.u8()?, list.vector16()?);
        if kind == HOST_NAME && asked.replace(host_name(name)?).is_some() {
            return None;
        }
    }
    content.is_empty().then_some(asked?)
}

fn host_name(octets: &[u8]) -> Option<Asked> {
    let text = std::str::from_utf8(octets).ok()?;
    if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Some(Asked::Address(address));
    }
    text.parse::<Name>().ok().map(|name| Asked::Name(Box::new(name)))
}

fn protocols(content: &mut Octets<'_>) -> Option<Vec<Box<[u8]>>> {
    let mut list = Octets::new(content.vector16()?);
    let mut protocols = Vec::new();
    while !list.is_empty() {
        let protocol = list.vector8().filter(|protocol| !protocol.is_empty())?;
        if !is_grease(protocol) {
            protocols.push(protocol.into());
        }
    }
    content.is_empty().then_some(protocols)
}

/// The sixteen values of RFC 8701: two equal octets whose low half is 0xA.
fn is_grease(value: &[u8]) -> bool {
    matches!(value, [high, low] if high == low && high & 0x0f == 0x0a)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &[u8] = b"\x00\x00\x00\x10\x00\x0e\x00\x00\x0bexample.org";

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 1, 1, 0]);
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        let mut message = vec![1, 0];
        message.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        message.extend(body);
        message
    }

    fn read(extensions: &[u8]) -> Result<Hello, Undecidable> {
        Hello::read(&hello(extensions), 16_384, Over::Tcp).map(Option::unwrap)
    }

    fn asked_for(name: &[u8]) -> Result<Asked, Undecidable> {
        let length = |more: usize| u16::try_from(name.len() + more).unwrap().to_be_bytes();
        let extension = [&[0, 0][..], &length(5), &length(3), &[0], &length(0), name].concat();
        read(&extension).map(|hello| hello.asked)
    }

    #[test]
    fn names_are_lower_case_and_addresses_are_told_apart() {
        assert_eq!(asked_for(b"WWW.Example.org"), Ok(Asked::Name(Box::new("www.example.org".parse().unwrap()))));
        assert_eq!(asked_for(b"192.0.2.1"), Ok(Asked::Address("192.0.2.1".parse().unwrap())));
        assert_eq!(asked_for(b"[2001:db8::1]"), Ok(Asked::Address("2001:db8::1".parse().unwrap())));
        for wrong in [&b""[..], b"a b.example", b"a\0.example.org", b"\xff.example", b"example..org", &[b'a'; 300]] {
            assert_eq!(asked_for(wrong), Err(Undecidable::Malformed), "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn no_name_is_no_mistake() {
        assert_eq!(read(b"").unwrap().asked, Asked::Nobody);
        let mut without_extensions = hello(b"");
        without_extensions.truncate(without_extensions.len() - 2);
        without_extensions[3] -= 2;
        assert_eq!(Hello::read(&without_extensions, 16_384, Over::Tcp).unwrap().unwrap().asked, Asked::Nobody);
    }

    #[test]
    fn grease_is_passed_over_and_ech_is_seen() {
        let alpn = b"\x00\x10\x00\x08\x00\x06\x02\x3a\x3a\x02h2";
        let grease = b"\x5a\x5a\x00\x01\x00";
        let ech = b"\xfe\x0d\x00\x02\x00\x01";
        let hello = read(&[&grease[..], NAME, alpn, ech].concat()).unwrap();
        assert_eq!(hello.alpn, [Box::from(&b"h2"[..])]);
        assert!(hello.ech && hello.asked != Asked::Nobody);
    }

    #[test]
    fn what_two_servers_may_read_differently_is_refused() {
        for twice in [NAME, b"\x00\x10\x00\x05\x00\x03\x02h2", b"\xfe\x0d\x00\x00"] {
            assert_eq!(read(&[twice, twice].concat()), Err(Undecidable::Malformed));
        }
        let two_names = b"\x00\x00\x00\x0a\x00\x08\x00\x00\x01a\x00\x00\x01b";
        assert_eq!(read(two_names), Err(Undecidable::Malformed));
        let behind_the_list = b"\x00\x00\x00\x07\x00\x04\x00\x00\x01a\x00";
        assert_eq!(read(behind_the_list), Err(Undecidable::Malformed));
    }

    #[test]
    fn every_shorter_message_waits_and_every_other_type_is_refused() {
        let whole = hello(NAME);
        for length in 0..whole.len() {
            assert_eq!(Hello::read(&whole[..length], 16_384, Over::Tcp), Ok(None));
        }
        assert_eq!(Hello::read(&[2, 0, 0, 0], 16_384, Over::Tcp), Err(Undecidable::NotTls));
        assert_eq!(Hello::read(&[1, 1, 0, 0], 16_384, Over::Tcp), Err(Undecidable::TooLong));
    }
}
