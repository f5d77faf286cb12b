//! Clauses in force that name lists of which nothing is held: what was enacted is not enforced, and nobody would see it.

use std::collections::BTreeSet;

use gapura_model::ListId;
use gapura_rules::sop::{Source, Stack};
use gapura_store::{SopRow, SopState, Tx};

use super::sop::label;
use super::{Office, OfficeError, read_json};
use crate::lists::Recipe;

/// A clause of a published SOP with lists that are empty at the sites.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Unheld {
    /// The SOP's number in the list of SOPs.
    pub id: i64,
    /// The SOP's number.
    pub sop: String,
    /// The clause's number.
    pub clause: String,
    /// Whether lower layers may not lift it.
    pub mandatory: bool,
    /// The lists it names that are not in the index, and lists and categories that the catalogue does not have.
    pub lists: Vec<String>,
    /// Whether the clause holds nothing at all.
    pub nothing: bool,
}

impl std::fmt::Display for Unheld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { clause, sop, lists, .. } = self;
        let mandatory = if self.mandatory { " (mandatory)" } else { "" };
        let holds = if self.nothing { "holds NOTHING" } else { "holds only a part" };
        let lists = lists.join(", ");
        write!(
            f,
            "warning: clause {clause} of {sop}{mandatory} {holds}: of {lists} no edition is in force (lists status)"
        )
    }
}

impl Office {
    /// All clauses of published SOPs that name lists of which the newest index has nothing.
    pub async fn unheld(&self) -> Result<Vec<Unheld>, OfficeError> {
        self.unheld_in(&mut self.store.read().await?).await
    }

    pub(super) async fn unheld_in(&self, tx: &mut Tx) -> Result<Vec<Unheld>, OfficeError> {
        let index = tx.last_index().await?;
        let recipe: Option<Recipe> = index.map(|row| read_json(&row.document, "an index's recipe")).transpose()?;
        let held: BTreeSet<ListId> = recipe.map(|recipe| recipe.lists.into_keys().collect()).unwrap_or_default();
        let published = tx.sops_in(SopState::Published).await?;
        Ok(published.iter().flat_map(|row| self.unheld_by(row, &held)).collect())
    }

    fn unheld_by(&self, row: &SopRow, held: &BTreeSet<ListId>) -> Vec<Unheld> {
        let file = label(row);
        let (stack, _) = Stack::adopt(&[Source { file: &file, text: &row.document }], &self.catalogue());
        let Some(stack) = stack else { return Vec::new() };
        let lacking = stack.needs().into_iter().filter_map(|need| {
            let text = stack.clauses().get(usize::from(need.clause.0))?;
            let missing: Vec<&ListId> = need.lists.iter().filter(|id| !held.contains(id)).collect();
            let nothing = need.alone && missing.len() == need.lists.len();
            let lists: Vec<String> = missing.into_iter().map(ToString::to_string).chain(need.unknown).collect();
            (!lists.is_empty()).then(|| Unheld {
                id: row.id,
                sop: row.number.clone(),
                clause: text.clause.clone(),
                mandatory: text.mandatory,
                lists,
                nothing,
            })
        });
        lacking.collect()
    }
}
