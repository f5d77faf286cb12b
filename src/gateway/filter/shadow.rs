//! Drafts tried on this site's own names: what would change for whom. Only totals, and names that enough devices asked for,
//! leave the router.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::{ListSet, Name, PolicyGroup};
use gapura_rules::sop::{Action, Catalogue, Decision, Policy, Sop, Source, Stack};
use gapura_wire::{ClauseRef, FilterAction, ShadowName, ShadowReport, ShadowTotal, SopDraft, limits};
use jiff::{SignedDuration, Timestamp};

use super::Filtering;
use super::in_force::{InForce, Rules};
use super::lists::catalogue;

/// A draft is tried for this long from the day it would be in force.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Changes of hour looked at in that week; each costs every name a look.
const MOMENTS: usize = 64;

/// One name under both sets of rules.
struct Change {
    groups: BTreeSet<PolicyGroup>,
    decision: Decision,
}

impl Filtering {
    /// Tries every draft of the bundle that is still to be tried.
    pub(crate) fn try_drafts(&self) -> Vec<ShadowReport> {
        let sited = self.sited.borrow().clone();
        let (Some(sited), Some(now)) = (sited, self.current.get()) else { return Vec::new() };
        let (Some(filter), Some(rules)) = (&sited.filter, &now.rules) else { return Vec::new() };
        let at = Self::time(&sited, &self.clock.now());
        let drafts = filter.drafts.iter().filter(|draft| at < draft.until);
        drafts.filter_map(|draft| self.try_draft(filter, draft, &now, rules, at)).collect()
    }

    fn try_draft(
        &self,
        filter: &gapura_wire::Filter,
        draft: &SopDraft,
        now: &InForce,
        rules: &Rules,
        at: Timestamp,
    ) -> Option<ShadowReport> {
        let same = |sop: &gapura_wire::SopRevision| sop.layer == draft.sop.layer && sop.number == draft.sop.number;
        let others = filter.sops.iter().filter(|sop| !same(sop)).chain([&draft.sop]);
        let sources: Vec<Source<'_>> = others.map(|sop| Source { file: &sop.number, text: &sop.text }).collect();
        let lists = rules.index.as_deref().map_or_else(Catalogue::default, catalogue);
        let (stack, problems) = Stack::adopt(&sources, &lists);
        let Some(stack) = stack else {
            tracing::warn!(draft = %draft.id, problems = problems.len(), "a draft of an SOP cannot be tried here");
            return None;
        };
        let tried = |sop: &&Sop| sop.number() == draft.sop.number && sop.revision() == draft.sop.revision;
        let begins = stack.sops().find(tried).map(Sop::effective_from);
        let begins = begins.and_then(|day| day.to_zoned(rules.place.zone.tz().clone()).ok());
        let from = begins.map_or(at, |begins| begins.timestamp().max(at));
        let moments = Moment::all(&rules.stack, &stack, rules, from);
        let seen = self.around.asked.seen();
        let mut report = ShadowReport {
            draft: draft.id,
            sha256: draft.sop.sha256,
            from: seen.from,
            until: seen.until,
            same: ShadowTotal::default(),
            blocked: ShadowTotal::default(),
            opened: ShadowTotal::default(),
            names: Vec::new(),
        };
        let rare: BTreeMap<Name, u64> = seen.rare.into_iter().collect();
        for (name, questions, common) in seen
            .common
            .iter()
            .map(|(name, questions)| (name, *questions, true))
            .chain(rare.iter().map(|(name, questions)| (name, *questions, false)))
        {
            let change = now.held(name).and_then(|held| change(rules, &moments, name, held));
            let total = match change.as_ref().map(|change| change.decision.action) {
                None => &mut report.same,
                Some(Action::Block) => &mut report.blocked,
                Some(Action::Open) => &mut report.opened,
            };
            total.names += 1;
            total.questions += questions;
            if let Some(change) = change.filter(|_| common) {
                report.names.push(named(name, questions, change, &stack, rules));
            }
        }
        report.names.sort_by(|one, other| other.questions.cmp(&one.questions).then_with(|| one.name.cmp(&other.name)));
        report.names.truncate(limits::SHADOW_NAMES);
        Some(report)
    }
}

/// Both sets of rules as they hold at one time of a week: by audience, before and then.
struct Moment(Vec<(Policy, Policy)>);

impl Moment {
    /// From the day on which the draft would be in force, and after every hour at which either changes, for a week.
    fn all(before: &Stack, then: &Stack, rules: &Rules, from: Timestamp) -> Vec<Self> {
        let next = |at: &Timestamp| {
            let edges = [before, then].into_iter().filter_map(|stack| stack.next_change(&rules.place, *at));
            edges.min().filter(|edge| from.duration_until(*edge) < WEEK)
        };
        std::iter::successors(Some(from), next)
            .take(MOMENTS)
            .map(|at| {
                let policies =
                    |audience| (before.policy(&rules.place, audience, at), then.policy(&rules.place, audience, at));
                Self(rules.audiences.numbered().map(|(_, audience)| policies(audience)).collect())
            })
            .collect()
    }
}

