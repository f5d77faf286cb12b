//! What an office asks of the SOPs of many sites: whether they contradict each other anywhere, and which lists they need.

use gapura_model::{CategoryId, ListId};
use jiff::civil::Date;

use super::catalogue::Catalogue;
use super::document::{Exception, Sop};
use super::policy::ClauseIndex;
use super::problem::{Problem, Source, sort};
use super::stack::{Bound, Stack, Strictly};
use super::trail::Asked;

/// What a clause needs of lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The clause.
    pub clause: ClauseIndex,
    /// The lists it names, by themselves or by category.
    pub lists: Vec<ListId>,
    /// Lists and categories it names that the catalogue does not have.
    pub unknown: Vec<String>,
    /// Whether it is about nothing else: with these empty it holds nothing.
    pub alone: bool,
}

impl Stack {
    /// Reads the SOPs of many sites before they are published: every problem of one of them, and of two that meet
    /// somewhere. How many clauses meet is a matter of each site ([`Self::read`]).
    pub fn survey(sources: &[Source<'_>], lists: &Catalogue) -> Vec<Problem> {
        let (_, _, mut problems) = Self::together(sources, lists, Strictly::Yes);
        sort(&mut problems);
        problems
    }

    /// What its clauses need of lists; those that name none are left out.
    pub fn needs(&self) -> Vec<Need> {
        self.clauses.iter().filter(|bound| bound.clause.targets.has_lists()).map(|bound| self.need(bound)).collect()
    }

    fn need(&self, bound: &Bound) -> Need {
        let targets = &bound.clause.targets;
        let known = bound.lists.iter().filter_map(|number| self.catalogue.numbered(number));
        let lists = targets.lists.iter().map(|list| &list.value);
        let lists = lists.filter(|id| self.catalogue.entry(id).is_none()).map(ListId::as_str);
        let categories = targets.categories.iter().map(|category| &category.value);
        let categories = categories.filter(|id| self.catalogue.category(id).is_empty()).map(CategoryId::as_str);
        Need {
            clause: bound.index,
            lists: known.map(|entry| entry.id.clone()).collect(),
            unknown: lists.chain(categories).map(str::to_owned).collect(),
            alone: targets.names.is_empty() && targets.addresses.is_empty() && !targets.all,
        }
    }
}

impl Exception {
    /// Whether it lifts a clause for a name or an address on a day, for someone somewhere; what only lists hold is left out.
    pub fn lifts(&self, clause: &str, asked: &Asked, today: Date) -> bool {
        let written = match asked {
            Asked::Name(name) => self.targets.names.iter().any(|target| target.value.covers(name)),
            Asked::Address(address) => self.targets.addresses.iter().any(|prefix| prefix.value.covers(*address)),
        };
        (written || self.targets.all) && self.of.iter().any(|of| of.value == clause) && self.is_live(today)
    }
}

impl Sop {
    /// How many clauses it has.
    pub const fn clause_count(&self) -> usize {
        self.clauses.len()
    }

    /// Whether a clause of it may not be lifted by lower layers.
    pub fn has_mandatory(&self) -> bool {
        self.clauses.iter().any(|clause| clause.mandatory)
    }
}
