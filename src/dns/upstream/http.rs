//! DNS over HTTPS (RFC 8484): each question a POST of its own on one HTTP/2 connection.
//!
//! HTTP/2 and not 1.1, because it is what these servers speak (RFC 8484 section 5.2; unbound speaks nothing else), and
//! because on 1.1 a slow answer holds up all behind it. The request says what it must and nothing that would tell one
//! gateway, or one program, from another.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use h2::client::SendRequest;
use http::header::{ACCEPT, AGE, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::framed::Times;
use super::line::{PIPELINE, Pulse};
use super::miss::Miss;
use super::question::{Fit, Question};
use crate::message::{HEADER, at, behind_name, put_long, put_word, record, rtype, word};

/// The one content type (RFC 8484 section 6).
const DNS_MESSAGE: &str = "application/dns-message";
/// Octets of response headers read at most.
const MOST_HEADERS: u32 = 16 << 10;
/// Octets of one answer, and of all under way, that the server may send before it is told to go on.
const WINDOW: u32 = 64 << 10;
const ALL_WINDOWS: u32 = 1 << 20;

/// A connection as those who ask over it hold it.
#[derive(Clone)]
pub(crate) struct Http {
    requests: SendRequest<Bytes>,
    uri: Uri,
    pulse: Arc<Pulse>,
}

/// A question without its answer; given back however it ends.
struct Waits<'a>(&'a Pulse);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.owes_less();
    }
}

impl Http {
    /// A connection over `stream`, and the work that keeps it going until it ends; to be run as a task.
    pub(crate) async fn new<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        stream: S,
        uri: Uri,
        times: Times,
        stop: CancellationToken,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static), Miss> {
        let (requests, connection) = h2::client::Builder::new()
            .enable_push(false)
            .max_header_list_size(MOST_HEADERS)
            .initial_window_size(WINDOW)
            .initial_connection_window_size(ALL_WINDOWS)
            .handshake(stream)
            .await?;
        let pulse = Arc::<Pulse>::default();
        let shared = Arc::clone(&pulse);
        let work = async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection to an upstream ended");
                },
                () = shared.fades(times.stall, times.idle) => {}
                () = async {
                    stop.cancelled().await;
                    shared.settles(|| shared.waiting() == 0).await;
                } => {}
            }
            shared.close();
        };
        Ok((Self { requests, uri, pulse }, work))
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    pub(crate) async fn ask(&self, question: &Question) -> Result<Vec<u8>, Miss> {
        if self.pulse.waiting() >= PIPELINE {
            return Err(Miss::Busy);
        }
        self.pulse.asks();
        let _waits = Waits(&self.pulse);
        // Id zero (RFC 8484 section 4.1): the stream tells answers apart.
        let octets = question.padded(0);
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = Version::HTTP_2;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, DNS_MESSAGE.try_into().map_err(|_| Miss::TooLong)?);
        headers.insert(CONTENT_TYPE, DNS_MESSAGE.try_into().map_err(|_| Miss::TooLong)?);
        headers.insert(CONTENT_LENGTH, octets.len().into());
        let mut requests = self.requests.clone().ready().await.map_err(|error| self.stale(error))?;
        let (response, mut body) = requests.send_request(request, false).map_err(|error| self.stale(error))?;
        body.send_data(octets.into(), true)?;
        let (head, body) = response.await.map_err(|error| self.stale(error))?.into_parts();
        if head.status != StatusCode::OK || !is_dns(&head.headers) {
            return Err(Miss::NotDns(head.status.as_u16()));
        }
        let mut response = read(body).await?;
        self.pulse.hears();
        put_word(&mut response, at::ID, question.id());
        age(&mut response, &head.headers);
        match question.fit(&response) {
            Fit::Whole | Fit::Caseless => Ok(response),
            Fit::BareError | Fit::None => Err(Miss::Mismatch),
        }
    }

    /// That the connection, or the server's readiness to take more on it, had ended is no fault of the question: it was not
    /// worked on (RFC 9113 section 8.7), or may be asked twice without harm. Whoever asks again must not find it open, also
    /// where its work has not yet said that it ended.
    fn stale(&self, error: h2::Error) -> Miss {
        let ended = error.is_go_away() || error.get_io().is_some_and(|io| io.kind() != io::ErrorKind::TimedOut);
        if ended {
            self.pulse.close();
        }
        if ended || error.reason() == Some(h2::Reason::REFUSED_STREAM) { Miss::Closed } else { error.into() }
    }
}

fn is_dns(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(DNS_MESSAGE)
}

async fn read(mut body: h2::RecvStream) -> Result<Vec<u8>, Miss> {
    let mut message = Vec::new();
    while let Some(octets) = body.data().await {
        let octets = octets?;
        if message.len() + octets.len() > usize::from(u16::MAX) {
            return Err(Miss::TooLong);
        }
        body.flow_control().release_capacity(octets.len())?;
        message.extend_from_slice(&octets);
    }
    Ok(message)
}

/// What lay in an HTTP cache is that much older (RFC 8484 section 5.1).
fn age(message: &mut [u8], headers: &HeaderMap) {
    let age = headers.get(AGE).and_then(|value| value.to_str().ok()?.trim().parse::<u32>().ok());
    let Some(age) = age.filter(|age| *age > 0) else { return };
    let mut offset = HEADER;
    for _ in 0..word(message, at::QUESTIONS).unwrap_or_default() {
        let Some(end) = behind_name(message, offset) else { return };
        offset = end + 4;
    }
    let counts = [at::ANSWERS, at::AUTHORITIES, at::ADDITIONALS].map(|at| word(message, at).unwrap_or_default());
    for _ in 0..counts.into_iter().map(u32::from).sum::<u32>() {
        let Some(found) = record(message, offset) else { return };
        if found.rtype != rtype::OPT {
            put_long(message, found.ttl_at, found.ttl.saturating_sub(age));
        }
        offset = found.data.end;
    }
}
