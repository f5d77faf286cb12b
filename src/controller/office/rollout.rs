//! A SOP published in waves: ordered, and each wave begun. What happens by itself is in `rollout_step`, what people do about it in
//! `rollout_turn`.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::SiteId;
use gapura_rules::sop::Sop;
use gapura_store::{RolloutRow, RolloutSiteRow, SopRow, SopState, Tx, millis};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::filter::place;
use super::network::gateways_in;
use super::publish::Scope;
use super::rollout_step::of_site;
use super::site::parse_site;
use super::sop::{in_state, read_published, sop_in};
use super::{Actor, Change, Office, OfficeError, Published, read_json, write_json};
use crate::document::SiteDocument;
use crate::rollout::watch::{Fact, SiteSeen};
use crate::rollout::waves::{MOST_WAVES, WaveMistake, waves};
use crate::rollout::{RolloutRules, RolloutState};
use crate::why::{Why, why};

/// How a SOP is to be published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolloutOrder {
    /// Not before then (UTC); none: now.
    pub at: Option<Timestamp>,
    /// Where it begins.
    pub pilots: Vec<SiteId>,
    /// Percentages of the other sites, each with those before it; what is left is the last wave.
    pub shares: Vec<u32>,
    /// When it stops by itself, and how long each wave is watched.
    pub rules: RolloutRules,
}

impl Office {
    /// Publishes an approved SOP as ordered: its first wave at once, or when its time has come.
    pub async fn roll_out(
        &self,
        id: i64,
        order: &RolloutOrder,
        who: &Actor,
    ) -> Result<(SopRow, Vec<Published>), OfficeError> {
        let mut tx = self.store.write().await?;
        let done = self.roll_out_in(&mut tx, id, order, who).await?;
        tx.commit().await?;
        Ok(done)
    }

    async fn roll_out_in(
        &self,
        tx: &mut Tx,
        id: i64,
        order: &RolloutOrder,
        who: &Actor,
    ) -> Result<(SopRow, Vec<Published>), OfficeError> {
        let sop = in_state(tx, id, &[SopState::Approved], why!("sop-for-publishing")).await?;
        self.make_way(tx, &sop).await?;
        let now = self.now();
        let settle = order.rules.settle_minutes;
        if !(1..=RolloutRules::LONGEST_SETTLE).contains(&settle) {
            let why = why!("rollout-settle", most = RolloutRules::LONGEST_SETTLE / 60 / 24).flag("--settle MINUTES");
            return Err(OfficeError::Mistakes(vec![why]));
        }
        if order.at.is_some_and(|at| at <= now) {
            return Err(OfficeError::Mistakes(vec![why!("rollout-past").flag("--at TIME")]));
        }
        let sites = self.touched(tx, &sop).await?;
        self.acts_from_the_first_wave(&sop, order)?;
        let waves = waves(&sop.sha256, &sites, &order.pilots, &order.shares);
        let waves = waves.map_err(|all| OfficeError::Mistakes(all.into_iter().map(mistake).collect()))?;
        let count = waves.len().max(1);
        let mut row = RolloutRow {
            sop: id,
            state: RolloutState::Waiting.as_str().to_owned(),
            waves: i64::try_from(count).unwrap_or(1),
            wave: 0,
            begun: None,
            former: "[]".to_owned(),
            rules: write_json(&order.rules, "a rollout")?,
            due: order.at.map(millis),
            staff: who.name.clone(),
            reason: who.reason.clone(),
            made: millis(now),
            cause: String::new(),
            changed_by: String::new(),
            words: String::new(),
            changed: millis(now),
        };
        tx.clear_rollout_sites(id).await?;
        for (wave, sites) in (1_i64..).zip(&waves) {
            for site in sites {
                let site = site.as_str().to_owned();
                let seen = String::new();
                let row = RolloutSiteRow { site, sop: id, wave, begun: None, generation: 0, seen };
                tx.put_rollout_site(&row).await?;
            }
        }
        tx.put_rollout(&row).await?;
        // What is published everywhere at once stands in the log as that alone.
        if count > 1 || order.at.is_some() {
            let sizes: Vec<String> = waves.iter().map(|wave| wave.len().to_string()).collect();
            let at = order.at.map_or_else(|| "now".to_owned(), |at| at.to_string());
            let after = format!("waves of {} sites, {settle} minutes each, from {at}", sizes.join(", "));
            self.note_rollout(tx, who, ("sop-rollout", id), ("", &after)).await?;
        }
        let published = match order.at {
            Some(_) => Vec::new(),
            None => self.begin_wave(tx, &mut row, 1, who).await?,
        };
        Ok((sop_in(tx, id).await?, published))
    }

