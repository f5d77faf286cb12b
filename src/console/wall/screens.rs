//! Screens: made, told once, taken back.

use askama::Template;
use gapura_controller::{FormKey, OfficeError, Right, SCREEN_CHARS, Scope, Screen, SitePlace, may_over};

use super::BOARDS;
use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;
use crate::staff_words;

/// Its address.
pub(super) const PATH: &str = "/layar";

/// A screen.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) scope: String,
    pub(super) made: String,
    pub(super) live: bool,
    pub(super) state: String,
}

#[derive(Template)]
#[template(path = "screens.html")]
pub(super) struct Screens {
    pub(super) c: Chrome,
    pub(super) rows: Vec<Row>,
    /// Scopes to choose from: value, words, whether it is chosen.
    pub(super) scopes: Vec<(String, String, bool)>,
    /// The form's key.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) most: usize,
    pub(super) wrong: Vec<String>,
    /// The screen just made: its name, and where its board is.
    pub(super) made: Option<(String, String)>,
    /// The whole address of that.
    pub(super) address: String,
}

pub(super) async fn list(here: Here) -> Answer {
    page(&filled(&here, ("", "")).await?)
}

pub(super) async fn make(here: Here, Posted(fields): Posted) -> Answer {
    let (name, text) = (fields.get("nama"), fields.get("wilayah"));
    let places = here.office().site_places().await?;
    let scope = text.parse::<Scope>().ok();
    let scope = scope.filter(|scope| may_over(here.grants(), Right::SetNetwork, scope, &places));
    let Some(scope) = scope else {
        let wrong = vec![here.w().t("screens-wrong-scope")];
        return again(&Screens { wrong, ..filled(&here, (name, text)).await? });
    };
    let form = fields.get("kunci").parse().map_err(|_| Oops::Stale)?;
    match here.office().make_screen(&form, (name, &scope), &here.actor("")).await {
        Ok((screen, secret)) => {
            let path = format!("{BOARDS}{secret}");
            let address = format!("{}{path}", origin(&here));
            page(&Screens { made: Some((screen.name, path)), address, ..filled(&here, ("", "")).await? })
        }
        Err(error) => {
            let wrong = Oops::from(error).of_form(here.w())?;
            again(&Screens { wrong, ..filled(&here, (name, text)).await? })
        }
    }
}

pub(super) async fn end(here: Here, Posted(fields): Posted) -> Answer {
    let places = here.office().site_places().await?;
    let screens = here.office().screens().await?;
    let screen = screens.iter().find(|screen| screen.id == fields.get("layar")).ok_or(Oops::NotFound)?;
    if !may_over(here.grants(), Right::SetNetwork, &screen.scope, &places) {
        return Err(Oops::NotFound);
    }
    match here.office().end_screen(&screen.id, &here.actor(fields.get("alasan"))).await {
        Ok(()) => Ok(to(PATH, "screen-ended")),
        Err(error @ (OfficeError::Refused(_) | OfficeError::Mistakes(_))) => {
            let wrong = Oops::from(error).of_form(here.w())?;
            again(&Screens { wrong, ..filled(&here, ("", "")).await? })
        }
        Err(error) => Err(error.into()),
    }
}

/// How browsers reach this console.
fn origin(here: &Here) -> String {
    let settings = &here.app.settings;
    let port = settings.listen.port();
    if port == 443 || port == 0 {
        format!("https://{}", settings.public_name)
    } else {
        format!("https://{}:{port}", settings.public_name)
    }
}

async fn filled(here: &Here, (name, scope): (&str, &str)) -> Result<Screens, Oops> {
    let (w, say) = (here.w(), here.say());
    let places = here.office().site_places().await?;
    let mut screens = here.office().screens().await?;
    screens.retain(|screen| may_over(here.grants(), Right::SetNetwork, &screen.scope, &places));
    let row = |screen: Screen| Row {
        live: screen.ended.is_none(),
        state: match &screen.ended {
            None => w.t("screens-live"),
            Some((at, by)) => w.t2("screens-ended", "when", say.when(*at), "who", by.as_str()),
        },
        made: w.t2("screens-by", "when", say.when(screen.made), "who", screen.made_by.as_str()),
        scope: staff_words::scope(w, &screen.scope),
        id: screen.id,
        name: screen.name,
    };
    let choice = |one: Scope| (one.to_string(), staff_words::scope(w, &one), one.to_string() == scope);
    Ok(Screens {
        c: Chrome::of(here, w.t("screens-title")).sub(w.t("screens-sub")),
        rows: screens.into_iter().map(row).collect(),
        scopes: offered(here, &places).into_iter().map(choice).collect(),
        key: FormKey::draw().map_err(OfficeError::from)?.to_text(),
        name: name.to_owned(),
        most: SCREEN_CHARS,
        wrong: Vec::new(),
        made: None,
        address: String::new(),
    })
}

/// The province, regencies, agencies and sites that the person may set up.
fn offered(here: &Here, places: &[SitePlace]) -> Vec<Scope> {
    let regencies = places.iter().map(|place| Scope::Regency(place.regency.clone()));
    let agencies = places.iter().map(|place| Scope::Agency(place.agency.clone()));
    let sites = places.iter().map(|place| Scope::Site(place.site.clone()));
    let all = std::iter::once(Scope::Province).chain(regencies).chain(agencies).chain(sites);
    let mut offered: Vec<Scope> =
        all.filter(|scope| may_over(here.grants(), Right::SetNetwork, scope, places)).collect();
    offered.sort();
    offered.dedup();
    offered
}
