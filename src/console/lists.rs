//! *Daftar*: where the filter's lists come from, how fresh they are, what waits for a person, and the index in force.

#[cfg(test)]
mod samples;

use askama::Template;
use gapura_controller::{Edition, Held, ListFailed, ListOrder, ListStatus, ListWork, Right};
use gapura_model::ByteCount;
use gapura_rules::sop::ListSource;
use gapura_speech::{Say, Words};
use gapura_wire::Sha256;

use crate::answer::{Answer, Oops, page, spoken, to};
use crate::chrome::Chrome;
use crate::form::{Fields, Posted};
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

#[cfg(test)]
pub(crate) use samples::samples;

/// Its address.
const PATH: &str = "/daftar";

/// Names that are protected and shown of an update; there may be thousands.
const HITS: usize = 20;

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get(PATH, Needs::Anywhere(Right::SeeSops), lists);
    routes.post("/daftar/lihat", Needs::Right(Right::LookAtLists), look);
    routes.post("/daftar/terima", Needs::Right(Right::ApproveSops), accept);
    routes.post("/daftar/tolak", Needs::Right(Right::ApproveSops), reject);
    let needs = Right::SeeSops;
    routes.menu(MenuLine { section: Section::Filter, icon: icons::LIST, words: "lists-title", path: PATH, needs });
}

/// A list.
#[derive(Clone, Debug)]
struct Row {
    id: String,
    title: String,
    category: String,
    sources: Vec<String>,
    licence: String,
    entries: String,
    bad: String,
    taken: String,
    checked: String,
    tag: &'static str,
    state: String,
    trouble: String,
}

/// An update that waits for a person.
#[derive(Clone, Debug)]
struct Waiting {
    id: String,
    title: String,
    sha256: String,
    came: String,
    change: String,
    why: Vec<String>,
    /// Nothing was typed, or what was typed with the form that was refused.
    reason: String,
    /// A decision on it is on its way.
    busy: bool,
}

/// The index in force.
#[derive(Clone, Debug)]
struct InForce {
    /// Label and value.
    facts: Vec<(String, String)>,
    /// Gateways with another one: place, and which.
    behind: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "lists.html")]
struct Lists {
    c: Chrome,
    /// Lists are fetched here.
    fetched: bool,
    index: Option<InForce>,
    waiting: Vec<Waiting>,
    rows: Vec<Row>,
    work: Vec<String>,
    failed: Option<String>,
    wrong: Vec<String>,
    may_look: bool,
    may_decide: bool,
}

async fn lists(here: Here) -> Answer {
    page(&made(&here, None).await?)
}

async fn look(here: Here, Posted(fields): Posted) -> Answer {
    let only = match fields.get("daftar") {
        "" => None,
        id => Some(id.parse().map_err(|_| Oops::NotFound)?),
    };
    here.office().ask_of_lists(ListOrder::Look(only), &here.actor("")).await?;
    Ok(to(PATH, "lists-look"))
}

async fn accept(here: Here, Posted(fields): Posted) -> Answer {
    decide(&here, &fields, ListOrder::Accept, "lists-accept").await
}

async fn reject(here: Here, Posted(fields): Posted) -> Answer {
    decide(&here, &fields, ListOrder::Reject, "lists-reject").await
}

async fn decide(
    here: &Here,
    fields: &Fields,
    order: fn(gapura_model::ListId, Sha256) -> ListOrder,
    news: &str,
) -> Answer {
    let id = fields.get("daftar").parse().map_err(|_| Oops::NotFound)?;
    let seen: Sha256 = fields.get("isi").parse().map_err(|_| Oops::NotFound)?;
    match here.office().ask_of_lists(order(id, seen), &here.actor(fields.get("alasan"))).await {
        Ok(()) => Ok(to(PATH, news)),
        Err(error) => {
            let wrong = Oops::from(error).of_form(here.w())?;
            crate::answer::again(&Lists { wrong, ..made(here, Some(fields)).await? })
        }
    }
}

