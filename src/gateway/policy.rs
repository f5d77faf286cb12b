//! What a bundle says, in the words of the rooms that obey it: session policy, portal look, site facts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use captive_portal::{Clause, Link, Logo, Look, Offer, Site, Text, Week};
use gapura_kernel::{Net, PortRange, Proto};
use gapura_model::PlanId;
use gapura_rules::hours::{HoursDocument, Override};
use gapura_session::{Block, InDoubt, Plan, Policy, Seat, Terms, TrustedDevice, Way};
use gapura_wire::{Bundle, DeviceRole, GardenTarget};

use crate::filter::Audiences;

/// A visit on a PC seat that sends nothing for this long ends, where the site says nothing else.
const SEAT_IDLE: Duration = Duration::from_mins(10);

/// The session policy of a bundle, with the changes of hours that staff of this router made.
///
/// # Errors
/// Every contradiction, in words for the operator.
pub(crate) fn session_policy(bundle: &Bundle, overrides: &[Override]) -> Result<Policy, String> {
    let mut changes = bundle.hours.overrides().to_vec();
    changes.extend(overrides.iter().cloned());
    let ways = [
        (bundle.ways.one_tap, Way::OneTap),
        (bundle.ways.voucher, Way::Voucher),
        (bundle.ways.account, Way::Account),
        (bundle.ways.staff, Way::Staff),
    ];
    let audiences = Audiences::of(bundle).map_err(|error| error.to_string())?;
    let mut policy = Policy {
        hours: bundle.hours.clone().with_overrides(changes),
        in_doubt: match bundle.in_doubt {
            gapura_wire::InDoubt::Open => InDoubt::Open,
            gapura_wire::InDoubt::Closed => InDoubt::Closed,
        },
        plans: bundle.plans.iter().map(|plan| (plan.id.clone(), numbered(plan, &audiences))).collect(),
        one_tap: bundle.one_tap_plan.clone(),
        ways: ways.into_iter().filter_map(|(on, way)| on.then_some(way)).collect::<BTreeSet<_>>(),
        terms: terms(bundle),
        trusted: BTreeMap::new(),
        seats: BTreeMap::new(),
        blocked: BTreeMap::new(),
    };
    for device in &bundle.devices {
        let name = device.label.clone();
        match device.role {
            DeviceRole::Blocked => drop(policy.blocked.insert(device.mac, Block { reason: name, until: None })),
            DeviceRole::Trusted => drop(policy.trusted.insert(device.mac, TrustedDevice { name, group: 0 })),
            DeviceRole::Seat => {
                drop(policy.seats.insert(device.mac, Seat { name, idle: device.idle.unwrap_or(SEAT_IDLE) }));
            }
        }
    }
    let problems = policy.problems();
    if problems.is_empty() {
        Ok(policy)
    } else {
        Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

/// A plan with the number that the content filter knows its visits by.
fn numbered(plan: &Plan, audiences: &Audiences) -> Plan {
    Plan { group: audiences.of_plan(&plan.id), ..plan.clone() }
}

/// The terms in force.
pub(crate) fn terms(bundle: &Bundle) -> Option<Terms> {
    bundle.terms.as_ref().map(|terms| Terms { version: terms.version.clone(), hash: terms.sha256.to_string() })
}

/// Site facts for the portal.
pub(crate) fn portal_site(bundle: &Bundle) -> Site {
    let one_tap = bundle.one_tap_plan.as_ref().filter(|_| bundle.ways.one_tap);
    Site {
        zone: bundle.hours.zone().tz().clone(),
        week: week(bundle),
        one_tap: one_tap.and_then(|id| plan(bundle, id)).map(offer),
        voucher: bundle.ways.voucher,
        account: bundle.ways.account,
    }
}

fn plan<'a>(bundle: &'a Bundle, id: &PlanId) -> Option<&'a Plan> {
    bundle.plans.iter().find(|plan| plan.id == *id)
}

fn offer(plan: &Plan) -> Offer {
    let (time, daily) = match (plan.visit.time, plan.day.time) {
        (Some(visit), Some(day)) if day <= visit => (Some(day), true),
        (None, Some(day)) => (Some(day), true),
        (visit, _) => (visit, false),
    };
    let limits = [plan.visit.bytes, plan.day.bytes, plan.month.bytes];
    let bytes = limits.into_iter().filter_map(|limit| gapura_session::KernelQuota::from(limit).bytes()).min();
    Offer { time, daily, bytes }
}

/// The walled garden's networks; its names are the resolver's affair.
pub(crate) fn garden_networks(bundle: &Bundle, opened: &[Net]) -> Vec<(Net, Proto, PortRange)> {
    let entries = bundle.garden.iter().filter_map(|entry| match entry.to {
        GardenTarget::Net(address, length) => Some((Net::new(address, length)?, crate::names::ports(entry))),
        GardenTarget::Name(_) => None,
    });
    entries
        .chain(opened.iter().map(|net| (*net, crate::names::WEB.to_vec())))
        .flat_map(|(net, ports)| {
            ports.into_iter().map(move |(proto, port)| (net, proto, PortRange { first: port, last: port }))
        })
        .collect()
}

