//! One HTTP/1.1 exchange with the controller over pinned TLS, bounded in size and time.

use std::sync::{Arc, Mutex, PoisonError};
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
use tokio::time::Instant;
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

/// A place for the connection of a loop whose exchanges follow each other closely: the next needs no TLS handshake. Empty while an
/// exchange goes on, so that one that is given up leaves nothing half read behind.
#[derive(Debug, Default)]
pub(crate) struct Place(Mutex<Option<Open>>);

/// A connection on which nothing is under way.
#[derive(Debug)]
struct Open {
    sender: SendRequest<Full<Bytes>>,
    connection: Connection,
    since: Instant,
    rests_since: Instant,
}

/// A connection that rested longer is not used again: the controller closes it after 20 s, and what stands between may have forgotten it.
/// The counter says that it is still here more often.
const REST: Duration = Duration::from_secs(15);
/// And one that is older: of several controllers behind a balancer, a new one gets its part of the fleet.
const AGE: Duration = Duration::from_mins(10);

impl Place {
    /// Closes the connection that rests here.
    pub(crate) fn clear(&self) {
        drop(self.take());
    }

    fn take(&self) -> Option<Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// One that can be used again.
    fn usable(&self) -> Option<Open> {
        self.take().filter(|open| open.since.elapsed() < AGE && open.rests_since.elapsed() < REST)
    }

    fn put(&self, open: Open) {
        if !open.sender.is_closed() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
        }
    }
}

/// Sends one request and reads the answer, at most [`LARGEST_ANSWER`] bytes, within `limit`: on a connection of its own, or on the
/// one in `place` and otherwise on one that is left there. What goes over a kept connection may be repeated.
///
/// # Errors
/// [`ExchangeError`]; an HTTP status of failure is an [`Answer`], not an error.
pub(crate) async fn exchange(
    endpoint: &Endpoint,
    tls: Arc<ClientConfig>,
    place: Option<&Place>,
    (method, path): (Method, &str),
    body: Vec<u8>,
    limit: Duration,
) -> Result<Answer, ExchangeError> {
    let body = Bytes::from(body);
    let request = || {
        request(endpoint, method.clone(), path)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(Full::new(body.clone()))
            .map_err(|error| ExchangeError::Http(Box::new(error)))
    };
    let answer = async {
        if let Some(open) = place.and_then(Place::usable) {
            // Closed by the other end just now: nothing that failed here says anything about the controller.
            if let Ok(answer) = exchange_on(open, request()?, place).await {
                return Ok(answer);
            }
        }
        let open = connect(endpoint, tls).await?;
        exchange_on(open, request()?, place).await
    };
    tokio::time::timeout(limit, answer).await.map_err(|_| ExchangeError::Late(limit))?
}

async fn exchange_on(
    mut open: Open,
    request: Request<Full<Bytes>>,
    place: Option<&Place>,
) -> Result<Answer, ExchangeError> {
    let answer = {
        let (sender, connection) = (&mut open.sender, &mut open.connection);
        let answer = async {
            let answer = sender.send_request(request).await.map_err(broken)?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await.map_err(ExchangeError::Http)?;
            Ok(Answer { status, body: body.to_bytes() })
        };
        tokio::pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            _ = connection => answer.await,
        }?
    };
    if let Some(place) = place {
        open.rests_since = Instant::now();
        place.put(open);
    }
    Ok(answer)
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
    let Open { mut sender, connection, .. } =
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

