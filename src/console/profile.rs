//! Profil: one's own password, second factor and sessions.

use askama::Template;
use axum::extract::Extension;
use gapura_controller::door::From;
use gapura_controller::{OfficeError, Proved, SessionId};
use gapura_model::Secret;
use http::HeaderMap;
use jiff::SignedDuration;

use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;
use crate::routes::{Needs, Routes};
#[cfg(test)]
use crate::samples::Sample;
use crate::session::{forget, seen, token};
use crate::staff_words::{grant, problems};

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/profil", Needs::SignedIn, profile);
    routes.post("/profil/sesi", Needs::SignedIn, end_session);
    routes.get("/profil/sandi", Needs::SignedIn, password_form);
    routes.post("/profil/sandi", Needs::SignedIn, password);
    routes.get("/profil/faktor", Needs::SignedIn, factor_form);
    routes.post("/profil/faktor", Needs::SignedIn, factor);
}

/// A session on the page.
struct Session {
    id: String,
    since: String,
    seen: String,
    address: String,
    agent: String,
    own: bool,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    c: Chrome,
    name: String,
    title: String,
    duties: Vec<String>,
    factor: bool,
    codes_left: u64,
    sessions: Vec<Session>,
}

#[derive(Template)]
#[template(path = "profile_password.html")]
struct PasswordPage {
    c: Chrome,
    name: String,
    wrong: Vec<String>,
}

#[derive(Template)]
#[template(path = "profile_factor.html")]
struct FactorPage {
    c: Chrome,
    wrong: Vec<String>,
    /// What is to be scanned, where there is no second factor yet.
    shown: Option<(String, String)>,
    needed: bool,
}

#[derive(Template)]
#[template(path = "profile_codes.html")]
struct CodesPage {
    c: Chrome,
    codes: Vec<String>,
}

/// How one proves who one is may be changed within so long of proving it.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

async fn profile(here: Here) -> Answer {
    let staff = here.staff()?;
    let say = here.say();
    let of = |session: gapura_controller::SessionSeen| Session {
        id: session.id.to_string(),
        since: say.when(session.since),
        seen: say.when(session.seen),
        address: session.address,
        agent: session.agent,
        own: session.id == staff.session,
    };
    let sessions = here.office().sessions_of(&staff.name).await?.into_iter().map(of).collect();
    page(&ProfilePage {
        c: Chrome::of(&here, here.w().t("profile-title")),
        name: staff.name.to_string(),
        title: staff.full_title.clone(),
        duties: staff.grants.iter().map(|one| grant(here.w(), one)).collect(),
        factor: staff.second_factor,
        codes_left: here.office().recovery_codes_left(&staff.name).await?,
        sessions,
    })
}

async fn end_session(here: Here, Posted(fields): Posted) -> Answer {
    let id: SessionId = fields.get("sesi").parse().map_err(|_| Oops::Stale)?;
    if here.office().end_session(here.staff()?, &id).await? {
        return Ok(to("/profil", "profile-session-ended"));
    }
    Err(Oops::NotFound)
}

fn up(here: &Here, key: &str) -> Chrome {
    Chrome::of(here, here.w().t(key)).up("/profil", here.w().t("profile-title"))
}

fn password_page(here: &Here, wrong: Vec<String>) -> Result<PasswordPage, Oops> {
    Ok(PasswordPage { c: up(here, "profile-password"), name: here.staff()?.name.to_string(), wrong })
}

async fn password_form(here: Here) -> Answer {
    page(&password_page(&here, Vec::new())?)
}

async fn password(here: Here, Extension(from): Extension<From>, headers: HeaderMap, Posted(fields): Posted) -> Answer {
    let w = here.w();
    if fields.whole("baru") != fields.whole("ulang") {
        return again(&password_page(&here, vec![w.t("staff-passwords-differ")])?);
    }
    let secret = |name: &str| Secret::new(fields.whole(name).to_owned());
    let words = (secret("lama"), secret("baru"));
    let wrong = match here.office().change_password(here.staff()?, words, &seen(from, &headers)).await {
        Ok(Proved::Done) => return Ok(to("/profil", "profile-password-set")),
        Ok(Proved::Wait { seconds }) => vec![w.n("signin-wait", seconds)],
        Ok(Proved::Wrong) => vec![w.t("signin-wrong-password")],
        Err(OfficeError::Staff(wrong)) => problems(w, &wrong),
        Err(error) => return Err(error.into()),
    };
    again(&password_page(&here, wrong)?)
}

