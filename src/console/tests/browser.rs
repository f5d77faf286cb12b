//! A browser without pictures: TLS, one cookie, forms with their session's token.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::form::{TOKEN, token_of};
use crate::session::{AWAY, COOKIE};

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |place| place.to_str().unwrap())
    }

    /// The value of a hidden or read-only field.
    pub(super) fn between(&self, before: &str, after: &str) -> &str {
        let rest = self.text.split(before).nth(1).unwrap_or_else(|| panic!("no {before} in {}", self.text));
        rest.split(after).next().unwrap()
    }
}

/// A browser.
pub(super) struct Browser {
    name: &'static str,
    address: SocketAddr,
    tls: TlsConnector,
    connection: Option<SendRequest<Full<Bytes>>>,
    /// What the cookie holds.
    pub(super) cookie: Option<String>,
    /// The cookie of somebody on the way to the identity provider.
    away: Option<String>,
}

impl Browser {
    pub(super) fn new(address: SocketAddr, authority: &[u8]) -> Self {
        Self::named("konsol.example", address, authority)
    }

    /// One that talks to somebody else.
    pub(super) fn named(name: &'static str, address: SocketAddr, authority: &[u8]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(config));
        Self { name, address, tls, connection: None, cookie: None, away: None }
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, String::new(), &[]).await
    }

    /// A form of one of our own pages.
    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        if let Some(cookie) = &self.cookie {
            body.append_pair(TOKEN, &token_of(cookie));
        }
        body.extend_pairs(fields);
        self.send(Method::POST, path, body.finish(), &[("sec-fetch-site", "same-origin")]).await
    }

    pub(super) async fn send(&mut self, method: Method, path: &str, body: String, more: &[(&str, &str)]) -> Answer {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.send_as(method, path, body, &[&form[..], more].concat()).await
    }

    /// The same with the content type among `more`.
    pub(super) async fn send_as(&mut self, method: Method, path: &str, body: String, more: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, self.name);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, format!("{COOKIE}={cookie}"));
        }
        if let Some(away) = &self.away {
            request = request.header(header::COOKIE, format!("{AWAY}={away}"));
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            self.connection = Some(self.connect().await);
        }
        let connection = self.connection.as_mut().unwrap();
        connection.ready().await.unwrap();
        let response = connection.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            self.take(set.to_str().unwrap());
        }
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// Keeps a cookie as a browser does: `__Host-` ones only with all that belongs to them (RFC 6265bis section 4.1.3).
    fn take(&mut self, set: &str) {
        let (pair, attributes) = set.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        for needed in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(attributes.split(';').any(|one| one.trim() == needed), "{needed} in {set}");
        }
        assert!(!attributes.contains("Domain"), "{set}");
        let value = if attributes.contains("Max-Age=0") { None } else { Some(value.to_owned()) };
        match name {
            COOKIE => self.cookie = value,
            AWAY => self.away = value,
            // The paper printed on last: nobody's secret.
            "__Host-gapura-kertas" => {}
            other => panic!("{other}"),
        }
    }

    /// A connection of its own.
    pub(super) async fn tls(&self) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        self.tls.connect(ServerName::try_from(self.name).unwrap(), tcp).await.unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "drives a test's connection, which ends with the test")]
    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let tls = self.tls().await;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.unwrap();
        tokio::spawn(async move { drop(connection.await) });
        sender
    }
}
