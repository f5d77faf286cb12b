//! A request of somebody at the counter or on the telephone.

use askama::Template;
use gapura_controller::{OfficeError, RequestOrder, Right};
use gapura_wire::HelpTopic;

use super::{sites, speak};
use crate::answer::{Answer, Oops, again, page, spoken, to};
use crate::chrome::Chrome;
use crate::desk::form_key;
use crate::form::{Fields, Posted};
use crate::here::Here;

/// A choice of a list.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) words: String,
    pub(super) chosen: bool,
}

#[derive(Template)]
#[template(path = "requests/new.html")]
pub(super) struct New {
    pub(super) c: Chrome,
    /// The form's key: sent again, it adds nothing more.
    pub(super) key: String,
    pub(super) mistakes: Vec<String>,
    pub(super) sites: Vec<Choice>,
    pub(super) topics: Vec<Choice>,
    pub(super) telephone: bool,
    pub(super) words: String,
    pub(super) words_error: bool,
    pub(super) contact: String,
    pub(super) visit: String,
    pub(super) about: String,
}

/// The empty form.
pub(super) async fn form(here: Here) -> Answer {
    let new = fill(&here, &here.asked(), Vec::new()).await?;
    page(&new)
}

/// *Simpan permintaan*.
pub(super) async fn save(here: Here, Posted(fields): Posted) -> Answer {
    let w = here.w();
    let allowed = sites(&here, Right::WriteRequests).await?;
    let place = allowed.into_iter().find(|(place, _)| place.site.as_str() == fields.get("lokasi"));
    let mut mistakes = Vec::new();
    if place.is_none() {
        mistakes.push(w.t("requests-new-no-site"));
    }
    if fields.get("isi").is_empty() {
        mistakes.push(w.t("requests-new-no-words"));
    }
    let (Some((place, _)), true) = (place, mistakes.is_empty()) else {
        return again(&fill(&here, &fields, mistakes).await?);
    };
    let order = RequestOrder {
        site: place.site.clone(),
        by_telephone: fields.get("asal") == "telepon",
        topic: HelpTopic::named(fields.get("topik")).unwrap_or(HelpTopic::Other),
        words: fields.get("isi").replace("\r\n", "\n"),
        contact: fields.get("kontak").to_owned(),
        visit: fields.get("sesi").to_owned(),
        about: fields.get("situs").to_owned(),
        form: fields.get("kunci").parse().ok(),
    };
    match here.office().add_request(&order, &here.actor("")).await {
        Ok((row, _)) => Ok(to(&super::href(&row.site, &speak::number(&row)), "requests-added")),
        Err(OfficeError::Mistakes(all)) => again(&fill(&here, &fields, spoken(w, &all)).await?),
        Err(error) => Err(error.into()),
    }
}

async fn fill(here: &Here, fields: &Fields, mistakes: Vec<String>) -> Result<New, Oops> {
    let w = here.w();
    let chosen = fields.get("lokasi");
    let sites = sites(here, Right::WriteRequests).await?.into_iter().map(|(place, name)| Choice {
        chosen: place.site.as_str() == chosen,
        value: place.site.to_string(),
        words: name,
    });
    let topic = HelpTopic::named(fields.get("topik")).unwrap_or(HelpTopic::Other);
    let topics = HelpTopic::ALL.into_iter().map(|one| Choice {
        value: one.as_str().to_owned(),
        words: w.t(speak::topic(one)),
        chosen: one == topic,
    });
    let mut c = Chrome::of(here, w.t("requests-new")).up("/permintaan", w.t("requests-title"));
    c.news = None;
    Ok(New {
        c,
        key: form_key()?,
        words_error: !mistakes.is_empty() && fields.get("isi").is_empty(),
        mistakes,
        sites: sites.collect(),
        topics: topics.collect(),
        telephone: fields.get("asal") == "telepon",
        words: fields.get("isi").to_owned(),
        contact: fields.get("kontak").to_owned(),
        visit: fields.get("sesi").to_owned(),
        about: fields.get("situs").to_owned(),
    })
}
