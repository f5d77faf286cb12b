//! From the lines about names to what each name's entry changes: what a parent already says is left out.

use gapura_model::{ListNumber, ListSet};

use super::sort::NameLines;
use crate::{Deed, index::Effect};

/// Walks names in sorted order, keeping what the parents of the current one say.
#[derive(Debug)]
pub(crate) struct Fold<'a> {
    numbers: &'a [ListNumber],
    parents: Vec<Parent>,
    different: u64,
}

#[derive(Debug)]
struct Parent {
    reversed: Vec<u8>,
    /// Lists that hold the names below.
    below: ListSet,
    /// Lists that a line above forbids to hold anything below.
    never: ListSet,
}

impl<'a> Fold<'a> {
    pub(crate) fn new(numbers: &'a [ListNumber]) -> Self {
        Self { numbers, parents: Vec::new(), different: 0 }
    }

    /// The entry of the next name; `None` where its parents say it all.
    pub(crate) fn name(&mut self, name: &NameLines<'_>) -> Option<Effect> {
        self.different += 1;
        while self.parents.last().is_some_and(|parent| !is_below(name.reversed, &parent.reversed)) {
            self.parents.pop();
        }
        let (inherited, never) =
            self.parents.last().map_or_else(Default::default, |parent| (parent.below, parent.never));
        let (mut here, mut below) = (Part::default(), Part::default());
        for line in name.lines() {
            let Some(&list) = self.numbers.get(usize::from(line.list)) else { continue };
            if line.reach.here() {
                here.add(list, line.deed);
            }
            if line.reach.below() {
                below.add(list, line.deed);
            }
        }
        let (here_holds, below_holds) = (here.holds(inherited, never), below.holds(inherited, never));
        let never_below = never.or(below.never);
        if below_holds != inherited || never_below != never {
            self.parents.push(Parent { reversed: name.reversed.to_vec(), below: below_holds, never: never_below });
        }
        let effect = Effect::between(inherited, here_holds, below_holds);
        (!effect.is_nothing()).then_some(effect)
    }

    /// How many names were seen.
    pub(crate) fn different(&self) -> u64 {
        self.different
    }
}

/// What the lines of one name say of the name itself, or of those below.
#[derive(Debug, Default)]
struct Part {
    hold: ListSet,
    except: ListSet,
    never: ListSet,
}

impl Part {
    fn add(&mut self, list: ListNumber, deed: Deed) {
        let set = ListSet::from_iter([list]);
        match deed {
            Deed::Hold => self.hold = self.hold.or(set),
            Deed::Except => self.except = self.except.or(set),
            Deed::Never => self.never = self.never.or(set),
        }
    }

    fn holds(&self, inherited: ListSet, never: ListSet) -> ListSet {
        inherited.or(self.hold).without(self.except).without(self.never).without(never)
    }
}

fn is_below(reversed: &[u8], parent: &[u8]) -> bool {
    reversed.strip_prefix(parent).is_some_and(|rest| rest.first() == Some(&0))
}
