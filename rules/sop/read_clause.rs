//! Reading one clause, and the targets that clauses and exceptions share.

use gapura_model::{BitRate, CategoryId, ListId};
use jiff::civil::Weekday;

use super::document::{Answer, Clause, Deed, Ede, Layer, Targets, Words};
use super::problem::Located;
use super::read::{scope, slug};
use super::reader::{Reader, Table, nearest};
use super::safe_search::{Engine, SearchRule, Strictness};
use super::target::{NameTarget, Prefix, Service};
use super::times::{DAYS, WeekHours};

const KEYS: [&str; 17] = [
    "number",
    "words",
    "citizen",
    "action",
    "all",
    "categories",
    "lists",
    "names",
    "addresses",
    "services",
    "search",
    "rate",
    "scope",
    "hours",
    "mandatory",
    "answer",
    "ede",
];

const ACTIONS: [&str; 5] = ["block", "open", "open-before-login", "safe-search", "throttle"];

/// The reason given to resolvers where a clause names none: what the nation orders is an order from outside.
pub(super) const fn default_ede(layer: Option<Layer>) -> Ede {
    match layer {
        Some(Layer::National) => Ede::Censored,
        _ => Ede::Blocked,
    }
}

pub(super) fn clause(reader: &mut Reader<'_>, table: Table<'_, '_>, ede: Ede) -> Option<Clause> {
    reader.keys(table, &KEYS);
    if !table.has("number") {
        reader.missing(table.at, "number", "1");
    }
    let number = reader.number(table, "number");
    let words = reader.needed(table, "words", "\"Situs perjudian daring diblokir.\"");
    let action = action(reader, table);
    let deed = action.as_ref().and_then(|action| deed(reader, table, action));
    let citizen = citizen(reader, table, matches!(deed, Some(Deed::Block)));
    let targets = targets(reader, table);
    let scope = scope(reader, table);
    let hours = hours(reader, table);
    let mandatory = reader.flag(table, "mandatory");
    let (answer, own_ede) = (answer(reader, table), own_ede(reader, table));
    if let Some(action) = &action {
        fitting(reader, table, action, &targets);
        if action.value == "open-before-login" && scope.names_people() {
            let what = "before login nobody has a plan or a group yet";
            reader.wrong(
                "before-login",
                table.at("scope"),
                what,
                "say only for which sites, kinds, agencies or regencies",
            );
        }
    }
    let words = words?.value;
    Some(Clause {
        number: number?.value,
        citizen: citizen.unwrap_or_else(|| Words { id: words.clone(), en: String::new() }),
        words,
        deed: deed?,
        targets,
        scope,
        hours,
        mandatory,
        answer,
        ede: own_ede.unwrap_or(ede),
        at: table.at,
    })
}

fn action(reader: &mut Reader<'_>, table: Table<'_, '_>) -> Option<Located<String>> {
    let action = reader.needed(table, "action", "\"block\"")?;
    if ACTIONS.contains(&action.value.as_str()) {
        return Some(action);
    }
    let near = nearest(&action.value, &ACTIONS).map(|near| format!("did you mean \"{near}\"? ")).unwrap_or_default();
    let help = format!("{near}write one of {}", ACTIONS.join(", "));
    reader.wrong("action", action.at, format!("\"{}\" is not an action", action.value), help);
    None
}

fn deed(reader: &mut Reader<'_>, table: Table<'_, '_>, action: &Located<String>) -> Option<Deed> {
    match action.value.as_str() {
        "block" => Some(Deed::Block),
        "open" => Some(Deed::Open),
        "open-before-login" => Some(Deed::OpenBeforeLogin),
        "safe-search" => search(reader, table).map(Deed::SafeSearch),
        "throttle" => rate(reader, table),
        _ => None,
    }
}

