//! Who is signed in, by the cookie `__Host-gapura`.

use axum::response::Response;
use gapura_controller::{Grant, Office, OfficeError, SeenFrom, SessionToken, Staff, door};
use gapura_speech::Lang;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

use crate::form::token_of;

/// The cookie's name: only over TLS, only from this host, for every path (RFC 6265bis section 4.1.3).
pub(crate) const COOKIE: &str = "__Host-gapura";

/// Someone signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// The user name, as in the audit log.
    pub(crate) name: String,
    /// What others see, for example *Petugas loket*.
    pub(crate) title: String,
    pub(crate) grants: Vec<Grant>,
    pub(crate) lang: Lang,
    /// When a password or code was last shown.
    pub(crate) proved: Timestamp,
    /// The token of forms in this session.
    pub(crate) form: String,
    /// The same for the use-cases.
    pub(crate) staff: Staff,
}

#[cfg(test)]
impl Person {
    /// Somebody for tests of pages, signed in at `now`.
    pub(crate) fn sample(name: &str, title: &str, grants: Vec<Grant>, now: Timestamp, form: &str) -> Self {
        let staff = Staff {
            name: name.parse().unwrap(),
            full_title: title.to_owned(),
            grants: grants.clone(),
            lang: "id".to_owned(),
            session: gapura_controller::SessionId::from_bytes([7; 32]),
            proved: now,
            second_factor: false,
        };
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            grants,
            lang: Lang::Id,
            proved: now,
            form: form.to_owned(),
            staff,
        }
    }
}

/// The cookie of whoever is on the way to the identity provider.
pub(crate) const AWAY: &str = "__Host-gapura-sso";

/// The cookie's value.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, COOKIE)
}

/// What was kept on the way to the identity provider.
pub(crate) fn kept_away(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, AWAY)
}

fn cookie_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Gives the browser what it keeps on its way to the identity provider, or takes it back.
pub(crate) fn send_away(mut response: Response, kept: Option<&str>) -> Response {
    let (kept, age) = kept.map_or(("", 0), |kept| (kept, 600));
    let text = format!("{AWAY}={kept}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={age}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// Whoever the cookie belongs to; `None` where it belongs to nobody any more. A page that asks `by_itself` keeps nobody signed in.
pub(crate) async fn person(
    office: &Office,
    headers: &HeaderMap,
    by_itself: bool,
) -> Result<Option<Person>, OfficeError> {
    let Some(token) = token(headers) else { return Ok(None) };
    let staff = if by_itself { office.session_unattended(&token).await? } else { office.session(&token).await? };
    let Some(staff) = staff else { return Ok(None) };
    Ok(Some(Person {
        name: staff.name.to_string(),
        title: staff.full_title.clone(),
        grants: staff.grants.clone(),
        lang: if staff.lang == "en" { Lang::En } else { Lang::Id },
        proved: staff.proved,
        form: token_of(token.expose()),
        staff,
    }))
}

/// The token in the cookie, also of somebody who has only begun to sign in.
pub(crate) fn token(headers: &HeaderMap) -> Option<SessionToken> {
    SessionToken::from_cookie(cookie(headers)?)
}

/// Gives the browser a token to keep until it is closed.
pub(crate) fn keep(mut response: Response, token: &SessionToken) -> Response {
    let text = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.expose());
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// Takes the token from the browser.
pub(crate) fn forget(mut response: Response) -> Response {
    let value = HeaderValue::from_static("__Host-gapura=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    response.headers_mut().append(header::SET_COOKIE, value);
    response
}

/// Where a request comes from.
pub(crate) fn seen(from: door::From, headers: &HeaderMap) -> SeenFrom {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    SeenFrom { address: from.0.ip().to_canonical(), agent: agent.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; __Host-gapurax=2".parse().unwrap());
        assert_eq!(cookie(&headers), None);
        headers.append(header::COOKIE, "b=2; __Host-gapura=abc".parse().unwrap());
        assert_eq!(cookie(&headers), Some("abc"));
    }
}
