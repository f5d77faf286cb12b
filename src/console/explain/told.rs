//! An explanation in words: verdict, trail, what a visitor reads, how the name server answers.

use std::cmp::Ordering;

use gapura_controller::Judged;
use gapura_rules::sop::{
    Action, Beside, ClauseTrail, Cover, Explanation, Fate, Layer, LayerTrail, NameTarget, Outcome,
};
use gapura_speech::{Lang, Say, Words};
use jiff::SignedDuration;

/// A verdict at a glance.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) title: String,
    pub(super) blocked: bool,
    pub(super) word: String,
    pub(super) line: String,
}

/// The trail through the layers.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    pub(super) title: String,
    pub(super) layers: Vec<Step>,
    /// The lists that hold it, or that none does.
    pub(super) held: Vec<String>,
    /// Clauses that are not about it.
    pub(super) others: String,
}

/// A layer of it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) layer: String,
    /// It decides.
    pub(super) won: bool,
    /// What it decides is that nothing is let through.
    pub(super) blocks: bool,
    pub(super) clauses: Vec<Clause>,
    pub(super) outcome: String,
    /// One word of that.
    pub(super) word: String,
}

/// A clause of a layer.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    /// "Klausul 7.1".
    pub(super) name: String,
    /// What it does, and by which target.
    pub(super) does: String,
    /// What it says; empty where it did not decide.
    pub(super) says: String,
    pub(super) why: String,
}

/// The verdict under one set of SOPs; `before` is what it is compared with.
pub(super) fn verdict(say: &Say, judged: &Judged, title: String, before: Option<&Judged>) -> Verdict {
    let (w, explanation) = (say.words, &judged.explanation);
    let blocked = explanation.action == Action::Block;
    let keys = |[blocks, opens]: [&'static str; 2]| if blocked { blocks } else { opens };
    let plain = keys(["explain-blocked", "explain-open"]);
    // What has no foreseeable end lasts longest.
    let lasts =
        |judged: &Judged| judged.until.map_or(SignedDuration::MAX, |until| until.duration_since(judged.explanation.at));
    let alike = before.filter(|before| before.explanation.action == explanation.action);
    let key = match alike.map(|before| lasts(judged).cmp(&lasts(before))) {
        None | Some(Ordering::Equal) => plain,
        Some(Ordering::Greater) => keys(["explain-blocked-longer", "explain-open-longer"]),
        Some(Ordering::Less) => keys(["explain-blocked-shorter", "explain-open-shorter"]),
    };
    let by = match &explanation.clause {
        Some(clause) => w.t2("explain-by", "clause", clause.clause.as_str(), "sop", clause.sop.as_str()),
        None => w.t("explain-by-none"),
    };
    let until =
        judged.until.map(|at| w.t1(if blocked { "explain-opens" } else { "explain-closes" }, "when", say.when(at)));
    let line = until.map_or_else(|| by.clone(), |until| format!("{by}, {until}"));
    Verdict { title, blocked, word: w.t(key), line }
}

/// All five layers, with what each says about it.
pub(super) fn trail(say: &Say, explanation: &Explanation, title: String) -> Trail {
    let w = say.words;
    let decided = explanation.clause.as_ref().map(|clause| clause.layer);
    let step = |layer: Layer| {
        let about = explanation.layers.iter().find(|trail| trail.layer == layer);
        let won = decided == Some(layer);
        Step {
            layer: w.t(name(layer)),
            won,
            blocks: won && explanation.action == Action::Block,
            clauses: about.map(|trail| clauses(say, trail, explanation, won)).unwrap_or_default(),
            outcome: about.map_or_else(|| w.t("explain-nothing"), |trail| outcome(w, trail.outcome)),
            word: w.t(match about.map(|trail| trail.outcome) {
                Some(Outcome::DecidesMandatory | Outcome::DecidesLowest) => "explain-word-decides",
                Some(Outcome::GivesWay(_) | Outcome::Overruled(_)) => "explain-word-loses",
                Some(Outcome::Silent) | None => "explain-word-next",
            }),
        }
    };
    let held = explanation.held.iter().map(|held| {
        let list = w.t2("explain-held", "list", held.title.as_str(), "category", held.category.as_str());
        match &held.line {
            Some(line) => w.t2("explain-held-line", "list", list, "line", line.as_str()),
            None => list,
        }
    });
    let held: Vec<String> = held.collect();
    let held = if held.is_empty() { vec![w.t("explain-held-none")] } else { held };
    Trail { title, layers: Layer::ALL.into_iter().map(step).collect(), held, others: others(w, explanation.others) }
}

fn others(w: Words, count: usize) -> String {
    w.n("explain-others", u64::try_from(count).unwrap_or(u64::MAX))
}

fn clauses(say: &Say, trail: &LayerTrail, explanation: &Explanation, won: bool) -> Vec<Clause> {
    let w = say.words;
    let clause = |one: &ClauseTrail| {
        let deciding = explanation.clause.as_ref().filter(|_| won && one.won);
        let name = w.t2("explain-clause", "clause", one.clause.as_str(), "sop", one.sop.as_str());
        let deed = w.t(match one.action {
            "block" => "explain-blocks",
            "open" => "explain-opens-it",
            _ => "explain-opens-before",
        });
        let bound = if one.mandatory { format!(" {}", w.t("explain-mandatory")) } else { String::new() };
        Clause {
            name,
            does: format!("{deed}{bound} {}", cover(w, &one.by)),
            says: deciding.map(|clause| clause.words.trim().to_owned()).unwrap_or_default(),
            why: fate(say, &one.why),
        }
    };
    trail.clauses.iter().map(clause).collect()
}

/// The key of a layer's name.
const fn name(layer: Layer) -> &'static str {
    match layer {
        Layer::National => "explain-national",
        Layer::Province => "explain-province",
        Layer::Regency => "explain-regency",
        Layer::Agency => "explain-agency",
        Layer::Site => "explain-site",
    }
}