    /// Waves show something only of a revision whose day has come as they begin.
    fn acts_from_the_first_wave(&self, sop: &SopRow, order: &RolloutOrder) -> Result<(), OfficeError> {
        if order.pilots.is_empty() && order.shares.is_empty() {
            return Ok(());
        }
        let Some(from) = read_published(sop, &self.catalogue()).map(|sop| sop.effective_from()) else { return Ok(()) };
        // Jakarta's is the last day of Indonesia to begin.
        let begins = order.at.unwrap_or_else(|| self.now()).to_zoned(TimeZone::fixed(jiff::tz::offset(7)));
        if from > begins.date() {
            return Err(OfficeError::Mistakes(vec![why!("rollout-day", day = from.to_string()).flag("--at TIME")]));
        }
        Ok(())
    }

    /// A rollout of the same SOP that still holds sites back is in the way; one that has begun everywhere is over now.
    async fn make_way(&self, tx: &mut Tx, sop: &SopRow) -> Result<(), OfficeError> {
        for row in tx.open_rollouts().await? {
            let other = sop_in(tx, row.sop).await?;
            if other.id == sop.id && row.wave > 0 || other.layer != sop.layer || other.number != sop.number {
                continue;
            }
            if other.id == sop.id || holds_back(&row) {
                let (number, revision) = (&other.number, other.revision);
                return Err(OfficeError::Refused(why!(
                    "rollout-open",
                    sop = row.sop,
                    number = number,
                    revision = revision
                )));
            }
            self.turn_rollout(tx, row, RolloutState::Done).await?;
        }
        Ok(())
    }

    /// Refuses what would leave sites with neither revision while a rollout of this SOP holds some of them back.
    pub(super) async fn not_rolling_out(&self, tx: &mut Tx, sop: &SopRow) -> Result<(), OfficeError> {
        if sop.state == SopState::Draft.as_str() {
            return Ok(());
        }
        for row in tx.open_rollouts().await?.into_iter().filter(holds_back) {
            let other = sop_in(tx, row.sop).await?;
            if other.layer == sop.layer && other.number == sop.number {
                let (number, revision) = (&other.number, other.revision);
                return Err(OfficeError::Refused(why!(
                    "rollout-open",
                    sop = row.sop,
                    number = number,
                    revision = revision
                )));
            }
        }
        Ok(())
    }

    /// The sites for which it changes anything: those it is for, and those that a revision in force is for.
    pub(super) async fn touched(&self, tx: &mut Tx, sop: &SopRow) -> Result<Vec<SiteId>, OfficeError> {
        let mut texts: Vec<Sop> = read_published(sop, &self.catalogue()).into_iter().collect();
        for row in formers(tx, sop).await? {
            texts.extend(read_published(&row, &self.catalogue()));
        }
        let mut sites = Vec::new();
        for row in tx.sites().await? {
            let (id, document) =
                (parse_site(&row.id)?, read_json::<SiteDocument>(&row.document, format!("site {}", row.id))?);
            let place = place(&id, &document);
            if texts.iter().any(|sop| sop.scope().takes_place(&place)) {
                sites.push(id);
            }
        }
        Ok(sites)
    }

