//! *Publik*: the service's sites, their hours and the last whole month, for anybody: no sign-in, no cookies, nothing of a person.

mod pace;
#[cfg(test)]
mod samples;
mod twin;

use askama::Template;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use gapura_controller::door::From as Peer;
use gapura_controller::{Public, PublicDay, PublicSite, PublicState, PublicUse};
use gapura_model::{ByteCount, Moment, Uptime};
use gapura_speech::{Lang, Say, Words};
use http::{HeaderValue, StatusCode, header};
use tokio::time::Instant;

use self::pace::PACE;
use crate::answer::{Answer, Oops, page};
use crate::assets;
use crate::here::Here;
use crate::routes::{Needs, Routes};
use crate::words::words;

#[cfg(test)]
pub(crate) use samples::samples;

/// Its address.
const PATH: &str = "/publik";
/// The same for programs.
const TWIN: &str = "/publik.json";
/// What programs may ask, as an OpenAPI document.
const DESCRIPTION: &str = "/api/openapi.json";
const OPENAPI: &str = include_str!("../../deploy/openapi.json");
/// Browsers and proxies may keep it for a minute.
const CACHED: &str = "public, max-age=60";

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get(PATH, Needs::Nothing, show);
    routes.get(TWIN, Needs::Nothing, twin);
    routes.get(DESCRIPTION, Needs::Nothing, description);
}

/// A day of a site.
#[derive(Clone, Debug)]
struct Day {
    name: String,
    hours: String,
    reason: String,
}

/// A site.
#[derive(Clone, Debug)]
struct Card {
    name: String,
    /// What sort of place, who runs it, where it is.
    about: String,
    contact: String,
    /// The tag's class and words.
    class: &'static str,
    state: String,
    today: String,
    week: Vec<Day>,
    /// Visits and volume of the month.
    used: (String, String),
}

#[derive(Template)]
#[template(path = "public.html")]
struct Page {
    w: Words,
    css: &'static str,
    logo: &'static str,
    title: String,
    department: String,
    at: String,
    month: String,
    /// The address in the other language, its tag and its name.
    other: (String, &'static str, &'static str),
    cards: Vec<Card>,
    /// How many are open now.
    open: String,
}

/// Indonesian, unless the address says otherwise: the answer is kept by proxies, and is the same for all who ask.
fn language(here: &Here) -> Lang {
    Lang::ALL.into_iter().find(|lang| lang.tag() == here.asked().get("bahasa")).unwrap_or_default()
}

/// What is there for anybody, unless somebody asks too often.
async fn seen(here: &Here, peer: Option<Extension<Peer>>) -> Result<Result<std::sync::Arc<Public>, Response>, Oops> {
    if !here.app.settings.public_page {
        return Err(Oops::NotFound);
    }
    if let Some(wait) = peer.and_then(|Extension(Peer(address))| PACE.wait(address.ip(), Instant::now())) {
        let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        return Ok(Err(response));
    }
    Ok(Ok(here.office().public(&here.zone()).await?))
}

fn cached(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHED));
    response
}

async fn description() -> Answer {
    Ok(cached(([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()))
}

async fn show(here: Here, peer: Option<Extension<Peer>>) -> Answer {
    let public = match seen(&here, peer).await? {
        Ok(public) => public,
        Err(response) => return Ok(response),
    };
    let say = Say::new(words(language(&here)), here.zone(), Moment::trusted(Uptime::default(), public.at));
    page(&made(&say, &public, &here.app.settings.department)).map(cached)
}

async fn twin(here: Here, peer: Option<Extension<Peer>>) -> Answer {
    let public = match seen(&here, peer).await? {
        Ok(public) => public,
        Err(response) => return Ok(response),
    };
    Ok(cached(axum::Json(twin::Twin::of(&public, &here.app.settings.department)).into_response()))
}

fn made(say: &Say, public: &Public, department: &str) -> Page {
    let w = say.words;
    let other = if w.lang() == Lang::Id { Lang::En } else { Lang::Id };
    let open = public.sites.iter().filter(|site| matches!(site.now, PublicState::Open(_))).count();
    let count = |count: usize| say.number(u64::try_from(count).unwrap_or(u64::MAX));
    let months = w.list("months", usize::from(public.month.month().unsigned_abs()).saturating_sub(1));
    Page {
        css: &assets::CSS.path,
        logo: &assets::LOGO.path,
        title: w.t("public-title"),
        department: department.to_owned(),
        at: say.when(public.at),
        month: format!("{months} {}", public.month.year()),
        other: (
            if other == Lang::Id { PATH.to_owned() } else { format!("{PATH}?bahasa={}", other.tag()) },
            other.tag(),
            if other == Lang::Id { "Bahasa Indonesia" } else { "English" },
        ),
        cards: public.sites.iter().map(|site| card(say, site)).collect(),
        open: w.t2("public-open-of", "some", count(open), "all", count(public.sites.len())),
        w,
    }
}

fn card(say: &Say, site: &PublicSite) -> Card {
    let w = say.words;
    let own = Say::new(w, site.zone.clone(), Moment::trusted(Uptime::default(), say.now()));
    let place = site.place.clone().unwrap_or_else(|| site.regency.clone());
    let (class, state) = state(&own, site.now);
    let day = |day: &PublicDay| Day {
        name: format!("{}, {}", own.weekday(day.date.weekday()), own.date(day.date)),
        hours: hours(&own, day),
        reason: day.reason.clone(),
    };
    let used = match site.used {
        None => ("–".to_owned(), "–".to_owned()),
        Some(PublicUse::Withheld) => (w.t("public-few"), w.t("public-few")),
        Some(PublicUse::Of(used)) => (say.number(used.visits), say.bytes(ByteCount::new(used.octets))),
    };
    Card {
        name: site.name.clone(),
        about: format!("{} · {} · {place}", w.t(crate::network::kind(site.kind)), site.agency),
        contact: site.contact.clone(),
        class,
        state,
        today: site.week.first().map(|day| hours(&own, day)).unwrap_or_default(),
        week: site.week.iter().map(day).collect(),
        used,
    }
}

fn state(say: &Say, state: PublicState) -> (&'static str, String) {
    let w = say.words;
    match state {
        PublicState::Open(None) => ("good", w.t("public-open")),
        PublicState::Open(Some(closes)) => ("good", w.t1("public-open-until", "when", say.when(closes))),
        PublicState::Closed(None) => ("", w.t("public-closed")),
        PublicState::Closed(Some(opens)) => ("", w.t1("public-closed-until", "when", say.when(opens))),
        PublicState::Disturbed => ("bad", w.t("public-disturbed")),
        PublicState::Planned => ("", w.t("public-planned")),
    }
}

fn hours(say: &Say, day: &PublicDay) -> String {
    match day.windows.as_slice() {
        [] => say.words.t("public-closed"),
        [(0, 1440)] => say.words.t("public-all-day"),
        windows => {
            let span = |(from, until): &(i32, i32)| format!("{}–{}", say.hour(*from), say.hour(*until));
            windows.iter().map(span).collect::<Vec<_>>().join(", ")
        }
    }
}
