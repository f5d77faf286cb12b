//! The SOPs that hold for one site, checked together.

use std::collections::BTreeMap;
use std::sync::Arc;

use gapura_model::ListSet;
use jiff::Timestamp;
use jiff::civil::Date;

use super::catalogue::Catalogue;
use super::conflict;
use super::document::{Answer, Clause, Deed, Ede, Exception, Layer, Sop, Targets, Words};
use super::policy::{Action, ClauseIndex, MOST_CLAUSES, Policy, Reach};
use super::problem::{Located, Position, Problem, Severity, Source, Span, sort};
use super::read;
use super::scope::{Audience, Place};
use super::target::{NameTarget, Prefix};

/// The SOPs that hold for one site: what they mean for anyone there at any time.
#[derive(Clone, Debug)]
pub struct Stack {
    pub(super) sops: Vec<Arc<Sop>>,
    pub(super) clauses: Vec<Bound>,
    pub(super) catalogue: Catalogue,
    pub(super) texts: Arc<[ClauseText]>,
    pub(super) reach: Arc<Reach>,
}

/// A clause for people: what a block page, an extended DNS error or a report says of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClauseText {
    /// Whose SOP.
    pub layer: Layer,
    /// The SOP's number.
    pub sop: String,
    /// The SOP's title.
    pub title: String,
    /// The SOP's revision.
    pub revision: u32,
    /// The clause's number in it.
    pub clause: String,
    /// What the clause says, in the words of the document.
    pub words: String,
    /// What citizens are told.
    pub citizen: Words,
    /// What the SOP rests on.
    pub legal_basis: Vec<String>,
    /// The reason resolvers give.
    pub ede: Ede,
    /// How a name it blocks is answered.
    pub answer: Answer,
    /// Whether lower layers may not lift it.
    pub mandatory: bool,
}

/// The group of people that everyone is in whom nobody gave another.
pub const DEFAULT_GROUP: &str = "umum";

/// What is open before login, each with the clause that opens it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Garden {
    /// Names.
    pub names: Vec<(NameTarget, ClauseIndex)>,
    /// Addresses.
    pub addresses: Vec<(Prefix, ClauseIndex)>,
}

/// A clause beside everything it depends on.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) index: ClauseIndex,
    pub(super) sop: Arc<Sop>,
    /// From this day on a later revision of the SOP holds.
    pub(super) superseded: Option<Date>,
    pub(super) clause: Clause,
    pub(super) lists: ListSet,
    pub(super) exceptions: Vec<(Exception, ListSet)>,
}

/// Where, for whom and when something is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) place: &'a Place,
    pub(super) audience: &'a Audience,
    pub(super) at: Timestamp,
    pub(super) today: Date,
}

impl<'a> Context<'a> {
    pub(super) fn new(place: &'a Place, audience: &'a Audience, at: Timestamp) -> Self {
        Self { place, audience, at, today: place.zone.date(at) }
    }
}

/// Whether a clause holds in a context, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Holds,
    NotYet,
    Superseded,
    OtherPlace,
    OtherPeople,
    OtherHours,
}

impl Bound {
    pub(super) fn standing(&self, context: &Context<'_>) -> Standing {
        let Context { place, audience, at, today } = *context;
        let scopes = [&self.sop.scope, &self.clause.scope];
        if today < self.sop.effective_from {
            Standing::NotYet
        } else if self.superseded.is_some_and(|date| date <= today) {
            Standing::Superseded
        } else if !scopes.iter().all(|scope| scope.takes_place(place)) {
            Standing::OtherPlace
        } else if !scopes.iter().all(|scope| scope.takes_audience(audience)) {
            Standing::OtherPeople
        } else if self.clause.hours.as_ref().is_some_and(|hours| !hours.takes(at, &place.zone)) {
            Standing::OtherHours
        } else {
            Standing::Holds
        }
    }

    /// Its exceptions that are live in a context, with the lists they name.
    pub(super) fn live_exceptions(&self, context: &Context<'_>) -> impl Iterator<Item = (&Exception, ListSet)> {
        let live = self.exceptions.iter().filter(|(exception, _)| {
            exception.is_live(context.today)
                && exception.scope.takes_place(context.place)
                && exception.scope.takes_audience(context.audience)
        });
        live.map(|(exception, lists)| (exception, *lists))
    }

    fn text(&self) -> ClauseText {
        ClauseText {
            layer: self.sop.layer,
            sop: self.sop.number.value.clone(),
            title: self.sop.title.clone(),
            revision: self.sop.revision,
            clause: self.clause.number.clone(),
            words: self.clause.words.clone(),
            citizen: self.clause.citizen.clone(),
            legal_basis: self.sop.legal_basis().map(str::to_owned).collect(),
            ede: self.clause.ede,
            answer: self.clause.answer,
            mandatory: self.clause.mandatory,
        }
    }
}

impl Sop {
    pub(super) fn source(&self) -> Source<'_> {
        Source { file: &self.file, text: &self.text }
    }

    pub(super) fn problem(
        &self,
        severity: Severity,
        id: &'static str,
        at: Span,
        what: String,
        help: String,
    ) -> Problem {
        Problem { severity, id, position: Position::of(self.source(), at), what, help, related: Vec::new() }
    }
}

