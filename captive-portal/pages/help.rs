//! Help: whom to ask, quick answers, a form for a request, and how far one is.

use std::collections::BTreeSet;
use std::time::Duration;

use askama::Template;
use gapura_model::{Name, Reference};

use crate::{CONTACT_LETTERS, HELP_LETTERS, HelpRefused, HelpStage, HelpState, HelpTopic, State};

use super::chrome::{Chrome, Mark, Problem, Row};
use super::site::{self, Shown};
use super::{Scene, render};

/// A request as far as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Plea {
    pub(crate) topic: HelpTopic,
    pub(crate) about: Option<Name>,
    /// Cleaned.
    pub(crate) words: String,
    /// Cleaned.
    pub(crate) contact: String,
    pub(crate) problems: BTreeSet<HelpSlip>,
}

impl Default for Plea {
    fn default() -> Self {
        Self {
            topic: HelpTopic::Connect,
            about: None,
            words: String::new(),
            contact: String::new(),
            problems: BTreeSet::new(),
        }
    }
}

impl Plea {
    /// Where its form is.
    pub(crate) fn path(&self) -> String {
        self.about.map_or_else(|| "/bantuan".to_owned(), |name| format!("/bantuan?alamat={name}"))
    }
}

/// What is wrong with a request, the first to be mended first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HelpSlip {
    /// No words.
    WordsEmpty,
    /// Too many.
    WordsLong,
    /// Too long a contact.
    ContactLong,
    /// The form is too old, or from another device.
    Stale,
}

/// Topics as forms name them, in the order in which people are asked.
const TOPICS: [(HelpTopic, &str, &str); 5] = [
    (HelpTopic::Connect, "sambungan", "topic-connect"),
    (HelpTopic::MoreTime, "tambahan", "topic-more-time"),
    (HelpTopic::Blocked, "situs", "topic-blocked"),
    (HelpTopic::Complaint, "pengaduan", "topic-complaint"),
    (HelpTopic::Other, "lainnya", "topic-other"),
];

/// The topic that a form names.
pub(crate) fn topic_of(name: &str) -> HelpTopic {
    TOPICS.iter().find(|(_, known, _)| *known == name).map_or(HelpTopic::Other, |(topic, ..)| *topic)
}

fn topic_words(topic: HelpTopic) -> &'static str {
    TOPICS.iter().find(|(known, ..)| *known == topic).map_or("topic-other", |(.., words)| *words)
}

/// The number of the visit a device is in.
pub(crate) fn visit_number(state: &State) -> Option<String> {
    match state {
        State::Online(visit) => Some(visit.number.clone()),
        State::Unknown | State::Ready | State::Ended(_) | State::Blocked { .. } | State::Trusted => None,
    }
}

struct Pick {
    value: &'static str,
    label: String,
    checked: bool,
}

#[derive(Template)]
#[template(path = "help.html")]
struct Help<'a> {
    c: Chrome<'a>,
    token: &'a str,
    problem: Option<Problem>,
    phone: Option<(String, String, String)>,
    number: String,
    questions: Vec<(String, String)>,
    about: Option<(Shown, String)>,
    topics: Vec<Pick>,
    words: &'a str,
    words_error: String,
    words_hint: String,
    words_letters: usize,
    contact: &'a str,
    contact_error: String,
    contact_letters: usize,
}

/// Where to ask, quick answers, and the form with what is wrong with it or why it was not taken.
pub(crate) fn help(scene: &Scene<'_>, plea: &Plea, refused: Option<HelpRefused>) -> String {
    let (w, look, lang) = (scene.w(), &scene.dress.look, scene.lang());
    let counter = look.help.counter.as_ref().map_or_else(|| w.t("help-sub"), |text| text.get(lang).to_owned());
    let mut c = scene.chrome(w.t("help-title"), counter, Mark::Open);
    let problem = refused.map(|refused| not_taken(scene, refused)).or_else(|| problem(scene, plea));
    if problem.is_some() {
        c.title = w.t1("error-title", "title", w.t("help-title"));
    }
    let has = |slip| plea.problems.contains(&slip);
    let letters = |most: usize| u64::try_from(most).unwrap_or(u64::MAX);
    let words_error = if has(HelpSlip::WordsEmpty) {
        w.t("help-words-empty")
    } else if has(HelpSlip::WordsLong) {
        w.n("help-words-long", letters(HELP_LETTERS))
    } else {
        String::new()
    };
    render(&Help {
        c,
        token: &scene.token,
        problem,
        phone: look.help.phone.as_ref().map(|dial| {
            let shown = look.help.phone_text.clone().unwrap_or_else(|| dial.clone());
            let note = look.help.hours.as_ref().map_or_else(|| w.t("help-call"), |text| text.get(lang).to_owned());
            (shown, dial.clone(), note)
        }),
        number: visit_number(&scene.view.state).unwrap_or_default(),
        questions: questions(scene),
        about: plea.about.map(|name| (Shown::new(&name), name.to_string())),
        topics: TOPICS
            .into_iter()
            .map(|(topic, value, words)| Pick { value, label: w.t(words), checked: topic == plea.topic })
            .collect(),
        words: &plea.words,
        words_error,
        words_hint: w.n("help-words-hint", letters(HELP_LETTERS)),
        words_letters: HELP_LETTERS,
        contact: &plea.contact,
        contact_error: if has(HelpSlip::ContactLong) { w.t("appeal-contact-long") } else { String::new() },
        contact_letters: CONTACT_LETTERS,
    })
}

