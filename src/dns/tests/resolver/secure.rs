//! Encrypted upstreams as a test wants them: an authority, certificates good and bad, and TLS servers on loopback.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use gapura_dns::{Authorities, Config, Upstream as Stated};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest, Sha256};

use crate::support::*;

/// The name good certificates are for.
pub(crate) const NAME: &str = "dns.example.net";

/// An authority with its file.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

/// A server's certificate with its key.
pub(crate) struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("gapura-dns-{}-{number}.pem", std::process::id()));
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// For one name or address.
    pub(crate) fn issue(&self, name: &str) -> Certificate {
        self.sign(CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    /// Over since the year 2001.
    pub(crate) fn issue_expired(&self, name: &str) -> Certificate {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1));
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certificate { chain: vec![certificate.der().clone()], key }
    }

    /// Settings that trust this authority and forward to these servers.
    pub(crate) fn config(&self, upstreams: &[String]) -> Config {
        let mut config = Config::forwarding_to(upstreams.iter().map(|text| text.parse::<Stated>().unwrap()));
        config.authorities = Authorities::File(self.file.clone());
        config
    }

    pub(crate) fn site(&self, upstreams: &[String]) -> Site {
        Site::with(&self.config(upstreams), Gateway::default())
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Certificate {
    /// `#sha256:...`
    pub(crate) fn pin(&self) -> String {
        use base64::Engine as _;
        let digest = Sha256::digest(self.key.subject_public_key_info());
        format!("#sha256:{}", base64::engine::general_purpose::STANDARD.encode(digest))
    }

    pub(crate) fn server(&self, alpn: &[&[u8]]) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_no_client_auth().with_single_cert(self.chain.clone(), key).unwrap();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }
}

impl Certificate {
    /// Certificate and key, in PEM.
    pub(crate) fn pem(&self) -> (String, String) {
        use base64::Engine as _;
        let body = base64::engine::general_purpose::STANDARD.encode(&self.chain[0]);
        (format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"), self.key.serialize_pem())
    }
}

/// One connection, as the server's side of a test has it.
pub(crate) struct Talk {
    pub(crate) stream: StreamOwned<ServerConnection, TcpStream>,
    peer: SocketAddr,
    /// Which connection of this server it is, from 1.
    pub(crate) number: usize,
    asked: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
}

impl Talk {
    /// The next question; `None` when the connection has ended.
    pub(crate) fn hear(&mut self) -> Option<Asked> {
        let mut length = [0; 2];
        self.stream.read_exact(&mut length).ok()?;
        let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
        self.stream.read_exact(&mut octets).ok()?;
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.heard.lock().unwrap().push(octets.clone());
        Some(Asked { octets, peer: self.peer, tcp: true })
    }

    /// False when the connection has ended.
    pub(crate) fn say(&mut self, octets: &[u8]) -> bool {
        let mut framed = u16::try_from(octets.len()).unwrap().to_be_bytes().to_vec();
        framed.extend_from_slice(octets);
        self.raw(&framed)
    }

    pub(crate) fn raw(&mut self, octets: &[u8]) -> bool {
        self.stream.write_all(octets).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Answers everything with an address until the other side ends it.
    pub(crate) fn serve(&mut self) {
        while let Some(asked) = self.hear() {
            if !self.say(&asked.address(60).to_vec().unwrap()) {
                return;
            }
        }
    }

    /// Stays silent until the other side, or the test, ends it.
    pub(crate) fn hang(&mut self) {
        while self.hear().is_some() {}
    }

    pub(crate) fn resumed(&self) -> bool {
        self.stream.conn.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// A TCP server that hands each connection to the test, behind TLS or raw.
pub(crate) struct Secure {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
    pub(crate) heard: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    accepting: Option<JoinHandle<()>>,
}

impl Secure {
    /// Each connection after its handshake.
    pub(crate) fn start(
        ip: IpAddr,
        config: Arc<ServerConfig>,
        behaviour: impl Fn(&mut Talk) + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::<AtomicUsize>::default();
        let heard = Arc::<Mutex<Vec<_>>>::default();
        let (asking, hearing) = (asked.clone(), heard.clone());
        let raw = move |stream: TcpStream, number: usize, stop: Arc<AtomicBool>| {
            let Ok(peer) = stream.peer_addr() else { return };
            let mut connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = stream;
            while connection.is_handshaking() {
                if connection.complete_io(&mut stream).is_err() {
                    return;
                }
            }
            let stream = StreamOwned::new(connection, stream);
            let (asked, heard) = (asking.clone(), hearing.clone());
            behaviour(&mut Talk { stream, peer, number, asked, heard, stop });
        };
        Self::listen(ip, raw, asked, heard)
    }

    /// Each connection as it comes.
    pub(crate) fn raw(ip: IpAddr, behaviour: impl Fn(TcpStream, &AtomicBool) + Send + Sync + 'static) -> Self {
        let raw = move |stream: TcpStream, _, stop: Arc<AtomicBool>| behaviour(stream, &stop);
        Self::listen(ip, raw, Arc::default(), Arc::default())
    }

    fn listen(
        ip: IpAddr,
        behaviour: impl Fn(TcpStream, usize, Arc<AtomicBool>) + Send + Sync + 'static,
        asked: Arc<AtomicUsize>,
        heard: Arc<Mutex<Vec<Vec<u8>>>>,
    ) -> Self {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, stop) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let open = Arc::<Mutex<Vec<TcpStream>>>::default();
        let (counted, ending, known) = (connections.clone(), stop.clone(), open.clone());
        let behaviour = Arc::new(behaviour);
        let accepting = std::thread::spawn(move || {
            let mut talking = Vec::new();
            while !ending.load(Ordering::Relaxed) {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::park_timeout(Duration::from_millis(2));
                    continue;
                };
                stream.set_nonblocking(false).unwrap();
                known.lock().unwrap().push(stream.try_clone().unwrap());
                let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
                let (behaviour, stop) = (behaviour.clone(), ending.clone());
                talking.push(std::thread::spawn(move || behaviour(stream, number, stop)));
            }
            for stream in known.lock().unwrap().iter() {
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
            for thread in talking {
                let _ = thread.join();
            }
        });
        Self { address, connections, asked, heard, stop, open, accepting: Some(accepting) }
    }

    /// `tls://NAME@ADDRESS`
    pub(crate) fn tls(&self) -> String {
        format!("tls://{NAME}@{}", self.address)
    }

    /// Connections that were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Questions that arrived.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Ends every connection there is, as a server does that has seen nothing for a while.
    pub(crate) fn close_all(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}
