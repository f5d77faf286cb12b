//! How often the filter refused, and what drafts would change: totals from gateways, never a person.

use std::collections::BTreeMap;

use gapura_store::{CountRow, CountSum, Span, millis};
use gapura_wire::{FilterCounts, ShadowName, ShadowReport, ShadowTotal};

use super::enrol::Member;
use super::{Office, OfficeError, read_json, write_json};

/// What all gateways say of a draft.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct TrialResult {
    /// How many gateways reported.
    pub gateways: usize,
    /// Names that stay as they are; a name asked at two sites counts at each.
    pub same: ShadowTotal,
    /// Names that would be refused.
    pub blocked: ShadowTotal,
    /// Names that would be opened.
    pub opened: ShadowTotal,
    /// The most asked of those that change, questions of all gateways added up.
    pub names: Vec<ShadowName>,
}

impl Office {
    /// Keeps totals; each replaces the lower one before it, so that nothing counts twice.
    pub(crate) async fn put_counts(&self, from: &Member, counts: &FilterCounts) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        for count in &counts.counts {
            tx.put_count(&CountRow {
                site: from.site.as_str().to_owned(),
                gateway: from.gateway.as_str().to_owned(),
                run: counts.run.to_string(),
                hour: millis(count.hour),
                sop: count.sop.clone(),
                clause: count.clause.clone(),
                list: count.list.as_ref().map(|list| list.as_str().to_owned()).unwrap_or_default(),
                total: i64::try_from(count.total).unwrap_or(i64::MAX),
            })
            .await?;
        }
        Ok(tx.commit().await?)
    }

    /// How often clauses refused in a span of time.
    pub async fn filter_counts(&self, span: &Span) -> Result<Vec<CountSum>, OfficeError> {
        Ok(self.store.read().await?.count_sums(span).await?)
    }

    /// Keeps what a gateway says of a draft that it was asked to try; of another one it is passed over.
    pub(crate) async fn put_trial(&self, from: &Member, report: &ShadowReport) -> Result<(), OfficeError> {
        let text = write_json(report, "a report of a draft")?;
        let trial = report.draft.to_string();
        let mut tx = self.store.write().await?;
        let on_trial = tx.sops_on_trial(self.now()).await?;
        if on_trial.iter().any(|sop| sop.trial.as_ref() == Some(&trial)) {
            tx.put_trial((&from.site, &from.gateway), &trial, &text, self.now()).await?;
            tx.commit().await?;
        } else {
            tracing::debug!(gateway = %from.gateway, trial, "a report of a draft that is not tried any more");
        }
        Ok(())
    }

    /// What all gateways say of the trial with this id.
    pub(super) async fn trial_result(&self, trial: &str) -> Result<TrialResult, OfficeError> {
        let rows = self.store.read().await?.trials(trial).await?;
        let reports = rows.iter().map(|row| read_json::<ShadowReport>(&row.document, "a report of a draft"));
        Ok(add_up(reports.collect::<Result<_, _>>()?))
    }
}

pub(super) fn add_up(reports: Vec<ShadowReport>) -> TrialResult {
    let mut result = TrialResult { gateways: reports.len(), ..TrialResult::default() };
    let mut names: BTreeMap<_, ShadowName> = BTreeMap::new();
    for report in reports {
        for (sum, part) in [
            (&mut result.same, report.same),
            (&mut result.blocked, report.blocked),
            (&mut result.opened, report.opened),
        ] {
            sum.names = sum.names.saturating_add(part.names);
            sum.questions = sum.questions.saturating_add(part.questions);
        }
        for name in report.names {
            let key = (name.name.clone(), name.then, name.groups.clone(), name.clause.clone(), name.list.clone());
            match names.entry(key) {
                std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(name)),
                std::collections::btree_map::Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    known.questions = known.questions.saturating_add(name.questions);
                }
            }
        }
    }
    result.names = names.into_values().collect();
    result.names.sort_by(|one, other| other.questions.cmp(&one.questions).then_with(|| one.name.cmp(&other.name)));
    result
}

#[cfg(test)]
mod tests {
    use gapura_wire::{FilterAction, Sha256};

    use super::*;

    #[test]
    fn what_gateways_say_of_a_name_adds_up() {
        let name = |name: &str, questions| ShadowName {
            name: name.to_owned(),
            questions,
            groups: vec!["umum".parse().unwrap()],
            then: FilterAction::Block,
            clause: None,
            list: None,
        };
        let report = |names: Vec<ShadowName>| ShadowReport {
            draft: uuid::Uuid::from_u128(1),
            sha256: Sha256::of(b""),
            from: "2026-11-15".parse().unwrap(),
            until: "2026-11-21".parse().unwrap(),
            same: ShadowTotal { names: 10, questions: 100 },
            blocked: ShadowTotal { names: 1, questions: u64::MAX },
            opened: ShadowTotal::default(),
            names,
        };
        let sum =
            add_up(vec![report(vec![name("a.example", 5), name("b.example", 7)]), report(vec![name("a.example", 4)])]);
        assert_eq!(
            (sum.gateways, sum.same, sum.blocked.questions),
            (2, ShadowTotal { names: 20, questions: 200 }, u64::MAX)
        );
        assert_eq!(sum.names, [name("a.example", 9), name("b.example", 7)]);
    }
}
