//! A mail server and a program that alerts are posted to, on loopback: real SMTP (RFC 5321, STARTTLS, AUTH PLAIN) and HTTP.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gapura_runtime::Tasks;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the mail server wants to hear.
pub(crate) const USER: &str = "gapura";
pub(crate) const PASSWORD: &str = "rahasia dapur";

/// Where letters arrive.
#[derive(Clone)]
pub(crate) struct PostOffice {
    pub(crate) address: SocketAddr,
    /// It takes no letter for now.
    pub(crate) shut: Arc<AtomicBool>,
    letters: Arc<Mutex<Vec<Letter>>>,
    acceptor: TlsAcceptor,
    wrapped: bool,
}

/// A letter as it came.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) to: Vec<String>,
    pub(crate) secured: bool,
    pub(crate) signed_in: bool,
    /// Head and body; the body decoded.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A certificate for 127.0.0.1; the PEM that trusts it goes to `trust`.
pub(crate) fn certified(trust: &Path) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(trust, certificate.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

impl PostOffice {
    /// Opens; `wrapped` = TLS from the first octet, else STARTTLS.
    pub(crate) async fn open(tasks: &Tasks, trust: &Path, wrapped: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shut, letters) = (Arc::default(), Arc::default());
        let office = Self { address, shut, letters, acceptor: certified(trust), wrapped };
        let (desk, stopping) = (office.clone(), tasks.stopping().clone());
        tasks.spawn("mail server", async move {
            loop {
                let stream = tokio::select! {
                    () = stopping.cancelled() => return,
                    accepted = listener.accept() => accepted.unwrap().0,
                };
                // One letter after the other is enough. A client that goes away is no failure of the server.
                let _ = tokio::time::timeout(Duration::from_secs(30), desk.clone().serve(stream)).await;
            }
        });
        office
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    async fn serve(self, stream: TcpStream) -> std::io::Result<()> {
        if self.wrapped {
            let stream = BufReader::new(self.acceptor.clone().accept(stream).await?);
            return self.talk(stream, true).await.map(drop);
        }
        let stream = BufReader::new(stream);
        if let Some(stream) = self.talk(stream, false).await? {
            let stream = BufReader::new(self.acceptor.clone().accept(stream.into_inner()).await?);
            self.talk(stream, true).await?;
        }
        Ok(())
    }

    /// Talks until QUIT; `Some` where TLS is to begin.
    async fn talk<S>(&self, mut stream: S, secured: bool) -> std::io::Result<Option<S>>
    where
        S: AsyncBufRead + AsyncWrite + Unpin,
    {
        let (mut to, mut signed_in) = (Vec::new(), false);
        if !secured || self.wrapped {
            stream.write_all(b"220 mail.example ESMTP\r\n").await?;
        }
        loop {
            stream.flush().await?;
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            let word = line.trim_end();
            let answer = match word.split(' ').next().unwrap().to_ascii_uppercase().as_str() {
                "EHLO" if secured => "250-mail.example\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n".to_owned(),
                "EHLO" => "250-mail.example\r\n250 STARTTLS\r\n".to_owned(),
                "STARTTLS" if !secured => {
                    stream.write_all(b"220 go ahead\r\n").await?;
                    stream.flush().await?;
                    return Ok(Some(stream));
                }
                "AUTH" => {
                    let told = STANDARD.decode(word.rsplit(' ').next().unwrap()).unwrap();
                    signed_in = told == format!("\0{USER}\0{PASSWORD}").into_bytes();
                    if signed_in { "235 welcome\r\n" } else { "535 wrong name or password\r\n" }.to_owned()
                }
                "MAIL" if self.shut.load(Ordering::SeqCst) => "451 come back later\r\n".to_owned(),
                "RCPT" => {
                    to.push(word.split(['<', '>']).nth(1).unwrap().to_owned());
                    "250 ok\r\n".to_owned()
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    stream.flush().await?;
                    let letter = read_letter(&mut stream, (std::mem::take(&mut to), secured, signed_in)).await?;
                    self.letters.lock().unwrap().push(letter);
                    "250 taken\r\n".to_owned()
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    stream.flush().await?;
                    return Ok(None);
                }
                _ => "250 ok\r\n".to_owned(),
            };
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}

async fn read_letter<S>(stream: &mut S, (to, secured, signed_in): (Vec<String>, bool, bool)) -> std::io::Result<Letter>
where
    S: AsyncBufRead + Unpin,
{
    let mut text = String::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line == ".\r\n" || line.is_empty() {
            break;
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let plain = head.to_ascii_lowercase();
    let body = if plain.contains("transfer-encoding: base64") {
        let packed: String = body.split_whitespace().collect();
        String::from_utf8(STANDARD.decode(packed).unwrap()).unwrap()
    } else if plain.contains("transfer-encoding: quoted-printable") {
        unquoted(body)
    } else {
        body.to_owned()
    };
    Ok(Letter { to, secured, signed_in, head: head.to_owned(), body })
}

/// RFC 2045 section 6.7.
fn unquoted(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut octets = Vec::new();
    let mut parts = joined.split('=');
    octets.extend(parts.next().unwrap().bytes());
    for part in parts {
        octets.push(u8::from_str_radix(&part[..2], 16).unwrap());
        octets.extend(part[2..].bytes());
    }
    String::from_utf8(octets).unwrap()
}

/// Takes one post over HTTP(S) and answers with `status`: its head and body.
pub(crate) async fn posted_to(listener: &TcpListener, tls: Option<&TlsAcceptor>, status: u16) -> (String, String) {
    let (stream, _) = tokio::time::timeout(Duration::from_secs(30), listener.accept()).await.unwrap().unwrap();
    match tls {
        None => answer_post(BufReader::new(stream), status).await,
        Some(tls) => answer_post(BufReader::new(tls.accept(stream).await.unwrap()), status).await,
    }
}

async fn answer_post<S: AsyncBufRead + AsyncWrite + Unpin>(mut stream: S, status: u16) -> (String, String) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        stream.read_line(&mut head).await.unwrap();
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    (head, String::from_utf8(body).unwrap())
}
