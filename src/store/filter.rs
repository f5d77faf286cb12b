//! Lists, their index, and how often the filter refused.

use gapura_model::ListId;
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{Span, StoreError, millis};

row! {
    /// A gateway's report of a draft.
    pub TrialRow {
        /// The site.
        site: String,
        /// The router.
        gateway: String,
        /// The report (JSON).
        document: String,
        /// When it came, ms.
        received: i64,
    }
}

row! {
    /// What is known of a list.
    pub ListRow {
        /// Its id.
        id: String,
        /// Its state (JSON).
        document: String,
        /// When that changed, ms.
        changed: i64,
    }
}

row! {
    /// An index that was built.
    pub IndexRow {
        /// Its version.
        version: i64,
        /// Its root, 32 bytes.
        root: Vec<u8>,
        /// Its length.
        octets: i64,
        /// Which lists in which state (JSON).
        document: String,
        /// When, ms.
        built: i64,
    }
}

row! {
    /// How often a clause refused in an hour at one router, so far.
    pub CountRow {
        /// The site.
        site: String,
        /// The router.
        gateway: String,
        /// The run of its counting.
        run: String,
        /// When the hour began, ms.
        hour: i64,
        /// The SOP's number.
        sop: String,
        /// The clause's number.
        clause: String,
        /// The list; empty = the clause names it itself.
        list: String,
        /// How often.
        total: i64,
    }
}

row! {
    /// How often a clause refused in an hour at a site.
    pub CountSum {
        /// The site.
        site: String,
        /// When the hour began, ms.
        hour: i64,
        /// The SOP's number.
        sop: String,
        /// The clause's number.
        clause: String,
        /// The list; empty = the clause names it itself.
        list: String,
        /// How often.
        total: i64,
    }
}

impl Tx {
    /// Keeps what is known of a list.
    pub async fn put_list(&mut self, id: &ListId, document: &str, now: Timestamp) -> Result<(), StoreError> {
        self.execute(sql::LIST_PUT, args![id.as_str(), document, millis(now)]).await.map(drop)
    }

    /// All lists, by id.
    pub async fn lists(&mut self) -> Result<Vec<ListRow>, StoreError> {
        self.rows(sql::LIST_LIST, args![]).await
    }

    /// Forgets a list.
    pub async fn remove_list(&mut self, id: &str) -> Result<(), StoreError> {
        self.execute(sql::LIST_REMOVE, args![id]).await.map(drop)
    }

    /// Adds an index; its version must be new.
    pub async fn add_index(&mut self, index: &IndexRow) -> Result<(), StoreError> {
        let i = index;
        self.execute(sql::INDEX_ADD, args![i.version, &i.root, i.octets, &i.document, i.built]).await.map(drop)
    }

    /// The newest index.
    pub async fn last_index(&mut self) -> Result<Option<IndexRow>, StoreError> {
        self.row(sql::INDEX_LAST, args![]).await
    }

    /// All indexes, newest first.
    pub async fn indexes(&mut self) -> Result<Vec<IndexRow>, StoreError> {
        self.rows(sql::INDEX_LIST, args![]).await
    }

    /// Forgets indexes older than `version`.
    pub async fn prune_indexes(&mut self, version: i64) -> Result<u64, StoreError> {
        self.execute(sql::INDEX_PRUNE, args![version]).await
    }

    /// Keeps a total, if it is higher than what is known.
    pub async fn put_count(&mut self, count: &CountRow) -> Result<bool, StoreError> {
        let c = count;
        let args = args![&c.site, &c.gateway, &c.run, c.hour, &c.sop, &c.clause, &c.list, c.total];
        Ok(self.execute(sql::COUNT_PUT, args).await? > 0)
    }

    /// Forgets totals of hours that began before `before`; how many.
    pub async fn prune_counts(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::COUNT_PRUNE, args![millis(before)]).await
    }

    /// Totals of hours that began in the span, by site, hour, clause and list.
    pub async fn count_sums(&mut self, span: &Span) -> Result<Vec<CountSum>, StoreError> {
        self.rows(sql::COUNT_SUM, span.args(true)).await
    }
}
