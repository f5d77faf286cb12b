//! Answers: pages, ways on, and what went wrong, in words.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use gapura_controller::{OfficeError, StaffProblem, Why};
use gapura_model::with_causes;
use gapura_rules::sop::Problem;
use gapura_speech::Words;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::chrome::Chrome;
use crate::here::Here;
#[cfg(test)]
use crate::samples::Sample;
use crate::{sops, staff_words};

/// What a handler gives.
pub(crate) type Answer = Result<Response, Oops>;

/// Why a request was not carried out.
#[derive(Clone, Debug)]
pub(crate) enum Oops {
    /// Nobody is signed in.
    SignIn,
    /// Password or code are asked for again.
    ProveAgain,
    /// The person may not do this here.
    NotAllowed,
    /// There is nothing of this name.
    NotFound,
    /// The address takes forms and is no page, or a page that takes none.
    NoForm,
    /// The form was sent by another site's page.
    Foreign,
    /// The form is of another session, or cut off.
    Stale,
    /// The form is larger than any of ours.
    TooLarge,
    /// The page refused, in its own words.
    Refused(String),
    /// The use-case refused.
    Office(Vec<Why>),
    /// SOPs that contradict others, or cannot be read.
    Sop(Vec<Problem>),
    /// The use-case refused a change of people.
    Staff(Vec<StaffProblem>),
    /// Something broke; the log says what.
    Broken,
}

impl From<OfficeError> for Oops {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::NotFound { .. } => Self::NotFound,
            OfficeError::Mistakes(all) => Self::Office(all),
            OfficeError::Staff(problems) => Self::Staff(problems),
            OfficeError::Refused(why) => Self::Office(vec![why]),
            OfficeError::Sop(problems) => Self::Sop(problems),
            error @ (OfficeError::Store(_)
            | OfficeError::Keys(_)
            | OfficeError::Lists(_)
            | OfficeError::Certificate(_)
            | OfficeError::Damaged { .. }
            | OfficeError::Backup(_)
            | OfficeError::Exchange(_)
            | OfficeError::Post(_)
            | OfficeError::Write(..)
            | OfficeError::Sso(_)
            | OfficeError::Password(_)) => {
                tracing::error!(error = with_causes(&error), "a page could not be made");
                Self::Broken
            }
        }
    }
}

impl Oops {
    const fn status(&self) -> StatusCode {
        match self {
            Self::SignIn | Self::ProveAgain => StatusCode::SEE_OTHER,
            Self::NotAllowed | Self::Foreign | Self::Stale => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NoForm => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused(_) | Self::Office(_) | Self::Sop(_) | Self::Staff(_) => StatusCode::CONFLICT,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What is wrong in the words of a form's page, which is then shown again with what was typed; anything else is not the
    /// page's to say.
    pub(crate) fn of_form(self, w: Words) -> Result<Vec<String>, Self> {
        match self {
            Self::Refused(why) => Ok(why.lines().map(str::to_owned).collect()),
            Self::Office(all) => Ok(spoken(w, &all)),
            Self::Sop(problems) => Ok(sops::told(w, &problems)),
            other @ (Self::SignIn
            | Self::ProveAgain
            | Self::NotAllowed
            | Self::NotFound
            | Self::NoForm
            | Self::Foreign
            | Self::Stale
            | Self::TooLarge
            | Self::Staff(_)
            | Self::Broken) => Err(other),
        }
    }

    /// Where to go instead.
    const fn way(&self) -> Option<&'static str> {
        match self {
            Self::SignIn => Some("/masuk"),
            Self::ProveAgain => Some("/buktikan"),
            Self::NotAllowed
            | Self::NotFound
            | Self::NoForm
            | Self::Foreign
            | Self::Stale
            | Self::TooLarge
            | Self::Refused(_)
            | Self::Office(_)
            | Self::Sop(_)
            | Self::Staff(_)
            | Self::Broken => None,
        }
    }

    /// The keys of its title and of what to do.
    const fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotAllowed => ("oops-not-allowed", "oops-not-allowed-do"),
            Self::NotFound => ("oops-not-found", "oops-not-found-do"),
            Self::NoForm => ("oops-no-form", "oops-no-form-do"),
            Self::Foreign => ("oops-foreign", "oops-foreign-do"),
            Self::Stale => ("oops-stale", "oops-stale-do"),
            Self::TooLarge => ("oops-large", "oops-large-do"),
            Self::Refused(_) | Self::Office(_) | Self::Sop(_) | Self::Staff(_) => ("oops-refused", "oops-refused-do"),
            Self::SignIn | Self::ProveAgain | Self::Broken => ("oops-broken", "oops-broken-do"),
        }
    }
}

