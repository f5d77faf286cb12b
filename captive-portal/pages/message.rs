//! Pages that say one thing, and the choice of the page that fits how things stand.

use askama::Template;

use crate::{Door, State, Uplink};

use super::chrome::{Chrome, Mark, Way};
use super::{Scene, closed, ended, render, status, welcome};

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    c: Chrome<'a>,
    lines: Vec<String>,
    action: Option<(String, String)>,
    contacts: Vec<(String, String)>,
    ways: Vec<Way>,
    garden: bool,
}

/// What a message page says.
pub(super) struct Said {
    pub(super) h1: String,
    pub(super) sub: String,
    pub(super) mark: Mark,
    pub(super) lines: Vec<String>,
    /// Label and path of the main button.
    pub(super) action: Option<(String, &'static str)>,
    /// The telephone, if there is one.
    pub(super) contact: bool,
    pub(super) ways: Vec<Way>,
    /// What stays open without signing in.
    pub(super) garden: bool,
}

impl Said {
    pub(super) fn new(h1: String, sub: String, mark: Mark, lines: Vec<String>) -> Self {
        Self { h1, sub, mark, lines, action: None, contact: false, ways: Vec::new(), garden: false }
    }
}

pub(super) fn message(scene: &Scene<'_>, said: Said) -> String {
    let help = &scene.dress.look.help;
    let phone = help.phone.as_ref().filter(|_| said.contact).map(|dial| {
        let shown = help.phone_text.as_ref().unwrap_or(dial);
        (scene.w().t1("contact-phone", "phone", shown), dial.clone())
    });
    let counter = help.counter.as_ref().filter(|_| said.contact).map(|text| text.get(scene.lang()).to_owned());
    render(&Message {
        c: scene.chrome(said.h1, said.sub, said.mark),
        lines: said.lines.into_iter().chain(counter).collect(),
        action: said.action.map(|(label, path)| (label, scene.href(path))),
        contacts: phone.into_iter().collect(),
        ways: said.ways,
        garden: said.garden,
    })
}

/// Where a device stands, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Everybody is let through.
    Emergency,
    /// Kept out.
    Blocked,
    /// Always let through.
    Trusted,
    /// Online by a visit.
    Online,
    /// May not enter now, whatever it shows.
    Waiting,
    /// May enter.
    Welcome,
}

impl crate::View {
    pub(crate) fn standing(&self) -> Standing {
        match (&self.door, &self.state, self.uplink) {
            (Door::Emergency { .. }, ..) => Standing::Emergency,
            (_, State::Blocked { .. }, _) => Standing::Blocked,
            (_, State::Trusted, _) => Standing::Trusted,
            (_, State::Online(_), _) => Standing::Online,
            (Door::Closed { .. }, ..) | (_, _, Uplink::Down { .. } | Uplink::Clash) | (_, State::Unknown, _) => {
                Standing::Waiting
            }
            (Door::Open { .. }, State::Ready | State::Ended(_), Uplink::Up) => Standing::Welcome,
        }
    }
}

/// The page that fits how things stand.
pub(crate) fn situation(scene: &Scene<'_>) -> String {
    let view = scene.view;
    match (&view.door, &view.state, view.uplink) {
        (Door::Emergency { until }, ..) => emergency(scene, *until),
        (_, State::Blocked { reason }, _) => blocked(scene, reason.as_ref().map(|text| text.get(scene.lang()))),
        (_, State::Trusted, _) => {
            let w = scene.w();
            let said = (w.t("trusted-title"), w.t("trusted-sub"), vec![w.t("trusted-text")]);
            message(scene, Said::new(said.0, said.1, Mark::Open, said.2))
        }
        (_, State::Online(visit), _) => status(scene, visit),
        (Door::Closed { .. }, ..) => closed(scene),
        (_, _, Uplink::Down { since }) => uplink_down(scene, since),
        (_, _, Uplink::Clash) => clash(scene),
        (_, State::Unknown, _) => unknown(scene),
        (_, State::Ended(over), _) => ended(scene, over),
        (_, State::Ready, _) => welcome(scene, None),
    }
}

fn emergency(scene: &Scene<'_>, until: jiff::Timestamp) -> String {
    let (w, say) = (scene.w(), &scene.say);
    let sub = if say.trusted() { w.t1("emergency-sub", "when", say.when(until)) } else { String::new() };
    message(scene, Said::new(w.t("emergency-title"), sub, Mark::Open, vec![w.t("emergency-text")]))
}

pub(super) fn blocked(scene: &Scene<'_>, reason: Option<&str>) -> String {
    let w = scene.w();
    let reason = reason.map(|reason| w.t1("blocked-reason", "reason", reason));
    let lines = reason.into_iter().chain([w.t("blocked-text")]).collect();
    message(
        scene,
        Said { contact: true, garden: true, ..Said::new(w.t("blocked-title"), w.t("blocked-sub"), Mark::Bar, lines) },
    )
}

pub(super) fn uplink_down(scene: &Scene<'_>, since: Option<jiff::Timestamp>) -> String {
    let (w, say) = (scene.w(), &scene.say);
    let since = since.filter(|_| say.trusted()).map(|since| w.t1("uplink-down-since", "when", say.when(since)));
    let lines = [w.t("uplink-down-text")].into_iter().chain(since).chain([w.t("uplink-down-next")]).collect();
    message(
        scene,
        Said {
            action: Some((w.t("try-again"), "/")),
            ..Said::new(w.t("uplink-down-title"), w.t("uplink-down-sub"), Mark::Shut, lines)
        },
    )
}

fn clash(scene: &Scene<'_>) -> String {
    let w = scene.w();
    let said = Said::new(w.t("uplink-down-title"), w.t("uplink-down-sub"), Mark::Shut, vec![w.t("uplink-clash-text")]);
    message(scene, Said { contact: true, action: Some((w.t("try-again"), "/")), ..said })
}

pub(super) fn unknown(scene: &Scene<'_>) -> String {
    let w = scene.w();
    let said = Said::new(w.t("unknown-title"), w.t("unknown-sub"), Mark::Empty, vec![w.t("unknown-text")]);
    message(scene, Said { contact: true, action: Some((w.t("try-again"), "/")), ..said })
}

/// Pages for requests that are wrong as HTTP: 400, 403 and 413; anything else looks like 400.
pub(crate) fn http_error(scene: &Scene<'_>, status: http::StatusCode) -> String {
    let w = scene.w();
    let (title, text) = match status.as_u16() {
        413 => (w.t("http-413-title"), w.t("http-413")),
        403 => (w.t("http-403-title"), w.t("http-403")),
        _ => (w.t("http-400-title"), w.t("http-400")),
    };
    let said = Said::new(title, String::new(), Mark::Empty, vec![text]);
    message(scene, Said { action: Some((w.t("why-start"), "/")), ..said })
}
