//! An appeal against a blocked name: its form, and what became of it.

use std::collections::BTreeSet;
use std::time::Duration;

use askama::Template;
use gapura_model::{Name, Reference};

use crate::{AppealRefused, AppealState, CONTACT_LETTERS, Followed, Stage, WHY_LETTERS};

use super::chrome::{Chrome, Mark, Problem, Row};
use super::site::Shown;
use super::{Scene, render};

/// Letters of a number that stay in the field.
const SHOWN_LETTERS: usize = 24;

/// An appeal as far as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) name: Name,
    /// Cleaned.
    pub(crate) why: String,
    /// Cleaned.
    pub(crate) contact: String,
    pub(crate) problems: BTreeSet<Slip>,
}

impl Draft {
    pub(crate) fn of(name: &Name) -> Self {
        Self { name: *name, why: String::new(), contact: String::new(), problems: BTreeSet::new() }
    }
}

/// What is wrong with a draft, the first to be mended first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slip {
    /// No reason.
    WhyEmpty,
    /// Too long a reason.
    WhyLong,
    /// Too long a contact.
    ContactLong,
    /// The form is too old, or from another device.
    Stale,
}

#[derive(Template)]
#[template(path = "appeal.html")]
struct Form<'a> {
    c: Chrome<'a>,
    token: &'a str,
    problem: Option<Problem>,
    shown: Shown,
    name: String,
    why: &'a str,
    why_error: String,
    why_letters: usize,
    why_hint: String,
    contact: &'a str,
    contact_error: String,
    contact_letters: usize,
    cancel: String,
}

/// The form, with what is wrong with the draft.
pub(crate) fn appeal(scene: &Scene<'_>, draft: &Draft) -> String {
    let w = scene.w();
    let problem = draft.problems.first().map(|slip| {
        let new = |text| Problem::new(w.t("appeal-not-sent"), text);
        match slip {
            Slip::WhyEmpty | Slip::WhyLong => {
                Problem { link: Some((w.t("appeal-check-why"), "#mengapa")), ..new(w.t("account-check-more")) }
            }
            Slip::ContactLong => {
                Problem { link: Some((w.t("appeal-check-contact"), "#kontak")), ..new(w.t("account-check-more")) }
            }
            Slip::Stale => Problem { class: "warn", ..new(w.t("form-stale")) },
        }
    });
    form(scene, draft, problem)
}

/// The form, with why the appeal was not taken.
pub(crate) fn appeal_refused(scene: &Scene<'_>, draft: &Draft, refused: AppealRefused) -> String {
    let w = scene.w();
    let text = match refused {
        AppealRefused::Wait { wait } => w.t1("appeal-wait", "wait", scene.say.duration(at_least_a_second(wait))),
        AppealRefused::Unknown => w.t("why-unknown"),
        AppealRefused::Busy => w.t("appeal-busy"),
        AppealRefused::Storage => w.t("appeal-storage"),
        AppealRefused::UnknownDevice => w.t("appeal-device"),
        AppealRefused::NotBlocked => w.t("why-open-title"),
    };
    form(scene, draft, Some(Problem { class: "warn", ..Problem::new(w.t("appeal-not-sent"), text) }))
}

fn form(scene: &Scene<'_>, draft: &Draft, problem: Option<Problem>) -> String {
    let w = scene.w();
    let has = |slip| draft.problems.contains(&slip);
    let mut c = scene.chrome(w.t("appeal-title"), w.t("appeal-sub"), Mark::Open);
    if problem.is_some() {
        c.title = w.t1("error-title", "title", w.t("appeal-title"));
    }
    let letters = |most: usize| u64::try_from(most).unwrap_or(u64::MAX);
    let why_error = if has(Slip::WhyEmpty) {
        w.t("appeal-why-empty")
    } else if has(Slip::WhyLong) {
        w.n("appeal-why-long", letters(WHY_LETTERS))
    } else {
        String::new()
    };
    render(&Form {
        c,
        token: &scene.token,
        problem,
        shown: Shown::new(&draft.name),
        name: draft.name.to_string(),
        why: &draft.why,
        why_error,
        why_letters: WHY_LETTERS,
        why_hint: w.n("appeal-why-hint", letters(WHY_LETTERS)),
        contact: &draft.contact,
        contact_error: if has(Slip::ContactLong) { w.t("appeal-contact-long") } else { String::new() },
        contact_letters: CONTACT_LETTERS,
        cancel: scene.href(&format!("/situs?alamat={}", draft.name)),
    })
}

/// What somebody wants to follow.
#[derive(Clone, Debug)]
pub(crate) enum Tracked {
    /// Nothing yet.
    Nothing,
    /// A text that is no number.
    NoNumber {
        /// As it was typed.
        typed: String,
    },
    /// Too many look-ups.
    Wait {
        /// The number.
        reference: Reference,
        /// How long to wait.
        wait: Duration,
    },
    /// A number, and what is known of it.
    Known {
        /// The number.
        reference: Reference,
        /// What is known.
        found: Followed,
    },
}