impl IntoResponse for Oops {
    fn into_response(self) -> Response {
        // The guard makes a page of it.
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What a use-case says, in the page's language.
pub(crate) fn spoken(w: Words, all: &[Why]) -> Vec<String> {
    all.iter().map(|why| why.say(w.lang())).collect()
}

/// A page.
pub(crate) fn page(template: &impl Template) -> Answer {
    match template.render() {
        Ok(text) => Ok(Html(text).into_response()),
        Err(error) => {
            tracing::error!(%error, "a template could not be rendered");
            Err(Oops::Broken)
        }
    }
}

/// A form with mistakes, shown again.
pub(crate) fn again(template: &impl Template) -> Answer {
    page(template).map(|page| (StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The way on after a form: 303 (RFC 9110 section 15.4.4), with the key of a message for the next page.
pub(crate) fn to(path: &str, news: &str) -> Response {
    let mark = if path.contains('?') { '&' } else { '?' };
    see_other(&format!("{path}{mark}kabar={news}"))
}

/// The way to another page.
pub(crate) fn see_other(path: &str) -> Response {
    let place = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// A path of this console that a browser may be sent to; anything else is the front page.
pub(crate) fn own_path(text: &str) -> &str {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain && text.starts_with('/') && !text.starts_with("//") { text } else { "/" }
}

#[derive(Template)]
#[template(path = "oops.html")]
struct OopsPage {
    c: Chrome,
    title: String,
    lines: Vec<String>,
    act: String,
    back: String,
}

/// No script but ours, no style but ours, nothing from elsewhere, no frame around us (Content Security Policy Level 3).
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; frame-src 'self'; base-uri 'none'";

/// Tells htmx to load the page anew.
const HX_REFRESH: HeaderName = HeaderName::from_static("hx-refresh");

/// What every answer has: a page for what went wrong, and headers.
pub(crate) fn finish(here: &Here, mut response: Response) -> Response {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        // What it does take (RFC 9110 section 15.5.6) stays said.
        let allowed = response.headers_mut().remove(header::ALLOW);
        response = (Oops::NoForm.status(), oops_page(here, &Oops::NoForm)).into_response();
        if let Some(allowed) = allowed {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
    }
    if let Some(oops) = response.extensions_mut().remove::<Oops>() {
        response = match oops.way() {
            // A part of a page that asked anew by itself: the page as a whole is loaded again, and leads to the sign-in.
            Some(_) if here.by_itself => (StatusCode::UNAUTHORIZED, [(HX_REFRESH, "true")]).into_response(),
            Some(way) => {
                let back = if here.back == "/" { String::new() } else { encoded(&here.back) };
                see_other(&if back.is_empty() { way.to_owned() } else { format!("{way}?ke={back}") })
            }
            None => (oops.status(), oops_page(here, &oops)).into_response(),
        };
    }
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn encoded(path: &str) -> String {
    form_urlencoded::byte_serialize(path.as_bytes()).collect()
}

fn oops_page(here: &Here, oops: &Oops) -> Response {
    match told(oops, here.w(), |title| Chrome::of(here, title)).render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the page about a mistake could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn told(oops: &Oops, w: Words, frame: impl FnOnce(String) -> Chrome) -> OopsPage {
    let (title, act) = oops.words();
    let lines = match oops {
        Oops::Refused(why) => why.lines().map(str::to_owned).collect(),
        Oops::Office(all) => spoken(w, all),
        Oops::Sop(problems) => sops::told(w, problems),
        Oops::Staff(problems) => staff_words::problems(w, problems),
        Oops::SignIn
        | Oops::ProveAgain
        | Oops::NotAllowed
        | Oops::NotFound
        | Oops::NoForm
        | Oops::Foreign
        | Oops::Stale
        | Oops::TooLarge
        | Oops::Broken => Vec::new(),
    };
    let title = w.t(title);
    OopsPage { c: frame(title.clone()), title, lines, act: w.t(act), back: w.t("oops-back") }
}

/// What goes wrong, to be looked at.
#[cfg(test)]
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let page = |name, oops: &Oops| {
        let mut c = frame("/l/galeri-utara/loket", "desk-title");
        let page = told(oops, c.w, |title| {
            c.title = title;
            c
        });
        Sample::of(name, &page)
    };
    let refused = Oops::Refused("Gerbang ini sudah dicabut.\nPilih gerbang lain.".to_owned());
    vec![
        page("oops-not-found", &Oops::NotFound),
        page("oops-no-form", &Oops::NoForm),
        page("oops-not-allowed", &Oops::NotAllowed),
        page("oops-stale", &Oops::Stale),
        page("oops-refused", &refused),
        page("oops-broken", &Oops::Broken),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (text, own) in [
            ("/gerbang?x=1", "/gerbang?x=1"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
            ("/a\r\nb", "/"),
        ] {
            assert_eq!(own_path(text), own);
        }
    }
}
