//! What each address does: read, use-case, answer.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use gapura_model::Generation;
use gapura_runtime::Tasks;
use gapura_wire::{
    AccountCheck, Appeals, BalanceReport, BundleOutcome, DeskReply, DeskReport, EnrolRequest, FilterCounts, Heartbeat,
    HelpRequests, ProblemKind, ReceivedBatch, RenewAnswer, RenewRequest, ShadowReport, ShareReport, limits,
};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tokio::sync::watch;

use super::Shown;
use super::answer::{Failed, json, raw_json, read};
use super::file::send;
use crate::meters::{Meter, measure};
use crate::office::Office;
use crate::office::enrol::{Member, NotMember};

/// What the routes need.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) office: Office,
    /// Changes with every publication, by whatever process.
    pub(crate) publications: watch::Receiver<i64>,
    /// Their end is the end of all waiting.
    pub(crate) tasks: Tasks,
}

type Answer = Result<Response, Failed>;

/// All addresses of version 1.
pub(crate) fn router(api: Api) -> Router {
    let nowhere =
        || async { Failed::new(StatusCode::NOT_FOUND, ProblemKind::NotFound, "there is nothing at this address") };
    let wrong = || async { Failed::new(StatusCode::METHOD_NOT_ALLOWED, ProblemKind::NotFound, "not with this method") };
    let meter = (api.office.meters.clone(), Meter::Api);
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
        .route("/v1/filter-counts", post(filter_counts))
        .route("/v1/appeals", post(appeals))
        .route("/v1/requests", post(requests))
        .route("/v1/shadow", post(shadow))
        .route("/v1/desk", post(desk))
        .route("/v1/index/{version}", get(index))
        .route("/v1/index/{version}/from/{older}", get(index_changes))
        .method_not_allowed_fallback(wrong)
        .fallback(nowhere)
        .layer(from_fn_with_state(meter, measure))
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

async fn bundle(
    State(api): State<Api>,
    Extension(shown): Extension<Shown>,
    poll: Result<Query<Poll>, QueryRejection>,
) -> Answer {
    let Query(poll) = poll.map_err(no_question)?;
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
        // Of other sites' publications nothing is asked: ten thousand gateways wait here.
        loop {
            match tokio::time::timeout_at(deadline, publications.changed()).await {
                Ok(Ok(())) if api.office.published_lately(&member.site, after) => break,
                Ok(Ok(())) => {}
                // The time is over, or the server stops: the gateway asks again.
                Ok(Err(_)) | Err(_) => return Ok(StatusCode::NO_CONTENT.into_response()),
            }
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
    Ok(json(&api.office.ingest(&member, batch, sha256).await?))
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

async fn balances(
    State(api): State<Api>,
    Extension(shown): Extension<Shown>,
    page: Result<Query<Page>, QueryRejection>,
) -> Answer {
    let Query(page) = page.map_err(no_question)?;
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

async fn filter_counts(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (counts, _) = read::<FilterCounts>(body, limits::REQUEST_BYTES).await?;
    counts.check().map_err(|error| Failed::new(StatusCode::BAD_REQUEST, ProblemKind::Unreadable, error.to_string()))?;
    api.office.put_counts(&member, &counts).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn appeals(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (appeals, _) = read::<Appeals>(body, limits::REQUEST_BYTES).await?;
    if appeals.appeals.len() > limits::APPEALS {
        let detail = format!("the message has more than {} appeals", limits::APPEALS);
        return Err(Failed::new(StatusCode::BAD_REQUEST, ProblemKind::TooLarge, detail));
    }
    Ok(json(&api.office.take_appeals(&member, &appeals).await?))
}

async fn requests(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (asked, _) = read::<HelpRequests>(body, limits::REQUEST_BYTES).await?;
    if asked.requests.len() > limits::REQUESTS {
        let detail = format!("the message has more than {} requests", limits::REQUESTS);
        return Err(Failed::new(StatusCode::BAD_REQUEST, ProblemKind::TooLarge, detail));
    }
    Ok(json(&api.office.take_requests(&member, &asked).await?))
}

async fn shadow(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let member = member(&api.office, shown).await?;
    let (report, _) = read::<ShadowReport>(body, limits::REQUEST_BYTES).await?;
    if let Some(problem) = report.problem() {
        return Err(Failed::new(StatusCode::BAD_REQUEST, ProblemKind::Unreadable, problem));
    }
    api.office.put_trial(&member, &report).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Waits for orders, unless there is something to say at once.
async fn desk(State(api): State<Api>, Extension(shown): Extension<Shown>, body: Body) -> Answer {
    let known = member(&api.office, shown).await?;
    let (report, _) = read::<DeskReport>(body, limits::REQUEST_BYTES).await?;
    if let Some(problem) = report.problem() {
        return Err(Failed::new(StatusCode::BAD_REQUEST, ProblemKind::TooLarge, problem));
    }
    api.office.take_outcomes(&known, &report.outcomes).await?;
    let again = match report.online {
        Some(online) => api.office.take_online(&known, online).await?,
        None => false,
    };
    if report.wait_seconds == 0 {
        return Ok(json(&DeskReply { orders: Vec::new(), watched: api.office.is_watched(&known), again }));
    }
    let mut bell = api.office.desk.bell(&known.site);
    let _waits = api.office.waits(&known);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(report.wait_seconds.min(limits::POLL_SECONDS));
    loop {
        // Marked as heard before the look, so that no order in between is slept over.
        bell.borrow_and_update();
        let known = member(&api.office, shown).await?;
        let reply =
            DeskReply { orders: api.office.orders_for(&known).await?, watched: api.office.is_watched(&known), again };
        if !(reply.orders.is_empty() && report.outcomes.is_empty() && reply.watched == report.watched) {
            return Ok(json(&reply));
        }
        tokio::select! {
            rung = bell.changed() => if rung.is_err() { return Ok(json(&reply)) },
            () = tokio::time::sleep_until(deadline) => return Ok(json(&reply)),
            () = api.tasks.stopping().cancelled() => return Ok(json(&reply)),
        }
    }
}

fn no_question(error: QueryRejection) -> Failed {
    Failed::new(StatusCode::BAD_REQUEST, ProblemKind::Unreadable, error.body_text())
}

fn no_version(_: PathRejection) -> Failed {
    Failed::new(StatusCode::NOT_FOUND, ProblemKind::NotFound, "that is no version of an index")
}

async fn index(
    State(api): State<Api>,
    Extension(shown): Extension<Shown>,
    path: Result<Path<u64>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    member(&api.office, shown).await?;
    let Path(version) = path.map_err(no_version)?;
    send(&api.office.lists.shelf.index(version), &format!("index-{version}"), &headers).await
}

async fn index_changes(
    State(api): State<Api>,
    Extension(shown): Extension<Shown>,
    path: Result<Path<(u64, u64)>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    member(&api.office, shown).await?;
    let Path((version, older)) = path.map_err(no_version)?;
    let Some(path) = api.office.index_changes(version, older).await? else {
        let detail = format!("nothing leads from index {older} to {version}: fetch the whole one");
        return Err(Failed::new(StatusCode::NOT_FOUND, ProblemKind::NotFound, detail));
    };
    send(&path, &format!("index-{version}-from-{older}"), &headers).await
}