    /// Begins all waves up to this one.
    pub(super) async fn begin_wave(
        &self,
        tx: &mut Tx,
        row: &mut RolloutRow,
        wave: i64,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let (now, before) = (self.now(), row.wave);
        let sop = sop_in(tx, row.sop).await?;
        if before == 0 {
            let former: Vec<i64> = formers(tx, &sop).await?.iter().map(|row| row.id).collect();
            row.former = write_json(&former, "a rollout")?;
        }
        if wave == row.waves {
            self.take_in_new_sites(tx, row, &sop).await?;
        }
        RolloutState::Running.as_str().clone_into(&mut row.state);
        row.cause.clear();
        (row.wave, row.begun, row.changed) = (wave, Some(millis(now)), millis(now));
        tx.put_rollout(row).await?;
        if before == 0 {
            self.publish_sop_in(tx, row.sop, who).await?;
        } else {
            self.replace_sops(tx, who).await?;
        }
        let published = self.publish_in(tx, Scope::All).await?;
        let mut begun = Vec::new();
        for site in tx.rollout_sites(row.sop).await? {
            if site.begun.is_none() && site.wave <= wave {
                begun.push(site);
            }
        }
        let names: Vec<String> = begun.iter().map(|site| site.site.clone()).collect();
        self.begin_sites(tx, row, &sop.number, begun).await?;
        if row.waves > 1 {
            let after = format!("wave {wave} of {}: {}", row.waves, names.join(", "));
            self.note_rollout(tx, who, ("sop-rollout-wave", row.sop), ("", &after)).await?;
        }
        Ok(published)
    }

    /// Sites that were made since it was ordered, or moved to where the SOP holds, belong to the last wave.
    async fn take_in_new_sites(&self, tx: &mut Tx, row: &RolloutRow, sop: &SopRow) -> Result<(), OfficeError> {
        let known: BTreeSet<String> = tx.rollout_sites(row.sop).await?.into_iter().map(|site| site.site).collect();
        for site in self.touched(tx, sop).await? {
            let (site, seen) = (site.as_str().to_owned(), String::new());
            if !known.contains(&site) {
                let new = RolloutSiteRow { site, sop: row.sop, wave: row.waves, begun: None, generation: 0, seen };
                tx.put_rollout_site(&new).await?;
            }
        }
        Ok(())
    }

    /// Notes how these sites are as their wave begins.
    async fn begin_sites(
        &self,
        tx: &mut Tx,
        row: &RolloutRow,
        number: &str,
        sites: Vec<RolloutSiteRow>,
    ) -> Result<(), OfficeError> {
        let now = self.now();
        let rules: RolloutRules = read_json(&row.rules, "a rollout")?;
        let generations: BTreeMap<String, i64> =
            tx.generations().await?.into_iter().map(|row| (row.site, row.generation)).collect();
        let standing = gateways_in(tx, now).await?;
        let hour = hour_of(now);
        let week = now.checked_sub(SignedDuration::from_hours(24 * 7)).unwrap_or(Timestamp::MIN);
        let counts = tx.counts_of_sop(number, week).await?;
        for mut site in sites {
            let own = counts.iter().filter(|count| count.site == site.site);
            let total = |count: &gapura_store::SopHour| u64::try_from(count.total).unwrap_or_default();
            let before = own.clone().filter(|count| count.hour >= hour).map(total).sum();
            let busiest = own.filter(|count| count.hour < hour).map(total).max().unwrap_or_default();
            site.generation = generations.get(&site.site).copied().unwrap_or_default();
            let generation = u64::try_from(site.generation).unwrap_or_default();
            let mut seen = SiteSeen { before, busiest, most: rules.most_refusals(busiest), ..SiteSeen::default() };
            for one in of_site(&standing, &site.site) {
                let known = crate::rollout::watch::Seen::default().look(Fact::of(one), generation, now);
                seen.gateways.insert(one.gateway.clone(), known);
            }
            site.begun = Some(millis(now));
            site.seen = write_json(&seen, "a rollout")?;
            tx.put_rollout_site(&site).await?;
        }
        Ok(())
    }

