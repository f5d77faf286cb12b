//! What each address does: read, use-case, answer.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use gapura_model::Generation;
use gapura_wire::{
    AccountCheck, BalanceReport, BundleOutcome, EnrolRequest, Heartbeat, ProblemKind, ReceivedBatch, RenewAnswer,
    RenewRequest, ShareReport, limits,
};
use http::StatusCode;
use serde::Deserialize;
use tokio::sync::watch;

use super::Shown;
use super::answer::{Failed, json, raw_json, read};
use crate::office::Office;
use crate::office::enrol::{Member, NotMember};

/// What the routes need.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) office: Office,
    /// Changes with every publication, by whatever process.
    pub(crate) publications: watch::Receiver<i64>,
}

type Answer = Result<Response, Failed>;

/// All addresses of version 1.
pub(crate) fn router(api: Api) -> Router {
    let nowhere =
        || async { Failed::new(StatusCode::NOT_FOUND, ProblemKind::NotFound, "there is nothing at this address") };
    let wrong = || async { Failed::new(StatusCode::METHOD_NOT_ALLOWED, ProblemKind::NotFound, "not with this method") };
    Router::new()
        .route("/v1/enrol", post(enrol))
        .route("/v1/renew", post(renew))
        .route("/v1/bundle", get(bundle))
        .route("/v1/bundle/outcome", post(outcome))
        .route("/v1/usage", post(usage))
        .route("/v1/heartbeat", post(heartbeat))
        .route("/v1/balances", get(balances).post(put_balances))
        .route("/v1/shares", post(shares))
        .route("/v1/account", post(account))
        .method_not_allowed_fallback(wrong)
        .fallback(nowhere)
        .with_state(api)
}

/// The gateway behind the connection, asked anew for every request: a revocation holds at once.
async fn member(office: &Office, shown: Shown) -> Result<Member, Failed> {
    let refuse = |status, kind, detail: &str| Err(Failed::new(status, kind, detail));
    let Some(fingerprint) = shown.0 else {
        return refuse(
            StatusCode::UNAUTHORIZED,
            ProblemKind::NoCertificate,
            "show this gateway's certificate, or enrol first",
        );
    };
    match office.member(&fingerprint).await? {
        Ok(member) => Ok(member),
        Err(NotMember::Unknown) => {
            let detail = "this certificate belongs to no gateway known here: enrol again";
            refuse(StatusCode::FORBIDDEN, ProblemKind::UnknownCertificate, detail)
        }
        Err(NotMember::Revoked) => {
            let detail = "this gateway was replaced or removed: its certificate is no longer taken";
            refuse(StatusCode::FORBIDDEN, ProblemKind::Revoked, detail)
        }
    }
}

async fn enrol(State(api): State<Api>, body: Body) -> Answer {
    let (request, _) = read::<EnrolRequest>(body, limits::ENROL_BYTES).await?;
    Ok(json(&api.office.enrol(request).await?))
}

async fn renew(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (request, _) = read::<RenewRequest>(body, limits::ENROL_BYTES).await?;
    let certificate_pem = api.office.renew(&member, &request).await?;
    Ok(json(&RenewAnswer { certificate_pem }))
}

#[derive(Deserialize)]
struct Poll {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait: u64,
}

async fn bundle(State(api): State<Api>, Extension(shown): Extension<Shown>, Query(poll): Query<Poll>) -> Answer {
    let after = Generation::new(poll.after);
    let mut publications = api.publications.clone();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(poll.wait.min(limits::POLL_SECONDS));
    loop {
        // Marked as seen before the look, so that nothing published in between is slept over.
        publications.borrow_and_update();
        let member = member(&api.office, shown).await?;
        if let Some(signed) = api.office.newer_bundle(&member, after).await? {
            return Ok(raw_json(signed));
        }
        match tokio::time::timeout_at(deadline, publications.changed()).await {
            Ok(Ok(())) => {}
            // The time is over, or the server stops: the gateway asks again.
            Ok(Err(_)) | Err(_) => return Ok(StatusCode::NO_CONTENT.into_response()),
        }
    }
}

async fn outcome(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (outcome, _) = read::<BundleOutcome>(body, limits::REQUEST_BYTES).await?;
    api.office.outcome(&member, &outcome).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn usage(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (batch, sha256) = read::<ReceivedBatch>(body, limits::REQUEST_BYTES).await?;
    if batch.gateway != member.gateway {
        let detail = format!("the batch is of gateway {}, the certificate of {}", batch.gateway, member.gateway);
        return Err(Failed::new(StatusCode::FORBIDDEN, ProblemKind::WrongGateway, detail));
    }
    batch.check().map_err(|error| Failed::new(StatusCode::BAD_REQUEST, ProblemKind::Unreadable, error.to_string()))?;
    Ok(json(&api.office.ingest(&member, &batch, sha256).await?))
}

async fn heartbeat(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (beat, _) = read::<Heartbeat>(body, limits::ENROL_BYTES).await?;
    if !(8..=64).contains(&beat.nonce.len()) {
        return Err(Failed::new(StatusCode::BAD_REQUEST, ProblemKind::Unreadable, "the nonce has not 8 to 64 bytes"));
    }
    Ok(json(&api.office.heartbeat(&member, beat).await?))
}

async fn put_balances(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (report, _) = read::<BalanceReport>(body, 4 * limits::REQUEST_BYTES).await?;
    if report.balances.len() > limits::BALANCE_ROWS {
        let detail = format!("the report has more than {} rows", limits::BALANCE_ROWS);
        return Err(Failed::new(StatusCode::BAD_REQUEST, ProblemKind::TooLarge, detail));
    }
    api.office.put_balances(&member, &report).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    after: String,
}

async fn balances(State(api): State<Api>, Extension(shown): Extension<Shown>, Query(page): Query<Page>) -> Answer {
    let member = member(&api.office, shown).await?;
    Ok(json(&api.office.balances(&member, &page.after).await?))
}

async fn shares(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (report, _) = read::<ShareReport>(body, limits::REQUEST_BYTES).await?;
    if report.lines.len() > limits::SHARE_LINES {
        let detail = format!("the report has more than {} lines", limits::SHARE_LINES);
        return Err(Failed::new(StatusCode::BAD_REQUEST, ProblemKind::TooLarge, detail));
    }
    Ok(json(&api.office.shares(&member, &report).await?))
}

async fn account(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (check, _) = read::<AccountCheck>(body, limits::ENROL_BYTES).await?;
    Ok(json(&api.office.check_account(&member.site, check).await?))
}
