//! A site's document as its portal wears it. The gateway does the same with a bundle.

use captive_portal::{Logo, Look, Offer, Site, Text};
use gapura_controller::SiteDocument;
use gapura_session::{KernelQuota, Plan};

fn both(text: &gapura_wire::Text) -> Text {
    Text { id: text.id.clone(), en: (!text.en.is_empty()).then(|| text.en.clone()) }
}

fn lines(text: &gapura_wire::Text) -> Vec<Text> {
    let mut english = text.en.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = text.id.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| Text { id: line.to_owned(), en: english.next().map(str::to_owned) }).collect()
}

/// Names, colours and texts.
pub(in crate::network) fn look(document: &SiteDocument) -> Look {
    let texts = &document.look.texts;
    let text = |key: &str| texts.get(key).map(both);
    let service = text("service").unwrap_or_else(|| Text::plain(format!("Internet {}", document.regency)));
    let name = document.look.name.as_ref().unwrap_or(&document.name);
    let mut look = Look::new(service, Text::plain(name.clone()), Text::plain(document.agency.clone()));
    look.welcome = text("welcome");
    let logo = document.look.logo.as_ref();
    look.logo =
        logo.map(|svg| Logo { view_box: svg.view_box().to_owned(), paths: svg.paths().map(str::to_owned).collect() });
    for (token, colour) in &document.look.colours {
        if let (Some(place), Ok(colour)) = (look.colours.of(token), colour.to_string().parse()) {
            *place = colour;
        }
    }
    if let Some(terms) = &document.terms {
        look.terms.version.clone_from(&terms.version);
        look.terms.since = Some(terms.effective);
        look.terms.lines = lines(&terms.text);
        look.terms.hash = Some(*gapura_wire::Terms::hash(&terms.text).as_bytes());
    }
    look.privacy = texts.get("privacy").map(lines).unwrap_or_default();
    look.help.hours = text("help-hours");
    look.help.counter = text("help-counter");
    look
}

/// What the site offers.
pub(in crate::network) fn facts(document: &SiteDocument, plans: &[Plan]) -> Site {
    let one_tap = document.one_tap_plan.as_ref().filter(|_| document.ways.one_tap);
    let offer = |plan: &Plan| {
        let (time, daily) = match (plan.visit.time, plan.day.time) {
            (visit, Some(day)) if visit.is_none_or(|visit| day <= visit) => (Some(day), true),
            (visit, _) => (visit, false),
        };
        let limits = [plan.visit.bytes, plan.day.bytes, plan.month.bytes];
        Offer { time, daily, bytes: limits.into_iter().filter_map(|limit| KernelQuota::from(limit).bytes()).min() }
    };
    Site {
        zone: document.hours.zone().tz().clone(),
        week: None,
        one_tap: one_tap.and_then(|id| plans.iter().find(|plan| plan.id == *id)).map(offer),
        voucher: document.ways.voucher,
        account: document.ways.account,
    }
}