async fn connect(endpoint: &Endpoint, tls: Arc<ClientConfig>) -> Result<Open, ExchangeError> {
    let authority = endpoint.authority();
    let stream =
        TcpStream::connect(&authority).await.map_err(|error| ExchangeError::Connect(authority.clone(), error))?;
    // The name is not verified (the key is pinned); it only has to be a name.
    let name = ServerName::try_from(endpoint.host.clone()).or_else(|_| ServerName::try_from("controller"));
    let name = name.map_err(|_| ExchangeError::Url(endpoint.host.clone()))?;
    let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(ExchangeError::Tls)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let now = Instant::now();
    Ok(Open { sender, connection, since: now, rests_since: now })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use sha2::{Digest as _, Sha256};
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn only_https_addresses_are_endpoints() {
        assert_eq!(Endpoint::parse("https://ctl.example:8443").unwrap().authority(), "ctl.example:8443");
        assert_eq!(Endpoint::parse("https://[2001:db8::1]/").unwrap().authority(), "[2001:db8::1]:443");
        for bad in ["http://x", "https://x/path", "x", ""] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    /// What the other end does with a request.
    #[derive(Clone, Copy)]
    enum Does {
        Answer,
        AnswerAndClose,
        Close,
        Nothing,
    }

    /// A controller whose nth request in all, from 0, is treated as `does` says; how many connections it took, and how to ask it.
    async fn controller(does: fn(usize) -> Does) -> (Arc<AtomicUsize>, Endpoint, Arc<ClientConfig>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        let pin = Sha256::digest(rcgen::PublicKeyData::subject_public_key_info(&key)).into();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let tls = tls.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("[::1]:0").await.unwrap();
        let endpoint = Endpoint { host: "::1".to_owned(), port: listener.local_addr().unwrap().port() };
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, tasks) = (connections.clone(), gapura_runtime::Tasks::new());
        let each = tasks.clone();
        tasks.spawn("controller", async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let (acceptor, requests) = (acceptor.clone(), requests.clone());
                each.spawn("connection", async move {
                    let mut stream = acceptor.accept(stream).await.unwrap();
                    let mut request = [0; 4096];
                    while stream.read(&mut request).await.is_ok_and(|length| length > 0) {
                        let does = does(requests.fetch_add(1, Ordering::Relaxed));
                        if matches!(does, Does::Answer | Does::AnswerAndClose) {
                            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
                        }
                        if matches!(does, Does::Close | Does::AnswerAndClose) {
                            let _ = stream.shutdown().await;
                            return;
                        }
                    }
                });
            }
        });
        (connections, endpoint, Arc::new(super::super::tls::client_config(pin, None).unwrap()))
    }

    /// Asks so many times; each answer, and how many connections it took.
    async fn asked(times: usize, keeping: bool, does: fn(usize) -> Does) -> (Vec<Result<StatusCode, String>>, usize) {
        let (connections, endpoint, tls) = controller(does).await;
        let place = keeping.then(Place::default);
        let mut answers = Vec::new();
        for _ in 0..times {
            let limit = Duration::from_secs(2);
            let asks = (Method::GET, "/");
            let answer = exchange(&endpoint, tls.clone(), place.as_ref(), asks, Vec::new(), limit).await;
            answers.push(answer.map(|answer| answer.status).map_err(|error| error.to_string()));
        }
        (answers, connections.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn exchanges_that_follow_each_other_share_a_connection_where_they_may() {
        let well = vec![Ok(StatusCode::NO_CONTENT); 3];
        assert_eq!(asked(3, true, |_| Does::Answer).await, (well.clone(), 1));
        assert_eq!(asked(3, false, |_| Does::Answer).await, (well, 3));
    }

    #[tokio::test]
    async fn a_connection_that_the_controller_closed_is_opened_again() {
        let well = vec![Ok(StatusCode::NO_CONTENT); 3];
        assert_eq!(asked(3, true, |_| Does::AnswerAndClose).await, (well.clone(), 3));
        // The second request finds it closed under its hands and is asked again; the fourth is the third that was asked.
        let does = |request| if request == 1 { Does::Close } else { Does::Answer };
        assert_eq!(asked(3, true, does).await, (well, 2));
    }

    #[tokio::test]
    async fn a_failure_on_a_new_connection_is_said_and_nothing_of_it_is_kept() {
        let (answers, connections) =
            asked(2, true, |request| if request == 0 { Does::Close } else { Does::Answer }).await;
        assert_eq!(answers, [Err("the exchange with the controller broke off".into()), Ok(StatusCode::NO_CONTENT)]);
        assert_eq!(connections, 2);
        let (answers, connections) =
            asked(3, true, |request| if request == 1 { Does::Nothing } else { Does::Answer }).await;
        let late = Err("the controller did not answer within 2 s".into());
        assert_eq!(answers, [Ok(StatusCode::NO_CONTENT), late, Ok(StatusCode::NO_CONTENT)]);
        assert_eq!(connections, 2, "what was given up is not read on");
    }
}
