//! One question followed through every clause, slowly and readably: what explanations, warnings and comparisons stand on.

use std::cmp::Reverse;
use std::net::IpAddr;

use gapura_model::{ListNumber, ListSet, Name};

use super::document::{Deed, Exception, Layer, Targets};
use super::policy::Action;
use super::reasons::Cover;
use super::stack::{Bound, Context, Stack, Standing};
use super::target::{NameTarget, Prefix, plain};

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "lives on the stack, one question at a time; nearly all are names")]
pub enum Asked {
    /// A domain name.
    Name(Name),
    /// An address.
    Address(IpAddr),
}

/// How specifically a target covers what was asked; the greater wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// By `all`.
    All,
    /// By a list.
    List(Reverse<ListNumber>),
    /// By a name and what is below it, or a range: octets of the name or bits of the range.
    Length(u16),
    /// By the name alone.
    Exact,
}

impl Rank {
    /// Whether neither is more specific.
    pub(super) fn same_weight(self, other: Self) -> bool {
        self.weight() == other.weight()
    }

    /// Lists are equal among themselves.
    fn weight(self) -> (u8, u16) {
        match self {
            Self::All => (0, 0),
            Self::List(_) => (1, 0),
            Self::Length(length) => (2, length),
            Self::Exact => (3, 0),
        }
    }
}

/// Of two clauses of a layer the greater wins: more specific, stricter, mandatory, lower.
type Precedence = ((u8, u16), Action, bool, Reverse<u16>);

/// What became of one clause.
#[derive(Clone, Debug)]
pub(super) struct Step<'a> {
    pub(super) bound: &'a Bound,
    /// How its targets cover what was asked, and by which of them.
    pub(super) covers: Option<(Rank, Cover)>,
    pub(super) standing: Standing,
    pub(super) excepted: Option<&'a Exception>,
}

impl Step<'_> {
    pub(super) fn matches(&self) -> bool {
        self.covers.is_some() && self.standing == Standing::Holds && self.excepted.is_none()
    }

    pub(super) fn action(&self) -> Action {
        if self.bound.clause.deed == Deed::Block { Action::Block } else { Action::Open }
    }

    fn precedence(&self) -> Option<Precedence> {
        let (rank, _) = self.covers.as_ref().filter(|_| self.matches())?;
        Some((rank.weight(), self.action(), self.bound.clause.mandatory, Reverse(self.bound.index.0)))
    }
}

/// A question followed through all clauses that block or open names and addresses.
#[derive(Clone, Debug)]
pub(super) struct Trail<'a> {
    pub(super) steps: Vec<Step<'a>>,
    /// The winner of each layer, a place among the steps.
    pub(super) winners: [Option<usize>; 5],
    /// The winner of all.
    pub(super) decided: Option<usize>,
}

impl<'a> Trail<'a> {
    pub(super) fn follow(stack: &'a Stack, context: &Context<'_>, asked: &Asked, held: ListSet) -> Self {
        let about = |bound: &&Bound| {
            let deed = bound.clause.deed;
            matches!(deed, Deed::Block | Deed::Open | Deed::OpenBeforeLogin) && bound.clause.targets.services.is_empty()
        };
        let steps: Vec<Step<'a>> = stack
            .clauses
            .iter()
            .filter(about)
            .map(|bound| {
                let excepting = bound.live_exceptions(context).find(|(exception, lists)| {
                    exception.targets.services.is_empty()
                        && (exception.targets.all || covers(stack, &exception.targets, *lists, asked, held).is_some())
                });
                Step {
                    bound,
                    covers: covers(stack, &bound.clause.targets, bound.lists, asked, held),
                    standing: bound.standing(context),
                    excepted: excepting.map(|(exception, _)| exception),
                }
            })
            .collect();
        let winners = Layer::ALL.map(|layer| {
            let own = steps.iter().enumerate().filter(|(_, step)| step.bound.sop.layer == layer && step.matches());
            own.max_by_key(|(_, step)| step.precedence()).map(|(at, _)| at)
        });
        let mandatory = |at: &&usize| steps.get(**at).is_some_and(|step| step.bound.clause.mandatory);
        let decided = winners.iter().flatten().find(mandatory).or_else(|| winners.iter().flatten().next_back());
        let decided = decided.copied();
        Self { steps, winners, decided }
    }

    pub(super) fn step(&self, at: Option<usize>) -> Option<&Step<'a>> {
        self.steps.get(at?)
    }

    pub(super) fn action(&self) -> Action {
        self.step(self.decided).map_or(Action::Open, Step::action)
    }
}

/// How specifically targets cover what was asked, and by what.
fn covers(stack: &Stack, targets: &Targets, lists: ListSet, asked: &Asked, held: ListSet) -> Option<(Rank, Cover)> {
    let list = || {
        let number = lists.and(held).iter().next()?;
        let entry = stack.catalogue.numbered(number);
        let cover = entry.map_or(Cover::Unknown(number), |entry| Cover::List {
            id: entry.id.clone(),
            category: entry.category.clone(),
        });
        Some((Rank::List(Reverse(number)), cover))
    };
    let named = match asked {
        Asked::Name(name) => {
            let covering = targets.names.iter().filter(|target| target.value.covers(name));
            covering.map(|target| (name_rank(&target.value), Cover::Name(target.value))).max_by_key(|(rank, _)| *rank)
        }
        Asked::Address(address) => {
            let covering = targets.addresses.iter().filter(|prefix| prefix.value.covers(plain(*address)));
            covering.map(|prefix| (prefix_rank(prefix.value), Cover::Range(prefix.value))).max_by_key(|(rank, _)| *rank)
        }
    };
    let all = || (targets.all && matches!(asked, Asked::Name(_))).then_some((Rank::All, Cover::All));
    named.or_else(list).or_else(all)
}

fn name_rank(target: &NameTarget) -> Rank {
    match target {
        NameTarget::Exact(_) => Rank::Exact,
        NameTarget::Within(name) | NameTarget::Below(name) => {
            Rank::Length(u16::try_from(name.wire().len()).unwrap_or(u16::MAX))
        }
    }
}

fn prefix_rank(prefix: Prefix) -> Rank {
    Rank::Length(u16::from(prefix.length()))
}
