//! Pages to read: terms, privacy.

use askama::Template;

use crate::dress;

use super::chrome::{Chrome, Mark};
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
    let ports = look.ports_recorded.then(|| w.t("privacy-2-ports"));
    if lines.is_empty() {
        let sites = ports.unwrap_or_else(|| w.t("privacy-2"));
        lines = vec![w.t("privacy-1"), sites, w.t("privacy-3"), w.t("privacy-4")];
        lines.push(w.t1("privacy-5", "operator", look.operator.get(lang)));
    } else {
        lines.extend(ports);
    }
    render(&Privacy { c: scene.chrome(w.t("privacy-title"), String::new(), Mark::Open), lines })
}
