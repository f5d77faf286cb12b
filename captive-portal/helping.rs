//! *Butuh bantuan?*: whom to ask, what others asked, and a form for a request.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use gapura_model::Reference;
use http::{Request, StatusCode};

use crate::desk::{Desk, Scenery};
use crate::entering::{in_time, read_form, token_is_good};
use crate::forms::Form;
use crate::pages::{self, HelpSlip, Plea};
use crate::portal::Shared;
use crate::{CONTACT_LETTERS, Gate, HELP_LETTERS, HelpRefused, HelpRequest, HelpTopic, reply, typed};

/// The page with an empty form; `?alamat=` names the site it is about.
pub(crate) async fn form<G: Gate>(State(shared): State<Arc<Shared<G>>>, desk: Desk) -> Response {
    let plea = match typed::site(desk.query.get("alamat")) {
        Ok(name) => Plea { about: Some(name), topic: HelpTopic::Blocked, ..Plea::default() },
        Err(_) => Plea::default(),
    };
    let scenery = Scenery::look(&shared, &desk).await;
    let html = pages::help(&scenery.scene_at(&desk, &plea.path()), &plea, None);
    reply::page(&desk, &scenery, StatusCode::OK, html)
}

/// *Kirim*.
pub(crate) async fn send<G: Gate>(
    State(shared): State<Arc<Shared<G>>>,
    desk: Desk,
    request: Request<Body>,
) -> Response {
    let form = match read_form(&shared, &desk, request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let plea = plea(&shared, &desk, &form);
    let refused = if plea.problems.is_empty() {
        match file(&shared, &desk, &plea).await {
            Ok(reference) => return reply::see_other(&desk.href(&format!("/lacak?nomor={reference}"))),
            Err(refused) => Some(refused),
        }
    } else {
        None
    };
    let scenery = Scenery::look(&shared, &desk).await;
    let status = match refused {
        Some(HelpRefused::Busy | HelpRefused::Storage) => StatusCode::SERVICE_UNAVAILABLE,
        Some(HelpRefused::Wait { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(HelpRefused::UnknownDevice) | None => StatusCode::OK,
    };
    let html = pages::help(&scenery.scene_at(&desk, &plea.path()), &plea, refused);
    reply::page(&desk, &scenery, status, html)
}

/// What the form says, cleaned, and what is wrong with it.
fn plea<G: Gate>(shared: &Shared<G>, desk: &Desk, form: &Form) -> Plea {
    let mut plea = Plea {
        topic: pages::topic_of(form.get("topik")),
        about: typed::site(form.get("alamat")).ok(),
        words: typed::sentences(form.get("cerita")),
        contact: typed::line(form.get("kontak")),
        ..Plea::default()
    };
    if !token_is_good(shared, desk, form) {
        plea.problems.insert(HelpSlip::Stale);
    }
    let letters = plea.words.chars().count();
    if letters == 0 {
        plea.problems.insert(HelpSlip::WordsEmpty);
    }
    if letters > HELP_LETTERS {
        plea.problems.insert(HelpSlip::WordsLong);
    }
    if plea.contact.chars().count() > CONTACT_LETTERS {
        plea.problems.insert(HelpSlip::ContactLong);
    }
    plea
}

async fn file<G: Gate>(shared: &Shared<G>, desk: &Desk, plea: &Plea) -> Result<Reference, HelpRefused> {
    let peer = desk.conn.peer;
    let device = shared.gate.device(peer).ok_or(HelpRefused::UnknownDevice)?;
    let visit = pages::visit_number(&shared.gate.view(peer).await.state);
    let now = shared.gate.moment().up;
    shared.requests.take(Some(&device), now).map_err(|wait| HelpRefused::Wait { wait })?;
    let request = HelpRequest {
        topic: plea.topic,
        words: plea.words.clone(),
        contact: (!plea.contact.is_empty()).then(|| plea.contact.clone()),
        visit,
        about: plea.about,
    };
    let filed = in_time(shared, shared.gate.file_request(peer, request)).await;
    // Where no answer came in time it may still be filed.
    if matches!(filed, Some(Err(_))) {
        shared.requests.give_back(Some(&device));
    }
    filed.unwrap_or(Err(HelpRefused::Busy))
}
