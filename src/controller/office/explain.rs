//! Why a site is open or blocked somewhere, for somebody, at some time: judged here as a gateway would, and beside it by a draft.
//! Nothing of a question is kept.

use std::sync::Arc;

use gapura_model::{PlanId, PolicyGroup, SiteId};
use gapura_rules::sop::{
    Action, Asked, Audience, Catalogue, Explanation, Holding, Place, Problem, Question, Sop, Source, Stack,
};
use gapura_store::{SopRow, SopState, timestamp};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::filter::place;
use super::site::document_of;
use super::sop::{in_state, label, read_published};
use super::{Office, OfficeError};
use crate::lists::{Holder, Lists, blocking};
use crate::why::why;

/// What somebody asks.
#[derive(Clone, Debug)]
pub struct SiteQuestion {
    /// Where.
    pub site: SiteId,
    /// About what.
    pub asked: Asked,
    /// The visitor's plan; none: before login.
    pub plan: Option<PlanId>,
    /// The visitor's group.
    pub group: PolicyGroup,
    /// When (UTC).
    pub at: Timestamp,
    /// A draft or approved SOP to compare with.
    pub draft: Option<i64>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct SiteAnswer {
    /// What holds.
    pub now: Judged,
    /// What would hold with the draft.
    pub draft: Option<DraftJudged>,
    /// The index of lists that was asked; none: there is none yet, and only clauses that name it themselves were looked at.
    pub index: Option<IndexAsked>,
    /// SOPs in force at the site; 0: nothing is filtered there.
    pub sops: usize,
}

/// An answer under one set of SOPs.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The trail.
    pub explanation: Explanation,
    /// When that is over (UTC), where clauses' hours or days say so within eight days.
    pub until: Option<Timestamp>,
}

/// The answer under a draft.
#[derive(Clone, Debug)]
pub struct DraftJudged {
    /// Its number among all.
    pub id: i64,
    /// The SOP's number.
    pub number: String,
    /// Its revision.
    pub revision: i64,
    /// Where it comes into force later: the first such day of the week on or after that, which it was judged on instead.
    pub on: Option<Date>,
    /// The answer.
    pub judged: Judged,
}

/// The index that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexAsked {
    /// Its version.
    pub version: u64,
    /// When it was built (UTC).
    pub built: Timestamp,
}

/// What lasts longer has no end that is worth saying.
const FORESEEABLE: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Changes of hour looked at to say until when it is so.
const CHANGES: usize = 128;

impl Office {
    /// Answers with the whole trail.
    ///
    /// # Errors
    /// There is no such site, or the draft is none.
    pub async fn explain_site(&self, question: SiteQuestion) -> Result<SiteAnswer, OfficeError> {
        let mut tx = self.store.read().await?;
        let document = document_of(&mut tx, &question.site).await?;
        let place = place(&question.site, &document);
        let rows = tx.sops_in(SopState::Published).await?;
        let draft = match question.draft {
            Some(id) => Some(in_state(&mut tx, id, &COMPARED, why!("sop-for-comparing")).await?),
            None => None,
        };
        let index = tx.last_index().await?;
        drop(tx);
        let index = index.map(|row| IndexAsked {
            version: u64::try_from(row.version).unwrap_or_default(),
            built: timestamp(row.built),
        });
        let (lists, catalogue, key) = (Arc::clone(&self.lists), self.catalogue(), self.keys.bundle_key());
        let ground = Ground { rows, draft, place, catalogue, question };
        // Thousands of clauses are judged for it, for whoever asks again and again: no more at a time than texts are looked at.
        let turn = self.sop_turn().await;
        let answer = blocking(move || {
            let _turn = turn;
            let lookup = index.map(|index| lists.lookup(index.version, &key)).transpose()?.flatten();
            let holdings = match &lookup {
                Some(lookup) => ground.holdings(&lookup.holders(&ground.question.asked)?),
                None => Vec::new(),
            };
            Ok(ground.answer(&holdings, index.filter(|_| lookup.is_some())))
        });
        answer.await?.map_err(OfficeError::Sop)
    }

    /// SOPs that an answer can be compared with: drafts, and approved ones that are not published yet.
    pub async fn compared_sops(&self) -> Result<Vec<SopRow>, OfficeError> {
        let mut rows = self.store.read().await?.sops().await?;
        rows.retain(|row| COMPARED.iter().any(|state| state.as_str() == row.state));
        Ok(rows)
    }