/// Whoever finds an open browser does not change how its owner signs in.
fn proved_lately(here: &Here) -> Result<(), Oops> {
    let stale = here.now.duration_since(here.staff()?.proved) > FRESH;
    if stale { Err(Oops::ProveAgain) } else { Ok(()) }
}

async fn factor_page(here: &Here, headers: &HeaderMap, wrong: Vec<String>) -> Result<FactorPage, Oops> {
    let staff = here.staff()?;
    let shown = if staff.second_factor {
        None
    } else {
        let shown = here.office().begin_totp(&token(headers).ok_or(Oops::SignIn)?).await?;
        Some((shown.svg, shown.groups))
    };
    let needed = staff.grants.iter().any(|one| one.role.needs_second_factor());
    Ok(FactorPage { c: up(here, "people-factor"), wrong, shown, needed })
}

async fn factor_form(here: Here, headers: HeaderMap) -> Answer {
    proved_lately(&here)?;
    page(&factor_page(&here, &headers, Vec::new()).await?)
}

async fn factor(here: Here, Extension(from): Extension<From>, headers: HeaderMap, Posted(fields): Posted) -> Answer {
    proved_lately(&here)?;
    let (office, staff) = (here.office(), here.staff()?);
    let codes = match fields.get("apa") {
        "pasang" => {
            let token = token(&headers).ok_or(Oops::SignIn)?;
            let confirmed = office.confirm_totp(&token, fields.get("kode"), &seen(from, &headers)).await;
            confirmed.map(|confirmed| confirmed.codes)
        }
        "cadangan" => office.renew_recovery_codes(staff).await,
        "lepas" => match office.drop_totp(staff).await {
            // Its sessions are gone with it.
            Ok(()) => return Ok(forget(to("/masuk", "profile-factor-gone"))),
            Err(error) => Err(error),
        },
        _ => return Err(Oops::Stale),
    };
    match codes {
        Ok(codes) => {
            let codes = codes.iter().map(|code| code.expose().clone()).collect();
            page(&CodesPage { c: up(&here, "staff-codes"), codes })
        }
        Err(OfficeError::Staff(wrong)) => {
            let wrong = problems(here.w(), &wrong);
            again(&factor_page(&here, &headers, wrong).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// This room's pages, to be looked at.
#[cfg(test)]
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = |key: &str| frame("/profil", key);
    let w = c("profile-title").w;
    let session = |own| Session {
        id: "0f".repeat(32),
        since: "08.02 WITA".to_owned(),
        seen: "20.14 WITA".to_owned(),
        address: "10.20.0.7".to_owned(),
        agent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".to_owned(),
        own,
    };
    let profile = ProfilePage {
        c: c("profile-title"),
        name: "andi.rahmawati".to_owned(),
        title: w.t("staff-role-network-admin"),
        duties: vec![w.t("staff-role-network-admin")],
        factor: true,
        codes_left: 7,
        sessions: vec![session(true), session(false)],
    };
    let name = "andi.rahmawati".to_owned();
    let wrong = vec![w.t("signin-wrong-password")];
    let shown = gapura_controller::Enrolment::sample();
    let enrol = FactorPage {
        c: c("people-factor"),
        wrong: vec![w.t("staff-code")],
        shown: Some((shown.svg, shown.groups)),
        needed: false,
    };
    let has = FactorPage { c: c("people-factor"), wrong: Vec::new(), shown: None, needed: false };
    let codes = vec!["7KQM-29QD-AB3X".to_owned(), "ZZ4P-H3RT-9WVB".to_owned()];
    vec![
        Sample::of("profile", &profile),
        Sample::of("profile-password", &PasswordPage { c: c("profile-password"), name, wrong }),
        Sample::of("profile-factor-new", &enrol),
        Sample::of("profile-factor", &has),
        Sample::of("profile-codes", &CodesPage { c: c("staff-codes"), codes }),
    ]
}