/// The windows of an ordinary week in minutes after midnight; `None` for a site that never closes.
fn week(bundle: &Bundle) -> Option<Week> {
    let document = HoursDocument::from(bundle.hours.clone());
    if document.always_open {
        return None;
    }
    Some(["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| {
        document
            .weekly
            .get(day)
            .map(|spans| spans.iter().filter_map(|span| minutes(span)).collect())
            .unwrap_or_default()
    }))
}

/// `08.00-22.00` in minutes after midnight; an end at or before the beginning is the next day's.
fn minutes(span: &str) -> Option<(u16, u16)> {
    let of = |text: &str| -> Option<u16> {
        let (hour, minute) = text.trim().split_once(['.', ':'])?;
        Some(hour.parse::<u16>().ok()? * 60 + minute.parse::<u16>().ok()?)
    };
    let (from, until) = span.split_once('-')?;
    let (from, until) = (of(from)?, of(until)?);
    Some((from, if until <= from { until + 1440 } else { until }))
}

/// Names, colours and texts for the portal.
pub(crate) fn portal_look(bundle: &Bundle, address: Option<&str>) -> Look {
    let texts = &bundle.look.texts;
    let text = |key: &str| texts.get(key).map(both);
    let service = text("service").unwrap_or_else(|| Text::plain(format!("Internet {}", bundle.site.regency)));
    let site = bundle.look.name.as_ref().unwrap_or(&bundle.site.name);
    let site = bundle.site.place.as_ref().map_or_else(|| site.clone(), |place| format!("{site}, {place}"));
    let mut look = Look::new(service, Text::plain(site), Text::plain(bundle.site.agency.clone()));
    look.welcome = text("welcome");
    look.address = address.map(str::to_owned);
    look.logo = bundle
        .look
        .logo
        .as_ref()
        .map(|svg| Logo { view_box: svg.view_box().to_owned(), paths: svg.paths().map(str::to_owned).collect() });
    look.garden = bundle.garden.iter().filter_map(garden_link).take(GARDEN_LINKS).collect();
    for (token, colour) in &bundle.look.colours {
        if let (Some(place), Ok(colour)) = (look.colours.of(token), colour.to_string().parse()) {
            *place = colour;
        }
    }
    if let Some(terms) = &bundle.terms {
        look.terms.version.clone_from(&terms.version);
        look.terms.hash = Some(*terms.sha256.as_bytes());
        look.terms.since = Some(terms.effective);
        look.terms.lines = lines(&terms.text);
    }
    look.privacy = texts.get("privacy").map(lines).unwrap_or_default();
    look.ports_recorded = bundle.nat_attribution;
    look.help.hours = text("help-hours");
    look.help.counter = text("help-counter");
    look.help.questions =
        bundle.faq.iter().map(|one| Clause { title: both(&one.question), text: both(&one.answer) }).collect();
    let contact = bundle.site.contact.trim();
    let dialled: String = contact.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    if contact.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c)) && (3..=16).contains(&dialled.len()) {
        look.help.phone = Some(dialled);
        look.help.phone_text = Some(contact.to_owned());
    } else if !contact.is_empty() && look.help.counter.is_none() {
        look.help.counter = Some(Text::plain(contact.to_owned()));
    }
    look
}

/// A page for a slow phone lists no more.
const GARDEN_LINKS: usize = 8;

/// A name of the garden that a browser can open, as a link under that name.
fn garden_link(entry: &gapura_wire::Garden) -> Option<Link> {
    let GardenTarget::Name(name) = &entry.to else { return None };
    let open = |port| entry.ports.is_empty() || entry.ports.contains(&port);
    let scheme = if open(443) { "https" } else { Some("http").filter(|_| open(80))? };
    Some(Link { label: Text::plain(name.clone()), url: format!("{scheme}://{name}/") })
}

pub(crate) fn both(text: &gapura_wire::Text) -> Text {
    Text { id: text.id.clone(), en: (!text.en.is_empty()).then(|| text.en.clone()) }
}

fn lines(text: &gapura_wire::Text) -> Vec<Text> {
    let mut english = text.en.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = text.id.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| Text { id: line.to_owned(), en: english.next().map(str::to_owned) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_a_week_are_minutes_and_may_pass_midnight() {
        assert_eq!(minutes("08.00-22.00"), Some((480, 1320)));
        assert_eq!(minutes("20:00-02:00"), Some((1200, 1560)));
        assert_eq!(minutes("00.00-24.00"), Some((0, 1440)));
        assert_eq!(minutes("x"), None);
    }
}