    /// How many names are in an index; none where its file is not there.
    pub async fn names_in_index(&self, version: u64) -> Result<Option<u64>, OfficeError> {
        let (lists, key): (Arc<Lists>, _) = (Arc::clone(&self.lists), self.keys.bundle_key());
        let counted = blocking(move || Ok(lists.lookup(version, &key)?.map(|lookup| lookup.names())));
        Ok(counted.await?)
    }
}

/// What can be compared with.
const COMPARED: [SopState; 2] = [SopState::Draft, SopState::Approved];

/// All that an answer is made of.
struct Ground {
    rows: Vec<SopRow>,
    draft: Option<SopRow>,
    place: Place,
    catalogue: Arc<Catalogue>,
    question: SiteQuestion,
}

impl Ground {
    /// The lists that hold it, by the catalogue's numbers: the index may number its lists differently.
    fn holdings(&self, holders: &[Holder]) -> Vec<Holding> {
        let known = |holder: &Holder| {
            let entry = self.catalogue.entry(&holder.list)?;
            let line = holder.line.as_ref().map(|(number, listed)| format!("{number}: {listed}"));
            Some(Holding { list: entry.number, line })
        };
        holders.iter().filter_map(known).collect()
    }

    fn answer(self, holdings: &[Holding], index: Option<IndexAsked>) -> Result<SiteAnswer, Vec<Problem>> {
        let here: Vec<&SopRow> = self.rows.iter().filter(|row| self.holds_here(row)).collect();
        let now = self.judged(&self.stack(&here)?, holdings, self.question.at);
        let draft = match &self.draft {
            None => None,
            Some(draft) => {
                let same = |row: &&&SopRow| row.layer == draft.layer && row.number == draft.number;
                let others: Vec<&SopRow> = here.iter().filter(|row| !same(row)).copied().chain([draft]).collect();
                let stack = self.stack(&others)?;
                let tried = |sop: &&Sop| sop.number() == draft.number && sop.layer().name() == draft.layer;
                let on = stack.sops().find(tried).and_then(|sop| self.first_day_in(sop));
                let at = on.map_or(self.question.at, |(_, at)| at);
                let judged = self.judged(&stack, holdings, at);
                let (number, revision) = (draft.number.clone(), draft.revision);
                Some(DraftJudged { id: draft.id, number, revision, on: on.map(|(day, _)| day), judged })
            }
        };
        Ok(SiteAnswer { now, draft, index, sops: here.len() })
    }

    /// Whether a published SOP is in this site's bundles; one that cannot be read stands in none.
    fn holds_here(&self, row: &SopRow) -> bool {
        read_published(row, &self.catalogue).is_some_and(|sop| sop.scope().takes_place(&self.place))
    }

    fn stack(&self, rows: &[&SopRow]) -> Result<Stack, Vec<Problem>> {
        let labels: Vec<String> = rows.iter().map(|row| label(row)).collect();
        let sources = rows.iter().zip(&labels).map(|(row, file)| Source { file, text: &row.document });
        let (stack, problems) = Stack::adopt(&sources.collect::<Vec<_>>(), &self.catalogue);
        stack.ok_or(problems)
    }

    fn judged(&self, stack: &Stack, holdings: &[Holding], at: Timestamp) -> Judged {
        let audience = Audience { plan: self.question.plan.clone(), group: self.question.group.clone() };
        let judge = |at| {
            let (asked, place, audience) = (self.question.asked, &self.place, &audience);
            stack.explain(&Question { asked, holdings, place, audience, at })
        };
        let explanation = judge(at);
        let first: Action = explanation.action;
        let next = |edge: &Timestamp| {
            let edge = stack.next_change(&self.place, *edge)?;
            (at.duration_until(edge) <= FORESEEABLE).then_some(edge)
        };
        let mut edges = std::iter::successors(next(&at), next).take(CHANGES);
        let until = edges.find(|edge| judge(*edge).action != first);
        Judged { explanation, until }
    }

    /// Where an SOP is not in force yet: the same day of the week and hour, in the first week in which it is.
    fn first_day_in(&self, sop: &Sop) -> Option<(Date, Timestamp)> {
        let at = self.question.at.to_zoned(self.place.zone.tz().clone());
        let missing = at.date().until(sop.effective_from()).ok()?.get_days();
        if missing <= 0 {
            return None;
        }
        let weeks = (missing + 6) / 7;
        let on = at.checked_add(weeks.weeks()).ok()?;
        Some((on.date(), on.timestamp()))
    }
}
