//! SOPs that end: drafts that are thrown away, and what is taken out of force, by two people where others rely on it.

use gapura_store::{SopEndingRow, SopRow, SopState, millis};
use gapura_wire::limits;

use super::people::{joined, wrote_at};
use super::publish::Scope;
use super::sop::{binds, in_state, read_published};
use super::{Actor, Office, OfficeError, Published, REASON};
use crate::why::why;

/// What became of taking a SOP out of force.
#[derive(Clone, Debug)]
pub enum SopEnding {
    /// A second person has to agree.
    Asked,
    /// It is out of force.
    Ended(Vec<Published>),
}

impl Office {
    /// Throws away what is not published.
    pub async fn discard_sop(&self, id: i64, who: &Actor) -> Result<SopRow, OfficeError> {
        reasoned(who)?;
        let mut tx = self.store.write().await?;
        let row = in_state(&mut tx, id, &[SopState::Draft, SopState::Approved], why!("sop-for-discarding")).await?;
        let ended = self.end(&mut tx, row, SopState::Discarded, who, "sop-discard").await?;
        self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Takes a SOP out of force, or, where others rely on it, asks for it: a second person agrees on their own page.
    pub async fn end_sop(&self, id: i64, who: &Actor) -> Result<SopEnding, OfficeError> {
        reasoned(who)?;
        let mut tx = self.store.write().await?;
        let row = in_state(&mut tx, id, &[SopState::Published], why!("sop-for-retiring")).await?;
        if !read_published(&row, &self.catalogue()).is_none_or(|sop| binds(&sop)) {
            self.end(&mut tx, row, SopState::Retired, who, "sop-retire").await?;
            let published = self.publish_in(&mut tx, Scope::All).await?;
            tx.commit().await?;
            return Ok(SopEnding::Ended(published));
        }
        if let Some(asked) = tx.sop_endings().await?.into_iter().find(|asked| asked.sop == id) {
            return Err(OfficeError::Refused(why!("sop-end-asked", sop = id, staff = asked.staff)));
        }
        let (staff, reason) = (who.name.clone(), who.reason.trim().to_owned());
        tx.put_sop_ending(&SopEndingRow { sop: id, staff, reason, asked: millis(self.now()) }).await?;
        self.note_sop(&mut tx, who, "sop-end-ask", (&row.state, &row)).await?;
        tx.commit().await?;
        Ok(SopEnding::Asked)
    }

    /// A second person agrees that a SOP is taken out of force, to what was asked at the time they `read` (ms).
    pub async fn agree_sop_end(
        &self,
        id: i64,
        read: i64,
        who: &Actor,
    ) -> Result<(SopRow, Vec<Published>), OfficeError> {
        let mut tx = self.store.write().await?;
        let asked = tx.sop_endings().await?.into_iter().find(|asked| asked.sop == id);
        let asked = asked.ok_or_else(|| OfficeError::Refused(why!("sop-end-not-asked", sop = id)))?;
        if who.name.trim().is_empty() || wrote_at(&who.name, &asked.staff) {
            return Err(OfficeError::Refused(why!("sop-end-second", sop = id, staff = asked.staff)));
        }
        if asked.asked != read {
            return Err(OfficeError::Refused(why!("sop-end-other", sop = id, staff = asked.staff)));
        }
        let row = in_state(&mut tx, id, &[SopState::Published], why!("sop-for-retiring")).await?;
        let both = Actor { name: joined(&asked.staff, &who.name), reason: asked.reason };
        let ended = self.end(&mut tx, row, SopState::Retired, &both, "sop-retire").await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok((ended, published))
    }

    /// A SOP stays in force: what was asked is taken back, or refused.
    pub async fn keep_sop(&self, id: i64, who: &Actor) -> Result<SopRow, OfficeError> {
        bounded(who)?;
        let mut tx = self.store.write().await?;
        let row = in_state(&mut tx, id, &[SopState::Published], why!("sop-for-retiring")).await?;
        if !tx.sop_endings().await?.iter().any(|asked| asked.sop == id) {
            return Err(OfficeError::Refused(why!("sop-end-not-asked", sop = id)));
        }
        tx.remove_sop_ending(id).await?;
        self.note_sop(&mut tx, who, "sop-end-keep", (&row.state, &row)).await?;
        tx.commit().await?;
        Ok(row)
    }
}

pub(super) fn reasoned(who: &Actor) -> Result<(), OfficeError> {
    if who.reason.trim().is_empty() {
        return Err(OfficeError::Refused(why!("sop-reason").flag(REASON)));
    }
    bounded(who)
}

/// What is said with a change is kept for ever.
pub(super) fn bounded(who: &Actor) -> Result<(), OfficeError> {
    if who.reason.chars().count() > limits::TEXT_CHARS {
        return Err(OfficeError::Refused(why!("sop-reason-long", most = limits::TEXT_CHARS).flag(REASON)));
    }
    Ok(())
}
