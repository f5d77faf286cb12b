//! Why a site does not open: a form for its address, and the answer.

use askama::Template;
use gapura_model::Name;

use crate::typed::{self, NoSite};
use crate::{Explained, Ruling, State, Uplink};

use super::chrome::{Chrome, Mark, Problem, Row};
use super::message::Standing;
use super::{Scene, render};

/// Letters of an address that stay in the field.
const SHOWN_LETTERS: usize = 200;

/// What somebody asked about.
#[derive(Clone, Debug)]
pub(crate) enum Asked<'a> {
    /// Nothing yet.
    Nothing,
    /// A text that is no address.
    NoSite {
        /// As it was typed.
        typed: &'a str,
        /// Why not.
        error: NoSite,
    },
    /// A name, and what the filter does with it.
    Site(&'a Name, Explained),
}

/// A name as pages show it.
pub(super) struct Shown {
    /// Labels with their dots, so that a long name breaks between them.
    pub(super) parts: Vec<String>,
    /// The name in its own script, where that is another.
    pub(super) own: Option<String>,
}

impl Shown {
    pub(super) fn new(name: &Name) -> Self {
        Self {
            parts: name.to_string().split_inclusive('.').map(str::to_owned).collect(),
            own: typed::in_own_script(name),
        }
    }
}

/// What the filter says, in a box.
struct Verdict {
    class: &'static str,
    title: String,
    text: String,
}

#[derive(Template)]
#[template(path = "why.html")]
struct Why<'a> {
    c: Chrome<'a>,
    problem: Option<Problem>,
    error: String,
    typed: String,
    verdict: Option<(Verdict, Shown)>,
    rows: Vec<Row>,
    offline: bool,
    help: Option<String>,
    causes: Vec<(String, String)>,
    questions: Vec<(String, String)>,
}

/// *Mengapa situs ini tidak bisa dibuka?*: what can be wrong, in the order in which to look; the filter does not block it.
pub(crate) fn why(scene: &Scene<'_>, asked: &Asked<'_>) -> String {
    let w = scene.w();
    let mut c = scene.chrome(w.t("why-title"), w.t("why-sub"), Mark::Open);
    let (typed, error, verdict) = match asked {
        Asked::Nothing => (String::new(), String::new(), None),
        Asked::NoSite { typed, error } => {
            c.title = w.t1("error-title", "title", w.t("why-label"));
            let typed = typed::line(typed).chars().take(SHOWN_LETTERS).collect();
            (typed, no_site(scene, *error), None)
        }
        Asked::Site(name, explained) => {
            let verdict = verdict(scene, explained).map(|verdict| (verdict, Shown::new(name)));
            (name.to_string(), String::new(), verdict)
        }
    };
    let problem = (!error.is_empty()).then(|| Problem {
        link: Some((w.t("why-check"), "#alamat")),
        ..Problem::new(w.t("why-not-checked"), w.t("account-check-more"))
    });
    let online = matches!(scene.view.standing(), Standing::Online | Standing::Emergency | Standing::Trusted);
    let causes = [
        ("why-spelling-title", "why-spelling"),
        ("why-own-title", "why-own"),
        ("why-site-title", "why-site"),
        ("why-provider-title", "why-provider"),
    ];
    render(&Why {
        c,
        problem,
        error,
        typed,
        verdict,
        rows: rows(scene, online),
        offline: !online,
        help: match asked {
            Asked::Site(name, _) => Some(scene.href(&format!("/bantuan?alamat={name}"))),
            Asked::Nothing | Asked::NoSite { .. } => None,
        },
        causes: causes.into_iter().map(|(title, text)| (w.t(title), w.t(text))).collect(),
        questions: questions(scene),
    })
}

/// Answers to what people ask most about names that do not open.
pub(super) fn questions(scene: &Scene<'_>) -> Vec<(String, String)> {
    let w = scene.w();
    vec![
        (w.t("faq-vpn"), w.t("faq-vpn-answer")),
        (w.t("faq-dns"), w.t("faq-dns-answer")),
        (w.t("faq-search"), w.t("faq-search-answer")),
    ]
}

