//! Retensi: how long records are kept, what was destroyed, what is held for a case; and the paper of each destruction.

mod lookup;
#[cfg(test)]
mod samples;

use askama::Template;
use axum::extract::Path;
use gapura_controller::{
    CASE_CHARS, Destruction, Hold, HoldOrder, HoldState, HoldStep, Kind, KindStands, REASON_CHARS, RetentionStands,
    Right,
};
use gapura_speech::{Say, Words};

use crate::answer::{Answer, Oops, again, page, to};
use crate::assets;
use crate::chrome::Chrome;
use crate::form::{Fields, Posted};
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

#[cfg(test)]
pub(crate) use samples::samples;

/// The page's address.
const PATH: &str = "/retensi";
/// The key of the line of the menu behind which look-ups wait.
pub(crate) const MENU: &str = "records-lookup-menu";

/// Their addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get(PATH, Needs::Right(Right::SeeAudit), list);
    routes.get("/retensi/musnah/{id}", Needs::Right(Right::SeeAudit), paper);
    routes.post("/retensi/tahan", Needs::Right(Right::Investigate), hold);
    routes.post("/retensi/tahan/{id}", Needs::Right(Right::Investigate), step);
    routes.menu(MenuLine {
        section: Section::Department,
        icon: icons::BACKUP,
        words: "records-menu",
        path: PATH,
        needs: Right::SeeAudit,
    });
    lookup::routes(routes);
}

/// A kind of record on the page.
#[derive(Clone, Debug)]
struct KindRow {
    name: String,
    holds: String,
    basis: String,
    kept: String,
    last: String,
    next: String,
    held: Option<String>,
}

/// A record of a destruction.
#[derive(Clone, Debug)]
struct Gone {
    id: i64,
    kind: String,
    span: String,
    records: String,
    keys: String,
    when: String,
    done: bool,
}

/// A hold.
#[derive(Clone, Debug)]
struct HoldLine {
    id: i64,
    case_number: String,
    months: String,
    reason: String,
    tag: &'static str,
    state: String,
    history: Vec<String>,
    /// What the reader may do: value and words, and whether a reason is asked for.
    steps: Vec<(&'static str, String, bool)>,
}

/// What is typed about a hold.
#[derive(Clone, Debug, Default)]
struct Typed {
    case_number: String,
    first: String,
    last: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "records/retention.html")]
struct Retention {
    c: Chrome,
    kinds: Vec<KindRow>,
    gone: Vec<Gone>,
    holds: Vec<HoldLine>,
    may_hold: bool,
    typed: Typed,
    case_chars: usize,
    reason_chars: usize,
    wrong: Vec<String>,
}

#[derive(Template)]
#[template(path = "records/paper.html")]
struct Paper {
    c: Chrome,
    base: String,
    script: Option<&'static str>,
    department: String,
    number: String,
    lines: Vec<(String, String)>,
    about: String,
}

async fn list(here: Here) -> Answer {
    page(&filled(&here, Typed::default(), Vec::new()).await?)
}

async fn hold(here: Here, Posted(fields): Posted) -> Answer {
    let typed = Typed {
        case_number: fields.get("perkara").to_owned(),
        first: fields.get("dari").to_owned(),
        last: fields.get("sampai").to_owned(),
        reason: fields.get("alasan").to_owned(),
    };
    let order =
        HoldOrder { case_number: typed.case_number.clone(), first: month(&typed.first), last: month(&typed.last) };
    match here.office().ask_hold(&order, &here.actor(&typed.reason)).await {
        Ok(_) => Ok(to(PATH, "records-hold-asked")),
        Err(error) => {
            let wrong = Oops::from(error).of_form(here.w())?;
            again(&filled(&here, typed, wrong).await?)
        }
    }
}

async fn step(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let id = number(&id)?;
    let step = STEPS.iter().find(|(name, _)| *name == fields.get("langkah")).map(|(_, step)| *step);
    let step = step.ok_or(Oops::Stale)?;
    match here.office().step_hold(id, step, &here.actor(fields.get("alasan"))).await {
        Ok(()) => Ok(to(PATH, "records-hold-changed")),
        Err(error) => {
            let wrong = Oops::from(error).of_form(here.w())?;
            again(&filled(&here, Typed::default(), wrong).await?)
        }
    }
}

async fn paper(here: Here, Path(id): Path<String>) -> Answer {
    let one = here.office().destruction(number(&id)?).await?;
    let script = here.asked().is_on("cetak").then(|| assets::PRINT.path.as_str());
    let c = Chrome::of(&here, here.w().t("records-paper")).up(PATH, here.w().t("records-title"));
    page(&Paper { script, ..made(c, &here.say(), &here.app.settings.department, &one) })
}

const STEPS: [(&str, HoldStep); 5] = [
    ("setuju", HoldStep::Agree),
    ("tolak", HoldStep::Refuse),
    ("akhiri", HoldStep::AskLift),
    ("setuju-akhiri", HoldStep::Lift),
    ("lanjut", HoldStep::Keep),
];

