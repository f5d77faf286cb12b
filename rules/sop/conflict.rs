//! Clauses of one layer that contradict each other where nothing says which of them wins.

use super::document::{Deed, Targets};
use super::problem::{Located, Position, Problem, Severity, Span};
use super::safe_search::Engine;
use super::stack::Bound;
use super::target::{NameTarget, Service};

/// Every pair of clauses that contradict each other.
pub(super) fn conflicts(clauses: &[Bound], severity: Severity) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, later) in clauses.iter().enumerate() {
        for earlier in clauses.iter().take(index) {
            if opposed(earlier, later)
                && meet(earlier, later)
                && let Some(shared) = shared(earlier, later)
            {
                problems.push(problem(earlier, later, &shared, severity));
            }
        }
    }
    problems
}

/// What two clauses both decide, equally specifically.
struct Shared {
    what: String,
    /// Where the later one and the earlier one say so.
    at: (Span, Span),
    by_lists: bool,
    /// The service, where it is about safe search.
    engine: Option<Engine>,
}

fn problem(earlier: &Bound, later: &Bound, shared: &Shared, severity: Severity) -> Problem {
    let name = |bound: &Bound| {
        if earlier.sop.number.value == later.sop.number.value {
            format!("clause {}", bound.clause.number)
        } else {
            format!("clause {} of {}", bound.clause.number, bound.sop.number.value)
        }
    };
    let does = |bound: &Bound| match bound.clause.deed {
        Deed::Block => "blocks it".to_owned(),
        Deed::Open | Deed::OpenBeforeLogin => "opens it".to_owned(),
        Deed::SafeSearch(rule) => {
            let said = shared.engine.and_then(|engine| rule.of(engine));
            format!("says {}", said.map(|said| said.to_string()).unwrap_or_default())
        }
        Deed::Throttle(Some(rate)) => format!("throttles it to {rate}"),
        Deed::Throttle(None) => "lifts its throttle".to_owned(),
    };
    let what = format!(
        "{} and {} contradict each other about {}: one {}, the other {}",
        name(earlier),
        name(later),
        shared.what,
        does(earlier),
        does(later)
    );
    let help = if shared.by_lists {
        let opener = if earlier.clause.deed == Deed::Block { later } else { earlier };
        let blocker = if earlier.clause.deed == Deed::Block { earlier } else { later };
        format!("write {} as an [[exception]] of {}, with a reason and an end", name(opener), name(blocker))
    } else {
        "keep one of them, or give them different people (scope), hours, or a narrower target".to_owned()
    };
    let mut problem = later.sop.problem(severity, "conflict", shared.at.0, what, help);
    problem.related.push(Position::of(earlier.sop.source(), shared.at.1));
    problem
}

/// Whether they do opposite things in the same dimension, in the same layer, not as revisions of one SOP.
fn opposed(one: &Bound, other: &Bound) -> bool {
    let revisions = one.sop.number.value == other.sop.number.value && one.sop.revision != other.sop.revision;
    let deeds = match (one.clause.deed, other.clause.deed) {
        (Deed::Block, Deed::Open | Deed::OpenBeforeLogin) | (Deed::Open | Deed::OpenBeforeLogin, Deed::Block) => true,
        (Deed::Throttle(rate), Deed::Throttle(other)) => rate != other,
        (Deed::SafeSearch(rule), Deed::SafeSearch(other)) => rule != other,
        _ => false,
    };
    one.sop.layer == other.sop.layer && !revisions && deeds
}

/// Whether both may hold for someone at some moment.
fn meet(one: &Bound, other: &Bound) -> bool {
    let scopes = [&one.sop.scope, &one.clause.scope]
        .iter()
        .all(|scope| [&other.sop.scope, &other.clause.scope].iter().all(|against| scope.overlaps(against)));
    let hours = match (&one.clause.hours, &other.clause.hours) {
        (Some(hours), Some(against)) => hours.overlaps(against),
        _ => true,
    };
    let over = |one: &Bound, other: &Bound| one.superseded.is_some_and(|date| date <= other.sop.effective_from);
    scopes && hours && !over(one, other) && !over(other, one)
}

fn shared(earlier: &Bound, later: &Bound) -> Option<Shared> {
    let (one, other) = (&earlier.clause.targets, &later.clause.targets);
    let (whole, earlier_whole) = (later.clause.at, earlier.clause.at);
    if let (Deed::SafeSearch(rule), Deed::SafeSearch(against)) = (earlier.clause.deed, later.clause.deed) {
        let both = |engine: &Engine| rule.of(*engine).is_some() && against.of(*engine).is_some();
        let differ = |engine: &Engine| both(engine) && rule.of(*engine) != against.of(*engine);
        let engine = Engine::ALL.into_iter().find(differ)?;
        return Some(Shared {
            what: format!("safe search of {engine}"),
            at: (whole, earlier_whole),
            by_lists: false,
            engine: Some(engine),
        });
    }
    if one.services.is_empty() != other.services.is_empty() {
        return None;
    }
    let mut service_words = String::new();
    if !one.services.is_empty() {
        let alike = |own: &Located<Service>, against: &Located<Service>| {
            own.value.overlaps(&against.value) && own.value.width() == against.value.width()
        };
        let mut pairs = one.services.iter().flat_map(|own| other.services.iter().map(move |against| (own, against)));
        let (own, against) = pairs.find(|(own, against)| alike(own, against))?;
        let anywhere = |targets: &Targets| !targets.has_lists() && targets.addresses.is_empty();
        if anywhere(one) && anywhere(other) {
            return Some(Shared {
                what: own.value.to_string(),
                at: (against.at, own.at),
                by_lists: false,
                engine: None,
            });
        }
        service_words = format!("{} toward ", own.value);
    }
    if one.has_lists() && other.has_lists() {
        let at = |targets: &Targets, whole| {
            let lists = targets.lists.iter().map(|list| list.at);
            lists.chain(targets.categories.iter().map(|category| category.at)).min().unwrap_or(whole)
        };
        let what = format!("{service_words}what is on a list of both");
        let by_lists = earlier.clause.deed == Deed::Block || later.clause.deed == Deed::Block;
        return Some(Shared { what, at: (at(other, whole), at(one, earlier_whole)), by_lists, engine: None });
    }
    for own in &one.names {
        let same = |against: &NameTarget| match (own.value, against) {
            (NameTarget::Exact(name), NameTarget::Exact(other)) => name == *other,
            (NameTarget::Exact(_), _) | (_, NameTarget::Exact(_)) => false,
            (_, _) => own.value.name() == against.name(),
        };
        if let Some(against) = other.names.iter().find(|against| same(&against.value)) {
            return Some(Shared {
                what: own.value.to_string(),
                at: (against.at, own.at),
                by_lists: false,
                engine: None,
            });
        }
    }
    for own in &one.addresses {
        if let Some(against) = other.addresses.iter().find(|against| against.value == own.value) {
            let what = format!("{service_words}{}", own.value);
            return Some(Shared { what, at: (against.at, own.at), by_lists: false, engine: None });
        }
    }
    (one.all && other.all).then(|| Shared {
        what: "all names".to_owned(),
        at: (whole, earlier_whole),
        by_lists: false,
        engine: None,
    })
}
