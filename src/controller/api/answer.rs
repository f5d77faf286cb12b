//! Reading bodies and telling problems.

use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use gapura_model::with_causes;
use gapura_wire::{Problem, ProblemKind, Sha256};
use http::{StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

use crate::office::OfficeError;

/// An answer that is not a success.
#[derive(Debug)]
pub(crate) struct Failed(StatusCode, Problem);

impl Failed {
    pub(crate) fn new(status: StatusCode, kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self(status, Problem { kind, detail: detail.into() })
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        // RFC 9457 section 3.
        let kind = (header::CONTENT_TYPE, "application/problem+json");
        (self.0, [kind], axum::Json(self.1)).into_response()
    }
}

impl From<OfficeError> for Failed {
    fn from(error: OfficeError) -> Self {
        if let OfficeError::Certificate(error) = &error {
            return Self::new(StatusCode::BAD_REQUEST, ProblemKind::BadRequestForCertificate, with_causes(error));
        }
        tracing::error!(error = with_causes(&error), "a gateway's request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ProblemKind::Internal,
            "the controller could not do its part: try again later",
        )
    }
}

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Reads a JSON body of at most `limit` bytes, and its hash.
pub(crate) async fn read<T: DeserializeOwned>(body: Body, limit: usize) -> Result<(T, Sha256), Failed> {
    let too_slow =
        |_| Failed::new(StatusCode::REQUEST_TIMEOUT, ProblemKind::Unreadable, "the body did not arrive within 30 s");
    let bytes = tokio::time::timeout(BODY_TIME, to_bytes(body, limit)).await.map_err(too_slow)?;
    let bytes = bytes.map_err(|_| {
        let detail = format!("the body is larger than {limit} bytes or broke off");
        Failed::new(StatusCode::PAYLOAD_TOO_LARGE, ProblemKind::TooLarge, detail)
    })?;
    let value = serde_json::from_slice(&bytes).map_err(|error| {
        Failed::new(StatusCode::BAD_REQUEST, ProblemKind::Unreadable, format!("the body cannot be read: {error}"))
    })?;
    Ok((value, Sha256::of(&bytes)))
}

/// A JSON answer.
pub(crate) fn json<T: Serialize>(value: &T) -> Response {
    axum::Json(value).into_response()
}

/// JSON that was written before.
pub(crate) fn raw_json(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}
