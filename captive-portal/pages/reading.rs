//! Pages to read: terms, privacy, help, and why a site does not open.

use askama::Template;

use crate::{State, Uplink, dress};

use super::chrome::{Chrome, Mark, Row};
use super::message::Standing;
use super::{Scene, render};

#[derive(Template)]
#[template(path = "terms.html")]
struct Terms<'a> {
    c: Chrome<'a>,
    lines: Vec<String>,
    clauses: Vec<(String, String)>,
    print: String,
}

/// The terms of use, whole.
pub(crate) fn terms(scene: &Scene<'_>) -> String {
    let (w, terms) = (scene.w(), &scene.dress.look.terms);
    let sub = terms.since.map_or_else(String::new, |since| {
        w.t2("terms-version", "version", terms.version.as_str(), "since", scene.say.date(since))
    });
    render(&Terms {
        c: scene.chrome(w.t("terms-title"), sub, Mark::Open),
        lines: terms.lines.iter().map(|line| line.get(scene.lang()).to_owned()).collect(),
        clauses: dress::clauses(&scene.dress.look, scene.lang()),
        print: w.t1("terms-print", "print", scene.dress.terms_print()),
    })
}

#[derive(Template)]
#[template(path = "privacy.html")]
struct Privacy<'a> {
    c: Chrome<'a>,
    lines: Vec<String>,
}

/// What is recorded.
pub(crate) fn privacy(scene: &Scene<'_>) -> String {
    let (w, look, lang) = (scene.w(), &scene.dress.look, scene.lang());
    let mut lines: Vec<_> = look.privacy.iter().map(|line| line.get(lang).to_owned()).collect();
    if lines.is_empty() {
        lines = vec![w.t("privacy-1"), w.t("privacy-2"), w.t("privacy-3"), w.t("privacy-4")];
        lines.push(w.t1("privacy-5", "operator", look.operator.get(lang)));
    }
    render(&Privacy { c: scene.chrome(w.t("privacy-title"), String::new(), Mark::Open), lines })
}

#[derive(Template)]
#[template(path = "help.html")]
struct Help<'a> {
    c: Chrome<'a>,
    phone: Option<(String, String, String)>,
    number: String,
    questions: Vec<(String, String)>,
}

/// Where to ask, and quick answers.
pub(crate) fn help(scene: &Scene<'_>) -> String {
    let (w, look, lang) = (scene.w(), &scene.dress.look, scene.lang());
    let first = match &look.address {
        Some(address) => w.t1("help-a1", "address", address.as_str()),
        None => w.t("help-a1-plain"),
    };
    let questions = [(w.t("help-q1"), first), (w.t("help-q2"), w.t("help-a2")), (w.t("help-q3"), w.t("help-a3"))];
    let own = look.help.questions.iter().map(|q| (q.title.get(lang).to_owned(), q.text.get(lang).to_owned()));
    let counter = look.help.counter.as_ref().map_or_else(|| w.t("help-sub"), |text| text.get(lang).to_owned());
    render(&Help {
        c: scene.chrome(w.t("help-title"), counter, Mark::Open),
        phone: look.help.phone.as_ref().map(|dial| {
            let shown = look.help.phone_text.clone().unwrap_or_else(|| dial.clone());
            let note = look.help.hours.as_ref().map_or_else(|| w.t("help-call"), |text| text.get(lang).to_owned());
            (shown, dial.clone(), note)
        }),
        number: match &scene.view.state {
            State::Online(visit) => visit.number.clone(),
            State::Unknown | State::Ready | State::Ended(_) | State::Blocked { .. } | State::Trusted => String::new(),
        },
        questions: questions.into_iter().chain(own).collect(),
    })
}

#[derive(Template)]
#[template(path = "why.html")]
struct Why<'a> {
    c: Chrome<'a>,
    rows: Vec<Row>,
    offline: bool,
}

/// Why a site does not open, in the order in which to look.
pub(crate) fn why(scene: &Scene<'_>) -> String {
    let (w, view) = (scene.w(), scene.view);
    let network = if view.uplink == Uplink::Up { w.t("why-network-up") } else { w.t("uplink-down-title") };
    let online = matches!(view.standing(), Standing::Online | Standing::Emergency | Standing::Trusted);
    let visit = if online { w.t("why-visit-on") } else { w.t("why-visit-off") };
    let mut rows = vec![Row::new(w.t("why-row-network"), network), Row::new(w.t("why-row-visit"), visit)];
    if let State::Online(visit) = &view.state
        && let Some(left) = visit.bytes.total()
    {
        rows.push(Row::new(w.t("why-row-bytes"), scene.say.bytes(left)));
    }
    render(&Why { c: scene.chrome(w.t("why-title"), w.t("why-sub"), Mark::Open), rows, offline: !online })
}
