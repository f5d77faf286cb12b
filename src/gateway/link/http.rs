//! One HTTP/1.1 exchange with the controller over pinned TLS, bounded in size and time.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Where the controller listens, parsed from `https://name:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    host: String,
    port: u16,
}

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// The address in the configuration cannot be used.
    #[error("controller.url \"{0}\" is not https://name:port")]
    Url(String),
    /// No connection.
    #[error("no connection to the controller at {0}")]
    Connect(String, #[source] std::io::Error),
    /// TLS failed: another key than the pinned one, or no TLS at all.
    #[error("the controller's key is not the pinned one, or it does not speak TLS")]
    Tls(#[source] std::io::Error),
    /// HTTP failed.
    #[error("the exchange with the controller broke off")]
    Http(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It took too long.
    #[error("the controller did not answer within {} s", .0.as_secs())]
    Late(Duration),
    /// A file could not be written.
    #[error("what the controller sent could not be written down")]
    File(#[source] std::io::Error),
    /// A download was refused.
    #[error("the controller answered {0} to a download")]
    Status(StatusCode),
    /// A download is larger than it may be.
    #[error("what the controller sends is larger than the {0} bytes it announced")]
    TooLarge(u64),
}

/// An answer whose body has been read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// Largest answer that is read: a bundle with tens of thousands of vouchers.
const LARGEST_ANSWER: usize = 32 << 20;

impl Endpoint {
    /// Parses `https://name[:port][/]`.
    pub(crate) fn parse(url: &str) -> Result<Self, ExchangeError> {
        let wrong = || ExchangeError::Url(url.to_owned());
        let uri: http::Uri = url.parse().map_err(|_| wrong())?;
        if uri.scheme_str() != Some("https") || !matches!(uri.path(), "" | "/") {
            return Err(wrong());
        }
        let host = uri.host().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port: uri.port_u16().unwrap_or(443) })
    }

    fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Sends one request on a connection of its own and reads the answer, at most [`LARGEST_ANSWER`] bytes, within `limit`.
///
/// # Errors
/// [`ExchangeError`]; an HTTP status of failure is an [`Answer`], not an error.
pub(crate) async fn exchange(
    endpoint: &Endpoint,
    tls: Arc<ClientConfig>,
    method: Method,
    path: &str,
    body: Vec<u8>,
    limit: Duration,
) -> Result<Answer, ExchangeError> {
    let answer = exchange_unbounded(endpoint, tls, method, path, body);
    tokio::time::timeout(limit, answer).await.map_err(|_| ExchangeError::Late(limit))?
}

async fn exchange_unbounded(
    endpoint: &Endpoint,
    tls: Arc<ClientConfig>,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> Result<Answer, ExchangeError> {
    let request = request(endpoint, method, path)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| ExchangeError::Http(Box::new(error)))?;
    let (mut sender, connection) = connect(endpoint, tls).await?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await.map_err(ExchangeError::Http)?;
        Ok(Answer { status, body: body.to_bytes() })
    };
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
}

/// What a large file's download comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Downloaded {
    /// The file is whole.
    Whole,
    /// The controller says it has none.
    Missing,
}

/// Fetches a large file into `to`, going on behind what is there already (RFC 9110 section 14); what came is kept when the
/// connection breaks, so that the next call goes on from there.
///
/// # Errors
/// [`ExchangeError`], also where nothing came for `idle` or the file is larger than `most` bytes.
pub(crate) async fn download(
    endpoint: &Endpoint,
    tls: Arc<ClientConfig>,
    path: &str,
    to: &std::path::Path,
    most: u64,
    idle: Duration,
) -> Result<Downloaded, ExchangeError> {
    let mut file =
        tokio::fs::OpenOptions::new().create(true).append(true).open(to).await.map_err(ExchangeError::File)?;
    let have = file.metadata().await.map_err(ExchangeError::File)?.len();
    let request = request(endpoint, Method::GET, path)
        .header(http::header::RANGE, format!("bytes={have}-"))
        .body(Full::new(Bytes::new()))
        .map_err(|error| ExchangeError::Http(Box::new(error)))?;
    let (mut sender, connection) =
        tokio::time::timeout(idle, connect(endpoint, tls)).await.map_err(|_| ExchangeError::Late(idle))??;
    let body = async {
        let late = |_| ExchangeError::Late(idle);
        let answer = tokio::time::timeout(idle, sender.send_request(request)).await.map_err(late)?.map_err(broken)?;
        match answer.status() {
            StatusCode::PARTIAL_CONTENT => {}
            // Without ranges it begins again.
            StatusCode::OK => file.set_len(0).await.map_err(ExchangeError::File)?,
            // Nothing is behind what is there.
            StatusCode::RANGE_NOT_SATISFIABLE => return Ok(Downloaded::Whole),
            StatusCode::NOT_FOUND => return Ok(Downloaded::Missing),
            status => return Err(ExchangeError::Status(status)),
        }
        let mut length = file.metadata().await.map_err(ExchangeError::File)?.len();
        let mut body = answer.into_body();
        while let Some(frame) = tokio::time::timeout(idle, body.frame()).await.map_err(late)? {
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            length += data.len() as u64;
            if length > most {
                return Err(ExchangeError::TooLarge(most));
            }
            file.write_all(&data).await.map_err(ExchangeError::File)?;
        }
        file.sync_all().await.map_err(ExchangeError::File)?;
        Ok(Downloaded::Whole)
    };
    tokio::pin!(body);
    tokio::select! {
        done = &mut body => done,
        _ = connection => body.await,
    }
}

fn broken(error: hyper::Error) -> ExchangeError {
    ExchangeError::Http(Box::new(error))
}

fn request(endpoint: &Endpoint, method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header(http::header::HOST, endpoint.authority())
}

type Connection = hyper::client::conn::http1::Connection<TokioIo<TlsStream<TcpStream>>, Full<Bytes>>;

async fn connect(
    endpoint: &Endpoint,
    tls: Arc<ClientConfig>,
) -> Result<(SendRequest<Full<Bytes>>, Connection), ExchangeError> {
    let authority = endpoint.authority();
    let stream =
        TcpStream::connect(&authority).await.map_err(|error| ExchangeError::Connect(authority.clone(), error))?;
    // The name is not verified (the key is pinned); it only has to be a name.
    let name = ServerName::try_from(endpoint.host.clone()).or_else(|_| ServerName::try_from("controller"));
    let name = name.map_err(|_| ExchangeError::Url(endpoint.host.clone()))?;
    let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(ExchangeError::Tls)?;
    hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_addresses_are_endpoints() {
        assert_eq!(Endpoint::parse("https://ctl.example:8443").unwrap().authority(), "ctl.example:8443");
        assert_eq!(Endpoint::parse("https://[2001:db8::1]/").unwrap().authority(), "[2001:db8::1]:443");
        for bad in ["http://x", "https://x/path", "x", ""] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }
}
