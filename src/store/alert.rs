//! Alerts, and the messages about them that are on their way.

use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// Something that is or was wrong in the fleet.
    pub AlertRow {
        /// Its id.
        id: String,
        /// What kind of thing.
        kind: String,
        /// The site; empty = not of one site.
        site: String,
        /// A gateway, a list; empty = the controller.
        object: String,
        /// More about it.
        detail: String,
        /// Since when it is so, ms.
        since: i64,
        /// When it had been so for long enough, ms.
        raised: Option<i64>,
        /// From when on it looks well again, ms.
        better: Option<i64>,
        /// When it was over, ms.
        ended: Option<i64>,
        /// When it was told last, ms.
        told: Option<i64>,
        /// When its end was told, ms.
        told_end: Option<i64>,
        /// Who takes care of it.
        taken_by: Option<String>,
        /// Since when, ms.
        taken: Option<i64>,
        /// What they said.
        words: String,
    }
}

row! {
    /// A message to one receiver.
    pub MessageRow {
        /// Its id.
        id: String,
        /// `mail` or `webhook`.
        channel: String,
        /// What it says (JSON).
        document: String,
        /// When it was written, ms.
        made: i64,
        /// How often it was tried in vain.
        attempts: i64,
        /// When it is to be tried, ms.
        due: i64,
        /// When it was taken, ms.
        sent: Option<i64>,
        /// Why it was not, the last time.
        trouble: String,
    }
}

impl Tx {
    /// What is wrong or watched, and what is over and not told yet.
    pub async fn open_alerts(&mut self) -> Result<Vec<AlertRow>, StoreError> {
        self.rows(sql::ALERT_OPEN, args![]).await
    }

    /// What was raised and is not over, or was over since then; the latest first.
    pub async fn alerts(&mut self, over_since: Timestamp, limit: u32) -> Result<Vec<AlertRow>, StoreError> {
        self.rows(sql::ALERT_LIST, args![millis(over_since), i64::from(limit)]).await
    }

    /// One alert.
    pub async fn alert(&mut self, id: &str) -> Result<Option<AlertRow>, StoreError> {
        self.row(sql::ALERT_GET, args![id]).await
    }

    /// Writes an alert; who takes care of it stays.
    pub async fn put_alert(&mut self, alert: &AlertRow) -> Result<(), StoreError> {
        let a = alert;
        let mut args = args![&a.id, &a.kind, &a.site, &a.object, &a.detail, a.since, a.raised, a.better, a.ended];
        args.extend(args![a.told, a.told_end, &a.taken_by, a.taken, &a.words]);
        self.execute(sql::ALERT_PUT, args).await.map(drop)
    }

    /// Forgets what was watched and came to nothing.
    pub async fn forget_alert(&mut self, id: &str) -> Result<(), StoreError> {
        self.execute(sql::ALERT_FORGET, args![id]).await.map(drop)
    }

    /// Notes who takes care of an alert; `false` where somebody does, or it is over.
    pub async fn take_alert(&mut self, id: &str, who: &str, now: Timestamp, words: &str) -> Result<bool, StoreError> {
        Ok(self.execute(sql::ALERT_TAKE, args![id, who, millis(now), words]).await? > 0)
    }

    /// Forgets alerts that were over, and messages that were sent, before then.
    pub async fn prune_alerts(&mut self, over: Timestamp, sent: Timestamp) -> Result<(), StoreError> {
        self.execute(sql::ALERT_PRUNE, args![millis(over)]).await?;
        self.execute(sql::ALERT_MESSAGE_PRUNE, args![millis(sent)]).await.map(drop)
    }

    /// Puts a message on its way.
    pub async fn add_message(
        &mut self,
        (id, channel): (&str, &str),
        document: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(sql::ALERT_MESSAGE_ADD, args![id, channel, document, millis(now)]).await.map(drop)
    }

    /// Messages that are to be tried now.
    pub async fn due_messages(&mut self, now: Timestamp, limit: u32) -> Result<Vec<MessageRow>, StoreError> {
        self.rows(sql::ALERT_MESSAGE_DUE, args![millis(now), i64::from(limit)]).await
    }

    /// Takes a message that is due now to be sent; due again `until` then, should it not be said what became of it. `false` where
    /// another process took it.
    pub async fn take_message(&mut self, id: &str, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(sql::ALERT_MESSAGE_TAKE, args![id, millis(now), millis(until)]).await? > 0)
    }

    /// The latest messages.
    pub async fn messages(&mut self, limit: u32) -> Result<Vec<MessageRow>, StoreError> {
        self.rows(sql::ALERT_MESSAGE_LIST, args![i64::from(limit)]).await
    }

    /// Notes that a message was taken; `trouble` where it was given up.
    pub async fn message_sent(&mut self, id: &str, now: Timestamp, trouble: &str) -> Result<(), StoreError> {
        self.execute(sql::ALERT_MESSAGE_SENT, args![id, millis(now), trouble]).await.map(drop)
    }

    /// Notes that a message was not taken, and when it is tried again.
    pub async fn message_failed(&mut self, id: &str, due: Timestamp, trouble: &str) -> Result<(), StoreError> {
        self.execute(sql::ALERT_MESSAGE_FAILED, args![id, millis(due), trouble]).await.map(drop)
    }
}
