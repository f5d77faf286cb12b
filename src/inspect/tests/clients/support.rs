//! Real clients: ClientHellos made by rustls, QUIC Initials sealed by it.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::quic::{Keys, Version};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Side};

/// A client that offers `alpn`.
pub(crate) fn config(alpn: &[Vec<u8>]) -> Arc<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = alpn.to_vec();
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

pub(crate) fn server(name: &str) -> ServerName<'static> {
    ServerName::try_from(name.to_owned()).unwrap()
}

/// What a TLS client sends first: one record.
pub(crate) fn tls_hello(name: &str, alpn: &[Vec<u8>]) -> Vec<u8> {
    let mut client = ClientConnection::new(config(alpn), server(name)).unwrap();
    let mut stream = Vec::new();
    client.write_tls(&mut stream).unwrap();
    stream
}

/// What a QUIC client's TLS sends first: the bare handshake message.
pub(crate) fn quic_hello(version: Version, name: &str, alpn: &[Vec<u8>]) -> Vec<u8> {
    let mut client =
        rustls::quic::ClientConnection::new(config(alpn), version, server(name), b"\x01\x02\x67\x10".to_vec()).unwrap();
    let mut message = Vec::new();
    assert!(client.write_hs(&mut message).is_none());
    message
}

/// Seals Initials as a client with the connection id `id` does.
pub(crate) struct Sealer {
    keys: Keys,
    version: Version,
    id: Vec<u8>,
}

impl Sealer {
    pub(crate) fn new(version: Version, id: &[u8]) -> Self {
        let suite = ring::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13().unwrap();
        let keys = suite.quic_suite().unwrap().keys(id, Side::Client, version);
        Self { keys, version, id: id.to_vec() }
    }

    /// An Initial to the connection id `to`, with a packet number of `length` octets.
    pub(crate) fn seal_to(&self, to: &[u8], number: u64, length: u8, token: &[u8], frames: &[u8]) -> Vec<u8> {
        let v2 = matches!(self.version, Version::V2);
        let (kind, version) = if v2 { (0xd0, 0x6b33_43cf_u32) } else { (0xc0, 1) };
        let mut packet = vec![kind | (length - 1)];
        packet.extend(version.to_be_bytes());
        packet.push(u8::try_from(to.len()).unwrap());
        packet.extend(to);
        packet.push(0);
        packet.extend(varint(token.len()));
        packet.extend(token);
        let mut frames = frames.to_vec();
        let tag = self.keys.local.packet.tag_len();
        // There must be something to sample, four octets after the number's first.
        frames.resize(frames.len().max(4 - usize::from(length)), 0);
        packet.extend(varint(usize::from(length) + frames.len() + tag));
        let number_at = packet.len();
        packet.extend(&u32::try_from(number).unwrap().to_be_bytes()[4 - usize::from(length)..]);
        let sealed = self.keys.local.packet.encrypt_in_place(number, &packet, &mut frames).unwrap();
        let body_at = packet.len();
        packet.extend(&frames);
        packet.extend(sealed.as_ref());
        let sample = packet[number_at + 4..number_at + 20].to_vec();
        let (header, _) = packet.split_at_mut(body_at);
        let (first, rest) = header.split_first_mut().unwrap();
        self.keys.local.header.encrypt_in_place(&sample, first, &mut rest[number_at - 1..]).unwrap();
        packet
    }

    /// An Initial of this connection.
    pub(crate) fn seal(&self, number: u64, frames: &[u8]) -> Vec<u8> {
        self.seal_to(&self.id, number, 2, b"", frames)
    }
}

/// A QUIC variable-length integer.
pub(crate) fn varint(value: usize) -> Vec<u8> {
    match u16::try_from(value) {
        Ok(value @ 0..64) => vec![u8::try_from(value).unwrap()],
        Ok(value @ 64..0x4000) => (value | 0x4000).to_be_bytes().to_vec(),
        _ => (u32::try_from(value).unwrap() | 0x8000_0000).to_be_bytes().to_vec(),
    }
}

/// A CRYPTO frame.
pub(crate) fn crypto(offset: usize, data: &[u8]) -> Vec<u8> {
    [vec![6], varint(offset), varint(data.len()), data.to_vec()].concat()
}

/// Octets written in hexadecimal.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