/// What staff wrote first, then what everybody asks.
fn questions(scene: &Scene<'_>) -> Vec<(String, String)> {
    let (w, look, lang) = (scene.w(), &scene.dress.look, scene.lang());
    let first = match &look.address {
        Some(address) => w.t1("help-a1", "address", address.as_str()),
        None => w.t("help-a1-plain"),
    };
    let general = [(w.t("help-q1"), first), (w.t("help-q2"), w.t("help-a2")), (w.t("help-q3"), w.t("help-a3"))];
    let own = look.help.questions.iter().map(|q| (q.title.get(lang).to_owned(), q.text.get(lang).to_owned()));
    own.chain(general).chain(site::questions(scene)).collect()
}

fn problem(scene: &Scene<'_>, plea: &Plea) -> Option<Problem> {
    let w = scene.w();
    let new = |text| Problem::new(w.t("appeal-not-sent"), text);
    plea.problems.first().map(|slip| match slip {
        HelpSlip::WordsEmpty | HelpSlip::WordsLong => {
            Problem { link: Some((w.t("help-check-words"), "#cerita")), ..new(w.t("account-check-more")) }
        }
        HelpSlip::ContactLong => {
            Problem { link: Some((w.t("appeal-check-contact"), "#kontak")), ..new(w.t("account-check-more")) }
        }
        HelpSlip::Stale => Problem { class: "warn", ..new(w.t("form-stale")) },
    })
}

fn not_taken(scene: &Scene<'_>, refused: HelpRefused) -> Problem {
    let w = scene.w();
    let text = match refused {
        HelpRefused::Wait { wait } => w.t1("appeal-wait", "wait", scene.say.duration(wait.max(Duration::from_secs(1)))),
        HelpRefused::Busy => w.t("appeal-busy"),
        HelpRefused::Storage => w.t("appeal-storage"),
        HelpRefused::UnknownDevice => w.t("appeal-device"),
    };
    Problem { class: "warn", ..Problem::new(w.t("appeal-not-sent"), text) }
}

struct Said {
    from: String,
    lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "helped.html")]
struct Helped<'a> {
    c: Chrome<'a>,
    number: String,
    good: bool,
    line: String,
    rows: Vec<Row>,
    answers: Vec<Said>,
    refresh: Option<String>,
}

/// How far a request is, and what was answered.
pub(super) fn helped(scene: &Scene<'_>, reference: Reference, state: &HelpState) -> String {
    let (w, say) = (scene.w(), &scene.say);
    let (title, word) = match &state.stage {
        HelpStage::Waiting => ("helped-received", w.t("help-state-waiting")),
        HelpStage::Received => ("helped-received", w.t("help-state-received")),
        HelpStage::InWork => ("helped-in-work", w.t("help-state-in-work")),
        HelpStage::Forwarded { agency } => {
            ("helped-forwarded", w.t1("help-state-forwarded", "agency", agency.as_str()))
        }
        HelpStage::Answered => ("helped-answered", w.t("help-state-answered")),
        HelpStage::Closed => ("helped-closed", w.t("help-state-closed")),
        HelpStage::Refused => ("helped-refused", w.t("help-state-refused")),
    };
    let open = matches!(
        state.stage,
        HelpStage::Waiting | HelpStage::Received | HelpStage::InWork | HelpStage::Forwarded { .. }
    );
    let at = |at: jiff::Timestamp| w.t2("day-at", "day", say.day(at), "clock", say.clock(at));
    let mut rows =
        vec![Row::new(w.t("help-row-topic"), w.t(topic_words(state.topic))), Row::new(w.t("row-state"), word)];
    if say.trusted() {
        rows.push(Row::new(w.t("help-row-filed"), at(state.filed)));
    }
    let due = state.due.filter(|_| open && say.trusted());
    let answers = state.answers.iter().map(|answer| {
        let agency = answer.agency.clone().unwrap_or_else(|| w.t("help-from-staff"));
        let from = if say.trusted() { w.t2("help-from-at", "from", agency, "when", at(answer.at)) } else { agency };
        let lines = answer.words.lines().map(str::trim).filter(|row| !row.is_empty()).map(str::to_owned).collect();
        Said { from, lines }
    });
    let number = reference.to_string();
    render(&Helped {
        c: scene.chrome(w.t(title), if open { w.t("filed-sub") } else { String::new() }, Mark::Open),
        good: matches!(state.stage, HelpStage::Answered | HelpStage::Closed),
        line: match (due, &state.stage) {
            (Some(due), _) => w.t1("helped-due", "when", say.when(due)),
            (None, HelpStage::Refused) => w.t("helped-refused-line"),
            (None, _) if open => w.t("helped-later"),
            (None, _) => String::new(),
        },
        rows,
        answers: answers.collect(),
        refresh: open.then(|| scene.href(&format!("/lacak?nomor={number}"))),
        number,
    })
}
