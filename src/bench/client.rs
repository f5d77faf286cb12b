//! A played gateway's side of the wire: its own key and certificate, mutual TLS, HTTP/1.1.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use gapura_lab::LabError;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::BenchError;

/// A gateway's key.
pub(crate) struct Identity(KeyPair);

impl Identity {
    /// A new one.
    pub(crate) fn new() -> Result<Self, BenchError> {
        Ok(Self(KeyPair::generate().map_err(failed("make a key"))?))
    }

    /// A request for a certificate, PEM.
    pub(crate) fn request(&self) -> Result<String, BenchError> {
        let request =
            CertificateParams::default().serialize_request(&self.0).map_err(failed("ask for a certificate"))?;
        request.pem().map_err(failed("ask for a certificate"))
    }
}

/// A gateway that calls the controller. Clones share its TLS sessions.
#[derive(Clone)]
pub(crate) struct Caller {
    address: SocketAddr,
    /// The address of the loopback network it calls from: one has some 28,000 ports.
    from: Ipv4Addr,
    tls: TlsConnector,
}

/// A connection that is kept.
pub(crate) struct Kept {
    sender: SendRequest<Full<Bytes>>,
    connection: Connection<TokioIo<TlsStream<TcpStream>>, Full<Bytes>>,
}

impl Caller {
    /// With the certificate that the controller gave.
    pub(crate) fn new(address: SocketAddr, identity: &Identity, chain_pem: &str) -> Result<Self, BenchError> {
        let chain = CertificateDer::pem_slice_iter(chain_pem.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(failed("read a certificate"))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.0.serialize_der()));
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Anybody(provider.clone()));
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(failed("set up TLS"))?.dangerous().with_custom_certificate_verifier(verifier);
        let mut tls = tls.with_client_auth_cert(chain, key).map_err(failed("set up TLS"))?;
        // One controller: the usual 256 places for each of ten thousand would be all their memory.
        tls.resumption = Resumption::store(Arc::new(ClientSessionMemoryCache::new(2)));
        Ok(Self { address, from: Ipv4Addr::LOCALHOST, tls: TlsConnector::from(Arc::new(tls)) })
    }

    /// The same from another address of the loopback network.
    pub(crate) fn from(self, from: Ipv4Addr) -> Self {
        Self { from, ..self }
    }

    /// One exchange on a connection of its own, as gateways do.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Bytes), BenchError> {
        self.connect().await?.ask(method, path, body).await
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> Result<Kept, BenchError> {
        let socket = TcpSocket::new_v4().map_err(BenchError::io("open a socket"))?;
        socket.bind((self.from, 0).into()).map_err(BenchError::io("choose an address"))?;
        let stream = socket.connect(self.address).await.map_err(BenchError::io("connect to the controller"))?;
        stream.set_nodelay(true).map_err(BenchError::io("connect to the controller"))?;
        let name = ServerName::from(std::net::IpAddr::from(Ipv4Addr::LOCALHOST));
        let stream = self.tls.connect(name, stream).await.map_err(BenchError::io("agree on TLS"))?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(failed("begin HTTP"))?;
        Ok(Kept { sender, connection })
    }
}

impl Kept {
    /// One exchange on it.
    pub(crate) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Bytes), BenchError> {
        let request = Request::builder().method(method).uri(path).header(http::header::HOST, "localhost");
        let request = request.header(http::header::CONTENT_TYPE, "application/json");
        let request = request.body(Full::new(Bytes::from(body))).map_err(failed("write a request"))?;
        let (sender, connection) = (&mut self.sender, &mut self.connection);
        let answer = async {
            let answer = sender.send_request(request).await.map_err(failed("ask the controller"))?;
            let status = answer.status();
            Ok((status, answer.into_body().collect().await.map_err(failed("read an answer"))?.to_bytes()))
        };
        tokio::pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            _ = connection => answer.await,
        }
    }
}

fn failed<E: std::error::Error>(what: &'static str) -> impl Fn(E) -> BenchError {
    move |error| LabError::answer(what, gapura_model::with_causes(&error)).into()
}

/// Whoever answers on the bench's own address is its controller; that it has the key it shows is still verified.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
