//! What the audit log says of a made-up day, in the order in which it happened.

use gapura_model::ClockTrust;
use gapura_runtime::ManualClock;
use gapura_store::{Tx, timestamp};

use crate::office::{Actor, Change, Office, OfficeError};

/// Rows to be noted.
#[derive(Debug, Default)]
pub(super) struct Log(Vec<Row>);

#[derive(Debug)]
struct Row {
    at: i64,
    who: Actor,
    action: &'static str,
    object: String,
    before: String,
    after: String,
}

impl Log {
    /// Notes what `name` did at `at` (ms).
    pub(super) fn note(
        &mut self,
        (at, name): (i64, &str),
        action: &'static str,
        object: String,
        (before, after): (&str, &str),
    ) {
        let who = Actor { name: name.to_owned(), reason: String::new() };
        self.0.push(Row { at, who, action, object, before: before.to_owned(), after: after.to_owned() });
    }

    /// Writes all of it by the office's own way, each row with its time.
    pub(super) async fn write(mut self, office: &Office, clock: &ManualClock, tx: &mut Tx) -> Result<(), OfficeError> {
        self.write_until(office, clock, tx, i64::MAX).await
    }

    /// Writes what was before `until` (ms); the rest stays.
    pub(super) async fn write_until(
        &mut self,
        office: &Office,
        clock: &ManualClock,
        tx: &mut Tx,
        until: i64,
    ) -> Result<(), OfficeError> {
        self.0.sort_by_key(|row| row.at);
        let before = self.0.partition_point(|row| row.at < until);
        for row in self.0.drain(..before) {
            clock.set_wall(timestamp(row.at), ClockTrust::Trusted);
            let Row { who, action, object, before, after, .. } = &row;
            office.note(tx, who, Change { action, object: object.clone(), before, after }).await?;
        }
        Ok(())
    }
}