fn cover(w: Words, cover: &Cover) -> String {
    match cover {
        Cover::Name(NameTarget::Exact(name)) => w.t1("explain-cover-exact", "name", name.to_string()),
        Cover::Name(NameTarget::Within(name)) => w.t1("explain-cover-within", "name", name.to_string()),
        Cover::Name(NameTarget::Below(name)) => w.t1("explain-cover-below", "name", name.to_string()),
        Cover::Range(prefix) => w.t1("explain-cover-range", "range", prefix.to_string()),
        Cover::List { id, category } => {
            w.t2("explain-cover-list", "list", id.to_string(), "category", category.to_string())
        }
        Cover::Unknown(number) => w.t1("explain-cover-unknown", "number", number.0.to_string()),
        Cover::All => w.t("explain-cover-all"),
    }
}

fn outcome(w: Words, outcome: Outcome) -> String {
    match outcome {
        Outcome::DecidesMandatory => w.t("explain-decides-mandatory"),
        Outcome::DecidesLowest => w.t("explain-decides-lowest"),
        Outcome::GivesWay(layer) => w.t1("explain-gives-way", "layer", w.t(name(layer))),
        Outcome::Overruled(layer) => w.t1("explain-overruled", "layer", w.t(name(layer))),
        Outcome::Silent => w.t("explain-silent"),
    }
}

fn fate(say: &Say, fate: &Fate) -> String {
    let w = say.words;
    match fate {
        Fate::NotYet(from) => w.t1("explain-not-yet", "day", say.date(*from)),
        Fate::Superseded => w.t("explain-superseded"),
        Fate::OtherPlace(_) => w.t("explain-other-place"),
        Fate::OtherPeople(_) => w.t("explain-other-people"),
        Fate::OtherHours(hours) => w.t1("explain-other-hours", "hours", weekly(w, hours)),
        Fate::Excepted { until, author, reason } => {
            let why = w.t2("explain-excepted-why", "author", author.as_str(), "reason", reason.as_str());
            w.t2("explain-excepted", "day", say.date(*until), "why", why)
        }
        Fate::Wins => w.t("explain-wins"),
        Fate::LessSpecific(clause) => w.t1("explain-less-specific", "clause", clause.as_str()),
        Fate::LessStrict(clause) => w.t1("explain-less-strict", "clause", clause.as_str()),
        Fate::SaysTheSame(clause) => w.t1("explain-same", "clause", clause.as_str()),
        Fate::Untold => String::new(),
    }
}

/// Hours as SOPs write them ("mon to fri 07.00-15.00"), in the reader's days.
fn weekly(w: Words, hours: &str) -> String {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let word = |word: &str| match word {
        "to" => w.t("explain-to"),
        "daily" => w.t("explain-daily"),
        other => match DAYS.iter().position(|day| *day == other) {
            Some(day) => w.list("weekdays", day),
            None => other.replace('-', "–"),
        },
    };
    hours.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// What a visitor reads.
pub(super) fn citizen(say: &Say, judged: &Judged) -> String {
    let (w, explanation) = (say.words, &judged.explanation);
    let (Some(words), Some(clause)) = (&explanation.citizen, &explanation.clause) else {
        return w.t("explain-citizen-open");
    };
    let text = if w.lang() == Lang::En && !words.en.is_empty() { &words.en } else { &words.id };
    let until = judged.until.map(|at| format!(" {}", w.t1("explain-citizen-until", "when", say.when(at))));
    format!(
        "“{text}{} {}”",
        until.unwrap_or_default(),
        w.t1("explain-citizen-clause", "clause", clause.clause.as_str())
    )
}

/// How resolver and gateway answer: label and value.
pub(super) fn technical(say: &Say, explanation: &Explanation) -> Vec<(String, String)> {
    let w = say.words;
    let mut rows = Vec::new();
    if let Some(answer) = &explanation.answer {
        rows.push((w.t("explain-dns"), answer.clone()));
    }
    if let Some(list) = &explanation.list {
        rows.push((w.t("explain-list"), list.clone()));
    }
    let plan = explanation.plan.clone().unwrap_or_else(|| w.t("explain-before"));
    let date = say.date_of(explanation.at);
    let day = format!("{}, {}", say.weekday(date.weekday()), say.date(date));
    rows.extend([
        (w.t("explain-for"), format!("{plan}, {}", explanation.group)),
        (w.t("explain-at"), w.t2("day-at", "day", day, "clock", say.clock(explanation.at))),
        (w.t("explain-families"), w.t("explain-both")),
    ]);
    rows
}

/// Something else that holds for it.
pub(super) fn beside(say: &Say, beside: &Beside) -> String {
    let w = say.words;
    let (what, by) = match beside {
        Beside::SafeSearch { engine, alias, by } => {
            (w.t2("explain-safe-search", "engine", engine.to_string(), "alias", alias.to_string()), by)
        }
        Beside::Refused { service, by } => (w.t1("explain-refused", "service", service.to_string()), by),
        Beside::Throttled { rate, by } => (w.t1("explain-throttled", "rate", say.rate(*rate)), by),
    };
    match by {
        Some((clause, sop)) => {
            format!("{what} ({})", w.t2("explain-by", "clause", clause.as_str(), "sop", sop.as_str()))
        }
        None => what,
    }
}