async fn made(here: &Here, typed: Option<&Fields>) -> Result<Lists, Oops> {
    let (office, w, say) = (here.office(), here.w(), here.say());
    let sources = office.list_sources();
    let work = office.list_work();
    let all = office.list_status().await?;
    let of = |list: &ListStatus| sources.iter().find(|source| source.id == list.id);
    let waiting = all.iter().filter_map(|list| {
        let mut one = waiting(&say, list, list.state.held.as_ref()?, of(list));
        one.busy = work.iter().any(|work| is_decision_on(&work.order, list));
        if let Some(fields) = typed.filter(|fields| fields.get("daftar") == one.id) {
            fields.get("alasan").clone_into(&mut one.reason);
        }
        Some(one)
    });
    Ok(Lists {
        c: Chrome::of(here, w.t("lists-title")).sub(w.t("lists-sub")),
        fetched: !sources.is_empty(),
        index: index(here, &say).await?,
        waiting: waiting.collect(),
        rows: all.iter().map(|list| row(&say, list, of(list))).collect(),
        work: work.iter().map(|one| doing(&say, one)).collect(),
        failed: office.list_failed().map(|one| failed(&say, &one)),
        wrong: Vec::new(),
        may_look: here.may(Right::LookAtLists),
        may_decide: here.may(Right::ApproveSops),
    })
}

fn is_decision_on(order: &ListOrder, list: &ListStatus) -> bool {
    match order {
        ListOrder::Accept(id, _) | ListOrder::Reject(id, _) => *id == list.id,
        ListOrder::Look(_) => false,
    }
}

async fn index(here: &Here, say: &Say) -> Result<Option<InForce>, Oops> {
    let (office, w) = (here.office(), say.words);
    let Some(last) = office.last_index().await? else { return Ok(None) };
    let version = u64::try_from(last.version).unwrap_or_default();
    let built = jiff::Timestamp::from_millisecond(last.built).unwrap_or(here.now);
    let names = office.names_in_index(version).await?;
    let octets = ByteCount::new(u64::try_from(last.octets).unwrap_or_default());
    let mut facts = vec![
        (w.t("lists-version"), say.number(version)),
        (w.t("lists-built"), say.when(built)),
        (w.t("lists-octets"), say.bytes(octets)),
        (w.t("lists-names"), names.map_or_else(|| w.t("lists-names-gone"), |names| say.number(names))),
    ];
    let (mut with, mut told, mut behind) = (0_u64, 0_u64, Vec::new());
    for one in office.gateways().await? {
        let Some(filter) = one.beat.as_ref().and_then(|beat| beat.filter) else { continue };
        told += 1;
        match filter.index {
            Some(used) if used == version => with += 1,
            Some(used) => behind.push((one.site_name, w.t1("lists-older", "version", say.number(used)))),
            None => behind.push((one.site_name, w.t("lists-none-there"))),
        }
    }
    facts.push((w.t("lists-gateways"), w.t2("lists-of", "with", say.number(with), "all", say.number(told))));
    Ok(Some(InForce { facts, behind }))
}

fn row(say: &Say, list: &ListStatus, source: Option<&ListSource>) -> Row {
    let (w, state) = (say.words, &list.state);
    let (tag, words) = if state.damaged {
        ("bad", "lists-damaged")
    } else if state.held.is_some() {
        ("warn", "lists-held")
    } else if state.trouble.is_some() {
        ("bad", "lists-trouble")
    } else if state.in_force.is_some() {
        ("good", "lists-fresh")
    } else {
        ("off", "lists-never")
    };
    Row {
        id: list.id.to_string(),
        title: list.title.clone(),
        category: list.category.clone(),
        sources: source.map(|source| source.sources.clone()).unwrap_or_default(),
        licence: source.map(|source| source.licence.clone()).unwrap_or_default(),
        entries: state.in_force.as_ref().map_or_else(|| "0".to_owned(), |edition| say.number(entries(edition))),
        bad: state.in_force.as_ref().map_or_else(|| "0".to_owned(), |edition| say.number(edition.bad)),
        taken: state.in_force.as_ref().map_or_else(|| w.t("lists-no-edition"), |edition| say.when(edition.taken)),
        checked: state.checked.map_or_else(|| w.t("lists-unchecked"), |at| say.when(at)),
        tag,
        state: w.t(words),
        trouble: state.trouble.clone().unwrap_or_default(),
    }
}