/// "11-2026" and "11/2026" are months too.
fn month(text: &str) -> String {
    let parts: Vec<&str> = text.split(['-', '/', '.', ' ']).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [month, year] | [year, month] if year.len() == 4 && month.len() <= 2 => format!("{year}-{month:0>2}"),
        _ => text.to_owned(),
    }
}

fn number(text: &str) -> Result<i64, Oops> {
    text.parse().map_err(|_| Oops::NotFound)
}

fn made(c: Chrome, say: &Say, department: &str, one: &Destruction) -> Paper {
    let w = say.words;
    let time = |at| format!("{} {}", say.day(at), say.clock(at));
    let line = |key: &str, value: String| (w.t(key), value);
    let finished = one.finished.map_or_else(|| w.t("records-running"), time);
    let keys = if one.epoch_keys.is_empty() { w.t("records-no-key") } else { one.epoch_keys.join(", ") };
    let staff = if one.staff == "gapura" { w.t("records-itself") } else { one.staff.clone() };
    let chained =
        one.line.map_or_else(|| w.t("records-unchained"), |line| w.t1("records-line", "number", line.to_string()));
    Paper {
        c,
        base: format!("{PATH}/musnah/{}", one.id),
        script: None,
        department: department.to_owned(),
        number: w.t1("records-paper-number", "number", one.id.to_string()),
        lines: vec![
            line("records-col-kind", kind(w, one.kind).0),
            line("records-col-span", span(say, one)),
            line("records-col-records", say.number(one.records)),
            line("records-rule", w.t1("records-days", "days", one.days.to_string())),
            line("records-keys", keys),
            line("records-began", time(one.began)),
            line("records-finished", finished),
            line("records-by", staff),
            line("records-chained", chained),
        ],
        about: w.t(if one.epoch_keys.is_empty() { "records-paper-about" } else { "records-paper-about-keys" }),
    }
}

async fn filled(here: &Here, typed: Typed, wrong: Vec<String>) -> Result<Retention, Oops> {
    let stands = here.office().retention().await?;
    let c = Chrome::of(here, here.w().t("records-title")).sub(here.w().t("records-sub"));
    let me = here.may(Right::Investigate).then(|| here.actor("").name);
    Ok(shown(c, &here.say(), stands, me.as_deref(), typed, wrong))
}

fn shown(
    c: Chrome,
    say: &Say,
    stands: RetentionStands,
    me: Option<&str>,
    typed: Typed,
    wrong: Vec<String>,
) -> Retention {
    Retention {
        kinds: stands.kinds.iter().map(|one| kind_row(say, one)).collect(),
        gone: stands.destructions.iter().map(|one| gone(say, one)).collect(),
        holds: stands.holds.iter().map(|one| hold_line(say, one, me)).collect(),
        may_hold: me.is_some(),
        typed,
        case_chars: CASE_CHARS,
        reason_chars: REASON_CHARS,
        wrong,
        c,
    }
}

/// Its name, what it holds, and by what law it is kept and destroyed.
fn kind(w: Words, kind: Option<Kind>) -> (String, String, String) {
    let (name, holds, basis) = match kind {
        Some(Kind::Visits) => ("records-visits", "records-visits-holds", "records-basis-log"),
        Some(Kind::Tallies) => ("records-tallies", "records-tallies-holds", "records-basis-report"),
        Some(Kind::Outages) => ("records-outages", "records-outages-holds", "records-basis-report"),
        Some(Kind::Contacts) => ("records-contacts", "records-contacts-holds", "records-basis-erase"),
        Some(Kind::Words) => ("records-words", "records-words-holds", "records-basis-erase"),
        Some(Kind::Unanswered) => ("records-unanswered", "records-unanswered-holds", "records-basis-erase"),
        Some(Kind::Desk) => ("records-desk", "records-desk-holds", "records-basis-erase"),
        Some(Kind::Trials) => ("records-trials", "records-trials-holds", "records-basis-report"),
        Some(Kind::Counts) => ("records-counts", "records-counts-holds", "records-basis-report"),
        Some(Kind::Balances) => ("records-balances", "records-balances-holds", "records-basis-erase"),
        Some(Kind::Batches) => ("records-batches", "records-batches-holds", "records-basis-report"),
        Some(Kind::Undated) => ("records-undated", "records-undated-holds", "records-basis-log"),
        Some(Kind::Unread) => ("records-unread", "records-unread-holds", "records-basis-log"),
        Some(Kind::Audit) => ("records-audit", "records-audit-holds", "records-basis-audit"),
        None => return ("?".to_owned(), String::new(), String::new()),
    };
    (w.t(name), w.t(holds), w.t(basis))
}

