//! A gateway as the controller sees it: real TLS, a pinned server key, a clock at 1970.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gapura_wire::{EnrolAnswer, EnrolRequest, Problem, SpkiPin};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A router with its own key, before or after enrolment.
pub(crate) struct Router {
    pub(crate) address: SocketAddr,
    pin: SpkiPin,
    pub(crate) key: KeyPair,
    pub(crate) chain: Vec<CertificateDer<'static>>,
}

impl Router {
    pub(crate) fn new(address: SocketAddr, pin: SpkiPin) -> Self {
        Self { address, pin, key: KeyPair::generate().unwrap(), chain: Vec::new() }
    }

    /// The same router at another address of its controller.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        let key = KeyPair::try_from(self.key.serialize_der()).unwrap();
        Self { address, pin: self.pin, key, chain: self.chain.clone() }
    }

    pub(crate) fn csr(&self) -> String {
        CertificateParams::default().serialize_request(&self.key).unwrap().pem().unwrap()
    }

    pub(crate) async fn enrol(&self, code: &str) -> EnrolAnswer {
        let request = EnrolRequest {
            code: code.parse().unwrap(),
            csr_pem: self.csr(),
            hostname: "router\u{7}".to_owned(),
            hardware: "apu2".to_owned(),
            version: "0.1".to_owned(),
        };
        self.post("/v1/enrol", &request).await.unwrap()
    }

    pub(crate) fn take_certificate(&mut self, pem: &str) {
        self.chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().unwrap();
    }

    pub(crate) async fn post<T: Serialize, A: DeserializeOwned>(&self, path: &str, body: &T) -> Result<A, Problem> {
        let (status, bytes) = self.send(Method::POST, path, serde_json::to_vec(body).unwrap()).await.unwrap();
        answer(status, &bytes)
    }

    pub(crate) async fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, Problem> {
        let (status, bytes) = self.send(Method::GET, path, Vec::new()).await.unwrap();
        answer(status, &bytes)
    }

    /// A part of what is at `path`.
    pub(crate) async fn part(&self, path: &str, range: &str) -> (StatusCode, Vec<u8>) {
        let request = Request::get(path).header("range", range).body(Full::new(Bytes::new())).unwrap();
        let (status, bytes) = self.exchange(request).await.unwrap();
        (status, bytes.to_vec())
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<(StatusCode, Bytes), String> {
        self.exchange(Request::builder().method(method).uri(path).body(Full::new(Bytes::from(body))).unwrap()).await
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), String> {
        request.headers_mut().insert("host", http::HeaderValue::from_static("any.example"));
        let tls = self.connect().await.map_err(|e| e.to_string())?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(|e| e.to_string())?;
        let exchange = async move {
            let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
            let status = response.status();
            Ok((status, response.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes()))
        };
        tokio::join!(exchange, connection).0
    }

    async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("any.example").unwrap();
        TlsConnector::from(Arc::new(self.tls())).connect(name, tcp).await
    }

    /// Posts slowly: a body of so many parts, a moment before each; all that is answered.
    pub(crate) async fn post_slowly(&self, path: &str, parts: &[&[u8]]) -> io::Result<String> {
        let mut tls = self.connect().await?;
        let octets: usize = parts.iter().map(|part| part.len()).sum();
        let head = format!("POST {path} HTTP/1.1\r\nhost: any.example\r\ncontent-length: {octets}\r\n\r\n");
        tls.write_all(head.as_bytes()).await?;
        for part in parts {
            tls.flush().await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
            tls.write_all(part).await?;
        }
        tls.flush().await?;
        let mut answer = vec![0; 4096];
        let read = tls.read(&mut answer).await?;
        answer.truncate(read);
        Ok(String::from_utf8(answer).unwrap())
    }

    fn tls(&self) -> ClientConfig {
        let provider = Arc::new(ring::default_provider());
        let pinned = Arc::new(Pinned { pin: self.pin, provider: provider.clone() });
        let config = ClientConfig::builder_with_details(provider, Arc::new(Never));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.dangerous().with_custom_certificate_verifier(pinned);
        if self.chain.is_empty() {
            return config.with_no_client_auth();
        }
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        config.with_client_auth_cert(self.chain.clone(), key).unwrap()
    }
}

fn answer<A: DeserializeOwned>(status: StatusCode, bytes: &[u8]) -> Result<A, Problem> {
    if status == StatusCode::NO_CONTENT {
        return Ok(serde_json::from_str("null").unwrap());
    }
    if status.is_success() {
        return Ok(serde_json::from_slice(bytes).unwrap());
    }
    Err(serde_json::from_slice(bytes).unwrap_or_else(|_| panic!("{status}: {bytes:?}")))
}

/// A router's clock after a flat battery.
#[derive(Debug)]
struct Never;

impl rustls::time_provider::TimeProvider for Never {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::ZERO))
    }
}

/// Trusts one key and looks at no date.
#[derive(Debug)]
struct Pinned {
    pin: SpkiPin,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (_, parsed) = x509_parser::parse_x509_certificate(leaf).unwrap();
        if SpkiPin::of_spki(parsed.public_key().raw) == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::General("not the pinned key".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
