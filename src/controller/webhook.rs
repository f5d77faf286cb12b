//! Tells another system what happens to requests: batches of events by HTTPS POST, each at least once.
//!
//! The body is a JSON array of at most 500 events and less than 512 KB. 2xx means that the receiver has them on disk and wants the
//! next ones; 5xx, 429 and silence, that the same ones are sent again, later and later; any other answer stops it until staff
//! have looked. An event sent twice has the same `id`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gapura_model::Secret;
use gapura_runtime::Clock;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config::Requests;
use crate::lists::{Ends, FetchError, trusting};

/// Events in one batch, at most.
pub(crate) const EVENTS: i64 = 500;
/// A batch has fewer octets than this.
pub(crate) const OCTETS: usize = 512 * 1024;
/// The receiver has a batch on disk by then.
const PATIENCE: Duration = Duration::from_secs(30);

/// The webhook cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Its address.
    #[error("requests.webhook: {0} is not an https address")]
    Address(String),
    /// Its secret.
    #[error("requests.secret: cannot read {}", path.display())]
    Secret {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Nothing that can be shown in a header.
    #[error("requests.secret: {} holds no secret: write one line of visible characters", .0.display())]
    NoSecret(PathBuf),
    /// Whom to trust.
    #[error("requests.trust")]
    Trust(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a batch was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It may be taken later; why not now.
    Later(String),
    /// It will not be; why.
    Never(String),
}

/// A receiver of events.
#[derive(Clone)]
pub(crate) struct Webhook {
    at: Uri,
    host: String,
    secret: Secret<String>,
    tls: TlsConnector,
    patience: Duration,
}

impl Webhook {
    /// As the configuration says.
    pub(crate) fn open(settings: &Requests, clock: Arc<dyn Clock>) -> Result<Self, WebhookError> {
        let wrong = || WebhookError::Address(settings.webhook.chars().take(200).collect());
        let at: Uri = settings.webhook.parse().map_err(|_| wrong())?;
        let host = at.host().filter(|_| at.scheme_str() == Some("https")).ok_or_else(wrong)?.to_owned();
        let tls = trusting(&settings.trust, clock).map_err(|error: FetchError| WebhookError::Trust(error.into()))?;
        Ok(Self { host, secret: secret(&settings.secret)?, tls, at, patience: PATIENCE })
    }

    /// By what this receiver's progress is known: another address is another receiver.
    pub(crate) fn receiver(&self) -> String {
        self.at.to_string()
    }

    /// Sends one batch; `Ok` once the receiver has it.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Result<(), NotTaken> {
        let later = |why: &str| NotTaken::Later(format!("{}: {why}", self.host));
        match tokio::time::timeout(self.patience, self.exchange(body)).await {
            Err(_) => Err(later("no answer in time")),
            Ok(Err(why)) => Err(later(&why)),
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(status)) if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(later(&format!("answered {status}")))
            }
            Ok(Ok(status)) => Err(NotTaken::Never(format!("{}: answered {status}", self.host))),
        }
    }

    async fn exchange(&self, body: Vec<u8>) -> Result<StatusCode, String> {
        fn said(error: impl std::error::Error) -> String {
            gapura_model::with_causes(&error)
        }
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(said)?;
        let tcp = TcpStream::connect((bare, self.at.port_u16().unwrap_or(443))).await.map_err(said)?;
        let tls = self.tls.connect(name, tcp).await.map_err(said)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(said)?;
        let _ends = Ends::of(connection);
        let path = self.at.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse().map_err(said)?;
        let authority = self.at.authority().map_or(self.host.as_str(), |at| at.as_str());
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::from_str(authority).map_err(said)?);
        let mut secret = HeaderValue::from_str(self.secret.expose()).map_err(said)?;
        secret.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, secret);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("gapura"));
        Ok(sender.send_request(request).await.map_err(said)?.status())
    }
}

/// What stands in the header; checked once, so that it can be shown in every request.
fn secret(path: &Path) -> Result<Secret<String>, WebhookError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| WebhookError::Secret { path: path.to_owned(), source })?;
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(WebhookError::NoSecret(path.to_owned()));
    }
    Ok(Secret::new(format!("Bearer {text}")))
}