fn kind_row(say: &Say, one: &KindStands) -> KindRow {
    let w = say.words;
    let (name, holds, basis) = kind(w, Some(one.kind));
    let last = one.last.as_ref().map(|last| {
        let at = last.finished.unwrap_or(last.began);
        w.t2("records-last", "records", say.number(last.records), "when", say.day(at))
    });
    let next = one
        .oldest
        .as_ref()
        .map(|(month, due)| w.t2("records-next", "month", month_words(w, month), "when", say.day(*due)));
    let monthly = one.kind.monthly().is_some();
    KindRow {
        name,
        holds,
        basis,
        kept: match (one.days, monthly) {
            (None, _) => w.t("records-never"),
            (Some(days), true) => w.t1("records-days-month", "days", days.to_string()),
            (Some(days), false) => w.t1("records-days", "days", days.to_string()),
        },
        last: match (last, one.kind) {
            (Some(last), _) => last,
            (None, Kind::Contacts | Kind::Unanswered) => w.t("records-with-words"),
            (None, _) if one.days.is_none() => "–".to_owned(),
            (None, _) => w.t("records-nothing-yet"),
        },
        next: match (next, one.days) {
            (Some(next), _) => next,
            (None, None) => "–".to_owned(),
            (None, Some(_)) => w.t(if monthly { "records-nothing-there" } else { "records-next-daily" }),
        },
        held: one.held.as_ref().map(|case| w.t1("records-held-for", "number", case.as_str())),
    }
}

/// "November 2026".
fn month_words(w: Words, month: &str) -> String {
    let Some((year, number)) = month.split_once('-') else { return month.to_owned() };
    let index = number.parse::<usize>().unwrap_or_default().saturating_sub(1);
    format!("{} {year}", w.list("months", index))
}

fn span(say: &Say, one: &Destruction) -> String {
    let days = one.until.duration_since(one.from).as_hours() / 24;
    let first = one.from.to_zoned(jiff::tz::TimeZone::UTC).date();
    let span = if days > 1 { month_words(say.words, &first.strftime("%Y-%m").to_string()) } else { say.date(first) };
    // 08.00 to 08.00 in WITA.
    format!("{span} (UTC)")
}

fn gone(say: &Say, one: &Destruction) -> Gone {
    Gone {
        id: one.id,
        kind: kind(say.words, one.kind).0,
        span: span(say, one),
        records: say.number(one.records),
        keys: one.epoch_keys.join(", "),
        when: one.finished.map_or_else(|| say.words.t("records-running"), |at| say.day(at)),
        done: one.finished.is_some(),
    }
}

fn hold_line(say: &Say, one: &Hold, me: Option<&str>) -> HoldLine {
    let w = say.words;
    let (key, tag) = match one.state {
        HoldState::Asked => ("records-hold-state-asked", "warn"),
        HoldState::Held => ("records-hold-state-held", "good"),
        HoldState::Lifting => ("records-hold-state-lifting", "warn"),
        HoldState::Lifted => ("records-hold-state-lifted", "off"),
        HoldState::Refused => ("records-hold-state-refused", "off"),
    };
    let did = |key: &str, (who, at): &(String, jiff::Timestamp)| w.t2(key, "who", who.as_str(), "when", say.when(*at));
    let mut history = vec![did("records-hold-by", &one.asked)];
    if one.state != HoldState::Refused {
        history.extend(one.agreed.as_ref().map(|agreed| did("records-hold-agreed", agreed)));
    }
    history.extend(
        one.lift.as_ref().map(|(who, why)| w.t2("records-hold-lift", "who", who.as_str(), "why", why.as_str())),
    );
    history.extend(one.ended.as_ref().map(|ended| did("records-hold-ended", ended)));
    let other = |by: Option<&str>| me.is_some() && me != by;
    let agrees = |step: &'static str, key: &str, by: Option<&str>| other(by).then(|| (step, w.t(key), false));
    let steps: Vec<Option<(&'static str, String, bool)>> = match one.state {
        HoldState::Asked => vec![
            agrees("setuju", "records-hold-agree", Some(&one.asked.0)),
            me.map(|_| ("tolak", w.t("records-hold-refuse"), true)),
        ],
        HoldState::Held => vec![me.map(|_| ("akhiri", w.t("records-hold-ask-lift"), true))],
        HoldState::Lifting => vec![
            agrees("setuju-akhiri", "records-hold-lift-agree", one.lift.as_ref().map(|(who, _)| who.as_str())),
            me.map(|_| ("lanjut", w.t("records-hold-keep"), false)),
        ],
        HoldState::Lifted | HoldState::Refused => Vec::new(),
    };
    let (first, last) = (month_words(w, &one.first), month_words(w, &one.last));
    HoldLine {
        id: one.id,
        case_number: one.case_number.clone(),
        months: if first == last { first } else { format!("{first} – {last}") },
        reason: one.reason.clone(),
        tag,
        state: w.t(key),
        history,
        steps: steps.into_iter().flatten().collect(),
    }
}

/// What was typed into the fields of a form, by name.
fn typed(fields: &Fields, name: &str) -> String {
    fields.get(name).to_owned()
}