const fn entries(edition: &Edition) -> u64 {
    edition.content.names + edition.content.addresses
}

fn waiting(say: &Say, list: &ListStatus, held: &Held, source: Option<&ListSource>) -> Waiting {
    let w = say.words;
    let (from, now) = (list.state.in_force.as_ref().map_or(0, entries), entries(&held.edition));
    let change = w.t2("lists-change", "from", say.number(from), "to", say.number(now));
    Waiting {
        id: list.id.to_string(),
        title: list.title.clone(),
        sha256: held.edition.sha256.to_string(),
        came: say.when(held.edition.taken),
        change,
        why: why(say, list, held, source),
        reason: String::new(),
        busy: false,
    }
}

/// Why an update waits, in words: from the figures that the guard judged by.
fn why(say: &Say, list: &ListStatus, held: &Held, source: Option<&ListSource>) -> Vec<String> {
    let w = say.words;
    let old = list.state.in_force.as_ref();
    let (from, now) = (old.map_or(0, entries), entries(&held.edition));
    let mut why = Vec::new();
    if now == 0 {
        why.push(w.t("lists-why-empty"));
    }
    let allowed = source.map_or_else(String::new, |source| source.guard_percent.to_string());
    // The guard's own sentences tell which of these it was; the controller keeps them in English.
    let says = |words: &str| held.why.iter().any(|why| why.contains(words));
    if says("cut short") {
        why.push(w.t("lists-why-cut"));
    }
    let percent = |by: u64| say.number(by.saturating_mul(100).checked_div(from).unwrap_or_default());
    if says("it shrank") {
        why.push(w.t2("lists-why-shrunk", "percent", percent(from.saturating_sub(now)), "allowed", allowed.as_str()));
    }
    if says("it grew") {
        why.push(w.t2("lists-why-grown", "percent", percent(now.saturating_sub(from)), "allowed", allowed.as_str()));
    }
    let known = |name: &str| old.is_some_and(|old| old.content.hits.iter().any(|hit| hit.protected == name));
    let new: Vec<_> = held.edition.content.hits.iter().filter(|hit| !known(&hit.protected)).collect();
    let judged: Vec<_> = new.iter().filter(|hit| says(&format!("hold {},", hit.protected))).collect();
    let line = |number: u32| number.to_string();
    why.extend(
        judged
            .iter()
            .take(HITS)
            .map(|hit| w.t2("lists-why-protected", "name", hit.protected.as_str(), "line", line(hit.line))),
    );
    if judged.len() > HITS {
        why.push(w.n("lists-why-more", u64::try_from(judged.len() - HITS).unwrap_or(u64::MAX)));
    }
    if why.is_empty() { held.why.clone() } else { why }
}

fn order(w: Words, order: &ListOrder) -> String {
    match order {
        ListOrder::Look(None) => w.t("lists-work-look-all"),
        ListOrder::Look(Some(id)) => w.t1("lists-work-look", "list", id.as_str()),
        ListOrder::Accept(id, _) => w.t1("lists-work-accept", "list", id.as_str()),
        ListOrder::Reject(id, _) => w.t1("lists-work-reject", "list", id.as_str()),
    }
}

fn doing(say: &Say, work: &ListWork) -> String {
    let w = say.words;
    let what = w.t2("lists-work-by", "what", order(w, &work.order), "who", work.by.as_str());
    match work.since {
        Some(since) => w.t2("lists-work-since", "what", what, "when", say.clock(since)),
        None => w.t1("lists-work-waits", "what", what),
    }
}

fn failed(say: &Say, failed: &ListFailed) -> String {
    let w = say.words;
    let why = match &failed.why {
        Ok(why) => spoken(w, std::slice::from_ref(why)).join(" "),
        Err(words) => words.clone(),
    };
    let what = w.t2("lists-failed-at", "what", order(w, &failed.order), "when", say.when(failed.at));
    w.t2("lists-failed", "what", what, "why", why)
}
