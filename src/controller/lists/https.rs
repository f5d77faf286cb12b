//! Fetching a list over HTTPS: only what changed, only so much, only so long, and going on where it broke off.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gapura_runtime::Clock;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde::{Deserialize, Serialize};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;

use crate::tls::Time;

/// Bounds of one fetch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The largest list, in octets as sent.
    pub(crate) octets: u64,
    /// A connection and its TLS must be there by then, and every next piece.
    pub(crate) step: Duration,
    /// The whole fetch, with all attempts.
    pub(crate) whole: Duration,
    /// Attempts; each goes on where the one before broke off, where the server allows it.
    pub(crate) attempts: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { octets: 1024 * 1024 * 1024, step: Duration::from_secs(30), whole: Duration::from_mins(30), attempts: 4 }
    }
}

/// What the server said the content is, to ask later whether it has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Validators {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) modified: Option<String>,
}

/// What came of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// As it was.
    Unchanged,
    /// In the file now.
    New(Validators),
}

/// A list could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("{0} is not an https address")]
    Address(String),
    #[error("cannot reach {host}: is it the right name, and is there a way to it?")]
    Connect {
        host: String,
        #[source]
        source: io::Error,
    },
    #[error("{host} and this machine could not agree on TLS: is its certificate good?")]
    Tls {
        host: String,
        #[source]
        source: io::Error,
    },
    #[error("{host} took longer than {seconds} s")]
    Slow { host: String, seconds: u64 },
    #[error("{host} broke off")]
    Broken {
        host: String,
        #[source]
        source: hyper::Error,
    },
    #[error("{host} answered {status}")]
    Status { host: String, status: StatusCode },
    #[error("{0} sends from place to place")]
    Redirects(String),
    #[error("the list has more than {0} octets")]
    TooLarge(u64),
    #[error("cannot keep the list in {}", path.display())]
    Keep {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot use the trusted certificates in {}: {why}", path.display())]
    Trust { path: PathBuf, why: String },
}

impl FetchError {
    /// Whether another attempt may do better.
    const fn may_pass(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Slow { .. } | Self::Broken { .. } => true,
            Self::Status { status, .. } => status.as_u16() >= 500,
            Self::Address(_)
            | Self::Tls { .. }
            | Self::Redirects(_)
            | Self::TooLarge(_)
            | Self::Keep { .. }
            | Self::Trust { .. } => false,
        }
    }
}

/// A client for lists.
#[derive(Clone)]
pub(crate) struct Client {
    tls: TlsConnector,
    bounds: Bounds,
}

/// Redirections followed in one attempt.
const REDIRECTS: usize = 5;

/// What is known of a file that is not whole yet, in a file beside it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Begun {
    address: String,
    validators: Validators,
}

impl Client {
    /// A client that trusts the certificates in a PEM file, by the controller's clock.
    pub(crate) fn new(trust: &Path, clock: Arc<dyn Clock>, bounds: Bounds) -> Result<Self, FetchError> {
        Ok(Self { tls: trusting(trust, clock)?, bounds })
    }

    /// Fetches `address` into the file `to`, unless it is what `known` says. What is there of a fetch that broke off (in
    /// `to` with `.part` behind it) is gone on with.
    pub(crate) async fn fetch(&self, address: &str, known: &Validators, to: &Path) -> Result<Fetched, FetchError> {
        let whole = async {
            let mut attempt = 1;
            loop {
                match self.attempt(address, known, to).await {
                    Err(error) if error.may_pass() && attempt < self.bounds.attempts => {
                        tracing::debug!(
                            address,
                            attempt,
                            error = gapura_model::with_causes(&error),
                            "a list broke off; going on"
                        );
                        tokio::time::sleep(Duration::from_millis(250) * 2_u32.pow(attempt)).await;
                        attempt += 1;
                    }
                    done => return done,
                }
            }
        };
        let slow = |_| FetchError::Slow { host: address.to_owned(), seconds: self.bounds.whole.as_secs() };
        tokio::time::timeout(self.bounds.whole, whole).await.map_err(slow)?
    }

