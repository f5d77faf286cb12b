//! What two sets of SOPs mean differently, and for whom: both are asked about everything either of them names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gapura_model::{ListId, ListSet, Name};
use jiff::civil::Date;
use serde::Serialize;

use super::policy::{Action, Policy};
use super::safe_search::Engine;
use super::sample::{OTHER, Sample, Samples, monday};
use super::scope::kind_name;
use super::stack::Stack;
use super::target::{NameTarget, Prefix, Service};
use super::times::{DAYS, WeekHours};

/// Something that becomes of some targets for some people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// What it is about, as documents write it.
    pub targets: Vec<String>,
    /// What holds until then: `open`, `blocked`, `strict` ...
    pub old: String,
    /// What holds from then on.
    pub new: String,
    /// For whom, in words.
    pub whom: String,
    /// At which hours, in words.
    pub when: String,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { targets, old, new, whom, when } = self;
        write!(f, "{}: {old} -> {new} for {whom}, {when}", targets.join(", "))
    }
}

/// Something both are asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    AllNames,
    List(ListId),
    /// By its text, for the order.
    Name(String),
    Range(Prefix),
    Service(Service),
    ServiceToList(Service, ListId),
    Search(Engine),
}

/// Everything about a sample but its hour.
type Whom = (String, &'static str, String, String, String, String);

/// Where the answers differ: by what they were and become, whom, and at which minutes.
type Differences = BTreeMap<(String, String), BTreeMap<Whom, BTreeSet<u16>>>;

/// What becomes different, the largest groups of people first.
pub(super) fn effects(old: &Stack, new: &Stack, today: Date) -> Vec<Effect> {
    let samples = Samples::of(&[old, new]);
    let in_force = old.sops().chain(new.sops()).map(super::document::Sop::effective_from).fold(today, Date::max);
    let contexts = samples.within(&[], monday(in_force), |_, _| true);
    let subjects: BTreeSet<Subject> = [old, new].into_iter().flat_map(subjects).collect();
    let mut found: BTreeMap<&Subject, Differences> = BTreeMap::new();
    for sample in &contexts {
        let (before, after) = (policy(old, sample), policy(new, sample));
        for subject in &subjects {
            let (was, becomes) = (ask(old, &before, subject), ask(new, &after, subject));
            if was != becomes {
                let whom = found.entry(subject).or_default().entry((was, becomes)).or_default();
                whom.entry(of(sample)).or_default().insert(sample.minute);
            }
        }
    }
    let everyone: BTreeSet<Whom> = contexts.iter().map(of).collect();
    // Targets that change alike are said together.
    let mut alike: BTreeMap<(String, String, String, String), Vec<String>> = BTreeMap::new();
    for (subject, differences) in found {
        for ((was, becomes), whom) in differences {
            for (people, minutes) in by_hours(whom) {
                let key =
                    (was.clone(), becomes.clone(), whom_words(&people, &everyone), hours_words(&minutes, &samples));
                alike.entry(key).or_default().push(subject.to_string());
            }
        }
    }
    alike.into_iter().map(|((old, new, whom, when), targets)| Effect { targets, old, new, whom, when }).collect()
}

fn policy(stack: &Stack, sample: &Sample) -> Policy {
    stack.policy(&sample.place, &sample.audience, sample.at)
}

fn of(sample: &Sample) -> Whom {
    let Sample { place, audience, .. } = sample;
    let plan = audience.plan.as_ref().map_or_else(|| "before login".to_owned(), ToString::to_string);
    let (group, site) = (audience.group.to_string(), place.site.to_string());
    (group, kind_name(place.kind), site, plan, place.agency.clone(), place.regency.clone())
}

fn by_hours(whom: BTreeMap<Whom, BTreeSet<u16>>) -> BTreeMap<BTreeSet<Whom>, BTreeSet<u16>> {
    let mut hours: BTreeMap<BTreeSet<u16>, BTreeSet<Whom>> = BTreeMap::new();
    for (people, minutes) in whom {
        hours.entry(minutes).or_default().insert(people);
    }
    hours.into_iter().map(|(minutes, people)| (people, minutes)).collect()
}

fn subjects(stack: &Stack) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Engine::ALL.into_iter().map(Subject::Search).collect();
    subjects.push(Subject::AllNames);
    for bound in &stack.clauses {
        let exceptions = bound.exceptions.iter().map(|(exception, lists)| (&exception.targets, *lists));
        for (targets, lists) in exceptions.chain([(&bound.clause.targets, bound.lists)]) {
            let ids: Vec<&ListId> =
                lists.iter().filter_map(|list| stack.catalogue.numbered(list)).map(|entry| &entry.id).collect();
            subjects.extend(targets.names.iter().map(|name| Subject::Name(name.value.to_string())));
            subjects.extend(targets.addresses.iter().map(|prefix| Subject::Range(prefix.value)));
            for service in targets.services.iter().map(|service| service.value) {
                subjects.push(Subject::Service(service));
                subjects.extend(ids.iter().map(|id| Subject::ServiceToList(service, (*id).clone())));
            }
            if targets.services.is_empty() {
                subjects.extend(ids.into_iter().cloned().map(Subject::List));
            }
        }
    }
    subjects
}