    /// A SOP that is in force no more, or a draft again, is watched no longer.
    pub(super) async fn end_rollout(&self, tx: &mut Tx, sop: i64) -> Result<(), OfficeError> {
        let Some(row) = tx.rollout(sop).await? else { return Ok(()) };
        let over = [RolloutState::Done, RolloutState::RolledBack].iter().any(|over| over.as_str() == row.state);
        if !over {
            let state = if row.wave == 0 { RolloutState::RolledBack } else { RolloutState::Done };
            let row = RolloutRow { cause: String::new(), ..row };
            self.turn_rollout(tx, row, state).await?;
        }
        Ok(())
    }

    /// Writes another state of a rollout.
    pub(super) async fn turn_rollout(
        &self,
        tx: &mut Tx,
        row: RolloutRow,
        state: RolloutState,
    ) -> Result<RolloutRow, OfficeError> {
        let row = RolloutRow { state: state.as_str().to_owned(), changed: millis(self.now()), ..row };
        tx.put_rollout(&row).await?;
        Ok(row)
    }

    pub(super) async fn note_rollout(
        &self,
        tx: &mut Tx,
        who: &Actor,
        (action, sop): (&'static str, i64),
        (before, after): (&str, &str),
    ) -> Result<(), OfficeError> {
        self.note(tx, who, Change { action, object: format!("sop/{sop}"), before, after }).await
    }
}

/// Revisions of the same SOP that are in force.
async fn formers(tx: &mut Tx, sop: &SopRow) -> Result<Vec<SopRow>, OfficeError> {
    let published = tx.sops_in(SopState::Published).await?;
    let same = |row: &SopRow| row.layer == sop.layer && row.number == sop.number && row.id != sop.id;
    Ok(published.into_iter().filter(same).collect())
}

/// Whether there are sites that do not get the revision yet.
pub(super) fn holds_back(row: &RolloutRow) -> bool {
    let open = [RolloutState::Waiting, RolloutState::Running, RolloutState::Stopped];
    open.iter().any(|state| state.as_str() == row.state) && row.wave < row.waves
}

/// By SOP: the sites that have its revision already. SOPs that hold nobody back are not in it.
pub(super) async fn reached(tx: &mut Tx) -> Result<BTreeMap<i64, BTreeSet<String>>, OfficeError> {
    let mut reached = BTreeMap::new();
    for row in tx.open_rollouts().await?.into_iter().filter(holds_back) {
        let sites = tx.rollout_sites(row.sop).await?;
        let begun = sites.into_iter().filter(|site| site.wave <= row.wave).map(|site| site.site).collect();
        reached.insert(row.sop, begun);
    }
    Ok(reached)
}

pub(super) async fn rollout_in(tx: &mut Tx, id: i64, states: &[RolloutState]) -> Result<RolloutRow, OfficeError> {
    let row = tx.rollout(id).await?.ok_or_else(|| OfficeError::not_found("rollout of SOP", id.to_string()))?;
    if states.iter().any(|state| state.as_str() == row.state) {
        return Ok(row);
    }
    let state = RolloutState::named(&row.state).map_or_else(|| Why::plain(&row.state), state_words);
    Err(OfficeError::Refused(why!("rollout-state", sop = id, state = state)))
}

fn state_words(state: RolloutState) -> Why {
    match state {
        RolloutState::Waiting => why!("rollout-state-waiting"),
        RolloutState::Running => why!("rollout-state-running"),
        RolloutState::Stopped => why!("rollout-state-stopped"),
        RolloutState::Done => why!("rollout-state-done"),
        RolloutState::RolledBack => why!("rollout-state-rolled-back"),
    }
}

fn mistake(mistake: WaveMistake) -> Why {
    match mistake {
        WaveMistake::Shares => why!("rollout-shares").flag("--waves 25,100"),
        WaveMistake::TooMany => why!("rollout-waves", most = MOST_WAVES).flag("--waves 25,100"),
        WaveMistake::Elsewhere(site) => why!("rollout-elsewhere", site = site.as_str()).flag("--canary SITE"),
    }
}

/// The hour in which an instant is, ms.
pub(super) fn hour_of(at: Timestamp) -> i64 {
    const HOUR: i64 = 3_600_000;
    millis(at).div_euclid(HOUR) * HOUR
}
