//! Lokasi: every site that the person may see, with its kind, agency and state.

use askama::Template;
use gapura_controller::{GatewayStanding, Right, SiteDocument, SitePlace, Tone};
use gapura_model::SiteId;
use gapura_rules::hours::OpenState;

use super::{Tag, class, kind, spoken, tag};
use crate::answer::{Answer, page};
use crate::chrome::Chrome;
use crate::here::Here;

/// A site.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) agency: String,
    pub(super) regency: String,
    /// Whether it is open, in words.
    pub(super) hours: String,
    pub(super) tag: Tag,
}

#[derive(Template)]
#[template(path = "sites.html")]
pub(super) struct Sites {
    pub(super) c: Chrome,
    /// What was searched for.
    pub(super) words: String,
    pub(super) rows: Vec<Row>,
    /// There are sites at all.
    pub(super) any: bool,
    pub(super) may_make: bool,
}

/// `/lokasi`
pub(super) async fn sites(here: Here) -> Answer {
    let w = here.w();
    let fields = here.asked();
    let words: String = fields.get("cari").chars().take(80).collect();
    let mut gateways = here.office().gateways().await?;
    gateways.retain(|one| one.condition.id() != "revoked");
    let mut all = here.office().sites().await?;
    all.retain(|(id, document)| here.may_at(Right::SeeNetwork, Some(&place(id, document))));
    all.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
    let count = all.len();
    let found = |(id, document): &&(SiteId, SiteDocument)| {
        let text =
            format!("{} {id} {} {} {}", document.name, document.agency, document.regency, w.t(kind(document.kind)));
        text.to_lowercase().contains(&words.to_lowercase())
    };
    let rows = all.iter().filter(found).map(|(id, document)| row(&here, id, document, &gateways)).collect();
    let c = Chrome::of(&here, w.t("network-sites")).sub(w.n("network-sites-count", count as u64));
    page(&Sites { c, words, rows, any: count > 0, may_make: here.may_anywhere(Right::SetNetwork) })
}

fn place(id: &SiteId, document: &SiteDocument) -> SitePlace {
    SitePlace { site: id.clone(), agency: document.agency.clone(), regency: document.regency.clone() }
}

fn row(here: &Here, id: &SiteId, document: &SiteDocument, gateways: &[GatewayStanding]) -> Row {
    let w = here.w();
    let say = spoken(here, document.hours.zone().name());
    // Of several gateways the one that needs somebody most speaks for the site.
    let worst = gateways.iter().filter(|one| one.site == *id).min_by_key(|one| one.condition.tone());
    let tag = match worst {
        Some(one) => tag(&one.condition, &say),
        None => Tag { class: class(Tone::Off), words: w.t("network-site-bare") },
    };
    let hours = match document.hours.state(here.now) {
        OpenState::Open { closes: Some(closes) } => w.t1("network-open-until", "when", say.when(closes)),
        OpenState::Open { closes: None } => w.t("network-open-always"),
        OpenState::Closed { opens: Some(opens) } => w.t1("network-shut-until", "when", say.when(opens)),
        OpenState::Closed { opens: None } => w.t("network-shut"),
    };
    Row {
        href: format!("/l/{id}"),
        name: document.name.clone(),
        kind: w.t(kind(document.kind)),
        agency: document.agency.clone(),
        regency: document.regency.clone(),
        hours,
        tag,
    }
}
