//! Siaga: what is wrong in the fleet, who takes care of it, and what was told.

use askama::Template;
use gapura_controller::{Alert, AlertKind, Right, RolloutLine, SitePlace};
use std::collections::BTreeMap;

use super::{Tag, moment};
use crate::answer::{Answer, Oops, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

/// An alert.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) place: String,
    pub(super) href: Option<String>,
    pub(super) tag: Tag,
    pub(super) detail: String,
    pub(super) advice: String,
    pub(super) taken: String,
    pub(super) may_take: bool,
}

/// A message.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) made: String,
    pub(super) channel: String,
    pub(super) subject: String,
    pub(super) state: String,
}

#[derive(Template)]
#[template(path = "alerts.html")]
pub(super) struct Alerts {
    pub(super) c: Chrome,
    pub(super) open: Vec<Row>,
    pub(super) over: Vec<Row>,
    pub(super) letters: Vec<Letter>,
}

/// Names and places of sites.
async fn places(here: &Here) -> Result<BTreeMap<String, (String, SitePlace)>, Oops> {
    let sites = here.office().sites().await?;
    let place = |(id, site): (gapura_model::SiteId, gapura_controller::SiteDocument)| {
        (id.as_str().to_owned(), (site.name, SitePlace { site: id, agency: site.agency, regency: site.regency }))
    };
    Ok(sites.into_iter().map(place).collect())
}

pub(super) async fn alerts(here: Here) -> Answer {
    let places = places(&here).await?;
    let mut all = here.office().alerts(7).await?;
    all.retain(|one| here.may_at(Right::SeeAlerts, places.get(&one.site).map(|(_, place)| place)));
    let (open, over): (Vec<Alert>, Vec<Alert>) = all.into_iter().partition(|one| one.ended.is_none());
    // For the way to what stopped; most days there is none.
    let of_sop = open.iter().chain(&over).any(|one| one.kind == Some(AlertKind::Sop));
    let asked = of_sop && here.may_anywhere(Right::SeeSops);
    let rollouts = if asked { here.office().rollouts().await? } else { Vec::new() };
    let rows = |all: &[Alert]| all.iter().map(|one| row(&here, one, (places.get(&one.site), &rollouts))).collect();
    let letters = if here.may_at(Right::SeeAlerts, None) { letters(&here).await? } else { Vec::new() };
    let w = here.w();
    let c = Chrome::of(&here, w.t("network-alerts")).sub(w.n("network-alerts-open", open.len() as u64));
    page(&Alerts { c, open: rows(&open), over: rows(&over), letters })
}

async fn letters(here: &Here) -> Result<Vec<Letter>, Oops> {
    let (w, say) = (here.w(), here.say());
    let all = here.office().alert_messages().await?;
    let letter = |one: gapura_controller::AlertMessage| Letter {
        made: moment(&say, one.made),
        channel: if one.channel == "mail" { w.t("network-by-mail") } else { w.t("network-by-webhook") },
        subject: one.subject,
        state: match one.sent {
            Some(at) if one.trouble.is_empty() => w.t1("network-sent", "time", moment(&say, at)),
            Some(_) => w.t1("network-given-up", "trouble", one.trouble),
            None if one.attempts == 0 => w.t("network-on-its-way"),
            None => w.t1("network-tried", "trouble", one.trouble),
        },
    };
    Ok(all.into_iter().take(20).map(letter).collect())
}

pub(super) fn row(here: &Here, one: &Alert, (place, rollouts): (Option<&(String, SitePlace)>, &[RolloutLine])) -> Row {
    let w = here.w();
    let say = gapura_controller::say(here.lang, here.zone(), here.now);
    let class = if one.ended.is_some() { "off" } else { "bad" };
    let name = place.map(|(name, _)| name.clone());
    Row {
        id: one.id.clone(),
        href: place.map(|(_, place)| format!("/l/{}/gerbang/{}", place.site, one.object)).or_else(|| {
            let line = rollouts.iter().find(|line| one.kind == Some(AlertKind::Sop) && line.label() == one.object)?;
            Some(format!("/sop/{}/peluncuran", line.sop))
        }),
        place: name
            .unwrap_or_else(|| if one.object.is_empty() { w.t("network-controller") } else { one.object.clone() }),
        tag: Tag { class, words: one.words(&say) },
        detail: one.more(&say),
        advice: if one.ended.is_some() { String::new() } else { one.advice(&say) },
        taken: match (one.ended, &one.taken_by) {
            (Some(at), _) => w.t1("network-over", "time", moment(&say, at)),
            (None, Some(by)) => w.t2("network-taken", "who", by, "words", &one.words),
            (None, None) => w.t("network-not-taken"),
        },
        may_take: one.ended.is_none()
            && one.taken_by.is_none()
            && here.may_at(Right::TakeAlerts, place.map(|(_, place)| place)),
    }
}

pub(super) async fn take(here: Here, Posted(fields): Posted) -> Answer {
    let places = places(&here).await?;
    let all = here.office().alerts(0).await?;
    let one = all.iter().find(|one| one.id == fields.get("nomor")).ok_or(Oops::NotFound)?;
    if !here.may_at(Right::TakeAlerts, places.get(&one.site).map(|(_, place)| place)) {
        return Err(Oops::NotAllowed);
    }
    here.office().take_alert(&one.id, &here.actor(fields.get("alasan"))).await?;
    Ok(to("/siaga", "alert-taken"))
}
