//! Masuk: name and password, the code, what is still to be done; signing out; proving once more who one is.

use askama::Template;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use gapura_controller::door::From;
use gapura_controller::{Halfway, OfficeError, Proved, SessionToken, SignIn, SignedIn};
use gapura_model::Secret;
use http::{HeaderMap, StatusCode, header};

use crate::answer::{Answer, Oops, again, own_path, page, see_other, to};
use crate::chrome::Chrome;
use crate::form::{Fields, Posted};
use crate::here::Here;
use crate::routes::{Needs, Routes};
#[cfg(test)]
use crate::samples::Sample;
use crate::session::{forget, keep, kept_away, seen, send_away, token};
use crate::staff_words::problems;

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/masuk", Needs::Nothing, form);
    routes.post("/masuk", Needs::Nothing, sign_in);
    routes.get("/masuk/kode", Needs::Nothing, step);
    routes.post("/masuk/kode", Needs::Nothing, code);
    routes.get("/masuk/sandi", Needs::Nothing, step);
    routes.post("/masuk/sandi", Needs::Nothing, password);
    routes.get("/masuk/faktor", Needs::Nothing, step);
    routes.post("/masuk/faktor", Needs::Nothing, factor);
    routes.get("/masuk/sso/mulai", Needs::Nothing, sso_begin);
    routes.get("/masuk/sso", Needs::Nothing, sso_end);
    routes.get("/masuk/ulang", Needs::Nothing, begin_again);
    routes.post("/keluar", Needs::SignedIn, sign_out);
    routes.post("/bahasa", Needs::SignedIn, language);
    routes.get("/buktikan", Needs::SignedIn, prove_form);
    routes.post("/buktikan", Needs::SignedIn, prove);
}

#[derive(Template)]
#[template(path = "signin.html")]
struct FormPage {
    c: Chrome,
    wrong: Vec<String>,
    back: String,
    name: String,
    help: String,
    /// The way to the identity provider, where there is one.
    sso: Option<String>,
}

#[derive(Template)]
#[template(path = "signin_code.html")]
struct CodePage {
    c: Chrome,
    wrong: Vec<String>,
    back: String,
    help: String,
}

#[derive(Template)]
#[template(path = "signin_password.html")]
struct PasswordPage {
    c: Chrome,
    wrong: Vec<String>,
    back: String,
    name: String,
}

#[derive(Template)]
#[template(path = "signin_factor.html")]
struct FactorPage {
    c: Chrome,
    wrong: Vec<String>,
    back: String,
    groups: String,
    svg: String,
}

#[derive(Template)]
#[template(path = "signin_codes.html")]
struct CodesPage {
    c: Chrome,
    wrong: Vec<String>,
    back: String,
    codes: Vec<String>,
}

#[derive(Template)]
#[template(path = "prove.html")]
struct ProvePage {
    c: Chrome,
    wrong: Vec<String>,
    back: String,
    code: bool,
    /// The way to the identity provider, where there is one.
    sso: Option<String>,
}

/// The page that a browser is to be sent to afterwards, as the address says.
fn back(here: &Here) -> String {
    own_path(here.asked().get("ke")).to_owned()
}

fn back_of(fields: &Fields) -> String {
    own_path(fields.get("ke")).to_owned()
}

fn with_back(path: &str, back: &str) -> String {
    if back == "/" {
        return path.to_owned();
    }
    let encoded: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
    format!("{path}?ke={encoded}")
}

/// Whom to ask where a password or telephone is lost.
fn help(here: &Here, key: &str) -> String {
    let w = here.w();
    let whom = here.app.settings.contact.clone().unwrap_or_else(|| w.t("signin-administrator"));
    w.t1(key, "whom", whom)
}

fn form_page(here: &Here, back: String, name: &str, wrong: Vec<String>) -> FormPage {
    let help = help(here, "signin-help");
    let sso = here.office().has_sso().then(|| with_back("/masuk/sso/mulai", &back));
    FormPage { c: Chrome::of(here, here.w().t("signin-title")), wrong, back, name: name.to_owned(), help, sso }
}

