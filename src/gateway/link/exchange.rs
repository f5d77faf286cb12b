//! Exchanges with the controller as values: what is asked, what came back.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::http::{Method, StatusCode};
use gapura_model::Generation;
use gapura_wire::{
    AccountAnswer, AccountCheck, Appeals, AppealsAck, BalanceReport, BundleOutcome, DeskReply, DeskReport, EnrolAnswer,
    EnrolRequest, FilterCounts, Heartbeat, HeartbeatReply, HelpRequests, HelpRequestsAck, Problem, RenewAnswer,
    RenewRequest, ShadowReport, ShareAnswer, ShareReport, UsageAck, UsageBatch, limits,
};
use hyper::body::Bytes;
use rustls::ClientConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::http::{Answer, Downloaded, Endpoint, ExchangeError, Place, download, exchange};

/// A controller one can ask.
#[derive(Clone)]
pub(crate) struct Controller {
    endpoint: Endpoint,
    tls: Arc<ClientConfig>,
    /// Where exchanges that follow each other keep their connection; without it each has its own.
    place: Option<Arc<Place>>,
}

/// Why an exchange brought nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// It did not get through.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The controller said no.
    #[error("the controller answered {0}: {1}")]
    Problem(StatusCode, String),
    /// The answer is not what the protocol says.
    #[error("the controller's answer was not understood; router and controller may be of different versions")]
    Unreadable(#[source] serde_json::Error),
}

impl LinkError {
    /// The controller understood the exchange and will not have what it carried, now or later.
    pub(crate) const fn is_refusal(&self) -> bool {
        match self {
            Self::Problem(status, _) => {
                matches!(
                    *status,
                    StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY
                )
            }
            Self::Exchange(_) | Self::Unreadable(_) => false,
        }
    }
}

/// Time for an exchange that does not wait.
const SHORT: Duration = Duration::from_secs(20);

impl Controller {
    pub(crate) fn new(endpoint: Endpoint, tls: ClientConfig) -> Self {
        Self { endpoint, tls: Arc::new(tls), place: None }
    }

    /// The same for a loop of its own, which asks one thing after the other: they share a connection.
    pub(super) fn keeping(&self) -> Self {
        Self { place: Some(Arc::default()), ..self.clone() }
    }

    /// Closes the connection that is kept: nothing is to be asked for a while.
    pub(super) fn hang_up(&self) {
        if let Some(place) = &self.place {
            place.clear();
        }
    }

    pub(crate) async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolAnswer, LinkError> {
        self.post("/v1/enrol", request).await
    }

    pub(crate) async fn renew(&self, request: &RenewRequest) -> Result<RenewAnswer, LinkError> {
        self.post("/v1/renew", request).await
    }

    /// Waits at the controller for a bundle newer than `after`, still unread; `None` when none came in time.
    pub(crate) async fn bundle(&self, after: Generation) -> Result<Option<Bytes>, LinkError> {
        let wait = limits::POLL_SECONDS.min(50);
        let path = format!("/v1/bundle?after={after}&wait={wait}");
        let limit = Duration::from_secs(wait) + SHORT;
        let answer = self.exchange(Method::GET, &path, Vec::new(), limit).await?;
        match answer.status {
            StatusCode::NO_CONTENT => Ok(None),
            status if status.is_success() => Ok(Some(answer.body)),
            _ => Err(problem(&answer)),
        }
    }

    pub(crate) async fn outcome(&self, outcome: &BundleOutcome) -> Result<(), LinkError> {
        self.post_quietly("/v1/bundle/outcome", outcome).await
    }

    pub(crate) async fn usage(&self, batch: &UsageBatch) -> Result<UsageAck, LinkError> {
        self.post("/v1/usage", batch).await
    }

    pub(crate) async fn heartbeat(&self, beat: &Heartbeat) -> Result<HeartbeatReply, LinkError> {
        self.post("/v1/heartbeat", beat).await
    }

    pub(crate) async fn report_balances(&self, report: &BalanceReport) -> Result<(), LinkError> {
        self.post_quietly("/v1/balances", report).await
    }

    /// A page of the balances last reported for the site: the first, or the one behind `after`.
    pub(crate) async fn balances(&self, after: Option<&str>) -> Result<BalanceReport, LinkError> {
        let path =
            after.map_or_else(|| "/v1/balances".to_owned(), |after| format!("/v1/balances?after={}", encoded(after)));
        read(&self.exchange(Method::GET, &path, Vec::new(), SHORT).await?)
    }

    pub(crate) async fn shares(&self, report: &ShareReport) -> Result<ShareAnswer, LinkError> {
        self.post("/v1/shares", report).await
    }

    pub(crate) async fn account(&self, check: &AccountCheck) -> Result<AccountAnswer, LinkError> {
        self.post("/v1/account", check).await
    }

    pub(crate) async fn filter_counts(&self, counts: &FilterCounts) -> Result<(), LinkError> {
        self.post_quietly("/v1/filter-counts", counts).await
    }

    pub(crate) async fn appeals(&self, appeals: &Appeals) -> Result<AppealsAck, LinkError> {
        self.post("/v1/appeals", appeals).await
    }

    pub(crate) async fn requests(&self, requests: &HelpRequests) -> Result<HelpRequestsAck, LinkError> {
        self.post("/v1/requests", requests).await
    }

    pub(crate) async fn shadow(&self, report: &ShadowReport) -> Result<(), LinkError> {
        self.post_quietly("/v1/shadow", report).await
    }

    /// Waits for orders as long as the report says.
    pub(crate) async fn desk(&self, report: &DeskReport) -> Result<DeskReply, LinkError> {
        let body = serde_json::to_vec(report).map_err(LinkError::Unreadable)?;
        let limit = Duration::from_secs(report.wait_seconds) + SHORT;
        read(&self.exchange(Method::POST, "/v1/desk", body, limit).await?)
    }

    /// Fetches a file of at most `most` bytes into `to`, going on behind what is there.
    pub(crate) async fn download(
        &self,
        path: &str,
        to: &Path,
        most: u64,
        idle: Duration,
    ) -> Result<Downloaded, LinkError> {
        Ok(download(&self.endpoint, self.tls.clone(), path, to, most, idle).await?)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, LinkError> {
        let body = serde_json::to_vec(body).map_err(LinkError::Unreadable)?;
        read(&self.exchange(Method::POST, path, body, SHORT).await?)
    }

    async fn post_quietly(&self, path: &str, body: &impl Serialize) -> Result<(), LinkError> {
        let body = serde_json::to_vec(body).map_err(LinkError::Unreadable)?;
        let answer = self.exchange(Method::POST, path, body, SHORT).await?;
        if answer.status.is_success() { Ok(()) } else { Err(problem(&answer)) }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<Answer, ExchangeError> {
        exchange(&self.endpoint, self.tls.clone(), self.place.as_deref(), (method, path), body, limit).await
    }
}

/// Percent-encoding for a query (RFC 3986 section 2.1): all but letters and digits.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, LinkError> {
    if !answer.status.is_success() {
        return Err(problem(answer));
    }
    serde_json::from_slice(&answer.body).map_err(LinkError::Unreadable)
}

fn problem(answer: &Answer) -> LinkError {
    let text = serde_json::from_slice::<Problem>(&answer.body).map_or_else(
        |_| String::from_utf8_lossy(&answer.body).chars().take(200).collect(),
        |problem| problem.to_string(),
    );
    LinkError::Problem(answer.status, text)
}