/// A name that no document writes.
fn nameless() -> Option<Name> {
    "gapura-nowhere.invalid".parse().ok()
}

fn ask(stack: &Stack, policy: &Policy, subject: &Subject) -> String {
    let held = |id: &ListId| -> ListSet { stack.catalogue.entry(id).map(|entry| entry.number).into_iter().collect() };
    let action = |action: Action| match action {
        Action::Open => "open".to_owned(),
        Action::Block => "blocked".to_owned(),
    };
    let name = |name: &Name, held: ListSet| {
        let rate = policy.name_throttle(name, held).and_then(|throttle| throttle.rate);
        let slow = rate.map(|rate| format!(" at {rate}")).unwrap_or_default();
        format!("{}{slow}", action(policy.name(name, held).action))
    };
    let anywhere = std::net::Ipv6Addr::UNSPECIFIED.into();
    let service = |service: &Service, held| {
        let port = service.ports.map(|(first, _)| first);
        action(policy.service(service.protocol, port, anywhere, held).action)
    };
    let text = match subject {
        Subject::AllNames => nameless().map(|of| name(&of, ListSet::EMPTY)),
        Subject::List(id) => nameless().map(|of| {
            let (names, held) = (name(&of, held(id)), held(id));
            let addresses = action(policy.address(anywhere, held).action);
            let has = stack.catalogue.entry(id).map(|entry| entry.holds);
            if has.is_some_and(|holds| !holds.names()) { addresses } else { names }
        }),
        Subject::Name(text) => text.parse::<NameTarget>().ok().map(|target| name(&target.sample(), ListSet::EMPTY)),
        Subject::Range(prefix) => Some(action(policy.address(prefix.first(), ListSet::EMPTY).action)),
        Subject::Service(of) => Some(service(of, ListSet::EMPTY)),
        Subject::ServiceToList(of, id) => Some(service(of, held(id))),
        Subject::Search(engine) => Some(policy.safe_search().of(*engine).to_string()),
    };
    text.unwrap_or_default()
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllNames => f.write_str("names no clause or list knows"),
            Self::List(id) => write!(f, "list {id}"),
            Self::Name(name) => f.write_str(name),
            Self::Range(prefix) => write!(f, "{prefix}"),
            Self::Service(service) => write!(f, "{service} anywhere"),
            Self::ServiceToList(service, id) => write!(f, "{service} toward list {id}"),
            Self::Search(engine) => write!(f, "safe search of {engine}"),
        }
    }
}

/// Who they are, by what tells them apart from the others.
fn whom_words(people: &BTreeSet<Whom>, everyone: &BTreeSet<Whom>) -> String {
    let mut parts = Vec::new();
    let mut exact = 1;
    let mut part = |label: &str, of: fn(&Whom) -> &str| {
        let own: BTreeSet<&str> = people.iter().map(of).collect();
        let all: BTreeSet<&str> = everyone.iter().map(of).collect();
        exact *= own.len();
        let missing: Vec<&str> = all.difference(&own).copied().collect();
        if missing.is_empty() {
            return;
        }
        let own: Vec<&str> = own.into_iter().collect();
        let most = own.contains(&OTHER) || own.len() > missing.len() + 1;
        parts.push(if most {
            format!("{label} all but {}", missing.join(", "))
        } else {
            format!("{label} {}", own.join(", "))
        });
    };
    part("group", |whom| &whom.0);
    part("kind", |whom| whom.1);
    part("site", |whom| &whom.2);
    part("plan", |whom| &whom.3);
    part("agency", |whom| &whom.4);
    part("regency", |whom| &whom.5);
    let partly = if exact == people.len() { "" } else { "some of " };
    if parts.is_empty() { format!("{partly}everyone") } else { format!("{partly}{}", parts.join(", ")) }
}

fn hours_words(minutes: &BTreeSet<u16>, samples: &Samples) -> String {
    let all = samples.minutes();
    if all.iter().all(|minute| minutes.contains(minute)) {
        return "at all hours".to_owned();
    }
    let mut hours = WeekHours::default();
    let ends = all.iter().skip(1).copied().chain([10_080]);
    for (from, until) in all.iter().copied().zip(ends).filter(|(from, _)| minutes.contains(from)) {
        for (day, (_, weekday)) in (0_u16..).zip(DAYS) {
            let (start, end) = (from.max(day * 1440), until.min(day * 1440 + 1440));
            let clock = |minute: u16| format!("{:02}.{:02}", minute / 60, minute % 60);
            let span = format!("{}-{}", clock(start.saturating_sub(day * 1440)), clock(end.saturating_sub(day * 1440)));
            if let (true, Ok(span)) = (start < end, span.parse()) {
                hours.add(&[weekday], &[span]);
            }
        }
    }
    hours.joined().to_string()
}
