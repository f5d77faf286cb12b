//! What is seen in a frame: the portal's own page, under a policy of its own.

use axum::response::{Html, IntoResponse as _};
use captive_portal::{Previewed, Viewing, preview};
use gapura_controller::{Right, SiteDocument};
use gapura_rules::hours::OpenState;
use gapura_speech::Lang;
use http::{HeaderValue, header};
use jiff::SignedDuration;

use super::draft::DRAFTS;
use super::form::Typed;
use super::worn;
use crate::answer::{Answer, Oops};
use crate::form::Fields;
use crate::here::Here;
use crate::network::at;
use crate::network::calendars::place;

/// The pages that can be looked at, by their names in forms.
pub(in crate::network) const PAGES: [(&str, Previewed, &str); 3] = [
    ("depan", Previewed::Welcome, "looks-page-welcome"),
    ("syarat", Previewed::Terms, "looks-page-terms"),
    ("privasi", Previewed::Privacy, "looks-page-privacy"),
];

/// What the address asks to see.
fn viewing(here: &Here, fields: &Fields, document: &SiteDocument) -> Viewing {
    let page = PAGES.iter().find(|(name, ..)| *name == fields.get("halaman"));
    // A closed site is seen as it looks once it opens.
    let (now, closes) = match document.hours.state(here.now) {
        OpenState::Open { closes } => (here.now, closes),
        OpenState::Closed { opens: Some(opens) } => {
            let soon = opens.checked_add(SignedDuration::from_mins(5)).unwrap_or(opens);
            (soon, document.hours.state(soon).next_change())
        }
        OpenState::Closed { opens: None } => (here.now, None),
    };
    Viewing {
        page: page.map_or(Previewed::Welcome, |(_, page, _)| *page),
        lang: if fields.get("bahasa-lihat") == "en" { Lang::En } else { Lang::Id },
        dark: false,
        now,
        closes,
    }
}

/// `/rupa/bingkai?di=..&situs=..`: the page of a site as it would be with what stands in the address.
pub(in crate::network) async fn frame(here: Here) -> Answer {
    let asked = here.asked();
    let fields = match asked.get("draf") {
        "" => asked.clone(),
        key => Fields::read(DRAFTS.whole(here.staff()?.session, key).ok_or(Oops::NotFound)?.as_bytes()),
    };
    let tree = here.office().settings_tree().await?;
    let (at, site) = at::read(fields.get("di")).zip(fields.get("situs").parse().ok()).ok_or(Oops::NotFound)?;
    let seen = tree.below(&at).any(|one| one.site == site && here.may_at(Right::SeeNetwork, Some(&place(one))));
    if !seen {
        return Err(Oops::NotFound);
    }
    let mut said = tree.said(&at);
    (said.look, _) = Typed::of(&fields).read(&said.look);
    let would_be = tree.would_be(&at, &said).into_iter().find(|(id, _)| *id == site);
    let document = would_be.and_then(|(_, settled)| settled.ok()).ok_or(Oops::NotFound)?.document;
    let plans = here.office().plans().await?;
    let viewing = Viewing { dark: asked.is_on("gelap"), ..viewing(&here, &fields, &document) };
    let shown = preview(worn::look(&document), worn::facts(&document, &plans), &viewing);
    let mut response = Html(shown.html).into_response();
    let policy = HeaderValue::from_str(&shown.policy).map_err(|_| Oops::Broken)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}
