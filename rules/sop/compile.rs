//! From clauses to a policy.

use gapura_model::ListSet;

use super::document::{Deed, Exception, Targets};
use super::layered::{Entry, NameTable, PrefixTable, Rule, Rules};
use super::policy::{Action, Policy, Side, Slow};
use super::safe_search::{Engine, SafeSearch, Strictness};
use super::service::{ServiceRule, Services, Spared, Toward};
use super::stack::{Bound, Context, Stack, Standing};

/// What holds in a context.
pub(super) fn policy(stack: &Stack, context: &Context<'_>) -> Policy {
    let holding: Vec<Holding<'_>> = stack
        .clauses
        .iter()
        .filter(|bound| bound.standing(context) == Standing::Holds)
        .map(|bound| Holding { bound, exceptions: bound.live_exceptions(context).collect() })
        .collect();
    let gate = |deed: Deed| match deed {
        Deed::Block => Some(Action::Block),
        Deed::Open | Deed::OpenBeforeLogin => Some(Action::Open),
        Deed::SafeSearch(_) | Deed::Throttle(_) => None,
    };
    let slow = |deed: Deed| match deed {
        Deed::Throttle(rate) => Some(Slow(rate)),
        Deed::Block | Deed::Open | Deed::OpenBeforeLogin | Deed::SafeSearch(_) => None,
    };
    let (search, search_by) = safe_search(&holding);
    Policy {
        texts: stack.texts.clone(),
        names: names(&holding, gate),
        addresses: addresses(&holding, gate),
        slow_names: names(&holding, slow),
        slow_addresses: addresses(&holding, slow),
        services: services(&holding, gate),
        search,
        search_by,
        reach: stack.reach.clone(),
    }
}

/// A clause that holds, with its live exceptions and the lists those name.
struct Holding<'a> {
    bound: &'a Bound,
    exceptions: Vec<(&'a Exception, ListSet)>,
}

impl Holding<'_> {
    fn targets(&self) -> &Targets {
        &self.bound.clause.targets
    }

    /// Exceptions about names and addresses: those that name a service are about services alone.
    fn plain_exceptions(&self) -> impl Iterator<Item = &(&Exception, ListSet)> {
        self.exceptions.iter().filter(|(exception, _)| exception.targets.services.is_empty())
    }

    /// The rule for names and addresses; `None` where the clause is about services, or wholly excepted.
    fn rule<V>(&self, value: V, all: bool) -> Option<Rule<V>> {
        let lifted = self.plain_exceptions().any(|(exception, _)| exception.targets.all);
        if lifted || !self.targets().services.is_empty() {
            return None;
        }
        Some(Rule {
            layer: self.bound.sop.layer.index(),
            mandatory: self.bound.clause.mandatory,
            value,
            clause: self.bound.index,
            lists: self.bound.lists,
            spare: self.plain_exceptions().fold(ListSet::EMPTY, |spare, (_, lists)| spare.or(*lists)),
            all,
        })
    }
}

fn names<V: Ord + Copy>(holding: &[Holding<'_>], value: impl Fn(Deed) -> Option<V>) -> Side<V, NameTable> {
    let ruling = ruling(holding, value, |targets| targets.all);
    let (rules, went) = Rules::new(ruling.iter().map(|(_, rule)| *rule).collect());
    let mut table = NameTable::default();
    for ((holding, _), rule) in ruling.iter().zip(went) {
        for target in &holding.targets().names {
            table.insert(&target.value, Entry { rule, excepts: false });
        }
        for (exception, _) in holding.plain_exceptions() {
            for target in &exception.targets.names {
                table.insert(&target.value, Entry { rule, excepts: true });
            }
        }
    }
    Side::new(rules, table)
}

/// `all` is about names: a clause that opens some names would open nothing if their addresses stayed shut.
fn addresses<V: Ord + Copy>(holding: &[Holding<'_>], value: impl Fn(Deed) -> Option<V>) -> Side<V, PrefixTable> {
    let ruling = ruling(holding, value, |_| false);
    let (rules, went) = Rules::new(ruling.iter().map(|(_, rule)| *rule).collect());
    let mut table = PrefixTable::default();
    for ((holding, _), rule) in ruling.iter().zip(went) {
        for target in &holding.targets().addresses {
            table.insert(target.value, Entry { rule, excepts: false });
        }
        for (exception, _) in holding.plain_exceptions() {
            for target in &exception.targets.addresses {
                table.insert(target.value, Entry { rule, excepts: true });
            }
        }
    }
    Side::new(rules, table)
}

fn ruling<'h, 'a, V: Copy>(
    holding: &'h [Holding<'a>],
    value: impl Fn(Deed) -> Option<V>,
    all: impl Fn(&Targets) -> bool,
) -> Vec<(&'h Holding<'a>, Rule<V>)> {
    let ruling = holding.iter().filter_map(|holding| {
        let value = value(holding.bound.clause.deed)?;
        Some((holding, holding.rule(value, all(holding.targets()))?))
    });
    ruling.collect()
}

fn services(holding: &[Holding<'_>], value: impl Fn(Deed) -> Option<Action>) -> Services {
    let toward = |targets: &Targets, lists: ListSet| Toward {
        lists,
        prefixes: targets.addresses.iter().map(|prefix| prefix.value).collect(),
        any: targets.all || !targets.has_lists() && targets.addresses.is_empty(),
    };
    let plain = |targets: &Targets| targets.services.iter().map(|service| service.value).collect::<Vec<_>>();
    let about = holding.iter().filter(|holding| !holding.targets().services.is_empty());
    let rules = about.filter_map(|holding| {
        let spared = holding.exceptions.iter().filter_map(|(exception, lists)| {
            let targets = &exception.targets;
            // An exception of names alone takes nothing out of a clause about services.
            let names_alone =
                targets.services.is_empty() && !targets.all && !targets.has_lists() && targets.addresses.is_empty();
            (!names_alone).then(|| Spared { services: plain(targets), toward: toward(targets, *lists) })
        });
        Some(ServiceRule {
            layer: holding.bound.sop.layer.index(),
            mandatory: holding.bound.clause.mandatory,
            value: value(holding.bound.clause.deed)?,
            clause: holding.bound.index,
            services: plain(holding.targets()),
            toward: toward(holding.targets(), holding.bound.lists),
            spared: spared.collect(),
        })
    });
    Services::new(rules.collect())
}

fn safe_search(holding: &[Holding<'_>]) -> (SafeSearch, [Option<super::policy::ClauseIndex>; 7]) {
    let (mut search, mut by) = (SafeSearch::default(), [None; 7]);
    for engine in Engine::ALL {
        let said = |holding: &Holding<'_>| match holding.bound.clause.deed {
            Deed::SafeSearch(rule) => rule.of(engine),
            Deed::Block | Deed::Open | Deed::OpenBeforeLogin | Deed::Throttle(_) => None,
        };
        let ruling: Vec<(&Holding<'_>, Rule<Strictness>)> =
            holding.iter().filter_map(|holding| Some((holding, holding.rule(said(holding)?, true)?))).collect();
        let (rules, _) = Rules::new(ruling.iter().map(|(_, rule)| *rule).collect());
        let verdict = rules.decide(ListSet::EMPTY, None);
        let places = search.0.get_mut(engine.index()).zip(by.get_mut(engine.index()));
        if let (Some(verdict), Some((strictness, clause))) = (verdict, places) {
            *strictness = verdict.value;
            *clause = Some(verdict.clause);
        }
    }
    (search, by)
}
