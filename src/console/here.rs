//! Who asks, where, in which language, and with which use-cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use gapura_controller::{Actor, Console, Grant, Office, Right, SiteDocument, SitePlace, Staff, may, may_anywhere};
use gapura_model::{Moment, SiteId, Uptime};
use gapura_rules::hours::Zone;
use gapura_speech::{Lang, Say, Words};
use http::request::Parts;
use http::{HeaderMap, Method, header};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::answer::{Oops, own_path};
use crate::form::Fields;
use crate::routes::{MenuDoor, Needs, is_page};
use crate::session::{self, Person};
use crate::wall::BOARDS;
use crate::wall::feed::Feed;
use crate::words::words;

/// What all requests share.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) office: Office,
    pub(crate) settings: Arc<Console>,
    pub(crate) menu: Arc<Vec<MenuDoor>>,
    /// What walls show.
    pub(crate) wall: Feed,
}

/// What the address names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Where {
    pub(crate) site: Option<String>,
    pub(crate) agency: Option<String>,
}

/// A site that a page is about.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Where it stands in the tree of scopes.
    pub(crate) place: SitePlace,
    /// What people wrote about it.
    pub(crate) document: Arc<SiteDocument>,
}

/// The circumstances of a request.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    pub(crate) app: App,
    /// Who is signed in.
    pub(crate) person: Option<Person>,
    /// The site in the address.
    pub(crate) site: Option<Site>,
    /// The agency in the address.
    pub(crate) agency: Option<String>,
    pub(crate) lang: Lang,
    pub(crate) now: Timestamp,
    /// The address, with what follows `?`.
    pub(crate) path: String,
    /// The page to come back to: this one, or the one a form stood on.
    pub(crate) back: String,
    /// The page asks anew by itself: nobody may be there.
    pub(crate) by_itself: bool,
    /// The key of a message about what was just done.
    pub(crate) news: Option<String>,
    /// How many things wait behind a line of the menu, by the key of its words.
    pub(crate) waiting: BTreeMap<&'static str, u64>,
}

/// Rights that need it are used within so long of a password or code.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

