//! Forms: checked, passed on to the gate, answered with 303 or with the form and what is wrong with it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use gapura_model::{AccountName, MoveCode, ParseVoucherError, Secret, VoucherCode, VoucherToken};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::desk::{Desk, Scenery};
use crate::forms::Form;
use crate::pages::{self, FieldError, Problem, Standing};
use crate::portal::Shared;
use crate::routes::Conn;
use crate::{Credentials, Gate, Refused, reply};

/// Passwords in bytes.
const PASSWORD_BYTES: usize = 256;

/// A way in, for the answer when it does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    OneTap,
    Voucher,
    Link,
    Account,
    Again,
}

impl Way {
    const fn path(self) -> &'static str {
        match self {
            Self::OneTap => "/masuk",
            Self::Voucher => "/voucer",
            Self::Link => "/v",
            Self::Account => "/akun",
            Self::Again => "/lagi",
        }
    }

    /// The page that carries the form.
    const fn page(self) -> &'static str {
        match self {
            Self::OneTap | Self::Again => "/",
            // A code may be typed where a link does not help.
            Self::Link => "/voucer",
            Self::Voucher | Self::Account => self.path(),
        }
    }
}

/// *Setuju dan sambungkan*.
pub(crate) async fn one_tap<G: Gate>(
    State(shared): State<Arc<Shared<G>>>,
    desk: Desk,
    request: Request<Body>,
) -> Response {
    let form = match read_form(&shared, &desk, request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let dress = shared.dress();
    if !token_is_good(&shared, &desk, &form) {
        return stale(&shared, &desk, Way::OneTap, &form).await;
    }
    if form.get("syarat") != dress.terms_tag() {
        return refused(&shared, &desk, Way::OneTap, &form, &Refused::TermsChanged).await;
    }
    enter(&shared, &desk, Way::OneTap, &form, Credentials::OneTap { terms: dress.terms.clone() }).await
}

/// A voucher's code.
pub(crate) async fn voucher<G: Gate>(
    State(shared): State<Arc<Shared<G>>>,
    desk: Desk,
    request: Request<Body>,
) -> Response {
    let form = match read_form(&shared, &desk, request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    if !token_is_good(&shared, &desk, &form) {
        return stale(&shared, &desk, Way::Voucher, &form).await;
    }
    if let Ok(code) = form.get("kode").parse::<MoveCode>() {
        return moving(&shared, &desk, &form, code).await;
    }
    match form.get("kode").parse::<VoucherCode>() {
        Ok(code) => enter(&shared, &desk, Way::Voucher, &form, Credentials::Voucher(code)).await,
        Err(error) => {
            let scenery = Scenery::look(&shared, &desk).await;
            let scene = scenery.scene_at(&desk, Way::Voucher.page());
            let text = match error {
                ParseVoucherError::Length if form.get("kode").is_empty() => scene.say.words.t("form-missing"),
                ParseVoucherError::Length => scene.say.words.t("refused-code-length"),
                ParseVoucherError::Letter => scene.say.words.t("refused-unknown-code"),
            };
            reply::page(&desk, &scenery, StatusCode::OK, pages::voucher(&scene, form.get("kode"), Some(text), None))
        }
    }
}

/// The one-time token of a voucher's QR code: the button of the page that [`crate::routes`] shows for it.
pub(crate) async fn voucher_link<G: Gate>(
    State(shared): State<Arc<Shared<G>>>,
    desk: Desk,
    link: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Response {
    let form = match read_form(&shared, &desk, request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let Some(link) = link.ok().and_then(|Path(text)| text.parse::<VoucherToken>().ok()) else {
        return reply::see_other(&desk.href("/voucer"));
    };
    if !token_is_good(&shared, &desk, &form) {
        let scenery = Scenery::look(&shared, &desk).await;
        if scenery.view.standing() != Standing::Welcome {
            return reply::see_other(&desk.href("/"));
        }
        let scene = scenery.scene_at(&desk, Way::Link.page());
        let w = scene.say.words;
        let problem = Problem { class: "warn", ..Problem::new(w.t("not-connected"), w.t("form-stale")) };
        return reply::page(&desk, &scenery, StatusCode::OK, pages::voucher_link(&scene, &link, Some(problem)));
    }
    let take_over = form.get("alih") == "1";
    shared.gate.seen_as(desk.conn.peer, desk.sort);
    let entered =
        in_time(&shared, shared.gate.enter(desk.conn.peer, Credentials::Token(link.clone()), take_over)).await;
    match entered.unwrap_or(Err(Refused::Busy)) {
        Ok(_) => reply::see_other(&desk.href("/status")),
        Err(Refused::TooManyDevices { allowed, may_take_over: true }) => {
            let scenery = Scenery::look(&shared, &desk).await;
            let action = format!("/v/{}", link.to_text());
            let html = pages::takeover(&scenery.scene_at(&desk, Way::Link.page()), allowed, &action, "", "");
            reply::page(&desk, &scenery, StatusCode::OK, html)
        }
        Err(refusal) => refused(&shared, &desk, Way::Link, &form, &refusal).await,
    }
}

/// Five letters in the voucher's field: the code by which staff let a visit of another device move here. Half a voucher's code looks
/// the same, so that the answer speaks of both.
async fn moving<G: Gate>(shared: &Shared<G>, desk: &Desk, form: &Form, code: MoveCode) -> Response {
    shared.gate.seen_as(desk.conn.peer, desk.sort);
    let entered = in_time(shared, shared.gate.enter(desk.conn.peer, Credentials::Moving(code), false)).await;
    match entered.unwrap_or(Err(Refused::Busy)) {
        Ok(_) => reply::see_other(&desk.href("/status")),
        Err(Refused::UnknownCode) => {
            let scenery = Scenery::look(shared, desk).await;
            let scene = scenery.scene_at(desk, Way::Voucher.page());
            let text = scene.say.words.t("refused-move-code");
            reply::page(desk, &scenery, StatusCode::OK, pages::voucher(&scene, form.get("kode"), Some(text), None))
        }
        Err(refusal) => refused(shared, desk, Way::Voucher, form, &refusal).await,
    }
}

/// An account's name and password.
pub(crate) async fn account<G: Gate>(
    State(shared): State<Arc<Shared<G>>>,
    desk: Desk,
    request: Request<Body>,
) -> Response {
    let form = match read_form(&shared, &desk, request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    if !desk.conn.tls && !shared.settings.passwords_over_http {
        return refused(&shared, &desk, Way::Account, &form, &Refused::PasswordNeedsHttps).await;
    }
    if !token_is_good(&shared, &desk, &form) {
        return stale(&shared, &desk, Way::Account, &form).await;
    }
    let password = form.raw("sandi");
    if form.get("nama").is_empty() || password.is_empty() {
        let scenery = Scenery::look(&shared, &desk).await;
        let scene = scenery.scene_at(&desk, Way::Account.page());
        let text = scene.say.words.t("form-missing");
        return reply::page(
            &desk,
            &scenery,
            StatusCode::OK,
            pages::account(&scene, form.get("nama"), Some(text), None),
        );
    }
    match form.get("nama").parse::<AccountName>() {
        Ok(name) if password.len() <= PASSWORD_BYTES => {
            let with = Credentials::Account { name, password: Secret::new(password.to_owned()) };
            enter(&shared, &desk, Way::Account, &form, with).await
        }
        Ok(_) | Err(_) => refused(&shared, &desk, Way::Account, &form, &Refused::WrongPassword).await,
    }
}

/// *Sambung lagi*.
pub(crate) async fn again<G: Gate>(
    State(shared): State<Arc<Shared<G>>>,
    desk: Desk,
    request: Request<Body>,
) -> Response {
    let form = match read_form(&shared, &desk, request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    if !token_is_good(&shared, &desk, &form) {
        return stale(&shared, &desk, Way::Again, &form).await;
    }
    enter(&shared, &desk, Way::Again, &form, Credentials::Again).await
}

/// *Keluar*.
pub(crate) async fn leave<G: Gate>(
    State(shared): State<Arc<Shared<G>>>,
    desk: Desk,
    request: Request<Body>,
) -> Response {
    ask(&shared, &desk, request, "/", shared.gate.leave(desk.conn.peer)).await
}

/// *Perpanjang*.
pub(crate) async fn extend<G: Gate>(
    State(shared): State<Arc<Shared<G>>>,
    desk: Desk,
    request: Request<Body>,
) -> Response {
    ask(&shared, &desk, request, "/status", shared.gate.extend(desk.conn.peer)).await
}

/// A form with nothing but a token.
async fn ask<G: Gate>(
    shared: &Shared<G>,
    desk: &Desk,
    request: Request<Body>,
    then: &str,
    question: impl Future<Output = Result<(), Refused>> + Send,
) -> Response {
    let form = match read_form(shared, desk, request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    if !token_is_good(shared, desk, &form) {
        // The page they see then has the button again, with a fresh token.
        return reply::see_other(&desk.href("/status"));
    }
    match in_time(shared, question).await.unwrap_or(Err(Refused::Busy)) {
        Ok(()) => reply::see_other(&desk.href(then)),
        Err(refusal) => {
            let scenery = Scenery::look(shared, desk).await;
            let (status, html) = pages::refused(&scenery.scene_at(desk, "/status"), &refusal);
            reply::page(desk, &scenery, status, html)
        }
    }
}

async fn enter<G: Gate>(shared: &Shared<G>, desk: &Desk, way: Way, form: &Form, with: Credentials) -> Response {
    let take_over = form.get("alih") == "1";
    shared.gate.seen_as(desk.conn.peer, desk.sort);
    let entered = in_time(shared, shared.gate.enter(desk.conn.peer, with, take_over)).await;
    match entered.unwrap_or(Err(Refused::Busy)) {
        Ok(_) => reply::see_other(&desk.href("/status")),
        Err(refusal) => refused(shared, desk, way, form, &refusal).await,
    }
}

/// Waits for the gate, with a bound on how many wait and for how long; `None` where it is too busy.
pub(crate) async fn in_time<G, T>(shared: &Shared<G>, question: impl Future<Output = T>) -> Option<T> {
    let _place = shared.forms.try_acquire().ok()?;
    timeout(shared.settings.limits.gate_timeout, question).await.ok()
}

async fn refused<G: Gate>(shared: &Shared<G>, desk: &Desk, way: Way, form: &Form, refusal: &Refused) -> Response {
    let scenery = Scenery::look(shared, desk).await;
    let scene = scenery.scene_at(desk, way.page());
    if let Refused::TooManyDevices { allowed, may_take_over: true } = refusal {
        let (code, name) = match way {
            Way::Voucher => {
                (form.get("kode").parse::<VoucherCode>().map_or_else(|_| String::new(), |code| code.grouped()), "")
            }
            Way::Account => (String::new(), form.get("nama")),
            Way::OneTap | Way::Link | Way::Again => (String::new(), ""),
        };
        let html = pages::takeover(&scene, *allowed, way.path(), &code, name);
        return reply::page(desk, &scenery, StatusCode::OK, html);
    }
    let on_form = match way {
        Way::Voucher | Way::Link | Way::Account if scenery.view.standing() == Standing::Welcome => {
            pages::field_error(&scene, refusal)
        }
        Way::Voucher | Way::Link | Way::Account | Way::OneTap | Way::Again => FieldError::Page,
    };
    let (error, problem) = match on_form {
        FieldError::Field(text) => (Some(text), None),
        FieldError::Form(problem) => (None, Some(problem)),
        FieldError::Page => {
            let (status, html) = pages::refused(&scene, refusal);
            return reply::page(desk, &scenery, status, html);
        }
    };
    let html = if matches!(way, Way::Voucher | Way::Link) {
        pages::voucher(&scene, form.get("kode"), error, problem)
    } else {
        pages::account(&scene, form.get("nama"), error, problem)
    };
    reply::page(desk, &scenery, StatusCode::OK, html)
}

/// The token is too old, or from another device: the same form again, with what was typed and a fresh token.
async fn stale<G: Gate>(shared: &Shared<G>, desk: &Desk, way: Way, form: &Form) -> Response {
    let scenery = Scenery::look(shared, desk).await;
    if scenery.view.standing() != Standing::Welcome {
        return reply::see_other(&desk.href("/"));
    }
    let scene = scenery.scene_at(desk, way.page());
    let w = scene.say.words;
    let problem = Problem { class: "warn", ..Problem::new(w.t("not-connected"), w.t("form-stale")) };
    let html = match way {
        Way::OneTap => pages::welcome(&scene, Some(problem)),
        Way::Voucher => pages::voucher(&scene, form.get("kode"), None, Some(problem)),
        Way::Account => pages::account(&scene, form.get("nama"), None, Some(problem)),
        Way::Link | Way::Again => return reply::see_other(&desk.href("/")),
    };
    reply::page(desk, &scenery, StatusCode::OK, html)
}

pub(crate) fn token_is_good<G: Gate>(shared: &Shared<G>, desk: &Desk, form: &Form) -> bool {
    shared.tokens.check(form.get("t"), desk.conn.peer.remote.ip(), shared.gate.moment().up)
}

/// Reads a form that our own page sent; anything else is answered here.
pub(crate) async fn read_form<G: Gate>(
    shared: &Shared<G>,
    desk: &Desk,
    request: Request<Body>,
) -> Result<Form, Response> {
    let (parts, body) = request.into_parts();
    match form_of(shared, desk.conn, &parts.headers, body).await {
        Ok(form) => Ok(form),
        Err(status) => {
            let scenery = Scenery::look(shared, desk).await;
            let html = pages::http_error(&scenery.scene_at(desk, "/"), status);
            Err(reply::closing(reply::page(desk, &scenery, status, html)))
        }
    }
}

async fn form_of<G>(shared: &Shared<G>, conn: Conn, headers: &HeaderMap, body: Body) -> Result<Form, StatusCode> {
    let limits = &shared.settings.limits;
    if !from_here(shared, conn, headers) {
        return Err(StatusCode::FORBIDDEN);
    }
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok()).unwrap_or_default();
    let kind = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    if text(header::CONTENT_LENGTH).parse().is_ok_and(|length: u64| length > limits.body_bytes as u64) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = Limited::new(body, limits.body_bytes);
    match timeout(limits.body_timeout, body.collect()).await {
        Ok(Ok(bytes)) => Form::parse(&bytes.to_bytes(), limits.fields).map_err(|_| StatusCode::BAD_REQUEST),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Whether the browser says that the form stood on our own page. Browsers that say nothing still need the form token;
/// `Origin: null` is what our own `Referrer-Policy: no-referrer` makes of a form.
fn from_here<G>(shared: &Shared<G>, conn: Conn, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let scheme = if conn.tls { "https://" } else { "http://" };
    let origin = text("origin").is_none_or(|origin| {
        origin == "null"
            || origin.strip_prefix(scheme).is_some_and(|host| shared.settings.origin.is_own(host, conn.peer.local))
    });
    site && origin
}
