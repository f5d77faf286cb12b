//! What a rollout does by itself: its next wave, or a stop. Each step is one transaction that reads all it needs; writers take turns,
//! so that two controllers on one database never take the same step twice, and a controller that is killed takes it after its
//! restart.

use std::collections::BTreeMap;

use gapura_model::{GatewayId, SiteId, with_causes};
use gapura_store::{RolloutRow, RolloutSiteRow, SopHour, SopState, Tx, timestamp};
use jiff::{SignedDuration, Timestamp};

use super::network::gateways_in;
use super::rollout::hour_of;
use super::site::parse_site;
use super::sop::sop_in;
use super::{Actor, GatewayStanding, Office, OfficeError, read_json, write_json};
use crate::rollout::decide::{At, Picture, Step, step};
use crate::rollout::watch::{Fact, SiteSeen};
use crate::rollout::{Cause, RolloutRules, RolloutState};

/// A site of a rollout as it is looked at.
struct Looked {
    site: SiteId,
    row: RolloutSiteRow,
    seen: SiteSeen,
    facts: BTreeMap<GatewayId, Fact>,
}

/// Totals are told within so long: routers keep a day of them.
const TOLD: SignedDuration = SignedDuration::from_hours(26);

/// What a text in the database may hold of why a wave could not be published.
const WHY_CHARS: usize = 200;

impl Office {
    /// Takes the step that is due of every rollout; how many did something. What fails is tried again at the next look.
    pub(crate) async fn step_rollouts(&self) -> Result<usize, OfficeError> {
        let now = self.now();
        let open = self.store.read().await?.open_rollouts().await?;
        let may_step = |row: &&RolloutRow| {
            let due = row.due.is_none_or(|due| timestamp(due) <= now) || row.wave > 0;
            due && row.state != RolloutState::Stopped.as_str()
        };
        let mut stepped = 0;
        for row in open.iter().filter(may_step) {
            let done = match self.step_rollout(row.sop).await {
                Err(
                    error @ (OfficeError::Mistakes(_)
                    | OfficeError::Refused(_)
                    | OfficeError::Sop(_)
                    | OfficeError::NotFound { .. }
                    | OfficeError::Damaged { .. }),
                ) => {
                    let why: String = with_causes(&error).chars().take(WHY_CHARS).collect();
                    self.stop_by_itself(row.sop, Cause::NotPublished { why }).await
                }
                other => other,
            };
            match done {
                Ok(done) => stepped += usize::from(done),
                Err(error) => {
                    tracing::error!(sop = row.sop, error = with_causes(&error), "a rollout cannot go on now");
                }
            }
        }
        Ok(stepped)
    }

    async fn step_rollout(&self, sop: i64) -> Result<bool, OfficeError> {
        let mut tx = self.store.write().await?;
        // As it is now: another controller may have been quicker.
        let Some(mut row) = tx.rollout(sop).await? else { return Ok(false) };
        let on = [RolloutState::Waiting, RolloutState::Running].iter().any(|state| state.as_str() == row.state);
        if !on {
            return Ok(false);
        }
        let of = sop_in(&mut tx, sop).await?;
        if row.wave > 0 && of.state != SopState::Published.as_str() {
            // It was retired, or a later revision took its place.
            self.turn_rollout(&mut tx, row, RolloutState::Done).await?;
            tx.commit().await?;
            return Ok(true);
        }
        let rules: RolloutRules = read_json(&row.rules, "a rollout")?;
        let looked = self.look_at_rollout(&mut tx, &row, &of.number).await?;
        let sites: Vec<At<'_>> = looked
            .iter()
            .map(|one| At {
                site: &one.site,
                wave: u32::try_from(one.row.wave).unwrap_or(u32::MAX),
                generation: u64::try_from(one.row.generation).unwrap_or_default(),
                seen: &one.seen,
                facts: &one.facts,
            })
            .collect();
        let picture = Picture {
            rules,
            waves: u32::try_from(row.waves).unwrap_or_default(),
            wave: u32::try_from(row.wave).unwrap_or_default(),
            begun: row.begun.map_or(self.now(), timestamp),
            due: row.due.map(timestamp),
            sites: &sites,
            now: self.now(),
        };
        let gapura = Actor { name: "gapura".to_owned(), reason: format!("as ordered by {}", row.staff) };
        let stepped = match step(&picture) {
            Step::Wait => false,
            Step::Begin(wave) => {
                let published = self.begin_wave(&mut tx, &mut row, wave.into(), &gapura).await?;
                tracing::info!(sop, number = of.number, wave, bundles = published.len(), "a wave of a SOP has begun");
                true
            }
            Step::Stop(cause) => {
                self.stop_for(&mut tx, row, &cause).await?;
                true
            }
            Step::Finish => {
                let many = row.waves > 1;
                self.turn_rollout(&mut tx, row, RolloutState::Done).await?;
                if many {
                    self.note_rollout(&mut tx, &gapura, ("sop-rollout-done", sop), ("running", "done")).await?;
                }
                tracing::info!(sop, number = of.number, "a SOP is in force everywhere, and its sites are well");
                true
            }
        };
        tx.commit().await?;
        Ok(stepped)
    }

