//! The first page: where to go, by what a person may do.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use gapura_controller::{Right, SitePlace};

use crate::answer::{Answer, Oops, finish, page, see_other};
use crate::chrome::Chrome;
use crate::dashboard;
use crate::here::{App, Here, Where};
use crate::routes::{Needs, Routes};
#[cfg(test)]
use crate::samples::Sample;
use crate::staff_words;

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/", Needs::SignedIn, front);
}

/// A site to choose.
#[derive(Clone, Debug)]
struct Choice {
    href: String,
    name: String,
    agency: String,
}

#[derive(Template)]
#[template(path = "front.html")]
struct Front {
    c: Chrome,
    sites: Vec<Choice>,
    /// What is searched for; none where there are few.
    search: Option<String>,
    /// What somebody does who has no page here: role and where.
    duties: Vec<String>,
}

/// With more sites than this there is something to search.
const MANY: usize = 8;

/// Rights that open a page about one site, the most used first.
const DOORS: &[(Right, &str)] = &[(Right::SeeCounter, "/loket"), (Right::SeeNetwork, "")];

async fn front(here: Here) -> Answer {
    // Whoever looks after the whole begins with it.
    if here.news.is_none() && here.asked().get("cari").is_empty() && dashboard::is_for(&here) {
        return Ok(see_other(dashboard::PATH));
    }
    let mut sites = Vec::new();
    for (id, document) in here.office().sites().await? {
        let place = SitePlace { site: id, agency: document.agency.clone(), regency: document.regency.clone() };
        if let Some((_, door)) = DOORS.iter().find(|(right, _)| here.may_at(*right, Some(&place))) {
            sites.push(Choice {
                href: format!("/l/{}{door}", place.site),
                name: document.name,
                agency: document.agency,
            });
        }
    }
    match sites.as_slice() {
        // Whoever works at one counter begins there.
        [only] if here.news.is_none() => Ok(see_other(&only.href)),
        [] => elsewhere(&here),
        all => {
            let search = here.asked().get("cari").trim().to_owned();
            let search = (all.len() > MANY).then_some(search);
            if let Some(wanted) = search.as_ref().map(|text| text.to_lowercase()) {
                let holds = |text: &str| text.to_lowercase().contains(&wanted);
                sites.retain(|site| holds(&site.name) || holds(&site.agency));
            }
            let c = Chrome::of(&here, here.w().t("front-title"));
            page(&Front { c, sites, search, duties: Vec::new() })
        }
    }
}

/// Where somebody begins whose work is at no site: the first line of their menu; whoever has none reads what their duties are.
fn elsewhere(here: &Here) -> Answer {
    let w = here.w();
    let c = Chrome::of(here, w.t("front-title-duties"));
    match c.sections.iter().flat_map(|section| &section.lines).next() {
        Some(line) if here.news.is_none() => Ok(see_other(&line.href)),
        _ => {
            let duties = here.grants().iter().map(|grant| staff_words::grant(w, grant)).collect();
            page(&Front { c, sites: Vec::new(), search: None, duties })
        }
    }
}

/// What is at no address.
pub(crate) async fn nowhere(State(app): State<App>, request: Request) -> Response {
    match Here::of(&app, &request.into_parts().0, Where::default()).await {
        Ok(here) => finish(&here, Oops::NotFound.into_response()),
        Err((here, oops)) => finish(&here, oops.into_response()),
    }
}

/// This room's pages, to be looked at.
#[cfg(test)]
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    use gapura_controller::{Grant, Role, Scope};

    let site = |name: &str| Choice {
        href: "/l/galeri-utara/loket".into(),
        name: name.into(),
        agency: "Diskominfo Sinjai".into(),
    };
    let some = Front {
        c: frame("/", "front-title"),
        sites: vec![site("Galeri Sinjai Utara"), site("Telecenter Desa Lamatti Riaja")],
        search: None,
        duties: Vec::new(),
    };
    let found = |search: &str, sites| Front {
        c: frame("/", "front-title"),
        sites,
        search: Some(search.to_owned()),
        duties: Vec::new(),
    };
    let none = || Front { c: frame("/", "front-title-duties"), sites: Vec::new(), search: None, duties: Vec::new() };
    let editor = Grant { role: Role::SopEditor, scope: Scope::Regency("Sinjai".to_owned()) };
    let writes = Front { duties: vec![staff_words::grant(none().c.w, &editor)], ..none() };
    vec![
        Sample::of("front-search", &found("galeri", vec![site("Galeri Sinjai Utara")])),
        Sample::of("front-none-found", &found("pulau", Vec::new())),
        Sample::of("front", &some),
        Sample::of("front-empty", &none()),
        Sample::of("front-duties", &writes),
    ]
}
