//! SOPs that are published in waves.

use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// What a SOP is called.
    pub RolloutName {
        /// The SOP.
        id: i64,
        /// The number on its paper.
        number: String,
        /// Its revision.
        revision: i64,
        /// Its title.
        title: String,
    }
}

row! {
    /// The rollout of a SOP.
    pub RolloutRow {
        /// The SOP.
        sop: i64,
        /// `waiting`, `running`, `stopped`, `done` or `rolled-back`.
        state: String,
        /// How many waves there are.
        waves: i64,
        /// The last one that has begun; 0 = none.
        wave: i64,
        /// When it did, or somebody went on, ms.
        begun: Option<i64>,
        /// The revisions that were in force before (JSON).
        former: String,
        /// When it stops by itself (JSON).
        rules: String,
        /// Not before then, ms.
        due: Option<i64>,
        /// Who ordered it.
        staff: String,
        /// Why.
        reason: String,
        /// When, ms.
        made: i64,
        /// Why it stopped by itself (JSON); empty = it did not.
        cause: String,
        /// Who stopped it, went on or withdrew it last; empty = nobody.
        changed_by: String,
        /// What they said.
        words: String,
        /// When its state changed last, ms.
        changed: i64,
    }
}

row! {
    /// A site in a rollout.
    pub RolloutSiteRow {
        /// The site.
        site: String,
        /// The SOP.
        sop: i64,
        /// Its wave, from 1.
        wave: i64,
        /// When that began, ms.
        begun: Option<i64>,
        /// Its first bundle with the revision; 0 = none yet.
        generation: i64,
        /// How its gateways fared since (JSON); empty = not begun.
        seen: String,
    }
}

row! {
    /// How often a SOP refused in an hour at a site.
    pub SopHour {
        /// The site.
        site: String,
        /// When the hour began, ms.
        hour: i64,
        /// How often.
        total: i64,
    }
}

impl Tx {
    /// The rollout of a SOP.
    pub async fn rollout(&mut self, sop: i64) -> Result<Option<RolloutRow>, StoreError> {
        self.row(sql::ROLLOUT_GET, args![sop]).await
    }

    /// The latest rollouts.
    pub async fn rollouts(&mut self, limit: u32) -> Result<Vec<RolloutRow>, StoreError> {
        self.rows(sql::ROLLOUT_LIST, args![i64::from(limit)]).await
    }

    /// What the SOPs of the latest rollouts are called.
    pub async fn rollout_names(&mut self, limit: u32) -> Result<Vec<RolloutName>, StoreError> {
        self.rows(sql::ROLLOUT_NAMES, args![i64::from(limit)]).await
    }

    /// Those that are neither done nor withdrawn.
    pub async fn open_rollouts(&mut self) -> Result<Vec<RolloutRow>, StoreError> {
        self.rows(sql::ROLLOUT_OPEN, args![]).await
    }

    /// Writes a rollout in place of the one its SOP had.
    pub async fn put_rollout(&mut self, rollout: &RolloutRow) -> Result<(), StoreError> {
        let r = rollout;
        let mut args =
            args![r.sop, &r.state, r.waves, r.wave, r.begun, &r.former, &r.rules, r.due, &r.staff, &r.reason];
        args.extend(args![r.made, &r.cause, &r.changed_by, &r.words, r.changed]);
        self.execute(sql::ROLLOUT_PUT, args).await.map(drop)
    }

    /// The sites of a rollout, by wave.
    pub async fn rollout_sites(&mut self, sop: i64) -> Result<Vec<RolloutSiteRow>, StoreError> {
        self.rows(sql::ROLLOUT_SITE_LIST, args![sop]).await
    }

    /// Writes a site of a rollout.
    pub async fn put_rollout_site(&mut self, site: &RolloutSiteRow) -> Result<(), StoreError> {
        let s = site;
        let args = args![&s.site, s.sop, s.wave, s.begun, s.generation, &s.seen];
        self.execute(sql::ROLLOUT_SITE_PUT, args).await.map(drop)
    }

    /// Forgets the sites of a rollout that another one takes the place of.
    pub async fn clear_rollout_sites(&mut self, sop: i64) -> Result<(), StoreError> {
        self.execute(sql::ROLLOUT_SITE_CLEAR, args![sop]).await.map(drop)
    }

    /// How often a SOP refused in the hours that began since then, by site and hour.
    pub async fn counts_of_sop(&mut self, number: &str, since: Timestamp) -> Result<Vec<SopHour>, StoreError> {
        self.rows(sql::COUNT_OF_SOP, args![number, millis(since)]).await
    }
}
