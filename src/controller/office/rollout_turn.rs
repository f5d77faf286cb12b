//! What people do about a rollout: stop it, go on with it, take it back. Each with a reason.

use gapura_store::{RolloutRow, RolloutSiteRow, SopRow, SopState, Tx, millis, timestamp};
use jiff::{SignedDuration, Timestamp};

use super::network::gateways_in;
use super::publish::Scope;
use super::rollout::rollout_in;
use super::rollout_step::of_site;
use super::sop::{in_state, sop_in};
use super::{Actor, Office, OfficeError, Published, REASON, read_json, write_json};
use crate::rollout::watch::{Fact, SiteSeen};
use crate::rollout::{RolloutRules, RolloutState};
use crate::why::why;

/// The only revision of a SOP can be taken back by one person for so long after it began everywhere.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// A publication can be taken back for so long after its last wave began; later that is another decision, and another revision.
pub(super) const REGRET: SignedDuration = SignedDuration::from_hours(24 * 30);

impl Office {
    /// No further wave begins until somebody goes on; sites that have the revision keep it.
    pub async fn stop_rollout(&self, id: i64, who: &Actor) -> Result<(), OfficeError> {
        reasoned(who)?;
        let mut tx = self.store.write().await?;
        let row = rollout_in(&mut tx, id, &[RolloutState::Waiting, RolloutState::Running]).await?;
        let before = row.state.clone();
        let row = RolloutRow { changed_by: who.name.clone(), words: who.reason.clone(), cause: String::new(), ..row };
        self.turn_rollout(&mut tx, row, RolloutState::Stopped).await?;
        self.note_rollout(&mut tx, who, ("sop-rollout-stop", id), (&before, "stopped")).await?;
        Ok(tx.commit().await?)
    }

    /// Goes on in spite of what is wrong now, or, with `all`, begins all waves that are left at once.
    pub async fn go_on(&self, id: i64, all: bool, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        reasoned(who)?;
        let mut tx = self.store.write().await?;
        let states: &[RolloutState] = if all {
            &[RolloutState::Waiting, RolloutState::Running, RolloutState::Stopped]
        } else {
            &[RolloutState::Stopped]
        };
        let row = rollout_in(&mut tx, id, states).await?;
        let before = row.state.clone();
        let now = self.now();
        let state = if row.wave == 0 { RolloutState::Waiting } else { RolloutState::Running };
        let mut row = RolloutRow {
            state: state.as_str().to_owned(),
            begun: row.begun.map(|_| millis(now)),
            cause: String::new(),
            changed_by: who.name.clone(),
            words: who.reason.clone(),
            changed: millis(now),
            ..row
        };
        tx.put_rollout(&row).await?;
        self.accept(&mut tx, &row).await?;
        let after = if all { "all waves at once" } else { state.as_str() };
        self.note_rollout(&mut tx, who, ("sop-rollout-go-on", id), (&before, after)).await?;
        let last = row.waves;
        let published =
            if all && row.wave < last { self.begin_wave(&mut tx, &mut row, last, who).await? } else { Vec::new() };
        tx.commit().await?;
        Ok(published)
    }

    /// What is wrong now stops it no more.
    async fn accept(&self, tx: &mut Tx, row: &RolloutRow) -> Result<(), OfficeError> {
        let (now, rules) = (self.now(), read_json::<RolloutRules>(&row.rules, "a rollout")?);
        let standing = gateways_in(tx, now).await?;
        for site in tx.rollout_sites(row.sop).await?.into_iter().filter(|site| site.begun.is_some()) {
            let generation = u64::try_from(site.generation).unwrap_or_default();
            let mut seen: SiteSeen = read_json(&site.seen, "a rollout")?;
            for one in of_site(&standing, &site.site) {
                let fact = Fact::of(one);
                let known = seen.gateways.remove(&one.gateway).unwrap_or_default();
                let mut known = known.look(fact, generation, now);
                known.accept(fact, generation, now);
                seen.gateways.insert(one.gateway.clone(), known);
            }
            seen.waived = true;
            if seen.refused > seen.most {
                seen.most = rules.most_refusals(seen.refused);
            }
            let text = write_json(&seen, "a rollout")?;
            tx.put_rollout_site(&RolloutSiteRow { seen: text, ..site }).await?;
        }
        Ok(())
    }

    /// Withdraws the revision from every site; what was in force before is in force again. One that has not begun is only called
    /// off: its SOP stays approved.
    pub async fn roll_back(&self, id: i64, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        reasoned(who)?;
        let mut tx = self.store.write().await?;
        let states = [RolloutState::Waiting, RolloutState::Running, RolloutState::Stopped, RolloutState::Done];
        let row = rollout_in(&mut tx, id, &states).await?;
        let row = RolloutRow { changed_by: who.name.clone(), words: who.reason.clone(), cause: String::new(), ..row };
        let (before, begun) = (row.state.clone(), row.wave > 0);
        let former: Vec<i64> = read_json(&row.former, "a rollout")?;
        let (done, everywhere) = (row.state == RolloutState::Done.as_str(), row.wave == row.waves);
        let since = everywhere_since(&mut tx, id).await?;
        let passed = self.now().duration_since(since);
        self.turn_rollout(&mut tx, row, RolloutState::RolledBack).await?;
        if !begun {
            self.note_rollout(&mut tx, who, ("sop-rollback", id), (&before, "called off")).await?;
            tx.commit().await?;
            return Ok(Vec::new());
        }
        let sop = in_state(&mut tx, id, &[SopState::Published], why!("rollout-for-rollback")).await?;
        if everywhere && passed > REGRET {
            let why = why!("rollout-late", number = &sop.number, days = REGRET.as_hours() / 24);
            return Err(OfficeError::Refused(why));
        }
        if everywhere && former.is_empty() && (done || passed > GRACE) {
            // Taking the only revision out of force is a retirement, which may need two people.
            return Err(OfficeError::Refused(why!("rollout-only", sop = id, number = &sop.number)));
        }
        self.end(&mut tx, sop, SopState::Retired, who, "sop-rollback").await?;
        self.restore(&mut tx, &former, who).await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// Puts those of these revisions in force again that the rollout replaced. They were in force as its first wave began; one that
    /// was retired since was ended by a person. Nothing is checked anew: routers take what they had, and no list that is gone
    /// meanwhile may stand in the way of this one press.
    async fn restore(&self, tx: &mut Tx, former: &[i64], who: &Actor) -> Result<(), OfficeError> {
        for id in former {
            let sop = sop_in(tx, *id).await?;
            if sop.state != SopState::Replaced.as_str() {
                continue;
            }
            let state = SopState::Published.as_str().to_owned();
            let again = SopRow { state, ended: None, ..sop.clone() };
            tx.put_sop(&again).await?;
            self.note_sop(tx, who, "sop-restore", (&sop.state, &again)).await?;
        }
        Ok(())
    }
}

/// When the last of a rollout's sites got its turn; now and then somebody goes on, which does not count.
pub(super) async fn everywhere_since(tx: &mut Tx, sop: i64) -> Result<Timestamp, OfficeError> {
    let begun = tx.rollout_sites(sop).await?.into_iter().filter_map(|site| site.begun).max();
    Ok(begun.map_or(Timestamp::MAX, timestamp))
}

fn reasoned(who: &Actor) -> Result<(), OfficeError> {
    if who.reason.trim().is_empty() {
        return Err(OfficeError::Refused(why!("rollout-reason").flag(REASON)));
    }
    Ok(())
}