#[derive(Template)]
#[template(path = "follow.html")]
struct Follow<'a> {
    c: Chrome<'a>,
    problem: Option<Problem>,
    error: String,
    typed: String,
}

#[derive(Template)]
#[template(path = "followed.html")]
struct FollowedPage<'a> {
    c: Chrome<'a>,
    number: String,
    shown: Shown,
    state: String,
    rows: Vec<Row>,
    decision: Vec<String>,
    granted: bool,
    opened: bool,
    last_day: String,
    refresh: Option<String>,
}

/// *Lihat jawaban*: the form for a number, or what became of it.
pub(crate) fn follow(scene: &Scene<'_>, tracked: &Tracked) -> String {
    let w = scene.w();
    let warn = |text| Problem { class: "warn", ..Problem::new(w.t("follow-problem"), text) };
    match tracked {
        Tracked::Nothing => number_form(scene, "", String::new(), None),
        Tracked::NoNumber { typed } => number_form(scene, typed, w.t("follow-no-number"), None),
        Tracked::Wait { reference, wait } => {
            let text = w.t1("refused-wait", "wait", scene.say.duration(at_least_a_second(*wait)));
            number_form(scene, &reference.to_string(), String::new(), Some(warn(text)))
        }
        Tracked::Known { reference, found } => match found {
            Followed::Found(appeal) => followed(scene, *reference, appeal),
            Followed::Help(state) => super::help::helped(scene, *reference, state),
            Followed::NotFound => number_form(scene, &reference.to_string(), w.t("follow-not-found"), None),
            Followed::Unavailable => {
                number_form(scene, &reference.to_string(), String::new(), Some(warn(w.t("follow-unavailable"))))
            }
        },
    }
}

fn number_form(scene: &Scene<'_>, typed: &str, error: String, problem: Option<Problem>) -> String {
    let w = scene.w();
    let mut c = scene.chrome(w.t("follow-title"), w.t("follow-sub"), Mark::Open);
    if !error.is_empty() {
        c.title = w.t1("error-title", "title", w.t("follow-label"));
    }
    let problem = problem.or_else(|| {
        (!error.is_empty()).then(|| Problem {
            link: Some((w.t("follow-check"), "#nomor")),
            ..Problem::new(w.t("follow-problem"), w.t("account-check-more"))
        })
    });
    let typed = crate::typed::line(typed).chars().take(SHOWN_LETTERS).collect();
    render(&Follow { c, problem, error, typed })
}

fn followed(scene: &Scene<'_>, reference: Reference, appeal: &AppealState) -> String {
    let (w, say) = (scene.w(), &scene.say);
    let (title, sub, mark, state) = match &appeal.stage {
        Stage::Waiting => ("filed-title", w.t("filed-sub"), Mark::Open, "state-waiting"),
        Stage::Received => ("filed-title", w.t("filed-sub"), Mark::Open, "state-received"),
        Stage::Decided { granted: true, .. } => ("granted-title", String::new(), Mark::Open, "state-granted"),
        Stage::Decided { granted: false, .. } => ("denied-title", String::new(), Mark::Bar, "state-denied"),
    };
    let at = |at: jiff::Timestamp| w.t2("day-at", "day", say.day(at), "clock", say.clock(at));
    let mut rows = Vec::new();
    if say.trusted() {
        rows.push(Row::new(w.t("row-filed"), at(appeal.filed)));
    }
    let mut decision = Vec::new();
    let (mut granted, mut opened, mut last_day) = (false, false, None);
    if let Stage::Decided { granted: right, opened: in_force, words, at: decided, until } = &appeal.stage {
        granted = *right;
        opened = granted && *in_force;
        last_day = until.filter(|_| opened).map(|day| w.t1("granted-until", "day", say.date(day)));
        decision = words.lines().map(str::trim).filter(|row| !row.is_empty()).map(str::to_owned).collect();
        if say.trusted() {
            rows.push(Row::new(w.t("row-decided"), at(*decided)));
        }
    }
    let number = reference.to_string();
    let refresh = match &appeal.stage {
        Stage::Waiting | Stage::Received => Some(scene.href(&format!("/lacak?nomor={number}"))),
        Stage::Decided { .. } => None,
    };
    render(&FollowedPage {
        c: scene.chrome(w.t(title), sub, mark),
        number,
        shown: Shown::new(&appeal.name),
        state: w.t(state),
        rows,
        decision,
        granted,
        opened,
        last_day: last_day.unwrap_or_default(),
        refresh,
    })
}

fn at_least_a_second(wait: Duration) -> Duration {
    wait.max(Duration::from_secs(1))
}