/// Reports targets and keys that the action has no use for.
fn fitting(reader: &mut Reader<'_>, table: Table<'_, '_>, action: &Located<String>, targets: &Targets) {
    let mut unfit = |keys: &[&str], help: &str| {
        for key in keys.iter().filter(|key| table.has(key)) {
            let what = format!("`{key}` has no meaning with action \"{}\"", action.value);
            reader.wrong("unfit", table.at(key), what, help);
        }
    };
    let aims = match action.value.as_str() {
        "block" => {
            unfit(&["search", "rate"], "`search` belongs to \"safe-search\", `rate` to \"throttle\"");
            true
        }
        "open" => {
            unfit(&["search", "rate", "answer", "ede"], "leave it out: nothing is refused here");
            true
        }
        "open-before-login" => {
            unfit(&["search", "rate", "answer", "ede"], "leave it out: nothing is refused here");
            unfit(&["all", "lists", "categories", "services"], "before login only names and addresses are let through");
            true
        }
        "safe-search" => {
            let targets = ["all", "lists", "categories", "names", "addresses", "services"];
            unfit(&targets, "what is restricted is said under `search`");
            unfit(&["rate", "answer", "ede"], "leave it out");
            false
        }
        _ => {
            unfit(
                &["search", "answer", "ede", "services"],
                "leave it out; a throttle names names, lists, addresses or all",
            );
            true
        }
    };
    if aims && targets.is_empty() && !names_target(table) {
        let help = "add names, lists, categories, addresses, services, or all = true";
        reader.wrong("no-target", table.at, "this clause is about nothing", help);
    }
    if !targets.services.is_empty() {
        if !targets.names.is_empty() {
            let help = "put the names into a clause of their own: a name is blocked whole, not by port";
            reader.wrong("unfit", table.at("names"), "names and services cannot stand in one clause", help);
        }
        if targets.all {
            let help = "leave `all` out: services alone are meant toward every address";
            reader.wrong("unfit", table.at("all"), "`all` and services cannot stand in one clause", help);
        }
        let aimed = targets.has_lists() || !targets.addresses.is_empty();
        for service in targets.services.iter().filter(|service| aimed && service.value.ports.is_none()) {
            let what = format!("{} has no ports, so it can only be refused as a whole", service.value);
            reader.wrong("unfit", service.at, what, "put it into a clause without lists and addresses");
        }
    }
}

fn citizen(reader: &mut Reader<'_>, table: Table<'_, '_>, needed: bool) -> Option<Words> {
    if !table.has("citizen") && needed {
        reader.missing(
            table.at,
            "citizen",
            "{ id = \"Situs judi daring diblokir.\", en = \"Online gambling is blocked.\" }",
        );
    }
    let citizen = reader.tables(table, "citizen").into_iter().next()?;
    reader.keys(citizen, &["id", "en"]);
    let id = reader.needed(citizen, "id", "\"Situs judi daring diblokir.\"")?;
    let en = reader.text(citizen, "en");
    // An extra text of RFC 8914 shares one UDP answer with the rest.
    for text in [Some(&id), en.as_ref()].into_iter().flatten() {
        if text.value.chars().count() > 200 {
            let help = "say the reason in one sentence; the clause's `words` have room for more";
            reader.wrong("long", text.at, "the text for citizens is over 200 characters", help);
        }
    }
    Some(Words { id: id.value, en: en.map(|en| en.value).unwrap_or_default() })
}

/// Whether some target is written, be it a wrong one.
pub(super) fn names_target(table: Table<'_, '_>) -> bool {
    ["all", "categories", "lists", "names", "addresses", "services"].iter().any(|key| table.has(key))
}

/// Reads `all`, `categories`, `lists`, `names`, `addresses` and `services`.
pub(super) fn targets(reader: &mut Reader<'_>, table: Table<'_, '_>) -> Targets {
    Targets {
        all: reader.flag(table, "all"),
        categories: reader.each((table, "categories"), "name", slug::<CategoryId>),
        lists: reader.each((table, "lists"), "name", slug::<ListId>),
        names: reader.each((table, "names"), "target", |text| text.parse::<NameTarget>().map_err(Into::into)),
        addresses: reader.each((table, "addresses"), "target", |text| text.parse::<Prefix>().map_err(Into::into)),
        services: reader.each((table, "services"), "target", |text| text.parse::<Service>().map_err(Into::into)),
    }
}

fn hours(reader: &mut Reader<'_>, table: Table<'_, '_>) -> Option<WeekHours> {
    if !table.has("hours") {
        return None;
    }
    let mut hours = WeekHours::default();
    for part in reader.tables(table, "hours") {
        reader.keys(part, &["days", "spans"]);
        let days = reader.each((part, "days"), "day", |text| {
            let day = DAYS.iter().find(|(name, _)| *name == text).map(|(_, day)| *day);
            day.ok_or_else(|| {
                (format!("\"{text}\" is not a weekday"), "write mon, tue, wed, thu, fri, sat, sun".to_owned())
            })
        });
        if !part.has("spans") {
            reader.missing(part.at, "spans", "[\"07.00-15.00\"]");
        }
        let spans = reader.each((part, "spans"), "span", |text| {
            let help = "write 08.00-22.00, or 20.00-02.00 past midnight; 24.00 is the end of the day".to_owned();
            text.parse().map_err(|_| (format!("\"{text}\" is not a window of a day"), help))
        });
        let days: Vec<Weekday> = days.into_iter().map(|day| day.value).collect();
        let spans: Vec<_> = spans.into_iter().map(|span| span.value).collect();
        hours.add(&days, &spans);
    }
    (!hours.is_empty()).then_some(hours)
}

