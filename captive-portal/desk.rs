//! What every handler needs: who asks, in which language, and how things stand.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use gapura_model::DeviceSort;
use http::{HeaderMap, StatusCode, header, request::Parts};

use crate::dress::Dress;
use crate::forms::Form;
use crate::pages::Scene;
use crate::portal::Shared;
use crate::routes::Conn;
use crate::sort::sort_of;
use crate::{Gate, Lang, View};
use gapura_speech::Say;

/// Query fields that are looked at.
const QUERY_FIELDS: usize = 8;
/// A longer query is not looked at at all: somebody may paste the whole address of a page.
const QUERY_BYTES: usize = 8 * 1024;

/// A request, as far as pages care.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) conn: Conn,
    pub(crate) lang: Lang,
    /// The path without its language.
    pub(crate) path: String,
    pub(crate) query: Form,
    pub(crate) gzip: bool,
    pub(crate) wants_html: bool,
    pub(crate) wants_captive_json: bool,
    /// What the device seems to be.
    pub(crate) sort: DeviceSort,
}

impl Desk {
    /// A path of ours in the visitor's language.
    pub(crate) fn href(&self, path: &str) -> String {
        format!("{}{path}", self.lang.prefix())
    }
}

impl<S: Sync> FromRequestParts<S> for Desk {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let conn = parts.extensions.get::<Conn>().copied().ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        let full = parts.uri.path();
        let (mut lang, path) = match full.strip_prefix("/en") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                (Lang::En, if rest.is_empty() { "/" } else { rest })
            }
            Some(_) | None => (Lang::Id, full),
        };
        // A query that is no form is no reason to refuse a page.
        let query = parts.uri.query().filter(|query| query.len() <= QUERY_BYTES).unwrap_or_default();
        let query = Form::parse(query.as_bytes(), QUERY_FIELDS).unwrap_or_default();
        match query.get("lang") {
            "en" => lang = Lang::En,
            "id" => lang = Lang::Id,
            _ => {}
        }
        Ok(Self {
            conn,
            lang,
            path: path.to_owned(),
            query,
            gzip: accepts(&parts.headers, &header::ACCEPT_ENCODING, "gzip"),
            wants_html: accepts(&parts.headers, &header::ACCEPT, "text/html"),
            wants_captive_json: accepts(&parts.headers, &header::ACCEPT, "application/captive+json"),
            sort: parts
                .headers
                .get(header::USER_AGENT)
                .and_then(|says| says.to_str().ok())
                .map(sort_of)
                .unwrap_or_default(),
        })
    }
}

/// Whether a list header names `what` and does not give it a weight of zero.
fn accepts(headers: &HeaderMap, name: &header::HeaderName, what: &str) -> bool {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(
        |item| {
            let mut parts = item.split(';').map(str::trim);
            let named = parts.next().is_some_and(|first| first.eq_ignore_ascii_case(what));
            named && !parts.any(|weight| weight.replace(' ', "").trim_end_matches(['0', '.']) == "q=")
        },
    )
}

/// How things stand, held while a page is made.
pub(crate) struct Scenery {
    pub(crate) dress: Arc<Dress>,
    pub(crate) view: View,
    moment: gapura_model::Moment,
    token: String,
    passwords: bool,
}

impl Scenery {
    pub(crate) async fn look<G: Gate>(shared: &Shared<G>, desk: &Desk) -> Self {
        let view = shared.gate.view(desk.conn.peer).await;
        let moment = shared.gate.moment();
        Self {
            dress: shared.dress(),
            view,
            moment,
            token: shared.tokens.make(desk.conn.peer.remote.ip(), moment.up),
            passwords: desk.conn.tls || shared.settings.passwords_over_http,
        }
    }

    pub(crate) fn scene(&self, desk: &Desk) -> Scene<'_> {
        self.scene_at(desk, &desk.path)
    }

    /// The same, for a page that is reached under `path`: what a form's answer links to in the other language.
    pub(crate) fn scene_at(&self, desk: &Desk, path: &str) -> Scene<'_> {
        Scene {
            dress: &self.dress,
            view: &self.view,
            say: Say::new(crate::words::words(desk.lang), self.view.site.zone.clone(), self.moment),
            path: path.to_owned(),
            token: self.token.clone(),
            passwords: self.passwords,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_of_zero_means_no() {
        let check = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            accepts(&headers, &header::ACCEPT_ENCODING, "gzip")
        };
        assert!(check("gzip") && check("br, GZIP;q=0.5, *") && check("deflate,gzip"));
        assert!(!check("gzip;q=0") && !check("gzip; q=0.000") && !check("br") && !check("xgzip") && !check(""));
    }
}
