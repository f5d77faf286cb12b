//! Which request gets which page.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use tower::ServiceExt as _;

use crate::api::{API_PATH, Answer};
use crate::desk::{Desk, Scenery};
use crate::portal::Shared;
use crate::{Gate, Peer, asking, captive, entering, helping, origin::safe_path, pages, reply};

/// The connection a request came in on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conn {
    pub(crate) peer: Peer,
    pub(crate) tls: bool,
}

/// The whole portal as a service for one connection.
pub(crate) fn service<G: Gate>(
    shared: Arc<Shared<G>>,
    conn: Conn,
) -> impl tower::Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone {
    let router = router(Arc::clone(&shared));
    let asked = Arc::new(AtomicU32::new(0));
    tower::service_fn(move |request: Request<Incoming>| {
        let (shared, router, asked) = (Arc::clone(&shared), router.clone(), Arc::clone(&asked));
        async move {
            let last = asked.fetch_add(1, Ordering::Relaxed) + 1 >= shared.settings.limits.requests_per_connection;
            let mut response = if let Some(redirect) = elsewhere(&shared, &request, conn) {
                redirect
            } else {
                shared.pages.fetch_add(1, Ordering::Relaxed);
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(conn);
                match router.oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            };
            if last {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        }
    })
}

/// A request that is not for us, or not over HTTPS as it should be: 303, as on a new connection.
fn elsewhere<G: Gate>(shared: &Shared<G>, request: &Request<Incoming>, conn: Conn) -> Option<Response> {
    let origin = &shared.settings.origin;
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = authority.or_else(|| hosts.next().and_then(|host| host.to_str().ok())).unwrap_or_default();
    let own = origin.is_own(host, conn.peer.local);
    if own && conn.tls == origin.is_tls() {
        return None;
    }
    let target = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let blocks = |name: &gapura_model::Name| shared.gate.blocks(conn.peer, name);
    let reason = if own { None } else { captive::reason(host, blocks) };
    let path = match &reason {
        Some(reason) => reason,
        None if own => safe_path(target),
        None => "/",
    };
    shared.count_redirect(reason.is_some());
    Some(reply::captive(&format!("{}{path}", origin.base(conn.peer.local))))
}

fn router<G: Gate>(shared: Arc<Shared<G>>) -> Router {
    let mut router = Router::new().route(API_PATH, get(api::<G>)).route("/favicon.ico", get(no_icon));
    for prefix in ["", "/en"] {
        let at = |path: &str| format!("{prefix}{path}");
        router = router
            .route(&at("/"), get(start::<G>))
            .route(&at("/status"), get(status::<G>))
            .route(&at("/voucer"), get(voucher::<G>).post(entering::voucher::<G>))
            .route(&at("/v/{code}"), get(voucher_link::<G>).post(entering::voucher_link::<G>))
            .route(&at("/akun"), get(account::<G>).post(entering::account::<G>))
            .route(&at("/masuk"), post(entering::one_tap::<G>).get(go_start))
            .route(&at("/lagi"), post(entering::again::<G>).get(go_start))
            .route(&at("/keluar"), post(entering::leave::<G>).get(go_start))
            .route(&at("/perpanjang"), post(entering::extend::<G>).get(go_start))
            .route(&at("/syarat"), get(terms::<G>))
            .route(&at("/privasi"), get(privacy::<G>))
            .route(&at("/bantuan"), get(helping::form::<G>).post(helping::send::<G>))
            .route(&at("/situs"), get(asking::site::<G>))
            .route(&at("/peninjauan"), get(asking::appeal_form::<G>).post(asking::appeal::<G>))
            .route(&at("/lacak"), get(asking::follow::<G>));
    }
    router.route("/en", get(start::<G>)).fallback(go_start).with_state(shared)
}

async fn start<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    let code = desk.query.get("kode");
    if !code.is_empty() {
        let code = code.to_owned();
        return voucher_form(&shared, &desk, &code).await;
    }
    let scenery = Scenery::look(&shared, &desk).await;
    if scenery.view.standing() == pages::Standing::Online {
        return reply::see_other(&desk.href("/status"));
    }
    reply::page(&desk, &scenery, StatusCode::OK, pages::situation(&scenery.scene(&desk)))
}

