//! Asking the provider: HTTPS alone, one request a connection, bounded in size and time, no redirections.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gapura_model::{Secret, with_causes};
use gapura_runtime::Clock;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::SsoError;
use crate::tls::Time;

/// The whole exchange.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer, in octets.
const OCTETS: usize = 256 * 1024;

/// A client that trusts certain authorities.
#[derive(Clone)]
pub(super) struct Client {
    tls: TlsConnector,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    pub(super) fn new(trust: &Path, clock: Arc<dyn Clock>) -> Result<Self, SsoError> {
        let bad = |why: String| SsoError::Trust(format!("{}: {why}", trust.display()));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(trust).map_err(|error| bad(error.to_string()))? {
            let _ = roots.add(certificate.map_err(|error| bad(error.to_string()))?);
        }
        if roots.is_empty() {
            return Err(bad("there is no certificate in it".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_details(provider, Arc::new(Time(clock)));
        let config = config.with_safe_default_protocol_versions().map_err(|error| bad(error.to_string()))?;
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, address: &str) -> Result<T, SsoError> {
        self.ask(address, Request::get("/"), String::new()).await
    }

    /// A form, with the client's name and secret where it has one (RFC 6749 section 2.3.1).
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        address: &str,
        login: Option<(&str, &Secret<String>)>,
        form: String,
    ) -> Result<T, SsoError> {
        let mut request = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some((name, secret)) = login {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = Secret::new(format!("{}:{}", encoded(name), encoded(secret.expose())));
            request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair.expose())));
        }
        self.ask(address, request, form).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        address: &str,
        request: http::request::Builder,
        body: String,
    ) -> Result<T, SsoError> {
        let slow = |_| SsoError::Asked(format!("it took longer than {} s", PATIENCE.as_secs()));
        let octets = tokio::time::timeout(PATIENCE, self.exchange(address, request, body)).await.map_err(slow)??;
        serde_json::from_slice(&octets).map_err(|error| SsoError::Answer(error.to_string()))
    }

    async fn exchange(&self, address: &str, request: http::request::Builder, body: String) -> Result<Bytes, SsoError> {
        let asked = |error: &(dyn std::error::Error + 'static)| SsoError::Asked(with_causes(error));
        let wrong = || SsoError::Asked(format!("{address} is not an https address"));
        let at: Uri = address.parse().map_err(|_| wrong())?;
        let host = at.host().filter(|_| at.scheme_str() == Some("https")).ok_or_else(wrong)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| wrong())?;
        let tcp = TcpStream::connect((bare, at.port_u16().unwrap_or(443))).await.map_err(|error| asked(&error))?;
        let tls = self.tls.connect(name, tcp).await.map_err(|error| asked(&error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await;
        let (mut sender, connection) = handshake.map_err(|error| asked(&error))?;
        let path = at.path_and_query().map_or("/", |path| path.as_str());
        let request = request.uri(path).header(header::HOST, at.authority().map_or(host, |at| at.as_str()));
        let request = request.header(header::ACCEPT, "application/json").body(Full::new(Bytes::from(body)));
        let request = request.map_err(|error| asked(&error))?;
        let talk = async {
            let response = sender.send_request(request).await.map_err(|error| asked(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), OCTETS).collect().await;
            let body = body.map_err(|error| SsoError::Answer(error.to_string()))?.to_bytes();
            if status == StatusCode::OK { Ok(body) } else { Err(SsoError::Answer(format!("it answered {status}"))) }
        };
        tokio::pin!(talk, connection);
        let mut open = true;
        loop {
            tokio::select! {
                done = &mut talk => return done,
                // It may end before all of the answer was read from it.
                _ = &mut connection, if open => open = false,
            }
        }
    }
}
