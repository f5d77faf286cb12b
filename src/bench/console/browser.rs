//! A browser without pictures: TLS, keep-alive, one cookie, forms with their session's token.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use gapura_lab::LabError;
use gapura_lab::clock::{Stopwatch, unix_seconds};
use ring::hmac;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::BenchError;

/// No page takes longer than this, or it is a failure.
const PATIENCE: Duration = Duration::from_mins(1);
/// As the console's configuration names it.
pub(super) const NAME: &str = "localhost";

/// Where the console is, and whom to believe that it is.
#[derive(Clone, Debug)]
pub(super) struct Door {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

/// An open connection with a cookie.
pub(super) struct Browser {
    door: Door,
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    /// What the cookie holds.
    pub(super) cookie: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: String,
    pub(super) body: Vec<u8>,
    /// From before the request was sent to the last octet, in seconds.
    pub(super) took: f64,
}

impl Door {
    /// To the console at `address`, whose certificate is by `authority` (PEM).
    pub(super) fn new(address: SocketAddr, authority: &[u8]) -> Result<Self, BenchError> {
        let wrong = |why: String| LabError::answer("the fleet's certificate", why);
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(authority).map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| wrong(error.to_string()))?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { address, config: Arc::new(config) })
    }

    /// Opens a connection.
    pub(super) fn open(&self, cookie: Option<String>) -> Result<Browser, BenchError> {
        Ok(Browser { door: self.clone(), stream: self.connect()?, cookie })
    }

    fn connect(&self) -> Result<BufReader<StreamOwned<ClientConnection, TcpStream>>, BenchError> {
        let failed = || BenchError::io(format!("connect to the console at {}", self.address));
        let tcp = TcpStream::connect(self.address).map_err(failed())?;
        tcp.set_nodelay(true).map_err(failed())?;
        tcp.set_read_timeout(Some(PATIENCE)).map_err(failed())?;
        let name = ServerName::try_from(NAME).map_err(|error| LabError::answer(NAME, error.to_string()))?;
        let tls = ClientConnection::new(self.config.clone(), name);
        let tls = tls.map_err(|error| LabError::answer("TLS", error.to_string()))?;
        Ok(BufReader::new(StreamOwned::new(tls, tcp)))
    }
}

impl Browser {
    /// Asks for a page.
    pub(super) fn get(&mut self, path: &str) -> Result<Answer, BenchError> {
        self.send("GET", path, "")
    }

    /// Sends a form of one of the console's own pages.
    pub(super) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, BenchError> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        self.send("POST", path, &body.finish())
    }

    /// Signs in as people do.
    pub(super) fn sign_in(&mut self, name: &str, password: &str, secret: Option<&str>) -> Result<(), BenchError> {
        let refused = |answer: &Answer| {
            BenchError::void(format!("signing in as {name}"), format!("{} {}", answer.status, answer.location))
        };
        let answer = self.post("/masuk", &[("nama", name), ("sandi", password)])?;
        if answer.status != 303 {
            return Err(refused(&answer));
        }
        let Some(secret) = secret.filter(|_| answer.location.starts_with("/masuk/kode")) else { return Ok(()) };
        let page = String::from_utf8_lossy(&self.get("/masuk/kode")?.body).into_owned();
        let token = page.split("name=\"_t\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let answer = self.post("/masuk/kode", &[("kode", &code(secret)), ("_t", token.unwrap_or_default())])?;
        if answer.status == 303 && answer.location == "/" { Ok(()) } else { Err(refused(&answer)) }
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Result<Answer, BenchError> {
        let cookie =
            self.cookie.as_ref().map_or_else(String::new, |cookie| format!("Cookie: __Host-gapura={cookie}\r\n"));
        let form = if method == "POST" {
            let kind = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n";
            format!("{kind}Content-Length: {}\r\n", body.len())
        } else {
            String::new()
        };
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {NAME}\r\n{cookie}{form}\r\n{body}");
        let failed = || BenchError::io(format!("ask for {path}"));
        let watch = Stopwatch::start();
        self.stream.get_mut().write_all(request.as_bytes()).map_err(failed())?;
        let mut answer = Answer { status: 0, location: String::new(), body: Vec::new(), took: 0.0 };
        let (mut length, mut chunked, mut closes) = (None, false, false);
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).map_err(failed())? == 0 {
                return Err(BenchError::void(path, "the console closed the connection"));
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            let Some((name, value)) = text.split_once(": ") else {
                answer.status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse::<usize>().ok(),
                "transfer-encoding" => chunked = value == "chunked",
                "connection" => closes = value == "close",
                "location" => value.clone_into(&mut answer.location),
                "set-cookie" => self.take(value),
                _ => {}
            }
        }
        if chunked {
            self.chunks(&mut answer.body).map_err(failed())?;
        } else {
            answer.body.resize(length.unwrap_or_default(), 0);
            self.stream.read_exact(&mut answer.body).map_err(failed())?;
        }
        answer.took = watch.elapsed().as_secs_f64();
        if closes {
            self.stream = self.door.connect()?;
        }
        Ok(answer)
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> std::io::Result<()> {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim_end(), 16).map_err(std::io::Error::other)?;
            let start = body.len();
            body.resize(start + length, 0);
            self.stream.read_exact(body.get_mut(start..).unwrap_or_default())?;
            self.stream.read_line(&mut line)?;
            if length == 0 {
                return Ok(());
            }
        }
    }

    fn take(&mut self, set: &str) {
        let pair = set.split(';').next().and_then(|pair| pair.strip_prefix("__Host-gapura="));
        if let Some(value) = pair {
            self.cookie = (!set.contains("Max-Age=0")).then(|| value.to_owned());
        }
    }
}

/// What a telephone shows now (RFC 6238).
fn code(secret: &str) -> String {
    let value = |c: u8| if c >= b'A' { c - b'A' } else { c.wrapping_sub(b'2').wrapping_add(26) };
    let bits: Vec<bool> = secret.bytes().flat_map(|c| (0..5).rev().map(move |bit| value(c) >> bit & 1 == 1)).collect();
    let octet = |bits: &[bool]| bits.iter().fold(0_u8, |octet, bit| octet << 1 | u8::from(*bit));
    let key: Vec<u8> = bits.chunks_exact(8).map(octet).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = hmac::sign(&key, &(unix_seconds() / 30).to_be_bytes());
    let at = usize::from(tag.as_ref().last().copied().unwrap_or_default() & 15);
    let four = tag.as_ref().get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}
