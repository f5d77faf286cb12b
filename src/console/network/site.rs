//! One site: its gateways, every setting with where it came from, dated exceptions, where a mobile centre stands.

use askama::Template;
use gapura_controller::{GatewayStanding, Level, OfficeError, Origin, Right};
use gapura_model::SiteKind;
use gapura_rules::hours::ExceptionDocument;

use super::{Tag, kind, moment, spoken, tag};
use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::dates;
use crate::form::Posted;
use crate::here::Here;

/// A gateway of the site.
#[derive(Clone, Debug)]
pub(super) struct Box {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) tag: Tag,
}

/// A setting.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) from: String,
    pub(super) lost: String,
}

/// Other hours on a date or span.
#[derive(Clone, Debug)]
pub(super) struct Exception {
    pub(super) from: String,
    pub(super) to: String,
    /// The span in words.
    pub(super) dates: String,
    pub(super) hours: String,
    pub(super) reason: String,
    pub(super) level: String,
    /// It is set right here.
    pub(super) own: bool,
}

/// Where it stood.
#[derive(Clone, Debug)]
pub(super) struct Stood {
    pub(super) since: String,
    pub(super) place: String,
    pub(super) by: String,
}

#[derive(Template)]
#[template(path = "site.html")]
pub(super) struct Site {
    pub(super) c: Chrome,
    pub(super) id: String,
    pub(super) boxes: Vec<Box>,
    pub(super) fields: Vec<Field>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) mobile: bool,
    pub(super) may_run: bool,
    pub(super) may_move: bool,
    pub(super) stood: Vec<Stood>,
    /// Village and reason as typed, and what is wrong with the village.
    pub(super) typed: (String, String),
    pub(super) wrong: String,
}

pub(super) async fn site(here: Here) -> Answer {
    page(&made(&here).await?)
}

async fn made(here: &Here) -> Result<Site, Oops> {
    let (id, document) = (here.site()?.place.site.clone(), here.site()?.document.clone());
    let (w, say) = (here.w(), here.say());
    let settings = here.office().site_settings(&id).await?;
    let gateways = here.office().gateways().await?;
    let boxes = gateways.iter().filter(|one| one.site == id).map(|one| of(here, one)).collect();
    let (dated, fields): (Vec<&Origin>, Vec<&Origin>) =
        settings.settled.origins.iter().partition(|origin| origin.field == "hours.exceptions");
    let stood = here.office().places(&id).await?.into_iter().take(20).map(|one| Stood {
        since: moment(&say, one.since),
        place: one.place,
        by: one.by,
    });
    let stood = stood.collect();
    let c = Chrome::of(here, document.name.clone()).sub(format!("{}, {}", w.t(kind(document.kind)), document.agency));
    let mut c = c;
    c.stand_at(format!("/l/{id}"));
    Ok(Site {
        c: c.up("/lokasi", w.t("network-sites")),
        id: id.as_str().to_owned(),
        boxes,
        fields: fields.into_iter().map(|origin| field(here, origin)).collect(),
        exceptions: dated.into_iter().filter_map(|origin| exception(here, origin)).collect(),
        mobile: document.kind == SiteKind::Mplik,
        may_run: here.may(Right::RunGateways),
        may_move: here.may(Right::MoveSite),
        stood,
        typed: (String::new(), String::new()),
        wrong: String::new(),
    })
}

fn of(here: &Here, one: &GatewayStanding) -> Box {
    Box {
        href: format!("/l/{}/gerbang/{}", one.site, one.gateway),
        name: one.gateway.as_str().to_owned(),
        tag: tag(&one.condition, &spoken(here, &one.zone)),
    }
}

pub(super) fn level(here: &Here, level: &Level) -> String {
    let w = here.w();
    match level {
        Level::Department => w.t("network-level-department"),
        Level::Regency(name) => w.t1("network-level-regency", "name", name),
        Level::Agency(name) => w.t1("network-level-agency", "name", name),
        Level::Kind(name) => {
            let known: Option<SiteKind> = serde_json::from_value(name.as_str().into()).ok();
            w.t1("network-level-kind", "name", known.map_or_else(|| name.clone(), |known| w.t(kind(known))))
        }
        Level::Group(name) => w.t1("network-level-group", "name", name),
        Level::Site | Level::Default => w.t("network-level-site"),
    }
}

pub(super) fn field(here: &Here, origin: &Origin) -> Field {
    let w = here.w();
    let lost: Vec<String> = origin.lost.iter().map(|lost| level(here, &lost.from)).collect();
    Field {
        name: super::fields::name(w, &origin.field),
        value: super::fields::value(w, &origin.field, &origin.holds.value),
        from: level(here, &origin.holds.from),
        lost: lost.join(", "),
    }
}

pub(super) fn exception(here: &Here, origin: &Origin) -> Option<Exception> {
    let written: ExceptionDocument = serde_json::from_value(origin.holds.value.clone()).ok()?;
    dated(here, written, origin.holds.from.clone())
}

/// Other hours that are set there.
pub(super) fn dated(here: &Here, written: ExceptionDocument, from_level: Level) -> Option<Exception> {
    let from = written.date.clone().or(written.from)?;
    let to = written.date.or(written.to).unwrap_or_else(|| from.clone());
    let hours = if written.open.is_empty() { here.w().t("network-closed-all-day") } else { written.open.join(", ") };
    let dates = span(here, &from, &to);
    Some(Exception {
        dates,
        hours,
        reason: written.reason,
        level: level(here, &from_level),
        own: from_level == Level::Site,
        from,
        to,
    })
}

/// A span of days as people read it.
pub(super) fn span(here: &Here, from: &str, to: &str) -> String {
    if from == to { shown(here, from) } else { format!("{} – {}", shown(here, from), shown(here, to)) }
}

/// A day as people read it.
fn shown(here: &Here, text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), |date| dates::write(here.w(), date))
}

/// Says where a mobile centre stands from now on.
pub(super) async fn relocate(here: Here, Posted(fields): Posted) -> Answer {
    let id = here.site()?.place.site.clone();
    let typed = (fields.get("desa").to_owned(), fields.get("alasan").to_owned());
    match here.office().move_site(&id, &typed.0, &here.actor(&typed.1)).await {
        Ok(_) => Ok(to(&format!("/l/{id}"), "site-moved")),
        Err(OfficeError::Mistakes(all)) => {
            let wrong = all.iter().map(|why| why.say_beside(here.lang)).collect::<Vec<_>>().join(" ");
            again(&Site { typed, wrong, ..made(&here).await? })
        }
        Err(error) => Err(error.into()),
    }
}