/// What an unknown list or a conflict means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictly {
    /// An error: someone is about to publish this.
    Yes,
    /// A warning: it was published; the rest of it has to hold.
    No,
}

impl Stack {
    /// Reads the SOPs of a site before they are published. Every problem there is comes back, in reading order; the
    /// stack is there where none is an error.
    pub fn read(sources: &[Source<'_>], lists: &Catalogue) -> (Option<Self>, Vec<Problem>) {
        Self::gather(sources, lists, Strictly::Yes)
    }

    /// Reads SOPs that were published, to enforce them: a list that this catalogue lacks holds nothing, and of two
    /// clauses that contradict each other the stricter one holds. Both are warnings here.
    pub fn adopt(sources: &[Source<'_>], lists: &Catalogue) -> (Option<Self>, Vec<Problem>) {
        Self::gather(sources, lists, Strictly::No)
    }

    /// SOPs beside each other, their clauses, and all problems but that there are too many of them.
    pub(super) fn together(
        sources: &[Source<'_>],
        lists: &Catalogue,
        strictly: Strictly,
    ) -> (Vec<Arc<Sop>>, Vec<Bound>, Vec<Problem>) {
        let (mut sops, mut problems) = (Vec::new(), Vec::new());
        for source in sources {
            let (sop, found) = read::read(*source);
            problems.extend(found);
            sops.extend(sop.map(Arc::new));
        }
        sops.sort_by(|one: &Arc<Sop>, other| order(one).cmp(&order(other)));
        problems.extend(twice(&sops));
        let severity = if strictly == Strictly::Yes { Severity::Error } else { Severity::Warning };
        let clauses = bind(&sops, lists, severity, &mut problems);
        problems.extend(conflict::conflicts(&clauses, severity));
        (sops, clauses, problems)
    }

    fn gather(sources: &[Source<'_>], lists: &Catalogue, strictly: Strictly) -> (Option<Self>, Vec<Problem>) {
        let (sops, clauses, mut problems) = Self::together(sources, lists, strictly);
        if let Some(bound) = clauses.get(MOST_CLAUSES) {
            let what = format!("the SOPs of one site have more than {MOST_CLAUSES} clauses");
            let help = "join clauses that do the same for the same people".to_owned();
            problems.push(bound.sop.problem(Severity::Error, "too-many", bound.clause.at, what, help));
        }
        sort(&mut problems);
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            return (None, problems);
        }
        let texts = clauses.iter().map(Bound::text).collect();
        let reach = Arc::new(reach(&clauses));
        (Some(Self { sops, clauses, catalogue: lists.clone(), texts, reach }), problems)
    }

    /// The SOPs, the highest layer first.
    pub fn sops(&self) -> impl Iterator<Item = &Sop> {
        self.sops.iter().map(AsRef::as_ref)
    }

    /// The lists they were checked against.
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// All clauses, by their index.
    pub fn clauses(&self) -> &[ClauseText] {
        &self.texts
    }

    /// What holds for someone at a place and a moment, ready to be asked.
    pub fn policy(&self, place: &Place, audience: &Audience, at: Timestamp) -> Policy {
        super::compile::policy(self, &Context::new(place, audience, at))
    }

    /// The clauses that hold for someone at a place and a moment, whether they win or not.
    pub fn holding(&self, place: &Place, audience: &Audience, at: Timestamp) -> Vec<ClauseIndex> {
        let context = Context::new(place, audience, at);
        let holding = self.clauses.iter().filter(|bound| bound.standing(&context) == Standing::Holds);
        holding.map(|bound| bound.index).collect()
    }

    /// What is open before login at a place and a moment. What a mandatory clause above blocks by name or address is
    /// left out; whether a list holds it is for the resolver to see.
    pub fn garden(&self, place: &Place, at: Timestamp) -> Garden {
        let mut garden = Garden::default();
        let Ok(group) = DEFAULT_GROUP.parse() else { return garden };
        let audience = Audience { plan: None, group };
        let context = Context::new(place, &audience, at);
        let policy = super::compile::policy(self, &context);
        let opening =
            |bound: &&Bound| bound.clause.deed == Deed::OpenBeforeLogin && bound.standing(&context) == Standing::Holds;
        for bound in self.clauses.iter().filter(opening) {
            let names = bound.clause.targets.names.iter().map(|name| name.value);
            let names = names.filter(|name| policy.name(&name.sample(), ListSet::EMPTY).action == Action::Open);
            garden.names.extend(names.map(|name| (name, bound.index)));
            let prefixes = bound.clause.targets.addresses.iter().map(|prefix| prefix.value);
            let prefixes =
                prefixes.filter(|prefix| policy.address(prefix.first(), ListSet::EMPTY).action == Action::Open);
            garden.addresses.extend(prefixes.map(|prefix| (prefix, bound.index)));
        }
        garden
    }

    /// When something may change next: a clause's hours, a day on which a revision comes into force or an exception
    /// begins or ends. `None`: never.
    pub fn next_change(&self, place: &Place, after: Timestamp) -> Option<Timestamp> {
        let days = self.sops.iter().map(|sop| Some(sop.effective_from)).chain(self.clauses.iter().flat_map(|bound| {
            let exceptions = bound.exceptions.iter();
            exceptions.flat_map(|(exception, _)| [exception.from, exception.until.value.tomorrow().ok()])
        }));
        let starts = days.flatten().filter_map(|day| day.to_zoned(place.zone.tz().clone()).ok());
        let starts = starts.map(|start| start.timestamp()).filter(|start| *start > after);
        let taken = |bound: &&Bound| bound.sop.scope.takes_place(place) && bound.clause.scope.takes_place(place);
        let hours = self.clauses.iter().filter(taken).filter_map(|bound| bound.clause.hours.as_ref());
        let edges = hours.filter_map(|hours| hours.next_change(after, &place.zone));
        starts.chain(edges).min()
    }
}

/// What the clauses look at of addresses.
fn reach(clauses: &[Bound]) -> Reach {
    let mut reach = Reach::default();
    for bound in clauses {
        let exceptions = bound.exceptions.iter().map(|(exception, lists)| (&exception.targets, *lists));
        for (targets, lists) in exceptions.chain([(&bound.clause.targets, bound.lists)]) {
            reach.lists = reach.lists.or(lists);
            reach.prefixes.extend(targets.addresses.iter().map(|prefix| prefix.value));
        }
    }
    reach.prefixes.sort_unstable();
    reach.prefixes.dedup();
    reach
}

fn order(sop: &Sop) -> (Layer, &str, u32, &str) {
    (sop.layer, &sop.number.value, sop.revision, &sop.file)
}

/// The same revision of the same SOP, handed in twice.
fn twice(sops: &[Arc<Sop>]) -> Vec<Problem> {
    let mut seen: BTreeMap<(Layer, &str, u32), &Sop> = BTreeMap::new();
    let mut problems = Vec::new();
    for sop in sops {
        let key = (sop.layer, sop.number.value.as_str(), sop.revision);
        if let Some(first) = seen.get(&key) {
            let what = format!("{} revision {} is there twice", sop.number.value, sop.revision);
            let help = "raise `revision` for a new version, or give another SOP another number".to_owned();
            let mut problem = sop.problem(Severity::Error, "twice", sop.number.at, what, help);
            problem.related.push(Position::of(first.source(), first.number.at));
            problems.push(problem);
        } else {
            seen.insert(key, sop);
        }
    }
    problems
}

/// All clauses in order, each with its lists and exceptions.
fn bind(sops: &[Arc<Sop>], lists: &Catalogue, severity: Severity, problems: &mut Vec<Problem>) -> Vec<Bound> {
    let mut clauses = Vec::new();
    for sop in sops {
        let later = |other: &&Arc<Sop>| {
            other.layer == sop.layer && other.number.value == sop.number.value && other.revision > sop.revision
        };
        let superseded = sops.iter().filter(later).map(|other| other.effective_from).min();
        let mut resolve = |targets: &Targets| resolve(sop, targets, lists, severity, problems);
        let exceptions: Vec<(Exception, ListSet)> =
            sop.exceptions.iter().map(|exception| (exception.clone(), resolve(&exception.targets))).collect();
        for clause in &sop.clauses {
            let index = u16::try_from(clauses.len()).unwrap_or(u16::MAX);
            let own = exceptions.iter().filter(|(exception, _)| exception.is_of(clause)).cloned();
            clauses.push(Bound {
                index: ClauseIndex(index),
                sop: Arc::clone(sop),
                superseded,
                lists: resolve(&clause.targets),
                clause: clause.clone(),
                exceptions: own.collect(),
            });
        }
    }
    clauses
}

fn resolve(
    sop: &Sop,
    targets: &Targets,
    lists: &Catalogue,
    severity: Severity,
    problems: &mut Vec<Problem>,
) -> ListSet {
    let mut unknown = |what: &str, name: &str, at: Span, known: Vec<&str>| {
        let near = super::reader::nearest(name, &known).map(|near| format!("did you mean \"{near}\"? "));
        let known = if known.is_empty() { "there are none".to_owned() } else { format!("known: {}", known.join(", ")) };
        let help = format!("{}{known}", near.unwrap_or_default());
        problems.push(sop.problem(severity, "unknown-list", at, format!("there is no {what} `{name}`"), help));
    };
    let mut held = ListSet::EMPTY;
    for Located { value, at } in &targets.lists {
        if let Some(entry) = lists.entry(value) {
            held = held.or([entry.number].into_iter().collect());
        } else {
            let known = lists.entries().iter().map(|entry| entry.id.as_str()).collect();
            unknown("list", value.as_str(), *at, known);
        }
    }
    for Located { value, at } in &targets.categories {
        let set = lists.category(value);
        if set.is_empty() {
            let known = lists.categories().into_keys().map(gapura_model::CategoryId::as_str).collect();
            unknown("category", value.as_str(), *at, known);
        }
        held = held.or(set);
    }
    held
}
