//! SOPs in words: where they stand, what their clauses do, for whom and when.

use gapura_controller::{SopLine, SopState};
use gapura_model::SiteKind;
use gapura_rules::sop::{Deed, Engine, Layer, Scope, Sop, Strictness, WrittenClause, WrittenException, WrittenTargets};
use gapura_speech::{Say, Words};

use super::times;

/// A state, in shape and word.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) class: &'static str,
    pub(super) words: String,
}

/// A fact: what, and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) values: Vec<String>,
}

impl Fact {
    pub(super) fn line(&self) -> String {
        self.values.join(", ")
    }
}

pub(super) fn state(text: &str) -> Option<SopState> {
    SopState::named(text)
}

/// Where a SOP stands.
pub(super) fn tag(say: &Say, line: &SopLine) -> Tag {
    let w = say.words;
    let of = |class, key| Tag { class, words: w.t(key) };
    match state(&line.row.state) {
        Some(SopState::Draft) => of("info", "sops-state-draft"),
        Some(SopState::Approved) => of("warn", "sops-state-approved"),
        Some(SopState::Published) => match line.awaited {
            Some(day) => Tag { class: "info", words: w.t1("sops-state-awaited", "day", say.date(day)) },
            None => of("good", "sops-state-published"),
        },
        Some(SopState::Replaced) => of("off", "sops-state-replaced"),
        Some(SopState::Retired) => of("off", "sops-state-retired"),
        Some(SopState::Discarded) | None => of("off", "sops-state-discarded"),
    }
}

/// What has to be looked at besides.
pub(super) fn remarks(say: &Say, line: &SopLine) -> Vec<Tag> {
    let w = say.words;
    let mut tags = Vec::new();
    if line.ending.is_some() {
        tags.push(Tag { class: "bad", words: w.t("sops-remark-ending") });
    }
    let empty: Vec<&str> = line.unheld.iter().filter(|one| one.nothing).map(|one| one.clause.as_str()).collect();
    if !empty.is_empty() {
        tags.push(Tag { class: "bad", words: w.t1("sops-remark-empty", "clauses", empty.join(", ")) });
    }
    let part: Vec<&str> = line.unheld.iter().filter(|one| !one.nothing).map(|one| one.clause.as_str()).collect();
    if !part.is_empty() {
        tags.push(Tag { class: "warn", words: w.t1("sops-remark-part", "clauses", part.join(", ")) });
    }
    if line.overdue {
        tags.push(Tag { class: "warn", words: w.t("sops-remark-overdue") });
    }
    if line.on_trial {
        tags.push(Tag { class: "info", words: w.t("sops-remark-trial") });
    }
    tags
}

/// The layer by its name in the database.
pub(super) fn layer_named(w: Words, name: &str) -> String {
    Layer::ALL.into_iter().find(|layer| layer.name() == name).map_or_else(|| name.to_owned(), |one| layer(w, one))
}

pub(super) fn layer(w: Words, layer: Layer) -> String {
    w.t(match layer {
        Layer::National => "sops-layer-national",
        Layer::Province => "sops-layer-province",
        Layer::Regency => "sops-layer-regency",
        Layer::Agency => "sops-layer-agency",
        Layer::Site => "sops-layer-site",
    })
}

/// What a clause does.
pub(super) fn deed(say: &Say, deed: Deed) -> String {
    let w = say.words;
    match deed {
        Deed::Block => w.t("sops-does-block"),
        Deed::Open => w.t("sops-does-open"),
        Deed::OpenBeforeLogin => w.t("sops-does-before"),
        Deed::SafeSearch(rule) => {
            let told = Engine::ALL.into_iter().filter_map(|engine| Some((engine, rule.of(engine)?)));
            let told = told.map(|(engine, how)| {
                let how = match how {
                    Strictness::Off => "sops-search-off",
                    Strictness::Moderate => "sops-search-moderate",
                    Strictness::Strict => "sops-search-strict",
                };
                format!("{} {}", engine_name(engine), w.t(how))
            });
            w.t1("sops-does-search", "what", told.collect::<Vec<_>>().join(", "))
        }
        Deed::Throttle(Some(rate)) => w.t1("sops-does-slow", "rate", say.rate(rate)),
        Deed::Throttle(None) => w.t("sops-does-lift"),
    }
}

const fn engine_name(engine: Engine) -> &'static str {
    match engine {
        Engine::Google => "Google",
        Engine::Bing => "Bing",
        Engine::Duckduckgo => "DuckDuckGo",
        Engine::Yandex => "Yandex",
        Engine::Pixabay => "Pixabay",
        Engine::Ecosia => "Ecosia",
        Engine::Youtube => "YouTube",
    }
}