    /// Brings up to date what is known of the sites whose waves have begun.
    async fn look_at_rollout(&self, tx: &mut Tx, row: &RolloutRow, number: &str) -> Result<Vec<Looked>, OfficeError> {
        let now = self.now();
        let rows: Vec<_> = tx.rollout_sites(row.sop).await?.into_iter().filter(|site| site.begun.is_some()).collect();
        let Some(first) = rows.iter().filter_map(|site| site.begun).min() else { return Ok(Vec::new()) };
        let standing = gateways_in(tx, now).await?;
        // Hours that are over and told do not change any more: of them the highest is kept.
        let lately = now.checked_sub(TOLD).unwrap_or(Timestamp::MIN);
        let since = hour_of(timestamp(first)).max(hour_of(lately));
        let mut counts: BTreeMap<String, Vec<SopHour>> = BTreeMap::new();
        for count in tx.counts_of_sop(number, timestamp(since)).await? {
            counts.entry(count.site.clone()).or_default().push(count);
        }
        let mut looked = Vec::new();
        for mut site in rows {
            let mut seen: SiteSeen = read_json(&site.seen, "a rollout")?;
            let generation = u64::try_from(site.generation).unwrap_or_default();
            let mut facts = BTreeMap::new();
            for one in of_site(&standing, &site.site) {
                let fact = Fact::of(one);
                let known = seen.gateways.remove(&one.gateway).unwrap_or_default();
                seen.gateways.insert(one.gateway.clone(), known.look(fact, generation, now));
                facts.insert(one.gateway.clone(), fact);
            }
            let own = counts.get(&site.site).map(Vec::as_slice).unwrap_or_default();
            if seen.taken.is_none() && facts.values().any(|fact| fact.in_force >= generation) {
                let before = own.iter().filter(|count| count.hour >= hour_of(now)).map(refusals);
                (seen.taken, seen.before) = (Some(now), before.sum());
            }
            if let Some(hour) = seen.taken.map(hour_of) {
                let counted = own.iter().filter(|count| count.hour >= hour);
                let refused = counted.map(|count| {
                    if count.hour == hour { refusals(count).saturating_sub(seen.before) } else { refusals(count) }
                });
                seen.refused = refused.max().unwrap_or_default().max(seen.refused);
            }
            let text = write_json(&seen, "a rollout")?;
            if text != site.seen {
                site.seen = text;
                tx.put_rollout_site(&site).await?;
            }
            looked.push(Looked { site: parse_site(&site.site)?, row: site, seen, facts });
        }
        Ok(looked)
    }

    async fn stop_by_itself(&self, sop: i64, cause: Cause) -> Result<bool, OfficeError> {
        let mut tx = self.store.write().await?;
        let Some(row) = tx.rollout(sop).await? else { return Ok(false) };
        // Somebody may have turned it meanwhile.
        if ![RolloutState::Waiting, RolloutState::Running].iter().any(|on| on.as_str() == row.state) {
            return Ok(false);
        }
        self.stop_for(&mut tx, row, &cause).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn stop_for(&self, tx: &mut Tx, row: RolloutRow, cause: &Cause) -> Result<(), OfficeError> {
        let (sop, before, text) = (row.sop, row.state.clone(), write_json(cause, "a rollout")?);
        let (changed_by, words) = (String::new(), String::new());
        let row = RolloutRow { cause: text.clone(), changed_by, words, ..row };
        self.turn_rollout(tx, row, RolloutState::Stopped).await?;
        let gapura = Actor { name: "gapura".to_owned(), reason: String::new() };
        self.note_rollout(tx, &gapura, ("sop-rollout-stop", sop), (&before, &text)).await?;
        tracing::warn!(sop, cause = text, "a rollout of a SOP stopped by itself");
        Ok(())
    }
}

/// The gateways of a site that are in service.
pub(super) fn of_site<'a>(
    standing: &'a [GatewayStanding],
    site: &'a str,
) -> impl Iterator<Item = &'a GatewayStanding> + use<'a> {
    let serves = |one: &&GatewayStanding| !matches!(one.condition, crate::condition::Condition::Revoked { .. });
    standing.iter().filter(move |one| one.site.as_str() == site).filter(serves)
}

fn refusals(count: &SopHour) -> u64 {
    u64::try_from(count.total).unwrap_or_default()
}