/// What changes for a name, at whatever hour. Where some groups lose it and others gain it, the loss is what is told.
fn change(rules: &Rules, moments: &[Moment], name: &Name, held: ListSet) -> Option<Change> {
    let mut changes: [Option<Change>; 2] = [None, None];
    let people = || rules.audiences.numbered().map(|(_, audience)| audience);
    for (audience, (before, after)) in moments.iter().flat_map(|moment| people().zip(&moment.0)) {
        let (before, after) = (before.name(name, held), after.name(name, held));
        if before.action == after.action {
            continue;
        }
        let [blocked, opened] = &mut changes;
        let place = match after.action {
            Action::Block => blocked,
            Action::Open => opened,
        };
        let change = place.get_or_insert_with(|| Change { groups: BTreeSet::new(), decision: after });
        change.groups.insert(audience.group.clone());
    }
    let [blocked, opened] = changes;
    blocked.or(opened)
}

fn named(name: &Name, questions: u64, change: Change, stack: &Stack, rules: &Rules) -> ShadowName {
    let clause = change.decision.clause.and_then(|index| stack.clauses().get(usize::from(index.0)));
    let list = change.decision.list.and_then(|number| {
        let index = rules.index.as_ref()?;
        index.lists().iter().find(|list| list.number == number).map(|list| list.id.clone())
    });
    ShadowName {
        name: name.to_string(),
        questions,
        groups: change.groups.into_iter().take(limits::SHADOW_GROUPS).collect(),
        then: match change.decision.action {
            Action::Block => FilterAction::Block,
            Action::Open => FilterAction::Open,
        },
        clause: clause.map(|clause| ClauseRef {
            sop: clause.sop.clone(),
            revision: clause.revision,
            clause: clause.clause.clone(),
        }),
        list,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gapura_model::SiteKind;
    use gapura_rules::sop::Place;

    use super::*;
    use crate::filter::Audiences;

    fn stack(revision: u32, effective: &str, rules: &str) -> Stack {
        let text = format!(
            "number = \"SOP/UJI/01\"\ntitle = \"Uji\"\nlayer = \"regency\"\nrevision = {revision}\nowner = \"Dinas\"\n\
             legal-basis = [\"Keputusan Bupati 1/2026\"]\neffective-from = {effective}\nreview-by = 2036-01-01\n\
             [[clause]]\nnumber = 1\nwords = \"Diblokir.\"\ncitizen = {{ id = \"Diblokir.\", en = \"Blocked.\" }}\n\
             action = \"block\"\n{rules}\n"
        );
        let (stack, problems) = Stack::adopt(&[Source { file: "sop.toml", text: &text }], &Catalogue::default());
        stack.unwrap_or_else(|| panic!("{problems:?}"))
    }

    /// What a draft would change for a name, tried from a Sunday evening on.
    fn tried(before: Stack, then: &Stack, from: &str, name: &str) -> Option<Action> {
        let place = Place {
            site: "galeri-1".parse().unwrap(),
            kind: SiteKind::Gallery,
            agency: String::new(),
            regency: String::new(),
            zone: "Asia/Makassar".parse().unwrap(),
        };
        let audiences = Arc::new(Audiences::default());
        let rules = Rules {
            stack: before,
            place,
            audiences,
            index: None,
            forwards: Vec::new(),
            choice: gapura_wire::WithoutIndex::Closed,
        };
        let moments = Moment::all(&rules.stack, then, &rules, from.parse().unwrap());
        change(&rules, &moments, &name.parse().unwrap(), ListSet::EMPTY).map(|change| change.decision.action)
    }

    #[test]
    fn a_draft_is_tried_at_all_hours_of_a_week() {
        const EVENING: &str = "2026-11-22T12:00:00Z";
        let old = || stack(1, "2026-01-01", "names = [\"lama.example\"]");
        let hours =
            "names = [\"lama.example\", \"baru.example\"]\nhours = { days = [\"mon\"], spans = [\"07.00-13.00\"] }";
        let then = stack(2, "2026-01-01", hours);
        assert_eq!(tried(old(), &then, EVENING, "baru.example"), Some(Action::Block), "on Monday morning");
        assert_eq!(tried(old(), &then, EVENING, "lama.example"), Some(Action::Open), "at all other hours");
        assert_eq!(tried(old(), &then, EVENING, "lain.example"), None);
    }

    #[test]
    fn a_draft_of_next_year_is_tried_as_of_that_day() {
        let old = || stack(1, "2026-01-01", "names = [\"lama.example\"]");
        let then = stack(2, "2027-01-01", "names = [\"lama.example\", \"baru.example\"]");
        let day = "2026-12-31T16:00:00Z";
        assert_eq!(tried(old(), &then, day, "lama.example"), None, "both refuse it");
        assert_eq!(tried(old(), &then, day, "baru.example"), Some(Action::Block));
    }
}
