//! Questions about the content filter: why a site does not open, an appeal, and what became of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use gapura_model::{Name, Reference};
use http::{Request, StatusCode};

use crate::desk::{Desk, Scenery};
use crate::entering::{in_time, read_form, token_is_good};
use crate::forms::Form;
use crate::pages::{self, Asked, Draft, Tracked};
use crate::portal::Shared;
use crate::{Appeal, AppealRefused, CONTACT_LETTERS, Explained, Followed, Gate, WHY_LETTERS, reply, typed};

/// *Mengapa situs ini tidak bisa dibuka?*
pub(crate) async fn site<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    let text = desk.query.get("alamat");
    let site = if text.is_empty() { None } else { Some(typed::site(text)) };
    let (asked, path) = match &site {
        None => (Asked::Nothing, "/situs".to_owned()),
        Some(Err(error)) => (Asked::NoSite { typed: text, error: *error }, "/situs".to_owned()),
        Some(Ok(name)) => (Asked::Site(name, explain(&shared, &desk, name).await), format!("/situs?alamat={name}")),
    };
    let scenery = Scenery::look(&shared, &desk).await;
    let scene = scenery.scene_at(&desk, &path);
    let html = match &asked {
        Asked::Site(name, Explained::Blocked(ruling)) => pages::site_blocked(&scene, name, ruling),
        Asked::Nothing | Asked::NoSite { .. } | Asked::Site(..) => pages::why(&scene, &asked),
    };
    reply::page(&desk, &scenery, StatusCode::OK, html)
}

/// The form of an appeal. A name that is not blocked has none, and is told so.
pub(crate) async fn appeal_form<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    let Ok(name) = typed::site(desk.query.get("alamat")) else { return reply::see_other(&desk.href("/situs")) };
    if !matches!(explain(&shared, &desk, &name).await, Explained::Blocked(_)) {
        return reply::see_other(&desk.href(&format!("/situs?alamat={name}")));
    }
    let scenery = Scenery::look(&shared, &desk).await;
    let scene = scenery.scene_at(&desk, &format!("/peninjauan?alamat={name}"));
    reply::page(&desk, &scenery, StatusCode::OK, pages::appeal(&scene, &Draft::of(&name)))
}

/// *Kirim permohonan*.
pub(crate) async fn appeal<G: Gate>(
    State(shared): State<Arc<Shared<G>>>,
    desk: Desk,
    request: Request<Body>,
) -> Response {
    let form = match read_form(&shared, &desk, request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let Ok(name) = typed::site(form.get("alamat")) else { return reply::see_other(&desk.href("/situs")) };
    let draft = draft(&shared, &desk, &form, name);
    if !draft.problems.is_empty() {
        return again(&shared, &desk, &draft, None).await;
    }
    let appeal =
        Appeal { name, why: draft.why.clone(), contact: (!draft.contact.is_empty()).then(|| draft.contact.clone()) };
    match file(&shared, &desk, appeal).await {
        Ok(reference) => reply::see_other(&desk.href(&format!("/lacak?nomor={reference}"))),
        Err(AppealRefused::NotBlocked) => reply::see_other(&desk.href(&format!("/situs?alamat={name}"))),
        Err(refused) => again(&shared, &desk, &draft, Some(refused)).await,
    }
}

/// *Lihat jawaban*: of an appeal or a request, by its number.
pub(crate) async fn follow<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    let text = desk.query.get("nomor");
    let tracked = match text.parse::<Reference>() {
        _ if text.is_empty() => Tracked::Nothing,
        Err(_) => Tracked::NoNumber { typed: text.to_owned() },
        Ok(reference) => look_up(&shared, &desk, reference).await,
    };
    let path = match &tracked {
        Tracked::Nothing | Tracked::NoNumber { .. } => "/lacak".to_owned(),
        Tracked::Wait { reference, .. } | Tracked::Known { reference, .. } => format!("/lacak?nomor={reference}"),
    };
    let scenery = Scenery::look(&shared, &desk).await;
    let html = pages::follow(&scenery.scene_at(&desk, &path), &tracked);
    reply::page(&desk, &scenery, StatusCode::OK, html)
}

/// What the form says, cleaned, and what is wrong with it.
fn draft<G: Gate>(shared: &Shared<G>, desk: &Desk, form: &Form, name: Name) -> Draft {
    let mut draft = Draft::of(&name);
    draft.why = typed::sentences(form.get("mengapa"));
    draft.contact = typed::line(form.get("kontak"));
    if !token_is_good(shared, desk, form) {
        draft.problems.insert(pages::Slip::Stale);
    }
    let letters = draft.why.chars().count();
    if letters == 0 {
        draft.problems.insert(pages::Slip::WhyEmpty);
    }
    if letters > WHY_LETTERS {
        draft.problems.insert(pages::Slip::WhyLong);
    }
    if draft.contact.chars().count() > CONTACT_LETTERS {
        draft.problems.insert(pages::Slip::ContactLong);
    }
    draft
}

/// The same form again, with what was typed.
async fn again<G: Gate>(shared: &Shared<G>, desk: &Desk, draft: &Draft, refused: Option<AppealRefused>) -> Response {
    let scenery = Scenery::look(shared, desk).await;
    let scene = scenery.scene_at(desk, &format!("/peninjauan?alamat={}", draft.name));
    let status = match refused {
        Some(AppealRefused::Busy | AppealRefused::Storage | AppealRefused::Unknown) => StatusCode::SERVICE_UNAVAILABLE,
        Some(AppealRefused::Wait { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(AppealRefused::NotBlocked | AppealRefused::UnknownDevice) | None => StatusCode::OK,
    };
    let html = match refused {
        Some(refused) => pages::appeal_refused(&scene, draft, refused),
        None => pages::appeal(&scene, draft),
    };
    reply::page(desk, &scenery, status, html)
}

async fn file<G: Gate>(shared: &Shared<G>, desk: &Desk, appeal: Appeal) -> Result<Reference, AppealRefused> {
    let peer = desk.conn.peer;
    let device = shared.gate.device(peer).ok_or(AppealRefused::UnknownDevice)?;
    let now = shared.gate.moment().up;
    shared.appeals.take(Some(&device), now).map_err(|wait| AppealRefused::Wait { wait })?;
    let filed = in_time(shared, shared.gate.file_appeal(peer, appeal)).await;
    // Where no answer came in time it may still be filed.
    if matches!(filed, Some(Err(_))) {
        shared.appeals.give_back(Some(&device));
    }
    filed.unwrap_or(Err(AppealRefused::Busy))
}

async fn explain<G: Gate>(shared: &Shared<G>, desk: &Desk, name: &Name) -> Explained {
    in_time(shared, shared.gate.explain(desk.conn.peer, name)).await.unwrap_or(Explained::Unknown)
}

async fn look_up<G: Gate>(shared: &Shared<G>, desk: &Desk, reference: Reference) -> Tracked {
    let device = shared.gate.device(desk.conn.peer);
    if let Err(wait) = shared.look_ups.take(device.as_ref(), shared.gate.moment().up) {
        return Tracked::Wait { reference, wait };
    }
    let found = in_time(shared, shared.gate.followed(reference)).await.unwrap_or(Followed::Unavailable);
    Tracked::Known { reference, found }
}