/// What a clause or an exception is about, each by itself.
pub(super) fn targets(w: Words, targets: &WrittenTargets) -> Vec<String> {
    let all = targets.all.then(|| w.t("sops-about-all"));
    let categories = targets.categories.iter().map(|one| w.t1("sops-about-category", "name", one.as_str()));
    let lists = targets.lists.iter().map(|one| w.t1("sops-about-list", "name", one.as_str()));
    let written = targets.names.iter().chain(&targets.addresses).chain(&targets.services).cloned();
    all.into_iter().chain(categories).chain(lists).chain(written).collect()
}

/// For whom, each condition by itself; nothing for everyone.
pub(super) fn scope(w: Words, scope: &Scope) -> Vec<String> {
    let join = |values: Vec<String>| values.join(", ");
    let of = |key: &str, values: Vec<String>| (!values.is_empty()).then(|| w.t1(key, "names", join(values)));
    let texts = |set: &mut dyn Iterator<Item = String>| set.collect::<Vec<_>>();
    [
        of("sops-scope-groups", texts(&mut scope.groups.iter().map(ToString::to_string))),
        of("sops-scope-except", texts(&mut scope.except_groups.iter().map(ToString::to_string))),
        of("sops-scope-plans", texts(&mut scope.plans.iter().map(ToString::to_string))),
        of("sops-scope-kinds", texts(&mut scope.kinds.iter().map(|one| kind(w, *one)))),
        of("sops-scope-sites", texts(&mut scope.sites.iter().map(ToString::to_string))),
        of("sops-scope-agencies", texts(&mut scope.agencies.iter().cloned())),
        of("sops-scope-regencies", texts(&mut scope.regencies.iter().cloned())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn kind(w: Words, kind: SiteKind) -> String {
    w.t(match kind {
        SiteKind::Gallery => "network-kind-gallery",
        SiteKind::Hotspot => "network-kind-hotspot",
        SiteKind::Telecenter => "network-kind-telecenter",
        SiteKind::Plik => "network-kind-plik",
        SiteKind::Mplik => "network-kind-mplik",
    })
}

fn everyone(w: Words, said: Vec<String>) -> Vec<String> {
    if said.is_empty() { vec![w.t("sops-scope-everyone")] } else { said }
}

/// All that a clause says, always the same facts in the same order: what differs between two is what changed.
pub(super) fn clause(say: &Say, clause: &WrittenClause) -> Vec<Fact> {
    let w = say.words;
    let fact = |label: &str, values: Vec<String>| Fact { label: w.t(label), values };
    let hours = clause.hours.as_ref().map_or_else(|| w.t("sops-hours-always"), |hours| times::words(say, hours));
    let binding = if clause.mandatory { "sops-binding-yes" } else { "sops-binding-no" };
    let citizen = if clause.deed == Deed::Block { vec![clause.citizen.id.clone()] } else { Vec::new() };
    vec![
        fact("sops-fact-does", vec![deed(say, clause.deed)]),
        fact("sops-fact-about", targets(w, &clause.targets)),
        fact("sops-fact-for", everyone(w, scope(w, &clause.scope))),
        fact("sops-fact-hours", vec![hours]),
        fact("sops-fact-binding", vec![w.t(binding)]),
        fact("sops-fact-citizen", citizen),
        fact("sops-fact-words", vec![clause.words.trim().to_owned()]),
    ]
}

/// All that stands at the top.
pub(super) fn top(say: &Say, sop: &Sop) -> Vec<Fact> {
    let w = say.words;
    let fact = |label: &str, values: Vec<String>| Fact { label: w.t(label), values };
    vec![
        fact("sops-fact-title", vec![sop.title().to_owned()]),
        fact("sops-fact-owner", vec![sop.owner().to_owned()]),
        fact("sops-fact-basis", sop.legal_basis().map(str::to_owned).collect()),
        fact("sops-fact-from", vec![say.date(sop.effective_from())]),
        fact("sops-fact-review", vec![say.date(sop.review_by())]),
        fact("sops-fact-for", everyone(w, scope(w, sop.scope()))),
    ]
}

/// What an exception lifts, in a line that tells it from the others.
pub(super) fn exception(w: Words, one: &WrittenException) -> String {
    let about = targets(w, &one.targets).join(", ");
    let line = w.t2("sops-exception", "clauses", one.of.join(", "), "about", about);
    let scope = scope(w, &one.scope);
    if scope.is_empty() { line } else { format!("{line} ({})", scope.join("; ")) }
}

/// Until when, and since when where that is said.
pub(super) fn lasts(say: &Say, one: &WrittenException) -> String {
    let until = say.date(one.until);
    match one.from {
        Some(from) => say.words.t2("sops-exception-span", "from", say.date(from), "until", until),
        None => say.words.t1("sops-exception-until", "until", until),
    }
}

/// "9f3c 77ab 41d0 e2b6": the beginning of a hash, as it stands on paper.
pub(super) fn print(hash: &[u8]) -> String {
    let octets: Vec<String> = hash.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    octets.chunks(2).map(<[String]>::concat).collect::<Vec<_>>().join(" ")
}