fn answer(reader: &mut Reader<'_>, table: Table<'_, '_>) -> Answer {
    let choice = reader.text(table, "answer");
    let help = "write \"nxdomain\", \"nodata\" or \"page\"";
    choice.map_or_else(Answer::default, |text| match text.value.as_str() {
        "nxdomain" => Answer::Nxdomain,
        "nodata" => Answer::Nodata,
        "page" => Answer::Page,
        _ => {
            reader.wrong("answer", text.at, format!("\"{}\" is not an answer", text.value), help);
            Answer::default()
        }
    })
}

fn own_ede(reader: &mut Reader<'_>, table: Table<'_, '_>) -> Option<Ede> {
    let text = reader.text(table, "ede")?;
    let help =
        "write \"blocked\" (own policy), \"censored\" (order from outside) or \"filtered\" (asked for by the users)";
    match text.value.as_str() {
        "blocked" => Some(Ede::Blocked),
        "censored" => Some(Ede::Censored),
        "filtered" => Some(Ede::Filtered),
        _ => {
            reader.wrong("ede", text.at, format!("\"{}\" is not a reason of RFC 8914", text.value), help);
            None
        }
    }
}

fn search(reader: &mut Reader<'_>, table: Table<'_, '_>) -> Option<SearchRule> {
    if !table.has("search") {
        reader.missing(table.at, "search", "{ every = \"on\", youtube = \"moderate\" }");
        return None;
    }
    let search = reader.tables(table, "search").into_iter().next()?;
    let known: Vec<&str> = ["every"].into_iter().chain(Engine::ALL.map(Engine::name)).collect();
    reader.keys(search, &known);
    let mut rule = SearchRule::default();
    // `every` first, so that what is said of one service stands.
    let every = reader.text(search, "every");
    for engine in Engine::ALL.into_iter().filter(|engine| *engine != Engine::Youtube) {
        let own = if search.has(engine.name()) { reader.text(search, engine.name()) } else { every.clone() };
        let Some(text) = own else { continue };
        match text.value.as_str() {
            "on" => rule.set(engine, Strictness::Strict),
            "off" => rule.set(engine, Strictness::Off),
            _ => {
                reader.wrong(
                    "search",
                    text.at,
                    format!("\"{}\" is neither on nor off", text.value),
                    "write \"on\" or \"off\"",
                );
            }
        }
    }
    if let Some(text) = reader.text(search, "youtube") {
        match text.value.as_str() {
            "strict" => rule.set(Engine::Youtube, Strictness::Strict),
            "moderate" => rule.set(Engine::Youtube, Strictness::Moderate),
            "off" => rule.set(Engine::Youtube, Strictness::Off),
            _ => {
                let what = format!("\"{}\" is not a mode of YouTube", text.value);
                reader.wrong("search", text.at, what, "write \"strict\", \"moderate\" or \"off\"");
            }
        }
    }
    if rule == SearchRule::default() {
        let help = "write for example search = { every = \"on\", youtube = \"moderate\" }";
        reader.wrong("no-target", search.at, "this says nothing of any service", help);
    }
    Some(rule)
}

fn rate(reader: &mut Reader<'_>, table: Table<'_, '_>) -> Option<Deed> {
    let text = reader.needed(table, "rate", "\"2 Mbit/s\"")?;
    if text.value == "none" {
        return Some(Deed::Throttle(None));
    }
    let unit = |unit: &str| match unit {
        "kbit/s" => Some(1_000),
        "Mbit/s" => Some(1_000_000),
        "Gbit/s" => Some(1_000_000_000),
        _ => None,
    };
    let parsed =
        text.value.split_once(' ').and_then(|(number, name)| number.parse::<u64>().ok()?.checked_mul(unit(name)?));
    let rate = parsed.and_then(BitRate::new);
    if rate.is_none() {
        let what = format!("\"{}\" is not a speed", text.value);
        reader.wrong("rate", text.at, what, "write \"512 kbit/s\", \"2 Mbit/s\", or \"none\" to lift a throttle");
    }
    rate.map(|rate| Deed::Throttle(Some(rate)))
}