async fn form(here: Here, headers: HeaderMap) -> Answer {
    let back = back(&here);
    if here.person.is_some() {
        return Ok(see_other(&back));
    }
    if let Some(token) = token(&headers)
        && let Some(halfway) = here.office().halfway(&token).await?
    {
        return Ok(see_other(&with_back(path_of(&halfway), &back)));
    }
    page(&form_page(&here, back, "", Vec::new()))
}

const fn path_of(halfway: &Halfway) -> &'static str {
    match halfway {
        Halfway::Code => "/masuk/kode",
        Halfway::Password(_) => "/masuk/sandi",
        Halfway::Enrol(_) => "/masuk/faktor",
    }
}

async fn sign_in(here: Here, Extension(from): Extension<From>, headers: HeaderMap, Posted(fields): Posted) -> Answer {
    let (name, back) = (fields.get("nama").to_owned(), back_of(&fields));
    let password = Secret::new(fields.whole("sandi").to_owned());
    let attempt = SignIn { name: name.clone(), password, from: seen(from, &headers) };
    match here.office().sign_in(attempt).await? {
        SignedIn::Wait { seconds } => wait(seconds, &form_page(&here, back, &name, vec![waiting(&here, seconds)])),
        SignedIn::Wrong => again(&form_page(&here, back, &name, vec![here.w().t("signin-wrong")])),
        on @ (SignedIn::Done(_)
        | SignedIn::NeedsCode(_)
        | SignedIn::MustSetPassword(_)
        | SignedIn::MustEnrolTotp(_)) => Ok(next(on, &back)),
    }
}

/// What comes after a step that went through.
fn next(signed: SignedIn, back: &str) -> Response {
    let (path, token) = match &signed {
        SignedIn::Done(token) => (back.to_owned(), token),
        SignedIn::NeedsCode(token) => (with_back("/masuk/kode", back), token),
        SignedIn::MustSetPassword(token) => (with_back("/masuk/sandi", back), token),
        SignedIn::MustEnrolTotp(token) => (with_back("/masuk/faktor", back), token),
        SignedIn::Wait { .. } | SignedIn::Wrong => return see_other(&with_back("/masuk", back)),
    };
    keep(see_other(&path), token)
}

fn waiting(here: &Here, seconds: u64) -> String {
    here.w().n("signin-wait", seconds)
}

fn wait(seconds: u64, template: &impl Template) -> Answer {
    let page = page(template)?;
    Ok((StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())], page).into_response())
}

/// Half-way, or where to begin.
async fn halfway(here: &Here, headers: &HeaderMap) -> Result<Option<(SessionToken, Halfway)>, OfficeError> {
    let Some(token) = token(headers) else { return Ok(None) };
    Ok(here.office().halfway(&token).await?.map(|halfway| (token, halfway)))
}

async fn step(here: Here, headers: HeaderMap) -> Answer {
    let back = back(&here);
    let Some((token, halfway)) = halfway(&here, &headers).await? else {
        return Ok(see_other(&with_back("/masuk", &back)));
    };
    if here.path.split('?').next() != Some(path_of(&halfway)) {
        return Ok(see_other(&with_back(path_of(&halfway), &back)));
    }
    match halfway {
        Halfway::Code => page(&code_page(&here, back, Vec::new())),
        Halfway::Password(name) => page(&password_page(&here, back, name.to_string(), Vec::new())),
        Halfway::Enrol(_) => page(&factor_page(&here, back, &token, Vec::new()).await?),
    }
}

fn code_page(here: &Here, back: String, wrong: Vec<String>) -> CodePage {
    CodePage { c: Chrome::of(here, here.w().t("signin-code")), wrong, back, help: help(here, "signin-code-lost") }
}

fn password_page(here: &Here, back: String, name: String, wrong: Vec<String>) -> PasswordPage {
    PasswordPage { c: Chrome::of(here, here.w().t("signin-own")), wrong, back, name }
}

async fn factor_page(
    here: &Here,
    back: String,
    token: &SessionToken,
    wrong: Vec<String>,
) -> Result<FactorPage, OfficeError> {
    let shown = here.office().begin_totp(token).await?;
    let c = Chrome::of(here, here.w().t("signin-factor"));
    Ok(FactorPage { c, wrong, back, groups: shown.groups, svg: shown.svg })
}