    async fn attempt(&self, address: &str, known: &Validators, to: &Path) -> Result<Fetched, FetchError> {
        let (part, about) = (beside(to, "part"), beside(to, "part.json"));
        let begun = begun(&part, &about, address).await;
        let mut headers = HeaderMap::new();
        let ours = header_value(known);
        match &begun {
            Some((octets, validator)) => {
                headers.insert(header::RANGE, ascii(&format!("bytes={octets}-")));
                headers.insert(header::IF_RANGE, validator.clone());
            }
            None => headers.extend(ours),
        }
        let (response, _connection, host) = self.get(address, &headers).await?;
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED && begun.is_none() {
            return Ok(Fetched::Unchanged);
        }
        let from = match (status, &begun) {
            (StatusCode::OK, _) => 0,
            (StatusCode::PARTIAL_CONTENT, Some((octets, _))) if begins_at(&response, *octets) => *octets,
            _ => {
                // What is there fits nothing any more: the next attempt begins anew.
                let _ = tokio::fs::remove_file(&part).await;
                return Err(FetchError::Status { host, status });
            }
        };
        let validators = validators(&response);
        let keep = |path: &Path| {
            let path = path.to_owned();
            move |source| FetchError::Keep { path, source }
        };
        if from == 0 {
            let note = Begun { address: address.to_owned(), validators: validators.clone() };
            let note = serde_json::to_vec(&note).map_err(|error| keep(&about)(error.into()))?;
            tokio::fs::write(&about, note).await.map_err(keep(&about))?;
        }
        let file = OpenOptions::new().create(true).write(true).append(from > 0).truncate(from == 0).open(&part).await;
        self.take(response, file.map_err(keep(&part))?, from, (&host, &part)).await?;
        tokio::fs::rename(&part, to).await.map_err(keep(to))?;
        // Before anyone notes by what the server knows it.
        if let Some(folder) = to.parent() {
            File::open(folder).await.map_err(keep(folder))?.sync_all().await.map_err(keep(folder))?;
        }
        let _ = tokio::fs::remove_file(&about).await;
        Ok(Fetched::New(validators))
    }

    /// Writes the body into `file`, which holds `from` octets.
    async fn take(
        &self,
        response: Response<Incoming>,
        file: File,
        from: u64,
        (host, path): (&str, &Path),
    ) -> Result<(), FetchError> {
        let keep = |source| FetchError::Keep { path: path.to_owned(), source };
        let slow = |_| FetchError::Slow { host: host.to_owned(), seconds: self.bounds.step.as_secs() };
        let (mut body, mut file, mut octets) = (response.into_body(), BufWriter::new(file), from);
        let done = loop {
            let frame = match tokio::time::timeout(self.bounds.step, body.frame()).await {
                Ok(None) => break Ok(()),
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(source))) => break Err(FetchError::Broken { host: host.to_owned(), source }),
                Err(elapsed) => break Err(slow(elapsed)),
            };
            let Ok(data) = frame.into_data() else { continue };
            octets = octets.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
            if octets > self.bounds.octets {
                break Err(FetchError::TooLarge(self.bounds.octets));
            }
            if let Err(source) = file.write_all(&data).await {
                break Err(keep(source));
            }
        };
        // What came is kept also where it broke off.
        file.flush().await.map_err(keep)?;
        file.get_ref().sync_all().await.map_err(keep)?;
        if matches!(done, Err(FetchError::TooLarge(_))) {
            let _ = tokio::fs::remove_file(path).await;
        }
        done
    }

    /// The answer of the place that `address` leads to.
    async fn get(&self, address: &str, headers: &HeaderMap) -> Result<(Response<Incoming>, Ends, String), FetchError> {
        let wrong = |text: &str| FetchError::Address(text.chars().take(200).collect());
        let mut at: Uri = address.parse().map_err(|_| wrong(address))?;
        for _ in 0..=REDIRECTS {
            let host = at.host().filter(|_| at.scheme_str() == Some("https")).ok_or_else(|| wrong(address))?.to_owned();
            let (response, connection) = self.ask(&at, &host, headers).await?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
                return Ok((response, connection, host));
            }
            let status = response.status();
            let next = response.headers().get(header::LOCATION).and_then(|next| next.to_str().ok());
            at = next.and_then(|next| joined(&at, next)).ok_or(FetchError::Status { host, status })?;
        }
        Err(FetchError::Redirects(address.to_owned()))
    }

    async fn ask(&self, at: &Uri, host: &str, headers: &HeaderMap) -> Result<(Response<Incoming>, Ends), FetchError> {
        let slow = |_| FetchError::Slow { host: host.to_owned(), seconds: self.bounds.step.as_secs() };
        let broken = |source| FetchError::Broken { host: host.to_owned(), source };
        let whole = async {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let name = ServerName::try_from(bare.to_owned()).map_err(|_| FetchError::Address(at.to_string()))?;
            let tcp = TcpStream::connect((bare, at.port_u16().unwrap_or(443))).await;
            let tcp = tcp.map_err(|source| FetchError::Connect { host: host.to_owned(), source })?;
            let tls = self.tls.connect(name, tcp).await;
            let tls = tls.map_err(|source| FetchError::Tls { host: host.to_owned(), source })?;
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(broken)?;
            let ends = Ends::of(connection);
            let path = at.path_and_query().map_or("/", |path| path.as_str());
            let mut request =
                Request::get(path).body(Empty::<Bytes>::new()).map_err(|_| FetchError::Address(at.to_string()))?;
            request.headers_mut().extend(headers.clone());
            request.headers_mut().insert(header::HOST, ascii(at.authority().map_or(host, |at| at.as_str())));
            request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static("gapura"));
            // Packed files are unpacked by whoever reads them; a packed transfer could not be gone on with.
            request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            Ok((sender.send_request(request).await.map_err(broken)?, ends))
        };
        tokio::time::timeout(self.bounds.step, whole).await.map_err(slow)?
    }
}

