//! One gateway: how it is, how it was, and what can be done with it.

use askama::Template;
use axum::extract::Path;
use gapura_controller::{Condition, GatewayStanding, Right};
use gapura_model::{ClockTrust, GatewayId};
use gapura_speech::{Say, Words};
use gapura_wire::ClockSource;

use super::{Tag, ago, kind, moment, said_last, spoken, tag};
use crate::answer::{Answer, Oops, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

/// A line of facts.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) more: String,
}

/// How it was.
#[derive(Clone, Debug)]
pub(super) struct Was {
    pub(super) since: String,
    pub(super) words: String,
    pub(super) until: String,
}

#[derive(Template)]
#[template(path = "gateway.html")]
pub(super) struct One {
    pub(super) c: Chrome,
    pub(super) site: String,
    pub(super) gateway: String,
    pub(super) tag: Tag,
    pub(super) last_words: String,
    /// "Keadaan sekarang", or when it was last heard.
    pub(super) how: String,
    pub(super) facts: Vec<Fact>,
    pub(super) past: Vec<Was>,
    pub(super) may_run: bool,
}

pub(super) async fn one(here: Here, Path((_, gateway)): Path<(String, String)>) -> Answer {
    let site = here.site()?.place.site.clone();
    let id: GatewayId = gateway.parse().map_err(|_| Oops::NotFound)?;
    let one = here.office().gateway(&id).await?;
    if one.site != site {
        return Err(Oops::NotFound);
    }
    let past = here.office().gateway_past(Some(&id), 30).await?;
    let (w, say) = (here.w(), spoken(&here, &one.zone));
    let state = |id: &str| match id {
        "serving" => w.t("network-was-serving"),
        "closed" => w.t("network-was-closed"),
        "silent" => w.t("network-was-silent"),
        "uplink-down" => w.t("network-was-uplink-down"),
        "open-in-emergency" => w.t("network-was-emergency"),
        "degraded" => w.t("network-was-degraded"),
        "unfiltered" => w.t("network-was-unfiltered"),
        _ => w.t("network-was-starting"),
    };
    let past = past.iter().take(50).map(|was| Was {
        since: moment(&say, was.since),
        words: state(&was.state),
        until: was.until.map_or_else(|| w.t("network-still"), |until| moment(&say, until)),
    });
    let c = Chrome::of(&here, one.site_name.clone())
        .sub(format!("{}, {}", w.t(kind(one.kind)), one.gateway))
        .up("/gerbang", w.t("network-gateways"));
    page(&One {
        c,
        site: site.as_str().to_owned(),
        gateway: one.gateway.as_str().to_owned(),
        tag: tag(&one.condition, &say),
        last_words: said_last(&one, &say, &here),
        how: how(&one, &say, w),
        facts: facts(&here, &one),
        past: past.collect(),
        may_run: here.may(Right::RunGateways) && !matches!(one.condition, Condition::Revoked { .. }),
    })
}

/// What stands above the facts: those of a gateway that is silent are its last ones.
fn how(one: &GatewayStanding, say: &Say, w: Words) -> String {
    match (&one.condition, one.heard) {
        (Condition::Silent { .. } | Condition::Revoked { .. }, Some(at)) => {
            w.t1("network-how-last", "when", moment(say, at))
        }
        _ => w.t("network-how"),
    }
}

pub(super) fn facts(here: &Here, one: &GatewayStanding) -> Vec<Fact> {
    let (w, say) = (here.w(), spoken(here, &one.zone));
    let fact = |name: &str, value: String, more: String| Fact { name: w.t(name), value, more };
    let none = String::new;
    let refused = one.verdict.as_deref().filter(|verdict| *verdict != "applied" && one.in_force < one.wanted);
    let wanted = if one.in_force < one.wanted {
        w.t1("network-wanted", "wanted", one.wanted.to_string())
    } else {
        w.t("network-newest")
    };
    let mut facts = vec![fact("network-fact-settings", one.in_force.to_string(), wanted)];
    let said = if one.detail.is_empty() { none() } else { w.t1("network-refused-words", "words", one.detail.as_str()) };
    facts.extend(
        refused.map(|verdict| fact("network-fact-refused", gapura_controller::verdict_words(&say, verdict), said)),
    );
    facts.extend(one.heard.map(|at| fact("network-fact-heard", ago(here, &say, at), none())));
    if let Some(beat) = &one.beat {
        let clock = match beat.clock.trust {
            ClockTrust::Trusted => w.t("network-clock-good"),
            ClockTrust::Doubtful => w.t("network-clock-bad"),
        };
        let off = one.clock_off.unwrap_or_default();
        let source = w.t(match beat.clock.source {
            ClockSource::Disk => "network-clock-disk",
            ClockSource::Rtc => "network-clock-rtc",
            ClockSource::Ntp => "network-clock-ntp",
            ClockSource::Controller => "network-clock-controller",
        });
        let off = w.t2("network-clock-off", "seconds", off.to_string(), "source", source);
        let uplink = if beat.uplink.up { w.t("network-uplink-up") } else { w.t("network-uplink-down") };
        let since = beat.uplink.since.map_or_else(none, |at| w.t1("network-since", "time", moment(&say, at)));
        let dropped = if beat.outbox.dropped > 0 { w.n("network-dropped", beat.outbox.dropped) } else { none() };
        let filter = beat.filter.map(|filter| {
            let words = if filter.in_force { w.t("network-filter-on") } else { w.t("network-filter-off") };
            let index = filter.index.map(|index| w.t1("network-filter-index", "index", index.to_string()));
            fact("network-fact-filter", words, index.unwrap_or_default())
        });
        facts.push(fact("network-fact-online", beat.online.to_string(), none()));
        facts.push(fact("network-fact-clock", clock, off));
        facts.push(fact("network-fact-uplink", uplink, since));
        facts.push(fact("network-fact-outbox", w.n("network-outbox", beat.outbox.records), dropped));
        facts.extend(filter);
        let kernel = format!("Linux {}", beat.versions.kernel);
        facts.push(fact("network-fact-software", beat.versions.gapura.clone(), kernel));
    }
    facts.extend(one.certificate_ends.map(|at| fact("network-fact-certificate", say.day(at), none())));
    facts.extend(one.place.clone().map(|place| fact("network-fact-place", place, none())));
    facts.push(fact("network-fact-hardware", one.hardware.clone(), one.hostname.clone()));
    if one.restores {
        facts.push(fact("network-fact-restores", w.t("network-restores"), none()));
    }
    facts
}

/// Takes a gateway out of service.
pub(super) async fn revoke(here: Here, Posted(fields): Posted) -> Answer {
    let site = here.site()?.place.site.clone();
    let id: GatewayId = fields.get("gerbang").parse().map_err(|_| Oops::NotFound)?;
    let reason = fields.get("alasan");
    if reason.is_empty() {
        return Err(Oops::Refused(here.w().t("network-reason-missing")));
    }
    if here.office().gateway(&id).await?.site != site {
        return Err(Oops::NotFound);
    }
    here.office().revoke_gateway(&id, &here.actor(reason)).await?;
    Ok(to(&format!("/l/{site}"), "gateway-revoked"))
}