async fn code(here: Here, Extension(from): Extension<From>, headers: HeaderMap, Posted(fields): Posted) -> Answer {
    let back = back_of(&fields);
    let Some((token, Halfway::Code)) = halfway(&here, &headers).await? else {
        return Ok(see_other(&with_back("/masuk", &back)));
    };
    match here.office().sign_in_code(&token, fields.get("kode"), &seen(from, &headers)).await? {
        SignedIn::Wait { seconds } => wait(seconds, &code_page(&here, back, vec![waiting(&here, seconds)])),
        SignedIn::Wrong => again(&code_page(&here, back, vec![here.w().t("staff-code")])),
        on @ (SignedIn::Done(_)
        | SignedIn::NeedsCode(_)
        | SignedIn::MustSetPassword(_)
        | SignedIn::MustEnrolTotp(_)) => Ok(next(on, &back)),
    }
}

async fn password(here: Here, Extension(from): Extension<From>, headers: HeaderMap, Posted(fields): Posted) -> Answer {
    let back = back_of(&fields);
    let Some((token, Halfway::Password(name))) = halfway(&here, &headers).await? else {
        return Ok(see_other(&with_back("/masuk", &back)));
    };
    if fields.whole("baru") != fields.whole("ulang") {
        let wrong = vec![here.w().t("staff-passwords-differ")];
        return again(&password_page(&here, back, name.to_string(), wrong));
    }
    let own = Secret::new(fields.whole("baru").to_owned());
    match here.office().sign_in_password(&token, own, &seen(from, &headers)).await {
        Ok(on) => Ok(next(on, &back)),
        Err(OfficeError::Staff(wrong)) => {
            again(&password_page(&here, back, name.to_string(), problems(here.w(), &wrong)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn factor(here: Here, Extension(from): Extension<From>, headers: HeaderMap, Posted(fields): Posted) -> Answer {
    let back = back_of(&fields);
    let Some((token, Halfway::Enrol(_))) = halfway(&here, &headers).await? else {
        return Ok(see_other(&with_back("/masuk", &back)));
    };
    match here.office().confirm_totp(&token, fields.get("kode"), &seen(from, &headers)).await {
        Ok(confirmed) => {
            let codes = confirmed.codes.iter().map(|code| code.expose().clone()).collect();
            let c = Chrome::of(&here, here.w().t("staff-codes"));
            let response = page(&CodesPage { c, wrong: Vec::new(), back: back.clone(), codes })?;
            Ok(match confirmed.signed {
                Some(SignedIn::Done(token)) => keep(response, &token),
                Some(on) => next(on, &back),
                None => response,
            })
        }
        Err(OfficeError::Staff(wrong)) => again(&factor_page(&here, back, &token, problems(here.w(), &wrong)).await?),
        Err(error) => Err(error.into()),
    }
}

/// Off to the identity provider.
async fn sso_begin(here: Here) -> Answer {
    let (back, fresh) = (back(&here), here.asked().is_on("baru"));
    match here.office().sso_begin(&back, fresh).await? {
        Some(begun) => Ok(send_away(see_other(&begun.address), Some(&begun.kept))),
        None => again(&form_page(&here, back, "", vec![here.w().t("signin-sso-away")])),
    }
}

/// Back from it.
async fn sso_end(here: Here, Extension(from): Extension<From>, headers: HeaderMap) -> Answer {
    let fields = here.asked();
    let Some(kept) = kept_away(&headers) else { return Ok(to("/masuk", "sso-refused")) };
    let said = (fields.get("state"), fields.get("code"));
    let ended = here.office().sso_end(kept, said, &seen(from, &headers)).await?;
    let back = own_path(&ended.back).to_owned();
    let response = match ended.signed {
        SignedIn::Wrong | SignedIn::Wait { .. } => to(&with_back("/masuk", &back), "sso-refused"),
        on @ (SignedIn::Done(_)
        | SignedIn::NeedsCode(_)
        | SignedIn::MustSetPassword(_)
        | SignedIn::MustEnrolTotp(_)) => next(on, &back),
    };
    Ok(send_away(response, None))
}

/// From the first step on, as somebody else.
async fn begin_again(here: Here, headers: HeaderMap) -> Answer {
    if here.person.is_some() {
        return Ok(see_other("/"));
    }
    if let Some(token) = token(&headers) {
        here.office().sign_out(&token).await?;
    }
    Ok(forget(see_other("/masuk")))
}

async fn sign_out(here: Here, headers: HeaderMap, Posted(_): Posted) -> Answer {
    if let Some(token) = token(&headers) {
        here.office().sign_out(&token).await?;
    }
    Ok(forget(to("/masuk", "signed-out")))
}

async fn language(here: Here, Posted(fields): Posted) -> Answer {
    here.office().set_language(here.staff()?, fields.get("bahasa")).await?;
    Ok(see_other(own_path(fields.get("ke"))))
}

fn prove_page(here: &Here, back: String, wrong: Vec<String>) -> Result<ProvePage, Oops> {
    let code = here.staff()?.second_factor;
    let encoded: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
    let sso = (here.office().has_sso() && !code).then(|| format!("/masuk/sso/mulai?baru=1&ke={encoded}"));
    Ok(ProvePage { c: Chrome::of(here, here.w().t("signin-prove")), wrong, back, code, sso })
}

async fn prove_form(here: Here) -> Answer {
    page(&prove_page(&here, back(&here), Vec::new())?)
}

async fn prove(here: Here, Extension(from): Extension<From>, headers: HeaderMap, Posted(fields): Posted) -> Answer {
    let back = back_of(&fields);
    let proof = Secret::new(fields.whole("bukti").to_owned());
    match here.office().prove_again(here.staff()?, proof, &seen(from, &headers)).await? {
        Proved::Done => Ok(see_other(&back)),
        Proved::Wait { seconds } => wait(seconds, &prove_page(&here, back, vec![waiting(&here, seconds)])?),
        Proved::Wrong => {
            let key = if here.staff()?.second_factor { "staff-code" } else { "signin-wrong-password" };
            let wrong = vec![here.w().t(key)];
            again(&prove_page(&here, back, wrong)?)
        }
    }
}

/// This room's pages, to be looked at.
#[cfg(test)]
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let alone = |key: &str| {
        let mut c = frame("/masuk", key);
        c.me = None;
        c
    };
    let (back, wrong) = ("/".to_owned(), Vec::new);
    let w = alone("signin-title").w;
    let help = w.t1("signin-help", "whom", "(0482) 555 0110");
    let name = "andi.rahmawati".to_owned();
    let refused = vec![w.t("signin-wrong"), w.n("signin-wait", 8)];
    let form = |wrong: Vec<String>| FormPage {
        c: alone("signin-title"),
        wrong,
        back: back.clone(),
        name: name.clone(),
        help: help.clone(),
        sso: Some("/masuk/sso/mulai".to_owned()),
    };
    let lost = w.t1("signin-code-lost", "whom", "(0482) 555 0110");
    let code = CodePage { c: alone("signin-code"), wrong: wrong(), back: back.clone(), help: lost };
    let known = problems(w, &[gapura_controller::StaffProblem::PasswordKnown]);
    let own = PasswordPage { c: alone("signin-own"), wrong: known, back: back.clone(), name: name.clone() };
    let shown = gapura_controller::Enrolment::sample();
    let c = alone("signin-factor");
    let factor = FactorPage { c, wrong: wrong(), back: back.clone(), groups: shown.groups, svg: shown.svg };
    let codes = vec!["7KQM-29QD-AB3X".to_owned(), "ZZ4P-H3RT-9WVB".to_owned()];
    let codes = CodesPage { c: alone("staff-codes"), wrong: wrong(), back: back.clone(), codes };
    let prove = ProvePage {
        c: frame("/buktikan", "signin-prove"),
        wrong: wrong(),
        back: "/".to_owned(),
        code: true,
        sso: None,
    };
    vec![
        Sample::of("signin", &form(Vec::new())),
        Sample::of("signin-wrong", &form(refused)),
        Sample::of("signin-code", &code),
        Sample::of("signin-password", &own),
        Sample::of("signin-factor", &factor),
        Sample::of("signin-codes", &codes),
        Sample::of("prove", &prove),
    ]
}