impl Here {
    /// Looks up person and site.
    pub(crate) async fn of(app: &App, request: &Parts, asked: Where) -> Result<Self, (Self, Oops)> {
        let path = request.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let news = request.uri.query().and_then(|query| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == "kabar")
                .map(|(_, value)| value.into_owned())
        });
        let mut here = Self {
            app: app.clone(),
            person: None,
            site: None,
            agency: asked.agency,
            lang: preferred(&request.headers),
            now: app.office.now(),
            back: way_back(&request.method, &path, &request.headers),
            // A wallboard is looked at by nobody in particular, also in a browser where somebody is signed in.
            by_itself: request.method == Method::GET
                && (request.headers.contains_key("hx-request") || path.starts_with(BOARDS)),
            path,
            news,
            waiting: BTreeMap::new(),
        };
        match session::person(&app.office, &request.headers, here.by_itself).await {
            Ok(person) => here.person = person,
            Err(error) => return Err((here, error.into())),
        }
        if let Some(person) = &here.person {
            here.lang = person.lang;
        }
        if let Err(error) = here.count().await {
            return Err((here, error));
        }
        // Strangers are not told which sites there are.
        if let Some(site) = asked.site.filter(|_| here.person.is_some()) {
            match look_up(app, &site).await {
                Ok(Some(site)) => here.site = Some(site),
                Ok(None) => return Err((here, Oops::NotFound)),
                Err(oops) => return Err((here, oops)),
            }
        }
        Ok(here)
    }

    /// Counts what waits behind the lines of the menu.
    async fn count(&mut self) -> Result<(), Oops> {
        if self.may_anywhere(Right::SeeRequests) {
            let waiting = self.office().waiting(self.grants()).await?;
            self.waiting.insert(crate::requests::MENU, waiting);
        }
        if self.may_anywhere(Right::AnswerForAgency) {
            let waiting = self.office().waiting_at_desks(self.grants()).await?;
            self.waiting.insert(crate::requests::DESK_MENU, waiting);
        }
        if self.may_anywhere(Right::ApproveSops) {
            let waiting = self.office().sops_waiting(&self.actor("").name).await?;
            self.waiting.insert(crate::sops::MENU, waiting);
        }
        if self.may(Right::Investigate) {
            let waiting = self.office().lookups_waiting(&self.actor("").name).await?;
            self.waiting.insert(crate::records::MENU, waiting);
        }
        Ok(())
    }

    /// Whether this request may go on to its handler.
    pub(crate) fn check(&self, needs: Needs, request: &Parts) -> Result<(), Oops> {
        if request.method == Method::POST && !from_our_own_page(&request.headers) {
            return Err(Oops::Foreign);
        }
        let Some(person) = &self.person else {
            return if needs == Needs::Nothing { Ok(()) } else { Err(Oops::SignIn) };
        };
        let (allowed, right) = match needs {
            Needs::Nothing | Needs::SignedIn => (true, None),
            Needs::Right(right) => (self.may(right), Some(right)),
            Needs::Anywhere(right) => (may_anywhere(&person.grants, right), Some(right)),
            Needs::Desk => {
                let desks = gapura_controller::desks(&person.grants);
                (self.agency.as_deref().is_some_and(|agency| desks.contains(agency)), Some(Right::AnswerForAgency))
            }
        };
        if !allowed {
            return Err(Oops::NotAllowed);
        }
        let stale = self.now.duration_since(person.proved) > FRESH;
        if stale && right.is_some_and(Right::needs_fresh_proof) {
            return Err(Oops::ProveAgain);
        }
        Ok(())
    }

    /// Whether the person may do this at the site in the address, or for the whole department where there is none.
    pub(crate) fn may(&self, right: Right) -> bool {
        may(self.grants(), right, self.site.as_ref().map(|site| &site.place))
    }

    /// Whether the person may do this at another place.
    pub(crate) fn may_at(&self, right: Right, place: Option<&SitePlace>) -> bool {
        may(self.grants(), right, place)
    }

    /// Whether the person may do this anywhere.
    pub(crate) fn may_anywhere(&self, right: Right) -> bool {
        may_anywhere(self.grants(), right)
    }

    /// Who is signed in, for the use-cases.
    pub(crate) fn staff(&self) -> Result<&Staff, Oops> {
        self.person.as_ref().map(|person| &person.staff).ok_or(Oops::SignIn)
    }

    pub(crate) fn grants(&self) -> &[Grant] {
        self.person.as_ref().map_or(&[], |person| &person.grants)
    }

    pub(crate) fn office(&self) -> &Office {
        &self.app.office
    }

    /// The site in the address.
    pub(crate) fn site(&self) -> Result<&Site, Oops> {
        self.site.as_ref().ok_or(Oops::NotFound)
    }

    /// What stands behind `?`.
    pub(crate) fn asked(&self) -> Fields {
        Fields::read(self.path.split_once('?').map_or("", |(_, asked)| asked).as_bytes())
    }

    /// Who is noted in the audit log for a change.
    pub(crate) fn actor(&self, reason: &str) -> Actor {
        let name = self.person.as_ref().map_or_else(String::new, |person| person.name.clone());
        Actor { name, reason: reason.trim().to_owned() }
    }

    pub(crate) fn w(&self) -> Words {
        words(self.lang)
    }

    /// Times and amounts in the site's zone, or the department's.
    pub(crate) fn say(&self) -> Say {
        Say::new(self.w(), self.zone(), Moment::trusted(Uptime::default(), self.now))
    }

    pub(crate) fn zone(&self) -> TimeZone {
        match (&self.site, &self.app.settings.zone) {
            (Some(site), _) => site.document.hours.zone().tz().clone(),
            (None, Some(zone)) => zone.tz().clone(),
            (None, None) => Zone::default().tz().clone(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Here {
    type Rejection = Oops;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Oops> {
        // The guard put it there; a route without a guard cannot be registered.
        parts.extensions.get::<Self>().cloned().ok_or(Oops::NotAllowed)
    }
}

async fn look_up(app: &App, text: &str) -> Result<Option<Site>, Oops> {
    let Ok(id) = text.parse::<SiteId>() else { return Ok(None) };
    let document = app.office.site(&id).await?;
    Ok(document.map(|document| {
        let place = SitePlace { site: id, agency: document.agency.clone(), regency: document.regency.clone() };
        Site { place, document: Arc::new(document) }
    }))
}

/// The page to come back to after something else had to be done first. A form is not sent again by itself: whoever sent it comes
/// back to the page it stood on, as the browser says.
fn way_back(method: &Method, path: &str, headers: &HeaderMap) -> String {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let stood_on = || {
        let (authority, path) = text(header::REFERER)?.strip_prefix("https://")?.split_once('/')?;
        (Some(authority) == text(header::HOST)).then(|| format!("/{path}"))
    };
    let back = if *method == Method::POST { stood_on() } else { Some(path.to_owned()) };
    let back = back.unwrap_or_default();
    let back = own_path(&back);
    let place = back.split(['?', '#']).next().unwrap_or_default();
    if is_page(place) {
        return back.to_owned();
    }
    // A form that was shown again in answer to itself stands below its page.
    let above = std::iter::successors(Some(place), |path| path.rsplit_once('/').map(|(above, _)| above)).skip(1);
    above.filter(|path| !path.is_empty()).find(|path| is_page(path)).unwrap_or("/").to_owned()
}

/// What a browser says of where a form came from (Fetch Metadata; older ones say `Origin`). Forms carry a token besides.
fn from_our_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin.strip_prefix("https://") == Some(host),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// The first language of the browser that we speak.
fn preferred(headers: &HeaderMap) -> Lang {
    let text = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = |tag: &str| match tag.trim().get(..2) {
        Some("id" | "in" | "ms") => Some(Lang::Id),
        Some("en") => Some(Lang::En),
        _ => None,
    };
    text.split(',').find_map(known).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn forms_come_from_our_own_pages() {
        for (pairs, own) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://a"), ("host", "a")], false),
            (&[("origin", "https://a:8"), ("host", "a:8")], true),
            (&[("origin", "https://b"), ("host", "a")], false),
            (&[("origin", "http://a"), ("host", "a")], false),
            (&[("origin", "null"), ("host", "a")], false),
            // Neither: no browser of today; the token of the form decides.
            (&[("host", "a")], true),
        ] {
            assert_eq!(from_our_own_page(&headers(pairs)), own, "{pairs:?}");
        }
    }

    #[test]
    fn a_form_leads_back_to_the_page_it_stood_on() {
        let from = |page: &'static str| headers(&[("host", "k.example:8"), ("referer", page)]);
        for (page, back) in [
            ("https://k.example:8/l/galeri/voucer?cari=x", "/l/galeri/voucer?cari=x"),
            ("https://k.example:8/", "/"),
            ("https://k.example/l/galeri/voucer", "/"),
            ("https://evil.example/l/galeri/voucer", "/"),
            ("http://k.example:8/l/galeri/voucer", "/"),
            ("https://k.example:8//evil.example", "/"),
            // Shown in answer to a form: it only takes forms, and stood on the page above.
            ("https://k.example:8/l/galeri/voucer/cabut", "/l/galeri/voucer"),
            ("https://k.example:8/sop/2/kembalikan", "/sop/2"),
            ("https://k.example:8/nowhere", "/"),
        ] {
            assert_eq!(way_back(&Method::POST, "/l/galeri/voucer/cabut", &from(page)), back, "{page}");
        }
        assert_eq!(way_back(&Method::POST, "/profil", &HeaderMap::new()), "/");
        assert_eq!(way_back(&Method::GET, "/profil?x=1", &HeaderMap::new()), "/profil?x=1");
        assert_eq!(way_back(&Method::GET, "/keluar", &HeaderMap::new()), "/");
    }

    #[test]
    fn the_language_is_the_first_we_speak() {
        for (text, lang) in
            [("id-ID,id;q=0.9,en;q=0.8", Lang::Id), ("de, en-GB;q=0.7", Lang::En), ("zh", Lang::Id), ("", Lang::Id)]
        {
            assert_eq!(preferred(&headers(&[("accept-language", text)])), lang, "{text}");
        }
    }
}