/// TLS to servers that the certificates in a PEM file vouch for, by the controller's clock.
pub(crate) fn trusting(trust: &Path, clock: Arc<dyn Clock>) -> Result<TlsConnector, FetchError> {
    let bad = |why: String| FetchError::Trust { path: trust.to_owned(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(trust).map_err(|error| bad(error.to_string()))? {
        // Single ones that are too old to be read are no reason to reach nobody.
        let _ = roots.add(certificate.map_err(|error| bad(error.to_string()))?);
    }
    if roots.is_empty() {
        return Err(bad("there is none in it".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(Time(clock)));
    let config = config.with_safe_default_protocol_versions().map_err(|error| bad(error.to_string()))?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Drives a connection, and ends it when dropped.
pub(crate) struct Ends(AbortHandle);

impl Ends {
    #[expect(clippy::disallowed_methods, reason = "lives no longer than the exchange, which is part of a tracked task")]
    pub(crate) fn of(connection: impl Future<Output = Result<(), hyper::Error>> + Send + 'static) -> Self {
        Self(tokio::spawn(async move { drop(connection.await) }).abort_handle())
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is there of an earlier fetch of the same address: how many octets, and by what the server knows them.
async fn begun(part: &Path, about: &Path, address: &str) -> Option<(u64, HeaderValue)> {
    let octets = tokio::fs::metadata(part).await.ok()?.len();
    let note: Begun = serde_json::from_slice(&tokio::fs::read(about).await.ok()?).ok()?;
    // A weak tag does not say that two files have the same octets (RFC 9110 section 13.1.5).
    let strong = note.validators.etag.filter(|etag| !etag.starts_with("W/"));
    let validator = strong.or(note.validators.modified)?;
    let same = note.address == address && octets > 0;
    same.then(|| HeaderValue::from_str(&validator).ok().map(|validator| (octets, validator))).flatten()
}

/// Whether a partial answer begins at this octet (`Content-Range: bytes 5-9/10`, RFC 9110 section 14.4).
fn begins_at(response: &Response<Incoming>, octet: u64) -> bool {
    let range = response.headers().get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let first = range.and_then(|range| range.trim().strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
    first == Some(octet)
}

fn validators(response: &Response<Incoming>) -> Validators {
    let text = |name: HeaderName| response.headers().get(name).and_then(|text| text.to_str().ok()).map(str::to_owned);
    Validators { etag: text(header::ETAG), modified: text(header::LAST_MODIFIED) }
}

fn header_value(known: &Validators) -> HeaderMap {
    let pairs = [(header::IF_NONE_MATCH, &known.etag), (header::IF_MODIFIED_SINCE, &known.modified)];
    let pairs = pairs.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::from_str(text.as_ref()?).ok()?)));
    pairs.collect()
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// `next` as seen from `at` (RFC 3986 section 5.2, as far as servers use it).
fn joined(at: &Uri, next: &str) -> Option<Uri> {
    if next.contains("://") {
        return next.parse().ok();
    }
    let authority = at.authority()?;
    let path = match next.strip_prefix('/') {
        Some(_) => next.to_owned(),
        None => format!("{}/{next}", at.path().rsplit_once('/').map_or("", |(above, _)| above)),
    };
    format!("https://{authority}{path}").parse().ok()
}

/// The same path with `.ending` behind it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests;
