//! SOPs, their decrees, and what drafts would change.

use gapura_model::{GatewayId, SiteId};
use jiff::Timestamp;

use crate::filter::TrialRow;
use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

/// Where a SOP stands between being written and being over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SopState {
    /// Checked, and waiting for a second person.
    Draft,
    /// Approved by a second person; not in force.
    Approved,
    /// In force where it applies.
    Published,
    /// A later revision took its place.
    Replaced,
    /// Taken out of force.
    Retired,
    /// A draft that will not be approved.
    Discarded,
}

impl SopState {
    const ALL: [Self; 6] =
        [Self::Draft, Self::Approved, Self::Published, Self::Replaced, Self::Retired, Self::Discarded];

    /// The state of this text.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Its text in the tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Published => "published",
            Self::Replaced => "replaced",
            Self::Retired => "retired",
            Self::Discarded => "discarded",
        }
    }
}

row! {
    /// A SOP.
    pub SopRow {
        /// Its number here, in the order in which they came.
        id: i64,
        /// Its layer.
        layer: String,
        /// The province, regency, agency or site it is of; empty for the national layer.
        of_place: String,
        /// The number on its paper.
        number: String,
        /// Its revision under that number.
        revision: i64,
        /// Its title.
        title: String,
        /// [`SopState::as_str`].
        state: String,
        /// SHA-256 over the document.
        sha256: Vec<u8>,
        /// The document (TOML), byte for byte; empty in a list.
        document: String,
        /// The day by which it is to be looked through.
        review_by: Option<String>,
        /// Who brought it.
        author: String,
        /// When, ms.
        made: i64,
        /// Who approved it.
        approver: Option<String>,
        /// When, ms.
        approved: Option<i64>,
        /// When it came into the bundles, ms.
        published: Option<i64>,
        /// When it was replaced, retired or discarded, ms.
        ended: Option<i64>,
        /// SHA-256 over its decree.
        decree: Option<Vec<u8>>,
        /// The id under which gateways try it.
        trial: Option<String>,
        /// Until when they do, ms.
        trial_until: Option<i64>,
    }
}

row! {
    /// A SOP in force that somebody asks to take out of force.
    pub SopEndingRow {
        /// The SOP.
        sop: i64,
        /// Who asks.
        staff: String,
        /// Why.
        reason: String,
        /// When, ms.
        asked: i64,
    }
}

row! {
    /// Who wrote a draft.
    AuthorRow {
        author: String,
    }
}

row! {
    /// A decree.
    pub DecreeRow {
        /// SHA-256 over the PDF.
        sha256: Vec<u8>,
        /// The PDF.
        pdf: Vec<u8>,
    }
}

impl Tx {
    /// The id of the next SOP.
    pub async fn next_sop(&mut self) -> Result<i64, StoreError> {
        self.number(sql::SOP_NEXT, args![]).await
    }

    /// Adds a SOP.
    pub async fn add_sop(&mut self, sop: &SopRow) -> Result<(), StoreError> {
        let s = sop;
        let args = args![
            s.id,
            &s.layer,
            &s.of_place,
            &s.number,
            s.revision,
            &s.title,
            &s.state,
            &s.sha256,
            &s.document,
            &s.review_by,
            &s.author,
            s.made,
            &s.approver,
            s.approved,
            s.published,
            s.ended,
            &s.decree,
            &s.trial,
            s.trial_until
        ];
        self.execute(sql::SOP_ADD, args).await.map(drop)
    }

    /// Keeps what became of a SOP, and who brought what belongs to it; its text and numbers never change.
    pub async fn put_sop(&mut self, sop: &SopRow) -> Result<(), StoreError> {
        let s = sop;
        let args = args![
            s.id,
            &s.state,
            &s.author,
            &s.approver,
            s.approved,
            s.published,
            s.ended,
            &s.decree,
            &s.trial,
            s.trial_until
        ];
        self.execute(sql::SOP_PUT, args).await.map(drop)
    }

    /// One SOP.
    pub async fn sop(&mut self, id: i64) -> Result<Option<SopRow>, StoreError> {
        self.row(sql::SOP_GET, args![id]).await
    }

    /// All SOPs in the order in which they came, without their documents.
    pub async fn sops(&mut self) -> Result<Vec<SopRow>, StoreError> {
        self.rows(sql::SOP_LIST, args![]).await
    }

    /// All SOPs in one state, with their documents.
    pub async fn sops_in(&mut self, state: SopState) -> Result<Vec<SopRow>, StoreError> {
        self.rows(sql::SOP_OF_STATE, args![state.as_str()]).await
    }

    /// All SOPs that gateways are to try at `now`.
    pub async fn sops_on_trial(&mut self, now: Timestamp) -> Result<Vec<SopRow>, StoreError> {
        self.rows(sql::SOP_TRIALS, args![millis(now)]).await
    }

    /// The authors of each draft.
    pub async fn draft_authors(&mut self) -> Result<Vec<String>, StoreError> {
        let rows: Vec<AuthorRow> = self.rows(sql::SOP_DRAFT_AUTHORS, args![]).await?;
        Ok(rows.into_iter().map(|row| row.author).collect())
    }

    /// Keeps that somebody asks to take a SOP out of force.
    pub async fn put_sop_ending(&mut self, ending: &SopEndingRow) -> Result<(), StoreError> {
        let args = args![ending.sop, &ending.staff, &ending.reason, ending.asked];
        self.execute(sql::SOP_ENDING_PUT, args).await.map(drop)
    }

    /// All SOPs that somebody asks to take out of force.
    pub async fn sop_endings(&mut self) -> Result<Vec<SopEndingRow>, StoreError> {
        self.rows(sql::SOP_ENDING_LIST, args![]).await
    }

    /// Forgets that somebody asked.
    pub async fn remove_sop_ending(&mut self, sop: i64) -> Result<(), StoreError> {
        self.execute(sql::SOP_ENDING_REMOVE, args![sop]).await.map(drop)
    }

    /// Keeps a decree.
    pub async fn add_decree(&mut self, sha256: &[u8; 32], pdf: &[u8], now: Timestamp) -> Result<(), StoreError> {
        self.execute(sql::DECREE_ADD, args![sha256, pdf, millis(now)]).await.map(drop)
    }

    /// Removes a decree that no SOP has any more.
    pub async fn remove_unused_decree(&mut self, sha256: &[u8]) -> Result<(), StoreError> {
        self.execute(sql::DECREE_REMOVE_UNUSED, args![sha256]).await.map(drop)
    }

    /// A decree.
    pub async fn decree(&mut self, sha256: &[u8]) -> Result<Option<DecreeRow>, StoreError> {
        self.row(sql::DECREE_GET, args![sha256]).await
    }

    /// Keeps a gateway's report of a trial in place of its earlier one.
    pub async fn put_trial(
        &mut self,
        (site, gateway): (&SiteId, &GatewayId),
        trial: &str,
        document: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let args = args![site.as_str(), gateway.as_str(), trial, document, millis(now)];
        self.execute(sql::TRIAL_PUT, args).await.map(drop)
    }

    /// All reports of a trial.
    pub async fn trials(&mut self, trial: &str) -> Result<Vec<TrialRow>, StoreError> {
        self.rows(sql::TRIAL_LIST, args![trial]).await
    }

    /// Forgets reports that came before `before`.
    pub async fn prune_trials(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::TRIAL_PRUNE, args![millis(before)]).await
    }
}