async fn status<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    let scenery = Scenery::look(&shared, &desk).await;
    if scenery.view.standing() == pages::Standing::Welcome && matches!(scenery.view.state, crate::State::Ready) {
        return reply::see_other(&desk.href("/"));
    }
    reply::page(&desk, &scenery, StatusCode::OK, pages::situation(&scenery.scene(&desk)))
}

async fn voucher<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    let code = desk.query.get("kode").to_owned();
    voucher_form(&shared, &desk, &code).await
}

/// The address in a paper voucher's QR code: a page with one button for its one-time token, or the form with a code filled in.
/// Neither uses anything up.
async fn voucher_link<G: Gate>(
    State(shared): State<Arc<Shared<G>>>,
    desk: Desk,
    code: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Response {
    let code = code.map(|Path(code)| code).unwrap_or_default();
    if let Ok(token) = code.parse::<gapura_model::VoucherToken>() {
        let scenery = Scenery::look(&shared, &desk).await;
        if scenery.view.standing() != pages::Standing::Welcome || !scenery.view.site.voucher {
            return reply::see_other(&desk.href("/"));
        }
        return reply::page(&desk, &scenery, StatusCode::OK, pages::voucher_link(&scenery.scene(&desk), &token, None));
    }
    voucher_form(&shared, &desk, &code).await
}

async fn voucher_form<G: Gate>(shared: &Shared<G>, desk: &Desk, code: &str) -> Response {
    let scenery = Scenery::look(shared, desk).await;
    if scenery.view.standing() != pages::Standing::Welcome || !scenery.view.site.voucher {
        return reply::see_other(&desk.href("/"));
    }
    let code: String = match code.parse::<gapura_model::VoucherCode>() {
        Ok(code) => code.grouped(),
        Err(_) => code.chars().filter(|c| !c.is_control()).take(24).collect(),
    };
    reply::page(desk, &scenery, StatusCode::OK, pages::voucher(&scenery.scene(desk), &code, None, None))
}

async fn account<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    let scenery = Scenery::look(&shared, &desk).await;
    if scenery.view.standing() != pages::Standing::Welcome || !scenery.view.site.account {
        return reply::see_other(&desk.href("/"));
    }
    let scene = scenery.scene(&desk);
    if !scene.passwords {
        let (status, html) = pages::refused(&scene, &crate::Refused::PasswordNeedsHttps);
        return reply::page(&desk, &scenery, status, html);
    }
    reply::page(&desk, &scenery, StatusCode::OK, pages::account(&scene, "", None, None))
}

async fn terms<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    let scenery = Scenery::look(&shared, &desk).await;
    reply::page(&desk, &scenery, StatusCode::OK, pages::terms(&scenery.scene(&desk)))
}

async fn privacy<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    let scenery = Scenery::look(&shared, &desk).await;
    reply::page(&desk, &scenery, StatusCode::OK, pages::privacy(&scenery.scene(&desk)))
}

/// Whatever else is asked for here leads to the first page, in the language of the path.
async fn go_start(method: Method, desk: Desk) -> Response {
    if method == Method::GET || method == Method::HEAD || method == Method::POST {
        return reply::see_other(&desk.href("/"));
    }
    StatusCode::METHOD_NOT_ALLOWED.into_response()
}

async fn no_icon() -> StatusCode {
    StatusCode::NOT_FOUND
}

/// RFC 8908. A browser that came here by hand is sent to the portal.
async fn api<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    if !desk.conn.tls || desk.wants_html && !desk.wants_captive_json {
        return reply::see_other("/");
    }
    let scenery = Scenery::look(&shared, &desk).await;
    let base = shared.settings.origin.base(desk.conn.peer.local);
    match serde_json::to_vec(&Answer::new(&base, &scenery.view)) {
        Ok(json) => reply::captive_json(json),
        Err(error) => {
            tracing::error!(%error, "the API answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
