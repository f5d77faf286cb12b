//! Answers with the headers every answer of ours has.

use std::io::Write as _;

use axum::body::Body;
use axum::response::Response;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::desk::{Desk, Scenery};

/// A page.
pub(crate) fn page(desk: &Desk, scenery: &Scenery, status: StatusCode, html: String) -> Response {
    let (body, gzip) = match desk.gzip.then(|| compress(html.as_bytes())).flatten() {
        Some(small) => (small, true),
        None => (html.into_bytes(), false),
    };
    let mut response = bare(status, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(desk.lang.tag()));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let policy = HeaderValue::from_str(&scenery.dress.style.policy);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static("default-src 'none'")));
    headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// After a form, or from a path that is not a page. `location` is a path of ours.
pub(crate) fn see_other(location: &str) -> Response {
    let mut response = bare(StatusCode::SEE_OTHER, Vec::new());
    response.headers_mut().insert(header::LOCATION, to_header(location));
    response
}

/// The captive redirect on a connection that already served pages.
pub(crate) fn captive(location: &str) -> Response {
    let body =
        format!("<!doctype html><title>Internet</title><p><a href=\"{location}\">Lanjutkan / Continue</a></p>\n");
    let mut response = bare(StatusCode::SEE_OTHER, body.into_bytes());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::LOCATION, to_header(location));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// RFC 8908, section 5.
pub(crate) fn captive_json(json: Vec<u8>) -> Response {
    let mut response = bare(StatusCode::OK, json);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/captive+json"));
    response
}

/// `Connection: close`: after a request whose body nobody read.
pub(crate) fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn bare(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn to_header(location: &str) -> HeaderValue {
    HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"))
}

fn compress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(8192), Compression::new(6));
    encoder.write_all(bytes).and_then(|()| encoder.finish()).ok()
}