fn no_site(scene: &Scene<'_>, error: NoSite) -> String {
    scene.w().t(match error {
        NoSite::Empty => "why-error-empty",
        NoSite::Numbers => "why-error-numbers",
        NoSite::Word => "why-error-word",
        NoSite::Other => "why-error-other",
    })
}

fn verdict(scene: &Scene<'_>, explained: &Explained) -> Option<Verdict> {
    let w = scene.w();
    let (class, title, text) = match explained {
        Explained::Open => ("good", "why-open-title", "why-open"),
        Explained::NoFilter => ("good", "why-none-title", "why-none"),
        Explained::Unknown => ("warn", "why-unknown-title", "why-unknown"),
        // That has a page of its own.
        Explained::Blocked(_) => return None,
    };
    Some(Verdict { class, title: w.t(title), text: w.t(text) })
}

fn rows(scene: &Scene<'_>, online: bool) -> Vec<Row> {
    let (w, view) = (scene.w(), scene.view);
    let network = if view.uplink == Uplink::Up { w.t("why-network-up") } else { w.t("uplink-down-title") };
    let visit = if online { w.t("why-visit-on") } else { w.t("why-visit-off") };
    let mut rows = vec![Row::new(w.t("why-row-network"), network), Row::new(w.t("why-row-visit"), visit)];
    if let State::Online(visit) = &view.state
        && let Some(left) = visit.bytes.total()
    {
        rows.push(Row::new(w.t("why-row-bytes"), scene.say.bytes(left)));
    }
    rows
}

#[derive(Template)]
#[template(path = "site-blocked.html")]
struct SiteBlocked<'a> {
    c: Chrome<'a>,
    shown: Shown,
    words: String,
    until: String,
    rows: Vec<Row>,
    clause: Option<(String, String)>,
    appeal: String,
}

/// The block page: which rule keeps `name` from this visitor, until when, and what can be done.
pub(crate) fn site_blocked(scene: &Scene<'_>, name: &Name, ruling: &Ruling) -> String {
    let (w, lang, say) = (scene.w(), scene.lang(), &scene.say);
    let mut rows = Vec::new();
    if let Some(category) = &ruling.category {
        rows.push(Row::new(w.t("row-category"), category.get(lang).to_owned()));
    }
    rows.push(Row::new(w.t("row-clause"), ruling.clause.clone()));
    let numbered =
        w.t2("row-sop-revision", "number", ruling.sop_number.as_str(), "revision", ruling.revision.to_string());
    rows.push(Row::new(w.t("row-sop"), ruling.sop_title.clone()));
    rows.push(Row::new(w.t("row-sop-number"), numbered));
    if !ruling.basis.is_empty() {
        rows.push(Row::new(w.t("row-basis"), ruling.basis.join("; ")));
    }
    if let Some(list) = &ruling.list {
        rows.push(Row::new(w.t("row-list"), list.get(lang).to_owned()));
    }
    rows.push(Row { mono: true, ..Row::new(w.t("row-block-number"), ruling.number(name)) });
    let until = ruling.until.filter(|_| say.trusted());
    render(&SiteBlocked {
        c: scene.chrome(w.t("site-blocked-title"), w.t("site-blocked-sub"), Mark::Bar),
        shown: Shown::new(name),
        words: ruling.words.get(lang).to_owned(),
        until: until.map_or_else(String::new, |until| w.t1("site-blocked-until", "when", say.renewal(until))),
        rows,
        clause: (!ruling.clause_text.is_empty())
            .then(|| (w.t1("site-blocked-clause", "clause", ruling.clause.as_str()), ruling.clause_text.clone())),
        appeal: scene.href(&format!("/peninjauan?alamat={name}")),
    })
}
